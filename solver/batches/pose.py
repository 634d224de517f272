"""Problems of two or three sources as arrays, in coordinates in which neurons cost |w|^2 + h(w)^2 and K is diagonal.

1. A problem fits if its neurons are linear, nothing is carried along, kept apart or grouped, and a decoder needs all
   of two or three sources.
2. The whitening x = H w, M = H'H, of two sources in closed form: the triangular factor of M in units of the modular
   neurons, turned until H K H' is diagonal. Of three sources, and where the sources, or what is decoded, are nearly
   dependent, so that products lose digits, the whitening of `theory.geometry.whitening` takes its place.
3. Samples about the mean, in the size that the cost of the bias gives them, times H^-1; G0 as the readout has it. The
   loss is counted in units of the root of tr K.
4. The best modular code, and its multiplier Y, in the same coordinates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

import solver.solving.plan as planning
from solver.batches.codes import Codes, WhitenedProblems
from solver.batches.exchange import PlaneProblem
from solver.batches.modular import strengths
from theory.arrays import Array, Indices, Mask
from theory.conditions import modular_multiplier
from theory.geometry.polygon import Polygon
from theory.modular.formulas import multiplier_entry
from theory.neurons import Linear
from theory.problem import Problem
from theory.readouts import Readout
from theory.sources import Sources


@dataclass(frozen=True)
class PoseTolerances:
    """Which problems are taken together, and how."""

    dependent: float = 1e-3  # least 1 - r^2 of the correlation in M or K at which products keep enough digits
    tie: float = 1e-12  # share of a source's range by which its two biases tie (`theory.sources`)


POSE = PoseTolerances()


@dataclass(frozen=True, eq=False)
class Posed:
    """n problems.

    Attributes:
        whitened: they, in coordinates that suit them.
        modular: unit neurons (d, d, n), energies (d, n) and multiplier (d (d + 1) / 2, n) of the best modular codes.
        modular_loss: (n,) of these.
        unit: (n,) what the loss is counted in.
        matrix: (n, d, d) H.
        inverse: (n, d, d) H^-1.
        own: (n, d) roots of the cost of a neuron of each source alone, of unit weight.
    """

    whitened: WhitenedProblems
    modular: tuple[Array, Array, Array]
    modular_loss: Array
    unit: Array
    matrix: Array
    inverse: Array
    own: Array

    def known(self, named: Mask) -> tuple[Array, Array, Array]:
        """The modular codes; of infinite cost where the sources are not named, so that modularity means nothing."""
        neurons, energies, multiplier = self.modular
        return neurons, np.where(named, energies, np.inf), multiplier

    def bounds(self, codes: Codes) -> Array:
        """(n,) what is proven of codes, in units of the loss.

        No bound is above a loss that a code has: by as much as it is, rounding was off.
        """
        loss, bound = self.unit * codes.loss, self.unit * codes.bound
        return np.where(bound <= loss, bound, np.maximum(0.0, 2 * loss - bound))

    def weights(self, neurons: Array) -> Array:
        """(n, k, d) source weights of neurons (d, k, n) in those coordinates."""
        return np.asarray((neurons * np.sqrt(self.unit)).transpose(2, 1, 0) @ self.inverse.transpose(0, 2, 1))

    def neurons(self, weights: Array) -> Array:
        """(k, d) neurons in those coordinates, of the source weights (k, d) of the first problem."""
        return np.asarray(weights @ self.matrix[0].T / np.sqrt(self.unit[0]))

    def multipliers(self, worth: Array) -> Array:
        """(n, d, d) the forms Y in the source weights of forms (d (d + 1) / 2, n) in those coordinates."""
        whole = np.empty_like(self.matrix)
        row, column = _half(whole.shape[1])
        whole[:, row, column] = whole[:, column, row] = worth.T
        return np.asarray(self.matrix.transpose(0, 2, 1) @ whole @ self.matrix)


def fits(problem: Problem) -> bool:
    """Step 1.

    Example:
        >>> from solver import Problem
        >>> fits(Problem([[0, 0], [0, 1], [1, 0]])), fits(Problem([[0], [1]]))
        (True, False)
    """
    return (
        problem.dimension in (2, 3)
        and problem.neurons.linear
        and problem.transitions is None
        and problem.groups is None
        and not problem.dependent
        and problem.readout.rank is None
    )


def heights(problem: Problem) -> Array:
    """(T, d) points about the mean whose support function is the height of a neuron.

    Example:
        >>> from solver import Problem
        >>> heights(Problem([[0, 0], [3, 0], [0, 3]], bias_cost=3)).tolist()
        [[-2.0, -2.0], [4.0, -2.0], [-2.0, 4.0]]
    """
    sources = _heights_of(problem)
    if len(sources.points) > planning.SIZES.samples_together:
        return vertices(problem)
    return _sized(problem, sources.about_mean(sources.points))


def vertices(problem: Problem) -> Array:
    """(V, d) those of them that are extreme."""
    return _sized(problem, _heights_of(problem).vertices)


def posed(problems: Sequence[Problem], points: Sequence[Array]) -> Posed:
    """Steps 2 to 4, for problems with as many sources and points each.

    Args:
        problems: those that fit.
        points: (T, d) of each, from `heights`.
    """
    readouts = [problem.readout for problem in problems]
    price = np.array([readout.decoder_cost for readout in readouts])
    gram = np.array([readout.targets.T @ readout.targets for readout in readouts])
    costs = np.array([problem.modular_costs for problem in problems])
    energy = np.array([problem.energy_matrix for problem in problems])
    matrix, inverse, demand = _whitenings(problems, energy, gram, np.sqrt(costs))
    demand = demand * price[:, None]
    total = demand.sum(axis=1)
    unit = np.sqrt(total)
    sources = gram.shape[1]
    half = _half(sources)
    ridge = np.zeros((len(problems), len(half[0])))
    erring = [row for row, readout in enumerate(readouts) if readout.ridge is not None]
    if erring:
        ridge[erring] = _ridges([readouts[row] for row in erring], matrix[erring], inverse[erring])
    weights, multipliers, modular_losses = _modular(problems, price, gram, costs)
    worth = inverse.transpose(0, 2, 1) @ multipliers @ inverse
    samples = np.array(points) @ inverse
    whitened = WhitenedProblems(
        np.ascontiguousarray(samples.transpose(2, 1, 0)),
        np.ascontiguousarray((demand / total[:, None]).T),
        np.ascontiguousarray((ridge / unit[:, None]).T),
    )
    modular = (
        np.ascontiguousarray((weights @ matrix.transpose(0, 2, 1)).transpose(2, 1, 0)),
        np.tile(1 / unit, (sources, 1)),
        np.ascontiguousarray(worth[:, *half].T),
    )
    return Posed(whitened, modular, modular_losses, unit, matrix, inverse, np.sqrt(costs))


def posed_alone(problem: Problem, polygon: Polygon) -> tuple[PlaneProblem, float]:
    """One problem of two sources in its whitened coordinates, and what the loss is counted in (steps 2 and 3).

    Args:
        problem: one that fits.
        polygon: its hull there.
    """
    readout, whitening = problem.readout, problem.whitening
    first, second = (readout.decoder_cost * (whitening.targets**2).sum(axis=0)).tolist()
    unit, ridge = math.sqrt(first + second), [0.0, 0.0, 0.0]
    if readout.ridge is not None:
        ridge = (_ridges([readout], whitening.matrix[None], whitening.inverse[None])[0] / unit).tolist()
    total = first + second
    return PlaneProblem(polygon, (first / total, second / total), (ridge[0], ridge[1], ridge[2])), unit


@cache
def _half(dimension: int) -> tuple[Indices, Indices]:
    """Rows and columns of the entries of a symmetric matrix that are kept."""
    return np.triu_indices(dimension)


def _heights_of(problem: Problem) -> Sources:
    return problem.sources if type(problem.neurons) is Linear else problem.height_sources


def _sized(problem: Problem, points: Array) -> Array:
    size = problem.height_cost**0.5 if type(problem.neurons) is Linear else 1.0
    return points if size == 1 else size * points


def _whitenings(problems: Sequence[Problem], energy: Array, gram: Array, own: Array) -> tuple[Array, Array, Array]:
    """(n, d, d) H and its inverse, and (n, d) the diagonal of H B'B H' (step 2)."""
    if own.shape[1] > 2:
        whitenings = [problem.whitening for problem in problems]
        matrix, inverse = (np.array([getattr(one, name) for one in whitenings]) for name in ("matrix", "inverse"))
        return matrix, inverse, np.array([(one.targets**2).sum(axis=0) for one in whitenings])
    unit = energy / (own[:, :, None] * own[:, None, :])
    first = np.sqrt(unit[:, 0, 0])
    across = unit[:, 0, 1] / first
    second = np.sqrt(np.maximum(unit[:, 1, 1] - across**2, 0.0))
    root = np.zeros_like(unit)
    root[:, 0, 0], root[:, 0, 1], root[:, 1, 1] = first, across, second
    root *= own[:, None, :]
    rooted_gram = root @ gram @ root.transpose(0, 2, 1)
    angle = np.arctan2(2 * rooted_gram[:, 0, 1], rooted_gram[:, 0, 0] - rooted_gram[:, 1, 1]) / 2
    turn = np.stack(
        [np.stack([np.cos(angle), np.sin(angle)], axis=1), np.stack([-np.sin(angle), np.cos(angle)], axis=1)], axis=1
    )
    matrix = turn @ root
    large = np.einsum("ni,nij,nj->n", turn[:, 0], rooted_gram, turn[:, 0])
    area = first * second * own.prod(axis=1)
    volume = gram[:, 0, 0] * gram[:, 1, 1] - gram[:, 0, 1] ** 2
    with np.errstate(all="ignore"):
        demand = np.stack([large, volume * area**2 / large], axis=1)
        inverse = np.empty_like(matrix)
        inverse[:, 0, 0], inverse[:, 1, 1] = matrix[:, 1, 1], matrix[:, 0, 0]
        inverse[:, 0, 1], inverse[:, 1, 0] = -matrix[:, 0, 1], -matrix[:, 1, 0]
        inverse /= area[:, None, None]
        plain = second**2 > POSE.dependent * unit[:, 1, 1]
        plain &= volume > POSE.dependent * gram[:, 0, 0] * gram[:, 1, 1]
        plain &= np.isfinite(inverse).all(axis=(1, 2)) & np.isfinite(demand).all(axis=1) & (demand > 0).all(axis=1)
    for row in np.flatnonzero(~plain).tolist():
        whitening = problems[row].whitening
        matrix[row], inverse[row] = whitening.matrix, whitening.inverse
        demand[row] = (whitening.targets**2).sum(axis=0)
    return matrix, inverse, demand


def _ridges(readouts: Sequence[Readout], matrix: Array, inverse: Array) -> Array:
    """(n, d (d + 1) / 2) H G0 H'; where errors count, from their covariance there, which keeps its digits."""
    square = matrix.shape[1:]
    if all(readout.errors is not None and readout.errors.root.shape == square for readout in readouts):
        errors = [readout.errors for readout in readouts if readout.errors is not None]
        factor = np.array([readout.decoder_cost for readout in readouts]) / np.array([one.cost for one in errors])
        half = np.linalg.inv(np.array([one.root for one in errors]) @ inverse)
        full = factor[:, None, None] * (half @ half.transpose(0, 2, 1))
    else:
        full = matrix @ np.array([readout.ridge for readout in readouts]) @ matrix.transpose(0, 2, 1)
    return np.asarray(full[:, *_half(square[0])])


