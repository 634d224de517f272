"""`modularity price FILE`: what modularity costs along a grid of costs of the encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from solver.commands.terminal.endings import answered
from solver.commands.terminal.options import (
    format_options,
    limits_of,
    practically_option,
    problem_of,
    problem_options,
    require_outputs,
    search_options,
)
from solver.commands.terminal.progress import counted
from theory.errors import InputError

if TYPE_CHECKING:
    from solver.questions.price_curve import PriceCurve


@click.command()
@problem_options
@click.option("--from", "lowest", type=float, metavar="X", help="Lowest encoder cost.  [default: 1/100 of its own]")
@click.option("--to", "highest", type=float, metavar="X", help="Highest encoder cost.  [default: 100 times its own]")
@click.option(
    "--points", type=click.IntRange(2, 10_000), default=21, show_default=True, help="How many, evenly in log."
)
@search_options
@practically_option
@format_options()
def price(
    file: str,
    *,
    picture: str | None,
    form: str,
    lowest: float | None,
    highest: float | None,
    points: int,
    **options: Any,
) -> int:
    """What does modularity cost, whatever weights cost? The price along a grid of encoder costs."""
    require_outputs(options, file, picture=picture)
    problem = problem_of(file, options)
    own = problem.encoder_cost or 1.0
    grid = _grid(own / 100 if lowest is None else lowest, 100 * own if highest is None else highest, points)
    from solver.questions.price_curve import price_curve

    with counted("points") as follow:
        limits = limits_of(options, "practically")
        curve = price_curve(problem, grid, rng=options["seed"], callback=follow, **limits)
    return answered(curve, lambda: _columns(curve), form, picture)


def _grid(lowest: float, highest: float, points: int) -> list[float]:
    """The encoder costs, evenly in their logarithms, their ends exact."""
    if not 0 < lowest < highest < float("inf"):
        raise InputError(f"--from, --to: {lowest:g} to {highest:g} is no range of positive prices; give --from < --to")
    steps = [number / (points - 1) for number in range(1, points - 1)]
    return [lowest, *(lowest * (highest / lowest) ** step for step in steps), highest]


def _columns(curve: PriceCurve) -> dict[str, list[Any]]:
    return {
        "encoder cost": curve.encoder_costs.tolist(),
        "price": curve.prices.tolist(),
        "price at least": curve.least.tolist(),
        "price at most": curve.most.tolist(),
        "practically modular": curve.practically_modular,
        "loss": curve.losses.tolist(),
        "modular loss": curve.modular_losses.tolist(),
    }
