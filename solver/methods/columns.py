"""Column generation: price neurons exactly, reweigh them, move them together along the faces (DESIGN section 1).

Each round asks which neurons would earn more than they cost at the present multiplier, adds the best of every face of
the hull to the code, finds the optimal energies of all (a small convex program), and moves the survivors together to a
stationary point on their faces. The price of the worst neuron left over is the gap. All of it happens in the
coordinates of `theory.whitening`, so that strongly correlated sources are as easy as others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from solver.face_code import FaceCode
from solver.methods import ascents
from solver.methods.step import Step
from theory.ascent import Summits
from theory.sources import EXACT_DIMENSION

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from theory.pricing import Priced
    from theory.problem import Problem

    Array = NDArray[np.float64]
    Indices = NDArray[np.intp]

__all__ = ["steps"]

SHARE_OF_TOLERANCE = 0.25
"""The search ends when the bound of the pricing is within this share of the tolerance."""

WORTH_ADDING = 1e-13
"""A neuron improves the code if its ratio exceeds one by this: rounding is smaller, and no digit is left unasked for."""

ROUNDING = 1e-14
"""Relative rise of the loss that is rounding."""

NEWTON_STEPS = 40
"""Newton steps along the faces in one round at most."""

SAME_DIRECTION = 1e-7
"""Cosine distance below which two new neurons are one, found on both sides of a wall."""

LOOKED_AT = 4
"""As many times the neurons that may enter a round are compared with each other for that."""

PATIENCE = 4
"""Rounds without progress before giving up."""


def steps(problem: Problem, *, tolerance: float, rng: np.random.Generator) -> Iterator[Step]:
    """Yield ever better codes until no neuron is worth adding.

    Args:
        problem: one whose hull has few enough faces to be listed.
        tolerance: relative gap at which to stop.
        rng: draws the starts of ascents, which for six and seven sources find a code good enough that few rounds of
            pricing are needed; not used for fewer.
    """
    whitening, inside = problem.whitening, problem.whitened
    start = whitening.neurons(problem.modular_weights)
    if problem.dimension > EXACT_DIMENSION:
        for step in ascents.steps(problem, tolerance=tolerance, rng=rng):
            start = whitening.neurons(step.weights)
            yield step
    code = min(FaceCode(inside, start), FaceCode(inside), key=lambda code: code.loss)
    stalled, best = 0, np.inf
    while True:
        priced = inside.pricing.maximise(code.multiplier, bar=1.0)
        yield _step(problem, code, priced.rho)
        if 1 - priced.rho**-0.5 <= SHARE_OF_TOLERANCE * tolerance or stalled >= PATIENCE:
            break
        # In the end rounding hides that the loss falls, and the gap alone tells.
        progress = code.improve(_spread(priced, code.pairs), WORTH_ADDING, NEWTON_STEPS, least_gain=-ROUNDING)
        progress |= priced.rho - 1 < best / 2
        stalled, best = (0, priced.rho - 1) if progress else (stalled + 1, best)
    code.tidy()
    yield _step(problem, code, inside.pricing.maximise(code.multiplier, bar=1.0).rho)


def _step(problem: Problem, code: FaceCode, rho: float) -> Step:
    """The present code in the units of the problem, with the bound that this largest ratio proves of it."""
    weights, multiplier = problem.whitening.weights(code.source_weights), problem.whitening.multiplier(code.multiplier)
    return Step(weights, multiplier, code.problem_loss, code.problem_loss / rho**0.5)


def _spread(priced: Priced, pairs: int) -> Summits:
    """The best neurons, leaving out those that a better one next to them (the other side of a wall) already is."""
    some = slice(0, LOOKED_AT * pairs)
    length = np.linalg.norm(priced.directions[some], axis=1)
    unit = priced.directions[some] / length[:, None]
    close = np.tril(unit @ unit.T > 1 - SAME_DIRECTION, k=-1)
    kept = np.flatnonzero(~close.any(axis=1))
    return Summits(priced.ratios[kept], priced.directions[kept], priced.tied[kept])
