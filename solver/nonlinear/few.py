"""As few neurons as an optimal code needs: of neurons that tie, only some have to stay.

1. What every neuron adds to the fit is a_i v_i', centred. At an optimum any shares e >= 0 of the neurons with the same
   total fit cost the same: the multiplier does not change, and what a neuron costs is what it earns.
2. Take a basic solution of these equations (`solver.generation.basic_solution`).
3. Scale activity and decoder of each neuron by the root of its share, with the best decoder of those that stay. Keep
   the new code where it is as good, up to the tolerance (`solver.nonlinear.solve`).
"""

from __future__ import annotations

import numpy as np

from solver.generation.basic_solution import basic_solution
from theory.arrays import Array
from theory.problem import Problem


def basic_shares(problem: Problem, activity: Array) -> Array:
    """(n,) shares by which the energies of a code's neurons may be multiplied, zero for neurons that need not stay.

    Args:
        problem: what is coded.
        activity: (T, n) of an optimal code.

    Source: docs/mathematics.md, "Nonlinear neurons".

    Example:
        >>> from theory.problem import Problem
        >>> from theory.readouts import Soft
        >>> problem = Problem([[-1], [1]], activation="free", readout=Soft(100))
        >>> twice = np.array([[1.0, 1.0], [0.0, 0.0]])
        >>> int((basic_shares(problem, twice) > 0).sum())
        1
    """
    readout = problem.sample_readout
    ones = np.ones(activity.shape[1])
    if activity.shape[1] < 2:
        return ones
    features, decoder = readout.features(activity), readout.decoder(activity)
    fits = np.einsum("tn,nk->tkn", features, decoder).reshape(-1, activity.shape[1])  # step 1
    shares = basic_solution(np.asarray(np.linalg.qr(fits, mode="r")))  # step 2
    return ones if shares is None else shares
