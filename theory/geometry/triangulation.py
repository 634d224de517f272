"""Cut the normal cones of a simplicial polytope into simplices, by incidences alone.

The normal cone of a face has the facets around it as rays. Pulling a ray p of it cuts the cone into pieces that join
p to the walls that do not hold p, and each wall is the normal cone of a face with one vertex more (the classical
pulling triangulation). Which ray is pulled depends on the face alone, so neighbours are cut alike where they meet, and
no coordinate is ever compared: unlike the triangulation of a slightly perturbed polytope this one cannot leave slivers
that belong to nobody. Every step is one pass over all faces of a size.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from theory.arrays import Indices

__all__ = ["is_closed_complex", "pulled_cones"]


def pulled_cones(facets: Indices) -> tuple[Indices, Indices]:
    """Simplicial cones over the facets of a simplicial polytope, and the vertex whose normal cone each is part of.

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
    names, levels, walls = _incidences(facets)
    owner = position = np.arange(len(names))
    apexes = np.empty((len(position), 0), dtype=np.intp)
    for level, (first, count, child) in zip(levels, walls, strict=False):
        apexes = np.column_stack([apexes, level.pulled[position]])
        repeats = count[position]
        # The walls of a face stand in one run: expand every chain by the run of its present face.
        offset = np.arange(repeats.sum()) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        row = np.repeat(np.arange(len(position)), repeats)
        apexes, owner = apexes[row], owner[row]
        position = child[first[position][row] + offset]
    return np.column_stack([apexes, levels[-1].pulled[position]]), names[owner]


def _incidences(facets: Indices) -> tuple[Indices, list[_Level], list[tuple[Indices, Indices, Indices]]]:
    """Names of the vertices, the faces of every size, and the walls between one size and the next."""
    names, rank = np.unique(facets, return_inverse=True)
    facets = np.sort(rank.reshape(facets.shape), axis=1)
    levels = [_faces_of_size(facets, size) for size in range(1, facets.shape[1] + 1)]
    walls = [_walls(level, larger, facets) for level, larger in pairwise(levels)]
    return names, levels, walls


def is_closed_complex(facets: Indices) -> bool:
    """Whether every ridge lies in exactly two facets, as in the boundary of a simplicial polytope."""
    dimension = facets.shape[1]
    ridges = np.sort(facets, axis=1)[:, list(combinations(range(dimension), dimension - 1))].reshape(-1, dimension - 1)
    _, count = np.unique(ridges, axis=0, return_counts=True)
    return bool((count == 2).all())


@dataclass(frozen=True)
class _Level:
    """All faces of one size.

    Attributes:
        faces: (n, k) their vertices, ascending, in lexicographic order.
        pulled: (n,) the facet that is pulled: the first around the face.
        face_of: (m,) face, facet_of: (m,) facet of every incidence.
    """

    faces: Indices
    pulled: Indices
    face_of: Indices
    facet_of: Indices


def _faces_of_size(facets: Indices, size: int) -> _Level:
    subsets = np.array(list(combinations(range(facets.shape[1]), size)))
    rows = facets[:, subsets].reshape(-1, size)
    facet_of = np.repeat(np.arange(len(facets)), len(subsets))
    # Sorted by face and, within a face, by facet: the first is the one to pull.
    order = np.lexsort((facet_of, *rows.T[::-1]))
    rows, facet_of = rows[order], facet_of[order]
    first = np.ones(len(rows), dtype=bool)
    first[1:] = (rows[1:] != rows[:-1]).any(axis=1)
    return _Level(rows[first], facet_of[first], np.cumsum(first) - 1, facet_of)


def _walls(level: _Level, larger: _Level, facets: Indices) -> tuple[Indices, Indices, Indices]:
    """For each face those with one vertex more outside its pulled facet, as runs (first, count, list)."""
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
    """Where each row stands in the table, which holds it, in lexicographic order."""
    base = int(table.max()) + 1
    if base ** table.shape[1] >= 2**62:
        _, inverse = np.unique(np.concatenate([table, rows]), axis=0, return_inverse=True)
        return np.asarray(inverse.reshape(-1)[len(table) :], dtype=np.intp)
    powers = base ** np.arange(table.shape[1] - 1, -1, -1)
    return np.searchsorted(table @ powers, rows @ powers)
