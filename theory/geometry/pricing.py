"""Pricing: which neuron is worth most? ``rho(Y) = max_w w'Y w / f(w)``, exactly, on the faces of the hull.

This is the only hard step of the theory. A multiplier Y is what the readout pays for a unit of w w'; a neuron with
ratio above one earns more than it costs, and if none exists Y proves a lower bound (docs/mathematics.md, "Pricing" and
"Pricing exactly").

The neurons whose bias is attained by a given set of samples fill part of a subspace, and there f is one quadratic. In
a basis of the subspace in which f is the identity, the best neuron is the first eigenvector of Y; it counts if it lies
in that part, and if it does not, the best of them lies on the border, which is made of larger faces of the hull. So
faces are looked at from few samples to many, and those larger than one that is settled are settled with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from theory.geometry.face_lattice import FaceLattice

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from theory.arrays import Array, Indices
    from theory.geometry.whitening import Whitening

__all__ = ["Priced", "Pricing"]

BLOCK = 1 << 14
"""Faces handled at once."""

KEPT = 1 << 18
"""Faces up to which their bases are kept from one multiplier to the next."""

INSIDE = 1e-10
"""By how much another sample may exceed those of a face on a neuron with f = 1 that counts as theirs: far above
rounding, and no more than this is lost in the ratio."""

ROUNDING = 1e-15
"""Rounding of a neuron's product with a sample, in units of the largest sample."""

ABOVE = 1 + 1e-13
"""A ratio above the bar by less than this factor is rounding."""


@dataclass(frozen=True)
class Priced:
    """The best neuron of each face that holds one better than the bar.

    Attributes:
        rho: largest ratio w'Y w / f(w) over all directions.
        worst: (d,) a direction that attains it, scaled to f(w) = 1.
        ratios: (k,) best ratio on each such face, decreasing;  directions: (k, d) where, scaled to f(w) = 1.
        tied: (k, d) the samples that span those faces, as indices of the vertices; -1 in unused places.
    """

    rho: float
    worst: Array
    ratios: Array
    directions: Array
    tied: Indices


