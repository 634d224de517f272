"""The picture of a comparison: what each label explains of each neuron."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from solver.pictures import style
from solver.pictures.style import picture

SHARE = LinearSegmentedColormap.from_list("share", ["#ffffff", "#86cfaa", "#238b5b", "#05402a"])


@picture
def plot_shares(comparison: Any) -> Figure:
    """Draw the share of each neuron's variance that each label explains, from a `solver.comparison.Comparison`."""
    explained = comparison.explained
    height = float(np.clip(0.2 * len(explained) + 1, 2, 8)) / style.PAGE_WIDTH
    figure = style.page_figure(0.6, height)
    axes = figure.subplots()
    image = axes.imshow(explained, cmap=SHARE, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    style.name_columns(axes, comparison.labels, 40)
    style.label_some(axes.set_yticks, [str(i + 1) for i in range(len(explained))], 20)
    axes.set(ylabel="neuron", title="Share of variance explained by each label")
    style.bare(axes)
    if explained.size <= 200:  # more numbers would not fit their fields
        for (row, column), share in np.ndenumerate(explained):
            colour = "white" if share > 0.5 else style.DARK
            axes.text(column, row, f"{share:.2f}", ha="center", va="center", color=colour, fontsize=6)
    style.colour_bar(figure, image, axes, shrink=0.6, aspect=16, pad=0.02, ticks=[0, 0.5, 1])
    return figure
