"""Coordinates that suit a problem: every neuron's energy is |x|^2, and the readout asks for each of them by itself.

With ``M = H'H`` the cost of a neuron is ``|x|^2 + h^2`` in ``x = H w``, and sources become ``H^-T s``, so that
``w.s`` stays what it is. H is determined up to a rotation; the one that makes ``H K H'`` diagonal leaves nothing that
is ill conditioned but the scales of the coordinates. Sources that are strongly correlated, as measurements are, lose
their digits in any other coordinates: both forms are computed from their roots, never from a product.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from theory.sources import Sources

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from theory.problem import Problem

    Array = NDArray[np.float64]

__all__ = ["Whitening", "lifted", "whitened"]


@dataclass(frozen=True)
class Whitening:
    """Coordinates x = H w in which the energy of a neuron is ``|x|^2``, M = H'H, and H K H' is diagonal.

    Attributes:
        matrix: (d, d) H;  inverse: (d, d) H^-1.
        mixing: (dx, d) A H', the mixing of the whitened sources, with orthogonal columns.

    Example:
        >>> from theory.problem import Problem
        >>> problem = Problem([[-1, -1], [-1, 1], [1, -1]])
        >>> whitening = Whitening.of(problem)
        >>> bool(np.allclose(whitening.matrix.T @ whitening.matrix, problem.energy_matrix))
        True
    """

    matrix: Array
    inverse: Array
    mixing: Array

    @classmethod
    def of(cls, problem: Problem) -> Whitening:
        """The whitening of a problem with any number of sources."""
        # In units of the modular neurons, so that sources of tiny scale keep their digits.
        scale = np.sqrt(problem.modular_costs)
        half = problem.energy_root / scale
        # Large rows first: then the small ones keep theirs.
        order = np.argsort(-np.abs(half).max(axis=1), kind="stable")
        root = np.asarray(np.linalg.qr(half[order], mode="r"))
        left, size, right = np.linalg.svd(problem.mixing * scale @ root.T, full_matrices=False)
        inverse = np.linalg.inv(root) @ right.T / scale[:, None]
        return cls(right @ root * scale, inverse, left * size)

    @classmethod
    def none(cls, mixing: Array) -> Whitening:
        """That of a problem that is whitened already."""
        identity = np.eye(mixing.shape[1])
        return cls(identity, identity, mixing)

    def restricted(self, members: Sequence[int]) -> Whitening:
        """That of the neurons which read only some of the sources, by index."""
        root = np.asarray(np.linalg.qr(self.matrix[:, list(members)], mode="r"))
        inverse = np.linalg.inv(root)
        return Whitening(root, inverse, (self.mixing @ self.inverse.T)[:, list(members)] @ root.T)

    def neurons(self, weights: Array) -> Array:
        """(n, d) neurons x of source weights (n, d)."""
        return np.asarray(weights @ self.matrix.T)

    def weights(self, neurons: Array) -> Array:
        """(n, d) source weights of neurons x (n, d)."""
        return np.asarray(neurons @ self.inverse.T)

    def samples(self, samples: Array) -> Array:
        """(T, d) whitened samples of samples (T, d) about the mean."""
        return np.asarray(samples @ self.inverse)

    def rows(self, samples: Array) -> Array:
        """(T, d + 1) the inequalities b + w.s_t >= 0 of samples (T, d) about the mean, on (b, x)."""
        return np.column_stack([np.ones(len(samples)), self.samples(samples)])

    def worth(self, multiplier: Array) -> Array:
        """(d, d) the form w'Y w in x."""
        return np.asarray(self.inverse.T @ multiplier @ self.inverse)

    def multiplier(self, worth: Array) -> Array:
        """(d, d) the form in x as one in w."""
        return np.asarray(self.matrix.T @ worth @ self.matrix)


def whitened(problem: Problem) -> Problem:
    """The same problem in the coordinates of its `Whitening`: the same loss for the same code.

    Its sources are known by their moments and vertices, in the order of the problem's own. Which neurons are modular
    is another question there.

    Example:
        >>> from theory.problem import Problem
        >>> problem = Problem([[-1, -1], [-1, 1], [1, -1]])
        >>> inside = whitened(problem)
        >>> weights = np.array([[1.0, 0.0], [1.0, 1.0]])
        >>> bool(np.isclose(problem.loss(weights), inside.loss(problem.whitening.neurons(weights))))
        True
    """
    from theory.problem import Problem

    whitening = problem.whitening
    root = problem.sources.covariance_root @ whitening.inverse
    sources = Sources.transformed(problem.sources, root, whitening.samples(problem.sources.vertices))
    inside = Problem(
        sources, mixing=whitening.mixing, encoder_cost=problem.encoder_cost, decoder_cost=problem.decoder_cost
    )
    # By construction, and to more digits than the sum of its parts would have.
    vars(inside).update(energy_matrix=np.eye(problem.dimension), whitening=Whitening.none(whitening.mixing))
    return inside


def lifted(worth: Array) -> Array:
    """(d + 1, d + 1) a form (d, d) in x as one in (b, x), where the bias earns nothing."""
    result = np.zeros((len(worth) + 1, len(worth) + 1))
    result[1:, 1:] = worth
    return result
