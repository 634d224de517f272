"""The loss of codes in coordinates in which the best modular code is the identity and its loss is one.

Whatever the units of the sources, all numbers are then of the size of one, so that tolerances mean the same for every
problem. Weights w of the problem are neurons u = w / size here, and for a code of neurons u_i with G = sum_i u_i u_i'

    loss = sum_i f(u_i) + g(G),      f(u) = u'M u + max_t (u.v_t)^2,      v_t = -s_t.

Everything that a search asks of neurons and readout is asked here: costs, value, multiplier, second derivatives, best
energies. `WhitenedLoss` is that of a problem in whitened coordinates, and knows the way there and back. `SpansLoss` has
neurons that keep to a group, and knows to which; `RecurrentLoss` adds to g what the weights of a recurrent layer cost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from solver.generation.energies import optimal_energies
from solver.generation.newton import newton_step
from theory.readouts import symmetric_root
from theory.reductions import WHITENED

if TYPE_CHECKING:
    from theory.arrays import Array, Indices
    from theory.problem import Problem
    from theory.reductions.reduction import OneSolved


class ScaledLoss:
    """The loss of a problem's codes, with neurons in units of the modular ones and the loss in units of theirs.

    Args:
        problem: any number of sources.

    Attributes:
        size: (d,) lengths of modular neurons, as they would be without errors.
        unit: loss of the best modular code.
        normals: (T, d) the points v_t, so that the bias of u is max_t u.v_t.
        energy_matrix: (d, d) M.
        readout: g.
        pairs: neurons that are always enough, d (d + 1) / 2: as many as G has entries.

    Example:
        >>> from theory.problem import Problem
        >>> loss = ScaledLoss(Problem([[-1, -1], [-1, 1], [1, -1]], decoder_cost=5))
        >>> bool(np.isclose(loss.of(np.eye(2)), 1.0))
        True
    """

    def __init__(self, problem: Problem) -> None:
        self.size = np.sqrt(problem.readout.natural_strengths(problem.modular_costs))
        self.unit = problem.modular_loss
        self.normals = -(problem.sources.vertices * self.size) / self.unit**0.5
        self.energy_matrix = problem.energy_matrix * np.outer(self.size, self.size) / self.unit
        self.readout = problem.readout.in_coordinates(1 / self.size, self.unit)
        self.pairs = problem.dimension * (problem.dimension + 1) // 2

    # ---- to and from the units of the problem -------------------------------------------------------------------

    def neurons(self, weights: Array) -> Array:
        """(n, d) u of source weights w (n, d)."""
        return np.asarray(weights / self.size)

    def weights(self, neurons: Array) -> Array:
        """(n, d) source weights w of neurons u (n, d)."""
        return np.asarray(neurons * self.size)

    def multiplier_of_problem(self, multiplier: Array) -> Array:
        """(d, d) a multiplier of these units in those of the problem."""
        return np.asarray(multiplier * self.unit / np.outer(self.size, self.size))

    def scaled_multiplier(self, multiplier: Array) -> Array:
        """(d, d) a multiplier of the problem in these units."""
        return np.asarray(multiplier * np.outer(self.size, self.size) / self.unit)

    # ---- losses -------------------------------------------------------------------------------------------------

    def costs(self, neurons: Array) -> Array:
        """(n,) f of each neuron."""
        quadratic = np.einsum("ni,ij,nj->n", neurons, self.energy_matrix, neurons)
        return np.asarray(quadratic + (neurons @ self.normals.T).max(axis=1) ** 2)

    def value(self, gram: Array) -> float:
        """What depends on G (d, d) alone: the readout."""
        return self.readout.value(gram)

    def of(self, neurons: Array) -> float:
        """The loss of a code (n, d)."""
        return float(self.costs(neurons).sum()) + self.value(neurons.T @ neurons)

    def multiplier(self, neurons: Array) -> Array:
        """(d, d) Y of a code (n, d): what one unit of u u' saves there."""
        return self.readout.multiplier(neurons.T @ neurons)

    def balanced(self, neurons: Array) -> tuple[Array, float]:
        """The code (n, d) scaled to where its neurons earn on average what they cost, and its loss."""
        energy, gram = float(self.costs(neurons).sum()), neurons.T @ neurons
        factor = self.readout.rescaling(gram, energy)
        return neurons * factor, energy * factor**2 + self.value(gram * factor**2)

    def of_unit_cost(self, neurons: Array) -> Array:
        """(n, d) the neurons scaled to f = 1."""
        return np.asarray(neurons / np.sqrt(self.costs(neurons))[:, None])

    def energies(self, columns: Array, new: int, loss: float) -> Array:
        """(n,) the best energies of columns (n, d) with f = 1, spanning R^d.

        Args:
            columns: the neurons.
            new: how many of them, the last ones, have no energy yet.
            loss: of the best code so far.
        """
        del new
        return optimal_energies(columns, self.readout, np.full(len(columns), loss / 2 / len(columns)))

    def present(self, neurons: Array) -> Indices:
        """The neurons of a code (n, d) that have not vanished, by their leverage, which even a cheap neuron has."""
        return np.flatnonzero(self.readout.leverage(neurons) > 1e-10)

    def proven(self, multiplier: Array, rho: float) -> float:
        """The lower bound that a multiplier (d, d) proves, with the largest ratio of any neuron at it."""
        return self.readout.dual_value(symmetric_root(multiplier), rho)

    # ---- on faces -----------------------------------------------------------------------------------------------

    def outside(self, neurons: Array) -> Array:
        """(n, m, d) rows that each neuron stays orthogonal to: none where it may read anything."""
        return np.empty((len(neurons), 0, neurons.shape[1]))

    def highest_samples(self, neurons: Array) -> Indices:
        """(n, d) active samples: the one that attains each bias, and -1 in the places for more."""
        active = np.full(neurons.shape, -1)
        active[:, 0] = (neurons @ self.normals.T).argmax(axis=1)
        return active

    def hessian(self, neurons: Array, vertex: Array, directions: Array, owner: Indices) -> Array:
        """(N, N) second derivatives of the loss.

        Args:
            neurons: (n, d).
            vertex: (n, d) the point v of each neuron, so that its cost is u'(M + v v')u.
            directions: (N, d).
            owner: (N,) the neuron that moves along each.
        """
        inverse, multiplier = self.readout.expansion(neurons.T @ neurons)
        near, far = neurons @ inverse, neurons @ multiplier
        # Second derivative of g along dG = du u' + u du', and of dG itself.
        pair = np.ix_(owner, owner)
        across = (near @ directions.T)[owner] * (far @ directions.T)[owner].T
        hessian = across + across.T
        hessian += (near @ neurons.T)[pair] * (directions @ multiplier @ directions.T)
        hessian += (far @ neurons.T)[pair] * (directions @ inverse @ directions.T)
        steep = np.einsum("pi,pi->p", vertex[owner], directions)
        single = directions @ (self.energy_matrix - multiplier) @ directions.T + np.outer(steep, steep)
        return np.asarray(2 * (hessian + np.where(owner[:, None] == owner, single, 0.0)))


