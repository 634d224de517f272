"""Workers of all kinds give the same table, also where one of them is killed."""

import os
import signal

import numpy as np
import pandas as pd
import pytest

from solver import Sweep, sweep

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
