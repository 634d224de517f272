"""How time, memory, gap and iterations grow, for every method: `python -m benchmarks.scaling`.

    python -m benchmarks.scaling [--quick] [--only WORD] [--json OUT] [--plot OUT] [--markdown OUT]

Against samples, sources, vertices of the hull and workers; half an hour of one core. What is in the JSON file is not
measured again. `--quick` takes two sizes of a few methods, one four times the other, and exits with 1 if the time of
one grows more than it may.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from benchmarks.kept import Kept
from benchmarks.reporting import Table, machine, publish, require_outputs, show, told
from benchmarks.scaling import report
from benchmarks.scaling.measured import Measurement, measured
from benchmarks.scaling.series import AXES, SERIES, Series
from theory.errors import InputError

PACKAGES = ("numpy", "scipy", "cvxpy", "clarabel", "joblib", "modularity-solver")  # those whose versions matter
TOO_LONG = 75.0  # seconds of processor time after which larger problems of a series are not begun

NOT_BEGUN = "not begun: a smaller one took too long"


def chosen(only: Sequence[str], *, quick: bool) -> list[Series]:
    """The series to measure, those of a short run with its two sizes alone."""
    named = [series for series in SERIES if all(word in series.name for word in only)]
    return [replace(series, sizes=series.quick) for series in named if series.quick] if quick else named


def missing(series: Series, known: Mapping[int, Measurement]) -> Iterator[Measurement]:
    """Measure what is not there yet, from small to large."""
    stopped = False
    for size in series.sizes:
        row = known.get(size)
        if row is None:
            row = Measurement(series.name, size, failed=NOT_BEGUN) if stopped else measured(series.name, size)
            yield row
        stopped = stopped or bool(row.failed) or (row.cpu or 0.0) > TOO_LONG


@click.command()
@click.option("--quick", is_flag=True, help="Two sizes of a few methods; exit code 1 if one grows more than it may.")
@click.option("--only", multiple=True, metavar="WORD", help="Series whose names have this word; may be repeated.")
@click.option("--json", "out", type=click.Path(dir_okay=False), help="Keep measurements here, and those that are.")
@click.option("--plot", "picture", type=click.Path(dir_okay=False), help="Also draw them.")
@click.option("--markdown", "page", type=click.Path(dir_okay=False), help="Also write the tables as Markdown.")
def main(*, quick: bool, only: Sequence[str], out: str | None, picture: str | None, page: str | None) -> None:
    """Measure how methods grow, and print tables."""
    try:
        require_outputs(out, picture, page)
        kept = Kept(None if out is None else Path(out), Measurement, machine(PACKAGES))
    except InputError as error:
        raise click.UsageError(str(error)) from None
    series = chosen(only, quick=quick)
    if not series:
        raise click.UsageError(f"--only: no series has {' and '.join(only)} in its name; leave it out to see them all")
    _measure(series, kept)
    names = {one.name: one.sizes for one in series}
    rows = [row for row in kept.rows if row.size in names.get(row.series, ())]
    if quick:
        sys.exit(_judge(rows))
    publish(_tables(rows), page, picture, lambda file: report.draw(report.fits(rows), file))


def _measure(series: Sequence[Series], kept: Kept[Measurement]) -> None:
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("Measuring", total=sum(len(one.sizes) for one in series))
        for one in series:
            progress.update(bar, description=one.name)
            known = {row.size: row for row in kept.rows if row.series == one.name}
            for row in missing(one, known):
                kept.add(row)
                progress.advance(bar)


def _tables(rows: Sequence[Measurement]) -> list[Table]:
    fits = report.fits(rows)
    tables = [
        (f"Against {name}", report.GROWTH_HEAD, report.growth_table(fits, axis))
        for axis, name in AXES.items()
        if any(fit.series.axis == axis for fit in fits)
    ]
    return [*tables, ("Every measurement", report.MEASURED_HEAD, report.measured_table(rows))]


def _judge(rows: Sequence[Measurement]) -> int:
    """Print how the quick pairs grew; 1 if one of them by too much, or failed."""
    for row in rows:
        if row.failed:
            click.echo(f"{row.series}, {row.size:,}: {row.failed}")
    ratios = report.held(rows)
    table = [
        [series.name, f"{series.quick[0]:,} to {series.quick[1]:,}", f"{ratio:.2f}", f"{series.most:g}",
         told(ratio <= series.most)]
        for series, ratio in ratios
    ]  # fmt: skip
    show("Processor time of four times the size", ["series", "sizes", "ratio", "at most", "held"], table)
    return int(any(row.failed for row in rows) or any(ratio > series.most for series, ratio in ratios))


if __name__ == "__main__":
    main()
