"""The modularity condition beyond five sources: a witness, a proof, or neither.

1. Bound rho(Y) from above: by neurons without a bias and, where the hull is a box, orthant by orthant (range
   independence). If the bound is at most one, the code is modular.
2. Price exactly all neurons that read one pair of sources: the samples projected on the pair pose a smaller problem.
   If a neuron earns more than it costs, it is a witness.
3. Do the same for triples, up to a limit of their number.
4. Find larger mixtures by local ascents from random neurons.
5. If none is a witness and the faces of the hull are few (some samples of six or seven sources), price on all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, islice

import numpy as np
from numpy.typing import NDArray

from theory.arrays import Array
from theory.bounds.ascent import Ascent
from theory.conditions.verdict import CONDITION_TOLERANCE, Verdict
from theory.geometry.copositivity import COPOSITIVITY
from theory.geometry.extremes import extreme_points
from theory.geometry.face_lattice import FaceLattice
from theory.geometry.pricing import Pricing
from theory.problem import Problem


@dataclass(frozen=True)
class ManySourcesLimits:
    """How many neurons are tried for a witness."""

    triples: int = 600  # all of up to 16 sources
    ascents: int = 24  # from random mixtures, when no pair or triple has a witness


MANY_SOURCES = ManySourcesLimits()


def has_all_corners(points: Array | NDArray[np.object_]) -> bool:
    """Whether every corner of the bounding box of points (T, d) is one of them: then the hull is a box.

    Example:
        >>> has_all_corners(np.array([[0.0, 0.0], [0.0, 1.0], [2.0, 0.0], [2.0, 1.0], [1.0, 0.5]]))
        True
    """
    lower, upper = points.min(axis=0), points.max(axis=0)
    if points.shape[1] >= 63 or 2 ** points.shape[1] > len(points):
        return False
    corners = points[((points == lower) | (points == upper)).all(axis=1)]
    code = (corners == upper) @ (1 << np.arange(points.shape[1], dtype=np.int64))
    return bool(len(np.unique(code)) == 2 ** points.shape[1])


def decide_many(problem: Problem, multiplier: Array) -> Verdict:
    """The verdict for any number of sources, by the multiplier Y (d, d) of the best modular code."""
    condition = multiplier - problem.energy_matrix
    rho, proof = proven_ratio(problem, multiplier)  # step 1
    if rho <= 1 + CONDITION_TOLERANCE:
        return Verdict(True, float("nan"), None, condition, 0.0, 1.0, proof)
    witness, ratio = best_known_neuron(problem, multiplier)
    if ratio > 1 + CONDITION_TOLERANCE:
        return _mixed(problem, condition, witness, ratio, rho)
    faces = problem.sources.faces_if_few
    if faces is not None and faces.complete:  # step 5
        exact = problem.proving.pricing.maximise(multiplier, bar=1.0)
        if exact.rho <= 1 + CONDITION_TOLERANCE:
            count = sum(len(level) for level in faces.levels)
            reason = f"no direction earns more than it costs, checked on every one of the hull's {count:,} faces"
            return Verdict(True, float("nan"), None, condition, 0.0, exact.rho, reason)
        return _mixed(problem, condition, exact.worst, exact.rho, exact.rho)
    reason = f"no witness found and no proof known for {problem.dimension} sources"
    return Verdict(None, float("nan"), None, condition, float(np.sqrt(rho) - 1), rho, reason)


def _mixed(problem: Problem, condition: Array, witness: Array, ratio: float, rho: float) -> Verdict:
    """The verdict with a witness of this ratio, scaled to f = 1."""
    units = np.abs(witness) * np.sqrt(problem.modular_costs)
    margin = float((1 - ratio) / (units.sum() ** 2 - units @ units))
    reason = "a mixed neuron earns more than it costs"
    return Verdict(False, margin, witness, condition, float(np.sqrt(rho) - 1), rho, reason)


def proven_ratio(problem: Problem, multiplier: Array) -> tuple[float, str]:
    """A proven upper bound on max_w w'Y w / f(w) of a symmetric Y (d, d), for any number of sources, and its proof.

    Example:
        >>> from itertools import product
        >>> from theory.problem import Problem
        >>> problem = Problem(list(product([-1, 1], repeat=6)))
        >>> proven_ratio(problem, 3 * np.eye(6))[0]
        1.0
    """
    pencil = _ratio_without_bias(problem, multiplier), "no neuron earns more than it costs even without a bias"
    if not has_all_corners(problem.sources.points):
        return pencil
    box = _ratio_in_box(problem, multiplier), "the support contains every corner of its range (range independence)"
    return min(pencil, box)


def _ratio_without_bias(problem: Problem, multiplier: Array) -> float:
    """Largest w'Y w / w'M w, or zero: an upper bound, since f(w) >= w'M w."""
    return max(0.0, float(np.linalg.eigvalsh(problem.whitening.worth(multiplier))[-1]))


