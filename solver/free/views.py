"""What a neuron may depend on: a view sorts the samples into levels, and a neuron's activity is equal on a level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from theory.arrays import Array, Indices
from theory.immutable import Frozen


@dataclass(frozen=True, eq=False)
class View(Frozen):
    """Levels of the samples.

    Example:
        >>> View(np.array([0, 1, 1]), np.array([0.2, 0.8])).totals(np.array([[1.0], [2.0], [3.0]])).tolist()
        [[1.0], [5.0]]
    """

    labels: Indices  # (T,) the level of each sample, 0 .. L - 1
    probabilities: Array  # (L,) of the levels

    @property
    def apart(self) -> bool:
        """Whether every sample is a level of its own, in order."""
        return len(self.labels) == len(self.probabilities) and bool((self.labels == np.arange(len(self.labels))).all())

    def totals(self, values: Array) -> Array:
        """(L, k) sums of the samples' values in each level.

        Args:
            values: (T, k).
        """
        if self.apart:
            return values
        sums = [np.bincount(self.labels, column, len(self.probabilities)) for column in values.T]
        return np.asarray(np.stack(sums, axis=1))

    def standard(self, multiplier: Array) -> Array:
        """(L, k) Z, the multiplier's totals over the root of their probability; inf where that is 0 and they are not.

        Args:
            multiplier: (T, k).
        """
        totals = self.totals(multiplier)
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = totals / np.sqrt(self.probabilities)[:, None]
        return np.asarray(np.where(totals == 0, 0.0, scaled))


def whole_view(probabilities: Array) -> View:
    """The view that sees each sample by itself.

    Args:
        probabilities: (T,).

    Example:
        >>> whole_view(np.array([0.5, 0.5])).apart
        True
    """
    return View(np.arange(len(probabilities)), probabilities)


def views_of_groups(sources: Array, probabilities: Array, groups: Sequence[Sequence[int]] | None = None) -> list[View]:
    """A view for each group: neurons that are functions of its members' values.

    Args:
        sources: (T, d).
        probabilities: (T,).
        groups: columns of each group; each source by itself if None.

    Example:
        >>> grid = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
        >>> [view.labels.tolist() for view in views_of_groups(grid, np.full(4, 0.25))]
        [[0, 0, 1, 1], [0, 1, 0, 1]]
    """
    chosen = [[i] for i in range(sources.shape[1])] if groups is None else [list(group) for group in groups]
    views = []
    for group in chosen:
        _, labels = np.unique(sources[:, group], axis=0, return_inverse=True)
        flat = labels.reshape(-1)
        views.append(View(flat, np.asarray(np.bincount(flat, probabilities), dtype=float)))
    return views
