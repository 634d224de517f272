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
from itertools import combinations, combinations_with_replacement

import numpy as np

from theory.arrays import Array, Mask


@dataclass(frozen=True)
class CopositivityTolerances:
    """What rounding may do to forms whose entries are of order one."""

    rounding: float = 1e-13  # a value above minus this may be zero
    # An eigenvalue, determinant or minor beyond it has the sign shown: of a form of order four with entries up to one
    # a determinant is wrong by at most 175 roundings of 1.1e-16, a minor by 28.
    certain: float = 2e-14
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
    if forms.shape[1] < 4:
        return _up_to_order_three(forms)
    good = np.asarray(forms.min(axis=(1, 2)) >= 0)
    rest = np.flatnonzero(~good)
    # A singular form, whose determinant tells nothing, may be copositive by far: then a little less is so, too.
    for less in COPOSITIVITY.less:
        if not len(rest):
            break
        good[rest], unsure = _of_order_four(forms[rest] - less * np.eye(4))
        rest = rest[unsure]
    return good


def _up_to_order_three(forms: Array) -> Mask:
    """(N,) whether all parts of order up to three of forms (N, m, m) are copositive."""
    root = np.sqrt(np.maximum(np.einsum("nii->ni", forms), 0.0))
    edges = forms + root[:, :, None] * root[:, None, :]
    good = (edges >= 0).all(axis=(1, 2))
    if forms.shape[1] >= 3:
        i, j, k = np.array(list(combinations(range(forms.shape[1]), 3))).T
        inner = root[:, i] * root[:, j] * root[:, k]
        inner += forms[:, j, k] * root[:, i] + forms[:, i, k] * root[:, j] + forms[:, i, j] * root[:, k]
        inner += np.sqrt(2 * np.maximum(edges[:, i, j] * edges[:, i, k] * edges[:, j, k], 0.0))
        good &= (inner >= 0).all(axis=1)
    return np.asarray(good)


# The minors of order three of a symmetric form of order four: rows and columns of each, and its sign in the adjugate.
_PAIRS = list(combinations_with_replacement(range(4), 2))
_WITHOUT = np.array(list(combinations(range(4), 3)))[::-1]
_ROWS, _COLUMNS = (_WITHOUT[[pair[side] for pair in _PAIRS]] for side in (0, 1))
_SIGNS = np.array([(-1.0) ** (i + j) for i, j in _PAIRS])


def _of_order_four(forms: Array) -> tuple[Mask, Mask]:
    """(N,) which forms are surely copositive, and which of the others may be."""
    good = _up_to_order_three(forms)
    unsure = np.zeros(len(forms), dtype=bool)
    rest = np.flatnonzero(good)
    first, second, third = np.moveaxis(forms[rest][:, _ROWS[:, :, None], _COLUMNS[:, None, :]], 2, 0)
    across = second[..., [1, 2, 0]] * third[..., [2, 0, 1]] - second[..., [2, 0, 1]] * third[..., [1, 2, 0]]
    adjugate = _SIGNS * (first * across).sum(axis=2)
    determinant, least = (forms[rest, 0] * adjugate[:, :4]).sum(axis=1), adjugate.min(axis=1)
    certain = COPOSITIVITY.certain
    good[rest] = (determinant >= certain) | (least < -certain)
    unsure[rest] = ~good[rest] & ((determinant > -certain) | (least < certain))
    doubtful = np.flatnonzero(unsure)
    good[doubtful] = np.linalg.eigvalsh(forms[doubtful])[:, 0] >= certain
    return good, unsure & ~good


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
