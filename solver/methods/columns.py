"""Column generation: price neurons exactly, reweigh them, move them together along the faces (docs/mathematics.md,
"Column generation").

Each round asks which neurons would earn more than they cost at a multiplier, adds the best of every face of the hull to
those known, and finds the optimal energies of all (the restricted problem, small and convex). What it chooses is moved
to rest on its faces by Newton's method, which takes the other samples for absent: where the faces are the right ones,
that is the optimum, to the last digit, and where they are not, the multiplier found on the way asks better questions.
The price of the worst neuron left over is the gap. All of it happens in the coordinates of `theory.geometry.whitening`,
so that strongly correlated sources are as easy as others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solver.deadline import require_time
from solver.methods import ascents
from solver.methods.iterate import Iterate
from solver.search.active_set import Faces
from solver.search.restricted_master import fewest, optimal_energies
from solver.search.working_code import FaceCode
from theory.bounds.ascent import LocalMaxima
from theory.readouts import symmetric_root

if TYPE_CHECKING:
    from theory.arrays import Array, Indices
    from theory.problem import Problem

__all__ = ["steps"]

NOT_WORTH_IT = 1e-10
"""Excess of its ratio over one up to which a neuron earns no more than it costs."""

QUICK_FACES = 500_000
"""Faces that are priced in a second or two; with more the first code comes from climbs."""

FACES_A_SECOND = 250_000
"""How many are priced in a second at least: where there are many, pricing is begun only if there is time for all."""

SHARES_OF_TOLERANCE = (0.1, 0.5)
"""The search ends when the gap is within this share of the tolerance, as far as rounding lets it: the second where
pricing takes seconds."""

ADDED_PER_PAIR = 4
"""New neurons a round, at most, per pair of sources: a code needs no more than one a pair, d (d + 1) / 2."""

KNOWN_PER_PAIR = 12
"""Neurons remembered from round to round, at most, per pair of sources: those that earn most."""

SAME_DIRECTION = 1e-7
"""Cosine distance below which two new neurons are one, found on both sides of a wall."""

FAINT = 1e-10
"""Leverage w'(G + G0)^-1 w below which a neuron of the restricted problem's code is none."""

NEWTON_STEPS = 20
"""Newton steps on the faces at most."""

ROUNDING = 1e-14
"""Relative rise of the loss that is rounding."""

ASTRAY = 1e-9
"""Relative excess of a code's loss over what it would be without the other samples that shows its faces to be wrong:"""

POLISHING = 8
"""then so many Newton steps are taken that stop at the walls of the others."""

PATIENCE = 25
"""Rounds in which the gap hardly narrowed before giving up, while it is larger than the tolerance;"""

ENOUGH = 3
"""and otherwise: then the last digits are all that is missing."""


def steps(
    problem: Problem, *, tolerance: float, rng: np.random.Generator, start: Array | None = None
) -> Iterator[Iterate]:
    """Yield ever better codes until no neuron is worth adding.

    Args:
        problem: one whose hull has few enough faces to be listed.
        tolerance: relative gap at which to stop.
        rng: draws the starts of ascents, which on hulls with very many faces find a code good enough that few rounds of
            pricing are needed; not used on others.
        start: (n, d) a good code to begin with, if one is known.
    """
    many = problem.sources.faces.most_faces > QUICK_FACES
    starts = [problem.modular_weights, problem.whitening.weights(problem.whitened.modular_weights)]
    if not len(problem.modular_weights):
        nothing = problem.multiplier(np.zeros((problem.dimension, problem.dimension)))
        priced = problem.pricing.maximise(nothing)
        if priced.rho <= 1 + NOT_WORTH_IT:
            # No neuron earns what it costs where there is none: the code is silent.
            yield Iterate(problem.modular_weights, nothing, problem.modular_loss, problem.modular_loss)
            return
        starts[0] = priced.worst[None]
    if start is not None:
        starts.append(start)
    elif many:
        for step in ascents.steps(problem, tolerance=tolerance, rng=rng):
            starts[1] = step.weights
            yield step
    search = _Search(problem, starts)
    stalled = 0
    while True:
        if many:
            require_time(problem.sources.faces.most_faces / FACES_A_SECOND)
        better = search.price()
        yield search.step()
        stalled = 0 if better else stalled + 1
        patience = PATIENCE if search.gap > tolerance else ENOUGH
        if search.gap <= SHARES_OF_TOLERANCE[many] * tolerance or stalled >= patience:
            break
        search.reweigh()
    search.tidy()
    yield search.step()


@dataclass(frozen=True)
class _Code:
    """A code in the coordinates of `Faces`: neurons (n, d), the samples (n, d) that hold their faces, and its loss."""

    weights: Array
    tied: Indices
    loss: float


