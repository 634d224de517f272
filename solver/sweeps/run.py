"""A sweep, solved: runs of points go to as many workers as there are, and their rows to disk at once.

1. Read the journal: which points are known.
2. Cut the points that are left into runs; a task is the rest of a run with the row of the point before it.
3. A worker solves the points of a run of two sources together (`solver.batches`), those that are known already with
   them, so that interruptions change no digit. Of other points it takes one after the other, each from the code of the
   one before if that helped. After a second it hands over its rows and the rest of the task.
4. Write the rows to the journal; put the rest of the task at the end of the queue.
5. Where a worker dies, begin again from step 2. Where nothing was handed over before it died, solve the points that
   had been begun one by one; give up a point that ends its worker twice, and the sweep after three such points.
6. Once all points are known write the table.
"""

from __future__ import annotations

import os
import platform
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

import solver.solving.plan as planning
from solver.batches.pose import fits
from solver.batches.solve_many import solved_at_once
from solver.certificate import certify
from solver.extras import PROJECT, version_of
from solver.methods.continuation import Start
from solver.plain import attributes
from solver.solving.run import MOVED, one_thread
from solver.solving.solve import solve_any_of_many
from solver.stopping import noted, raise_if_stopped
from solver.sweeps.cluster import WorkerDiedError, end_with, workers
from solver.sweeps.journal import opened
from solver.sweeps.plan import SEED, Sweep
from solver.sweeps.pose import Poses, Tells
from solver.sweeps.spec import read_sweep
from solver.sweeps.table import Row, frame, require_tables
from theory.errors import InputError
from theory.problem import Problem

if TYPE_CHECKING:
    import pandas as pd

REFUSED = "refused"  # status of a point whose problem cannot be posed; `message` says why


@dataclass(frozen=True)
class WorkLimits:
    """How long a worker keeps its rows, and how many deaths a sweep stands."""

    task_seconds: float = 1.0  # after so long a worker hands over its rows
    deaths: int = 2  # workers that a point may end, solved by itself, before it is given up
    abandoned: int = 3  # points, after which a sweep ends: it is the machine rather than all of them


WORK = WorkLimits()


@dataclass(frozen=True)
class _SweepPoint:
    """One point to solve: where, its seed, and whether the one before is near enough to start from.

    By itself no other one is looked at: what ends its worker is no other's fault.
    """

    index: int
    where: dict[str, Any]
    seed: int
    led: bool
    by_itself: bool = False


@dataclass(frozen=True)
class _Settings:
    """Settings of the solver for every point, and the process that gave them."""

    tolerance: float
    time_limit: float | None
    method: str
    certified: bool
    process: int


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
        jobs: processes, -1 for one per core; one, or as many as `joblib.parallel_config` says around this call, if not
            given. Each works on one thread.
        backend: "loky" (processes here), "dask", "ray", or any that joblib knows.
        scheduler: address of the Dask scheduler or Ray head to work on; with these backends and no address a cluster
            of so many workers is started here.
        callback: called with the number of points known and that of all; a true return value stops the sweep.

    Returns:
        A DataFrame, one row per point: its coordinates, then all numbers of the answer. "refused" is the status of a
        point whose problem cannot be posed.

    Raises:
        InputError: results of another sweep, a cluster that is not there, a package that is not installed; no point
            whose problem can be posed.

    Source: docs/scale.md, "Sweeps".

    Example:
        >>> from solver import Sweep
        >>> table = sweep(Sweep.of_family("opposite-corners", parameter=[0.5, 0.6], encoder_cost=[1.0, 2.0]))
        >>> (table.price_of_modularity > 1e-9).tolist()
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
    with opened(plan, results) as journal:  # step 1, and step 6 at its end
        if callback is not None:
            callback(len(journal.rows), len(plan))
        left = _Left(plan, journal.rows)
        settings = _Settings(plan.tolerance, plan.time_limit, plan.method, plan.certified, os.getpid())
        solve_task = partial(_solved, plan, settings)
        while left.any():
            try:
                with workers(jobs, backend, scheduler) as work:
                    while tasks := left.tasks():
                        for rows, rest in work(solve_task, left.begun(tasks)):
                            with noted():  # step 4
                                journal.add(rows)
                            raise_if_stopped()
                            left.put_back(rest)
                            if callback is not None and callback(len(journal.rows), len(plan)):
                                return [journal.rows[index] for index in sorted(journal.rows)]
            except WorkerDiedError:  # step 5
                left.worker_died()
        if left.abandoned:
            raise InputError(_of_deaths(plan, left))
        rows = [journal.rows[index] for index in range(len(plan))]
        if all(row["status"] == REFUSED for row in rows):
            journal.worthless = True
            raise InputError(f"sweep: none of its problems can be posed; the first: {rows[0]['message']}")
    return rows


