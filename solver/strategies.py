"""Hypothesis strategies for sources, mixings and whole problems, on which the laws of this project are tried.

For property-based tests of one's own (`pip install 'modularity-solver[verify]'`):

    from hypothesis import given
    from solver.strategies import problems

    @given(problems())
    def test_my_law(problem): ...

docs/conjectures.md lists the strategies and shows how to use them. Points are small integers or fractions wherever a
kind of sources allows it, so that a failing example can be read and written down.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import brentq

from solver.extras import missing
from solver.solving.solve import solve
from theory.arrays import Array
from theory.conditions import Verdict, decide
from theory.inputs import whole_number
from theory.problem import Problem

try:
    from hypothesis import assume, target
    from hypothesis import strategies as st
    from hypothesis.extra.numpy import arrays
    from hypothesis.strategies import SearchStrategy
except ModuleNotFoundError as error:
    raise missing("solver.strategies", "verify", "hypothesis") from error

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

__all__ = [
    "antipodal",
    "boxes",
    "closest",
    "clouds",
    "corner_cut",
    "costs",
    "dimensions",
    "grids",
    "lattices",
    "mixing_from",
    "mixings",
    "near_boundary",
    "orthogonal",
    "points",
    "probabilities",
    "problems",
    "products",
    "seeds",
    "simplex",
]


@dataclass(frozen=True)
class DrawnSizes:
    """Sizes that keep one problem in the range of milliseconds."""

    dimensions: int = 8  # a box of as many has 256 corners
    rows: tuple[int, ...] = (20, 40, 20)  # of one, two, ... sources; 12 of more
    steps: tuple[int, ...] = (6, 5, 3, 2)  # of a lattice of one, two, ... sources; 1 of more
    deepest: float = 1.9  # how far a corner of the square [-1, 1]^2 is moved inward
    boundary: float = 3e-8  # digits of the depth at which the verdict turns: a few percent of the smallest step


DRAWN_SIZES = DrawnSizes()

seeds = st.integers(0, 2**32 - 1)
"""For a numpy Generator, where a strategy of its own would shrink no better."""

dimensions = st.integers(1, 4)
"""Numbers of sources."""

costs = st.floats(-2, 2).map(lambda exponent: 10.0**exponent)
"""Costs from 0.01 to 100."""


def _checked(dimension: Any) -> int:
    return whole_number(dimension, "dimension", 1, DRAWN_SIZES.dimensions)


def _rows(dimension: int) -> int:
    return DRAWN_SIZES.rows[dimension - 1] if _checked(dimension) <= len(DRAWN_SIZES.rows) else 12


@lru_cache(maxsize=1)
def _loaded() -> None:
    """Solve a small problem, so that the first example of a test does not wait for what the first solution loads."""
    solve(Problem(simplex(2)))


def simplex(dimension: int) -> Array:
    """(d + 1, d) points that span: with them no example is rejected for dependent sources."""
    return np.vstack([np.zeros(dimension), np.eye(dimension)])


# ---- points -------------------------------------------------------------------------------------------------------


@st.composite
def grids(draw: DrawFn, dimension: int) -> Array:
    """(T, d) small integers, with duplicates and many coplanar points."""
    rows = draw(st.integers(1, _rows(dimension)))
    drawn = draw(arrays(np.int64, (rows, dimension), elements=st.integers(-3, 3)))
    return np.vstack([simplex(dimension), drawn])


@st.composite
def clouds(draw: DrawFn, dimension: int) -> Array:
    """(T, d) generic points: hardly any ties or coplanar points, and never exactly modular for several sources."""
    rows = draw(st.integers(1, _rows(dimension)))
    drawn = draw(arrays(np.int64, (rows, dimension), elements=st.integers(-40, 40))) / 8
    # Not the axes themselves: their ends would be ties.
    tilted = simplex(dimension) + np.tri(dimension + 1, dimension) / 8
    return np.vstack([tilted, drawn])


@st.composite
def boxes(draw: DrawFn, dimension: int) -> Array:
    """(T, d) all corners of a box of any shape and place, and some points inside: modular, by range independence."""
    dimension = _checked(dimension)
    sides = np.array(draw(st.lists(st.integers(1, 8), min_size=dimension, max_size=dimension)))
    place = np.array(draw(st.lists(st.integers(-8, 8), min_size=dimension, max_size=dimension)))
    corners = np.array(list(product([0.0, 1.0], repeat=dimension)))
    inner = draw(arrays(np.int64, (draw(st.integers(0, 6)), dimension), elements=st.integers(0, 8))) / 8
    return np.asarray((np.vstack([corners, inner]) * sides + place) / 4)


@st.composite
def lattices(draw: DrawFn, dimension: int) -> Array:
    """(T, d) a regular lattice of integers, cut off at a plane: the standard way to lose modularity."""
    most = DRAWN_SIZES.steps[dimension - 1] if _checked(dimension) <= len(DRAWN_SIZES.steps) else 1
    steps = draw(st.integers(min(2, most), most))
    levels = np.arange(steps + 1) * 2 - steps
    whole = np.array(list(product(levels if steps % 2 else levels // 2, repeat=dimension)), dtype=float)
    cut = draw(st.integers(0, int(whole[-1].sum())))
    return whole[whole.sum(axis=1) <= cut] if dimension > 1 else whole


@st.composite
def corner_cut(draw: DrawFn, dimension: int, levels: int = 2) -> Array:
    """(T, d) a lattice on the cube without a drawn set of its corners."""
    whole = np.array(list(product(np.linspace(-1, 1, levels), repeat=_checked(dimension))))
    corner = np.flatnonzero((np.abs(whole) == 1).all(axis=1))
    missing = draw(st.sets(st.sampled_from(corner.tolist()), max_size=len(corner) - 1))
    rest = np.delete(whole, sorted(missing), axis=0)
    assume(_spans(rest))
    return rest


@st.composite
def antipodal(draw: DrawFn, dimension: int) -> Array:
    """(2 T, d) points that come with their mirror images: centred, and every source as near to either end."""
    half = draw(st.one_of(grids(dimension), clouds(dimension)))
    return np.vstack([half, -half])


@st.composite
def products(draw: DrawFn, dimension: int) -> Array:
    """(T, d) every combination of a row of one group of sources with one of another: a product support."""
    if _checked(dimension) == 1:
        return np.asarray(draw(grids(1)))
    first = draw(st.integers(1, dimension - 1))
    parts = [
        np.vstack([simplex(size), draw(arrays(np.int64, (draw(st.integers(0, 3)), size), elements=st.integers(-3, 3)))])
        for size in (first, dimension - first)
    ]
    return np.array([[*one, *other] for one in parts[0] for other in parts[1]])


@st.composite
def near_boundary(draw: DrawFn, dimension: int = 2) -> Array:
    """(T, d) points next to the boundary between modular and mixed.

    A corner of a box is moved inward to where the margin changes its sign (a root of the margin), and from there to one
    side by a drawn step, from 0.09 down to a millionth.
    """
    dimension = _checked(dimension)
    extra = draw(arrays(np.int64, (draw(st.integers(0, 4)), dimension), elements=st.integers(-4, 4))) / 5
    digits = draw(st.integers(2, 6))
    step = draw(st.sampled_from([-1, 1])) * draw(st.integers(1, 9)) * 10.0**-digits
    depth = float(np.clip(_boundary(dimension, tuple(map(tuple, extra.tolist()))) + step, 0.0, DRAWN_SIZES.deepest))
    # No more digits than the step has.
    return _moved(round(depth, digits), extra)


def _moved(depth: float, extra: Array) -> Array:
    """(T, d) the cube [-1, 1]^d with its last corner moved inward along each source, and more points."""
    dimension = extra.shape[1]
    box = np.array(list(product([-1.0, 1.0], repeat=dimension)))
    return np.vstack([box[:-1], box[-1] - depth * np.eye(dimension), extra])


@lru_cache(maxsize=1024)
def _boundary(dimension: int, extra: tuple[tuple[float, ...], ...]) -> float:
    """The depth at which the verdict turns; kept, since searches and shrinking draw the other points again."""
    more, deepest = np.array(extra).reshape(-1, dimension), DRAWN_SIZES.deepest

    def margin(depth: float) -> float:
        return decide(Problem(_moved(depth, more))).margin

    if not margin(0.0) > 0:
        return 0.0
    return float(brentq(margin, 0.0, deepest, xtol=DRAWN_SIZES.boundary)) if margin(deepest) < 0 else deepest


def closest(problem: Problem) -> Verdict:
    """The verdict of the condition; `hypothesis.target` on its margin leads to problems near the boundary.

    For use within a test, once: a law that is nearly right fails there only.
    """
    verdict = decide(problem)
    if np.isfinite(verdict.margin):
        target(-float(np.log10(abs(verdict.margin) + 1e-16)), label="closeness to the boundary")
    return verdict


def points(dimension: int) -> SearchStrategy[Array]:
    """(T, d) any of the kinds above.

    Raises:
        InputError: a number of sources that is none, or more than eight.
    """
    _checked(dimension)
    kinds = [grids(dimension), clouds(dimension), boxes(dimension), lattices(dimension), antipodal(dimension)]
    if dimension > 1:
        kinds += [products(dimension), corner_cut(dimension)]
    return st.one_of(kinds)


# ---- what goes with them ------------------------------------------------------------------------------------------


@st.composite
def probabilities(draw: DrawFn, count: int, dimension: int) -> Array | None:
    """(T,) None for equal, or small integers; zero only beyond the first d + 1 rows, which keep the sources varying."""
    if draw(st.booleans()):
        return None
    first = draw(arrays(np.int64, min(count, dimension + 1), elements=st.integers(1, 4)))
    rest = draw(arrays(np.int64, max(0, count - dimension - 1), elements=st.integers(0, 4)))
    return np.concatenate([first, rest])


def orthogonal(rng: np.random.Generator, dimension: int) -> Array:
    """(d, d) a random rotation or reflection."""
    return np.asarray(np.linalg.qr(rng.standard_normal((dimension, dimension)))[0])


def mixing_from(rng: np.random.Generator, dimension: int, extra: int = 0, condition: float = 4.0) -> Array:
    """(d + extra, d) a random matrix of at most this condition number."""
    spread = condition**0.5
    stretch = rng.uniform(1 / spread, spread, size=dimension)
    return np.asarray(orthogonal(rng, dimension + extra)[:, :dimension] * stretch @ orthogonal(rng, dimension))


@st.composite
def mixings(draw: DrawFn, dimension: int, condition: float = 4.0) -> Array | None:
    """(dx, d) None for the identity, a triangular matrix of small integers, or one of bounded condition number."""
    kind = draw(st.sampled_from(["none", "triangular", "random"]))
    if kind == "none":
        return None
    if kind == "triangular":
        return np.eye(dimension) + np.triu(
            draw(arrays(np.int64, (dimension, dimension), elements=st.integers(-1, 1))), 1
        )
    return mixing_from(np.random.default_rng(draw(seeds)), dimension, draw(st.integers(0, 2)), condition)


@st.composite
def problems(
    draw: DrawFn,
    dimension: int | SearchStrategy[int] = dimensions,
    of: Callable[[int], SearchStrategy[Array]] = points,
    *,
    mixed: bool = True,
) -> Problem:
    """Whole problems: points, probabilities, mixing and costs.

    A test that fails on one is reported with its numbers, as the call that makes it.

    Args:
        draw: given by hypothesis.
        dimension: number of sources, or a strategy for it.
        of: strategy of points for a number of sources.
        mixed: whether there is a mixing other than the identity.
    """
    _loaded()
    d = draw(dimension) if isinstance(dimension, SearchStrategy) else _checked(dimension)
    rows = np.asarray(draw(of(d)))
    # Rows of positive weight must span: with other kinds of points the weights stay equal.
    weights = draw(probabilities(len(rows), d)) if _spans(rows[: d + 1]) else None
    mixing = draw(mixings(d)) if mixed else None
    arguments: dict[str, Any] = {"encoder_cost": draw(costs), "decoder_cost": draw(costs)}
    for name, array in (("mixing", mixing), ("probabilities", weights)):
        if array is not None:
            arguments[name] = np.asarray(array).tolist()
    # Built by a strategy, and of lists, so that a report shows the call in numbers that can be copied.
    return draw(st.builds(Problem, st.just(rows.tolist()), **{name: st.just(one) for name, one in arguments.items()}))


def _spans(rows: Array) -> bool:
    if len(rows) <= rows.shape[1]:
        return False
    return bool(np.linalg.svd(rows - rows.mean(axis=0), compute_uv=False)[-1] > 1e-3)
