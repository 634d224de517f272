"""Hypotheses of theorems: product supports, independence, faces, mixings. Each is a predicate on `Problem`."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import prod

import numpy as np
from scipy.spatial import KDTree

from theory.arrays import Array
from theory.conditions import modular_multiplier
from theory.geometry.extremes import extreme_points
from theory.geometry.levels import levels
from theory.groups import is_product
from theory.problem import Problem

Blocks = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class HypothesisTolerances:
    """What counts as rounding where a hypothesis is an equation."""

    orthogonal: float = 1e-12  # largest entry of A'A - 1, and cosine of two columns
    probability: float = 1e-12  # a joint probability less the product of its marginals
    value: float = 1e-12  # relative distance of two values of a source
    invariant: float = 1e-9  # moments, hull and mixing before and after a step, relative to their size
    in_face: float = 1e-9  # distance from the hull of a face, relative to the sources' ranges
    cosine: float = 1e-9  # a cosine less a correlation, and the shortest column of which there is a cosine
    worth: float = 1e-9  # of a neuron beyond its cost
    negligible: float = 1e-12  # the deviation of a target, relative to the largest, from which on it is decoded


HYPOTHESES = HypothesisTolerances()


def condition_matrix(problem: Problem) -> Array:
    """(d, d) F = Y - M at the best modular code, in units of the cost of a squared bias.

    So the condition is `h(w)^2 >= w'F w` whatever the costs of activity and bias.
    """
    return (modular_multiplier(problem) - problem.energy_matrix) / problem.height_cost


def orthonormal_mixing(problem: Problem) -> bool:
    """Whether A'A = 1: then no mixing enters the condition.

    Example:
        >>> from theory.problem import Problem
        >>> orthonormal_mixing(Problem([[0, 0], [0, 1], [1, 0]], mixing=[[0, 1], [1, 0], [0, 0]]))
        True
    """
    return bool(np.abs(problem.gram - np.eye(problem.dimension)).max() <= HYPOTHESES.orthogonal)


def decodes_the_data(problem: Problem) -> bool:
    """Whether the readout is the exact decoder of the data.

    Example:
        >>> from theory.problem import Problem
        >>> from theory.readouts import Soft
        >>> decodes_the_data(Problem([[0], [1]])), decodes_the_data(Problem([[0], [1]], readout=Soft(10)))
        (True, False)
    """
    return problem.readout.exact and np.array_equal(problem.readout.targets, problem.mixing)


def separate_channels(problem: Problem) -> bool:
    """Whether A'A and K are diagonal: sources are seen and decoded each by itself, in any units.

    Example:
        >>> from theory.problem import Problem
        >>> separate_channels(Problem([[0, 0], [0, 1], [1, 0]], mixing=[[0, 2], [1, 0], [1, 0]]))
        True
    """
    return all(is_diagonal(matrix.T @ matrix) for matrix in (problem.mixing, problem.readout.targets))


def uncorrelated_errors(problem: Problem) -> bool:
    """Whether errors have a cost, and the sources are uncorrelated under the weights with which errors count.

    Example:
        >>> from theory.problem import Problem
        >>> from theory.readouts import Soft
        >>> uncorrelated_errors(Problem([[0, 0], [0, 1], [1, 0], [1, 1]], readout=Soft(10)))
        True
    """
    errors = problem.readout.errors
    return errors is not None and is_diagonal(errors.covariance)


def is_diagonal(matrix: Array) -> bool:
    """Whether the entries off the diagonal of a (d, d) matrix are rounding.

    Example:
        >>> is_diagonal(np.diag([1.0, 1e9])), is_diagonal(np.ones((2, 2)))
        (True, False)
    """
    size = np.sqrt(np.diag(matrix))
    return bool((np.abs(matrix - np.diag(np.diag(matrix))) <= HYPOTHESES.orthogonal * np.outer(size, size)).all())


def is_range_independent(problem: Problem) -> bool:
    """Whether the hull of the support is a box: every source reaches its ends whatever the others do.

    Example:
        >>> from theory.problem import Problem
        >>> is_range_independent(Problem([[0, 0], [0, 1], [1, 0], [1, 1]]))
        True
    """
    return all(len(block) == 1 for block in product_blocks(problem))


def independent_sources(problem: Problem) -> bool:
    """Whether the joint distribution is the product of its marginals (for samples: exactly so).

    Samples of probability zero count too, as activity must be nonnegative on them: they must lie within the ranges
    of the others.

    Example:
        >>> from theory.problem import Problem
        >>> square = [[0, 0], [0, 1], [1, 0], [1, 1]]
        >>> independent_sources(Problem(square)), independent_sources(Problem(square, probabilities=[2, 1, 1, 2]))
        (True, False)
    """
    sources = problem.sources
    if not sources.from_samples:
        return False  # moments do not tell
    weights = sources.sample_probabilities
    positive = weights > 0
    points, slack = sources.points[positive], np.ptp(sources.points, axis=0) * HYPOTHESES.value
    unseen = sources.points[~positive]
    if ((unseen < points.min(axis=0) - slack) | (unseen > points.max(axis=0) + slack)).any():
        return False
    places = levels(points, np.ptp(points, axis=0) * HYPOTHESES.value)
    counts = places.max(axis=0) + 1
    # In whole numbers of any length: of many sources there may be more combinations than a machine can count.
    if prod(counts.tolist()) > sources.count:
        return False
    table = np.zeros(counts)
    np.add.at(table, tuple(places.T), weights[positive])
    product = np.ones(1)
    for axis in range(table.ndim):
        others = tuple(other for other in range(table.ndim) if other != axis)
        product = np.multiply.outer(product, table.sum(axis=others))
    return bool(np.abs(table - product[0]).max() <= HYPOTHESES.probability)


def occurring(problem: Problem) -> tuple[Array, Array]:
    """The samples (k, d) that occur, and their probabilities (k,), which are positive.

    Example:
        >>> from theory.problem import Problem
        >>> points, probabilities = occurring(Problem([[0], [1], [2]], probabilities=[1, 0, 3]))
        >>> points.tolist(), probabilities.tolist()
        ([[0.0], [2.0]], [0.25, 0.75])
    """
    probabilities = problem.sources.sample_probabilities
    return problem.sources.points[probabilities > 0], probabilities[probabilities > 0]


def every_combination(problem: Problem) -> bool:
    """Whether every combination of the values that sources take has a positive probability.

    Example:
        >>> from theory.problem import Problem
        >>> square = [[0, 0], [0, 1], [1, 0], [1, 1]]
        >>> every_combination(Problem(square)), every_combination(Problem(square, probabilities=[0, 1, 1, 1]))
        (True, False)
    """
    if not problem.sources.from_samples:
        return False  # moments do not tell
    points, _ = occurring(problem)
    places = levels(points, np.ptp(points, axis=0) * HYPOTHESES.value)
    counts = places.max(axis=0) + 1
    # In whole numbers of any length, as above.
    return prod(counts.tolist()) == len(np.unique(places, axis=0))


def centrally_symmetric(problem: Problem) -> bool:
    """Whether s and -s, about the mean, are equally likely.

    Example:
        >>> from theory.problem import Problem
        >>> centrally_symmetric(Problem([[0], [1], [2]])), centrally_symmetric(Problem([[0], [1], [3]]))
        (True, False)
    """
    if not problem.sources.from_samples:
        return False  # moments do not tell
    points, weights = occurring(problem)
    points = points - weights @ points
    both = np.vstack([points, -points])
    # Two values of which a mean was taken differ in more than the last digit.
    slack = 10 * HYPOTHESES.value * (np.ptp(points, axis=0) + np.abs(problem.sources.mean))
    _, number = np.unique(levels(both, slack), axis=0, return_inverse=True)
    return bool(np.abs(np.bincount(number.ravel(), np.append(weights, -weights))).max() <= HYPOTHESES.probability)


def errors_count_as_samples(problem: Problem) -> bool:
    """Whether errors count with the probabilities of the samples, or there are none.

    Example:
        >>> from theory.problem import Problem
        >>> from theory.readouts import Soft
        >>> [errors_count_as_samples(Problem([[0], [1]], readout=Soft(9, probabilities=q))) for q in (None, [1, 3])]
        [True, False]
    """
    errors = problem.readout.errors
    if errors is None or errors.probabilities is None:
        return True
    return bool(np.abs(errors.probabilities - problem.sources.sample_probabilities).max() <= HYPOTHESES.probability)


def weights_cost_nothing(problem: Problem) -> bool:
    """Whether neurons are free, or their encoder's weights have no cost.

    Example:
        >>> from theory.problem import Problem
        >>> kinds = ({"activation": "free"}, {"activation": "rectified"}, {"encoder_cost": 0})
        >>> [weights_cost_nothing(Problem([[0], [1]], **kind)) for kind in kinds]
        [True, False, True]
    """
    return problem.neurons.name == "free" or problem.encoder_cost == 0


def invariant_under_transitions(problem: Problem) -> bool:
    """Whether there are transitions, and each leaves mean, covariance, hull and mixing of the sources as they are.

    Example:
        >>> from theory.problem import Problem
        >>> square = [[1, 1], [-1, 1], [-1, -1], [1, -1]]
        >>> turning = [[0, -1], [1, 0]]
        >>> invariant_under_transitions(Problem(square, transitions=turning))
        True
        >>> invariant_under_transitions(Problem(square, probabilities=[1, 2, 1, 2], transitions=turning))
        False
    """
    if problem.recurrence is None:
        return False
    sources, deviation = problem.sources, np.sqrt(np.diag(problem.sources.covariance))
    forms = [problem.gram]
    if problem.readout.targets is not problem.mixing:
        forms.append(problem.readout.targets.T @ problem.readout.targets)
    corners = KDTree(sources.vertices / deviation)
    for matrix, offset in zip(problem.recurrence.matrices, problem.recurrence.offsets, strict=True):
        gaps = [
            offset / deviation,
            (matrix @ sources.covariance @ matrix.T - sources.covariance) / np.outer(deviation, deviation),
            *((matrix.T @ form @ matrix - form) / np.sqrt(np.outer(np.diag(form), np.diag(form))) for form in forms),
        ]
        if max(float(np.abs(gap).max()) for gap in gaps) > HYPOTHESES.invariant:
            return False
        # A regular map of the vertices into themselves misses none of them.
        if corners.query((sources.vertices @ matrix.T + offset) / deviation)[0].max() > HYPOTHESES.invariant:
            return False
    return True


def product_blocks(problem: Problem) -> Blocks:
    """The finest groups of sources such that the hull of the support is the product of the groups' hulls.

    Example:
        >>> from theory.problem import Problem
        >>> triangle = [[0, 0], [0, 1], [1, 0]]
        >>> product_blocks(Problem([[*point, s] for point in triangle for s in (0, 1)]))
        ((0, 1), (2,))
    """
    return _split(problem.sources.vertices, tuple(range(problem.dimension)))


def _split(points: Array, members: tuple[int, ...]) -> Blocks:
    for size in range(1, len(members) // 2 + 1):
        for part in combinations(members, size):
            rest = tuple(index for index in members if index not in part)
            if _is_product(points, part, rest):
                return tuple(sorted((*_split(points, part), *_split(points, rest))))
    return (members,)


def _is_product(points: Array, part: tuple[int, ...], rest: tuple[int, ...]) -> bool:
    """Whether every vertex of one projection occurs together with every vertex of the other."""
    corners = [extreme_points(points[:, members]) for members in (part, rest)]
    return is_product(points, corners, {"part": part, "rest": rest})


def faces_allow_modularity(problem: Problem) -> bool:
    """Whether F_i./m_i lies in the hull of the face {-s_t : s_i at its nearer end}, for every source.

    Where both ends are equally near, both faces must hold such a point.

    Example:
        >>> from theory.problem import Problem
        >>> faces_allow_modularity(Problem([[0, 2], [1, 0], [3, 1], [2, 4]]))
        False
    """
    condition, corners = condition_matrix(problem), -problem.sources.vertices
    size = np.abs(corners).max(axis=0)
    for source, least in enumerate(problem.sources.least_bias):
        others = [index for index in range(problem.dimension) if index != source]
        for sign in (1.0, -1.0):
            height = sign * corners[:, source]
            if height.max() > least + HYPOTHESES.in_face * size[source]:
                continue  # the other side is nearer, and not tight
            face = corners[height >= height.max() - HYPOTHESES.in_face * size[source]][:, others] / size[others]
            # The gradient of (v.w)^2 - w'F w along the axis vanishes at this point of the face.
            target = sign * condition[source, others] / least / size[others]
            if not _in_hull(face, target):
                return False
    return True


def _in_hull(points: Array, target: Array) -> bool:
    from scipy.optimize import nnls

    if not len(target):
        return True
    _, distance = nnls(np.vstack([points.T, np.ones(len(points))]), np.append(target, 1.0))
    return bool(distance <= HYPOTHESES.in_face)
