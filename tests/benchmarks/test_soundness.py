"""The benchmark of soundness: what it draws, that it catches what is wrong, and that it loses nothing on the way."""

import json
import os
import shlex
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import count, islice
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from benchmarks.soundness import __main__ as command
from benchmarks.soundness import crew, ledger
from benchmarks.soundness.cases import save_case
from benchmarks.soundness.codes import codes_of_other_methods, descents, modular_code
from benchmarks.soundness.consistency import (
    against_changes,
    against_file,
    against_price,
    against_program,
    against_words,
    taken_masked,
)
from benchmarks.soundness.draws import DIMENSIONS, FAMILIES, Drawn, dimension_of, drawn
from benchmarks.soundness.judgement import Claim, Judgement, claim_of, judge
from benchmarks.soundness.neurons import Whitened, best_neurons
from benchmarks.soundness.rational import RationalProblem, exact, inverse
from benchmarks.soundness.report import is_sound, worst_cases
from benchmarks.soundness.settings import EXACT, MASKABLE, Reading
from benchmarks.soundness.work import Solved, judged, solved
from solver import Problem, certify, solve
from solver.certificate import lower_bound
from solver.commands.cli import main as modularity_command
from solver.representation import Representation
from tests.benchmarks import tasks
from tests.examples import plainly, thorough
from theory import modularity
from theory.conditions import modular_multiplier
from theory.errors import InputError


def is_small(index):
    return dimension_of(1, index) in (2, 3) and not (drawn(1, index).extreme or drawn(1, index).groups)


SMALL = [*islice(filter(is_small, count()), 8)]
"""Problems of seed 1 on which a search takes a moment. It need not find the best neuron on every problem there is."""


def posed(problem):
    return Problem(problem.points, **problem.options())


def unproven(problem, weights):
    """A code (n, d) of which nothing is claimed but what it is."""
    return Representation.from_weights(
        problem, weights, method="", message="", multiplier=problem.gram, tolerance=float("nan")
    )


def simple(points, **options):
    given = {"probabilities": None, "mixing": None, "encoder_cost": 1.0, "decoder_cost": 1.0} | options
    return Drawn(0, 1, "by hand", np.array(points, dtype=float), **given)


CUT_SQUARE = simple([(x, y) for x in range(-4, 5) for y in range(-4, 5) if x + y < 4])
"""Mixed: the best modular code costs 0.2 % more than the best."""

TILTED = simple(
    [[0, 0, 0], [3, 0, 1], [0, 2, 0], [1, 1, 4], [2, 2, 1], [1, 0, 3]],
    mixing=np.array([[1.0, 0.5, 0], [0, 1, 0.2], [0.3, 0, 1], [1, 1, 1]]),
    probabilities=np.array([1.0, 2, 1, 3, 0, 1]),
    encoder_cost=0.3,
    decoder_cost=20.0,
)


@pytest.fixture(scope="module", params=[CUT_SQUARE, TILTED], ids=["square", "mixing"])
def answered(request):
    answer = solve(posed(request.param))
    assert answer.status == "optimal"
    return request.param, claim_of(answer, Claim)


# ---- what is drawn ------------------------------------------------------------------------------------------------


def test_a_problem_is_a_function_of_seed_and_index():
    first, again, other = drawn(3, 17), drawn(3, 17), drawn(4, 17)
    assert str(first) == str(again) and np.array_equal(first.points, again.points)
    assert first.points.shape != other.points.shape or not np.array_equal(first.points, other.points)
    assert dimension_of(3, 17) == first.dimension


@pytest.mark.thorough
def test_every_problem_drawn_is_accepted():
    problems = [drawn(0, index) for index in range(150)]
    assert {problem.family for problem in problems} == set(FAMILIES)
    assert {problem.dimension for problem in problems} == set(DIMENSIONS)
    for problem in problems:
        try:
            assert posed(problem).modular_loss > 0
        except InputError:
            assert problem.extreme, problem


