"""Codes of a problem with a symmetry: a neuron stands for all its images, and so does a cell of directions.

Permutations of the samples that linear maps make leave the cost of a neuron as it is, and the readout as well if it
keeps them. Then the optimal G and Y are the same for all of them (docs/mathematics.md, "Symmetry"):

1. Find the symmetry (`theory.geometry.symmetry`), in whitened coordinates, where its maps are rotations.
2. Begin with the modular neurons and some random ones. A column is the mean of R u u'R' over all rotations R.
3. Find the best energies of the columns, and climb at their Y from their neurons and from random ones: the local maxima
   that earn more than they cost are new columns.
4. Go back to 3 until none is found in several batches.
5. Unfold: each neuron with all its images, and of these as few as make the same G; then along their faces.
6. Bound the ratio at Y by one cell, or else cell by cell: what is proven of a cell holds for its images
   (`solver.relaxations.branch_and_bound`). From the middles of the cells climbs go out to new columns: then back to 3.
7. End where the bound meets the loss or there are too many cells. If they left a gap, try the lifted relaxation too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

import solver.solving.plan as planning
from solver.conic_solvers import DEFAULT_SOLVER
from solver.generation.energies import optimal_energies
from solver.generation.loss import WhitenedLoss
from solver.generation.master import Master
from solver.generation.pool import Pool
from solver.methods import relaxation
from solver.methods.iterate import Iterate
from solver.relaxations.branch_and_bound import Cells
from theory.arrays import Array, Indices
from theory.bounds.ascent import Ascent
from theory.problem import Problem
from theory.readouts import symmetric_root
from theory.reductions import WHITENED


@dataclass(frozen=True)
class SymmetricTolerances:
    """How many climbs, how many cells, and what counts."""

    climbs: int = 60  # from random neurons, each round
    batches: int = 5  # of as many that find nothing before the search ends
    rounds: int = 300  # of columns at most; ten are usual
    added: int = 30  # columns at a time
    excess: float = 1e-11  # of a ratio over one that is rounding
    share: float = 0.01  # of the tolerance by which a ratio must exceed one to be worth adding
    same: float = 1e-9  # relative difference of two ratios that counts as that of one neuron and its image
    present: float = 1e-9  # energy, as a share of all, below which a column is dropped
    distinct: float = 1e-6  # distance of two images, in units of the neuron, below which they are one
    nearer: float = 0.2  # each stage aims at this share of the distance between the worst ratio and one
    visits: int = 10  # of cells between two steps


SYMMETRIC = SymmetricTolerances()


def steps(problem: Problem, *, tolerance: float, rng: np.random.Generator) -> Iterator[Iterate]:
    """Yield ever better codes, and then ever better bounds.

    Args:
        problem: any number of sources; without a symmetry each neuron is its own only image.
        tolerance: relative gap at which to stop.
        rng: draws the starts of climbs.
    """
    search = _Orbits(problem, max(SYMMETRIC.share * tolerance, SYMMETRIC.excess), rng)
    search.improve(search.random(), SYMMETRIC.batches)
    best = search.step()
    yield best
    proven = _on_one_cell(search, best, tolerance)
    if proven is not None:
        yield proven
        return
    bound, note = 0.0, ""
    for step, cells in _cell_by_cell(search, best, tolerance):
        bound, note = max(bound, step.lower_bound), f"bounded on {cells:,} cells and their images"
        yield replace(step, note=note)
    if bound < step.loss * (1 - tolerance) and planning.is_lifted(problem):
        yield replace(relaxation.at_once(problem, DEFAULT_SOLVER, tolerance), note=note)


def _on_one_cell(search: _Orbits, best: Iterate, tolerance: float) -> Iterate | None:
    """The code with a proof of its optimality from one cell of all directions, if there is one."""
    problem = search.problem
    neurons = best.weights if len(best.weights) else problem.modular.unit_neurons
    cells = Cells(problem, best.multiplier, neurons, whole=True)
    cells.refine(1 + tolerance, 1, most=1)
    step = search.bounded(best, cells)
    return step if step.lower_bound >= step.loss * (1 - tolerance) else None


def _cell_by_cell(search: _Orbits, best: Iterate, tolerance: float) -> Iterator[tuple[Iterate, int]]:
    """Steps 6 and 7: bounds on ever more cells, and their number."""
    symmetry = search.symmetry if len(search.symmetry) > 1 else None
    neurons = search.unfolded() if len(best.weights) else search.problem.modular.unit_neurons
    cells = Cells(search.problem, best.multiplier, neurons, symmetry=symmetry)
    goal, most = 1 + tolerance, planning.SIZES.symmetric_cells
    while True:
        target = max(goal, 1 + SYMMETRIC.nearer * (cells.bound - 1))
        while cells.bound > target and not cells.is_exhausted and len(cells) < most:
            cells.refine(target, SYMMETRIC.visits, most=most)
            yield best, len(cells)  # an occasion to stop
        best = search.bounded(best, cells)
        yield best, len(cells)
        if best.lower_bound >= best.loss * (1 - tolerance):
            return
        if search.improve(search.problem.whitening.neurons(cells.candidates()), 1):
            best = search.step()
            cells.reprice(best.multiplier, search.unfolded())
        elif cells.bound <= goal or cells.is_exhausted or len(cells) >= most:
            return


class _Orbits:
    """A search for the best code, each of whose neurons comes with all its images.

    Args:
        problem: one with a symmetry.
        least_excess: by how much a ratio must exceed one to be worth adding.
        rng: draws the starts of climbs.

    Attributes:
        neurons: (n, d) one of each orbit, in whitened coordinates, with f = 1.
        energies: (n,) of each orbit.
    """

    def __init__(self, problem: Problem, least_excess: float, rng: np.random.Generator) -> None:
        self.problem, self.least_excess, self.rng = problem, least_excess, rng
        self.inside, self.symmetry = problem.whitened, problem.symmetry  # step 1
        self.ascent = Ascent(self.inside)
        # Step 2.
        own, some = self.inside.modular_weights, self.random()[: self.inside.dimension]
        self._share(self._of_unit_cost(np.vstack([own, some])))

    def random(self) -> Array:
        """(k, d) random neurons."""
        return self.rng.standard_normal((SYMMETRIC.climbs, self.inside.dimension))

    def improve(self, starts: Array, most: int) -> bool:
        """Steps 3 and 4; whether any column was added.

        Args:
            starts: (k, d) neurons to climb from at first, besides those of the columns.
            most: batches of climbs that find nothing before the end.
        """
        batches, added = 0, False
        for _ in range(SYMMETRIC.rounds):
            ratios, neurons = self.ascent.climb(self.multiplier, np.vstack([self.neurons, starts]))
            new = self._worth_adding(ratios)
            starts = self.random()
            if len(new):
                self._share(np.vstack([self.neurons, neurons[new]]))
                batches, added = 0, True
            else:
                batches += 1
            if batches == most:
                break
        return added

    @property
    def multiplier(self) -> Array:
        """(d, d) Y in whitened coordinates."""
        return self.inside.readout.multiplier(np.tensordot(self.energies, self._columns(self.neurons), 1))

    def unfolded(self) -> Array:
        """(m, d) source weights of all neurons with all their images."""
        parts: list[Array] = []
        for neuron, energy in zip(self.neurons, self.energies, strict=True):
            images = self.symmetry.moved(neuron[None])[self.symmetry.orbit(neuron, SYMMETRIC.distinct), 0]
            parts.append(images * (energy / len(images)) ** 0.5)
        return self.problem.whitening.weights(np.concatenate(parts))

    def step(self) -> Iterate:
        """Step 5: a code of few neurons, and the multiplier that is the same for all images."""
        loss = WhitenedLoss(self.problem)
        master, neurons = Master(loss), loss.coordinates(self.unfolded())
        if not len(loss.present(neurons)):
            nothing = np.zeros((0, self.problem.dimension))
            silent = Iterate(nothing, self.multiplier, self.problem.loss(nothing), 0.0)
            return WHITENED.invert(self.problem, silent)
        neurons = master.rewritten(neurons)
        neurons = neurons[loss.present(neurons)]
        # The few share the energy anew: what the simplex method misses of G costs digits.
        pool = Pool(loss.of_unit_cost(neurons), loss.highest_samples(neurons))
        code = master.chosen(pool, 0, loss.of(neurons))
        inside = Iterate(loss.weights(code.neurons), self.multiplier, code.loss * loss.unit, 0.0)
        return WHITENED.invert(self.problem, inside)

    def bounded(self, best: Iterate, cells: Cells) -> Iterate:
        """A code with what the cells prove of its multiplier."""
        root = symmetric_root(self.multiplier)
        return replace(best, lower_bound=self.inside.readout.dual_value(root, cells.bound), cover=cells.cover())

    def _share(self, neurons: Array) -> None:
        """Keep those of the neurons (n, d) that have a share in the best energies."""
        start = np.full(len(neurons), self.inside.modular_loss / 2 / len(neurons))
        energies = optimal_energies(self._columns(neurons), self.inside.readout, start)
        used = energies > SYMMETRIC.present * energies.sum()
        self.neurons, self.energies = neurons[used], energies[used]

    def _columns(self, neurons: Array) -> Array:
        """(n, d, d) the mean of R u u'R' over all rotations R, for each neuron."""
        images = self.symmetry.moved(neurons)
        return np.einsum("gni,gnj->nij", images, images) / len(self.symmetry)

    def _worth_adding(self, ratios: Array) -> Indices:
        """The best of the neurons that earn more than they cost, one of those with the same ratio."""
        order = np.argsort(-ratios, kind="stable")
        order = order[ratios[order] > 1 + self.least_excess]
        apart = np.diff(ratios[order], prepend=np.inf) < -SYMMETRIC.same
        return order[apart][: SYMMETRIC.added]

    def _of_unit_cost(self, neurons: Array) -> Array:
        return np.asarray(neurons / np.sqrt(self.inside.neuron_cost(neurons))[:, None])
