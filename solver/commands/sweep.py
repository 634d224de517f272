"""`modularity sweep SPEC`: many problems, each to its certificate, on as many workers as there are."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import click

from solver.commands.terminal.endings import Outputs
from solver.commands.terminal.options import (
    format_options,
    picture_option,
    practically_option,
    require_outputs,
    threshold_of,
    together,
)
from solver.commands.terminal.output import say, tell, write
from solver.commands.terminal.progress import counted
from solver.stopping import Stopped, noted
from theory.errors import InputError

if TYPE_CHECKING:
    from solver.commands.terminal.formats import Table
    from solver.sweeps.plan import Sweep
    from solver.sweeps.table import Row

JUDGED_BY = "practically_modular"

ANSWERS = ("price_of_modularity", JUDGED_BY, "modular", "neurons", "status", "loss", "lower_bound", "gap")
"""What a printed table has of a point besides its coordinates; the verdict follows from the bounds of the price."""


worker_options = together(
    click.option("--jobs", type=int, metavar="N", help="Processes.  [default: one per core]"),
    click.option(
        "--backend",
        metavar="NAME",
        shell_complete=lambda _c, _p, start: [name for name in ("loky", "dask", "ray") if name.startswith(start)],
        help="loky (processes here), dask or ray.  [default: loky]",
    ),
    click.option("--scheduler", metavar="ADDRESS", help="Address of the Dask scheduler or Ray head to work on."),
)
"""Who does the work."""


@click.command()
@click.argument("spec", metavar="SPEC", type=click.Path())
@click.option("--results", type=click.Path(), metavar="FILE", help="Table to write.  [default: SPEC with .parquet]")
@picture_option
@click.option("--at", multiple=True, metavar="NAME=VALUE", help="Hold a coordinate there, where more than two vary.")
@worker_options
@practically_option
@format_options()
def sweep(
    spec: str,
    *,
    results: str | None,
    picture: str | None,
    at: tuple[str, ...],
    practically: float | None,
    form: str,
    **workers: Any,
) -> int:
    """Solve all problems that SPEC, a TOML file, describes. The same command goes on where it was stopped."""
    if not os.path.isfile(spec):
        raise InputError(f"{spec}: no such file; SPEC is a TOML file, see docs/scale.md")
    from solver.sweeps.spec import read_sweep

    limit = threshold_of(practically)
    plan = read_sweep(spec)
    held = _held(at)
    if picture is not None:
        _require_drawable(plan, held, picture)
    target = os.path.splitext(spec)[0] + ".parquet" if results is None else results
    rows = solved(plan, target, **workers)
    with noted(), Outputs() as outputs:
        outputs.attempt(_print, plan, rows, target, limit, form)
        if picture is not None:
            from solver.pictures.phases.sweep import plot_sweep

            outputs.attempt(write, lambda path: plot_sweep(plan, rows, path=path, at=held), picture, form, "Picture in")
    return 0


def _held(at: tuple[str, ...]) -> dict[str, str]:
    for entry in at:
        if "=" not in entry:
            raise InputError(f"--at: {entry!r} is no coordinate with its value; write NAME=VALUE")
    return dict(entry.split("=", 1) for entry in at)


def _require_drawable(plan: Sweep, held: dict[str, str], picture: str) -> None:
    """Say now, not after the work, that there is no picture of it."""
    from solver.sweeps.view import view

    require_outputs({}, picture=picture)
    view(plan, [{} for _ in range(len(plan))], held)


def solved(plan: Sweep, results: str | None, **workers: Any) -> list[Row]:
    """The rows of a sweep, with a bar of progress; an interrupt says what is kept.

    Args:
        plan: of the sweep.
        results: file of the table, if it is kept.
        workers: the options `worker_options`.
    """
    from solver.sweeps.run import run

    with followed("points", results) as callback:
        return run(plan, results, callback=callback, **workers_of(workers))


def workers_of(options: dict[str, Any]) -> dict[str, Any]:
    """The arguments of `solver.sweep` that say who works: a process for each core here, unless told otherwise."""
    jobs, backend = options.get("jobs"), options.get("backend") or "loky"
    count = -1 if jobs is None and backend == "loky" else jobs
    return {"jobs": count, "backend": backend, "scheduler": options.get("scheduler")}


@contextmanager
def followed(what: str, results: str | None) -> Iterator[Callable[[int, int], None]]:
    """What is called with how many of how many are known: a bar shows it, and an interrupt says what is kept."""
    known = (0, 0)
    with counted(what) as follow:

        def callback(done: int, count: int) -> None:
            nonlocal known
            known = (done, count)
            if follow is not None:
                follow(done, count)

        try:
            yield callback
        except Stopped:
            if results is not None:
                with suppress(OSError):
                    kept = "{:,} of {:,}".format(*known)
                    tell(f"{kept} {what} are kept beside {results}; the same command goes on.", error=True)
            raise


def _print(plan: Sweep, rows: list[Row], target: str, limit: float, form: str) -> None:
    say(
        form,
        text=lambda: _tell(plan, rows, target, limit),
        content=lambda: {
            "points": len(rows),
            **_prices(rows, limit),
            "statuses": _statuses(rows),
            "largest_gap": max(_gaps(rows)),
            "results": target,
        },
        table=lambda: _table(plan, rows, limit),
    )


def _judged(row: Row, limit: float) -> bool | None:
    """Whether the sources of a point are modular for practical purposes; None where that is open, or no question."""
    from theory.conditions.practically import practically_modular

    if row.get("price_least") is None:
        return None
    most = row["price_most"]
    return practically_modular(row["price_least"], math.inf if most is None else most, limit)


def _prices(rows: list[Row], limit: float) -> dict[str, Any]:
    """The largest price, and how many points are modular for practical purposes, how many are not, and exactly."""
    from theory.conditions.practically import NO_PRICE

    priced = [row for row in rows if row.get("price_of_modularity") is not None]
    judged = [_judged(row, limit) for row in priced]
    return {
        "largest_price": max((row["price_of_modularity"] for row in priced), default=None),
        "practically": limit,
        JUDGED_BY: sum(one is True for one in judged),
        "modular": sum(row["price_most"] is not None and row["price_most"] <= NO_PRICE for row in priced),
        "mixed": sum(one is False for one in judged),
        "undecided": sum(one is None for one in judged),
    }


def _table(plan: Sweep, rows: list[Row], limit: float) -> Table:
    """Coordinates and answers; the file has more."""
    from solver.commands.terminal.formats import Table

    rows = [row | {JUDGED_BY: _judged(row, limit)} for row in rows]
    names = [*plan.coordinates, *(name for name in ANSWERS if name not in plan.coordinates)]
    cells = [[row.get(name) for name in names] for row in rows]
    return Table(names, [[", ".join(map(str, one)) if isinstance(one, list) else one for one in row] for row in cells])


def _statuses(rows: list[Row]) -> dict[str, int]:
    return dict(Counter(row["status"] for row in rows))


def _gaps(rows: list[Row]) -> list[float]:
    return [row["gap"] for row in rows if row.get("gap") is not None]


def _tell(plan: Sweep, rows: list[Row], target: str, limit: float) -> None:
    said = ", ".join(f"{count:,} {status}" for status, count in sorted(_statuses(rows).items()))
    gap = max(_gaps(rows))
    tell(f"{len(rows):,} points over {', '.join(plan.coordinates)}: {said}; largest gap {gap:.1e}.")
    prices = _prices(rows, limit)
    if prices["largest_price"] is not None:
        from solver.pictures.words import percent, threshold

        tell(
            f"Modularity costs up to {percent(prices['largest_price'])} more; {prices[JUDGED_BY]:,} are modular "
            f"{threshold(limit)}, {prices['modular']:,} of them exactly; {prices['mixed']:,} are mixed"
            + (f", {prices['undecided']:,} undecided." if prices["undecided"] else ".")
        )
    refused = [row for row in rows if row["status"] == "refused"]
    if refused:
        tell(f"The first that was refused: {refused[0]['message']}.")
    tell(f"Table in {target}.")
