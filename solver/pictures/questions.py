"""Pictures of what is asked beyond one answer: of more samples, of fewer neurons, at other costs."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from solver.pictures import style
from solver.pictures.style import BLUE, DARK, DASHED, GREY, ORANGE
from solver.pictures.words import kind_words, percent

# ---- of more samples ----------------------------------------------------------------------------------------------


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
        axes.hist(known, bins=30, color=GREY, label="resamples")
    elif len(known):
        axes.axvline(float(known[0]), color=GREY, lw=4, label="resamples, all alike")
    axes.axvline(100 * resampled.price, color=DARK, lw=1, label="all samples")
    if np.isfinite(resampled.interval).all():
        low, high = 100 * np.array(resampled.interval)
        top = axes.get_ylim()[1]
        axes.plot([low, high], [1.04 * top] * 2, color=BLUE, lw=3, solid_capstyle="butt", clip_on=False)
        axes.plot([], [], color=BLUE, lw=3, label=f"{percent(resampled.level)} interval")
        axes.set_ylim(0, 1.08 * top)
    axes.set(xlabel="price of modularity, %", ylabel="number", title="Prices of resamples")
    style.legend(axes, loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2)


def _draw_curve(axes: Axes, resampled: Any) -> None:
    curve, level, practically = resampled.curve, percent(resampled.level), resampled.practically
    sizes, means = curve.sizes, curve.means
    if len(sizes) > 1:
        between, label = (100 * curve.low, 100 * curve.high), f"{level} of the draws"
        axes.fill_between(sizes, *between, color=GREY, alpha=0.35, lw=0, label=label)
    axes.plot(sizes, 100 * means, color=DARK, lw=1, marker="o", ms=3, label="mean")
    if np.isfinite(resampled.interval).all():
        axes.plot(
            [sizes[-1]] * 2, 100 * np.array(resampled.interval), color=BLUE, lw=3, solid_capstyle="butt",
            label=f"{level} interval", clip_on=False, zorder=0,
        )  # fmt: skip
    if np.nanmax(means) < 20 * practically:
        axes.axhline(100 * practically, color=ORANGE, lw=0.8, ls=DASHED, label="modular for practical purposes")
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
    axes.axvline(1, color=DARK, lw=0.8, ls=DASHED)
    axes.hlines(place, low, high, color=GREY, lw=3)
    for chosen, colour, label in ((alone, BLUE, "earns its cost"), (~alone, ORANGE, "earns less")):
        if chosen.any():
            axes.scatter(median[chosen], place[chosen], color=colour, s=18, label=label, zorder=2)
    axes.set_yticks(place, [style.label_of(row["source"]) for row in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set(xlabel="earned for what it costs", title="A neuron of one source alone")
    style.legend(axes, loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2)


# ---- of fewer neurons, and at other costs -------------------------------------------------------------------------


@style.picture
def plot_budget(budget: Any) -> Figure:
    """Draw losses over numbers of neurons: blue where they reach the floor, orange above it.

    From a `solver.questions.neuron_budget.Budget`.
    """
    numbers, losses = budget.numbers, budget.losses
    figure = style.page_figure(0.6, 0.4)
    axes = figure.subplots()
    axes.axhline(budget.floor, color=GREY, lw=1, ls=DASHED, label="floor: no code costs less")
    axes.plot(numbers, losses, color=DARK, lw=0.8, zorder=1)
    reached = np.zeros(len(numbers), dtype=bool) if budget.enough is None else numbers >= budget.enough
    for rows, colour, label in (
        (~reached, ORANGE, "least loss found"),
        (reached, BLUE, "reaches the floor"),
    ):
        if rows.any():
            axes.scatter(numbers[rows], losses[rows], s=14, color=colour, label=label, zorder=2)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="neurons", ylabel="loss")
    axes.margins(y=0.1)
    style.legend(axes, loc="upper right")
    return figure


@style.picture
def plot_price_curve(curve: Any) -> Figure:
    """Draw the price over the cost of the encoder, from a `solver.questions.price_curve.PriceCurve`.

    Blue where it is proven to be small for practical purposes, orange where it is proven to be more, and grey where
    that is open; bars reach from the least to the most that is proven, and the dashed line is the threshold.
    """
    costs, prices, practically = curve.encoder_costs, curve.prices, curve.practically
    name, kind, unit = kind_words(curve.problem.groups)
    figure = style.page_figure(0.6, 0.42)
    axes = figure.subplots()
    most = np.where(np.isfinite(curve.most), curve.most, np.nan)
    axes.plot(costs, 100 * prices, color=DARK, lw=0.8, zorder=1)
    axes.vlines(costs, 100 * curve.least, 100 * most, color=GREY, lw=2.5, zorder=0)
    kinds = np.array([{True: 1, False: 0, None: -1}[one] for one in curve.practically_modular])
    for verdict, colour, label in (
        (0, ORANGE, "mixed"),
        (1, BLUE, f"{kind} in practice"),
        (-1, GREY, "undecided"),
    ):
        shown = kinds == verdict
        if shown.any():
            axes.scatter(costs[shown], 100 * prices[shown], s=14, color=colour, label=label, zorder=2, clip_on=False)
    limit = f"threshold, {percent(practically)}"
    axes.axhline(100 * practically, color=GREY, lw=0.8, ls=DASHED, label=limit)
    if (costs > 0).all() and len(costs) > 1:
        axes.set_xscale("log")
    axes.set(xlabel="cost of the encoder", ylabel=f"one {unit} per neuron costs more (%)")
    axes.set_ylim(0, 108 * max(float(np.nanmax(np.append(most, prices))), 2 * practically, 1e-9))
    axes.set_title(f"Price of {name}")
    style.legend(axes, loc="best")
    return figure
