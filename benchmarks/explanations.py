"""How long the best formula for a neuron takes, and how often a beam search misses it.

    python -m benchmarks.explanations [--quick] [--json OUT]

Labels are drawn independently, each with a share of the samples (*density*). A neuron follows five of them, some of its
samples turned about (*planted*), or fires on samples at random (*noise*), where nothing stands out and the search is
longest. Times are those of the processor, for one search with its proof. The beam is that of Mu and Andreas (2020): of
each length the ten best formulas are kept, and joined with every literal by AND and OR. Exit code 1 if a search ends
without its proof, or the beam finds something better.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import click
import numpy as np

from solver.explanations.counts import Weights
from solver.explanations.search import FORMULA_SEARCH, Search
from theory.arrays import Array, Indices, Mask

__all__ = ["beam", "main"]


# Samples, labels, and neurons of each kind.
FULL = [(1_000, 30, 40), (2_000, 100, 10), (5_000, 300, 2)]
QUICK = [(300, 12, 4)]


@dataclass(frozen=True)
class Row:
    """One setting: means over its neurons, and the longest time."""

    samples: int
    labels: int
    density: float
    kind: str
    neurons: int
    seconds: float
    longest: float
    iou: float
    beam_iou: float
    missed_by_beam: int
    proven: int


def beam(table: Mask, fires: Mask, width: int = 10) -> float:
    """The IoU that a beam search of formulas of up to three literals finds, of labels (T, k) and a neuron (T,).

    So many formulas of each length are kept.
    """
    literals = np.concatenate([table, ~table], axis=1).T
    kept, best = literals, 0.0
    for length in range(3):
        if length:
            joined = [operation(kept[:, None], literals[None]) for operation in (np.logical_and, np.logical_or)]
            kept = np.concatenate(joined).reshape(-1, len(fires))
        kept = kept[kept.any(axis=1) & ~kept.all(axis=1)]
        value = (kept & fires).sum(axis=1) / (kept | fires).sum(axis=1)
        chosen = _different(kept, np.argsort(-value, kind="stable"), width)
        kept, best = kept[chosen], max(best, float(value[chosen[0]]))
    return best


def _different(masks: Mask, order: Indices, width: int) -> list[int]:
    """The first few rows in this order that are not the same."""
    seen: dict[bytes, int] = {}
    for row in order.tolist():
        seen.setdefault(np.packbits(masks[row]).tobytes(), row)
        if len(seen) == width:
            break
    return list(seen.values())


def _neurons(rng: np.random.Generator, table: Mask, kind: str, count: int) -> Iterator[Mask]:
    for _ in range(count):
        one, two, three, four, five = table[:, rng.choice(table.shape[1], 5, replace=False)].T
        follows = (one & (two | ~three)) | (four & five)
        if kind == "noise":
            yield rng.permutation(follows)
        else:
            yield follows ^ (rng.random(len(follows)) < 0.05)


def _measured(rng: np.random.Generator, table: Mask, kind: str, count: int, density: float) -> Row:
    seconds, ious, beams, proven = [], [], [], 0
    rows: Array = table.astype(float)
    for fires in _neurons(rng, table, kind, count):
        start = time.process_time()
        formula = Search(Weights(rows, fires.astype(float), 1.0 - fires)).best()
        seconds.append(time.process_time() - start)
        ious.append(formula.iou)
        beams.append(beam(table, fires))
        proven += formula.proven
    return Row(
        samples=len(table),
        labels=table.shape[1],
        density=density,
        kind=kind,
        neurons=count,
        seconds=float(np.mean(seconds)),
        longest=max(seconds),
        iou=float(np.mean(ious)),
        beam_iou=float(np.mean(beams)),
        missed_by_beam=sum(one > other + FORMULA_SEARCH.tie for one, other in zip(ious, beams, strict=True)),
        proven=proven - sum(other > one + FORMULA_SEARCH.tie for one, other in zip(ious, beams, strict=True)),
    )


@click.command()
@click.option("--quick", is_flag=True, help="One small table.")
@click.option("--json", "file", type=click.Path(), help="Write the rows as JSON too.")
@click.option("--seed", type=int, default=0, show_default=True)
def main(quick: bool, file: str | None, seed: int) -> None:
    """Measure searches for the best formula of up to three literals."""
    rng, rows = np.random.default_rng(seed), []
    click.echo("samples  labels  density  kind     neurons  seconds  longest    IoU   beam  missed by the beam")
    for samples, labels, count in QUICK if quick else FULL:
        for density in (0.1, 0.5):
            for kind in ("planted", "noise"):
                row = _measured(rng, rng.random((samples, labels)) < density, kind, count, density)
                rows.append(row)
                click.echo(
                    f"{samples:7}  {labels:6}  {density:7}  {kind:7}  {count:7}  {row.seconds:7.3f}  "
                    f"{row.longest:7.3f}  {row.iou:.3f}  {row.beam_iou:.3f}  {row.missed_by_beam}"
                )
    if file is not None:
        with open(file, "w") as stream:
            json.dump([asdict(row) for row in rows], stream, indent=1)
    raise SystemExit(any(row.proven < row.neurons for row in rows))


if __name__ == "__main__":
    main()
