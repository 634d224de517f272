"""Recurrent networks, students, variational autoencoders and pictures: what they are shown, say and cost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("jax")
pytestmark = pytest.mark.networks

from solver import solve
from solver.networks.autoencoder import Autoencoder
from solver.networks.network import Data
from solver.networks.recurrent import Recurrent, ring_walks
from solver.networks.shapes import FACTORS, draw
from solver.networks.student import Student, Teacher
from solver.networks.training import train
from solver.networks.variational import Variational
from solver.strategies import seeds
from tests.examples import share

GRID = np.array([[x, y] for x in range(-1, 2) for y in range(-1, 2)]) * 1.5**0.5
WALKS = ring_walks(12, (1, 2), length=3, strides=(1, -1), rng=0)


@share(1 / 2)
@given(seed=seeds, places=st.integers(5, 20), length=st.integers(2, 5))
def test_walks_go_where_actions_take_them(seed, places, length):
    strides = (1, -2)
    data = ring_walks(places, (1, 2), length=length, strides=strides, rng=seed)
    angle = np.arctan2(data.targets[:, 1], data.targets[:, 0]).reshape(places, length)
    place = np.round(angle * places / 2 / np.pi) % places
    went = np.asarray(strides)[data.inputs.argmax(axis=1).reshape(places, length)][:, 1:]
    assert np.array_equal(place[:, 0], np.arange(places))
    assert np.array_equal((place[:, :-1] + went) % places, place[:, 1:])
    assert np.allclose(data.targets[:, 2], np.cos(2 * angle).ravel(), atol=1e-5)


@pytest.mark.parametrize("rectified", [False, True])
def test_recurrent_neurons_take_steps_and_cost_what_is_shown(rectified):
    network = Recurrent(8, 3, rectified=rectified, recurrent_cost=0.5)
    trained = train(network, WALKS, steps=400, seeds=(0, 1))
    weights, walks = trained.weights, trained.activity.reshape(2, 12, 3, 8)
    assert trained.activity.min() > -1e-4
    for seed in (0, 1):
        steps, bias = weights["recurrent.weights"][seed], weights["recurrent.bias"][seed]
        taken = WALKS.inputs.argmax(axis=1).reshape(12, 3)
        if rectified:  # linear ones are shown after lifting, which moves the bias
            moved = np.einsum("wnm,wm->wn", steps[taken[:, 1]], walks[seed, :, 0]) + bias[taken[:, 1]]
            assert np.allclose(np.maximum(moved, 0), walks[seed, :, 1], atol=1e-4)
        else:
            moved = walks[seed, :, 1:] - np.einsum("wtnm,wtm->wtn", steps[taken[:, 1:]], walks[seed, :, :-1])
            for action in (0, 1):
                assert np.ptp(moved[taken[:, 1:] == action], axis=0).max() < 1e-4
        decoder = weights["decoder.weights"][seed]
        said = trained.activity[seed] @ decoder.T
        error = ((said - said.mean(axis=0) - WALKS.targets + WALKS.targets.mean(axis=0)) ** 2).sum(axis=1).mean()
        least = 100 * error + (trained.activity[seed] ** 2).sum(axis=1).mean() + (decoder**2).sum()
        least += 0.5 * (steps**2).sum()
        assert least <= trained.final[seed] * (1 + 1e-4) < 1.3 * least


def test_recurrent_networks_descend_to_the_certified_loss():
    walks = ring_walks(12, (1,), length=2)
    # Steps at a low price: where they are expensive a network saves on them by fading.
    network = Recurrent(8, 2, recurrent_cost=0.02)
    trained = train(network, walks, steps=6_000, rate=2e-2, seeds=(0, 1))
    certified = solve(network.problem(walks)).loss + 2 * network.recurrent_cost
    assert abs(trained.final.min() / certified - 1) < 0.006 and trained.final.max() < 1.02 * certified


def test_the_certified_problem_knows_each_place_once_and_how_often_it_is_met():
    problem = Recurrent(8, 4).problem(ring_walks(24, (2, 3), length=4))
    assert len(problem.sources.points) == 24 and np.allclose(problem.sources.probabilities, 1 / 24)
    walks = ring_walks(6, (1,), length=4, strides=(1, -1), rng=0)
    place = np.round(np.arctan2(walks.targets[:, 1], walks.targets[:, 0]) * 6 / (2 * np.pi)) % 6
    chances = Recurrent(8, 4).problem(walks).sources.probabilities
    assert np.allclose(np.sort(chances), np.sort(np.bincount(place.astype(int))) / 24)


def test_a_student_says_what_the_teacher_hid():
    seen = Teacher(outputs=6).observe(GRID)
    assert np.allclose(seen.mean(axis=0), 0) and np.allclose(seen.std(axis=0), 1)
    assert np.array_equal(seen, Teacher(outputs=6).observe(GRID))
    straight = np.linalg.lstsq(np.column_stack([GRID, np.ones(9)]), seen, rcond=None)[1]
    assert straight.min() > 0.01 * len(GRID)
    trained = train(Student(8, hidden=12, weight_cost=0.3), Data.of(seen, GRID), steps=3_000, seeds=(0,))
    said = trained.activity[0] @ trained.weights["decoder.weights"][0].T + trained.weights["decoder.bias"][0]
    assert ((said - GRID) ** 2).mean() < 0.05 and trained.activity.min() >= 0


@pytest.mark.parametrize("rectified", [False, True])
def test_separate_neurons_read_one_input_and_cost_no_less(rectified):
    apart = Autoencoder(6, rectified=rectified, separate=True)
    trained = train(apart, Data.of(GRID), steps=6_000, rate=2e-2, seeds=(0, 1))
    read = trained.weights["encoder.weights"] != 0
    assert read.sum(axis=2).max() == 1
    if not rectified:
        answer = solve(apart.problem(GRID))
        assert answer.modular and abs(trained.final.min() / answer.lower_bound - 1) < 2e-3


@pytest.mark.parametrize("nonnegative", [False, True])
def test_variational_neurons_cost_what_is_shown(nonnegative):
    pictures = draw((GRID - GRID.min()) / np.ptp(GRID), side=6)
    network = Variational(4, hidden=8, nonnegative=nonnegative, beta=2.0, activity_cost=0.5, weight_cost=0.1, batch=4)
    data = Data.of(pictures)
    trained = train(network, data, steps=300, rate=3e-3, seeds=(0, 1))
    assert (trained.final < trained.losses[:, 0]).all() and (trained.activity.min() < 0) is not nonnegative
    names = ("lower", "mean", "spread", "upper", "decoder")
    for seed in (0, 1):
        (lower, below), (mean, _), (spread, wide), (upper, above), (decoder, out) = (
            (trained.weights[f"{name}.weights"][seed], trained.weights[f"{name}.bias"][seed]) for name in names
        )
        hidden = np.maximum(pictures @ lower.T + below, 0)
        noise = hidden @ spread.T + wide
        z = trained.activity[seed]
        said = np.maximum(z @ upper.T + above, 0) @ decoder.T + out
        error = ((said - pictures) ** 2).sum(axis=1)
        divergence = 0.5 * (z**2 + np.exp(noise) - 1 - noise).sum(axis=1)
        each = 50 * error + 2 * divergence + 0.5 * (z**2).sum(axis=1)
        weights = sum((one**2).sum() for one in (lower, mean, spread, upper, decoder))
        assert trained.final[seed] == pytest.approx(each.mean() + 0.1 * weights, rel=1e-3)


def test_networks_are_shown_samples_that_training_never_drew():
    trained = train(Autoencoder(4, rectified=True), Data.of(GRID), steps=100, seeds=(0, 1))
    assert np.allclose(trained.on(Data.of(GRID)), trained.activity, atol=1e-5)
    assert trained.on(Data.of(GRID[:2])).shape == (2, 2, 4)


def test_pictures_show_each_factor():
    middle = np.full(4, 0.5)
    plain = draw([middle], side=12)
    for place, name in enumerate(FACTORS):
        low, high = middle.copy(), middle.copy()
        low[place], high[place] = 0, 1
        less, more = draw([low, high], side=12).reshape(2, 12, 12)
        if name in ("x", "y"):
            axis = 0 if name == "x" else 1
            centre = [(one.sum(axis=axis) * np.arange(12)).sum() / one.sum() for one in (less, more)]
            assert centre[0] + 2 < centre[1]
        else:
            assert less.sum() < plain.sum() < more.sum()
    assert np.allclose(draw([[0.2, 0.7]]), draw([[0.2, 0.7, 0.5, 0.5]]))
