"""The picture of resamples: their prices, the price against the number of samples, and who is coded alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from solver.pictures import style
from solver.pictures.words import percent


@style.picture
def plot_bootstrap(resampled: Any) -> Figure:
    """Draw the prices of resamples, the curve of the price, and what neurons of one source each earn.

    From a `solver.questions.bootstrap_result.Bootstrap`.
    """
    sources = resampled.sources_table()
    panels = 1 + (resampled.curve is not None) + bool(sources)
    figure = style.page_figure(0.33 * panels + 0.04, 0.32)
    axes = list(np.ravel(figure.subplots(1, panels, squeeze=False)))
    _draw_prices(axes[0], resampled)
    if resampled.curve is not None:
        _draw_curve(axes[1], resampled)
    if sources:
        _draw_sources(axes[-1], sources[:20], resampled.practically)  # as many fit one panel
    return figure


def _draw_prices(axes: Axes, resampled: Any) -> None:
    known = 100 * resampled.prices[np.isfinite(resampled.prices)]
    spread = float(np.ptp(known)) if len(known) else 0.0
    if spread > 1e-9:
        axes.hist(known, bins=30, color=style.GREY, label="resamples")
    elif len(known):
        axes.axvline(float(known[0]), color=style.GREY, lw=4, label="resamples, all alike")
    axes.axvline(100 * resampled.price, color=style.DARK, lw=1, label="all samples")
    if np.isfinite(resampled.interval).all():
        low, high = 100 * np.array(resampled.interval)
        top = axes.get_ylim()[1]
        axes.plot([low, high], [1.04 * top] * 2, color=style.BLUE, lw=3, solid_capstyle="butt", clip_on=False)
        axes.plot([], [], color=style.BLUE, lw=3, label=f"{percent(resampled.level)} interval")
        axes.set_ylim(0, 1.08 * top)
    axes.set(xlabel="price of modularity, %", ylabel="number", title="Prices of resamples")
    style.legend(axes, loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2)


def _draw_curve(axes: Axes, resampled: Any) -> None:
    curve, level, practically = resampled.curve, percent(resampled.level), resampled.practically
    sizes, means = curve.sizes, curve.means
    if len(sizes) > 1:
        between, label = (100 * curve.low, 100 * curve.high), f"{level} of the draws"
        axes.fill_between(sizes, *between, color=style.GREY, alpha=0.35, lw=0, label=label)
    axes.plot(sizes, 100 * means, color=style.DARK, lw=1, marker="o", ms=3, label="mean")
    if np.isfinite(resampled.interval).all():
        axes.plot(
            [sizes[-1]] * 2, 100 * np.array(resampled.interval), color=style.BLUE, lw=3, solid_capstyle="butt",
            label=f"{level} interval", clip_on=False, zorder=0,
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


def _draw_sources(axes: Axes, rows: list[dict[str, Any]], practically: float) -> None:
    place = np.arange(len(rows))
    median, low, high = (np.array([row[name] for row in rows]) for name in ("earns", "low", "high"))
    alone = median >= 1 - practically
    axes.axvline(1, color=style.DARK, lw=0.8, ls=style.DASHED)
    axes.hlines(place, low, high, color=style.GREY, lw=3)
    for chosen, colour, label in ((alone, style.BLUE, "earns its cost"), (~alone, style.ORANGE, "earns less")):
        if chosen.any():
            axes.scatter(median[chosen], place[chosen], color=colour, s=18, label=label, zorder=2)
    axes.set_yticks(place, [style.label_of(row["source"]) for row in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set(xlabel="earned for what it costs", title="A neuron of one source alone")
    style.legend(axes, loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2)
