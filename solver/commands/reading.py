"""Files in: a table of numbers from .csv, .npy or .npz, or one clear sentence saying why not and where.

`-` is standard input. What can be read only once, such as a pipe, is read whole and its kind told by its first bytes.

Numbers are read by numpy's C reader. Only a file it refuses is read again, cell by cell, to say which cell is wrong
(or to accept what a spreadsheet writes: decimal commas between semicolons, rows of delimiters at the end).
"""

from __future__ import annotations

import codecs
import csv
import difflib
import io
import re
import sys
import warnings
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn, TextIO

import numpy as np

from theory.dynamics import as_stack
from theory.errors import InputError
from theory.sources import Sources, as_matrix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = [
    "STANDARD_INPUT",
    "SUFFIXES",
    "Given",
    "Table",
    "given",
    "read_exactly",
    "read_mixing",
    "read_samples",
    "read_sources",
    "read_table",
    "read_transitions",
]

SUFFIXES = (".csv", ".npy", ".npz")

STANDARD_INPUT = "-"

MAGIC = {b"\x93NUMPY": ".npy", b"PK\x03\x04": ".npz", b"PK\x05\x06": ".npz"}
"""How the files of numpy begin."""

HEAD_BYTES = 1 << 14
"""Enough of a file's beginning to tell text from binary and one encoding from another."""

BLOCK_BYTES = 1 << 20
"""Bytes looked through at once."""

SPREADSHEET_ERROR = re.compile(r"(#(?:N/A|DIV/0!|VALUE!|REF!|NAME\?|NUM!|NULL!|SPILL!|CALC!))")
"""What spreadsheets write where a formula failed."""

SHOWN = 30
"""Characters of a bad cell, and at most a third as many names, that a message repeats."""


@dataclass(frozen=True)
class Table:
    """Numbers read from a file.

    Attributes:
        values: (T, columns) finite float64.
        names: one name a column, or None where the file gives none.
        probabilities: (T,) from an array of its own in an .npz, else None.
    """

    values: Array
    names: tuple[str, ...] | None = None
    probabilities: Array | None = None


@dataclass(frozen=True)
class Given:
    """Where a table comes from: a file on disk, or bytes that could be read only once.

    Attributes:
        name: what to call it in a message.
        kind: one of `SUFFIXES`.
        path: of a file on disk, else None;  content: what was read, else None.
    """

    name: str
    kind: str
    path: Path | None = None
    content: bytes | None = None

    def __str__(self) -> str:
        return self.name

    def open(self) -> BinaryIO:
        """The bytes, from the beginning."""
        return io.BytesIO(self.content or b"") if self.path is None else self.path.open("rb")

    def text(self, encoding: str) -> TextIO:
        """The text, from the beginning; what is no text shows as such."""
        return io.TextIOWrapper(self.open(), encoding=encoding, errors="replace")

    def for_numpy(self, encoding: str) -> str | TextIO:
        """What numpy reads fastest: of a file on disk its name."""
        return self.text(encoding) if self.path is None else str(self.path)


def given(path: str | Path | Given) -> Given:
    """Find a file, and read it at once if that can be done only once.

    Args:
        path: of a file, "-" for standard input, or what was found before.

    Raises:
        InputError: a file of another kind, or standard input closed.
        OSError: the file cannot be read.

    Example:
        >>> given("table.xls")
        Traceback (most recent call last):
        ...
        FileNotFoundError: [Errno 2] No such file or directory: 'table.xls'
    """
    if isinstance(path, Given):
        return path
    if str(path) == STANDARD_INPUT:
        if sys.stdin is None:
            raise InputError("standard input: it is closed; give the name of a file")
        return _read_once(sys.stdin.buffer, "standard input", "")
    if not str(path):
        raise InputError("FILE: the name is empty; give a file, or - for standard input")
    file = Path(path)
    suffix = file.suffix.lower()
    with file.open("rb") as stream:  # says at once, and in the system's words, why a file cannot be read
        if not file.is_file():
            return _read_once(stream, str(path), suffix)
    if suffix not in SUFFIXES:
        raise InputError(
            f"{path}: unknown kind of file {file.suffix or '(no suffix)'!r}; give one of {', '.join(SUFFIXES)}"
        )
    return Given(str(path), suffix, path=file)


def _read_once(stream: BinaryIO, name: str, suffix: str) -> Given:
    head = stream.read(HEAD_BYTES)
    kind = suffix if suffix in SUFFIXES else next((MAGIC[magic] for magic in MAGIC if head.startswith(magic)), ".csv")
    if kind == ".csv":
        # Before the rest is read: some devices never end.
        _encoding(name, head)
    return Given(name, kind, content=head + stream.read())


