"""What grows: for every method, problems of one kind in ever larger sizes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from solver import Problem, Sources, solve
from solver.solving.limits import Progress
from theory import modularity
from theory.dynamics import Transitions
from theory.readouts import Exact

__all__ = ["AXES", "SERIES", "Series", "Task", "series_of"]

TIME_LIMIT = 30.0  # seconds of processor time that a method is given, looked at between its iterations
WARM = 0.1  # seconds for the problem that is solved before
ROWS = 1 << 18  # samples a chunk of a stream

AXES = {
    "samples": "samples T",
    "sources": "sources d",
    "vertices": "vertices V of the hull",
    "workers": "workers",
}
"""What grows, and what its axis is called."""

Task = Callable[[], dict[str, Any]]  # what is timed; it returns what is kept of the answer


@dataclass(frozen=True)
class Series:
    """Problems of one kind that grow in one respect, and who solves them."""

    name: str  # of its own
    method: str  # who solves them
    axis: str  # one of AXES
    about: str  # the problems, in words
    sizes: tuple[int, ...]  # how large they get
    # Makes the problem of a size, which is not timed, and gives what is; also told how many seconds there are for it.
    task: Callable[[int, float], Task]
    quick: tuple[int, ...] = ()  # two of the sizes for a short run, one four times the other, or none
    # How many times the processor time of the smaller the larger may take, with slack for a busy machine.
    most: float = np.inf

    def warm_up(self) -> None:
        """Solve the smallest problem for a moment, so that nothing is imported by the clock."""
        self.task(self.sizes[0], WARM)()


def uniform(count: int, dimension: int) -> np.ndarray:
    """(count, dimension) samples of a cube."""
    return np.random.default_rng(0).uniform(-1, 1, size=(count, dimension))


def sphere(count: int, dimension: int) -> np.ndarray:
    """Samples all of which are vertices."""
    drawn = np.random.default_rng(0).standard_normal((count, dimension))
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def ring(positions: int, frequencies: int) -> np.ndarray:
    """Cosine and sine of every position on a ring, at frequencies 1, 2, ...: (positions, 2 * frequencies)."""
    angle = 2 * np.pi * np.outer(np.arange(positions), np.arange(1, frequencies + 1)) / positions
    return np.stack([np.cos(angle), np.sin(angle)], axis=2).reshape(positions, -1)


def paired(count: int) -> tuple[np.ndarray, dict[str, list[int]]]:
    """Every combination of so many samples of two sources and of two others: a hull that is a product."""
    one, other = uniform(count, 2), sphere(count, 2)
    return np.array([np.concatenate(rows) for rows in product(one, other)]), {"one": [0, 1], "other": [2, 3]}


# ---- what is timed --------------------------------------------------------------------------------------------


def solving(points: np.ndarray, seconds: float, method: str = "auto", **posed: Any) -> Task:
    """`solve` of fresh samples, hull and all."""

    def task() -> dict[str, Any]:
        end = time.process_time() + seconds

        def over(_: Progress) -> bool:
            return time.process_time() > end

        return _kept(solve(Problem(points, **posed), method=method, rng=0, callback=over))

    return task


def _kept(answer: Any) -> dict[str, Any]:
    # A method that proves nothing has a gap of one.
    numbers = {"gap": float(answer.gap), "iterations": int(answer.iterations), "neurons": len(answer)}
    return numbers | {"status": answer.status}


def judging(count: int, _: float) -> Task:
    """The modularity condition alone."""
    points = _cube(count)

    def task() -> dict[str, Any]:
        verdict = modularity(points)
        return {"status": {True: "modular", False: "mixed", None: "undecided"}[verdict.modular]}

    return task


def streaming(count: int, _: float) -> Task:
    """`solve` of samples that come a chunk at a time; what it takes to draw them is none of its business."""

    def task() -> dict[str, Any]:
        drawing = 0.0

        def chunks() -> Iterator[np.ndarray]:
            nonlocal drawing
            rng = np.random.default_rng(0)
            for start in range(0, count, ROWS):
                clock = time.thread_time()
                chunk = rng.uniform(-1, 1, size=(min(ROWS, count - start), 3))
                drawing += time.thread_time() - clock
                yield chunk

        answer = solve(Problem(Sources.from_chunks(chunks())))
        return _kept(answer) | {"apart": drawing}

    return task


def sweeping(workers: int, seconds: float) -> Task:
    """A sweep over a family of two sources and the cost of the encoder, by so many processes."""
    from solver import Sweep
    from solver.sweeps.run import run

    def plan(points: int) -> Sweep:
        costs = np.geomspace(0.01, 100, points)
        parameters = np.linspace(0.1, 1.5, points)
        return Sweep.of_family("opposite-corners", parameter=parameters, encoder_cost=costs, certified=False)

    run(plan(10), jobs=workers, backend="loky")  # which starts the processes

    def task() -> dict[str, Any]:
        rows = run(plan(25 if seconds > WARM else 2), jobs=workers, backend="loky")
        return {"gap": max(row["gap"] for row in rows), "status": f"{len(rows)} points"}

    return task


# ---- the series -----------------------------------------------------------------------------------------------

DECADES = tuple(10**power for power in range(2, 9))
SOURCES = (1, 2, 3, 4, 5, 6, 8, 10, 14, 20)
HALF_DECADES = (10, 32, 100, 316, 1_000, 3_162, 10_000)

CUBE = "uniform cube of 3 sources"
PAIRS = "every pair of √T samples of a square and √T of a circle"
BALL = "sphere of 3 sources"
HUNDRED = "100 samples of a uniform cube"
TURNS = "ring with frequencies 1 and 2, carried along by a recurrent layer"


def _of_method(
    method: str, axis: str, about: str, sizes: tuple[int, ...], make: Callable[[int], np.ndarray], **more: Any
) -> Series:
    """A series of samples that `make` draws in any size, and that this method solves."""

    def task(size: int, seconds: float) -> Task:
        return solving(make(size), seconds, method)

    return Series(f"{method}, {axis}", method, axis, about, sizes, task, **more)


def _cube(count: int) -> np.ndarray:
    return uniform(count, 3)


def _ball(count: int) -> np.ndarray:
    return sphere(count, 3)


def _hundred(dimension: int) -> np.ndarray:
    return uniform(100, dimension)


def _many(count: int, seconds: float) -> Task:
    return solving(uniform(count, 6), 60.0 if seconds > WARM else seconds)


def _grouped(count: int, seconds: float) -> Task:
    points, groups = paired(round(count**0.5))
    return solving(points, seconds, "groups", groups=groups)


def _grouped_of(dimension: int, seconds: float) -> Task:
    """Six vertices per group of four sources, in all combinations."""
    names = "abcde"[: dimension // 4]
    corners = np.random.default_rng(0).standard_normal((len(names), 6, 4))
    points = np.array([np.concatenate(rows) for rows in product(*corners)])
    groups = {name: range(4 * place, 4 * place + 4) for place, name in enumerate(names)}
    return solving(points, seconds, "groups", groups=groups)


def _half_decoded(points: np.ndarray, seconds: float) -> Task:
    dimension = points.shape[1]
    return solving(points, seconds, readout=Exact(np.eye(dimension)[: (dimension + 1) // 2]))


def _turning(positions: int, seconds: float) -> Task:
    points = ring(positions, 2)
    steps = Transitions.from_trajectory(points, periodic=True)
    return solving(points, seconds, transitions=steps, recurrent_cost=1.0)


SERIES = (
    Series("streams, samples", "streams", "samples", f"{CUBE}, a chunk at a time", DECADES, streaming,
           quick=(250_000, 1_000_000), most=6.0),
    Series("verdict, samples", "verdict alone", "samples", CUBE, DECADES[:-1], judging),
    _of_method("modular", "samples", CUBE, DECADES[:-1], _cube, quick=(100_000, 400_000), most=8.0),
    _of_method("columns", "samples", CUBE, DECADES[:-1], _cube, quick=(10_000, 40_000), most=4.0),
    _of_method("conic", "samples", CUBE, DECADES[:5], _cube),
    _of_method("relaxation", "samples", CUBE, DECADES[:5], _cube),
    _of_method("alternating", "samples", CUBE, DECADES[:4], _cube),
    Series("groups, samples", "groups", "samples", PAIRS, DECADES[:5], _grouped),
    Series("partial decoding, samples", "partial decoding", "samples", f"{CUBE}, two of them decoded", DECADES[:5],
           lambda count, seconds: _half_decoded(_cube(count), seconds)),
    Series("many samples, samples", "many samples", "samples", "uniform cube of 6 sources",
           (4_000, 10_000, 32_000, 100_000, 316_000, 1_000_000), _many),
    _of_method("auto", "sources", HUNDRED, SOURCES, _hundred),
    _of_method("modular", "sources", HUNDRED, SOURCES, _hundred),
    _of_method("conic", "sources", HUNDRED, SOURCES[:4], _hundred),
    _of_method("relaxation", "sources", HUNDRED, SOURCES[1:], _hundred),
    _of_method("alternating", "sources", HUNDRED, (1, 2, 4, 6, 10, 20), _hundred),
    Series("groups, sources", "groups", "sources", "product of clouds of 4 sources", (4, 8, 12, 16, 20), _grouped_of),
    Series("partial decoding, sources", "partial decoding", "sources", f"{HUNDRED}, half of them decoded", SOURCES[1:7],
           lambda dimension, seconds: _half_decoded(_hundred(dimension), seconds)),
    _of_method("modular", "vertices", BALL, HALF_DECADES, _ball),
    _of_method("columns", "vertices", BALL, HALF_DECADES, _ball, quick=(100, 400), most=8.0),
    _of_method("conic", "vertices", BALL, HALF_DECADES[:5], _ball),
    _of_method("relaxation", "vertices", BALL, HALF_DECADES[:5], _ball),
    _of_method("alternating", "vertices", BALL, (10, 32, 100, 316), _ball),
    Series("recurrent, vertices", "recurrent layer", "vertices", TURNS, (12, 17, 24, 34, 48, 68, 96), _turning),
    Series("sweep, workers", "sweep", "workers", "625 problems of a family of two sources", (1, 2), sweeping),
)  # fmt: skip


def series_of(name: str) -> Series:
    """The series of a name."""
    return next(series for series in SERIES if series.name == name)
