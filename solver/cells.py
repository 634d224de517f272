"""Where may a neuron still earn more than it costs? Cells of directions, and the lifted relaxation on each.

On a cell, given by linear inequalities a.u >= 0 on a neuron and its bias, u = (b, w), the largest ratio w'Y w / f(w)
is at most the value of a small semidefinite program in P, the relaxed u u' (DESIGN section 1, "Pricing exactly"):

    maximise tr(Y P)   subject to   tr(B P) = 1,   P positive semidefinite,   a'P c >= 0 for inequalities a, c.

Its multipliers N of the last are what `theory.cover` checks. Only violated products are added, a few at a time. Where
the value is too large the cell is cut in two, across the direction in which P is spread most.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from theory.cover import Cover, Whitening

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from theory.problem import Problem

    Array = NDArray[np.float64]
    Indices = NDArray[np.intp]

__all__ = ["Cells", "Inequalities", "bounded_value", "products_of", "violated", "without_idle"]

ROUNDS = 60
"""Rounds of adding violated products on one cell at most; most cells need ten."""

VIOLATED = 2e-3
"""A product below minus this, on rows of unit length and P of unit trace, is worth adding; finer near the end."""

FINE_ENOUGH = 0.02
"""Share of the spread of P that the threshold may be before the cell is cut."""

FINEST = 1e-8
"""The finest such threshold: below it the conic solver's own error begins."""

IDLE = 1e-7
"""Multiplier below which a product is dropped."""

MOST_SAMPLES = 1_500
"""Samples whose inequalities are used: the others would still be valid, but every pair is looked at in every round."""

PROBES = 4_000
"""Random directions whose extreme samples are the ones used, where there are more."""

ACCURACY = 1e-3
"""The conic solver is asked for this share of the distance between a cell's bound and the target,"""

MOST_ACCURATE, LEAST_ACCURATE = 1e-10, 1e-4
"""within these limits."""

REGULARIZATIONS = (1e-7, 1e-6, 1e-8)
"""What the conic solver adds to its linear systems: its own 1e-8 stalls where products of symmetric samples tie."""

CONVERGED = ("Solved", "AlmostSolved")
"""Statuses of Clarabel after which it is not asked again; what a solution proves is computed from it in any case."""

USEFUL = 1e-3
"""Share of the way to the target by which a cut must lower a half's bound; else finer products come before the next."""

CLEAR = 0.7
"""Standard deviations of P by which a cut stays clear of a neuron: one on the border of many cells spoils them all."""

INSIDE = 1e-9
"""An inequality that a neuron misses by no more than this, on rows of unit length, counts as met."""

SPREAD = 1e-9
"""Variance of P, in units of f, below which a cell holds a single neuron and is not cut."""


class Inequalities:
    """The inequalities of the samples, as rows of unit length in whitened coordinates.

    Args:
        problem: any number of sources.
        neurons: (n, d) neurons whose tight samples must be among those used.
    """

    def __init__(self, problem: Problem, neurons: Array) -> None:
        self.whitening = Whitening(problem)
        vertices = problem.sources.vertices
        self.total = len(vertices)
        self.used = _informative(problem, neurons, self.whitening)
        rows = self.whitening.rows(vertices[self.used])
        self.length = np.linalg.norm(rows, axis=1)
        self.rows = rows / self.length[:, None]

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


def _informative(problem: Problem, neurons: Array, whitening: Whitening) -> Indices:
    """Samples that are extreme in some direction that matters: all of them, if there are not too many."""
    vertices = problem.sources.vertices
    if len(vertices) <= MOST_SAMPLES:
        return np.arange(len(vertices))
    random = np.random.default_rng(0).standard_normal((PROBES, problem.dimension)) @ whitening.inverse.T
    directions = np.concatenate([neurons, random])
    extreme = np.concatenate(
        [np.argmin(vertices @ directions[start : start + 256].T, axis=0) for start in range(0, len(directions), 256)]
    )
    # The neurons' own samples first, then those that most directions meet.
    counted, first, times = np.unique(extreme, return_index=True, return_counts=True)
    order = np.lexsort((-times, first >= len(neurons)))
    return np.sort(counted[order][:MOST_SAMPLES])


# ---- one semidefinite program ---------------------------------------------------------------------------------


def products_of(rows: Array, pairs: Indices) -> Array:
    """(p, n, n) symmetric (a c' + c a') / 2 of pairs (p, 2) of rows."""
    outer = rows[pairs[:, 0], :, None] * rows[pairs[:, 1], None, :]
    return np.asarray((outer + np.swapaxes(outer, 1, 2)) / 2)


