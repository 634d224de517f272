"""Workers of all kinds give the same table, also where one of them is killed."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from solver import Sweep, sweep
from solver.sweeps.pose import OfFamily
from theory import InputError

pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("ignore")]


WORKERS = 3
"""Of the cluster that loses one."""


@pytest.fixture(autouse=True)
def _not_nice(monkeypatch):
    """Ray's workers make way for whatever else the machine is busy with, and then never end."""
    monkeypatch.setenv("RAY_worker_niceness", "0")


@pytest.fixture(scope="module")
def plan():
    costs = np.geomspace(0.1, 10, 20)
    return Sweep.of_family("opposite-corners", parameter=np.linspace(0.1, 1.5, 10), encoder_cost=costs, certified=False)


@pytest.fixture(scope="module")
def alone(plan):
    return steady(sweep(plan))


def steady(table):
    return table.drop(columns="seconds")


@pytest.mark.parametrize("backend", ["loky", "ray", "dask"])
def test_two_workers_find_what_one_finds(plan, alone, tmp_path, backend):
    found = sweep(plan, tmp_path / "table.parquet", jobs=2, backend=backend)
    pd.testing.assert_frame_equal(steady(found), alone, check_dtype=False)


def test_a_worker_that_is_killed_loses_nothing(plan, alone, tmp_path):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=WORKERS, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        before = client.run(os.getpid)
        assert len(set(before.values())) == WORKERS
        killed = []

        def callback(done, count):
            if done > count / 8 and not killed:
                killed.append(next(iter(before.values())))
                os.kill(killed[0], signal.SIGKILL)

        address = cluster.scheduler_address
        found = sweep(plan, tmp_path / "table.parquet", backend="dask", scheduler=address, callback=callback)
        assert killed and killed[0] not in client.run(os.getpid).values()
    assert found["index"].tolist() == list(range(len(plan)))
    pd.testing.assert_frame_equal(steady(found), alone, check_dtype=False)


@dataclass
class Deadly:
    """Problems that end the process that poses them: once, or always at one place."""

    mark: str
    always: bool = False
    coordinates = ("parameter", "encoder_cost")

    def describe(self):
        return {"deadly": self.always}

    def problem(self, *, seed, **point):
        if point["parameter"] > 1 and (self.always or not Path(self.mark).exists()):
            Path(self.mark).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return OfFamily("opposite-corners").problem(seed=seed, **point)


@pytest.mark.parametrize("backend", ["loky", "ray"])
def test_a_pool_that_loses_a_worker_is_started_again(tmp_path, backend):
    axes = {"parameter": [0.5, 1.1], "encoder_cost": [1.0, 2.0]}
    expected = sweep(Sweep(OfFamily("opposite-corners"), axes=axes, certified=False))
    deadly = Sweep(Deadly(str(tmp_path / "mark")), axes=axes, certified=False)
    found = sweep(deadly, tmp_path / "table.parquet", jobs=2, backend=backend)
    assert (tmp_path / "mark").exists()
    pd.testing.assert_frame_equal(steady(found), steady(expected), check_dtype=False)


def test_a_point_that_ends_its_worker_twice_is_named_and_the_others_are_kept(tmp_path):
    axes = {"parameter": [0.5, 1.1]}
    deadly = Sweep(Deadly(str(tmp_path / "mark"), always=True), axes=axes, certified=False)
    with pytest.raises(InputError, match=r"'parameter': 1.1.*ended its worker 2 times"):
        sweep(deadly, tmp_path / "table.parquet", jobs=2, backend="loky")
    assert (tmp_path / "table.parquet.journal").read_bytes().count(b"\n") == 2
