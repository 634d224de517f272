"""Copositivity of matrices of integers or surds, decided without rounding.

Q is copositive if c'Qc >= 0 for every c >= 0. Cottle, Habetler and Lemke (1970): a symmetric matrix whose principal
submatrices of one order less are copositive is itself not copositive if and only if its determinant is negative and
its adjugate has no negative entry.

1. Round irrational entries down: if that matrix is copositive, so is Q, and it is decided many times faster.
2. If a diagonal entry is negative, return its axis; if no entry is, Q is copositive.
3. Take every principal submatrix of order 2, then 3, ..., so that its own principal submatrices are copositive.
4. If its determinant is negative and its adjugate is not, Q is not copositive: return the adjugate times ones, positive
   integers along it or, where it is irrational, close to it.
5. Otherwise Q is copositive.
"""

from __future__ import annotations

from itertools import combinations
from math import gcd, lcm
from typing import Any

import numpy as np

from theory.arrays import Surds
from theory.exact.surds import ROOT_BITS, Surd, floored

MOST_ORDER = 8  # of a matrix that is decided: the number of submatrices doubles with each row


def negative_direction(form: Surds) -> list[int] | None:
    """Integers c >= 0 with c'Qc < 0, or None if Q is copositive.

    Args:
        form: (k, k) symmetric Q of integers, rationals or surds of one problem, k at most MOST_ORDER.

    Example:
        >>> negative_direction(np.array([[1, -1], [-1, 1]], dtype=object))
        >>> negative_direction(np.array([[1, -2], [-2, 1]], dtype=object))
        [1, 1]
    """
    size = len(form)
    # Step 1.
    if any(isinstance(value, Surd) for value in form.flat):
        smaller = [floored(value, ROOT_BITS) for value in form.flat]
        if negative_direction(np.array(smaller, dtype=object).reshape(size, size)) is None:
            return None
    # Step 2.
    for row in range(size):
        if form[row, row] < 0:
            return [int(column == row) for column in range(size)]
    if (form >= 0).all():
        return None
    # Step 3.
    for order in range(2, size + 1):
        for rows in combinations(range(size), order):
            inside = _positive_direction(form[np.ix_(rows, rows)])
            if inside is not None:
                direction = [0] * size
                for row, value in zip(rows, inside, strict=True):
                    direction[row] = value
                return direction
    return None  # step 5


def _positive_direction(form: Surds) -> list[int] | None:
    """Step 4 for one submatrix: c > 0 with c'Qc < 0, or None."""
    if (form >= 0).all():
        return None
    if len(form) == 2:
        # The diagonal is nonnegative and b < 0, so that the adjugate (c, -b; -b, a) is nonnegative.
        (a, b), (_, c) = form
        if a * c >= b * b:
            return None
        return [1, 1] if a + 2 * b + c < 0 else _integer_direction(form, [c - b, a - b])
    if determinant(form) >= 0:
        return None
    inverse = adjugate(form)
    return None if (inverse < 0).any() else _integer_direction(form, list(inverse.sum(axis=1)))


def _integer_direction(form: Surds, direction: list[Any]) -> list[int]:
    """The smallest integers along c, or close to c where it is irrational; c'Qc < 0 for both."""
    bits = 16
    while any(isinstance(value, Surd) for value in direction):
        rounded = np.array([floored(value, bits) for value in direction], dtype=object)
        if (rounded > 0).all() and rounded @ form @ rounded < 0:
            direction = list(rounded)
        bits *= 2
    unit = lcm(*(value.denominator for value in direction))
    whole = [int(value * unit) for value in direction]
    return [value // gcd(*whole) for value in whole]


def determinant(matrix: Any) -> Any:
    """Determinant by expansion along the rows, without division: entries may be integers, rationals or surds.

    Args:
        matrix: (k, k), k at most MOST_ORDER: the minors of the upper rows, one per set of columns, are all kept.

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
                # One transposition for each column to the right of the new one.
                signed = -value if (columns >> column).bit_count() % 2 else value
                taken = columns | 1 << column
                larger[taken] = larger.get(taken, 0) + signed * minor
        minors = larger
    return minors.get((1 << len(matrix)) - 1, 0)


def adjugate(matrix: Surds) -> Surds:
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
