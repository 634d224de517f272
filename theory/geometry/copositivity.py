"""Least ratio of two quadratic forms over simplicial cones, exactly, for all cones at once.

On a simplicial cone {A c : c >= 0} every question of this project is one about d by d matrices in the coordinates c: is
``c'Qc >= 0`` for all c >= 0 (copositivity), and where is ``c'Qc / c'Bc`` least? The minimum lies inside one of the 2^d
- 1 faces, and there it is the lowest generalised eigenvector of the face's block, with positive coordinates
(docs/mathematics.md, "Hull and normal cones"). Cheap sufficient tests come first, so that only doubtful cones pay for
faces.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from theory.arrays import Array, Mask

__all__ = ["ROUNDING", "least_ratio", "surely_copositive"]

ROUNDING = 1e-13
"""Forms are scaled to entries of order one; a value above -ROUNDING cannot be told from zero."""

RIDGE = 1e-14
"""Added to the diagonal of B (unit diagonal) so that cones too thin for doubles still have a Cholesky factor.

It lowers ratios by at most this share, and the exact ratio of such a cone is found on its faces anyway."""


def surely_copositive(forms: Array) -> Mask:
    """(N,) True where c'Qc >= 0 for all c >= 0 is certain: no negative entry, or positive semidefinite.

    Args:
        forms: (N, d, d) symmetric, scaled to entries of order one.

    Both tests are sufficient only: a False may still be copositive.

    Example:
        >>> surely_copositive(np.array([[[1.0, 2.0], [2.0, 1.0]], [[1.0, -2.0], [-2.0, 1.0]]])).tolist()
        [True, False]
    """
    sure = forms.min(axis=(1, 2)) >= -ROUNDING
    doubtful = np.flatnonzero(~sure)
    if len(doubtful):
        sure[doubtful] = np.linalg.eigvalsh(forms[doubtful])[:, 0] >= -ROUNDING
    return np.asarray(sure)


def least_ratio(forms: Array, metric: Array) -> tuple[Array, Array]:
    """For each cone the least value of c'Qc / c'Bc over c >= 0, and where.

    Args:
        forms: (N, d, d) symmetric Q.
        metric: (N, d, d) positive definite B, with unit diagonal.

    Returns:
        values (N,) and minimisers (N, d), nonnegative and scaled to c'Bc = 1.

    Example:
        >>> value, where = least_ratio(np.array([[[1.0, -2.0], [-2.0, 1.0]]]), np.eye(2)[None])
        >>> value.round(12).tolist(), (where**2).round(12).tolist()
        ([-1.0], [[0.5, 0.5]])
    """
    count, dimension = forms.shape[:2]
    diagonal = np.einsum("nii->ni", forms) / np.einsum("nii->ni", metric)
    corner = np.argmin(diagonal, axis=1)
    values = diagonal[np.arange(count), corner]
    minimisers = np.zeros((count, dimension))
    minimisers[np.arange(count), corner] = 1 / np.sqrt(metric[np.arange(count), corner, corner])
    for size in range(2, dimension + 1):
        for face in combinations(range(dimension), size):
            block = np.ix_(range(count), face, face)
            _improve(values, minimisers, face, *_lowest_inside(forms[block], metric[block]))
    return values, minimisers


def _whitened(forms: Array, metric: Array) -> tuple[Array, Array]:
    """L^-1 Q L^-T and L, with B = L L'."""
    factor = np.linalg.cholesky(metric + RIDGE * np.eye(metric.shape[1]))
    half = np.linalg.solve(factor, forms)
    return np.asarray(np.linalg.solve(factor, np.swapaxes(half, 1, 2))), np.asarray(factor)


def _lowest_inside(form: Array, metric: Array) -> tuple[Array, Array]:
    """Lowest generalised eigenpair of each block; the value is infinite where its vector is not positive."""
    whitened, factor = _whitened(form, metric)
    values, vectors = np.linalg.eigh(whitened)
    inside = np.linalg.solve(np.swapaxes(factor, 1, 2), vectors[:, :, :1])[:, :, 0]
    inside = inside * np.sign(inside.sum(axis=1, keepdims=True))
    return np.where((inside > 0).all(axis=1), values[:, 0], np.inf), inside


def _improve(values: Array, minimisers: Array, face: tuple[int, ...], found: Array, inside: Array) -> None:
    better = np.flatnonzero(found < values)
    values[better] = found[better]
    minimisers[better] = 0.0
    minimisers[np.ix_(better, np.array(face))] = inside[better]
