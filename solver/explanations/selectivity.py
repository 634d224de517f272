"""How selective neurons are for labels: the average precision with which activity tells who has a label.

Samples are ranked by activity, the highest first. The average precision of a label is its share among all samples down
to a rank, averaged over the samples that have the label. Samples of equal activity have one rank, the last of them, so
that their order does not matter. A neuron that is highest on all samples with the label has one; chance leaves about
the share of samples that have it, and more where there are few.

Source: Zhang et al. (2023), who rank neurons by it.
"""

from __future__ import annotations

import numpy as np

from theory.arrays import Array, Indices, Mask
from theory.geometry.levels import levels


class Ranking:
    """The samples in the order of a neuron's activity, the highest first."""

    def __init__(self, number: Indices, weights: Array) -> None:
        self._order = np.argsort(-number, kind="stable")
        ranked = number[self._order]
        is_last = np.append(ranked[1:] != ranked[:-1], True)
        self._rank = np.cumsum(is_last) - is_last
        self._weights = weights[self._order]
        self._seen = np.cumsum(self._weights)[is_last]

    def precision(self, labels: Mask, rows: Indices | None = None) -> Array:
        """(k,) average precision for labels.

        Args:
            labels: (k, T), a label in a row, which is how they are read fastest.
            rows: (T,) the sample whose labels each sample gets; its own if not given.
        """
        label, place = np.nonzero(labels[:, self._order if rows is None else rows[self._order]])
        weight, rank = self._weights[place], self._rank[place]
        is_last = np.append((label[1:] != label[:-1]) | (rank[1:] != rank[:-1]), True)
        whole = np.bincount(label, weight)
        # Of each label and rank the weight that has the label, down to there.
        down_to = np.cumsum(weight)[is_last] - (np.cumsum(whole) - whole)[label[is_last]]
        share = (down_to / self._seen[rank[is_last]])[np.cumsum(is_last) - is_last]
        return np.asarray(np.bincount(label, weight * share) / whole)


def rankings(activity: Array, weights: Array) -> list[Ranking]:
    """For each neuron its ranking.

    Args:
        activity: (T, n).
        weights: (T,) of the samples, positive.
    """
    numbers = levels(activity, 1e-9 * np.ptp(activity, axis=0))  # values this close are one
    return [Ranking(number, weights) for number in numbers.T]
