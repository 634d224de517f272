"""The commands that show the theory: `modularity derive`, `theorems` and `phase`.

Only click is imported at the top, as in `solver.cli`, which these belong to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from solver.endings import Outputs
from solver.stopping import noted
from theory.errors import InputError, unknown_name

if TYPE_CHECKING:
    from solver.sweep import SweepPoint
    from theory.families import Family
    from theory.theorems import Theorem

__all__ = ["derive", "phase", "theorems"]

MIXINGS = ("orthonormal", "general")
READOUTS = ("exact", "soft", "fixed-variance")
"""What the derivation knows; repeated here because the help must not wait for sympy (a test compares them)."""

PICTURES = (".png", ".pdf", ".svg")

POINTS = 41


@click.command()
@click.option("--sources", type=int, default=2, show_default=True, help="Number of sources; beyond 3 by any two.")
@click.option("--mixing", default="orthonormal", show_default=True, metavar="|".join(MIXINGS), help="A'A = 1, or not.")
@click.option("--readout", default="exact", show_default=True, metavar="|".join(READOUTS), help="How x is recovered.")
@click.option("--latex", "form", flag_value="latex", help="Print LaTeX.")
@click.option("--text", "form", flag_value="text", default="text", help="Print for reading.  [default]")
def derive(sources: int, mixing: str, readout: str, form: str) -> int:
    """Derive the condition for modularity from the loss, step by step."""
    for argument, given, known in (("--mixing", mixing, MIXINGS), ("--readout", readout, READOUTS)):
        if given not in known:
            raise InputError(unknown_name(argument, given, known))
    if sources < 1:
        raise InputError(f"--sources: {sources} is not a positive number")
    from theory.derivation import derive as derived

    chain = derived(sources, mixing=mixing, readout=readout)
    click.echo(chain.latex() if form == "latex" else chain.text())
    return 0


@click.command()
@click.argument("name", required=False)
@click.option("--latex", is_flag=True, help="Print the formula as LaTeX alone.")
@click.option("--json", "as_object", is_flag=True, help="Print JSON instead of words.")
def theorems(name: str | None, latex: bool, as_object: bool) -> int:
    """List the theorems, or show one with its proof."""
    from theory.theorems import THEOREMS, theorem

    chosen = list(THEOREMS.values()) if name is None else [theorem(name)]
    if as_object:
        from solver.summary import as_json

        entries = [_plain(entry) for entry in chosen]
        click.echo(as_json({"theorems": entries} if name is None else entries[0]))
    elif latex:
        click.echo("\n".join(entry.latex for entry in chosen))
    elif name is None:
        for entry in chosen:
            click.echo(f"{entry.name}\n{_wrapped(entry.statement)}\n")
    else:
        _show(chosen[0])
    return 0


def _plain(entry: Theorem) -> dict[str, Any]:
    return {key: getattr(entry, key) for key in ("name", "statement", "latex", "source", "proof")}


def _wrapped(text: str, indent: str = "    ") -> str:
    from textwrap import fill

    from theory.markup import plain

    return fill(plain(text), width=100, initial_indent=indent, subsequent_indent=indent)


def _show(entry: Theorem) -> None:
    click.echo(f"{entry.name}\n\n{_wrapped(entry.statement)}\n\n    {entry.latex}\n")
    click.echo(f"Why\n\n{_wrapped(entry.proof)}\n")
    click.echo(f"Source: {entry.source}.")


@click.command()
@click.argument("name", metavar="[FAMILY]", required=False)
@click.option("--points", type=int, default=POINTS, show_default=True, help="Values of the parameter.")
@click.option("--weight-cost", type=float, default=1.0, show_default=True, help="Price of encoder and decoder.")
@click.option("--plot", "picture", type=click.Path(), metavar="FILE", help="Draw .png, .pdf or .svg.")
@click.option("--json", "as_object", is_flag=True, help="Print one JSON object instead of words.")
def phase(name: str | None, points: int, weight_cost: float, picture: str | None, as_object: bool) -> int:
    """Solve a family of sources along its parameter, beside theory's boundary. Without FAMILY: list them."""
    from theory.families import FAMILIES, family

    if name is None:
        for entry in FAMILIES.values():
            click.echo(f"{entry.name}\n{_wrapped(entry.statement)}\n")
        return 0
    chosen = family(name)
    if weight_cost == 0:
        raise InputError("--weight-cost: the price of the decoder cannot be zero; give a positive one")
    if picture is not None:
        from theory.writing import require_writable

        require_writable(picture, PICTURES, "--plot")
    from solver.sweep import sweep

    solved = sweep(chosen, points=points, encoder_cost=weight_cost, decoder_cost=weight_cost)
    with noted(), Outputs() as outputs:
        outputs.attempt(_print_phase, chosen, solved, as_object)
        if picture is not None:
            outputs.attempt(_draw_phase, chosen, solved, picture, as_object)
    return 0


def _draw_phase(chosen: Family, solved: list[SweepPoint], picture: str, as_object: bool) -> None:
    from solver.phase_plot import plot_phase

    plot_phase(chosen, solved, picture)
    click.echo(f"Picture in {picture}.", err=as_object)


def _print_phase(chosen: Family, solved: list[SweepPoint], as_object: bool) -> None:
    boundary = chosen.boundary()
    if as_object:
        from dataclasses import asdict

        from solver.summary import as_json

        exact = [{"value": float(value), "exact": str(value)} for value in boundary]
        content = {"family": chosen.name, "boundary": exact, "points": [asdict(point) for point in solved]}
        click.echo(as_json(content))
        return
    click.echo(_wrapped(chosen.statement, indent=""))
    click.echo(_wrapped(f"Parameter: {chosen.parameter}.", indent=""))
    said = "; ".join(_number(value) for value in boundary) or "none, the verdict is the same throughout"
    click.echo(f"Boundary: {said}.\n")
    click.echo(f"{'a':>12}{'loss':>14}{'separate':>14}{'price':>12}   theory")
    for point in solved:
        verdict = "own neurons" if point.predicted else "mixed"
        price = f"{100 * max(point.price, 0):.3g} %" if point.price > point.gap + 1e-12 else "0"
        unsure = "" if point.status == "optimal" else f"   ({point.status}, gap {point.gap:.1e})"
        click.echo(
            f"{point.parameter:>12.6g}{point.loss:>14.9g}{point.separate_loss:>14.9g}{price:>12}   {verdict}{unsure}"
        )


def _number(value: Any) -> str:
    import sympy as sp

    if value.is_rational:
        return str(value)
    a = sp.Symbol("a")
    return f"{sp.N(value, 15)}, root of {sp.minimal_polynomial(value, a)}".replace("**", "^").replace("*", " ")