@pytest.mark.thorough
def test_every_way_to_pose_a_problem_is_drawn():
    problems = [drawn(0, index) for index in range(600)]
    assert {problem.reading.kind for problem in problems} == {"exact", "soft", "noisy"}
    assert {problem.masked for problem in problems} == {"", *MASKABLE}
    assert any(problem.separate for problem in problems) and any(problem.extreme for problem in problems)
    assert any(problem.activity_cost != 1 and problem.bias_cost > 0 for problem in problems)
    targets = [problem for problem in problems if problem.reading.targets is not None]
    ranks = {int(np.linalg.matrix_rank(problem.targets)) - problem.dimension for problem in targets}
    assert min(ranks) < 0 <= max(ranks)
    soft = [posed(problem) for problem in problems[:200] if not (problem.reading.exact or problem.extreme)]
    assert any(not len(problem.modular_weights) for problem in soft)
    assert any(len(problem.modular_weights) for problem in soft)


@pytest.mark.parametrize("name", MASKABLE)
def test_what_is_masked_is_refused_and_else_it_is_told(name, monkeypatch):
    reading = Reading("soft", 1.0, targets=np.eye(3)[:2], probabilities=np.ones(6))
    problem = replace(TILTED, masked=name, reading=reading)
    assert list(taken_masked(problem)) == []
    monkeypatch.setattr("benchmarks.soundness.consistency._given_hole", lambda *_, **__: None)
    assert [name in sentence and "as a number" in sentence for sentence in taken_masked(problem)] == [True, True]


# ---- rational arithmetic ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", plainly(range(20), range(8)))
def test_losses_are_those_of_the_program_up_to_rounding(index):
    problem = drawn(0, index)
    if problem.extreme or (problem.reading.exact and np.linalg.matrix_rank(problem.targets) < problem.dimension):
        problem = replace(problem, encoder_cost=1.0, reading=EXACT)
    given, rational = posed(problem), RationalProblem(problem)
    weights = given.modular_weights @ (np.eye(problem.dimension) + 0.1)
    assert float(rational.code_loss(weights)) == pytest.approx(given.loss(weights), rel=1e-7)
    assert float(rational.code_loss(given.modular_weights)) == pytest.approx(given.modular_loss, rel=1e-9)
    code = unproven(given, given.modular_weights)
    measured = rational.measure(code.encoder, code.encoder_bias, code.decoder, code.decoder_bias)
    assert float(measured.loss) == pytest.approx(certify(given, code).loss, rel=1e-9)


@pytest.mark.parametrize("reading", [Reading("soft", 3.0), Reading("noisy", 30.0, 0.1, np.array([[1.0, 2.0, 0.0]]))])
def test_the_worth_of_a_neuron_is_the_slope_of_the_readout(reading):
    problem = replace(TILTED, reading=reading, activity_cost=2.0, bias_cost=0.5)
    rational, code = RationalProblem(problem), np.array([[1.0, 0.0, 0.5], [0.0, 2.0, 0.0]])
    neuron = np.array([0.5, -1.0, 0.25])
    worth = neuron @ rational.worth(code).astype(float) @ neuron
    cost = float(rational.neuron_costs(neuron[None])[0])
    little = 1e-4
    more = float(rational.code_loss(np.vstack([code, little * neuron]))) - float(rational.code_loss(code))
    assert more / little**2 == pytest.approx(cost - worth, rel=1e-5)


@given(arrays(np.int64, (3, 3), elements=st.integers(-4, 4)))
def test_the_inverse_is_exact(matrix):
    whole = exact(matrix.astype(float) / 8)
    if round(np.linalg.det(matrix)) == 0:
        with pytest.raises(ZeroDivisionError):
            inverse(whole)
    else:
        assert ((inverse(whole) @ whole) == np.eye(3, dtype=int)).all()


def test_costs_are_exact():
    rational = RationalProblem(simple([[0.1], [0.3]]))
    low, high = Fraction(0.1), Fraction(0.3)
    assert rational.mean[0] == (low + high) / 2
    assert rational.neuron_costs(np.array([[1.0]]))[0] == 2 * ((high - low) / 2) ** 2 + 1


# ---- the search ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", plainly(SMALL, SMALL[:4]))
def test_the_best_neuron_is_found(index):
    """As good as exact pricing, which it knows nothing of, at any multiplier."""
    problem = drawn(1, index)
    white, rng = Whitened(problem), np.random.default_rng(0)
    root = rng.standard_normal((problem.dimension, problem.dimension)) @ white.matrix
    bound = lower_bound(posed(problem), root.T @ root)
    neuron = best_neurons(white, bound.multiplier, white.inverse.T, rng, most=1)[0]
    found = neuron @ bound.multiplier @ neuron / float(RationalProblem(problem).neuron_costs(neuron[None])[0])
    assert bound.exact and found == pytest.approx(bound.rho, rel=1e-7)


