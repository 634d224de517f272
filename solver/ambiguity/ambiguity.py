"""Whether the neurons of an optimal code are the only ones (docs/mathematics.md, "Uniqueness").

G, the multiplier and the loss of optimal codes are unique; their neurons need not be. Mirror images are taken as one.

1. Find the neurons that touch (`touching_neurons`): optimal codes are made of them, and of those between two where all
   of these touch.
2. If no optimal code has any neuron from between, optimal codes are the solutions of linear equations in the energies
   of the others: they are one if the columns that can have a share are independent.
3. Else more than one solution without such neurons, or two neurons of the code that can be turned into each other
   within a continuum, show that there are other codes. Otherwise it is left open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Any

import numpy as np
from scipy.optimize import nnls

import solver.solving.plan as planning
from solver.ambiguity.optimal_codes import OPTIMAL_CODES, Fewest
from solver.ambiguity.touching_neurons import TouchingNeurons, others_do, touching_neurons, undecidable
from solver.plain import attributes, plain
from theory.arrays import Array, Indices, Mask
from theory.dependent.columns import in_own_columns
from theory.immutable import Frozen
from theory.problem import Problem
from theory.reductions import IN_ORDER


@dataclass(frozen=True, eq=False)
class Ambiguity(Frozen):
    """What an optimal code leaves open: which neurons are in every optimal code, and which could be others.

    A neuron and its mirror image, with all signs turned, are one here where both cost the same.

    Attributes:
        unique: whether every optimal code has the same neurons; None where that is not decided.
        reason: why, in words.
        neurons: (k, d) source weights, at a cost of one, of all neurons that an optimal code may have; of continua the
            extreme ones. No rows where they are not known.
        mirrored: (k,) whether the mirror image of each would do as well.
        least: (k,) the energy f(w), in units of the loss, that each has in every optimal code at least.
        most: (k,) the energy that each has at most. Where there are continua, both are bounds for the other neurons,
            and NaN for those that belong to one.
        fewest_bounds: how few neurons make an optimal code: proven at least, and found to be enough.
        continua: (m, d) for each continuum its extreme neurons: all weighted sums of them are neurons that an optimal
            code may have.

    Source: docs/mathematics.md, "Uniqueness".

    Example:
        >>> from solver import Problem, solve
        >>> ambiguity = solve(Problem([[0, 0], [0, 1], [1, 0]])).ambiguity()
        >>> ambiguity.unique, ambiguity.fewest, ambiguity.essential.tolist()
        (True, 3, [True, True, True])
    """

    unique: bool | None
    reason: str
    neurons: Array
    mirrored: Mask
    least: Array
    most: Array
    fewest_bounds: tuple[int, int]
    continua: tuple[Array, ...] = ()

    @property
    def fewest(self) -> int | None:
        """How few neurons make an optimal code; None where that is not decided.

        Example:
            >>> from solver import Problem, solve
            >>> solve(Problem([[0, 0], [0, 1], [1, 0], [1, 1]])).ambiguity().fewest
            2
        """
        least, most = self.fewest_bounds
        return least if least == most else None

    @property
    def essential(self) -> Mask:
        """(k,) which neurons are certainly in every optimal code.

        Example:
            >>> from solver import Problem, solve
            >>> solve(Problem([[0, 0], [0, 1], [1, 0], [1, 1]])).ambiguity().essential.tolist()
            [True, True]
        """
        return np.asarray(self.least > 1e-6 * np.nanmax(self.most, initial=0.0))  # what rounding may make of none

    def of_columns(self, columns: Sequence[int] | Indices) -> Ambiguity:
        """The ambiguity of a problem whose sources are these, in another order.

        Args:
            columns: (d,) indices of the sources.

        Example:
            >>> from solver import Problem, solve
            >>> ambiguity = solve(Problem([[0, 0], [0, 1], [2, 0]])).ambiguity()
            >>> bool((ambiguity.of_columns([1, 0]).neurons == ambiguity.neurons[:, ::-1]).all())
            True
        """
        continua = tuple(extremes[:, columns] for extremes in self.continua)
        return replace(self, neurons=self.neurons[:, columns], continua=continua)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings and lists, for JSON; None for what is not known.

        Example:
            >>> from solver import Problem, solve
            >>> solve(Problem([[0, 0], [0, 1], [1, 0]])).ambiguity().to_dict()["unique"]
            True
        """
        words = attributes(self, "unique", "reason", "fewest", "fewest_bounds")
        arrays = plain(attributes(self, "neurons", "mirrored", "least", "most", "continua"), finite=True)
        return words | {"essential": int(self.essential.sum())} | arrays


def undecided(problem: Problem, count: int, reason: str) -> Ambiguity:
    """Nothing is known of other codes than one of so many neurons."""
    none = np.empty(0)
    nothing = np.empty(0, dtype=np.bool_)
    least = 0 if not count else max(1, problem.readout.least_neurons) if problem.neurons.linear else 1
    return Ambiguity(None, reason, np.empty((0, problem.dimension)), nothing, none, none, (least, count))


