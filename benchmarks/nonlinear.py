"""How far certified codes of rectified and free neurons reach: sizes, gaps, seconds.

    python -m benchmarks.nonlinear [--quick] [--json OUT.json] [--markdown OUT.md]

Uniform sources, prices of 0.3, errors at 100 unless said otherwise; linear algebra on one thread. Seconds are those of
the processor, for `solve` with all it does: the linear and the modular code, the search, and the proof anew. The ugly problems have one to three sources, up to 40 samples, ties, heavy tails, unequal probabilities of samples and
targets of another rank; of them the worst is told.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np

from benchmarks.reporting import as_markdown, machine, require_outputs, show
from solver import Problem, solve
from solver.solving.run import one_thread
from theory.readouts import Readout, Soft

HEAD = ("neurons", "sources", "samples", "readout", "loss", "gap", "target", "seconds", "code of")

UGLY = 34


@dataclass(frozen=True)
class Case:
    """A problem to solve, and the gap that is asked for."""

    kind: str
    sources: int
    samples: int
    gap: float
    error_cost: float = 100.0
    quick: bool = False

    @property
    def readout(self) -> Readout | None:
        return None if np.isinf(self.error_cost) else Soft(self.error_cost)


CASES = (
    Case("rectified", 1, 10_000, 1e-9),
    Case("rectified", 2, 45, 1e-9, quick=True),
    Case("rectified", 2, 200, 1e-8, quick=True),
    Case("rectified", 2, 1_000, 1e-6),
    Case("rectified", 2, 10_000, 1e-4),
    Case("rectified", 3, 60, 1e-8),
    Case("rectified", 3, 200, 1e-6),
    Case("rectified", 2, 45, 1e-5, error_cost=1e4),
    Case("free", 1, 1_000, 1e-8, quick=True),
    Case("free", 2, 200, 1e-7, quick=True),
    Case("free", 3, 200, 1e-7),
    Case("free", 2, 200, 1e-7, error_cost=np.inf),
)


@dataclass(frozen=True)
class Row:
    """What came of a case; `met` tells whether the gap is what was asked for."""

    kind: str
    sources: str
    samples: str
    readout: str
    loss: float
    gap: float
    target: float
    seconds: float
    neurons: int
    status: str

    @property
    def met(self) -> bool:
        return self.gap <= self.target

    @property
    def cells(self) -> tuple[str, ...]:
        loss = f"{self.loss:.9g}" if np.isfinite(self.loss) else "-"
        size = (f"{self.gap:.1e}", f"{self.target:.0e}", f"{self.seconds:.3g}", f"{self.neurons}")
        return (self.kind, self.sources, self.samples, self.readout, loss, *size)


def measure(case: Case, limit: float) -> Row:
    """Solve a case, with a limit of time in seconds."""
    points = np.random.default_rng(0).uniform(-1, 1, size=(case.samples, case.sources))
    prices = {"activity_cost": 0.3, "decoder_cost": 0.3} | ({"encoder_cost": 0.3} if case.kind == "rectified" else {})
    problem = Problem(points, activation=case.kind, readout=case.readout, **prices)
    start = time.process_time()
    answer = solve(problem, tolerance=case.gap, time_limit=limit, rng=0)
    taken = time.process_time() - start
    said = "exact" if case.readout is None else f"errors at {case.error_cost:g}"
    sizes = (f"{case.sources}", f"{case.samples:,}", said)
    return Row(case.kind, *sizes, answer.loss, answer.gap, case.gap, taken, len(answer), answer.status)


def ugly(seed: int) -> Problem:
    """A problem of rectified neurons with ties, heavy tails, unequal probabilities, or targets of another rank."""
    rng = np.random.default_rng(seed)
    dimension = int(rng.integers(1, 4))
    count = int(rng.integers(dimension + 4, 41))
    kinds = [
        rng.uniform(-1, 1, (count, dimension)),
        rng.integers(-2, 3, (count, dimension)).astype(float),
        rng.standard_t(2, (count, dimension)),
        1000 + rng.exponential(1, (count, dimension)),
    ]
    points = kinds[int(rng.integers(4))]
    if np.linalg.matrix_rank(points - points.mean(axis=0)) < dimension:
        points = kinds[0]
    shares = rng.dirichlet(np.ones(count)) if rng.random() < 0.5 else None
    targets = rng.standard_normal((int(rng.integers(1, 4)), dimension)) if rng.random() < 0.5 else None
    readout = Soft(float(rng.choice([2.0, 30.0, 1e3])), targets=targets)
    encoder_cost = float(rng.choice([0.0, 0.1, 1.0]))
    return Problem(points, probabilities=shares, readout=readout, encoder_cost=encoder_cost, activation="rectified")


def measure_ugly(count: int, limit: float) -> Row:
    """The ugly problems: the worst gap and the longest time."""
    gaps, seconds, neurons = [], [], []
    for seed in range(count):
        problem = ugly(seed)
        start = time.process_time()
        answer = solve(problem, time_limit=limit, rng=0)
        seconds.append(time.process_time() - start)
        gaps.append(answer.gap)
        neurons.append(len(answer))
    met = sum(gap <= 1e-8 for gap in gaps)
    sizes = ("1 to 3", "up to 40", f"{count} ugly problems, {met} to 1e-08")
    return Row("rectified", *sizes, float("nan"), max(gaps), 1e-8, max(seconds), max(neurons), "")


def measured(*, quick: bool, limit: float) -> Iterator[Row]:
    """Rows, one after the other."""
    for case in CASES:
        if case.quick or not quick:
            yield measure(case, limit)
    yield measure_ugly(4 if quick else UGLY, min(limit, 20.0))


@click.command()
@click.option("--quick", is_flag=True, help="Only the cases of a second or two.")
@click.option("--time-limit", default=180.0, show_default=True, help="Seconds for each problem.")
@click.option("--json", "out", type=click.Path(dir_okay=False), help="Also write the rows to this file.")
@click.option("--markdown", "page", type=click.Path(dir_okay=False), help="Also write the table to this file.")
def main(quick: bool, time_limit: float, out: str | None, page: str | None) -> None:
    """Measure, and print a table. Gaps that are wider than asked for are told, and are no failure."""
    require_outputs(out, None, page)
    described = machine(("numpy", "scipy"))
    rows = []
    with one_thread():
        for row in measured(quick=quick, limit=time_limit):
            rows.append(row)
            click.echo(f"{', '.join(row.cells[:4])}: gap {row.gap:.1e} in {row.seconds:.3g} s", err=True)
    title = "Rectified and free neurons"
    show(title, HEAD, [row.cells for row in rows])
    click.echo("; ".join(f"{name} {text}" for name, text in described.items()))
    if out is not None:
        table = [asdict(row) | {"met": row.met} for row in rows]
        Path(out).write_text(json.dumps({"machine": described, "rows": table}, indent=1) + "\n")
    if page is not None:
        Path(page).write_text(as_markdown(title, HEAD, [row.cells for row in rows]) + "\n")


if __name__ == "__main__":
    main()