def violated(rows: Array, relaxed: Array, threshold: float) -> Indices:
    """(p, 2) pairs of rows whose product is below minus the threshold at P, the worst: no more than P has entries."""
    # Every pair stands twice in the symmetric matrix.
    most = rows.shape[1] * (rows.shape[1] + 1)
    products = rows @ relaxed @ rows.T
    flat = products.ravel()
    lowest = np.argpartition(flat, min(most, len(flat) - 1))[:most]
    lowest = lowest[flat[lowest] < -threshold]
    pairs = np.sort(np.column_stack(np.unravel_index(lowest, products.shape)), axis=1)
    return np.unique(pairs, axis=0)


def without_idle(pairs: Indices, weights: Array, new: Indices) -> Indices:
    """The products that count, and the new ones, each once."""
    return np.unique(np.concatenate([pairs[weights > IDLE], new]), axis=0)


def _codes(pairs: Indices) -> Indices:
    """(p,) one number for each pair of rows."""
    return np.asarray((pairs[:, 0] << 32) + pairs[:, 1])


def bounded_value(worth: Array, rows: Array, pairs: Indices, weights: Array) -> float:
    """The proven bound: the largest eigenvalue of Y + sum N (a c' + c a') / 2."""
    form = worth + np.einsum("p,pij->ij", weights, products_of(rows, pairs))
    return float(np.linalg.eigvalsh(form)[-1])


class _Program:
    """The semidefinite program on one cell, in the form that Clarabel takes; indices of its triangle are kept."""

    def __init__(self, size: int) -> None:
        upper, lower = np.triu_indices(size)
        order = np.lexsort((upper, lower))
        self.size, self.upper, self.lower = size, upper[order], lower[order]
        self.stretch = np.where(self.upper == self.lower, 1.0, 2**0.5)

    def vector(self, matrices: Array) -> Array:
        return np.asarray(matrices[..., self.upper, self.lower] * self.stretch)

    def solve(self, worth: Array, products: Array, accuracy: float) -> tuple[Array, Array] | None:
        """P (n, n) and the multipliers (p,), or None where the conic solver gave up."""
        import clarabel
        from scipy import sparse

        size, entries = self.size, len(self.upper)
        matrix = np.concatenate([self.vector(np.eye(size))[None], -self.vector(products), -np.eye(entries)])
        right = np.zeros(len(matrix))
        right[0] = 1.0
        cones = [clarabel.ZeroConeT(1), clarabel.NonnegativeConeT(len(products)), clarabel.PSDTriangleConeT(size)]
        no_curvature = sparse.csc_matrix((entries, entries))
        best = None
        for regularization in REGULARIZATIONS:
            settings = clarabel.DefaultSettings()
            settings.verbose = False
            settings.static_regularization_constant = regularization
            settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = accuracy
            try:
                solution = clarabel.DefaultSolver(
                    no_curvature, -self.vector(worth), sparse.csc_matrix(matrix), right, cones, settings
                ).solve()
            except Exception:  # whatever it says: a bound is known without it
                continue
            found, multipliers = np.array(solution.x), np.array(solution.z)[1 : 1 + len(products)]
            if np.isfinite(found).all() and np.isfinite(multipliers).all() and np.abs(found).max(initial=0.0) > 0:
                best = found, multipliers
                if str(solution.status) in CONVERGED:
                    break
        if best is None:
            return None
        found, multipliers = best
        relaxed = np.zeros((size, size))
        relaxed[self.upper, self.lower] = relaxed[self.lower, self.upper] = found / self.stretch
        return relaxed, np.maximum(multipliers, 0.0)


# ---- the tree of cells ----------------------------------------------------------------------------------------


@dataclass
class _Cell:
    """A cell: its rows, the products that bound it, and the two halves if it was cut."""

    root: int
    rows: Array
    pairs: Indices
    weights: Array
    bound: float
    relaxed: Array | None = None
    threshold: float = VIOLATED
    settled: bool = False
    stubborn: bool = False
    plane: Array | None = None
    halves: list[_Cell] = field(default_factory=list)


