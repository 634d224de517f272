"""Points a second of a sweep over a family of two sources, with one worker and with two.

    python -m benchmarks.sweeps [--points N] [--rounds R] [--json OUT]

N x N points. A short sweep starts and warms the workers. The efficiency is the speed of two workers over twice that of
one, which works in this process; they take turns, and the median of the rounds counts. On a machine that is busy
otherwise it says little.
"""

from __future__ import annotations

import json
import os
import time

import click
import numpy as np

from solver import Sweep
from solver.sweeps.run import run


def plan(points: int) -> Sweep:
    costs = np.geomspace(0.01, 100, points)
    return Sweep.of_family(
        "opposite-corners", parameter=np.linspace(0.1, 1.5, points), encoder_cost=costs, certified=False
    )


def speed(points: int, jobs: int) -> float:
    """Points a second."""
    begun = time.perf_counter()
    rows = run(plan(points), jobs=jobs, backend="loky")
    seconds = time.perf_counter() - begun
    assert len(rows) == points**2 and all(row["status"] == "optimal" for row in rows)
    return points**2 / seconds


@click.command()
@click.option("--points", default=30, show_default=True, help="Values of each coordinate.")
@click.option("--rounds", default=3, show_default=True, help="Sweeps with one worker and with two.")
@click.option("--json", "target", type=click.Path(), help="File to write the numbers to.")
def main(points: int, rounds: int, target: str | None) -> None:
    """Measure, and print a table."""
    load = os.getloadavg()[0]
    for jobs in (1, 2):
        run(plan(10), jobs=jobs, backend="loky")  # starts the workers
    speeds = np.array([[speed(points, jobs) for jobs in (1, 2)] for _ in range(rounds)])
    one, two = np.median(speeds, axis=0).tolist()
    efficiency = float(np.median(speeds[:, 1] / (2 * speeds[:, 0])))
    numbers = {"points": points**2, "rounds": rounds, "one": one, "two": two, "efficiency": efficiency, "load": load}
    click.echo(f"{points**2:,} points; points a second: {one:.1f} with one worker, {two:.1f} with two")
    click.echo(f"{points**2 / two:.0f} s with two; efficiency {100 * efficiency:.0f} %; load before {load:.1f}")
    if target is not None:
        with open(target, "w") as stream:
            json.dump(numbers, stream, indent=1)


if __name__ == "__main__":
    main()
