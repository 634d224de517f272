"""2025: what and where, told of 81 images by free neurons: which images must occur, and how often.

A network that sees which of 81 images is shown can make any activity of it: its neurons are free. Two numbers are to
be said, what and where; input weights cost nothing, and nothing may be wrong.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from solver.pictures.style import ACTIVITY, BLUE, GREY, ORANGE, bare, colour_bar, legend, page_figure, side_by_side
from solver.studies.study import Finding, best_code, curve, is_free, root_scale, symmetric_price
from theory.arrays import Array
from theory.problem import Problem

SIDE = 4  # steps from the middle of the grid to its edge: nine by nine images

GRID = np.array(list(product(range(-SIDE, SIDE + 1), repeat=2)), dtype=np.float64)


def study(_: np.random.Generator, quick: bool) -> Finding:
    """Leave out each image alone, then more and more at one corner, then show those of the diagonal more often."""
    places = [(0, 0), (SIDE, SIDE)] if quick else [(i, j) for i in range(SIDE + 1) for j in range(i + 1)]
    alone = [_row("without one", f"{i} {j}", GRID[np.any(np.array([i, j]) != GRID, axis=1)]) for i, j in places]
    cut = [1, 2] if quick else [0, 1, 2, 3, 4, 5]
    corner = [_row("off one corner", k * (k + 1) // 2, GRID[GRID.sum(axis=1) <= 2 * SIDE - k]) for k in cut]
    frequencies = [1.0, 5.0] if quick else [1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0]
    diagonal = [_row("diagonal", times, GRID, _with_diagonal(times)) for times in frequencies]
    least = np.array([row["price_at_least"] for row in alone])
    holds = (
        is_free(alone[0]["price"])
        and not is_free(least[1:]).any()
        and all(is_free(row["price"]) == (row["degree"] == 0) for row in corner)
        and all(abs(row["price"] - row["formula"]) <= 1e-7 for row in diagonal)
    )
    figure = page_figure(1, 0.36)
    left, *others = side_by_side(figure, 1, 1, 1)
    _draw_map(left, dict(zip(places, [row["price"] for row in alone], strict=True)))
    middle, right = (part.subplots() for part in others)
    degrees = [row["degree"] for row in corner]
    curve(middle, degrees, [100 * row["price"] for row in corner], ORANGE, label="free")
    curve(middle, degrees, [100 * row["linear_price"] for row in corner], GREY, label="linear", marker="s")
    middle.set(xlabel="points missing at one corner", ylabel="price of modularity (%), root scale")
    middle.set(xticks=degrees, title="More and more points missing at a corner")
    theory = np.linspace(1, frequencies[-1], 50)
    by_theory = [100 * symmetric_price(_covariance(_with_diagonal(times))) for times in theory]
    right.plot(theory, by_theory, color=ORANGE, lw=0.8)
    right.plot(frequencies, [100 * row["price"] for row in diagonal], "o", markersize=3, color=ORANGE, label="free")
    linear = [100 * row["linear_price"] for row in diagonal]
    curve(right, frequencies, linear, GREY, label="linear", marker="s")
    right.set(xlabel="frequency of the diagonal, others one", ylabel="price of modularity (%), root scale")
    right.set_title("All points present (line: formula)")
    for axes in (middle, right):
        root_scale(axes)
        axes.set_ylim(-5e-3, 5)
        legend(axes)
    told = ", ".join(f"{100 * corner[cut.index(k)]['price']:.4f}" for k in (1, 2, 3) if k in cut)
    missing = ", ".join(str(k * (k + 1) // 2) for k in (1, 2, 3) if k in cut)
    five = diagonal[frequencies.index(5.0)]["price"]
    verdict = (
        f"free neurons mix as soon as any image is missing but the one in the middle ({len(alone) - 1} places tried, "
        f"the square's symmetries give the others); with {missing} missing at one corner own neurons cost "
        f"{told} % more, and {100 * five:.4f} % with the diagonal five times as frequent, although no corner is "
        "missing"
    )
    return Finding(bool(holds), verdict, [*alone, *corner, *diagonal], figure)


def _row(change: str, degree: Any, points: Array, weights: Array | None = None) -> dict[str, Any]:
    code = best_code(Problem(points, probabilities=weights, activation="free"))
    linear = best_code(Problem(points, probabilities=weights))
    return {
        "change": change,
        "degree": degree,
        "loss": code.loss,
        "gap": code.gap,
        "price": code.price_of_modularity,
        "price_at_least": code.price_bounds[0],
        "formula": symmetric_price(_covariance(weights)) if weights is not None else "",
        "linear_price": linear.price_of_modularity,
    }


def _with_diagonal(times: float) -> Array:
    """(81,) how often each image is shown: those of the diagonal so many times as often."""
    return np.where(GRID[:, 0] == GRID[:, 1], times, 1.0)


def _covariance(weights: Array) -> Array:
    return np.asarray((weights / weights.sum() * GRID.T) @ GRID)


def _draw_map(figure: Any, prices: dict[tuple[int, int], float]) -> None:
    """The price of modularity where each image is left out, at its place; the square's symmetries fill the map."""
    shown = np.full((2 * SIDE + 1,) * 2, np.nan)
    for row, column in product(range(-SIDE, SIDE + 1), repeat=2):
        high, low = sorted((abs(row), abs(column)), reverse=True)
        shown[row + SIDE, column + SIDE] = 100 * prices.get((high, low), np.nan)
    axes = figure.subplots()
    image = axes.imshow(shown, cmap=ACTIVITY, vmin=0, origin="lower", extent=(-SIDE - 0.5, SIDE + 0.5) * 2)
    axes.set(xlabel="what", ylabel="where", title="One image missing")
    axes.plot(0, 0, "x", color=BLUE, markersize=4)
    bare(axes)
    colour_bar(figure, image, axes, label="price of modularity (%)", shrink=0.6)
