"""Neurons that seem to mix sources, and follow one that was not named (docs/how-to/own_tuning_curves.md).

A neuron of a source that nobody recorded seems to mix those that were, as far as these go along with it (Dorrell et al.
2025, last section). Where the source is known after all, that can be tested:

1. Regress each neuron on the named sources. What a group of them explains beyond all others is its own share.
2. Is that more than by chance? Take what the other groups leave of the neuron, and permute it in blocks of rows, which
   keeps how it goes on in time (Freedman and Lane 1983); the share of each permutation is one by chance. The largest
   F statistic over all neurons and groups bounds the errors of all tests together (Westfall and Young 1993).
3. Do both again with the missing source among the others.
4. A neuron seems mixed where two groups or more explain it without the missing source, and the missing one alone with
   it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from solver.plain import attributes, plain
from theory.errors import InputError
from theory.groups import groups_of
from theory.immutable import Frozen
from theory.inputs import as_matrix, column_names, neuron_names, whole_number
from theory.problem import Problem
from theory.sources import Sources

if TYPE_CHECKING:
    import os

    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray

    from theory.arrays import Array


KINDS_OF_MISSED = {
    "one": "explained by one group of the named sources, or none",
    "seems mixed": "explained by several groups without the missing source, and by the missing one alone with it",
    "mixed": "explained by several groups even beside the missing source",
    "mixes it": "explained by one named group without the missing source, and by both with it",
    "open": "mixed without the missing source, and not decided with it",
}
"""What a neuron is found to be."""

MISSING = "missing"  # what a source that was not named is called, unless it has a name


@dataclass(frozen=True)
class PermutationTolerances:
    """How many blocks there must be, and what of a neuron is rounding."""

    blocks: int = 20  # fewer can be put in too few orders that differ
    rounding: float = 1e-12  # share of a neuron's variance
    dependent: float = 1e-10  # of a group's own part, relative to its deviation


PERMUTED = PermutationTolerances()


@dataclass(frozen=True, eq=False)
class Shares(Frozen):
    """What each group explains of each neuron beyond all other groups, and what it would by chance.

    Attributes:
        groups: g names.
        shares: (n, g) share of the neuron's variance.
        chance: (n, g) mean of the share over permutations.
        deviation: (n, g) standard deviation of the share over permutations: the error bar.
        p: (n, g) probability that chance makes the largest F of all neurons and groups as large.
    """

    groups: tuple[str, ...]
    shares: Array
    chance: Array
    deviation: Array
    p: Array


@dataclass(frozen=True, eq=False)
class MissedSource(Frozen):
    """Which neurons seem mixed for want of a source, with the evidence.

    What it can say: that more of a neuron than by chance goes along, linearly, with a group of sources beyond the
    others. What it cannot: that a share is zero, where none was found (one of a few deviations by chance would not have
    been seen); that the source causes the activity; and of a neuron that bends with one source (squared, say) whether
    it mixes, unless the bend is among the sources too. Blocks of rows are taken as exchangeable.

    Attributes:
        neurons: n names.
        without: the shares of the named groups, `Shares`.
        complete: the shares with the missing source, whose column is the last.
        kinds: (n,) one of `KINDS_OF_MISSED` for each neuron.
        level: of all tests together, without the missing source and with it.
        permutations: how many were tried.
        block: rows of a block.
        persistence: the mean over neurons of the autocorrelation, a block later, of what all sources leave of them.
            Well above zero, blocks are too short and p values too small.

    Example:
        >>> random = np.random.default_rng(0)
        >>> hidden = random.standard_normal(400)
        >>> named = hidden[:, None] + random.standard_normal((400, 2))
        >>> activity = np.column_stack([hidden, named[:, 0], named.sum(axis=1)])
        >>> activity += 0.1 * random.standard_normal((400, 3))
        >>> missed_source(activity, named, hidden, block=1, permutations=199, rng=0).kinds
        ('seems mixed', 'one', 'mixed')
    """

    neurons: tuple[str, ...]
    without: Shares
    complete: Shares
    kinds: tuple[str, ...]
    level: float
    permutations: int
    block: int
    persistence: float

    @property
    def is_persistent(self) -> bool:
        """Whether activity goes on for longer than a block, so that chance is made too small."""
        return self.persistence > 0.2  # chance alone hardly makes as much of some hundred rows

    def to_dict(self) -> dict[str, Any]:
        """All findings as numbers, strings and lists.

        Example:
            >>> random = np.random.default_rng(0)
            >>> named = random.standard_normal((60, 2))
            >>> sorted(missed_source(named, named, random.standard_normal(60), block=1, permutations=99).to_dict())[:3]
            ['block', 'complete', 'kinds']
        """
        parts = {"without": plain(vars(self.without)), "complete": plain(vars(self.complete))}
        return parts | attributes(self, "neurons", "kinds", "level", "permutations", "block", "persistence")

    def sentences(self) -> list[str]:
        """The finding in words.

        Example:
            >>> random = np.random.default_rng(0)
            >>> named = random.standard_normal((100, 2))
            >>> activity = named + 0.1 * random.standard_normal((100, 2))
            >>> missed = missed_source(activity, named, random.standard_normal(100), block=1)
            >>> print(missed.sentences()[0])
            Of 2 neurons 0 seem to mix the named sources and follow missing alone where it is known.
        """
        from solver.auditing.missed_picture import missed_sentences

        return missed_sentences(self)

    def plot(self, path: str | os.PathLike[str] | None = None) -> Figure:
        """Draw the shares without the missing source and with it; write it to `path` (.png, .pdf, .svg) if given.

        Example:
            >>> random = np.random.default_rng(0)
            >>> named = random.standard_normal((60, 2))
            >>> figure = missed_source(named + 1, named, random.standard_normal(60), block=1, permutations=99).plot()
        """
        from solver.auditing.missed_picture import plot_missed

        return plot_missed(self, path=path)

    def __repr__(self) -> str:
        return "\n".join(self.sentences())


def missed_source(
    activity: ArrayLike,
    sources: ArrayLike | Sources | Problem,
    missing: ArrayLike,
    *,
    groups: Mapping[str, Sequence[int | str]] | None = None,
    block: int,
    permutations: int = 999,
    level: float = 0.05,
    neurons: Sequence[str] | None = None,
    called: str | None = None,
    rng: int | np.random.Generator | None = 0,
) -> MissedSource:
    """Tell which neurons seem to mix the named sources, and follow a missing one alone once it is known.

    Args:
        activity: (T, n) one row per sample; a DataFrame keeps its column names.
        sources: (T, d) those that were named, as an array, a DataFrame, `Sources`, or a problem, with its groups.
        missing: (T,) or (T, k) the source that was not named, one group.
        groups: which of the sources belong together, as for `Problem`; each alone if not given.
        block: rows that are permuted together: several times as many as activity and sources take to change; one where
            rows are independent of each other, as trials in random order are. In a recording that goes on, single rows
            find shares where there are none.
        permutations: how many are tried; p values are multiples of 1 / (permutations + 1).
        level: probability of a false share of any group in any neuron, at most, if the assumptions hold.
        neurons: n names.
        called: name of the missing source; that of its column, or "missing", if None.
        rng: seed of the permutations.

    Raises:
        InputError: tables of different lengths; samples with weights; a missing source that the named ones tell; fewer
            than 20 blocks; too few permutations for the level.

    Source: Dorrell et al. 2025, last section; Freedman and Lane, J. Business & Economic Statistics 1 (1983) 292;
    Winkler et al., NeuroImage 92 (2014) 381 (blocks and the largest statistic).

    Example:
        >>> random = np.random.default_rng(1)
        >>> hidden = random.standard_normal(300)
        >>> named = hidden[:, None] + random.standard_normal((300, 2))
        >>> missed = missed_source(hidden + 0.2 * random.standard_normal(300), named, hidden, block=1, permutations=199)
        >>> missed.kinds, bool((missed.without.p < 0.05).all()), bool((missed.complete.p[:, :2] < 0.05).any())
        (('seems mixed',), True, False)
    """
    problem = sources if isinstance(sources, Problem) else Problem(sources, groups=groups)
    known = problem.sources
    if not known.from_samples or known.probabilities is not None:
        raise InputError("sources: samples of equal weight are permuted; give a recording as it is, one row per sample")
    values = as_matrix(activity, "activity", columns=column_names(activity, "activity"))
    hidden = as_matrix(missing, "missing")
    for name, table in (("activity", values), ("missing", hidden)):
        if len(table) != known.count:
            raise InputError(f"{name}: {len(table)} row(s) do not fit {known.count} samples; give one per sample")
    _require_orders(known.count, block, permutations, level)
    parts = {name: known.points[:, list(members)] for name, members in groups_of(problem).items()}
    labels = column_names(missing, "missing")
    if called is None:
        called = labels[0] if labels is not None and len(labels) == 1 else MISSING
    while called in parts:
        called += " (missing)"
    orders = _orders(known.count, block, permutations, np.random.default_rng(rng))
    without = _shares(values, parts, orders)
    shares = _shares(values, parts | {called: hidden}, orders)  # step 3
    return MissedSource(
        neurons=neuron_names(activity, values.shape[1], neurons),
        without=without,
        complete=shares,
        kinds=tuple(map(_kind, without.p < level, shares.p < level)),
        level=level,
        permutations=permutations,
        block=block,
        persistence=_persistence(values, [*parts.values(), hidden], block),
    )


def _persistence(values: Array, parts: Sequence[Array], block: int) -> float:
    """The mean autocorrelation, a block later, of what all parts leave of the neurons."""
    regressors = np.column_stack([np.ones(len(values)), *parts])
    left = values - regressors @ np.linalg.lstsq(regressors, values, rcond=None)[0]
    size = (left**2).sum(axis=0)
    clear = size > PERMUTED.rounding * ((values - values.mean(axis=0)) ** 2).sum(axis=0)
    later = (left[block:] * left[:-block]).sum(axis=0)
    return float(np.mean(later[clear] / size[clear])) if clear.any() else 0.0


def _require_orders(count: int, block: int, permutations: int, level: float) -> None:
    if count // whole_number(block, "block", 1) < PERMUTED.blocks:
        raise InputError(
            f"block: {count} rows make {count // block} whole block(s) of {block}; at least {PERMUTED.blocks} are "
            "needed to tell chance from more, so give shorter blocks or a longer recording"
        )
    if not 0 < level < 1 or (permutations + 1) * level < 1:
        raise InputError(
            f"permutations: {permutations} tell no probability below {1 / (permutations + 1):.3g}; give more for a "
            f"level of {level:g}"
        )


def _orders(count: int, block: int, permutations: int, rng: np.random.Generator) -> list[NDArray[np.intp]]:
    """Permutations of the rows, a block at a time."""
    blocks = np.array_split(np.arange(count), range(block, count, block))
    return [np.concatenate([blocks[place] for place in rng.permutation(len(blocks))]) for _ in range(permutations)]


@dataclass(frozen=True, eq=False)
class _Reduced:
    """One group against all others: what these leave of the neurons, and the directions that the group adds."""

    others: Array  # (T, q) orthonormal, the constant among them
    added: Array  # (T, k) orthonormal, and orthogonal to the others
    left: Array  # (T, n)
    freedom: int

    @classmethod
    def of(cls, values: Array, name: str, parts: Mapping[str, Array]) -> _Reduced:
        ones = np.ones((len(values), 1))
        beside = np.column_stack([ones, *(part for other, part in parts.items() if other != name)])
        scaled = beside / np.linalg.norm(beside, axis=0)
        others = np.linalg.qr(scaled)[0]
        part = parts[name] - parts[name].mean(axis=0)
        own = part - others @ (others.T @ part)
        own = own - others @ (others.T @ own)
        left_right, sizes, _ = np.linalg.svd(own / np.linalg.norm(part, axis=0), full_matrices=False)
        if sizes.min() < PERMUTED.dependent:
            raise InputError(f"missing: {name!r} is told by the other sources, so that nothing can be said of it")
        left = values - others @ (others.T @ values)
        freedom = len(values) - others.shape[1] - left_right.shape[1]
        if freedom < 1:
            raise InputError(f"activity: {len(values)} rows are too few for so many sources")
        return cls(others, left_right, left - others @ (others.T @ left), freedom)

    def explained(self, order: NDArray[np.intp] | slice, variance: Array) -> tuple[Array, Array]:
        """(n,) the share that the group explains of the rows in this order, and its F."""
        rows = self.left[order]
        won = ((self.added.T @ rows) ** 2).sum(axis=0)
        rest = (rows**2).sum(axis=0) - ((self.others.T @ rows) ** 2).sum(axis=0) - won
        floor = PERMUTED.rounding * variance
        clear = won > floor  # what is less is rounding, whatever it is divided by
        ratio = (won / self.added.shape[1]) / (np.maximum(rest, floor) / self.freedom)
        return won / variance, np.where(clear, ratio, 0.0)


def _shares(values: Array, parts: Mapping[str, Array], orders: Sequence[NDArray[np.intp]]) -> Shares:
    """Steps 1 and 2."""
    centred = values - values.mean(axis=0)
    variance = (centred**2).sum(axis=0)
    still = np.flatnonzero(variance <= np.finfo(float).eps ** 2 * (values**2).sum(axis=0))
    if len(still):
        raise InputError(f"activity: neuron {still[0]} (counted from 0) is constant; leave it out")
    reduced = [_Reduced.of(centred, name, parts) for name in parts]

    def both(order: NDArray[np.intp] | slice) -> tuple[Array, Array]:
        explained = [one.explained(order, variance) for one in reduced]
        return np.column_stack([share for share, _ in explained]), np.column_stack([ratio for _, ratio in explained])

    shares, ratios = both(slice(None))
    total, squares, reached = np.zeros_like(shares), np.zeros_like(shares), np.ones_like(shares)
    for order in orders:
        chance, largest = both(order)
        total += chance
        squares += chance**2
        reached += largest.max() >= ratios
    mean = total / len(orders)
    deviation = np.sqrt(np.maximum(squares / len(orders) - mean**2, 0))
    return Shares(tuple(parts), shares, mean, deviation, reached / (len(orders) + 1))


def _kind(without: NDArray[np.bool_], with_missing: NDArray[np.bool_]) -> str:
    """Step 4, from which groups explain a neuron."""
    if with_missing.sum() > 1:
        return "mixed" if without.sum() > 1 else "mixes it"
    if without.sum() < 2:
        return "one"
    return "seems mixed" if with_missing[-1] else "open"