class WhitenedLoss(ScaledLoss):
    """`ScaledLoss` in whitened coordinates, where correlated sources cost no digits.

    Its units of weights and multipliers are those of the whitened problem (`theory.reductions.whitened`); the way to
    source weights, and back, goes through both.

    Args:
        problem: any number of sources, in coordinates of its own.

    Attributes:
        problem: whose codes they are.
        inside: the whitened problem, of whose modular code `size` and `unit` are.

    Example:
        >>> from theory.problem import Problem
        >>> problem = Problem([[-1, -1], [-1, 1], [1, -1]], decoder_cost=5)
        >>> loss = WhitenedLoss(problem)
        >>> modular = problem.modular_weights
        >>> neurons = loss.coordinates(modular)
        >>> bool(np.isclose(loss.of(neurons) * loss.unit, problem.modular_loss))
        True
        >>> bool(np.allclose(loss.source_weights(neurons), modular))
        True
    """

    def __init__(self, problem: Problem) -> None:
        self.problem, self.inside = problem, problem.whitened
        super().__init__(self.inside)

    def coordinates(self, weights: Array) -> Array:
        """(n, d) u of source weights (n, d)."""
        return self.neurons(self.problem.whitening.neurons(weights))

    def source_weights(self, neurons: Array) -> Array:
        """(n, d) source weights of neurons u (n, d)."""
        return self.problem.whitening.weights(self.weights(neurons))

    def source_multiplier(self, multiplier: Array) -> Array:
        """(d, d) a multiplier of these units in those of the sources."""
        return self.problem.whitening.multiplier(self.multiplier_of_problem(multiplier))

    def invert(self, solved: OneSolved) -> OneSolved:
        """A code of neurons u, with its multiplier, loss and bound in these units, as one of the sources."""
        posed = solved.moved(self.source_weights, self.source_multiplier)
        return replace(posed, loss=posed.loss * self.unit, lower_bound=posed.lower_bound * self.unit)


