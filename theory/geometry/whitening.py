"""Whitened coordinates x = H w of neurons: their energy is |x|^2, and H K H' is diagonal.

With ``M = H'H`` the cost of a neuron is ``|x|^2 + h^2``, and sources become ``H^-T s``, so that ``w.s`` does not
change. H is determined up to a rotation; the one that makes ``H K H'`` diagonal leaves nothing ill conditioned but the
scales of the coordinates. Strongly correlated sources, such as measurements, lose digits in other coordinates:

1. Scale the columns of a root R of M, M = R'R, and sort its rows by size, the largest first.
2. Take the triangular factor of R, which equals H but for a rotation.
3. Rotate by the right singular vectors of B' after R^-1: the columns of B H' become orthogonal.

Both forms are computed from their roots, never from a product.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from theory.arrays import Array
from theory.geometry.affine_hull import AffineHull
from theory.immutable import Frozen


@dataclass(frozen=True, eq=False)
class Whitening(Frozen):
    """Coordinates x = H w in which the energy of a neuron is ``|x|^2``, M = H'H, and H K H' is diagonal.

    Example:
        >>> root = np.array([[2.0, 1.0], [0.0, 1.0]])
        >>> whitening = Whitening.of(root, np.eye(2), np.ones(2))
        >>> bool(np.allclose(whitening.matrix.T @ whitening.matrix, root.T @ root))
        True
    """

    matrix: Array  # (d, d) H; of dependent sources (r, d), and the inverse (d, r)
    inverse: Array  # (d, d) H^-1
    targets: Array  # (r, d) B H', what is decoded of the whitened sources, with orthogonal columns

    @classmethod
    def of(cls, energy_root: Array, targets: Array, scale: Array) -> Whitening:
        """The whitening of a problem with energy root R (k, d) and targets (r, d).

        The scale (d,) is the typical cost of a unit neuron of each source: sources of tiny scale keep their digits.
        """
        half = energy_root / scale
        # Step 1. Large rows first, so that the small ones keep their digits.
        order = np.argsort(-np.abs(half).max(axis=1), kind="stable")
        root = np.asarray(np.linalg.qr(half[order], mode="r"))  # step 2
        few = len(targets) < len(scale)
        left, size, right = np.linalg.svd(targets * scale @ root.T, full_matrices=few)  # step 3
        inverse = np.linalg.inv(root) @ right.T / scale[:, None]
        turned = np.zeros(targets.shape)
        turned[:, : len(size)] = left[:, : len(size)] * size
        return cls(right @ root * scale, inverse, turned)

    @classmethod
    def none(cls, targets: Array) -> Whitening:
        """The identity, for a problem that is whitened already."""
        identity = np.eye(targets.shape[1])
        return cls(identity, identity, targets)

    def of_dependent(self, hull: AffineHull) -> Whitening:
        """The whitening of sources of which these are the coordinates: H U' and, for weights on those kept, H^-1."""
        return Whitening(self.matrix @ hull.basis.T, hull.placed(self.inverse.T).T, self.targets)

    def restricted(self, members: Sequence[int]) -> Whitening:
        """The whitening of neurons that read only some of the sources, by index."""
        root = np.asarray(np.linalg.qr(self.matrix[:, list(members)], mode="r"))
        inverse = np.linalg.inv(root)
        return Whitening(root, inverse, (self.targets @ self.inverse.T)[:, list(members)] @ root.T)

    def neurons(self, weights: Array) -> Array:
        """(n, d) neurons x of source weights (n, d)."""
        return np.asarray(weights @ self.matrix.T)

    def weights(self, neurons: Array) -> Array:
        """(n, d) source weights of neurons x (n, d)."""
        return np.asarray(neurons @ self.inverse.T)

    def samples(self, samples: Array) -> Array:
        """(T, d) whitened samples of samples (T, d) about the mean."""
        return np.asarray(samples @ self.inverse)

    def functionals(self, whitened: Array) -> Array:
        """(k, d) functionals w -> a.w of functionals x -> y.x on neurons (k, d): the way back from `samples`."""
        return np.asarray(whitened @ self.matrix)

    def rows(self, samples: Array) -> Array:
        """(T, d + 1) the inequalities b + w.s_t >= 0 of samples (T, d) about the mean, on (b, x)."""
        return np.column_stack([np.ones(len(samples)), self.samples(samples)])

    def worth(self, multiplier: Array) -> Array:
        """(d, d) the form w'Y w in x."""
        return np.asarray(self.inverse.T @ multiplier @ self.inverse)

    def multiplier(self, worth: Array) -> Array:
        """(d, d) the form Y in w of a form in x."""
        form = self.matrix.T @ worth @ self.matrix
        # Where digits are lost a product is not its own transpose.
        return np.asarray((form + form.T) / 2)


def scaled_inverse(matrix: Array) -> Array:
    """(d, dx) the pseudoinverse of a matrix (dx, d) of full column rank, whose columns may be of very unlike sizes.

    Example:
        >>> bool(np.allclose(scaled_inverse(np.diag([1e-30, 1e30])), np.diag([1e30, 1e-30]), rtol=1e-12, atol=0))
        True
    """
    size = np.linalg.norm(matrix, axis=0)
    return np.asarray(np.linalg.pinv(matrix / size) / size[:, None])


def lifted(worth: Array) -> Array:
    """(d + 1, d + 1) the form in (b, x) of a form (d, d) in x; the bias earns nothing."""
    result = np.zeros((len(worth) + 1, len(worth) + 1))
    result[1:, 1:] = worth
    return result