@pytest.mark.thorough
def test_descents_reach_the_optimum(answered):
    problem, claim = answered
    white, rational = Whitened(problem), RationalProblem(problem)
    far = modular_code(problem, white)
    codes = dict(descents(white, far, np.random.default_rng(0)))
    losses = {name: float(rational.code_loss(code)) for name, code in codes.items()}
    assert losses["descent"] == pytest.approx(claim.loss, rel=1e-2)
    assert losses["descent and growth"] == pytest.approx(claim.loss, rel=1e-6)
    assert losses["growth of the answer"] == pytest.approx(claim.loss, rel=1e-6)
    assert all(loss >= claim.lower_bound * (1 - 1e-12) for loss in losses.values())
    assert float(rational.code_loss(far)) == pytest.approx(posed(problem).modular_loss, rel=1e-12)


@pytest.mark.thorough
def test_other_methods_are_asked_now_and_then():
    assert [name for name, _ in codes_of_other_methods(replace(TILTED, index=0))] == ["alternating", "conic"]
    assert list(codes_of_other_methods(TILTED)) == []


# ---- what is caught -----------------------------------------------------------------------------------------------


@pytest.mark.thorough
@pytest.mark.parametrize("index", range(0, 40, 4))
def test_true_answers_stand(index):
    problem = drawn(2, index)
    found = judge(problem, claim_of(solve(posed(problem), time_limit=1.0), Claim), with_codes=False)
    assert found.wrong == []


@pytest.mark.thorough
def test_an_answer_stands_and_is_the_best(answered):
    problem, claim = answered
    found = judge(problem, claim)
    assert found.wrong == [] and abs(found.gap) < 1e-9
    assert found.ratio == pytest.approx(1, abs=1e-7) and found.excess < 1e-12 and found.saving < 1e-12


def lower_bound_raised(claim):
    return replace(claim, lower_bound=claim.lower_bound * (1 + 1e-6), gap=1e-12)


def loss_understated(claim):
    return replace(claim, loss=claim.loss * (1 - 1e-6))


def active_below_zero(claim):
    return replace(claim, encoder_bias=claim.encoder_bias - 1e-6 * np.abs(claim.encoder_bias).max())


def wrongly_decoded(claim):
    return replace(claim, decoder=claim.decoder * (1 + 1e-6))


def gap_understated(claim):
    return replace(claim, lower_bound=claim.lower_bound * (1 - 1e-6))


def not_a_number(claim):
    return replace(claim, decoder_bias=claim.decoder_bias * np.nan)


def no_multiplier(claim):
    return replace(claim, multiplier=np.zeros_like(claim.multiplier))


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("planted", "words"),
    [
        (lower_bound_raised, "above what its multiplier can prove"),
        (lower_bound_raised, "above the answer's own loss"),
        (loss_understated, "of what the network costs"),
        (active_below_zero, "below zero"),
        (wrongly_decoded, "reconstructed with an error"),
        (gap_understated, "the gap is said to be"),
        (not_a_number, "not finite"),
        (no_multiplier, "proves none"),
    ],
)
def test_what_is_planted_is_found(answered, planted, words):
    problem, claim = answered
    wrong = judge(problem, planted(claim), with_codes=False).wrong
    assert any(words in sentence for sentence in wrong), wrong


@pytest.mark.thorough
@pytest.mark.parametrize("problem", [CUT_SQUARE, TILTED], ids=["square", "mixing"])
def test_a_bound_short_of_the_optimum_is_held_to_its_multiplier(problem):
    """Raised by a millionth it is still far below the loss of any code, so no code can tell."""
    given = posed(problem)
    bound = lower_bound(given, modular_multiplier(given))
    answer = solve(given, method="modular")
    claim = claim_of(answer, Claim)
    assert bound.exact and answer.gap > 1e-3 and claim.lower_bound == pytest.approx(bound.value, rel=1e-13)
    assert judge(problem, claim, with_codes=False).wrong == []
    raised = claim.lower_bound * (1 + 1e-6)
    claim = replace(claim, lower_bound=raised, gap=1 - raised / claim.loss)
    (sentence,) = judge(problem, claim).wrong
    assert "above what its multiplier can prove" in sentence


