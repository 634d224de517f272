"""2025, figure 1: one corner point decides; and the prediction is right on a thousand random data sets."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from solver.optimise import solve_one_of_many
from solver.pictures.source_plane import Condition, cloud
from solver.pictures.style import INSIDE, OUTSIDE, page_figure
from solver.studies.study import (
    FREE,
    Finding,
    scatter,
    theory_line,
)
from solver.verification.judgement import AGREES, DISAGREES, UNDECIDED, judge
from theory.conditions import decide
from theory.problem import Problem
from theory.theorems import Prediction

if TYPE_CHECKING:
    pass

__all__ = ["study"]


def study(rng: np.random.Generator, quick: bool) -> Finding:
    """2025, figure 1: one corner point decides; and the prediction is right on a thousand random data sets."""
    grids = [np.array(list(product(np.linspace(-1, 1, count), repeat=2))) for count in (3, 4, 5)]
    pair = [solve_one_of_many(Problem(points), method="columns") for points in (grids[0], grids[0][:-1])]
    rows: list[tuple[Any, ...]] = []
    seen: set[bytes] = set()
    while len(rows) < (100 if quick else 1_000):
        grid = grids[rng.integers(len(grids))]
        points = grid[rng.random(len(grid)) < rng.uniform(0.5, 1)]
        if len(points) < 4 or np.linalg.matrix_rank(points - points.mean(axis=0)) < 2 or points.tobytes() in seen:
            continue
        seen.add(points.tobytes())
        problem = Problem(points)
        verdict, judgement = decide(problem), judge(problem, Prediction(modular=decide(problem).modular))
        answer = judgement.answer
        price = answer.price_of_modularity
        rows.append((len(points), verdict.margin, price, answer.gap, verdict.modular, price <= FREE, judgement.outcome))
    margins, prices = (np.array([row[column] for row in rows]) for column in (1, 2))
    count = {outcome: sum(row[-1] == outcome for row in rows) for outcome in (AGREES, DISAGREES, UNDECIDED)}
    holds = count[DISAGREES] == 0 and pair[0].price_of_modularity <= FREE < pair[1].price_of_modularity
    holds = holds and count[UNDECIDED] < len(rows) / 10
    figure = page_figure(1, 0.36)
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1, 1.4))
    for axes, answer in zip((left, middle), pair, strict=True):
        cloud(axes, Condition(answer.problem, decide(answer.problem).F), (0, 1))
        cost = answer.price_of_modularity
        kind, colour = ("modular", INSIDE) if cost <= FREE else ("mixed", OUTSIDE)
        worth = "" if cost <= FREE else f", own neurons\ncost {100 * cost:.2g} % more"
        axes.set_title(f"{answer.problem.sources.count} points: {kind}{worth}", color=colour)
    handles, labels = middle.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower left", ncols=4, frameon=False, fontsize=6)
    scatter(right, margins, 100 * prices, prices <= FREE)
    theory_line(right, 0, "theory: boundary")
    title = f"{len(rows)} random data sets: {count[AGREES]} as predicted,\n{count[UNDECIDED]} too close to tell"
    right.set(xlabel="margin of the condition", ylabel="price of own neurons (%)", title=title, xlim=(None, 0.8))
    verdict_line = (
        f"a grid is modular and without one corner point mixed (price {100 * pair[1].price_of_modularity:.3g} %); of "
        f"{len(rows)} different random data sets predictions agree with solutions on {count[AGREES]}, disagree on "
        f"{count[DISAGREES]}, and {count[UNDECIDED]} are too close to the boundary to tell"
    )
    header = ("samples", "margin", "price", "gap", "predicted_modular", "solved_modular", "outcome")
    return Finding(holds, verdict_line, header, rows, figure)