def read_sources(path: str | Path | Given, probabilities: str | None = None) -> Sources:
    r"""Sources from a file, one row a sample and one column a source.

    Args:
        path: .csv (header or not; comma, semicolon, tab or spaces), .npy, or .npz (array `sources`, or the only one);
            "-" for any of them from standard input.
        probabilities: column that holds the samples' weights instead of a source: its name, or its number counted
            from 0; for .npz also the name of an array.

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
    table = read_samples(path, probabilities)
    return Sources(table.values, table.probabilities, names=table.names)


def read_samples(path: str | Path | Given, probabilities: str | None = None) -> Table:
    """Samples from a file, and their weights if a column or array of them is named; for the rest see `read_sources`.

    Raises:
        InputError, OSError: as for `read_sources`.
    """
    path = given(path)
    table = read_table(path, "sources", also=probabilities)
    if probabilities is None or table.probabilities is not None:
        return table
    column = _column_index(table, probabilities, path)
    if table.values.shape[1] == 1:
        raise InputError(f"{path}: the only column holds the probabilities; give at least one column of sources")
    names = table.names and table.names[:column] + table.names[column + 1 :]
    return Table(np.delete(table.values, column, axis=1), names, table.values[:, column])


def read_mixing(path: str | Path | Given) -> Array:
    """(dx, d) mixing matrix from a file: one row a channel the network sees, one column a source.

    Raises:
        InputError, OSError: as for `read_sources`.
    """
    return read_table(path, "mixing").values


def read_transitions(path: str | Path | Given) -> Array:
    """(a, d, d) transitions from a file: one matrix as a table, or several as a stack in an .npy file.

    Raises:
        InputError, OSError: as for `read_sources`.
    """
    path = given(path)
    if path.kind != ".npy":
        return as_stack(read_table(path, "transitions").values)
    try:
        with path.open() as stream:
            return as_stack(_load(stream))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def read_exactly(
    path: str | Path | Given, wanted: str = "sources", *, probabilities: str | None = None
) -> tuple[Any, Any]:
    """The values of a file without rounding, and those of its column of probabilities if one is named.

    Numbers in a text file are decimals, given as strings such as "0.1"; those of other files are floats as they are.

    Args:
        path: as for `read_sources`.
        wanted: as for `read_table`.
        probabilities: as for `read_sources`.

    Raises:
        InputError, OSError: as for `read_sources`.
    """
    path = given(path)
    table = read_table(path, wanted, also=probabilities)
    values = table.values if path.kind != ".csv" else _decimals(path)
    if probabilities is None or table.probabilities is not None:
        return values, table.probabilities
    column = _column_index(table, probabilities, path)
    return np.delete(values, column, axis=1), values[:, column]


def _decimals(path: Given) -> NDArray[np.str_]:
    with path.open() as stream:
        layout = _layout(path, stream.read(HEAD_BYTES))
    return np.array([[cell.replace(",", ".") for cell in cells] for _, cells in layout.rows()])


def read_table(path: str | Path | Given, wanted: str = "sources", *, also: str | None = None) -> Table:
    """A table of finite numbers from a .csv, .npy or .npz file.

    Args:
        path: the file, or "-".
        wanted: the array to take from an .npz that holds several; also the argument's name in messages.
        also: name of the array of probabilities in an .npz, if it is one.

    Raises:
        InputError, OSError: as for `read_sources`.
    """
    path = given(path)
    with path.open() as stream:
        head = stream.read(HEAD_BYTES)
    if not head:
        raise InputError(f"{path}: the file is empty; give a table with one row a sample")
    if path.kind == ".csv":
        return _read_text(path, head)
    try:
        # numpy leaves a damaged file open if it opens it itself.
        with path.open() as stream:
            return _read_npy(stream, wanted) if path.kind == ".npy" else _read_npz(stream, wanted, also)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


# ---- numpy's own formats ------------------------------------------------------------------------------------------


def _read_npy(stream: BinaryIO, wanted: str) -> Table:
    array = _load(stream)
    if not isinstance(array, np.ndarray):
        raise InputError("holds several arrays; name it .npz")
    return _as_table(array, wanted)


def _read_npz(stream: BinaryIO, wanted: str, also: str | None) -> Table:
    archive = _load(stream)
    if isinstance(archive, np.ndarray):
        raise InputError("holds one plain array; name it .npy")
    with archive:
        found = list(archive.files)
        candidates = [name for name in found if name != also]
        if wanted in candidates:
            chosen = wanted
        elif len(candidates) == 1:
            chosen = candidates[0]
        else:
            listed = ", ".join(repr(name) for name in candidates) or "none"
            raise InputError(f"needs an array named {wanted!r} or a single array; it holds {listed}")
        table = _as_table(_member(archive, chosen), chosen)
        if also is None or also not in found:
            return table
        return Table(table.values, table.names, as_matrix(_member(archive, also), also).reshape(-1))


def _load(stream: BinaryIO) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about headers, which are read or are not
            return np.load(stream, allow_pickle=False)
    except Exception as error:  # a damaged file fails in a dozen ways
        _refuse_array("the file", error)


def _member(archive: Any, name: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return archive[name]
    except Exception as error:
        _refuse_array(f"array {name!r}", error)


def _refuse_array(subject: str, error: Exception) -> NoReturn:
    if isinstance(error, MemoryError):
        raise InputError(f"{subject} says that it holds more numbers than memory does; give fewer samples") from None
    if "Object arrays" in str(error):
        raise InputError(
            f"{subject} holds pickled Python objects, which could run code when opened; save a plain array of numbers"
        ) from None
    raise InputError(f"{subject} is damaged or not of its kind; save it again with numpy.save or numpy.savez") from None


def _as_table(array: Any, wanted: str) -> Table:
    names = array.dtype.names
    if names is not None:
        from numpy.lib.recfunctions import structured_to_unstructured

        array = structured_to_unstructured(array)
    # Fields within fields have no names of their own.
    names = names if names is not None and array.shape[-1:] == (len(names),) else None
    return Table(as_matrix(array, wanted, columns=names), names)


# ---- text ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Layout:
    """How a text file is to be read: found from its first lines."""

    path: Given
    encoding: str
    delimiter: str | None  # None: any white space
    header: tuple[str, ...] | None
    lines_before_data: int

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield (line number counted from 1, cells) for every row of data."""
        blank = ' \t\r\n"' + (self.delimiter or "")
        with self.path.text(self.encoding) as stream:
            for number, line in enumerate(stream, 1):
                text = line.split("#")[0]
                if number > self.lines_before_data and text.strip(blank):
                    yield number, _cells(text, self.delimiter)

    def column(self, index: int) -> str:
        """What to call a column in a message."""
        return f"column {index + 1}" + (f" ({self.header[index]!r})" if self.header else "")


