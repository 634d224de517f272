"""The picture of the price of modularity along a grid of costs of the encoder."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from solver.pictures.style import BLUE, DARK, DASHED, GREY, ORANGE, legend, page_figure, picture
from solver.pictures.words import kind_words, percent


@picture
def plot_price_curve(curve: Any) -> Figure:
    """Draw the price over the cost of the encoder, from a `solver.questions.price_curve.PriceCurve`.

    Blue where it is proven to be small for practical purposes, orange where it is proven to be more, and grey where
    that is open; bars reach from the least to the most that is proven, and the dashed line is the threshold.
    """
    costs, prices, practically = curve.encoder_costs, curve.prices, curve.practically
    name, kind, unit = kind_words(curve.problem.groups)
    figure = page_figure(0.6, 0.42)
    axes = figure.subplots()
    most = np.where(np.isfinite(curve.most), curve.most, np.nan)
    axes.plot(costs, 100 * prices, color=DARK, lw=0.8, zorder=1)
    axes.vlines(costs, 100 * curve.least, 100 * most, color=GREY, lw=2.5, zorder=0)
    kinds = np.array([{True: 1, False: 0, None: -1}[one] for one in curve.practically_modular])
    for verdict, colour, label in ((0, ORANGE, "mixed"), (1, BLUE, f"{kind} in practice"), (-1, GREY, "undecided")):
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
    legend(axes, loc="best")
    return figure
