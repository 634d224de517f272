"""`modularity phase [FAMILY]`: the price of modularity along a family of sources."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from solver.commands.sweep import solved as solved_sweep
from solver.commands.terminal.endings import Outputs
from solver.commands.terminal.options import format_options, names_in, picture_option, require_outputs
from solver.commands.terminal.output import say, wrapped, write
from solver.commands.terminal.progress import counted
from solver.stopping import noted
from theory.errors import InputError

if TYPE_CHECKING:
    from solver.commands.terminal.formats import Table
    from solver.sweeps.phase import PhasePoint
    from solver.sweeps.plan import Sweep
    from solver.sweeps.plane import PhasePlane
    from solver.sweeps.table import Row
    from theory.families import Family

POINTS, POINTS_EACH = 41, 15  # values of the parameter, and of each of two parameters, if not told otherwise


@click.command()
@click.argument("name", metavar="[FAMILY]", required=False, shell_complete=names_in("theory.families", "FAMILIES"))
@click.option(
    "--against",
    metavar="NAME",
    shell_complete=names_in("theory.problem", "COSTS", more=("error_cost", "noise_variance", "second")),
    help="A second coordinate: encoder_cost, bias_cost, ..., second.",
)
@click.option("--points", type=int, help=f"Values of the parameter.  [default: {POINTS}; {POINTS_EACH} of each of two]")
@click.option("--weight-cost", type=float, default=1.0, show_default=True, help="Cost of all squared weights.")
@picture_option
@format_options()
def phase(
    name: str | None, *, against: str | None, points: int | None, weight_cost: float, picture: str | None, form: str
) -> int:
    """Solve a family of sources along its parameter, beside theory's boundary. Without FAMILY: list them."""
    from theory.families import family

    if name is None:
        say(form, text=_list, content=_families, table=_table_of_families)
        return 0
    chosen = family(name)
    if weight_cost == 0:
        raise InputError("--weight-cost: the cost of the decoder cannot be zero; give a positive one")
    require_outputs({}, picture=picture)
    if against is not None:
        return _plane(name, against, points=points, weight_cost=weight_cost, picture=picture, form=form)
    from solver.sweeps.phase import along

    points = POINTS if points is None else points
    solved = along(chosen, points=points, encoder_cost=weight_cost, decoder_cost=weight_cost)
    with noted(), Outputs() as outputs:
        text, content, table = (partial(act, chosen, solved) for act in (_tell_phase, _phase_as_dict, _table_of_phase))
        outputs.attempt(say, form, text=text, content=content, table=table)
        if picture is not None:
            from solver.pictures.phases.phase_diagram import plot_phase

            outputs.attempt(write, lambda path: plot_phase(chosen, solved, path=path), picture, form, "Picture in")
    return 0


def _list() -> None:
    from theory.families import FAMILIES

    for entry in FAMILIES.values():
        click.echo(f"{entry.name}\n{wrapped(entry.statement)}\n")


def _families() -> dict[str, Any]:
    from theory.families import FAMILIES

    names = ("name", "statement", "parameter")
    return {"families": [{name: getattr(entry, name) for name in names} for entry in FAMILIES.values()]}


def _table_of_families() -> Table:
    from solver.commands.terminal.formats import Marked, Table
    from theory.families import FAMILIES

    rows = [(entry.name, Marked(entry.statement), Marked(entry.parameter)) for entry in FAMILIES.values()]
    return Table(("family", "statement", "parameter"), rows)


def _plane(name: str, against: str, *, points: int | None, weight_cost: float, picture: str | None, form: str) -> int:
    from solver.sweeps.plane import phase_plane, plane_plan

    costs = {} if weight_cost == 1 else {"encoder_cost": weight_cost, "decoder_cost": weight_cost}
    fixed = {cost: value for cost, value in costs.items() if cost != against}
    plan = plane_plan(name, against, points=POINTS_EACH if points is None else points, fixed=fixed)
    plane = phase_plane(plan, _rows(plan))
    with noted(), Outputs() as outputs:
        text, content, table = (partial(act, plane) for act in (_tell_plane, _plane_as_dict, _table_of_plane))
        outputs.attempt(say, form, text=text, content=content, table=table)
        if picture is not None:
            from solver.pictures.phases.phase_plane import plot_phase_plane

            outputs.attempt(write, lambda path: plot_phase_plane(plane, path=path), picture, form, "Picture in")
    return 0


