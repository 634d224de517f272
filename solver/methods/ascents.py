"""Column generation where the normal fan is too large: neurons found by many local ascents.

The code is a local optimum in a strong sense (no ascent from any start finds a neuron worth adding), but rho is not
proven, so the lower bound comes from ``f(w) >= w'M w`` alone and the answer is "bounded".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from solver.certificate import best_bound
from solver.face_polish import polish_on_faces
from solver.master import optimal_energies
from solver.methods.step import Step
from theory.ascent import Ascent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from theory.problem import Problem

    Array = NDArray[np.float64]

__all__ = ["improved", "steps"]

STARTS_PER_SOURCE = 3
"""Random climbs a round, per source; the present neurons are climbed from as well."""

WORTH_ADDING = 1e-10
"""A neuron earns its place if its ratio exceeds one by this."""

NEGLIGIBLE = 1e-10
"""Share of the energy below which a neuron is dropped."""

SAME_DIRECTION = 1e-12
"""Cosine distance below which two neurons are one."""

POLISHED = 600
"""Weights up to which neurons are moved jointly: a Newton step costs their number cubed."""

PATIENCE = 3
"""Rounds of fresh random starts without a find before the search ends."""


def steps(problem: Problem, *, tolerance: float, rng: np.random.Generator) -> Iterator[Step]:
    """Yield ever better codes until several rounds of climbs find no neuron worth adding.

    Args:
        problem: any number of sources.
        tolerance: relative gap aimed at: rounds that improve the loss by less count as finding nothing.
        rng: draws the starts.
    """
    ascent = Ascent(problem)
    weights, loss = problem.modular_weights, problem.modular_loss
    fruitless = 0
    while fruitless < PATIENCE:
        multiplier = problem.multiplier(weights.T @ weights)
        yield Step(weights, multiplier, loss, best_bound(problem, multiplier, quick=True).value)
        random = rng.standard_normal((STARTS_PER_SOURCE * problem.dimension, problem.dimension))
        starts = np.concatenate([weights, random / np.sqrt(problem.modular_costs)])
        ratios, neurons = ascent.climb(multiplier, starts)
        # Even where no neuron is worth adding, those that are there may want moving: polishing can end before its goal.
        weights = _moved(problem, weights, neurons[ratios > 1 + WORTH_ADDING])
        before, loss = loss, problem.loss(weights)
        fruitless = 0 if loss < before * (1 - tolerance / 100) else fruitless + 1


def improved(problem: Problem, weights: Array, starts: Array, least: float) -> Array | None:
    """A better code if a climb from one of the starts (k, d) finds a neuron worth adding, else None.

    Args:
        problem: any number of sources.
        weights: (n, d) source weights of the present code.
        starts: (k, d) neurons to climb from.
        least: by how much a neuron's ratio must exceed one to be worth adding.
    """
    multiplier = problem.multiplier(weights.T @ weights)
    ratios, neurons = Ascent(problem).climb(multiplier, starts)
    if not (ratios > 1 + least).any():
        return None
    better = _moved(problem, weights, neurons[ratios > 1 + least])
    return better if problem.loss(better) < problem.loss(weights) else None


def _moved(problem: Problem, weights: Array, new: Array) -> Array:
    """The code with new neurons (k, d), reweighed and moved jointly; the same one if that makes nothing better."""
    moved = _reweighted(problem, weights, new)
    if moved.size <= POLISHED:
        polished = polish_on_faces(problem, moved)
        moved = min(polished, _reweighted(problem, polished, new[:0]), key=problem.loss)
    return min(weights, moved, key=problem.loss)


def _reweighted(problem: Problem, weights: Array, new: Array) -> Array:
    """The best code made of the present neurons and the new ones."""
    scale = np.abs(np.diag(problem.modular_weights))
    unit = problem.modular_loss
    candidates = np.concatenate([weights, new]) / scale
    cost = problem.neuron_cost(candidates * scale) / unit
    directions = candidates / np.linalg.norm(candidates, axis=1, keepdims=True)
    twin = np.triu(directions @ directions.T > 1 - SAME_DIRECTION, k=1).any(axis=0)
    twin[: len(weights)] = False
    candidates, cost = (candidates / np.sqrt(cost)[:, None])[~twin], cost[~twin]
    start = np.where(np.arange(len(cost)) < len(weights), cost, 0.0)
    gram = problem.decoder_cost * problem.gram / np.outer(scale, scale) / unit
    energies = optimal_energies(candidates, gram, start)
    kept = energies > NEGLIGIBLE * energies.sum()
    return np.asarray(candidates[kept] * np.sqrt(energies[kept])[:, None] * scale)
