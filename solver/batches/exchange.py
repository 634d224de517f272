"""One small problem of two sources by itself: column generation with few numbers, in whitened coordinates.

1. Begin with the modular neurons.
2. Energies x >= 0 of the neurons known minimise sum_j x_j + tr K (G + G0)^-1, G = sum_j x_j u_j u_j', f(u_j) = 1
   (`energies`). Neurons without energy are dropped.
3. The multiplier is Y = (G + G0)^-1 K (G + G0)^-1. On each cone of directions the neuron that earns most for its cost
   is an eigenvector of a 2 by 2 matrix, where that lies in the cone, or one of its rays (`theory.geometry.polygon`).
4. The best two that earn more than they cost, and no less than their neighbours, join. Of four neurons there is a
   combination of matrices u u' that is zero: energies move along it, to where they cost less, until one is zero. Back
   to 2. Where a neuron moves within its cone it misses the best one by the square of what Y misses, so that few rounds
   are needed.
5. End where none earns more than it costs. By how much it might still tells what is proven (`certificate`). Who gives
   the code away proves it anew.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from solver.batches.certificate import proven
from solver.batches.energies import Form, NeuronEnergies, Vector
from solver.batches.touching import LINES, MANY_TOUCHING
from theory.arrays import Array
from theory.geometry.polygon import Polygon


@dataclass(frozen=True)
class ExchangeLimits:
    """When to end."""

    rounds: int = 40  # five are usual
    excess: float = 1e-11  # of a ratio over one that is none
    joining: int = 2  # neurons a round at most
    first: float = 0.25  # energy of a neuron to begin with


EXCHANGE = ExchangeLimits()


@dataclass(frozen=True, eq=False)
class PlaneProblem:
    """One problem, in coordinates in which neurons cost |w|^2 + h(w)^2 and K is diagonal.

    Attributes:
        polygon: conv(-S).
        demand: the diagonal of K, of sum one.
        ridge: G0.
    """

    polygon: Polygon
    demand: Vector
    ridge: Form


@dataclass(frozen=True, eq=False)
class ExchangedCode:
    """What column generation came to.

    Attributes:
        neurons: (k, 2) of the size in which they are used.
        multiplier: Y.
        loss: of the code.
        bound: no code has a smaller loss.
        unique: whether the code, if it is optimal, is known to be the only one.
        rounds: of column generation.
    """

    neurons: Array
    multiplier: Form
    loss: float
    bound: float
    unique: bool
    rounds: int


def exchanged(problem: PlaneProblem, neurons: Array) -> ExchangedCode | None:
    """The best code of one problem; None where none was found.

    Args:
        problem: see above.
        neurons: (k, 2) up to three to begin with.
    """
    corners = problem.polygon.corners
    heights = (neurons @ np.array([corners.real, corners.imag])).max(axis=1)
    size = np.sqrt((neurons * neurons).sum(axis=1) + heights * heights)
    columns = [(a, b) for a, b in (neurons / size[:, None]).tolist()]  # step 1
    energies = [EXCHANGE.first] * len(columns)
    for number in range(EXCHANGE.rounds):
        readout = NeuronEnergies(columns, problem.demand, problem.ridge)
        energies, multiplier = readout.best(energies)  # step 2
        fresh = _priced(problem.polygon, multiplier)
        if not fresh.neurons:
            return _measured(problem, readout, energies, fresh, number + 1)
        kept = [place for place, energy in enumerate(energies) if energy > 0]
        columns, energies = [columns[place] for place in kept], [energies[place] for place in kept]
        for one in fresh.neurons:
            columns, energies = _joined(columns, energies, one)
    return None


def _joined(columns: list[Vector], energies: list[float], fresh: Vector) -> tuple[list[Vector], list[float]]:
    """Step 4: up to three neurons of cost one, and their energies, with another that takes the place of one."""
    columns, energies = [*columns, fresh], [*energies, 0.0]
    if len(energies) < 4:
        return columns, energies
    a, b, c, d = [(x * x, 2 * x * y, y * y) for x, y in columns]
    null = [_volume(b, c, d), -_volume(a, c, d), _volume(a, b, d), -_volume(a, b, c)]
    if sum(null) > 0:
        null = [-by for by in null]
    reach = [-energy / by if by < 0 else math.inf for energy, by in zip(energies, null, strict=True)]
    length = min(reach)
    if length < math.inf:
        energies = [max(energy + length * by, 0.0) for energy, by in zip(energies, null, strict=True)]
    stay = [place for place in range(4) if place != reach.index(length)]
    return [columns[place] for place in stay], [energies[place] for place in stay]


def _volume(a: Form, b: Form, c: Form) -> float:
    return a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0])


def _measured(
    problem: PlaneProblem, readout: NeuronEnergies, energies: list[float], last: _Priced, rounds: int
) -> ExchangedCode:
    """Step 5; a code without errors in the size that suits it."""
    paid, loss, size = sum(energies), readout.loss(energies), 1.0
    if not any(problem.ridge):
        # There it pays as much for its neurons as for its decoder.
        size = ((loss - paid) / paid) ** 0.25
        loss = 2 * math.sqrt(paid * (loss - paid))
    roots = [size * math.sqrt(energy) for energy in energies]
    used = [(root * a, root * b) for root, (a, b) in zip(roots, readout.neurons, strict=True) if root > 0]
    form, demand, ridge = (np.array(part) for part in (last.multiplier, problem.demand, problem.ridge))
    bound = float(proven(form, np.asarray(last.largest), demand, ridge))
    return ExchangedCode(np.array(used), last.multiplier, loss, bound, last.unique, rounds)


@dataclass(frozen=True)
class _Priced:
    """What neurons earn at a multiplier."""

    multiplier: Form  # Y
    neurons: list[Vector]  # the local maxima that earn more than they cost, of cost one, the best last
    largest: float  # ratio of worth to cost
    unique: bool  # whether none earns more, and so few nearly as much that no other code is optimal


def _priced(polygon: Polygon, multiplier: Form) -> _Priced:
    """Step 3."""
    on_rays, middle, spread, best, inside = polygon.ratios(multiplier)
    top = middle + spread
    inner = np.where(inside, top, 0.0)
    beside = np.maximum(inner, np.concatenate([inner[1:], inner[:1]]))
    ratio = np.concatenate([np.where(on_rays >= beside, on_rays, 0.0), inner])
    order = ratio.argsort()[-EXCHANGE.joining :]
    largest = float(ratio[order[-1]])
    count, neurons = len(inner), []
    for place in order[ratio[order] > 1 + EXCHANGE.excess].tolist():
        one = polygon.rays[place] if place < count else best[place - count] / math.sqrt(spread[place - count])
        neurons.append((float(one.real), float(one.imag)))
    if neurons:
        return _Priced(multiplier, neurons, largest, unique=False)
    bar = 1 - MANY_TOUCHING.touches
    touching = np.count_nonzero((on_rays > bar) & (on_rays >= beside * bar)) + np.count_nonzero(inner > bar)
    whole = (top > bar) & (spread <= MANY_TOUCHING.multiple * middle)
    return _Priced(multiplier, neurons, largest, unique=bool(touching <= LINES and not whole.any()))
