"""Pictures of a disc that differ in where it is, how large and how dark: factors that nothing but a picture tells."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from theory.arrays import Array
from theory.errors import InputError
from theory.inputs import as_matrix

FACTORS = ("x", "y", "size", "shade")
"""Factors in the order of the columns; those without a column stay in the middle of their range."""


def draw(factors: ArrayLike, side: int = 10) -> Array:
    """(T, side * side) pictures, row by row, dark where the disc is.

    Args:
        factors: (T, k) from 0 to 1, of the first k of `FACTORS`, two to four.
        side: pixels of a side.

    Raises:
        InputError: numbers out of range.

    Example:
        >>> picture = draw([[0.0, 1.0]], side=8).reshape(8, 8)
        >>> tuple(int(place) for place in np.unravel_index(picture.argmax(), picture.shape))
        (5, 2)
    """
    columns = as_matrix(factors, "factors")
    count, known = columns.shape
    if not 2 <= known <= len(FACTORS):
        raise InputError(f"factors: {known} columns; give the first two to four of {', '.join(FACTORS)}")
    outside = ((columns < 0) | (columns > 1)).any(axis=1)
    if outside.any():
        row = int(outside.argmax())
        raise InputError(f"factors: row {row} has a number below 0 or above 1; rescale to that range")
    x, y, size, shade = np.column_stack([columns, np.full((count, len(FACTORS) - known), 0.5)]).T
    # All lengths are in sides of the picture: the centre stays 0.3 away from the edges.
    pixel = (np.arange(side) + 0.5) / side
    across = (pixel - (0.3 + (1 - 2 * 0.3) * x)[:, None])[:, None, :]
    down = (pixel - (0.3 + (1 - 2 * 0.3) * y)[:, None])[:, :, None]
    radius = (0.12 + (0.28 - 0.12) * size)[:, None, None]
    dark = (0.4 + (1 - 0.4) * shade)[:, None, None]
    # The edge is soft, so that the place of the disc is seen to less than a pixel.
    disc = dark / (1 + np.exp((np.sqrt(across**2 + down**2) - radius) / 0.05))
    return np.asarray(disc.reshape(count, -1))