@pytest.mark.thorough
def test_hardly_a_raised_bound_of_a_modular_code_passes():
    told = 0
    for problem in (drawn(1, index) for index in SMALL):
        answer = solve(posed(problem), method="modular")
        raised = answer.lower_bound * (1 + 1e-6)
        claim = replace(claim_of(answer, Claim), status="bounded", lower_bound=raised, gap=1 - raised / answer.loss)
        found = judge(problem, claim, with_codes=False)
        told += any("above what its multiplier can prove" in sentence for sentence in found.wrong)
    assert told >= len(SMALL) - 1


def test_a_worse_code_called_optimal_is_found():
    given = posed(CUT_SQUARE)
    claim = claim_of(solve(given, method="modular"), Claim)
    claim = replace(claim, status="optimal", lower_bound=claim.loss, gap=0.0)
    wrong = judge(CUT_SQUARE, claim).wrong
    assert any("of an answer called optimal" in sentence for sentence in wrong)
    assert any("above the loss of a code" in sentence for sentence in wrong)


SILENT = simple([[0.0, 0.0], [1.0, 0.2], [0.3, 1.0], [0.5, 0.4]], reading=Reading("soft", 1e-3))
"""No neuron is worth having."""

GROUPED = simple(
    [[x, y, z] for x in (0, 1, 2) for y in (0, 1) for z in (0, 1) if x + y + z < 4],
    reading=Reading("soft", 50.0, targets=np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 1.0]])),
    groups={"a": (0, 1), "b": (2,)},
    activity_cost=2.0,
    bias_cost=0.3,
)
"""All that is new at once: errors of targets at a price, costs of activity and biases, groups."""

OUTSIDE = simple(CUT_SQUARE.points, reading=Reading(targets=np.array([[1.0, 0.0]])))
"""A source that is not decoded: no modular code reads it, and its code matrix is singular."""


@pytest.mark.parametrize(
    "problem", [SILENT, thorough(GROUPED), replace(GROUPED, separate=True)], ids=["silent", "all", "apart"]
)
def test_answers_with_errors_and_groups_stand_and_what_is_planted_is_found(problem):
    claim = claim_of(solve(posed(problem)), Claim)
    assert claim.status == "optimal" and judge(problem, claim).wrong == []
    raised = judge(problem, lower_bound_raised(claim), with_codes=False).wrong
    assert any("above what its multiplier can prove" in sentence for sentence in raised)
    for planted, words in ((loss_understated, "of what the network costs"), (modular_loss_too_low, "the modular loss")):
        assert any(words in sentence for sentence in judge(problem, planted(claim), with_codes=False).wrong), words


def modular_loss_too_low(claim):
    return replace(claim, modular_loss=claim.lower_bound * (1 - 1e-6))


def test_a_code_dearer_than_none_is_found():
    given = posed(SILENT)
    code = unproven(given, 0.05 * np.eye(2))
    wrong = judge(SILENT, claim_of(code, Claim), with_codes=False).wrong
    assert any("more than that of no neurons" in sentence for sentence in wrong)
    assert any("more than that of a modular code" in sentence for sentence in wrong)


def test_neurons_of_several_groups_are_found_where_they_may_not_be():
    problem = replace(CUT_SQUARE, groups={"a": (0,), "b": (1,)})
    claim = claim_of(solve(posed(problem)), Claim)
    assert judge(problem, claim, with_codes=False).wrong == []
    wrong = judge(replace(problem, separate=True), claim, with_codes=False).wrong
    assert any("reads several groups" in sentence for sentence in wrong)


# ---- whether the program agrees with itself -----------------------------------------------------------------------


@pytest.mark.parametrize("problem", [CUT_SQUARE, SILENT, GROUPED, OUTSIDE], ids=["square", "silent", "all", "outside"])
def test_true_answers_agree_with_themselves(problem):
    answer = solve(posed(problem))
    assert list(against_changes(answer, {})) == []
    content, wrong = against_file(answer)
    assert wrong == [] and list(against_program(problem, content)) == []


