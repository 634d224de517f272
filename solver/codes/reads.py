"""Which neuron reads which source, or group of sources, and how much of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from theory.arrays import Array, Indices
from theory.dependent.columns import families
from theory.groups import Groups, is_shared, parts_of
from theory.problem import Problem

ONE_SOURCE = 1e-6
"""A neuron reads one source, or one group, when its other weights, in units of equal cost, are below this share."""


def shares(problem: Problem, weights: Array) -> Array:
    """(n, d) absolute weights in units in which a unit neuron of each source costs the same, largest one."""
    scaled = np.abs(weights) * np.sqrt(problem.modular_costs)
    return np.asarray(scaled / scaled.max(axis=1, keepdims=True))


def group_shares(problem: Problem, weights: Array) -> Array:
    """(n, k) the largest of these on each group; on each source where there are no groups."""
    share, groups = shares(problem, weights), problem.groups
    if groups is None:
        return share
    return parts_of(share, groups)


def own_groups(problem: Problem, weights: Array) -> Indices:
    """(n,) the number of the first group, or source, that holds all that each neuron reads; -1 for none.

    Example:
        >>> from theory.problem import Problem
        >>> problem = Problem([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], groups={"a": [0, 1], "b": [1, 2]})
        >>> own_groups(problem, np.array([[0.0, 1, 1], [0, 1, 0], [1, 1, 1]])).tolist()
        [1, 0, -1]
    """
    used = shares(problem, weights) > ONE_SOURCE
    result = np.full(len(used), -1)
    for number, members in reversed(list(enumerate(families(problem)))):
        beside = np.ones(used.shape[1], dtype=np.bool_)
        beside[list(members)] = False
        result[~(used & beside).any(axis=1)] = number
    return result


def source_scales(problem: Problem) -> Array:
    """(d,) the standard deviation that each source brings to the data, through its column of the mixing.

    They are the same whatever the units of the sources, if the mixing undoes these.

    Example:
        >>> from theory.problem import Problem
        >>> source_scales(Problem([[0, 0], [0, 3], [500, 0], [500, 3]])).tolist()
        [250.0, 1.5]
    """
    deviation = np.sqrt(np.diag(problem.sources.covariance))
    return np.asarray(deviation * np.linalg.norm(problem.mixing, axis=0))


def scale_ratio(problem: Problem) -> float:
    """The largest of the `source_scales` in units of the smallest; NaN for data without known sources.

    Example:
        >>> from theory.problem import Problem
        >>> round(scale_ratio(Problem([[0, 0], [0, 3], [500, 0], [500, 3]])), 3)
        166.667
    """
    if not problem.sources.identified:
        return float("nan")
    scales = source_scales(problem)
    return float(scales.max() / scales[scales > 0].min())  # what others tell may not be seen itself


def strongest_part(parts: Array) -> tuple[Indices, Array]:
    """(n,) the part that each neuron reads most, and (n,) the share of all others together.

    Args:
        parts: (n, k) how much it reads of each, nonnegative, not all zero.

    Example:
        >>> [part.tolist() for part in strongest_part(np.array([[3.0, 0.0], [1.0, 3.0]]))]
        [[0, 1], [0.0, 0.25]]
    """
    first = parts.argmax(axis=1)
    others = parts.copy()
    others[np.arange(len(parts)), first] = 0.0
    return first, others.sum(axis=1) / parts.sum(axis=1)


def strongest_group(read: Array, groups: Groups) -> tuple[Indices, Array]:
    """(n,) the group that each neuron reads most, and (n,) the share of all others together.

    A group weighs the root of its summed squares; where groups share sources the others are the sources outside it.

    Args:
        read: (n, d) how much it reads of each source, nonnegative, not all zero.
        groups: of the sources.

    Example:
        >>> rows = np.array([[0.0, 3.0, 0.0], [3.0, 0.0, 1.0]])
        >>> [part.tolist() for part in strongest_group(rows, {"a": (0, 1), "b": (1, 2)})]
        [[0, 0], [0.0, 0.25]]
    """
    inside = np.column_stack([np.linalg.norm(read[:, list(own)], axis=1) for own in groups.values()])
    if not is_shared(groups):
        return strongest_part(inside)
    beside = [np.linalg.norm(np.delete(read, list(own), axis=1), axis=1) for own in groups.values()]
    others = np.column_stack(beside) / (inside + np.column_stack(beside))
    first = others.argmin(axis=1)
    return first, np.take_along_axis(others, first[:, None], axis=1)[:, 0]


def named(first: Indices, others: Array, names: Sequence[str]) -> list[tuple[str | None, float]]:
    """For each neuron the name of the part that it mostly reads, None where it does not, and the share of all others.

    Args:
        first: (n,) the part that it reads most.
        others: (n,) the share of all others together.
        names: of the parts.

    Example:
        >>> named(np.array([0, 0]), np.array([0.0, 0.5]), ["x", "y"])
        [('x', 0.0), (None, 0.5)]
    """
    return [(names[index] if share <= 0.1 else None, float(share)) for index, share in zip(first, others, strict=True)]
