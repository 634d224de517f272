"""Every theorem of the registry against certified optima: where it applies, what it says is what the solver finds."""

from dataclasses import replace
from functools import partial
from itertools import product
from math import gcd

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.spatial import ConvexHull

from solver import solve
from solver.solving.solve import solve_one_of_many
from solver.strategies import boxes, costs, mixings, orthogonal, points, problems, seeds
from tests.examples import share
from theory import Problem, Sources, modularity
from theory.conditions import decide
from theory.errors import InputError
from theory.families.frequencies import FrequencyPair, frequencies_of
from theory.readouts import Exact, Noisy, Soft
from theory.theorems import THEOREMS, theorem
from theory.theorems.hypotheses import condition_matrix, faces_allow_modularity, independent_sources, product_blocks

CLEAR = 1e-6
"""A margin, squared loss differences of which the solver's gap does not hide."""

ROUNDING = 1e-8


solved = partial(solve_one_of_many, any_code=True)
"""Which of several optimal codes it is does not matter here."""


def agrees(problem, prediction):
    """Whether a certified optimum is what is predicted; undecided counts as agreement only within the gap."""
    answer = solved(problem)
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
        together = sum(solved(part).loss for part in prediction.parts)
        assert (together <= answer.loss * (1 + ROUNDING)) is prediction.separable
    if prediction.equal is not None:
        other, factor = prediction.equal
        assert solved(other).loss == pytest.approx(factor * answer.loss, rel=1e-7)


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


IN_CONTINUOUS_TIME = [(1, 2, None), (1, 3, None), (2, 3, None), (3, 4, None), (2, 5, None), (2, 4, None)]
IN_FEW_SAMPLES = [(3, 5, 24), (4, 5, 24), (4, 6, 20), (4, 6, 24), (3, 4, 12), (5, 6, 15)]
IN_A_NUMBER_PRIME_TO_ONE = [(2, 3, 73), (3, 4, 97)]


@pytest.mark.thorough
@pytest.mark.parametrize(("slow", "fast", "samples"), IN_CONTINUOUS_TIME + IN_FEW_SAMPLES + IN_A_NUMBER_PRIME_TO_ONE)
def test_frequencies_have_their_own_neurons_where_each_repeats_itself(slow, fast, samples):
    pair = FrequencyPair(slow, fast, samples)
    if samples is None:
        assert pair.separate is (not pair.harmonic) is (fast % slow != 0)
    problem = Problem(pair.sources())
    assert THEOREMS["frequency-pairs"].applies(problem)
    agrees(problem, THEOREMS["frequency-pairs"].predict(problem))


