"""The optimal codes of many problems of two sources, each with a bound of its own: the room's other files, in turn.

1. Outlines (`hulls`), the problems sorted by the number of their corners, and taken a thousand at a time: as many as
   the caches of a processor hold.
2. Rays (`rays`), a centred multiplier (`barrier`), the code and multiplier of its tight constraints (`polish`).
3. What the code costs and what the multiplier proves (`certificate`). Where they do not meet, polish once more without
   the neurons whose energy came out negative, then from a multiplier nearer to the end of the path.
4. Those that do not meet then are left to the caller.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import solver.solving.plan as planning
from solver.batches.barrier import Cones, Objective, centred
from solver.batches.certificate import costs, largest_ratios, losses, proven
from solver.batches.forms import OnLastAxis
from solver.batches.hulls import outlines
from solver.batches.polish import (
    Candidates,
    Contacts,
    candidate_neurons,
    few,
    heaviest,
    newton_energies,
    polished,
    without,
)
from solver.batches.rays import Fan, fan_of
from solver.batches.touching import has_one_code
from theory.arrays import Array, Indices, Mask


@dataclass(frozen=True)
class CodeLimits:
    """How problems are taken together, and when a code is proven."""

    problems: int = 1_000  # at a time
    samples: int = 1 << 18  # whose outlines are drawn at a time
    met: float = 1e-12  # gap beyond which is gone on
    faint: float = 1e-8  # share of the cost of a neuron that is left out where no digit of the gap hangs on it
    # Gap of the centred multiplier, its decrement, the least share of a neuron, and the first t, in turn.
    rounds: tuple[tuple[float, float, float, float], ...] = ((1e-6, 0.1, 1e-4, 1.0), (1e-11, 1e-3, 1e-9, 3.0))


CODES = CodeLimits()


@dataclass(frozen=True, eq=False)
class WhitenedProblems(OnLastAxis):
    """Problems of one number of samples, in coordinates in which neurons cost |w|^2 + h(w)^2 and K is diagonal.

    Attributes:
        points: (d, T, n) the samples about their mean; one that is short may repeat a sample.
        demand: (d, n) the diagonal of K, of sum one.
        ridge: (d (d + 1) / 2, n) G0.
    """

    points: Array
    demand: Array
    ridge: Array


@dataclass(frozen=True, eq=False)
class Hulls:
    """Problems with the cones of their hulls.

    Attributes:
        whitened: the problems.
        fan: their rays.
        corners: (2, R, n) the corner of each cone.
    """

    whitened: WhitenedProblems
    fan: Fan
    corners: Array

    @classmethod
    def of(cls, whitened: WhitenedProblems, places: Indices, count: Indices) -> Hulls:
        """From the places (n, V) of the samples that are corners, and their numbers (n,)."""
        corners = -np.take_along_axis(whitened.points, places[:, : int(count.max())].T[None], axis=1)
        fan = fan_of(corners, count)
        return cls(whitened, fan, np.take_along_axis(corners, fan.corner[None], axis=1))

    def chosen(self, which: Indices) -> Hulls:
        """Some of them."""
        return Hulls(self.whitened.chosen(which), self.fan.chosen(which), self.corners[..., which])

    @property
    def objective(self) -> Objective:
        """What a multiplier proves."""
        return Objective(self.whitened.demand, self.whitened.ridge)

    def known(self, neurons: Array, energies: Array, form: Array) -> Codes:
        """`measured`, of two neurons each (2, 2, n)."""
        neurons, energies = (np.concatenate([a, 0 * a[..., :1, :]], axis=-2) for a in (neurons, energies))
        return self.measured(neurons, energies, form)

    def measured(self, neurons: Array, energies: Array, form: Array) -> Codes:
        """What codes cost and multipliers prove; codes without errors in the size that suits them.

        Args:
            neurons: (2, 3, n).
            energies: (3, n) squares of the sizes in which they are taken.
            form: (3, n) Y.
        """
        demand, ridge = self.whitened.demand, self.whitened.ridge
        cost, exact = costs(self.whitened.points, neurons), (ridge == 0).all(axis=0)
        paid, read = (cost * energies).sum(axis=0), losses(0 * cost, energies, neurons, demand, ridge)
        energies = energies * np.where(exact, np.sqrt(read / paid), 1.0)
        # In that size an exact code pays as much for its neurons as for its decoder.
        loss = np.where(exact, 2 * np.sqrt(paid * read), paid + read)
        rho = largest_ratios(self.fan.rays, self.fan.following, self.corners, form)
        bound = proven(form, rho, demand, ridge)
        return Codes.of(neurons * np.sqrt(energies), form, loss, bound)


@dataclass(frozen=True, eq=False)
class Codes(OnLastAxis):
    """Codes and what is proven of them, in the same coordinates.

    Attributes:
        neurons: (d, k, n) of the size in which they are used; zero in unused places.
        multiplier: (d (d + 1) / 2, n) Y.
        loss: (n,), infinite where there is no code.
        bound: (n,) no code has a smaller loss.
        steps: (n,) of Newton's method on the path to them.
        unique: (n,) whether the code, if it is optimal, is known to be the only one.
    """

    neurons: Array
    multiplier: Array
    loss: Array
    bound: Array
    steps: Indices
    unique: Mask

    @property
    def gap(self) -> Array:
        """(n,) relative gap; infinite where there is no code."""
        with np.errstate(invalid="ignore"):
            gap = (self.loss - self.bound) / self.loss
        return np.where(np.isfinite(gap), np.abs(gap), np.inf)

    @classmethod
    def of(cls, neurons: Array, multiplier: Array, loss: Array, bound: Array) -> Codes:
        """What was measured; a code whose loss is no number is none, and a bound that is none is zero."""
        usable = np.isfinite(loss) & (loss > 0)
        return cls(
            np.where(usable, neurons, 0.0),
            np.where(np.isfinite(multiplier), multiplier, 0.0),
            np.where(usable, loss, np.inf),
            np.where(np.isfinite(bound), bound, 0.0),
            np.zeros(len(loss), dtype=np.intp),
            np.zeros(len(loss), dtype=np.bool_),
        )

    @classmethod
    def none(cls, problems: int, sources: int = 2) -> Codes:
        """No codes yet."""
        pairs = sources * (sources + 1) // 2
        return cls(
            np.zeros((sources, pairs, problems)),
            np.zeros((pairs, problems)),
            np.full(problems, np.inf),
            np.zeros(problems),
            np.zeros(problems, dtype=np.intp),
            np.zeros(problems, dtype=np.bool_),
        )

    def better(self, other: Codes) -> Codes:
        """The code and the bound of smaller gap, problem by problem."""
        return self._or(other, other.gap < self.gap)

    def unless(self, other: Codes, met: float) -> Codes:
        """The others where their gap is no larger than `met`, or than that of these."""
        return self._or(other, other.gap <= np.maximum(met, self.gap))

    def _or(self, other: Codes, which: Mask) -> Codes:
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Codes(*(np.where(which, two, one) for one, two in pairs))

    def put(self, place: Indices, some: Codes) -> None:
        """Write the codes of some problems to their places."""
        for whole, part in zip(vars(self).values(), vars(some).values(), strict=True):
            whole[..., place] = part


def optimal_codes(
    whitened: WhitenedProblems, known: tuple[Array, Array, Array] | None = None, met: float = 0.0
) -> tuple[Codes, Mask]:
    """The best code of each problem with its proof, and whether it is a known one.

    Its loss is infinite where none was found.

    Args:
        whitened: the problems.
        known: neurons (2, 2, n), energies (2, n) and multipliers (3, n) of codes that may be optimal.
        met: gap of such a code at which no other is looked for.

    Example:
        >>> square = np.array([[1.0, 1], [-1, 1], [-1, -1], [1, -1]]).T[:, :, None]
        >>> codes, _ = optimal_codes(WhitenedProblems(square, np.full((2, 1), 0.5), np.zeros((3, 1))))
        >>> codes.loss.round(9).tolist(), bool(codes.gap[0] < 1e-12)
        ([4.0], True)
    """
    problems = whitened.points.shape[2]
    best, is_known = Codes.none(problems), np.zeros(problems, dtype=bool)
    with np.errstate(all="ignore"):
        # Step 1.
        places, count = _outlines(whitened.points)
        usable = np.flatnonzero((count > 0) & (count <= planning.SIZES.corners_of_two))
        order = usable[np.argsort(count[usable], kind="stable")]
        for start in range(0, len(order), CODES.problems):
            part = order[start : start + CODES.problems]
            hulls = Hulls.of(whitened.chosen(part), places[part], count[part])
            if known is not None:
                codes = hulls.known(*(array[..., part] for array in known))
                is_known[part] = codes.gap <= met
                best.put(part, codes)
            left = np.flatnonzero(~is_known[part])
            if len(left):
                # Steps 2 and 3.
                best.put(part[left], _searched(hulls.chosen(left)))
            best.unique[part] = has_one_code(hulls.fan, hulls.corners, best.multiplier[:, part])
    return best, is_known  # step 4 looks at the gaps


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


def _searched(hulls: Hulls) -> Codes:
    """Steps 2 and 3."""
    best = Codes.none(hulls.corners.shape[2])
    left = np.arange(hulls.corners.shape[2])
    for number, (gap, decrement, share, factor) in enumerate(CODES.rounds):
        some = hulls.chosen(left)
        cones = Cones.of(some.fan)
        form, weight, steps = centred(cones, some.objective, gap, decrement, factor)
        candidates = candidate_neurons(cones, some.fan, form, weight)
        codes = _polished(some, heaviest(candidates, some.fan, cones, share), form)
        if number:
            codes = _along_path(some, candidates, form, codes)
        codes.steps[:] = best.steps[left] + steps
        best.put(left, best.chosen(left).better(codes))
        left = np.flatnonzero(best.gap > CODES.met)
        if not len(left):
            break
    return best


def _polished(hulls: Hulls, contacts: Contacts, form: Array) -> Codes:
    """The codes of tight constraints, and where these do not do, of those whose energy is not negative."""
    multiplier, neurons, sizes = polished(contacts, hulls.objective, form)
    codes = hulls.measured(neurons, np.maximum(sizes, 0.0), multiplier)
    negative = ~(sizes > 0)
    again = np.flatnonzero((codes.gap > CODES.met) & (contacts.kept & negative).any(axis=0))
    if len(again):
        some = hulls.chosen(again)
        fewer = without(contacts, negative).chosen(again)
        multiplier, neurons, sizes = polished(fewer, some.objective, form[:, again])
        other = some.measured(neurons, np.maximum(sizes, 0.0), multiplier)
        codes.put(again, codes.chosen(again).better(other))
    return codes


def _along_path(hulls: Hulls, candidates: Candidates, form: Array, codes: Codes) -> Codes:
    """The better of some codes and those of the path itself, after a step of Newton's method, without the faint."""
    neurons, energies = few(candidates)
    energies = energies * hulls.objective.value(form)
    codes = codes.better(hulls.measured(neurons, energies, form))
    cost = costs(hulls.whitened.points, neurons)
    energies = newton_energies(neurons, energies, cost, hulls.objective)
    codes = codes.better(hulls.measured(neurons, energies, form))
    paid = energies * cost
    energies = np.where(paid > CODES.faint * paid.sum(axis=0), energies, 0.0)
    return codes.unless(hulls.measured(neurons, energies, form), CODES.met)
