"""What the laws are tried on: small problems of every kind that has a name in the theory.

Grids and lattices have ties, duplicates and many coplanar points; clouds are generic; boxes are modular; lattices with
corners missing are close to the boundary between modular and mixed.
"""

from itertools import product

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from theory import Problem

MOST_ROWS = {1: 20, 2: 40, 3: 20, 4: 12}
LEVELS = {1: 6, 2: 5, 3: 3, 4: 2}

seeds = st.integers(0, 2**32 - 1)
dimensions = st.integers(1, 4)
costs = st.floats(-2, 2).map(lambda exponent: 10.0**exponent)


def simplex(dimension):
    """d + 1 points that span: appended to integer points so that no example need be thrown away."""
    return np.vstack([np.zeros(dimension), np.eye(dimension)])


@st.composite
def grids(draw, dimension):
    """Small integers, with duplicates and many coplanar points."""
    rows = draw(st.integers(1, MOST_ROWS[dimension]))
    drawn = draw(arrays(np.int64, (rows, dimension), elements=st.integers(-3, 3)))
    return np.vstack([simplex(dimension), drawn])


@st.composite
def clouds(draw, dimension):
    """Generic points: no ties, no coplanar points, never exactly modular for more than one source."""
    rows = draw(st.integers(dimension + 1, MOST_ROWS[dimension]))
    rng = np.random.default_rng(draw(seeds))
    return draw(st.sampled_from([rng.standard_normal, rng.standard_exponential, rng.random]))((rows, dimension))


@st.composite
def boxes(draw, dimension):
    """All corners of a box of any shape and place, and some points inside: modular, by range independence."""
    rng = np.random.default_rng(draw(seeds))
    corners = np.array(list(product([-1.0, 1.0], repeat=dimension)))
    inside = rng.uniform(-1, 1, size=(draw(st.integers(0, 6)), dimension))
    return np.vstack([corners, inside]) * rng.uniform(0.5, 2, dimension) + rng.standard_normal(dimension)


@st.composite
def lattices(draw, dimension):
    """A regular lattice in the box without the corner beyond a plane, the standard way to lose modularity."""
    levels = draw(st.integers(2, LEVELS[dimension]))
    points = np.array(list(product(np.linspace(-1, 1, levels + 1), repeat=dimension)))
    cut = draw(st.floats(0.0, float(dimension)))
    return points[points.sum(axis=1) <= cut + 1e-12] if dimension > 1 else points


def points(dimension):
    """Any of the above."""
    return st.one_of(grids(dimension), clouds(dimension), boxes(dimension), lattices(dimension))


@st.composite
def probabilities(draw, count, dimension):
    """Equal, or small integers; zero only beyond the first d + 1 rows, so that the sources keep varying."""
    if draw(st.booleans()):
        return None
    rng = np.random.default_rng(draw(seeds))
    return np.concatenate([rng.integers(1, 5, size=count)[: dimension + 1], rng.integers(0, 5, size=count)])[:count]


def orthogonal(rng, dimension):
    """A random rotation or reflection."""
    return np.linalg.qr(rng.standard_normal((dimension, dimension)))[0]


@st.composite
def mixings(draw, dimension):
    """Identity (None), or a matrix with up to two extra channels and condition number at most four."""
    if draw(st.booleans()):
        return None
    return mixing_from(np.random.default_rng(draw(seeds)), dimension, draw(st.integers(0, 2)))


def mixing_from(rng, dimension, extra=0):
    """(d + extra, d) of condition number at most four."""
    stretch = rng.uniform(0.5, 2, size=dimension)
    return orthogonal(rng, dimension + extra)[:, :dimension] * stretch @ orthogonal(rng, dimension)


@st.composite
def problems(draw, dimension=dimensions, of=points):
    """Whole problems: points, probabilities, mixing, costs."""
    d = draw(dimension) if isinstance(dimension, st.SearchStrategy) else dimension
    given = draw(of(d))
    # Rows that carry weight must span: a lattice or grid lists its spanning rows anywhere, a simplex first.
    weights = draw(probabilities(len(given), d)) if of is not points or _spans(given[: d + 1]) else None
    return Problem(
        given, mixing=draw(mixings(d)), probabilities=weights, encoder_cost=draw(costs), decoder_cost=draw(costs)
    )


def _spans(rows):
    centred = rows - rows.mean(axis=0)
    return np.linalg.svd(centred, compute_uv=False)[-1] > 1e-3 if len(rows) > rows.shape[1] else False
