"""The benchmark of soundness on rectified and free neurons: what it draws, and that it catches what is wrong."""

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.soundness import __main__ as command
from benchmarks.soundness import ledger
from benchmarks.soundness.activations import activation_of, drawn_of, sources_of
from benchmarks.soundness.cells import Priced, best_directions
from benchmarks.soundness.consistency import against_changes, against_file, against_program
from benchmarks.soundness.draws import Drawn, drawn
from benchmarks.soundness.judgement import claim_of
from benchmarks.soundness.nonlinear import judge_nonlinear
from benchmarks.soundness.nonlinear_codes import descents
from benchmarks.soundness.nonlinear_setting import NonlinearClaim, Setting
from benchmarks.soundness.rational import exact
from benchmarks.soundness.settings import Reading
from solver import Problem, certify, solve
from tests.examples import plainly
from theory.errors import InputError

CORNER = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 1.0], [1.0, 3.0], [4.0, 2.0]])
"""Of two sources: few samples, no symmetry."""

KINDS = ["rectified", "free"]


def by_hand(activation, **changes):
    given = {"probabilities": np.array([1.0, 2.0, 1.0, 1.0, 3.0]), "mixing": None, "encoder_cost": 1.0}
    given |= {"decoder_cost": 2.0, "activity_cost": 0.5, "reading": Reading("noisy", 40.0, 0.01)}
    return Drawn(0, 2, "by hand", CORNER, **(given | changes), activation=activation)


def posed(problem):
    return Problem(problem.points, **problem.options())


@cache
def answered(activation):
    answer = solve(posed(by_hand(activation)), time_limit=20)
    assert answer.status == "optimal"
    return answer


def judged_of(activation, **changes):
    claim = replace(claim_of(answered(activation), NonlinearClaim), **changes)
    return judge_nonlinear(by_hand(activation), claim, with_codes=False).wrong


# ---- what is drawn ------------------------------------------------------------------------------------------------


def test_a_problem_is_a_function_of_seed_index_and_kind():
    assert Counter(activation_of(0, index, "all") for index in range(1000))["linear"] > 700
    assert {activation_of(0, index, "free") for index in range(9)} == {"free"}
    assert str(drawn_of(3, 17, "linear")) == str(drawn(3, 17))
    first, again, other = (drawn_of(3, 17, kind) for kind in ("free", "free", "rectified"))
    assert np.array_equal(first.points, again.points) and not np.array_equal(first.points, other.points)


@pytest.mark.parametrize("kind", KINDS)
def test_every_problem_drawn_is_accepted(kind):
    problems = [drawn_of(0, index, kind) for index in range(150)]
    assert {problem.dimension for problem in problems} == {1, 2, 3}
    assert {problem.reading.kind for problem in problems} == {"exact", "soft", "noisy"}
    assert max(len(problem.points) for problem in problems) <= 40
    for index, problem in enumerate(problems):
        assert sources_of(0, index, kind) == problem.dimension and kind in str(problem)
        try:
            assert posed(problem).neurons.name == kind
        except InputError:
            assert problem.extreme, problem


# ---- the best neuron ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_no_direction_of_a_circle_is_better_than_the_best_of_the_cells(seed):
    rng = np.random.default_rng(seed)
    rows, multiplier = rng.standard_normal((12, 2)), rng.standard_normal((12, 2))
    priced = Priced(rows, multiplier, rng.uniform(0.5, 2, 12), rng.uniform(0.1, 1, 12), 0.3 * np.eye(2))
    angles = np.linspace(0, 2 * np.pi, 20_001)
    around = priced.ratios(np.column_stack([np.cos(angles), np.sin(angles)])).max()
    found = priced.ratios(best_directions(priced, rng))
    assert around <= found[0] * (1 + 1e-12) and found[0] <= around * (1 + 1e-4)


@pytest.mark.parametrize("kind", plainly(KINDS, ["rectified"]))
def test_the_squared_ratio_is_that_of_the_certificate(kind):
    problem, answer = by_hand(kind), answered(kind)
    setting, found = Setting(problem), certify(posed(problem), answer)
    squared = [
        setting.squared_ratio(
            setting.centered(answer.multiplier),
            exact(activity),
            exact(weights) if kind == "rectified" else None,
        )
        for activity, weights in zip(answer.sample_activity.T, answer.encoder, strict=True)
    ]
    assert float(max(squared)) ** 0.5 == pytest.approx(found.rho, rel=1e-6)
    assert setting.most_proven(setting.centered(answer.multiplier), Fraction(found.rho) ** 2) == pytest.approx(
        found.lower_bound, rel=1e-9
    )


