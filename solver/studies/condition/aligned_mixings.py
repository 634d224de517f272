"""2026, figure 1: a mixing moves the boundary, so that it mixes what was modular and separates what was mixed.

1. Take a square of which two opposite corners are cut ever further, and mixings whose columns are unit vectors at a
   given cosine.
2. Solve all of them to a certificate, and hold each against the condition.
3. Draw hull and ellipse of four cases, and the prices over cut and cosine.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.colors import ListedColormap, LogNorm

from solver.batches.solve_many import solve_many
from solver.pictures.phases.phase_plane import MODULAR_COLOUR
from solver.pictures.source_plane import Condition, cloud
from solver.pictures.style import BLUE, ORANGE, colour_bar, head, legend, page_figure, side_by_side
from solver.studies.study import Finding, is_free
from theory.arrays import Array
from theory.conditions import decide
from theory.families import family
from theory.problem import Problem

ENCODER_COST_OF_MIXINGS = 0.1  # cost of the encoder, which sees the mixture; the other costs are one

EXAMPLE_MIXINGS = ((0.4, 0.0), (0.4, 0.4), (1.0, 0.0), (1.0, -0.6))
"""Cut and cosine of four cases: modular, mixed by the mixing, mixed, and separated by the mixing."""


def study(_: np.random.Generator, quick: bool) -> Finding:
    """Solve a cut square behind mixings of every cosine, and hold the codes against the condition."""
    cosines = np.linspace(-0.9, 0.9, 7 if quick else 29)
    cuts = np.linspace(0.05, 1.95, 5 if quick else 24)
    # Step 1.
    posed = [(float(cut), float(cosine)) for cut in cuts for cosine in cosines]
    # Step 2.
    answers = solve_many(_problem(*place) for place in posed)
    verdicts = [decide(problem) for problem in answers.problems]
    rows: list[dict[str, Any]] = [
        {
            "cut": cut,
            "cosine": cosine,
            "price": price,
            "gap": gap,
            "theory_modular": verdict.modular,
            "rho": verdict.rho,
        }
        for (cut, cosine), price, gap, verdict in zip(
            posed, answers.price_of_modularity, answers.gap, verdicts, strict=True
        )
    ]
    predicted = np.array([row["theory_modular"] for row in rows])
    free = is_free(answers.price_of_modularity)
    examples = [_problem(*place) for place in EXAMPLE_MIXINGS]
    modular_ones = [bool(decide(problem).modular) for problem in examples]
    grid = predicted.reshape(len(cuts), len(cosines))
    orthonormal = grid[:, len(cosines) // 2]
    moved = {"mixes": int((orthonormal[:, None] & ~grid).sum()), "separates": int((~orthonormal[:, None] & grid).sum())}
    holds = np.array_equal(free, predicted) and modular_ones == [True, False, False, True] and min(moved.values()) > 0
    # Step 3.
    figure = page_figure(1, 0.44)
    left, right = side_by_side(figure, 1.1, 1)
    _draw_examples(left, examples, modular_ones)
    prices = 100 * np.array(answers.price_of_modularity).reshape(grid.shape)
    axes = right.subplots()
    _map(axes, right, cosines, cuts, np.where(free.reshape(grid.shape), np.nan, prices))
    furthest, without = cuts[grid.any(axis=1)].max(), cuts[orthonormal].max()
    verdict = (
        f"condition and certified codes agree on all {len(rows)} pairs of a cut and a cosine; where own neurons are "
        f"optimal without a mixing, a mixing mixes in {moved['mixes']} pairs, where they are not it separates in "
        f"{moved['separates']}, the furthest cut at {furthest:.2f} instead of {without:.2f}"
    )
    return Finding(bool(holds), verdict, rows, figure)


def _problem(cut: float, cosine: float) -> Problem:
    """The square without two opposite corners, seen through two unit columns at this cosine."""
    mixing = np.array([[1.0, cosine], [0.0, np.sqrt(1 - cosine**2)]])
    return Problem(family("opposite-corners").sources(cut), mixing=mixing, encoder_cost=ENCODER_COST_OF_MIXINGS)


def _draw_examples(figure: Any, examples: list[Problem], modular: list[bool]) -> None:
    """Hull and ellipse of each case."""
    panels = figure.subplots(2, 2).ravel()
    for axes, problem, own, (cut, cosine) in zip(panels, examples, modular, EXAMPLE_MIXINGS, strict=True):
        cloud(axes, Condition(problem, decide(problem).F), (0, 1), labels=(False, False))
        axes.set_title(
            f"a = {cut:g}, cosine {cosine:g}: {'modular' if own else 'mixed'}", color=BLUE if own else ORANGE
        )
    handles, labels = panels[1].get_legend_handles_labels()
    legend(figure, handles=handles, labels=labels, loc="outside lower left", ncols=4)


def _map(axes: Any, figure: Any, cosines: Array, cuts: Array, prices: Array) -> None:
    """Prices over cosine and cut, and where there is none."""
    none = np.where(np.isnan(prices), 0.0, np.nan)
    axes.pcolormesh(cosines, cuts, none, cmap=ListedColormap([MODULAR_COLOUR]), shading="nearest", rasterized=True)
    scale = LogNorm(0.01, np.nanmax(prices))
    image = axes.pcolormesh(cosines, cuts, prices, cmap="cividis_r", norm=scale, shading="nearest", rasterized=True)
    colour_bar(figure, image, axes, location="bottom", shrink=0.8, aspect=30, label="price of modularity (%)")
    for cut, cosine in EXAMPLE_MIXINGS:
        axes.plot(cosine, cut, marker="o", markersize=3.5, color="white", markeredgecolor="black", markeredgewidth=0.6)
    axes.set(xlabel="cosine between the columns of the mixing", ylabel="a, cut off two opposite corners")
    head(figure, "Light: own neurons are optimal; circles: the cases on the left")
