"""Every theorem of the registry against certified optima: where it applies, what it says is what the solver finds."""

from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from solver import solve
from solver.strategies import boxes, costs, mixings, orthogonal, points, problems, seeds
from tests.examples import share
from theory import Problem, Sources, modularity
from theory.errors import InputError
from theory.families.frequencies import FrequencyPair, frequencies_of
from theory.theorems import THEOREMS, theorem
from theory.theorems.hypotheses import faces_allow_modularity, independent_sources, product_blocks

CLEAR = 1e-6
"""A margin, squared loss differences of which the solver's gap does not hide."""

ROUNDING = 1e-8


def agrees(problem, prediction):
    """Whether a certified optimum is what is predicted; undecided counts as agreement only within the gap."""
    answer = solve(problem)
    assert answer.status == "optimal"
    if prediction.modular is not None and not prediction.margin <= CLEAR:
        modular_is_optimal = answer.price_of_modularity <= ROUNDING
        assert modular_is_optimal or not prediction.modular
        # A short fall below the condition costs its square, which the gap may hide: then nothing is shown.
        if not prediction.modular and modular_is_optimal:
            assert (
                modularity(problem.sources, mixing=problem.mixing, encoder_cost=problem.encoder_cost).modular is False
            )
    if prediction.only_modular:
        assert answer.modular
    if prediction.most_price is not None:
        assert answer.price_of_modularity <= prediction.most_price + ROUNDING
    if prediction.parts is not None:
        together = sum(solve(part).loss for part in prediction.parts)
        assert (together <= answer.loss * (1 + ROUNDING)) is prediction.separable
    if prediction.equal is not None:
        other, factor = prediction.equal
        assert solve(other).loss == pytest.approx(factor * answer.loss, rel=1e-7)


@pytest.mark.thorough
@given(problems())
@share(1 / 3)
def test_every_theorem_that_applies_is_right(problem):
    for entry in THEOREMS.values():
        if entry.applies(problem):
            agrees(problem, entry.predict(problem))


@given(st.integers(2, 3).flatmap(boxes), seeds, costs)
def test_boxes_whatever_the_correlations(box, seed, cost):
    weights = np.random.default_rng(seed).random(len(box)) + 1e-3
    rotation = orthogonal(np.random.default_rng(seed), box.shape[1])
    problem = Problem(box, probabilities=weights, mixing=rotation, encoder_cost=cost)
    assert THEOREMS["range-independence"].applies(problem)
    agrees(problem, THEOREMS["range-independence"].predict(problem))


@given(st.lists(st.integers(2, 4), min_size=1, max_size=3), seeds)
def test_independent_sources(levels, seed):
    rng = np.random.default_rng(seed)
    marginals = [rng.random(count) + 0.05 for count in levels]
    values = [rng.standard_normal(count) for count in levels]
    table = np.array(list(product(*values)))
    weights = np.array([np.prod(row) for row in product(*marginals)])
    problem = Problem(table, probabilities=weights)
    assert THEOREMS["independence"].applies(problem)
    agrees(problem, THEOREMS["independence"].predict(problem))
    tilted = weights * rng.uniform(0.5, 2, len(weights))
    assert independent_sources(Problem(table, probabilities=tilted)) is (len(levels) == 1)


def test_twenty_measurements_have_more_combinations_than_a_machine_can_count():
    assert not independent_sources(Problem(np.random.default_rng(0).standard_normal((50, 20))))


@given(seeds, st.integers(4, 8), st.integers(2, 4))
@share(1 / 2)
def test_blocks_with_any_correlation_between_them(seed, corners, levels):
    rng = np.random.default_rng(seed)
    cloud, line = rng.standard_normal((corners, 2)), rng.standard_normal((levels, 1))
    rows = np.array([[*one, *other] for one in cloud for other in line])
    problem = Problem(rows, probabilities=rng.random(len(rows)) + 0.01)
    blocks = product_blocks(problem)
    assert (2,) in blocks
    agrees(problem, THEOREMS["block-modularity"].predict(problem))