class Cells:
    """A branch and bound over directions that ever lowers a proven bound on max_w w'Y w / f(w).

    Args:
        problem: any number of sources.
        multiplier: (d, d) positive semidefinite Y.
        functionals: (n, d) the roots: cell i holds the w for which functionals[i].w is largest. With none, one root.
        neurons: (n, d) neurons that attain the ratio, as far as known.

    Attributes:
        bound: the proven bound at present.

    Source: DESIGN section 1; spatial branch and bound with reformulation-linearisation cuts.

    Example:
        >>> from theory.problem import Problem
        >>> problem = Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]])
        >>> cells = Cells(problem, problem.energy_matrix + np.eye(2), np.empty((0, 2)), problem.modular_weights)
        >>> cells.refine(1 + 1e-6, 5)
        >>> bool(cells.bound < 1 + 1e-6)
        True
    """

    def __init__(self, problem: Problem, multiplier: Array, functionals: Array, neurons: Array) -> None:
        self.problem = problem
        self.inequalities = Inequalities(problem, neurons)
        self.whitening = self.inequalities.whitening
        self.program = _Program(problem.dimension + 1)
        self.functionals = functionals
        self.worth = self.whitening.worth(multiplier)
        self.neurons = self._lifted_neurons(neurons)
        lifted = np.zeros((len(functionals), problem.dimension + 1))
        lifted[:, 1:] = functionals @ self.whitening.inverse
        self.lengths: list[Array] = []
        self.roots: list[_Cell] = []
        self.open: list[tuple[float, int, _Cell]] = []
        self.count = 0
        opposite = self.inequalities.opposite()
        none = np.zeros(len(opposite))
        free = float(np.linalg.eigvalsh(self.worth)[-1])
        for root in range(max(1, len(functionals))):
            walls = lifted[root] - lifted if len(lifted) else lifted
            # The row of a functional against itself is zero, and stays so.
            length = np.linalg.norm(walls, axis=1)
            length[length == 0] = 1.0
            self.lengths.append(length)
            rows = np.concatenate([self.inequalities.rows, walls / length[:, None]])
            self.roots.append(_Cell(root, rows, opposite, none, free))
            self._push(self.roots[-1])

    @property
    def bound(self) -> float:
        """The largest bound of any leaf."""
        return -self.open[0][0]

    def __len__(self) -> int:
        """Number of leaves."""
        return len(self.open)

    @property
    def settled(self) -> bool:
        """Whether the worst cell cannot be improved: it holds a single neuron that attains its bound."""
        return self.open[0][2].settled

    def refine(self, target: float, programs: int, *, cut: bool = True) -> None:
        """Lower the bound until it is at most the target, with about so many semidefinite programs at most.

        Args:
            target: ratio to reach; cells at or below it are left alone.
            programs: cells worked on.
            cut: whether cells may be cut; if not, products are added down to the finest.
        """
        for _ in range(programs):
            if self.bound <= target or self.settled:
                return
            cell = heapq.heappop(self.open)[2]
            if self._tighten(cell, target, cut=cut) or not cut:
                self._push(cell)
                continue
            for half in self._cut(cell):
                settled = self._tighten(half, target, cut=True)
                if not settled and half.bound > target + (cell.bound - target) * (1 - USEFUL):
                    # P is too coarse to say where to cut, or a neuron kept the cut from where it would have mattered.
                    half.threshold, half.stubborn = max(half.threshold / 10, FINEST), True
                self._push(half)

    def candidates(self) -> Array:
        """(k, d) the middles of the relaxed neurons of all leaves: where a better neuron may hide."""
        relaxed = [cell.relaxed for _, _, cell in self.open if cell.relaxed is not None]
        middles = [matrix[0, 1:] / matrix[0, 0] for matrix in relaxed if matrix[0, 0] > 0]
        return np.array(middles).reshape(-1, self.problem.dimension) @ self.whitening.inverse.T

    def reprice(self, multiplier: Array, neurons: Array) -> None:
        """Ask the same of another multiplier; the tree and its products stay, their bounds are computed anew."""
        self.worth = self.whitening.worth(multiplier)
        self.neurons = self._lifted_neurons(neurons)
        leaves = [cell for _, _, cell in self.open]
        self.open = []
        for cell in leaves:
            cell.bound = bounded_value(self.worth, cell.rows, cell.pairs, cell.weights)
            cell.settled = False
            self._push(cell)

    def cover(self) -> Cover:
        """The proof of the present bound, in the coordinates of the problem."""
        splits: list[bool] = []
        planes: list[Array] = []
        leaves: list[_Cell] = []
        waiting = self.roots[::-1]
        while waiting:
            cell = waiting.pop()
            splits.append(bool(cell.halves))
            if cell.plane is not None:
                planes.append(cell.plane)
                waiting.extend(reversed(cell.halves))
            else:
                leaves.append(cell)
        used, total = self.inequalities.used, self.inequalities.total
        # Rows beyond the samples used are named in the same order after all samples.
        pairs = np.concatenate([cell.pairs for cell in leaves])
        names = np.concatenate([used, total + np.arange(int(pairs.max(initial=0)) + 1)])
        weights = np.concatenate([cell.weights / self._length_of(cell, cell.pairs).prod(axis=1) for cell in leaves])
        leaf = np.repeat(np.arange(len(leaves)), [len(cell.pairs) for cell in leaves])
        counts = weights > 0
        return Cover(
            self.functionals,
            np.array(splits),
            self.whitening.given(np.array(planes).reshape(-1, self.problem.dimension + 1)),
            leaf[counts],
            names[pairs[counts, 0]],
            names[pairs[counts, 1]],
            weights[counts],
        )

    def _lifted_neurons(self, neurons: Array) -> Array:
        """(n, d + 1) neurons with their biases, of unit cost."""
        units = neurons / np.sqrt(self.problem.neuron_cost(neurons))[:, None]
        bias = self.problem.sources.support(units)
        return np.column_stack([bias, units @ self.whitening.matrix.T])

    def _length_of(self, cell: _Cell, index: Indices) -> Array:
        """How long the named inequalities were before they became rows of unit length; planes are of unit length."""
        known = np.concatenate([self.inequalities.length, self.lengths[cell.root]])
        return np.asarray(np.concatenate([known, np.ones(len(cell.rows) - len(known))])[index])

    def _push(self, cell: _Cell) -> None:
        self.count += 1
        heapq.heappush(self.open, (-cell.bound, self.count, cell))

    def _tighten(self, cell: _Cell, target: float, *, cut: bool) -> bool:
        """Add products until the cell is at most the target (True), or until it is better cut or settled."""
        pairs = cell.pairs
        for _ in range(ROUNDS):
            accuracy = min(max(ACCURACY * (1 - target / cell.bound), MOST_ACCURATE), LEAST_ACCURATE)
            solved = self.program.solve(self.worth, products_of(cell.rows, pairs), accuracy)
            if solved is None:
                break
            cell.relaxed, weights = solved
            value = bounded_value(self.worth, cell.rows, pairs, weights)
            if value <= cell.bound:
                cell.pairs, cell.weights, cell.bound = pairs, weights, value
            if cell.bound <= target:
                return True
            stated = pairs
            pairs = without_idle(pairs, weights, violated(cell.rows, cell.relaxed, cell.threshold))
            if np.isin(_codes(pairs), _codes(stated)).all():
                # What a cut can gain is of the size of the spread: finer products before, coarser ones after.
                spread = _spread(cell.relaxed, self.worth)[0]
                if cut and spread > SPREAD and cell.threshold <= FINE_ENOUGH * spread:
                    return False
                if cell.threshold <= FINEST:
                    break
                cell.threshold /= 10
        cell.settled = cell.relaxed is None or _spread(cell.relaxed, self.worth)[0] <= SPREAD
        return cell.settled

    def _cut(self, cell: _Cell) -> list[_Cell]:
        if cell.relaxed is None:
            return [cell]
        plane = _spread(cell.relaxed, self.worth)[1]
        if not cell.stubborn:
            plane = self._clear_of_neurons(cell, cell.relaxed, plane)
        cell.plane = plane
        for side in (1.0, -1.0):
            rows = np.concatenate([cell.rows, side * plane[None]])
            half = _Cell(cell.root, rows, cell.pairs, cell.weights, cell.bound, threshold=cell.threshold)
            cell.halves.append(half)
        cell.relaxed = None
        return cell.halves

    def _clear_of_neurons(self, cell: _Cell, relaxed: Array, plane: Array) -> Array:
        """The plane through the middle of P, moved away from a neuron that it would cut."""
        inside = self.neurons[(self.neurons @ cell.rows.T >= -INSIDE).all(axis=1)]
        if len(inside) == 0:
            return plane
        deviation = (plane @ relaxed @ plane / relaxed[0, 0]) ** 0.5
        distance = inside @ plane / inside[:, 0]
        nearest = distance[np.argmin(np.abs(distance))]
        if abs(nearest) >= CLEAR * deviation:
            return plane
        shift = nearest + CLEAR * deviation * (-1 if nearest > 0 else 1)
        moved = plane - shift * np.eye(len(plane))[0]
        return np.asarray(moved / np.linalg.norm(moved))


def _spread(relaxed: Array, worth: Array) -> tuple[float, Array]:
    """How far P is spread in the direction in which it is spread most, in units of w'Y w, and the plane across it.

    P is read as the second moment of neurons (b, w); w / b then has a mean and a covariance.
    """
    if not relaxed[0, 0] > 0:
        return 0.0, np.zeros(len(relaxed))
    middle = relaxed[0, 1:] / relaxed[0, 0]
    covariance = relaxed[1:, 1:] - relaxed[0, 0] * np.outer(middle, middle)
    values, vectors = np.linalg.eigh(worth[1:, 1:])
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    spreads, directions = np.linalg.eigh(root @ covariance @ root)
    across = root @ directions[:, -1]
    plane = np.concatenate([[-across @ middle], across])
    return float(spreads[-1]), np.asarray(plane / np.linalg.norm(plane))
