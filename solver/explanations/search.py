"""The best formula of up to three literals, by branch and bound (docs/mathematics.md, "Why a neuron fires").

1. Count how much of the samples has each label and each two, where the neuron fires and where it is silent.
2. Try all formulas of one and of two literals. Order the labels: first those of the best pairs.
3. Try each third label beside the two labels of the best pairs: a formula of three literals to beat.
4. Bound each pair of labels, whatever the third (`bounds`). Keep, as bits of a word, the formulas that may be better.
5. For each label in turn: list the triples that begin with it whose three words have a bit in common, count the samples
   that have all three labels, and look at all 64 formulas of those triples.
6. When the time is up, the largest bound of the pairs that were not yet looked at bounds what was missed.

Of formulas that are equally good those with the fewest literals are kept. A formula of three literals therefore has to
be better than the best of two, and step 5 drops only triples that cannot be better, nor as good as another of three.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solver.deadline import time_is_up
from solver.explanations.bounds import PAIR_BOUNDS, PairBounds, bounds_of_pairs
from solver.explanations.counts import Counts, Weights, counted, moments_of_pairs, moments_of_triples
from solver.explanations.formulas import Forms, forms, in_order, sorted_roles
from theory.arrays import Array, Indices


@dataclass(frozen=True)
class FormulaSearchLimits:
    """What is a tie, and how many triples are tried."""

    tie: float = 1e-12  # difference of two IoU that rounding explains
    best_pairs: int = 10  # of labels, beside which each third label is tried first
    triples_at_once: int = 10_000


FORMULA_SEARCH = FormulaSearchLimits()


@dataclass(frozen=True, eq=False)
class SearchResult:
    """What a search came to."""

    iou: float  # of the best formula found; NaN where there is none
    upper_bound: float  # no formula has a larger IoU
    labels: Indices  # (m, size) numbers of the labels of the best formulas, ascending, in canonical order
    form: Indices  # (m,) of `forms(size)`
    # for one, two and three literals the best formula of at most so many: its IoU, labels and form
    by_size: tuple[tuple[float, Indices, int], ...]

    @property
    def proven(self) -> bool:
        """Whether no formula is better."""
        return self.upper_bound <= self.iou + FORMULA_SEARCH.tie

    def improved_by(self, other: SearchResult) -> SearchResult:
        """The better formulas of a search among some of the formulas, with the bound of this search among all."""
        by_size = tuple(max(pair, key=lambda best: best[0]) for pair in zip(self.by_size, other.by_size, strict=True))
        return replace(other, upper_bound=max(self.upper_bound, other.iou), by_size=by_size)


@dataclass(eq=False)
class _BestFormula:
    """The best formulas of one size so far."""

    size: int  # how many literals they have
    least: float = -1.0  # IoU of the best with fewer literals, which these must exceed to be looked for
    iou: float = -1.0  # of the best
    labels: list[Indices] = field(default_factory=list)
    form: list[Indices] = field(default_factory=list)
    value: list[Array] = field(default_factory=list)

    @property
    def wanted(self) -> float:
        """The IoU from which on a formula matters."""
        return max(self.iou - FORMULA_SEARCH.tie, self.least + FORMULA_SEARCH.tie)

    def add(self, iou: Array, labels: Indices, form: Indices) -> None:
        """Take up formulas, of which those that are not the best are forgotten sooner or later."""
        if not len(iou) or iou.max() < self.iou - FORMULA_SEARCH.tie:
            return
        self.iou = max(self.iou, float(iou.max()))
        kept = iou >= self.iou - FORMULA_SEARCH.tie
        self.labels.append(labels[kept])
        self.form.append(form[kept])
        self.value.append(iou[kept])

    def all(self) -> tuple[Indices, Indices]:
        """(m, size) labels and (m,) forms of the best, in canonical order, each once."""
        if not self.labels:
            return np.zeros((0, self.size), dtype=np.intp), np.zeros(0, dtype=np.intp)
        kept = np.concatenate(self.value) >= self.iou - FORMULA_SEARCH.tie
        rows = np.column_stack([np.concatenate(self.labels), np.concatenate(self.form)])[kept]
        rows = np.unique(rows, axis=0)
        labels, form = rows[:, :-1], rows[:, -1]
        order = in_order(labels, form)
        return labels[order], form[order]


class Search:
    """A search for the best formula for one neuron; what is known of pairs serves more than one.

    Example:
        >>> rows = np.array([[0.0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0], [1, 1, 1]])
        >>> fires = np.array([0.0, 0, 1, 1, 1])  # where it has the first label
        >>> best = Search(Weights(rows, fires, 1 - fires)).best()
        >>> best.iou, best.proven, best.labels.tolist(), forms(1).negated[best.form].tolist()
        (1.0, True, [[0]], [[False]])
    """

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        # Step 1.
        self._counts = counted(weights)
        self._bounds: PairBounds | None = None
        # Step 2, for all labels; `best` leaves out some.
        self._single = _ious(forms(1), np.stack([np.broadcast_to(self._counts.whole[:, None], self._counts.one.shape),
                                                 self._counts.one], axis=-1))  # fmt: skip
        self._first, self._second = np.triu_indices(self._counts.labels, 1)
        self._double = _ious(forms(2), moments_of_pairs(self._counts, self._first, self._second))
        self._order = self._by_relevance()
        self._ordered = self._counts.reordered(self._order)
        self._triples = _Triples(weights, self._order)

    def best(self, without: tuple[int, ...] = ()) -> SearchResult:
        """The best formulas, of all or of those that do without at least one of some labels.

        Args:
            without: numbers of labels; a formula that reads all of them does not count. None if empty.
        """
        one, two, three = _BestFormula(1), _BestFormula(2), _BestFormula(3)
        self._try_singles(one, without)
        self._try_pairs(two, without)
        three.least = max(one.iou, two.iou)
        bound = three.least
        if self._counts.labels > 2:
            self._try_beside_best_pairs(three, without)
            bound = max(bound, self._search_triples(three, without), three.iou)
        sizes = [one, two, three]
        best = next((one for one in sizes if one.iou >= max(other.iou for other in sizes) - FORMULA_SEARCH.tie), one)
        labels, form = best.all()
        return SearchResult(best.iou if len(form) else float("nan"), bound, labels, form, _by_size(sizes))

    # ---- step 2 ---------------------------------------------------------------------------------------------------

    def _try_singles(self, best: _BestFormula, without: tuple[int, ...]) -> None:
        labels, form = np.divmod(np.arange(self._single.size), 2)
        kept = ~_reads_all(labels[:, None], without)
        best.add(self._single.ravel()[kept], labels[kept, None], form[kept])

    def _try_pairs(self, best: _BestFormula, without: tuple[int, ...]) -> None:
        labels = np.column_stack([self._first, self._second])
        kept = np.flatnonzero(~_reads_all(labels, without))
        if len(kept):
            values = self._double[kept]
            pair, form = np.nonzero(values >= values.max() - FORMULA_SEARCH.tie)
            best.add(values[pair, form], labels[kept[pair]], form)

    def _by_relevance(self) -> Indices:
        """(k,) the labels, those of the best pairs first."""
        reached = self._single.max(axis=1)
        if len(self._first):
            pairs = self._double.max(axis=1)
            np.maximum.at(reached, self._first, pairs)
            np.maximum.at(reached, self._second, pairs)
        return np.argsort(-np.round(reached, 9), kind="stable")

    # ---- step 3 ---------------------------------------------------------------------------------------------------

    def _try_beside_best_pairs(self, best: _BestFormula, without: tuple[int, ...]) -> None:
        chosen = np.argsort(-np.round(self._double.max(axis=1), 9), kind="stable")[: FORMULA_SEARCH.best_pairs]
        first, second = self._first[chosen], self._second[chosen]
        rows, count = self._weights.rows, self._counts.labels
        both = (rows[:, first] * rows[:, second]).T
        three = np.stack([((both * part) @ rows).ravel() for part in self._weights.both()])
        triples = np.column_stack(
            [np.repeat(first, count), np.repeat(second, count), np.tile(np.arange(count), len(first))]
        )
        kept = (triples[:, 2] != triples[:, 0]) & (triples[:, 2] != triples[:, 1]) & ~_reads_all(triples, without)
        if kept.any():
            values = _ious(forms(3), moments_of_triples(self._counts, triples[kept], three[:, kept]))
            triple, form = np.nonzero(values >= values.max() - FORMULA_SEARCH.tie)
            best.add(values[triple, form], *sorted_roles(triples[kept][triple], form))

    # ---- steps 4 to 6 -----------------------------------------------------------------------------------------------

    def _search_triples(self, best: _BestFormula, without: tuple[int, ...]) -> float:
        """Find all triples that are better than what is smaller, and best; an upper bound on what was not looked at."""
        counts = self._ordered
        if self._bounds is None:
            self._bounds = bounds_of_pairs(counts)
        words = self._bounds.words(max(best.iou - PAIR_BOUNDS.slack, best.least))
        if 0 < len(without) < 3:
            place = np.argsort(self._order)
            _forget(words, sorted(int(place[label]) for label in without))
        missed, waiting = -1.0, _Waiting()
        for start in range(counts.labels - 2):
            if time_is_up():
                missed = self._bounds.beyond(start)
                break
            pairs = _candidates(words, start)
            if len(pairs.first):
                waiting.add(pairs.triples(start), self._triples.counted(start, pairs))
            if waiting.count >= FORMULA_SEARCH.triples_at_once:
                self._look(best, *waiting.taken(), without)
        self._look(best, *waiting.taken(), without)
        return missed

    def _look(self, best: _BestFormula, triples: Indices, three: Array, without: tuple[int, ...]) -> None:
        """All formulas of triples (m, 3) of labels, numbered by relevance, of which (2, m) samples have all three."""
        counts = self._ordered
        for first in range(0, len(triples), FORMULA_SEARCH.triples_at_once):
            part, least = np.arange(first, min(first + FORMULA_SEARCH.triples_at_once, len(triples))), best.wanted
            gains = _gains(counts, triples[part], three[:, part], least)
            near = part[gains >= (least - PAIR_BOUNDS.slack) * counts.whole[0]]
            if not len(near):
                continue
            values = _ious(forms(3), moments_of_triples(counts, triples[near], three[:, near]))
            triple, form = np.nonzero(values >= least)
            labels = self._order[triples[near[triple]]]
            kept = ~_reads_all(labels, without)
            best.add(values[triple, form][kept], *sorted_roles(labels[kept], form[kept]))


class _Waiting:
    """Triples that are yet to be looked at, so many together that the looking is quick."""

    def __init__(self) -> None:
        self.count = 0
        self._triples: list[Indices] = []
        self._three: list[Array] = []

    def add(self, triples: Indices, three: Array) -> None:
        """More of them."""
        self.count += len(triples)
        self._triples.append(triples)
        self._three.append(three)

    def taken(self) -> tuple[Indices, Array]:
        """All of them; none are left."""
        triples = np.concatenate([np.zeros((0, 3), dtype=np.intp), *self._triples])
        three = np.concatenate([np.zeros((2, 0)), *self._three], axis=1)
        self.count, self._triples, self._three = 0, [], []
        return triples, three


def _ious(which: Forms, moments: Array) -> Array:
    """(m, F) of all forms from moments (2, m, cells)."""
    held, wrong = moments @ which.weights.T
    return np.asarray(held / (moments[0, :, :1] + wrong))


def _reads_all(labels: Indices, wanted: tuple[int, ...]) -> np.ndarray:
    """(m,) whether all wanted labels, one at least, are in each row."""
    if not wanted:
        return np.zeros(len(labels), dtype=bool)
    return np.asarray((labels[:, :, None] == np.array(wanted)).any(axis=1).all(axis=1))


def _forget(words: tuple[np.ndarray, ...], places: list[int]) -> None:
    """No formula that reads these one or two labels may be better."""
    for table in words:
        if len(places) == 1:
            table[places[0], :] = table[:, places[0]] = 0
        else:
            table[places[0], places[1]] = 0


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Pairs of labels that come after a first one: (m,) places in the middle labels and in the last ones."""

    middle: Indices
    last: Indices
    first: Indices
    second: Indices

    def triples(self, start: int) -> Indices:
        """(m, 3) the triples that they make with the first label."""
        return np.column_stack([np.full(len(self.first), start), self.middle[self.first], self.last[self.second]])


