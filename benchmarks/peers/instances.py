"""The problems that everybody solves, and what a peer's neurons are worth in them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from solver import Problem, solve
from solver.certificate.nonlinear import model_of
from solver.examples import load
from theory.readouts import Soft


@dataclass(frozen=True)
class Instance:
    """A cloud of samples with costs of one, and the series in whose growth it is a step."""

    name: str  # what the table calls it
    points: np.ndarray  # (T, d) samples
    series: str = ""  # "samples", "sources", "vertices", or "" of what stands alone
    size: int = 0  # how far along the series

    def posed(self) -> Problem:
        """The problem, posed anew."""
        return Problem(self.points)

    @cached_property
    def problem(self) -> Problem:
        return self.posed()

    @cached_property
    def optimum(self) -> Any:
        """The certified optimum; losses are compared with its lower bound."""
        return solve(self.posed())

    @property
    def neurons(self) -> int:
        """How many neurons an optimal code may need, d (d + 1) / 2, doubled: descents then get stuck less often."""
        dimension = self.points.shape[1]
        return dimension * (dimension + 1)

    def excess(self, weights: np.ndarray) -> float:
        """How far the best code with these neurons is above the optimum, as a share of it.

        A peer's neurons are given everything that follows from their weights on the sources: least biases, shortest
        encoder, best decoder. Infinite where they cannot be decoded, or are no numbers.
        """
        if not np.isfinite(weights).all() or np.linalg.matrix_rank(weights) < weights.shape[1]:
            return np.inf
        return self.problem.loss(weights) / self.optimum.lower_bound - 1


@dataclass(frozen=True)
class Rectified(Instance):
    """An instance of rectified neurons, with errors at a cost."""

    error_cost: float = 100.0  # of squared errors

    def posed(self) -> Problem:
        """The problem, posed anew."""
        return Problem(self.points, activation="rectified", readout=Soft(self.error_cost))

    @cached_property
    def optimum(self) -> Any:
        """As of linear neurons."""
        return solve(self.posed(), rng=0, tolerance=1e-9, time_limit=60)

    @cached_property
    def centred(self) -> np.ndarray:
        """(T, d) samples about their mean, on which the peers' neurons are."""
        return self.points - self.points.mean(axis=0)

    def excess(self, weights: np.ndarray) -> float:
        """How far neurons (n, d + 1), rows (w, b) on the centred samples, are above the optimum with the best decoder.

        Infinite where they are no numbers.
        """
        if not np.isfinite(weights).all() or not len(weights):
            return np.inf
        return float(model_of(self.problem).of(weights) / self.optimum.lower_bound - 1)


def _uniform(count: int, dimension: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, size=(count, dimension))


def _normal(count: int, dimension: int, condition: float) -> np.ndarray:
    """Correlated normal sources, of unit variance, whose correlations have about this condition number."""
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.standard_normal((dimension, dimension)))[0]
    drawn = rng.standard_normal((count, dimension)) * np.geomspace(1, condition**-0.5, dimension) @ turn
    return drawn / drawn.std(axis=0)


def _sphere(count: int, dimension: int) -> np.ndarray:
    drawn = np.random.default_rng(0).standard_normal((count, dimension))
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def instances(*, quick: bool) -> list[Instance]:
    """All of them, or the few that every peer does in seconds."""
    corner_cut = Instance("corner-cut square", load("corner_cut_square").points)
    if quick:
        return [corner_cut, Instance("uniform, d = 3, T = 30", _uniform(30, 3))]
    listed = [
        corner_cut,
        Instance("iris", load("iris").points),
        Instance("normal, condition 1e2, d = 3, T = 100", _normal(100, 3, 1e2)),
        Instance("normal, condition 1e4, d = 4, T = 60", _normal(60, 4, 1e4)),
    ]
    for count in (100, 1_000, 10_000, 100_000):
        listed.append(Instance(f"uniform, d = 2, T = {count:,}", _uniform(count, 2), "samples", count))
    for dimension in (2, 3, 4, 5):
        listed.append(Instance(f"uniform, d = {dimension}, T = 60", _uniform(60, dimension), "sources", dimension))
    for count in (30, 100, 300, 1_000):
        listed.append(Instance(f"sphere, d = 3, V = {count:,}", _sphere(count, 3), "vertices", count))
    return listed


def rectified_instances(*, quick: bool) -> list[Rectified]:
    """The problems of rectified neurons, or the one that every peer does in seconds."""
    line = np.arange(5) - 2.0
    grid = np.array([[x, y] for x in line for y in line]) / 2**0.5
    small = Rectified("uniform, d = 1, T = 30", _uniform(30, 1) * 3**0.5)
    if quick:
        return [small]
    corners_cut = grid[np.abs(grid[:, 0] - grid[:, 1]) < 2]
    return [
        small,
        Rectified("uniform, d = 1, T = 300", _uniform(300, 1) * 3**0.5),
        Rectified("grid, d = 2, T = 25", grid),
        Rectified("grid, two corners cut, d = 2, T = 19", corners_cut),
        Rectified("uniform, d = 2, T = 60", _uniform(60, 2) * 3**0.5),
        Rectified("uniform, d = 2, T = 200", _uniform(200, 2) * 3**0.5),
        Rectified("uniform, d = 3, T = 40", _uniform(40, 3) * 3**0.5),
    ]
