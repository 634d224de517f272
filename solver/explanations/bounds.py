"""What a formula of three labels can reach at most, of which two are known (docs/mathematics.md, "Why a neuron fires").

In each of the four cells of two labels a formula that reads a third once is false, true, or says what the literal z of
the third says. Let O be the cells in which it is true, and Z those in which it is z. With a the weight of samples on
which the neuron fires, b that of the others, A and B those of all,

    IoU  <=  (a(O) + min(a(Z), a(z)))  /  (A + b(O) + max(0, b(Z) - b(not z)))

since of Z it holds no more firing samples than Z or z have, and all silent ones but those without z; IoU rises with
the firing samples that a formula holds and falls with the silent ones.

1. Find the pairs (O, Z) that the 64 formulas of three labels leave: 32 of them, and as many bounds for each two labels.
2. Compute for each two labels the weights of the four cells, and from these a(O), b(O), a(Z) and b(Z).
3. Take the literals z of all labels from a given one on. One that no other beats in both a(z) and b(not z) is enough,
   and several such may be replaced by one that is as good as the best of them in each.
4. The largest bound over these z bounds the formula. A triple has its labels in ascending order, so the third label of
   its first two comes after both, that of the first and the last after the first, that of the last two is any label.
5. A formula of a triple can be best only if each of its three pairs allows it: each pair has a word of 64 bits, one for
   each formula.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from solver.explanations.counts import Counts, moments_of_pairs
from solver.explanations.formulas import forms
from theory.arrays import Array, Indices, Mask


@dataclass(frozen=True)
class PairBoundLimits:
    """How coarse the bounds are, and how many are computed at once."""

    slack: float = 1e-9  # what a bound is raised by, for its own rounding
    points: int = 5  # literals that stand for all third literals at most
    exact_starts: int = 8  # labels, the first ones, of which the literals that come after are looked at one by one
    at_once: int = 40_000  # bounds, for which a cache has room


PAIR_BOUNDS = PairBoundLimits()


Words = NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class PairBounds:
    """What formulas of three labels can reach, by two of their labels."""

    labels: int  # k
    first: Indices  # (m,) the pairs, first < second
    second: Indices  # (m,)
    # (3, 32, m) upper bounds on the IoU, by what the formula is in the cells of the pair, where the pair are the last
    # two labels of the triple, the first and the last, or the first two
    values: Array

    def words(self, least: float) -> tuple[Words, Words, Words]:
        """Step 5: for each pair of labels the formulas that may reach `least`; bit f is for `forms(3)` number f.

        Returns:
            Three (k, k): the pair as the last two labels of a triple, as the first and the last, as the first two.
        """
        tables = []
        for values, pattern in zip(self.values, _restricted().of_form, strict=True):
            word = np.packbits((values >= least)[pattern], axis=0, bitorder="little").T
            table = np.zeros((self.labels, self.labels), dtype=np.uint64)
            table[self.first, self.second] = np.ascontiguousarray(word).view("<u8")[:, 0]
            tables.append(table)
        return tables[0], tables[1], tables[2]

    def beyond(self, start: int) -> float:
        """What a formula can reach whose first label has this number or a larger one."""
        left = self.first >= start
        return float(self.values[2][:, left].max(initial=0.0))


@dataclass(frozen=True, eq=False)
class Restricted:
    """The formulas of three labels, seen from two of them."""

    true: Mask  # (32, 4) cells of the two in which a formula is true
    open: Mask  # (32, 4) cells in which it is what the third literal is
    of_form: Indices  # (3, 64) which of these each form is, if the free label has role 0, 1 or 2


@cache
def _restricted() -> Restricted:
    """Step 1: each pair (O, Z) once, and which of them each formula leaves."""
    cube = forms(3).truth.reshape(-1, 2, 2, 2)
    pairs: list[tuple[tuple[bool, ...], tuple[bool, ...]]] = []
    of_form = np.empty((3, len(cube)), dtype=np.intp)
    for free in range(3):
        without, having = (cube.take(value, axis=free + 1).reshape(-1, 4) for value in (0, 1))
        for form, (one, other) in enumerate(zip(without, having, strict=True)):
            pattern = (tuple((one & other).tolist()), tuple((one ^ other).tolist()))
            if pattern not in pairs:
                pairs.append(pattern)
            of_form[free, form] = pairs.index(pattern)
    true, free_cells = (np.array(part) for part in zip(*pairs, strict=True))
    return Restricted(true, free_cells, of_form)


def bounds_of_pairs(counts: Counts) -> PairBounds:
    """Bound the IoU of every formula of three labels by every two of its labels.

    Example:
        >>> from solver.explanations.counts import Weights, counted
        >>> rows = np.array([[0.0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]])
        >>> bounds = bounds_of_pairs(counted(Weights(rows, np.array([0, 0, 1.0, 1]), np.array([1.0, 1, 0, 0]))))
        >>> bounds.values.shape, round(float(bounds.values.max()), 6)  # some formula may be true just where it fires
        ((3, 32, 3), 1.0)
    """
    first, second = np.triu_indices(counts.labels, 1)
    # Step 2.
    cells = _cells() @ np.swapaxes(moments_of_pairs(counts, first, second), 1, 2)  # (2, 4, m)
    np.maximum(cells, 0.0, out=cells)
    restricted = _restricted()
    held, free = restricted.true.astype(float) @ cells, restricted.open.astype(float) @ cells  # (2, 32, m)
    has, lacks = _third_literals(counts)  # step 3
    values = np.zeros((3, *held.shape[1:]))
    step = max(1, PAIR_BOUNDS.at_once // len(first))
    # Step 4: the third label is any, any after the first of the pair, and any after the second.
    for role, after in enumerate((np.zeros(len(first), dtype=np.intp), first + 1, second + 1)):
        most, left_out = has[:, after], lacks[:, after]
        for start in range(0, len(restricted.true), step):
            part = slice(start, start + step)
            top, bottom = held[0, part], counts.whole[0] + held[1, part]
            firing, silent, bound = free[0, part], free[1, part], values[role, part]
            reached, missed = np.empty((2, *bound.shape))
            for point in range(len(has)):
                np.minimum(firing, most[point], out=reached)
                np.add(reached, top, out=reached)
                np.subtract(silent, left_out[point], out=missed)
                np.maximum(missed, 0.0, out=missed)
                np.add(missed, bottom, out=missed)
                np.divide(reached, missed, out=reached)
                np.maximum(bound, reached, out=bound)
    values += PAIR_BOUNDS.slack
    return PairBounds(counts.labels, first, second, values)


@cache
def _cells() -> Array:
    """(4, 4) the weight of each cell of two labels from the moments."""
    which = forms(2)
    single = np.flatnonzero(which.truth.sum(axis=1) == 1)
    return np.asarray(which.weights[single[which.truth[single].argmax(axis=1).argsort()]])


def _third_literals(counts: Counts) -> tuple[Array, Array]:
    """(p, k + 1) a(z) and b(not z) of few literals that are as good as all those of the labels from each number on.

    From k on there are none, and no formula either: they hold nothing.
    """
    shape = PAIR_BOUNDS.points, counts.labels + 1
    has, lacks = np.full(shape, -np.inf), np.zeros(shape)
    # Those from an earlier label on are as good and more: the first labels, the most relevant ones, matter most.
    exact = PAIR_BOUNDS.exact_starts
    starts = [*range(min(exact, counts.labels)), *range(exact, counts.labels, 1 + counts.labels // 16)]
    for start, end in zip(starts, [*starts[1:], counts.labels], strict=True):
        firing, silent = counts.one[:, start:]
        points = _unbeaten(
            np.concatenate([firing, counts.whole[0] - firing]), np.concatenate([counts.whole[1] - silent, silent])
        )
        count = len(points[0])
        has[:count, start:end], lacks[:count, start:end] = (part[:, None] for part in points)
    return has, lacks


def _unbeaten(has: Array, lacks: Array) -> tuple[Array, Array]:
    """Step 3: at most `PAIR_BOUNDS.points` points that are as good as all of these in both coordinates."""
    order = np.lexsort((-lacks, -has))
    has, lacks = has[order], lacks[order]
    best_before = np.concatenate([[-1.0], np.maximum.accumulate(lacks)[:-1]])
    has, lacks = has[lacks > best_before], lacks[lacks > best_before]  # has falls, lacks rises
    parts = np.array_split(np.arange(len(has)), min(PAIR_BOUNDS.points, len(has)))
    return np.array([has[part[0]] for part in parts]), np.array([lacks[part[-1]] for part in parts])
