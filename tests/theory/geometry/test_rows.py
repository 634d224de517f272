"""Rows in an order of their own."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.strategies import seeds
from theory.geometry.rows import ordered_rows, sorted_rows
from theory.sources import Sources

KINDS = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "grid": lambda rng, shape: rng.integers(-2, 3, size=shape).astype(float),
    "heavy tails": lambda rng, shape: rng.standard_cauchy(shape) ** 5,
    "far away": lambda rng, shape: 1e9 + rng.uniform(size=shape),
    "all the same": lambda rng, shape: np.full(shape, 0.1),
    "swapped": lambda rng, shape: np.vstack([(rows := rng.uniform(size=shape)), -rows])[: shape[0]],
}


@given(st.sampled_from(sorted(KINDS)), st.integers(1, 60), st.integers(1, 4), st.booleans(), seeds)
def test_rows_that_come_in_another_order_are_in_one_order(kind, count, dimension, weighted, seed):
    rng = np.random.default_rng(seed)
    points = KINDS[kind](rng, (count, dimension))
    weights = rng.uniform(size=count) if weighted else None
    turn = rng.permutation(count)
    rows, shares = ordered_rows(points, weights)
    other, others = ordered_rows(points[turn], None if weights is None else weights[turn])
    assert points[rows].tolist() == points[turn][other].tolist() and shares.tolist() == others.tolist()
    assert len(rows) == len(np.unique(points, axis=0))


@given(st.sampled_from(sorted(KINDS)), seeds)
def test_equal_rows_are_side_by_side(kind, seed):
    points = KINDS[kind](np.random.default_rng(seed), (2_000, 2))
    order, starts = sorted_rows(points)
    assert np.sort(order).tolist() == list(range(len(points)))
    new = np.flatnonzero((points[order[1:]] != points[order[:-1]]).any(axis=1)) + 1
    assert starts.tolist() == [0, *new.tolist()]


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_moments_of_several_blocks_are_those_of_all_samples(offset):
    rng = np.random.default_rng(0)
    points = offset + rng.standard_normal((40_000, 3)) @ rng.standard_normal((3, 3))
    sources = Sources(points)
    # The mean has the digits of its size, the covariance those of the spread.
    exact = points.astype(np.longdouble)
    about = exact - exact.mean(axis=0)
    covariance = (about.T @ about / len(points)).astype(float)
    np.testing.assert_allclose(sources.mean, exact.mean(axis=0).astype(float), rtol=1e-15, atol=1e-13)
    np.testing.assert_allclose(sources.covariance, covariance, rtol=0, atol=1e-12 * np.abs(covariance).max())


def test_blocks_without_weight_count_for_nothing():
    points = np.random.default_rng(0).standard_normal((60_000, 2))
    weights = (points.sum(axis=1) < -0.2).astype(float)  # whole blocks have none, in whatever order
    counted = points[weights > 0]
    sources = Sources(points, weights)
    np.testing.assert_allclose(sources.mean, counted.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(sources.covariance, np.cov(counted.T, bias=True), rtol=1e-12)
