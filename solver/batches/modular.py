"""The best modular codes of many problems of few sources at once (docs/mathematics.md, "The modular code").

Without errors, or where those of one source tell nothing of the other, each source has its strength in closed form.
Else x >= 0 minimises c.x + tr K (diag x + G0)^-1, a convex function of few numbers, by projected Newton's method:

1. Start at the strengths in closed form, where G0 has only its diagonal.
2. A source with nearly no strength, whose loss falls towards zero, goes to zero; the others take the Newton step.
3. Halve the step until the loss falls enough, or until the slopes show it where rounding hides it.
4. End where no source would go any further by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.batches.three.matrices import inverses
from theory.arrays import Array, Mask
from theory.modular.formulas import modular_strength


@dataclass(frozen=True)
class BatchStrengthTolerances:
    """Sizes and shares of the search for strengths, equal to those of `theory.readouts` for one problem."""

    least: float = 1e-6  # energy of a source, in units of the largest, that is natural; and share of that to start from
    nearly_nothing: float = 1e-2  # strength up to which a source may be fixed at zero, in units of a natural one
    sufficient: float = 1e-4  # share of the fall that the slopes promise that a step must keep (Armijo)
    rounding: float = 1e-15  # relative fall of the loss that is rounding
    converged: float = 1e-14  # distance at which a source stays
    steps: int = 60
    halvings: int = 40


STRENGTHS = BatchStrengthTolerances()


def strengths(costs: Array, price: Array, gram: Array, ridge: Array) -> Array:
    """(n, d) squared weights of the best modular codes; zero where a source is not worth a neuron.

    Args:
        costs: (n, d) what a neuron of each source costs at unit weight.
        price: (n,) of the decoder.
        gram: (n, d, d) B'B.
        ridge: (n, d, d) G0, zero without errors.

    Example:
        >>> strengths(np.array([[1.0, 4.0]]), np.ones(1), np.eye(2)[None], 0.6 * np.eye(2)[None]).round(6).tolist()
        [[0.4, 0.0]]
    """
    natural = np.asarray(modular_strength(costs, price[:, None], np.diagonal(gram, axis1=1, axis2=2)))
    strength = np.maximum(0.0, natural - np.diagonal(ridge, axis1=1, axis2=2))
    coupled = np.flatnonzero((ridge[:, *np.triu_indices(costs.shape[1], 1)] != 0).any(axis=1))
    if len(coupled):
        read, cost = price[coupled, None, None] * gram[coupled], costs[coupled]
        paid = cost * natural[coupled]
        unit = np.maximum(paid, STRENGTHS.least * paid.max(axis=1, keepdims=True)) / cost
        strength[coupled] = _joint(cost, read, ridge[coupled], unit, strength[coupled])
    return strength


def _joint(costs: Array, read: Array, ridge: Array, unit: Array, start: Array) -> Array:
    """Steps 1 to 4, in units (n, d) of natural strengths."""
    slope = _at(costs, read, ridge, unit, np.zeros_like(start))[1]
    still: Mask = np.asarray((slope >= 0).all(axis=1))
    shares = np.where(still[:, None], 0.0, np.maximum(start / unit, STRENGTHS.least))
    for _ in range(STRENGTHS.steps):
        value, slope, curvature = _at(costs, read, ridge, unit, shares)
        distance = _distance(shares, slope, curvature)
        still |= distance <= STRENGTHS.converged
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
    """The loss (n,), its slopes (n, d) and second derivatives (n, d, d)."""
    strength, own = unit * shares, np.arange(costs.shape[1])
    code = ridge.copy()
    code[:, own, own] += strength
    inverse = _inverses(code)
    worth = inverse @ read @ inverse
    value = (costs * strength).sum(axis=1) + np.einsum("nij,nij->n", inverse, read)
    slope = (costs - worth[:, own, own]) * unit
    curvature = 2 * inverse * worth * unit[:, :, None] * unit[:, None, :]
    # What no target needs earns nothing, and its slope alone takes it to nothing.
    curvature[:, own, own] += STRENGTHS.rounding * np.abs(curvature).max(axis=(1, 2))[:, None]
    return value, slope, curvature


def _inverses(forms: Array) -> Array:
    """(n, d, d) of forms (n, d, d) in two or three variables."""
    if forms.shape[1] > 2:
        return inverses(forms)
    h11, h12, h22 = forms[:, [0, 0, 1], [0, 1, 1]].T
    return np.stack([h22, -h12, -h12, h11], axis=1).reshape(-1, 2, 2) / (h11 * h22 - h12 * h12)[:, None, None]


def _distance(shares: Array, slope: Array, curvature: Array) -> Array:
    """(n,) how far a source would go by itself, at most."""
    return np.asarray(np.abs(np.minimum(shares, slope / np.diagonal(curvature, axis1=1, axis2=2))).max(axis=1))


def _step(shares: Array, slope: Array, curvature: Array, active: Mask) -> Array:
    """(n, d) to zero for the active ones, Newton's step for the others."""
    free = ~active
    among = np.where(free[:, :, None] & free[:, None, :], curvature, np.eye(shares.shape[1]))
    return np.where(active, -shares, -(_inverses(among) @ (slope * free)[:, :, None])[:, :, 0])
