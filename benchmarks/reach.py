"""How far certified answers reach: six sources and beyond; exit code 1 if a target is missed.

    python -m benchmarks.reach [--quick] [--long] [--sources D] [--seconds S] [--aims] [--json OUT]

For every instance the code that `solve` finds from two seeds, how far their losses are apart, its gap, and where that
misses the target the gap of the method `relaxation`, which stops at the target or after so many seconds. Every gap is
that of `certify`, from the samples alone.

With `--aims`, instead: bounds cell by cell against what is aimed at, in seconds of the processor, at which they are
stopped. (The aim for a million samples of three sources is a row of `benchmarks.speed`.)
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path

import click
import numpy as np

from benchmarks.reporting import show, told
from benchmarks.speed import sources
from solver import Problem, certify, solve


@dataclass(frozen=True)
class Instance:
    """Sources, and what is aimed at: a gap, or None where no bound is promised."""

    name: str
    points: np.ndarray
    target: float | None
    seconds: float


@dataclass(frozen=True)
class Row:
    """What was measured on one instance."""

    instance: str
    sources: int
    samples: int
    neurons: int
    price_of_modularity: float
    seeds_apart: float
    seconds: float
    gap: float
    refined_gap: float | None
    refined_seconds: float | None
    target: float | None
    met: bool


@dataclass(frozen=True)
class Aim:
    """What the method `relaxation` is to reach in so many seconds of the processor, and what it reached."""

    instance: str
    sources: int
    samples: int
    target: float
    seconds: float
    gap: float = float("inf")
    taken: float = float("inf")

    @property
    def met(self) -> bool:
        return self.gap <= self.target and self.taken <= self.seconds


AIMS = (
    Aim("uniform cube", 8, 100, 1e-4, 40),
    Aim("uniform cube", 10, 300, 0.01, 120),
    Aim("correlated normal", 10, 300, 0.05, 60),
    Aim("correlated normal", 10, 100_000, 0.1, 300),
)


def reached(aim: Aim) -> Aim:
    """The aim with what is reached when it is, or when its time is over."""
    problem = Problem(sources(aim.instance, aim.sources, aim.samples))
    start = time.process_time()
    answer = solve(
        problem,
        method="relaxation",
        tolerance=aim.target,
        rng=0,
        callback=lambda _: time.process_time() - start > aim.seconds,
    )
    taken = time.process_time() - start
    return replace(aim, gap=certify(problem, answer).gap, taken=taken)


def show_aims(aims: list[Aim]) -> None:
    click.echo("instance              d        T      gap  seconds  aimed at        met")
    for aim in aims:
        click.echo(
            f"{aim.instance:18} {aim.sources:4} {aim.samples:8,} {aim.gap:8.1e} {aim.taken:8.1f}  "
            f"{aim.target:g} in {aim.seconds:g} s".ljust(66)
            + ("yes" if aim.met else "NO")
        )


def grid(dimension: int, count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(-3, 4, size=(count, dimension)).astype(float)


def box(dimension: int, count: int) -> np.ndarray:
    """All corners of a box, and samples inside of correlated sources."""
    rng = np.random.default_rng(0)
    inside = np.tanh(rng.standard_normal((count, dimension)) @ rng.standard_normal((dimension, dimension)))
    return np.vstack([np.array(list(product([-1.0, 1.0], repeat=dimension))), inside])


def antipodal(dimension: int, count: int) -> np.ndarray:
    """A few opposite corners of a box (an orthogonal array) and opposite samples on the lines between them."""
    from scipy.linalg import hadamard

    rng = np.random.default_rng(0)
    corners = hadamard(32)[:, 1 : 1 + dimension].astype(float)
    inner = corners[rng.integers(0, 32, count // 2 - 32)] * rng.uniform(0, 1, (count // 2 - 32, 1))
    half = np.vstack([corners, inner])
    return np.vstack([half, -half])


def wine() -> np.ndarray:
    """The 13 chemical measurements of 178 wines, standardised."""
    from sklearn.datasets import load_wine

    data = load_wine().data
    return (data - data.mean(axis=0)) / data.std(axis=0)


def instances(*, quick: bool, long: bool, seconds: float) -> list[Instance]:
    proven_at_once = [
        Instance("box, all corners", box(10, 300), 1e-6, 60),
        Instance("opposite corners", antipodal(20, 1000), 1e-6, 60),
    ]
    if quick:
        return [Instance("uniform cube", sources("uniform cube", 6, 40), 1e-6, 600), *proven_at_once]
    listed = [
        Instance("uniform cube", sources("uniform cube", 6, 100), 1e-6, 600),
        Instance("integer grid", grid(6, 100), 1e-6, 600),
        Instance("correlated normal", sources("correlated normal", 6, 100), 1e-6, 600),
        *proven_at_once,
        Instance("uniform cube", sources("uniform cube", 7, 60), 1e-4, 600),
        Instance("integer grid", grid(7, 60), 1e-4, 600),
        Instance("correlated normal", sources("correlated normal", 7, 60), 1e-4, 600),
        Instance("uniform cube", sources("uniform cube", 8, 100), 1e-4, 600),
        Instance("uniform cube", sources("uniform cube", 10, 300), 0.05, seconds),
        Instance("integer grid", grid(10, 300), 0.05, seconds),
        Instance("correlated normal", sources("correlated normal", 10, 300), 0.05, seconds),
        Instance("wines", wine(), 0.05, seconds),
    ]
    if long:
        listed += [
            Instance("uniform cube", sources("uniform cube", 20, 1000), 0.05, seconds),
            Instance("integer grid", grid(20, 1000), 0.05, seconds),
            Instance("correlated normal", sources("correlated normal", 20, 1000), 0.05, seconds),
        ]
    return listed


def measure(instance: Instance) -> Row:
    problem = Problem(instance.points)
    taken, answers = [], []
    for seed in (0, 1):
        start = time.perf_counter()
        answers.append(solve(problem, rng=seed, time_limit=instance.seconds))
        taken.append(time.perf_counter() - start)
    best = min(answers, key=lambda answer: answer.loss)
    gap = certify(problem, best).gap
    apart = abs(answers[0].loss - answers[1].loss) / best.loss
    refined_gap = refined_seconds = None
    reached = gap
    if instance.target is not None and gap > instance.target:
        start = time.perf_counter()
        refined = solve(problem, method="relaxation", tolerance=instance.target, rng=0, time_limit=instance.seconds)
        refined_seconds = time.perf_counter() - start
        refined_gap = certify(problem, refined).gap
        reached = min(gap, refined_gap)
    # Of more than seven sources these are the seconds of the code alone; of fewer its gap is among them.
    allowed = 120.0 if problem.dimension > 7 else instance.seconds
    met = apart <= 1e-6 and max(taken) <= allowed
    met = met and (instance.target is None or reached <= instance.target)
    return Row(
        instance.name,
        problem.dimension,
        problem.sources.count,
        len(best),
        best.price_of_modularity,
        apart,
        max(taken),
        gap,
        refined_gap,
        refined_seconds,
        instance.target,
        met,
    )


def cells(row: Row) -> tuple[str, ...]:
    """A row of the table."""
    sizes = (str(row.sources), f"{row.samples:,}", str(row.neurons), f"{row.price_of_modularity:.2%}")
    measures = (f"{row.seeds_apart:.0e}", f"{row.seconds:.1f}", f"{row.gap:.1e}")
    refined = ("", "") if row.refined_gap is None else (f"{row.refined_gap:.2g}", f"{row.refined_seconds:.0f}")
    return (row.instance, *sizes, *measures, *refined, "" if row.target is None else f"{row.target:g}", told(row.met))


def save(out: str | None, rows: list[dict[str, object]]) -> None:
    """Write rows to a file, if there is one to write to."""
    if out is not None:
        Path(out).write_text(json.dumps(rows, indent=1) + "\n")


@click.command()
@click.option("--quick", is_flag=True, help="Only instances that take seconds.")
@click.option("--long", is_flag=True, help="Also twenty sources.")
@click.option("--sources", "dimension", type=int, help="Only instances of so many sources, long or not.")
@click.option("--seconds", default=600.0, show_default=True, help="Time for the relaxation on one instance.")
@click.option("--aims", is_flag=True, help="Only what is aimed at in seconds of the processor, eight sources and ten.")
@click.option("--json", "out", type=click.Path(dir_okay=False), help="Also write the rows to this file.")
def main(*, quick: bool, long: bool, dimension: int | None, seconds: float, aims: bool, out: str | None) -> None:
    """Measure, print a table, and exit with 1 if a target is missed."""
    if aims:
        reports = [reached(aim) for aim in AIMS if dimension in (None, aim.sources)]
        show_aims(reports)
        save(out, [asdict(aim) | {"met": aim.met} for aim in reports])
        sys.exit(0 if all(aim.met for aim in reports) else 1)
    chosen = instances(quick=quick, long=long or dimension is not None, seconds=seconds)
    if dimension is not None:
        chosen = [instance for instance in chosen if instance.points.shape[1] == dimension]
    if not chosen:
        known = sorted({instance.points.shape[1] for instance in instances(quick=quick, long=True, seconds=seconds)})
        raise click.BadParameter(f"no instance has {dimension}; choose one of {known}", param_hint="--sources")
    rows = []
    for instance in chosen:
        rows.append(measure(instance))
        click.echo(f"{rows[-1].instance}, {rows[-1].sources} sources: {'met' if rows[-1].met else 'missed'}", err=True)
    head = ("instance", "d", "T", "neurons", "price", "seeds apart", "seconds", "gap", "refined", "seconds", "target")
    show("", (*head, "met"), map(cells, rows))
    if out is not None:
        Path(out).write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    sys.exit(0 if all(row.met for row in rows) else 1)


if __name__ == "__main__":
    main()
