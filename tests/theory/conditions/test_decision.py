"""The modularity theorem against its definition and against what the solver finds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import Problem, Sources, solve
from solver.strategies import boxes, costs, orthogonal, problems, seeds
from tests.properties import naive
from theory import modularity

ROUNDING = 1e-9
SQUARE = [[-1, -1], [-1, 1], [1, -1], [1, 1]]


def verdict_on(problem):
    return modularity(
        problem.sources, mixing=problem.mixing, encoder_cost=problem.encoder_cost, decoder_cost=problem.decoder_cost
    )


def slack_and_products(problem, verdict, weights):
    """h(w)^2 - w'F w and sum_{i != j} |u_i u_j|, from the samples, for neurons scaled to f(w) = 1."""
    weights = weights / np.sqrt(naive.cost(problem, weights))[:, None]
    slack = naive.support(problem, weights) ** 2 - np.einsum("ni,ij,nj->n", weights, verdict.F, weights)
    sizes = np.abs(weights) * np.sqrt(problem.modular_costs)
    return slack, sizes.sum(axis=1) ** 2 - (sizes**2).sum(axis=1)


@given(problems())
def test_the_verdict_is_what_the_solver_finds(problem):
    verdict = verdict_on(problem)
    assert isinstance(verdict.modular, bool)
    # Column generation knows nothing of the condition.
    answer = solve(problem, method="columns")
    assert answer.price_of_modularity <= verdict.price_bound + ROUNDING
    if verdict.modular:
        assert solve(problem).method == "modular"
        assert solve(problem).modular
        assert answer.price_of_modularity <= 1e-8
        assert verdict.price_bound == 0
        assert verdict.witness is None
    if answer.price_of_modularity > 1e-7:
        assert verdict.modular is False
        assert not answer.modular


@given(problems())
def test_a_witness_earns_more_than_it_costs_and_reads_several_sources(problem):
    verdict = verdict_on(problem)
    if verdict.modular:
        return
    witness = verdict.witness[None]
    gain = np.einsum("ni,ij,nj->n", witness, verdict.F, witness) - naive.support(problem, witness) ** 2
    assert gain[0] > 0
    assert naive.cost(problem, witness)[0] == pytest.approx(1, rel=1e-9)
    assert verdict.rho == pytest.approx(1 + gain[0], rel=1e-9)
    assert verdict.price_bound == pytest.approx(np.sqrt(verdict.rho) - 1, rel=1e-6)
    share = np.abs(witness[0]) * np.sqrt(problem.modular_costs)
    assert (share > 1e-6 * share.max()).sum() >= 2


@given(problems(dimension=st.integers(2, 4)))
def test_the_margin_keeps_its_promise_in_every_direction(problem):
    verdict = verdict_on(problem)
    assert verdict.margin >= 0 if verdict.modular else verdict.margin <= 0
    slack, products = slack_and_products(problem, verdict, naive.directions(problem, 5_000))
    assert (slack - verdict.margin * products).min() >= -ROUNDING


@given(problems(dimension=2))
def test_the_margin_is_the_largest_that_keeps_it(problem):
    verdict = verdict_on(problem)
    angle = np.linspace(0, 2 * np.pi, 40_001)[:-1]
    facets = np.arctan2(*(problem.sources.fan.generators * np.sqrt(problem.modular_costs)).T[::-1])
    angle = np.concatenate([angle, facets])
    weights = np.column_stack([np.cos(angle), np.sin(angle)]) / np.sqrt(problem.modular_costs)
    slack, products = slack_and_products(problem, verdict, weights)
    mixed = products > 1e-6
    least = (slack[mixed] / products[mixed]).min()
    # Near an axis the slack is a root of products short of its limit; the grid comes within 1e-4 of both.
    assert verdict.margin <= least + 1e-6
    assert verdict.margin >= min(least, 0 if verdict.modular is False else np.inf) - 2e-3 * max(1, abs(least))


@given(problems(dimension=st.integers(2, 4), of=boxes))
def test_range_independence(problem):
    # Whatever the correlations, a box is modular if the sources arrive unmixed, or mixed orthogonally.
    plain = Problem(problem.sources, encoder_cost=problem.encoder_cost)
    assert verdict_on(plain).modular is True
    rotation = orthogonal(np.random.default_rng(0), plain.dimension)
    assert verdict_on(Problem(problem.sources, mixing=rotation, encoder_cost=problem.encoder_cost)).modular is True


