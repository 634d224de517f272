"""A sweep, solved: runs of points go to as many workers as there are, and what they find is on disk at once."""

from __future__ import annotations

import os
import platform
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from solver.certificate import certify
from solver.optimise import MOVED, one_thread, solve_one_of_many
from solver.search.continuation import Start
from solver.stopping import noted, raise_if_asked
from solver.sweeps.cluster import WorkerDiedError, workers
from solver.sweeps.journal import opened
from solver.sweeps.plan import SEED, Sweep
from solver.sweeps.spec import read_sweep
from solver.sweeps.table import frame, require_tables
from theory.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from solver.representation import Representation
    from solver.sweeps.pose import Poses
    from theory.problem import Problem

__all__ = ["run", "sweep"]

TASK_SECONDS = 1.0
"""After so long a worker hands over what it has, and takes up the rest of its run later."""

DEATHS = 2
"""Workers that a point may end, solved by itself, before it is reported."""

REFUSED = "refused"
"""Status of a point whose problem cannot be posed; `message` says why."""

Row = dict[str, Any]


@dataclass(frozen=True)
class _Point:
    """One point to solve: where, its seed, and whether the one before is near enough to start from."""

    index: int
    where: dict[str, Any]
    seed: int
    led: bool


@dataclass(frozen=True)
class _Asked:
    """What is asked of the solver at every point."""

    tolerance: float
    time_limit: float | None
    method: str
    certified: bool


def sweep(
    plan: Sweep | str | os.PathLike[str],
    results: str | os.PathLike[str] | None = None,
    *,
    jobs: int | None = None,
    backend: str | None = None,
    scheduler: str | None = None,
    callback: Callable[[int, int], object] | None = None,
) -> pd.DataFrame:
    """Solve every point of a sweep to its certificate; in processes here, or on a cluster.

    With `results` every point is on disk as soon as it is solved. Whatever ends the program, the same call goes on with
    the points that are left, and its answers are those of a run without interruption.

    Args:
        plan: the problems, made by `Sweep.of_family` or `Sweep.of_data`; or the TOML file that describes them.
        results: .parquet file of the table; nothing is kept on disk if not given.
        jobs: processes, -1 for one a core; one, or as many as `joblib.parallel_config` says around this call, if not
            given. Each works on one thread.
        backend: "loky" (processes here), "dask", "ray", or any that joblib knows.
        scheduler: address of the Dask scheduler or Ray head to work on; with these backends and no address a cluster
            of so many workers is started here.
        callback: called with the number of points known and that of all; a true return value stops the sweep.

    Returns:
        A DataFrame, one row a point: its coordinates, then all numbers of the answer. "refused" is the status of a
        point whose problem cannot be posed.

    Raises:
        InputError: results of another sweep, a cluster that is not there, a package that is not installed; no point
            whose problem can be posed.

    Source: docs/scale.md, "Sweeps".

    Example:
        >>> from solver import Sweep
        >>> found = sweep(Sweep.of_family("opposite-corners", parameter=[0.5, 0.6], encoder_cost=[1.0, 2.0]))
        >>> (found.price_of_modularity > 1e-9).tolist()
        [False, False, True, True]
    """
    require_tables()
    plan = plan if isinstance(plan, Sweep) else read_sweep(plan)
    rows = run(plan, results, jobs=jobs, backend=backend, scheduler=scheduler, callback=callback)
    return frame(rows, plan.coordinates)


def run(
    plan: Sweep,
    results: str | os.PathLike[str] | None = None,
    *,
    jobs: int | None = None,
    backend: str | None = None,
    scheduler: str | None = None,
    callback: Callable[[int, int], object] | None = None,
) -> list[Row]:
    """The rows of `sweep`, in the order of their points; fewer where the callback stopped it."""
    if results is not None:
        require_tables()
    with opened(plan, results) as journal:
        if callback is not None:
            callback(len(journal.rows), len(plan))
        alone, deaths = False, dict[int, int]()
        while len(journal.rows) < len(plan):
            known = len(journal.rows)
            tasks = deque(_tasks(plan, journal.rows))
            if alone:
                # Nothing was found before a worker died: one point at a time, to see which it is.
                points, before = tasks[0]
                tasks = deque([(points[:1], before)])
            given_alone = tasks[0][0][0] if alone else None
            asked = _Asked(plan.tolerance, plan.time_limit, plan.method, plan.certified)
            try:
                with workers(jobs, backend, scheduler) as work:
                    while tasks:
                        # What is left of runs that took long is taken up once all have begun.
                        given, tasks = tasks, deque()
                        for rows, rest in work(_solved, plan.poses, asked, given):
                            with noted():
                                journal.add(rows)
                            raise_if_asked()
                            if rest is not None:
                                tasks.append(rest)
                            if callback is not None and callback(len(journal.rows), len(plan)):
                                return [journal.rows[index] for index in sorted(journal.rows)]
            except WorkerDiedError:
                _count_death(deaths, given_alone)
                alone = len(journal.rows) == known
            else:
                alone = False
        found = [journal.rows[index] for index in range(len(plan))]
        if all(row["status"] == REFUSED for row in found):
            journal.worthless = True
            raise InputError(f"sweep: none of its problems can be posed; the first: {found[0]['message']}")
    return found


