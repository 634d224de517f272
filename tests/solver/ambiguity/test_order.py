"""Samples in another order, or all of them a hundred times, are the same problem to the last digit."""

import numpy as np
import pytest
from hypothesis import given

from solver import Problem, solve
from solver.examples import load
from solver.strategies import problems, seeds
from tests.examples import share
from theory import Sources
from theory.geometry.rows import ordered_rows, sorted_rows

CUT = np.array([(x, y) for x in range(-4, 5) for y in range(-4, 5) if x + y < 4]) / 4


def require_same(one, other):
    for name in ("source_weights", "encoder", "encoder_bias", "decoder", "decoder_bias", "neuron_costs", "multiplier"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    assert (one.loss, one.lower_bound, one.gap, one.iterations) == (
        other.loss,
        other.lower_bound,
        other.gap,
        other.iterations,
    )
    assert one.ambiguity() == other.ambiguity()


def test_the_rows_of_the_corner_cut_square_a_hundred_times():
    once, rng = solve(Problem(CUT)), np.random.default_rng(0)
    for rows in (np.repeat(CUT, 100, axis=0), rng.permutation(CUT), rng.permutation(np.repeat(CUT, 100, axis=0))):
        require_same(once, solve(Problem(rows)))


@pytest.mark.parametrize("weighted", [False, True])
def test_measurements_in_another_order(weighted):
    rows, rng = np.asarray(load("iris").points)[:, :3], np.random.default_rng(1)
    shares = rng.uniform(size=len(rows)) if weighted else None
    once, order = solve(Problem(rows, probabilities=shares)), rng.permutation(len(rows))
    require_same(once, solve(Problem(rows[order], probabilities=None if shares is None else shares[order])))


@given(problems(), seeds)
@share(1 / 2)
def test_any_problem_in_another_order(problem, seed):
    sources = problem.sources
    order = np.random.default_rng(seed).permutation(sources.count)
    shares = None if sources.probabilities is None else sources.probabilities[order]
    other = problem.replaced(sources=Sources(sources.points[order], shares, names=sources.names))
    one, two = solve(problem), solve(other)
    np.testing.assert_array_equal(one.source_weights, two.source_weights)
    assert one.loss == two.loss and one.ambiguity() == two.ambiguity()


def test_rows_are_told_apart_where_one_number_does_not():
    tiny = np.array([[1.0, 1e-20], [1.0, 0.0], [1.0, 1e-20], [1.0, -0.0]])
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2]):
        rows, counts = ordered_rows(tiny[order])
        np.testing.assert_array_equal(tiny[order][rows], [[1.0, 0.0], [1.0, 1e-20]])
        np.testing.assert_array_equal(counts, [1.0, 1.0])  # each as often as the other
    rows, shares = ordered_rows(tiny, np.array([0.1, 0.2, 0.3, 0.4]))
    np.testing.assert_allclose(shares, [0.6, 0.4])


@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e200])
def test_rows_are_sorted_whatever_their_numbers(scale):
    rng = np.random.default_rng(3)
    near, wide = 1 + 1e-15 * rng.integers(0, 9, 1_000), rng.normal(size=1_000) * 10.0 ** rng.uniform(-90, 90, 1_000)
    few = np.array([0.0, -0.0, 5e-324, -1.0])
    for numbers in (near, -near, wide, rng.integers(-3, 4, 1_000).astype(float), few):
        column = numbers * scale
        order, starts = sorted_rows(column[:, None])
        assert np.sort(order).tolist() == list(range(len(column)))
        assert (np.diff(column[order]) >= 0).all()
        assert len(starts) == len(np.unique(column))