def _of_deaths(plan: Sweep, left: _Left) -> str:
    others = f", and {len(left.abandoned) - 1} more theirs" if len(left.abandoned) > 1 else ""
    rest = "all else is solved" if left.tried else "the rest was not tried"
    return (
        f"sweep: the point {plan.point(left.abandoned[0])} ended its worker {WORK.deaths} times{others}; {rest}; leave "
        "it out, or give the same command on workers with more memory"
    )


# ---- steps 2 and 5: what is left ------------------------------------------------------------------------------


class _Left:
    """The points of a sweep that are left, and which of them end their workers."""

    def __init__(self, plan: Sweep, known: dict[int, Row]) -> None:
        self.abandoned: list[int] = []
        self._plan, self._known = plan, known
        self._rest: list[_Task] | None = None
        self._begun: list[_Task] = []
        self._suspects: list[int] = []
        self._alone: int | None = None
        self._deaths = Counter[int]()
        self._count = len(known)

    def any(self) -> bool:
        """Whether there are points to solve, and workers that last."""
        return len(self.abandoned) < WORK.abandoned and not self.tried

    @property
    def tried(self) -> bool:
        """Whether all points are solved or given up."""
        return len(self._known) + len(self.abandoned) >= len(self._plan)

    def tasks(self) -> list[_Task]:
        """Step 2: the tasks to give out now; none once all is known."""
        self._alone, self._begun = None, []
        self._suspects = [i for i in self._suspects if i not in self._known and i not in self.abandoned]
        if self._suspects:
            self._alone = self._suspects[0]
            points, before = self._task([self._alone])
            return [([replace(point, by_itself=True) for point in points], before)]
        tasks = self._rest
        if tasks is None:
            tasks = [self._task(indices) for indices in self._plan.runs([*self._known, *self.abandoned])]
        self._rest = []
        return tasks

    def _task(self, indices: list[int]) -> _Task:
        return [_point(self._plan, index) for index in indices], self._known.get(indices[0] - 1)

    def begun(self, tasks: list[_Task]) -> Iterator[_Task]:
        """The tasks, noted as they are taken up."""
        self._count = len(self._known)
        for task in tasks:
            self._begun.append(task)
            yield task

    def put_back(self, rest: _Task | None) -> None:
        """Step 4: keep the rest of a task for later, once all runs have begun."""
        if rest is not None and self._rest is not None:
            self._rest.append(rest)

    def worker_died(self) -> None:
        """Step 5: plan anew, and look for the point that ended the worker."""
        self._rest = None
        if self._alone is not None:
            self._deaths[self._alone] += 1
            if self._deaths[self._alone] == WORK.deaths:
                self.abandoned.append(self._alone)
        elif len(self._known) == self._count:
            self._suspects = [point.index for points, _ in self._begun for point in points]


def _point(plan: Sweep, index: int) -> _SweepPoint:
    where = plan.point(index)
    seed = where.pop(SEED, plan.seed)
    return _SweepPoint(index, where, seed, plan.leads_to(index))


# ---- step 3: in a worker --------------------------------------------------------------------------------------

_Task = tuple[list[_SweepPoint], Row | None]  # points in a row, and the row of the one before them if it is known


def _solved(plan: Sweep, settings: _Settings, task: _Task) -> tuple[list[Row], _Task | None]:
    """Rows of as many points as time allows, and the rest of the task."""
    end_with(settings.process)
    poses, (points, before) = plan.poses, task
    begun, rows = time.perf_counter(), list[Row]()
    last: Problem | None = None
    with one_thread():
        together, posed = _together(plan, settings, points[0])
        for place, point in enumerate(points):
            try:
                start, answer_of_batch = None, together.get(point.index)
                if answer_of_batch is not None:
                    answer = answer_of_batch()
                else:
                    problem = posed.pop(point.index, None) or poses.problem(seed=point.seed, **point.where)
                    start = _start(poses, point, before, last)
                    answer = solve_any_of_many(
                        problem,
                        method=settings.method,
                        tolerance=settings.tolerance,
                        time_limit=settings.time_limit,
                        rng=point.seed,
                        start=start,
                    )
                before, last = _row(point, answer, start is not None, settings.certified), answer.problem
                before |= poses.columns(answer) if isinstance(poses, Tells) else {}
            except InputError as error:
                before, last = {**_head(point), "status": REFUSED, "message": str(error)} | versions(), None
            rows.append(before)
            if time.perf_counter() - begun > WORK.task_seconds and place + 1 < len(points):
                return rows, (points[place + 1 :], before)
    return rows, None


