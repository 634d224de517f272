"""Three sources on a grid, and how they are changed."""

import numpy as np
import pytest

from solver.studies.condition.three_sources import (
    CUBE,
    _row,
    cut,
    hollow,
    multi_information,
    strengthened,
)
from solver.studies.study import symmetric_price


def test_what_is_cut_strengthened_and_removed():
    corner, whole = CUBE[cut(0.3) == 0], np.ones(len(CUBE))
    # The tip, the three points beside it, and the six at two steps.
    assert len(corner) == 1 + 3 + 6 and corner.sum(axis=1).min() > 2.7
    assert (cut(0.0) == whole).all() and (strengthened(1.0) == whole).all()
    assert np.abs(CUBE[hollow(0.5) == 0]).max() == pytest.approx(0.5)
    assert (strengthened(7.0)[np.ptp(CUBE, axis=1) == 0] == 7).all()


def test_what_sources_tell_of_each_other():
    tip = np.zeros(len(CUBE))
    tip[[0, -1]] = 1  # two values, which are the same in all three
    assert multi_information(tip) == pytest.approx(1)
    pair = ((CUBE[:, 0] == CUBE[:, 1]) & (np.abs(CUBE[:, 2]) == 1)).astype(float)
    # log 21 of 2 log 21 + log 2 - log 21.
    assert multi_information(pair) == pytest.approx(np.log(21) / (np.log(21) + np.log(2)))


def test_the_price_of_free_neurons_by_hand():
    correlation = 0.4
    matrix = np.full((3, 3), correlation) + (1 - correlation) * np.eye(3)
    expected = 3 / (np.sqrt(1 + 2 * correlation) + 2 * np.sqrt(1 - correlation)) - 1
    assert symmetric_price(4 * matrix) == pytest.approx(expected)


def test_a_corner_mixes_and_a_diagonal_does_not():
    corner = _row("a corner cut", 2.5, cut(2.5))
    diagonal = _row("diagonal strengthened", 50.0, strengthened(50.0))
    assert corner["price"] > 1e-4 and not corner["theory_modular"] and np.isnan(corner["free_price"])
    assert diagonal["price"] < 1e-9 and diagonal["theory_modular"] and diagonal["free_price"] > 0.05
    assert corner["multi_information"] < diagonal["multi_information"]