def _count_death(deaths: dict[int, int], point: _Point | None) -> None:
    """Of the worker that had this point by itself; with None it is not known which point it was."""
    if point is None:
        return
    deaths[point.index] = deaths.get(point.index, 0) + 1
    if deaths[point.index] == DEATHS:
        raise InputError(
            f"sweep: the point {point.where} ended its worker {DEATHS} times; leave it out, or give its workers more "
            "memory"
        ) from None


# ---- what is sent to a worker ---------------------------------------------------------------------------------

_Task = tuple[list[_Point], Row | None]
"""Points in a row, and the row of the one before them if it is known."""


def _tasks(plan: Sweep, known: dict[int, Row]) -> Iterator[_Task]:
    for indices in plan.runs(known):
        points = []
        for index in indices:
            where = plan.point(index)
            seed = where.get(SEED, plan.seed)
            points.append(_Point(index, {k: v for k, v in where.items() if k != SEED}, seed, plan.leads_to(index)))
        yield points, known.get(indices[0] - 1)


def _solved(poses: Poses, asked: _Asked, task: _Task) -> tuple[list[Row], _Task | None]:
    """Rows of as many points as time allows, and the rest of the task."""
    points, before = task
    begun, rows = time.perf_counter(), list[Row]()
    last: Problem | None = None
    with one_thread():
        for place, point in enumerate(points):
            try:
                problem = poses.problem(seed=point.seed, **point.where)
                start = _start(poses, point, before, last)
                answer = solve_one_of_many(
                    problem,
                    method=asked.method,
                    tolerance=asked.tolerance,
                    time_limit=asked.time_limit,
                    rng=point.seed,
                    start=start,
                )
                before, last = _row(point, answer, start is not None, asked.certified), problem
            except InputError as error:
                before, last = _refused(point, str(error)), None
            rows.append(before)
            if time.perf_counter() - begun > TASK_SECONDS and place + 1 < len(points):
                return rows, (points[place + 1 :], before)
    return rows, None


def _start(poses: Poses, point: _Point, before: Row | None, last: Problem | None) -> Start | None:
    """The code of the point before, unless that was of no use there, either."""
    if not point.led or before is None or before["index"] != point.index - 1:
        return None
    if before["status"] != "optimal" or before["start"] == "searched" or before["modular"] is not False:
        return None
    where = {name: before[name] for name in point.where}
    problem = poses.problem(seed=point.seed, **where) if last is None else last
    return Start(problem, np.array(before["source_weights"]))


# ---- rows -----------------------------------------------------------------------------------------------------


def _row(point: _Point, answer: Representation, started: bool, certified: bool) -> Row:
    least, most = answer.price_bounds if answer.problem.sources.identified else (None, None)
    coded = answer.coded_groups()
    row: Row = {
        **_head(point),
        "status": answer.status,
        "loss": answer.loss,
        "lower_bound": answer.lower_bound,
        "gap": answer.gap,
        "neurons": len(answer),
        "modular": answer.modular,
        "modular_loss": answer.modular_loss,
        "price_of_modularity": answer.price_of_modularity,
        "price_least": least,
        "price_most": most,
        "mixed_neurons": sum(len(names) > 1 for names in coded),
        "coded": ", ".join(sorted({"+".join(names) for names in coded})),
        **{f"energy_{name}": value for name, value in answer.energies.items()},
        "method": answer.method,
        "iterations": answer.iterations,
        "seconds": answer.seconds,
        "start": "none" if not started else "moved" if MOVED in answer.message else "searched",
        "tolerance": answer.tolerance,
        "message": answer.message,
        "source_weights": answer.source_weights.tolist(),
        "multiplier": answer.multiplier.tolist(),
    }
    if certified:
        proof = certify(answer.problem, answer)
        row |= {
            "certified_loss": proof.loss,
            "certified_bound": proof.lower_bound,
            "certified_gap": proof.gap,
            "certified_exact": proof.exact,
            "rho": proof.rho,
            "feasible": proof.feasible,
            "least_activity": proof.least_activity,
            "reconstruction_error": proof.reconstruction_error,
        }
    return {name: _finite(value) for name, value in row.items()} | versions()


def _head(point: _Point) -> Row:
    return {**point.where, "index": point.index, SEED: point.seed}


def _finite(value: Any) -> Any:
    """A plain number, or None for what has none."""
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _refused(point: _Point, message: str) -> Row:
    return {**_head(point), "status": REFUSED, "message": message} | versions()


@cache
def versions() -> dict[str, str]:
    """The versions that an answer depends on."""
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for column, name in (("version", "modularity-solver"), ("numpy", "numpy"), ("scipy", "scipy")):
        try:
            found[column] = version(name)
        except PackageNotFoundError:
            found[column] = "not installed"
    return found
