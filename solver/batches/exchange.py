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
5. End where none earns more than it costs. By how much it might still tells what is proven (`certificate`). Who gives
   the code away proves it anew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from solver.batches.certificate import proven
from solver.batches.codes import Codes, Hulls
from solver.batches.energies import NeuronEnergies
from solver.batches.forms import cost_root, larger_eigenvector, squared, worths_inside
from solver.batches.touching import LINES, MANY_TOUCHING

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
    demand, ridge = hulls.whitened.demand[:, 0].tolist(), hulls.whitened.ridge[:, 0].tolist()
    columns = neurons / np.sqrt(pricer.costs(neurons))
    energies = np.full(columns.shape[1], EXCHANGE.first)
    for number in range(EXCHANGE.rounds):
        one, other = columns.tolist()
        readout = NeuronEnergies(
            list(zip(one, other, strict=True)), (demand[0], demand[1]), (ridge[0], ridge[1], ridge[2])
        )
        sizes, multiplier = readout.best(energies.tolist())
        fresh = pricer.priced(multiplier)
        if not fresh.neurons.shape[1]:
            return _measured(hulls, columns, readout, sizes, fresh), number + 1
        energies = np.array(sizes)
        kept = energies > 0
        columns, energies = columns[:, kept], energies[kept]
        for one in fresh.neurons.T:
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


def _measured(hulls: Hulls, columns: Array, readout: NeuronEnergies, sizes: list[float], last: _Priced) -> Codes:
    """Step 5: of up to three neurons (2, k) of cost one; a code without errors in the size that suits it."""
    paid = sum(sizes)
    loss = readout.loss(sizes)
    neurons = np.zeros((2, 3, 1))
    neurons[:, : len(sizes), 0] = columns * np.sqrt(sizes)
    if not any(readout.ridge):
        # There it pays as much for its neurons as for its decoder.
        neurons *= ((loss - paid) / paid) ** 0.25
        loss = 2 * (paid * (loss - paid)) ** 0.5
    form = last.multiplier[:, None]
    bound = proven(form, np.array([last.largest]), hulls.whitened.demand, hulls.whitened.ridge)
    return replace(Codes.of(neurons, form, np.array([loss]), bound), unique=np.array([last.unique]))


@dataclass(frozen=True)
class _Priced:
    """What neurons earn at a multiplier."""

    multiplier: Array  # (3,) Y
    neurons: Array  # (2, k) the local maxima that earn more than they cost, the best last
    largest: float  # ratio of worth to cost
    unique: bool  # whether so few nearly earn their cost that no other code is optimal, if none earns more


class _Pricer:
    """Step 3: the cones of one problem.

    With T of `cost_root` the largest ratio in a cone is the larger eigenvalue of T Y T. Its entries, and the worths of
    the rays, are linear in Y: one product of matrices gives them all.
    """

    def __init__(self, hulls: Hulls) -> None:
        fan = hulls.fan
        self.rays, following = fan.rays[..., 0], fan.following[..., 0]
        self.corners = hulls.corners[..., 0]
        self.root = t11, t12, t22 = cost_root(self.corners)
        self.worths = np.concatenate([worths_inside(self.root), squared(self.rays)[None]]).transpose(0, 2, 1)
        # Areas between a ray, or the next, and T z.
        self.after = np.stack([self.rays[0] * t12 - self.rays[1] * t11, self.rays[0] * t22 - self.rays[1] * t12])
        self.until = np.stack([t11 * following[1] - t12 * following[0], t12 * following[1] - t22 * following[0]])

    def costs(self, neurons: Array) -> Array:
        """(k,) what neurons (2, k) cost."""
        height = (self.corners.T @ neurons).max(axis=0)
        return np.asarray((neurons**2).sum(axis=0) + height**2)

    def priced(self, multiplier: Form) -> _Priced:
        """What neurons earn."""
        form = np.array(multiplier)
        half, across, middle, outer = self.worths @ form
        spread, first, second = larger_eigenvector(half, across)
        after = self.after[0] * first + self.after[1] * second
        inside = after * (self.until[0] * first + self.until[1] * second) > 0
        inner = np.where(inside, middle + spread, 0.0)
        beside = np.maximum(inner, np.concatenate([inner[-1:], inner[:-1]]))
        ratio = np.concatenate([np.where(outer >= beside, outer, 0.0), inner])
        order = np.argsort(ratio)[-EXCHANGE.joining :]
        largest = float(ratio[order[-1]])
        bar = 1 - MANY_TOUCHING.touches
        touching = np.count_nonzero((outer > bar) & (outer >= beside * bar)) + np.count_nonzero(inner > bar)
        whole = (middle + spread > bar) & (spread <= MANY_TOUCHING.multiple * middle)
        neurons = [self._neuron(place, first, second, after) for place in order[ratio[order] > 1 + EXCHANGE.excess]]
        return _Priced(form, np.array(neurons).reshape(-1, 2).T, largest, bool(touching <= LINES and not whole.any()))

    def _neuron(self, place: int, first: Array, second: Array, after: Array) -> tuple[float, float]:
        """The neuron of cost one on a ray, or, where numbers go on, in a cone, where T z is it."""
        count = len(after)
        if place < count:
            return float(self.rays[0, place]), float(self.rays[1, place])
        place -= count
        size = float(np.hypot(first[place], second[place]))
        x, y = float(first[place]) / size, float(second[place]) / size
        if after[place] < 0:
            x, y = -x, -y
        t11, t12, t22 = (float(entry[place]) for entry in self.root)
        return t11 * x + t12 * y, t12 * x + t22 * y
