"""The phase picture over two parameters: the price of modularity, how many neurons, and who codes what."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from solver.pictures.style import DASHED, FREE, head, legend, page_figure, styled, target_of, written
from solver.sweeps.plane import PhasePlane, spread_by_ratio
from theory.symbolic.markup import unmarked

__all__ = ["LABELS", "plot_phase_plane"]

LABELS = {
    "encoder_cost": "price of the encoder",
    "decoder_cost": "price of the decoder",
    "activity_cost": "price of activity",
    "bias_cost": "price of squared biases",
    "error_cost": "price of squared error",
    "noise_variance": "variance of the neurons' noise",
    "second": "b",
    "parameter": "a",
}
"""What coordinates are called in pictures."""

CODES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
"""Colours that are told apart by all eyes (Okabe and Ito); the last for all codes beyond."""


@styled
def plot_phase_plane(plane: PhasePlane, path: str | os.PathLike[str] | None = None) -> Figure:
    """Draw price of modularity, number of neurons and kinds of neurons over two parameters, with theory's boundary.

    Args:
        plane: from `solver.sweeps.plane.phase_plane`.
        path: .png, .pdf or .svg file to write, whole or not at all.

    Raises:
        InputError: a path that cannot be written.
    """
    target = target_of(path)
    figure = page_figure(1, 0.42)
    price, neurons, codes = figure.subplots(1, 3, sharey=True)
    _price(price, plane)
    _neurons(neurons, plane)
    _codes(codes, plane)
    for axes in (price, neurons, codes):
        _boundary(axes, plane)
        axes.set(xscale="log" if spread_by_ratio(plane.first) else "linear", xlim=(plane.first[0], plane.first[-1]))
        axes.set(yscale="log" if plane.logarithmic else "linear", ylim=(plane.other[0], plane.other[-1]))
        axes.set_xlabel(LABELS.get(plane.along, plane.along))
    price.set_ylabel(LABELS.get(plane.against, plane.against))
    head(figure, _title(plane))
    return written(figure, target)


def _title(plane: PhasePlane) -> str:
    """What is not drawn: the family, what is held fixed and what the letters mean."""
    family, drawn = plane.family, (plane.along, plane.against)
    held = ", ".join(
        f"{LABELS.get(name, name)} {f'{value:g}' if isinstance(value, int | float) else value}"
        for name, value in plane.fixed.items()
    )
    if family is None:
        return held
    second = f"; b: {unmarked(family.second.meaning)}" if "second" in drawn and family.second else ""
    letters = f"  a: {unmarked(family.parameter)}{second}" if "parameter" in drawn else second[1:]
    return f"{', '.join(filter(None, (family.name, held)))}.{letters}"


def _price(axes: Axes, plane: PhasePlane) -> None:
    percent = 100 * np.where(plane.price > FREE, plane.price, 0.0)
    highest = float(np.nanmax(percent, initial=0.0))
    axes.set_title("Price of modularity (%)")
    if highest == 0:
        axes.text(0.5, 0.5, "none anywhere", transform=axes.transAxes, ha="center")
        return
    levels = _round_levels(highest)
    # The ground stays white where the price is none, so that mixed and modular are told apart at a glance.
    image = axes.contourf(plane.first, plane.other, np.ma.masked_invalid(percent), levels=levels, cmap="cividis_r")
    axes.contour(plane.first, plane.other, percent, levels=levels[1:-1], colors="white", linewidths=0.5)
    bar = axes.figure.colorbar(image, ax=axes, location="bottom", shrink=0.9, aspect=25)
    bar.ax.tick_params(labelsize=5.5)


def _round_levels(highest: float) -> Any:
    """Levels from just above nothing to the highest price, at round numbers."""
    from matplotlib.ticker import MaxNLocator

    ticks = np.asarray(MaxNLocator(7, steps=[1, 2, 2.5, 5, 10]).tick_values(0, highest))
    return np.concatenate([[1e-4 * ticks[-1]], ticks[ticks > 0]])


def _neurons(axes: Axes, plane: PhasePlane) -> None:
    from matplotlib import colormaps

    counts = np.unique(plane.neurons)
    colours = colormaps["cividis_r"](np.linspace(0.1, 0.95, len(counts))) if len(counts) > 1 else [CODES[4]]
    places = np.searchsorted(counts, plane.neurons)
    axes.set_title("Neurons of the optimal code")
    _areas(axes, plane, places, colours)
    _legend(axes, [(colour, str(count)) for colour, count in zip(colours, counts, strict=True)], columns=6)


def _codes(axes: Axes, plane: PhasePlane) -> None:
    kinds, sizes = np.unique(plane.coded, return_counts=True)
    # Modular codes come first, then the codes of the largest areas.
    order = sorted(range(len(kinds)), key=lambda k: ("+" in kinds[k], -sizes[k]))
    rank = np.empty(len(kinds), dtype=int)
    rank[order] = np.minimum(np.arange(len(kinds)), len(CODES) - 1)
    places = rank[np.searchsorted(kinds, plane.coded)]
    axes.set_title("Who codes what")
    _areas(axes, plane, places, CODES[: rank.max() + 1])
    named = [(CODES[k], str(kinds[order[k]]) or "no neurons") for k in range(min(len(kinds), len(CODES)))]
    if len(kinds) > len(CODES):
        named[-1] = (CODES[-1], f"{len(kinds) - len(CODES) + 1} others")
    _legend(axes, named, columns=1 if max(len(name) for _, name in named) > 12 else 2)


def _areas(axes: Axes, plane: PhasePlane, places: Any, colours: Any) -> None:
    norm = BoundaryNorm(np.arange(len(colours) + 1) - 0.5, max(len(colours), 1))
    axes.pcolormesh(plane.first, plane.other, places, cmap=ListedColormap(colours), norm=norm, shading="nearest")


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
