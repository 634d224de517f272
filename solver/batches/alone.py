"""One small problem of two sources by itself: what is not modular is solved with few numbers, before any plan is made.

1. The problem in whitened coordinates, and the cones of its polygon (`theory.geometry.polygon`).
2. Column generation (`exchange`), which says what its multiplier proves.
3. Where the modular code costs no more it is measured: if its own bound meets it, it is left to the caller.
4. Where slopes of the loss are left, or neurons that point the same way but for what the multiplier misses, these are
   made one, and Newton's method moves the code to the last digits, if it then costs no more.
5. What is not proven to ten digits, or leaves a choice among several optimal codes, is left to the caller.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np

import solver.solving.plan as planning
from solver.batches.codes import Hulls, WhitenedProblems
from solver.batches.energies import Form, NeuronEnergies
from solver.batches.exchange import PlaneProblem, exchanged
from solver.batches.hulls import outlines
from solver.batches.pose import fits, posed_alone
from solver.batches.touching import has_one_code
from solver.certificate.worth import within_loss
from solver.generation.few_neurons import FewNeurons
from solver.generation.pool import merged_pair
from theory.arrays import Array
from theory.conditions import CONDITION_TOLERANCE, modular_multiplier
from theory.geometry.polygon import Polygon
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
    except (np.linalg.LinAlgError, ArithmeticError):
        return None


def _mixed_code(problem: Problem, gap: float) -> MixedCode | None:
    """Steps 1 to 5."""
    polygon, whitening = _polygon(problem), problem.whitening
    if polygon is None or len(polygon) > planning.SIZES.corners_of_two or not len(problem.modular_weights):
        return None
    plane, unit = posed_alone(problem, polygon)
    code = exchanged(plane, whitening.neurons(problem.modular_weights))
    if code is None or not abs(code.loss - code.bound) <= gap * code.loss:
        return None
    costlier = problem.modular_loss * (1 - ALONE.saved) > unit * code.loss
    if problem.sources.identified and not costlier and _is_modular(problem, plane, unit):
        return None
    if not (code.unique or _is_unique(plane, code.multiplier)):
        return None
    neurons, size = code.neurons, math.sqrt(unit)
    weights, loss = whitening.weights(size * neurons), unit * code.loss
    if _missed(plane, neurons) > ALONE.converged or len(_merged(neurons)) < len(neurons):
        weights = _finished(problem, weights)
        loss = problem.loss(weights)
        if not _missed(plane, whitening.neurons(weights) / size) <= ALONE.known:
            return None
    y11, y12, y22 = code.multiplier
    multiplier = whitening.multiplier(np.array([[y11, y12], [y12, y22]]))
    return MixedCode(weights, multiplier, loss, within_loss(unit * code.bound, unit * code.loss), code.rounds)


def _polygon(problem: Problem) -> Polygon | None:
    """The hull of a problem; None where it is not found."""
    if problem.polygon is not None:
        return problem.polygon
    points = problem.whitening.samples(problem.height_sources.vertices)
    places, count = outlines(points.T[:, None])
    return Polygon.of(-points[places[0, : count[0]]])


def _hulls(plane: PlaneProblem) -> Hulls:
    """The cones of one problem as those of many."""
    corners = plane.polygon.corners
    parts = np.array([-corners.real, -corners.imag]), np.array(plane.demand), np.array(plane.ridge)
    return Hulls.of(
        WhitenedProblems(*(part[..., None] for part in parts)), np.arange(len(corners))[None], np.array([len(corners)])
    )


def _is_modular(problem: Problem, plane: PlaneProblem, unit: float) -> bool:
    """Whether the bound of the best modular code meets it."""
    worth = problem.whitening.worth(modular_multiplier(problem))
    neurons = np.zeros((2, 2, 1))
    neurons[:, : len(problem.modular_weights), 0] = problem.whitening.neurons(problem.modular_weights).T
    form = worth[np.triu_indices(2)][:, None]
    return bool(_hulls(plane).known(neurons, np.full((2, 1), 1 / unit), form).gap[0] <= CONDITION_TOLERANCE)


def _is_unique(plane: PlaneProblem, multiplier: Form) -> bool:
    """Whether an optimal code is the only one."""
    hulls = _hulls(plane)
    return bool(has_one_code(hulls.fan, hulls.corners, np.array(multiplier)[:, None])[0])


def _missed(plane: PlaneProblem, neurons: Array) -> float:
    """How steep the loss of a code (n, 2) of one problem is on its faces, in units of what each neuron costs.

    A neuron whose bias two samples attain has only its length left.
    """
    corners, lines = plane.polygon.corners, [(a, b) for a, b in neurons.tolist()]
    y11, y12, y22 = NeuronEnergies(lines, plane.demand, plane.ridge).multiplier([1.0] * len(lines))
    missed = 0.0
    for (a, b), heights in zip(lines, neurons @ np.array([corners.real, corners.imag]), strict=True):
        corner, height = corners[heights.argmax()], float(heights.max())
        slope = a + height * corner.real - y11 * a - y12 * b, b + height * corner.imag - y12 * a - y22 * b
        size = math.hypot(a, b)
        held = np.count_nonzero(heights >= (1 - ALONE.tied) * height) > 1
        steep = abs(slope[0] * a + slope[1] * b) / size if held else math.hypot(*slope)
        missed = max(missed, float(steep) * size / (size * size + height * height))
    return missed


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
    for (first, (a, b)), (second, (c, d)) in combinations(enumerate(neurons.tolist()), 2):
        if abs(a * d - b * c) < ALONE.same * math.hypot(a, b) * math.hypot(c, d):
            others, one = merged_pair(neurons, (first, second))
            return np.vstack([others, one if one @ neurons[first] > 0 else -one])
    return neurons
