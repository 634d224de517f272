"""The cost of the encoder may be zero, which is the limit of small costs, where every neuron still costs activity."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import Problem, Representation, certify, solve
from solver.strategies import mixings, points
from tests.examples import share
from theory import InputError, Sources, check_proof, modularity
from theory.exact.problem import ExactProblem
from theory.neurons import PeakActivity

TRIANGLE = [[0, 0], [0, 1], [1, 0], [2, 1]]
NEARLY_DEPENDENT = [[0, 0], [0, 1e-8], [1, 1], [1, 1 + 1e-8]]


@st.composite
def free_encoders(draw):
    dimension = draw(st.integers(1, 3))
    return {"sources": draw(points(dimension)), "mixing": draw(mixings(dimension))}


@pytest.mark.thorough
@given(free_encoders())
def test_no_cost_is_the_limit_of_small_costs(posed):
    try:
        free = solve(Problem(**posed, encoder_cost=0))
    except InputError as error:
        assert "hardly varies" in str(error)
        return
    assert free.status == "optimal"
    assert free.energies["encoder"] == 0
    assert certify(free.problem, free).gap <= 1e-8
    before = free.loss
    for cost in (1e-9, 1e-6, 1e-3):
        # The optimum is concave in the cost and rises by the encoder of the best code at most.
        priced = solve(Problem(**posed, encoder_cost=cost)).loss
        assert before * (1 - 1e-8) <= priced <= free.loss * (1 + 1e-8) + cost * (free.encoder**2).sum()
        before = priced


@share(1 / 3)  # a conic program takes a tenth of a second
@given(free_encoders())
def test_a_conic_program_agrees_without_a_price_of_the_encoder(posed):
    try:
        problem = Problem(**posed, encoder_cost=0)
    except InputError:
        return
    best = solve(problem, method="columns")
    assert best.loss == pytest.approx(solve(problem, method="conic").loss, rel=1e-7)
    assert (best.price_of_modularity <= 1e-7) or not modularity(**posed, encoder_cost=0).modular


@pytest.mark.thorough
@pytest.mark.parametrize("mixing", [None, [[1, 1], [0, 1], [1, 0]]])
def test_methods_agree_without_a_price_of_the_encoder(mixing):
    problem = Problem(TRIANGLE, mixing=mixing, encoder_cost=0)
    best = solve(problem)
    assert best.status == "optimal"
    assert solve(problem, method="conic").loss == pytest.approx(best.loss, rel=1e-8)
    assert solve(problem, method="relaxation").loss == pytest.approx(best.loss, rel=1e-8)
    assert solve(problem, method="alternating", rng=0, max_iterations=40).loss == pytest.approx(best.loss, rel=1e-6)
    assert solve(problem, method="modular").loss == pytest.approx(best.modular_loss, rel=1e-12)


def test_exact_verdicts_without_a_price_of_the_encoder(tmp_path):
    verdict = modularity(TRIANGLE, encoder_cost=0, exact=True)
    assert verdict.modular is modularity(TRIANGLE, encoder_cost=0).modular
    assert check_proof(verdict.proof, TRIANGLE, encoder_cost=0) is verdict.modular
    with pytest.raises(InputError, match="other data, mixing, probabilities, encoder cost or readout"):
        check_proof(verdict.proof, TRIANGLE)
    answer = solve(Problem(TRIANGLE, encoder_cost=0), method="alternating", rng=0, max_iterations=20)
    answer.save(tmp_path / "code.npz")
    assert Representation.load(tmp_path / "code.npz").problem.encoder_cost == 0


@pytest.mark.parametrize("cost", [-1, "-1/7"])
def test_exact_problems_have_no_negative_price(cost):
    with pytest.raises(InputError, match=r"encoder_cost: .* is too small"):
        ExactProblem.posed([[0, 0], [1, 2], [2, 5]], encoder_cost=cost)


@pytest.mark.parametrize("cost", [0, "0", 1])
def test_exact_problems_are_posed_where_the_covariance_is_regular(cost):
    with pytest.raises(InputError, match="linearly dependent"):
        ExactProblem.posed([[0, 0], [1, 2], [2, 4]], encoder_cost=cost)
    assert ExactProblem.posed([[0, 0], [1, 2], [2, 5]], encoder_cost=cost).encoder_cost == int(cost)


@pytest.mark.parametrize("cost", [0, 1e-18])
def test_a_cost_that_rounding_hides_is_refused(cost):
    with pytest.raises(InputError, match=r"encoder_cost: .* of which \+1\*s1 -1\*s2 hardly varies.*at least 2\.7e-15"):
        Problem(NEARLY_DEPENDENT, encoder_cost=cost)
    assert solve(Problem(NEARLY_DEPENDENT, encoder_cost=2.7e-15)).status == "optimal"


@pytest.mark.parametrize("costs", [{"activity_cost": 0, "bias_cost": 1}, {"neurons": PeakActivity()}])
def test_where_the_height_has_a_cost_that_of_weights_may_be_next_to_nothing(costs):
    """Found by benchmarks.soundness: it was refused, though no neuron costs so little."""
    rng = np.random.default_rng(0)
    rows, mixing = rng.uniform(-1, 1, (14, 3)), rng.standard_normal((3, 3))
    least, more = (solve(Problem(rows, mixing=mixing, encoder_cost=cost, **costs)) for cost in (1e-30, 1e-6))
    for answer in (least, more):
        assert answer.status == "optimal" and certify(answer.problem, answer).gap <= 1e-8
    most = least.loss * (1 + 1e-8) + 1e-6 * (least.encoder**2).sum()
    assert least.loss * (1 - 1e-8) <= more.loss <= most
    rows[:, 1] = rows[:, 0] + 1e-9 * rows[:, 1]
    with pytest.raises(InputError, match=r"encoder_cost: .* hardly varies"):
        Problem(rows, encoder_cost=1e-30, **costs)


def test_moments_without_a_price_of_the_encoder():
    square = Sources.from_moments(np.eye(2) / 3, [[-1, -1], [-1, 1], [1, -1], [1, 1]])
    # Each source costs 2 sqrt(variance + bias^2), as for any cost.
    assert solve(Problem(square, encoder_cost=0)).loss == pytest.approx(4 * (1 / 3 + 1) ** 0.5)


def test_the_decoder_has_a_price():
    with pytest.raises(InputError, match=r"decoder_cost: 0 is not positive; .* none is best"):
        Problem(TRIANGLE, decoder_cost=0)
