"""Rows in an order of their own: what is computed of them does not depend on the order in which they came.

1. Each row gets one number, and numbers are sorted, which is many times quicker than to sort rows. It is added up
   column by column: a product with a vector may round equal rows differently.
2. Where different rows have the same number, rows are sorted after all.
3. Equal rows are one, which counts as often as they are there; of their weights the smaller ones are added first.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from theory.arrays import Array, Indices

__all__ = ["ordered_rows", "sorted_rows"]


def ordered_rows(points: Array, weights: Array | None = None) -> tuple[Indices, Array]:
    """Indices (n,) of the different rows of points (T, d), in their own order, and how much each counts (n,).

    Args:
        points: (T, d).
        weights: (T,) of the rows. If None, rows count by how often they are there, in units of the largest number that
            divides all of these: rows that are all there a hundred times count as much as if they were there once.

    Example:
        >>> rows, counts = ordered_rows(np.array([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]]))
        >>> np.array([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]])[rows].tolist(), counts.tolist()
        ([[1.0, 2.0], [3.0, 4.0]], [2.0, 1.0])
    """
    order, starts = sorted_rows(points, weights)
    if weights is not None:
        return order[starts], np.add.reduceat(weights[order], starts)
    counts = np.diff(np.append(starts, len(order)))
    return order[starts], (counts // np.gcd.reduce(counts)).astype(np.float64)


def sorted_rows(points: Array, weights: Array | None = None) -> tuple[Indices, Indices]:
    """Indices (T,) of all rows of points (T, d), in their own order, and (n,) where in it a different one begins.

    Args:
        points: (T, d).
        weights: (T,) of the rows, by which equal ones are sorted.

    Example:
        >>> order, starts = sorted_rows(np.array([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]]))
        >>> order.tolist(), starts.tolist()
        ([0, 2, 1], [0, 2])
    """
    key = np.zeros(len(points))
    shares = _shares(points.shape[1])
    for column in range(points.shape[1]):
        key += shares[column] * points[:, column]
    by_weight = () if weights is None else (weights,)
    order = _order_of(key) if weights is None else np.lexsort((weights, key))
    same = np.flatnonzero(np.diff(key.take(order)) == 0)
    if (points[order[same]] != points[order[same + 1]]).any():
        order = np.lexsort((*by_weight, *[points[:, column] for column in range(points.shape[1])]))
        same = np.flatnonzero((points[order[1:]] == points[order[:-1]]).all(axis=1))
    first = np.ones(len(order), dtype=np.bool_)
    first[same + 1] = False
    return order, np.flatnonzero(first)


@cache
def _shares(columns: int) -> tuple[float, ...]:
    """Of columns in the number of a row."""
    return tuple(np.random.default_rng(0).uniform(1, 2, size=columns).tolist())


def _order_of(key: Array) -> Indices:
    """(T,) what sorts numbers: they are sorted with their places in their last bits, in half the time of `argsort`."""
    # As whole numbers doubles are in the same order, those below zero in the opposite one.
    whole = (key + 0.0).view(np.int64)
    whole = whole ^ ((whole >> 63) & np.int64(2**63 - 1))
    places = (len(key) - 1).bit_length()
    least, most = int(whole.min()), int(whole.max())
    if most - least >= 2**63:
        return np.argsort(key)
    dropped = max(0, (most - least).bit_length() + places - 63)
    packed = (((whole - least) >> dropped) << places) | np.arange(len(key))
    packed.sort()
    order = packed & ((1 << places) - 1)
    sorted_key = key.take(order)
    if (sorted_key[1:] < sorted_key[:-1]).any():  # numbers that differ in the bits that were dropped
        order = order.take(np.argsort(sorted_key, kind="stable"))
    return np.asarray(order)
