"""The best modular codes of many problems of two sources at once (docs/mathematics.md, "The modular code").

Without errors, or where those of one source tell nothing of the other, each source has its strength in closed form.
Else x >= 0 minimises c.x + tr K (diag x + G0)^-1, a convex function of two numbers, by projected Newton's method:

1. Start at the strengths in closed form, where G0 has only its diagonal.
2. A source with nearly no strength, whose loss falls towards zero, goes to zero; the others take the Newton step.
3. Halve the step until the loss falls enough, or until the slopes show it where rounding hides it.
4. End where no source would go any further by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from theory.formulas import modular_strength

if TYPE_CHECKING:
    from theory.arrays import Array, Mask

__all__ = ["strengths"]


@dataclass(frozen=True)
class BatchStrengthTolerances:
    """As `theory.readouts` has them for one problem."""

    least: float = 1e-6  # energy of a source, in units of the largest, that is natural; and share of that to start from
    nearly_nothing: float = 1e-2  # strength up to which a source may be fixed at zero, in units of a natural one
    sufficient: float = 1e-4  # share of the fall that the slopes promise that a step must keep (Armijo)
    rounding: float = 1e-15  # relative fall of the loss that is rounding
    settled: float = 1e-14  # distance at which a source stays
    steps: int = 60
    halvings: int = 40


STRENGTHS = BatchStrengthTolerances()


def strengths(costs: Array, price: Array, gram: Array, ridge: Array) -> Array:
    """(n, 2) squared weights of the best modular codes; zero where a source is not worth a neuron.

    Args:
        costs: (n, 2) what a neuron of each source costs at unit weight.
        price: (n,) of the decoder.
        gram: (n, 2, 2) B'B.
        ridge: (n, 2, 2) G0, zero without errors.

    Example:
        >>> strengths(np.array([[1.0, 4.0]]), np.ones(1), np.eye(2)[None], 0.6 * np.eye(2)[None]).round(6).tolist()
        [[0.4, 0.0]]
    """
    natural = np.asarray(modular_strength(costs, price[:, None], gram[:, [0, 1], [0, 1]]))
    found = np.maximum(0.0, natural - ridge[:, [0, 1], [0, 1]])
    coupled = np.flatnonzero(ridge[:, 0, 1] != 0)
    if len(coupled):
        read, cost = price[coupled, None, None] * gram[coupled], costs[coupled]
        paid = cost * natural[coupled]
        unit = np.maximum(paid, STRENGTHS.least * paid.max(axis=1, keepdims=True)) / cost
        found[coupled] = _joint(cost, read, ridge[coupled], unit, found[coupled])
    return found


def _joint(costs: Array, read: Array, ridge: Array, unit: Array, start: Array) -> Array:
    """Steps 1 to 4, in units (n, 2) of natural strengths."""
    slope = _at(costs, read, ridge, unit, np.zeros_like(start))[1]
    still: Mask = np.asarray((slope >= 0).all(axis=1))
    shares = np.where(still[:, None], 0.0, np.maximum(start / unit, STRENGTHS.least))
    for _ in range(STRENGTHS.steps):
        value, slope, curvature = _at(costs, read, ridge, unit, shares)
        distance = _distance(shares, slope, curvature)
        still |= distance <= STRENGTHS.settled
        if still.all():
            break
        limit = np.minimum(STRENGTHS.nearly_nothing, distance)[:, None]
        step = _step(shares, slope, curvature, (shares <= limit) & (slope > 0))
        length, left = np.ones(len(shares)), ~still
        for _ in range(STRENGTHS.halvings):
            moved = np.maximum(0.0, shares + length[:, None] * step)
            trial, *after = _at(costs, read, ridge, unit, moved)
            fall = np.minimum(STRENGTHS.sufficient * (slope * (moved - shares)).sum(axis=1), 0.0)
            hidden = (trial <= value * (1 + STRENGTHS.rounding)) & (_distance(moved, *after) < distance / 2)
            taken = left & ((trial < value * (1 - STRENGTHS.rounding) + fall) | hidden)
            shares = np.where(taken[:, None], moved, shares)
            left &= ~taken
            if not left.any():
                break
            length = np.where(left, length / 2, length)
        still |= left  # no step lowers the loss any more
    return unit * shares


def _at(costs: Array, read: Array, ridge: Array, unit: Array, shares: Array) -> tuple[Array, Array, Array]:
    """The loss (n,), its slopes (n, 2) and second derivatives (n, 3), entries 11, 12 and 22."""
    strength = unit * shares
    h11, h22, h12 = strength[:, 0] + ridge[:, 0, 0], strength[:, 1] + ridge[:, 1, 1], ridge[:, 0, 1]
    inverse = np.stack([h22, -h12, h11], axis=1) / (h11 * h22 - h12 * h12)[:, None]
    whole = inverse[:, [0, 1, 1, 2]].reshape(-1, 2, 2)
    worth = whole @ read @ whole
    value = (costs * strength).sum(axis=1) + np.einsum("nij,nij->n", whole, read)
    slope = (costs - worth[:, [0, 1], [0, 1]]) * unit
    curvature = 2 * inverse * worth[:, [0, 0, 1], [0, 1, 1]] * unit[:, [0, 0, 1]] * unit[:, [0, 1, 1]]
    # What no target needs earns nothing, and its slope alone takes it to nothing.
    curvature[:, [0, 2]] += STRENGTHS.rounding * np.abs(curvature).max(axis=1, keepdims=True)
    return value, slope, curvature


def _distance(shares: Array, slope: Array, curvature: Array) -> Array:
    """(n,) how far a source would go by itself, at most."""
    return np.asarray(np.abs(np.minimum(shares, slope / curvature[:, [0, 2]])).max(axis=1))


def _step(shares: Array, slope: Array, curvature: Array, active: Mask) -> Array:
    """(n, 2) to zero for the active ones, Newton's step for the others."""
    c11, c12, c22 = curvature.T
    both = np.stack([c12 * slope[:, 1] - c22 * slope[:, 0], c12 * slope[:, 0] - c11 * slope[:, 1]], axis=1)
    both = both / (c11 * c22 - c12 * c12)[:, None]
    alone = np.where(np.asarray(active.any(axis=1))[:, None], -slope / curvature[:, [0, 2]], both)
    return np.where(active, -shares, alone)
