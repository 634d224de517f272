"""What of the arguments of `Sources` is refused: samples with their weights, or moments with vertices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from theory.arrays import Array, ArrayLike
from theory.errors import InputError
from theory.immutable import locked
from theory.inputs import LARGEST, as_matrix, checked_names, checked_probabilities, column_names


class CheckedSamples(NamedTuple):
    """Samples that may be used."""

    points: Array  # (T, d), locked
    probabilities: Array | None  # (T,) of sum one, or None for equal ones
    names: tuple[str, ...]  # d of them


class CheckedMoments(NamedTuple):
    """Moments that may be used."""

    vertices: Array  # (V, d), locked
    covariance: Array  # (d, d), symmetric
    mean: Array  # (d,), locked
    names: tuple[str, ...]  # d of them


def checked_samples(points: ArrayLike, probabilities: ArrayLike | None, names: Sequence[str] | None) -> CheckedSamples:
    """Samples (T, d) with weights (T,), None for equal ones, and names, by default those of the table.

    Raises:
        InputError: no matrix of finite numbers, names or weights that do not fit it, a single row.
    """
    columns = tuple(names) if names is not None else column_names(points)
    matrix = locked(as_matrix(points, "sources", columns=columns))
    samples = CheckedSamples(
        matrix, checked_probabilities(probabilities, len(matrix)), checked_names(columns, matrix.shape[1])
    )
    if len(matrix) < 2:
        raise InputError("sources: only one row; a code needs at least two different samples")
    return samples


def checked_moments(
    covariance: ArrayLike, vertices: ArrayLike, mean: ArrayLike | None, names: Sequence[str] | None
) -> CheckedMoments:
    """Covariance (d, d), vertices (V, d) and mean (d,), zero if None, of shapes that fit.

    Names are those of the columns of the table of vertices, if not given.

    Raises:
        InputError: no matrices of finite numbers, shapes that do not fit, no symmetry.
    """
    columns = tuple(names) if names is not None else column_names(vertices)
    corners = locked(as_matrix(vertices, "vertices", columns=columns))
    dimension = corners.shape[1]
    moments = as_matrix(covariance, "covariance")
    if moments.shape != (dimension, dimension):
        raise InputError(
            f"covariance: shape {moments.shape} does not fit vertices with {dimension} column(s); "
            f"give a {dimension} by {dimension} matrix"
        )
    largest = float(np.abs(moments).max())
    if largest > LARGEST**2:
        raise InputError(f"covariance: {largest:.3g} is too large for floating point; choose a larger unit")
    if not np.allclose(moments, moments.T, rtol=0, atol=1e-12 * float(np.abs(np.diag(moments)).max())):
        raise InputError("covariance: not symmetric; give (C + C') / 2 if the difference is rounding")
    centre = np.zeros(dimension) if mean is None else locked(as_matrix(mean, "mean")).reshape(-1)
    if centre.shape != (dimension,) or not np.isfinite(centre).all():
        raise InputError(f"mean: expected {dimension} finite number(s)")
    return CheckedMoments(corners, moments / 2 + moments.T / 2, centre, checked_names(columns, dimension))
