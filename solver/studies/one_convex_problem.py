"""2026: one convex problem: local descent from random starts never beats the certificate, and often reaches it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from solver.methods.alternating import descend
from solver.optimise import solve_one_of_many
from solver.pictures.style import HULL, INSIDE, OUTSIDE, legend
from solver.studies.study import (
    Finding,
    panels,
)
from theory.problem import Problem

if TYPE_CHECKING:
    pass

__all__ = ["study"]

ROUNDING = 1e-12
"""Relative difference of a loss from a bound that is none."""


def study(rng: np.random.Generator, quick: bool) -> Finding:
    """2026: one convex problem: local descent from random starts never beats the certificate, and often reaches it."""
    rows = []
    for number in range(4 if quick else 12):
        dimension = 2 + number % 2
        problem = Problem(rng.standard_normal((40, dimension)))
        bound = solve_one_of_many(problem).lower_bound
        size, count = np.abs(np.diag(problem.modular_weights)), dimension * (dimension + 1)
        for start in range(5 if quick else 20):
            weights = size * rng.standard_normal((count, dimension)) / count**0.5
            *_, end = descend(problem, weights, first=start % 5)
            rows.append((number + 1, dimension, start, bound, problem.loss(end), problem.loss(end) / bound - 1))
    numbers, excess = (np.array([row[column] for row in rows]) for column in (0, -1))
    best = [excess[numbers == number].min() for number in np.unique(numbers)]
    holds = bool(excess.min() >= -ROUNDING and max(best) <= (1e-2 if quick else 1e-4))
    figure, axes = panels()
    spread = numbers + rng.uniform(-0.25, 0.25, len(numbers))
    axes.scatter(spread, np.maximum(excess, ROUNDING), s=6, color=INSIDE, linewidth=0, alpha=0.6, label="random start")
    # A start below the bound would be drawn here, in the other colour.
    beaten = excess < -ROUNDING
    axes.scatter(spread[beaten], np.full(beaten.sum(), ROUNDING), s=20, marker="v", color=OUTSIDE, zorder=3)
    axes.axhline(ROUNDING, color=HULL, linewidth=0.8, label="certified bound, to rounding")
    axes.set(yscale="log", ylim=(ROUNDING / 3, 10), xlabel="problem", ylabel="excess of the loss over the bound")
    axes.set_xticks(np.unique(numbers))
    legend(axes, loc="upper center", ncols=2)
    verdict = (
        f"{int(beaten.sum()) or 'none'} of {len(rows)} descents from random starts ends below its certified bound; the "
        f"best start of each of {len(best)} problems comes within {max(best):.1e}, the median start within "
        f"{np.median(excess):.1e}"
    )
    header = ("problem", "sources", "start", "lower_bound", "loss", "excess")
    return Finding(holds, verdict, header, rows, figure)