def _candidates(words: tuple[np.ndarray, ...], start: int) -> _Pairs:
    """What may complete a triple that begins with this label: its three pairs have a formula in common."""
    inner, wide, outer = words
    middle, last = np.flatnonzero(outer[start]), np.flatnonzero(wide[start])
    common = inner[np.ix_(middle, last)]
    common &= outer[start, middle, None]
    common &= wide[start, last]
    return _Pairs(middle, last, *np.nonzero(common))


class _Triples:
    """Counts samples that have three labels; whole numbers in single precision, which has them all up to 2^24."""

    def __init__(self, weights: Weights, order: Indices) -> None:
        whole = all((part == np.rint(part)).all() and part.sum() < 2**24 for part in weights.both())
        kind: type[np.floating[Any]] = np.float32 if whole else np.float64
        self._parts: list[tuple[NDArray[Any], NDArray[Any]]] = []
        for part in weights.both():
            rows = weights.rows[part > 0][:, order]
            self._parts.append((rows.astype(kind), part[part > 0].astype(kind)))

    def counted(self, start: int, pairs: _Pairs) -> Array:
        """(2, m) weight of the samples that have the first label and those of each pair: firing, and silent."""
        bounds = np.empty((2, len(pairs.first)))
        for part, (rows, weight) in zip(bounds, self._parts, strict=True):
            seen = np.flatnonzero(rows[:, start])
            after = rows[seen, start + 1 :]
            weighted = after * weight[seen, None]
            few = 2 * max(len(pairs.middle), len(pairs.last)) < after.shape[1]
            middle, last = pairs.middle - start - 1, pairs.last - start - 1
            if few:
                product = weighted[:, middle].T @ after[:, last]
                part[:] = product[pairs.first, pairs.second]
            else:
                product = weighted.T @ after
                part[:] = product[middle[pairs.first], last[pairs.second]]
        return bounds


