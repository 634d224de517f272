"""`modularity phase [FAMILY]`: the price of modularity along a family of sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from solver.commands.endings import Outputs
from solver.commands.options import PICTURES
from solver.commands.output import wrapped
from solver.commands.sweep import solved as solved_sweep
from solver.stopping import noted
from theory.errors import InputError

if TYPE_CHECKING:
    from solver.sweeps.phase import PhasePoint
    from solver.sweeps.plane import PhasePlane
    from theory.families import Family

__all__ = ["phase"]


POINTS, POINTS_EACH = 41, 15
"""Values of the parameter, and of each of two parameters, if not told otherwise."""


@click.command()
@click.argument("name", metavar="[FAMILY]", required=False)
@click.option("--against", metavar="NAME", help="A second coordinate: encoder_cost, bias_cost, ..., second.")
@click.option("--points", type=int, help=f"Values of the parameter.  [default: {POINTS}; {POINTS_EACH} of each of two]")
@click.option("--weight-cost", type=float, default=1.0, show_default=True, help="Price of encoder and decoder.")
@click.option("--plot", "picture", type=click.Path(), metavar="FILE", help="Draw .png, .pdf or .svg.")
@click.option("--json", "as_object", is_flag=True, help="Print one JSON object instead of words.")
def phase(
    name: str | None,
    *,
    against: str | None,
    points: int | None,
    weight_cost: float,
    picture: str | None,
    as_object: bool,
) -> int:
    """Solve a family of sources along its parameter, beside theory's boundary. Without FAMILY: list them."""
    from theory.families import FAMILIES, family

    if name is None:
        for entry in FAMILIES.values():
            click.echo(f"{entry.name}\n{wrapped(entry.statement)}\n")
        return 0
    chosen = family(name)
    if weight_cost == 0:
        raise InputError("--weight-cost: the price of the decoder cannot be zero; give a positive one")
    if picture is not None:
        from theory.writing import require_writable

        require_writable(picture, PICTURES, "--plot")
    if against is not None:
        return _plane(name, against, points=points, weight_cost=weight_cost, picture=picture, as_object=as_object)
    from solver.sweeps.phase import along

    points = POINTS if points is None else points
    solved = along(chosen, points=points, encoder_cost=weight_cost, decoder_cost=weight_cost)
    with noted(), Outputs() as outputs:
        outputs.attempt(_print_phase, chosen, solved, as_object)
        if picture is not None:
            outputs.attempt(_draw_phase, chosen, solved, picture, as_object)
    return 0


def _plane(
    name: str, against: str, *, points: int | None, weight_cost: float, picture: str | None, as_object: bool
) -> int:
    from solver.sweeps.plane import phase_plane, plane_plan

    prices = {} if weight_cost == 1 else {"encoder_cost": weight_cost, "decoder_cost": weight_cost}
    fixed = {price: value for price, value in prices.items() if price != against}
    plan = plane_plan(name, against, points=POINTS_EACH if points is None else points, fixed=fixed)
    plane = phase_plane(plan, solved_sweep(plan, None, jobs=1, backend=None, scheduler=None))
    with noted(), Outputs() as outputs:
        outputs.attempt(_print_plane, plane, as_object)
        if picture is not None:
            outputs.attempt(_draw_plane, plane, picture, as_object)
    return 0


def _draw_plane(plane: PhasePlane, picture: str, as_object: bool) -> None:
    from solver.pictures.phase_plane import plot_phase_plane

    plot_phase_plane(plane, picture)
    click.echo(f"Picture in {picture}.", err=as_object)


def _print_plane(plane: PhasePlane, as_object: bool) -> None:
    assert plane.family is not None
    how = "by theory" if plane.exact else "by bisection of the verdict"
    points = [pair for curve in plane.curves for pair in curve.tolist()] + plane.crossings.tolist()
    if as_object:
        from solver.pictures.summary import as_json

        table = {name: getattr(plane, name).tolist() for name in ("price", "neurons", "coded")}
        content = {"family": plane.family.name, "parameter": plane.first.tolist(), plane.against: plane.other.tolist()}
        click.echo(as_json({**content, **table, "gap": plane.gap, "boundary": points, "found": how}))
        return
    click.echo(wrapped(plane.family.statement, indent=""))
    click.echo(wrapped(f"Parameter a: {plane.family.parameter}.", indent=""))
    click.echo(f"Largest gap {plane.gap:.1e}; boundary {how}.\n")
    click.echo(f"{plane.against:>14}{'least a mixed':>16}{'highest price':>16}   neurons")
    for value, price, neurons in zip(plane.other, plane.price, plane.neurons, strict=True):
        mixed = plane.first[price > max(plane.gap, 1e-9)]
        least = f"{mixed[0]:.6g}" if len(mixed) else "none"
        numbers = ", ".join(map(str, sorted(set(neurons.tolist()))))
        click.echo(f"{value:>14.6g}{least:>16}{100 * max(price.max(), 0):>14.3g} %   {numbers}")


def _draw_phase(chosen: Family, solved: list[PhasePoint], picture: str, as_object: bool) -> None:
    from solver.pictures.phase_diagram import plot_phase

    plot_phase(chosen, solved, picture)
    click.echo(f"Picture in {picture}.", err=as_object)


def _print_phase(chosen: Family, solved: list[PhasePoint], as_object: bool) -> None:
    boundary = chosen.boundary()
    if as_object:
        from dataclasses import asdict

        from solver.pictures.summary import as_json

        exact = [{"value": float(value), "exact": str(value)} for value in boundary]
        content = {"family": chosen.name, "boundary": exact, "points": [asdict(point) for point in solved]}
        click.echo(as_json(content))
        return
    click.echo(wrapped(chosen.statement, indent=""))
    click.echo(wrapped(f"Parameter: {chosen.parameter}.", indent=""))
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
