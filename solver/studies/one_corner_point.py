"""2025, figure 1: one corner point decides; and the prediction is right on a thousand random data sets."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from solver.pictures.source_plane import Condition, cloud
from solver.pictures.style import BLUE, ORANGE, legend, page_figure
from solver.studies.study import Finding, is_free, scatter, solved, theory_line
from solver.verification.judgement import AGREES, DISAGREES, UNDECIDED, judge
from theory.conditions import decide
from theory.problem import Problem
from theory.theorems import Prediction


def study(rng: np.random.Generator, quick: bool) -> Finding:
    """Solve a grid with and without a corner, and random parts of grids against the prediction."""
    grids = [np.array(list(product(np.linspace(-1, 1, count), repeat=2))) for count in (3, 4, 5)]
    pair = [solved(Problem(points)) for points in (grids[0], grids[0][:-1])]
    rows: list[dict[str, Any]] = []
    drawn: set[bytes] = set()
    while len(rows) < (100 if quick else 1_000):
        grid = grids[rng.integers(len(grids))]
        points = grid[rng.random(len(grid)) < rng.uniform(0.5, 1)]
        if len(points) < 4 or np.linalg.matrix_rank(points - points.mean(axis=0)) < 2 or points.tobytes() in drawn:
            continue
        drawn.add(points.tobytes())
        rows.append(_row(Problem(points)))
    margins, prices = (np.array([row[name] for row in rows]) for name in ("margin", "price"))
    count = {outcome: sum(row["outcome"] == outcome for row in rows) for outcome in (AGREES, DISAGREES, UNDECIDED)}
    with_corner, without = is_free([code.price_of_modularity for code in pair])
    holds = count[DISAGREES] == 0 and with_corner and not without and count[UNDECIDED] < len(rows) / 10
    figure = page_figure(1, 0.36)
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1, 1.4))
    for axes, code in zip((left, middle), pair, strict=True):
        cloud(axes, Condition(code.problem, decide(code.problem).F), (0, 1))
        title, colour = f"{code.problem.sources.count} points: modular", BLUE
        if not is_free(code.price_of_modularity):
            cost = 100 * code.price_of_modularity
            title, colour = f"{code.problem.sources.count} points: mixed, own neurons\ncost {cost:.2g} % more", ORANGE
        axes.set_title(title, color=colour)
    handles, labels = middle.get_legend_handles_labels()
    legend(figure, handles=handles, labels=labels, loc="outside lower left", ncols=4)
    scatter(right, margins, prices)
    theory_line(right, 0, "theory: boundary")
    title = f"{len(rows)} random data sets: {count[AGREES]} as predicted,\n{count[UNDECIDED]} too close to tell"
    right.set(xlabel="margin of the condition", ylabel="price of modularity (%)", title=title, xlim=(None, 0.8))
    verdict = (
        f"a grid is modular and without one corner point mixed (price {100 * pair[1].price_of_modularity:.3g} %); of "
        f"{len(rows)} different random data sets predictions agree with solutions on {count[AGREES]}, disagree on "
        f"{count[DISAGREES]}, and {count[UNDECIDED]} are too close to the boundary to tell"
    )
    return Finding(bool(holds), verdict, rows, figure)


def _row(problem: Problem) -> dict[str, Any]:
    prediction = decide(problem)
    judgement = judge(problem, Prediction(modular=prediction.modular))
    price = judgement.answer.price_of_modularity
    return {
        "samples": problem.sources.count,
        "margin": prediction.margin,
        "price": price,
        "gap": judgement.answer.gap,
        "predicted_modular": prediction.modular,
        "solved_modular": is_free(price),
        "outcome": judgement.outcome,
    }
