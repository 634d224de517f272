"""Pools: neurons that point the same way are one, and G stays what it was."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.generation.pool import Pool, aligned, distinct, leaders, merged


@pytest.mark.parametrize(
    ("angles", "strength", "expected"),
    [
        pytest.param([], [], [], id="none"),
        pytest.param([0.0, 1.0], [1, 1], [0, 1], id="apart"),
        pytest.param([0.0, 0.0, 1.0], [1, 2, 1], [1, 1, 2], id="the strongest leads"),
        pytest.param([0.0, 0.0], [1, 1], [0, 0], id="of equals the first"),
        pytest.param([0.0, np.pi], [1, 1], [0, 1], id="opposite neurons are two"),
        pytest.param([0.0, 1e-4, 2e-4], [3, 2, 1], [0, 0, 2], id="beyond the reach of a leader another one leads"),
        pytest.param([0.0, 1e-4, 2e-4], [2, 1, 3], [0, 2, 2], id="between two leaders the stronger one leads"),
    ],
)
def test_the_leader_of_neurons_that_point_the_same_way(angles, strength, expected):
    neurons = np.column_stack([np.cos(angles), np.sin(angles)]).reshape(-1, 2)
    assert leaders(neurons, np.array(strength, dtype=float), 1e-8).tolist() == expected
    assert distinct(neurons, np.array(strength, dtype=float), 1e-8).tolist() == sorted(set(expected))


@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 6), st.integers(1, 3))
def test_merging_parallel_neurons_keeps_what_they_do(seed, dimension, count, copies):
    rng = np.random.default_rng(seed)
    neurons = np.repeat(rng.standard_normal((count, dimension)), copies, axis=0) * rng.uniform(
        0.1, 1, (count * copies, 1)
    )
    kept, factor = merged(neurons, leaders(neurons, np.linalg.norm(neurons, axis=1), 1e-12))
    assert len(kept) <= count
    few = neurons[kept] * factor[:, None]
    np.testing.assert_allclose(few.T @ few, neurons.T @ neurons, atol=1e-12)


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.floats(0.01, 1.0), st.booleans())
def test_a_leader_leads_itself_and_of_the_leaders_in_reach_the_strongest_leads(seed, count, apart, either_way):
    rng = np.random.default_rng(seed)
    neurons, strength, kinds = rng.standard_normal((count, 2)), rng.permutation(count), rng.integers(2, size=count)
    leader = leaders(neurons, strength, apart, either_way=either_way, kinds=kinds)
    unit = neurons / np.linalg.norm(neurons, axis=1, keepdims=True)
    cosine = np.abs(unit @ unit.T) if either_way else unit @ unit.T
    in_reach = ((cosine > 1 - apart) & (kinds[:, None] == kinds)) | np.eye(count, dtype=bool)
    for one in range(count):
        leading = [other for other in range(count) if leader[other] == other and in_reach[one, other]]
        assert leader[one] == max(leading, key=lambda other: strength[other])


@given(st.integers(0, 2**32 - 1), st.integers(2, 4), st.integers(1, 5))
def test_aligned_neurons_keep_their_lengths_and_side_and_are_merged_at_no_loss(seed, dimension, copies):
    rng = np.random.default_rng(seed)
    neurons = rng.standard_normal(dimension) + 0.05 * rng.standard_normal((copies, dimension))
    neurons *= rng.choice([-1.0, 1.0], size=(copies, 1)) * rng.uniform(0.5, 1, (copies, 1))
    leader = leaders(neurons, np.linalg.norm(neurons, axis=1), 0.5, either_way=True)
    turned = aligned(neurons, leader)
    np.testing.assert_allclose(np.linalg.norm(turned, axis=1), np.linalg.norm(neurons, axis=1), rtol=1e-12)
    assert (np.einsum("ni,ni->n", turned, neurons) > 0).all()
    kept, factor = merged(turned, leader)
    few = turned[kept] * factor[:, None]
    np.testing.assert_allclose(few.T @ few, turned.T @ turned, atol=1e-12)


def test_those_that_earn_most_stay():
    pool = Pool(np.eye(2), np.array([[0, -1], [1, -1]])).joined(Pool(np.array([[2.0, 1.0]]), np.array([[2, -1]])))
    best = pool.best(np.diag([1.0, 2.0]), 2)
    assert best.columns.tolist() == [[2, 1], [0, 1]] and best.active[:, 0].tolist() == [2, 1]


@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 5), st.integers(0, 3))
def test_neurons_that_are_one_are_pooled_once(seed, dimension, known, new):
    rng = np.random.default_rng(seed)
    columns = rng.standard_normal((known + new, dimension)) if dimension > 1 else np.ones((1, 1))
    pool = Pool(columns[:known], np.arange(len(columns[:known]))[:, None])
    again = Pool(columns[::-1] * (1 + 1e-15), 100 + np.arange(len(columns))[:, None])
    both = pool.joined(again, Pool(columns, 200 + np.arange(len(columns))[:, None]))
    assert sorted(both.columns.tolist()) == sorted(np.vstack([pool.columns, again.columns[:-known]]).tolist())
    # What was known keeps its samples, and comes first.
    assert both.active[: len(pool.active)].tolist() == pool.active.tolist()


def test_neurons_that_differ_in_a_tiny_entry_are_two():
    pool = Pool(np.array([[1.0, 1e-9]]), np.array([[0, -1]])).joined(Pool(np.array([[1.0, 2e-9]]), np.array([[1, -1]])))
    assert pool.active[:, 0].tolist() == [0, 1]
