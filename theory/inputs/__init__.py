"""Arguments, checked: matrices of finite numbers, weights, names; or one line that says what is wrong, and where."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from theory.arrays import Array, ArrayLike
from theory.errors import InputError
from theory.inputs.names import distinct_names, printable
from theory.inputs.tensors import plain_array

__all__ = [
    "LARGEST",
    "SMALLEST",
    "as_array",
    "as_matrix",
    "as_number",
    "as_rows",
    "checked_names",
    "checked_probabilities",
    "column_labels",
    "column_names",
    "has_blocks",
    "require_plain",
    "whole_number",
]

# Between them squares of sources, mixings and costs, and their products, can be computed: floating point ends at 1e-308
# and 1e308.
SMALLEST = 1e-140
LARGEST = 1e140


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
    raw = _numbers(values, name, columns, first_row, matrix=True)
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


def as_array(values: ArrayLike, name: str) -> Array:
    """Turn anything array-like, in any number of dimensions, into an array of float64, or say what is wrong.

    An array of float64 is not copied. Numbers that are not finite are left to the caller.

    Raises:
        InputError: values that are not numbers, such as dates; complex ones; masked ones.

    Example:
        >>> as_array([[[1, 2]]], "transitions").shape
        (1, 1, 2)
    """
    with np.errstate(over="ignore"):
        return np.asarray(_numbers(values, name), dtype=np.float64)


def _numbers(
    values: ArrayLike, name: str, columns: Sequence[str] | None = None, first_row: int = 0, *, matrix: bool = False
) -> np.ndarray:
    """An array of real numbers of any kind; for the messages, whether it is to be a matrix."""
    if type(values) is np.ndarray and values.dtype == np.float64:
        return values
    require_plain(values, name, columns=columns, first_row=first_row)
    try:
        raw = np.asarray(plain_array(values))
    except ValueError:
        uneven = "rows have different lengths; give every row the same number of columns"
        raise InputError(f"{name}: {uneven if matrix else 'parts of different shapes; give all the same'}") from None
    except TypeError:  # what is several tables, or columns that have no common kind
        raise InputError(
            f"{name}: a {type(values).__name__} is no matrix of numbers; give one table or array of them"
        ) from None
    if raw.ndim == 0 and raw.dtype.kind not in "biufc":
        expected = "a matrix (rows are samples)" if matrix else "an array of numbers"
        raise InputError(f"{name}: expected {expected}, got {type(values).__name__}")
    if raw.dtype.kind == "c":
        raise InputError(f"{name}: the values are complex; pass the real and imaginary parts as separate columns")
    if raw.dtype.kind in "mM":
        raise InputError(f"{name}: the values are dates or times; give numbers, such as days since the first")
    if raw.dtype.kind not in "biuf":
        raw = _numbers_from_objects(raw, name, columns, first_row)
    return raw


def require_plain(values: Any, name: str, *, columns: Sequence[str] | None = None, first_row: int = 0) -> None:
    """Refuse what numpy would turn into other numbers without a word: masked values, and dates among numbers.

    What lies beneath a mask, often -9999, was not measured.

    Args:
        values: anything array-like; of masked arrays, or lists of them, the masks are looked at.
        name: what to call it in a message.
        columns: names of the columns.
        first_row: number of the first row in a message.

    Raises:
        InputError: how many values are masked, and where the first is; dates in a table of polars or pyarrow.

    Example:
        >>> require_plain(np.ma.array([[1, 2], [3, 4]], mask=[[False, False], [False, True]]), "sources")
        Traceback (most recent call last):
        theory.errors.InputError: sources: 1 value(s) are masked, the first at row 1, column 1 of sources ...
    """
    count, first = _masked(values)
    if count:
        row, column = [*first, 0, 0][:2]
        place = _cell(name, first_row + row, column, columns)
        raise InputError(f"{name}: {count} value(s) are masked, the first at {place}; drop those rows or fill them in")
    _require_no_times(values, name)


def as_rows(values: ArrayLike, name: str, columns: int) -> Array:
    """(n, columns) numbers, or one row of them, as the argument of a formula; masked values are refused.

    Raises:
        InputError: masked values, text, another number of columns.

    Example:
        >>> as_rows([1, 2], "weights", 2).tolist()
        [[1.0, 2.0]]
        >>> as_rows([[1, 2, 3]], "weights", 2)
        Traceback (most recent call last):
        theory.errors.InputError: weights: shape (1, 3) does not fit; give rows of 2 numbers
    """
    if type(values) is np.ndarray and values.dtype == np.float64 and values.shape[1:] == (columns,):
        return values
    if type(values) is not np.ndarray:
        require_plain(values, name)
    try:
        rows = np.atleast_2d(np.asarray(plain_array(values), dtype=np.float64))
    except (TypeError, ValueError):
        raise InputError(f"{name}: not a matrix of numbers; give rows of {columns} numbers") from None
    if rows.ndim != 2 or rows.shape[1] != columns:
        raise InputError(f"{name}: shape {np.shape(rows)} does not fit; give rows of {columns} numbers")
    return rows


def as_number(value: Any, name: str) -> float:
    """A number as a float, finite or not; an InputError for what is none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        raise InputError(f"{name}: {value!r} is not a number") from None


