"""The picture of resamples: their prices, the price against the number of samples, and who is coded alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from solver.pictures import style
from solver.pictures.words import percent
from theory.arrays import Array

SOURCES = 20  # sources that fit one panel

BINS = 30

Curve = tuple[Any, Array, Array, Array]  # numbers of samples, means, and the ends of the middle share of the prices


@style.picture
def plot_bootstrap(
    prices: Array,
    price: float,
    interval: tuple[float, float],
    sources: Sequence[tuple[str, float, float, float]],
    curve: Curve | None,
    *,
    level: float,
    practically: float,
) -> Figure:
    """Draw the prices of resamples, the curve of the price, and what neurons of one source each earn.

    Args:
        prices: (b,) of resamples, NaN where one has none.
        price: of the data.
        interval: for the price.
        sources: name of each source or group, median of what its own neuron earns, and the ends of the middle share.
        curve: numbers of samples, means and ends of their prices; None if not known.
        level: of the interval, and the middle share.
        practically: price up to which a code counts as practically modular.

    Example:
        >>> prices = np.array([0.1, 0.2, 0.2, 0.4])
        >>> figure = plot_bootstrap(prices, 0.2, (0.1, 0.3), [], None, level=0.95, practically=1e-3)
        >>> len(figure.axes)
        1
    """
    panels = 1 + (curve is not None) + bool(sources)
    figure = style.page_figure(0.33 * panels + 0.04, 0.32)
    axes = list(np.ravel(figure.subplots(1, panels, squeeze=False)))
    _draw_prices(axes[0], prices, price, interval, level)
    if curve is not None:
        _draw_curve(axes[1], curve, interval, level, practically)
    if sources:
        _draw_sources(axes[-1], sources, practically)
    return figure


def _draw_prices(axes: Axes, prices: Array, price: float, interval: tuple[float, float], level: float) -> None:
    known = 100 * prices[np.isfinite(prices)]
    spread = float(np.ptp(known)) if len(known) else 0.0
    if spread > 1e-9:
        axes.hist(known, bins=BINS, color=style.GREY, label="resamples")
    elif len(known):
        axes.axvline(float(known[0]), color=style.GREY, lw=4, label="resamples, all alike")
    axes.axvline(100 * price, color=style.DARK, lw=1, label="all samples")
    if np.isfinite(interval).all():
        low, high = 100 * np.array(interval)
        top = axes.get_ylim()[1]
        axes.plot([low, high], [1.04 * top] * 2, color=style.BLUE, lw=3, solid_capstyle="butt", clip_on=False)
        axes.plot([], [], color=style.BLUE, lw=3, label=f"{percent(level)} interval")
        axes.set_ylim(0, 1.08 * top)
    axes.set(xlabel="price of modularity, %", ylabel="number", title="Prices of resamples")
    style.legend(axes, loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2)


def _draw_curve(axes: Axes, curve: Curve, interval: tuple[float, float], level: float, practically: float) -> None:
    sizes, means, low, high = curve
    if len(sizes) > 1:
        axes.fill_between(
            sizes, 100 * low, 100 * high, color=style.GREY, alpha=0.35, lw=0, label=f"{percent(level)} of the draws"
        )
    axes.plot(sizes, 100 * means, color=style.DARK, lw=1, marker="o", ms=3, label="mean")
    if np.isfinite(interval).all():
        axes.plot(
            [sizes[-1]] * 2, 100 * np.array(interval), color=style.BLUE, lw=3, solid_capstyle="butt",
            label=f"{percent(level)} interval", clip_on=False, zorder=0,
        )  # fmt: skip
    if np.nanmax(means) < 20 * practically:
        axes.axhline(
            100 * practically, color=style.ORANGE, lw=0.8, ls=style.DASHED, label="modular for practical purposes"
        )
    axes.set_xscale("log")
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.minorticks_off()
    axes.set_ylim(bottom=0)
    axes.set(xlabel="samples", ylabel="price of modularity, %", title="Price against samples")
    style.legend(axes, loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2)


def _draw_sources(axes: Axes, sources: Sequence[tuple[str, float, float, float]], practically: float) -> None:
    shown = sources[:SOURCES]
    place = np.arange(len(shown))
    _, median, low, high = zip(*shown, strict=True)
    alone = np.array(median) >= 1 - practically
    axes.axvline(1, color=style.DARK, lw=0.8, ls=style.DASHED)
    axes.hlines(place, low, high, color=style.GREY, lw=3)
    for rows, colour, label in ((alone, style.BLUE, "earns its cost"), (~alone, style.ORANGE, "earns less")):
        if rows.any():
            axes.scatter(np.array(median)[rows], place[rows], color=colour, s=18, label=label, zorder=2)
    axes.set_yticks(place, [style.label_of(name) for name, *_ in shown])
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set(xlabel="earned for what it costs", title="A neuron of one source alone")
    style.legend(axes, loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2)