# ---- what is judged -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_true_answers_stand_and_descents_reach_them(kind):
    claim = claim_of(answered(kind), NonlinearClaim)
    found = judge_nonlinear(by_hand(kind), claim)
    assert found.wrong == [] and abs(found.gap) < 1e-8 and found.excess < 1e-9
    assert found.ratio == pytest.approx(1, abs=1e-6) and -1e-3 < found.saving < 1e-7
    losses = [float(loss) for _, loss, _ in descents(Setting(by_hand(kind)), claim, np.random.default_rng(0))]
    assert len(losses) == (5 if kind == "rectified" else 4) and min(losses) >= claim.lower_bound * (1 - 1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_planted_is_found(kind):
    claim = claim_of(answered(kind), NonlinearClaim)
    raised = claim.lower_bound * (1 + 1e-6)
    for changes, words in (
        ({"lower_bound": raised, "gap": 1 - raised / claim.loss}, "above what its multiplier can prove"),
        ({"loss": claim.loss * (1 - 1e-6)}, "of what the network costs"),
        ({"decoder_bias": claim.decoder_bias + 0.1}, "of what the network costs"),
        ({"sample_activity": claim.sample_activity - 1.0}, "below zero"),
        ({"gap": 0.1}, "the gap is said to be"),
        ({"gap": 0.1, "lower_bound": 0.9 * claim.loss}, "the status is optimal"),
        ({"linear_loss": 0.9 * claim.loss}, "more than the linear loss"),
        ({"modular_lower_bound": 2 * claim.modular_loss}, "below its own bound"),
        ({"multiplier": claim.multiplier * np.inf}, "not finite"),
    ):
        assert any(words in sentence for sentence in judged_of(kind, **changes)), words
    if kind == "rectified":
        moved = judged_of(kind, encoder_bias=claim.encoder_bias + 0.01)
        assert any("not active as it is said" in sentence for sentence in moved)


@pytest.mark.parametrize("kind", KINDS)
def test_a_worse_code_called_optimal_is_found(kind):
    claim = claim_of(answered(kind), NonlinearClaim)
    decoder = claim.decoder * 1.05
    network = (claim.sample_activity, claim.encoder, decoder, claim.decoder_bias)
    loss, _ = Setting(by_hand(kind)).network_loss(*map(exact, network))
    worse = replace(claim, decoder=decoder, loss=float(loss), lower_bound=float(loss), gap=0.0)
    wrong = judge_nonlinear(by_hand(kind), worse).wrong
    for words in ("of an answer called optimal", "above the loss of a code", "above what its multiplier"):
        assert any(words in sentence for sentence in wrong), words


def test_an_exact_decoder_that_errs_is_found():
    problem = by_hand("rectified", reading=Reading())
    claim = claim_of(solve(posed(problem), time_limit=5), NonlinearClaim)
    assert judge_nonlinear(problem, claim).wrong == []
    off = replace(claim, decoder_bias=claim.decoder_bias + 1e-3)
    assert any("reconstructed with an error" in sentence for sentence in judge_nonlinear(problem, off).wrong)


@pytest.mark.parametrize("kind", KINDS)
def test_true_answers_agree_with_themselves(kind):
    assert list(against_changes(answered(kind), {}, linear=False)) == []
    content, wrong = against_file(answered(kind))
    assert wrong == [] and list(against_program(by_hand(kind), content)) == []


# ---- the command --------------------------------------------------------------------------------------------------


@pytest.mark.thorough
def test_a_run_of_one_kind_is_kept_and_none_of_another_mixed_with_it(tmp_path):
    words = ["--problems", "2", "--sources", "1", "--seed", "1", "--time-limit", "5", "--workers", "1"]
    words += ["--folder", str(tmp_path)]
    done = CliRunner().invoke(command.main, [*words, "--activation", "free"])
    assert done.exit_code == 0, done.output
    assert {record.activation for record in ledger.read(tmp_path)} == {"free"}
    other = CliRunner().invoke(command.main, [*words, "--activation", "rectified"])
    assert other.exit_code == 2 and "activation" in other.output


def test_sources_that_no_problem_of_the_kind_has_are_refused():
    done = CliRunner().invoke(command.main, ["--activation", "free", "--sources", "5-6", "--problems", "1"])
    assert done.exit_code == 2 and "have up to 3" in done.output
