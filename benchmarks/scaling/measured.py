"""One measurement, in a process of its own with limits of time and memory, so that none pays for another.

    python -m benchmarks.scaling.measured "columns, samples" 1000

Processor time, of all threads, from the samples to the certified answer: what else the machine is busy with matters
little to that. Linear algebra runs on one thread. Short measurements are repeated and the least counts; a first problem
is solved before, so that imports do not. Memory is the peak beyond what the process had when the clock started, samples
included.
"""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Thread
from typing import Any

__all__ = ["Measurement", "measured"]

SECONDS = 150.0  # a process that takes more of the processor is ended, and larger problems are not begun
CLOCK_FACTOR = 8.0  # so is one that takes so many times as long on the clock
MOST_GIGABYTES = 8.0  # memory beyond which a process gets none
ENOUGH, REPEATS = 0.5, 5  # a measurement is repeated until it has taken so many seconds, or so often

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Measurement:
    """What one problem took."""

    # Which problem.
    series: str
    size: int
    cpu: float | None = None  # seconds of processor time
    wall: float | None = None  # seconds on the clock
    megabytes: float | None = None  # peak beyond the samples
    # Of the answer, where it has such.
    gap: float | None = None
    iterations: int | None = None
    neurons: int | None = None
    status: str = ""
    failed: str = ""  # why there is none, or ""


def measured(series: str, size: int, *, seconds: float = SECONDS, gigabytes: float = MOST_GIGABYTES) -> Measurement:
    """Measure in a fresh process, which is ended with all its own when it takes too long."""
    alone = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.scaling.measured", series, str(size), str(seconds), str(gigabytes)],
        cwd=ROOT,
        env=os.environ | alone,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, said = process.communicate(timeout=CLOCK_FACTOR * seconds)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            return Measurement(series, size, failed=f"ended after {CLOCK_FACTOR * seconds:g} s on the clock")
        raise
    if process.returncode in (-signal.SIGKILL, -signal.SIGXCPU):
        return Measurement(series, size, failed=f"ended after {seconds:g} s of the processor")
    if process.returncode != 0:
        return Measurement(series, size, failed=_why(said, process.returncode))
    return Measurement(**json.loads(out.splitlines()[-1]))


def _why(said: str, code: int) -> str:
    lines = said.strip().splitlines()
    if any("MemoryError" in line or "Unable to allocate" in line for line in lines):
        return "out of memory"
    return lines[-1] if lines else f"the process died ({code})"


def _limit(seconds: float, gigabytes: float) -> None:
    """End this process after so much time of the processor, and have the system give it no more memory.

    A thread looks at the time: with a limit of the system's own the clock of the processor counts in steps of 4 ms.
    """
    import resource

    Thread(target=_end_after, args=(seconds,), daemon=True).start()
    resource.setrlimit(resource.RLIMIT_DATA, (int(gigabytes * 1e9),) * 2)


def _end_after(seconds: float) -> None:
    while (left := seconds - time.process_time()) > 0:
        time.sleep(max(left, 0.1))  # at least so long until it is used up
    os.kill(os.getpid(), signal.SIGXCPU)


def _resident(name: str) -> float | None:
    """Megabytes: VmRSS now, VmHWM at most; None where the system is none that tells, which is Linux."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith(name)) / 1024


def _least(task: Any) -> dict[str, Any]:
    """The least time of some repetitions."""
    begun, repeats, best = time.process_time(), 0, {"cpu": math.inf}
    while repeats == 0 or (repeats < REPEATS and time.process_time() - begun < ENOUGH):
        wall, cpu = time.perf_counter(), time.process_time()
        outcome = task()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        apart = outcome.pop("apart", 0.0)
        repeats += 1
        if cpu - apart < best["cpu"]:
            best = outcome | {"cpu": cpu - apart, "wall": wall - apart}
    return best


def taken(series: str, size: int) -> Measurement:
    """Measure in this process."""
    from benchmarks.scaling.series import TIME_LIMIT, series_of

    chosen = series_of(series)
    chosen.warm_up()
    task = chosen.task(size, TIME_LIMIT)
    before = _resident("VmRSS")
    if before is not None:
        Path("/proc/self/clear_refs").write_text("5")  # the kernel's peak starts again from here
    least = _least(task)
    peak = _resident("VmHWM")
    risen = None if before is None or peak is None else max(0.0, peak - before)
    return Measurement(series, size, megabytes=risen, **least)


if __name__ == "__main__":
    _limit(*map(float, sys.argv[3:] or (SECONDS, MOST_GIGABYTES)))
    print(json.dumps(asdict(taken(sys.argv[1], int(sys.argv[2])))))
