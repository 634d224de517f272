"""Tasks in time in the benchmark of soundness: what is drawn, answers that stand, and what is planted."""

from collections import Counter
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from benchmarks.soundness.activations import activation_of, drawn_of, sources_of
from benchmarks.soundness.cases import save_case
from benchmarks.soundness.crew import ANSWERED, Finished
from benchmarks.soundness.in_time import judge_task, measured, task_claim_of
from benchmarks.soundness.ledger import record_of
from benchmarks.soundness.networks import Network, exactly, in_best_units, others, run
from benchmarks.soundness.tasks import MOST_ENTERING, DrawnTask, task_of
from benchmarks.soundness.work import judged, solved
from solver import Trials
from theory.errors import InputError

PAIRS = np.array([[one, other] for one in (-1.0, 0, 1) for other in (-1.0, 0, 1)])


def recall(cues=PAIRS, steps=3, **costs):
    """Cues of the first step, wanted at the last."""
    inputs = np.zeros((len(cues), steps, 2))
    wanted = np.full(inputs.shape, np.nan)
    inputs[:, 0] = wanted[:, -1] = cues
    given = {"encoder_cost": 1.0, "decoder_cost": 1.0} | costs
    points = inputs.reshape(len(cues), -1)
    return DrawnTask(0, 1, "by hand", points, None, None, activation="in-time", inputs=inputs, wanted=wanted, **given)


@cache
def answered():
    return task_claim_of(recall())[0]


def wrong_of(problem=None, **changes):
    return judge_task(problem or recall(), replace(answered(), **changes), descents=False).wrong


# ---- what is drawn ------------------------------------------------------------------------------------------------


def test_every_task_drawn_is_accepted_and_what_is_far_apart_may_be_refused():
    tasks = [task_of(0, index) for index in range(200)]
    for task in tasks:
        try:
            trials = Trials(**task.options())
        except InputError:
            assert task.extreme, task
            continue
        assert 2 <= trials.count <= 9 and 2 <= trials.steps <= 5 and trials.channels in (1, 2)
        assert len(trials.entry) <= MOST_ENTERING
        assert sources_of(0, task.index, "in-time") == trials.channels and str(task)
    assert {task.extreme for task in tasks} == {True, False}
    assert any(not task.decoded[:, -1].all() for task in tasks)
    assert any((task.inputs[-1] == task.inputs[0]).all() for task in tasks)
    again = drawn_of(0, 7, "in-time")
    assert str(again) == str(tasks[7]) and np.array_equal(again.wanted, tasks[7].wanted, equal_nan=True)


def test_a_few_of_all_problems_are_tasks():
    kinds = Counter(activation_of(0, index, "all") for index in range(2000))
    assert 30 < kinds["in-time"] < 100


# ---- the checker's own networks -----------------------------------------------------------------------------------


def test_what_a_network_costs_by_hand():
    network = Network(*map(np.array, ([[0.5]], [[1.0, 0.0]], [1.0], [2.0], [[4.0], [0.0]], [-8.0, 0.0])))
    task = recall(np.array([[-1.0, 1.0], [1.0, 1.0]]), steps=2, encoder_cost=3.0, decoder_cost=0.5)
    task = replace(task, probabilities=np.array([1.0, 3.0]), recurrent_cost=2.0)
    # Activity 1 then 1.5 in a quarter of the time, else 3 then 2.5, read as -2 and 2.
    found = measured(task, network)
    paid = (0.25 * (1 + 2.25) + 0.75 * (9 + 6.25)) / 2
    assert {name: float(part) for name, part in found.energies.items()} == pytest.approx(
        {"activity": paid, "input": 3.0, "recurrent": 0.5, "readout": 8.0}
    )
    assert found.missed[0] == pytest.approx(1.0) and not found.feasible
    assert run(task, network)[..., 0].tolist() == [[1.0, 1.5], [3.0, 2.5]]


