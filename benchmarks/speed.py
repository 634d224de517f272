"""Speed and memory of the solver against the targets it is held to; exit code 1 if one is missed.

    python -m benchmarks.speed [--quick] [--long] [--json OUT]

Processor times of `solve` on a million samples are ratios to one `scipy.spatial.ConvexHull` of the same points, taken
in turns in the same process, because machines differ and are noisy. What is aimed at is 1.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np

from benchmarks.reporting import show as show_table
from benchmarks.reporting import told

SMALL = ((2, 100, 0.005), (2, 1_000, 0.005), (3, 100, 0.018), (4, 60, 0.04))
"""Sources, samples and most seconds of problems as theorists have them."""


@dataclass(frozen=True)
class Row:
    """One measured quantity and the most it may be."""

    case: str
    quantity: str
    measured: float
    target: float

    @property
    def met(self) -> bool:
        return self.measured <= self.target


def sources(kind: str, dimension: int, count: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    if kind == "uniform cube":
        return rng.uniform(-1, 1, size=(count, dimension))
    if kind == "correlated normal":
        return rng.standard_normal((count, dimension)) @ rng.standard_normal((dimension, dimension))
    angle = rng.standard_normal((count, dimension))
    return angle / np.linalg.norm(angle, axis=1, keepdims=True)


def seconds(action: Callable[[], object], repeats: int, clock: Callable[[], float] = time.perf_counter) -> list[float]:
    taken = []
    for _ in range(repeats):
        start = clock()
        action()
        taken.append(clock() - start)
    return taken


def certified(dimension: int, count: int, gap: float, limit: float, repeats: int) -> list[Row]:
    from solver import Problem, solve

    rows = []
    for kind in ("uniform cube", "correlated normal"):
        points = sources(kind, dimension, count)
        gaps: list[float] = []
        best = min(seconds(lambda points=points, gaps=gaps: gaps.append(solve(Problem(points)).gap), repeats))
        case = f"{kind}, d = {dimension}, T = {count:,}"
        rows.append(Row(case, "relative gap", max(gaps), gap))
        rows.append(Row(case, "seconds, best of " + str(repeats), best, limit))
    return rows


def small(dimension: int, count: int, limit: float, clouds: int) -> list[Row]:
    """Processor time of problems that are solved for the first time."""
    from solver import Problem, solve

    rows = []
    for kind, draw in (("uniform clouds", "uniform"), ("normal clouds", "standard_normal")):
        generator, times = np.random.default_rng(0), list[float]()
        for _ in range(clouds + 1):  # the first one loads what is needed
            points = getattr(generator, draw)(size=(count, dimension))
            begun = time.process_time()
            solve(Problem(points))
            times.append(time.process_time() - begun)
        case = f"{clouds} {kind}, d = {dimension}, T = {count:,}"
        rows.append(Row(case, "processor seconds, median", float(np.median(times[1:])), limit))
    return rows


def million(dimension: int, count: int, repeats: int = 3) -> list[Row]:
    from scipy.spatial import ConvexHull

    from solver import Problem, solve

    rows = []
    for kind in ("uniform cube", "correlated normal"):
        points = sources(kind, dimension, count)
        ratios = []
        for _ in range(repeats):
            hull = seconds(lambda points=points: ConvexHull(points), 1, time.process_time)[0]
            solved = seconds(lambda points=points: solve(Problem(points)), 1, time.process_time)[0]
            ratios.append(solved / hull)
        case = f"{kind}, d = {dimension}, T = {count:,}"
        rows.append(Row(case, "processor time of solve / one ConvexHull", float(np.median(ratios)), 1.2))
        if Path("/proc/self/clear_refs").exists():  # Linux: elsewhere a peak cannot be started afresh
            rows.append(Row(case, "peak memory / size of the input", memory(kind, dimension, count), 4.0))
    return rows


def memory(kind: str, dimension: int, count: int) -> float:
    """Rise of the peak resident memory over that before, as a multiple of the input; in a process of its own."""
    program = f"""
import resource
import numpy as np
from solver import Problem, solve
from benchmarks.speed import sources
solve(Problem(np.random.default_rng(0).standard_normal((6000, {dimension}))))
points = sources({kind!r}, {dimension}, {count})
now = int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() / 1024
open("/proc/self/clear_refs", "w").write("5")  # the kernel's peak starts again from here
solve(Problem(points))
peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
print((peak - now) * 1024 / points.nbytes)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return float(done.stdout)


def command_line(repeats: int, slack: float) -> list[Row]:
    start = [sys.executable, "-c", "from solver.commands.cli import main; main()"]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sources.csv"
        np.savetxt(file, sources("uniform cube", 2, 1000), delimiter=",", header="a,b", comments="")

        def run(*words: str) -> Callable[[], object]:
            return lambda: subprocess.run([*start, *words], check=True, capture_output=True)

        help_time = float(np.median(seconds(run("--help"), repeats)))
        check_time = float(np.median(seconds(run("check", str(file)), repeats)))
    return [
        Row("modularity --help", "seconds, median", help_time, 0.5 * slack),
        Row("modularity check, 1,000 rows by 2", "seconds, median", check_time, 1.0 * slack),
    ]


def measure(*, quick: bool, long: bool = False) -> list[Row]:
    slack = 3.0 if quick else 1.0  # the quick run is for any machine, and allows more seconds
    rows = command_line(2 if quick else 5, slack)
    for dimension in (2, 3):
        rows += certified(dimension, 1000, 1e-8, 0.1 * slack, repeats=2 if quick else 5)
    clouds = 5 if quick else 100
    for dimension, count, limit in SMALL:
        rows += small(dimension, count, limit * slack, clouds)
    if quick:
        return rows
    rows += certified(4, 300, 1e-7, 10.0, repeats=2)
    rows += certified(5, 40, 1e-6, 60.0, repeats=1)
    rows += certified(6, 100, 1e-6, 600.0, repeats=1)
    if long:
        rows += certified(7, 60, 1e-4, 600.0, repeats=1)
    for dimension in (2, 3):
        rows += million(dimension, 1_000_000)
    return rows


def show(rows: list[Row]) -> None:
    cells = [(row.case, row.quantity, f"{row.measured:.3g}", f"{row.target:g}", told(row.met)) for row in rows]
    show_table("", ("case", "quantity", "measured", "target", "met"), cells)


@click.command()
@click.option("--quick", is_flag=True, help="Only the cases that take less than a second.")
@click.option("--long", is_flag=True, help="Also seven sources, which take about two minutes.")
@click.option("--json", "out", type=click.Path(dir_okay=False), help="Also write the rows to this file.")
def main(quick: bool, long: bool, out: str | None) -> None:
    """Measure, print a table, and exit with 1 if a target is missed."""
    rows = measure(quick=quick, long=long)
    show(rows)
    if out is not None:
        Path(out).write_text(json.dumps([asdict(row) | {"met": row.met} for row in rows], indent=1) + "\n")
    sys.exit(0 if all(row.met for row in rows) else 1)


if __name__ == "__main__":
    main()
