"""The optimal codes of many problems of two sources, each with a bound of its own: the rooms' other files, in turn.

1. Outlines (`hulls`), the problems sorted by the number of their corners, and taken a thousand at a time: as many as
   the caches of a processor hold.
2. Rays (`rays`), a centred multiplier (`barrier`), the code and multiplier of its tight constraints (`polish`).
3. What the code costs and what the multiplier proves (`certificate`). Where they do not meet, polish once more without
   the neurons whose energy came out negative, then from a multiplier nearer to the end of the path.
4. Those that do not meet then are left to who asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solver.batches.barrier import Cones, Objective, centred
from solver.batches.certificate import costs, largest_ratios, losses, proven
from solver.batches.hulls import outlines
from solver.batches.polish import candidates, few, heaviest, polished, settled, without
from solver.batches.rays import Fan, fan_of

if TYPE_CHECKING:
    from theory.arrays import Array, Indices

__all__ = ["Codes", "Given", "optimal_codes"]


@dataclass(frozen=True)
class CodeLimits:
    """How problems are taken together, and when a code is proven."""

    problems: int = 1_000  # at a time
    samples: int = 1 << 18  # whose outlines are drawn at a time
    corners: int = 200  # of an outline; those with more are left to who asked
    met: float = 1e-12  # gap beyond which is gone on
    # Gap of the centred multiplier, its decrement, the least share of a neuron, and the first t, in turn.
    rounds: tuple[tuple[float, float, float, float], ...] = ((1e-6, 0.1, 1e-4, 1.0), (1e-11, 1e-3, 1e-9, 3.0))


CODES = CodeLimits()


@dataclass(frozen=True, eq=False)
class Given:
    """Problems of one number of samples, in coordinates in which neurons cost |w|^2 + h(w)^2 and K is diagonal.

    Attributes:
        points: (2, T, n) the samples about their mean; one that is short may repeat a sample.
        demand: (2, n) the diagonal of K, of sum one.
        ridge: (3, n) G0.
    """

    points: Array
    demand: Array
    ridge: Array


@dataclass(frozen=True, eq=False)
class Codes:
    """Codes and what is proven of them, in the same coordinates.

    Attributes:
        neurons: (2, k, n) of the size in which they are used; zero in unused places.
        multiplier: (3, n) Y.
        loss: (n,), infinite where there is no code.
        bound: (n,) no code has a smaller loss.
    """

    neurons: Array
    multiplier: Array
    loss: Array
    bound: Array

    @property
    def gap(self) -> Array:
        """(n,) relative gap; infinite where there is no code."""
        with np.errstate(invalid="ignore"):
            gap = (self.loss - self.bound) / self.loss
        return np.where(np.isfinite(gap), np.abs(gap), np.inf)

    @classmethod
    def none(cls, problems: int, neurons: int = 3) -> Codes:
        """No codes yet."""
        nothing = np.full(problems, np.inf), np.zeros(problems)
        return cls(np.zeros((2, neurons, problems)), np.zeros((3, problems)), *nothing)

    def chosen(self, which: Indices) -> Codes:
        """Those of some problems."""
        return Codes(*(array[..., which] for array in vars(self).values()))

    def better(self, other: Codes) -> Codes:
        """Of each problem the code and the bound of smaller gap."""
        worse = other.gap < self.gap
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Codes(*(np.where(worse, two, one) for one, two in pairs))

    def put(self, place: Indices, some: Codes) -> None:
        """Write the codes of some problems to their places."""
        for whole, part in zip(vars(self).values(), vars(some).values(), strict=True):
            whole[..., place] = part


def optimal_codes(given: Given, modular: tuple[Array, Array, Array] | None = None) -> tuple[Codes, Codes]:
    """The best code of each problem, and what is proven of a code that is given.

    Args:
        given: the problems.
        modular: unit neurons (2, 2, n), energies (2, n) and multiplier (3, n) of codes to be measured.

    Returns:
        the codes found, and those given; of infinite loss where there is none.

    Example:
        >>> square = np.array([[1.0, 1], [-1, 1], [-1, -1], [1, -1]]).T[:, :, None]
        >>> codes, _ = optimal_codes(Given(square, np.full((2, 1), 0.5), np.zeros((3, 1))))
        >>> codes.loss.round(9).tolist(), bool(codes.gap[0] < 1e-12)
        ([4.0], True)
    """
    problems = given.points.shape[2]
    found, known = Codes.none(problems), Codes.none(problems, 2)
    with np.errstate(all="ignore"):
        places, count = _outlines(given.points)
        usable = np.flatnonzero((count > 0) & (count <= CODES.corners))
        order = usable[np.argsort(count[usable], kind="stable")]
        for start in range(0, len(order), CODES.problems):
            part = order[start : start + CODES.problems]
            some = Given(given.points[:, :, part], given.demand[:, part], given.ridge[:, part])
            width = int(count[part].max())
            corners = -np.take_along_axis(some.points, places[None, part, :width].transpose(0, 2, 1), axis=1)
            fan = fan_of(corners, count[part])
            at = np.take_along_axis(corners, fan.corner[None], axis=1)
            if modular is not None:
                known.put(part, _measured(some, fan, at, *(array[..., part] for array in modular)))
            found.put(part, _searched(some, fan, at))
    return found, known


def _outlines(points: Array) -> tuple[Indices, Indices]:
    """The corners (n, V) of all problems, and their numbers."""
    _, samples, problems = points.shape
    rows = max(1, CODES.samples // samples)
    parts = [
        outlines(np.ascontiguousarray(points[:, :, start : start + rows].transpose(0, 2, 1)))
        for start in range(0, problems, rows)
    ]
    width = max((places.shape[1] for places, _ in parts), default=1)
    padded = [np.concatenate([p, np.repeat(p[:, :1], width - p.shape[1], axis=1)], axis=1) for p, _ in parts]
    return np.concatenate(padded), np.concatenate([count for _, count in parts])


def _searched(some: Given, fan: Fan, corners: Array) -> Codes:
    """Steps 2 and 3."""
    cones, objective = Cones.of(fan), Objective(some.demand, some.ridge)
    best = Codes.none(some.points.shape[2])
    left = np.arange(some.points.shape[2])
    for number, (gap, decrement, share, factor) in enumerate(CODES.rounds):
        part, within = _part(some, left), _fan(fan, left)
        inside, aim, at = cones.chosen(left), objective.chosen(left), corners[..., left]
        form, weight = centred(inside, aim, gap, decrement, factor)
        found = candidates(inside, within, form, weight)
        contacts = heaviest(found, within, inside, share)
        codes, sizes = _finished(part, within, at, contacts, aim, form)
        again = np.flatnonzero((codes.gap > CODES.met) & (contacts.kept & ~(sizes > 0)).any(axis=0))
        if len(again):
            fewer = without(contacts, ~(sizes > 0)).chosen(again)
            once_more = _part(part, again), _fan(within, again), at[..., again]
            other, _ = _finished(*once_more, fewer, aim.chosen(again), form[:, again])
            codes.put(again, codes.chosen(again).better(other))
        if number:
            neurons, energies = few(found)
            energies = energies * aim.value(form)
            codes = codes.better(_measured(part, within, at, neurons, energies, form))
            energies = settled(neurons, energies, costs(part.points, neurons), aim)
            codes = codes.better(_measured(part, within, at, neurons, energies, form))
        best.put(left, best.chosen(left).better(codes))
        left = np.flatnonzero(best.gap > CODES.met)
        if not len(left):
            break
    return best


def _finished(some, fan, corners, contacts, objective, form):  # type: ignore[no-untyped-def]
    form, neurons, sizes = polished(contacts, objective, form)
    return _measured(some, fan, corners, neurons, np.maximum(sizes, 0.0), form), sizes


def _measured(some: Given, fan: Fan, corners: Array, neurons: Array, energies: Array, form: Array) -> Codes:
    """What codes cost and multipliers prove; codes without errors in the size that suits them."""
    cost = costs(some.points, neurons)
    exact = (some.ridge == 0).all(axis=0)
    paid = (cost * energies).sum(axis=0)
    read = losses(0 * cost, energies, neurons, some.demand, some.ridge)
    energies = energies * np.where(exact, np.sqrt(read / paid), 1.0)
    loss = losses(cost, energies, neurons, some.demand, some.ridge)
    # A sum of squares, and a root of a root: of an exact readout both halves are equal.
    loss = np.where(exact, 2 * np.sqrt(paid * read), loss)
    rho = largest_ratios(fan.rays, fan.following, corners, form)
    bound = proven(form, rho, some.demand, some.ridge)
    usable = np.isfinite(loss) & (loss > 0)
    return Codes(
        np.where(usable, neurons * np.sqrt(energies), 0.0),
        np.where(np.isfinite(form), form, 0.0),
        np.where(usable, loss, np.inf),
        np.where(np.isfinite(bound), bound, 0.0),
    )


def _part(given: Given, which: Indices) -> Given:
    return Given(given.points[:, :, which], given.demand[:, which], given.ridge[:, which])


def _fan(fan: Fan, which: Indices) -> Fan:
    return Fan(*(array[..., which] for array in vars(fan).values()))