def _rows(plan: Sweep) -> list[Row]:
    """What the plane shows, many points at a time where they are problems that are solved so."""
    from solver.sweeps.numbers import numbers, solves_many

    if not solves_many(plan):
        return solved_sweep(plan, None, jobs=1)
    with counted("points") as follow:
        return numbers(plan, follow)


def _boundary_source(plane: PhasePlane) -> str:
    return "by theory" if plane.exact else "by bisection of the verdict"


def _family(plane: PhasePlane) -> Family:
    """The family of the plane; only planes of data have none, and this command draws no such plane."""
    assert plane.family is not None
    return plane.family


def _plane_as_dict(plane: PhasePlane) -> dict[str, Any]:
    points = [pair for curve in plane.curves for pair in curve.tolist()] + plane.crossings.tolist()
    table = {name: getattr(plane, name).tolist() for name in ("price", "neurons", "coded")}
    content = {"family": _family(plane).name, "parameter": plane.first.tolist(), plane.against: plane.other.tolist()}
    return {**content, **table, "gap": plane.gap, "boundary": points, "found": _boundary_source(plane)}


def _table_of_plane(plane: PhasePlane) -> Table:
    """One row per point."""
    from solver.commands.terminal.formats import Table

    rows = [
        (float(first), float(other), float(plane.price[i, j]), int(plane.neurons[i, j]))
        for i, other in enumerate(plane.other)
        for j, first in enumerate(plane.first)
    ]
    words = (f"Family {_family(plane).name}; largest gap {plane.gap:.1e}.",)
    return Table(("parameter", plane.against, "price", "neurons"), rows, words)


def _tell_plane(plane: PhasePlane) -> None:
    click.echo(wrapped(_family(plane).statement, indent=""))
    click.echo(wrapped(f"Parameter a: {_family(plane).parameter}.", indent=""))
    click.echo(f"Largest gap {plane.gap:.1e}; boundary {_boundary_source(plane)}.\n")
    click.echo(f"{plane.against:>14}{'least a mixed':>16}{'highest price':>16}   neurons")
    for value, price, neurons in zip(plane.other, plane.price, plane.neurons, strict=True):
        mixed = plane.first[price > max(plane.gap, 1e-9)]
        least = f"{mixed[0]:.6g}" if len(mixed) else "none"
        numbers = ", ".join(map(str, sorted(set(neurons.tolist()))))
        click.echo(f"{value:>14.6g}{least:>16}{100 * max(price.max(), 0):>14.3g} %   {numbers}")


def _phase_as_dict(chosen: Family, solved: list[PhasePoint]) -> dict[str, Any]:
    from dataclasses import asdict

    exact = [{"value": float(value), "exact": str(value)} for value in chosen.boundary()]
    return {"family": chosen.name, "boundary": exact, "points": [asdict(point) for point in solved]}


def _table_of_phase(chosen: Family, solved: list[PhasePoint]) -> Table:
    from dataclasses import astuple, fields

    from solver.commands.terminal.formats import Table

    header = [field.name.replace("_", " ") for field in fields(solved[0])]
    words = (f"Family {chosen.name}; boundary: {_boundary(chosen)}.",)
    return Table(header, [astuple(point) for point in solved], words)


def _boundary(chosen: Family) -> str:
    return "; ".join(map(_number, chosen.boundary())) or "none, the verdict is the same throughout"


def _tell_phase(chosen: Family, solved: list[PhasePoint]) -> None:
    click.echo(wrapped(chosen.statement, indent=""))
    click.echo(wrapped(f"Parameter: {chosen.parameter}.", indent=""))
    click.echo(f"Boundary: {_boundary(chosen)}.\n")
    from solver.pictures.words import kind_words

    _, kind, _ = kind_words(chosen.blocks)
    click.echo(f"{'a':>12}{'loss':>14}{kind:>14}{'price':>12}   theory")
    for point in solved:
        verdict = kind if point.predicted else "mixed"
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