class _Search:
    """The state of the search, in whitened coordinates scaled as `Faces` does.

    Attributes:
        best: the best code;  bound: the best proven lower bound;  multiplier: what proves it.
        known: neurons that may be of use, scaled to f = 1;  tied: the samples that hold their faces.
        asking: multipliers to be priced next.
    """

    def __init__(self, problem: Problem, starts: list[Array]) -> None:
        self.problem = problem
        self.inside = problem.whitened
        self.faces = Faces(self.inside)
        self.pairs = problem.dimension * (problem.dimension + 1) // 2
        inside = [problem.whitening.neurons(weights) for weights in starts if len(weights)]
        codes = [self._code(self.faces.units.neurons(code)) for code in inside]
        self.best = min(codes, key=lambda code: code.loss)
        self.bound, self.multiplier = 0.0, np.eye(problem.dimension)
        neurons = self._units(np.concatenate([code.weights for code in codes]))
        self.known, self.tied = neurons, np.concatenate([code.tied for code in codes])
        self.asking = [self.faces.multiplier(self.best.weights)]
        self.tempting = np.empty((0, problem.dimension))

    @property
    def gap(self) -> float:
        """Relative gap between the best loss and the best bound."""
        return 1 - self.bound / self.best.loss

    def price(self) -> bool:
        """Ask what is worth adding at each multiplier in question; whether loss or bound are better than before."""
        before, tempting = self.gap, [np.empty((0, self.problem.dimension))]
        for multiplier in self.asking:
            priced = self.inside.pricing.maximise(self.faces.units.multiplier(multiplier), bar=1.0)
            proven = self.faces.readout.dual_value(symmetric_root(multiplier), priced.rho)
            if proven > self.bound:
                self.bound, self.multiplier = proven, multiplier
            new = _spread(LocalMaxima(priced.ratios, priced.directions, priced.tied), ADDED_PER_PAIR * self.pairs)
            self.known = np.concatenate([self.known, self._units(self.faces.units.neurons(new.neurons))])
            self.tied = np.concatenate([self.tied, new.tied])
            tempting.append(new.neurons[new.ratios > 1 + NOT_WORTH_IT])
        self.tempting = self.problem.whitening.weights(np.concatenate(tempting))
        return self.gap < before * (1 - 0.1) or self.gap < 0

    def reweigh(self) -> None:
        """The best energies of the neurons that are known, and the code at rest on the faces of those chosen."""
        start = np.full(len(self.known), self.best.loss / 2 / len(self.known))
        energies = optimal_energies(self.known, self.faces.readout, start)
        used = self._used(self.known * np.sqrt(np.maximum(energies, 0.0))[:, None])
        energies = np.maximum(fewest(self.known[used], energies[used], simplest=False), 0.0)
        weights = self.known[used] * np.sqrt(energies)[:, None]
        still = self._used(weights)
        chosen = self._balanced(weights[still], self.tied[used[still]])
        self._forget(chosen)
        self._take(chosen)
        self.asking = [self.faces.multiplier(chosen.weights)]
        resting, loss = self.faces.settled(chosen.weights, chosen.tied, NEWTON_STEPS)
        tied = chosen.tied
        if self.faces.loss(resting) > loss * (1 + ASTRAY):
            resting, tied, _ = self.faces.polished(chosen.weights, chosen.tied, POLISHING)
        # Newton's step takes a neuron that is not worth its cost to nothing at once.
        alive = self._used(resting)
        moved = self._balanced(resting[alive], tied[alive])
        self._take(moved)
        self.asking.append(self.faces.multiplier(moved.weights))
        self.known = np.concatenate([self.known, self._units(moved.weights)])
        self.tied = np.concatenate([self.tied, moved.tied])

    def tidy(self) -> None:
        """Rewrite the code with as few neurons as it needs, so that the same problem ends in the same neurons."""
        code = FaceCode(self.inside, self.faces.units.weights(self.best.weights), self.best.tied)
        code.tidy()
        self._take(_Code(code.weights, code.tied, code.loss), most=self.best.loss * (1 + ROUNDING))
        self.asking = [self.faces.multiplier(code.weights)]
        self.price()

    def step(self) -> Iterate:
        """The present code in the units of the problem."""
        units, whitening = self.faces.units, self.problem.whitening
        multiplier = whitening.multiplier(units.multiplier(self.multiplier))
        weights = whitening.weights(units.weights(self.best.weights))
        loss, bound = self.best.loss * units.loss, self.bound * units.loss
        return Iterate(weights, multiplier, loss, bound, tempting=self.tempting)

    # ---- codes ------------------------------------------------------------------------------------------------

    def _code(self, weights: Array) -> _Code:
        tied = np.full(weights.shape, -1)
        tied[:, 0] = (weights @ self.faces.normals.T).argmax(axis=1)
        return self._balanced(weights, tied)

    def _balanced(self, weights: Array, tied: Indices) -> _Code:
        neurons, loss = self.faces.balanced(weights)
        return _Code(neurons, tied, loss)

    def _take(self, code: _Code, *, most: float | None = None) -> None:
        # Rounding may hide what a source costs that no neuron codes.
        enough = len(code.weights) >= self.faces.readout.least_neurons
        if enough and code.loss <= (self.best.loss if most is None else most):
            self.best = code

    def _used(self, weights: Array) -> Indices:
        """The neurons of a code that have not vanished, by their leverage."""
        return np.flatnonzero(self.faces.readout.leverage(weights) > FAINT)

    def _units(self, weights: Array) -> Array:
        return np.asarray(weights / np.sqrt(self.faces.costs(weights))[:, None])

    def _forget(self, code: _Code) -> None:
        """Keep the neurons that earn most at the multiplier of the code; its own earn what they cost."""
        ratio = np.einsum("ni,ij,nj->n", self.known, self.faces.multiplier(code.weights), self.known)
        kept = np.argsort(-ratio, kind="stable")[: KNOWN_PER_PAIR * self.pairs]
        self.known, self.tied = self.known[kept], self.tied[kept]


def _spread(found: LocalMaxima, most: int) -> LocalMaxima:
    """The best neurons, leaving out those that a better one next to them (the other side of a wall) already is."""
    some = found[: 4 * most]
    unit = some.neurons / np.linalg.norm(some.neurons, axis=1)[:, None]
    close = np.tril(unit @ unit.T > 1 - SAME_DIRECTION, k=-1)
    return some[np.flatnonzero(~close.any(axis=1))[:most]]
