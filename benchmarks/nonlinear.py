"""How far certified codes of rectified and free neurons reach: sizes, gaps, seconds.

    python -m benchmarks.nonlinear [--quick] [--long] [--json OUT.json] [--markdown OUT.md]

Uniform sources, prices of 0.3, errors at 100 unless said otherwise; linear algebra on one thread. Seconds are those of
the processor, for `solve` with all it does: the linear and the modular code, the search, and the proof anew. Of
rectified neurons in four sources and more some per cent are asked for, and that seeds agree. The ugly problems have one
to three sources, up to 40 samples, ties, heavy tails, unequal probabilities of samples and targets of another rank; the
worst is told.
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

HEAD = ("neurons", "sources", "samples", "readout", "loss", "gap", "target", "seconds", "target", "seeds apart", "code")

AGREEMENT = 1e-6  # relative difference of losses up to which seeds agree
UGLY, UGLY_GAP, UGLY_SECONDS = 34, 1e-8, 20.0  # how many there are, and the targets of each


@dataclass(frozen=True)
class Case:
    """A problem to solve, the targets of its gap and seconds, and with how many seeds it is tried.

    Quick runs have the quick cases alone, plain ones have none of the long ones.
    """

    kind: str
    sources: int
    samples: int
    gap: float
    seconds: float
    error_cost: float = 100.0
    seeds: int = 1
    quick: bool = False
    long: bool = False

    @property
    def readout(self) -> Readout | None:
        return None if np.isinf(self.error_cost) else Soft(self.error_cost)


CASES = (
    Case("rectified", 1, 10_000, 1e-9, 5),
    Case("rectified", 2, 45, 1e-9, 1, quick=True),
    Case("rectified", 2, 200, 1e-8, 4, quick=True),
    Case("rectified", 2, 1_000, 1e-6, 15),
    Case("rectified", 2, 10_000, 1e-4, 180, long=True),
    Case("rectified", 3, 60, 1e-8, 5),
    Case("rectified", 3, 200, 1e-6, 15),
    Case("rectified", 4, 30, 0.07, 20, seeds=2),
    Case("rectified", 5, 30, 0.07, 20, seeds=2),
    Case("rectified", 6, 30, 0.07, 20, seeds=2),
    Case("rectified", 4, 200, 0.3, 60, seeds=2, long=True),
    Case("rectified", 2, 45, 1e-5, 13, error_cost=1e4, quick=True),
    Case("rectified", 2, 45, 1e-5, 13, error_cost=np.inf),
    Case("free", 1, 1_000, 1e-8, 2, quick=True),
    Case("free", 2, 200, 1e-7, 30),
    Case("free", 3, 200, 1e-7, 30),
    Case("free", 2, 200, 1e-7, 30, error_cost=np.inf),
    Case("free", 4, 60, 1e-6, 30, seeds=2),
)


@dataclass(frozen=True)
class Row:
    """What came of a case, and its targets; `apart` is how far the losses of seeds differ."""

    kind: str
    sources: str
    samples: str
    readout: str
    loss: float
    gap: float
    gap_target: float
    seconds: float
    seconds_target: float
    neurons: int
    apart: float | None = None

    @property
    def met(self) -> bool:
        """Whether the gap meets its target, and seeds agree. Seconds depend on the machine."""
        return self.gap <= self.gap_target and (self.apart is None or self.apart <= AGREEMENT)

    @property
    def cells(self) -> tuple[str, ...]:
        loss = "-" if np.isnan(self.loss) else f"{self.loss:.9g}"
        apart = "-" if self.apart is None else f"{self.apart:.1e}"
        reached = f"{self.gap:.1e}" if self.gap < 1e-3 else f"{self.gap:.2g}"
        seconds = f"{self.seconds:.2g}" if self.seconds < 10 else f"{self.seconds:.0f}"
        sizes = (reached, f"{self.gap_target:.0g}", seconds, f"{self.seconds_target:g}")
        return (self.kind, self.sources, self.samples, self.readout, loss, *sizes, apart, f"{self.neurons}")


def measure(case: Case, limit: float) -> Row:
    """Solve a case, with a limit of time in seconds; of several seeds the worst is told."""
    points = np.random.default_rng(0).uniform(-1, 1, size=(case.samples, case.sources))
    prices = {"activity_cost": 0.3, "decoder_cost": 0.3} | ({"encoder_cost": 0.3} if case.kind == "rectified" else {})
    problem = Problem(points, activation=case.kind, readout=case.readout, **prices)
    taken, answers = [], []
    # Codes are found as well as seeds shall agree, even if their bounds are far off.
    tolerance = case.gap if case.seeds == 1 else min(case.gap, AGREEMENT)
    for seed in range(case.seeds):
        start = time.process_time()
        answers.append(solve(problem, tolerance=tolerance, time_limit=limit, rng=seed))
        taken.append(time.process_time() - start)
    losses = [answer.loss for answer in answers]
    worst = answers[int(np.argmax([answer.gap for answer in answers]))]
    readout = "exact" if case.readout is None else f"errors at {case.error_cost:g}"
    return Row(
        case.kind,
        f"{case.sources}",
        f"{case.samples:,}",
        readout,
        worst.loss,
        worst.gap,
        case.gap,
        max(taken),
        case.seconds,
        max(len(answer) for answer in answers),
        (max(losses) - min(losses)) / min(losses) if case.seeds > 1 else None,
    )


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


def measure_ugly(seeds: range, limit: float) -> Row:
    """The ugly problems: the worst gap, the longest time, and the largest code."""
    gaps, seconds, neurons = [], [], []
    for seed in seeds:
        problem = ugly(seed)
        # The search ends by the time of the processor: others may use it meanwhile.
        end = (start := time.process_time()) + UGLY_SECONDS
        answer = solve(problem, time_limit=limit, rng=0, callback=lambda _, end=end: time.process_time() > end)
        seconds.append(time.process_time() - start)
        gaps.append(answer.gap)
        neurons.append(len(answer))
    met = sum(gap <= UGLY_GAP for gap in gaps)
    sizes = ("1 to 3", "up to 40", f"{len(seeds)} ugly ones, {met} to {UGLY_GAP:g}")
    return Row("rectified", *sizes, np.nan, max(gaps), UGLY_GAP, max(seconds), UGLY_SECONDS, max(neurons))


def measured(*, quick: bool, long: bool, limit: float) -> Iterator[Row]:
    """Rows, one after the other."""
    for case in CASES:
        if case.quick or (not quick and (long or not case.long)):
            yield measure(case, limit)
    yield measure_ugly(range(1, 4) if quick else range(UGLY), limit)


@click.command()
@click.option("--quick", is_flag=True, help="Only the cases of a second or two.")
@click.option("--long", is_flag=True, help="Also the cases of minutes.")
@click.option("--time-limit", default=300.0, show_default=True, help="Seconds for each problem.")
@click.option("--json", "out", type=click.Path(dir_okay=False), help="Also write the rows to this file.")
@click.option("--markdown", "page", type=click.Path(dir_okay=False), help="Also write the table to this file.")
def main(quick: bool, long: bool, time_limit: float, out: str | None, page: str | None) -> None:
    """Measure, and print a table. A target that is missed is told, and is no failure."""
    require_outputs(out, None, page)
    described = machine(("numpy", "scipy"))
    rows = []
    with one_thread():
        measure(CASES[1], time_limit)  # imports are not measured
        for row in measured(quick=quick, long=long, limit=time_limit):
            rows.append(row)
            said = "met" if row.met else "missed"
            click.echo(f"{', '.join(row.cells[:4])}: {row.gap:.1e} in {row.seconds:.3g} s, {said}", err=True)
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
