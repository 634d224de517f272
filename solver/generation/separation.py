"""The samples that matter, of very many: a working set that grows by those that a code violates.

A problem of which only some samples are looked at, with the moments of all, costs no code more than the problem itself:
what is proven of it is proven (docs/mathematics.md, "Many samples"). The constraints are b >= -w.s_t, and separation
finds those that are violated:

1. Begin with the furthest samples along axes, principal axes and in random directions, the mean in their hull.
2. Solve the problem among them, by whatever method.
3. The bias that each stretch of samples asks of each neuron, and the sample that does.
4. Raise the biases of the code to that, and scale its neurons to the size that suits: a code of the problem itself.
5. Samples that ask for more than the code has are violated constraints; they join the working set. Back to 2, or end.

It takes hundreds of samples of a hundred thousand, or a few thousand in many dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

import solver.solving.plan as planning
from theory.conditions.many_sources import has_all_corners

if TYPE_CHECKING:
    from theory.arrays import Array, Indices
    from theory.problem import Problem


@dataclass(frozen=True)
class SeparationLimits:
    """How many samples are looked at."""

    first_per_source: int = 10  # random directions whose furthest samples are in the first set
    stretches: int = 25  # that samples are cut into, the furthest of each may join: near ties come at once
    rows: int = 1 << 12  # samples that are multiplied at once
    rounding: float = 1e-12  # share of a bias by which a sample must exceed it
    rounds_inside: int = 100  # samples added one by one until the mean lies in the hull: a dozen are many


SEPARATION = SeparationLimits()


class WorkingSamples:
    """Some samples of a problem, and the problem among them.

    Args:
        problem: one with many samples.
        rows: (k,) rows of the sources' points to begin with; the furthest in some directions if not given.

    Attributes:
        problem: with all samples.
        rows: (k,) the working set, in the order in which they were added.
        listed: whether the faces of their hull may be listed, which takes seconds: not at first.

    Source: cutting planes, docs/mathematics.md, "Many samples".

    Example:
        >>> from theory.problem import Problem
        >>> working = WorkingSamples(Problem(np.random.default_rng(0).normal(size=(20_000, 3))))
        >>> working.inside.modular_loss <= working.problem.modular_loss, len(working.rows) < 100
        (True, True)
    """

    def __init__(self, problem: Problem, rows: Indices | None = None) -> None:
        self.problem = problem
        self.listed = False
        self.rows = self._first() if rows is None else rows

    @property
    def inside(self) -> Problem:
        """The problem among the samples that are looked at, which step 2 solves."""
        return self.problem.among(self.rows, listed=self.listed)

    def separate(self, weights: Array, candidates: Array) -> tuple[Array, float, bool]:
        """Steps 3 to 5: a code of the problem among some samples as one of the problem itself.

        Args:
            weights: (n, d) the code.
            candidates: (k, d) other neurons that seem to be worth more than they cost.

        Returns:
            its weights, its loss, and whether samples joined that the code or the candidates violate.
        """
        count, before = len(weights), len(self.rows)
        neurons, inside = np.concatenate([weights, candidates]), self.inside
        height, row = self._furthest(neurons)
        known = inside.sources.support(neurons)
        violated = height > known * (1 + SEPARATION.rounding)
        self.rows = _with(self.rows, row[violated])
        if violated[:, :count].any():
            biases = np.maximum(known, height.max(axis=0))[:count]
            energy = float(((inside.whitening.neurons(weights) ** 2).sum(axis=1) + biases**2).sum())
            # More expensive neurons are to be smaller.
            weights = weights * self.problem.readout.rescaling(weights.T @ weights, energy)
        return weights, self.problem.loss(weights), len(self.rows) > before

    # ---- samples ----------------------------------------------------------------------------------------------

    def _first(self) -> Indices:
        """Step 1."""
        sources, dimension = self.problem.sources, self.problem.dimension
        axes = np.diag(1 / np.sqrt(np.diag(sources.covariance)))
        random = np.random.default_rng(0).standard_normal((SEPARATION.first_per_source * dimension, dimension))
        root = np.vstack([axes, self.problem.whitening.matrix])
        directions = np.vstack([root, -root, random @ self.problem.whitening.matrix])
        rows = _with(np.empty(0, dtype=np.intp), self._outermost(directions))
        if 2**dimension <= planning.SIZES.box_corners and has_all_corners(sources.points):
            low, high = sources.points.min(axis=0), sources.points.max(axis=0)
            corners = ((sources.points == low) | (sources.points == high)).all(axis=1)
            rows = _with(rows, np.flatnonzero(corners))
        for _ in range(SEPARATION.rounds_inside):
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
        """Step 3: (k, n) the bias that each stretch of samples asks of neurons (n, d), and the row that does."""
        sources = self.problem.sources
        height = np.full((SEPARATION.stretches, len(neurons)), -np.inf)
        row = np.zeros(height.shape, dtype=np.intp)
        for start in range(0, len(sources.points), SEPARATION.rows):
            values = neurons @ sources.about_mean(sources.points[start : start + SEPARATION.rows]).T
            lowest = values.argmin(axis=1)
            highest = -values[np.arange(len(neurons)), lowest]
            stretch = start * SEPARATION.stretches // len(sources.points)
            higher = highest > height[stretch]
            height[stretch, higher], row[stretch, higher] = highest[higher], start + lowest[higher]
        return height, row


def _with(rows: Indices, new: Indices) -> Indices:
    """Rows, and those of the new ones that are none of them, each once, at the end."""
    return np.concatenate([rows, np.setdiff1d(new, rows)])
