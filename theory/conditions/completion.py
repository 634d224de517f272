"""What neurons are worth that read sources which no target needs: the best choice where the code leaves it open.

An exact decoder of targets that leave sources out determines the multiplier ``Y = N'N`` of a modular code, with
``N = sqrt(decoder_cost) B G^-1``, only for the sources that have a neuron. The columns of N for the others are free,
and the code is optimal if and only if for some choice no neuron earns more than it costs. As ``|N w|`` is convex in N,
so is ``sqrt(rho)``, and the best choice is found by cutting planes: every neuron w that was ever best bounds
``sqrt(rho)`` from below by a linear function of N (docs/mathematics.md, "Targets that leave sources out").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from theory.conditions.verdict import CONDITION_TOLERANCE, modular_multiplier
from theory.immutable import Frozen
from theory.sources import EXACT_DIMENSION

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from theory.arrays import Array
    from theory.problem import Problem

__all__ = ["Completed", "best_modular_multiplier", "completed_multiplier", "is_open"]

ROUNDS = 60
"""Cutting planes are drawn at most so often: twenty rounds are usual."""

MIXED_LEVEL = 1e-3
"""Share of its excess over one by which the least ratio found may miss the least possible, once that is above one."""

LINEAR = 1e-6
"""Error of a linear program, in its own units;"""

IN_FACE = 1e-9
"""distance of a sample from a neuron's face, relative to the range, that is rounding."""

NEAR_BEST = 0.9
"""Neurons that earn at least this share of the best one's ratio draw a plane each."""


@dataclass(frozen=True, eq=False)
class Completed(Frozen):
    """A multiplier and what no choice of its open part can do better.

    Attributes:
        multiplier: (d, d) Y.
        least: every choice has a neuron with this ratio of worth to cost, up to rounding.
    """

    multiplier: Array
    least: float


def is_open(problem: Problem) -> bool:
    """Whether the modular code leaves the multiplier open: an exact decoder without use for some source.

    Example:
        >>> from theory.problem import Problem
        >>> from theory.readouts import Exact
        >>> is_open(Problem([[0, 0], [0, 1], [1, 0]], readout=Exact([[1, 0]])))
        True
    """
    return problem.readout.exact and not (problem.readout.demand > 0).all()


def completed_multiplier(problem: Problem) -> Completed:
    """The multiplier of the best modular code, completed so that the best neuron earns as little as may be.

    Args:
        problem: one for which `is_open` holds. With more than five sources, neurons that read what no target needs are
            taken to earn nothing with that, and `least` is zero.

    Example:
        >>> from theory.problem import Problem
        >>> from theory.readouts import Exact
        >>> needed = Problem([[0, 0], [1, 2], [3, 1]], readout=Exact([[1, 0]]))
        >>> bool(completed_multiplier(needed).least > 1)
        True
    """
    start = modular_multiplier(problem)
    if problem.dimension > EXACT_DIMENSION:
        return Completed(start, 0.0)
    strengths = problem.readout.modular_strengths(problem.modular_costs)
    needed = strengths > 0
    cost = np.sqrt(problem.modular_costs)
    # N of neurons in units in which one of each source costs one, and as few rows as there are targets in it.
    half = np.zeros((len(problem.readout.targets), problem.dimension))
    half[:, needed] = problem.readout.decoder_cost**0.5 * problem.readout.targets[:, needed] / strengths[needed]
    _, sizes, rows = np.linalg.svd(half / cost, full_matrices=False)
    rank = problem.readout.rank
    search = _Search(problem, sizes[:rank, None] * rows[:rank], ~needed)
    best = search.run()
    half = best * cost
    return Completed(half.T @ half, search.least**2)


def best_modular_multiplier(problem: Problem) -> Array:
    """(d, d) multiplier of the best modular code, completed where the code leaves it open."""
    return completed_multiplier(problem).multiplier if is_open(problem) else modular_multiplier(problem)


