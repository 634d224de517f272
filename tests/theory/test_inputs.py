"""What cannot be computed is refused in one line, with the place and the remedy; whatever is accepted is computed."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from solver import Problem, Sources, certify, solve
from tests.examples import share
from theory import InputError, modularity

CUT = np.array([[-1.0, -1], [-1, 0], [-1, 1], [0, -1], [0, 0], [0, 1], [1, -1], [1, 0]])

powers = st.integers(-308, 308)


# ---- very large and very small ------------------------------------------------------------------------------------


ROUNDING = 1e-14
"""What two ways of summing one loss may differ by."""


@share(3)
@given(powers, powers, powers, powers, powers)
@example(130, -13, -13, 12, -13)  # the neuron of the second source costs 1e-24 of the other, and is needed
@example(25, 25, 25, 0, 1)  # a bound that meets the loss, each summed in its own order
def test_numbers_of_any_size_are_computed_or_refused(first, second, column, encoder, decoder):
    """Warnings are errors here: nothing may overflow on the way to the one line that says so."""
    try:
        problem = Problem(
            CUT * [10.0**first, 10.0**second],
            mixing=[[10.0**column, 0], [0, 1], [1, 1]],
            encoder_cost=10.0**encoder,
            decoder_cost=10.0**decoder,
        )
        answer = solve(problem)
        assert certify(problem, answer).lower_bound <= answer.loss * (1 + ROUNDING) < np.inf
        modularity(problem.sources, mixing=problem.mixing)
    except InputError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize("power", [-65, -30, 30, 65])
def test_units_do_not_matter(power):
    unit = 10.0**power
    assert solve(Problem(CUT * unit, mixing=np.eye(2) / unit)).loss == pytest.approx(solve(Problem(CUT)).loss)


@pytest.mark.parametrize(
    ("posed", "said"),
    [
        ({"sources": [[1e308, 0], [-1e308, 1], [0, 2]]}, r"'s1' \(column 0\) reaches 1e\+308.*choose a larger unit"),
        ({"sources": [[0, 1e150], [1, 0]]}, r"'s2' \(column 1\) reaches 1e\+150"),
        ({"sources": [[0, 1e-320], [1, 0]]}, r"'s2' \(column 1\) varies by 1e-320 only.*choose a smaller unit"),
        ({"sources": [[0, 5e-324], [1, 0]]}, "choose a smaller unit"),
        ({"sources": CUT, "mixing": [[1e308, 0], [1e308, 1]]}, r"mixing: column 0 has entries up to 1e\+308"),
        ({"sources": CUT, "mixing": [[1, 0], [0, 1e-320]]}, "mixing: column 1 has entries up to 1e-320"),
        ({"sources": CUT, "encoder_cost": 1e308}, r"encoder_cost: 1e\+308 is out of range"),
        ({"sources": CUT, "decoder_cost": 1e-320}, "decoder_cost: 9.99989e-321 is out of range"),
        (
            {"sources": CUT * 1e-120, "mixing": np.eye(2) * 1e-90},
            "units of 's1', of the mixing and of the costs together",
        ),
        (
            {"sources": CUT, "probabilities": [1e-300] * 7 + [1]},
            "does not vary over the samples of positive",
        ),
        ({"sources": [[10**400], [1]]}, r"is not a number, at row 0, column 0"),
        ({"sources": [[float("inf")], [1]]}, r"1 value\(s\) are NaN or infinite.*; drop those rows or fill them in"),
        (
            {"sources": [[1, np.nan], [2, np.nan]]},
            "at row 0, column 1 of sources .*; drop that column, which has no number",
        ),
    ],
)
def test_what_is_out_of_range_is_named(posed, said):
    with pytest.raises(InputError, match=said):
        solve(Problem(**posed))


@pytest.mark.parametrize("units", [(1e-60, 1e100), (1e-80, 1e100), (1e-120, 1e120), (1e-60, 1e120)])
def test_sizes_very_far_apart_are_solved_or_blamed(units):
    # Rounding, and with it the processor, decides which of the two.
    problem = Problem(CUT * units)
    try:
        answer = solve(problem)
    except InputError as error:
        assert re.search("lie too far apart for floating point|units", str(error))
    else:
        assert answer.status == "optimal"
        assert answer.loss == pytest.approx(problem.modular_loss, rel=1e-8)


@pytest.mark.parametrize("factor", [1e-320, 1e-200, 1e200, 1e307])
def test_weights_of_any_scale_are_probabilities(factor):
    weights = np.array([1, 2, 3, 4, 5, 6, 7, 8.0])
    given_weights = Sources(CUT, weights * factor).probabilities
    assert given_weights == pytest.approx(weights / weights.sum(), rel=1e-2 if factor < 1e-300 else 1e-12)


@pytest.mark.parametrize(
    ("covariance", "mean", "said"),
    [
        (np.full((2, 2), 1e308), None, r"covariance: 1e\+308 is too large"),
        ([[1e-3, 1e300], [1e300, 1e-3]], None, r"covariance: 1e\+300 is too large"),
        ([[0.1, 50], [50, 0.1]], None, "linearly dependent|covariance"),
        (np.eye(2) / 3, [1e308, 0], "mean: lies outside"),
    ],
)
def test_moments_out_of_range(covariance, mean, said):
    with pytest.raises(InputError, match=said):
        Sources.from_moments(covariance, [[-1, -1], [-1, 1], [1, -1], [1, 1]], mean)


# ---- long messages ------------------------------------------------------------------------------------------------


def test_long_combinations_are_cut_short():
    rows = np.random.default_rng(0).standard_normal((320, 300))
    rows[:, -1] = rows[:, :-1].sum(axis=1)
    constant = Sources(rows).summary()["constant"]
    assert re.search(r" and \d+ more term\(s\)$", constant) and len(constant) < 200
    assert Sources([[1, 2], [2, 4], [3, 6]]).summary() == {"dimensions": 1, "constant": "+1*s1 -0.5*s2"}


def test_fewer_samples_than_sources_are_refused_at_once():
    """Before a covariance of five thousand sources is taken apart."""
    rows = np.random.default_rng(0).standard_normal((5, 5000))
    with pytest.raises(InputError, match=r"too many for 5 samples; .*transpose if each row holds a source") as error:
        Sources(rows)
    assert len(str(error.value)) < 300
    with pytest.raises(InputError, match="5000 sources are too many for 5 samples"):
        Sources(rows, np.arange(1, 6))


def test_long_lists_of_columns_are_cut_short():
    rng = np.random.default_rng(0)
    mixing = rng.standard_normal((50, 20))
    mixing[:, -1] = mixing[:, :-1].sum(axis=1)
    with pytest.raises(InputError, match=r"columns (\d+, ){4}\d+ and 15 more are linearly dependent"):
        Problem(rng.standard_normal((60, 20)), mixing=mixing)
    with pytest.raises(InputError, match="columns 0, 2 are linearly dependent"):
        Problem(rng.standard_normal((60, 3)), mixing=[[1, 0, 2], [1, 1, 2], [0, 1, 0]])


@pytest.mark.parametrize("nothing", [None, Problem(CUT), "table.csv"])
def test_what_is_no_table_is_named(nothing):
    with pytest.raises(InputError, match="sources: expected a matrix"):
        modularity(nothing)


@pytest.mark.parametrize("offset", [1.0, 2.0**20, -(2.0**30)])
def test_an_offset_costs_no_digit(offset):
    """The samples are whole and the offset a power of two, so that the same numbers differ by it exactly."""
    samples = np.random.default_rng(0).integers(0, 2**20, (30, 3)) * 1.0
    near, far = solve(Problem(samples)), solve(Problem(samples + offset * 2.0**20))
    assert far.loss == near.loss and far.lower_bound == near.lower_bound
    np.testing.assert_array_equal(far.activity(), near.activity())


@given(st.integers(2, 4), st.floats(-8, 8), st.floats(-6, 6), st.integers(0, 2**32 - 1))
def test_sources_of_unlike_scales_have_a_verdict(dimension, power, cost, seed):
    rng = np.random.default_rng(seed)
    scales = 10.0 ** np.append(rng.uniform(-8, 8, dimension - 1), power)
    verdict = modularity(rng.standard_normal((3 * dimension, dimension)) * scales, encoder_cost=10.0**cost)
    assert verdict.modular is not None and np.isfinite(verdict.margin)


METHODS = {
    "loss": lambda problem, masked: problem.loss(masked),
    "neuron_cost": lambda problem, masked: problem.neuron_cost(masked),
    "readout_cost": lambda problem, masked: problem.readout_cost(masked),
    "multiplier": lambda problem, masked: problem.multiplier(masked),
    "support": lambda problem, masked: problem.sources.support(masked),
    "variances": lambda problem, masked: problem.sources.variances(masked),
    "about_mean": lambda problem, masked: problem.sources.about_mean(masked),
    "combination_text": lambda problem, masked: problem.sources.combination_text(masked[0]),
    "among": lambda problem, masked: problem.among(masked[0].astype(int)),
}


@pytest.mark.parametrize("method", METHODS)
def test_no_method_takes_what_is_masked(method):
    problem = Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]])
    masked = np.ma.array([[1.0, -9999.0], [0.0, 1.0]], mask=[[False, True], [False, False]])
    with pytest.raises(InputError, match=r"1 value\(s\) are masked"):
        METHODS[method](problem, masked)


@pytest.mark.parametrize("method", ["loss", "neuron_cost", "support", "variances", "combination_text"])
def test_no_method_takes_another_number_of_columns(method):
    problem = Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]])
    with pytest.raises(InputError, match="does not fit; give rows of 2 numbers"):
        METHODS[method](problem, np.ones((2, 3)))


@given(st.integers(0, 2**32 - 1), st.integers(2, 4))
def test_a_source_that_varies_by_the_rounding_of_its_mean_alone_is_constant(seed, dimension):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(dimension + 6, dimension))
    rows[:-3, 0] = rows[0, 0]
    weights = rng.uniform(size=len(rows))
    weights[-3:] = 0
    with pytest.raises(InputError, match=r"'s1' .*does not vary over the samples of positive probability"):
        Sources(rows, weights)
    assert Sources(rows, weights + 1e-9).dimension == dimension
