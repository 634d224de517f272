"""Where neurons that read one source are the best ones, those beside them earn no more than they cost.

On samples in general position one sample alone attains the bias of such a neuron w = e_i, and its slack
``f(w) - w'Y w``, which is zero, falls along minus its slope ``2 (M w + h v - Y w)``: some neurons beside it refute the
modular code without a look at any face.
"""

from __future__ import annotations

import numpy as np

from theory.arrays import Array
from theory.problem import Problem


def beside_axes(problem: Problem, multiplier: Array) -> Array:
    """(n, d) the cheapest neuron of each source alone, turned by some angles to where neurons earn more.

    Args:
        problem: whose sources do not depend on each other.
        multiplier: (d, d) Y of the modular code.

    Example:
        >>> from theory.conditions import modular_multiplier
        >>> problem = Problem([[0, 0], [0, 1], [1, 0]])
        >>> at_code = modular_multiplier(problem)
        >>> neurons = beside_axes(problem, at_code)
        >>> bool((np.einsum("ni,ij,nj->n", neurons, at_code, neurons) > problem.neuron_cost(neurons)).any())
        True
    """
    own, normals = problem.modular.unit_neurons, -problem.height_sources.vertices
    highest = normals[(own @ normals.T).argmax(axis=1)]
    bias = np.einsum("nd,nd->n", own, highest)
    slopes = own @ (multiplier - problem.energy_matrix) - bias[:, None] * highest
    turns = slopes * problem.modular.unit_weights**2
    length = np.linalg.norm(turns / problem.modular.unit_weights, axis=1).clip(min=np.finfo(float).tiny)
    # By how much neurons are turned, in units in which the sources cost the same.
    return np.concatenate([own + angle * turns / length[:, None] for angle in (0.03, 0.1, 0.3)])
