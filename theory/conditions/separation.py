"""The decision whether the best separate code, whose neurons read one group each, is the best of all.

For groups of one source this is the modularity condition (docs/mathematics.md, "Groups"). The best separate code has no
closed form, so its multiplier is an argument.

1. If the hull and all matrices are products over the groups, the best separate code is optimal.
2. Price the neurons of each group: their largest ratio tells how far the multiplier is from that of an optimal code.
3. Price all neurons, on the faces of the hull where they are few, else by an upper bound and local ascents.
4. If no ratio exceeds that of step 2, separate; if the best neuron exceeds it and reads several groups, not separate.
"""

from __future__ import annotations

import numpy as np

from theory.arrays import Array
from theory.conditions.many_sources import best_known_neuron, proven_ratio
from theory.conditions.verdict import Verdict
from theory.problem import Problem

SEPARATION_TOLERANCE = 1e-8
"""Relative excess of a ratio that counts as a tie: a multiplier has about as many digits as its loss."""


def decide_separation(problem: Problem, multiplier: Array, *, silent: bool = False) -> Verdict:
    """Whether the best separate code is the best of all.

    Args:
        problem: with groups.
        multiplier: (d, d) Y of the best separate code, with its entries between groups.
        silent: whether that code has no neurons; then no neuron of one group earns its cost, and ratios are compared
            with one.

    Returns:
        A `Verdict` whose `modular` says so; its margin is that of the witness, or NaN where there is none.

    Example:
        >>> from theory.problem import Problem
        >>> box = Problem([[0, 0], [0, 1], [1, 0], [1, 1]], groups={"a": [0], "b": [1]})
        >>> decide_separation(box, box.multiplier(box.modular_weights.T @ box.modular_weights)).modular
        True
    """
    condition = multiplier - problem.energy_matrix
    if len(problem.blocks) < 2:
        return Verdict(True, float("inf"), None, condition, 0.0, 1.0, "one group: every code is separate")
    if problem.separable:  # step 1
        reason = "the hull is a product over the groups, and nothing but correlations connects them"
        return Verdict(True, float("nan"), None, condition, 0.0, 1.0, reason)
    # Step 2.
    reference = 1.0 if silent else max(_ratio_of_groups(problem, multiplier), np.finfo(float).tiny)
    # Step 3.
    faces = problem.sources.faces_if_few
    if faces is not None and faces.complete:
        priced = problem.proving.pricing.maximise(multiplier)
        most, ratio, witness = priced.rho, priced.rho, priced.worst
        proof = "no neuron of several groups earns more than it costs, checked on every face of the hull"
    else:
        most, proof = proven_ratio(problem, multiplier)
        witness, ratio = best_known_neuron(problem, multiplier)
    # Step 4.
    bound = float(np.sqrt(max(most, 1.0)) - 1)
    if most <= reference * (1 + SEPARATION_TOLERANCE):
        return Verdict(True, float("nan"), None, condition, 0.0, most, proof)
    sizes = _sizes(problem, witness)
    if ratio > reference * (1 + SEPARATION_TOLERANCE) and np.sort(sizes)[-2] > 1e-6 * sizes.max():
        reason = "a neuron of several groups earns more than it costs"
        margin = float((1 - ratio / reference) / (sizes.sum() ** 2 - sizes @ sizes))
        return Verdict(False, margin, witness, condition, bound, most, reason)
    reason = f"no witness found and no proof known for {problem.dimension} sources"
    return Verdict(None, float("nan"), None, condition, bound, most, reason)


def _ratio_of_groups(problem: Problem, multiplier: Array) -> float:
    """Largest ratio of neurons that read one group; a lower bound where a group has too many faces."""
    largest = 0.0
    for members, block in zip((problem.groups or {}).values(), problem.blocks, strict=True):
        form, faces = multiplier[np.ix_(members, members)], block.sources.faces_if_few
        if faces is not None and faces.complete:
            ratio = block.proving.pricing.maximise(form).rho
        else:
            _, ratio = best_known_neuron(block, form)
        largest = max(largest, ratio)
    return largest


def _sizes(problem: Problem, witness: Array) -> Array:
    """(k,) square roots of the costs of a neuron's parts in each group."""
    groups = (problem.groups or {}).values()
    parts = [
        block.neuron_cost(witness[None, list(members)])[0] ** 0.5
        for members, block in zip(groups, problem.blocks, strict=True)
    ]
    return np.array(parts)