@given(problems(dimension=st.integers(2, 4)), costs)
def test_the_decoder_cost_does_not_change_the_verdict(problem, factor):
    verdict = verdict_on(problem)
    other = modularity(
        problem.sources,
        mixing=problem.mixing,
        encoder_cost=problem.encoder_cost,
        decoder_cost=problem.decoder_cost * factor,
    )
    assert other.modular == verdict.modular
    np.testing.assert_allclose(other.F, verdict.F, rtol=1e-12)


@given(problems(dimension=st.integers(1, 4)))
def test_the_matrix_of_the_condition_has_its_closed_form(problem):
    verdict = verdict_on(problem)
    matrix, gram = naive.energy_matrix(problem), problem.mixing.T @ problem.mixing
    samples = naive.centred(problem)
    own = np.minimum(-samples.min(axis=0), samples.max(axis=0))
    total = np.diag(matrix) + own**2
    expected = gram * np.sqrt(np.outer(total, total) / np.outer(np.diag(gram), np.diag(gram))) - matrix
    np.testing.assert_allclose(verdict.F, expected, atol=1e-10 * np.abs(matrix).max())


def test_one_source_is_always_modular():
    verdict = modularity([0, 1, 5])
    assert verdict.modular is True
    assert verdict.margin == np.inf


def test_the_boundary_of_the_corner_cut_square():
    # Uniform on [-1, 1]^2 with two opposite corners cut at |x + y| <= 2 - a: modular up to a root of a cubic.
    boundary = 0.548374193254892

    def cut(size):
        corners = [[-1, 1], [1, -1], [1, 1 - size], [1 - size, 1], [-1, size - 1], [size - 1, -1]]
        # Moments by subtracting the two triangles from the square.
        area = 4 - size**2
        middle = 1 - size / 3
        second = (4 / 3 - 2 * (size**2 / 2) * (middle**2 + size**2 / 18)) / area
        mixed = -2 * (size**2 / 2) * (middle**2 - size**2 / 36) / area
        return Sources.from_moments([[second, mixed], [mixed, second]], corners)

    inside, outside = modularity(cut(boundary - 1e-6)), modularity(cut(boundary + 1e-6))
    assert inside.modular is True
    assert inside.margin > 0
    assert outside.modular is False
    assert outside.margin < 0


@given(seeds)
def test_many_sources_are_never_called_modular_when_they_are_not(seed):
    rng = np.random.default_rng(seed)
    problem = Problem(rng.standard_normal((12, 6)))
    verdict = verdict_on(problem)
    worth = naive.multiplier(problem, problem.modular_weights)
    ratio = naive.ratio(problem, worth, naive.directions(problem, 20_000, seed=1)).max()
    assert ratio <= verdict.rho * (1 + ROUNDING)
    if ratio > 1 + 1e-6:
        assert verdict.modular is not True


def test_the_margin_of_a_proven_mixed_verdict_is_below_zero_however_close():
    """Sources in unlike units, where floating point sees a tie."""
    rows = [["0", "0"], ["0", "1e-5"], ["100", "0"]]
    for small in ("1e-5", "1e-3", "1"):
        rows[1][1] = small
        verdict = modularity(rows, exact=True)
        rounded = modularity([[float(value) for value in row] for row in rows])
        assert verdict.modular is False
        assert verdict.margin < 0
        assert verdict.margin <= rounded.margin


@pytest.mark.parametrize("ratio", [1e-4, 1e-5, 1e-6, 1e-7, 1e-8])
@pytest.mark.parametrize("unit", [1.0, 1e2])
def test_in_unlike_units_floating_point_never_says_modular_where_exact_arithmetic_says_mixed(ratio, unit):
    rows = [[0, 0], [0, ratio], [unit, 0]]
    plain, exact = modularity(rows), modularity(rows, exact=True)
    assert exact.modular is False and exact.margin < 0
    assert plain.modular is not True or ratio < 1e-6
