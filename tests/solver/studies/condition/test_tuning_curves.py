"""Place fields, modules and waves of the study of tuning curves."""

import numpy as np
import pytest

from solver import solve
from solver.questions.tuning import unique_tuning
from solver.studies.condition.tuning_curves import (
    OPEN,
    OTHERS,
    OTHERWISE_PROVEN,
    POSITIONS,
    SCATTERED,
    _fields,
    _modules,
    _outcome,
    _turned,
)
from solver.studies.study import is_free
from solver.studies.tasks import circle
from theory.problem import Problem


def test_fields_are_triangles_on_a_ring():
    fields = _fields(4, 1.5)
    assert fields.shape == (4 * POSITIONS, 4) and fields.max(axis=0).tolist() == [1.0] * 4
    assert fields[POSITIONS].tolist() == pytest.approx([1 / 3, 1, 1 / 3, 0])
    assert fields[-POSITIONS // 2, 0] == pytest.approx(2 / 3) == pytest.approx(fields[-POSITIONS // 2, 3])


@pytest.mark.parametrize(("width", "outcome"), [(1.0, SCATTERED), (1.6, OTHERWISE_PROVEN), (2.0, OTHERS)])
def test_wide_fields_have_others_in_their_place(width, outcome):
    activity = _fields(4, width)
    found = unique_tuning(activity)
    assert _outcome(found) == outcome
    if outcome == OTHERS:
        assert found.others.min() > -1e-9
        assert found.others @ found.others.T == pytest.approx(activity @ activity.T, abs=1e-6)


@pytest.mark.parametrize(("ratio", "unique"), [((2, 3, 12), True), ((1, 2, 6), False)])
def test_modules_are_unique_where_they_are_optimal(ratio, unique):
    price, found = _modules(*ratio)
    assert found.unique is unique and is_free(price) == unique


def test_a_turned_code_has_other_similarities():
    whole, centred, found = _turned(5)
    assert whole > 0.1 and centred == pytest.approx(0, abs=1e-12) and found.unique
    # Three cells at three places are turned into each other.
    assert _turned(3)[0] == pytest.approx(0, abs=1e-12)


def test_a_turned_code_is_optimal():
    problem = Problem(circle(range(5), 5))
    code = solve(problem)
    turn = 2 * np.pi / 5
    turned = code.source_weights @ [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]
    assert code.status == "optimal" and problem.loss(turned) == pytest.approx(code.loss, rel=1e-12)


def test_what_is_left_open_is_said():
    assert _outcome(unique_tuning(np.round(_fields(6, 2.2), 3))) == OPEN
