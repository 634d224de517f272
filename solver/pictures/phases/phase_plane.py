"""The phase picture over two parameters: the price of modularity, how many neurons, and who codes what."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import BoundaryNorm, ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from solver.pictures.style import DASHED, head, legend, note, page_figure, picture
from solver.sweeps.plane import PhasePlane, spread_by_ratio
from theory.symbolic.markup import unmarked

COST_LABELS = {
    "encoder_cost": "cost of the encoder",
    "decoder_cost": "cost of the decoder",
    "activity_cost": "cost of activity",
    "bias_cost": "cost of squared biases",
    "error_cost": "cost of squared error",
    "noise_variance": "variance of the neurons' noise",
    "second": "b",
    "parameter": "a",
}
"""What coordinates are called in pictures."""

MODULAR_COLOUR = "#cfe3f2"
"""Where the optimal code is modular."""

CODE_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
"""Colours that are told apart by all eyes (Okabe and Ito); the last for all codes beyond."""


@picture
def plot_phase_plane(plane: PhasePlane) -> Figure:
    """Draw price of modularity, number of neurons and kinds of neurons over two parameters, with theory's boundary.

    Each solved problem is a cell of one colour, so that the picture shows what is certified and nothing between.
    """
    figure = page_figure(1, 0.42)
    price, neurons, codes = figure.subplots(1, 3, sharey=True)
    _price(price, plane)
    _neurons(neurons, plane)
    _codes(codes, plane)
    for axes in (price, neurons, codes):
        _boundary(axes, plane)
        axes.set(xscale="log" if spread_by_ratio(plane.first) else "linear", xlim=(plane.first[0], plane.first[-1]))
        axes.set(yscale="log" if plane.logarithmic else "linear", ylim=(plane.other[0], plane.other[-1]))
        axes.set_xlabel(COST_LABELS.get(plane.along, plane.along))
    price.set_ylabel(COST_LABELS.get(plane.against, plane.against))
    head(figure, _title(plane))
    has_boundary = bool(plane.curves) or len(plane.crossings) > 0
    theory = " Black: the boundary of the theory." if has_boundary else ""
    note(figure, f"Each cell is a problem, solved at its middle.{theory}")
    return figure


def _title(plane: PhasePlane) -> str:
    """What is not drawn: the family, what is held fixed and what the letters mean."""
    family, drawn = plane.family, (plane.along, plane.against)
    held = ", ".join(
        f"{COST_LABELS.get(name, name)} {f'{value:g}' if isinstance(value, int | float) else value}"
        for name, value in plane.fixed.items()
    )
    if family is None:
        return held
    second = f"; b: {unmarked(family.second.meaning)}" if "second" in drawn and family.second else ""
    letters = f"  a: {unmarked(family.parameter)}{second}" if "parameter" in drawn else second[1:]
    return f"{', '.join(filter(None, (family.name, held)))}.{letters}"


def _price(axes: Axes, plane: PhasePlane) -> None:
    """Each solved problem is a cell: modular ones in one colour, mixed ones by their price."""
    modular = ~plane.mixed & np.isfinite(plane.price)
    percent = np.ma.masked_where(modular, 100 * np.maximum(plane.price, 0.0))
    axes.set_title("Price of modularity (%)")
    ground = np.ma.masked_where(~modular, np.zeros(modular.shape))
    _mesh(axes, plane, ground, cmap=ListedColormap([MODULAR_COLOUR]))
    if modular.any():
        _legend(axes, [(MODULAR_COLOUR, "modular: no price")], columns=1)
    percent = np.ma.masked_invalid(percent)
    if not percent.count():
        return
    image = _mesh(axes, plane, percent, cmap="cividis_r", norm=Normalize(0, float(percent.max()) or None))
    bar = axes.figure.colorbar(image, ax=axes, location="bottom", shrink=0.9, aspect=25)
    bar.ax.tick_params(labelsize=5.5)


def _mesh(axes: Axes, plane: PhasePlane, values: NDArray[Any], **options: Any) -> QuadMesh:
    return axes.pcolormesh(plane.first, plane.other, values, shading="nearest", **options)


def _neurons(axes: Axes, plane: PhasePlane) -> None:
    from matplotlib import colormaps

    counts = np.unique(plane.neurons)
    colours = colormaps["cividis_r"](np.linspace(0.1, 0.95, len(counts))) if len(counts) > 1 else [CODE_COLOURS[4]]
    places = np.searchsorted(counts, plane.neurons)
    axes.set_title("Neurons of the optimal code")
    _areas(axes, plane, places, colours)
    _legend(axes, [(colour, str(count)) for colour, count in zip(colours, counts, strict=True)], columns=6)


def _codes(axes: Axes, plane: PhasePlane) -> None:
    kinds, sizes = np.unique(plane.coded, return_counts=True)
    # Modular codes come first, then the codes of the largest areas.
    order = sorted(range(len(kinds)), key=lambda k: ("+" in kinds[k], -sizes[k]))
    rank = np.empty(len(kinds), dtype=int)
    rank[order] = np.minimum(np.arange(len(kinds)), len(CODE_COLOURS) - 1)
    places = rank[np.searchsorted(kinds, plane.coded)]
    axes.set_title("Who codes what")
    _areas(axes, plane, places, CODE_COLOURS[: rank.max() + 1])
    named = [(CODE_COLOURS[k], str(kinds[order[k]]) or "no neurons") for k in range(min(len(kinds), len(CODE_COLOURS)))]
    if len(kinds) > len(CODE_COLOURS):
        named[-1] = (CODE_COLOURS[-1], f"{len(kinds) - len(CODE_COLOURS) + 1} others")
    _legend(axes, named, columns=1 if max(len(name) for _, name in named) > 12 else 2)


def _areas(axes: Axes, plane: PhasePlane, places: NDArray[Any], colours: Any) -> None:
    norm = BoundaryNorm(np.arange(len(colours) + 1) - 0.5, max(len(colours), 1))
    _mesh(axes, plane, places, cmap=ListedColormap(colours), norm=norm)


def _legend(axes: Axes, entries: list[tuple[Any, str]], *, columns: int) -> None:
    handles = [Patch(facecolor=colour, label=name) for colour, name in entries]
    below: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.18)}
    legend(axes, handles=handles, fontsize=5.5, ncols=columns, handlelength=1, columnspacing=1, **below)


def _boundary(axes: Axes, plane: PhasePlane) -> None:
    for curve in plane.curves:
        axes.plot(curve[:, 0], curve[:, 1], color="white", linewidth=2.2, zorder=3)
        axes.plot(curve[:, 0], curve[:, 1], color="black", linewidth=1.1, linestyle=DASHED, zorder=4)
    if len(plane.crossings):
        first, other = plane.crossings.T
        axes.scatter(first, other, s=7, color="black", edgecolor="white", linewidth=0.5, zorder=4)
