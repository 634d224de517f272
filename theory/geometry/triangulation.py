"""Pulling triangulations of the normal cones of a simplicial polytope, by incidences alone.

The rays of a face's normal cone are the facets around the face, and its walls the normal cones of faces with one vertex
more:

1. List the faces of every size with the facets around them. The pulled ray of a face is its first facet.
2. List the walls of each face that do not contain its pulled ray.
3. Begin with the normal cones of the vertices.
4. Replace each cone by the cones over its walls, with its pulled ray as apex; all cones of a size at once.
5. At facets, which are rays themselves, the apexes so far are the generators of a simplicial cone.

The pulled ray depends on the face alone, so neighbours are cut alike where they meet. No coordinates are compared:
unlike the triangulation of a perturbed polytope this one leaves no gaps.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from theory.arrays import Indices


def pulled_cones(facets: Indices) -> tuple[Indices, Indices]:
    """Simplicial cones of a simplicial polytope, and the vertex in whose normal cone each lies.

    Args:
        facets: (R, d) vertices of each facet, by any integer names.

    Returns:
        cones (N, d) of facet indices, and owners (N,) of vertex names.

    Source: pulling triangulations, Hudson (1969); Lee and Santos, "Subdivisions and triangulations of polytopes".

    Example:
        >>> square = np.array([[0, 1], [1, 2], [2, 3], [3, 0]])
        >>> cones, owner = pulled_cones(square)
        >>> sorted(map(sorted, cones.tolist())), sorted(owner.tolist())
        ([[0, 1], [0, 3], [1, 2], [2, 3]], [0, 1, 2, 3])
    """
    names, rank = np.unique(facets, return_inverse=True)
    facets = np.sort(rank.reshape(facets.shape), axis=1)
    levels = [_faces_of_size(facets, size) for size in range(1, facets.shape[1] + 1)]  # step 1
    walls = [_walls(level, larger, facets) for level, larger in pairwise(levels)]  # step 2
    owner = position = np.arange(len(names))  # step 3
    apexes = np.empty((len(position), 0), dtype=np.intp)
    for level, (first, count, child) in zip(levels, walls, strict=False):
        apexes = np.column_stack([apexes, level.pulled[position]])
        repeats = count[position]
        # Step 4: the walls of a face are successive entries of `child`.
        offset = np.arange(repeats.sum()) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        row = np.repeat(np.arange(len(position)), repeats)
        apexes, owner = apexes[row], owner[row]
        position = child[first[position][row] + offset]
    return np.column_stack([apexes, levels[-1].pulled[position]]), names[owner]  # step 5


def is_closed_complex(facets: Indices) -> bool:
    """Whether every ridge lies in exactly two facets, as in the boundary of a simplicial polytope."""
    dimension = facets.shape[1]
    ridges = np.sort(facets, axis=1)[:, list(combinations(range(dimension), dimension - 1))].reshape(-1, dimension - 1)
    _, count = np.unique(ridges, axis=0, return_counts=True)
    return bool((count == 2).all())


@dataclass(frozen=True)
class _Level:
    """All faces of one size."""

    faces: Indices  # (n, k) their vertices, ascending, in lexicographic order
    pulled: Indices  # (n,) the first facet around each


def _faces_of_size(facets: Indices, size: int) -> _Level:
    subsets = np.array(list(combinations(range(facets.shape[1]), size)))
    rows = facets[:, subsets].reshape(-1, size)
    facet_of = np.repeat(np.arange(len(facets)), len(subsets))
    # Sorted by face and, within a face, by facet.
    order = np.lexsort((facet_of, *rows.T[::-1]))
    rows, facet_of = rows[order], facet_of[order]
    first = np.ones(len(rows), dtype=bool)
    first[1:] = (rows[1:] != rows[:-1]).any(axis=1)
    return _Level(rows[first], facet_of[first])


def _walls(level: _Level, larger: _Level, facets: Indices) -> tuple[Indices, Indices, Indices]:
    """Faces with one vertex more, outside the pulled facet of each face: first and count of its entries in a list."""
    size = level.faces.shape[1]
    subsets = np.array(list(combinations(range(size + 1), size)))
    below = larger.faces[:, subsets].reshape(-1, size)
    parent = _position(level.faces, below)
    child = np.repeat(np.arange(len(larger.faces)), len(subsets))
    added = np.array([next(i for i in range(size + 1) if i not in subset) for subset in subsets])
    vertex = larger.faces[:, added].reshape(-1)
    outside = ~(facets[level.pulled[parent]] == vertex[:, None]).any(axis=1)
    parent, child = parent[outside], child[outside]
    order = np.argsort(parent, kind="stable")
    count = np.bincount(parent, minlength=len(level.faces))
    return np.cumsum(count) - count, count, child[order]


def _position(table: Indices, rows: Indices) -> Indices:
    """Positions of rows in a table in lexicographic order that contains them."""
    base = int(table.max()) + 1
    if base ** table.shape[1] >= 2**62:
        _, inverse = np.unique(np.concatenate([table, rows]), axis=0, return_inverse=True)
        return np.asarray(inverse.reshape(-1)[len(table) :], dtype=np.intp)
    powers = base ** np.arange(table.shape[1] - 1, -1, -1)
    return np.searchsorted(table @ powers, rows @ powers)