def _together(
    plan: Sweep, settings: _Settings, one: _SweepPoint
) -> tuple[dict[int, Callable[[], Any]], dict[int, Problem]]:
    """By index what gives the answer to a point of a run that was solved with others, and the problems of the rest.

    Args:
        plan: of the sweep.
        settings: of the solver.
        one: any point of the run.
    """
    if settings.method != "auto":
        return {}, {}
    problems, posed = dict[int, Problem](), dict[int, Problem]()
    for point in (_point(plan, place) for place in ([one.index] if one.by_itself else plan.run_of(one.index))):
        with suppress(InputError):  # what cannot be posed is refused in its turn
            problem = posed[point.index] = plan.poses.problem(seed=point.seed, **point.where)
            if fits(problem) and problem.sources.count <= planning.SIZES.samples_together:
                problems[point.index] = problem
            elif not problems:
                return {}, posed  # nor do the others, as a rule, and to pose them may take a while
    solved = solved_at_once(tuple(problems.values()), settings.tolerance)
    answers: dict[int, Callable[[], Any]] = {
        place: partial(solved.__getitem__, number) for number, place in enumerate(problems) if solved.at_once[number]
    }
    return answers, {place: problem for place, problem in posed.items() if place not in answers}


def _start(poses: Poses, point: _SweepPoint, before: Row | None, last: Problem | None) -> Start | None:
    """The code of the point before, unless that was itself searched for anew."""
    if not point.led or before is None or before["index"] != point.index - 1:
        return None
    if before["status"] != "optimal" or before["start"] == "searched" or before["modular"] is not False:
        return None
    if "source_weights" not in before:  # of neurons that are not linear
        return None
    where = {name: before[name] for name in point.where}
    problem = poses.problem(seed=point.seed, **where) if last is None else last
    return Start(problem, np.array(before["source_weights"]))


# ---- rows -----------------------------------------------------------------------------------------------------


def _row(point: _SweepPoint, answer: Any, started: bool, certified: bool) -> Row:
    least, most = answer.price_bounds if answer.problem.sources.identified else (None, None)
    coded = answer.coded_groups()
    row: Row = {
        **_head(point),
        **attributes(answer, "status", "loss", "lower_bound", "gap"),
        "neurons": len(answer),
        **attributes(answer, "modular", "modular_loss", "price_of_modularity"),
        "price_least": least,
        "price_most": most,
        "mixed_neurons": sum(len(names) > 1 for names in coded),
        "coded": ", ".join(sorted({"+".join(names) for names in coded})),
        **{f"energy_{name}": value for name, value in answer.energies.items()},
        **attributes(answer, "method", "iterations", "seconds"),
        "start": "none" if not started else "moved" if MOVED in answer.message else "searched",
        **attributes(answer, "tolerance", "message"),
    }
    if answer.problem.neurons.linear:
        # Of others weights are no code, and a multiplier is as long as the samples.
        row |= attributes(answer, "source_weights", "multiplier")
    if certified:
        proof = certify(answer.problem, answer)
        row |= {
            "certified_loss": proof.loss,
            "certified_bound": proof.lower_bound,
            "certified_gap": proof.gap,
            "certified_exact": proof.exact,
            **attributes(proof, "rho", "feasible", "least_activity", "reconstruction_error"),
        }
    return {name: _finite(value) for name, value in row.items()} | versions()


def _head(point: _SweepPoint) -> Row:
    return {**point.where, "index": point.index, SEED: point.seed}


def _finite(value: Any) -> Any:
    """A number of Python, or None for one that is not finite."""
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value


@cache
def versions() -> dict[str, str]:
    """The versions that an answer depends on."""
    packages = {"version": PROJECT, "numpy": "numpy", "scipy": "scipy"}
    installed = {column: version_of(name) or "not installed" for column, name in packages.items()}
    return {"python": platform.python_version(), **installed}
