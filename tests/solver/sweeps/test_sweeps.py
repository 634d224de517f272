"""Sweeps: the same table whatever interrupts them, and nothing of another's."""

import pandas as pd
import pytest

from solver import Sweep, sweep
from theory import InputError


def plan(cost=1.0):
    return Sweep.of_family("opposite-corners", parameter=[0.5, 0.7], encoder_cost=[cost, 2.0])


def steady(table):
    return table.drop(columns="seconds")


def test_a_stopped_sweep_goes_on_and_counts_nothing_twice(tmp_path):
    file = tmp_path / "table.parquet"
    journal = tmp_path / "table.parquet.journal"
    whole = sweep(plan())
    sweep(plan(), file)
    pd.testing.assert_frame_equal(steady(pd.read_parquet(file)), steady(whole), check_dtype=False)
    assert not journal.exists() and (whole.certified_gap < 1e-8).all()
    with pytest.raises(InputError, match="holds another sweep"):
        sweep(plan(3.0), file)


def test_unknown_names_are_refused():
    with pytest.raises(InputError, match="did you mean"):
        Sweep.of_family("opposite-corners", paramter=[0.5])
