"""The best energies of a few neurons that are given: of the modular ones, where sources depend on each other.

With neurons u_j of unit cost the loss of energies x >= 0 is ``sum_j x_j + g(sum_j x_j u_j u_j')``, convex and smooth:

1. Gradient 1 - u'Y u and Hessian 2 (u'H u) o (u'Y u) of the loss, with H = (G + G0)^-1; slacks s, the multipliers of
   x >= 0.
2. Newton's step for s_j x_j = a tenth of the mean of s'x (a primal-dual interior-point method), 0.95 of the way to the
   boundary at most.
3. End where s'x is rounding. Neurons that earn less than they cost, and have next to no energy, have none.
4. Where Newton's method on the others, without slacks, lowers what they miss earning, its end is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.arrays import Array
from theory.readouts import Readout


@dataclass(frozen=True)
class EnergiesTolerances:
    """When energies are optimal."""

    steps: int = 80  # some twenty are usual
    complementarity: float = 1e-15  # s'x, as a share of the energy
    target: float = 0.1  # share of the mean of s'x that a step aims at
    to_boundary: float = 0.95
    ridge: float = 1e-13  # of the scaled system: neurons of which only a sum counts
    nothing: float = 1e-8  # share of the largest energy that a neuron that earns less than it costs may keep
    polish: int = 4  # steps
    earns: float = 1e-13  # share by which a neuron must earn more than it costs to be worth having


MODULAR_ENERGIES = EnergiesTolerances()


def best_energies(units: Array, readout: Readout, start: Array) -> Array:
    """(n,) the energies with which neurons (n, r) of unit cost make the best code; zero for those not worth having.

    The neurons span the coordinates of the readout; energies to start from, (n,), are positive.

    Example:
        >>> from theory.readouts import Readout
        >>> best_energies(np.array([[1.0, 0.0], [0.0, 1.0], [0.1, 0.1]]), Readout(np.eye(2), 4.0), np.ones(3)).round(9)
        array([2., 2., 0.])
    """
    if readout.ridge is not None:
        worth = readout.multiplier(np.zeros((units.shape[1],) * 2))
        if (np.einsum("ni,ij,nj->n", units, worth, units) <= 1 + MODULAR_ENERGIES.earns).all():
            return np.zeros(len(units))
    energies, slacks = np.asarray(start, dtype=np.float64), np.ones(len(units))
    best, missed = energies, np.inf
    for _ in range(MODULAR_ENERGIES.steps):
        slope, bend = _expanded(units, readout, energies)
        gap = float(energies @ slacks)
        off = float(np.abs(slope - slacks) @ energies) + gap
        if off < missed:
            best, missed = energies, off
        if off <= MODULAR_ENERGIES.complementarity * energies.sum():  # step 3
            break
        # Step 2.
        aim = MODULAR_ENERGIES.target * gap / len(units)
        # In units of the energies; what is eliminated are the slacks.
        system = bend * np.outer(energies, energies) + np.diag(energies * slacks)
        system[np.diag_indices_from(system)] += MODULAR_ENERGIES.ridge * np.diag(system).max()
        move = np.linalg.solve(system, aim - energies * slope)
        change = aim / energies - slacks - slacks * move
        step = min(_to_boundary(np.ones_like(slacks), move), _to_boundary(slacks, np.asarray(change)))
        energies, slacks = energies * (1 + step * move), slacks + step * change
    return _polished(units, readout, best)


def _polished(units: Array, readout: Readout, energies: Array) -> Array:
    """Steps 3 and 4: the energies without those that are nothing, and the end of Newton's method on the others."""
    slope, _ = _expanded(units, readout, energies)
    kept = ~((energies <= MODULAR_ENERGIES.nothing * energies.max()) & (slope > MODULAR_ENERGIES.nothing))
    result = np.where(kept, energies, 0.0)
    missed = np.inf
    for _ in range(MODULAR_ENERGIES.polish + 1):
        slope, bend = _expanded(units, readout, result)
        off = float(np.abs(slope[kept]) @ result[kept])
        if not off < missed:
            break
        best, missed = result, off
        inner = np.ix_(kept, kept)
        system = bend[inner] * np.outer(result[kept], result[kept])
        system[np.diag_indices_from(system)] += MODULAR_ENERGIES.ridge * np.diag(system).max()
        result = result.copy()
        result[kept] *= 1 + np.linalg.solve(system, -result[kept] * slope[kept])
        if not (result[kept] > 0).all():
            break
    return best


def _expanded(units: Array, readout: Readout, energies: Array) -> tuple[Array, Array]:
    """(n,) gradient and (n, n) Hessian of the loss (step 1)."""
    inverse, multiplier = readout.expansion((units.T * energies) @ units)
    earned = units @ multiplier @ units.T
    return 1 - np.diag(earned), 2 * (units @ inverse @ units.T) * earned


def _to_boundary(values: Any, change: Any) -> float:
    """The share of a change that leaves positive values positive."""
    falling = change < 0
    return float(min(1.0, MODULAR_ENERGIES.to_boundary * (-values[falling] / change[falling]).min(initial=np.inf)))
