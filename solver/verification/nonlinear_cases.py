"""The problems on which theorems about rectified and free neurons are tried: few sources, and few samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from solver.strategies import mixings
from theory.arrays import Array
from theory.errors import InputError
from theory.problem import Problem
from theory.readouts import Exact, Noisy, Soft
from theory.theorems import THEOREMS, Prediction

COSTS_OF_WEIGHTS = st.sampled_from([0.01, 0.1, 1.0, 10.0])
DRAWN_ERROR_COSTS = st.sampled_from([2.0, 10.0, 100.0])


def whole_weights(count: int, most: int = 9) -> SearchStrategy[list[int]]:
    """Weights of so many samples, from one to a largest."""
    return st.lists(st.integers(1, most), min_size=count, max_size=count)


@st.composite
def _rows(draw: DrawFn, dimension: int) -> Array:
    """(T, d) small integers that span."""
    more = draw(st.lists(st.lists(st.integers(-3, 3), min_size=dimension, max_size=dimension), max_size=6))
    return np.vstack([np.zeros(dimension), np.eye(dimension), *more])


@st.composite
def _posed(draw: DrawFn, rows: Array, weights: Any, kinds: list[str], *, exact: bool = False, paid: bool = True) -> Any:
    """A problem of one of some kinds of neuron, with a readout and costs of its own.

    Args:
        draw: given by hypothesis.
        rows: (T, d) samples.
        weights: (T,) their weights.
        kinds: of neurons.
        exact: whether the decoder may not err.
        paid: whether weights have a cost.
    """
    kind = draw(st.sampled_from(kinds))
    cost = 1.0 if kind == "free" else draw(COSTS_OF_WEIGHTS) if paid else 0.0
    mixing = draw(mixings(rows.shape[1]))
    several = draw(st.integers(0, rows.shape[1]))
    targets = None if not several else np.asarray(np.eye(rows.shape[1]) if mixing is None else mixing)[:several]
    readouts: list[SearchStrategy[Any]] = [st.just(Exact(targets))]
    if not exact:
        readouts += [st.builds(Soft, DRAWN_ERROR_COSTS, st.just(targets))]
        readouts += [st.builds(Noisy, DRAWN_ERROR_COSTS, st.just(0.1), st.just(targets))]
    try:
        return Problem(
            rows,
            probabilities=weights,
            mixing=mixing,
            encoder_cost=cost,
            activity_cost=draw(st.sampled_from([1.0, 2.0])),
            readout=draw(st.one_of(readouts)),
            activation=kind,
        )
    except InputError:
        reject()  # targets that are zero


@st.composite
def _anything(draw: DrawFn, kinds: list[str]) -> Problem:
    rows = draw(_rows(draw(st.integers(1, 2))))
    problem: Problem = draw(_posed(rows, draw(whole_weights(len(rows))), kinds))
    return problem


@st.composite
def _symmetric(draw: DrawFn, *, tilted: bool = False) -> Problem:
    """Samples with their mirror images; every combination of values more often than not. Tilted: one is heavier."""
    dimension = draw(st.integers(1, 2))
    if draw(st.integers(0, 2)):
        sides = [draw(st.sampled_from([[-1, 1], [-1, 0, 1], [-3, -1, 1, 3]])) for _ in range(dimension)]
        half = np.array(np.meshgrid(*sides, indexing="ij"), dtype=float).reshape(dimension, -1).T
    else:
        half = draw(_rows(dimension))
    weights = np.array(draw(whole_weights(len(half))) if draw(st.booleans()) else np.ones(len(half)), dtype=float)
    weights = np.append(weights, weights)
    if tilted:
        weights[draw(st.integers(0, len(weights) - 1))] += 3
    kinds = ["free", "free", "rectified"]
    problem: Problem = draw(_posed(np.vstack([half, -half]), weights, kinds, paid=False))
    return problem


@st.composite
def _one_variable(draw: DrawFn) -> Problem:
    values = draw(st.lists(st.integers(0, 12), min_size=2, max_size=6, unique=True))
    weights = draw(whole_weights(len(values)))
    # About where an OFF neuron vanishes: few values that are not the least.
    if draw(st.booleans()):
        values, weights = [*values, min(values)], [*weights, sum(weights) * draw(st.integers(1, 3))]
    gain = draw(st.sampled_from([[[1.0]], [[2.0]], [[1.0], [-2.0]]]))
    kind = draw(st.sampled_from(["free", "rectified"]))
    cost = 0.0 if kind == "rectified" else 1.0
    rows = np.array(values, dtype=float)[:, None]
    return Problem(rows, probabilities=weights, mixing=gain, encoder_cost=cost, activation=kind)


@st.composite
def _table(draw: DrawFn, *, joined: bool) -> tuple[Array, list[float]]:
    """Every combination of the values of two sources, and weights: products of those of the values, or joined."""
    sides = [draw(st.lists(st.integers(0, 6), min_size=2, max_size=3, unique=True)) for _ in range(2)]
    rows = np.array([[first, second] for first in sides[0] for second in sides[1]], dtype=float)
    weights = (
        np.outer(draw(whole_weights(len(sides[0]), 5)), draw(whole_weights(len(sides[1]), 5))).ravel().astype(float)
    )
    if joined:
        weights = weights * draw(whole_weights(len(weights), 3))
    return rows, weights.tolist()


@st.composite
def _combinations(draw: DrawFn, kinds: list[str]) -> Problem:
    rows, weights = draw(_table(joined=draw(st.booleans())))
    problem: Problem = draw(_posed(rows, weights, kinds, exact=True, paid=False))
    return problem


@st.composite
def _expensive_weights(draw: DrawFn, *, joined: bool = False) -> Problem:
    """Two sources, independent or joined, at costs of weights from small ones to some that make neurons linear."""
    rows, weights = draw(_table(joined=joined))
    units = draw(st.sampled_from([[1.0, 1.0], [0.5, 2.0]]))
    readout = draw(st.one_of(st.just(Exact()), st.builds(Soft, DRAWN_ERROR_COSTS)))
    cost = draw(st.sampled_from([0.1, 1.0, 30.0, 1000.0]))
    mixing = np.diag(units)
    return Problem(
        rows, probabilities=weights, mixing=mixing, encoder_cost=cost, readout=readout, activation="rectified"
    )


NONLINEAR_DRAWS: dict[str, tuple[SearchStrategy[Problem], SearchStrategy[Problem] | None]] = {
    "any-multiplier": (_anything(["rectified", "free"]), None),
    "order-of-kinds": (_anything(["linear", "rectified"]), None),
    "balanced-pairs": (_symmetric(), _symmetric(tilted=True)),
    "rectified-pairs": (_anything(["rectified"]), None),
    "on-and-off": (_one_variable(), None),
    "shared-neurons": (_combinations(["free", "free", "free", "rectified"]), None),
    "free-condition": (_combinations(["free"]), None),
    "expensive-weights": (_expensive_weights(), _expensive_weights(joined=True)),
}
"""Problems that satisfy the hypothesis of a theorem, and others that just miss it."""

NONLINEAR_CONCLUSIONS: dict[str, Callable[[Problem], Prediction]] = {
    name: THEOREMS[name].prediction for name in ("balanced-pairs", "expensive-weights")
}
"""What is predicted of problems that just miss the hypothesis."""
