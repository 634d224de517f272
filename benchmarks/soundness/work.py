"""What a worker does: solve one problem, then judge the answer. Each is one call, so that the crew can time them."""

from __future__ import annotations

import os
import threading
import time
import traceback
import warnings
from dataclasses import dataclass, fields
from multiprocessing import parent_process

from benchmarks.soundness.draws import Drawn, drawn
from benchmarks.soundness.judgement import Claim, Judgement, judge

__all__ = ["Solved", "judged", "prepare", "solved"]

WARM_UP = [[-1, -1], [-1, 0], [-1, 1], [0, -1], [0, 0], [0, 1], [1, -1], [1, 0]]
"""A small mixed problem, solved by every method before the clock runs, so that no problem pays for imports."""

LINES = 12
"""Lines at the end of a traceback that are kept."""


@dataclass(frozen=True)
class Solved:
    """What came of solving.

    Attributes:
        claim: the answer, or None if there is none;  seconds: that it took.
        error: the end of the traceback if there is no answer, else "";  warned: what Python warned of.
    """

    claim: Claim | None
    seconds: float
    error: str = ""
    warned: tuple[str, ...] = ()


def prepare() -> int:
    """Get a worker process ready and return its id."""
    import signal

    # Ctrl-C is for the one who watches; workers are ended by it, and end with it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    from solver import Problem, solve

    for method in ("auto", "relaxation", "conic", "alternating"):
        solve(Problem(WARM_UP), method=method, time_limit=0.1, rng=0)
    return os.getpid()


def _end_with(parent: object) -> None:
    parent.join()  # type: ignore[attr-defined]  # a process
    os._exit(1)


def claim_of(answer: object) -> Claim:
    """What is judged of a `solver.Representation`."""
    return Claim(**{item.name: getattr(answer, item.name) for item in fields(Claim)})


def solved(seed: int, index: int, time_limit: float) -> Solved:
    """Draw the problem and solve it as a user would, with the method auto."""
    from solver import Problem, solve

    problem = drawn(seed, index)
    start = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            answer = solve(Problem(problem.points, **problem.options()), time_limit=time_limit, rng=0)
            claim, error = claim_of(answer), ""
        except Exception:  # whatever it is, the run goes on and tells of it
            claim, error = None, _end_of_traceback()
    seconds = time.perf_counter() - start
    return Solved(
        claim, seconds, error, tuple(sorted({f"{item.category.__name__}: {item.message}" for item in caught}))
    )


def judged(
    problem: Drawn | tuple[int, int], claim: Claim, *, codes_every: int = 1
) -> tuple[Judgement | None, float, str]:
    """Judge the answer; if the checker itself fails: None, the seconds, and the end of the traceback.

    Args:
        problem: or its seed and index.
        claim: the answer.
        codes_every: cheaper codes are searched for the problems whose index it divides.
    """
    start = time.perf_counter()
    given = problem if isinstance(problem, Drawn) else drawn(*problem)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found, error = judge(given, claim, with_codes=given.index % codes_every == 0), ""
        except Exception:
            found, error = None, _end_of_traceback()
    return found, time.perf_counter() - start, error


def _end_of_traceback() -> str:
    return "\n".join(traceback.format_exc().strip().splitlines()[-LINES:])
