"""Other energies in the benchmark of soundness: the checker's formulas, answers that stand, and what is planted."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.soundness.activations import activation_of, drawn_of, sources_of
from benchmarks.soundness.cases import save_case
from benchmarks.soundness.energies import KINDS
from benchmarks.soundness.judgement import Claim, claim_of, judge
from benchmarks.soundness.neurons import Whitened
from benchmarks.soundness.rational import RationalProblem
from benchmarks.soundness.work import judged, solved
from solver import Problem, solve


def first_of(kind):
    """The first small problem of a kind, read out without error."""
    for index in range(400):
        problem = drawn_of(2, index, "energy")
        plain = problem.reading.exact and problem.reading.targets is None and problem.groups is None
        if problem.energy.kind == kind and 2 <= problem.dimension <= 3 and plain and not problem.extreme:
            return problem
    raise AssertionError(f"no problem of {kind} is drawn")


PROBLEMS = {kind: first_of(kind) for kind in KINDS}


def test_a_share_of_all_problems_has_another_energy():
    kinds = Counter(activation_of(0, index, "all") for index in range(1000))
    assert 40 < kinds["energy"] < 140 and kinds["linear"] > 600
    drawn = [drawn_of(0, index, "energy") for index in range(40)]
    assert {problem.energy.kind for problem in drawn} == set(KINDS) and {problem.kind for problem in drawn} == {
        "energy"
    }
    assert [problem.dimension for problem in drawn] == [sources_of(0, index, "energy") for index in range(40)]


@pytest.mark.parametrize("kind", KINDS)
def test_three_ways_to_the_cost_of_a_neuron_agree(kind):
    problem = PROBLEMS[kind]
    weights = np.random.default_rng(0).standard_normal((5, problem.dimension)) / np.ptp(problem.points, axis=0)
    posed = Problem(problem.points, **problem.options()).neuron_cost(weights)
    exactly = RationalProblem(problem).neuron_costs(weights).astype(float)
    white = Whitened(problem)
    assert posed == pytest.approx(exactly, rel=1e-9)
    assert white.costs(white.rows(weights)) == pytest.approx(exactly, rel=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_network_pays_is_what_its_activity_says(kind):
    problem = PROBLEMS[kind]
    rng = np.random.default_rng(1)
    mixing = np.eye(problem.dimension) if problem.mixing is None else problem.mixing
    encoder = rng.standard_normal((3, len(mixing))) / np.ptp(problem.points @ mixing.T, axis=0)
    bias, decoder = rng.uniform(5, 6, 3), rng.standard_normal((len(mixing), 3))
    measured = RationalProblem(problem).measure(encoder, bias, decoder, np.zeros(len(mixing)))
    activity = problem.points @ mixing.T @ encoder.T + bias
    share = problem.weights / problem.weights.sum()
    if kind == "squared-mean":
        paid = problem.bias_cost * ((share @ activity) ** 2).sum()
    elif kind == "peak":
        paid = problem.activity_cost * (activity.max(axis=0) ** 2).sum()
    else:
        counted = share if kind == "wiring" else problem.energy.weights / problem.energy.weights.sum()
        paid = problem.activity_cost * (counted @ activity**2).sum()
        paid += problem.bias_cost * ((share @ activity) ** 2).sum()
    read = encoder @ mixing @ np.linalg.cholesky(problem.energy.costs) if kind == "wiring" else encoder
    expected = paid + problem.encoder_cost * (read**2).sum() + problem.decoder_cost * (decoder**2).sum()
    assert float(measured.loss) == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_stands_and_what_is_planted_is_found(kind):
    problem = PROBLEMS[kind]
    claim = claim_of(solve(Problem(problem.points, **problem.options()), time_limit=10, rng=0), Claim)
    assert claim.status == "optimal" and not judge(problem, claim, with_codes=False).wrong
    raised = replace(claim, lower_bound=claim.lower_bound * (1 + 1e-6), loss=claim.loss * (1 + 1e-6))
    assert judge(problem, raised, with_codes=False).wrong
    usual = Problem(problem.points, **(problem.options() | {"neurons": None, "activity_cost": 1.0, "bias_cost": 0.0}))
    assert judge(problem, claim_of(solve(usual, time_limit=10, rng=0), Claim), with_codes=False).wrong


@pytest.mark.thorough
def test_a_problem_goes_all_the_way(tmp_path):
    problem = PROBLEMS["peak"]
    found = solved(problem.seed, problem.index, 10.0, activation="energy")
    judgement, _, error = judged((problem.seed, problem.index), found, activation="energy")
    assert not error and not judgement.wrong and not found.faults
    path = save_case(tmp_path, problem, 10.0, {})
    assert "--energy peak" in path.with_suffix(".json").read_text()
    other = save_case(tmp_path, PROBLEMS["wiring"], 10.0, {}).with_suffix(".json").read_text()
    assert "benchmarks.soundness" in other and "--activation energy" in other