def test_what_can_be_changed_is_told_and_what_was_given_is_overwritten():
    @dataclass
    class Loose:
        loss: float
        problem: object
        encoder: np.ndarray

    loose = SimpleNamespace(encoder_cost=1.0, mixing=np.eye(1), gram=np.eye(1), energy_matrix=np.eye(1))
    loose.sources = SimpleNamespace(points=np.eye(1), mean=np.ones(1), covariance=np.eye(1))
    given = {"sources": np.ones((2, 2)), "mixing": None}
    told = list(against_changes(Loose(1.0, loose, np.ones((1, 1))), given))
    assert "Loose.loss can be set" in told and "the answer's encoder can be written to" in told
    assert (given["sources"] == 4).all()


def test_a_file_that_is_refused_or_says_something_else_is_told(monkeypatch):
    answer = solve(posed(CUT_SQUARE))
    other = replace(answer, lower_bound=answer.lower_bound / 2)
    monkeypatch.setattr(Representation, "load", lambda _path: other)
    assert against_file(answer)[1] == ["the saved answer has another lower_bound"]

    def refuse(_path):
        raise InputError("lower_bound: damaged or altered")

    monkeypatch.setattr(Representation, "load", refuse)
    assert against_file(answer)[1] == ["the saved answer is not loaded: InputError: lower_bound: damaged or altered"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"message": "modular: the modularity condition holds", "lower_bound": 1.0}, "stand beside a gap"),
        ({"message": "columns: CLARABEL failed"}, "something failed"),
    ],
)
def test_words_that_the_numbers_do_not_bear_out_are_told(changes, words):
    answer = solve(posed(CUT_SQUARE))
    assert list(against_words(answer)) == []
    assert any(words in sentence for sentence in against_words(replace(answer, **changes)))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("none, one source per neuron is optimal: modular.", "costs nothing, and it may cost 0.00755"),
        (
            "one source per neuron would cost only 0.755 % more: modular for practical purposes (up to 0.1 %).",
            "up to 0.0",
        ),
        ("one source per neuron would cost 0.5 % to 0.755 % more: mixed.", "costs 0.5 %, and that is 0.755 %"),
        ("one source per neuron would cost at most 2 % more: undecided.", "costs 2 %, and that is 0.755 %"),
    ],
)
def test_prices_that_are_not_true_are_told(said, words):
    answer = solve(posed(CUT_SQUARE))
    (told,) = against_price(f"Price of modularity: {said}", answer, answer.modular_loss)
    assert words in told


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"modular": True}, "less than a modular code"),
        ({"modular": True}, "a neuron earns"),
        ({"witness": np.array([1.0, 0.0]) * 1e-3 + np.array([0.0, 1e-3])}, "its witness earns"),
        ({"price_bound": 1e-6}, "bounds the price of modularity"),
    ],
)
def test_verdicts_that_are_not_true_are_told(monkeypatch, changes, words):
    verdict = replace(modularity(CUT_SQUARE.points), **changes)
    content, _ = against_file(solve(posed(CUT_SQUARE)))
    monkeypatch.setattr("theory.modularity", lambda *_, **__: verdict)
    assert any(words in sentence for sentence in against_program(CUT_SQUARE, content))


def test_a_certificate_that_sees_less_is_told(monkeypatch):
    content, _ = against_file(solve(posed(CUT_SQUARE)))
    found = certify(posed(CUT_SQUARE), solve(posed(CUT_SQUARE)))
    monkeypatch.setattr("solver.certify", lambda *_: replace(found, gap=1e-6))
    assert any("sees a gap of 1e-06" in sentence for sentence in against_program(CUT_SQUARE, content))
    monkeypatch.setattr("solver.certify", lambda *_: replace(found, feasible=False))
    assert any("infeasible" in sentence for sentence in against_program(CUT_SQUARE, content))


# ---- workers ------------------------------------------------------------------------------------------------------


@pytest.mark.thorough
def test_workers_that_die_hang_or_raise_are_replaced(monkeypatch):
    monkeypatch.setattr(crew, "GRACE", 0.2)
    work = crew.Tasks(tasks.start, tasks.solve, tasks.judge)
    found = {item.index: item for item in crew.work_through(0, range(8), time_limit=0.1, workers=2, tasks=work)}
    outcomes = {index: item.outcome for index, item in found.items()}
    assert outcomes == dict.fromkeys((0, 6, 7), crew.ANSWERED) | {
        tasks.DIES: crew.CRASHED,
        tasks.HANGS: crew.OVERRUN,
        tasks.RAISES: crew.CRASHED,
        tasks.CHECKER_RAISES: crew.UNCHECKED,
        tasks.CHECKER_DIES: crew.UNCHECKED,
    }
    assert found[tasks.DIES].error == "the process died" and found[tasks.RAISES].error == "ValueError: no answer"
    assert "ended after" in found[tasks.HANGS].error
    assert found[0].seconds == 0.25 and found[0].claim.loss == 1.0 and found[0].checking_seconds == 0.125