class _Search:
    """Cutting planes for the open columns of N (r, d), in units in which a neuron of each source costs one.

    Attributes:
        planes, heights: a (k, r u) and b (k,) with a.x + b <= sqrt(rho) for the open entries x.
        least: the least value of sqrt(rho) that they allow.
    """

    def __init__(self, problem: Problem, given: Array, free: NDArray[np.bool_]) -> None:
        self.problem, self.free = problem, free
        self.cost = np.sqrt(problem.modular_costs)
        self.given = given
        self.planes, self.heights, self.least = np.empty((0, len(given) * int(free.sum()))), np.empty(0), 0.0

    def run(self) -> Array:
        """The best N that was found."""
        best = trial = self._at_rest()
        lowest = np.inf
        for _ in range(ROUNDS):
            ratio = self._ask(trial)
            if ratio < lowest:
                best, lowest = trial, ratio
            mixed = self.least > 1 + CONDITION_TOLERANCE
            enough = MIXED_LEVEL * (lowest - 1) if mixed else CONDITION_TOLERANCE / 10
            if lowest - max(self.least, 1.0) <= enough:
                break
            moved = self._lowest(best, lowest)
            if moved is None:
                break
            trial = moved
        return best

    def _at_rest(self) -> Array:
        """N with the modular neurons at rest, (Y - M) w = h y, where y is the middle of the samples that hold each.

        If a single sample holds each neuron, as in generic data, no other choice can be the best.
        """
        sources = self.problem.sources
        kept = np.flatnonzero(~self.free)
        corners = -sources.vertices
        sides = sources.bias_sides[kept]
        slopes = np.empty((len(kept), int(self.free.sum())))
        for place, (source, side) in enumerate(zip(kept, sides, strict=True)):
            height = side * corners[:, source]
            face = corners[height >= height.max() - IN_FACE * np.abs(height).max()]
            middle = (face.min(axis=0) + face.max(axis=0)) / 2
            pull = side * self.problem.energy_matrix[source] + sources.least_bias[source] * middle
            slopes[place] = (pull / self.cost / self.cost[source])[self.free]
        half = self.given.copy()
        half[:, self.free] = np.linalg.lstsq((half[:, kept] * sides).T, slopes, rcond=None)[0]
        return half

    def _ask(self, half: Array) -> float:
        """sqrt(rho) of N, and the planes of the neurons that earn most."""
        scaled = half * self.cost
        multiplier = scaled.T @ scaled
        top = self.problem.pricing.maximise(multiplier)
        priced = self.problem.pricing.maximise(multiplier, bar=NEAR_BEST * top.rho)
        neurons = np.vstack([top.worst, priced.directions, self.problem.own_neurons]) * self.cost
        worth = neurons @ half.T
        length = np.linalg.norm(worth, axis=1)
        neurons, unit = neurons[length > 0], worth[length > 0] / length[length > 0, None]
        planes = (unit[:, :, None] * neurons[:, None, self.free]).reshape(len(unit), -1)
        fixed = np.where(self.free, 0.0, half)
        self.planes = np.concatenate([self.planes, planes])
        self.heights = np.concatenate([self.heights, ((neurons @ fixed.T) * unit).sum(axis=1)])
        return float(top.rho**0.5)

    def _lowest(self, best: Array, lowest: float) -> Array | None:
        """The N that the planes allow the least sqrt(rho)."""
        from scipy.optimize import linprog

        # About the best so far, in units of what it may yet gain: linear programs have few digits.
        unit = lowest - max(self.least, 1.0)
        middle = best[:, self.free].ravel()
        room = (lowest - self.heights - self.planes @ middle) / unit
        # A column longer than sqrt(rho) lets the neuron of its own source earn more.
        bounds = [*np.column_stack([-lowest - middle, lowest - middle]) / unit, (-lowest / unit, 0.0)]
        sides = np.column_stack([self.planes, -np.ones(len(self.planes))])
        found = linprog(np.append(np.zeros(len(middle)), 1.0), A_ub=sides, b_ub=room, bounds=bounds, method="highs")
        if not found.success:
            return None
        self.least = max(self.least, lowest + unit * float(found.x[-1]) - LINEAR * unit)
        half = best.copy()
        half[:, self.free] = (middle + unit * found.x[:-1]).reshape(len(half), -1)
        return half