def _read_text(path: Given, head: bytes) -> Table:
    layout = _layout(path, head)
    _require_no_spreadsheet_errors(layout)
    try:
        values = np.loadtxt(
            path.for_numpy(layout.encoding),
            encoding=layout.encoding,
            delimiter=layout.delimiter,
            skiprows=layout.lines_before_data,
            quotechar='"',
            ndmin=2,
        )
    except ValueError:
        values = _read_cells(layout)
    if layout.header is not None and len(layout.header) != values.shape[1]:
        raise InputError(
            f"{path}: the header has {len(layout.header)} name(s), but the rows have {values.shape[1]} cell(s); "
            "give one name a column"
        )
    _require_finite(values, layout)
    return Table(values, layout.header)


def _require_no_spreadsheet_errors(layout: _Layout) -> None:
    """Refuse cells such as #N/A, which would be taken for the beginning of a comment, and lost with their row."""
    with layout.path.open() as stream:
        if not any(b"#" in block for block in iter(lambda: stream.read(BLOCK_BYTES), b"")):
            return
    with layout.path.text(layout.encoding) as text:
        for number, line in enumerate(text, 1):
            found = SPREADSHEET_ERROR.search(line) if number > layout.lines_before_data else None
            if found:
                raise InputError(
                    f"{layout.path}: {found[1]!r} is not a number, at line {number}; correct it or remove the row"
                )


def _layout(path: Given, head: bytes) -> _Layout:
    encoding = _encoding(path, head)
    first: tuple[int, str] | None = None
    second = ""
    with path.text(encoding) as stream:
        for number, line in enumerate(stream, 1):
            if line.lstrip().startswith("#") or not line.strip():
                continue
            if first is not None:
                second = line
                break
            first = number, line
    if first is None:
        raise InputError(f"{path}: the file holds no rows; give a table with one row a sample")
    number, line = first
    # A comment after numbers; in a header "trial #" may be a name.
    before = line.split("#")[0]
    if all(_number(cell) is not None for cell in _cells(before, _delimiter(before, second or before))):
        line = before
    delimiter = _delimiter(line, second or line)
    cells = [_printable(cell) for cell in _cells(line, delimiter)]
    if any(_number(cell) is not None or _is_decimal_comma(cell, delimiter) for cell in cells):
        _require_all_numbers(path, number, cells, delimiter)
        return _Layout(path, encoding, delimiter, None, number - 1)
    if not second:
        raise InputError(f"{path}: only a header, no rows; give a table with one row a sample")
    unnamed = [i for i, cell in enumerate(cells) if not cell]
    if unnamed:
        raise InputError(
            f"{path}: column {unnamed[0] + 1} has no name in the header (line {number}); "
            "remove it if it only numbers the rows, or name it"
        )
    return _Layout(path, encoding, delimiter, tuple(cells), number)


