"""The code that a multiplier asks for where it must be carried along: a minimum that geodesics lead to.

    min over G > 0 of    tr(Y G) + g(G) + cost sum_a tr(G R_a G^-1 R_a')

Along every geodesic ``G(t) = B exp(t X) B'`` of positive definite matrices each term is a sum of exponentials with
nonnegative weights, so that there is one minimum, and Newton's method in X finds it (docs/mathematics.md, "Dynamics").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from theory.arrays import Array
    from theory.dynamics import Recurrence
    from theory.readouts import Readout

__all__ = ["code_of_multiplier"]

STEPS = 100
"""Newton steps at most: a dozen are usual."""

FARTHEST = 2.0
"""Largest change of the logarithm of G in one step."""

FALLEN = 1e-15
"""Relative fall that ends them."""


def code_of_multiplier(readout: Readout, recurrence: Recurrence, multiplier: Array, start: Array) -> Array:
    """(d, d) the G at which Y is what a unit of w w' saves: it minimises what is above.

    Args:
        readout: an exact one.
        recurrence: what carrying costs, in the same coordinates.
        multiplier: (d, d) positive definite Y.
        start: (d, d) positive definite G to begin with.

    Raises:
        numpy.linalg.LinAlgError: a multiplier or start that is not positive definite.

    Example:
        >>> from theory.dynamics import Recurrence
        >>> from theory.readouts import Readout
        >>> readout, shear = Readout(np.eye(2), 1.0), Recurrence(np.array([[[0.5, 1.0], [0.0, 0.5]]]), 1.0)
        >>> code = code_of_multiplier(readout, shear, np.diag([1.0, 2.0]), np.eye(2))
        >>> (readout.multiplier(code) - shear.gradient(code)).round(9).tolist()
        [[1.0, 0.0], [0.0, 2.0]]
    """
    rows, columns = np.triu_indices(len(start))
    basis = np.zeros((len(rows), len(start), len(start)))
    basis[np.arange(len(rows)), rows, columns] = basis[np.arange(len(rows)), columns, rows] = 1.0
    flat = basis.reshape(len(basis), -1)

    def at(root: Array) -> tuple[float, Array, Array, Array]:
        inverse = np.linalg.inv(root)
        asked, read = root.T @ multiplier @ root, inverse @ readout.gram @ inverse.T
        turned = root.T @ recurrence.matrices @ inverse.T
        return float(np.trace(asked + read) + recurrence.cost * (turned**2).sum()), asked, read, turned

    root = np.asarray(np.linalg.cholesky(start), dtype=np.float64)
    value, asked, read, turned = at(root)
    for _ in range(STEPS):
        other = np.swapaxes(turned, 1, 2)
        out, back = recurrence.cost * (turned @ other).sum(axis=0), recurrence.cost * (other @ turned).sum(axis=0)
        slope = flat @ (asked - read + out - back).ravel()
        both = flat @ ((asked + read + out + back) @ basis).reshape(len(basis), -1).T
        for one in turned:
            across = flat @ (one @ basis @ one.T).reshape(len(basis), -1).T
            both = both - 2 * recurrence.cost * across
        move = np.tensordot(-np.linalg.solve((both + both.T) / 2, slope), basis, 1)
        sizes, directions = np.linalg.eigh(move)
        length = min(1.0, FARTHEST / max(np.abs(sizes).max(), FARTHEST))
        while True:
            there = root @ (directions * np.exp(length * sizes / 2))
            found = at(there)
            if found[0] <= value * (1 + FALLEN) or length < FALLEN:
                break
            length /= 2
        fallen = value - found[0]
        root, (value, asked, read, turned) = there, found
        if fallen <= FALLEN * value:
            break
    return np.asarray(root @ root.T)
