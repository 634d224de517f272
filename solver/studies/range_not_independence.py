"""2025: correlated but range-independent sources are modular, uncorrelated but corner-cut ones are not."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from solver.optimise import solve_one_of_many
from solver.studies.study import (
    FREE,
    NEXT_TO,
    Finding,
    correlation_of,
    panels,
    scatter,
    theory_line,
)
from theory.families import family
from theory.problem import Problem

if TYPE_CHECKING:
    pass

__all__ = ["study"]


def study(_: np.random.Generator, quick: bool) -> Finding:
    """2025: correlated but range-independent sources are modular, uncorrelated but corner-cut ones are not."""
    count = 9 if quick else 25
    grid = np.array(list(product(np.linspace(-1, 1, 5), repeat=2)))
    rows: list[tuple[Any, ...]] = []
    for slope in 16 * np.linspace(0, 1, count) ** 3:
        # Ever more weight on the diagonal, but never none on a corner.
        weights = np.exp(-slope * (grid[:, 0] - grid[:, 1]) ** 2)
        problem = Problem(grid, probabilities=weights)
        answer = solve_one_of_many(problem, method="columns")
        rows.append(("box", slope, correlation_of(problem), answer.price_of_modularity, answer.gap))
    cut_off = family("adjacent-corners")
    boundary = float(cut_off.boundary()[0])
    for parameter in sorted([*cut_off.grid(count), boundary - NEXT_TO, boundary + NEXT_TO]):
        problem = Problem(cut_off.sources(parameter))
        answer = solve_one_of_many(problem, method="columns")
        rows.append(("cut", parameter, correlation_of(problem), answer.price_of_modularity, answer.gap))
    boxes, cuts = ([row for row in rows if row[0] == kind] for kind in ("box", "cut"))
    long = [row for row in cuts if row[1] > boundary]
    holds = (
        max(row[3] for row in boxes) <= FREE
        and max(abs(row[2]) for row in cuts) < 1e-12
        and all((row[3] > FREE) == (row[1] > boundary) for row in cuts)
        and len(long) > 0
    )
    figure, (left, right) = panels(2)
    scatter(left, [row[2] for row in boxes], [100 * row[3] for row in boxes], [row[3] <= FREE for row in boxes])
    left.set(xlabel="correlation", ylabel="price of own neurons (%)", ylim=(-0.1, 1.2))
    left.set_title("All corners present: no correlation makes the code mix")
    scatter(right, [row[1] for row in cuts], [100 * row[3] for row in cuts], [row[3] <= FREE for row in cuts])
    theory_line(right, boundary, f"theory: a* = {boundary:.6g}")
    right.set(xlabel="length a of the cut at two corners", ylabel="price of own neurons (%)", ylim=(-0.1, 1.2))
    right.set_title("Uncorrelated throughout: a cut range makes the code mix")
    verdict = (
        f"with all corners present a correlation of {boxes[-1][2]:.3g} costs nothing; uncorrelated sources without two "
        f"corners mix beyond a cut of {boundary:.4g}, up to a price of {100 * long[-1][3]:.2g} %"
    )
    return Finding(holds, verdict, ("kind", "parameter", "correlation", "price", "gap"), rows, figure)
