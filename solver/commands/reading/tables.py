"""Tables by columns, and arrays in chunks: Parquet and Zarr, in files or folders of them.

Their readers, pyarrow and zarr, are imported where such a file is given: `pip install 'modularity-solver[tables]'`.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from solver.commands.reading.arrays import chosen_array
from solver.commands.reading.given import Given
from theory.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["ParquetBlocks", "ZarrBlocks"]

BLOCK_ROWS = 1 << 17
"""Rows that are read at once, unless the chunks of a file are larger."""

READERS = {"pyarrow.dataset": "Parquet", "pyarrow.parquet": "Parquet", "zarr": "Zarr"}


def _reader(name: str, path: Given) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise InputError(
            f"{path}: reading {READERS[name]} needs another package; pip install 'modularity-solver[tables]'"
        ) from None


@dataclass(frozen=True)
class ParquetBlocks:
    """The columns of a Parquet file, or of a folder of them, some thousand rows at a time.

    Attributes:
        names: of the columns;  rows: their number.
    """

    path: Given
    names: tuple[str, ...]
    rows: int
    table: Any

    @classmethod
    def of(cls, path: Given) -> ParquetBlocks:
        """From what stands at the end of the file.

        Raises:
            InputError: a damaged file, no columns, or one that holds no numbers; no pyarrow.
        """
        try:
            if path.path is None:
                table: Any = _reader("pyarrow.parquet", path).ParquetFile(path.open())
                schema, rows = table.schema_arrow, table.metadata.num_rows
            else:
                table = _reader("pyarrow.dataset", path).dataset(str(path.path), format="parquet")
                schema, rows = table.schema, table.count_rows()
        except InputError:
            raise
        except Exception:  # a damaged file fails in many ways
            raise InputError(f"{path}: damaged or not Parquet; write it again") from None
        indices = _row_labels(schema)
        names = tuple(name for name in schema.names if name not in indices)
        for name in names:
            _require_numbers(path, name, schema.field(name).type)
        if not names:
            raise InputError(f"{path}: no columns; give a table with one column a source")
        return cls(path, names, rows, table)

    def read(self) -> Iterator[tuple[Array, None]]:
        """Yield rows (n, columns), and None for their weights.

        Raises:
            InputError: a damaged file.
        """
        options: dict[str, Any] = {"columns": list(self.names), "batch_size": BLOCK_ROWS}
        # Few at a time: what is read ahead is memory.
        ahead = {"batch_readahead": 2, "fragment_readahead": 1}
        try:
            stream = self.table.iter_batches(**options) if self.path.path is None else None
            for batch in self.table.to_batches(**options, **ahead) if stream is None else stream:
                if len(batch):
                    columns = [_as_floats(batch.column(name)) for name in self.names]
                    yield np.column_stack(columns), None
        except (OSError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"{self.path}: damaged, or changed while it was read; write it again") from None


def _row_labels(schema: Any) -> set[str]:
    """Columns in which pandas keeps the labels of rows."""
    told = json.loads((schema.metadata or {}).get(b"pandas", b"{}"))
    return {label for label in told.get("index_columns", ()) if isinstance(label, str)}


def _require_numbers(path: Given, name: str, kind: Any) -> None:
    types: Any = import_module("pyarrow").types
    if not any(
        fits(kind) for fits in (types.is_integer, types.is_floating, types.is_decimal, types.is_boolean, types.is_null)
    ):
        raise InputError(f"{path}: column {name!r} holds no numbers ({kind}); remove or encode it")


def _as_floats(column: Any) -> Array:
    """(n,) with NaN where there is no value."""
    return np.asarray(column.cast("float64", safe=False).to_numpy(zero_copy_only=False))


@dataclass(frozen=True)
class ZarrBlocks:
    """An array of a Zarr store, some of its chunks at a time.

    Attributes:
        array: (T, columns) or (T,);  weights: (T,) from an array of its own, or None.
    """

    path: Given
    array: Any
    weights: Any

    @classmethod
    def of(cls, path: Given, wanted: str, also: str | None) -> ZarrBlocks:
        """The array `wanted` of a group, or the only one but for `also`, which holds weights; or the store's one array.

        Raises:
            InputError: a damaged store, or not one; no such array; no zarr.
        """
        if path.path is None or path.path.is_file():
            raise InputError(f"{path}: a Zarr store is a folder; give its name")
        zarr = _reader("zarr", path)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                store = zarr.open(str(path.path), mode="r")
                arrays = dict(store.arrays()) if hasattr(store, "arrays") else None
        except Exception:  # a damaged store fails in many ways
            raise InputError(f"{path}: damaged or not a Zarr store; write it again") from None
        try:
            name = wanted if arrays is None else chosen_array([name for name in arrays if name != also], wanted)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        array, weights = (store, None) if arrays is None else (arrays[name], arrays.get(also))
        if array.ndim not in (1, 2):
            raise InputError(f"{path}: expected a matrix (rows are samples), got {array.ndim} dimensions")
        if weights is not None and weights.shape != array.shape[:1]:
            raise InputError(f"{path}: {also}, of shape {weights.shape}, does not hold one number a row")
        return cls(path, array, weights)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.array.shape[0])

    @property
    def width(self) -> int:
        """Number of columns."""
        return int(self.array.shape[1]) if self.array.ndim == 2 else 1

    def read(self) -> Iterator[tuple[NDArray[Any], NDArray[Any] | None]]:
        """Yield rows (n, columns), and their weights if they have any.

        Raises:
            InputError: a damaged store.
        """
        # Whole chunks: of each, all rows are read at once or it is read several times.
        chunk = max(1, self.array.chunks[0])
        step = chunk * max(1, BLOCK_ROWS // chunk)
        for start in range(0, self.rows, step):
            rows = slice(start, start + step)
            try:
                block = np.asarray(self.array[rows])
                weights = None if self.weights is None else np.asarray(self.weights[rows])
            except Exception:  # as when it is opened
                raise InputError(
                    f"{self.path}: the chunk of row {start} is damaged, or changed while it was read; write it again"
                ) from None
            yield (block if block.ndim == 2 else block[:, None]), weights
