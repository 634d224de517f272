"""`modularity theorems [NAME]`: what is known, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from solver.commands.terminal.output import wrapped

if TYPE_CHECKING:
    from theory.theorems import Theorem

__all__ = ["theorems"]


@click.command()
@click.argument("name", required=False)
@click.option("--latex", is_flag=True, help="Print the formula as LaTeX alone.")
@click.option("--json", "as_object", is_flag=True, help="Print JSON instead of words.")
def theorems(name: str | None, latex: bool, as_object: bool) -> int:
    """List the theorems, or show one with its proof."""
    from theory.theorems import THEOREMS, theorem

    chosen = list(THEOREMS.values()) if name is None else [theorem(name)]
    if as_object:
        from solver.pictures.summary import as_json

        entries = [_plain(entry) for entry in chosen]
        click.echo(as_json({"theorems": entries} if name is None else entries[0]))
    elif latex:
        click.echo("\n".join(entry.latex for entry in chosen))
    elif name is None:
        for entry in chosen:
            click.echo(f"{entry.name}\n{wrapped(entry.statement)}\n")
    else:
        _show(chosen[0])
    return 0


def _plain(entry: Theorem) -> dict[str, Any]:
    return {key: getattr(entry, key) for key in ("name", "statement", "latex", "source", "proof")}


def _show(entry: Theorem) -> None:
    click.echo(f"{entry.name}\n\n{wrapped(entry.statement)}\n\n    {entry.latex}\n")
    click.echo(f"Why\n\n{wrapped(entry.proof)}\n")
    click.echo(f"Source: {entry.source}.")
