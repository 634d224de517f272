"""How often the intervals of `solver.bootstrap` cover the price of modularity of the distribution, which is known.

    python -m benchmarks.coverage [--quick] [--case NAME] [--draws N] [--json OUT]

From each distribution many data sets are drawn, and of each an interval is computed in four ways: that of the program,
from halves of the samples; the same prices, only reflected; the reflected interval of the ordinary bootstrap; and its
plain percentiles. What is to be covered is the price of the distribution itself, solved from its moments and its
vertices. An interval of 95 % should cover it 95 times in a hundred; "too high" counts the intervals that lie wholly
above it, "too low" those below.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np

from solver import Problem, bootstrap, solve
from solver.questions.price_interval import reflected
from theory import Sources
from theory.families import family

LEVEL = 0.95

WAYS = ("program", "halves, reflected", "bootstrap, reflected", "bootstrap, percentiles")

SHEAR = np.array([[1.0, 0.5], [0.0, 1.0]])  # makes correlated sources of a disc

GRID = np.array([(x, y) for x in range(-4, 5) for y in range(-4, 5) if x + y < 4]) / 4


def hexagon(rng: np.random.Generator, count: int) -> np.ndarray:
    """Uniform in the square without two opposite corners."""
    points = rng.uniform(-1, 1, size=(2 * count + 50, 2))
    return points[np.abs(points.sum(axis=1)) <= 1][:count]


def ball(rng: np.random.Generator, count: int, dimension: int) -> np.ndarray:
    directions = rng.standard_normal((count, dimension))
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    return directions * rng.uniform(size=(count, 1)) ** (1 / dimension) @ SHEAR[:dimension, :dimension]


def walk(rng: np.random.Generator, count: int) -> np.ndarray:
    """The hexagon in order of time: a row goes on as the one before, or is drawn anew."""
    drawn, stays = hexagon(rng, count), rng.random(count) < 0.9
    stays[0] = False
    return drawn[np.maximum.accumulate(np.where(stays, 0, np.arange(count)))]


def priced(sources: Sources) -> float:
    return float(solve(Problem(sources)).price_of_modularity)


def rim(count: int, shear: np.ndarray) -> np.ndarray:
    """Points of a sheared circle."""
    angles = np.arange(count) * 2 * np.pi / count
    return np.column_stack([np.cos(angles), np.sin(angles)]) @ shear


def of_ball(points: np.ndarray) -> Sources:
    dimension = points.shape[1]
    shear = SHEAR[:dimension, :dimension]
    return Sources.from_moments(shear.T @ shear / (dimension + 2), points)


@dataclass(frozen=True)
class Case:
    """A distribution."""

    draw: Callable[[np.random.Generator, int], np.ndarray]  # so many samples of it
    true: Callable[[], Sources]  # its sources, by moments and vertices
    samples: int = 300  # of a data set
    block: str | None = None  # as for `bootstrap`
    ends: np.ndarray | None = None  # samples of weight zero, where the ends of the range are known

    def problem(self, rng: np.random.Generator) -> Problem:
        points = self.draw(rng, self.samples)
        if self.ends is None:
            return Problem(points)
        weights = np.repeat([1.0, 0.0], [len(points), len(self.ends)])
        return Problem(np.vstack([points, self.ends]), probabilities=weights)


SQUARE = np.array([(-1, -1), (-1, 1), (1, -1), (1, 1)], dtype=float)
DISC = SHEAR[:2, :2]

CASES = {
    "grid without a corner": Case(lambda rng, count: GRID[rng.integers(len(GRID), size=count)], lambda: Sources(GRID)),
    "hexagon": Case(hexagon, lambda: family("opposite-corners").sources(1.0)),
    "square": Case(
        lambda rng, count: rng.uniform(-1, 1, size=(count, 2)), lambda: Sources.from_moments(np.eye(2) / 3, SQUARE)
    ),
    "disc": Case(lambda rng, count: ball(rng, count, 2), lambda: of_ball(rim(720, DISC))),
    "disc, 1,000 samples": Case(lambda rng, count: ball(rng, count, 2), lambda: of_ball(rim(720, DISC)), 1000),
    "disc, ends known": Case(
        lambda rng, count: ball(rng, count, 2), lambda: of_ball(rim(48, DISC)), ends=rim(48, DISC)
    ),
    "hexagon, a walk": Case(walk, lambda: family("opposite-corners").sources(1.0), 2000),
    "hexagon, a walk in blocks": Case(walk, lambda: family("opposite-corners").sources(1.0), 2000, "auto"),
}


@dataclass(frozen=True)
class Coverage:
    """One case and one way to make intervals: shares of the data sets, and the mean length of their intervals."""

    case: str
    way: str
    true: float
    mean_price: float
    covers: float
    too_high: float
    too_low: float
    length: float


def measured(name: str, case: Case, draws: int, resamples: int, seed: int) -> list[Coverage]:
    true, rng = priced(case.true()), np.random.default_rng(seed)
    prices: list[float] = []
    intervals_of: dict[str, list[tuple[float, float]]] = {name: [] for name in WAYS}
    for number in range(draws):
        problem = case.problem(rng)
        options = {"block": case.block, "level": LEVEL, "curve": False, "seed": number}
        half = bootstrap(problem, resamples, **options)
        whole = bootstrap(problem, resamples, replace=True, **options)
        prices.append(half.price)
        plain = reflected(half.price, half.prices, LEVEL, share=half.size / half.count, replaced=False)
        ordinary = reflected(whole.price, whole.prices, LEVEL, share=1.0, replaced=True)
        for way, interval in zip(WAYS, (half.interval, plain, ordinary, whole.spread), strict=True):
            intervals_of[way].append(interval)
    rows = []
    for way, intervals in intervals_of.items():
        low, high = np.array(intervals).T
        rounding = 1e-9  # a price up to this is none
        above, below = low > true + rounding, high < true - rounding
        rows.append(
            Coverage(
                name,
                way,
                true,
                float(np.mean(prices)),
                float((~(above | below)).mean()),
                float(above.mean()),
                float(below.mean()),
                float((high - low).mean()),
            )
        )
    return rows


def shown(row: Coverage) -> str:
    return (
        f"{row.case:26s} {row.way:22s} true {100 * row.true:7.4f} %  data {100 * row.mean_price:7.4f} %  covers "
        f"{row.covers:.2f}  too high {row.too_high:.2f}  too low {row.too_low:.2f}  length {100 * row.length:.3f} %"
    )


@click.command()
@click.option("--quick", is_flag=True, help="Two cases, a few data sets: under a minute.")
@click.option("--case", "names", multiple=True, type=click.Choice(list(CASES)), help="This one only; repeatable.")
@click.option("--draws", default=40, show_default=True, help="Data sets of each distribution.")
@click.option("--resamples", default=60, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--json", "target", type=click.Path(path_type=Path), help="Write all numbers to this file.")
def main(*, quick: bool, names: tuple[str, ...], draws: int, resamples: int, seed: int, target: Path | None) -> None:
    """How often intervals cover the price of modularity of the distribution."""
    chosen = names or (tuple(CASES)[:2] if quick else tuple(CASES))
    draws, resamples = (min(draws, 3), min(resamples, 20)) if quick else (draws, resamples)
    rows: list[Coverage] = []
    for name in chosen:
        for row in measured(name, CASES[name], draws, resamples, seed):
            rows.append(row)
            click.echo(shown(row))
    if target is not None:
        target.write_text(json.dumps([asdict(row) for row in rows], indent=1))


if __name__ == "__main__":
    main()
