"""2023, figures 8 and 11: sparse activity separates categories but not factors; nonnegative neurons separate both.

The paper's sparse networks pay for E|z| and may have negative activity. The problem is convex for energies of degree
two alone, so that here a neuron pays for (E|z|)^2.

1. Without nonnegativity the best bias puts the median at zero. E|w.s - median| is the support function of the points
   sum_t p_t g_t s_t with |g_t| <= 1 and sum_t p_t g_t = 0: a kind of neuron like any other (`MeanDeviation`).
2. Nonnegative neurons pay for E z^2, or for (E z)^2: the cost of the bias alone.
3. Solve two uniform factors, also with targets that mix them, and six categories, one at a time, with each energy.
4. Compare what neurons cost by the direction that they read, and by how many categories they mark.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from solver.pictures.style import BLUE, DARK, ORANGE, legend
from solver.representation import Representation
from solver.studies.study import Finding, curve, is_free, panels, solved
from theory.arrays import Array
from theory.neurons import Activity, Neurons
from theory.problem import Problem
from theory.readouts import Exact
from theory.sources import Sources

CLASSES = 6

BOTH_COSTS = 0.1  # cost of weights, with the energy of the activity at one

MIXED_TARGETS = ((1.0, 0.9), (0.0, (1 - 0.9**2) ** 0.5))
"""Columns at a cosine of 0.9, above the bound of 3/4 that squared activity has for uniform factors."""


@dataclass(frozen=True, eq=False)
class MeanDeviation(Neurons):
    """Pays for the square of its mean absolute deviation from its median, which no bias changes.

    Of two sources, or of an even number of equally likely samples that are linearly independent but for their mean.
    """

    def terms(self, problem: Any, activity: Activity, encoder: Array) -> dict[str, Array]:
        """See `Neurons`."""
        del activity
        sources = problem.sources
        deviation = mean_deviation(sources.points @ (encoder @ problem.mixing).T, sources.sample_probabilities)
        return {
            "activity": problem.activity_cost * deviation**2,
            "encoder": problem.encoder_cost * (encoder**2).sum(axis=1),
        }

    def energy_root(self, problem: Any) -> Array:
        """See `Neurons`."""
        return np.asarray(problem.encoder_cost**0.5 * problem.pseudoinverse.T)

    def height_sources(self, problem: Any) -> Sources:
        """See `Neurons`."""
        sources = problem.sources
        directions = _directions(sources.points) if problem.dimension == 2 else _halves(sources.points)
        signs = _signs(sources.points @ directions.T, sources.sample_probabilities)
        points = signs.T @ sources.about_mean(sources.points)
        heights: Sources = sources.on_points(problem.activity_cost**0.5 * points)
        return heights


# Steps 1 and 2.
ENERGIES_COMPARED: dict[str, dict[str, Any]] = {
    "squared activity": {},
    "squared mean activity": {"activity_cost": 0.0, "bias_cost": 1.0},
    "sparse, of any sign": {"neurons": MeanDeviation()},
}
"""Arguments of a problem by energy; the first two are of nonnegative neurons."""


def study(_: np.random.Generator, quick: bool) -> Finding:
    """Solve factors, mixed factors and categories with three energies."""
    side = 5 if quick else 11
    grid = np.array(list(product(np.linspace(-1, 1, side), repeat=2)))
    tasks: dict[str, dict[str, Any]] = {
        "factors": {"sources": grid},
        "factors with mixed targets": {"sources": grid, "readout": Exact(MIXED_TARGETS)},
        "categories": {"sources": np.eye(CLASSES)},
    }
    # Step 3.
    codes = {
        (task, energy): solved(Problem(**posed, **costs, encoder_cost=BOTH_COSTS, decoder_cost=BOTH_COSTS))
        for task, posed in tasks.items()
        for energy, costs in ENERGIES_COMPARED.items()
    }
    rows = [_row(task, energy, code) for (task, energy), code in codes.items()]
    price = {place: code.price_of_modularity for place, code in codes.items()}
    activity, mean, sparse = ENERGIES_COMPARED
    holds = (
        all(is_free(price["factors", energy]) for energy in (activity, mean))
        and all(is_free(price["categories", energy]) for energy in ENERGIES_COMPARED)
        and is_free(price["factors with mixed targets", mean])
        and not is_free([price["factors", sparse], price["factors with mixed targets", activity]]).any()
    )
    figure, (left, right) = panels(2)
    # Step 4.
    turns, marked = np.linspace(0, 90, 91), np.arange(1, CLASSES)
    radians = np.radians(turns)
    for energy, colour in zip(ENERGIES_COMPARED, (BLUE, DARK, ORANGE), strict=True):
        factors = _relative_cost(codes["factors", energy], np.column_stack([np.cos(radians), np.sin(radians)]))
        left.plot(turns, factors, color=colour, linewidth=1, label=energy)
        curve(right, marked, _relative_cost(codes["categories", energy], np.tri(CLASSES)[:-1]), colour)
    left.set(xlabel="direction that a neuron reads", ylabel="cost for its variance, over an own neuron's")
    left.set_xticks([0, 45, 90], ["one factor", "both alike", "the other"])
    left.set_title("Two uniform factors")
    legend(left)
    right.set(xlabel="categories for which a neuron fires", ylabel="cost for its variance, over an own neuron's")
    right.set(yscale="log", title=f"{CLASSES} categories")
    right.set_xticks(marked)
    right.set_yticks([1, 2, 4, 8], ["1", "2", "4", "8"])
    right.minorticks_off()
    turned = codes["factors", sparse].source_weights
    verdict = (
        f"sparse activity of any sign mixes two uniform factors wholly, in neurons at "
        f"{np.degrees(np.arctan2(*np.abs(turned).T)).mean():.0f} degrees and at a price of modularity of "
        f"{100 * price['factors', sparse]:.2g} %, and separates {CLASSES} categories at none; nonnegative neurons "
        f"separate both, and those that pay for their squared mean also where targets mix the factors at a cosine of "
        f"0.9, for which those that pay for their squared activity ask {100 * price[rows[3]['task'], activity]:.2g} %"
    )
    return Finding(bool(holds), verdict, rows, figure)


def mean_deviation(values: ArrayLike, probabilities: ArrayLike) -> Array:
    """(n,) mean absolute deviation from the median of each column of (T, n) values.

    Example:
        >>> mean_deviation([[0.0], [1.0], [5.0]], [0.2, 0.5, 0.3]).round(12).tolist()
        [1.4]
    """
    values, share = np.asarray(values, dtype=np.float64), np.asarray(probabilities, dtype=np.float64)
    return np.asarray((_signs(values, share) * values).sum(axis=0))


def _signs(values: Array, share: Array) -> Array:
    """(T, n) p_t g_t of step 1: minus below the median of each column, plus above, at it what makes the sum zero."""
    order = np.argsort(values, axis=0, kind="stable")
    sizes = share[order]
    below = np.cumsum(sizes, axis=0) - sizes
    sorted_signs = np.clip(2 * below + sizes - share.sum(), -sizes, sizes)
    signs = np.empty_like(sorted_signs)
    np.put_along_axis(signs, order, sorted_signs, axis=0)
    return signs


def _directions(points: Array) -> Array:
    """(n, 2) one direction within each arc on which the samples have one order."""
    differences = (points[:, None] - points).reshape(-1, 2)
    differences = differences[np.abs(differences).sum(axis=1) > 0]
    angles = np.unique(np.arctan2(differences[:, 0], -differences[:, 1]).round(10))
    middles = (angles + np.append(angles[1:], angles[0] + 2 * np.pi)) / 2
    return np.column_stack([np.cos(middles), np.sin(middles)])


def _halves(points: Array) -> Array:
    """(n, d) directions that tell each half of the samples from the other."""
    halves = [signs for signs in product((-1.0, 1.0), repeat=len(points)) if not sum(signs)]
    return np.asarray(np.array(halves) @ np.linalg.pinv(points - points.mean(axis=0)).T)


def _row(task: str, energy: str, code: Representation) -> dict[str, Any]:
    return {
        "task": task,
        "energy": energy,
        "loss": code.loss,
        "price": code.price_of_modularity,
        "gap": code.gap,
        "neurons": len(code),
        "mixed_neurons": sum(len(read) > 1 for read in code.coded_sources()),
    }


def _relative_cost(code: Representation, weights: Array) -> Array:
    """(n,) what neurons with these weights cost for the variance of their activity, over the first of them."""
    problem = code.problem
    variance = np.einsum("ni,ij,nj->n", weights, problem.sources.covariance, weights)
    cost = problem.neuron_cost(weights) / variance
    return np.asarray(cost / cost[0])