def _gains(counts: Counts, triples: Indices, three: Array, least: float) -> Array:
    """(m,) the most that a formula of each triple gains: the weight of firing samples less `least` times silent ones.

    The IoU of a formula is `least` or more if and only if it gains `least` times what fires in all.
    """
    whole, one, two = (part[0] - least * part[1] for part in (counts.whole, counts.one, counts.two))
    i, j, k = triples.T
    all_three, outer, wide, inner = three[0] - least * three[1], two[i, j], two[i, k], two[j, k]
    cells = np.empty((2, 2, 2, len(triples)))
    cells[1, 1, 1] = all_three
    cells[1, 1, 0], cells[1, 0, 1], cells[0, 1, 1] = outer - all_three, wide - all_three, inner - all_three
    cells[1, 0, 0] = one[i] - wide - cells[1, 1, 0]
    cells[0, 1, 0] = one[j] - inner - cells[1, 1, 0]
    cells[0, 0, 1] = one[k] - inner - cells[1, 0, 1]
    cells[0, 0, 0] = whole - one[i] - cells[0, 1, 1] - cells[0, 1, 0] - cells[0, 0, 1]
    return best_gain(cells)


def best_gain(cells: Array) -> Array:
    """(m,) the largest sum of those cells (2, 2, 2, m) of three labels in which one of the 64 formulas holds.

    With a face for the four cells that have a literal in common, the best formula is one cell (AND of all), all but one
    (OR of all), a face but for one of its cells (AND of an OR), or a face and a cell beside it (OR of an AND).
    """
    best = np.maximum(cells.max(axis=(0, 1, 2)), cells.sum(axis=(0, 1, 2)) - cells.min(axis=(0, 1, 2)))
    for axis in range(3):
        faces = np.moveaxis(cells, axis, 0).reshape(2, 4, -1)
        total = faces.sum(axis=1)
        np.maximum(best, (total - faces.min(axis=1)).max(axis=0), out=best)
        np.maximum(best, (total + faces.max(axis=1)[::-1]).max(axis=0), out=best)
    return best


def _by_size(sizes: list[_BestFormula]) -> tuple[tuple[float, Indices, int], ...]:
    by_size: list[tuple[float, Indices, int]] = []
    for best in sizes:
        if best.iou > (by_size[-1][0] + FORMULA_SEARCH.tie if by_size else -1.0):
            labels, form = best.all()
            by_size.append((best.iou, labels[0], int(form[0])))
        elif by_size:
            by_size.append(by_size[-1])
    return tuple(by_size)
