"""Points a second of a sweep over a family of two sources, with one worker and with two.

    python -m benchmarks.sweeps [--points N] [--json OUT]

N x N points. A sweep as long as the one that counts starts and warms the workers. The efficiency is the speed of two
workers over twice that of one, which works in this process; on a machine that is busy otherwise it says little.
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
    run(plan(points), jobs=jobs, backend="loky")
    begun = time.perf_counter()
    rows = run(plan(points), jobs=jobs, backend="loky")
    seconds = time.perf_counter() - begun
    assert len(rows) == points**2 and all(row["status"] == "optimal" for row in rows)
    return points**2 / seconds


@click.command()
@click.option("--points", default=30, show_default=True, help="Values of each coordinate.")
@click.option("--json", "target", type=click.Path(), help="File to write the numbers to.")
def main(points: int, target: str | None) -> None:
    """Measure, and print a table."""
    one, two = speed(points, 1), speed(points, 2)
    found = {"points": points**2, "one": one, "two": two, "efficiency": two / (2 * one), "load": os.getloadavg()[0]}
    click.echo(f"{points**2:,} points; points a second: {one:.1f} with one worker, {two:.1f} with two")
    click.echo(f"efficiency {100 * found['efficiency']:.0f} %, load of the machine {found['load']:.1f}")
    if target is not None:
        with open(target, "w") as stream:
            json.dump(found, stream, indent=1)


if __name__ == "__main__":
    main()
