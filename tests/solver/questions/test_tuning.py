"""Unique tuning curves: known activity, proofs that anyone can check, and others that have the same similarities."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import solver.solving.plan as planning
from solver import unique_tuning
from solver.strategies import seeds
from tests.examples import share
from theory import InputError

TURNS = 2 * np.pi * np.arange(24) / 24
BOX = np.array(list(product([0.0, 1.0], repeat=3)))


def hexagon(omega):
    """Six rows on the border of the cone, which hold the ball of the scattered condition as long as omega < 1/2."""
    return np.array([[omega, 1, 0], [1, omega, 0], [1, 0, omega], [omega, 0, 1], [0, omega, 1], [0, 1, omega]])


def ball(size):
    """Rows around a ball inside the orthant, of this size relative to the largest such ball."""
    away = np.random.default_rng(0).standard_normal((300, 3))
    away -= away.mean(axis=1, keepdims=True)
    return 1 / 3 + size * away / np.linalg.norm(away, axis=1)[:, None] / np.sqrt(6)


def require_true(activity, found):
    similar = activity @ activity.T
    if found.unique is False:
        assert found.others.min() >= -1e-9 * activity.max()
        np.testing.assert_allclose(found.others @ found.others.T, similar, atol=1e-8 * similar.max())
        unit = found.others / np.linalg.norm(found.others, axis=0).clip(min=1e-12)
        known = activity / np.linalg.norm(activity, axis=0)
        present = np.linalg.norm(found.others, axis=0) > 1e-3 * np.linalg.norm(activity, axis=0).max()
        assert (unit.T @ known)[present].max(axis=1).min() < 1 - 1e-8
    if found.unique:
        assert np.abs(np.diag(found.certificate)).max() <= 1e-12
        # Tuning curves that mix neurons, and stay nonnegative, are worth something under the form.
        drawn = np.random.default_rng(1).standard_normal((4000, activity.shape[1]))
        allowed = drawn[(activity @ drawn.T).min(axis=0) >= 0]
        if 1 < activity.shape[1] == np.linalg.matrix_rank(activity):
            assert (np.einsum("ni,ij,nj->n", allowed, found.certificate, allowed) > 0).all()


@pytest.mark.parametrize(
    ("activity", "unique", "scattered"),
    [
        (np.eye(3), True, True),
        (BOX, True, True),
        (hexagon(0.4), True, True),
        (hexagon(0.6), None, False),
        (1 + np.eye(3), False, False),
        (1 + np.cos(TURNS[:, None] - TURNS[[0, 8, 16]]), False, False),
        (np.maximum(0, np.cos(TURNS[:, None] - TURNS[[0, 5, 10, 15, 20]])), True, None),
        (ball(0.9), False, False),
        (np.column_stack([np.maximum(0, TURNS - 3), np.maximum(0, 3 - TURNS)]), True, True),
        (np.array([[1.0], [2.0]]), True, None),
    ],
)
def test_known_activity(activity, unique, scattered):
    found = unique_tuning(activity)
    require_true(activity, found)
    if unique is not None:
        assert found.unique is unique
    if scattered is not None:
        assert found.scattered is scattered


def test_units_of_single_neurons_may_take_the_scattered_condition_away_but_not_the_uniqueness_of_an_orthant():
    uneven = hexagon(0.4) * [1, 1, 8]
    assert unique_tuning(uneven).unique and unique_tuning(1e-7 * uneven).unique
    assert unique_tuning(BOX * [1, 5, 25]).scattered


def test_dependent_tuning_curves():
    # Four neurons of two quantities, one for each end: no others, since each is an extreme ray.
    square = np.array(list(product([0.0, 0.5, 1.0], repeat=2)))
    four = np.column_stack([square, 1 - square])
    assert np.linalg.matrix_rank(four) == 3
    found = unique_tuning(four)
    require_true(four, found)
    assert found.scattered is None and found.unique is not None
    # A neuron and half of it: copies share an activity.
    twice = np.column_stack([BOX, BOX[:, 0]])
    require_true(twice, unique_tuning(twice))


@given(st.integers(2, 4), st.floats(0.3, 0.95), seeds)
@share(1 / 2)
def test_what_is_said_is_true_in_whatever_order(neurons, active, seed):
    rng = np.random.default_rng(seed)
    activity = rng.integers(1, 9, size=(30, neurons)) * (rng.uniform(size=(30, neurons)) < active)
    activity = np.vstack([activity, np.ones(neurons)]).astype(float)
    found = unique_tuning(activity)
    require_true(activity, found)
    other = unique_tuning(3 * activity[rng.permutation(31)][:, rng.permutation(neurons)])
    assert (other.unique, other.scattered) == (found.unique, found.scattered)


@pytest.mark.parametrize(
    ("activity", "said"), [([[1, -2], [0, 1]], "-2 at row 0 and column 1"), ([[1, 0], [2, 0]], "neuron 1 .* silent")]
)
def test_what_is_no_activity_is_refused(activity, said):
    with pytest.raises(InputError, match=said):
        unique_tuning(activity)


@pytest.mark.parametrize("size", ["tuning_rank", "tuning_rays"])
def test_of_more_rays_than_the_plan_allows_it_is_left_open(monkeypatch, size):
    assert unique_tuning(BOX).unique
    monkeypatch.setattr(planning, "SIZES", replace(planning.SIZES, **{size: 2}))
    undecided = unique_tuning(BOX)
    assert undecided.unique is None and "too many" in undecided.reason


def test_pairs_of_rays_are_tried_up_to_a_size_of_the_plan(monkeypatch):
    monkeypatch.setattr(planning, "SIZES", replace(planning.SIZES, rays_in_pairs=0))
    require_true(ball(0.9), unique_tuning(ball(0.9)))