class Pricing:
    """Exact maximisation of w'Y w / f(w) for one problem; cheap to ask again with another Y.

    Args:
        faces: of conv(-S), all of them.
        whitening: the coordinates in which the energy of a neuron is its squared length.

    Example:
        >>> from theory.problem import Problem
        >>> problem = Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]])
        >>> round(problem.pricing.maximise(problem.energy_matrix + np.eye(2)).rho, 12)
        1.0
    """

    def __init__(self, faces: FaceLattice, whitening: Whitening) -> None:
        self.faces = faces
        self.whitening = whitening
        self.corners = whitening.samples(faces.vertices)
        self.inside = INSIDE + ROUNDING * float(np.abs(self.corners).max())
        self._kept: list[Array] | None = None
        if sum(len(level) for level in faces.levels) <= KEPT:
            self._kept = [self._bases(level) for level in faces.levels]

    def maximise(self, multiplier: Array, *, bar: float | None = None) -> Priced:
        """Largest ratio w'Y w / f(w), with the best neuron of every face where it exceeds the bar.

        Args:
            multiplier: (d, d) symmetric Y.
            bar: a ratio known to be attained (1 at the neurons of a code whose multiplier is Y). Faces that stay at or
                below it are not listed, and the result is at least the bar. If not given, only the best are found.
        """
        return self.maximise_worth(self.whitening.worth(multiplier), bar=bar)

    def maximise_worth(self, worth: Array, *, bar: float | None = None) -> Priced:
        """The same for the form of Y in whitened coordinates."""
        start, neuron = self._looking_at_a_vertex(worth)
        rising, found = bar is None, []
        least = start if bar is None else bar
        unsettled: Indices = np.empty(0, dtype=np.bool_)
        for size, level in enumerate(self.faces.levels, start=1):
            chosen = np.arange(len(level))
            if size > 1:
                chosen = np.flatnonzero(unsettled[self.faces.walls[size - 2]].all(axis=1))
            unsettled = np.zeros(len(level), dtype=np.bool_)
            for rows in _blocks(chosen):
                ratios, neurons, inside = self._best(worth, level, size, rows, least)
                unsettled[rows] = (ratios > least * ABOVE) & ~inside
                if inside.any():
                    tied = np.full((int(inside.sum()), len(worth)), -1)
                    tied[:, :size] = level[rows[inside]]
                    found.append((ratios[inside], neurons[inside], tied))
                    if rising:
                        least = max(least, float(ratios[inside].max()))
        if not found:
            nothing = np.empty((0, len(worth)))
            return Priced(least, self.whitening.weights(neuron), np.empty(0), nothing, nothing.astype(np.intp))
        ratios, neurons, tied = (np.concatenate(parts) for parts in zip(*found, strict=True))
        order = np.argsort(-ratios, kind="stable")
        weights = self.whitening.weights(neurons[order])
        return Priced(max(float(ratios[order[0]]), least), weights[0], ratios[order], weights, tied[order])

    def _looking_at_a_vertex(self, worth: Array) -> tuple[float, Array]:
        """The best of the neurons that look straight at a vertex: a ratio that is attained."""
        cost = (self.corners**2).sum(axis=1) + self._support(self.corners) ** 2
        ratio = np.einsum("vi,ij,vj->v", self.corners, worth, self.corners) / cost
        best = int(np.argmax(ratio))
        return float(ratio[best]), self.corners[best] / cost[best] ** 0.5

    def _best(
        self, worth: Array, level: Indices, size: int, rows: Indices, bar: float
    ) -> tuple[Array, Array, NDArray[np.bool_]]:
        """Best ratio and neuron x on the subspace of each face, and whether it is one of the face's own."""
        bases = self._bases(level[rows]) if self._kept is None else self._kept[size - 1][rows]
        ratios, coordinates = _largest(np.swapaxes(bases, 1, 2) @ worth @ bases)
        above = np.flatnonzero(ratios > bar * ABOVE)
        neurons = np.zeros((len(rows), len(worth)))
        neurons[above] = np.einsum("nij,nj->ni", bases[above], coordinates[above])
        bias = np.einsum("ni,ni->n", neurons[above], self.corners[level[rows[above], 0]])
        neurons[above] *= np.where(bias < 0, -1.0, 1.0)[:, None]
        inside = np.zeros(len(rows), dtype=np.bool_)
        inside[above] = self._support(neurons[above]) <= np.abs(bias) + self.inside
        return ratios, neurons, inside

    def _support(self, neurons: Array) -> Array:
        """(n,) h of neurons x (n, d)."""
        height = [
            (neurons[rows] @ self.corners.T).max(axis=1)
            for rows in _blocks(np.arange(len(neurons)), max(1, (BLOCK << 8) // len(self.corners)))
        ]
        return np.concatenate(height) if height else np.empty(0)

    def _bases(self, faces: Indices) -> Array:
        """(n, d, d - k + 1) for each face a basis of the neurons for which its k samples tie, in which f is |c|^2.

        All but the first vector are orthogonal to the samples themselves, so that the bias grows along that alone.
        """
        size = faces.shape[1]
        tied = np.empty((len(faces), size, self.corners.shape[1]))
        # Differences first: of samples that are close to each other they are exact.
        vertices = self.faces.vertices
        tied[:, : size - 1] = self.whitening.samples(vertices[faces[:, 1:]] - vertices[faces[:, :1]])
        tied[:, size - 1] = self.corners[faces[:, 0]]
        basis, triangle = np.linalg.qr(np.swapaxes(tied, 1, 2), mode="complete")
        basis = basis[:, :, size - 1 :]
        basis[:, :, 0] /= np.sqrt(1 + triangle[:, size - 1, size - 1] ** 2)[:, None]
        return basis


def _blocks(rows: Indices, size: int = BLOCK) -> Iterator[Indices]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _largest(forms: Array) -> tuple[Array, Array]:
    """(n,) largest eigenvalue and (n, k) its unit vector of each form (n, k, k)."""
    size = forms.shape[1]
    if size == 1:
        return forms[:, 0, 0], np.ones((len(forms), 1))
    if size == 2:
        half, across = (forms[:, 0, 0] - forms[:, 1, 1]) / 2, forms[:, 0, 1]
        angle = np.arctan2(across, half) / 2
        middle = (forms[:, 0, 0] + forms[:, 1, 1]) / 2
        return middle + np.hypot(half, across), np.column_stack([np.cos(angle), np.sin(angle)])
    values, vectors = np.linalg.eigh(forms)
    return values[:, -1], vectors[:, :, -1]
