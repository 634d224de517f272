"""What each neuron tells about each source, by nearest neighbours, and what of it chance would tell.

Where sources take few values each all samples count. Elsewhere the trials of a condition would be each other's
neighbours, and any neuron would seem to tell everything about every source: of each condition one trial is drawn,
several times over, and the estimates are averaged. The same estimates with the sources of the conditions shuffled say
what so many of them seem to tell of nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solver.metrics.information import FAR, NEIGHBOURS, information, ranks
from theory.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from solver.metrics.given import Given
    from theory.arrays import Array

__all__ = ["Told", "told"]

MOST = 1_000
"""Samples that information is estimated from, and fewer where many estimates are made;"""

FEWEST, OF_ALL = 300, 30_000
"""never fewer than the one, nor, for each neuron and source, than their part of the other."""

MOST_DRAWS = 10
"""Times that trials are drawn, where there are several of a condition."""

RECURS = 0.5
"""Values of a source, for each condition or sample, up to which it takes few values."""

INTERVALS = 20
"""Equally likely intervals that a source with more values is cut into, so that it has an entropy;"""

OF_EACH = 10
"""samples that lie in each of them at least."""

SHUFFLES = 20
"""Shuffled estimates for each source at least;"""

OF_A_PAIR = 2
"""and for each source and neuron."""

SIGMAS = 3.0
"""Standard deviations above the mean of shuffled estimates, below which nothing is told."""


@dataclass(frozen=True, eq=False)
class Told:
    """What n neurons tell about d sources.

    Attributes:
        information: (n, d) nats that each neuron tells, less what chance would, and at least zero.
        shares: (n, d) the same in units of the source's entropy, from 0 to 1.
        sure: (n, d) whether it is more than chance would give; what is not counts only beside what is.
        chance: (d,) what a neuron that tells nothing seems to tell about each source, in the same units.
        telling: whether there are samples enough: whether a neuron that is the source would stand out, for every one.
    """

    information: Array
    shares: Array
    sure: NDArray[np.bool_]
    chance: Array
    telling: bool


def told(problem: Given, seed: int, *, conditional: bool = False) -> Told:
    """Estimate what each neuron tells about each source.

    Args:
        problem: neurons and sources; the weights of samples are not used.
        seed: of the draws and shuffles.
        conditional: whether to count only what a neuron tells beyond all other sources; the sources are then not cut
            into intervals.

    Raises:
        InputError: fewer than five samples.
    """
    (samples, count), size = problem.neurons.shape, problem.sources.shape[1]
    if samples <= NEIGHBOURS:
        raise InputError(f"activity: {samples} samples are too few for mutual information; give at least five")
    rng = np.random.default_rng(seed)
    draws = [_ranked(problem, rows, conditional) for rows in _drawn(problem, rng)]
    if len(draws[0].neurons) <= NEIGHBOURS:
        none = np.zeros((count, size))
        return Told(none, none, none > 0, np.ones(size), telling=False)
    turns = max(OF_A_PAIR, -(-SHUFFLES // max(count, 1)))
    found, entropies, shuffled = np.zeros((count, size)), np.zeros(size), np.zeros((count, size, turns))
    for source in range(size):
        others = np.delete(np.arange(size), source) if conditional else np.arange(0)
        entropies[source] = np.mean([draw.entropy(source, others) for draw in draws])
        for neuron in range(count):
            found[neuron, source] = np.mean([draw.told(neuron, source, others) for draw in draws])
            for turn in range(turns):
                draw = draws[turn % len(draws)]
                shuffled[neuron, source, turn] = draw.told(neuron, source, others, rng.permutation(problem.conditions))
    chance = shuffled.mean(axis=2)
    stands_out = SIGMAS * np.sqrt(shuffled.var(axis=2, ddof=1).sum(axis=0) / max(count, 1))
    room = entropies - chance
    gained = np.maximum(found - chance, 0.0)
    return Told(
        information=gained,
        shares=np.clip(gained / np.where(room > 0, room, np.inf), 0.0, 1.0),
        sure=(gained > stands_out) & (gained > 0),
        chance=np.maximum(chance.sum(axis=0) / max(count, 1), 0.0) / np.where(entropies > 0, entropies, np.inf),
        telling=bool((entropies > 0).all() and (room > stands_out).all()),
    )


@dataclass(frozen=True, eq=False)
class _Draw:
    """Ranks of what is estimated from.

    Attributes:
        neurons: (m, n);  sources: (C, d) of the conditions;  condition: (m,) of each sample.
        neighbours: (d,) which nearest neighbour says what is near, for each source.
    """

    neurons: Array
    sources: Array
    condition: NDArray[np.intp]
    neighbours: tuple[int, ...]

    def told(self, neuron: int, source: int, others: NDArray[np.intp], order: NDArray[np.intp] | None = None) -> float:
        """What a neuron tells about a source beyond others, with the conditions in this order."""
        met = self.sources[self.condition if order is None else order[self.condition]]
        return information(self.neurons[:, neuron], met[:, source], met[:, others], self.neighbours[source])

    def entropy(self, source: int, others: NDArray[np.intp]) -> float:
        met = self.sources[self.condition]
        return information(met[:, source], met[:, source], met[:, others], self.neighbours[source])


def _drawn(problem: Given, rng: np.random.Generator) -> Iterator[NDArray[np.intp]]:
    """Rows that are estimated from, for each draw."""
    (samples, count), size = problem.neurons.shape, problem.sources.shape[1]
    most = min(MOST, max(FEWEST, OF_ALL // max(count * size, 1)))
    values = [len(np.unique(kind)) for kind in problem.kinds.T]
    if max(values) <= RECURS * problem.conditions:
        yield np.sort(rng.permutation(samples)[:most])
        return
    kept = np.sort(rng.permutation(problem.conditions)[:most])
    for _ in range(min(int(np.bincount(problem.condition).max()), MOST_DRAWS)):
        order = rng.permutation(samples)
        first = np.empty(problem.conditions, dtype=np.intp)
        first[problem.condition[order]] = order
        yield first[kept]


def _ranked(problem: Given, rows: NDArray[np.intp], conditional: bool) -> _Draw:
    """Ranks of the neurons and of the sources in these rows."""
    neurons = np.array([ranks(one) for one in problem.neurons[rows].T]).T.reshape(len(rows), -1)
    condition = problem.condition[rows]
    sources, neighbours = np.zeros(problem.kinds.shape), []
    for number, in_classes in enumerate(problem.classes):
        kind = problem.kinds[:, number]
        if in_classes:
            ranked = FAR * len(rows) * kind.astype(np.float64)
        elif conditional:
            ranked = _ranks_among(kind, kind[condition])
        else:
            ranked = FAR * len(rows) * _in_intervals(kind, kind[condition])
        sources[:, number] = ranked
        _, place, alike = np.unique(ranked[condition], return_inverse=True, return_counts=True)
        # As near as half of the samples have others of their class.
        few = max(1, int(np.median(alike[place])) - 1) if in_classes or not conditional else NEIGHBOURS
        neighbours.append(min(NEIGHBOURS, few))
    return _Draw(neurons, sources, condition, tuple(neighbours))


def _ranks_among(kind: NDArray[np.intp], met: NDArray[np.intp]) -> Array:
    """(C,) ranks of the values of all conditions among those of the samples met."""
    rising = np.sort(met)
    return np.asarray((np.searchsorted(rising, kind) + np.searchsorted(rising, kind, side="right") - 1) / 2)


def _in_intervals(kind: NDArray[np.intp], met: NDArray[np.intp]) -> Array:
    """(C,) numbers of classes of a source: its values where they are few, else intervals that are equally likely."""
    if len(np.unique(met)) <= min(INTERVALS, RECURS * len(met)):
        return kind.astype(np.float64)
    count = max(2, min(INTERVALS, len(met) // OF_EACH))
    return np.floor(_ranks_among(kind, met) * count / len(met))