class SpansLoss(WhitenedLoss):
    """`WhitenedLoss` of codes whose neurons each keep to the span of one group (`theory.dependent.spans`).

    Args:
        problem: with groups; its sources may depend on each other.

    Attributes:
        posed: the problem.
        bases: for each group the (k, d) neurons that are unit vectors in its own whitened coordinates.

    Example:
        >>> from theory.problem import Problem
        >>> problem = Problem([[-1, -1, 0], [-1, 1, 2], [1, -1, 1], [2, 0, 0]], groups={"pair": [0, 2]})
        >>> loss = SpansLoss(problem)
        >>> neurons = np.array([[1.0, -2.0]]) @ loss.bases[0]
        >>> loss.owners(neurons).tolist(), loss.source_weights(neurons)[:, 1].tolist()
        ([0], [0.0])
        >>> bool(np.allclose(loss.costs(neurons) * loss.unit, problem.neuron_cost(loss.source_weights(neurons))))
        True
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.canonical)
        self.posed = problem
        self.bases: list[Array] = []
        self._outside = np.zeros((len(problem.spans), *self.energy_matrix.shape))
        for outside, span in zip(self._outside, problem.spans, strict=True):
            basis = self.coordinates(span.block.whitening.weights(np.eye(len(span.kept))) @ span.basis)
            beyond = np.linalg.qr(basis.T, mode="complete")[0].T[len(basis) :]
            outside[: len(beyond)] = beyond
            self.bases.append(basis)

    def owners(self, neurons: Array) -> Indices:
        """(n,) the smallest group in whose span each neuron is."""
        missed = np.einsum("gij,nj->ngi", self._outside, neurons)
        size = np.maximum((neurons**2).sum(axis=1), np.finfo(float).tiny)
        share = (missed**2).sum(axis=2) / size[:, None]
        # A trillionth of a neuron is rounding.
        inside = share <= np.maximum(2 * share.min(axis=1), 1e-12**2)[:, None]
        return np.argmin(np.where(inside, [len(basis) for basis in self.bases], np.inf), axis=1)

    def outside(self, neurons: Array) -> Array:
        """See `ScaledLoss`: what no neuron of the group reads."""
        return self._outside[self.owners(neurons)]

    def within(self, group: int, neurons: Array) -> Array:
        """(n, k) neurons (n, d) in the span of a group, in its own whitened coordinates."""
        return np.asarray(np.linalg.lstsq(self.bases[group].T, neurons.T)[0].T)

    def worth_within(self, group: int, multiplier: Array) -> Array:
        """(k, k) a multiplier (d, d) in the whitened coordinates of a group, and in the units of the problem."""
        return np.asarray(self.bases[group] @ multiplier @ self.bases[group].T * self.unit)

    def source_weights(self, neurons: Array) -> Array:
        """(n, d) weights of each neuron on the sources of its group."""
        weights, owners = np.zeros((len(neurons), self.posed.dimension)), self.owners(neurons)
        for group, span in enumerate(self.posed.spans):
            own = np.flatnonzero(owners == group)
            weights[own[:, None], list(span.kept)] = span.block.whitening.weights(self.within(group, neurons[own]))
        return weights

    def source_multiplier(self, multiplier: Array) -> Array:
        """(d, d) a multiplier of these units in those of all sources."""
        inside, hull = super().source_multiplier(multiplier), self.posed.hull
        return inside if hull is None else hull.form(inside)


@dataclass(frozen=True)
class EnergyTolerances:
    """Newton's method for energies where the loss is not convex in them."""

    steps: int = 60
    halvings: int = 10  # of one step
    longest: float = 2.0  # change of the logarithm of an energy in one step
    least_logarithm: float = -80.0  # as good as nothing, which has no logarithm
    progress: float = 1e-14  # relative fall of the loss that ends it
    rounding: float = 1e-15  # relative rise of the loss that is rounding
    entering: float = 0.1  # energy of a new neuron, in units of that of the others


