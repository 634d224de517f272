"""What a worker does: solve one problem, then judge the answer. Each is one call, so that the crew can time them."""

from __future__ import annotations

import os
import threading
import time
import traceback
import warnings
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from multiprocessing import parent_process
from typing import Any

from benchmarks.soundness.activations import activation_of, drawn_of
from benchmarks.soundness.consistency import against_changes, against_file, against_program, taken_masked
from benchmarks.soundness.dependent import judge_told
from benchmarks.soundness.draws import Drawn
from benchmarks.soundness.in_time import TaskClaim, judge_task, task_claim_of
from benchmarks.soundness.judgement import Claim, Judgement, claim_of, judge
from benchmarks.soundness.nonlinear import judge_nonlinear
from benchmarks.soundness.nonlinear_setting import NonlinearClaim
from benchmarks.soundness.tasks import DrawnTask
from theory.errors import InputError

__all__ = ["Solved", "judged", "prepare", "solved"]

WARM_UP = [[-1, -1], [-1, 0], [-1, 1], [0, -1], [0, 0], [0, 1], [1, -1], [1, 0]]
"""A small mixed problem, solved by every method before the clock runs, so that no problem pays for imports."""


@dataclass(frozen=True)
class Solved:
    """What came of solving."""

    claim: Claim | NonlinearClaim | TaskClaim | None  # the answer, or None if there is none
    seconds: float  # that it took
    error: str = ""  # the end of the traceback if there is no answer, else ""
    warned: tuple[str, ...] = ()  # what Python warned of
    refused: bool = False  # whether the program said in one line what it cannot do, of a problem of which it may
    separate: Claim | None = None  # the best separate code, where there are groups that neurons need not keep to
    faults: tuple[str, ...] = ()  # what was found in the program itself
    saved: bytes = b""  # the content of the file that the answer was saved to


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


def solved(seed: int, index: int, time_limit: float, *, activation: str = "linear") -> Solved:
    """Draw the problem and solve it as a user would, with the method auto; then look at what became of it.

    Of the activation "all" seed and index say which kind it is.
    """
    from solver import Problem, solve

    problem = drawn_of(seed, index, activation_of(seed, index, activation))
    if isinstance(problem, DrawnTask):  # has no time limit, and is not saved
        told, besides = _tried(problem, lambda: task_claim_of(problem))
        return besides if told is None else replace(besides, claim=told[0], seconds=told[1])
    arguments = {"sources": problem.points.copy(), **deepcopy(problem.options())}
    answer, besides = _tried(problem, lambda: solve(Problem(**arguments), time_limit=time_limit, rng=0))
    if answer is None:
        return besides
    linear, separate, faults, saved = problem.activation == "linear", None, list[str](), b""
    claim = claim_of(answer, Claim) if linear else claim_of(answer, NonlinearClaim)
    if linear and answer.separate is not None:
        separate = claim_of(answer.separate, Claim)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            faults += against_changes(answer, arguments, linear=linear)
            faults += taken_masked(problem)
            saved, differences = against_file(answer)
            faults += differences
        except Exception:  # whatever it is, it is told
            faults.append(_end_of_traceback())
    return replace(besides, claim=claim, separate=separate, faults=tuple(faults), saved=saved)


def _tried(problem: Drawn, action: Callable[[], Any]) -> tuple[Any, Solved]:
    """What the program gives for a problem, or None, and what came of it besides: seconds, errors, warnings."""
    outcome, error, refused, start = None, "", False, time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            outcome = action()
        except InputError as reason:
            error, refused = _end_of_traceback(), problem.extreme and "\n" not in str(reason)
        except Exception:  # whatever it is, the run goes on and tells of it
            error = _end_of_traceback()
    warned = tuple(sorted({f"{item.category.__name__}: {item.message}" for item in caught}))
    return outcome, Solved(None, time.perf_counter() - start, error, warned, refused)


def judged(
    problem: Drawn | tuple[int, int], answer: Solved, *, codes_every: int = 1, activation: str = "linear"
) -> tuple[Judgement | None, float, str]:
    """Judge the answer; if the checker itself fails: None, the seconds, and the end of the traceback.

    The problem may be given by seed and index. Cheaper codes are searched for where `codes_every` divides the index.
    """
    start = time.perf_counter()
    drawn = problem if isinstance(problem, Drawn) else drawn_of(*problem, activation_of(*problem, activation))
    assert answer.claim is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            judgement, error = _judgement(drawn, answer.claim, with_codes=drawn.index % codes_every == 0), ""
            if isinstance(drawn, DrawnTask):
                return judgement, time.perf_counter() - start, error
            if answer.separate is not None:
                apart = judge(replace(drawn, separate=True), answer.separate, with_codes=False)
                judgement.wrong += [f"separate: {sentence}" for sentence in apart.wrong]
            judgement.wrong += answer.faults
            judgement.wrong += _with_told(drawn)
            judgement.wrong += _disagreements(drawn, answer.saved)
        except Exception:
            judgement, error = None, _end_of_traceback()
    return judgement, time.perf_counter() - start, error


def _judgement(problem: Drawn, claim: Claim | NonlinearClaim | TaskClaim, *, with_codes: bool) -> Judgement:
    if isinstance(claim, TaskClaim):
        assert isinstance(problem, DrawnTask)
        return judge_task(problem, claim, descents=with_codes)
    if isinstance(claim, NonlinearClaim):
        return judge_nonlinear(problem, claim, with_codes=with_codes)
    return judge(problem, claim, with_codes=with_codes)


def _with_told(problem: Drawn) -> list[str]:
    """What is wrong with the answer once some columns are told by others, of one problem in a few."""
    if problem.index % 4:
        return []
    try:
        other = judge_told(problem, 5.0, with_codes=False)
    except InputError as refused:
        return [] if problem.extreme else [f"with columns that others tell: refused, {refused}"]
    except Exception:  # of the program, not of the checker
        return [f"with columns that others tell: {_end_of_traceback().splitlines()[-1]}"]
    return [] if other is None else [f"with columns that others tell: {sentence}" for sentence in other.wrong]


def _disagreements(problem: Drawn, saved: bytes) -> list[str]:
    """What the program says otherwise elsewhere; where it fails, that is one."""
    sentences: list[str] = []
    try:
        if saved:
            sentences.extend(against_program(problem, saved))
    except Exception:  # of the program, not of the checker
        sentences.append(f"certificate, words or verdict fail: {_end_of_traceback().splitlines()[-1]}")
    return sentences


def _end_of_traceback() -> str:
    return "\n".join(traceback.format_exc().strip().splitlines()[-12:])
