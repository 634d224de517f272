"""Tables by columns, and arrays in chunks: Parquet and Zarr, in files or folders of them.

Their readers, pyarrow and zarr, are imported where such a file is given: `pip install 'modularity-solver[tables]'`.
"""

from __future__ import annotations

import json
import os
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solver.extras import missing
from solver.reading.arrays import chosen_array
from solver.reading.choice import EVERYTHING, Choice, Places
from solver.reading.files import InputFile, named
from theory.arrays import Array
from theory.errors import InputError
from theory.inputs import column_names
from theory.inputs.names import distinct_names

TABLE_ROWS = 1 << 17  # rows that are read at once, unless the chunks of a file are larger

READERS = {"pyarrow.dataset": "Parquet", "pyarrow.parquet": "Parquet", "zarr": "Zarr", "xarray": "this Zarr"}

ROW_LABELS = re.compile(r"__index_level_\d+__")  # what pandas calls labels of rows that have no name

PACKED = ("_FillValue", "missing_value", "scale_factor", "add_offset")
"""Attributes by which xarray, and netCDF before it, say which numbers stand for others, or for none."""


def _reader(name: str, path: InputFile) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise missing(f"{path}: reading {READERS[name]}", "tables", name.partition(".")[0]) from None


@dataclass(frozen=True)
class ParquetBlocks:
    """The columns of a Parquet file, or of a folder of them, some thousand rows at a time."""

    path: InputFile  # the file or folder
    names: tuple[str, ...]  # of the columns
    rows: int  # their number
    table: Any  # of pyarrow
    weights: None = None  # None: they are a column, if there are any
    places: Places | None = None  # of the columns that were chosen, or None

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.names)

    @classmethod
    def of(cls, path: InputFile, choice: Choice = EVERYTHING) -> ParquetBlocks:
        """From what stands at the end of the file.

        Raises:
            InputError: a damaged file, no columns, or one that holds no numbers; no pyarrow.
        """
        known = _known_columns(path, choice)
        if not known.kinds:
            raise InputError(f"{path}: no columns; give a table with one column per source")
        if not choice:
            return cls(path, tuple(known.kinds), known.rows, known.table)
        places = choice.places(path, tuple(known.kinds), len(known.kinds))
        for name in places.names:
            _require_numbers(str(path), name, known.kinds[name])
        return cls(path, places.names, known.rows, known.table, places=places)

    def words(self) -> list[list[str]]:
        """The cells of each column of words; empty where there is none."""
        names = [] if self.places is None else [self.places.all_names[column] for column in self.places.words]
        if not names:
            return []
        whole = self.table.read(columns=names) if self.path.path is None else self.table.to_table(columns=names)
        return [["" if cell is None else str(cell) for cell in whole.column(name).to_pylist()] for name in names]

    def read(self) -> Iterator[tuple[Array, None]]:
        """Yield rows (n, columns), and None for their weights.

        Raises:
            InputError: a damaged file.
        """
        options: dict[str, Any] = {"columns": list(self.names), "batch_size": TABLE_ROWS}
        # Few at a time: what is read ahead is memory.
        ahead = {"batch_readahead": 2, "fragment_readahead": 1}
        try:
            stream = self.table.iter_batches(**options) if self.path.path is None else None
            for batch in self.table.to_batches(**options, **ahead) if stream is None else stream:
                if len(batch):
                    columns = [_as_floats(batch.column(name)) for name in self.names]
                    yield np.column_stack(columns) if columns else np.empty((len(batch), 0)), None
        except (OSError, ValueError, TypeError, NotImplementedError) as error:  # pyarrow's own are of these
            if isinstance(error, InputError):
                raise
            raise InputError(f"{self.path}: damaged, or changed while it was read; write it again") from None


@dataclass(frozen=True)
class _Columns:
    """What stands at the end of a Parquet file, or of all files of a folder."""

    kinds: dict[str, Any]  # of the columns by their names, last those of names of folders
    rows: int  # their number
    table: Any  # to be read


def _known_columns(path: InputFile, choice: Choice) -> _Columns:
    """The columns of a file or folder, which must be the same in all of its files.

    Raises:
        InputError: a damaged file; columns that hold no numbers, have one name, or are not in every file.
    """
    try:
        if path.path is None or path.path.is_file():
            file: Any = _reader("pyarrow.parquet", path).ParquetFile(path.open() if path.path is None else path.path)
            kinds = _kinds(str(path), file.schema_arrow, choice)
            if path.path is None:
                return _Columns(kinds, file.metadata.num_rows, file)
        dataset = _reader("pyarrow.dataset", path).dataset
        # Names of folders such as cond=1 are a column, within a folder that is given.
        options = {"format": "parquet", "partitioning": "hive" if path.path.is_dir() else None}
        table = dataset(str(path.path), **options)
        files = {str(part.path): part.physical_schema for part in table.get_fragments()}
        rows = table.count_rows()
    except InputError:
        raise
    except Exception:  # a damaged file fails in many ways
        raise InputError(f"{path}: damaged or not Parquet; write it again") from None
    kinds = _shared_kinds(path, {name: _kinds(name, schema, choice) for name, schema in files.items()})
    stored = {name for schema in files.values() for name in schema.names}
    for field in table.schema:
        if field.name not in stored:
            if not choice:
                _require_numbers(str(path), field.name, field.type)
            kinds[field.name] = field.type
    if any(table.schema.field(name).type != kind for name, kind in kinds.items()):
        table = dataset(str(path.path), schema=import_module("pyarrow").schema(list(kinds.items())), **options)
    return _Columns(kinds, rows, table)


