"""Copositivity of matrices of integers or surds, decided without rounding.

Cottle, Habetler and Lemke (1970): a symmetric matrix whose principal submatrices of one order less are copositive is
itself not copositive if and only if its determinant is negative and its adjugate has no negative entry. Deciding the
small submatrices first, all comes down to the signs of determinants.
"""

from __future__ import annotations

from itertools import combinations
from math import gcd, lcm
from typing import TYPE_CHECKING, Any

import numpy as np

from theory.exact.surds import ROOT_BITS, Surd, floored

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Integers = NDArray[np.object_]

__all__ = ["MOST_ORDER", "adjugate", "determinant", "negative_direction"]

MOST_ORDER = 8
"""Largest matrix decided: the number of submatrices doubles with each row."""

FIRST_BITS = 16
"""Binary digits at first for a direction that is irrational; they double until the rounded one will do."""


def negative_direction(form: Integers) -> list[int] | None:
    """Integers c >= 0 with c'Qc < 0, or None if Q is copositive.

    Args:
        form: (k, k) symmetric Q of integers, rationals or surds of one problem, k at most MOST_ORDER.

    Example:
        >>> negative_direction(np.array([[1, -1], [-1, 1]], dtype=object))
        >>> negative_direction(np.array([[1, -2], [-2, 1]], dtype=object))
        [1, 1]
    """
    size = len(form)
    if any(isinstance(value, Surd) for value in form.flat):
        # Something entrywise smaller that is copositive will do, and is decided many times faster.
        smaller = [floored(value, ROOT_BITS) for value in form.flat]
        if negative_direction(np.array(smaller, dtype=object).reshape(size, size)) is None:
            return None
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
        return [1, 1] if a + 2 * b + c < 0 else _integer_direction(form, [c - b, a - b])
    if determinant(form) >= 0:
        return None
    inverse = adjugate(form)
    return None if (inverse < 0).any() else _integer_direction(form, list(inverse.sum(axis=1)))


def _integer_direction(form: Integers, direction: list[Any]) -> list[int]:
    """The smallest integers along positive c with c'Qc < 0; near it, where c is irrational, as all close to it will."""
    bits = FIRST_BITS
    while any(isinstance(value, Surd) for value in direction):
        rounded = np.array([floored(value, bits) for value in direction], dtype=object)
        if (rounded > 0).all() and rounded @ form @ rounded < 0:
            direction = list(rounded)
        bits *= 2
    unit = lcm(*(value.denominator for value in direction))
    whole = [int(value * unit) for value in direction]
    return [value // gcd(*whole) for value in whole]


def determinant(matrix: Any) -> Any:
    """Determinant by expanding along the rows: no division, so that entries may be integers, rationals or surds.

    Args:
        matrix: (k, k), k at most MOST_ORDER: the minors of the upper rows, one a set of columns, are all kept.

    Example:
        >>> determinant([[1, 2], [3, 4]])
        -2
    """
    minors: dict[int, Any] = {0: 1}
    for row in matrix:
        larger: dict[int, Any] = {}
        for columns, minor in minors.items():
            for column, value in enumerate(row):
                if columns >> column & 1 or not value:
                    continue
                # The new column has to pass all those to its right.
                signed = -value if (columns >> column).bit_count() % 2 else value
                taken = columns | 1 << column
                larger[taken] = larger.get(taken, 0) + signed * minor
        minors = larger
    return minors.get((1 << len(matrix)) - 1, 0)


def adjugate(matrix: Integers) -> Integers:
    """Adjugate of a symmetric matrix: matrix @ adjugate = determinant * identity.

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
