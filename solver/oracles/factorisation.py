"""Completely positive factorisation: a doubly nonnegative matrix as a sum of outer products of nonnegative vectors.

A matrix X that is positive semidefinite and entrywise nonnegative has nonnegative b_j with ``X = sum_j b_j b_j'`` if
its order is four or less (Maxfield and Minc 1962; Berman and Shaked-Monderer, *Completely Positive Matrices*, 2003).

1. Elimination finds them nearly always: with pivot i, ``b = X_i / sqrt(X_ii)`` leaves the Schur complement
   ``X - b b'``, of lower rank, and if that is nonnegative the rest follows in the same way.
2. For order three some pivot always does: were an entry negative for both i and j, then ``X_jk X_ii < X_ij X_ik`` and
   ``X_ik X_jj < X_ij X_jk``, and their product would contradict ``X_ii X_jj >= X_ij^2``.
3. For order four the few exceptions are solved by column generation, which is convex.
4. Where that is slow they are solved by least squares.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from theory.arrays import Array, Indices
from theory.geometry.copositivity import least_ratio


@dataclass(frozen=True)
class FactorisationTolerances:
    """Shares of the trace, and how long to try."""

    negative: float = 1e-9  # an entry of a Schur complement below minus this rules its pivot out; others are zero
    pivot: float = 1e-14  # a smaller diagonal entry is no pivot
    remainder: float = 1e-8  # that elimination may leave over
    left_over: float = 1e-11  # at which column generation ends
    columns: int = 30  # before least squares: a handful suffice but for matrices at the edge of the cone


FACTORISATION = FactorisationTolerances()


def completely_positive(blocks: Array) -> tuple[Array, Indices]:
    """Nonnegative vectors whose outer products add up to each of the given matrices.

    Args:
        blocks: (N, d, d) doubly nonnegative up to rounding, of a positive trace, d at most four.

    Returns:
        vectors (m, d) and for each the block (m,) it belongs to; of zero vectors there are none.

    Example:
        >>> vectors, owner = completely_positive(np.array([[[2.0, 1.0], [1.0, 3.0]]]))
        >>> (vectors.T @ vectors).round(12).tolist(), owner.tolist()
        ([[2.0, 1.0], [1.0, 3.0]], [0, 0])
    """
    cleaned = np.maximum(_positive_part(blocks), 0.0)
    pieces, failed = _eliminated(cleaned)  # steps 1 and 2
    dimension = cleaned.shape[1]
    vectors = pieces[~failed].reshape(-1, dimension)
    owner = np.repeat(np.flatnonzero(~failed), dimension)
    for block in np.flatnonzero(failed):
        extra = _by_columns(cleaned[block], pieces[block])
        vectors = np.concatenate([vectors, extra])
        owner = np.concatenate([owner, np.full(len(extra), block)])
    kept = vectors.any(axis=1)
    return vectors[kept], owner[kept]


def _positive_part(blocks: Array) -> Array:
    values, vectors = np.linalg.eigh((blocks + np.swapaxes(blocks, 1, 2)) / 2)
    return np.asarray((vectors * np.maximum(values, 0.0)[:, None, :]) @ np.swapaxes(vectors, 1, 2))


def _eliminated(blocks: Array) -> tuple[Array, NDArray[np.bool_]]:
    """(N, d, d) the vectors of each block, and (N,) whether at some step no pivot left all entries nonnegative."""
    rest, row = blocks.copy(), np.arange(len(blocks))
    trace = np.einsum("nii->n", blocks)[:, None]
    pieces, failed = np.zeros_like(blocks), np.zeros(len(blocks), dtype=bool)
    for step in range(blocks.shape[1]):
        diagonal = np.einsum("nii->ni", rest)
        usable = diagonal > FACTORISATION.pivot * trace
        candidates = rest / np.sqrt(np.where(usable, diagonal, np.inf))[:, :, None]
        left = rest[:, None] - candidates[:, :, :, None] * candidates[:, :, None, :]
        lowest = left.min(axis=(2, 3)) / trace
        # The largest pivot that leaves nothing negative divides by the least noise.
        pivot = np.argmax(np.where(lowest >= -FACTORISATION.negative, diagonal / trace, lowest - 1), axis=1)
        failed |= lowest[row, pivot] < -FACTORISATION.negative
        pieces[:, step] = candidates[row, pivot]
        rest = np.maximum(left[row, pivot], 0.0)
    return pieces, failed | (np.einsum("nii->n", rest) > FACTORISATION.remainder * trace[:, 0])


def _by_columns(block: Array, start: Array) -> Array:
    """Step 3: nonnegative least squares over outer products; each round adds the one that the residual wants most."""
    from scipy.optimize import nnls

    size = len(block)
    columns = np.concatenate([np.eye(size), start[start.any(axis=1)]])
    for _ in range(FACTORISATION.columns):
        columns = columns / np.linalg.norm(columns, axis=1, keepdims=True)
        outer = columns[:, :, None] * columns[:, None, :]
        strength, _ = nnls(outer.reshape(len(columns), -1).T, block.ravel())
        columns, strength = columns[strength > 0], strength[strength > 0]
        vectors = columns * np.sqrt(strength)[:, None]
        residual = block - vectors.T @ vectors
        value, column = least_ratio(-residual[None], np.eye(size)[None])
        if -value[0] <= FACTORISATION.left_over * np.trace(block):
            return vectors
        columns = np.concatenate([columns, column])
    return _refined(block, vectors)


def _refined(block: Array, vectors: Array) -> Array:
    """Step 4: nonlinear least squares from a factorisation good to some digits, for matrices at the edge of the cone.

    The unknowns are square roots, so that nothing becomes negative.
    """
    from scipy.optimize import least_squares

    count, size = vectors.shape
    if not count:
        return vectors  # which older versions of least_squares refuse to improve
    rows, columns = np.triu_indices(size)
    entry = np.arange(len(rows))

    def residual(roots: Array) -> Array:
        guess = roots.reshape(count, size) ** 2
        return (guess.T @ guess - block)[rows, columns]

    def slope(roots: Array) -> Array:
        guess = roots.reshape(count, size) ** 2
        change = np.zeros((len(rows), count, size))
        change[entry, :, rows] += guess[:, columns].T
        change[entry, :, columns] += guess[:, rows].T
        return np.asarray(change.reshape(len(rows), -1) * 2 * roots)

    solution = least_squares(residual, np.sqrt(vectors).ravel(), slope, xtol=1e-15, ftol=1e-15, gtol=1e-15)
    return np.asarray(solution.x.reshape(count, size) ** 2)
