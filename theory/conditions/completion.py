"""The multiplier of a modular code where targets leave sources out: the choice at which neurons earn least.

An exact decoder determines ``Y = N'N``, ``N = sqrt(decoder_cost) B G^-1``, only for the sources that have a neuron. The
other columns of N are free: the code is optimal if and only if for some choice no neuron earns more than it costs. As
``|N w|`` is convex in N, so is ``sqrt(rho)``, which is minimised by cutting planes (docs/mathematics.md, "Targets that
leave sources out"):

1. Start with N at which the modular neurons are stationary, (Y - M) w = h y with y the middle of their faces.
2. Price all neurons at N: rho, and the neurons that earn nearly as much as the best one.
3. Each of these neurons w bounds sqrt(rho) from below by a linear function of N, with the gradient of ``|N w|``.
4. Minimise the largest of these functions by a linear program: a lower bound, and the next N.
5. Stop when the least sqrt(rho) so far is within the tolerance of the lower bound, or of one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from theory.arrays import Array, Mask
from theory.conditions.verdict import CONDITION_TOLERANCE, modular_multiplier
from theory.immutable import Frozen
from theory.problem import Problem
from theory.sources import EXACT_DIMENSION


@dataclass(frozen=True)
class CuttingPlaneTolerances:
    """When the cutting planes stop, and what they take for rounding."""

    rounds: int = 60  # twenty are usual
    mixed: float = 1e-3  # gap that is left, as a share of the excess of the least ratio over one, if that is proven
    linear: float = 1e-6  # error of a linear program, in its units
    in_face: float = 1e-9  # distance of a sample from a neuron's face, relative to the range
    near_best: float = 0.9  # neurons with this share of the largest ratio give a plane each


CUTTING_PLANES = CuttingPlaneTolerances()


@dataclass(frozen=True, eq=False)
class CompletedMultiplier(Frozen):
    """A multiplier whose open part is chosen well, and a bound on all choices."""

    multiplier: Array  # (d, d) Y
    least: float  # every choice has a neuron with this ratio of worth to cost, up to rounding


def is_open(problem: Problem) -> bool:
    """Whether the modular code leaves the multiplier open: the exact decoder's targets leave a source out.

    Example:
        >>> from theory.problem import Problem
        >>> from theory.readouts import Exact
        >>> is_open(Problem([[0, 0], [0, 1], [1, 0]], readout=Exact([[1, 0]])))
        True
    """
    return problem.readout.exact and not (problem.readout.demand > 0).all()


def completed_multiplier(problem: Problem) -> CompletedMultiplier:
    """The multiplier of the best modular code of an open problem, completed so that the best neuron earns least.

    With more than five sources the open entries are zero, and so is `least`.

    Example:
        >>> from theory.problem import Problem
        >>> from theory.readouts import Exact
        >>> needed = Problem([[0, 0], [1, 2], [3, 1]], readout=Exact([[1, 0]]))
        >>> bool(completed_multiplier(needed).least > 1)
        True
    """
    start = modular_multiplier(problem)
    if problem.dimension > EXACT_DIMENSION:
        return CompletedMultiplier(start, 0.0)
    strengths = problem.readout.modular_strengths(problem.modular_costs)
    needed = strengths > 0
    cost = np.sqrt(problem.modular_costs)
    # N in units in which the modular neurons cost one, with as many rows as its rank.
    half = np.zeros((len(problem.readout.targets), problem.dimension))
    half[:, needed] = problem.readout.decoder_cost**0.5 * problem.readout.targets[:, needed] / strengths[needed]
    _, sizes, rows = np.linalg.svd(half / cost, full_matrices=False)
    rank = problem.readout.rank
    search = _CuttingPlanes(problem, sizes[:rank, None] * rows[:rank], ~needed)
    best = search.run()
    half = best * cost
    return CompletedMultiplier(half.T @ half, search.least**2)


def best_modular_multiplier(problem: Problem) -> Array:
    """(d, d) multiplier of the best modular code, completed where the code leaves it open."""
    return completed_multiplier(problem).multiplier if is_open(problem) else modular_multiplier(problem)


class _CuttingPlanes:
    """Cutting planes for the free columns of N (r, d), in units in which the modular neurons cost one.

    Attributes:
        planes: a (k, r u), with a.x + b <= sqrt(rho) for the free entries x.
        heights: b (k,).
        least: the least value of sqrt(rho) that they allow.
    """

    def __init__(self, problem: Problem, fixed: Array, free: Mask) -> None:
        self.problem, self.free = problem, free
        self.cost = np.sqrt(problem.modular_costs)
        self.fixed = fixed
        self.planes, self.heights, self.least = np.empty((0, len(fixed) * int(free.sum()))), np.empty(0), 0.0

    def run(self) -> Array:
        """The N of least sqrt(rho)."""
        best = trial = self._stationary()
        lowest = np.inf
        for _ in range(CUTTING_PLANES.rounds):
            ratio = self._add_planes(trial)
            if ratio < lowest:
                best, lowest = trial, ratio
            # Step 5.
            mixed = self.least > 1 + CONDITION_TOLERANCE
            tolerance = CUTTING_PLANES.mixed * (lowest - 1) if mixed else CONDITION_TOLERANCE / 10
            if lowest - max(self.least, 1.0) <= tolerance:
                break
            minimiser = self._minimise(best, lowest)
            if minimiser is None:
                break
            trial = minimiser
        return best

    def _stationary(self) -> Array:
        """Step 1. If the face of each neuron is a single sample, as in generic data, this N is the best."""
        sources = self.problem.sources
        needed = np.flatnonzero(~self.free)
        corners = -sources.vertices
        sides = sources.bias_sides[needed]
        slopes = np.empty((len(needed), int(self.free.sum())))
        for place, (source, side) in enumerate(zip(needed, sides, strict=True)):
            height = side * corners[:, source]
            face = corners[height >= height.max() - CUTTING_PLANES.in_face * np.abs(height).max()]
            middle = (face.min(axis=0) + face.max(axis=0)) / 2
            pull = side * self.problem.energy_matrix[source] + sources.least_bias[source] * middle
            slopes[place] = (pull / self.cost / self.cost[source])[self.free]
        half = self.fixed.copy()
        half[:, self.free] = np.linalg.lstsq((half[:, needed] * sides).T, slopes, rcond=None)[0]
        return half

    def _add_planes(self, half: Array) -> float:
        """Steps 2 and 3: sqrt(rho) of N."""
        scaled = half * self.cost
        multiplier = scaled.T @ scaled
        top = self.problem.pricing.maximise(multiplier)
        priced = self.problem.pricing.maximise(multiplier, bar=CUTTING_PLANES.near_best * top.rho)
        neurons = np.vstack([top.worst, priced.directions, self.problem.modular.unit_neurons]) * self.cost
        worth = neurons @ half.T
        length = np.linalg.norm(worth, axis=1)
        neurons, unit = neurons[length > 0], worth[length > 0] / length[length > 0, None]
        planes = (unit[:, :, None] * neurons[:, None, self.free]).reshape(len(unit), -1)
        fixed = np.where(self.free, 0.0, half)
        self.planes = np.concatenate([self.planes, planes])
        self.heights = np.concatenate([self.heights, ((neurons @ fixed.T) * unit).sum(axis=1)])
        return float(top.rho**0.5)

    def _minimise(self, best: Array, lowest: float) -> Array | None:
        """Step 4: the N of least sqrt(rho) that the planes allow; None if the linear program fails."""
        from scipy.optimize import linprog

        # About the best N so far, in units of the gap that is left: linear programs have few digits.
        unit = lowest - max(self.least, 1.0)
        middle = best[:, self.free].ravel()
        room = (lowest - self.heights - self.planes @ middle) / unit
        # With a column longer than sqrt(rho) the neuron of that source earns more than rho.
        bounds = [*np.column_stack([-lowest - middle, lowest - middle]) / unit, (-lowest / unit, 0.0)]
        sides = np.column_stack([self.planes, -np.ones(len(self.planes))])
        program = linprog(np.append(np.zeros(len(middle)), 1.0), A_ub=sides, b_ub=room, bounds=bounds, method="highs")
        if not program.success:
            return None
        self.least = max(self.least, lowest + unit * float(program.x[-1]) - CUTTING_PLANES.linear * unit)
        half = best.copy()
        half[:, self.free] = (middle + unit * program.x[:-1]).reshape(len(half), -1)
        return half
