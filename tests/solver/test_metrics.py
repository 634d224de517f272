"""Scores of modularity: one for modular codes, less for mixed ones, whatever the order and scale of neurons."""

import numpy as np
import pytest

from solver import Problem, Sources, solve
from solver.metrics import (
    conditional_information,
    dci,
    modularity_scores,
    mutual_information_gap,
    mutual_information_ratio,
)
from theory.errors import InputError

RNG = np.random.default_rng(0)
SOURCES = RNG.uniform(-1, 1, size=(800, 3))
TURN = np.linalg.qr(RNG.standard_normal((3, 3)))[0]


def test_modular_codes_score_one_and_turned_ones_less():
    modular, mixed = modularity_scores(SOURCES, SOURCES), modularity_scores(SOURCES @ TURN, SOURCES)
    assert modular["conditional_information"] == pytest.approx(1)
    assert modular["mutual_information_ratio"] > 0.9
    assert modular["dci_disentanglement"] > 0.95 and modular["dci_completeness"] > 0.95
    for name in ("conditional_information", "mutual_information_ratio", "dci_disentanglement", "dci_completeness"):
        assert mixed[name] < modular[name] - 0.2
    assert modular["dci_informativeness"] > 0.99 and mixed["dci_informativeness"] > 0.99


def test_evenly_mixed_neurons_score_zero():
    even = SOURCES @ np.array([[1, 1, 1], [1, 1, -1], [1, -1, 1]]).T
    equal = SOURCES / SOURCES.std(axis=0)
    assert conditional_information(equal @ np.array([[1, 1, 1], [1, 1, -1], [1, -1, 1]]).T, equal) < 0.02
    assert mutual_information_ratio(even, SOURCES) < 0.2


def test_the_gap_asks_for_one_neuron_a_source():
    assert mutual_information_gap(SOURCES, SOURCES) > 0.9
    assert mutual_information_gap(SOURCES @ TURN, SOURCES) < 0.5
    halves = np.column_stack([np.maximum(SOURCES, 0), np.maximum(-SOURCES, 0)])
    assert mutual_information_ratio(halves, SOURCES) > 0.85 and mutual_information_gap(halves, SOURCES) < 0.2
    # One neuron alone is its own gap; where nothing is told there is none.
    assert mutual_information_gap(SOURCES[:, :1], SOURCES[:, :2]) == pytest.approx(1)
    corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1], [0, 0]], dtype=float)
    assert np.isnan(mutual_information_gap(corners, corners))


def test_conditional_information_sees_through_correlation():
    correlated = SOURCES[:, :2] @ np.array([[1, 0.8], [0, 0.6]])
    assert conditional_information(correlated, correlated) == pytest.approx(1)
    assert mutual_information_ratio(correlated, correlated) < 0.9


def test_order_scale_and_silence_do_not_matter():
    activity = SOURCES @ TURN
    moved = np.column_stack([activity[:, ::-1] * [1, 5, 0.1] + 2, np.zeros(len(activity))])
    assert conditional_information(moved, SOURCES) == pytest.approx(conditional_information(activity, SOURCES))
    for name, value in dci(activity, SOURCES).items():
        assert dci(moved, SOURCES)[name] == pytest.approx(value, abs=1e-6)


def test_probabilities_count_like_repeated_samples():
    counts = RNG.integers(0, 4, size=60)
    activity, sources = SOURCES[:60] @ TURN, SOURCES[:60]
    for score in (conditional_information, dci):
        weighted = score(activity, sources, probabilities=counts)
        repeated = score(np.repeat(activity, counts, axis=0), np.repeat(sources, counts, axis=0))
        assert weighted == pytest.approx(repeated) and weighted != pytest.approx(score(activity, sources))
    for probabilities, said in ((counts[1:], "59 do not fit 60"), (-1.0 * counts, "some are negative")):
        with pytest.raises(InputError, match=said):
            conditional_information(activity, sources, probabilities=probabilities)


def test_too_few_samples_to_tell_score_no_number():
    corners = np.array([[x, y] for x in (0, 1) for y in (0, 1)] + [[0, 0]])
    assert np.isnan(mutual_information_ratio(corners, corners))


def test_scores_of_a_representation():
    grid = np.array([[x, y] for x in range(5) for y in range(5)])
    modular, mixed = (solve(Problem(points)).metrics() for points in (grid, grid[grid.sum(axis=1) < 5]))
    assert modular["conditional_information"] == pytest.approx(1)
    assert mixed["conditional_information"] < 0.9
    uniform = Sources.from_moments(np.eye(2) / 3, [[-1, -1], [-1, 1], [1, -1], [1, 1]])
    with pytest.raises(InputError, match="known by their moments alone"):
        solve(Problem(uniform)).metrics()


@pytest.mark.parametrize(
    ("activity", "sources", "said"),
    [
        (SOURCES[:-1], SOURCES, "799 rows do not fit 800"),
        (SOURCES, SOURCES[:, :1], "give at least two"),
        (np.ones((800, 2)), SOURCES, "no neuron varies"),
        (SOURCES[:4], SOURCES[:4], "4 samples are too few"),
        (SOURCES, np.column_stack([SOURCES, np.ones(800)]), "a source is constant"),
    ],
)
def test_bad_arguments(activity, sources, said):
    with pytest.raises(InputError, match=said):
        modularity_scores(activity, sources)
