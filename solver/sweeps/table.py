"""The table of a sweep: one row a point, one column a number; in memory, and as a Parquet file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from theory.errors import InputError
from theory.writing import written_whole

if TYPE_CHECKING:
    import os

    import pandas as pd

__all__ = ["frame", "header_of", "read_rows", "require_tables", "write_table"]

KEY = b"modularity-sweep"
"""Under which a Parquet file says, in JSON, which sweep it holds."""

Row = dict[str, Any]


def require_tables() -> None:
    """Say now, not after the work, that tables cannot be written.

    Raises:
        InputError: pyarrow or pandas are not installed.
    """
    from importlib.util import find_spec

    for name in ("pyarrow", "pandas"):
        if find_spec(name) is None:
            raise InputError(f"results: tables need {name}; install modularity-solver[sweeps]")


def columns_of(rows: Sequence[Row], coordinates: Sequence[str]) -> dict[str, list[Any]]:
    """The columns of the table, coordinates first.

    Example:
        >>> columns_of([{"index": 0, "a": 1, "loss": 2.0}, {"index": 1, "a": 1.5, "loss": None}], ["a"])
        {'a': [1.0, 1.5], 'index': [0, 1], 'loss': [2.0, None]}
    """
    names = list(dict.fromkeys([*coordinates, *(name for row in rows for name in row)]))
    return {name: _alike([row.get(name) for row in rows], name in coordinates) for name in names}


def _alike(values: list[Any], coordinate: bool) -> list[Any]:
    """Values of one kind: whole numbers among others become such, and lists of names one text."""
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
    table = table.replace_schema_metadata({KEY: json.dumps(header).encode()})
    with written_whole(path) as partial:
        pq.write_table(table, partial)


def header_of(path: str | os.PathLike[str]) -> dict[str, Any] | None:
    """Which sweep a file holds; None if it holds none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        said = (pq.read_schema(path).metadata or {}).get(KEY)
    except (pa.ArrowException, OSError):
        return None
    return None if said is None else dict(json.loads(said))


def read_rows(path: str | os.PathLike[str]) -> list[Row]:
    """The rows of a table that `write_table` wrote."""
    import pyarrow.parquet as pq

    return list(pq.read_table(path).to_pylist())
