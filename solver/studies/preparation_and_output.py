"""2025: preparation and output of a reach are coded in orthogonal subspaces only sometimes, and that is not all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from solver.optimise import solve_one_of_many
from solver.pictures.style import HULL, INSIDE, OUTSIDE, legend, page_figure
from solver.pictures.tuning import draw_map, kind_of, tuning
from solver.studies.study import FREE, RIGHT, Finding, angle_between, cell_types, measured
from solver.studies.tasks import held_while_reaching, reaches_in_a_row

if TYPE_CHECKING:
    from matplotlib.figure import SubFigure

    from solver.representation import Representation
    from solver.studies.tasks import Task

__all__ = ["study"]

DIRECTIONS = 8
"""Directions of the reach, as many as such experiments have."""

GROUPS = ("preparation", "output")

PANELS = 8
"""Neurons drawn of each code: the strongest."""


def study(_: np.random.Generator, quick: bool) -> Finding:
    """2025: preparation and output of a reach are coded in orthogonal subspaces only sometimes, and that is not all."""
    shares = [0.0, 0.25, 0.5, 0.75] if quick else np.linspace(0, 0.95, 20).tolist()
    held = [solve_one_of_many(held_while_reaching(DIRECTIONS, share).problem()) for share in shares]
    row = solve_one_of_many(reaches_in_a_row(DIRECTIONS).problem())
    rows: list[tuple[Any, ...]] = [
        ("one at a time", share, *measured(code, *GROUPS)) for share, code in zip(shares, held, strict=True)
    ]
    rows.append(("in a row", 1.0, *measured(row, *GROUPS)))
    prices, angles = [code.price_of_modularity for code in held], [_angle(code) for code in held]
    holds = (
        row.modular
        and row.price_of_modularity <= FREE
        and abs(_angle(row) - 90) <= RIGHT
        and abs(angles[0] - 90) <= RIGHT
        and all(angle < 90 - RIGHT for angle in angles[1:])
        and all(price > FREE for price in prices)
    )
    figure = page_figure(1, 0.75)
    top, middle, bottom = figure.subfigures(3, 1, squeeze=False, height_ratios=(1.5, 1, 1))[:, 0]
    left, right = top.subplots(1, 2)
    left.plot(
        shares,
        [100 * price for price in prices],
        marker="o",
        markersize=3,
        lw=0.8,
        color=OUTSIDE,
        label="one at a time",
    )
    left.axhline(0, color=INSIDE, lw=0.8, label="in a row")
    right.plot(shares, angles, marker="o", markersize=3, lw=0.8, color=OUTSIDE)
    right.axhline(90, color=INSIDE, lw=0.8)
    left.set(xlabel="share of the preparation held in the movement", ylabel="price of separate neurons (%)")
    right.set(xlabel="share of the preparation held in the movement", ylabel="angle between the subspaces (degrees)")
    legend(left)
    _draw_epochs(middle, held[0], held_while_reaching(DIRECTIONS, 0.0))
    _draw_row(bottom, row, reaches_in_a_row(DIRECTIONS))
    verdict = (
        "if the next reach is prepared during the present one, preparation and output have neurons of their own; one "
        f"at a time, their subspaces are orthogonal too ({angles[0]:.4g} degrees), but in the same neurons "
        f"({cell_types(held[0])['mixed']} of {len(held[0])} mix, and own neurons would cost {100 * prices[0]:.3g} %); "
        f"if a share of the preparation is held in the movement not even that (down to {min(angles):.3g} degrees)"
    )
    header = ("reaches", "held", "loss", "price", "gap", "mixed_cells", "neurons", "angle")
    return Finding(bool(holds), verdict, header, rows, figure)


def _angle(code: Representation) -> float:
    return angle_between(code, *GROUPS)


def _draw_epochs(figure: SubFigure, code: Representation, task: Task) -> None:
    """The tuning of each neuron to direction, in preparation and in movement."""
    maps = tuning(code, task.situations)[:PANELS]
    panels = figure.subplots(1, len(maps), sharey=True, sharex=True)
    for axes, values, groups in zip(panels, maps, code.coded_groups(), strict=False):
        kind, colour = kind_of(groups)
        axes.plot(values[:, 0], "-", color=colour, lw=1, label="preparation")
        axes.plot(values[:, 1], ":", color=HULL, lw=1, label="movement")
        axes.set_title(kind, color=colour, fontsize=6, pad=2)
        axes.set_xlabel("direction", fontsize=6)
        axes.set_xticks([])
    panels[0].set_ylabel("activity", fontsize=6)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right upper", frameon=False, fontsize=6)
    shown = "" if len(code) <= PANELS else f" ({PANELS} of {len(code)} are shown)"
    figure.suptitle(f"One at a time: the same neurons prepare and move{shown}", fontsize=7, x=0.01, ha="left")


def _draw_row(figure: SubFigure, code: Representation, task: Task) -> None:
    maps = tuning(code, task.situations)[:PANELS]
    panels = figure.subplots(1, len(maps), sharey=True)
    for axes, values, groups in zip(panels, maps, code.coded_groups(), strict=False):
        draw_map(axes, values, *kind_of(groups))
        axes.set_xlabel("prepared", fontsize=6)
    panels[0].set_ylabel("moving", fontsize=6)
    figure.suptitle("In a row: neurons for the next reach, neurons for the present one", fontsize=7, x=0.01, ha="left")
