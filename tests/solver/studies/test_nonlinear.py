"""Studies of rectified and free neurons: the numbers that are known, worked out by hand where they can be."""

import math
from itertools import pairwise

import numpy as np
import pytest
from click.testing import CliRunner

from solver.commands.cli import main
from solver.studies.nonlinear import kinds_of_neurons, on_and_off, what_and_where
from solver.studies.study import symmetric_price

DIAGONAL = 2 * math.sqrt(13) / (math.sqrt(17) + 3) - 1
"""Price with the diagonal five times as frequent: what and where have the correlation 4/13."""


def without_corner(diagonals):
    return what_and_where.GRID[what_and_where.GRID.sum(axis=1) <= 2 * what_and_where.SIDE - diagonals]


@pytest.mark.parametrize(
    ("diagonals", "missing", "price"),
    [
        pytest.param(1, 1, 0.0286100, marks=pytest.mark.slow),
        pytest.param(2, 3, 0.1642697, marks=pytest.mark.slow),
        pytest.param(3, 6, 0.4724637, marks=pytest.mark.slow),
    ],
)
def test_what_mixes_without_points_of_a_corner(diagonals, missing, price):
    points = without_corner(diagonals)
    row = what_and_where._row("off one corner", missing, points)
    assert len(points) == 81 - missing
    assert 100 * row["price"] == pytest.approx(price, abs=1e-6)
    assert 100 * row["price_at_least"] == pytest.approx(price, abs=1e-5)


@pytest.mark.slow
def test_the_middle_may_be_missing():
    row = what_and_where._row("without one", "0 0", np.delete(what_and_where.GRID, 40, axis=0))
    assert row["price"] < 1e-9 and not what_and_where.GRID[40].any()


@pytest.mark.thorough
def test_what_mixes_with_all_points_present():
    weights = what_and_where._with_diagonal(5.0)
    assert symmetric_price(what_and_where._covariance(weights)) == pytest.approx(DIAGONAL, rel=1e-12)
    row = what_and_where._row("diagonal", 5.0, what_and_where.GRID, weights)
    assert row["price"] == pytest.approx(DIAGONAL, abs=1e-8) and row["linear_price"] < 1e-9


def test_the_off_neuron_vanishes_at_the_threshold_of_the_paper():
    # A variable that is 1 or 3, and else zero: <I>^2 / <I^2> is 4/5 (1 - p), which is p at 4/9.
    values = np.array([1.0, 3.0])
    threshold = on_and_off._threshold(values)
    assert threshold == pytest.approx(4 / 9)
    for zero in (threshold - 0.02, threshold + 0.02, 0.8):
        row = on_and_off._row("", values, zero, threshold)
        assert row["loss"] == pytest.approx(row["formula"], rel=1e-8)
        assert (row["off"] <= on_and_off.VANISHED) == (zero > threshold)
    # Beyond the threshold an ON neuron that says the variable itself: 2 |I|.
    assert row["formula"] == pytest.approx(2 * math.sqrt(0.2 * 5), rel=1e-12)


@pytest.mark.thorough
def test_the_kinds_of_neurons_on_correlated_sources():
    points = np.array([(-1, -1), (-1, 1), (1, -1), (1, 1)], dtype=float)
    weights = np.array([3.0, 1.0, 1.0, 3.0])
    rows = {
        kind: kinds_of_neurons._row("correlation", kind, None, points, weights) for kind in kinds_of_neurons.COMPARED
    }
    assert {row["degree"] for row in rows.values()} == {0.5}
    # Pairs at the square root of the covariance; a readout that may err saves 2 a source over the cost of errors.
    pairs = 2 * math.sqrt(2) * (math.sqrt(1.5) + math.sqrt(0.5)) - 2 * 2 / kinds_of_neurons.SOFT_READOUT.error_cost
    assert rows["free"]["loss"] == pytest.approx(pairs, rel=1e-8) and rows["free"]["price"] > 0.03
    assert rows["linear"]["price"] < 1e-9
    losses = [rows[kind]["loss"] for kind in ("free", "rectified, cheap weights", "rectified", "linear")]
    # The last two are one code, which costs the same but for rounding.
    assert all(less <= more * (1 + 1e-12) for less, more in pairwise(losses))


@pytest.mark.slow
def test_a_claim_that_does_not_hold_is_said_to_fail(tmp_path, monkeypatch):
    monkeypatch.setattr(on_and_off, "VANISHED", 1.0)  # no OFF neuron counts
    result = CliRunner().invoke(main, ["reproduce", "on-and-off", "--quick", "--folder", str(tmp_path)])
    assert result.exit_code == 1 and result.stdout.startswith("FAILS  on-and-off")
