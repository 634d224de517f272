"""The picture of a training run: curves that descend towards a certified floor, where there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from solver.pictures.source_plane import INSIDE, OUTSIDE, SAMPLE
from solver.pictures.style import PICTURES, WIDTH, styled, written
from theory.writing import require_writable

if TYPE_CHECKING:
    import os

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from theory.arrays import Array

__all__ = ["REACHED", "draw_curves", "plot_training"]

REACHED = 1e-3
"""Relative distance from the floor within which a run counts as having reached it."""

LEAST_SHOWN = 1e-7
"""Relative distance from the floor below which single precision says nothing."""


@styled
def plot_training(
    steps: NDArray[np.intp], losses: Array, floor: float | None = None, path: str | os.PathLike[str] | None = None
) -> Figure:
    """Draw the loss of every seed over the steps: above a floor by how much, on a scale on which its end can be seen.

    Args:
        steps: (k,) at which the curves have a point.
        losses: (s, k) of each seed.
        floor: a proven lower bound of all.
        path: .png, .pdf or .svg file to write, whole or not at all.

    Raises:
        InputError: a path that cannot be written.

    Example:
        >>> len(plot_training(np.array([0, 10]), np.array([[5.0, 4.0]]), 3.9).axes)
        1
    """
    target = None if path is None else require_writable(path, PICTURES, "path")
    figure = Figure(figsize=(0.6 * WIDTH, 0.4 * WIDTH), layout="constrained")
    draw_curves(figure.subplots(), steps, losses, floor)
    return written(figure, target)


def draw_curves(axes: Axes, steps: NDArray[np.intp], losses: Array, floor: float | None) -> None:
    """The curves on given axes: blue where the floor is reached, orange where it is not or there is none."""
    ends = np.full(len(losses), np.inf) if floor is None else losses[:, -1] / floor - 1
    shown = losses if floor is None else np.maximum(losses / floor - 1, LEAST_SHOWN)
    kinds = [
        (ends > REACHED, OUTSIDE, "trained" if floor is None else "ends above the floor"),
        (ends <= REACHED, INSIDE, f"reaches the floor within {100 * REACHED:g} %"),
    ]
    for rows, colour, said in kinds:
        for number, row in enumerate(np.flatnonzero(rows)):
            axes.plot(steps, shown[row], color=colour, lw=0.8, alpha=0.8, label=said if number == 0 else "_")
    axes.set(yscale="log", xlabel="steps", ylabel="loss" if floor is None else "loss / certified floor $-$ 1")
    if floor is not None:
        axes.axhline(LEAST_SHOWN, color=SAMPLE, lw=1, ls=(0, (3, 2)), label="floor, as far as single precision tells")
    axes.legend(frameon=False, fontsize=6, loc="upper right")
