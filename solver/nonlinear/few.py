"""As few neurons as an optimal code needs: of neurons that tie, only some have to stay.

1. What every neuron adds to the fit is a_i v_i', centred. At an optimum any shares e >= 0 of the neurons with the same
   total fit cost the same: the multiplier does not change, and what a neuron costs is what it earns.
2. The nonnegative least-squares solution of these equations is a basic one: its neurons are linearly independent.
3. Scale activity and decoder of each neuron by the root of its share, with the best decoder of those that stay. Keep
   the new code only where its loss is no larger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import nnls

if TYPE_CHECKING:
    from theory.arrays import Array
    from theory.problem import Problem

__all__ = ["basic_shares"]

NOTHING = 1e-9
"""Share of a neuron below which it is left out."""


def basic_shares(problem: Problem, activity: Array) -> Array:
    """(n,) shares by which the energies of a code's neurons may be multiplied, zero for neurons that need not stay.

    Args:
        problem: what is coded.
        activity: (T, n) of an optimal code.

    Source: docs/mathematics.md, "Nonlinear neurons"; basic solutions: Lawson and Hanson (1974), chapter 23.

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
    triangle = np.asarray(np.linalg.qr(fits, mode="r"))
    try:
        shares, _ = nnls(triangle, triangle.sum(axis=1))  # step 2
    except RuntimeError:  # it went round in circles
        return ones
    return np.where(shares > NOTHING, shares, 0.0)
