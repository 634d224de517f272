"""Bounds on codes of dependent sources whose neurons each read one group, where groups tell of each other.

Weak duality holds for any set of neurons: here those in the span of one group (`theory.dependent.spans`). Their largest
ratio of worth to cost is found group by group, on the faces of the group's own hull where these are listed.

1. The multipliers in question: the one passed, and that of the code.
2. For each the largest ratio of all groups, compared with random neurons of each.
3. The best of the bounds that they prove is kept.
"""

from __future__ import annotations

import numpy as np

from solver.certificate.worth import Bound, code_worths, largest_of_groups, within_loss
from theory.arrays import Array
from theory.problem import Problem
from theory.readouts import symmetric_root


def has_spans(problem: Problem) -> bool:
    """Whether neurons keep to groups of dependent sources that tell of each other."""
    return problem.separate and problem.dependent and problem.on_hull.groups is None


def ratio_of(problem: Problem, multiplier: Array) -> float:
    """The largest ratio of a multiplier (d, d) for neurons that read one group each, or a bound on it."""
    return largest_of_groups(problem, _worth(problem, multiplier), quick=False)[0]


def bound_of_spans(problem: Problem, multiplier: Array, weights: Array | None) -> Bound:
    """The best bound that a multiplier proves, and that of a code.

    Args:
        problem: for which `has_spans` holds.
        multiplier: (d, d).
        weights: (n, d) of the code; None for none.
    """
    inside, hull = problem.canonical, problem.hull
    assert hull is not None
    worths = [_worth(problem, multiplier)]  # step 1
    if weights is not None:
        worths += code_worths(inside, hull.functions(weights))
    loss, bounds = float("inf") if weights is None else problem.loss(weights), list[Bound]()
    for worth in worths:
        root = symmetric_root(worth)
        proven = root.T @ root
        rho, exact, worst = largest_of_groups(problem, proven, quick=False)  # step 2
        value = inside.proving.readout.dual_value(root, rho)
        if weights is not None and not weights.any() and rho <= 1:
            value = loss  # where no neuron is worth having without any, none is best
        bounds.append(Bound(value, rho, exact, worst, hull.form(inside.proving.multiplier(proven))))
    return max(bounds, key=lambda bound: within_loss(bound.value, loss))  # step 3


def _worth(problem: Problem, multiplier: Array) -> Array:
    hull = problem.hull
    assert hull is not None
    return problem.canonical.proving.worth(multiplier[np.ix_(hull.kept, hull.kept)])
