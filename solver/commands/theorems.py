"""`modularity theorems [NAME]`: what is known, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from solver.commands.terminal.options import format_options, names_in
from solver.commands.terminal.output import say, wrapped

if TYPE_CHECKING:
    from solver.commands.terminal.formats import Table
    from theory.theorems import Theorem


@click.command()
@click.argument("name", required=False, shell_complete=names_in("theory.theorems", "THEOREMS"))
@click.option("--latex", is_flag=True, help="Print the formula as LaTeX alone.")
@format_options()
def theorems(name: str | None, latex: bool, form: str) -> int:
    """List the theorems, or show one with its proof."""
    from theory.theorems import THEOREMS, theorem

    chosen = list(THEOREMS.values()) if name is None else [theorem(name)]
    if latex:
        if form != "text":
            raise click.UsageError("--latex: prints formulas alone; leave it out where another format is asked for")
        click.echo("\n".join(entry.latex for entry in chosen))
        return 0
    say(
        form,
        text=lambda: _list(chosen) if name is None else _show(chosen[0]),
        content=lambda: {"theorems": [_as_dict(entry) for entry in chosen]} if name is None else _as_dict(chosen[0]),
        table=lambda: _table(chosen),
    )
    return 0


def _list(chosen: list[Theorem]) -> None:
    for entry in chosen:
        click.echo(f"{entry.name}\n{wrapped(entry.statement)}\n")


def _table(chosen: list[Theorem]) -> Table:
    from solver.commands.terminal.formats import Marked, Table

    rows = [(entry.name, Marked(entry.statement), entry.source) for entry in chosen]
    return Table(("theorem", "statement", "source"), rows)


def _as_dict(entry: Theorem) -> dict[str, Any]:
    return {key: getattr(entry, key) for key in ("name", "statement", "scope", "latex", "source", "proof")}


def _show(entry: Theorem) -> None:
    click.echo(f"{entry.name}\n\n{wrapped(entry.statement)}\n\n    {entry.latex}\n")
    click.echo(f"{wrapped(f'Speaks of codes with {entry.scope}.')}\n")
    click.echo(f"Why\n\n{wrapped(entry.proof)}\n")
    click.echo(f"Source: {entry.source}.")
