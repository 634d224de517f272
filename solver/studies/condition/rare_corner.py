"""2025, appendix C: a network that may err does not pass over a corner because it is rare.

Two sources at the four corners of a square, the first of them rare, all costs but that of errors at one.

1. Solve them for several probabilities of that corner along a grid of error costs, and without it.
2. Close in, for each probability, on the costs between which own neurons are not optimal.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from solver.batches.answers import Answers
from solver.batches.solve_many import solve_many
from solver.pictures.style import BLUE, DARK, DASHED, GREY, ORANGE, legend
from solver.studies.study import Finding, is_free, panels, root_scale, solved
from theory.arrays import Array
from theory.conditions import decide
from theory.problem import Problem
from theory.readouts import Soft

SQUARE_CORNERS = np.array([(1.0, 1.0), (-1.0, 1.0), (1.0, -1.0), (-1.0, -1.0)])

RAREST, RARE, EVEN = 1e-6, 0.01, 0.25  # probabilities of the first corner that are looked at most closely
LOWEST, HIGHEST = 1.2, 50.0  # error costs: no neuron is worth having at the one, errors are small at the other


def study(_: np.random.Generator, quick: bool) -> Finding:
    """Solve a square with a corner that is ever rarer, as errors cost more and more."""
    chances = [RAREST, RARE, EVEN] if quick else [RAREST, 1e-3, RARE, 0.03, 0.06, 0.09, EVEN]
    costs = np.geomspace(LOWEST, HIGHEST, 30 if quick else 120)
    # Step 1.
    curves = {chance: _solved(chance, costs) for chance in [*chances, 0.0]}
    codes = {chance: solved(_problem(chance)) for chance in [*chances, 0.0]}
    exact = {chance: code.price_of_modularity for chance, code in codes.items()}
    # Step 2.
    ranges = {chance: _range(chance, costs, np.array(curves[chance].price_of_modularity)) for chance in chances}
    rows: list[dict[str, Any]] = [
        {"probability": chance, "error_cost": cost, "price": price, "gap": gap, "neurons": neurons}
        for chance, answers in curves.items()
        for cost, price, gap, neurons in zip(
            costs, answers.price_of_modularity, answers.gap, answers.neurons, strict=True
        )
    ]
    rows += [
        {"probability": chance, "error_cost": "exact", "price": exact[chance], "gap": code.gap, "neurons": len(code)}
        for chance, code in codes.items()
    ]
    prices = {chance: 100 * np.array(answers.price_of_modularity) for chance, answers in curves.items()}
    low, high = ranges[RARE]
    free = int(np.flatnonzero(is_free(prices[0.0] / 100))[-1])
    expensive = _boundary(0.0, costs[free], costs[free + 1])
    holds = (
        all(is_free(exact[chance]) for chance in chances)
        and not is_free(exact[0.0])
        and all(is_free(prices[chance][-1] / 100) for chance in chances)
        and np.isnan(ranges[EVEN]).all()
        and np.abs(prices[RAREST] - prices[0.0])[costs < high].max() < 1e-3
        and high < ranges[RAREST][1] < expensive
    )
    figure, (left, right) = panels(2)
    for chance, colour in zip((RAREST, RARE, EVEN), (ORANGE, BLUE, DARK), strict=True):
        left.plot(costs, prices[chance], color=colour, linewidth=0.9, label=f"with probability {chance:g}")
    left.plot(costs, prices[0.0], color=GREY, linewidth=0.9, linestyle=DASHED, label="not there at all")
    left.set(xscale="log", xlabel="cost of squared errors", ylabel="price of modularity (%), root scale")
    left.set_xticks([2, 5, 10, 20, 50], ["2", "5", "10", "20", "50"])
    left.minorticks_off()
    root_scale(left)
    left.set_ylim(-0.01, 1.3)
    left.set_title("A corner that occurs")
    legend(left)
    known = [chance for chance in chances if not np.isnan(ranges[chance]).any()]
    edges = np.array([ranges[chance] for chance in known])
    right.fill_betweenx(known, *edges.T, color=ORANGE, alpha=0.25, linewidth=0)
    right.plot(edges, known, color=ORANGE, linewidth=0.9)
    right.set(yscale="log", xlim=(1, 4), xlabel="cost of squared errors", ylabel="probability of the corner")
    right.set_title("Where own neurons are not optimal")
    verdict = (
        f"with exact readout own neurons are optimal however rare the corner is; where errors have a price they are "
        f"not at error costs from {low:.3f} to {high:.3f}, with a corner of probability {RARE:g}, at a price up to "
        f"{prices[RARE].max():.2g} %, or from {ranges[RAREST][0]:.3f} to {ranges[RAREST][1]:.3f}, with one of "
        f"{RAREST:g}, at a price up to {prices[RAREST].max():.2g} %; only without the corner are they not beyond "
        f"{expensive:.3f} either, at a price up to {100 * exact[0.0]:.3g} % with exact readout"
    )
    return Finding(bool(holds), verdict, rows, figure)


def _problem(chance: float, readout: Soft | None = None) -> Problem:
    """The square with the first corner of this probability, or the three others alone where it is zero."""
    if not chance:
        return Problem(SQUARE_CORNERS[1:], readout=readout)
    return Problem(SQUARE_CORNERS, probabilities=[chance, *[(1 - chance) / 3] * 3], readout=readout)


def _solved(chance: float, costs: ArrayLike) -> Answers:
    return solve_many(_problem(chance, Soft(error_cost=float(cost))) for cost in np.asarray(costs))


def _range(chance: float, costs: Array, prices: Array) -> tuple[float, float]:
    """Least and greatest error cost at which own neurons are not optimal, by the condition, or NaN."""
    mixed = np.flatnonzero(~is_free(prices))
    if not len(mixed):
        return float("nan"), float("nan")
    first, last = mixed[0], mixed[-1]
    return _boundary(chance, costs[first - 1], costs[first]), _boundary(chance, costs[last + 1], costs[last])


def _boundary(chance: float, modular: float, mixed: float) -> float:
    """The error cost between these two at which the verdict changes."""
    for _ in range(20):
        middle = (modular + mixed) / 2
        if decide(_problem(chance, Soft(error_cost=middle))).modular:
            modular = middle
        else:
            mixed = middle
    return (modular + mixed) / 2
