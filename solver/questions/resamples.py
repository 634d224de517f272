"""Problems of resamples: the same question, asked of samples that were drawn from those that are there.

1. The samples that can be drawn are those that count: of positive weight, or where errors count. Of weight zero are
   those that the user knows to be possible: they say where the range ends, and are in every resample.
2. Draw so many of them, with replacement or without; independently, or by blocks of time. With replacement blocks of
   random length begin anywhere, and go on at the beginning after the end (the stationary bootstrap). Without it time
   is cut into blocks of one length, from a random moment on, and some of these are taken.
3. Draw from a resample again, without replacement, where that is asked for: how much prices of halves vary tells how
   much a price varies, and how those of quarters follow those of their halves tells how much of a bias is chance.
4. A sample that was drawn k times has k times its weight. One that was not drawn is left out: it keeps no neuron from
   going lower, so that the hull of a resample is a part of that of all samples.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from solver.certificate import lower_bound
from solver.sweeps.pose import description
from theory.arrays import Array, Indices
from theory.errors import InputError
from theory.problem import Problem
from theory.readouts import Noisy, Soft
from theory.sources import Sources

# Coordinates of a resample.
SAMPLES = "samples"  # how many
REPLACED = "replaced"  # 1 with replacement, 0 without
DRAWN = "resample"  # its number
PART = "part"  # how many of its samples are drawn, without replacement, to stand for it; 0 for all

# Columns of an answer: see `ratios` and `likenesses`.
OWN = "own_ratios"
FOLLOWED = "followed_ratios"
ESSENTIAL = "essential_likenesses"


def possible(problem: Problem) -> tuple[Indices, Indices]:
    """The rows of a problem's samples that can be drawn, and those that are in every resample (step 1).

    Example:
        >>> rows, always = possible(Problem([[0, 0], [0, 1], [1, 0], [1, 1]], probabilities=[1, 2, 1, 0]))
        >>> rows.tolist(), always.tolist()
        ([0, 1, 2], [3])
    """
    counts = problem.sources.sample_probabilities > 0
    elsewhere = _error_weights(problem)
    if elsewhere is not None:
        counts = counts | (elsewhere > 0)
    return np.flatnonzero(counts), np.flatnonzero(~counts)


def drawn(count: int, size: int, replaced: bool, block: float | None, rng: np.random.Generator) -> Indices:
    """(count,) how often each of so many samples is in a resample (step 2).

    Args:
        count: samples that there are.
        size: samples that are drawn; without replacement at most as many as there are.
        replaced: whether they are drawn with replacement.
        block: length of blocks of time, with replacement their mean length; None draws samples independently.
        rng: generator.

    Source: with replacement Efron, Annals of Statistics 7 (1979) 1-26, by blocks Politis and Romano, Journal of the
        American Statistical Association 89 (1994) 1303-1313; without Politis and Romano, Annals of Statistics 22 (1994)
        2031-2050, by blocks as Carlstein, Annals of Statistics 14 (1986) 1171-1179, cuts time.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> int(drawn(10, 10, True, 3.0, rng).sum()), sorted(drawn(6, 4, False, 2.0, rng).tolist())
        (10, [0, 0, 1, 1, 1, 1])
    """
    if block is None:
        rows = rng.choice(count, size, replace=replaced)
    elif replaced:
        begins = rng.random(size) * block < 1
        begins[0] = True
        first = np.flatnonzero(begins)
        start = rng.integers(count, size=len(first))
        place = np.cumsum(begins) - 1
        rows = (start[place] + np.arange(size) - first[place]) % count
    else:
        length = max(1, round(block))
        blocks = (np.arange(count) + rng.integers(length)) // length
        turn = rng.permutation(int(blocks[-1]) + 1)
        rows = np.argsort(turn[blocks], kind="stable")[:size]
        if rng.integers(2):  # what is cut off the last of them is its beginning as often as its end
            rows = count - 1 - rows
    return np.bincount(rows, minlength=count)


@dataclass(frozen=True, eq=False)
class OfResamples:
    """Makes the problems of resamples: see `solver.sweeps.pose.Poses`.

    Args:
        problem: of all samples.
        block: length of blocks of time (see `drawn`); None draws samples independently.
        neurons: (n, d) source weights of neurons that are followed through the resamples; none if not given.

    Raises:
        InputError: sources without samples, data without known sources, a recurrent layer.

    Example:
        >>> made = OfResamples(Problem(np.random.default_rng(0).normal(size=(50, 2))))
        >>> made.problem(seed=0, samples=20, replaced=0, resample=1, part=0).sources
        Sources(20 samples of s1, s2)
    """

    whole: Problem
    block: float | None = None
    neurons: Array | None = None

    def __post_init__(self) -> None:
        sources = self.whole.sources
        if not sources.from_samples:
            raise InputError(f"problem: the sources are known by {sources.known_by} alone; there are none to draw from")
        if not sources.identified:
            raise InputError(
                "problem: the axes of the data mean nothing by themselves, and modularity has no price there; pose it "
                "with sources that are known"
            )
        if self.whole.transitions is not None:
            raise InputError(
                "transitions: a resample does not go where they take it, out of its own hull; leave them out"
            )

    @property
    def coordinates(self) -> tuple[str, ...]:
        """See `Poses`."""
        return (SAMPLES, REPLACED, DRAWN, PART)

    def describe(self) -> dict[str, Any]:
        """See `Poses`."""
        return {"resamples": True, **description(self.whole), "block": self.block}

    def problem(self, *, seed: int, **point: Any) -> Problem:
        """See `Poses`."""
        size, replaced, number, part = (int(point[name]) for name in self.coordinates)
        rows, always = possible(self.whole)
        rng = np.random.default_rng([seed, size, replaced, number])
        times = drawn(len(rows), size, bool(replaced), self.block, rng)
        if part:  # step 3
            outer = np.flatnonzero(times)
            rows, times = rows[outer], drawn(len(outer), part, False, self.block, rng)
        kept = np.concatenate([rows[times > 0], always])
        counts = np.concatenate([times[times > 0], np.ones(len(always), dtype=times.dtype)])
        order = np.argsort(kept, kind="stable")
        return self._of(kept[order], counts[order])

    def columns(self, answer: Any) -> dict[str, Any]:
        """See `Tells`: what neurons earn for what they cost (`ratios`), and which are in every optimal code."""
        own, followed = ratios(answer, self.neurons)
        return {OWN: own, FOLLOWED: followed, ESSENTIAL: likenesses(answer, self.neurons)}

    def _of(self, rows: Indices, counts: Indices) -> Problem:
        """The problem of some rows, each so often (step 4)."""
        sources, readout = self.whole.sources, self.whole.given_readout
        weights = counts * (1.0 if sources.probabilities is None else sources.probabilities[rows])
        changes: dict[str, Any] = {"sources": Sources(sources.points[rows], weights, names=sources.names)}
        changes["neurons"] = self.whole.neurons.of_samples(rows, counts)
        elsewhere = _error_weights(self.whole)
        if elsewhere is not None:
            changes["readout"] = replace(readout, probabilities=counts * elsewhere[rows])  # type: ignore[type-var]
        return self.whole.replaced(**changes)


def ratios(answer: Any, neurons: Array | None = None) -> tuple[list[float] | None, list[float] | None]:
    """What neurons earn for what they cost, w'Y w / f(w) <= 1, at the multiplier Y of an answer.

    A neuron is part of an optimal code only if it earns what it costs. As Y is unique this depends on no choice among
    optimal codes, nor on the order of samples, sources or neurons. Of a neuron and its mirror image -w, which tells a
    readout the same, the cheaper one counts.

    Args:
        answer: of `solve`.
        neurons: (n, d) source weights.

    Returns:
        For every source, or group, the ratio of the best neuron that reads it alone; and those of the neurons given.
        None each where Y is not unique (targets of a lower rank), neurons are not linear, or none are given.

    Example:
        >>> from solver import solve
        >>> own, other = ratios(solve(Problem([[0, 0], [0, 1], [1, 0], [1, 1]])), np.array([[1.0, 1.0]]))
        >>> np.round(own, 9).tolist(), np.round(other, 9).tolist()
        ([1.0, 1.0], [0.857142857])
    """
    problem = answer.problem
    if not problem.neurons.linear or problem.readout.rank is not None:
        return None, None
    worth = answer.multiplier
    if problem.groups is None:
        own = np.diag(worth) / problem.modular_costs
    else:
        spans = ((span.block, worth[np.ix_(span.kept, span.kept)]) for span in problem.spans)
        own = np.array([lower_bound(block, form).rho for block, form in spans])
    if neurons is None:
        return own.tolist(), None
    rows = np.atleast_2d(neurons)
    earned = np.einsum("ni,ij,nj->n", rows, worth, rows)
    cost = np.minimum(problem.neuron_cost(rows), problem.neuron_cost(-rows))
    return own.tolist(), (earned / cost).tolist()


def likenesses(answer: Any, neurons: Array | None = None) -> list[float] | None:
    """How like each neuron is one that every optimal code has: the largest correlation of their activity, or its size.

    A neuron and its mirror image -w, whose correlation is negative, are one here.

    Args:
        answer: of `solve`.
        neurons: (n, d) source weights.

    Returns:
        For each neuron a number from zero, where no neuron is in every optimal code, to one; None where it is not
        decided which are (`Ambiguity`), neurons are not linear, or none are given.

    Example:
        >>> from solver import solve
        >>> square = solve(Problem([[0, 0], [0, 1], [1, 0], [1, 1]]))
        >>> np.round(likenesses(square, np.array([[2.0, 0.0], [-1.0, 1.0]])), 6).tolist()
        [1.0, 0.707107]
    """
    if neurons is None or not answer.problem.neurons.linear:
        return None
    ambiguity = answer.ambiguity(quick=True)
    if ambiguity.unique is None:
        return None
    rows = np.atleast_2d(neurons)
    if not ambiguity.essential.any():
        return [0.0] * len(rows)
    root = answer.problem.sources.covariance_root
    one, other = rows @ root.T, ambiguity.neurons[ambiguity.essential] @ root.T
    sizes = np.outer(np.linalg.norm(one, axis=1), np.linalg.norm(other, axis=1))
    return np.minimum(1.0, np.abs(one @ other.T) / sizes).max(axis=1).tolist()


def _error_weights(problem: Problem) -> Array | None:
    """(T,) weights of the samples on which errors count, where they are others than those of the sources."""
    readout = problem.given_readout
    if not isinstance(readout, Soft | Noisy) or readout.probabilities is None:
        return None
    return np.asarray(readout.probabilities, dtype=float)
