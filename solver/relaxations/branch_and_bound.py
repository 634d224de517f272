"""Where may a neuron still earn more than it costs? Cells of directions, and the lifted relaxation on each.

On a cell, given by linear inequalities a.u >= 0 on a neuron and its bias, u = (b, w), the largest ratio w'Y w / f(w)
is at most the value of a small semidefinite program in P, the relaxed u u' (docs/mathematics.md, "Relaxations"):

    maximise tr(Y P)   subject to   tr(B P) = 1,   P positive semidefinite,   a'P c >= 0 for inequalities a, c.

Its multipliers N of the last are what `theory.bounds.cover` checks. The cells are those of a Voronoi diagram on the
sphere w'Y w = 1: a cell holds the directions that are nearer to its centre than to any other. So they stay round, which
in many dimensions needs far fewer of them than halving does; and a proof stays one when centres are added around it.

1. Begin with a centre for each neuron of the code, and the products of opposite samples.
2. Visit the cell with the largest bound: solve its program (`solver.relaxations.barrier`).
3. Drop products whose N is zero, add those that P violates most, and solve again, with finer thresholds near the end.
4. Where products gain little, split the cell: at a neuron that has no cell of its own, or else either side of the
   middle of P, along the direction in which P is spread most.
5. A cell is exhausted where P is a single neuron, which attains the bound, or where all centres are there already.
6. End where no bound is above the target, or the worst cell is exhausted.

Where the problem has a symmetry that Y shares, each centre comes with all its images, and what is proven of its cell
holds for theirs: only one of them is looked at (docs/mathematics.md, "Symmetry").
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from solver.relaxations.barrier import Triangle, most_valuable
from solver.solving.plan import samples_relaxed
from theory.arrays import Array, Indices
from theory.bounds.cover import Cover
from theory.geometry.symmetry import Symmetry
from theory.geometry.whitening import lifted
from theory.problem import Problem


@dataclass(frozen=True)
class CellTolerances:
    """When products, centres and cells count; ratios are compared with the target that is to be reached."""

    rounds: int = 14  # of adding violated products on one visit of a cell at most; half of that is usual
    violated: float = 3e-3  # a product below minus this, on unit rows and P of unit trace, is added; finer near the end
    fine_enough: float = 0.02  # share of the spread of P that the threshold may be before the cell is split
    finest: float = 1e-8  # threshold: below it the error of the semidefinite program begins
    idle: float = 1e-7  # multiplier below which a product is dropped
    probes: int = 4_000  # random directions whose extreme samples are the ones used, where there are more
    nearest: int = 300  # centres whose walls are looked at: every pair of rows is
    accuracy: float = 0.02  # of the semidefinite program, as a share of the distance from last value to target,
    most_accurate: float = 1e-10  # within these limits,
    least_accurate: float = 2e-3  # as shares of the largest eigenvalue of Y
    typical: float = 4.0  # where most products are below one over this, thresholds are in proportion
    worth_a_visit: float = 0.03  # share of the way to the target that a visit gains, or else the cell is split
    slow: float = 0.03  # share of the way to the target that a round gains, or else products are exhausted
    singular: float = 1e-9  # smallest eigenvalue of Y, as a share of the largest, that counts as none
    thickened: float = 0.1  # by which share of the largest the metric is then larger than Y
    patience: tuple[int, int] = (1, 4)  # rounds before that is asked; where cells are next to their own images
    beside: float = 0.8  # standard deviations of P at which new centres are set, either side of its middle
    block: int = 4_096  # centres whose distances from all neurons are held at once
    same: float = 1e-6  # distance on the unit sphere below which two centres are one
    moved: float = 1e-2  # distance up to which a centre follows the neuron that it stood for
    inside: float = 1e-9  # by which a neuron may miss an inequality, on rows of unit length
    off_centre: float = 1e-6  # one minus the cosine between neuron and centre above which it has a cell of its own
    spread: float = 1e-9  # variance of P, in units of f, below which a cell holds a single neuron


CELLS = CellTolerances()


class Inequalities:
    """The inequalities of the samples, as rows of unit length in whitened coordinates.

    Args:
        problem: any number of sources.
        neurons: (n, d) neurons whose tight samples must be among those used.
    """

    def __init__(self, problem: Problem, neurons: Array) -> None:
        vertices = problem.sources.vertices
        self.total = len(vertices)
        self.used = _informative(problem, neurons)
        rows = problem.whitening.rows(vertices[self.used])
        self.length = np.linalg.norm(rows, axis=1)
        self.rows = rows / self.length[:, None]

    def __len__(self) -> int:
        """Number of samples that are used."""
        return len(self.rows)

    def opposite(self) -> Indices:
        """(p, 2) the pairs of samples that are most opposite: where samples have antipodes, those prove most.

        The product of two opposite ones is b^2 - (w.s)^2 up to scale.
        """
        partner = np.concatenate(
            [np.argmin(self.rows[start : start + 256] @ self.rows.T, axis=1) for start in range(0, len(self.rows), 256)]
        )
        cosine = np.einsum("ti,ti->t", self.rows, self.rows[partner])
        most = self.rows.shape[1] * (self.rows.shape[1] + 1) // 2
        best = np.argsort(cosine)[:most]
        return np.unique(np.sort(np.column_stack([best, partner[best]]), axis=1), axis=0)


def _informative(problem: Problem, neurons: Array) -> Indices:
    """Samples that are extreme in some direction that matters: all of them, if there are not too many."""
    vertices = problem.sources.vertices
    most = samples_relaxed(len(vertices))
    if most == len(vertices):
        return np.arange(len(vertices))
    random = np.random.default_rng(0).standard_normal((CELLS.probes, problem.dimension))
    directions = np.concatenate([neurons, problem.whitening.weights(random)])
    extreme = np.concatenate(
        [np.argmin(vertices @ directions[start : start + 256].T, axis=0) for start in range(0, len(directions), 256)]
    )
    # The neurons' own samples first, then those that most directions meet.
    counted, first, times = np.unique(extreme, return_index=True, return_counts=True)
    order = np.lexsort((-times, first >= len(neurons)))
    return np.sort(counted[order][:most])


def violated(rows: Array, relaxed: Array, threshold: float) -> Indices:
    """(p, 2) for every row its worst partner, of those whose product is below minus the threshold at P; the worst.

    At most twice as many as P has entries. One partner a row: products with the same row prove much the same.
    """
    most = rows.shape[1] * (rows.shape[1] + 1)
    products = rows @ relaxed @ rows.T
    partner = products.argmin(axis=1)
    lowest = products[np.arange(len(rows)), partner]
    worst = np.argsort(lowest, kind="stable")[:most]
    worst = worst[lowest[worst] < -threshold]
    return _distinct(np.sort(np.column_stack([worst, partner[worst]]), axis=1))


def without_idle(pairs: Indices, active: NDArray[np.bool_], new: Indices) -> Indices:
    """The products that count, and the new ones, each once."""
    return _distinct(np.concatenate([pairs[active], new]))


def _codes(pairs: Indices) -> Indices:
    """(p,) one number for each pair of rows."""
    return np.asarray((pairs[:, 0] << 32) + pairs[:, 1])


def _distinct(pairs: Indices) -> Indices:
    """(p, 2) each pair of rows once, in increasing order."""
    codes = np.unique(_codes(pairs))
    return np.column_stack([codes >> 32, codes & ((1 << 32) - 1)])


@dataclass
class _Cell:
    """What is known of a cell.

    Attributes:
        pairs: (p, 2) names of the inequalities whose products bound it, those of the samples and then of the centres.
        weights: (p,) N, of these products.
        relaxed: P, once a program was solved.
        threshold: how far products must be violated to be added.
        seen: the number of centres at the last visit.
        exhausted: whether more products or centres would be of no use.
    """

    pairs: Indices
    weights: Array
    relaxed: Array | None = None
    threshold: float = CELLS.violated
    seen: int = 0
    exhausted: bool = False


class Cells:
    """A branch and bound over directions: a proven bound on max_w w'Y w / f(w) that comes down to it.

    Args:
        problem: any number of sources.
        multiplier: (d, d) positive definite Y.
        neurons: (n, d) neurons that attain the ratio, as far as known: the first centres.
        whole: start with one cell of all directions instead.
        symmetry: of the whitened samples, if there is one under which Y stays as it is.

    Attributes:
        bounds: (n,) the proven bound of each cell at present.
        centres: (m, d) those of the cells and all their images.
        places: (n,) where the centre of each cell is among them.

    Source: docs/mathematics.md, "Relaxations"; spatial branch and bound with reformulation-linearisation products.

    Example:
        >>> from theory.problem import Problem
        >>> problem = Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]])
        >>> cells = Cells(problem, problem.energy_matrix + np.eye(2), problem.modular_weights, whole=True)
        >>> cells.refine(1 + 1e-6, 5)
        >>> bool(cells.bound < 1 + 1e-6)
        True
    """

    def __init__(
        self,
        problem: Problem,
        multiplier: Array,
        neurons: Array,
        *,
        whole: bool = False,
        symmetry: Symmetry | None = None,
    ) -> None:
        self.problem, self.symmetry = problem, symmetry
        self.inequalities = Inequalities(problem, neurons)
        self.whitening = problem.whitening
        self.triangle = Triangle(problem.dimension + 1)
        self.worth = lifted(self.whitening.worth(multiplier))
        # The metric of the diagram stays what it is when the multiplier changes: the proofs of the cells hang on it.
        self.metric = self.worth[1:, 1:].copy()
        values, vectors = np.linalg.eigh(self.metric)
        if values[0] < CELLS.singular * values[-1]:
            # Directions that no target needs are directions all the same.
            more = CELLS.thickened * values[-1]
            self.metric, values = self.metric + more * np.eye(problem.dimension), values + more
        size = np.sqrt(np.maximum(values, np.finfo(float).tiny))
        self.root, self.inverse_root = (vectors * size) @ vectors.T, (vectors / size) @ vectors.T
        self._know(neurons)
        self.centres = np.empty((0, problem.dimension))
        self.places, self.turns = np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
        # Step 1.
        for neuron in self.neurons[:1] if whole else self.neurons:
            self._add_centre(neuron)
        opposite = self.inequalities.opposite()
        self.cells = [_Cell(opposite, np.zeros(len(opposite))) for _ in self.places]
        self.bounds = np.full(len(self.cells), self.free)
        # Where nothing is known of a cell, what proved most of the last one is a good guess.
        self.guess = opposite

    @property
    def bound(self) -> float:
        """The largest bound of any cell."""
        return float(self.bounds.max())

    @property
    def free(self) -> float:
        """What is proven of any cell without products: biases cost nothing."""
        return float(np.linalg.eigvalsh(self.worth)[-1])

    def __len__(self) -> int:
        """Number of cells."""
        return len(self.cells)

    @property
    def is_exhausted(self) -> bool:
        """Whether the worst cell cannot be improved: it holds a single neuron that attains its bound."""
        return self.cells[int(np.argmax(self.bounds))].exhausted

    def refine(self, target: float, visits: int, *, most: int | None = None) -> None:
        """Steps 2 to 6: lower the bound to the target at most. It may rise for a while when there are new cells.

        Args:
            target: ratio to reach; cells at or below it are left alone.
            visits: how many times the worst cell is worked on, at most.
            most: cells at most. Where no new ones are allowed, products are added down to the finest.
        """
        for _ in range(visits):
            split = most is None or len(self) < most
            worst = int(np.argmax(self.bounds))
            if self.bounds[worst] <= target or self.cells[worst].exhausted:
                return
            before = self.bounds[worst]
            if self.cells[worst].seen < len(self) or not split:
                self._tighten(worst, target, split=split)
                if self.bounds[worst] <= target + (before - target) * (1 - CELLS.worth_a_visit) or not split:
                    continue
            if not self.cells[worst].exhausted:
                self._split(worst, target, None if most is None else most - len(self))

    def tighten(self, chosen: Indices, target: float) -> None:
        """Visit the chosen cells, worst first, without any new ones."""
        for index in chosen[np.argsort(-self.bounds[chosen], kind="stable")]:
            self._tighten(int(index), target, split=True)

    def candidates(self) -> Array:
        """(k, d) the middles of the relaxed neurons of all cells: where a better neuron may hide."""
        relaxed = [cell.relaxed for cell in self.cells if cell.relaxed is not None]
        middles = [matrix[0, 1:] / matrix[0, 0] for matrix in relaxed if matrix[0, 0] > 0 and matrix[0, 1:].any()]
        return self.whitening.weights(np.array(middles).reshape(-1, self.problem.dimension))

    def reprice(self, multiplier: Array, neurons: Array | None = None) -> None:
        """Ask the same of another multiplier; cells and products stay, their bounds are computed anew.

        Args:
            multiplier: (d, d) positive semidefinite.
            neurons: (n, d) neurons that attain the ratio now. A centre that is close to one moves there, but not where
                its images would have to move too.
        """
        self.worth = lifted(self.whitening.worth(multiplier))
        if neurons is not None:
            self._know(neurons)
            for neuron in self.neurons if self.symmetry is None else ():
                distance = np.linalg.norm(self.centres - neuron, axis=1) / np.linalg.norm(neuron)
                nearest, next_one = np.append(np.argsort(distance)[:2], -1)[:2]
                alone = len(distance) == 1 or distance[next_one] > CELLS.same
                if alone and distance[nearest] < CELLS.moved:
                    self.centres[nearest] = neuron
        for index, cell in enumerate(self.cells):
            cell.seen, cell.exhausted = 0, False
            self.bounds[index] = self._value(index, cell.pairs, cell.weights)

    def state(self) -> tuple[Array, Indices, Array, list[_Cell]]:
        """What changes when another multiplier is asked about, for `restore`, which takes it once."""
        return self.worth, self.guess, self.bounds.copy(), [replace(cell) for cell in self.cells]

    def restore(self, state: tuple[Array, Indices, Array, list[_Cell]]) -> None:
        """Go back to a state with the same centres."""
        self.worth, self.guess, self.bounds, self.cells = state

    def cover(self) -> Cover:
        """The proof of the present bound, in the coordinates of the problem."""
        used, total = self.inequalities.used, self.inequalities.total
        # Centres are named element by element of the group, for all cells in turn.
        cell = np.repeat(np.arange(len(self)), np.diff(np.append(self.places, len(self.centres))))
        names = np.concatenate([used, total + self.turns * len(self) + cell])
        counts = [len(cell.pairs) for cell in self.cells]
        pairs = np.concatenate([cell.pairs for cell in self.cells])
        of_cell = np.repeat(np.arange(len(self)), counts)
        first, second = (self._rows(of_cell, place)[1] for place in pairs.T)
        weights = np.concatenate([cell.weights for cell in self.cells]) / (first * second)
        counting = weights > 0
        symmetry = None if self.symmetry is None or not counting.any() else self.symmetry.generators
        return Cover(
            self.whitening.functionals(self.centres[self.places] @ self.metric),
            of_cell[counting],
            names[pairs[counting, 0]],
            names[pairs[counting, 1]],
            weights[counting],
            symmetry=symmetry,
        )

    # ---- rows ---------------------------------------------------------------------------------------------------

    def _units(self, points: Array) -> Array:
        """Points on the sphere of the metric."""
        norms = np.sqrt(np.einsum("ni,ij,nj->n", points, self.metric, points))
        return np.asarray(points / np.maximum(norms, np.finfo(float).tiny)[:, None])

    def _know(self, neurons: Array) -> None:
        """Take these neurons (n, d) for those that attain the ratio."""
        self.neurons = self._units(self.whitening.neurons(neurons))
        self.nearest, self.looked_at = np.full(len(neurons), -np.inf), 0

    def _add_centre(self, centre: Array) -> bool:
        """Whether it was added: not if there is one that close, for rounding would hide the wall between them."""
        distance = np.linalg.norm(self.centres - centre, axis=1).min(initial=np.inf)
        new = float(distance) > CELLS.same * float(np.linalg.norm(centre))
        if new:
            turns, images = np.zeros(1, dtype=np.intp), centre[None]
            if self.symmetry is not None:
                turns = self.symmetry.orbit(centre, CELLS.same)
                images = np.vstack([centre, self.symmetry.moved(centre[None])[turns[1:], 0]])
            self.places = np.append(self.places, len(self.centres))
            self.centres, self.turns = np.vstack([self.centres, images]), np.append(self.turns, turns)
        return new

    def _rows(self, of_cell: Indices, names: Indices) -> tuple[Array, Array]:
        """(k, d + 1) the named inequalities of the cells, of unit length, and (k,) how long they were before."""
        samples = len(self.inequalities)
        is_sample = names < samples
        rows, length = np.zeros((len(names), self.problem.dimension + 1)), np.empty(len(names))
        rows[is_sample] = self.inequalities.rows[names[is_sample]]
        length[is_sample] = self.inequalities.length[names[is_sample]]
        centre, other = self.centres[self.places[of_cell[~is_sample]]], self.centres[names[~is_sample] - samples]
        walls = (centre - other) @ self.metric
        norm = np.linalg.norm(walls, axis=1)
        # The row of a centre against itself is zero, and stays so.
        length[~is_sample] = np.where(norm > 0, norm, 1.0)
        rows[~is_sample, 1:] = walls / length[~is_sample, None]
        return rows, length

    def _rows_of(self, index: int, names: Indices) -> Array:
        """(k, d + 1) the named inequalities of one cell, of unit length."""
        return self._rows(np.full(len(names), index), names)[0]

    def _of_samples(self, pairs: Indices) -> NDArray[np.bool_]:
        """(p,) which products are of two samples: those hold in every cell."""
        return np.asarray((pairs < len(self.inequalities)).all(axis=1))

    def _names(self, index: int, pairs: Indices) -> Indices:
        """The inequalities that are looked at in a cell, in increasing order."""
        samples = len(self.inequalities)
        if len(self.centres) <= CELLS.nearest:
            return np.arange(samples + len(self.centres))
        nearness = self.centres @ (self.metric @ self.centres[self.places[index]])
        near = samples + np.argpartition(-nearness, CELLS.nearest)[: CELLS.nearest]
        return np.union1d(np.arange(samples), np.union1d(near, pairs))

    def _value(self, index: int, pairs: Indices, weights: Array) -> float:
        """The bound that these products prove of a cell."""
        return _proven(self.worth, self._rows_of(index, pairs[:, 0]), self._rows_of(index, pairs[:, 1]), weights)

    # ---- one cell -----------------------------------------------------------------------------------------------

    def _tighten(self, index: int, target: float, *, split: bool) -> None:
        """Steps 2 and 3: add products until the cell is at most the target, or is better split, or exhausted."""
        cell = self.cells[index]
        cell.seen = len(self)
        names = self._names(index, cell.pairs)
        rows = self._rows_of(index, names)
        pairs = np.searchsorted(names, cell.pairs if cell.relaxed is not None else self._guessed(cell))
        value, free = self.bounds[index], self.free
        for round_ in range(CELLS.rounds if split else 4 * CELLS.rounds):
            accuracy = min(max(CELLS.accuracy * (value - target) / free, CELLS.most_accurate), CELLS.least_accurate)
            first, second = rows[pairs[:, 0]], rows[pairs[:, 1]]
            relaxed = most_valuable(self.triangle, self.worth, self.triangle.products(first, second), accuracy, target)
            # What the products prove is computed from them, whatever the program says.
            before, value = value, _proven(self.worth, first, second, relaxed.weights)
            if value <= self.bounds[index]:
                cell.pairs, cell.weights, self.bounds[index] = names[pairs], relaxed.weights, value
            cell.relaxed = relaxed.neuron
            if self.bounds[index] <= target:
                break
            stated = pairs
            size = min(1.0, CELLS.typical * float(np.median(((rows @ cell.relaxed) * rows).sum(axis=1))))
            pairs = without_idle(pairs, relaxed.active, violated(rows, cell.relaxed, cell.threshold * size))
            slow = (
                split
                and round_ >= CELLS.patience[self.symmetry is not None]
                and before - value < CELLS.slow * (value - target)
            )
            if slow or np.isin(_codes(pairs), _codes(stated)).all():
                # What new centres can gain is of the size of the spread: finer products before, coarser ones after.
                spread = self._spread(cell.relaxed)[0]
                if split and spread > CELLS.spread and cell.threshold <= CELLS.fine_enough * spread:
                    break
                if cell.threshold <= CELLS.finest:
                    cell.exhausted = spread <= CELLS.spread
                    break
                cell.threshold /= 10
        kept = cell.weights > CELLS.idle * cell.weights.max(initial=0.0)
        self.guess = cell.pairs[kept & self._of_samples(cell.pairs)]

    def _guessed(self, cell: _Cell) -> Indices:
        return _distinct(np.concatenate([cell.pairs, self.guess]))

    def _split(self, index: int, target: float, most: int | None) -> None:
        """Step 4: new centres in a cell, a neuron inside that has no cell of its own, or two beside the middle."""
        cell = self.cells[index]
        assert cell.relaxed is not None
        new = self._neurons_inside(index)
        if len(new) == 0:
            _, middle, across = self._spread(cell.relaxed)
            new = self._units(middle + CELLS.beside * np.outer([1.0, -1.0], across))
        of_samples = self._of_samples(cell.pairs)
        pairs, weights = cell.pairs[of_samples], cell.weights[of_samples]
        count = len(self)
        for centre in new[:most]:
            if not self._add_centre(centre):
                continue
            self.cells.append(_Cell(pairs, weights, threshold=cell.threshold))
            self.bounds = np.append(self.bounds, self._value(len(self) - 1, pairs, weights))
            if self.bounds[-1] > self.free:
                # Without the walls of the old cell its products may be worse than none.
                self.cells[-1].weights, self.bounds[-1] = np.zeros(len(pairs)), self.free
            self._tighten(len(self) - 1, target, split=True)
        if len(self) == count:
            # Step 5. All centres are there already: what is left are the finest products.
            before = self.bounds[index]
            self._tighten(index, target, split=False)
            cell.exhausted = bool(self.bounds[index] > target + (before - target) * (1 - CELLS.worth_a_visit))

    def _neurons_inside(self, index: int) -> Array:
        """(1, d) or (0, d) the neuron of the cell that is nearest to its centre, if it is not the centre itself."""
        to_centre = self.neurons @ (self.metric @ self.centres[self.places[index]])
        inside = (to_centre >= self._nearest_centres() - CELLS.inside) & (to_centre < 1 - CELLS.off_centre)
        return self.neurons[np.flatnonzero(inside)[np.argsort(-to_centre[inside])[:1]]]

    def _nearest_centres(self) -> Array:
        """(n,) how near each neuron is to the nearest centre; only new centres are looked at."""
        for start in range(self.looked_at, len(self.centres), CELLS.block):
            some = self.neurons @ (self.metric @ self.centres[start : start + CELLS.block].T)
            self.nearest = np.maximum(self.nearest, some.max(axis=1))
        self.looked_at = len(self.centres)
        return self.nearest

    def _spread(self, relaxed: Array) -> tuple[float, Array, Array]:
        """How far P is spread where it is spread most, in units of w'Y w; its middle; and in which direction that is.

        P is read as the second moments of neurons (b, w); w / b then has a mean and a covariance. The direction is as
        long as the standard deviation.
        """
        if not relaxed[0, 0] > 0:
            return 0.0, np.zeros(len(self.metric)), np.zeros(len(self.metric))
        middle = relaxed[0, 1:] / relaxed[0, 0]
        covariance = relaxed[1:, 1:] / relaxed[0, 0] - np.outer(middle, middle)
        spreads, directions = np.linalg.eigh(self.root @ covariance @ self.root)
        largest = max(float(spreads[-1]), 0.0)
        across = self.inverse_root @ directions[:, -1] * largest**0.5
        return largest * float(relaxed[0, 0]), middle, np.asarray(across)


def _proven(worth: Array, first: Array, second: Array, weights: Array) -> float:
    """The bound that products of rows a, c prove: the largest eigenvalue of Y + sum N (a c' + c a') / 2."""
    half = (first * weights[:, None]).T @ second
    return float(np.linalg.eigvalsh(worth + (half + half.T) / 2)[-1])
