"""The picture of a budget: the least loss found for each number of neurons, above the floor."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from solver.pictures.style import BLUE, DARK, DASHED, GREY, ORANGE, legend, page_figure, picture


@picture
def plot_budget(budget: Any) -> Figure:
    """Draw losses over numbers of neurons: blue where they reach the floor, orange above it.

    From a `solver.questions.neuron_budget.Budget`.
    """
    numbers, losses = budget.numbers, budget.losses
    figure = page_figure(0.6, 0.4)
    axes = figure.subplots()
    axes.axhline(budget.floor, color=GREY, lw=1, ls=DASHED, label="floor: no code costs less")
    axes.plot(numbers, losses, color=DARK, lw=0.8, zorder=1)
    reached = np.zeros(len(numbers), dtype=bool) if budget.enough is None else numbers >= budget.enough
    for rows, colour, label in ((~reached, ORANGE, "least loss found"), (reached, BLUE, "reaches the floor")):
        if rows.any():
            axes.scatter(numbers[rows], losses[rows], s=14, color=colour, label=label, zorder=2)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="neurons", ylabel="loss")
    axes.margins(y=0.1)
    legend(axes, loc="upper right")
    return figure
