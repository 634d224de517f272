"""Copositivity, and the least ratio of two quadratic forms over simplicial cones, exactly, for all cones at once.

On a simplicial cone {A c : c >= 0}, is ``c'Qc >= 0`` for all c >= 0 (`surely_copositive`, a sufficient test, and
`copositive`, formulas up to order four), and where is ``c'Qc / c'Bc`` least (`least_ratio`; docs/mathematics.md, "Hull
and normal cones")?

1. Begin with the least ratio at a corner, where one coordinate is not zero.
2. For each face, a subset of at least two coordinates, take the blocks of Q and B.
3. Whiten Q by the Cholesky factor of B, and take the least eigenvalue and its eigenvector.
4. If the eigenvector has only positive coordinates, the minimum on the face lies there. Else it lies on a smaller face.
5. The least value over all faces is the minimum.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from theory.arrays import Array, Mask


@dataclass(frozen=True)
class CopositivityTolerances:
    """What rounding may do to forms whose entries are of order one."""

    rounding: float = 1e-13  # a value above minus this may be zero
    certain: float = 4e-15  # an eigenvalue, determinant or minor of a form of order four beyond it has the sign shown
    # Taken off the diagonal, one after the other, until the form is seen to be copositive.
    less: tuple[float, ...] = 0.0, 1e-6, 1e-4, 1e-2
    # Added to the unit diagonal of B for its Cholesky factor on thin cones; lowers ratios by this share
    ridge: float = 1e-14


COPOSITIVITY = CopositivityTolerances()


def surely_copositive(forms: Array) -> Mask:
    """(N,) True where c'Qc >= 0 for all c >= 0 is certain: no negative entry, or positive semidefinite.

    Args:
        forms: (N, d, d) symmetric, scaled to entries of order one.

    Both tests are sufficient only: a False may still be copositive.

    Example:
        >>> surely_copositive(np.array([[[1.0, 2.0], [2.0, 1.0]], [[1.0, -2.0], [-2.0, 1.0]]])).tolist()
        [True, False]
    """
    sure = forms.min(axis=(1, 2)) >= -COPOSITIVITY.rounding
    doubtful = np.flatnonzero(~sure)
    if len(doubtful):
        sure[doubtful] = np.linalg.eigvalsh(forms[doubtful])[:, 0] >= -COPOSITIVITY.rounding
    return np.asarray(sure)


def copositive(forms: Array) -> Mask:
    """(N,) whether c'Qc >= 0 for all c >= 0, exactly but for rounding; any error is towards False.

    Args:
        forms: (N, m, m) symmetric, m from 1 to 4, scaled to entries of order one.

    Up to order three by the formulas of Hadeler (1983). A form of order four whose parts of order three are copositive
    is not so if and only if its determinant is negative and its adjugate nonnegative (the same).

    Example:
        >>> forms = np.array([[[1.0, -0.5, -0.5], [-0.5, 1.0, -0.5], [-0.5, -0.5, 1.0]]])
        >>> copositive(forms).tolist(), copositive(forms - 0.01).tolist()
        ([True], [False])
    """
    order = forms.shape[1]
    if order == 4:
        good = np.asarray(forms.min(axis=(1, 2)) >= 0)
        # A singular form, whose determinant tells nothing, may be copositive by far: then a little less is so, too.
        for less in COPOSITIVITY.less:
            rest = np.flatnonzero(~good)
            if len(rest):
                good[rest] = _of_order_four(forms[rest] - less * np.eye(4))
        return good
    if order == 3:
        return _of_order_three(forms)
    if order == 2:
        diagonal = np.einsum("nii->ni", forms)
        return np.asarray((diagonal >= 0).all(axis=1) & (forms[:, 0, 1] + np.sqrt(np.abs(diagonal.prod(axis=1))) >= 0))
    return np.asarray(forms[:, 0, 0] >= 0)


def _of_order_three(forms: Array) -> Mask:
    diagonal = np.einsum("nii->ni", forms)
    root = np.sqrt(np.maximum(diagonal, 0.0))
    sides = np.stack([forms[:, 1, 2], forms[:, 0, 2], forms[:, 0, 1]], axis=1)
    edges = sides + np.stack([root[:, 1] * root[:, 2], root[:, 0] * root[:, 2], root[:, 0] * root[:, 1]], axis=1)
    inner = root.prod(axis=1) + (sides * root).sum(axis=1) + np.sqrt(2 * np.maximum(edges, 0.0).prod(axis=1))
    return np.asarray((diagonal >= 0).all(axis=1) & (edges >= 0).all(axis=1) & (inner >= 0))


def _of_order_four(forms: Array) -> Mask:
    good = np.ones(len(forms), dtype=bool)
    for face in combinations(range(4), 3):
        good &= _of_order_three(forms[:, np.array(face)[:, None], np.array(face)])
    doubtful = np.flatnonzero(good)
    good[doubtful] = np.linalg.eigvalsh(forms[doubtful])[:, 0] >= COPOSITIVITY.certain
    rest = doubtful[~good[doubtful]]
    minors = np.empty((len(rest), 4, 4))
    for i in range(4):
        for j in range(i, 4):
            block = np.delete(np.delete(forms[rest], i, axis=1), j, axis=2)
            minors[:, i, j] = minors[:, j, i] = (-1) ** (i + j) * np.linalg.det(block)
    determinant = (forms[rest, 0] * minors[:, 0]).sum(axis=1)
    good[rest] = (determinant >= COPOSITIVITY.certain) | (minors.min(axis=(1, 2)) < -COPOSITIVITY.certain)
    return good


def least_ratio(forms: Array, metric: Array) -> tuple[Array, Array]:
    """Least value of c'Qc / c'Bc over c >= 0 on each cone, and where.

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
    minimisers[np.arange(count), corner] = 1 / np.sqrt(metric[np.arange(count), corner, corner])  # step 1
    for size in range(2, dimension + 1):  # step 2
        for face in combinations(range(dimension), size):
            block = np.ix_(range(count), face, face)
            ratios, inside = _lowest_inside(forms[block], metric[block])
            better = np.flatnonzero(ratios < values)  # step 5
            values[better] = ratios[better]
            minimisers[better] = 0.0
            minimisers[np.ix_(better, np.array(face))] = inside[better]
    return values, minimisers


def _lowest_inside(forms: Array, metric: Array) -> tuple[Array, Array]:
    """Steps 3 and 4: the lowest generalised eigenpair; the value is infinite where its vector is not positive."""
    factor = np.linalg.cholesky(metric + COPOSITIVITY.ridge * np.eye(metric.shape[1]))
    half = np.linalg.solve(factor, forms)
    values, vectors = np.linalg.eigh(np.linalg.solve(factor, np.swapaxes(half, 1, 2)))
    inside = np.linalg.solve(np.swapaxes(factor, 1, 2), vectors[:, :, :1])[:, :, 0]
    inside = inside * np.sign(inside.sum(axis=1, keepdims=True))
    return np.where((inside > 0).all(axis=1), values[:, 0], np.inf), inside
