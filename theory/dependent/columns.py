"""Neurons of dependent sources in the sources' own columns: of the many weights that make one, those on few sources.

What a neuron is on the samples is its weights v on the coordinates of the hull; every w with U'w = v makes it
(docs/mathematics.md, "Dependent sources"). In units in which |x|^2 is the energy of a neuron:

1. If the neuron is one of a group alone, up to rounding, or of a source alone, w has no weights but there: the first
   group that does.
2. On the sources that are left the least sum of |w_i|, each in units of the energy that it has alone: a linear program.
   Its vertices have few weights, and a neuron of one source alone has one, by the triangle inequality.
3. The last digits come from least squares on the sources of that vertex.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.arrays import Array, Indices


@dataclass(frozen=True)
class OwnColumnsTolerances:
    """What counts as nothing, and which of several weights are taken."""

    alone: float = 1e-7  # share of a neuron that may be of other sources where it is one of a group alone
    nothing: float = 1e-9  # share of a weight
    rounding: float = 1e-14  # share of a neuron that is left out
    turned: float = 1e-3  # cost of a negative weight, beyond that of a positive one: of two that tie
    later: float = 1e-5  # cost of the last source beyond that of the first, likewise


OWN_COLUMNS = OwnColumnsTolerances()


def families(problem: Any) -> list[list[int]]:
    """The sources of each group; of each source where there are no groups."""
    if problem.groups is None:
        return [[index] for index in range(problem.dimension)]
    return [list(members) for members in problem.groups.values()]


def in_own_columns(problem: Any, functions: Array) -> Array:
    """(n, d) weights on few sources of neurons (n, r) on the coordinates of their hull.

    Example:
        >>> from theory.problem import Problem
        >>> categories = Problem(np.eye(4))
        >>> marks = [[2.0, 0.0, 0.0], [-2.0, -2.0, -2.0], [1.0, 1.0, 0.0]]
        >>> in_own_columns(categories, np.array(marks)).round(9).tolist()
        [[2.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 2.0], [1.0, 1.0, 0.0, 0.0]]
    """
    hull, metric = problem.hull, _metric(problem)
    columns = hull.basis @ metric
    result = np.zeros((len(functions), problem.dimension))
    owners = own_family(problem, functions)
    for row, (neuron, owner) in enumerate(zip(functions @ metric, owners, strict=True)):
        if not neuron.any():
            continue
        members = list(range(problem.dimension)) if owner < 0 else families(problem)[owner]
        result[row, members] = _few(columns[members], neuron)
    left = functions - hull.functions(result)
    size, length = (np.linalg.norm(rows @ metric, axis=1) for rows in (left, functions))
    left[size <= OWN_COLUMNS.rounding * length] = 0.0
    return np.asarray(result + hull.placed(left) + 0.0)  # no minus zero


def own_family(problem: Any, functions: Array) -> Indices:
    """Step 1: (n,) the first group, or source, that each neuron (n, r) is one of alone; -1 for none.

    Example:
        >>> from theory.problem import Problem
        >>> own_family(Problem(np.eye(3)), np.array([[0.0, 2.0], [1.0, 1.0], [1.0, 2.0]])).tolist()
        [1, 2, -1]
    """
    hull, metric = problem.hull, _metric(problem)
    columns, neurons = hull.basis @ metric, functions @ metric
    length = np.linalg.norm(neurons, axis=1)
    owner = np.full(len(neurons), -1)
    for number, members in reversed(list(enumerate(families(problem)))):
        owner[_apart(columns[members], neurons) <= OWN_COLUMNS.alone * length] = number
    return owner


def _metric(problem: Any) -> Array:
    """(r, k) of which |v @ it|^2 is the energy of a linear neuron; of others the variance of what it reads."""
    if problem.neurons.linear:
        return np.asarray(problem.on_hull.whitening.matrix.T)
    return np.asarray(problem.on_hull.sources.covariance_root.T)


def _apart(columns: Array, neurons: Array) -> Array:
    """(n,) distance of neurons (n, r) from the span of columns (k, r)."""
    unit = columns / np.linalg.norm(columns, axis=1, keepdims=True)
    _, sizes, directions = np.linalg.svd(unit, full_matrices=False)
    span = directions[sizes > OWN_COLUMNS.nothing * sizes[0]]
    return np.asarray(np.linalg.norm(neurons - neurons @ span.T @ span, axis=1))


def _few(columns: Array, neuron: Array) -> Array:
    """(k,) weights of few of the columns (k, r) that make a neuron (r,), or what is nearest to it (steps 2 and 3)."""
    length = np.linalg.norm(columns, axis=1)
    unit, size = columns / length[:, None], float(np.linalg.norm(neuron))
    chosen: Sequence[int] | Indices = [0]
    if len(columns) > 1:
        chosen = _vertex(unit, neuron / size)
    weights = np.zeros(len(columns))
    weights[chosen] = np.linalg.lstsq(unit[chosen].T, neuron, rcond=None)[0]
    return np.asarray(weights / length)


def _vertex(unit: Array, neuron: Array) -> Indices:
    """Step 2: the columns (k, r) of unit length that a neuron of unit length is made of."""
    from scipy.optimize import linprog

    _, sizes, directions = np.linalg.svd(unit, full_matrices=False)
    span = directions[sizes > OWN_COLUMNS.nothing * sizes[0]]
    seen = unit @ span.T
    cost = 1 + OWN_COLUMNS.later * np.arange(len(unit)) / len(unit)
    program = linprog(
        np.concatenate([cost, cost + OWN_COLUMNS.turned]),
        A_eq=np.hstack([seen.T, -seen.T]),
        b_eq=neuron @ span.T,
        method="highs-ds",
    )
    if program.x is None:
        return np.arange(len(unit))
    size = np.abs(program.x[: len(unit)] - program.x[len(unit) :])
    return np.flatnonzero(size > OWN_COLUMNS.nothing * size.max())
