"""The master: from a pool of neurons to a code, and from a code to a better one; what is taken never costs more.

1. The best energies of the neurons of a pool (`solver.generation.energies`).
2. Drop those that have vanished, and write G with as few as can be.
3. Newton's method on the faces as if no other samples existed: where the faces are the right ones that is the optimum.
4. Where it is not, because a neuron ended beyond another sample's wall, Newton's method that stops at walls.
5. Scale all neurons together, so that on average they earn what they cost: the ratio of one is attained.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solver.generation.active_set import ActiveSet
from solver.generation.energies import fewest
from solver.generation.pool import Pool, leaders, merged

if TYPE_CHECKING:
    from solver.generation.loss import ScaledLoss
    from theory.arrays import Array, Indices


@dataclass(frozen=True)
class MasterTolerances:
    """What a step of the master may cost, and what counts."""

    wrong_faces: float = 1e-9  # relative excess of a loss over that without other samples: the faces are others
    stationary: float = 1e-9  # share of the energy by which neurons may miss earning what they cost
    tidied: float = 1e-12  # relative rise of the loss, hidden by rounding, that fewer neurons may cost
    unchanged: float = 1e-12  # relative fall of the loss that leaves the multiplier as it was
    steps: int = 20  # of Newton's method, where not told otherwise
    same_neuron: float = 1e-8  # cosine distance up to which two neurons of a code are one


MASTER = MasterTolerances()


@dataclass(frozen=True)
class WorkingCode:
    """A code in the coordinates of a loss.

    Attributes:
        neurons: (n, d).
        active: (n, d) samples that attain each bias, -1 in unused places.
        loss: its loss.
    """

    neurons: Array
    active: Indices
    loss: float

    def is_as_good_as(self, other: WorkingCode) -> bool:
        """Whether it is another one in nothing but rounding: as many neurons, and no lower loss."""
        return len(self.neurons) == len(other.neurons) and self.loss >= other.loss * (1 - MASTER.unchanged)


class Master:
    """Codes from pools, and better codes from codes.

    Args:
        loss: in whatever coordinates.

    Example:
        >>> from solver.generation.loss import ScaledLoss
        >>> from theory.problem import Problem
        >>> loss = ScaledLoss(Problem([[-1, -1], [-1, 1], [1, -1]]))
        >>> master, start = Master(loss), np.eye(2)
        >>> start = np.vstack([start, -start, [[1, 1], [-1, -1]]])
        >>> pool = Pool(loss.of_unit_cost(start), loss.highest_samples(start))
        >>> code = master.chosen(pool, 0, 1.0)
        >>> master.moved(code, 20, 8).loss < 1.0
        True
    """

    def __init__(self, loss: ScaledLoss) -> None:
        self.loss = loss
        self.active_set = ActiveSet(loss)

    def code(self, neurons: Array, active: Indices | None = None) -> WorkingCode:
        """Step 5; one active sample each if they are not known."""
        active = self.loss.highest_samples(neurons) if active is None else active
        neurons, loss = self.loss.balanced(neurons)
        return WorkingCode(neurons, active, loss)

    def is_stationary(self, code: WorkingCode) -> bool:
        """Whether every neuron earns what it costs."""
        cost = self.loss.costs(code.neurons)
        multiplier = self.loss.multiplier(code.neurons)
        ratio = np.einsum("ni,ij,nj->n", code.neurons, multiplier, code.neurons) / cost
        return bool((np.abs(ratio - 1) * cost).sum() <= MASTER.stationary * cost.sum())

    def chosen(self, pool: Pool, new: int, loss: float) -> WorkingCode:
        """Steps 1 and 2: the best code of the neurons of a pool.

        Args:
            pool: neurons that span the sources.
            new: how many of them, the last ones, are in no code yet.
            loss: of the best code so far.
        """
        energies = self.loss.energies(pool.columns, new, loss)
        used = self.loss.present(_weighted(pool.columns, energies))
        energies = fewest(pool.columns[used], energies[used], simplest=False)
        neurons = _weighted(pool.columns[used], energies)
        present = self.loss.present(neurons)
        return self.code(neurons[present], pool.active[used[present]])

    def on_faces(self, neurons: Array, active: Indices, steps: int) -> Array | None:
        """(n, d) step 3; None where the faces are the wrong ones."""
        moved, alone = self.active_set.minimised_on_faces(neurons, active, steps)
        return moved if self.loss.of(moved) <= alone * (1 + MASTER.wrong_faces) else None

    def moved(self, code: WorkingCode, steps: int, steps_within_walls: int) -> WorkingCode:
        """Steps 3 and 4, without the neurons that vanish: those not worth their cost do so in one step."""
        active, neurons = code.active, self.on_faces(code.neurons, code.active, steps)
        if neurons is None:
            neurons, active, _ = self.active_set.minimised(code.neurons, active, steps_within_walls)
        present = self.loss.present(neurons)
        return self.code(neurons[present], active[present])

    def tidied(self, code: WorkingCode) -> WorkingCode:
        """The code with neurons that point the same way made one, and then as few as it needs, if it costs nothing.

        The optimal G is unique but its neurons need not be.
        """
        most = code.loss * (1 + MASTER.tidied)
        leader = leaders(code.neurons, np.linalg.norm(code.neurons, axis=1), MASTER.same_neuron)
        kept, factor = merged(code.neurons, leader)
        neurons = code.neurons[kept] * factor[:, None]
        code = self._within_walls(code, neurons, code.active[kept], MASTER.steps, most)
        neurons = self.rewritten(code.neurons)
        if np.array_equal(neurons, code.neurons):
            return code  # as few as can be already
        present = self.loss.present(neurons)
        return self._within_walls(code, neurons[present], code.active[present], MASTER.steps, most)

    def rewritten(self, neurons: Array) -> Array:
        """(n, d) the same G with as few neurons as `fewest` finds, the others of length zero."""
        cost = self.loss.costs(neurons)
        energies = fewest(neurons / np.sqrt(cost)[:, None], cost)
        return np.asarray(neurons * np.sqrt(energies / cost)[:, None])

    def _within_walls(self, code: WorkingCode, neurons: Array, active: Indices, steps: int, most: float) -> WorkingCode:
        """Step 4 from other neurons (n, d), if what comes out costs at most ``most``; else the code as it was."""
        neurons, active, loss = self.active_set.minimised(neurons, active, steps)
        present = self.loss.present(neurons)
        # Rounding may hide what a source costs that no neuron codes.
        if len(present) < max(1, self.loss.readout.least_neurons):
            return code
        if len(present) < len(neurons):
            neurons, active = neurons[present], active[present]
            loss = self.loss.of(neurons)
        return code if loss > most else self.code(neurons, active)


def _weighted(columns: Array, energies: Array) -> Array:
    return np.asarray(columns * np.sqrt(np.maximum(energies, 0.0))[:, None])
