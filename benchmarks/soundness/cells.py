"""The neuron that earns most of what it costs, among rectified or free ones: the cells of an arrangement.

A rectified neuron is a = max(0, R u) with the samples' rows R = (s_t, 1); a free one is a = max(0, R v) / p with the
rows of the multiplier. On a cell of the hyperplanes R_t.u = 0 the same samples are active, and what the neuron earns
and costs are quadratic forms. What is found is a neuron: its ratio is a lower bound on the largest one, whatever was
missed.

1. Rays on which hyperplanes meet, and all cells around them; some random directions.
2. In each cell the direction with the largest ratio of the forms, from both ends, taken as the neuron that it is.
3. From the best ones uphill: towards the best direction of the present cell, as long as that pays.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from theory.arrays import Array

Generator = np.random.Generator

__all__ = ["Priced", "best_directions"]


@dataclass(frozen=True)
class CellSearch:
    """How far the search for the best cells goes."""

    rays: int = 4_000  # around which cells are looked at: beyond, some of them
    random: int = 500  # directions beside them
    around: float = 1e-6  # how far from a ray, in units of the rows, the cells around it are looked up
    regular: float = 1e-13  # share of its trace added to a form of costs, which a cell of few samples leaves singular
    climbed: int = 12  # directions from which the search goes uphill
    steps: int = 60  # of each
    halvings: int = 12  # of a step


CELL_SEARCH = CellSearch()


@dataclass(frozen=True)
class Priced:
    """What neurons a = max(0, R u) * gain_t earn, |N'a|^2, and what they cost, quadratic in u where a is linear."""

    rows: Array  # (T, m) R
    multiplier: Array  # (T, k) N
    gains: Array  # (T,) of the activity
    costs: Array  # (T,) of the squared activity
    weights: Array  # (m, m) further costs u'W u

    def ratios(self, directions: Array) -> Array:
        """(c,) |N'a|^2 over the cost, of directions (c, m); zero where nothing is active."""
        activity = np.maximum(0.0, directions @ self.rows.T) * self.gains
        earned = ((activity @ self.multiplier) ** 2).sum(axis=1)
        cost = activity**2 @ self.costs + ((directions @ self.weights) * directions).sum(axis=1)
        active = (activity > 0).any(axis=1) & (cost > 0)
        return np.where(active, earned / np.where(active, cost, 1.0), 0.0)

    def best_in(self, cells: NDArray[np.bool_]) -> Array:
        """(c, m) the direction with the largest ratio of the forms of each cell (c, T)."""
        kept = cells.astype(float)
        square = np.einsum("ti,tj,t->tij", self.rows, self.rows, self.costs * self.gains**2)
        cost = np.tensordot(kept, square, axes=1) + self.weights
        trace = np.trace(cost, axis1=1, axis2=2)
        cost = cost + (CELL_SEARCH.regular * trace + np.finfo(float).tiny)[:, None, None] * np.eye(self.rows.shape[1])
        earned = np.tensordot(kept, np.einsum("ti,tk,t->tik", self.rows, self.multiplier, self.gains), axes=1)
        solved = np.linalg.solve(cost, earned)
        _, vectors = np.linalg.eigh(np.swapaxes(earned, 1, 2) @ solved)
        directions = (solved @ vectors[:, :, -1:])[:, :, 0]
        length = np.linalg.norm(directions, axis=1, keepdims=True)
        return np.asarray(directions / np.where(length > 0, length, 1.0))


def best_directions(priced: Priced, rng: Generator, count: int = 4) -> Array:
    """(count, m) directions u of the largest ratios that were found, best first."""
    # Step 1.
    cells = _cells(priced.rows, rng)
    # Step 2.
    inside = priced.best_in(cells)
    tried = np.vstack(
        [inside, -inside, _rays(priced.rows, rng)[0], rng.standard_normal((CELL_SEARCH.random, inside.shape[1]))]
    )
    order = np.argsort(-priced.ratios(tried), kind="stable")[: CELL_SEARCH.climbed]
    # Step 3.
    climbed = np.array([_uphill(priced, direction) for direction in tried[order]])
    return np.asarray(climbed[np.argsort(-priced.ratios(climbed), kind="stable")[:count]])


def _uphill(priced: Priced, start: Array) -> Array:
    here, ratio = start, float(priced.ratios(start[None])[0])
    for _ in range(CELL_SEARCH.steps):
        there = priced.best_in((priced.rows @ here > 0)[None])[0]
        size = np.linalg.norm(here) * np.sign(there @ here or 1.0)
        tried = here + (0.5 ** np.arange(CELL_SEARCH.halvings))[:, None] * (size * there - here)
        ratios = priced.ratios(tried)
        if not ratios.max() > ratio:
            break
        here, ratio = tried[ratios.argmax()], float(ratios.max())
    return here


def _cells(rows: Array, rng: Generator) -> NDArray[np.bool_]:
    """(c, T) which samples are active in each cell that was met, each once."""
    rays, members = _rays(rows, rng)
    size = rows.shape[1]
    tried = [rng.standard_normal((CELL_SEARCH.random, size)), rays]
    if members.shape[1]:
        # A step off the ray that takes its hyperplanes to these sides, whatever the others are.
        step = np.linalg.pinv(_unit(rows)[members])
        for signs in product((-1.0, 1.0), repeat=size - 1):
            tried += [rays + CELL_SEARCH.around * step @ np.array(signs)]
    directions = np.vstack(tried)
    active = np.packbits(directions @ rows.T > 0, axis=1)
    return np.unpackbits(np.unique(active, axis=0), axis=1, count=len(rows)).astype(bool)


def _rays(rows: Array, rng: Generator) -> tuple[Array, NDArray[np.int64]]:
    """Directions (c, m) in which hyperplanes meet, each from both ends, and which ones (c, m - 1)."""
    size = rows.shape[1]
    if size == 1:
        return np.array([[1.0], [-1.0]]), np.zeros((2, 0), dtype=int)
    members = np.array(list(combinations(range(len(rows)), size - 1)))
    if len(members) > CELL_SEARCH.rays:
        members = members[rng.choice(len(members), CELL_SEARCH.rays, replace=False)]
    # The direction that is left by the others: the last right singular vector.
    rays = np.linalg.svd(_unit(rows)[members])[2][:, -1]
    return np.vstack([rays, -rays]), np.vstack([members, members])


def _unit(rows: Array) -> Array:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(length > 0, length, 1.0))