def _modular(problems: Sequence[Problem], price: Array, gram: Array, costs: Array) -> tuple[Array, Array, Array]:
    """The best modular codes (n, d, d), zero rows for sources without a neuron, their multipliers and losses (n,).

    Where the sources are nearly dependent, errors of one tell so much of the other that each problem is asked itself.
    """
    sources = [_heights_of(problem) for problem in problems]
    lower, upper = (np.array([getattr(one, name) for one in sources]) for name in ("lower", "upper"))
    side = np.where(-lower <= upper + POSE.tie * (upper - lower), 1.0, -1.0)
    ridges = [problem.readout.ridge for problem in problems]
    own = np.arange(gram.shape[1])
    nothing = np.zeros(gram.shape[1:])
    ridge = np.array([nothing if one is None else one for one in ridges])
    size = np.sqrt(strengths(costs, price, gram, ridge))
    weights = np.zeros_like(gram)
    weights[:, own, own] = side * size
    demand = gram[:, own, own]
    with np.errstate(all="ignore"):  # where a source is not decoded, or hardly; such a code is measured for nothing
        multipliers: Any = multiplier_entry(
            costs[:, :, None], costs[:, None, :], demand[:, :, None], gram, demand[:, None, :]
        )
    losses = 2 * np.sqrt(price[:, None] * costs * demand).sum(axis=1)
    rows = np.flatnonzero([one is not None for one in ridges])
    if len(rows):
        code = ridge[rows].copy()
        code[:, own, own] += size[rows] ** 2
        scale = np.sqrt(code[:, own, own])
        inverse = np.linalg.inv(code / scale[:, :, None] / scale[:, None, :]) / scale[:, :, None] / scale[:, None, :]
        multipliers[rows] = price[rows, None, None] * (inverse @ gram[rows] @ inverse)
        read = price[rows] * np.einsum("nij,nij->n", inverse, gram[rows])
        losses[rows] = (costs[rows] * size[rows] ** 2).sum(axis=1) + read
    for row in rows[_nearly_dependent(ridge[rows])].tolist():
        modular = problems[row].modular_weights
        weights[row] = 0.0
        weights[row, : len(modular)] = modular
        multipliers[row] = modular_multiplier(problems[row])
        losses[row] = problems[row].modular_loss
    return weights, multipliers, losses


def _nearly_dependent(forms: Array) -> Mask:
    """(n,) of positive semidefinite forms (n, d, d): whether little is left of their volume but for their sizes."""
    size = np.sqrt(np.diagonal(forms, axis1=1, axis2=2))
    with np.errstate(all="ignore"):
        return np.asarray(np.linalg.det(forms / (size[:, :, None] * size[:, None, :])) < POSE.dependent)