def _shared_kinds(path: InputFile, files: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What the columns of all files hold: floats, where some have one kind of number and some another."""
    first = next(iter(files), "")
    kinds = dict(files.get(first, {}))
    for name, columns in files.items():
        apart = sorted(columns.keys() ^ kinds.keys())
        if apart:
            holding, lacking = (name, first) if apart[0] in columns else (first, name)
            raise InputError(
                f"{path}: column {apart[0]!r} is in {os.path.basename(holding)}, but not in "
                f"{os.path.basename(lacking)}; give all files the same columns"
            )
        floats = import_module("pyarrow").float64()
        kinds = {column: kind if kind == columns[column] else floats for column, kind in kinds.items()}
    return kinds


def _kinds(name: str, schema: Any, choice: Choice) -> dict[str, Any]:
    """What the columns of a file hold, but for those in which pandas keeps the labels of rows.

    All are numbers, unless some columns are chosen.
    """
    labels = _row_labels(schema) - {choice.index}
    kept = [field for field in schema if field.name not in labels]
    distinct_names([field.name for field in kept], name)
    for field in () if choice else kept:
        _require_numbers(name, field.name, field.type)
    return {field.name: field.type for field in kept}


def _row_labels(schema: Any) -> set[str]:
    """Columns in which pandas keeps the labels of rows."""
    unnamed = {name for name in schema.names if ROW_LABELS.fullmatch(name)}
    try:
        labels = json.loads((schema.metadata or {}).get(b"pandas", b"{}"))["index_columns"]
    except (ValueError, KeyError, TypeError, RecursionError):  # none, or broken: the columns are there all the same
        return unnamed
    return unnamed | {label for label in (labels if isinstance(labels, list) else ()) if isinstance(label, str)}


def _require_numbers(file: str, name: str, kind: Any) -> None:
    types: Any = import_module("pyarrow").types
    if not any(
        fits(kind) for fits in (types.is_integer, types.is_floating, types.is_decimal, types.is_boolean, types.is_null)
    ):
        raise InputError(f"{file}: column {name!r} holds no numbers ({kind}); remove or encode it")


def _as_floats(column: Any) -> Array:
    """(n,) with NaN where there is no value."""
    return np.asarray(column.cast("float64", safe=False).to_numpy(zero_copy_only=False))


@dataclass(frozen=True)
class ZarrBlocks:
    """An array of a Zarr store, some of its chunks at a time."""

    path: InputFile  # the store
    array: Any  # (T, columns) or (T,), of zarr, or of xarray where that wrote it
    weights: Any  # (T,) from an array of its own, or None
    chunk: int  # rows of a chunk
    names: tuple[str, ...] | None = None  # of the columns, where xarray keeps them, or where some are chosen
    places: Places | None = None  # of the columns that were chosen, or None

    @classmethod
    def of(cls, path: InputFile, wanted: str, also: str | None, choice: Choice = EVERYTHING) -> ZarrBlocks:
        """The array `wanted` of a group, or the only one but for `also`, which holds weights; or the store's one array.

        Raises:
            InputError: a damaged store, or not one; no such array; chunks that are not there; no zarr.
        """
        if path.path is None or path.path.is_file():
            raise InputError(f"{path}: a Zarr store is a folder; give its name")
        zarr = _reader("zarr", path)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                store = zarr.open(str(path.path), mode="r")
                arrays = dict(store.arrays()) if hasattr(store, "arrays") else {"": store}
                dimensions = {name: _dimensions(array) for name, array in arrays.items()}
        except Exception:  # a damaged store fails in many ways
            raise InputError(f"{path}: damaged or not a Zarr store; write it again") from None
        # What is named as its own dimension says where the others lie.
        candidates = [one for one, named in dimensions.items() if one != also and named != (one,)]
        with named(path):
            name = "" if "" in arrays else chosen_array(path, candidates, wanted)
        taken = {one: arrays[one] for one in (name, also) if one is not None and one in arrays}
        for one, array in taken.items():
            _require_chunks(path, one, array)
        array, weights, names = taken[name], taken.get(also or " "), None
        if array.ndim not in (1, 2):
            raise InputError(f"{path}: expected a matrix (rows are samples), got {array.ndim} dimensions")
        if weights is not None and weights.shape != array.shape[:1]:
            raise InputError(f"{path}: {also}, of shape {weights.shape}, does not hold one number per row")
        chunk = max(1, _stored_chunks(array)[0])
        if name and dimensions[name]:
            kept = {*taken, *dimensions[name]}
            opened = _opened_by_xarray(path, [one for one in arrays if one not in kept])
            array, weights = opened[name], None if weights is None else opened[also]
            names = column_names(array, str(path))
        else:
            _require_unpacked(path, taken)
        if not choice:
            return cls(path, array, weights, chunk, names)
        width = int(array.shape[1]) if array.ndim == 2 else 1
        places = choice.with_weights(None if weights is not None else also).places(path, names, width)
        return cls(path, array, weights, chunk, places.names, places)

    def words(self) -> list[list[str]]:
        """The cells of each column of words."""
        columns = () if self.places is None else self.places.words
        return [[str(cell) for cell in np.asarray(self.array[:, column]).tolist()] for column in columns]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.array.shape[0])

    @property
    def width(self) -> int:
        """Number of columns that are read."""
        if self.places is not None:
            return len(self.places.numbers)
        return int(self.array.shape[1]) if self.array.ndim == 2 else 1

    def read(self) -> Iterator[tuple[NDArray[Any], NDArray[Any] | None]]:
        """Yield rows (n, columns), and their weights if they have any.

        Raises:
            InputError: a damaged store.
        """
        # Whole chunks: of each, all rows are read at once or it is read several times.
        step = self.chunk * max(1, TABLE_ROWS // self.chunk)
        for start in range(0, self.rows, step):
            rows = slice(start, start + step)
            try:
                block = np.asarray(self.array[rows])
                weights = None if self.weights is None else np.asarray(self.weights[rows])
            except Exception:  # as when it is opened
                raise InputError(
                    f"{self.path}: the chunk of row {start} is damaged, or changed while it was read; write it again"
                ) from None
            block = block if block.ndim == 2 else block[:, None]
            yield (block if self.places is None else block[:, list(self.places.numbers)]), weights


def blocks_of(
    path: InputFile, wanted: str, also: str | None, choice: Choice = EVERYTHING
) -> ParquetBlocks | ZarrBlocks:
    """The blocks of a file or folder of one of these two kinds; for the arguments see `ZarrBlocks.of`.

    Raises:
        InputError: a damaged file, or one without such columns or arrays.
    """
    if path.kind == ".parquet":
        return ParquetBlocks.of(path, choice.with_weights(also))
    return ZarrBlocks.of(path, wanted, also, choice)


def _dimensions(array: Any) -> tuple[str, ...]:
    """Names of the dimensions, as xarray gives them; none where one of them has none."""
    named = getattr(array.metadata, "dimension_names", None) or array.attrs.get("_ARRAY_DIMENSIONS") or ()
    return tuple(named) if all(isinstance(one, str) for one in named) else ()


def _stored_chunks(array: Any) -> tuple[int, ...]:
    """The shape of what is stored in one piece: a chunk, or a shard of several."""
    return tuple(getattr(array, "shards", None) or array.chunks)


def _require_chunks(path: InputFile, name: str, array: Any) -> None:
    """Refuse an array of which a part is not there: it would read as zeros."""
    whole = _stored_chunks(array)
    count = prod(-(-length // chunk) for length, chunk in zip(array.shape, whole, strict=True))
    # Of a shard, which is stored in one piece, zarr counts the parts.
    count_stored = array.nchunks_initialized // prod(
        part // chunk for part, chunk in zip(whole, array.chunks, strict=True)
    )
    if count_stored < count:
        about = f"array {name!r}" if name else "the array"
        raise InputError(
            f"{path}: {count - count_stored} of {count} chunk(s) of {about} are not there, and would read as "
            f"{array.fill_value}; copy the store again, or write it with write_empty_chunks where they hold that value"
        )


def _require_unpacked(path: InputFile, arrays: dict[str, Any]) -> None:
    """Refuse numbers that stand for others, where nothing is there to say of which dimensions."""
    for array in arrays.values():
        said = next((one for one in PACKED if one in array.attrs), None)
        if said is not None:
            raise InputError(
                f"{path}: packed numbers ({said}) in an array whose dimensions have no names; write it with xarray, or "
                "as plain numbers"
            )


def _opened_by_xarray(path: InputFile, left_out: list[str]) -> Any:
    """A store with the numbers that are meant: scaled, moved, and NaN where there are none; times as such."""
    xarray = _reader("xarray", path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return xarray.open_zarr(str(path.path), chunks=None, drop_variables=left_out)
    except Exception:  # attributes of any kind may be wrong
        raise InputError(f"{path}: damaged, or not as xarray writes a Zarr store; write it again") from None
