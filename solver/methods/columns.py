"""Column generation: price neurons exactly, reweigh them, polish them together (DESIGN section 1).

Each round asks which neurons would earn more than they cost at the present multiplier, adds the best of every cone to
the candidates, finds the optimal energies of the candidates (a small convex program), and moves the survivors
together to a stationary point within their cones. The price of the worst neuron left over is the gap.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING

import numpy as np

from solver.face_polish import polish_on_faces
from solver.master import fewest, optimal_energies
from solver.methods import ascents
from solver.methods.step import Step
from solver.polish import ConeCode, polish
from theory.polytope import NormalFan
from theory.pricing import Priced, Pricing
from theory.sources import EXACT_DIMENSION

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from theory.problem import Problem

    Array = NDArray[np.float64]
    Indices = NDArray[np.intp]

__all__ = ["steps"]

CANDIDATES_PER_PAIR = 4
"""New neurons a round, at most, per pair of sources: a code needs no more than one a pair, d (d + 1) / 2."""

SAME_DIRECTION = 1e-7
"""Cosine distance below which two neurons of a cone are one."""

NEGLIGIBLE = 1e-12
"""Leverage below which a neuron is dropped during the search; it comes back if pricing asks for it."""

FAINT = 1e-9
"""Leverage below which a neuron of the final code is dropped: the others make up for it."""

STALLED = 1e-15
"""A relative decrease of the loss smaller than this means that rounding has been reached."""

ENOUGH = 2_000
"""Cones with a neuron worth adding after which a large fan is searched no further."""

FEW_CONES = 1_000
"""Up to so many cones are searched for a neuron with care, beyond with speed."""

FLAT = 1e-12
"""Volume, relative to the largest around, of a cone in which a neuron is not looked for: those next to it hold it."""

QUICK_ROUNDS = 6
"""Rounds after which neurons are also moved along walls between cones; most problems are solved before."""

PATIENCE = 4
"""Rounds without progress before giving up."""


def steps(problem: Problem, *, tolerance: float, rng: np.random.Generator) -> Iterator[Step]:
    """Yield ever better codes until no neuron is worth adding.

    Args:
        problem: one whose normal fan is small enough to be built.
        tolerance: relative gap at which to stop.
        rng: draws the starts of ascents, which for six and seven sources find a code good enough that few cones of
            a large fan need be examined; not used for fewer.
    """
    start = np.diag(problem.sources.bias_sides) * np.abs(problem.modular_weights)
    if problem.dimension > EXACT_DIMENSION:
        for step in ascents.steps(problem, tolerance=tolerance, rng=rng):
            start = step.weights
            yield step
    search = _Search(problem, start)
    stalled = 0
    for iteration in count():
        priced = search.price()
        yield search.step(priced.rho if priced.complete else np.inf)
        before = search.loss
        if (priced.complete and 1 - priced.rho**-0.5 <= tolerance / 4) or stalled >= PATIENCE:
            break
        search.improve(priced)
        if iteration >= QUICK_ROUNDS:
            search.slide(problem)
        stalled = stalled + 1 if search.loss > before * (1 - STALLED) else 0
    if search.settle():
        yield search.step(search.price().rho)


class _Search:
    """The state of the search, in coordinates in which the best modular code is the identity and its loss is one."""

    def __init__(self, problem: Problem, weights: Array) -> None:
        scale = np.abs(np.diag(problem.modular_weights))
        unit = problem.modular_loss**0.5
        fan = problem.sources.fan
        self.scale = scale
        self.unit = problem.modular_loss
        self.gram = problem.decoder_cost * problem.gram / np.outer(scale, scale) / self.unit
        self.energy_matrix = problem.energy_matrix * np.outer(scale, scale) / self.unit
        generators = fan.generators / scale
        generators /= np.linalg.norm(generators, axis=1, keepdims=True)
        scaled = NormalFan(generators, fan.cones, fan.vertices * scale / unit, fan.vertex_of_cone)
        self.loss = np.inf
        self.pricing = Pricing(scaled, self.energy_matrix)
        self.fan = self.pricing.fan
        self.enough = ENOUGH if problem.dimension > EXACT_DIMENSION else None
        self.cones, self.coordinates = self._located(weights / scale)
        self._finish(self._code(self.cones, self.coordinates))

    # ---- one round --------------------------------------------------------------------------------------------

    def price(self) -> Priced:
        """The neurons worth adding at the present multiplier."""
        return self.pricing.maximise(self.multiplier, bar=1.0, enough=self.enough)

    def improve(self, priced: Priced) -> None:
        """Add the neurons worth adding, reweigh, polish."""
        dimension = self.fan.dimension
        most = CANDIDATES_PER_PAIR * dimension * (dimension + 1)
        new = _spread(priced.directions, self.energy_matrix, most)
        cones = np.concatenate([self.cones, priced.cones[new]])
        coordinates = np.concatenate([self.coordinates, priced.coordinates[new]])
        code = self._code(cones, coordinates)
        cost = _costs(code)
        start = np.concatenate([cost[: len(self.cones)], np.zeros(len(new))])
        unit = coordinates / np.sqrt(cost)[:, None]
        energies = optimal_energies(np.einsum("nk,nkd->nd", unit, code.corners), self.gram, start)
        self.cones = cones
        self._finish(self._code(cones, unit * np.sqrt(energies)[:, None]))

    def slide(self, problem: Problem) -> None:
        """Move the code along walls between cones, which reweighing reaches only one cone at a time."""
        before: float = self.loss
        code = self.cones, self.coordinates
        try:
            self.cones, self.coordinates = self._located(
                polish_on_faces(problem, self.weights * self.scale) / self.scale
            )
            self._finish(self._code(self.cones, self.coordinates))
        except np.linalg.LinAlgError:
            self.loss = np.inf
        if not self.loss <= before:
            self.cones, self.coordinates = code
            self._finish(self._code(*code))

    def settle(self) -> bool:
        """Rewrite the code with as few neurons as it needs, so that the same problem ends in the same neurons.

        Returns whether there was anything to rewrite; if so, `solve` takes the result only if it costs no more.

        The optimal G is unique but its neurons need not be: faint ones that rounding keeps, pairs on two sides of a
        cone's wall, and dependent sets among which energy can be moved at will.
        """
        before = self._code(self.cones, self.coordinates)
        self.cones, code = self._without_faint(before, FAINT)
        self.cones, code = self._joined(code, across_cones=True)
        cost = _costs(code)
        unit = code.coordinates / np.sqrt(cost)[:, None]
        energies = fewest(np.einsum("nk,nkd->nd", unit, code.corners), cost)
        if len(cost) == len(before.coordinates) and energies is cost:
            return False
        rewritten = self._code(self.cones, unit * np.sqrt(energies)[:, None])
        if not rewritten.loss() < np.inf:
            return False
        self._finish(rewritten)
        return bool(np.isfinite(self.loss))

    def step(self, rho: float) -> Step:
        """The present code in the units of the problem."""
        bound = 2 * self.readout / max(rho, 1.0) ** 0.5
        return Step(
            weights=self.weights * self.scale,
            multiplier=self.multiplier * self.unit / np.outer(self.scale, self.scale),
            loss=self.loss * self.unit,
            lower_bound=bound * self.unit,
        )

    # ---- codes ------------------------------------------------------------------------------------------------

    def _code(self, cones: Indices, coordinates: Array) -> ConeCode:
        vertex = self.fan.vertices[self.fan.vertex_of_cone[cones]]
        quadratic = self.energy_matrix + vertex[:, :, None] * vertex[:, None, :]
        return ConeCode(coordinates, self.pricing.rays[self.fan.cones[cones]], quadratic, self.gram)

    def _finish(self, code: ConeCode) -> None:
        """Polish, drop what vanished, join what coincided, scale for balance, and take stock."""
        self.cones, code = self._without_faint(code, NEGLIGIBLE)
        self.cones, code = self._without_faint(polish(code), NEGLIGIBLE)
        self.cones, code = self._joined(code)
        energy = float(_costs(code).sum())
        readout = code.readout()
        # Scaling all weights by r turns the loss into r^2 energy + readout / r^2.
        balance = (readout / energy) ** 0.25
        self.coordinates = code.coordinates * balance
        self.weights = code.weights * balance
        self.readout = (energy * readout) ** 0.5
        self.loss = 2 * self.readout
        inverse = np.linalg.inv(self.weights.T @ self.weights)
        self.multiplier = inverse @ self.gram @ inverse

    def _without_faint(self, code: ConeCode, share: float) -> tuple[Indices, ConeCode]:
        """The code without neurons whose leverage w'G^-1 w is below this share of a source's.

        Energy would be the wrong measure: the only neuron of a source of tiny scale may cost next to nothing.
        """
        weights = code.weights
        leverage = np.einsum("ni,ij,nj->n", weights, np.linalg.inv(weights.T @ weights), weights)
        kept = leverage > share
        return self.cones[kept], self._code(self.cones[kept], code.coordinates[kept])

    def _joined(self, code: ConeCode, *, across_cones: bool = False) -> tuple[Indices, ConeCode]:
        """Neurons (of one cone, unless asked otherwise) that point the same way made one: same G, same cost."""
        weights = code.weights
        length = np.linalg.norm(weights, axis=1)
        parallel = (weights @ weights.T) / np.outer(length, length) > 1 - SAME_DIRECTION
        if not across_cones:
            parallel &= self.cones[:, None] == self.cones
        # The strongest of a group names its direction and cone: a faint one next to it may lie across a wall.
        leader = np.argmax(parallel * length, axis=1)
        if (leader == np.arange(len(leader))).all():
            return self.cones, code
        kept = np.unique(leader)
        share = np.zeros(len(leader))
        np.add.at(share, leader, length**2)
        coordinates = code.coordinates[kept] * (np.sqrt(share[kept]) / length[kept])[:, None]
        return self.cones[kept], self._code(self.cones[kept], coordinates)

    def _located(self, weights: Array) -> tuple[Indices, Array]:
        """For each neuron a cone that contains it, and its coordinates there."""
        cones, coordinates = [], []
        for weight in weights:
            owner = int(np.argmax(self.fan.vertices @ weight))
            # On a boundary several vertices tie, and any of them will do up to rounding.
            near = np.flatnonzero(self.fan.vertex_of_cone == owner)
            corners = self.pricing.rays[self.fan.cones[near]]
            inside = _coordinates_in(corners, weight)
            best = int(np.argmax(inside.min(axis=1) / np.abs(inside).max(axis=1)))
            cones.append(near[best])
            coordinates.append(np.maximum(inside[best], 0.0))
        return np.array(cones), np.array(coordinates)


def _coordinates_in(corners: Array, weight: Array) -> Array:
    """(n, d) coordinates of a neuron in each of n cones."""
    if len(corners) <= FEW_CONES:
        # The pseudoinverse, because cones of extreme scales may be flat up to rounding.
        return np.asarray(weight @ np.linalg.pinv(corners))
    volume = np.linalg.det(corners)
    solid = np.abs(volume) > FLAT * np.abs(volume).max()
    inside = np.full(corners.shape[:2], -1.0)
    inside[solid] = np.linalg.solve(np.swapaxes(corners[solid], 1, 2), weight[:, None])[:, :, 0]
    return inside


def _costs(code: ConeCode) -> Array:
    return np.asarray(np.einsum("ni,nij,nj->n", code.weights, code.quadratic, code.weights))


def _spread(directions: Array, metric: Array, most: int) -> Indices:
    """The best directions, leaving out those that a better one next to them (the other side of a face) already is."""
    few = directions[: 4 * most]
    factor = np.linalg.cholesky(metric)
    whitened = few @ factor
    whitened /= np.linalg.norm(whitened, axis=1, keepdims=True)
    close = np.tril(whitened @ whitened.T > 1 - SAME_DIRECTION, k=-1)
    return np.flatnonzero(~close.any(axis=1))[:most]
