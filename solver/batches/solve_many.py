"""The door for many problems: what fits is solved at once, the rest one by one.

1. Problems of two or three sources that fit (`pose`) are taken together, as many as have as many samples.
2. Their modular codes are measured first, as `solve` does; where the bound meets such a code it is the answer.
3. For the others a code is found, and proven, by itself (`codes`, of three sources `three.search`).
4. An answer is taken if its gap is so small that its loss is `solve`'s to ten digits, however loose the tolerance is,
   and if no other code is optimal, or it is the modular one of an exact decoder: then `solve` gives the same code.
5. All others are left to `solve`: other kinds of problems, hulls that are too large, codes that are not proven, and
   those of which there are several.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from typing import Any

import numpy as np

from solver.batches.answers import Answers, UnwrittenCode
from solver.batches.codes import optimal_codes
from solver.batches.pose import fits, heights, posed
from solver.batches.three.search import optimal_codes_of_three
from solver.codes.linear import MERGING
from solver.codes.reads import ONE_SOURCE
from solver.solving.limits import DEFAULT_TOLERANCE, Limits, check
from solver.solving.run import one_thread
from solver.solving.solve import solve_any_of_many
from theory.arrays import Array, Indices
from theory.conditions import CONDITION_TOLERANCE
from theory.errors import InputError
from theory.problem import Problem


@dataclass(frozen=True)
class ManyTolerances:
    """When an answer that was found at once is taken."""

    gap: float = 5e-11  # relative, or the tolerance asked for where that is smaller
    samples: int = 1 << 20  # that are held at a time


MANY = ManyTolerances()

NUMBERS = ("loss", "lower_bound", "gap", "modular_loss", "price_of_modularity", "neurons")
"""Arrays of the answers."""


def solve_many(
    problems: Iterable[Problem],
    *,
    tolerance: float = DEFAULT_TOLERANCE,
    time_limit: float | None = None,
    rng: int | None = None,
) -> Answers:
    """Find the optimal codes of many problems, each with a proof of how good it is.

    Problems of two or three sources whose neurons are linear are solved together, ten thousand of them in seconds; all
    others one after the other by `solve`. Either way the loss is that of `solve` to ten digits, and so is the code:
    where several are optimal it is `solve` that chooses.

    Args:
        problems: what to represent, of any kinds together.
        tolerance: relative gap (loss - lower_bound) / loss at which a code counts as optimal, from 1e-12 to 1.
        time_limit: seconds at most for each problem that is solved by itself.
        rng: seed for these.

    Returns:
        `Answers`, a sequence of what `solve` gives; its arrays (`loss`, `lower_bound`, `gap`, `modular`,
        `modular_loss`, `price_of_modularity`) are there at once, and are all that a phase diagram needs.

    Raises:
        InputError: what is no problem; arguments that cannot be used.

    Source: docs/mathematics.md, "Two sources by an interior-point method", "Three sources, many at once".

    Example:
        >>> import numpy as np
        >>> from solver import Problem, solve, solve_many
        >>> clouds = np.random.default_rng(0).normal(size=(20, 30, 2))
        >>> answers = solve_many(Problem(cloud) for cloud in clouds)
        >>> bool(answers.at_once.all()), bool(np.isclose(answers.loss[7], solve(Problem(clouds[7])).loss, rtol=1e-10))
        (True, True)
    """
    listed = tuple(problems)
    for place, problem in enumerate(listed):
        if not isinstance(problem, Problem):
            raise InputError(f"problems: entry {place} is a {type(problem).__name__}; give a Problem each")
    if listed:
        check(listed[0], "auto", Limits(tolerance, time_limit=time_limit))
    else:
        raise InputError("problems: there are none; give at least one")
    many = _Many.at_once(listed, tolerance)
    for place, problem in enumerate(listed):
        if place not in many.unwritten:  # step 5
            many.write(place, solve_any_of_many(problem, tolerance=tolerance, time_limit=time_limit, rng=rng))
    return many.answers()


def solved_at_once(problems: Sequence[Problem], tolerance: float) -> Answers:
    """`solve_many` without those problems that it leaves to `solve`: they have no numbers and no answer.

    Args:
        problems: of any kinds.
        tolerance: as for `solve_many`.

    Example:
        >>> answers = solved_at_once([Problem([[0, 0], [0, 1], [1, 0]]), Problem([[0], [1]])], 1e-8)
        >>> answers.at_once.tolist(), answers[0].status
        ([True, False], 'optimal')
    """
    return _Many.at_once(problems, tolerance).answers()


def _alike(problems: Sequence[Problem]) -> Iterator[tuple[list[int], list[Array]]]:
    """Step 1: the places of problems that fit, with as many points (T, d) each, a few million numbers at a time."""
    alike = defaultdict[tuple[int, ...], tuple[list[int], list[Any]]](lambda: ([], []))
    for place, problem in enumerate(problems):
        if not fits(problem):
            continue
        points = heights(problem)
        places, clouds = alike[points.shape]
        places.append(place)
        clouds.append(points)
        if len(places) * len(points) >= MANY.samples:
            yield alike.pop(points.shape)
    yield from alike.values()


class _Many:
    """The answers to problems, as they come in."""

    def __init__(self, problems: Sequence[Problem], tolerance: float) -> None:
        self.problems, self.tolerance = problems, tolerance
        self.numbers = {name: np.full(len(problems), np.nan) for name in NUMBERS}
        self.numbers["neurons"][:] = 0
        self.modular = np.zeros(len(problems), dtype=bool)
        self.coded: list[tuple[tuple[str, ...], ...]] = [()] * len(problems)
        self.unwritten: dict[int, UnwrittenCode] = {}
        self.written: dict[int, Any] = {}

    @classmethod
    def at_once(cls, problems: Sequence[Problem], tolerance: float) -> _Many:
        """Solve at once those that fit."""
        many = cls(problems, tolerance)
        # What overflows is not taken: its gap is no number.
        with one_thread(), np.errstate(all="ignore"):
            for places, points in _alike(problems):
                many.solve_at_once(places, points)
        return many

    def answers(self) -> Answers:
        """The answers to all problems."""
        return Answers(
            self.problems,
            self.numbers,
            modular=self.modular,
            coded=self.coded,
            unwritten=self.unwritten,
            written=self.written,
            tolerance=self.tolerance,
        )

    def write(self, place: int, answer: Any) -> None:
        """Keep an answer of `solve`."""
        self.written[place], self.modular[place] = answer, answer.modular is True
        for name, values in self.numbers.items():
            values[place] = len(answer) if name == "neurons" else getattr(answer, name, np.nan)
        if answer.problem.neurons.linear:
            self.coded[place] = tuple(sorted(set(answer.coded_groups())))

    def solve_at_once(self, places: list[int], points: list[Array]) -> None:
        """Steps 2 to 4 for problems that fit, with as many points (T, d) each."""
        begun = time.perf_counter()
        problems = [self.problems[place] for place in places]
        pose = posed(problems, points)
        named = np.array([problem.sources.identified for problem in problems])
        codes, known = SEARCHES[points[0].shape[1]](pose.whitened, pose.known(named), CONDITION_TOLERANCE)
        modular_alone = known & np.array([problem.readout.exact for problem in problems])
        taken = (known | (codes.gap <= min(self.tolerance, MANY.gap))) & (codes.unique | modular_alone)
        weights = pose.weights(codes.neurons)
        multipliers = pose.multipliers(codes.multiplier)
        loss, bound = pose.unit * codes.loss, pose.bounds(codes)
        modular_loss = np.where(named, pose.modular_loss, np.nan)
        row = np.flatnonzero(taken)
        place = np.array(places)[row]
        reads = _reads(weights, pose.own)
        price = np.maximum(0.0, modular_loss / loss - 1)
        gap = (loss - bound) / np.where(taken, loss, 1.0)
        numbers = (loss, bound, gap, modular_loss, price, _number(codes.neurons, reads))
        for name, values in zip(NUMBERS, numbers, strict=True):
            self.numbers[name][place] = values[row]
        self.modular[place] = (named & (known | (reads & (reads - 1) == 0).all(axis=1)))[row]
        seconds = (time.perf_counter() - begun) / len(places)
        for here, number in zip(place.tolist(), row.tolist(), strict=True):
            names = self.problems[here].sources.names
            self.coded[here] = tuple(sorted({_names(names, kind) for kind in reads[number].tolist() if kind}))
            self.unwritten[here] = UnwrittenCode(
                problems[number].modular_weights if known[number] else weights[number],
                multipliers[number],
                float(bound[number]),
                bool(known[number]),
                int(codes.steps[number]),
                seconds,
            )


SEARCHES = {2: optimal_codes, 3: optimal_codes_of_three}
"""What finds codes, by the number of sources."""


def _reads(weights: Array, own: Array) -> Indices:
    """(n, k) what the neurons of codes (n, k, d) read, in units in which the sources cost the same.

    The sum of 1 for the first source, 2 for the second, 4 for the third.
    """
    size = np.abs(weights) * own[:, None, :]
    largest = size.max(axis=2, keepdims=True)
    used = largest > MERGING.zero * largest.max(axis=1, keepdims=True)
    return np.asarray(((size > ONE_SOURCE * largest) & used) @ (1 << np.arange(weights.shape[2])), dtype=np.intp)


def _number(neurons: Array, reads: Indices) -> Indices:
    """(n,) how many neurons (d, k, n) in whitened coordinates codes have: those along one line are one."""
    count = (reads > 0).sum(axis=1)
    for one, other in combinations(range(reads.shape[1]), 2):
        area = reduce(
            np.hypot,
            (
                neurons[first, one] * neurons[second, other] - neurons[second, one] * neurons[first, other]
                for first, second in combinations(range(len(neurons)), 2)
            ),
            0.0,
        )
        sizes = [np.sqrt((neurons[:, place] ** 2).sum(axis=0)) for place in (one, other)]
        along = (area <= (2 * MERGING.parallel) ** 0.5 * sizes[0] * sizes[1]) & (reads[:, [one, other]] > 0).all(axis=1)
        count = count - along
    return np.asarray(count)


def _names(names: tuple[str, ...], kind: int) -> tuple[str, ...]:
    return tuple(name for place, name in enumerate(names) if kind >> place & 1)
