"""Exact pricing on the faces of the hull: ``rho(Y) = max_w w'Y w / f(w)`` (docs/mathematics.md, "Pricing").

A neuron with a ratio above one earns more than it costs, and if none exists Y proves a lower bound. The neurons whose
bias is attained by the k samples of a face lie in a subspace, on which f is one quadratic:

1. Begin with the best neuron along a sample: its ratio is attained.
2. Go through the faces by size, k = 1 to d. Price a face if each face of it with k - 1 samples is open (step 5).
3. In a basis of the face's subspace in which f is the identity, take the largest eigenvalue of Y and its eigenvector.
4. If the eigenvector is feasible (no other sample exceeds those of the face), it is the best neuron of the face.
5. If it is infeasible but the eigenvalue exceeds the bar, the face stays open: its best neuron lies on its border,
   among neurons of larger faces. All other faces are closed, and with them the larger ones.
6. rho is the largest eigenvalue of step 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from theory.arrays import Array, Indices, Mask
from theory.geometry.face_lattice import FaceLattice
from theory.geometry.whitening import Whitening


@dataclass(frozen=True)
class PricingTolerances:
    """When a neuron belongs to a face, and how many faces are priced at once."""

    feasible: float = 1e-10  # by how much another sample may exceed those of a face where f = 1: as much may rho miss
    rounding: float = 1e-15  # of a neuron's product with a sample, in units of the largest sample
    above: float = 1 + 1e-13  # a ratio above the bar by a smaller factor is rounding
    block: int = 1 << 14  # faces priced at once
    most_kept: int = 1 << 18  # faces up to which bases are kept from one multiplier to the next


PRICING = PricingTolerances()


@dataclass(frozen=True)
class PricedNeurons:
    """The best neurons of all k faces on which one exceeds the bar."""

    rho: float  # largest ratio w'Y w / f(w) over all directions
    worst: Array  # (d,) a direction that attains it, scaled to f(w) = 1
    ratios: Array  # (k,) decreasing
    directions: Array  # (k, d) neurons with these ratios, scaled to f(w) = 1
    tied: Indices  # (k, d) samples that span the faces, as indices of the vertices; -1 in unused places


@dataclass(frozen=True, eq=False)
class Pricing:
    """Exact maximisation of w'Y w / f(w) on all faces of conv(-S), for any Y, in whitened coordinates.

    Attributes:
        faces: of conv(-S).
        whitening: the coordinates in which faces are priced.
        outside: how multipliers that are passed, and neurons that are returned, come to these.
        energy_root: (k, d) R of the energy |R x|^2 there; None for |x|^2.
        corners: (V, d) the vertices there.
        slack: by how much another sample may exceed those of a face.
        bases_of_levels: the bases of the faces of each size, if they are few.

    Example:
        >>> from theory.problem import Problem
        >>> problem = Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]])
        >>> round(problem.pricing.maximise(problem.energy_matrix + np.eye(2)).rho, 12)
        1.0
    """

    faces: FaceLattice
    whitening: Whitening
    outside: Whitening
    energy_root: Array | None
    corners: Array
    slack: float
    bases_of_levels: tuple[Array, ...] | None = None

    @classmethod
    def of(cls, faces: FaceLattice, whitening: Whitening, energy_root: Array | None = None) -> Pricing:
        """For multipliers and neurons in the coordinates that the whitening starts from."""
        corners = whitening.samples(faces.vertices)
        slack = PRICING.feasible + PRICING.rounding * float(np.abs(corners).max())
        pricing = cls(faces, whitening, whitening, energy_root, corners, slack)
        if sum(len(level) for level in faces.levels) > PRICING.most_kept:
            return pricing
        return replace(pricing, bases_of_levels=tuple(pricing._bases(level) for level in faces.levels))

    def inside(self) -> Pricing:
        """One with the same faces and bases that takes multipliers, and gives neurons, in whitened coordinates.

        Example:
            >>> from theory.problem import Problem
            >>> problem = Problem([[-1, -1], [-1, 1], [1, -1]])
            >>> worth = problem.whitening.worth(np.diag([1.0, 2.0]))
            >>> problem.pricing.inside().maximise(worth).rho == problem.pricing.maximise_worth(worth).rho
            True
        """
        return replace(self, outside=Whitening.none(self.whitening.targets))

    def maximise(self, multiplier: Array, *, bar: float | None = None) -> PricedNeurons:
        """Largest ratio w'Y w / f(w), with the best neuron of every face where it exceeds the bar.

        Args:
            multiplier: (d, d) symmetric Y.
            bar: a ratio known to be attained (1 at the neurons of a code whose multiplier is Y). Faces at or below it
                are not listed, and rho is at least the bar. If None, it is the largest ratio so far.
        """
        return self.maximise_worth(self.outside.worth(multiplier), bar=bar)

    def maximise_worth(self, worth: Array, *, bar: float | None = None) -> PricedNeurons:
        """`maximise` for the form of Y in whitened coordinates."""
        rising, best = bar is None, []
        least = self._best_along_samples(worth)[0] if bar is None else bar  # step 1
        still_open: Mask = np.empty(0, dtype=np.bool_)
        for size, level in enumerate(self.faces.levels, start=1):
            # Step 2.
            chosen = np.arange(len(level))
            if size > 1:
                chosen = np.flatnonzero(still_open[self.faces.walls[size - 2]].all(axis=1))
            still_open = np.zeros(len(level), dtype=np.bool_)
            for rows in _blocks(chosen):
                ratios, neurons, feasible = self._best(worth, level, size, rows, least)  # steps 3 and 4
                still_open[rows] = (ratios > least * PRICING.above) & ~feasible  # step 5
                if feasible.any():
                    tied = np.full((int(feasible.sum()), len(worth)), -1)
                    tied[:, :size] = level[rows[feasible]]
                    best.append((ratios[feasible], neurons[feasible], tied))
                    if rising:
                        least = max(least, float(ratios[feasible].max()))
        if not best:
            none, neuron = np.empty((0, len(worth))), self._best_along_samples(worth)[1]
            return PricedNeurons(least, self.outside.weights(neuron), np.empty(0), none, none.astype(np.intp))
        ratios, neurons, tied = (np.concatenate(parts) for parts in zip(*best, strict=True))
        # Step 6.
        order = np.argsort(-ratios, kind="stable")
        weights = self.outside.weights(neurons[order])
        return PricedNeurons(max(float(ratios[order[0]]), least), weights[0], ratios[order], weights, tied[order])

    def best_two(
        self, worth: Array, size: int, faces: Indices, bar: float
    ) -> Iterator[tuple[Indices, Array, Array, Array, Mask]]:
        """For some faces of a size, in blocks: the two largest eigenvalues of Y, the first's neuron x, its feasibility.

        Args:
            worth: (d, d) the form of Y in whitened coordinates.
            size: samples k of each face.
            faces: indices of faces of that size.
            bar: below it neurons are not looked at, and count as infeasible.
        """
        level = self.faces.levels[size - 1]
        for rows in _blocks(faces):
            known = self.bases_of_levels
            bases = self._bases(level[rows]) if known is None else known[size - 1][rows]
            first, second, coordinates = _two_largest(np.swapaxes(bases, 1, 2) @ worth @ bases)
            neurons, feasible = self._on_faces(level[rows, 0], bases, coordinates, first > bar)
            yield rows, first, second, neurons, feasible

    def _best_along_samples(self, worth: Array) -> tuple[float, Array]:
        """Ratio and neuron x, of those with x along a sample; one at the mean makes none."""
        rooted = self.corners if self.energy_root is None else self.corners @ self.energy_root.T
        cost = (rooted**2).sum(axis=1) + self._support(self.corners) ** 2
        corners, cost = self.corners[cost > 0], cost[cost > 0]
        ratio = np.einsum("vi,vi->v", corners @ worth, corners) / cost
        best = int(np.argmax(ratio))
        return float(ratio[best]), corners[best] / cost[best] ** 0.5

    def _best(self, worth: Array, level: Indices, size: int, rows: Indices, bar: float) -> tuple[Array, Array, Mask]:
        """Best ratio and neuron x on the subspace of each face, and whether the neuron is feasible."""
        known = self.bases_of_levels
        bases = self._bases(level[rows]) if known is None else known[size - 1][rows]
        ratios, _, coordinates = _two_largest(np.swapaxes(bases, 1, 2) @ worth @ bases)
        return ratios, *self._on_faces(level[rows, 0], bases, coordinates, ratios > bar * PRICING.above)

    def _on_faces(self, first: Indices, bases: Array, coordinates: Array, chosen: Mask) -> tuple[Array, Mask]:
        """Neurons x (n, d) of coordinates in the bases of faces, for those chosen, and whether they are feasible.

        Args:
            first: (n,) a sample of each face.
            bases: (n, d, k).
            coordinates: (n, k).
            chosen: (n,).
        """
        neurons, feasible = np.zeros((len(bases), bases.shape[1])), np.zeros(len(bases), dtype=np.bool_)
        above = np.flatnonzero(chosen)
        if not len(above):
            return neurons, feasible
        best = np.einsum("nij,nj->ni", bases[above], coordinates[above])
        bias = np.einsum("ni,ni->n", best, self.corners[first[above]])
        best[bias < 0] *= -1.0
        neurons[above] = best
        feasible[above] = self._support(best) <= np.abs(bias) + self.slack
        return neurons, feasible

    def _support(self, neurons: Array) -> Array:
        """(n,) h of neurons x (n, d)."""
        size = max(1, (PRICING.block << 8) // len(self.corners))
        if len(neurons) <= size:
            return np.asarray((neurons @ self.corners.T).max(axis=1))
        parts = [neurons[start : start + size] for start in range(0, len(neurons), size)]
        return np.concatenate([(part @ self.corners.T).max(axis=1) for part in parts])

    def _bases(self, faces: Indices) -> Array:
        """(n, d, d - k + 1) for each face (n, k) a basis of its subspace in which f is the identity.

        All but the first vector are orthogonal to the samples, so that the bias grows along the first alone; but not
        where energy is another form.
        """
        size = faces.shape[1]
        tied = np.empty((len(faces), size, self.corners.shape[1]))
        # Differences first: of samples that are close to each other they are exact.
        vertices = self.faces.vertices
        tied[:, : size - 1] = self.whitening.samples(vertices[faces[:, 1:]] - vertices[faces[:, :1]])
        if self.energy_root is not None:
            return self._bases_of_energy(tied[:, : size - 1], self.corners[faces[:, 0]])
        tied[:, size - 1] = self.corners[faces[:, 0]]
        basis, triangle = np.linalg.qr(np.swapaxes(tied, 1, 2), mode="complete")
        basis = basis[:, :, size - 1 :]
        basis[:, :, 0] /= np.sqrt(1 + triangle[:, size - 1, size - 1] ** 2)[:, None]
        return basis

    def _bases_of_energy(self, differences: Array, first: Array) -> Array:
        """`_bases` where the energy is |R x|^2: any basis of the subspace, times the inverse of a root of f in it.

        Args:
            differences: (n, k - 1, d) of the samples of each face.
            first: (n, d) a sample of each.
        """
        basis = np.linalg.qr(np.swapaxes(differences, 1, 2), mode="complete")[0][:, :, differences.shape[1] :]
        root = np.linalg.qr(np.concatenate([self.energy_root @ basis, first[:, None] @ basis], axis=1), mode="r")
        return np.asarray(np.swapaxes(np.linalg.solve(np.swapaxes(root, 1, 2), np.swapaxes(basis, 1, 2)), 1, 2))


def _blocks(rows: Indices) -> Iterator[Indices]:
    for start in range(0, len(rows), PRICING.block):
        yield rows[start : start + PRICING.block]


def _two_largest(forms: Array) -> tuple[Array, Array, Array]:
    """(n,) largest and second eigenvalue, (n, k) the largest one's unit vector, of each form (n, k, k).

    There is no second one of forms of one coordinate: it is minus infinity.
    """
    size = forms.shape[1]
    if size == 1:
        return forms[:, 0, 0], np.full(len(forms), -np.inf), np.ones((len(forms), 1))
    if size == 2:
        half, across = (forms[:, 0, 0] - forms[:, 1, 1]) / 2, forms[:, 0, 1]
        angle = np.arctan2(across, half) / 2
        middle, apart = (forms[:, 0, 0] + forms[:, 1, 1]) / 2, np.hypot(half, across)
        return middle + apart, middle - apart, np.column_stack([np.cos(angle), np.sin(angle)])
    values, vectors = np.linalg.eigh(forms)
    return values[:, -1], values[:, -2], vectors[:, :, -1]
