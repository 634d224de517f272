"""Worker processes under a watch: one that runs over, or dies, is replaced and the run goes on."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

from benchmarks.soundness.in_time import TaskClaim
from benchmarks.soundness.judgement import Claim, Judgement
from benchmarks.soundness.nonlinear_setting import NonlinearClaim
from benchmarks.soundness.work import Solved, judged, prepare, solved

ANSWERED, CRASHED, OVERRUN, UNCHECKED, REFUSED = "answered", "crashed", "overrun", "unchecked", "refused"
"""What can come of a problem: an answer that was judged; none, with an error or a dead process; none within several
time limits; an answer that the checker failed on, which is the checker's defect and counts as one all the same; or none
because the program says in one line that the problem is beyond it, where it may be."""

OVERRUN_FACTOR = 3.0  # a worker that takes so many time limits is ended
GRACE = 2.0  # seconds added to that, for problems drawn and answers sent
STARTING, CHECKING = 300.0, 300.0  # seconds that a worker may take to start, and the checker to judge


@dataclass(frozen=True)
class Finished:
    """What came of one problem."""

    index: int  # of the problem
    outcome: str  # one of those above
    seconds: float  # that solving took, or was let
    # See `work.Solved`.
    claim: Claim | NonlinearClaim | TaskClaim | None = None
    warned: tuple[str, ...] = ()
    error: str = ""  # why there is none, or ""
    judgement: Judgement | None = None  # of the claim, if it was judged
    checking_seconds: float = 0.0  # that it took


@dataclass(frozen=True)
class Tasks:
    """What workers are given to do: functions of modules, or parts of such, since they are sent by name."""

    prepare: Callable[[], int] = prepare
    solve: Callable[[int, int, float], Solved] = solved
    judge: Callable[[tuple[int, int], Solved], tuple[Judgement | None, float, str]] = judged


def work_through(
    seed: int, indices: Sequence[int], *, time_limit: float, workers: int, tasks: Tasks | None = None
) -> Generator[Finished, None, None]:
    """Solve and judge problems, and yield what came of each as soon as it is there.

    A worker is ended after `OVERRUN_FACTOR` times the seconds that are given to `solve`.

    Raises:
        RuntimeError: a worker does not start.
    """
    # Before a worker loads numpy: two cores are shared by as many workers.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    waiting = iter(indices)
    lanes = [_Lane(seed, time_limit, tasks or Tasks()) for _ in range(min(workers, len(indices)))]
    try:
        while lanes:
            for lane in [lane for lane in lanes if lane.idle]:
                index = next(waiting, None)
                if index is None:
                    lane.end()
                    lanes.remove(lane)
                else:
                    lane.solve(index)
            wait([lane.future for lane in lanes if lane.future is not None], 0.5, FIRST_COMPLETED)
            for lane in lanes:
                finished = lane.look()
                if finished is not None:
                    yield finished
    finally:
        for lane in lanes:
            lane.end()


class _Lane:
    """One worker and what it is at: starting, solving or judging."""

    def __init__(self, seed: int, time_limit: float, tasks: Tasks) -> None:
        self.seed, self.time_limit, self.tasks = seed, time_limit, tasks
        self.index = -1
        self.solved: Solved | None = None
        self.future: Future[Any] | None = None
        self.stage, self.late, self.since, self.deadline = "", False, 0.0, 0.0
        self._start()

    @property
    def idle(self) -> bool:
        return self.future is None

    def solve(self, index: int) -> None:
        self.index, self.solved = index, None
        allowed = OVERRUN_FACTOR * self.time_limit + GRACE
        self._submit("solving", allowed, self.tasks.solve, self.seed, index, self.time_limit)

    def look(self) -> Finished | None:
        """What has come of the present problem, if it is over; goes on to the next stage, and ends what is late."""
        if self.future is None:
            return None
        if not self.future.done():
            if not self.late and time.monotonic() > self.deadline:
                self.late = True
                self._kill()
            return None
        future, self.future = self.future, None
        try:
            return self._next(future.result())
        except BrokenProcessPool:
            return self._died()

    def end(self) -> None:
        """End the worker whatever it is at."""
        self._kill()
        self.executor.shutdown(wait=True, cancel_futures=True)

    def _start(self) -> None:
        self.process: int | None = None
        self.executor = ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn"))
        self._submit("starting", STARTING, self.tasks.prepare)

    def _submit(self, stage: str, allowed: float, task: Callable[..., Any], *arguments: object) -> None:
        self.stage, self.late = stage, False
        self.since = time.monotonic()
        self.deadline = self.since + allowed
        try:
            self.future = self.executor.submit(task, *arguments)
        except BrokenProcessPool as error:
            # It died with nothing to do: it is found dead as if by the task.
            self.future = Future()
            self.future.set_exception(error)

    def _next(self, result: Any) -> Finished | None:
        if self.stage == "starting":
            self.process = result
            return None
        if self.stage == "solving":
            self.solved = result
            if result.claim is None:
                outcome = REFUSED if result.refused else CRASHED
                return Finished(self.index, outcome, result.seconds, warned=result.warned, error=result.error)
            self._submit("judging", CHECKING, self.tasks.judge, (self.seed, self.index), result)
            return None
        judgement, seconds, error = result
        return self._judged(UNCHECKED if judgement is None else ANSWERED, error, judgement, seconds)

    def _judged(self, outcome: str, error: str, judgement: Judgement | None, seconds: float) -> Finished:
        assert self.solved is not None
        solved = self.solved
        return Finished(self.index, outcome, solved.seconds, solved.claim, solved.warned, error, judgement, seconds)

    def _died(self) -> Finished:
        self.executor.shutdown(wait=True, cancel_futures=True)
        stage, late, seconds = self.stage, self.late, time.monotonic() - self.since
        if stage == "starting":
            raise RuntimeError("a worker died as it started; try `--only 0`, which needs none")
        self._start()
        why = f"ended after {seconds:.0f} s" if late else "the process died"
        if stage == "judging":
            return self._judged(UNCHECKED, why, None, seconds)
        return Finished(self.index, OVERRUN if late else CRASHED, seconds, error=why)

    def _kill(self) -> None:
        # a worker that has not yet said its number is known to the executor alone.
        known = [self.process] if self.process is not None else list(self.executor._processes or {})
        for process in known:
            try:
                os.kill(process, getattr(signal, "SIGKILL", signal.SIGTERM))
            except ProcessLookupError:
                continue
