"""Of neurons that tie only some have to stay: a basic solution of what they do together.

Each neuron adds a column to the fit. Shares e >= 0 of all of them with the same sum do the same as all whole. The
nonnegative least-squares solution of these equations is a basic one: its columns are linearly independent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import nnls

if TYPE_CHECKING:
    from theory.arrays import Array


def basic_solution(columns: Array) -> Array | None:
    """(n,) shares of linearly independent columns whose sum is that of all, zero for the others; None if none is found.

    Args:
        columns: (m, n) what each neuron adds.

    Source: Lawson and Hanson (1974), chapter 23.

    Example:
        >>> int((basic_solution(np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])) > 0).sum())
        2
    """
    try:
        shares, _ = nnls(columns, columns.sum(axis=1), maxiter=10 * columns.shape[1])
    except RuntimeError:  # it went round in circles
        return None
    return np.where(shares > 1e-9, shares, 0.0)
