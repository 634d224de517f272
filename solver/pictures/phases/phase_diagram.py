"""The phase picture of a family: the solver's price of modularity over the parameter, with the theory's boundary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from solver.pictures.source_plane import HULL, INSIDE, OUTSIDE, SAMPLE
from solver.pictures.style import PICTURES, WIDTH, styled, written
from theory.symbolic.markup import plain
from theory.writing import require_writable

if TYPE_CHECKING:
    import os

    from matplotlib.axes import Axes

    from solver.sweeps.phase import PhasePoint
    from theory.families import Family

__all__ = ["plot_phase"]

SHOWN = 3
"""Members of the family whose support is drawn."""

FREE = 1e-9
"""A price below this is none."""


@styled
def plot_phase(family: Family, points: list[PhasePoint], path: str | os.PathLike[str] | None = None) -> Figure:
    """Draw the price of separate neurons over the parameter, and what some of the sources look like.

    Args:
        family: which.
        points: from `solver.sweeps.phase.along`.
        path: .png, .pdf or .svg file to write, whole or not at all.

    Raises:
        InputError: a path that cannot be written.
    """
    target = None if path is None else require_writable(path, PICTURES, "path")
    figure = Figure(figsize=(WIDTH, 0.42 * WIDTH), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(3, 1), squeeze=False)[0]
    _price(left.subplots(), family, points)
    chosen = np.linspace(0, len(points) - 1, SHOWN).round().astype(int)
    for axes, index in zip(right.subplots(SHOWN, 1), chosen, strict=True):
        _support(axes, family, points[index])
    figure.suptitle(f"{family.name}: {plain(family.parameter)}", fontsize=8, x=0.01, ha="left")
    return written(figure, target)


def _price(axes: Axes, family: Family, points: list[PhasePoint]) -> None:
    parameter = np.array([point.parameter for point in points])
    price = 100 * np.array([point.price for point in points])
    mixed = price > 100 * FREE
    if family.blocks is None:
        axes.plot(parameter, price, color=HULL, linewidth=0.8, zorder=1)
    else:
        axes.vlines(parameter, 0, price, color=HULL, linewidth=0.8, zorder=1)
    kinds = [(~mixed, INSIDE, "own neurons are optimal"), (mixed, OUTSIDE, "mixed")]
    for rows, colour, verdict in kinds:
        axes.scatter(parameter[rows], price[rows], s=12, color=colour, label=f"solver: {verdict}", zorder=2)
    for number, value in enumerate(family.boundary()):
        meaning = f"theory: boundary{_named(family)}" if number == 0 else "_"
        axes.axvline(float(value), color=SAMPLE, linewidth=1, linestyle=(0, (3, 2)), zorder=0, label=meaning)
    axes.set(xlabel="a", ylabel="price of own neurons (%)")
    axes.margins(y=0.15)
    side = "left" if family.blocks is None else "right"
    # Opaque: the boundary may lie beneath.
    axes.legend(frameon=True, framealpha=1, edgecolor="none", fontsize=6, loc=f"upper {side}")


def _named(family: Family) -> str:
    values = family.boundary()
    return f", a* = {float(values[0]):.6g}" if len(values) == 1 else ""


def _support(axes: Axes, family: Family, point: PhasePoint) -> None:
    sources = family.sources(point.parameter)
    colour = OUTSIDE if point.price > FREE else INSIDE
    if family.blocks is None:
        corners = sources.points[_in_order(sources.points)]
        axes.fill(corners[:, 0], corners[:, 1], facecolor=colour, alpha=0.25, edgecolor=colour, linewidth=1)
    else:
        # The cosines of both oscillations: a Lissajous figure.
        loop = np.vstack([sources.points, sources.points[:1]])
        axes.plot(loop[:, 0], loop[:, 2], color=colour, linewidth=0.8)
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_visible(False)
    axes.set_title(f"a = {point.parameter:.3g}", fontsize=6)


def _in_order(points: Any) -> Any:
    from scipy.spatial import ConvexHull

    return ConvexHull(points).vertices
