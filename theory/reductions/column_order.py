"""The order of columns in which a problem is solved: none that its table happens to have.

Which of several optimal codes is found, and its last digits, may depend on which source comes first. So sources are put
into an order that follows from the problem itself:

1. Compare sources by what each pays and is read out for alone, and by its range, in units of its standard deviation.
2. Tell those that tie by pairs: correlations, the readout, groups, and how far two together reach. A source is told
   from another by what it has in common with those that are told apart already, again and again (Weisfeiler and Leman
   1968).
3. Those that still tie are, as a rule, exchanged by a symmetry of the problem. Take the first by name, and go on with
   step 2.

Numbers that differ by rounding only are equal here: where sorted numbers leave no gap they are of one class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.arrays import Array, Indices
from theory.geometry.levels import levels


@dataclass(frozen=True)
class ColumnOrderLimits:
    """What is compared."""

    equal: float = 1e-9  # difference of two numbers, in units of the largest, that is rounding
    pairs: int = 2_000  # of a source that ties and any other, whose reach is looked at


COLUMN_ORDER = ColumnOrderLimits()


def column_order(problem: Any) -> Indices:
    """(d,) indices of the sources of a problem with linear neurons, in an order of their own.

    Names decide between sources that a symmetry exchanges.

    Example:
        >>> from theory.problem import Problem
        >>> rows = np.array([[0.0, 0], [0, 1], [3, 0], [3, 2]])
        >>> one, other = Problem(rows), Problem(rows[:, ::-1])
        >>> rows[:, column_order(one)].tolist() == rows[:, ::-1][:, column_order(other)].tolist()
        True
    """
    names, heights = problem.sources.names, problem.height_sources
    size = np.sqrt(np.diag(problem.sources.covariance))
    readout, pairs = problem.readout, [problem.energy_matrix / np.outer(size, size)]
    pairs.append(readout.targets.T @ readout.targets * np.outer(size, size))
    if readout.ridge is not None:
        pairs.append(readout.ridge * np.outer(size, size))
    alone = [*map(np.diagonal, pairs), heights.lower / size, heights.upper / size]
    classes = _ranks([tuple(own) for own in _classes(alone).tolist()])  # step 1
    tied = np.flatnonzero(np.bincount(classes)[classes] > 1)
    if len(tied):
        if problem.groups is not None:
            pairs.append(_together(problem.groups, len(names)))
        if len(tied) * len(names) <= COLUMN_ORDER.pairs:
            pairs += _reaches(heights, size, tied)
        classes = _told_apart(classes, _classes(pairs), names)
    return np.argsort(classes, kind="stable")


def _classes(values: Sequence[Array]) -> Indices:
    """(..., k) of k arrays of one shape (...) the class of each number among those of its array, from the least on."""
    columns = np.array(values).reshape(len(values), -1)
    apart = COLUMN_ORDER.equal * np.abs(columns).max(axis=1)
    return levels(columns.T, apart).reshape(*values[0].shape, len(values))


def _ranks(signatures: Sequence[Any]) -> Indices:
    """(d,) the place of each signature among the different ones."""
    place = {signature: number for number, signature in enumerate(sorted(set(signatures)))}
    return np.array([place[signature] for signature in signatures], dtype=np.intp)


def _together(groups: dict[str, tuple[int, ...]], count: int) -> Array:
    """(d, d) in how many groups two sources are together."""
    together = np.zeros((count, count))
    for members in groups.values():
        together[np.ix_(members, members)] += 1
    return together


def _reaches(heights: Any, size: Array, tied: Indices) -> list[Array]:
    """(d, d) how far two sources reach together, for four ways to add them; zero where neither ties with any."""
    axes, count = np.diag(1 / size), len(size)
    both = np.zeros((count, count), dtype=np.bool_)
    both[tied] = both[:, tied] = True
    first, second = np.nonzero(both)
    ways = [one * axes[first] + other * axes[second] for one, other in ((1, 1), (1, -1), (-1, 1), (-1, -1))]
    reaches = np.zeros((len(ways), count, count))
    reaches[:, first, second] = heights.support(np.concatenate(ways)).reshape(len(ways), -1)
    return list(reaches)


def _told_apart(classes: Indices, pairs: Indices, names: Sequence[str]) -> Indices:
    """Steps 2 and 3: (d,) a class of its own for each source, from the classes of pairs (d, d, k)."""
    common = [[tuple(pair) for pair in row] for row in pairs.tolist()]
    while True:
        count = classes.max() + 1
        seen = classes.tolist()
        classes = _ranks(
            [(own, tuple(sorted(zip(seen, row, strict=True)))) for own, row in zip(seen, common, strict=True)]
        )
        if classes.max() + 1 > count:
            continue
        if count == len(classes):
            return classes
        ties = np.flatnonzero(np.bincount(classes)[classes] > 1)
        first = min(ties, key=lambda source: (classes[source], names[int(source)]))
        # It comes before those that it tied with.
        classes = 2 * classes + 1
        classes[first] -= 1
        classes = _ranks(classes.tolist())
