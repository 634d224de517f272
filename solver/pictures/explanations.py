"""Pictures of neurons beside labels: what each label explains, and the formulas of labels that make neurons fire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from solver.pictures import style
from solver.pictures.style import BLUE, DARK, GREY, picture
from theory.arrays import Array


@dataclass(frozen=True)
class ExplanationsStyle:
    """Sizes of the picture."""

    rows: int = 30  # neurons
    labels: int = 40  # that are told apart by their names
    longest: int = 88  # characters of a formula at most
    level: int = 24  # characters of all labels from which on they stand upright
    row: float = 0.33  # inches, the height of one
    letter: float = 0.052  # inches, the width of one


EXPLANATIONS_STYLE = ExplanationsStyle()

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


@picture
def plot_explanations(explained: Any) -> Figure:
    """Draw a row for each neuron: its formula, its IoU with what is proven and what chance reaches, its selectivity.

    Example:
        >>> from solver import explain
        >>> len(plot_explanations(explain([0, 0, 2, 2], {"red": [0, 0, 1, 1]}, shuffles=0)).axes)
        3
    """
    labels, selectivity, chance = explained.labels, explained.selectivity, explained.chance_selectivity
    count = min(EXPLANATIONS_STYLE.rows, len(selectivity))
    names = [style.label_of(name) for name in labels] if len(labels) <= EXPLANATIONS_STYLE.labels else []
    upright = len("".join(names)) >= EXPLANATIONS_STYLE.level
    below = EXPLANATIONS_STYLE.letter * max(map(len, names)) if upright else 0.0
    figure = style.page_figure(1.0, (EXPLANATIONS_STYLE.row * count + 1.0 + max(0.0, below - 0.4)) / style.PAGE_WIDTH)
    left, right = figure.subplots(1, 2, width_ratios=[1.6, 1])
    _formulas(left, explained.columns(), count)
    image = _selectivity(right, selectivity[:count], chance[:count])
    right.set_xticks(range(len(names)), names, rotation=90 if upright else 0)
    if not names:
        right.set_xlabel(f"{len(labels)} labels")
    bar = style.colour_bar(figure, image, right, shrink=min(0.8, 6 / count), aspect=20, pad=0.02, ticks=[0, 0.5, 1])
    least = "zero" if np.isnan(chance).all() else "chance"
    bar.ax.set_yticklabels([least, "half way", "perfect"])
    if count < len(selectivity):
        style.note(figure, f"The first {count} of {len(selectivity)} neurons.")
    return figure


def _formulas(axes: Axes, columns: dict[str, list[Any]], count: int) -> None:
    """A bar for each neuron's IoU, with its formula above."""
    rows = np.arange(count)
    iou, bound = (np.nan_to_num(np.array(columns[name][:count], dtype=float)) for name in ("iou", "upper_bound"))
    axes.barh(rows + 0.1, iou, height=0.28, color=BLUE, label="IoU")
    if (bound > iou).any():
        axes.barh(rows + 0.1, bound - iou, left=iou, height=0.28, color="none", ec=BLUE, lw=0.6, label="not excluded")
    mean, most = (np.array(columns[name][:count], dtype=float) for name in ("chance", "most_by_chance"))
    if not np.isnan(mean).all():
        axes.hlines(rows + 0.34, mean, most, color=GREY, lw=2)
        axes.plot(mean, rows + 0.34, "|", color=DARK, ms=5, label="chance: mean, and up to the most")
    for row in np.flatnonzero(iou):
        axes.text(iou[row] - 0.005, row + 0.11, f"{iou[row]:.2f}", ha="right", va="center", fontsize=6, color="white")
    for row in rows:
        axes.text(0.005, row - 0.22, _shortened(columns["formula"][row]), fontsize=6, va="center", color=DARK)
    axes.set_yticks(rows, [style.label_of(str(name)) for name in columns["neuron"][:count]])
    axes.set(xlim=(0, 1), ylim=(count - 0.5, -0.6), xlabel="intersection over union", ylabel="neuron")
    axes.set_title("Where each neuron fires", pad=14)
    axes.tick_params(axis="y", length=0)
    axes.legend(frameon=False, fontsize=6, loc="lower right", bbox_to_anchor=(1, 1), ncols=3, borderaxespad=0.1)


def _selectivity(axes: Axes, selectivity: Array, chance: Array) -> AxesImage:
    """The average precision of each neuron for each label, from chance to perfect."""
    base = np.where(np.isnan(chance), 0.0, chance)
    above = np.clip((selectivity - base) / np.maximum(1 - base, 1e-12), 0, 1)
    image = axes.imshow(above, cmap=SHARE, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    axes.set_yticks([])
    axes.set_title("Selectivity: average precision", pad=14)
    style.bare(axes)
    if above.size <= 200:
        for (row, column), share in np.ndenumerate(selectivity):
            colour = "white" if above[row, column] > 0.5 else DARK
            text = "" if np.isnan(share) else f"{share:.2f}"
            axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=6)
    return image


def _shortened(formula: str) -> str:
    text = formula if len(formula) <= EXPLANATIONS_STYLE.longest else f"{formula[: EXPLANATIONS_STYLE.longest - 1]}…"
    return text.replace("$", r"\$")
