"""Files in: a table of numbers, or one clear sentence saying why not and where.

`-` is standard input. What can be read only once, such as a pipe, is read whole and its kind told by its first bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from solver.reading.archives import read_archive
from solver.reading.arrays import load, read_npy, read_npz
from solver.reading.choice import EVERYTHING, Choice
from solver.reading.files import (
    ARCHIVES,
    FOLDERS,
    HEAD_BYTES,
    InputFile,
    NumericTable,
    input_file,
    named,
    weights_column,
    without_weights,
)
from solver.reading.layout import number_in
from solver.reading.prepared import PreparedTable, prepared
from solver.reading.streams import Follow, is_past_memory, is_streamed, stream
from solver.reading.tables import blocks_of
from solver.reading.text import decimals, read_text
from theory.arrays import Array
from theory.dynamics import as_stack
from theory.errors import InputError
from theory.inputs import as_matrix
from theory.inputs.names import distinct_names
from theory.sources import Sources


def read_sources(
    path: str | Path | InputFile,
    probabilities: str | None = None,
    follow: Follow | None = None,
    *,
    whole: bool = False,
    choice: Choice = EVERYTHING,
) -> Sources:
    r"""Sources from a file, one row per sample and one column per source; as a stream where they are large.

    Args:
        path: .csv, .tsv, .txt (header or not; comma, semicolon, tab or spaces; .gz behind it where it is compressed),
            .npy, .parquet; .npz, .zarr, .mat, .h5 or .nwb (array `sources`, the only one, or the one named behind the
            file and a colon); "-" for a file of any of these kinds from standard input.
        follow: called now and then with how much of how much of a stream has been read.
        whole: whether the samples are needed themselves, however many they are.
        probabilities: column that holds the samples' weights instead of a source: its name, or its number counted
            from 0; for .npz and .zarr also the name of an array.
        choice: which of the other columns are sources; by default all, which then must hold numbers.

    Raises:
        InputError: what is wrong, in which file, at which line and column.
        OSError: the file cannot be opened.

    Example:
        >>> import tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> file = Path(folder.name) / "square.csv"
        >>> _ = file.write_text("left;right\n-1;-1\n-1;1\n1;-1\n1;1\n")
        >>> read_sources(file)
        Sources(4 samples of left, right)
        >>> folder.cleanup()
    """
    path = input_file(path)
    if not whole and is_streamed(path, probabilities, choice):
        return stream(path, probabilities, follow, choice)
    table = read_samples(path, probabilities, choice)
    return Sources(table.values, table.probabilities, names=table.names)


def read_prepared(
    path: str | Path | InputFile,
    probabilities: str | None,
    choice: Choice,
    turns: Mapping[str, tuple[float | str | None, int]],
) -> PreparedTable:
    """Sources and groups from a file in which some columns are angles or categories.

    Args:
        path: as for `read_sources`.
        probabilities: as for `read_sources`.
        choice: the columns, angles and categories among them.
        turns: what a turn of each angle is, and the number of its harmonics, by what the choice calls it.

    Raises:
        InputError, OSError: as for `read_sources` and `solver.prepare_table`.
    """
    path = input_file(path)
    table = read_samples(path, probabilities, choice)
    columns = dict(zip(table.names or (), table.values.T, strict=True)) | dict(table.words)
    ordered = {name: columns[name] for name in table.order or columns}
    angles = {_called(path, ordered, name): turn for name, turn in turns.items()}
    with named(path):
        return prepared(ordered, angles, table.words, table.probabilities)


def _called(path: InputFile, columns: Mapping[str, Any], wanted: str) -> str:
    """The name of a column that may have been given by its number."""
    if wanted in columns or not wanted.isdecimal():
        return wanted
    if f"column {wanted}" in columns:
        return f"column {wanted}"
    raise InputError(f"{path}: give the angle {wanted!r} by its name: {', '.join(columns)}")


def read_samples(
    path: str | Path | InputFile, probabilities: str | None = None, choice: Choice = EVERYTHING
) -> NumericTable:
    """Samples from a file, and their weights if a column or array of them is named; for the rest see `read_sources`.

    Raises:
        InputError, OSError: as for `read_sources`.
    """
    path = input_file(path)
    table = read_table(path, "sources", also=probabilities, choice=choice)
    if probabilities is None or table.probabilities is not None:
        return table
    column, names = without_weights(path, table.names, table.values.shape[1], probabilities)
    assert column is not None
    return NumericTable(np.delete(table.values, column, axis=1), names, table.values[:, column])


def read_mixing(path: str | Path | InputFile, wanted: str = "mixing") -> Array:
    """(dx, d) mixing matrix from a file: one row per channel the network sees, one column per source.

    Args:
        path: the file.
        wanted: what it is called among the arrays of an .npz file, and in messages: targets are read alike.

    Raises:
        InputError, OSError: as for `read_sources`.
    """
    return read_table(path, wanted).values


def read_transitions(path: str | Path | InputFile) -> Array:
    """(a, d, d) transitions from a file: one matrix as a table, or several as a stack in an .npy file.

    Raises:
        InputError, OSError: as for `read_sources`.
    """
    path = input_file(path)
    if path.kind != ".npy":
        return as_stack(read_table(path, "transitions").values)
    with named(path), path.open() as file:
        return as_stack(load(file))


def read_exactly(
    path: str | Path | InputFile,
    wanted: str = "sources",
    *,
    probabilities: str | None = None,
    choice: Choice = EVERYTHING,
) -> tuple[Any, Any]:
    """The values of a file without rounding, and those of its column of probabilities if one is named.

    Numbers in a text file are decimals, given as strings such as "0.1"; those of other files are floats as they are.

    Args:
        path: as for `read_sources`.
        wanted: as for `read_table`.
        probabilities: as for `read_sources`.
        choice: as for `read_sources`.

    Raises:
        InputError, OSError: as for `read_sources`.
    """
    path = input_file(path)
    if is_past_memory(path, probabilities, choice):
        raise InputError(f"{path}: too large for exact arithmetic, which needs all samples in memory; give fewer")
    table = read_table(path, wanted, also=probabilities, choice=choice)
    if path.kind == ".csv" and choice:
        cells = decimals(path, choice.with_weights(probabilities))
        return (cells, None) if probabilities is None else (cells[:, :-1], cells[:, -1])
    values = table.values if path.kind != ".csv" else decimals(path)
    if probabilities is None or table.probabilities is not None:
        return values, table.probabilities
    column = weights_column(path, table.names, table.values.shape[1], probabilities)
    return np.delete(values, column, axis=1), values[:, column]


def read_table(
    path: str | Path | InputFile, wanted: str = "sources", *, also: str | None = None, choice: Choice = EVERYTHING
) -> NumericTable:
    """A table of finite numbers from a file of any kind.

    Args:
        path: the file, or "-".
        wanted: the array to take from an .npz or .zarr that holds several; also the argument's name in messages.
        also: name of the array of probabilities in such a file, if it is one; of a column, where columns are chosen.
        choice: which columns are read; by default all, the weights too.

    Raises:
        InputError, OSError: as for `read_sources`.
    """
    path = input_file(path)
    table = _read(path, wanted, also, choice)
    if table.names is None:
        return table
    return replace(table, names=distinct_names(table.names, str(path)))


def rows_in_order(table: NumericTable, path: InputFile, other: NumericTable, other_path: InputFile) -> NumericTable:
    """A table with its rows in the order of those of another, by what the column that names them calls them.

    Numbers are the same name however they are written.

    Args:
        table: whose rows are put in order.
        path: where it is from, for the message.
        other: whose order that is.
        other_path: where that is from.

    Raises:
        InputError: rows of one name, or rows of one table that the other does not have.
    """
    names, wanted = _row_names(table), _row_names(other)
    if names == wanted:
        return table
    for called, file in ((names, path), (wanted, other_path)):
        name, count = Counter(called).most_common(1)[0]
        if count > 1:
            raise InputError(
                f"{file}: {count} rows are called {name!r}, so that rows cannot be matched by name; give each its own, "
                "or the rows in the same order without --index-column"
            )
    place = {name: row for row, name in enumerate(names)}
    lacking = sorted(set(wanted) - set(names)) or sorted(set(names) - set(wanted))
    if lacking:
        holding, without = (other_path, path) if lacking[0] not in place else (path, other_path)
        raise InputError(
            f"{without}: no row is called {lacking[0]!r}, as one of {holding} is ({len(lacking)} such row(s)); give "
            "both tables the same rows"
        )
    return replace(table, values=table.values[[place[name] for name in wanted]], labels=other.labels)


def _row_names(table: NumericTable) -> list[str]:
    numbers = [(label, number_in(label)) for label in table.labels or ()]
    return [label if number is None else repr(number) for label, number in numbers]


def _read(path: InputFile, wanted: str, also: str | None, choice: Choice) -> NumericTable:
    wanted = path.array or wanted
    if path.kind in ARCHIVES.values():
        return read_archive(path, wanted, also, choice)
    if path.kind in FOLDERS:
        return _read_blocks(path, wanted, also, choice)
    with path.open() as file:
        head = file.read(HEAD_BYTES)
    if not head:
        raise InputError(f"{path}: the file is empty; give a table with one row per sample")
    if path.kind == ".csv":
        return read_text(path, head, choice.with_weights(also))
    # numpy leaves a damaged file open if it opens it itself.
    with named(path), path.open() as file:
        if path.kind == ".npy":
            return read_npy(path, file, wanted, choice.with_weights(also))
        return read_npz(path, file, wanted, also, choice)


def _read_blocks(path: InputFile, wanted: str, also: str | None, choice: Choice) -> NumericTable:
    """A table of columns or chunks, in one piece."""
    table = blocks_of(path, wanted, also, choice)
    names, places = table.names, table.places
    blocks = list(table.read())
    if not blocks:
        raise InputError(f"{path}: no rows; give a table with one row per sample")
    rows, weights = (list(part) for part in zip(*blocks, strict=True))
    with named(path):
        whole = np.concatenate(rows)
        values = as_matrix(whole, wanted, columns=names) if whole.shape[1] else whole
        weights_of_rows = None if weights[0] is None else as_matrix(np.concatenate(weights), str(also)).reshape(-1)
    if places is None:
        return NumericTable(values, names, weights_of_rows)
    taken = places.split(values, table.words())
    return taken if weights_of_rows is None else replace(taken, probabilities=weights_of_rows)