RECURRENT_ENERGIES = EnergyTolerances()


class RecurrentLoss(WhitenedLoss):
    """`WhitenedLoss` with what the weights of a recurrent layer cost, which depends on G alone, as the readout does.

    It is not convex in G, but along geodesics of positive definite matrices it is (docs/mathematics.md, "Dynamics"), so
    that descent has no bad places to end in but those that a bound shows.

    Args:
        problem: one with transitions.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        recurrence = WHITENED.recurrence(problem)
        assert recurrence is not None
        self.recurrence = recurrence.in_coordinates(np.diag(1 / self.size), np.diag(self.size), self.unit)

    def value(self, gram: Array) -> float:
        """The readout and the recurrent weights."""
        return self.readout.value(gram) + self.recurrence.value(gram)

    def multiplier(self, neurons: Array) -> Array:
        """(d, d) Y, what one unit of u u' saves of both."""
        gram = neurons.T @ neurons
        return self.readout.multiplier(gram) - self.recurrence.gradient(gram)

    def proven(self, multiplier: Array, rho: float) -> float:
        """Nothing: see `solver.certificate.bound_at_code`."""
        del multiplier, rho
        return 0.0

    def hessian(self, neurons: Array, vertex: Array, directions: Array, owner: Indices) -> Array:
        """See `ScaledLoss`."""
        half = directions[:, :, None] * neurons[owner][:, None, :]
        moves = half + np.swapaxes(half, 1, 2)
        gram = neurons.T @ neurons
        # A neuron is worth less than its readout by what its own move adds to the recurrent weights.
        slope = directions @ self.recurrence.gradient(gram) @ directions.T
        single = np.where(owner[:, None] == owner, slope, 0.0)
        readout = super().hessian(neurons, vertex, directions, owner)
        return readout + 2 * single + self.recurrence.curvature(gram, moves)

    def energies(self, columns: Array, new: int, loss: float) -> Array:
        """(n,) energies at which the loss is least nearby; see `ScaledLoss`.

        Newton's method in their logarithms, in which what is worthless falls by a constant factor a step.
        """
        known = len(columns) - new
        start = np.where(np.arange(len(columns)) < known, 1.0, RECURRENT_ENERGIES.entering) * loss / known
        moves = columns[:, :, None] * columns[:, None, :]

        def at(logs: Array) -> tuple[float, Array, Array]:
            energies = np.exp(logs)
            gram = (columns.T * energies) @ columns
            try:
                inverse, multiplier = self.readout.expansion(gram)
                gradient = multiplier - self.recurrence.gradient(gram)
            except np.linalg.LinAlgError:
                return np.inf, logs, np.eye(len(logs))
            slope = energies * (1 - np.einsum("ni,ij,nj->n", columns, gradient, columns))
            bend = 2 * (columns @ inverse @ columns.T) * (columns @ multiplier @ columns.T)
            bend = (bend + self.recurrence.curvature(gram, moves)) * np.outer(energies, energies)
            return float(energies.sum()) + self.value(gram), slope, bend + np.diag(slope)

        logs = np.log(start)
        value, slope, bend = at(logs)
        for _ in range(RECURRENT_ENERGIES.steps):
            step = np.clip(newton_step(slope, bend), -RECURRENT_ENERGIES.longest, RECURRENT_ENERGIES.longest)
            for halving in range(RECURRENT_ENERGIES.halvings):
                candidate = np.maximum(logs + 0.5**halving * step, RECURRENT_ENERGIES.least_logarithm)
                lower, *derivatives = at(candidate)
                if lower < value * (1 + RECURRENT_ENERGIES.rounding):
                    break
            else:
                break
            progress = value - lower
            logs, value, (slope, bend) = candidate, lower, derivatives
            if progress <= RECURRENT_ENERGIES.progress * value:
                break
        return np.exp(logs)
