"""Tops of the worth of directions: many climbs at once.

1. Start from the given directions, and from random ones where there are three targets or more.
2. The square of the worth is convex, so u <- its gradient, normalised, never goes down.
3. Keep what is worth at least nearly one, and one of those that are nearly parallel, the best first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.free.pricing import worth
from solver.generation.pool import distinct
from theory.arrays import Array


@dataclass(frozen=True)
class FreeClimbLimits:
    """How many directions are tried, and which are added."""

    steps: int = 30  # of each climb: Newton's method in all decoders finishes what they leave
    worthy: float = 1 - 1e-3  # least worth of what is added
    starts: int = 200  # random
    most: int = 150  # directions added in a round
    own: float = 1 - 1e-12  # cosine above which a new direction is a neuron's own


FREE_CLIMB = FreeClimbLimits()


def climbed(Z: Array, seeds: Array, angle: float, rng: np.random.Generator) -> Array:
    """(m, k) unit directions at or near tops of |(Z u)_+|, the best first.

    Args:
        Z: (L, k) rows.
        seeds: (s, k) directions to start from.
        angle: within which two directions count as one.
        rng: for the random ones.

    Example:
        >>> climbed(np.array([[1.0, 0.0]]), np.array([[0.6, 0.8]]), 0.1, np.random.default_rng(0)).tolist()
        [[1.0, 0.0]]
    """
    k = Z.shape[1]
    u = seeds
    if k > 2:  # step 1
        u = np.concatenate([u, rng.normal(size=(FREE_CLIMB.starts, k))])
    u = u[np.linalg.norm(u, axis=1) > 0]
    u = u / np.linalg.norm(u, axis=1, keepdims=True)
    for _ in range(FREE_CLIMB.steps if k > 1 else 0):  # step 2
        rise = np.maximum(u @ Z.T, 0) @ Z
        size = np.linalg.norm(rise, axis=1, keepdims=True)
        u = np.where(size > 0, rise / np.where(size > 0, size, 1.0), u)
    # Step 3.
    worths = worth(Z, u)
    order = np.argsort(-worths, kind="stable")[: int((worths >= FREE_CLIMB.worthy).sum())]
    u, worths = u[order], worths[order]
    return u[distinct(u, worths, 1 - np.cos(angle))[: FREE_CLIMB.most]]


def apart(new: Array, own: Array) -> Array:
    """The new unit directions that are no neuron's own.

    Args:
        new: (m, k).
        own: (n, k) unit directions.

    Example:
        >>> apart(np.eye(2), np.array([[1.0, 0.0]])).tolist()
        [[0.0, 1.0]]
    """
    if not len(own):
        return new
    return np.asarray(new[(new @ own.T).max(axis=1, initial=-1.0) < FREE_CLIMB.own])
