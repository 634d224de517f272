"""Values that are the same up to rounding, told apart from those that are not, whatever their last digits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["levels"]


def levels(values: ArrayLike, apart: ArrayLike) -> NDArray[np.intp]:
    """Which of the distinct values of its column each entry is, counted from the least.

    Values are sorted and cut where two in a row are far enough apart. Rounding each to a grid would not do: of two that
    differ in the last digit, a border of the grid may lie between them.

    Args:
        values: (n, k).
        apart: (k,) or one for all: the distance up to which two that follow each other are one.

    Returns:
        (n, k) from 0 on in each column.

    Example:
        >>> levels([[0.5, 7], [0.5 + 1e-15, 7], [0.2, 8]], 1e-12).tolist()
        [[1, 0], [1, 0], [0, 1]]
    """
    given = np.asarray(values, dtype=float)
    order = np.argsort(given, axis=0)
    steps = np.diff(np.take_along_axis(given, order, axis=0), axis=0) > np.asarray(apart)
    numbers = np.concatenate([np.zeros((1, given.shape[1]), dtype=np.intp), np.cumsum(steps, axis=0, dtype=np.intp)])
    found = np.empty_like(numbers)
    np.put_along_axis(found, order, numbers, axis=0)
    return found
