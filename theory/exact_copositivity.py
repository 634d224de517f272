"""Copositivity of integer matrices, decided without rounding.

Cottle, Habetler and Lemke (1970): a symmetric matrix whose principal submatrices of one order less are copositive is
itself not copositive if and only if its determinant is negative and its adjugate has no negative entry. Deciding the
small submatrices first, all comes down to determinants of integers.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Integers = NDArray[np.object_]

__all__ = ["MOST_ORDER", "adjugate", "determinant", "negative_direction"]

MOST_ORDER = 8
"""Largest matrix decided: the number of submatrices doubles with each row."""


def negative_direction(form: Integers) -> list[int] | None:
    """Integers c >= 0 with c'Qc < 0, or None if Q is copositive.

    Args:
        form: (k, k) symmetric integers Q, k at most MOST_ORDER.

    Example:
        >>> negative_direction(np.array([[1, -1], [-1, 1]], dtype=object))
        >>> negative_direction(np.array([[1, -2], [-2, 1]], dtype=object))
        [1, 1]
    """
    size = len(form)
    for row in range(size):
        if form[row, row] < 0:
            return [int(column == row) for column in range(size)]
    if (form >= 0).all():
        return None
    for order in range(2, size + 1):
        for face in combinations(range(size), order):
            found = _inside(form[np.ix_(face, face)])
            if found is not None:
                direction = [0] * size
                for place, value in zip(face, found, strict=True):
                    direction[place] = value
                return direction
    return None


def _inside(form: Integers) -> list[int] | None:
    """For a matrix whose smaller principal submatrices are copositive: c > 0 with c'Qc < 0, or None."""
    if (form >= 0).all():
        return None
    if len(form) == 2:
        # With a nonnegative diagonal: below zero somewhere if and only if the determinant is.
        (a, b), (_, c) = form
        if a * c >= b * b:
            return None
        return [1, 1] if a + 2 * b + c < 0 else _lowest([-b + c, a - b])
    if determinant(form) >= 0:
        return None
    inverse = adjugate(form)
    return None if (inverse < 0).any() else _lowest(list(inverse.sum(axis=1)))


def _lowest(direction: list[Any]) -> list[int]:
    from math import gcd

    divisor = max(gcd(*(int(value) for value in direction)), 1)
    return [int(value) // divisor for value in direction]


def determinant(matrix: Any) -> Any:
    """Determinant of integers by Bareiss's elimination, whose divisions leave no remainder.

    Example:
        >>> determinant([[1, 2], [3, 4]])
        -2
    """
    rows = [list(row) for row in matrix]
    sign, previous = 1, 1
    for step in range(len(rows) - 1):
        pivot = next((row for row in range(step, len(rows)) if rows[row][step] != 0), None)
        if pivot is None:
            return 0
        if pivot != step:
            rows[step], rows[pivot] = rows[pivot], rows[step]
            sign = -sign
        for row in range(step + 1, len(rows)):
            for column in range(step + 1, len(rows)):
                crossed = rows[row][column] * rows[step][step] - rows[row][step] * rows[step][column]
                rows[row][column] = crossed // previous
        previous = rows[step][step]
    return sign * rows[-1][-1]


def adjugate(matrix: Integers) -> Integers:
    """Adjugate of a symmetric matrix of integers: matrix @ adjugate = determinant * identity.

    Example:
        >>> adjugate(np.array([[2, 1], [1, 3]], dtype=object)).tolist()
        [[3, -1], [-1, 2]]
    """
    size = len(matrix)
    result = np.empty((size, size), dtype=object)
    for row in range(size):
        for column in range(row, size):
            minor = np.delete(np.delete(matrix, row, axis=0), column, axis=1)
            result[row, column] = result[column, row] = (-1) ** (row + column) * determinant(minor)
    return result
