"""The samples that matter, of very many: a hull that grows where a code shows it to be too small.

A problem of which only some samples are looked at, with the moments of all, costs no code more than the problem itself:
what is proven of it is proven. Its best code has biases that are too small for some of the others. Those are added, and
it is solved again, and so on (docs/mathematics.md, "Many samples"): cutting planes, which end with a code that no
sample objects to. It takes hundreds of samples of a hundred thousand, or a few thousand in many dimensions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from theory.conditions.many_sources import has_all_corners

if TYPE_CHECKING:
    from theory.arrays import Array, Indices
    from theory.problem import Problem

__all__ = ["WorkingHull"]

FIRST_PER_SOURCE = 10
"""Random directions, per source, whose furthest samples are looked at from the start."""

STRETCHES = 25
"""Stretches that samples are cut into: the furthest of each may be added: near ties come at once."""

ROWS = 1 << 12
"""Samples looked at at once."""

MOST_CORNERS = 1 << 14
"""Corners of a box, all of them samples, that are looked at from the start: they prove it modular."""

OBJECTION = 1e-12
"""Share of a bias by which a sample must exceed it: less is rounding."""

ROUNDS_INSIDE = 100
"""Samples added at most, one by one, until the mean lies in the hull: a dozen are many."""


class WorkingHull:
    """Some samples of a problem, and the problem among them.

    Args:
        problem: one with many samples.
        rows: (k,) rows of the sources' points to begin with; the furthest in some directions if not given.

    Attributes:
        problem: as given;  rows: (k,) those looked at, in the order in which they were added.
        listed: whether the faces of their hull may be listed, which takes seconds: not at first.

    Source: cutting planes, docs/mathematics.md, "Many samples".

    Example:
        >>> from theory.problem import Problem
        >>> hull = WorkingHull(Problem(np.random.default_rng(0).normal(size=(20_000, 3))))
        >>> hull.inside.modular_loss <= hull.problem.modular_loss, len(hull.rows) < 100
        (True, True)
    """

    def __init__(self, problem: Problem, rows: Indices | None = None) -> None:
        self.problem = problem
        self.listed = False
        self.rows = self._first() if rows is None else rows

    @property
    def inside(self) -> Problem:
        """The problem among the samples that are looked at."""
        return self.problem.among(self.rows, listed=self.listed)

    def confronted(self, weights: Array, tempting: Array) -> tuple[Array, float, bool]:
        """A code (n, d) of the problem among some samples as one of the problem itself: its weights and its loss.

        Its biases are raised to those that all samples ask for, and its neurons scaled to the size that suits. The
        samples that object to its neurons, or to the tempting ones, are looked at from now on; whether there are any.

        Args:
            weights: (n, d) the code.
            tempting: (k, d) other neurons that seem to be worth more than they cost.
        """
        count, before = len(weights), len(self.rows)
        neurons, inside = np.concatenate([weights, tempting]), self.inside
        height, row = self._furthest(neurons)
        known = inside.sources.support(neurons)
        objects = height > known * (1 + OBJECTION)
        self.rows = _with(self.rows, row[objects])
        if objects[:, :count].any():
            biases = np.maximum(known, height.max(axis=0))[:count]
            energy = float(((inside.whitening.neurons(weights) ** 2).sum(axis=1) + biases**2).sum())
            # Dearer neurons are to be smaller.
            weights = weights * self.problem.readout.rescaling(weights.T @ weights, energy)
        return weights, self.problem.loss(weights), len(self.rows) > before

    # ---- samples ----------------------------------------------------------------------------------------------

    def _first(self) -> Indices:
        """Rows of the furthest samples along axes, principal axes and in random directions, the mean in their hull."""
        sources, dimension = self.problem.sources, self.problem.dimension
        axes = np.diag(1 / np.sqrt(np.diag(sources.covariance)))
        random = np.random.default_rng(0).standard_normal((FIRST_PER_SOURCE * dimension, dimension))
        root = np.vstack([axes, self.problem.whitening.matrix])
        directions = np.vstack([root, -root, random @ self.problem.whitening.matrix])
        rows = _with(np.empty(0, dtype=np.intp), self._outermost(directions))
        if 2**dimension <= MOST_CORNERS and has_all_corners(sources.points):
            low, high = sources.points.min(axis=0), sources.points.max(axis=0)
            corners = ((sources.points == low) | (sources.points == high)).all(axis=1)
            rows = _with(rows, np.flatnonzero(corners))
        for _ in range(ROUNDS_INSIDE):
            outside = sources.among(rows).mean_outside
            if outside is None:
                break
            rows = _with(rows, self._outermost(outside[None]))
        return rows

    def _outermost(self, neurons: Array) -> Indices:
        """(n,) the rows that attain the biases of neurons (n, d)."""
        height, row = self._furthest(neurons)
        return np.asarray(row[height.argmax(axis=0), np.arange(len(neurons))])

    def _furthest(self, neurons: Array) -> tuple[Array, Indices]:
        """(k, n) the bias that each stretch of samples asks of neurons (n, d), and the row that does."""
        sources = self.problem.sources
        height = np.full((STRETCHES, len(neurons)), -np.inf)
        row = np.zeros(height.shape, dtype=np.intp)
        for start in range(0, len(sources.points), ROWS):
            values = neurons @ sources.about_mean(sources.points[start : start + ROWS]).T
            lowest = values.argmin(axis=1)
            asked = -values[np.arange(len(neurons)), lowest]
            stretch = start * STRETCHES // len(sources.points)
            higher = asked > height[stretch]
            height[stretch, higher], row[stretch, higher] = asked[higher], start + lowest[higher]
        return height, row


def _with(rows: Indices, new: Indices) -> Indices:
    """Rows, and those of the new ones that are none of them, each once, at the end."""
    return np.concatenate([rows, np.setdiff1d(new, rows)])
