"""The information of each neuron about each source, by nearest neighbours, and what of it chance would give.

1. Draw samples: of all, where sources take few values each. Elsewhere trials of a condition would be each other's
   neighbours, and any neuron would seem to tell everything about every source: draw one trial of each condition,
   several times over.
2. Rank the neurons. Cut sources of many values into equally likely intervals, so that they have an entropy (not for
   conditional information); number classes far apart.
3. Estimate the information of each neuron about each source, and of the source about itself, its entropy (module
   `information`); average over draws.
4. Estimate it again with the sources of the conditions shuffled: mean and variance of what chance gives.
5. Subtract the mean. What is left is sure if it exceeds three standard deviations.

Scores of I (n, d), the information that is left, and of U, the same in units of the entropies of the sources:

6. The ratio is the largest entry of each row of I divided by the row's sum; InfoM is that of the rows of U, InfoC that
   of its columns. A row without a sure entry counts as zero.
7. Rescale each from [1 / m, 1] to [0, 1], where a row has m entries; of a single entry take 1. Average over rows.
8. The gap is the mean over columns of U of the largest entry less the second largest, or zero without a sure entry.
9. Where so few samples could not show even a neuron that is the source, all scores are NaN.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from solver.metrics.information import INFORMATION, information, ranks
from solver.metrics.samples import ScoredSamples
from theory.arrays import Array, Indices, Mask
from theory.errors import InputError


@dataclass(frozen=True)
class EstimateSizes:
    """How many samples, draws and shuffles an estimate takes."""

    most_samples: int = 1_000
    least_samples: int = 300  # where many estimates are made
    all_samples: int = 30_000  # divided among the pairs of a neuron and a source
    draws: int = 10  # of trials, where a condition has several
    few_values: float = 0.5  # values of a source per condition or sample, up to which they are few
    intervals: int = 20  # of a source with many values
    samples_per_interval: int = 10
    shuffles: int = 20  # per source
    shuffles_per_pair: int = 2  # per source and neuron
    deviations: float = 3.0  # standard deviations above the mean of shuffled estimates that are beyond chance


ESTIMATES = EstimateSizes()


@dataclass(frozen=True, eq=False)
class NeuronInformation:
    """The information of n neurons about d sources."""

    information: Array  # (n, d) nats that each neuron tells, less what chance would, and at least zero
    shares: Array  # (n, d) information in units of the source's entropy, from 0 to 1
    sure: Mask  # (n, d) whether it is more than chance would give; what is not counts only beside what is
    chance: Array  # (d,) what a neuron that tells nothing seems to tell about each source, in units of its entropy
    telling: bool  # whether the samples are enough to tell a neuron that is the source from chance, for every source

    @property
    def ratio(self) -> float:
        """See `mutual_information_ratio`."""
        return _largest_share(self.information, self.sure) if self.telling else float("nan")

    @property
    def modularity(self) -> float:
        """See `info_modularity`."""
        return _largest_share(self.shares, self.sure) if self.telling else float("nan")

    @property
    def compactness(self) -> float:
        """See `info_compactness`."""
        return _largest_share(self.shares.T, self.sure.T) if self.telling else float("nan")

    @property
    def gap(self) -> float:
        """See `mutual_information_gap`."""
        # Step 8.
        if not self.telling:
            return float("nan")
        padded = np.vstack([self.shares, np.zeros((2, self.shares.shape[1]))])
        second, best = np.sort(padded, axis=0)[-2:]
        return float(np.mean(np.where(self.sure.any(axis=0), best - second, 0.0)))


def _largest_share(information: Array, sure: Mask) -> float:
    """Mean over rows of the largest share of their sums, rescaled to 0 to 1; zero where nothing is sure."""
    count, width = information.shape
    if not count or not width:
        return 0.0
    # Steps 6 and 7.
    total = information.sum(axis=1)
    share = information.max(axis=1) / np.where(total > 0, total, 1.0)
    rescaled = (share - 1 / width) / (1 - 1 / width) if width > 1 else share
    return float(np.where(sure.any(axis=1), rescaled, 0.0).mean())


def neuron_information(samples: ScoredSamples, seed: int, *, conditional: bool = False) -> NeuronInformation:
    """Estimate what each neuron tells about each source.

    Args:
        samples: neurons and sources; the weights of samples are not used.
        seed: of the draws and shuffles.
        conditional: whether to count only what a neuron tells beyond all other sources; the sources are then not cut
            into intervals.

    Raises:
        InputError: fewer than five samples.
    """
    (rows, count), size = samples.neurons.shape, samples.sources.shape[1]
    if rows <= INFORMATION.neighbours:
        raise InputError(f"activity: {rows} samples are too few for mutual information; give at least five")
    rng = np.random.default_rng(seed)
    # Steps 1 and 2.
    draws = [_ranked(samples, drawn, conditional) for drawn in _drawn(samples, rng)]
    if len(draws[0].neurons) <= INFORMATION.neighbours:
        none = np.zeros((count, size))
        return NeuronInformation(none, none, none > 0, np.ones(size), telling=False)
    turns = max(ESTIMATES.shuffles_per_pair, -(-ESTIMATES.shuffles // max(count, 1)))
    estimates, entropies, shuffled = np.zeros((count, size)), np.zeros(size), np.zeros((count, size, turns))
    # Steps 3 and 4.
    for source in range(size):
        others = np.delete(np.arange(size), source) if conditional else np.arange(0)
        entropies[source] = np.mean([draw.entropy(source, others) for draw in draws])
        for neuron in range(count):
            estimates[neuron, source] = np.mean([draw.information(neuron, source, others) for draw in draws])
            for turn in range(turns):
                draw = draws[turn % len(draws)]
                order = rng.permutation(samples.conditions)
                shuffled[neuron, source, turn] = draw.information(neuron, source, others, order)
    # Step 5.
    chance = shuffled.mean(axis=2)
    beyond = ESTIMATES.deviations * np.sqrt(shuffled.var(axis=2, ddof=1).sum(axis=0) / max(count, 1))
    room = entropies - chance
    gained = np.maximum(estimates - chance, 0.0)
    return NeuronInformation(
        information=gained,
        shares=np.clip(gained / np.where(room > 0, room, np.inf), 0.0, 1.0),
        sure=(gained > beyond) & (gained > 0),
        chance=np.maximum(chance.sum(axis=0) / max(count, 1), 0.0) / np.where(entropies > 0, entropies, np.inf),
        telling=bool((entropies > 0).all() and (room > beyond).all()),  # step 9
    )


@dataclass(frozen=True, eq=False)
class _Draw:
    """Ranks of some samples."""

    neurons: Array  # (m, n)
    sources: Array  # (C, d) of the conditions
    condition: Indices  # (m,) of each sample
    neighbours: tuple[int, ...]  # (d,) number of the nearest neighbour that is the reach of a sample, for each source

    def information(self, neuron: int, source: int, others: Indices, order: Indices | None = None) -> float:
        """Nats that a neuron tells about a source beyond others, with the conditions in some order."""
        seen = self.sources[self.condition if order is None else order[self.condition]]
        return information(self.neurons[:, neuron], seen[:, source], seen[:, others], self.neighbours[source])

    def entropy(self, source: int, others: Indices) -> float:
        seen = self.sources[self.condition]
        return information(seen[:, source], seen[:, source], seen[:, others], self.neighbours[source])


def _drawn(samples: ScoredSamples, rng: np.random.Generator) -> Iterator[Indices]:
    """The rows of each draw."""
    (rows, count), size = samples.neurons.shape, samples.sources.shape[1]
    most = min(ESTIMATES.most_samples, max(ESTIMATES.least_samples, ESTIMATES.all_samples // max(count * size, 1)))
    values = [len(np.unique(kind)) for kind in samples.kinds.T]
    if max(values) <= ESTIMATES.few_values * samples.conditions:
        yield np.sort(rng.permutation(rows)[:most])
        return
    kept = np.sort(rng.permutation(samples.conditions)[:most])
    for _ in range(min(int(np.bincount(samples.condition).max()), ESTIMATES.draws)):
        order = rng.permutation(rows)
        first = np.empty(samples.conditions, dtype=np.intp)
        first[samples.condition[order]] = order
        yield first[kept]


def _ranked(samples: ScoredSamples, rows: Indices, conditional: bool) -> _Draw:
    """Ranks of the neurons and of the sources in these rows."""
    neurons = np.array([ranks(one) for one in samples.neurons[rows].T]).T.reshape(len(rows), -1)
    condition = samples.condition[rows]
    sources, neighbours = np.zeros(samples.kinds.shape), []
    for number, in_classes in enumerate(samples.classes):
        kind = samples.kinds[:, number]
        if in_classes:
            ranked = INFORMATION.apart * len(rows) * kind.astype(np.float64)
        elif conditional:
            ranked = _ranks_among(kind, kind[condition])
        else:
            ranked = INFORMATION.apart * len(rows) * _in_intervals(kind, kind[condition])
        sources[:, number] = ranked
        _, place, alike = np.unique(ranked[condition], return_inverse=True, return_counts=True)
        # Half of the samples have that many others of their class.
        few = max(1, int(np.median(alike[place])) - 1) if in_classes or not conditional else INFORMATION.neighbours
        neighbours.append(min(INFORMATION.neighbours, few))
    return _Draw(neurons, sources, condition, tuple(neighbours))


def _ranks_among(kind: Indices, seen: Indices) -> Array:
    """(C,) ranks of the values of all conditions among those of the samples seen."""
    rising = np.sort(seen)
    return np.asarray((np.searchsorted(rising, kind) + np.searchsorted(rising, kind, side="right") - 1) / 2)


def _in_intervals(kind: Indices, seen: Indices) -> Array:
    """(C,) numbers of classes of a source: its values where they are few, else intervals that are equally likely."""
    if len(np.unique(seen)) <= min(ESTIMATES.intervals, ESTIMATES.few_values * len(seen)):
        return kind.astype(np.float64)
    count = max(2, min(ESTIMATES.intervals, len(seen) // ESTIMATES.samples_per_interval))
    return np.floor(_ranks_among(kind, seen) * count / len(seen))
