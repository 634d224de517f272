"""The picture of a comparison: what each label explains of each neuron."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from solver.pictures.source_plane import label_of
from solver.pictures.style import PICTURES, WIDTH, styled, written
from theory.writing import require_writable

if TYPE_CHECKING:
    import os

    from theory.arrays import Array

__all__ = ["plot_shares"]

SHARE = LinearSegmentedColormap.from_list("share", ["#ffffff", "#86cfaa", "#238b5b", "#05402a"])

WRITTEN = 200
"""Shares up to this number are written into their fields."""

MOST_TICKS = 20
"""Neurons that are numbered on the axis."""

DARK = 0.5
"""A share from which on its field is dark, and its number white."""


@styled
def plot_shares(explained: Array, labels: Sequence[str], path: str | os.PathLike[str] | None = None) -> Figure:
    """Draw the share of each neuron's variance that each label explains.

    Args:
        explained: (n, k) the shares.
        labels: k names.
        path: .png, .pdf or .svg file to write, whole or not at all.

    Raises:
        InputError: a path that cannot be written.

    Example:
        >>> len(plot_shares(np.eye(2), ["left", "right"]).axes)
        2
    """
    target = None if path is None else require_writable(path, PICTURES, "path")
    height = float(np.clip(0.2 * len(explained) + 1, 2, 8))
    figure = Figure(figsize=(0.6 * WIDTH, height), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(explained, cmap=SHARE, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    names = [label_of(name) for name in labels]
    axes.set_xticks(range(len(names)), names, rotation=0 if len("".join(names)) < 40 else 30)
    step = -(-len(explained) // MOST_TICKS)
    axes.set_yticks(range(0, len(explained), step), [str(i + 1) for i in range(0, len(explained), step)])
    axes.set(ylabel="neuron", title="Share of variance explained by each label")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    if explained.size <= WRITTEN:
        for (row, column), share in np.ndenumerate(explained):
            colour = "white" if share > DARK else "#3c4248"
            axes.text(column, row, f"{share:.2f}", ha="center", va="center", color=colour, fontsize=6)
    figure.colorbar(image, ax=axes, shrink=0.6, aspect=16, pad=0.02, ticks=[0, 0.5, 1]).outline.set_visible(False)
    return written(figure, target)
