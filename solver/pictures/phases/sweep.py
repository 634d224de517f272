"""The picture of a sweep: curves over one coordinate, the phase plane over two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from solver.pictures.phases.phase_plane import COST_LABELS, plot_phase_plane
from solver.pictures.style import DARK, GREY, legend, page_figure, picture
from solver.sweeps.plan import Sweep
from solver.sweeps.plane import phase_plane, spread_by_ratio
from solver.sweeps.pose import SMOOTH
from solver.sweeps.table import Row
from solver.sweeps.view import view
from theory.arrays import Array

ORDERED = (*SMOOTH, "samples")
"""Coordinates along which a line may be drawn from one value to the next; resamples and seeds have none."""


@picture
def plot_sweep(
    plan: Sweep,
    rows: Sequence[Row],
    *,
    at: Mapping[str, Any] | None = None,
) -> Figure:
    """Draw a sweep over the coordinates that vary.

    One: price of modularity, loss and number of neurons as curves. Two: the phase plane, with theory's boundary if it
    is a family's.

    Args:
        plan: the sweep.
        rows: from `solver.sweeps.run.run`.
        at: values of coordinates that are held, where more than two vary.

    Raises:
        InputError: more than two coordinates that vary, none, or no grid of them.

    Example:
        >>> from solver import Sweep
        >>> from solver.sweeps.run import run
        >>> plan = Sweep.of_family("one-corner", parameter=[0.2, 0.4, 0.6], certified=False)
        >>> len(plot_sweep(plan, run(plan)).axes)
        3
    """
    part, chosen = view(plan, rows, at or {})
    if len(part.axes) == 2:
        drawn: Figure = plot_phase_plane(phase_plane(part, chosen))
        return drawn
    return _curves(part, chosen)


def _curves(part: Sweep, rows: Sequence[Row]) -> Figure:
    ((name, values),) = part.axes.items()
    numbers = all(isinstance(value, int | float) for value in values)
    places = np.array(values, dtype=np.float64) if numbers else np.arange(len(values), dtype=np.float64)
    style = {"color": DARK, "lw": 1.0 if name in ORDERED else 0.0, "marker": "o", "ms": 2.5}
    figure = page_figure(1, 0.32)
    price, loss, neurons = figure.subplots(1, 3, sharex=True)
    price.plot(places, 100 * _column(rows, "price_of_modularity"), **style)
    price.set_title("Price of modularity (%)")
    loss.plot(places, _column(rows, "loss"), label="optimal code", **style)
    loss.plot(places, _column(rows, "modular_loss"), label="best modular code", **{**style, "color": GREY})
    loss.set_title("Loss")
    legend(loss)
    neurons.plot(places, _column(rows, "neurons"), **style)
    neurons.set_title("Neurons of the optimal code")
    neurons.yaxis.set_major_locator(MaxNLocator(integer=True))
    for axes in (price, loss, neurons):
        axes.set_xlabel(COST_LABELS.get(name, name))
        if not numbers:
            words = [", ".join(map(str, value)) if isinstance(value, list) else str(value) for value in values]
            axes.set_xticks(places, words, rotation=30, ha="right")
        elif spread_by_ratio(places):
            axes.set_xscale("log")
    return figure


def _column(rows: Sequence[Row], name: str) -> Array:
    """Numbers of a column, NaN where a point has none."""
    return np.array([np.nan if row.get(name) is None else row[name] for row in rows], dtype=np.float64)
