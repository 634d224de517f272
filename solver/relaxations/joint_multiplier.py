"""Which multiplier proves most on given cells? Not that of the best code, while the cells are large.

The largest bound over all multipliers that the cells can prove is the dual of a design problem: the same as that of the
best code (`solver.generation.energies`), with the relaxed neurons of all cells in the place of neurons. So columns are
generated:

1. The best energies of the relaxed neurons of the pool, and their multiplier.
2. Damping: the multiplier halfway from the best one so far.
3. Price: the bound of every cell at it, and the relaxed neurons of those that are visited.
4. Keep it if it proves more. Relaxed neurons that earn more than they cost join the pool; those without energy leave.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from solver.generation.energies import optimal_energies
from solver.relaxations.branch_and_bound import Cells
from theory.arrays import Array, Indices
from theory.bounds.cover import Cover
from theory.readouts import Readout, symmetric_root


@dataclass(frozen=True)
class JointTolerances:
    """Tolerances of column generation with relaxed neurons."""

    rounds: int = 6  # multipliers tried; ten would gain a tenth of a percent more
    damping: float = 0.5  # share of the way from the best multiplier to that of the design
    entering: float = 1e-3  # energy with which a new relaxed neuron enters the design, as a share of the mean
    most_new: int = 300  # that enter at a time, those that earn most: a design of thousands would take minutes
    leaving: float = 1e-7  # energy, as a share of all, below which a relaxed neuron leaves


JOINT = JointTolerances()


def strengthened(cells: Cells, neurons: Array) -> Iterator[tuple[Array, Cover] | None]:
    """Yield better multipliers for the cells, each with its proof; None after a round that found none.

    Args:
        cells: with the multiplier of the best code. They are used, and left as they were found at the end.
        neurons: (n, d) the best code.

    Source: column generation (Kelley's cutting planes in the dual), docs/mathematics.md, "Relaxations".
    """
    problem = cells.problem
    readout = problem.whitened.readout
    before = cells.state()
    best, centre = _proven(readout, cells.worth[1:, 1:], cells.bound), cells.worth[1:, 1:] / cells.bound
    costs = problem.neuron_cost(neurons)
    rows = problem.whitening.neurons(neurons) / np.sqrt(costs)[:, None]
    columns, energies = rows[:, :, None] * rows[:, None, :], costs
    new = _best(cells, np.arange(len(cells)), cells.worth[1:, 1:])
    for _ in range(JOINT.rounds):
        if not new:
            break
        columns = np.concatenate([columns, new])
        energies = np.append(energies, np.full(len(new), JOINT.entering * energies.mean()))
        energies = optimal_energies(columns, readout, energies)  # step 1
        staying = energies > JOINT.leaving * energies.sum()
        columns, energies = columns[staying], energies[staying]
        # step 2
        trial = (1 - JOINT.damping) * centre + JOINT.damping * readout.multiplier(np.tensordot(energies, columns, 1))
        multiplier = problem.whitening.multiplier(trial)  # step 3
        cells.reprice(multiplier)
        visited = np.flatnonzero(cells.bounds > 1)
        cells.tighten(visited, 1.0)
        value = _proven(readout, trial, cells.bound)
        if value > best:  # step 4
            best, centre = value, trial / cells.bound
            yield multiplier, cells.cover()
        else:
            yield None
        new = [relaxed for relaxed in _best(cells, visited, trial) if np.vdot(relaxed, trial) > 1]
    cells.restore(before)


def _best(cells: Cells, chosen: Indices, worth: Array) -> list[Array]:
    """The relaxed neurons of the chosen cells that earn most."""
    solved = [cells.cells[index].relaxed for index in chosen]
    known = [relaxed[1:, 1:] for relaxed in solved if relaxed is not None]
    return sorted(known, key=lambda relaxed: -float(np.vdot(relaxed, worth)))[: JOINT.most_new]


def _proven(readout: Readout, worth: Array, rho: float) -> float:
    """The lower bound of a multiplier in whitened coordinates."""
    return readout.dual_value(symmetric_root(worth), rho)
