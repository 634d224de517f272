"""What the readout asks of a code: everything that the rest of the program knows of it (docs/mathematics.md, "The
readout").

Of a code only ``G = sum_i w_i w_i'`` matters to a linear readout, and what the best one costs is

    g(G) = decoder_cost tr(K (G + G0)^-1),          Y = -grad g(G) = decoder_cost (G + G0)^-1 K (G + G0)^-1

with ``K = B'B`` for the targets ``y = B s`` that it must produce. The exact decoder of the data x = A s has B = A and
no G0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from theory.formulas import modular_loss, modular_strength

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

__all__ = ["Exact", "Readout", "Reads", "symmetric_root"]


@dataclass(frozen=True)
class Readout:
    """The price of reading a code out, in one set of coordinates.

    Attributes:
        targets: (r, d) B; what is decoded, y = B s.
        decoder_cost: price of the squared decoder weights.
        ridge: (d, d) G0, or None for zero.

    Example:
        >>> exact = Readout(np.eye(2), decoder_cost=3.0)
        >>> exact.value(np.diag([1.0, 2.0]))
        4.5
        >>> exact.multiplier(np.diag([1.0, 2.0])).tolist()
        [[3.0, 0.0], [0.0, 0.75]]
    """

    targets: Array
    decoder_cost: float
    ridge: Array | None = None

    @property
    def gram(self) -> Array:
        """(d, d) decoder_cost B'B."""
        return np.asarray(self.decoder_cost * self.targets.T @ self.targets)

    def root(self) -> Array:
        """(min(r, d), d) R with R'R = decoder_cost K, upper triangular."""
        return np.asarray(np.linalg.qr(self.targets * self.decoder_cost**0.5, mode="r"))

    def in_coordinates(self, matrix: ArrayLike, unit: float = 1.0, *, targets: Array | None = None) -> Readout:
        """The same readout of neurons x = H w, in other units of loss: its targets are B H', its ridge H G0 H'.

        Args:
            matrix: (d, d) H, or (d,) its diagonal.
            unit: what the loss is counted in.
            targets: (r, d) B H', where it is known to more digits than the product has.
        """
        given = np.asarray(matrix, dtype=np.float64)
        if given.ndim == 1:
            product, ridge = self.targets * given, None if self.ridge is None else self.ridge * np.outer(given, given)
        else:
            product, ridge = self.targets @ given.T, None if self.ridge is None else given @ self.ridge @ given.T
        return Readout(product if targets is None else targets, self.decoder_cost / unit, ridge)

    # ---- value and derivatives --------------------------------------------------------------------------------

    def value(self, code: ArrayLike) -> float:
        """g(G), infinite where no decoder does what is asked for.

        Args:
            code: (d, d) G.
        """
        matrix = self._ridged(code)
        scale = np.sqrt(np.diag(matrix))
        if not (scale > 0).all():
            return float("inf")
        try:
            factor = np.linalg.cholesky(matrix / np.outer(scale, scale))
        except np.linalg.LinAlgError:
            return float("inf")
        root = np.linalg.solve(factor, (self.targets / scale).T)
        return float(self.decoder_cost * (root**2).sum())

    def multiplier(self, code: ArrayLike) -> Array:
        """(d, d) Y = -grad g(G): what one unit of w w' is worth to the readout.

        Args:
            code: (d, d) G.

        Raises:
            numpy.linalg.LinAlgError: G + G0 is singular.
        """
        matrix = self._ridged(code)
        scale = np.sqrt(np.diag(matrix))
        scaled = np.linalg.solve(matrix / np.outer(scale, scale), (self.targets / scale).T) / scale[:, None]
        return np.asarray(self.decoder_cost * scaled @ scaled.T)

    def expansion(self, code: ArrayLike) -> tuple[Array, Array]:
        """(d, d) (G + G0)^-1 and Y, of which the second derivative of g along dG is 2 tr(dG (G + G0)^-1 dG Y).

        Args:
            code: (d, d) G.

        Raises:
            numpy.linalg.LinAlgError: G + G0 is singular.
        """
        inverse = np.asarray(np.linalg.inv(self._ridged(code)), dtype=np.float64)
        half = self.targets @ inverse
        return inverse, np.asarray(self.decoder_cost * half.T @ half)

    def decoder(self, weights: Array) -> Array:
        """(r, n) the cheapest decoder B (G + G0)^-1 W' of a code (n, d) that spans the sources."""
        scale = np.linalg.norm(weights, axis=0)
        return np.asarray(self.targets / scale @ np.linalg.pinv(weights / scale))

    # ---- duality ----------------------------------------------------------------------------------------------

    def dual_value(self, root: Array, rho: float) -> float:
        """The lower bound on every loss that Y = R'R proves where rho is at least its largest ratio w'Y w / f(w).

            2 sqrt(decoder_cost / rho) tr (K^1/2 Y K^1/2)^1/2

        Args:
            root: (k, d) R.
            rho: positive.
        """
        value = 2 * (self.decoder_cost**0.5) * float(np.linalg.svd(root @ self.targets.T, compute_uv=False).sum())
        return value / max(rho, 1e-300) ** 0.5 if value > 0 else 0.0

    def rescaling(self, code: ArrayLike, energy: float) -> float:
        """The factor r by which to scale all weights of a code: energy r^2 + g(r^2 G) is least.

        Args:
            code: (d, d) G.
            energy: sum of f over its neurons.
        """
        return float((self.value(code) / energy) ** 0.25)

    # ---- one neuron a source ----------------------------------------------------------------------------------

    def modular_strengths(self, costs: Array) -> Array:
        """(d,) squared weights of the best modular code.

        Args:
            costs: (d,) what a neuron of each source costs at unit weight.
        """
        return np.asarray(modular_strength(costs, self.decoder_cost, self.demand))

    def modular_loss(self, costs: Array) -> float:
        """Loss of the best modular code.

        Args:
            costs: (d,) what a neuron of each source costs at unit weight.
        """
        return float(modular_loss(costs, self.decoder_cost, self.demand).sum())

    @property
    def demand(self) -> Array:
        """(d,) the diagonal of K = B'B: how much is asked of each source."""
        return np.asarray((self.targets**2).sum(axis=0))

    def _ridged(self, code: ArrayLike) -> Array:
        matrix = np.asarray(code)
        return matrix if self.ridge is None else matrix + self.ridge


@runtime_checkable
class Reads(Protocol):
    """A way to read codes out, whatever the sources: what `Problem` takes as its readout."""

    def price(self, mixing: Array, covariance: Array, decoder_cost: float) -> Readout:
        """What it costs for given sources.

        Args:
            mixing: (dx, d) A.
            covariance: (d, d) C.
            decoder_cost: price of the squared decoder weights.
        """


@dataclass(frozen=True)
class Exact:
    """The data x = A s, decoded without error."""

    def price(self, mixing: Array, covariance: Array, decoder_cost: float) -> Readout:
        """See `Reads`."""
        del covariance  # an exact decoder makes no errors to weigh
        return Readout(mixing, decoder_cost)


def symmetric_root(matrix: Array) -> Array:
    """(d, d) R with R'R the positive part of a symmetric matrix.

    Example:
        >>> symmetric_root(np.diag([4.0, -1.0])).tolist()[1]
        [2.0, 0.0]
    """
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))).T)
