"""The code of a multiplier where codes have a recurrent cost: Newton's method along geodesics.

    minimise over G > 0    tr(Y G) + g(G) + cost sum_a tr(G R_a G^-1 R_a')

Along every geodesic ``G(t) = B exp(t X) B'`` of positive definite matrices each term is a sum of exponentials with
nonnegative weights: the problem is geodesically convex (docs/mathematics.md, "Dynamics").

1. Write the present code as G = B B', beginning with a Cholesky factor of the start.
2. In the basis of symmetric X, compute the gradient and the Hessian of the objective along B exp(t X) B' at t = 0.
3. Solve for Newton's X and shorten it so that no eigenvalue of G changes by more than a factor of e^2.
4. Halve the step until the objective does not rise, and set B to B exp(X / 2).
5. Repeat until it falls by rounding only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from theory.arrays import Array
from theory.dynamics import Recurrence
from theory.readouts import Readout


@dataclass(frozen=True)
class GeodesicTolerances:
    """When a descent along geodesics ends."""

    steps: int = 100  # at most; a dozen are usual
    longest_step: float = 2.0  # largest change of log G in one
    decrease: float = 1e-15  # relative, that ends them


GEODESIC = GeodesicTolerances()


def code_of_multiplier(readout: Readout, recurrence: Recurrence, multiplier: Array, start: Array) -> Array:
    """(d, d) the code G whose multiplier is Y: the minimum above.

    Args:
        readout: an exact one.
        recurrence: the recurrent cost, in the same coordinates.
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
        linear, read = root.T @ multiplier @ root, inverse @ readout.gram @ inverse.T
        turned = root.T @ recurrence.matrices @ inverse.T
        return float(np.trace(linear + read) + recurrence.cost * (turned**2).sum()), linear, read, turned

    root = np.asarray(np.linalg.cholesky(start), dtype=np.float64)  # step 1
    value, linear, read, turned = at(root)
    for _ in range(GEODESIC.steps):
        # Step 2.
        other = np.swapaxes(turned, 1, 2)
        out, back = recurrence.cost * (turned @ other).sum(axis=0), recurrence.cost * (other @ turned).sum(axis=0)
        gradient = flat @ (linear - read + out - back).ravel()
        hessian = flat @ ((linear + read + out + back) @ basis).reshape(len(basis), -1).T
        for matrix in turned:
            across = flat @ (matrix @ basis @ matrix.T).reshape(len(basis), -1).T
            hessian = hessian - 2 * recurrence.cost * across
        # Step 3.
        move = np.tensordot(-np.linalg.solve((hessian + hessian.T) / 2, gradient), basis, 1)
        sizes, directions = np.linalg.eigh(move)
        length = min(1.0, GEODESIC.longest_step / max(np.abs(sizes).max(), GEODESIC.longest_step))
        # Step 4.
        while True:
            next_root = root @ (directions * np.exp(length * sizes / 2))
            step = at(next_root)
            if step[0] <= value * (1 + GEODESIC.decrease) or length < GEODESIC.decrease:
                break
            length /= 2
        decrease = value - step[0]
        root, (value, linear, read, turned) = next_root, step
        if decrease <= GEODESIC.decrease * value:  # step 5
            break
    return np.asarray(root @ root.T)