def _ratio_in_box(problem: Problem, multiplier: Array) -> float:
    """Least rho for which rho f(w) - w'Y w has no negative coefficient in any orthant, for a hull that is a box.

    In a box h(w) = sum_i reach_i |w_i|, where reach is the range of source i on the side away from the sign of w_i.
    So in every orthant both forms are polynomials in |w_i|, compared coefficient by coefficient.
    """
    sides = ((1.0, -problem.sources.lower), (-1.0, problem.sources.upper))
    unit = np.outer(problem.modular_costs, problem.modular_costs) ** 0.5
    needed, orthants = 0.0, []
    for sign, reach in sides:
        for other_sign, other_reach in sides:
            sign_of_pair = np.full(multiplier.shape, sign * other_sign)
            bias = np.outer(reach, other_reach)
            if sign != other_sign:
                # A source has one sign at a time.
                np.fill_diagonal(sign_of_pair, 1.0)
                np.fill_diagonal(bias, np.minimum(reach, other_reach) ** 2)
            cost = (bias + sign_of_pair * problem.energy_matrix) / unit
            worth = sign_of_pair * multiplier / unit
            positive = cost > COPOSITIVITY.rounding
            needed = max(needed, float(np.max(worth[positive] / cost[positive], initial=0.0)))
            orthants.append((cost, worth))
    # A multiplier of an optimal code ties with its cost in more than one coefficient, and rounding must not matter.
    return (
        needed
        if all((worth <= needed * cost + COPOSITIVITY.rounding).all() for cost, worth in orthants)
        else float("inf")
    )


def best_known_neuron(problem: Problem, multiplier: Array) -> tuple[Array, float]:
    """The best neuron of any pair or triple of sources, or of local ascents, and its ratio (steps 2 to 4)."""
    best, ratio = np.zeros(problem.dimension), 0.0
    pairs = combinations(range(problem.dimension), 2)
    triples = combinations(range(problem.dimension), 3)
    for group in (pairs, islice(triples, MANY_SOURCES.triples)):
        for members in group:
            neuron, value = _best_of_sources(problem, multiplier, members)
            if value > ratio:
                best, ratio = neuron, value
        if ratio > 1 + CONDITION_TOLERANCE:
            return best, ratio
    starts = np.random.default_rng(0).standard_normal((MANY_SOURCES.ascents, problem.dimension)) / np.sqrt(
        problem.modular_costs
    )
    ratios, neurons = Ascent(problem).climb(multiplier, starts)
    top = int(np.argmax(ratios))
    return (neurons[top], float(ratios[top])) if ratios[top] > ratio else (best, ratio)


def _best_of_sources(problem: Problem, multiplier: Array, members: tuple[int, ...]) -> tuple[Array, float]:
    """The best neuron that reads only these sources, and its ratio."""
    block = np.ix_(members, members)
    sources = problem.sources
    projection = extreme_points(sources.vertices[:, members])
    priced = Pricing.of(FaceLattice.of(-projection), problem.whitening.restricted(members)).maximise(multiplier[block])
    neuron = np.zeros(problem.dimension)
    neuron[list(members)] = priced.worst
    return neuron, priced.rho