def whole_number(value: Any, name: str, least: int = 0, most: int | None = None) -> int:
    """A whole number, of Python or numpy, within bounds.

    Raises:
        InputError: it is none, or out of bounds.

    Example:
        >>> whole_number(np.int64(3), "neurons")
        3
        >>> whole_number(2.5, "neurons", 1)
        Traceback (most recent call last):
        theory.errors.InputError: neurons: 2.5 is not a whole number from 1 on
    """
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not (whole and least <= value and (most is None or value <= most)):
        ends = f"{least} on" if most is None else f"{least} to {most:,}"
        raise InputError(f"{name}: {value!r} is not a whole number from {ends}")
    return int(value)


def _masked(values: Any) -> tuple[int, list[int]]:
    """How many values are masked, and the place of the first."""
    if isinstance(values, np.ma.MaskedArray):
        mask: Any = np.ma.getmaskarray(values)
        if mask.dtype.names is not None:  # of records, a mask each field
            mask = np.column_stack([np.asarray(mask[field]).reshape(len(mask), -1) for field in mask.dtype.names])
        return int(mask.sum()), [int(i) for i in np.argwhere(mask)[:1].ravel()]
    if not isinstance(values, list | tuple):
        return 0, []
    masks = {row: np.ma.getmaskarray(part) for row, part in enumerate(values) if np.ma.isMaskedArray(part)}
    first = next(([row, *map(int, np.argwhere(mask)[0])] for row, mask in masks.items() if mask.any()), [])
    return sum(int(mask.sum()) for mask in masks.values()), first


def _library(values: Any) -> str:
    return type(values).__module__.split(".")[0]


def _require_no_times(values: Any, name: str) -> None:
    """Refuse dates and times in a table of polars or pyarrow: among numbers they would become such."""
    library, schema = _library(values), getattr(values, "schema", None)
    if schema is None or library not in ("polars", "pyarrow"):
        return
    kinds = schema.items() if library == "polars" else ((field.name, field.type) for field in schema)
    for column, kind in kinds:
        if re.match("date|time|duration|month", str(kind), re.IGNORECASE):
            raise InputError(
                f"{name}: column {str(column)!r} holds dates or times ({kind}); give numbers, such as days since the "
                "first, or leave it out"
            )


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
            shown = value if len(value) <= 40 else f"{value[:40]}..."
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
        empty = len(bad) > 1 and bad[:, column].all()
        remedy = "drop that column, which has no number" if empty else "drop those rows or fill them in"
        raise InputError(f"{name}: {count} value(s) are NaN or infinite, the first at {place}; {remedy}")


def column_names(values: Any, name: str = "sources") -> tuple[str, ...] | None:
    """The names of the columns of a table, as `column_labels`, if they tell the columns apart.

    Raises:
        InputError: two of one name, or a column that only numbers the rows.
    """
    labels = column_labels(values)
    return None if labels is None else distinct_names(labels, name)


def column_labels(values: Any) -> tuple[str, ...] | None:
    """What the columns of a table (of pandas, polars, pyarrow or xarray) are called, or None of what has no names."""
    # pyarrow calls the contents columns.
    columns = getattr(values, "column_names" if _library(values) == "pyarrow" else "columns", None)
    dimensions: tuple[Any, ...] = getattr(values, "dims", ())
    if columns is None and len(dimensions) == 2 and dimensions[1] in getattr(values, "coords", ()):
        columns = values.coords[dimensions[1]].values
    return None if columns is None else tuple(printable(str(column)) for column in columns)


def has_blocks(values: Any) -> bool:
    """Whether values are an array or table of dask, in blocks that may lie elsewhere and are yet to be computed."""
    # xarray has the method whether or not there are blocks behind it, and says so by None.
    graph = getattr(values, "__dask_graph__", None)
    return callable(graph) and graph() is not None


def checked_names(names: Sequence[str] | None, dimension: int) -> tuple[str, ...]:
    """One name per source, ``s1 ... sd`` if there are none.

    Raises:
        InputError: another number of them, or two that are the same.
    """
    if names is None:
        return tuple(f"s{i + 1}" for i in range(dimension))
    if len(names) != dimension:
        raise InputError(f"names: {len(names)} given for {dimension} source(s); give one per column")
    return distinct_names(names, "sources")


def neuron_names(activity: Any, count: int, names: Sequence[str] | None) -> tuple[str, ...]:
    """One name per neuron: those given, or of the columns of a table of activity, or their numbers from one.

    Raises:
        InputError: another number of them, or two that are the same.
    """
    if names is None:
        return column_names(activity, "activity") or tuple(map(str, range(1, count + 1)))
    if len(names) != count:
        raise InputError(f"neurons: {len(names)} name(s) for {count} neuron(s); give one per neuron")
    return distinct_names(names, "neurons")


def checked_probabilities(probabilities: ArrayLike | None, count: int) -> Array | None:
    """(count,) weights that sum to one, or None for equal ones.

    Raises:
        InputError: weights that are not one nonnegative number per sample.
    """
    if probabilities is None:
        return None
    weights = as_matrix(probabilities, "probabilities")
    if weights.shape[1] != 1:
        raise InputError(f"probabilities: expected one number per sample, got shape {weights.shape}")
    weights = weights[:, 0]
    if len(weights) != count:
        raise InputError(f"probabilities: {len(weights)} given for {count} samples; give one per row")
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
    total = math.fsum(weights)  # in whatever order
    # What was divided by its sum already, such as what comes out of a file, stays as it is to the last digit.
    rounding = 64 * float(np.finfo(float).eps)  # of each weight, and of the sum
    return np.array(weights if abs(total - 1) <= rounding else weights / total)
