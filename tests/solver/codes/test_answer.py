"""What answers of linear, rectified and free neurons have in common: tables, scores, labels, words, bounds."""

import json
from itertools import product

import numpy as np
import pandas as pd
import pytest

from solver import Problem, solve
from solver.codes.certified import SAVED_NUMBERS, SAVED_TEXTS
from theory import InputError, Sources
from theory.readouts import Soft

GRID = pd.DataFrame(list(product(range(4), range(3))), columns=["x", "y"], dtype=float)


@pytest.fixture(scope="module", params=["linear", "rectified", "free"])
def answer(request):
    return solve(Problem(GRID, activation=request.param, readout=Soft(100)))


def test_tables_keep_their_names(answer):
    activity = answer.activity(GRID[["y", "x"]])
    assert activity.columns.tolist() == [f"neuron{i + 1}" for i in range(len(answer))]
    np.testing.assert_allclose(activity, answer.activity(), atol=1e-4)
    back = answer.reconstruct(activity)
    assert back.columns.tolist() == ["x", "y"] and back.index.equals(GRID.index)
    np.testing.assert_allclose(back, GRID, atol=0.3)


def test_a_table_without_a_source_is_refused(answer):
    with pytest.raises(InputError, match=r"^sources: there is no column 'y'"):
        answer.activity(GRID[["x"]].assign(z=0.0))


def test_activity_of_other_neurons_is_refused(answer):
    with pytest.raises(InputError, match=r"^activity: \d+ column\(s\), but the code has \d+ neurons"):
        answer.reconstruct(np.zeros((3, len(answer) + 1)))


def test_scores_are_those_of_the_activity(answer):
    scores = answer.metrics()
    assert scores["mutual_information_ratio"] == pytest.approx(1, abs=1e-6)


def test_neurons_are_held_against_labels(answer):
    found = answer.compare(GRID)
    assert sorted(set(found.follows)) == ["x", "y"]
    explained = answer.explain({"right": GRID.x > 1, "low": GRID.y < 1}, shuffles=0)
    assert len(explained.neurons) == len(answer)


def test_json_says_what_every_answer_has(answer):
    plain = json.loads(json.dumps(answer.to_dict()))
    assert {*SAVED_NUMBERS, *SAVED_TEXTS, "price_bounds", "mostly_reads", "ambiguity", "sources"} <= plain.keys()
    assert plain["modular"] is True and plain["sources"] == ["x", "y"]


def test_notebooks_show_a_table(answer):
    assert "<table" in answer._repr_html_() and "proven optimal" in answer._repr_html_()


def test_another_bound_changes_status_and_gap(answer):
    half = answer.bounded_by(answer.loss / 2, "bounded")
    assert (half.status, half.gap) == ("bounded", 0.5)
    assert half.price_bounds[1] >= answer.price_bounds[1]
    assert half.bounded_by(answer.loss, "bounded").status == "optimal"


@pytest.mark.parametrize("kind", ["linear", "rectified", "free"])
def test_labels_of_no_neurons_are_refused(kind):
    silent = solve(Problem(GRID, activation=kind, readout=Soft(1e-6)))
    assert not len(silent)
    for asked in (silent.compare, silent.explain):
        with pytest.raises(InputError, match="no neurons"):
            asked({"right": GRID.x > 1})


def test_labels_of_moments_are_refused():
    answer = solve(Problem(Sources.from_moments(np.eye(2), [[-1, -1], [-1, 1], [1, -1], [1, 1]])))
    for asked in (answer.compare, answer.explain):
        with pytest.raises(InputError, match="there are no samples to label"):
            asked([0, 1, 0, 1])
