"""One small problem of two sources by itself: column generation with few numbers, in the coordinates of `pose`.

1. Begin with the modular neurons.
2. Energies x >= 0 of the neurons known minimise sum_j x_j + tr K (G + G0)^-1, G = sum_j x_j u_j u_j', f(u_j) = 1
   (`energies`). Neurons without energy are dropped.
3. The multiplier is Y = (G + G0)^-1 K (G + G0)^-1. On each cone of directions the neuron that earns most for its cost
   is an eigenvector of a 2 by 2 matrix, where that lies in the cone, or one of its rays.
4. The best two that earn more than they cost, and no less than their neighbours, join. Of four neurons there is a
   combination of matrices u u' that is zero: energies move along it, to where they cost less, until one is zero. Back
   to 2. Where a neuron moves within its cone it misses the best one by the square of what Y misses, so that few rounds
   are needed.
5. End where none earns more than it costs. The code is measured and proven (`certificate`) as those of many are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solver.batches.codes import Codes, Hulls
from solver.batches.energies import NeuronEnergies
from solver.batches.forms import best_inside, cost_root, squared, times

if TYPE_CHECKING:
    from solver.batches.energies import Form
    from theory.arrays import Array


@dataclass(frozen=True)
class ExchangeLimits:
    """When to end."""

    rounds: int = 40  # five are usual
    excess: float = 1e-11  # of a ratio over one that is none
    joining: int = 2  # neurons a round at most
    first: float = 0.25  # energy of a neuron to begin with


EXCHANGE = ExchangeLimits()


def exchanged(hulls: Hulls, neurons: Array) -> tuple[Codes, int]:
    """The best code of one problem, of infinite loss where none was found, and the rounds that it took.

    Args:
        hulls: one problem.
        neurons: (2, k) up to three to begin with.
    """
    pricer = _Pricer(hulls)
    demand, ridge = hulls.given.demand[:, 0].tolist(), hulls.given.ridge[:, 0].tolist()
    columns = neurons / np.sqrt(pricer.costs(neurons))
    energies = np.full(columns.shape[1], EXCHANGE.first)
    for number in range(EXCHANGE.rounds):
        one, other = columns.tolist()
        readout = NeuronEnergies(
            list(zip(one, other, strict=True)), (demand[0], demand[1]), (ridge[0], ridge[1], ridge[2])
        )
        sizes, multiplier = readout.best(energies.tolist())
        energies = np.array(sizes)
        kept = energies > 0
        columns, energies = columns[:, kept], energies[kept]
        fresh = pricer.best(multiplier)
        if not fresh.shape[1]:
            return _measured(hulls, columns, energies, multiplier), number + 1
        for one in fresh.T:
            columns, energies = _joined(columns, energies, one)
    return Codes.none(1), EXCHANGE.rounds


def _joined(columns: Array, energies: Array, fresh: Array) -> tuple[Array, Array]:
    """Step 4: up to three neurons (2, k) of cost one, and their energies, with another that takes the place of one."""
    columns, energies = np.column_stack([columns, fresh]), np.append(energies, 0.0)
    if len(energies) < 4:
        return columns, energies
    a, b, c, d = [(x * x, 2 * x * y, y * y) for x, y in columns.T.tolist()]
    null = np.array([_volume(b, c, d), -_volume(a, c, d), _volume(a, b, d), -_volume(a, b, c)])
    null = -null if null.sum() > 0 else null
    reach = np.where(null < 0, energies / np.where(null < 0, -null, 1.0), np.inf)
    out = int(reach.argmin())
    energies = np.maximum(energies + reach[out] * null, 0.0) if np.isfinite(reach[out]) else energies
    stay = np.arange(4) != out
    return columns[:, stay], energies[stay]


def _volume(a: tuple[float, ...], b: tuple[float, ...], c: tuple[float, ...]) -> float:
    return a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0])


def _measured(hulls: Hulls, columns: Array, energies: Array, multiplier: Form) -> Codes:
    """Step 5: of up to three neurons (2, k)."""
    neurons, sizes = np.zeros((2, 3, 1)), np.zeros((3, 1))
    neurons[:, : len(energies), 0], sizes[: len(energies), 0] = columns, energies
    return hulls.measured(neurons, sizes, np.array(multiplier)[:, None])


class _Pricer:
    """Step 3: the cones of one problem."""

    def __init__(self, hulls: Hulls) -> None:
        fan = hulls.fan
        self.rays, self.following, self.q = fan.rays[..., 0], fan.following[..., 0], fan.q[:, 0]
        self.corners = hulls.corners[..., 0]
        self.root, self.squares = cost_root(self.corners), squared(self.rays)

    def costs(self, neurons: Array) -> Array:
        """(k,) what neurons (2, k) cost."""
        height = (self.corners.T @ neurons).max(axis=0)
        return np.asarray((neurons**2).sum(axis=0) + height**2)

    def inner(self, multiplier: Form) -> tuple[Array, Array]:
        """(R,) the largest ratio on each cone if it is inside, else zero, and (2, R) the neurons, of cost one."""
        middle, spread, w = best_inside(self.root, multiplier)
        after = self.rays[0] * w[1] - self.rays[1] * w[0]
        until = w[0] * self.following[1] - w[1] * self.following[0]
        inside = after * until > 0
        return np.where(inside, middle + spread, 0.0), np.where(after < 0, -w, w)

    def best(self, multiplier: Form) -> Array:
        """(2, k) the local maxima that earn more than they cost, the best last."""
        inner, neurons = self.inner(multiplier)
        outer = times(self.squares, np.array(multiplier))
        beside = np.maximum(inner, np.concatenate([inner[-1:], inner[:-1]]))
        ratio = np.concatenate([np.where(outer >= beside, outer, 0.0), inner])
        order = np.argsort(ratio)[-EXCHANGE.joining :]
        order = order[ratio[order] > 1 + EXCHANGE.excess]
        return np.concatenate([self.rays, neurons], axis=1)[:, order]
