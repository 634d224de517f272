"""Linear neurons that pay for something else than their mean squared activity, and for it alone beside their weights.

    squared-mean   activity_cost (E z)^2                  by costs alone
    peak           activity_cost max_t z_t^2              of few samples: all pairs of them are corners
    context        activity_cost sum_t q_t z_t^2          q drawn, of some samples zero
    wiring         activity_cost E z^2 + encoder_cost w'D w

Of all it is judged what is judged of others, with one exception: of wiring no columns are added that others tell, since
the program does not say what a weight on each of several dependent columns costs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.soundness.draws import DRAWS, Drawn, drawn, is_well_posed
from benchmarks.soundness.settings import MEAN, Energy, rotation
from theory.arrays import Array

Generator = np.random.Generator

__all__ = ["KINDS", "with_energy"]

KINDS = ("squared-mean", "peak", "context", "wiring")


def with_energy(seed: int, index: int, rng: Generator) -> Drawn:
    """The problem with this index, of linear neurons, with one of the other energies."""
    problem, kind = drawn(seed, index), str(rng.choice(KINDS))
    if kind == "peak":
        problem = _few(rng, problem)
    # Without a cost of activity, or of its mean square, a weight that costs nothing is never the best.
    encoder = problem.encoder_cost or 1.0
    if kind == "squared-mean":
        paid = problem.activity_cost
        return replace(
            problem, encoder_cost=encoder, activity_cost=0.0, bias_cost=paid, energy=replace(MEAN, kind=kind)
        )
    energy = {"peak": _peak, "context": _context, "wiring": _wiring}[kind](rng, problem)
    if kind == "wiring":
        return replace(problem, encoder_cost=encoder, energy=energy)
    return replace(
        problem, encoder_cost=encoder if kind == "peak" else problem.encoder_cost, bias_cost=0.0, energy=energy
    )


def _few(rng: Generator, problem: Drawn) -> Drawn:
    """The problem of some samples: peaks have a corner for each pair."""
    count = len(problem.points)
    for _ in range(DRAWS if count > 40 else 0):
        rows = np.sort(rng.choice(count, 40, replace=False))
        cut = [None if one is None else one[rows] for one in (problem.probabilities, problem.reading.probabilities)]
        if is_well_posed(problem.points[rows], cut[0]) and (
            cut[1] is None or is_well_posed(problem.points[rows], cut[1])
        ):
            reading = replace(problem.reading, probabilities=cut[1])
            return replace(problem, points=problem.points[rows], probabilities=cut[0], reading=reading)
    return problem


def _peak(rng: Generator, problem: Drawn) -> Energy:
    del rng, problem
    return Energy("peak")


def _context(rng: Generator, problem: Drawn) -> Energy:
    weights: Array = np.ones(len(problem.points))
    for _ in range(DRAWS):
        tried = rng.random(len(problem.points)) * (rng.random(len(problem.points)) < 0.8)
        if is_well_posed(problem.points, tried):
            weights = tried
            break
    return Energy("context", weights=weights)


def _wiring(rng: Generator, problem: Drawn) -> Energy:
    """Costs of connections, in units of the sources' ranges: a diagonal, or any positive definite matrix."""
    dimension = problem.dimension
    costs: Any = np.diag(10.0 ** rng.uniform(-2, 2, dimension))
    if rng.random() < 0.5:
        turn = rotation(rng, dimension)
        costs = turn @ costs @ turn.T
    size = np.ptp(problem.points, axis=0)
    costs = costs * np.outer(size, size)
    return Energy("wiring", costs=(costs + costs.T) / 2)