def facets_allow_separation(pair):
    """Whether the ellipsoid of the best separate code lies in the hull of the waves, facet by facet."""
    points = np.unique(pair.sources().points.round(12), axis=0)
    periods = [len(points) // repeats for repeats in pair.repeats]
    radii = np.repeat(np.cos(np.pi / np.array(periods)), 2)
    equations = ConvexHull(points).equations
    return bool(np.linalg.norm(equations[:, :4] * radii / equations[:, 4:], axis=1).max() <= 1 + 1e-9)


@pytest.mark.parametrize("samples", range(7, 25))
def test_divisors_decide_as_the_facets_do(samples):
    """Of every pair of frequencies, among them the few cases that the proof leaves to their facets."""
    for fast in range(2, (samples + 1) // 2):
        for slow in range(1, fast):
            pair = FrequencyPair(slow, fast, samples)
            assert pair.separate is facets_allow_separation(pair)


@given(st.integers(25, 90), st.data())
def test_divisors_decide_among_more_samples(samples, data):
    fast = data.draw(st.integers(2, (samples - 1) // 2))
    pair = FrequencyPair(data.draw(st.integers(1, fast - 1)), fast, samples)
    assert pair.separate is facets_allow_separation(pair)


@pytest.mark.parametrize(("slow", "fast"), [(1, 2), (2, 3), (5, 6), (5, 7), (7, 8), (3, 9)])
def test_samples_of_a_family_tell_what_continuous_time_does(slow, fast):
    common = gcd(slow, fast)
    sampled = FrequencyPair(slow // common, fast // common, FrequencyPair(slow, fast).sources().count)
    assert sampled.repeats == FrequencyPair(slow, fast).repeats
    assert facets_allow_separation(sampled) is (not sampled.harmonic)


def test_where_one_of_the_waves_repeats_itself_twice_a_step_or_two_is_enough():
    """The inequalities of docs/mathematics.md, section 13, in all that they are claimed for."""
    u = np.linspace(1e-5, 1 / 3, 2000)
    for samples in range(28, 200, 2):
        step = 2 * np.pi / samples
        sine, slight = np.sin(step), np.tan(step / 2) * np.linspace(0, 1, 50)[:, None]
        sizes, turned = u**2 + slight**2, u / 2 * (1 + slight**2) * np.sin(3 * step)
        alone = (1 - u**2) * slight * np.tan(step)
        least = u <= sine / 4
        assert ((sizes <= turned) | (sizes <= alone * (1 + 1e-12)))[:, least].all()
        assert (sizes <= turned)[-1, ~least & (u <= 9 / 8 * sine)].all()
        few = u[u > 9 / 8 * sine]
        away = step * np.where(few <= 2 * sine, 1, np.floor(np.arcsin(few) / step))
        left = few**2 / np.sin(away) + (1 - few**2) * (np.sin(away) + np.cos(away) * np.tan(step))
        assert (left <= few * (3 - 4 * np.sin(away) ** 2) * (1 + 1e-12)).all() and away.max() <= np.pi / 9


@pytest.mark.parametrize("samples", [24, pytest.param(48, marks=pytest.mark.thorough)])
def test_frequencies_do_not_depend_on_amplitudes_or_costs(samples):
    points = FrequencyPair(1, 2, samples).sources().points * [3, 3, 0.2, 0.2]
    for cost in (0.1, 10):
        problem = Problem(points, encoder_cost=cost)
        agrees(problem, THEOREMS["frequency-pairs"].predict(problem))


WAVES = FrequencyPair(1, 2).sources().points
MOVED = np.roll(WAVES[:, [2, 3, 0, 1]] * [3, -3, 1, 1] + 5, 7, axis=0)


@pytest.mark.parametrize(
    ("rows", "mixing", "pair"),
    [
        pytest.param(np.random.default_rng(0).standard_normal((50, 4)), None, None, id="noise"),
        pytest.param(WAVES[:, [0, 2, 1, 3]], None, None, id="other pairs of columns"),
        pytest.param(WAVES[1:], None, None, id="not a whole period"),
        pytest.param(WAVES[:, :2], None, None, id="one wave"),
        pytest.param(WAVES, np.triu(np.ones((4, 4))), None, id="mixed"),
        pytest.param(WAVES, np.diag([1, 2, 1, 1]), None, id="two gains"),
        pytest.param(MOVED, np.diag([2, 2, 1, 1]), FrequencyPair(1, 2, 48), id="moved, turned and scaled"),
    ],
)
def test_pairs_of_frequencies_are_recognised(rows, mixing, pair):
    assert frequencies_of(Problem(rows, mixing=mixing)) == pair


def test_frequencies_are_checked():
    with pytest.raises(InputError, match="are not two growing positive whole numbers"):
        FrequencyPair(2, 2)
    with pytest.raises(InputError, match="samples: 6 is not a whole number above 6"):
        FrequencyPair(2, 3, 6)


# ---- what was claimed too widely ----------------------------------------------------------------------------------


def test_samples_that_never_occur_can_mix_independent_sources():
    square = [[-1, -1], [-1, 1], [1, -1], [1, 1]]
    beyond = Problem([*square, [-3, 0.5], [3, 0.5]], probabilities=[1, 1, 1, 1, 0, 0])
    assert not THEOREMS["independence"].applies(beyond) and solve(beyond).price_of_modularity > 0.2
    within = Problem([*square, [0.5, -1]], probabilities=[1, 1, 1, 1, 0])
    assert THEOREMS["independence"].applies(within) and solve(within).price_of_modularity < ROUNDING


@given(st.integers(2, 3).flatmap(points), st.sampled_from([0.5, 2.0]), st.sampled_from([0.0, 5.0]))
def test_facets_and_faces_under_prices_of_activity(given_points, activity, bias):
    problem = Problem(given_points, activity_cost=activity, bias_cost=bias)
    verdict, ellipsoid = decide(problem), THEOREMS["ellipsoid"]
    if ellipsoid.applies(problem) and ellipsoid.predict(problem).margin > ROUNDING:
        assert ellipsoid.predict(problem).modular is verdict.modular
    if not faces_allow_modularity(problem):
        assert verdict.modular is False or abs(verdict.margin) <= ROUNDING


def test_the_face_at_an_upper_end_has_the_other_sign():
    """The product of {-2, 1, 1} with itself is modular; what was asked of samples at 1 was asked of none."""
    values = [-2, 1, 1]
    problem = Problem([[one, other] for one in values for other in values])
    assert faces_allow_modularity(problem) and solve(problem).price_of_modularity < ROUNDING
    condition = condition_matrix(problem)
    for source in range(2):
        point = condition[source] / problem.sources.least_bias[source]  # -sigma F_i / m_i with sigma = -1
        at_the_end = problem.sources.points[problem.sources.points[:, source] == 1]
        assert point[source] == pytest.approx(1)
        assert at_the_end.min(axis=0)[1 - source] <= point[1 - source] <= at_the_end.max(axis=0)[1 - source]


def test_every_optimal_code_of_a_square_is_modular_but_not_of_one_size():
    problem = Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]])
    two = problem.modular_weights
    four = np.vstack([two, -two]) / 2**0.5
    assert decide(problem).margin > CLEAR and solve(problem).loss == pytest.approx(problem.loss(two), rel=1e-12)
    assert problem.loss(four) == pytest.approx(problem.loss(two), rel=1e-12)


@pytest.mark.parametrize(
    "readout",
    [Exact([[1, 0], [0, 1]]), Soft(10, [[1, 0], [0, 1]]), Soft(10, [[1, 1]]), Noisy(10, 0.1, [[1, 1], [0, 2]])],
)
def test_a_part_decodes_its_own_columns_of_the_targets(readout):
    part = Problem([[0, 0], [0, 1], [1, 0], [1, 1]], readout=readout).part([1])
    alone = replace(readout, targets=np.array(readout.targets)[:, 1:])
    assert part.modular_loss == Problem([[0], [1], [0], [1]], readout=alone).modular_loss


def test_units_may_change_where_targets_are_given_as_those_of_the_data():
    problem = Problem([[0, 0], [0, 1], [1, 0]], readout=Exact([[1, 0], [0, 1]]))
    agrees(problem, THEOREMS["invariances"].predict(problem))


@pytest.mark.parametrize(
    ("targets", "modular"), [(None, True), ([[1, 0], [0, 0.5]], True), ([[1, 1]], False), ([[1, 0]], False)]
)
def test_expensive_errors_restore_a_box_if_the_targets_need_both_sources_apart(targets, modular):
    box = [[0, 0], [0, 1], [1, 0], [1, 1]]
    problem = Problem(box, probabilities=[4, 1, 1, 4], readout=Soft(1e5, targets))
    entry = THEOREMS["errors-and-correlation"]
    assert entry.predict(problem).modular is modular is decide(problem).modular


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
