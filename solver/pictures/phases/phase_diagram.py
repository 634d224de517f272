"""The phase picture of a family: the solver's price of modularity over the parameter, with the theory's boundary."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from solver.pictures import style
from solver.pictures.style import picture
from solver.pictures.words import kind_words
from solver.sweeps.phase import PhasePoint
from theory.families import Family
from theory.symbolic.markup import unmarked


@picture
def plot_phase(family: Family, points: list[PhasePoint]) -> Figure:
    """Draw the price of modularity, or of separation, over the parameter, and what some of the sources look like.

    Args:
        family: of sources, with a parameter.
        points: from `solver.sweeps.phase.along`.
    """
    figure = style.page_figure(1, 0.42)
    left, right = style.side_by_side(figure, 3, 1)
    _price(left.subplots(), family, points)
    chosen = np.linspace(0, len(points) - 1, 3).round().astype(int)
    for axes, index in zip(right.subplots(3, 1), chosen, strict=True):
        _support(axes, family, points[index])
    style.head(figure, f"{family.name}: {unmarked(family.parameter)}", size=8)
    return figure


def _price(axes: Axes, family: Family, points: list[PhasePoint]) -> None:
    parameter = np.array([point.parameter for point in points])
    price = 100 * np.array([point.price for point in points])
    mixed = price > 100 * style.NO_PRICE_DRAWN
    if family.blocks is None:
        axes.plot(parameter, price, color=style.DARK, linewidth=0.8, zorder=1)
    else:
        axes.vlines(parameter, 0, price, color=style.DARK, linewidth=0.8, zorder=1)
    price_of, kind, _ = kind_words(family.blocks)
    for rows, colour, verdict in ((~mixed, style.BLUE, kind), (mixed, style.ORANGE, "mixed")):
        axes.scatter(parameter[rows], price[rows], s=12, color=colour, label=f"solver: {verdict}", zorder=2)
    boundaries = family.boundary()
    where = f", a* = {float(boundaries[0]):.6g}" if len(boundaries) == 1 else ""
    for number, value in enumerate(boundaries):
        meaning = f"theory: boundary{where}" if number == 0 else "_"
        axes.axvline(float(value), color=style.GREY, linewidth=1, linestyle=style.DASHED, zorder=0, label=meaning)
    axes.set(xlabel="a", ylabel=f"price of {price_of} (%)")
    axes.margins(y=0.15)
    side = "left" if family.blocks is None else "right"
    # Opaque: the boundary may lie beneath.
    style.legend(axes, frameon=True, framealpha=1, edgecolor="none", loc=f"upper {side}")


def _support(axes: Axes, family: Family, point: PhasePoint) -> None:
    from scipy.spatial import ConvexHull

    sources = family.sources(point.parameter)
    colour = style.ORANGE if point.price > style.NO_PRICE_DRAWN else style.BLUE
    if family.blocks is None:
        corners = sources.points[ConvexHull(sources.points).vertices]
        axes.fill(*corners.T, facecolor=colour, alpha=0.25, edgecolor=colour, linewidth=1)
    else:
        # The cosines of both oscillations: a Lissajous figure.
        loop = np.vstack([sources.points, sources.points[:1]])
        axes.plot(loop[:, 0], loop[:, 2], color=colour, linewidth=0.8)
    axes.set(aspect="equal", xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.set_title(f"a = {point.parameter:.3g}", fontsize=6)
