"""Neurons that may be of use, each once: the columns of the restricted master problem.

1. Join new neurons to the pool: of those that agree in each entry, up to rounding, the first stays.
2. Keep those that earn most at a multiplier, where there are too many.

The neurons of a code that point nearly the same way are one neuron:

3. The strongest leads all that point the same way, the strongest of the others those that are left, and so on.
4. Turn each to the mean direction, by energy, of those with its leader, if directions are to be averaged.
5. Make those with one leader one: its squared length is the sum of theirs, so that it does as much for the readout.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from theory.arrays import Array, Indices, Mask


@dataclass(frozen=True)
class Pool:
    """Neurons with their active samples.

    Attributes:
        columns: (n, d) neurons, scaled to f = 1.
        active: (n, d) samples that attain each bias, -1 in unused places.
    """

    columns: Array
    active: Indices

    def joined(self, *others: Pool) -> Pool:
        """With others, which are the last; of equal neurons the first stays (step 1)."""
        columns = np.concatenate([self.columns, *(pool.columns for pool in others)])
        active = np.concatenate([self.active, *(pool.active for pool in others)])
        kept = _first_of_equals(columns)
        return Pool(columns[kept], active[kept])

    def best(self, multiplier: Array, most: int) -> Pool:
        """Step 2: the neurons that earn most at a multiplier (d, d).

        At the multiplier of a code its neurons earn what they cost.
        """
        ratio = np.einsum("ni,ij,nj->n", self.columns, multiplier, self.columns)
        kept = np.argsort(-ratio, kind="stable")[:most]
        return Pool(self.columns[kept], self.active[kept])


def _first_of_equals(columns: Array) -> Mask:
    """(n,) which columns (n, d) are no repetition of one before: in each entry, since a source may be a tiny part."""
    equal = np.ones((len(columns),) * 2, dtype=bool)
    for entries in columns.T:
        equal &= np.abs(entries[:, None] - entries) <= 1e-12 * np.abs(entries)
    return np.asarray(~np.tril(equal, -1).any(axis=1))


def leaders(
    neurons: Array, strength: Array, apart: float, *, either_way: bool = False, kinds: Indices | None = None
) -> Indices:
    """(n,) for each neuron the strongest leader that points the same way (step 3).

    Args:
        neurons: (n, d), in coordinates in which angles mean something.
        strength: (n,) who leads; of equals the first.
        apart: cosine distance up to which two neurons point the same way.
        either_way: whether opposite neurons count as pointing the same way.
        kinds: (n,) which kind each is of, if only those of one kind may be one.

    Example:
        >>> leaders(np.array([[1.0, 0.0], [0.0, 1.0], [2.0, 1e-9]]), np.array([1.0, 1.0, 2.0]), 1e-8).tolist()
        [2, 1, 2]
    """
    unit = neurons / np.linalg.norm(neurons, axis=1).clip(min=np.finfo(float).tiny)[:, None]
    cosine, every = unit @ unit.T, np.arange(len(neurons))
    alike = (np.abs(cosine) if either_way else cosine) > 1 - apart
    if kinds is not None:
        alike &= kinds[:, None] == kinds
    np.fill_diagonal(alike, True)
    if np.count_nonzero(alike) == len(neurons):
        return every
    leader = np.where(alike.sum(axis=1) > 1, -1, every)
    for strongest in np.argsort(-strength, kind="stable"):
        if leader[strongest] < 0:
            leader[alike[strongest] & (leader < 0)] = strongest
    return leader


def distinct(neurons: Array, strength: Array, apart: float) -> Indices:
    """The neurons (n, d) that lead: of those that point the same way the strongest. See `leaders`."""
    return np.flatnonzero(leaders(neurons, strength, apart) == np.arange(len(neurons)))


def merged(neurons: Array, leader: Indices) -> tuple[Indices, Array]:
    """Step 5: neurons (n, d) with one leader made one; which are left, and by what factor each is longer.

    It keeps G up to the angles between them: w and r w together do no more for the readout than one neuron of length
    sqrt(1 + r^2). See `leaders`.

    Example:
        >>> merged(np.array([[3.0, 0.0], [0.0, 1.0], [4.0, 0.0]]), np.array([2, 1, 2]))
        (array([1, 2]), array([1.  , 1.25]))
    """
    kept = np.flatnonzero(leader == np.arange(len(neurons)))
    length = np.linalg.norm(neurons, axis=1)
    energy = np.bincount(leader, length**2, minlength=len(neurons))
    return kept, np.sqrt(energy[kept]) / length[kept]


def aligned(neurons: Array, leader: Indices) -> Array:
    """Step 4: (n, d) each neuron turned to the mean direction of those with its leader, on the side where it is.

    Example:
        >>> aligned(np.array([[3.0, 4.0], [0.0, 1.0], [-4.0, -3.0]]), np.array([0, 1, 0])).round(6).tolist()
        [[3.535534, 3.535534], [0.0, 1.0], [-3.535534, -3.535534]]
    """
    length = np.linalg.norm(neurons, axis=1)
    # Seen from its leader a neuron may be opposite.
    signed = np.where(np.einsum("ni,ni->n", neurons, neurons[leader]) < 0, -length, length)
    total = np.zeros_like(neurons)
    np.add.at(total, leader, signed[:, None] * neurons)
    size = np.linalg.norm(total, axis=1).clip(min=np.finfo(float).tiny)
    return np.asarray(signed[:, None] * (total / size[:, None])[leader])


def merged_pair(neurons: Array, pair: tuple[int, int]) -> tuple[Array, Array]:
    """The other neurons (n - 2, d), and the one (d,), up to its sign, that does most of what two of them do for G.

    Example:
        >>> others, one = merged_pair(np.array([[3.0, 0.0], [0.0, 1.0], [4.0, 0.0]]), (0, 2))
        >>> others.tolist(), np.abs(one).round(12).tolist()
        ([[0.0, 1.0]], [5.0, 0.0])
    """
    _, size, direction = np.linalg.svd(neurons[list(pair)], full_matrices=False)
    return np.delete(neurons, pair, axis=0), size[0] * direction[0]