def ambiguity(problem: Problem, weights: Array, *, proven: bool = True, quick: bool = False) -> Ambiguity:
    """What an optimal code leaves open.

    Args:
        problem: what is coded, by linear neurons.
        weights: (n, d) of a code.
        proven: whether it is proven optimal.
        quick: whether to leave it open where the answer takes seconds.

    Example:
        >>> from theory.problem import Problem
        >>> square = Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]])
        >>> ambiguity(square, square.modular_weights).unique
        True
    """
    if IN_ORDER.accepts(problem):
        inside = ambiguity(problem.in_order, IN_ORDER.weights(problem, weights), proven=proven, quick=quick)
        return inside.of_columns(np.argsort(problem.column_order))
    hull = problem.hull
    if hull is not None:
        inside = ambiguity(problem.on_hull, hull.functions(weights), proven=proven, quick=quick)
        neurons = in_own_columns(problem, inside.neurons)
        continua = tuple(in_own_columns(problem, extremes) for extremes in inside.continua)
        return replace(inside, neurons=neurons, continua=continua)
    return _of_columns_as_they_are(problem, weights, proven=proven, quick=quick)


def _of_columns_as_they_are(problem: Problem, weights: Array, *, proven: bool, quick: bool) -> Ambiguity:
    """What an optimal code leaves open, in the coordinates in which the problem is solved."""
    canonical = problem.canonical
    reason = undecidable(canonical, quick=quick) if proven else "the code may not be optimal"
    if reason:
        return undecided(problem, len(weights), reason)
    if not len(weights):
        nothing = np.empty(0)
        return Ambiguity(
            True, "a code without neurons is the only one", weights, nothing.astype(np.bool_), nothing, nothing, (0, 0)
        )
    try:
        touching = touching_neurons(canonical, weights)  # step 1
    except (np.linalg.LinAlgError, FloatingPointError):
        touching = "the code is not known to enough digits"
    if isinstance(touching, str):
        return undecided(problem, len(weights), touching)
    count = len(touching.weights)
    if quick and count > planning.SIZES.lines_at_once and not touching.codes.independent:
        return undecided(problem, len(weights), f"{count} neurons touch; `ambiguity()` looks at them all")
    return _of_touching(canonical, weights, touching)


def _of_touching(problem: Problem, weights: Array, touching: TouchingNeurons) -> Ambiguity:
    """Steps 2 and 3."""
    none = "rounding leaves the equations for the energies without a solution"
    alone, between = touching.codes.without_between(), touching.codes.most_between()
    if np.isnan(between):
        return undecided(problem, len(weights), none)
    mixing, ranges = between > OPTIMAL_CODES.nothing, alone.ranges()
    fewest = None if np.isnan(ranges).any() else alone.fewest(ranges[1])
    if mixing:
        unique, reason = _with_continua(problem, weights, touching, ranges)
        ranges = _known_ranges(touching)
        neurons = len(weights) if fewest is None else fewest.most
        fewest = Fewest(max(1, problem.readout.least_neurons), neurons, np.empty(0, dtype=np.intp))
    elif fewest is None:
        return undecided(problem, len(weights), none)
    else:
        unique = alone.is_one(ranges[1])
        reason = REASONS[unique]
    least, most = ranges
    continua = touching.extremes if mixing else ()
    kept = ~(most <= OPTIMAL_CODES.nothing)
    return Ambiguity(
        unique=unique,
        reason=reason,
        neurons=touching.weights[kept],
        mirrored=touching.mirrored[kept],
        least=(least * touching.unit)[kept],
        most=(most * touching.unit)[kept],
        fewest_bounds=(fewest.least, min(fewest.most, len(weights))),
        continua=continua,
    )


REASONS = {
    True: "what the touching neurons add to the code is linearly independent",
    False: "what the touching neurons add to the code is linearly dependent",
    None: "rounding does not tell whether some neurons can be left out",
}


def _with_continua(
    problem: Problem, weights: Array, touching: TouchingNeurons, alone: tuple[Array, Array]
) -> tuple[bool | None, str]:
    """Step 3, with the ranges of codes without neurons from between."""
    if (alone[1] - alone[0] > OPTIMAL_CODES.something).any():
        return False, REASONS[False]
    continua = touching.extremes
    if any(_turns(problem, weights, extremes) for extremes in continua):
        return False, "two neurons of a continuum can be turned into each other"
    if others_do(problem, weights, np.concatenate([touching.weights, *map(_inside, continua)])):
        return False, "other neurons of a continuum make up for some of the code"
    return None, "a continuum of neurons touches"


def _inside(extremes: Array) -> Array:
    """Some neurons between the extreme ones (m, d) of a continuum."""
    pairs = np.array(list(permutations(range(len(extremes)), 2)))
    one, other = extremes[pairs[:, 0]], extremes[pairs[:, 1]]
    return np.vstack([*(one + share * other for share in (0.1, 0.3, 1.0)), extremes.sum(axis=0)])


def _turns(problem: Problem, weights: Array, extremes: Array) -> bool:
    """Whether two neurons of a code (n, d) lie so in a continuum that both can be turned a little within it.

    They are weighted sums of the extreme neurons; if the first has none that the second has not, a little of the first
    can be taken from the second, and of the second given to the first.
    """
    scale = np.sqrt(problem.modular_costs)
    shares = [nnls((extremes * scale).T, side * row * scale) for row in weights for side in (1.0, -1.0)]
    size = np.repeat(np.linalg.norm(weights * scale, axis=1), 2)
    used = [
        share > OPTIMAL_CODES.something * share.max()
        for (share, left), length in zip(shares, size, strict=True)
        if left <= OPTIMAL_CODES.something * length
    ]
    return any(not (one & ~other).any() for one, other in permutations(used, 2))


def _known_ranges(touching: TouchingNeurons) -> tuple[Array, Array]:
    """Bounds of the shares where some lie between neurons: of those in no continuum."""
    least, most = touching.codes.ranges()
    inside = np.unique(np.concatenate(touching.continua)[:, 0])
    unknown = np.isin(np.arange(len(least)), inside)
    return np.where(unknown, np.nan, least), np.where(unknown, np.nan, most)
