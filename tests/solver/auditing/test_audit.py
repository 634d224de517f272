"""Audits by example, and what cannot be audited."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from solver import Problem, Sources, audit, solve
from solver.auditing.audit import audited
from solver.pictures.summary import as_json
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
    return audit(RECTIFIED, CUT)


def test_two_neurons_a_source_by_hand():
    # Four neurons 1 +- s_i cost 1 + 1 + 1 each, G = 2, and the decoder 2 * 1/2; the best two cost 2 sqrt 3 each.
    found = audit(np.hstack([1 + SQUARE, 1 - SQUARE]), SQUARE)
    assert found.loss == pytest.approx(13) and found.optimum.loss == pytest.approx(4 * 3**0.5)
    assert found.excess == pytest.approx(13 / (4 * 3**0.5) - 1) and found.verdict.modular
    np.testing.assert_allclose(found.ratios, 1)
    assert found.savings["size"] == pytest.approx(13 - 4 * 3**0.5) and found.savings["strengths"] < 1e-9
    # Raised by one all biases are 2 and cost 4 instead of 1; a silent neuron costs and earns nothing.
    raised = audit(np.hstack([2 + SQUARE, np.zeros((4, 1))]), SQUARE)
    assert raised.savings["bias"] == pytest.approx(6)
    assert raised.ratios[0] == pytest.approx(0.5) and np.isnan(raised.ratios[2]) and raised.strengths[2] == 0


def test_a_network_that_is_not_linear(rectified):
    found = rectified
    assert 0.05 < found.unexplained < 0.5 and (found.lifts > 0).any() and found.least_activity == 0
    assert found.savings["bias"] < 1e-9 and found.excess > 0.1
    text = repr(found)
    assert text.startswith(f"{100 * found.unexplained:.3g} % of the variance of the activity is not affine")
    assert f"{100 * found.excess:.3g} % above the optimum, and no code can save more" in text
    assert "biases were raised by up to" in text and "Theory: the best code is mixed" in text


def test_single_precision_is_affine_enough():
    found = audit(LINEAR.astype(np.float32), CUT, encoder=NEURONS.astype(np.float32))
    assert found.unexplained < 1e-12 and found.excess == pytest.approx(audit(LINEAR, CUT).excess, rel=1e-5)
    assert audit(LINEAR - 1e-8, CUT).lifts.max() == 0


def test_where_the_optimum_is_not_known_a_range_is_said():
    cloud = np.random.default_rng(3).standard_normal((40, 3))
    activity = cloud @ np.random.default_rng(4).standard_normal((4, 3)).T
    found = audit(activity - activity.min(axis=0), cloud, time_limit=1e-9)
    assert found.optimum.status == "interrupted" and found.excess > found.loss / found.optimum.loss - 1 > 0
    assert re.search(r"This code (is|costs) [\d.]+ to [\d.]+ (%|times) .*the optimum\.", repr(found))
    assert "at most" in repr(found) and found.missing_ratio > 1 and found.missing_saving > 0


def test_data_without_known_sources_and_groups():
    data = np.column_stack([CUT, CUT.sum(axis=1)])
    problem = Problem.from_data(data)
    found = audited(problem, LINEAR)
    assert found.verdict is None and found.scores == {} and found.excess > 0
    grouped = audited(Problem(CUT, groups={"a": [0], "b": [1]}), LINEAR)
    assert grouped.verdict.modular is False and grouped.excess == pytest.approx(audit(LINEAR, CUT).excess)
    assert "separate" in repr(grouped)


def test_targets_that_leave_a_source_out():
    problem = Problem(CUT, readout=Exact([[1, 0]]))
    best = solve(problem)
    alone = audited(problem, best.activity())
    assert alone.excess < 1e-7 and alone.loss == pytest.approx(best.loss)
    found = audited(problem, LINEAR)
    assert found.loss > best.loss and len(set(found.strengths.round(9))) == 1
    with pytest.raises(InputError, match="cannot be decoded without error"):
        audited(problem, LINEAR[:, :1])


def test_an_audit_is_printed_drawn_and_kept(rectified, tmp_path):
    table = pd.DataFrame(RECTIFIED, columns=list("abcde"))
    named = audit(table, CUT)
    assert named.neurons == tuple("abcde") and "\na " in repr(named)
    plain = json.loads(as_json(named.to_dict()), parse_constant=pytest.fail)
    assert plain["excess"] == named.excess and plain["fit"] is None and plain["optimum"]["status"] == "optimal"
    assert plain["verdict"]["modular"] is False and len(plain["ratios"]) == 5
    for number, found in enumerate([rectified, audit(SQUARE[:, :1] + 1, SQUARE[:, :1])]):
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
        (LINEAR[1:], {}, r"activity: 21 row\(s\) do not fit 22 samples; give one a sample, in the same order$"),
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
        (LINEAR, {"encoder_cost": -1}, "encoder_cost: -1 is not a price"),
        (LINEAR, {"time_limit": -1}, "time_limit"),
    ],
)
def test_bad_input_is_refused(activity, options, said):
    with pytest.raises(InputError, match=said) as caught:
        audit(activity, CUT, **options)
    assert "\n" not in str(caught.value)


def test_the_activity_of_another_data_set_is_refused():
    random = np.random.default_rng(0)
    samples = random.uniform(-1, 1, (200, 2))
    activity = np.maximum(samples @ NEURONS.T, 0)
    assert audit(activity, samples).unexplained < 0.6
    with pytest.raises(InputError, match="give the activity of these samples, in the same order"):
        audit(random.permutation(activity), samples)


def test_problems_that_no_network_can_be_held_against_are_refused():
    uniform = Sources.from_moments(np.eye(2) / 3, SQUARE)
    with pytest.raises(InputError, match="sources: known by their moments alone"):
        audit(1 + SQUARE, uniform)
    turning = Problem(SQUARE, transitions=[[0, -1], [1, 0]])
    with pytest.raises(InputError, match="transitions: what a recurrent layer costs is not audited"):
        audited(turning, 1 + SQUARE)
    with pytest.raises(InputError, match="separate: any code can be audited"):
        audited(Problem(SQUARE, groups={}, separate=True), 1 + SQUARE)


def test_errors_let_a_code_span_less():
    found = audit(LINEAR[:, :1], CUT, readout=Soft(10))
    assert found.loss > found.lower_bound and found.code.energies["error"] > 0
