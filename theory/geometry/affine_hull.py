"""The affine hull of sources of which some are told by others (docs/mathematics.md, "Dependent sources").

As coordinates r some of the sources themselves are kept, so that samples keep their digits:

1. In units in which every source varies by one, keep the first source of which at least a share is not told by those
   kept before; repeat with what is left of the others, until that is rounding.
2. Every other source is a combination of those that are kept, by least squares on a root of the covariance: of as few
   as do, and of whole numbers, or other short ones, where these do as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from theory.arrays import Array, Indices
from theory.immutable import Frozen


@dataclass(frozen=True)
class AffineHullTolerances:
    """What a combination of sources may leave out."""

    # Share of the largest remainder from which the first source is kept; no tie, which rounding breaks.
    leading: float = 0.617
    nothing: float = 1e-10  # of a source's deviation, that a combination may hold of another and does not
    digits: int = 12  # decimals of a short number
    rounding: float = 4 * float(np.finfo(float).eps)  # share of a source's deviation that short numbers may miss of it


HULL_OF_SOURCES = AffineHullTolerances()


@dataclass(frozen=True, eq=False)
class AffineHull(Frozen):
    """Sources that lie in an affine space of fewer dimensions: s - mean = U (s_kept - mean_kept).

    A neuron with weights w on the sources is, on every sample, one with the weights U'w on those that are kept; what
    else w says is constant, and the bias takes care of it.

    Example:
        >>> one_of_three = np.eye(3) - 1 / 3
        >>> hull = AffineHull.of(one_of_three / 3**0.5, np.ones(3), 1e-10)
        >>> hull.kept.tolist(), hull.basis.round(9).tolist()
        ([0, 1], [[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]])
    """

    kept: Indices  # (r,) indices of the sources that are the coordinates
    basis: Array  # (d, r) U, with the identity in the rows of those that are kept

    @classmethod
    def of(cls, root: Array, deviation: Array, rounding: float) -> AffineHull:
        """The hull of sources with C = R'R, from R (k, d) and the deviation (d,) of each; a share of it is rounding."""
        unit = root / deviation
        left, kept = unit.copy(), list[int]()
        while len(kept) < min(unit.shape):  # step 1
            size = np.linalg.norm(left, axis=0)
            if size.max() <= rounding:
                break
            first = int(np.argmax(size >= HULL_OF_SOURCES.leading * size.max()))
            kept.append(first)
            direction = left[:, first] / size[first]
            # Twice, since what is left of nearly dependent sources is mostly rounding of the first time.
            for _ in range(2):
                left = left - np.outer(direction, direction @ left)
            left[:, kept] = 0.0
        kept.sort()
        basis = np.linalg.lstsq(unit[:, kept], unit, rcond=None)[0].T  # step 2
        for row in np.flatnonzero((np.abs(basis) <= HULL_OF_SOURCES.nothing).any(axis=1)):
            used = np.abs(basis[row]) > HULL_OF_SOURCES.nothing
            basis[row] = 0.0
            basis[row, used] = np.linalg.lstsq(unit[:, kept][:, used], unit[:, row], rcond=None)[0]
        basis = basis * deviation[:, None] / deviation[kept]
        basis[kept] = np.eye(len(kept))
        short = np.round(basis, HULL_OF_SOURCES.digits)
        missed = (root - root[:, kept] @ short.T) / deviation
        return cls(np.array(kept), short if np.abs(missed).max() <= HULL_OF_SOURCES.rounding else basis)

    @classmethod
    def whole(cls, dimension: int) -> AffineHull:
        """The hull of sources of which none is told by others: all of them are coordinates.

        Example:
            >>> AffineHull.whole(2).rank
            2
        """
        return cls(np.arange(dimension), np.eye(dimension))

    @property
    def rank(self) -> int:
        """The number of dimensions r."""
        return len(self.kept)

    def functions(self, weights: Array) -> Array:
        """(n, r) what neurons of weights (n, d) are on the samples: their weights on the sources that are kept."""
        return np.asarray(weights @ self.basis)

    def placed(self, functions: Array) -> Array:
        """(n, d) weights of neurons (n, r) on the sources that are kept alone."""
        result = np.zeros((len(functions), len(self.basis)))
        result[:, self.kept] = functions
        return result

    def form(self, form: Array) -> Array:
        """(d, d) the form in weights of one (r, r) in functions."""
        return np.asarray(self.basis @ form @ self.basis.T)

    def combination(self) -> Array:
        """(d,) a combination of sources that is constant: the first that is told by others, less what tells it."""
        told = int(np.flatnonzero(~np.isin(np.arange(len(self.basis)), self.kept))[0])
        result = -self.placed(self.basis[[told]])[0]
        result[told] = 1.0
        return result
