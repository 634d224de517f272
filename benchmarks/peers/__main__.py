"""One set of problems by everybody: `python -m benchmarks.peers` (`pip install '.[peers]'`).

For every peer, each at its best of several settings, the time to come within 1e-2 to 1e-8 of the certified optimum,
start-up apart; how it grows with samples, sources and extreme samples; how often descent ends in a worse code; and the
pricing step by a spatial branch and bound. Times are seconds of the processor, on one thread, so that a busy machine
does not matter much.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.kept import Kept
from benchmarks.peers import report
from benchmarks.peers.instances import Instance, instances, rectified_instances
from benchmarks.peers.pricing import priced
from benchmarks.peers.trace import Outcome
from benchmarks.peers.work import PEERS, RECTIFIED_PEERS, outcomes
from benchmarks.reporting import Table, machine, publish, require_outputs
from theory.errors import InputError

TIME_LIMIT, QUICK_TIME_LIMIT = 10.0, 1.0
PACKAGES = ("numpy", "scipy", "cvxpy", "clarabel", "scs", "jax", "optax", "pyscipopt")
EXTRA = ("jax", "optax", "pyscipopt")

WORSE = 1e-3  # a descent that ends farther above the optimum than this has got stuck in another code

STUCK_SEEDS, STUCK_STEPS, STUCK_RATE = 100, 20_000, 0.03


@click.command()
@click.option("--quick", is_flag=True, help="Two small problems, a second per run.")
@click.option("--activation", type=click.Choice(["linear", "rectified"]), default="linear", help="The kind of neurons.")
@click.option("--time-limit", type=click.FloatRange(0, min_open=True), help="Seconds a run.  [default: 10]")
@click.option("--peer", "chosen", multiple=True, type=click.Choice([*PEERS, *RECTIFIED_PEERS]), help="Only these.")
@click.option("--json", "out", type=click.Path(dir_okay=False), help="Also keep it in this file, and go on from there.")
@click.option("--plot", "picture", type=click.Path(dir_okay=False), help="Also draw it.")
@click.option("--markdown", "page", type=click.Path(dir_okay=False), help="Also write the tables as Markdown.")
def main(
    *,
    quick: bool,
    activation: str,
    time_limit: float | None,
    chosen: Sequence[str],
    out: str | None,
    picture: str | None,
    page: str | None,
) -> None:
    """Measure everybody on the same problems in the same run."""
    limit = time_limit or (QUICK_TIME_LIMIT if quick else TIME_LIMIT)
    missing = [name for name in EXTRA if find_spec(name) is None]
    if missing:
        raise click.UsageError(f"{', '.join(missing)}: not installed; pip install '.[peers]'")
    try:
        require_outputs(out, picture, page)
        conditions = {**machine(PACKAGES), "seconds_a_run": limit}
        kept = Kept(None if out is None else Path(out), Outcome.from_json, conditions)
    except InputError as error:
        raise click.UsageError(str(error)) from None
    rectified = activation == "rectified"
    problems = list(rectified_instances(quick=quick) if rectified else instances(quick=quick))
    peers = chosen or (RECTIFIED_PEERS if rectified else PEERS)
    if set(peers) - set(RECTIFIED_PEERS if rectified else PEERS):
        raise click.UsageError(f"--peer: not all of them take {activation} neurons; leave it out, or see --activation")
    known = {(outcome.instance, outcome.peer): outcome for outcome in kept.rows}
    coming = outcomes(peers, problems, limit, known)
    measured = []
    for outcome in _followed(coming, len(problems) * len(peers)):
        measured.append(outcome)
        if (outcome.instance, outcome.peer) not in known:
            kept.add(outcome)
    if rectified:
        tables, more = _rectified_tables(measured, quick=quick)
    else:
        tables, more = _linear_tables(measured, problems, limit, quick=quick)
    kept.write(**more)
    publish(tables, page, picture, lambda file: report.draw(measured, file))


TIMES = "Seconds of the processor to come so near to the optimum"


def _linear_tables(
    measured: list[Outcome], problems: list[Instance], limit: float, *, quick: bool
) -> tuple[list[Table], dict[str, list[dict[str, Any]]]]:
    """The tables of linear neurons, and what of them is kept."""
    prices = [priced(instance, limit) for instance in _to_price(problems)]
    stuck = stuck_table(quick=quick)
    growth = f"Growth of the time to {report.FOLLOWED:g}, as exponents"
    tables = [
        (TIMES, report.TIME_HEAD, report.time_table(measured)),
        *((f"To within {near:g}; * the fastest", *report.across(measured, near)) for near in (report.FOLLOWED, 1e-8)),
        (growth, report.EXPONENT_HEAD, report.exponent_table(measured)),
        ("Pricing", report.PRICING_HEAD, report.pricing_table(prices)),
        (f"Descents that ended more than {WORSE:g} above the optimum", report.STUCK_HEAD, stuck),
    ]
    return tables, {
        "pricing": [asdict(row) for row in prices],
        "stuck": [dict(zip(report.STUCK_HEAD, row, strict=True)) for row in stuck],
    }


def _rectified_tables(measured: list[Outcome], *, quick: bool) -> tuple[list[Table], dict[str, list[dict[str, Any]]]]:
    """The tables of rectified neurons, and what of them is kept."""
    stuck = rectified_ends(quick=quick)
    tables = [
        (TIMES, report.TIME_HEAD, report.time_table(measured)),
        *((f"To within {near:g}; * the fastest", *report.across(measured, near)) for near in (1e-2, 1e-4, 1e-6)),
        ("Where descents on the rectified loss end, above the optimum", report.ENDS_HEAD, stuck),
    ]
    return tables, {"stuck": [dict(zip(report.ENDS_HEAD, row, strict=True)) for row in stuck]}


def _followed(coming: Iterable[Outcome], total: int) -> Iterable[Outcome]:
    from rich.console import Console
    from rich.progress import track

    yield from track(coming, "Peers", total=total, console=Console(stderr=True), transient=True)


def _to_price(problems: Iterable[Instance]) -> list[Instance]:
    """The instances of no series, and those of more and more sources."""
    return [instance for instance in problems if instance.series in ("", "sources")]


def stuck_table(*, quick: bool) -> list[list[str]]:
    """How often descent on the neurons alone ends in a worse code, by sources and neurons."""
    from benchmarks.peers.descent import ends

    rows = []
    seeds, steps = (10, 2_000) if quick else (STUCK_SEEDS, STUCK_STEPS)
    for dimension, kind in product((2,) if quick else (2, 3, 4, 5), range(3)):
        enough = dimension * (dimension + 1) // 2
        neurons = (dimension, enough, 2 * enough)[kind]
        points = np.random.default_rng(dimension).uniform(-1, 1, size=(60, dimension))
        excess = ends(Instance("", points), neurons, seeds, steps, STUCK_RATE)
        worse = int((excess > WORSE).sum())
        rows.append([str(dimension), str(neurons), f"{worse} of {seeds}", f"{100 * excess.max():.2g} %"])
    return rows


def rectified_ends(*, quick: bool) -> list[list[str]]:
    """How far above the optimum descents on the rectified loss end, by problem and number of neurons."""
    from benchmarks.peers.rectified import WIDTHS, ends

    rows = []
    seeds, steps = (10, 1_000) if quick else (30, STUCK_STEPS)
    for instance in rectified_instances(quick=quick):
        for width in WIDTHS:
            excess = ends(instance, width, seeds, steps, STUCK_RATE)
            near = [f"{int((excess <= share).sum())} of {seeds}" for share in (1e-2, 1e-4, 1e-6)]
            rows.append([instance.name, str(width), *near, f"{np.median(excess):.1e}", f"{excess.max():.1e}"])
    return rows


if __name__ == "__main__":
    main()
