"""2025: preparation and output of a reach are coded in orthogonal subspaces only sometimes, and that is not all."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import SubFigure

from solver.pictures.style import BLUE, DARK, ORANGE, head, legend, page_figure, stacked
from solver.pictures.tuning import kind_of, tuning
from solver.representation import Representation
from solver.studies.study import RIGHT_ANGLE, Finding, cell_types, curve, draw_maps, is_free, measured, percents
from solver.studies.tasks import held_while_reaching, reaches_in_a_row
from theory.arrays import Array

DIRECTIONS = 8  # directions of the reach, as many as such experiments have


def study(_: np.random.Generator, quick: bool) -> Finding:
    """Hold more and more of the preparation during the movement, and prepare the next reach during the present one."""
    shares = [0.0, 0.25, 0.5, 0.75] if quick else np.linspace(0, 0.95, 20).tolist()
    held = [held_while_reaching(DIRECTIONS, share).solved() for share in shares]
    row = reaches_in_a_row(DIRECTIONS).solved()
    rows: list[dict[str, Any]] = [
        {"reaches": reaches, "held": share, **measured(code, "preparation", "output")}
        for reaches, share, code in [
            *(("one at a time", share, code) for share, code in zip(shares, held, strict=True)),
            ("in a row", 1.0, row),
        ]
    ]
    prices, (*angles, angle_in_a_row) = percents(held), [one["angle"] for one in rows]
    holds = (
        row.modular
        and is_free(row.price_of_modularity)
        and abs(angle_in_a_row - 90) <= RIGHT_ANGLE
        and abs(angles[0] - 90) <= RIGHT_ANGLE
        and all(angle < 90 - RIGHT_ANGLE for angle in angles[1:])
        and not any(is_free(code.price_of_modularity) for code in held)
    )
    figure = page_figure(1, 0.75)
    top, middle, bottom = stacked(figure, 1.5, 1, 1)
    left, right = top.subplots(1, 2)
    curve(left, shares, prices, ORANGE, label="one at a time")
    left.axhline(0, color=BLUE, lw=0.8, label="in a row")
    curve(right, shares, angles, ORANGE)
    right.axhline(90, color=BLUE, lw=0.8)
    left.set(xlabel="share of the preparation held in the movement", ylabel="price of separate neurons (%)")
    right.set(xlabel="share of the preparation held in the movement", ylabel="angle between the subspaces (degrees)")
    legend(left)
    # Of each code the eight strongest neurons are drawn.
    _draw_epochs(middle, held[0], tuning(held[0], held_while_reaching(DIRECTIONS, 0.0).situations)[:8])
    maps = tuning(row, reaches_in_a_row(DIRECTIONS).situations)[:8]
    title = "In a row: neurons for the next reach, neurons for the present one"
    draw_maps(bottom, row, maps, title, labels=("prepared", "moving"))
    verdict = (
        "if the next reach is prepared during the present one, preparation and output have neurons of their own; one "
        f"at a time, their subspaces are orthogonal too ({angles[0]:.4g} degrees), but in the same neurons "
        f"({cell_types(held[0])['mixed']} of {len(held[0])} mix, and own neurons would cost {prices[0]:.3g} %); "
        f"if a share of the preparation is held in the movement not even that (down to {min(angles):.3g} degrees)"
    )
    return Finding(bool(holds), verdict, rows, figure)


def _draw_epochs(figure: SubFigure, code: Representation, maps: Array) -> None:
    """The tuning of each neuron to direction, in preparation and in movement."""
    panels = figure.subplots(1, len(maps), sharey=True, sharex=True)
    for axes, values, groups in zip(panels, maps, code.coded_groups(), strict=False):
        kind, colour = kind_of(groups)
        axes.plot(values[:, 0], "-", color=colour, lw=1, label="preparation")
        axes.plot(values[:, 1], ":", color=DARK, lw=1, label="movement")
        axes.set_title(kind, color=colour, fontsize=6, pad=2)
        axes.set_xlabel("direction", fontsize=6)
        axes.set_xticks([])
    panels[0].set_ylabel("activity", fontsize=6)
    handles, labels = panels[0].get_legend_handles_labels()
    legend(figure, handles=handles, labels=labels, loc="outside right upper")
    shown = "" if len(code) == len(maps) else f" ({len(maps)} of {len(code)} are shown)"
    head(figure, f"One at a time: the same neurons prepare and move{shown}")