def test_workers_that_do_not_start_end_the_run():
    # A function of the standard library: a worker that is to die need import nothing before.
    work = crew.Tasks(partial(os._exit, 1), tasks.solve, tasks.judge)
    with pytest.raises(RuntimeError, match="died as it started"):
        list(crew.work_through(0, [0], time_limit=1.0, workers=1, tasks=work))


def test_an_error_of_the_program_is_told(monkeypatch):
    def fail(*_args, **_options):
        raise ArithmeticError("out of digits")

    monkeypatch.setattr("solver.solve", fail)
    found = solved(0, 0, 1.0)
    assert found.claim is None and found.error.endswith("ArithmeticError: out of digits")


def test_an_error_of_the_checker_is_told():
    claim = replace(tasks.ANSWER, encoder=np.ones((1, 99)))
    found, _, error = judged(CUT_SQUARE, Solved(claim, 0.0))
    assert found is None and "ValueError" in error


# ---- the ledger ---------------------------------------------------------------------------------------------------


@pytest.mark.thorough
def test_cheaper_codes_are_searched_for_as_often_as_asked(tmp_path):
    result = CliRunner().invoke(
        command.main,
        ["--problems", "3", "--sources", "1", "--codes-every", "2", "--workers", "1", "--folder", str(tmp_path)],
    )
    assert result.exit_code == 0, result.output
    records = ledger.read(tmp_path)
    assert len(records) == 3
    searched = [record.index for record in records if record.saving is not None]
    assert searched == sorted(record.index for record in records if record.index % 2 == 0)
    assert f"cheaper codes were searched for: {len(searched)}" in result.output
    # Of a task in time no multiplier is priced.
    assert all(record.ratio is not None for record in records if record.activation != "in-time")


def finished(index, **changes):
    return crew.Finished(index, crew.ANSWERED, 0.5, **changes)


def entry(index, **changes):
    values = {"time_limit": 1.0, "code": "abc"}
    return replace(ledger.record_of(drawn(0, index), finished(index), **values), **changes)


def test_a_torn_last_line_is_dropped_and_nothing_counted_twice(tmp_path):
    with ledger.appending(tmp_path) as write:
        for index in (0, 1, 1, 2):
            write(entry(index))
    path = tmp_path / ledger.RESULTS
    whole = path.read_bytes()
    for torn in (b'{"seed": 0, "ind', b'{"seed": 0, "index": 7}', b"\0\0\0\n", b'{"seed": 0}\n'):
        path.write_bytes(whole + torn)
        assert ledger.read(tmp_path) == [entry(0), entry(1), entry(2)]
        with ledger.appending(tmp_path) as write:
            write(entry(3))
        assert ledger.read(tmp_path) == [entry(0), entry(1), entry(2), entry(3)]
    assert len(path.read_text().splitlines()) == 5


def test_a_folder_without_results_has_none(tmp_path):
    assert ledger.read(tmp_path / "none") == []
    (tmp_path / ledger.RESULTS).write_text('{"seed": 0')
    assert ledger.read(tmp_path) == []


def test_a_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / ledger.RESULTS).write_text("time,value\n1,2\n3,4\n")
    with pytest.raises(InputError, match="line 1 is no record"):
        ledger.read(tmp_path)


@pytest.mark.parametrize("change", [{"seed": 1}, {"time_limit": 2.0}, {"code": "abd"}])
def test_results_of_another_run_are_refused(tmp_path, change):
    now = {"seed": 0, "time_limit": 1.0, "code": "abc"}
    ledger.require_same_run(tmp_path, [entry(0)], **now)
    with pytest.raises(InputError, match=next(iter(change))):
        ledger.require_same_run(tmp_path, [entry(0), entry(1, **change)], **now)


# ---- what is told, and kept ---------------------------------------------------------------------------------------


