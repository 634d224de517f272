"""All methods agree: every loss is within its own gap of every other's, and no lower bound exceeds any loss."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver import Problem, Sources, certify, solve
from solver.oracles import alternating
from solver.strategies import antipodal, boxes, clouds, corner_cut, grids, lattices, near_boundary, problems, products
from tests.examples import share
from tests.properties import naive

TOLERANCE = 1e-8
ROUNDING = 1e-9

LIMITS = {
    "auto": {},
    "modular": {},
    "columns": {},
    "conic": {},
    "relaxation": {"max_iterations": 4, "rng": 0},
    "alternating": {"max_iterations": 4, "rng": 0},
}
"""The last two search long for the last digits of a hard problem; wherever they are stopped, what they say is true."""

SHORT = 20
"""Steps in each stage of a descent, for the same reason."""


@pytest.fixture(scope="module", autouse=True)
def _short_descents():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alternating, "DESCENT", alternating.DescentLimits(steps=SHORT))
        yield


def solved_and_certified(problem, method):
    if method != "relaxation":
        answer = solve(problem, method=method, **LIMITS[method])
        return answer, certify(problem, answer)
    # So few sources are certified on the faces of the hull: without them this method has to stand by its own proof.
    fresh = Problem(
        Sources(problem.sources.points, problem.sources.probabilities),
        mixing=problem.mixing,
        encoder_cost=problem.encoder_cost,
        decoder_cost=problem.decoder_cost,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Sources, "faces_if_few", None)
        answer = solve(fresh, method=method, **LIMITS[method])
        return answer, certify(fresh, answer)


def assert_agree(problem):
    answers = {}
    for method in LIMITS:
        answer, certificate = solved_and_certified(problem, method)
        answers[method] = answer
        assert certificate.feasible
        assert answer.loss == pytest.approx(naive.loss(problem, answer.source_weights), rel=ROUNDING)
        assert certificate.lower_bound == pytest.approx(answer.lower_bound, rel=TOLERANCE)
        assert (answer.status == "optimal") == (answer.gap <= TOLERANCE)
    for one, other in permutations(answers.values(), 2):
        pair = one.message, other.message
        assert one.loss * (1 - one.gap) <= other.loss * (1 + ROUNDING), pair
        assert one.lower_bound <= other.loss * (1 + ROUNDING), pair
        if one.status == other.status == "optimal":
            assert one.loss == pytest.approx(other.loss, rel=2 * TOLERANCE), pair
    # Up to four sources these two are exact.
    assert answers["columns"].status == "optimal"
    assert answers["conic"].status == "optimal"


@given(problems())
@share(1 / 3)
def test_all_methods_agree(problem):
    assert_agree(problem)


KINDS = {
    "grids": grids,
    "clouds": clouds,
    "boxes": boxes,
    "lattices": lattices,
    "antipodal": antipodal,
    "products": products,
    "corner_cut": corner_cut,
}


@pytest.mark.thorough
@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@share(1 / 6)
def test_on_every_kind_of_points(kind, data):
    assert_agree(data.draw(problems(st.integers(2, 3), of=KINDS[kind])))


@given(problems(2, of=near_boundary, mixed=False))
@share(1 / 4)
def test_next_to_the_boundary_of_modularity(problem):
    assert_agree(problem)


@given(problems(st.integers(2, 4)))
@share(1 / 2)
def test_what_is_proven_at_once_is_true(problem):
    # The relaxation's first word, before any ascent.
    first = solve(problem, method="relaxation", max_iterations=1, rng=0)
    exact = solve(problem, method="columns")
    assert first.lower_bound <= exact.loss * (1 + ROUNDING)
    assert first.loss == pytest.approx(problem.modular_loss, rel=ROUNDING)
    if first.status == "optimal":
        assert exact.loss == pytest.approx(problem.modular_loss, rel=2 * TOLERANCE)


@pytest.mark.slow
@given(problems())
@settings(max_examples=100)
def test_the_relaxation_is_optimal_for_few_sources(problem):
    answer = solve(problem, method="relaxation", rng=0)
    assert answer.status == "optimal", answer.message
    assert answer.loss == pytest.approx(solve(problem, method="columns").loss, rel=2 * TOLERANCE)
