"""Good codes of fewer neurons than the optimal one has: descent from codes of one neuron more and of one less.

With few neurons the problem is not convex, and descents from random starts end in as many places. Better starts are
codes next door:

1. Start from a good code with two neurons made one, with one left out, or with one more beside them.
2. Scale each start to its best size, and keep those that cost least.
3. Move each along its faces by Newton's method (`solver.generation.active_set`), until its loss hardly falls any more.
4. The best of them is the code, or the first that costs little enough. Nothing says that it is optimal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solver.generation.active_set import ActiveSet
from solver.generation.loss import WhitenedLoss
from solver.generation.pool import merged_pair

if TYPE_CHECKING:
    from theory.arrays import Array
    from theory.problem import Problem


@dataclass(frozen=True)
class FewNeuronsLimits:
    """How much is tried."""

    pairs: int = 60  # of neurons that are tried as one, those that point in the most similar directions
    descents: int = 6  # starts that are moved along their faces, of those that cost least as they are
    sizes: tuple[float, ...] = (0.1, 0.4, 1.0)  # of one more neuron, in units of the mean length of the others
    steps: int = 5  # of Newton's method between two looks at the time,
    rounds: int = 80  # and how often at most
    progress: float = 1e-12  # relative fall of the loss between them below which a code is stationary


FEW_NEURONS = FewNeuronsLimits()


class FewNeurons:
    """Local search for codes of a given number of neurons, in the coordinates of `WhitenedLoss`.

    Args:
        problem: any number of sources.
        out_of_time: asked between steps; once it says so, the best so far is returned.

    Example:
        >>> from theory.problem import Problem
        >>> problem = Problem([[-1, -1], [-1, 1], [1, -1]])
        >>> search = FewNeurons(problem)
        >>> three = search.scaled.coordinates(np.array([[0.8, 0.0], [0.0, 0.8], [0.5, 0.5]]))
        >>> two = search.best(search.reduced(three))
        >>> len(two), search.loss(two) < problem.modular_loss * (1 + 1e-12)
        (2, True)
    """

    def __init__(self, problem: Problem, out_of_time: Callable[[], bool] = lambda: False) -> None:
        self.problem, self.out_of_time = problem, out_of_time
        self.scaled = WhitenedLoss(problem)
        self.active_set = ActiveSet(self.scaled)

    def loss(self, neurons: Array) -> float:
        """In the units of the problem; infinite where not everything can be read from the neurons."""
        if not len(neurons):
            return self.problem.readout_cost(np.zeros((self.problem.dimension,) * 2))
        return float(self.scaled.of(neurons) * self.scaled.unit)

    # ---- step 1: starts ---------------------------------------------------------------------------------------

    def reduced(self, neurons: Array) -> Iterator[Array]:
        """Yield codes of one neuron less: without each in turn, and with each of some pairs made one."""
        for left_out in range(len(neurons)):
            yield np.delete(neurons, left_out, axis=0)
        length = np.linalg.norm(neurons, axis=1).clip(min=np.finfo(float).tiny)
        cosine = np.abs(neurons @ neurons.T) / np.outer(length, length)
        first, second = np.triu_indices(len(neurons), k=1)
        alike = np.argsort(-cosine[first, second], kind="stable")[: FEW_NEURONS.pairs]
        for pair in zip(first[alike], second[alike], strict=True):
            others, one = merged_pair(neurons, pair)
            yield np.vstack([others, one])
            yield np.vstack([others, -one])

    def shortened(self, neurons: Array, count: int) -> Array:
        """A code of so many neurons: again and again without the one that the readout would miss least."""
        while len(neurons) > count:
            neurons = np.delete(neurons, self.scaled.readout.leverage(neurons).argmin(), axis=0)
        return neurons

    def grown(self, neurons: Array, others: Array) -> Iterator[Array]:
        """Yield codes of one neuron more: that of the others (n, d) which is worth most for its cost."""
        worth = np.einsum("ni,ij,nj->n", others, self.scaled.multiplier(neurons), others) / self.scaled.costs(others)
        best = others[int(worth.argmax())]
        size = np.linalg.norm(neurons, axis=1).mean() / np.linalg.norm(best)
        for share in FEW_NEURONS.sizes:
            yield np.vstack([neurons, share * size * best])

    def drawn(self, count: int, rng: np.random.Generator) -> Array:
        """(count, d) a random start."""
        return np.asarray(rng.standard_normal((count, self.problem.dimension)) / count**0.5)

    # ---- steps 2 to 4: descents -------------------------------------------------------------------------------

    def best(self, starts: Iterator[Array]) -> Array | None:
        """The best code that the most promising starts lead to along their faces; None where none can be read."""
        promising = self._promising(starts)
        if not promising:
            return None
        best = promising[0]
        for start in promising:
            if self.out_of_time():
                break
            best = min(best, self.polished(start), key=self.loss)
        return best

    def reaching(self, starts: Iterator[Array], most: float) -> Array | None:
        """The first code that the most promising starts lead to which costs at most so much; None where none does."""
        for start in self._promising(starts):
            polished = self.polished(start, most)
            if self.loss(polished) <= most:
                return polished
        return None

    def polished(self, neurons: Array, enough: float = 0.0) -> Array:
        """A stationary code, or one that costs at most `enough`; the loss never rises."""
        if not len(neurons):
            return neurons
        active = self.scaled.highest_samples(neurons)
        moved, last = neurons, self.scaled.of(neurons)
        for _ in range(FEW_NEURONS.rounds):
            try:
                moved, active, loss = self.active_set.minimised(moved, active, FEW_NEURONS.steps)
            except (np.linalg.LinAlgError, FloatingPointError):
                break
            if not loss < last * (1 - FEW_NEURONS.progress) or loss * self.scaled.unit <= enough or self.out_of_time():
                break
            last = loss
        return moved if self.loss(moved) <= self.loss(neurons) else neurons

    def _promising(self, starts: Iterator[Array]) -> list[Array]:
        """The best of them, each at its best size, the least loss first."""
        balanced = [self._balanced(start) for start in starts]
        ordered = sorted((one for one in balanced if one is not None), key=lambda one: one[1])
        return [neurons for neurons, _ in ordered[: FEW_NEURONS.descents]]

    def _balanced(self, neurons: Array) -> tuple[Array, float] | None:
        """The code at its best size, and its loss; None where the readout cannot do without what it lacks."""
        if not len(neurons):
            return neurons, self.loss(neurons)
        if not np.isfinite(self.scaled.readout.value(neurons.T @ neurons)):
            return None
        scaled, loss = self.scaled.balanced(neurons)
        return scaled, float(loss * self.scaled.unit)
