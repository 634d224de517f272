"""What a study is, and the panels that several of them draw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from solver.pictures.style import HULL, INSIDE, OUTSIDE, SAMPLE, legend, page_figure
from theory.problem import Problem

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from solver.representation import Representation
    from theory.arrays import Array


FREE = 1e-9
"""A price of modularity below this is none."""

RIGHT = 1e-4
"""Degrees by which an angle may miss a right one: the arc cosine of rounding."""

NEXT_TO = 2e-3
"""Distance from a boundary at which it is tried on both sides: the price, about its square, is well above `FREE`."""

CODED = 1e-8
"""Share of the strongest direction of a group below which another is not coded: a soft readout can leave some out."""


@dataclass(frozen=True)
class Study:
    """What a study found.

    Attributes:
        name: of the study;  holds: whether the claim was confirmed;  verdict: one line with the numbers.
        figure, table: the files written.
    """

    name: str
    holds: bool
    verdict: str
    figure: Path
    table: Path


@dataclass(frozen=True)
class Finding:
    """What a study hands over: whether its claim holds, in one line and as a table and a figure."""

    holds: bool
    verdict: str
    header: Sequence[str]
    rows: Sequence[Sequence[Any]]
    figure: Figure


def cell_types(answer: Representation) -> dict[str, int]:
    """How many neurons read each group alone, by its name, and how many read several, as "mixed".

    Example:
        >>> from solver import Problem, solve
        >>> box = Problem([[0, 0], [0, 1], [1, 0], [1, 1]], groups={"place": [0], "speed": [1]})
        >>> cell_types(solve(box))
        {'place': 1, 'speed': 1, 'mixed': 0}
    """
    found = Counter(groups[0] if len(groups) == 1 else "mixed" for groups in answer.coded_groups())
    return {name: found[name] for name in (*(answer.problem.groups or {}), "mixed")}


def angle_between(answer: Representation, one: str, other: str) -> float:
    """The least angle, in degrees, between the subspaces of activity in which two groups of sources are coded.

    It depends on the matrix G of the code alone, which all optimal codes share (docs/mathematics.md, "Groups"); NaN
    where one is not coded.

    Example:
        >>> from solver import Problem, solve
        >>> box = Problem([[0, 0], [0, 1], [1, 0], [1, 1]], groups={"place": [0], "speed": [1]})
        >>> angle_between(solve(box), "place", "speed")
        90.0
    """
    groups = answer.problem.groups or {}
    bases = []
    for name in (one, other):
        basis, sizes, _ = np.linalg.svd(answer.source_weights[:, list(groups[name])], full_matrices=False)
        bases.append(basis[:, sizes > CODED * sizes.max(initial=1.0)])
    cosines = np.linalg.svd(bases[0].T @ bases[1], compute_uv=False)
    return float(np.degrees(np.arccos(min(1.0, cosines[0])))) if len(cosines) else float("nan")


def measured(answer: Representation, one: str, other: str) -> tuple[Any, ...]:
    """A row on an answer: loss, price, gap, numbers of mixed cells and of neurons, angle between two groups."""
    proven = (answer.loss, answer.price_of_modularity, answer.gap)
    return *proven, cell_types(answer)["mixed"], len(answer), angle_between(answer, one, other)


def panels(count: int = 1) -> tuple[Figure, Any]:
    """A figure with so many panels side by side, and their axes."""
    figure = page_figure(0.5 * count, 0.36)
    axes = figure.subplots(1, count)
    return figure, axes


def scatter(axes: Axes, x: Any, price: Any, modular: Any) -> None:
    """Prices of modularity against x, coloured by whether own neurons are optimal."""
    x, price, modular = np.asarray(x), np.asarray(price), np.asarray(modular, dtype=bool)
    for rows, colour, meaning in ((modular, INSIDE, "own neurons are optimal"), (~modular, OUTSIDE, "mixed")):
        if rows.any():
            axes.scatter(x[rows], price[rows], s=8, color=colour, label=meaning, linewidth=0, alpha=0.8, zorder=2)
    axes.axhline(0, color=HULL, linewidth=0.4, zorder=0)
    legend(axes)


def theory_line(axes: Axes, where: float, meaning: str) -> None:
    """A dashed line where theory says that something changes."""
    axes.axvline(where, color=SAMPLE, linewidth=1, linestyle=(0, (3, 2)), zorder=0, label=meaning)
    legend(axes)


def draw_support(axes: Axes, corners: Array, title: str, colour: str) -> None:
    """The hull of two sources as a small picture."""
    axes.fill(*corners.T, facecolor=colour, alpha=0.25, edgecolor=colour, linewidth=1)
    axes.set(aspect="equal", xticks=[], yticks=[], xlim=(-1.1, 1.1), ylim=(-1.1, 1.1))
    axes.spines[:].set_visible(False)
    axes.set_title(title, fontsize=6)


def correlation_of(problem: Problem) -> float:
    """Correlation of the first two sources."""
    covariance = problem.sources.covariance
    return float(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]))


def signed_root(values: Any) -> Any:
    """Root of the size, with the sign: an axis on which squares are straight."""
    return np.sign(values) * np.sqrt(np.abs(values))


def signed_square(values: Any) -> Any:
    """Its inverse."""
    return np.sign(values) * np.square(values)
