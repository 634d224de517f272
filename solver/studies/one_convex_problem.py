"""2026: one convex problem: local descent from random starts never beats the certificate, and often reaches it."""

from __future__ import annotations

import numpy as np

from solver.oracles.alternating import descend
from solver.pictures.style import BLUE, DARK, ORANGE, legend
from solver.studies.study import Finding, panels, solved
from theory.problem import Problem

EXCESS_ROUNDING = 1e-12  # relative difference of a loss from a bound that is rounding


def study(rng: np.random.Generator, quick: bool) -> Finding:
    """Descend from random starts on random problems, and compare the losses with certified bounds."""
    rows = []
    for number in range(4 if quick else 12):
        dimension = 2 + number % 2
        problem = Problem(rng.standard_normal((40, dimension)))
        bound = solved(problem, method="auto").lower_bound
        size, count = np.abs(np.diag(problem.modular_weights)), dimension * (dimension + 1)
        for start in range(5 if quick else 20):
            weights = size * rng.standard_normal((count, dimension)) / count**0.5
            *_, end = descend(problem, weights, first=start % 5)
            loss = problem.loss(end)
            row = {"problem": number + 1, "sources": dimension, "start": start, "lower_bound": bound}
            rows.append({**row, "loss": loss, "excess": loss / bound - 1})
    numbers, excess = (np.array([row[name] for row in rows]) for name in ("problem", "excess"))
    best = [excess[numbers == number].min() for number in np.unique(numbers)]
    beaten = excess < -EXCESS_ROUNDING
    figure, axes = panels()
    spread = numbers + rng.uniform(-0.25, 0.25, len(numbers))
    shown = np.maximum(excess, EXCESS_ROUNDING)
    axes.scatter(spread, shown, s=6, color=BLUE, linewidth=0, alpha=0.6, label="random start")
    # A start below the bound would be drawn here, in the other colour.
    axes.scatter(spread[beaten], np.full(beaten.sum(), EXCESS_ROUNDING), s=20, marker="v", color=ORANGE, zorder=3)
    axes.axhline(EXCESS_ROUNDING, color=DARK, linewidth=0.8, label="certified bound, to rounding")
    axes.set(yscale="log", ylim=(EXCESS_ROUNDING / 3, 10), xlabel="problem", ylabel="excess of the loss over the bound")
    axes.set_xticks(np.unique(numbers))
    legend(axes, loc="upper center", ncols=2)
    verdict = (
        f"{int(beaten.sum()) or 'none'} of {len(rows)} descents from random starts ends below its certified bound; the "
        f"best start of each of {len(best)} problems comes within {max(best):.1e}, the median start within "
        f"{np.median(excess):.1e}"
    )
    return Finding(bool(not beaten.any() and max(best) <= (1e-2 if quick else 1e-4)), verdict, rows, figure)
