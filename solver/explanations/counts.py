"""How much of the samples has which labels, separately where a neuron fires and where it is silent.

1. Add up the weights of samples with the same labels: one firing and one silent weight for each different row.
2. Add up those of the rows with each label, and with each two labels.
3. Put the moments of two or three labels side by side: the weights of all samples, and of those with each label, with
   each two and with all three. The weight of every formula follows from these by inclusion and exclusion
   (`solver.explanations.formulas.Forms`).

If all samples count alike these are whole numbers, which floating point adds without rounding.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from theory.arrays import Array, Indices, Mask


@dataclass(frozen=True, eq=False)
class Weights:
    """Weight of the samples with each row of labels, where a neuron fires and where it is silent."""

    rows: Array  # (P, k) zeros and ones
    firing: Array  # (P,)
    silent: Array  # (P,)

    def both(self) -> tuple[Array, Array]:
        """The two weights."""
        return self.firing, self.silent


@dataclass(frozen=True, eq=False)
class Counts:
    """Weights of labels and pairs of them; the first entry of each where the neuron fires, the second where not."""

    whole: Array  # (2,) of all samples
    one: Array  # (2, k) of those with each label
    two: Array  # (2, k, k) of those with both labels of a pair

    @property
    def labels(self) -> int:
        """How many there are."""
        return self.one.shape[1]

    def reordered(self, order: Indices) -> Counts:
        """With the labels in another order."""
        return Counts(self.whole, self.one[:, order], self.two[:, order][:, :, order])


def weights_of(rows: Array, of_sample: Indices, weights: Array, fires: Mask) -> Weights:
    """Add up the weights of samples with the same labels (step 1).

    Args:
        rows: (P, k) the different rows.
        of_sample: (T,) which of them each sample has.
        weights: (T,) of the samples.
        fires: (T,) where the neuron fires.
    """
    firing, silent = (np.bincount(of_sample, np.where(mask, weights, 0.0), len(rows)) for mask in (fires, ~fires))
    return Weights(rows, firing.astype(np.float64), silent.astype(np.float64))


def counted(weights: Weights) -> Counts:
    """The weights of labels and pairs (step 2).

    Example:
        >>> rows = np.array([[0.0, 1.0], [1.0, 1.0]])
        >>> counts = counted(Weights(rows, np.array([2.0, 1.0]), np.array([0.0, 3.0])))
        >>> counts.whole.tolist(), counts.one.tolist(), counts.two[:, 0, 1].tolist()
        ([3.0, 3.0], [[1.0, 3.0], [3.0, 3.0]], [1.0, 3.0])
    """
    both = np.array(weights.both())
    two = np.array([_product(weights.rows, part) for part in weights.both()])
    return Counts(both.sum(axis=1), np.array([np.diagonal(part) for part in two]), two)


def _product(rows: Array, weight: Array) -> Array:
    seen = weight > 0
    chosen = rows[seen]
    return np.asarray((chosen * weight[seen, None]).T @ chosen)


def moments_of_pairs(counts: Counts, first: Indices, second: Indices) -> Array:
    """Step 3: (2, m, 4) the moments of pairs: of all samples, those with the second label, the first, and both."""
    columns = [
        np.broadcast_to(counts.whole[:, None], (2, len(first))),
        counts.one[:, second],
        counts.one[:, first],
        counts.two[:, first, second],
    ]
    return np.stack(columns, axis=-1)


def moments_of_triples(counts: Counts, triples: Indices, three: Array) -> Array:
    """Step 3: (2, m, 8) the moments of triples (m, 3) of labels, of which (2, m) samples have all three."""
    first, second, third = triples.T
    columns = [
        np.broadcast_to(counts.whole[:, None], three.shape),
        counts.one[:, third],
        counts.one[:, second],
        counts.two[:, second, third],
        counts.one[:, first],
        counts.two[:, first, third],
        counts.two[:, first, second],
        three,
    ]
    return np.stack(columns, axis=-1)
