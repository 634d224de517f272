"""Which values are equal up to rounding."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from theory.arrays import ArrayLike


def levels(values: ArrayLike, apart: ArrayLike) -> NDArray[np.intp]:
    """Number of each entry's value among the distinct values of its column, in ascending order.

    Values are sorted and cut where two in a row are far enough apart. Rounding to a grid would not do: a border of the
    grid may lie between two values that differ in the last digit.

    Args:
        values: (n, k).
        apart: (k,) or one for all columns: largest distance of two successive values that are one.

    Returns:
        (n, k) from 0 on in each column.

    Example:
        >>> levels([[0.5, 7], [0.5 + 1e-15, 7], [0.2, 8]], 1e-12).tolist()
        [[1, 0], [1, 0], [0, 1]]
    """
    columns = np.asarray(values, dtype=float)
    if columns.shape[1:] == (1,):  # of one column numbers are picked in a third of the time
        numbers = np.zeros(len(columns), dtype=np.intp)
        order = columns[:, 0].argsort()
        ascending = columns[order, 0]
        numbers[order[1:]] = (ascending[1:] - ascending[:-1] > np.asarray(apart)).cumsum()
        return numbers[:, None]
    order, every = columns.argsort(axis=0), np.arange(columns.shape[1])
    ascending = columns[order, every]
    result = np.zeros(columns.shape, dtype=np.intp)
    result[order[1:], every] = (ascending[1:] - ascending[:-1] > np.asarray(apart)).cumsum(axis=0)
    return result
