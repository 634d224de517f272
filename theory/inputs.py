"""What is given, checked: matrices of finite numbers, weights, names. Or one line saying what is wrong, and where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from theory.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

__all__ = ["LARGEST", "SMALLEST", "as_matrix", "checked_names", "checked_probabilities", "column_names", "has_blocks"]

SMALLEST, LARGEST = 1e-140, 1e140
"""Sizes of sources and mixings, and of prices, between which squares and their products can be computed: floating point
ends at 1e-308 and 1e308."""

SHOWN = 40
"""Characters of a bad value that a message repeats."""


def as_matrix(values: ArrayLike, name: str, *, columns: Sequence[str] | None = None, first_row: int = 0) -> Array:
    """Turn anything array-like into a finite float64 matrix, or say what is wrong and where.

    A matrix of float64 is not copied. A vector is read as one column.

    Args:
        values: anything array-like.
        name: what to call it in a message.
        columns: names of the columns.
        first_row: number of the first row in a message, where the values are part of something larger.

    Raises:
        InputError: values that are not numbers, not finite, or not a matrix.

    Example:
        >>> as_matrix([[1, 2], [3, 4]], "sources").dtype
        dtype('float64')
    """
    try:
        raw = np.asarray(values)
    except ValueError:
        raise InputError(f"{name}: rows have different lengths; give every row the same number of columns") from None
    if raw.ndim == 0 and raw.dtype.kind not in "biufc":
        raise InputError(f"{name}: expected a matrix (rows are samples), got {type(values).__name__}")
    if raw.dtype.kind == "c":
        raise InputError(f"{name}: the values are complex; pass the real and imaginary parts as separate columns")
    if raw.dtype.kind in "mM":
        raise InputError(f"{name}: the values are dates or times; give numbers, such as days since the first")
    if raw.dtype.kind not in "biuf":
        raw = _numbers_from_objects(raw, name, columns, first_row)
    if raw.ndim == 1:
        raw = raw[:, None]
    if raw.ndim != 2:
        raise InputError(f"{name}: expected a matrix (rows are samples), got {raw.ndim} dimensions")
    if raw.size == 0:
        raise InputError(f"{name}: empty, of shape {raw.shape}; give at least one row and one column")
    with np.errstate(over="ignore"):  # of a longer float, which is refused next
        matrix = np.ascontiguousarray(raw, dtype=np.float64)
    _require_finite(matrix, name, columns, first_row)
    return matrix


def _cell(name: str, row: int, column: int, columns: Sequence[str] | None) -> str:
    label = f" ({columns[column]!r})" if columns is not None and column < len(columns) else ""
    return f"row {row}, column {column}{label} of {name} (counted from 0)"


def _numbers_from_objects(raw: np.ndarray, name: str, columns: Sequence[str] | None, first_row: int) -> np.ndarray:
    try:
        return raw.astype(np.float64)
    except (ValueError, TypeError, OverflowError):
        pass
    for index in np.ndindex(raw.shape):
        try:
            float(raw[index])
        except (ValueError, TypeError, OverflowError):
            row, column = index[0], index[1] if len(index) > 1 else 0
            place = _cell(name, first_row + row, column, columns)
            value = repr(raw.item(index))
            shown = value if len(value) <= SHOWN else f"{value[:SHOWN]}..."
            raise InputError(f"{name}: {shown} is not a number, at {place}; remove or encode it") from None
    raise InputError(f"{name}: the values cannot be read as numbers")


def _require_finite(matrix: Array, name: str, columns: Sequence[str] | None, first_row: int) -> None:
    # A sum is finite only if every term is, and needs no temporary: the common case costs one pass.
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(matrix.sum()):
            return
    bad = ~np.isfinite(matrix)
    count = int(bad.sum())
    if count:
        row, column = (int(i) for i in np.argwhere(bad)[0])
        place = _cell(name, first_row + row, column, columns)
        raise InputError(
            f"{name}: {count} value(s) are NaN or infinite, the first at {place}; drop those rows or fill them in"
        )


def column_names(values: Any) -> tuple[str, ...] | None:
    """The names of the columns of a table (of pandas, polars or xarray), or None of what has none."""
    columns = getattr(values, "columns", None)
    dimensions: tuple[Any, ...] = getattr(values, "dims", ())
    if columns is None and len(dimensions) == 2 and dimensions[1] in getattr(values, "coords", ()):
        columns = values.coords[dimensions[1]].values
    return None if columns is None else tuple(str(column) for column in columns)


def has_blocks(values: Any) -> bool:
    """Whether values are an array or table of dask, in blocks that may lie elsewhere and are yet to be computed."""
    # xarray has the method whether or not there are blocks behind it, and says so by None.
    graph = getattr(values, "__dask_graph__", None)
    return callable(graph) and graph() is not None


def checked_names(names: Sequence[str] | None, dimension: int) -> tuple[str, ...]:
    """One name a source, ``s1 ... sd`` if none are given.

    Raises:
        InputError: another number of them.
    """
    if names is None:
        return tuple(f"s{i + 1}" for i in range(dimension))
    if len(names) != dimension:
        raise InputError(f"names: {len(names)} given for {dimension} source(s); give one a column")
    return tuple(str(name) for name in names)


def checked_probabilities(probabilities: ArrayLike | None, count: int) -> Array | None:
    """(count,) weights that sum to one, or None for equal ones.

    Raises:
        InputError: weights that are not one nonnegative number a sample.
    """
    if probabilities is None:
        return None
    weights = as_matrix(probabilities, "probabilities")
    if weights.shape[1] != 1:
        raise InputError(f"probabilities: expected one number a sample, got shape {weights.shape}")
    weights = weights[:, 0]
    if len(weights) != count:
        raise InputError(f"probabilities: {len(weights)} given for {count} samples; give one a row")
    negative = np.flatnonzero(weights < 0)
    if len(negative):
        i = int(negative[0])
        raise InputError(
            f"probabilities: {len(negative)} negative value(s), the first {weights[i]:g} at row {i} (counted from 0); "
            "give nonnegative weights"
        )
    largest = float(weights.max())
    if not largest > 0:
        raise InputError("probabilities: all are zero; give at least one sample a positive weight")
    if not SMALLEST < largest < LARGEST:
        weights = weights / largest  # whose sum may overflow, or have lost its digits
    return np.asarray(weights / weights.sum())
