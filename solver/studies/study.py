"""What a study is, and what several of them do: solve, judge prices, write rows, draw panels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from numpy.typing import ArrayLike, NDArray

from solver.pictures.style import BLUE, DARK, DASHED, GREY, NO_PRICE_DRAWN, ORANGE, head, legend, page_figure
from solver.pictures.tuning import draw_map, kind_of
from solver.representation import Representation
from solver.solving.solve import solve_any_of_many, solve_one_of_many
from theory.arrays import Array
from theory.problem import Problem

RIGHT_ANGLE = 1e-4  # degrees by which an angle may miss a right one: the arc cosine of rounding


@dataclass(frozen=True)
class Study:
    """The outcome of a study, and the files written.

    Attributes:
        name: of the study.
        holds: whether the claim was confirmed.
        verdict: one line with the numbers.
        figure: file of the picture.
        table: file of the rows.
    """

    name: str
    holds: bool
    verdict: str
    figure: Path
    table: Path


@dataclass(frozen=True)
class Finding:
    """What the file of a study returns.

    Attributes:
        holds: whether the claim was confirmed.
        verdict: one line with the numbers.
        rows: of the table, each by the names of the columns, which are the same in all.
        figure: the picture.
    """

    holds: bool
    verdict: str
    rows: Sequence[Mapping[str, Any]]
    figure: Figure


# ---- codes and their prices ---------------------------------------------------------------------------------------


def solved(problem: Problem, method: str = "columns") -> Representation:
    """The certified code of one problem of a study."""
    return solve_one_of_many(problem, method=method, rng=0)


def best_code(problem: Problem) -> Any:
    """The certified code of neurons of the problem's kind: linear, rectified or free.

    Raises:
        KeyboardInterrupt: as it came; it does not cut the answer short.
    """
    return solve_any_of_many(problem, method="columns", rng=0)


def standardised(points: ArrayLike, probabilities: ArrayLike | None = None) -> tuple[Array, Array]:
    """Points (T, d), each column of mean zero and variance one, and their probabilities (T,).

    Example:
        >>> points, share = standardised([[0, 0], [0, 4], [2, 0], [2, 4]])
        >>> points.tolist(), share.tolist()
        ([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]], [0.25, 0.25, 0.25, 0.25])
    """
    values = np.asarray(points, dtype=np.float64)
    share = np.ones(len(values)) if probabilities is None else np.asarray(probabilities, dtype=np.float64)
    share = share / share.sum()
    centred = values - share @ values
    return centred / np.sqrt(share @ centred**2), share


def is_free(prices: ArrayLike) -> Any:
    """Whether each price of modularity is none but for rounding."""
    return np.asarray(prices) <= NO_PRICE_DRAWN


def percents(codes: Iterable[Representation]) -> list[float]:
    """The prices of modularity in per cent."""
    return [100 * code.price_of_modularity for code in codes]


def beside_boundary(values: Iterable[float], boundary: float) -> list[float]:
    """Values in order, with one on each side of a boundary.

    They are 0.002 away from it, where the price, about the square of the distance, is well above rounding.
    """
    return sorted([*values, boundary - 2e-3, boundary + 2e-3])


def cell_types(answer: Representation) -> dict[str, int]:
    """How many neurons read each group alone, by its name, and how many read several, as "mixed".

    Example:
        >>> from solver import Problem, solve
        >>> box = Problem([[0, 0], [0, 1], [1, 0], [1, 1]], groups={"place": [0], "speed": [1]})
        >>> cell_types(solve(box))
        {'place': 1, 'speed': 1, 'mixed': 0}
    """
    counts = Counter(groups[0] if len(groups) == 1 else "mixed" for groups in answer.coded_groups())
    return {name: counts[name] for name in (*(answer.problem.groups or {}), "mixed")}


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
        # A soft readout may leave out the weakest directions of a group.
        bases.append(basis[:, sizes > 1e-8 * sizes.max(initial=1.0)])
    cosines = np.linalg.svd(bases[0].T @ bases[1], compute_uv=False)
    return float(np.degrees(np.arccos(min(1.0, cosines[0])))) if len(cosines) else float("nan")


# ---- columns of the tables ----------------------------------------------------------------------------------------


def measured(answer: Representation, one: str, other: str) -> dict[str, Any]:
    """The columns on a code of two groups: certified numbers, mixed cells, neurons, the angle between the groups."""
    return {
        "loss": answer.loss,
        "price": answer.price_of_modularity,
        "gap": answer.gap,
        "mixed_cells": cell_types(answer)["mixed"],
        "neurons": len(answer),
        "angle": angle_between(answer, one, other),
    }


def correlation_row(problem: Problem) -> dict[str, float]:
    """The columns on two sources: their correlation, and the price of modularity with its gap."""
    answer = solved(problem)
    numbers = {"price": answer.price_of_modularity, "gap": answer.gap}
    return {"correlation": correlation(problem.sources.covariance), **numbers}


def correlation(covariance: Array) -> float:
    """The correlation of two sources with this covariance (2, 2)."""
    return float(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]))


def symmetric_price(covariance: Array) -> float:
    """The price of modularity of free neurons where sources are as likely as their opposites.

    Source: docs/mathematics.md, "Nonlinear neurons".
    """
    return float(np.sqrt(np.diag(covariance)).sum() / np.sqrt(np.linalg.eigvalsh(covariance)).sum() - 1)


# ---- panels -------------------------------------------------------------------------------------------------------


def panels(count: int = 1) -> tuple[Figure, Any]:
    """A figure with so many panels side by side, and their axes."""
    figure = page_figure(0.5 * count, 0.36)
    return figure, figure.subplots(1, count)


def scatter(axes: Axes, x: ArrayLike, price: ArrayLike, free: str = "modular") -> None:
    """Prices of modularity, in per cent, against x, coloured by whether the best code is modular (or separate)."""
    x, price = np.asarray(x), np.asarray(price)
    modular: NDArray[np.bool_] = is_free(price)
    for rows, colour, meaning in ((modular, BLUE, free), (~modular, ORANGE, "mixed")):
        if rows.any():
            points: dict[str, Any] = {"s": 8, "color": colour, "linewidth": 0, "alpha": 0.8, "zorder": 2}
            axes.scatter(x[rows], 100 * price[rows], label=meaning, **points)
    axes.axhline(0, color=DARK, linewidth=0.4, zorder=0)
    legend(axes)


def curve(axes: Axes, x: ArrayLike, y: ArrayLike, colour: str, *, label: str | None = None, marker: str = "o") -> None:
    """A thin line through small markers."""
    axes.plot(x, y, marker=marker, markersize=3, lw=0.8, color=colour, label=label)


def theory_line(axes: Axes, where: float, meaning: str) -> None:
    """A dashed line where theory says that something changes."""
    axes.axvline(where, color=GREY, linewidth=1, linestyle=DASHED, zorder=0, label=meaning)
    legend(axes)


def root_scale(axes: Axes) -> None:
    """Per cent on a scale of square roots.

    A price grows with the square of the distance from a boundary: on this scale its beginning can be seen.
    """

    def root(values: Array) -> Array:
        return np.asarray(np.sign(values) * np.sqrt(np.abs(values)))

    def square(values: Array) -> Array:
        return np.asarray(np.sign(values) * np.square(values))

    axes.set_yscale("function", functions=(root, square))
    axes.set_yticks([0, 0.1, 0.5, 1, 2, 5], ["0", "0.1", "0.5", "1", "2", "5"])


def draw_support(axes: Axes, corners: Array, title: str, colour: str) -> None:
    """The hull of two sources as a small picture."""
    axes.fill(*corners.T, facecolor=colour, alpha=0.25, edgecolor=colour, linewidth=1)
    axes.set(aspect="equal", xticks=[], yticks=[], xlim=(-1.1, 1.1), ylim=(-1.1, 1.1))
    axes.spines[:].set_visible(False)
    axes.set_title(title, fontsize=6)


def draw_maps(
    figure: SubFigure,
    code: Representation,
    maps: Array,
    title: str,
    *,
    labels: tuple[str, str],
    names: Mapping[str, str] | None = None,
) -> Any:
    """Draw the tuning map of each neuron, or of the first ones, in the colour of its kind.

    Args:
        figure: where.
        code: with its neurons.
        maps: (n, a, b) from `solver.pictures.tuning.tuning`, or fewer.
        title: above all.
        labels: of the two axes.
        names: what kinds of neurons are called, if not like their group.

    Returns:
        the panels.
    """
    row = np.atleast_1d(figure.subplots(1, len(maps), sharey=True))
    for axes, values, groups in zip(row, maps, code.coded_groups(), strict=False):
        kind, colour = kind_of(groups)
        draw_map(axes, values, (names or {}).get(kind, kind), colour)
        axes.set_xlabel(labels[0], fontsize=6)
    row[0].set_ylabel(labels[1], fontsize=6)
    head(figure, title)
    return row
