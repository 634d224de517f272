"""The table of a sweep: one row per point, one column per number; in memory, and as a Parquet file."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solver.extras import require
from theory.errors import InputError
from theory.writing import written_whole

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]

KEY = b"modularity-sweep"
"""Name in the metadata of a Parquet file of the header: JSON that says which sweep it holds."""

CHECKSUM = "checksum"  # name in the header of the checksum of the rows


def require_tables() -> None:
    """Refuse now, not after the work, where tables cannot be written.

    Raises:
        InputError: pyarrow or pandas are not installed.
    """
    require("results", "sweeps", "pyarrow", "pandas")


def columns_of(rows: Sequence[Row], coordinates: Sequence[str]) -> dict[str, list[Any]]:
    """The columns of the table, coordinates first.

    Example:
        >>> columns_of([{"index": 0, "a": 1, "loss": 2.0}, {"index": 1, "a": 1.5, "loss": None}], ["a"])
        {'a': [1.0, 1.5], 'index': [0, 1], 'loss': [2.0, None]}
    """
    names = list(dict.fromkeys([*coordinates, *(name for row in rows for name in row)]))
    return {name: _alike([row.get(name) for row in rows], name in coordinates) for name in names}


def _alike(values: list[Any], coordinate: bool) -> list[Any]:
    """Values of one type: integers among floats become floats, and lists of names one text."""
    if coordinate and any(isinstance(value, list) for value in values):
        return [", ".join(map(str, value)) if isinstance(value, list) else value for value in values]
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int, float}:
        return [None if value is None else float(value) for value in values]
    if coordinate and len(kinds) > 1:
        return [None if value is None else str(value) for value in values]
    return values


def frame(rows: Sequence[Row], coordinates: Sequence[str]) -> pd.DataFrame:
    """The table as pandas has it."""
    import pandas as pd

    return pd.DataFrame(columns_of(rows, coordinates))


def write_table(path: Path, rows: Sequence[Row], coordinates: Sequence[str], header: dict[str, Any]) -> None:
    """Write the table, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table(columns_of(rows, coordinates))
    whole = {**header, CHECKSUM: _checksum(table.to_pylist())}
    table = table.replace_schema_metadata({KEY: json.dumps(whole).encode()})
    with written_whole(path) as partial:
        pq.write_table(table, partial)


def header_of(path: str | os.PathLike[str]) -> dict[str, Any] | None:
    """The header of a file, which says which sweep it holds; None if it holds none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        text = (pq.read_schema(path).metadata or {}).get(KEY)
        header = None if text is None else json.loads(text)
    except (pa.ArrowException, OSError, ValueError, RecursionError):
        return None
    return header if isinstance(header, dict) else None


def read_rows(path: str | os.PathLike[str]) -> list[Row]:
    """The rows of a table that `write_table` wrote.

    Raises:
        InputError: they are not as they were written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # Of the file alone: folders of its path may look like columns.
        rows: list[Row] = pq.ParquetFile(path).read().to_pylist()
    except (pa.ArrowException, OSError, ValueError):  # a damaged page fails in several ways
        rows = []
    if not rows or (header_of(path) or {}).get(CHECKSUM) != _checksum(rows):
        raise InputError(
            f"results: {str(path)!r} is damaged or was altered; give another name, or remove that file first"
        )
    return rows


def _checksum(rows: Sequence[Row]) -> str:
    digest = hashlib.sha256()
    for row in rows:
        digest.update(json.dumps(row, default=str).encode())
    return digest.hexdigest()
