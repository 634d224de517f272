"""Audits by example, and what cannot be audited."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from solver import Problem, Sources, audit, solve
from solver.pictures.summary import as_json
from tests.theory.test_neurons import Peak
from theory import InputError
from theory.readouts import Exact, Soft

CUT = np.array([(x, y) for x in range(-2, 3) for y in range(-2, 3) if x + y < 3]) / 2
SQUARE = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
RANDOM = np.random.default_rng(0)
NEURONS = RANDOM.standard_normal((5, 2))
LINEAR = CUT @ NEURONS.T - (CUT @ NEURONS.T).min(axis=0)
RECTIFIED = np.maximum(CUT @ NEURONS.T + 0.2, 0)


@pytest.fixture(scope="module")
def rectified():
    return audit(Problem(CUT), RECTIFIED)


def test_two_neurons_per_source_by_hand():
    # Four neurons 1 +- s_i cost 1 + 1 + 1 each, G = 2, and the decoder 2 * 1/2; the best two cost 2 sqrt 3 each.
    found = audit(Problem(SQUARE), np.hstack([1 + SQUARE, 1 - SQUARE]))
    assert found.loss == pytest.approx(13) and found.optimum.loss == pytest.approx(4 * 3**0.5)
    assert found.excess == pytest.approx(13 / (4 * 3**0.5) - 1) and found.verdict.modular
    np.testing.assert_allclose(found.ratios, 1)
    assert found.savings["size"] == pytest.approx(13 - 4 * 3**0.5) and found.savings["strengths"] < 1e-9
    # Raised by one all biases are 2 and cost 4 instead of 1; a silent neuron costs and earns nothing.
    raised = audit(Problem(SQUARE), np.hstack([2 + SQUARE, np.zeros((4, 1))]))
    assert raised.savings["bias"] == pytest.approx(6)
    assert raised.ratios[0] == pytest.approx(0.5) and np.isnan(raised.ratios[2]) and raised.strengths[2] == 0


def test_a_network_that_is_not_linear(rectified):
    found = rectified
    assert 0.05 < found.unexplained < 0.5 and (found.lifts > 0).any() and found.least_activity == 0
    assert found.savings["bias"] < 1e-9 and found.excess > 0.1
    text = repr(found)
    assert text.startswith(f"{100 * found.unexplained:.3g} % of the variance of the activity is not affine")
    assert f"{100 * found.excess:.3g} % above the optimum, and no code can save more" in text
    assert "biases were raised by up to" in text and "modular for practical purposes (up to 0.1 %)." in text


def test_single_precision_is_affine_enough():
    found = audit(Problem(CUT), LINEAR.astype(np.float32), encoder=NEURONS.astype(np.float32))
    assert found.unexplained < 1e-12 and found.excess == pytest.approx(audit(Problem(CUT), LINEAR).excess, rel=1e-5)
    assert audit(Problem(CUT), LINEAR - 1e-8).lifts.max() == 0


def test_where_the_optimum_is_not_known_a_range_is_said():
    cloud = np.random.default_rng(3).standard_normal((40, 3))
    activity = cloud @ np.random.default_rng(4).standard_normal((4, 3)).T
    found = audit(Problem(cloud), activity - activity.min(axis=0), time_limit=1e-9)
    assert found.optimum.status == "interrupted" and found.excess > found.loss / found.optimum.loss - 1 > 0
    assert re.search(r"This code (is|costs) [\d.]+ to [\d.]+ (%|times) .*the optimum\.", repr(found))
    assert "at most" in repr(found) and found.missing_ratio > 1 and found.missing_saving > 0


def test_data_without_known_sources_and_groups():
    data = np.column_stack([CUT, CUT.sum(axis=1)])
    problem = Problem.from_data(data)
    found = audit(problem, LINEAR)
    assert found.verdict is None and found.scores == {} and found.excess > 0
    grouped = audit(Problem(CUT, groups={"a": [0], "b": [1]}), LINEAR)
    assert grouped.verdict.modular is False and grouped.excess == pytest.approx(audit(Problem(CUT), LINEAR).excess)
    assert "separate" in repr(grouped)


def test_targets_that_leave_a_source_out():
    problem = Problem(CUT, readout=Exact([[1, 0]]))
    best = solve(problem)
    alone = audit(problem, best.activity())
    assert alone.excess < 1e-7 and alone.loss == pytest.approx(best.loss)
    found = audit(problem, LINEAR)
    assert found.loss > best.loss and len(set(found.strengths.round(9))) == 1
    with pytest.raises(InputError, match="cannot be decoded without error"):
        audit(problem, LINEAR[:, :1])


def test_an_audit_is_printed_drawn_and_kept(rectified, tmp_path):
    table = pd.DataFrame(RECTIFIED, columns=list("abcde"))
    named = audit(Problem(CUT), table)
    assert named.neurons == tuple("abcde") and "\na " in repr(named)
    plain = json.loads(as_json(named.to_dict()), parse_constant=pytest.fail)
    assert plain["excess"] == named.excess and plain["fit"] is None and plain["optimum"]["status"] == "optimal"
    assert plain["verdict"]["modular"] is False and len(plain["ratios"]) == 5
    for number, found in enumerate([rectified, audit(Problem(SQUARE[:, :1]), SQUARE[:, :1] + 1)]):
        found.plot(tmp_path / f"{number}.png")
        assert (tmp_path / f"{number}.png").stat().st_size > 10_000
    named.optimum.save(tmp_path / "best.npz")


# ---- what cannot be audited ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("activity", "options", "said"),
    [
        (
            LINEAR - 1,
            {},
            r"activity: \d+ value\(s\) are below zero, the lowest -1 at row \d+, column \d \(counted from 0\)",
        ),
        (LINEAR[1:], {}, r"activity: 21 row\(s\) do not fit 22 samples; give one per sample, in the same order$"),
        (LINEAR.T, {}, r"activity: 5 row\(s\) do not fit 22 samples.*order, which its transpose has"),
        (np.where(LINEAR > 2, np.nan, LINEAR), {}, r"activity: \d+ value\(s\) are NaN or infinite, the first at row"),
        ([["a"] * 5] * 22, {}, "activity: 'a' is not a number"),
        (np.ones((22, 3)), {}, "activity: no neuron varies"),
        (1e200 * LINEAR, {}, "activity: reaches .*e\\+20., and its square is no number"),
        (LINEAR[:, :1], {}, r"activity: what of it is affine spans 1 direction\(s\) of 2 source"),
        (LINEAR, {"encoder": NEURONS.T}, r"encoder: shape \(2, 5\) does not fit 5 neuron.*; give its transpose"),
        (LINEAR, {"decoder": NEURONS}, r"decoder: shape \(5, 2\) does not fit 2 decoded.*; give its transpose"),
        (LINEAR, {"encoder": NEURONS[1:]}, r"encoder: shape \(4, 2\) does not fit 5 neuron"),
        (LINEAR, {"encoder": NEURONS, "rescale": True}, "rescale: encoder and decoder belong to"),
        (LINEAR, {"time_limit": -1}, "time_limit"),
    ],
)
def test_bad_input_is_refused(activity, options, said):
    with pytest.raises(InputError, match=said) as caught:
        audit(Problem(CUT), activity, **options)
    assert "\n" not in str(caught.value)


def test_the_activity_of_another_data_set_is_refused():
    random = np.random.default_rng(0)
    samples = random.uniform(-1, 1, (200, 2))
    activity = np.maximum(samples @ NEURONS.T, 0)
    assert audit(Problem(samples), activity).unexplained < 0.6
    with pytest.raises(InputError, match="give the activity of these samples, in the same order"):
        audit(Problem(samples), random.permutation(activity))


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (SQUARE, r"problem: expected a Problem, got ndarray; write audit\(Problem\(sources\), activity\)"),
        (Problem(Sources.from_moments(np.eye(2) / 3, SQUARE)), "sources: known by their moments alone"),
        (Problem(SQUARE, transitions=[[0, -1], [1, 0]]), "transitions: what a recurrent layer costs is not audited"),
        (Problem(SQUARE, groups={}, separate=True), "separate: any code can be audited"),
    ],
)
def test_problems_that_no_network_can_be_held_against_are_refused(problem, said):
    with pytest.raises(InputError, match=said):
        audit(problem, 1 + SQUARE)


def test_errors_let_a_code_span_less():
    found = audit(Problem(CUT, readout=Soft(10)), LINEAR[:, :1])
    assert found.loss > found.lower_bound and found.code.energies["error"] > 0


def test_a_kind_of_neuron_of_ones_own_accounts_for_all_that_it_pays():
    problem = Problem(CUT, neurons=Peak(2.0))
    found = audit(problem, LINEAR + 1, encoder=NEURONS)
    assert sum(found.savings.values()) == pytest.approx(found.loss - found.lower_bound)
    # Peaks fall by one with the baselines, the mean does not count.
    peaks = LINEAR.max(axis=0)
    assert found.savings["bias"] == pytest.approx(2 * ((peaks + 1) ** 2 - peaks**2).sum())
    again = audit(problem, 3 * solve(problem).activity() + 1, rescale=True)
    assert again.excess < 1e-5
