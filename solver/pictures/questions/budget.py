"""The picture of a budget: the least loss found for each number of neurons, above the floor."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from solver.pictures.style import BLUE, DARK, DASHED, GREY, ORANGE, legend, page_figure, picture
from theory.arrays import Array


@picture
def plot_budget(numbers: NDArray[np.intp], losses: Array, floor: float, enough: int | None) -> Figure:
    """Draw losses over numbers of neurons: blue where they reach the floor, orange above it.

    Args:
        numbers: (k,) of neurons.
        losses: (k,) the least found with each.
        floor: proven lower bound of all.
        enough: the smallest number that reaches it, if one does.

    Example:
        >>> len(plot_budget(np.array([2, 3]), np.array([5.0, 4.0]), 4.0, 3).axes)
        1
    """
    figure = page_figure(0.6, 0.4)
    axes = figure.subplots()
    axes.axhline(floor, color=GREY, lw=1, ls=DASHED, label="floor: no code costs less")
    axes.plot(numbers, losses, color=DARK, lw=0.8, zorder=1)
    reached = np.zeros(len(numbers), dtype=bool) if enough is None else numbers >= enough
    for rows, colour, label in ((~reached, ORANGE, "least loss found"), (reached, BLUE, "reaches the floor")):
        if rows.any():
            axes.scatter(numbers[rows], losses[rows], s=14, color=colour, label=label, zorder=2)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="neurons", ylabel="loss")
    axes.margins(y=0.1)
    legend(axes, loc="upper right")
    return figure
