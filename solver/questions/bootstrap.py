"""How surely does an answer hold? The same question, asked of many resamples of the samples (docs/bootstrap.md).

1. Solve the problem of all samples.
2. Draw resamples: half of the samples each, without replacement, if nothing else is asked for, and from the first half
   of these resamples a half again; or as many as there are, with replacement. Draw samples by themselves, or blocks of
   time. For the curve draw a half, a quarter, ... of the samples.
3. Solve each to its own certificate, as points of a sweep: on all cores, resumable, whatever ends the program.
4. Tell what the prices, the verdicts and the ratios of the neurons of all resamples come to.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from dataclasses import replace as replaced
from typing import Any, Self

import numpy as np

from solver.questions.block_length import block_length
from solver.questions.bootstrap_result import Bootstrap
from solver.questions.price_interval import PriceBySamples
from solver.questions.resamples import DRAWN, ESSENTIAL, FOLLOWED, OWN, PART, REPLACED, SAMPLES, OfResamples, possible
from solver.representation import Representation
from solver.solving.limits import DEFAULT_TOLERANCE
from solver.solving.solve import solve_any_of_many
from solver.sweeps.plan import Sweep
from solver.sweeps.run import REFUSED, run
from solver.sweeps.table import Row
from theory.arrays import Array
from theory.conditions.practically import PRACTICALLY, checked_threshold
from theory.errors import InputError
from theory.inputs import whole_number
from theory.problem import Problem


@dataclass(frozen=True)
class CurveLimits:
    """Which numbers of samples the curve of the price is drawn for."""

    halvings: int = 4  # of the number of samples
    least_draws: int = 20  # of each number
    share: int = 4  # or one for so many resamples
    samples: int = 4  # per source and one more, at least


CURVE = CurveLimits()


def bootstrap(
    problem: Problem,
    resamples: int = 200,
    *,
    size: int | None = None,
    replace: bool = False,
    block: float | str | None = None,
    level: float = 0.95,
    practically: float = PRACTICALLY,
    curve: bool = True,
    seed: int = 0,
    tolerance: float = DEFAULT_TOLERANCE,
    time_limit: float | None = None,
    results: str | os.PathLike[str] | None = None,
    jobs: int | None = None,
    backend: str | None = None,
    scheduler: str | None = None,
    callback: Callable[[int, int], object] | None = None,
) -> Bootstrap:
    """How surely the price of modularity, the verdict, and who is coded alone, are known from these samples.

    Each resample is solved to its own certificate. Samples of weight zero are in every resample: they say what range
    the sources can have, where that is known.

    Args:
        problem: of samples, with any readout, groups, prices and kind of neuron.
        resamples: how many.
        size: samples in each; if not given half of them without replacement, all with it.
        replace: draw with replacement (the ordinary bootstrap), which covers the price less often.
        block: length of blocks of time that are drawn as one, where rows follow each other; "auto" finds it
            (`solver.questions.block_length`); samples are drawn one by one if not given.
        level: of the intervals.
        practically: price up to which a resample counts as practically modular.
        curve: whether to draw the price against the number of samples, too.
        seed: of the draws.
        tolerance: as for `solve`, for each resample.
        time_limit: as for `solve`, for each resample.
        results: .parquet file of all resamples; the same call goes on where it was stopped.
        jobs: processes, as for `sweep`: -1 for one per core, one if not given.
        backend: as for `sweep`.
        scheduler: as for `sweep`.
        callback: called with the number of resamples solved and that of all; a true return value stops.

    Raises:
        InputError: an argument that cannot be used; sources known by moments or a summary, data without known sources,
            a recurrent layer; no resample that can be posed.

    Source: docs/bootstrap.md.

    Example:
        >>> points = np.random.default_rng(1).integers(-4, 5, size=(300, 2)) / 4
        >>> result = bootstrap(Problem(points[points.sum(axis=1) < 1]), resamples=20, curve=False)
        >>> result.verdict, bool(result.interval[0] < 0.00225 < result.interval[1])
        ('undecided', True)
    """
    if not isinstance(problem, Problem):
        raise InputError(
            f"problem: expected a Problem, got {type(problem).__name__}; write bootstrap(Problem(sources))"
        )
    begun = time.perf_counter()
    OfResamples(problem)  # is held to what it needs, before any work
    rows, _ = possible(problem)
    _require_counts(resamples, size, replace, len(rows))
    if not (isinstance(level, int | float) and 0 < level < 1):
        raise InputError(f"level: {level!r} is no share; give a number between 0 and 1")
    limit = checked_threshold(practically)
    suited = block_length(problem.sources.points[rows])
    length = _length(block, suited, len(rows))
    # Step 2 says what is drawn; it is drawn where the problem of a point is made (`OfResamples`).
    draws = _Draws.of(problem, len(rows), resamples, size, replaced=bool(replace), curve=curve)
    # Step 1.
    answer = solve_any_of_many(problem, tolerance=tolerance, time_limit=time_limit, rng=seed)
    neurons = answer.source_weights if isinstance(answer, Representation) and len(answer) else None
    # Step 3.
    plan = Sweep(
        OfResamples(problem, length, neurons),
        listed=draws.points(),
        tolerance=tolerance,
        time_limit=time_limit,
        seed=seed,
        certified=False,
    )
    try:
        answers = run(plan, results, jobs=jobs, backend=backend, scheduler=scheduler, callback=callback)
    except InputError as error:
        raise InputError(str(error).replace("sweep: none of its problems", "resamples: none of them")) from None
    # Step 4.
    return Bootstrap(
        answer=replaced(answer, practically=limit),
        **_numbers([row for row in answers if row["index"] < resamples]),
        part_prices=_prices(row for row in answers if row[PART] == draws.part > 0),
        size=draws.size,
        count=len(rows),
        replaced=draws.replaced,
        block=length,
        suited=suited,
        level=level,
        practically=limit,
        curve=_curve(answers, draws, len(rows), answer.price_of_modularity, level) if curve else None,
        complete=len(answers) == len(plan),
        seed=seed,
        seconds=time.perf_counter() - begun,
    )


@dataclass(frozen=True)
class _Draws:
    """What is drawn in step 2."""

    resamples: int  # how many
    size: int  # samples in each
    replaced: bool  # whether with replacement
    part: int  # samples in a part of a resample; zero where none are drawn
    parts: int  # how many of the resamples have one
    sizes: tuple[int, ...]  # of the curve, below the number of samples, increasing
    each: int  # draws of each of these

    @classmethod
    def of(cls, problem: Problem, count: int, resamples: int, size: int | None, *, replaced: bool, curve: bool) -> Self:
        taken = size if size is not None else count if replaced else count // 2
        part = 0 if replaced else taken * taken // count
        halves = [count // 2**halving for halving in range(CURVE.halvings, 0, -1)] if curve else []
        least = CURVE.samples * (problem.dimension + 1)
        return cls(
            resamples=resamples,
            size=taken,
            replaced=replaced,
            part=part if part > problem.dimension + 1 else 0,
            parts=max(min(resamples, CURVE.least_draws), resamples // 2),
            sizes=tuple(sorted({half for half in halves if half >= least})),
            each=max(CURVE.least_draws, resamples // CURVE.share),
        )

    def points(self) -> list[dict[str, int]]:
        """The points of a sweep, resamples first; what is there already is not drawn again for the curve."""
        own = self._some(self.resamples, self.size, int(self.replaced), 0)
        parts = self._some(self.parts, self.size, 0, self.part) if self.part else []
        there = {self.part, 0 if self.replaced else self.size}
        return [*own, *parts, *(one for size in self.sizes if size not in there for one in self._some(self.each, size))]

    @staticmethod
    def _some(number: int, size: int, replaced: int = 0, part: int = 0) -> list[dict[str, int]]:
        return [{SAMPLES: size, REPLACED: replaced, DRAWN: index, PART: part} for index in range(number)]


# ---- arguments ----------------------------------------------------------------------------------------------------


def _require_counts(resamples: int, size: int | None, replace: bool, count: int) -> None:
    whole_number(resamples, "resamples", 2)
    if count < 4:
        raise InputError(f"problem: {count} samples are too few to draw some of them; give at least four")
    most = count if replace else count - 1
    if size is not None and not (isinstance(size, int | np.integer) and 2 <= size <= most):
        raise InputError(f"size: {size!r} of {count} samples cannot be drawn; give a whole number from 2 to {most}")


def _length(block: float | str | None, suited: float, count: int) -> float | None:
    if block is None:
        return None
    if block == "auto":
        return max(1.0, round(suited, 1))
    if isinstance(block, str) or not (isinstance(block, int | float) and 1 <= block <= count / 2):
        raise InputError(f"block: {block!r} is no length of blocks; give 'auto', or a number from 1 to {count // 2}")
    return float(block)


# ---- step 4: what came out ------------------------------------------------------------------------------------------


def _numbers(rows: list[Row]) -> dict[str, Any]:
    """The fields of the result that are one number or more for each resample."""
    bounds = [(row.get("price_least"), row.get("price_most")) for row in rows]
    refused = [row["message"] for row in rows if row["status"] == REFUSED]
    return {
        "prices": _prices(rows),
        "price_bounds": np.array(bounds, dtype=float).reshape(len(rows), 2),
        "statuses": tuple(row["status"] for row in rows),
        "messages": tuple(dict.fromkeys(refused)),
        "own_ratios": _table([row.get(OWN) for row in rows]),
        "neuron_ratios": _table([row.get(FOLLOWED) for row in rows]),
        "essential_likenesses": _table([row.get(ESSENTIAL) for row in rows]),
    }


def _prices(rows: Iterable[Row]) -> Array:
    """The price of modularity of each row; NaN where it has none."""
    return np.array([row.get("price_of_modularity") for row in rows], dtype=float)


def _table(values: list[list[float] | None]) -> Array:
    """Rows of numbers, of NaN where there are none."""
    width = max((len(row) for row in values if row is not None), default=0)
    return np.array([[np.nan] * width if row is None else row for row in values], dtype=float).reshape(
        len(values), width
    )


def _curve(rows: list[Row], draws: _Draws, count: int, price: float, level: float) -> PriceBySamples:
    """A part of a resample is a draw of fewer samples, too."""
    prices = [
        _prices(row for row in rows if (row[PART] or row[SAMPLES]) == size and not row[REPLACED])
        for size in draws.sizes
    ]
    return PriceBySamples(np.array([*draws.sizes, count]), (*prices, np.array([price])), level)
