"""Pictures of a disc that differ in where it is, how large and how dark: factors that nothing but a picture tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from theory.errors import InputError
from theory.sources import as_matrix

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from theory.arrays import Array

__all__ = ["FACTORS", "draw"]

FACTORS = ("x", "y", "size", "shade")
"""Factors in the order in which they are added; those that are not given stay in the middle of their range."""

MARGIN, SMALLEST, LARGEST, PALEST = 0.3, 0.12, 0.28, 0.4
"""Nearest that the centre comes to an edge, least and largest radius, in sides of the picture; least shade."""

EDGE = 0.05
"""Width of the disc's edge, in sides of the picture: soft, so that its place can be told to less than a pixel."""


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
    given = as_matrix(factors, "factors")
    if not 2 <= given.shape[1] <= len(FACTORS):
        raise InputError(f"factors: {given.shape[1]} columns; give the first two to four of {', '.join(FACTORS)}")
    if not ((given >= 0) & (given <= 1)).all():
        row = int(np.flatnonzero(((given < 0) | (given > 1)).any(axis=1))[0])
        raise InputError(f"factors: row {row} has a number below 0 or above 1; rescale to that range")
    x, y, size, shade = np.column_stack([given, np.full((len(given), len(FACTORS) - given.shape[1]), 0.5)]).T
    pixel = (np.arange(side) + 0.5) / side
    across = (pixel - (MARGIN + (1 - 2 * MARGIN) * x)[:, None])[:, None, :]
    down = (pixel - (MARGIN + (1 - 2 * MARGIN) * y)[:, None])[:, :, None]
    radius = (SMALLEST + (LARGEST - SMALLEST) * size)[:, None, None]
    dark = (PALEST + (1 - PALEST) * shade)[:, None, None]
    disc = dark / (1 + np.exp((np.sqrt(across**2 + down**2) - radius) / EDGE))
    return np.asarray(disc.reshape(len(given), -1))