def _encoding(name: object, head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" in head:
        raise InputError(f"{name}: binary data, not text; save the table as comma-separated values")
    try:
        codecs.getincrementaldecoder("utf-8-sig")().decode(head)
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8-sig"


def _delimiter(first: str, row: str) -> str | None:
    unquoted = re.sub(r'"[^"]*"', "", first)
    for candidate in ("\t", ";", ","):
        if candidate in unquoted.strip(" \r\n"):
            return candidate
    # A single column whose name has a space in it is not two columns.
    return None if len(row.split()) > 1 else ","


def _cells(line: str, delimiter: str | None) -> list[str]:
    if delimiter is None:
        return [cell.strip('"') for cell in re.findall(r'"[^"]*"|\S+', line)]
    row = next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter, skipinitialspace=True))
    return [cell.strip() for cell in row]


def _printable(cell: str) -> str:
    """A name without what would command a terminal."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", lambda found: repr(found[0])[1:-1], cell)


def _number(cell: str) -> float | None:
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def _require_all_numbers(path: Given, number: int, cells: list[str], delimiter: str | None) -> None:
    for index, cell in enumerate(cells):
        if cell and _number(cell) is None and not _is_decimal_comma(cell, delimiter):
            raise InputError(
                f"{path}: line {number} mixes numbers and text ({cell[:SHOWN]!r} in column {index + 1}); "
                "make it a header of names only or a row of numbers only"
            )


def _is_decimal_comma(cell: str, delimiter: str | None) -> bool:
    # Only between semicolons: elsewhere a comma may as well separate thousands.
    return delimiter == ";" and "," in cell and "." not in cell and _number(cell.replace(",", ".", 1)) is not None


def _read_cells(layout: _Layout) -> Array:
    """The same table cell by cell: slow, but it knows where it is."""
    rows: list[list[float]] = []
    commas = points = False
    for line, cells in layout.rows():
        if rows and len(cells) != len(rows[0]):
            raise InputError(
                f"{layout.path}: line {line} has {len(cells)} cell(s), the rows before it {len(rows[0])}; "
                "give every row the same number"
            )
        if layout.header and len(cells) != len(layout.header):
            raise InputError(
                f"{layout.path}: line {line} has {len(cells)} cell(s), the header {len(layout.header)} name(s); "
                "give every row one cell a name"
            )
        row = []
        for index, cell in enumerate(cells):
            comma = _is_decimal_comma(cell, layout.delimiter)
            value = _number(cell.replace(",", ".")) if comma else _number(cell)
            commas, points = commas or comma, points or "." in cell
            if value is None or (commas and points):
                _refuse_cell(layout, line, index, cell, mixture=commas and points)
            row.append(value)
        rows.append(row)
    if not rows:
        raise InputError(f"{layout.path}: no rows of numbers; give a table with one row a sample")
    return np.array(rows)


def _refuse_cell(layout: _Layout, line: int, index: int, cell: str, *, mixture: bool) -> NoReturn:
    place = f"line {line}, {layout.column(index)}"
    if mixture:
        raise InputError(f"{layout.path}: decimal commas and decimal points, at {place}; use one of them throughout")
    if not cell:
        raise InputError(f"{layout.path}: empty cell at {place}; fill it in or remove the row")
    raise InputError(f"{layout.path}: {cell[:SHOWN]!r} is not a number, at {place}; correct it or remove the row")


def _require_finite(values: Array, layout: _Layout) -> None:
    if np.isfinite(values).all():
        return
    bad = np.argwhere(~np.isfinite(values))
    row, column = (int(i) for i in bad[0])
    line = next(islice(layout.rows(), row, None))[0]
    raise InputError(
        f"{layout.path}: {len(bad)} value(s) are NaN or infinite, the first at line {line}, {layout.column(column)}; "
        "drop those rows or fill them in"
    )


# ---- the column of probabilities ----------------------------------------------------------------------------------


def _column_index(table: Table, wanted: str, path: Given) -> int:
    count = table.values.shape[1]
    names = list(table.names or ())
    if names.count(wanted) > 1:
        raise InputError(f"{path}: {names.count(wanted)} columns are named {wanted!r}; give each its own name")
    if wanted in names:
        return names.index(wanted)
    if re.fullmatch(r"[0-9]+", wanted) and int(wanted) < count:
        return int(wanted)
    if not names:
        raise InputError(
            f"{path}: no column {wanted!r} for the probabilities; the columns have no names, "
            f"give a number from 0 to {count - 1}"
        )
    near = difflib.get_close_matches(wanted, names, n=SHOWN // 3, cutoff=0.4)
    said = f"did you mean {' or '.join(map(repr, near))}?" if near else f"there are {', '.join(names[: SHOWN // 3])}"
    raise InputError(f"{path}: no column {wanted!r} for the probabilities; {said}")
