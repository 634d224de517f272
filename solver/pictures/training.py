"""The picture of a training run: curves that descend towards a certified floor, where there is one."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from solver.pictures.style import BLUE, DASHED, GREY, ORANGE, legend, page_figure, picture
from theory.arrays import Array

FLOOR_REACHED = 1e-3  # relative distance from the floor within which a run counts as having reached it
SINGLE_PRECISION = 1e-7  # relative distance from the floor below which single precision says nothing


@picture
def plot_training(steps: NDArray[np.intp], losses: Array, floor: float | None = None) -> Figure:
    """Draw the loss of every seed over the steps: above a floor by how much, on a scale on which its end can be seen.

    Args:
        steps: (k,) at which the curves have a point.
        losses: (s, k) of each seed.
        floor: a proven lower bound of all.

    Example:
        >>> len(plot_training(np.array([0, 10]), np.array([[5.0, 4.0]]), 3.9).axes)
        1
    """
    figure = page_figure(0.6, 0.4)
    draw_curves(figure.subplots(), steps, losses, floor)
    return figure


def draw_curves(
    axes: Axes, steps: NDArray[np.intp], losses: Array, floor: float | None, *, explained: bool = True
) -> None:
    """Draw the curves: blue where the floor is reached, orange where it is not or there is none.

    Args:
        axes: to draw in.
        steps: (k,) at which the curves have a point.
        losses: (s, k) of each seed.
        floor: a proven lower bound of all.
        explained: whether a legend says so.
    """
    ends = np.full(len(losses), np.inf) if floor is None else losses[:, -1] / floor - 1
    shown = losses if floor is None else np.maximum(losses / floor - 1, SINGLE_PRECISION)
    groups = [
        (ends > FLOOR_REACHED, ORANGE, "trained" if floor is None else "ends above the floor"),
        (ends <= FLOOR_REACHED, BLUE, f"reaches the floor within {100 * FLOOR_REACHED:g} %"),
    ]
    for rows, colour, label in groups:
        for number, row in enumerate(np.flatnonzero(rows)):
            axes.plot(steps, shown[row], color=colour, lw=0.8, alpha=0.8, label=label if number == 0 else "_")
    axes.set(yscale="log", xlabel="steps", ylabel="loss" if floor is None else "loss / certified floor $-$ 1")
    if floor is not None:
        axes.axhline(SINGLE_PRECISION, color=GREY, lw=1, ls=DASHED, label="floor, as far as single precision tells")
    if explained:
        legend(axes, loc="upper right")