@pytest.mark.thorough
def test_other_networks_do_the_task_and_none_costs_less_than_an_optimal_one():
    claim, task = answered(), recall()
    losses = dict[str, float]()
    for name, network in others(task, claim.network):
        found = measured(task, network)
        if found.feasible:
            losses[name] = float(found.loss)
    assert {"the answer's own", "split", "in another order", "lowered", "in other units"} <= set(losses)
    assert any("descent" in name for name in losses)
    assert min(losses.values()) == pytest.approx(claim.loss, rel=1e-6)
    assert losses["split"] == pytest.approx(losses["the answer's own"], rel=1e-12)


def test_the_best_units_are_found_again():
    task, own = recall(), exactly(recall(), answered().network)
    scale = np.geomspace(1e-2, 1e3, len(own.bias))
    other = Network(
        scale[:, None] * own.recurrent / scale,
        scale[:, None] * own.inward,
        scale * own.bias,
        scale * own.rest,
        own.readout / scale,
        own.constant,
    )
    assert measured(task, other).loss > 10 * measured(task, own).loss
    assert float(measured(task, in_best_units(task, other)).loss) == pytest.approx(answered().loss, rel=1e-6)


# ---- what is judged -----------------------------------------------------------------------------------------------


def test_a_true_answer_stands():
    assert answered().status == "optimal" and wrong_of() == []


@pytest.mark.thorough
def test_descents_find_no_better_than_a_true_answer():
    assert judge_task(recall(), answered()).wrong == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lower_bound": 1.001}, "above the loss of a code"),
        ({"lower_bound": 1.001}, "above the answer's own loss"),
        ({"lower_bound": 0.9}, "the status is optimal"),
        ({"lower_bound": 0.9}, "by certify_in_time"),
        ({"loss": 1.001}, "is not that of the network"),
        ({"rest": 0.99}, "below zero"),
        ({"decoder": 1.001}, "misses its targets"),
        ({"gap": 1e9}, "the gap is said to be"),
        ({"recurrent": np.nan}, "not finite"),
    ],
)
def test_what_is_planted_is_found(changes, words):
    ((name, factor),) = changes.items()
    wrong = wrong_of(**{name: getattr(answered(), name) * factor})
    assert any(words in sentence for sentence in wrong), wrong


def test_a_bound_between_the_best_network_and_a_worse_answer_is_found():
    """The answer's own network does not refute it: one in better units does."""
    best, scale = answered(), 3.0
    worse = replace(best, encoder=best.encoder * scale, bias=best.bias * scale, rest=best.rest * scale)
    worse = replace(worse, decoder=best.decoder / scale)
    own = measured(recall(), worse.network)
    loss, bound = float(own.loss), best.loss * 1.01
    assert own.feasible and bound < loss
    worse = replace(worse, loss=loss, lower_bound=bound, gap=1 - bound / loss, status="bounded")
    worse = replace(worse, energies={name: float(part) for name, part in own.energies.items()})
    worse = replace(worse, checked=(loss, bound, worse.gap, True))
    (sentence, *_) = judge_task(recall(), worse, descents=False).wrong
    assert "above the loss of a code (in other units)" in sentence


def test_an_answer_to_another_task_is_found():
    task, wanted = recall(), recall().wanted.copy()
    wanted[3, -1, 1] += 1e-6
    assert any("misses its targets" in sentence for sentence in wrong_of(replace(task, wanted=wanted)))
    dearer = replace(task, recurrent_cost=1.1)
    assert any("the recurrent is said to cost" in sentence for sentence in wrong_of(dearer))


@pytest.mark.thorough
@pytest.mark.parametrize("index", [2, 3, 20, 24, 28])
def test_drawn_tasks_go_all_the_way(index, tmp_path):
    problem = drawn_of(0, index, "in-time")
    found = solved(0, index, 30.0, activation="in-time")
    judgement, seconds, error = judged((0, index), found, activation="in-time")
    assert not error and judgement.wrong == [] and judgement.excess < 1e-9
    finished = Finished(index, ANSWERED, found.seconds, found.claim, found.warned, error, judgement, seconds)
    record = record_of(problem, finished, time_limit=30.0, code="")
    assert record.activation == "in-time" and record.neurons == len(found.claim.bias)
    path = save_case(tmp_path, problem, 30.0, {})
    assert "--activation in-time" in path.with_suffix(".json").read_text()
    with np.load(path) as saved:
        np.testing.assert_array_equal(saved["targets"], problem.wanted)
