"""The modularity condition of dependent sources (docs/mathematics.md, "Dependent sources").

A neuron is modular if it is a function of one source alone, on every sample. The best modular code is unique in its
matrix G and its multiplier Y, and it is the best of all if and only if no neuron earns more than it costs there:

1. The multiplier of the best modular code, on the coordinates of the hull.
2. Price all neurons exactly on the faces of the hull, where they are listed; else bound them from above, and look for a
   witness by local ascents.
3. The witness is written in the sources' own columns. With one dimension every neuron is modular.
"""

from __future__ import annotations

import numpy as np

from theory.arrays import Array
from theory.conditions.many_sources import best_known_neuron, proven_ratio
from theory.conditions.separation import SEPARATION_TOLERANCE
from theory.conditions.verdict import CONDITION_TOLERANCE, Verdict
from theory.dependent.columns import in_own_columns
from theory.problem import Problem


def decide_dependent(problem: Problem, code: Array | None = None, reference: float = 1.0) -> Verdict:
    """The verdict on dependent sources; see `theory.conditions.modularity`.

    Args:
        problem: of dependent sources.
        code: (n, d) the best code whose neurons read one group each, if that is in question; the modular one if not.
        reference: largest ratio of neurons of its kind at its multiplier, one but for rounding.

    Example:
        >>> from theory.problem import Problem
        >>> decide_dependent(Problem(np.eye(4))).modular
        True
        >>> decide_dependent(Problem(np.eye(4), probabilities=[4, 3, 2, 1])).modular
        False
    """
    hull, inside = problem.hull, problem.canonical
    assert hull is not None
    kind, unit = ("modular", "mixed neuron") if code is None else ("separate", "neuron of several groups")
    best = hull.functions(problem.modular_weights if code is None else code)
    multiplier = inside.multiplier(best.T @ best)  # step 1
    condition = hull.form(multiplier - inside.energy_matrix)
    multiplier, rounding = multiplier / reference, CONDITION_TOLERANCE if code is None else SEPARATION_TOLERANCE
    faces = inside.sources.faces_if_few
    if faces is not None and faces.complete:  # step 2
        priced = inside.proving.pricing.maximise(multiplier)
        most, ratio, witness = priced.rho, priced.rho, priced.worst
        proof = f"no neuron earns more than it costs at the best {kind} code, checked on every face of the hull"
    else:
        most, proof = proven_ratio(inside, multiplier)
        witness, ratio = best_known_neuron(inside, multiplier)
    if most <= 1 + rounding:
        margin = float("inf") if hull.rank == 1 else float("nan")
        return Verdict(True, margin, None, condition, 0.0, most, proof)
    bound = float(np.sqrt(most) - 1)
    if ratio <= 1 + rounding:
        reason = f"no witness found and no proof known for sources in {hull.rank} dimensions"
        return Verdict(None, float("nan"), None, condition, bound, most, reason)
    own = in_own_columns(problem, witness[None])[0]  # step 3
    units = np.abs(own) * np.sqrt(problem.modular_costs)
    products = float(units.sum() ** 2 - units @ units)
    reason = f"a {unit} earns more than it costs at the best {kind} code"
    return Verdict(False, (1 - ratio) / products, own, condition, bound, most, reason)
