"""`modularity verify [FILE.py::NAME]`: theorems and conjectures against certified optima."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from solver.commands.terminal.endings import REFUTED, Outputs
from solver.commands.terminal.options import format_options, names_in, seed_option
from solver.commands.terminal.output import note, say, tell
from solver.extras import require
from solver.stopping import noted
from theory.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from solver.commands.terminal.formats import Table
    from solver.verification.verify import Report


@click.command()
@click.argument("target", required=False, metavar="[FILE.py::NAME]")
@click.option(
    "--theorem",
    "names",
    multiple=True,
    metavar="NAME",
    shell_complete=names_in("theory.theorems", "THEOREMS"),
    help="Only this one, or a published statement of docs/decided.md; may be repeated.",
)
@click.option("--trials", type=int, default=100, show_default=True, help="Problems per theorem.")
@seed_option
@click.option("--report", "page", type=click.Path(), metavar="FILE", help="Write an .html page with the closest calls.")
@click.option("--save", "saved", type=click.Path(), metavar="FILE", help="For a counterexample.  [default: NAME.csv]")
@format_options()
def verify(
    target: str | None,
    names: tuple[str, ...],
    *,
    trials: int,
    seed: int,
    form: str,
    page: str | None,
    saved: str | None,
) -> int:
    """Hold theorems, or a conjecture of your own in FILE.py, against certified optima."""
    require("verify", "verify", "hypothesis")
    if page is not None or saved is not None:
        from theory.writing import require_writable

        if page is not None:
            require_writable(page, (".html",), "--report")
        if saved is not None:
            from solver.verification.verify import mixing_file

            require_writable(mixing_file(require_writable(saved, (".csv",), "--save")), (".csv",), "--save")
    reports: list[Report] = []
    with Outputs() as outputs:
        for report in _reports(target, names, trials, seed):
            reports.append(report)
            if form == "text":
                outputs.attempt(_say, report, len(reports) == 1)
            if outputs.failure is not None:
                break  # nobody reads what more there would be to say
        refuted = [report for report in reports if report.counterexample is not None]
        with noted():
            if form != "text":
                outputs.attempt(_say_all, reports, form)
            for report in refuted:
                place = _place(saved, report.name, alone=len(refuted) == 1)
                # Said before it is saved: a full disk must not cost the counterexample.
                outputs.attempt(note, form, f"\n{report}")
                outputs.attempt(_keep, report, place, form)
            if page is not None:
                outputs.attempt(_write_page, reports, page, form)
    if refuted:
        return REFUTED
    for report in reports:
        if not report.trials:
            # Nothing tried is not agreement.
            raise InputError(str(report))
    return 0


def _reports(target: str | None, names: tuple[str, ...], trials: int, seed: int) -> Iterator[Report]:
    from solver.verification.conjectures import load_conjecture
    from solver.verification.verify import verify as tried
    from theory.theorems import THEOREMS, theorem

    if target is not None and names:
        raise InputError("--theorem: names a theorem of the registry; leave it out with a file of your own")
    claims: list[Any] = [theorem(name) for name in names or THEOREMS] if target is None else [load_conjecture(target)]
    for claim in claims:
        yield tried(claim, trials=trials, seed=seed)


def _say(report: Report, first: bool) -> None:
    """A row of the table, printed as soon as it is known."""
    if first:
        counts = f"{'theorem':<22}{'trials':>7}{'agree':>7}{'undecided':>11}{'refuted':>9}"
        click.echo(f"{counts}{'worst margin':>14}{'seconds':>9}   near misses")
    near = f"{report.near_failures} of {report.near_misses} fail" if report.near_misses else "-"
    row = f"{report.name:<22}{report.trials:>7}{report.agreements:>7}{report.undecided:>11}"
    margin = "-" if report.worst is None else f"{report.worst_margin:.1e}"
    tell(f"{row}{'YES' if report.disagreements else 'no':>9}{margin:>14}{report.seconds:>9.1f}   {near}")


def _say_all(reports: list[Report], form: str) -> None:
    say(
        form,
        text=lambda: None,
        content=lambda: {"reports": [report.to_dict() for report in reports]},
        table=lambda: _table(reports),
    )


def _table(reports: list[Report]) -> Table:
    from solver.commands.terminal.formats import Table

    counts = ("trials", "agreements", "undecided", "disagreements", "near_misses", "near_failures")
    names = ("name", *counts, "worst_margin", "seconds")
    rows = [[report.to_dict()[name] for name in names] for report in reports]
    return Table([name.replace("_", " ") for name in names], rows)


def _write_page(reports: list[Report], page: str, form: str) -> None:
    from solver.verification.report_page import write_report

    write_report(reports, page)
    note(form, f"Report in {page}.")


def _place(saved: str | None, name: str, *, alone: bool) -> Path:
    """Where a counterexample goes: as asked, with the name added if there are several; a name not asked for is new."""
    from pathlib import Path
    from re import sub

    from theory.writing import free_name

    safe_name = sub(r"[^\w.-]+", "_", name).strip("._") or "conjecture"
    if saved is None:
        return free_name(f"{safe_name}.csv")
    return Path(saved) if alone else free_name(Path(saved).with_name(f"{Path(saved).stem}_{safe_name}.csv"))


def _keep(report: Report, path: Path, form: str) -> None:
    from shlex import quote

    from solver.verification.verify import save_problem

    assert report.counterexample is not None
    options = save_problem(report.counterexample[0], path)
    note(form, " ".join(["Saved: modularity solve", *map(quote, [str(path), *options])]))