def test_the_worst_are_kept_and_only_faults_fail():
    records = [entry(index, gap=0.0, seconds=0.1) for index in range(20)]
    records[3] = entry(3, gap=0.5, seconds=0.1)
    records[4] = entry(4, gap=0.0, seconds=9.0)
    records[5] = entry(5, outcome=crew.OVERRUN, seconds=3.0)
    assert is_sound(records)
    kept = {record.index: reasons for record, reasons in worst_cases(records)}
    assert kept[3] == ["largest gap"] and kept[4] == ["slowest"] and kept[5] == [crew.OVERRUN, "slowest"]
    assert is_sound([*records, entry(20, outcome=crew.REFUSED)])
    for bad in ({"wrong": ("a",)}, {"outcome": crew.CRASHED}, {"outcome": crew.UNCHECKED}):
        assert not is_sound([*records, entry(20, **bad)])
        assert 20 in {record.index for record, _ in worst_cases([*records, entry(20, **bad)])}


@pytest.mark.parametrize("kind", ["exact", "soft", "noisy", "targets", "groups"])
def test_a_case_is_solved_by_its_command(tmp_path, kind):
    def wanted(problem):
        reading = problem.reading
        which = {"targets": reading.exact and reading.targets is not None, "groups": problem.groups is not None}
        plain = not problem.separate and reading.probabilities is None and not problem.extreme
        return plain and problem.dimension == 2 and len(problem.points) < 100 and which.get(kind, reading.kind == kind)

    problem = next(problem for problem in (drawn(0, index) for index in range(2_000)) if wanted(problem))
    path = save_case(tmp_path, problem, 30.0, {})
    words = shlex.split(json.loads(path.with_suffix(".json").read_text())["command"])
    done = CliRunner().invoke(modularity_command, [*words[1:], "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["loss"] == pytest.approx(solve(posed(problem), rng=0).loss, rel=1e-12)


def test_a_case_that_the_command_line_cannot_pose_is_told_by_the_benchmark(tmp_path):
    path = save_case(tmp_path, replace(GROUPED, separate=True), 30.0, {})
    assert "benchmarks.soundness --only 1" in json.loads(path.with_suffix(".json").read_text())["command"]


def test_one_problem_is_told_in_full(tmp_path):
    done = CliRunner().invoke(command.main, ["--only", "2", "--time-limit", "5", "--folder", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert str(drawn(0, 2)) in done.stdout and "excess" in done.stdout
    assert (tmp_path / "seed0-problem2.npz").exists()


def test_ctrl_c_keeps_and_tells_what_there_is(tmp_path, monkeypatch):
    def stopped(seed, indices, **_options):
        yield crew.Finished(indices[0], crew.ANSWERED, 0.5, tasks.ANSWER, judgement=Judgement(gap=0.0))
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "work_through", stopped)
    words = ["--problems", "5", "--folder", str(tmp_path)]
    done = CliRunner().invoke(command.main, words)
    assert done.exit_code == 130 and "1 problems; wrong answers: 0" in done.stdout
    assert [record.index for record in ledger.read(tmp_path)] == [0]
    done = CliRunner().invoke(command.main, words)
    assert done.exit_code == 130 and "2 problems; wrong answers: 0" in done.stdout
    done = CliRunner().invoke(command.main, [*words, "--seed", "1"])
    assert done.exit_code == 2 and "holds results with seed 0" in done.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--sources", "0-3"], "not within 1-6"),
        (["--sources", "many"], "neither a number nor a range"),
        (["--problems", "0"], "0 is not in the range"),
        (["--report", "--folder", "nowhere"], "holds no results"),
    ],
)
def test_bad_options_are_refused(tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(command.main, words)
    assert done.exit_code == 2 and said in done.output
    assert not any(tmp_path.iterdir())


def test_what_a_neuron_saves_beside_a_code_is_exact():
    """In its best size: no other saves more, and the code with the neuron in that size costs so much less."""
    problem = replace(drawn(3, 1), mixing=None, probabilities=None, reading=EXACT, groups=None, separate=False)
    rational = RationalProblem(problem)
    code = 0.1 * modular_code(problem, Whitened(problem))
    neuron = code.sum(axis=0)
    saved = rational.saving(code, neuron)
    before = rational.code_loss(code)
    sizes = 10.0 ** np.linspace(-4, 4, 81)
    others = [float(1 - rational.code_loss(np.vstack([code, size**0.5 * neuron])) / before) for size in sizes]
    assert max(others) > 0 and max(others) * (1 - 1e-12) <= saved <= max(others) * 1.05
