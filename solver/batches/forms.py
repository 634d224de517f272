"""Symmetric forms of two and three variables, one problem in each place of the last axis.

A form Y in two variables is the triple (Y11, Y12, Y22), and of a vector w the triple (w1^2, 2 w1 w2, w2^2), so that
w'Y w is the sum of their products. A form in three variables, such as a second derivative by Y, is six numbers: the
entries 11, 12, 13, 22, 23, 33.
"""

from __future__ import annotations

from typing import Self

import numpy as np

from theory.arrays import Array, Indices, Mask


class OnLastAxis:
    """Arrays of many problems, one in each place of the last axis: the base of a dataclass of them."""

    def chosen(self, which: Indices | Mask) -> Self:
        """Those of some of the problems."""
        return type(self)(*(array[..., which] for array in vars(self).values()))


def squared(vectors: Array) -> Array:
    """(3, ...) the triples of vectors (2, ...).

    Example:
        >>> squared(np.array([2.0, 3.0])).tolist()
        [4.0, 12.0, 9.0]
    """
    first, second = vectors
    return np.stack([first * first, 2 * first * second, second * second])


def paired(one: Array, other: Array) -> Array:
    """(3, ...) the triple whose product with Y is one'Y other, of vectors (2, ...).

    Example:
        >>> paired(np.array([1.0, 2.0]), np.array([3.0, 4.0])).tolist()
        [3.0, 10.0, 8.0]
    """
    return np.stack([one[0] * other[0], one[0] * other[1] + one[1] * other[0], one[1] * other[1]])


def times(triples: Array, form: Array) -> Array:
    """(...) the products of triples (3, k, n) with one form (3, n) a problem."""
    return np.asarray(triples[0] * form[0] + triples[1] * form[1] + triples[2] * form[2])


def cost_root(corners: Array) -> tuple[Array, Array, Array]:
    """The entries T11, T12, T22 of T with |T z|^2 + (v.T z)^2 = |z|^2, for corners v (2, ...): the ratio is z'T Y T z.

    Example:
        >>> [float(entry) for entry in cost_root(np.array([0.0, 0.0]))]
        [1.0, 0.0, 1.0]
    """
    first, second = corners
    root = np.sqrt(1 + (corners * corners).sum(axis=0))
    shrunk = 1 / (root * (1 + root))
    return 1 - shrunk * first * first, -shrunk * first * second, 1 - shrunk * second * second


def worths_inside(root: tuple[Array, Array, Array]) -> Array:
    """(3, 3, ...) three triples, whose products with Y are numbers of the matrix T Y T.

    They are half the difference of its diagonal, the entry beside it, and half the sum of its diagonal.

    Args:
        root: of each cone, from `cost_root`.

    Example:
        >>> worths_inside(cost_root(np.zeros(2))).tolist()
        [[0.5, 0.0, -0.5], [0.0, 1.0, 0.0], [0.5, 0.0, 0.5]]
    """
    t11, t12, t22 = root
    one, across, other = t11 * t11, t12 * t12, t22 * t22
    return np.array(
        [
            ((one - across) / 2, (t11 - t22) * t12, (across - other) / 2),
            (t11 * t12, t11 * t22 + across, t12 * t22),
            ((one + across) / 2, (t11 + t22) * t12, (across + other) / 2),
        ]
    )


def larger_eigenvector(half: Array, across: Array) -> tuple[Array, Array, Array]:
    """Half the difference of the eigenvalues of symmetric 2 by 2 matrices, and z, along which the larger one is.

    Args:
        half: (...) half the difference of the diagonal.
        across: (...) the entry beside it.

    Example:
        >>> [part.tolist() for part in larger_eigenvector(np.array([3.0, -3.0]), np.array([4.0, 4.0]))]
        [[5.0, 5.0], [8.0, 4.0], [4.0, 8.0]]
    """
    spread, right = np.hypot(half, across), half > 0
    return spread, np.where(right, half + spread, across), np.where(right, across, spread - half)


def determinant(form: Array) -> Array:
    """(n,) Y11 Y22 - Y12^2."""
    return np.asarray(form[0] * form[2] - form[1] * form[1])


def summed_squares(rows: Array) -> Array:
    """(6, n) the sum over k of r r' for rows r (3, k, n)."""
    pairs = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
    return np.stack([np.einsum("kn,kn->n", rows[i], rows[j]) for i, j in pairs])


def solved(matrix: Array, *right: Array) -> list[Array]:
    """Solutions (3, n) of positive definite systems (6, n) with each right side (3, n), by Cholesky's factors.

    Where a matrix is not positive definite they are NaN.

    Example:
        >>> solved(np.array([2.0, 0, 0, 4, 0, 8])[:, None], np.ones((3, 1)))[0].ravel().tolist()
        [0.5, 0.25, 0.125]
    """
    m11, m12, m13, m22, m23, m33 = matrix
    first = np.sqrt(m11)
    l21, l31 = m12 / first, m13 / first
    second = np.sqrt(m22 - l21 * l21)
    l32 = (m23 - l21 * l31) / second
    third = np.sqrt(m33 - l31 * l31 - l32 * l32)
    solutions = []
    for side in right:
        y1 = side[0] / first
        y2 = (side[1] - l21 * y1) / second
        z3 = (side[2] - l31 * y1 - l32 * y2) / (third * third)
        z2 = (y2 - l32 * z3) / second
        solutions.append(np.stack([(y1 - l21 * z2 - l31 * z3) / first, z2, z3]))
    return solutions