@given(st.integers(2, 4).flatmap(points), st.data())
def test_the_face_condition_is_necessary(given_points, data):
    problem = Problem(given_points, mixing=data.draw(mixings(given_points.shape[1])))
    if not faces_allow_modularity(problem):
        verdict = modularity(problem.sources, mixing=problem.mixing)
        assert verdict.modular is False or abs(verdict.margin) <= ROUNDING


@given(st.integers(2, 4).flatmap(points))
def test_facets_alone_decide_where_there_is_an_ellipsoid(given_points):
    problem = Problem(given_points)
    assume(THEOREMS["ellipsoid"].applies(problem))
    prediction = THEOREMS["ellipsoid"].predict(problem)
    assume(prediction.margin > ROUNDING)
    assert prediction.modular is modularity(given_points).modular


# ---- frequencies --------------------------------------------------------------------------------------------------


@pytest.mark.thorough
@pytest.mark.parametrize(("slow", "fast"), [(1, 2), (1, 3), (2, 3), (3, 4), (2, 5), (2, 4)])
def test_frequencies_share_neurons_if_one_is_a_multiple_of_the_other(slow, fast):
    pair = FrequencyPair(slow, fast)
    assert pair.harmonic is (fast % slow == 0)
    problem = Problem(pair.sources())
    assert THEOREMS["frequency-pairs"].applies(problem)
    agrees(problem, THEOREMS["frequency-pairs"].predict(problem))


@pytest.mark.parametrize(("slow", "fast"), [(1, 2), (1, 5), (2, 3), (3, 5), (5, 7), (3, 9)])
def test_the_unit_ball_lies_in_the_hull_of_the_curve_unless_one_is_a_multiple(slow, fast):
    # The grid in time takes a thousandth off the peaks.
    assert (FrequencyPair(slow, fast).reach() > 0.998) is (not FrequencyPair(slow, fast).harmonic)


def test_frequencies_do_not_depend_on_amplitudes_or_costs():
    points = FrequencyPair(1, 2).sources().points * [3, 3, 0.2, 0.2]
    for cost in (0.1, 10):
        problem = Problem(points, encoder_cost=cost)
        agrees(problem, THEOREMS["frequency-pairs"].predict(problem))


def test_what_is_no_pair_of_frequencies():
    rng = np.random.default_rng(0)
    waves = FrequencyPair(1, 2).sources().points
    for other in (rng.standard_normal((50, 4)), waves[:, [0, 2, 1, 3]], waves[1:], waves[:, :2]):
        assert frequencies_of(Problem(other)) is None
    assert frequencies_of(Problem(waves, mixing=np.triu(np.ones((4, 4))))) is None
    with pytest.raises(InputError, match="are not two growing positive whole numbers"):
        FrequencyPair(2, 2)


# ---- the registry -------------------------------------------------------------------------------------------------


def test_entries_are_complete():
    for name, entry in THEOREMS.items():
        assert name == entry.name
        assert entry.statement.endswith(".") and entry.latex and entry.source and entry.proof.endswith(".")


def test_names_and_hypotheses_are_checked():
    with pytest.raises(InputError, match=r"theorem: 'range-indep' is unknown; did you mean 'range-independence'"):
        theorem("range-indep")
    with pytest.raises(InputError, match="its hypothesis does not hold"):
        theorem("range-independence").predict(Problem([[0, 0], [0, 1], [1, 0]]))


def test_moments_are_understood():
    corners = np.array(list(product([-1, 1], repeat=2)))
    uniform = Sources.from_moments(np.array([[1, 0.3], [0.3, 1]]) / 3, corners)
    assert theorem("range-independence").applies(uniform)
    assert not theorem("independence").applies(uniform)
    for entry in THEOREMS.values():
        if entry.applies(uniform):
            agrees(Problem(uniform), entry.predict(uniform))
