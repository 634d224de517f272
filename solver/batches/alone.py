"""One small problem of two sources by itself: what is not modular is solved with few numbers, before any plan is made.

1. The problem in coordinates that suit it (`pose`), the outline of its vertices, the cones of its rays.
2. Column generation (`exchange`), which says what its multiplier proves.
3. Where the modular code costs no more it is measured: if its own bound meets it, it is left to the caller.
4. Where slopes of the loss are left, or neurons that point the same way but for what the multiplier misses, these are
   made one, and Newton's method moves the code to the last digits, if it then costs no more.
5. What is not proven to ten digits, or leaves a choice among several optimal codes, is left to the caller.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

import solver.solving.plan as planning
from solver.batches.codes import Hulls
from solver.batches.energies import NeuronEnergies
from solver.batches.exchange import exchanged
from solver.batches.hulls import outlines
from solver.batches.pose import fits, posed_alone, vertices
from solver.batches.touching import has_one_code
from solver.generation.few_neurons import FewNeurons
from solver.generation.pool import merged_pair
from theory.conditions import CONDITION_TOLERANCE

if TYPE_CHECKING:
    from solver.batches.codes import WhitenedProblems
    from theory.arrays import Array, Indices
    from theory.problem import Problem


@dataclass(frozen=True)
class AloneTolerances:
    """When a code is taken, and what is made of it."""

    gap: float = 5e-11  # relative, however loose the tolerance is
    saved: float = 1e-6  # share of the modular loss that shows the modular code not to be optimal
    same: float = 1e-2  # angle between neurons that are made one, if that costs nothing
    converged: float = 1e-11  # slope of the loss on the faces at which there is nothing left to move
    known: float = 1e-9  # slope at which the multiplier tells which neurons touch
    tied: float = 1e-9  # share of a bias by which a sample may miss it, and attain it
    costlier: float = 1e-14  # relative rise of the loss that is rounding
    steps: int = 8  # of Newton's method: three are usual


ALONE = AloneTolerances()


@dataclass(frozen=True)
class MixedCode:
    """The only code that is optimal.

    Attributes:
        weights: (n, d) source weights of its neurons.
        multiplier: (d, d) Y.
        loss: of the code.
        bound: what the multiplier proves.
        rounds: of column generation.
    """

    weights: Array
    multiplier: Array
    loss: float
    bound: float
    rounds: int


def mixed_code(problem: Problem, tolerance: float) -> MixedCode | None:
    """The optimal code of a problem of two sources; None where it is modular or not the only one, or nothing is proven.

    Args:
        problem: of any kind.
        tolerance: relative gap up to which it counts as optimal.

    Example:
        >>> from solver import Problem
        >>> code = mixed_code(Problem([[0, 0], [0, 1], [1, 0]]), 1e-8)
        >>> len(code.weights), mixed_code(Problem([[0, 0], [0, 1], [1, 0], [1, 1]]), 1e-8) is None
        (3, True)
    """
    if problem.dimension != 2 or not fits(problem):
        return None
    try:
        with np.errstate(all="ignore"):
            return _mixed_code(problem, min(tolerance, ALONE.gap))
    except (np.linalg.LinAlgError, ZeroDivisionError):
        return None


def _mixed_code(problem: Problem, gap: float) -> MixedCode | None:
    """Steps 1 to 5."""
    pose = posed_alone(problem, vertices(problem))
    places, count = _corners(problem, pose.whitened)
    if not 0 < count[0] <= planning.SIZES.corners_of_two:
        return None
    hulls = Hulls.of(pose.whitened, places, count)
    codes, rounds = exchanged(hulls, pose.modular[0][..., 0])
    if not codes.gap[0] <= gap:
        return None
    costlier = pose.modular_loss[0] * (1 - ALONE.saved) > pose.unit[0] * codes.loss[0]
    if problem.sources.identified and not costlier and hulls.known(*pose.modular).gap[0] <= CONDITION_TOLERANCE:
        return None
    if not (codes.unique[0] or has_one_code(hulls.fan, hulls.corners, codes.multiplier)[0]):
        return None
    weights, multiplier = pose.weights(codes.neurons)[0], pose.multipliers(codes.multiplier)[0]
    bound = float(pose.bounds(codes)[0])
    weights = weights[np.any(weights, axis=1)]
    neurons = pose.neurons(weights)
    if _missed(pose.whitened, neurons) > ALONE.converged or len(_merged(neurons)) < len(neurons):
        weights = _finished(problem, weights)
        if not _missed(pose.whitened, pose.neurons(weights)) <= ALONE.known:
            return None
    return MixedCode(weights, multiplier, problem.loss(weights), bound, rounds)


def _corners(problem: Problem, whitened: WhitenedProblems) -> tuple[Indices, Indices]:
    """The places (1, V) of the corners of a problem's hull among its vertices, and their number (1,), 0 for unknown."""
    faces, (x, y) = problem.height_sources.faces_if_few, whitened.points[..., 0]
    if faces is not None and faces.in_turn and (x * np.roll(y, -1) > y * np.roll(x, -1)).all():
        return np.arange(len(x))[None], np.array([len(x)])
    return outlines(whitened.points.transpose(0, 2, 1))


def _missed(whitened: WhitenedProblems, neurons: Array) -> float:
    """How steep the loss of a code (n, 2) of one problem is on its faces, in units of what each neuron costs.

    A neuron whose bias two samples attain has only its length left.
    """
    (k1, k2), (h11, h12, h22) = whitened.demand[:, 0].tolist(), whitened.ridge[:, 0].tolist()
    lines = [(float(one), float(other)) for one, other in neurons]
    y11, y12, y22 = NeuronEnergies(lines, (k1, k2), (h11, h12, h22)).multiplier([1.0] * len(lines))
    heights = -neurons @ whitened.points[..., 0]
    height = heights.max(axis=1)
    corner = -whitened.points[:, heights.argmax(axis=1), 0].T
    slope = neurons + height[:, None] * corner - neurons @ np.array([[y11, y12], [y12, y22]])
    held = (heights >= (1 - ALONE.tied) * height[:, None]).sum(axis=1) > 1
    size, cost = np.hypot(*neurons.T), (neurons**2).sum(axis=1) + height**2
    steep = np.where(held, np.abs((slope * neurons).sum(axis=1)) / size, np.hypot(*slope.T))
    return float((steep * size / cost).max(initial=0.0))


def _finished(problem: Problem, weights: Array) -> Array:
    """Step 4."""
    search = FewNeurons(problem)
    neurons = search.scaled.coordinates(weights)
    merged = _merged(neurons)
    most = problem.loss(weights) * (1 + ALONE.costlier)
    for start in [merged, neurons][len(merged) == len(neurons) :]:
        active = search.scaled.highest_samples(start)
        finished = search.active_set.minimised(start, active, ALONE.steps)[0]
        moved = search.scaled.source_weights(finished[search.scaled.present(finished)])
        if problem.loss(moved) <= most:
            return moved
    return weights


def _merged(neurons: Array) -> Array:
    """Neurons (n, 2) of which those that point the same way are one: that which does most of what they do for G."""
    unit = neurons / np.linalg.norm(neurons, axis=1, keepdims=True)
    sine = np.abs(unit[:, :1] * unit[:, 1] - unit[:, 1:] * unit[:, 0])
    for first, second in combinations(range(len(neurons)), 2):
        if sine[first, second] < ALONE.same:
            others, one = merged_pair(neurons, (first, second))
            return np.vstack([others, one if one @ neurons[first] > 0 else -one])
    return neurons
