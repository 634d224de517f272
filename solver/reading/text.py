"""Delimited text: numbers as people and spreadsheets write them.

1. Find the layout from the first lines: the encoding, the delimiter, the header, and where the data begin.
2. Refuse cells such as #N/A, which would be taken for comments.
3. Read the numbers with numpy's C reader.
4. If it refuses, read cell by cell, to say which cell is wrong, or to accept what a spreadsheet writes: decimal commas
   between semicolons, rows of delimiters at the end.
5. Refuse a header of another width, and numbers that are not finite.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from solver.reading.files import HEAD_BYTES, InputFile, NumericTable, encoding_of
from theory.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from theory.arrays import Array

__all__ = ["TextBlocks", "decimals", "read_text"]

BLOCK_BYTES = 1 << 20
"""Bytes looked through at once."""

SPREADSHEET_ERROR = re.compile(r"#(?:N/A|DIV/0!|VALUE!|REF!|NAME\?|NUM!|NULL!|SPILL!|CALC!)")
"""What spreadsheets write where a formula failed, in English."""

FAILED_ALONE = re.compile(r"#(?:\S*[!?]|#+|\w+/\w+|NV|NA)")
"""What they write in other languages, such as #WERT! and #N/D, and where a column is too narrow."""

NOT_A_COMMENT = re.compile(r'(?:"[^"]*"|[^#"]|"(?![^"]*"))*')
"""A line up to the sign that begins a comment, which between quotation marks begins none."""

A_COMMENT = re.compile(r"\s*#\s")
"""How a line begins that is no row, whatever stands in it."""

DECLARED = re.compile(r"sep=(\S|\t)", re.IGNORECASE)
"""The first line by which spreadsheets say what stands between cells."""

HEADER_LINES = 100
"""Lines that a header may have: names with line breaks, between quotation marks."""

CELL_SHOWN = 30
"""Characters of a bad cell that a message repeats."""


@dataclass(frozen=True)
class _Layout:
    """How a text file is to be read: found from its first lines."""

    path: InputFile
    encoding: str
    delimiter: str | None  # None: any white space
    header: tuple[str, ...] | None
    lines_before_data: int
    width: int  # cells of the first line

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield (line number counted from 1, cells) for every row of data."""
        with self.path.text(self.encoding) as stream:
            yield from self.rows_of(enumerate(stream, 1))

    def rows_of(self, lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, list[str]]]:
        """Yield (line number, cells) of numbered lines, from the first row of data on."""
        blank = ' \t\r\n"' + (self.delimiter or "")
        for number, line in lines:
            if number <= self.lines_before_data:
                continue
            if "#" in line:
                _refuse_spreadsheet_error(self, number, line)
            text = _without_comment(line)
            if text.strip(blank):
                yield number, _cells_of(self.path, number, text, self.delimiter)

    def require_width(self, width: int) -> None:
        """Refuse a header of another number of names than there are columns."""
        if self.header is not None and len(self.header) != width:
            raise InputError(
                f"{self.path}: the header has {len(self.header)} name(s), but the rows have {width} cell(s); "
                "give one name per column"
            )

    def refuse_row(self, line: int, cells: list[str], width: int) -> NoReturn:
        """Refuse a row of another number of cells than those before it."""
        raise InputError(
            f"{self.path}: line {line} has {len(cells)} cell(s), the rows before it {width}; "
            "give every row the same number"
        )

    def column(self, index: int) -> str:
        """What to call a column in a message."""
        return f"column {index + 1}" + (f" ({self.header[index]!r})" if self.header else "")


def read_text(path: InputFile, head: bytes) -> NumericTable:
    """The table in a text file.

    Raises:
        InputError: what is no number, or no table, at which line and column.
    """
    layout = _layout(path, head)  # step 1
    _require_no_spreadsheet_errors(layout)  # step 2
    try:  # step 3
        values = np.loadtxt(
            path.for_numpy(layout.encoding),
            encoding=layout.encoding,
            delimiter=layout.delimiter,
            skiprows=layout.lines_before_data,
            quotechar='"',
            ndmin=2,
        )
    except ValueError:  # step 4
        values = _read_cells(layout, layout.rows(), _Marks())
    # Step 5.
    layout.require_width(values.shape[1])
    _require_finite(values, layout)
    return NumericTable(values, layout.header)


@dataclass(frozen=True)
class TextBlocks:
    """The rows of a text file, some thousands at a time.

    Attributes:
        layout: of the file.
        names: of the columns, or None.
        width: their number.
    """

    layout: _Layout
    names: tuple[str, ...] | None
    width: int

    @classmethod
    def of(cls, path: InputFile) -> TextBlocks:
        """From the first lines.

        Raises:
            InputError: no text, or no rows.
        """
        with path.open() as stream:
            layout = _layout(path, stream.read(HEAD_BYTES))
        first = next(layout.rows(), None)
        if first is None:
            raise InputError(f"{path}: no rows of numbers; give a table with one row per sample")
        width = len(first[1])
        layout.require_width(width)
        return cls(layout, layout.header, width)

    def read(self) -> Iterator[tuple[Array, int]]:
        """Yield (rows (n, width), how many bytes of the file have been read).

        Raises:
            InputError: as `read_text`.
        """
        layout, marks, seen, before = self.layout, _Marks(), 0, 0
        with layout.path.open() as file, io.TextIOWrapper(file, encoding=layout.encoding, errors="replace") as text:
            while lines := text.readlines(BLOCK_BYTES):
                values = self._numbers(lines, before, marks)
                before += len(lines)
                if len(values):
                    _require_finite(values, layout, seen)
                    yield values, file.tell()
                seen += len(values)

    def _numbers(self, lines: list[str], before: int, marks: _Marks) -> Array:
        """(n, width) of lines that come after so many others."""
        layout = self.layout
        skipped = max(0, layout.lines_before_data - before)
        lines, before = lines[skipped:], before + skipped
        for number, line in enumerate(lines, before + 1):
            if "#" in line:
                _refuse_spreadsheet_error(layout, number, line)
        fresh = _Marks(marks.comma, marks.point)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of lines without numbers, which are none
                values = np.loadtxt(lines, delimiter=layout.delimiter, quotechar='"', ndmin=2)
            marks.point = marks.point or (layout.delimiter == ";" and any("." in line for line in lines))
            if not values.size:
                return np.empty((0, self.width))
            if values.shape[1] == self.width and not (marks.comma and marks.point):
                return values
        except ValueError:
            pass
        rows = list(layout.rows_of(enumerate(lines, before + 1)))
        wrong = next((row for row in rows if len(row[1]) != self.width), None)
        if wrong is not None:
            layout.refuse_row(*wrong, self.width)
        marks.comma, marks.point = fresh.comma, fresh.point
        return _read_cells(layout, rows, marks) if rows else np.empty((0, self.width))


def _refuse_spreadsheet_error(layout: _Layout, number: int, line: str) -> None:
    cell = _spreadsheet_error(layout, number, line)
    if cell is not None:
        raise InputError(
            f"{layout.path}: {cell[:CELL_SHOWN]!r} is not a number, at line {number}; correct it or remove the row, "
            "and begin comments with '# '"
        )


def _spreadsheet_error(layout: _Layout, number: int, line: str) -> str | None:
    """A cell that holds what a spreadsheet says in the place of a number, and not a comment."""
    english = SPREADSHEET_ERROR.search(line)
    if english:
        return english[0]
    cells = [] if A_COMMENT.match(line) else _cells_of(layout.path, number, line, layout.delimiter)
    signs = [cell for cell in cells if cell.startswith("#")]
    if not signs:
        return None
    if len(cells) == 1:
        # After the first number, a word in capitals too: they differ by language.
        loud = number > layout.lines_before_data and layout.width == 1 and re.fullmatch(r"#\w+", cells[0])
        return cells[0] if FAILED_ALONE.fullmatch(cells[0]) or (loud and _is_upper(cells[0])) else None
    if layout.delimiter is None and len(cells) != layout.width:
        return None  # the words of a comment
    others = (cell for cell in cells if cell and not cell.startswith("#"))
    if not all(_is_number(cell) for cell in others) or re.match(r"#\s", signs[0]) or signs[0] == "#":
        return None
    # A row of numbers with a sign before it was taken out by somebody.
    return None if _is_number(signs[0][1:]) else signs[0]


def _is_upper(text: str) -> bool:
    return text == text.upper() != text.lower()


def _is_number(cell: str) -> bool:
    """Whether a cell holds a number, be its decimal mark a point or a comma."""
    return _number(cell) is not None or _number(cell.replace(",", ".", 1)) is not None


def _require_no_spreadsheet_errors(layout: _Layout) -> None:
    """Refuse cells such as #N/A, which would be taken for the beginning of a comment, and lost with their row."""
    with layout.path.open() as stream:
        if not any(b"#" in block for block in iter(lambda: stream.read(BLOCK_BYTES), b"")):
            return
    with layout.path.text(layout.encoding) as text:
        for number, line in enumerate(text, 1):
            if number > layout.lines_before_data and "#" in line:
                _refuse_spreadsheet_error(layout, number, line)


def _layout(path: InputFile, head: bytes) -> _Layout:
    encoding = encoding_of(path, head)
    first: tuple[int, str] | None = None
    second, declared, passed = "", None, []
    with path.text(encoding) as stream:
        lines = enumerate(stream, 1)
        for number, line in lines:
            if line.lstrip().startswith("#") or not line.strip():
                if first is None:
                    passed.append((number, line))
                continue
            if first is not None:
                second = line
                break
            declaration = DECLARED.fullmatch(line.strip(" \r\n")) if declared is None else None
            if declaration:
                declared = declaration[1]
                continue
            first = _whole_header(path, number, line, lines, declared)
    if first is None:
        raise InputError(f"{path}: the file holds no rows; give a table with one row per sample")
    number, line = first
    # A comment after numbers; in a header "trial #" may be a name.
    before = _without_comment(line)
    delimiter = declared or _delimiter(before, second or before)
    if all(_number(cell) is not None for cell in _cells_of(path, number, before, delimiter)):
        line = before
    delimiter = declared or _delimiter(line, second or line)
    cells = [_one_line(cell) for cell in _cells_of(path, number, line, delimiter)]
    if any(_is_number(cell) for cell in cells):
        _require_all_numbers(path, number, cells, delimiter)
        layout = _Layout(path, encoding, delimiter, None, number - 1, len(cells))
        # Without a header there is no telling where the data begin but by the rows.
        for before_it, skipped in passed:
            _refuse_spreadsheet_error(layout, before_it, skipped)
        return layout
    if not second:
        raise InputError(f"{path}: only a header, no rows; give a table with one row per sample")
    unnamed = [i for i, cell in enumerate(cells) if not cell]
    if unnamed:
        raise InputError(
            f"{path}: column {unnamed[0] + 1} has no name in the header (line {number}); "
            "remove it if it only numbers the rows, or name it"
        )
    return _Layout(path, encoding, delimiter, tuple(cells), number, len(cells))


def _whole_header(
    path: InputFile, number: int, line: str, lines: Iterator[tuple[int, str]], declared: str | None
) -> tuple[int, str]:
    """The first line, with those after it in which its quoted cells go on, and the number of the last."""
    last, end = number, number + HEADER_LINES
    while '"' in line and _is_open(line, declared or _delimiter(line, line) or " "):
        following = next(lines, None)
        if following is None or last == end:
            raise InputError(
                f"{path}: a quotation mark in the header (line {number}) is never closed; close or remove it"
            )
        last, line = following[0], line + following[1]
    return last, line


def _is_open(line: str, delimiter: str) -> bool:
    """Whether the last cell begins with a quotation mark that is not closed."""
    try:
        list(csv.reader([line], delimiter=delimiter, skipinitialspace=True, strict=True))
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False


def _without_comment(line: str) -> str:
    if "#" not in line:
        return line
    match = NOT_A_COMMENT.match(line)
    return line if match is None else match[0]


def _delimiter(first: str, row: str) -> str | None:
    unquoted = re.sub(r'"[^"]*"', "", first)
    for candidate in ("\t", ";", ","):
        if candidate in unquoted.strip(" \r\n"):
            return candidate
    # A single column whose name has a space in it is not two columns.
    return None if len(row.split()) > 1 else ","


def _cells_of(path: InputFile, number: int, line: str, delimiter: str | None) -> list[str]:
    """The cells of a line.

    Raises:
        InputError: one that is longer than any number or name.
    """
    if delimiter is None:
        return [cell.strip('"') for cell in re.findall(r'"[^"]*"|\S+', line)]
    try:
        row = next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter, skipinitialspace=True))
    except csv.Error:
        raise InputError(
            f"{path}: line {number} has a cell of more than {csv.field_size_limit():,} characters, which is no number; "
            "correct it or remove the row"
        ) from None
    return [cell.strip() for cell in row]


def _one_line(cell: str) -> str:
    """A name with its line breaks as spaces."""
    return re.sub(r"\s*[\r\n]\s*", " ", cell)


def _number(cell: str) -> float | None:
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def _require_all_numbers(path: InputFile, number: int, cells: list[str], delimiter: str | None) -> None:
    for index, cell in enumerate(cells):
        if cell and _number(cell) is None and not _is_decimal_comma(cell, delimiter):
            remedy = _of_commas(cell, delimiter) or "make it a header of names only or a row of numbers only"
            raise InputError(
                f"{path}: line {number} mixes numbers and text ({cell[:CELL_SHOWN]!r} in column {index + 1}); {remedy}"
            )


def _is_decimal_comma(cell: str, delimiter: str | None) -> bool:
    # Only between semicolons: elsewhere a comma may as well separate thousands.
    return delimiter == ";" and "," in cell and "." not in cell and _number(cell.replace(",", ".", 1)) is not None


def _of_commas(cell: str, delimiter: str | None) -> str | None:
    """What to do where commas are decimal marks and something else than semicolons stands between cells."""
    parts = cell.split()
    if delimiter != ";" and (_is_number(cell) or (delimiter == "," and len(parts) > 1 and all(map(_is_number, parts)))):
        return "write decimal points, or semicolons between the cells"
    return None


@dataclass
class _Marks:
    """Decimal marks that were seen."""

    comma: bool = False
    point: bool = False


def _read_cells(layout: _Layout, lines: Iterable[tuple[int, list[str]]], marks: _Marks) -> Array:
    """(n, width) numbers of rows, cell by cell: slow, but it knows where it is."""
    rows: list[list[float]] = []
    for line, cells in lines:
        if rows and len(cells) != len(rows[0]):
            layout.refuse_row(line, cells, len(rows[0]))
        if layout.header and len(cells) != len(layout.header):
            raise InputError(
                f"{layout.path}: line {line} has {len(cells)} cell(s), the header {len(layout.header)} name(s); "
                "give every row one cell per name"
            )
        row = []
        for index, cell in enumerate(cells):
            comma = _is_decimal_comma(cell, layout.delimiter)
            value = _number(cell.replace(",", ".")) if comma else _number(cell)
            marks.comma, marks.point = marks.comma or comma, marks.point or "." in cell
            if value is None or (marks.comma and marks.point):
                _refuse_cell(layout, line, index, cell, mixture=marks.comma and marks.point)
            row.append(value)
        rows.append(row)
    if not rows:
        raise InputError(f"{layout.path}: no rows of numbers; give a table with one row per sample")
    return np.array(rows)


def _refuse_cell(layout: _Layout, line: int, index: int, cell: str, *, mixture: bool) -> NoReturn:
    place = f"line {line}, {layout.column(index)}"
    if mixture:
        raise InputError(f"{layout.path}: decimal commas and decimal points, at {place}; use one of them throughout")
    if not cell:
        raise InputError(f"{layout.path}: empty cell at {place}; fill it in or remove the row")
    remedy = _of_commas(cell, layout.delimiter) or "correct it or remove the row"
    raise InputError(f"{layout.path}: {cell[:CELL_SHOWN]!r} is not a number, at {place}; {remedy}")


def _require_finite(values: Array, layout: _Layout, first_row: int = 0) -> None:
    if np.isfinite(values).all():
        return
    bad = np.argwhere(~np.isfinite(values))
    row, column = (int(i) for i in bad[0])
    line = next(islice(layout.rows(), first_row + row, None))[0]
    raise InputError(
        f"{layout.path}: {len(bad)} value(s) are NaN or infinite, the first at line {line}, {layout.column(column)}; "
        "drop those rows or fill them in"
    )


def decimals(path: InputFile) -> NDArray[np.str_]:
    """The cells as they stand, with decimal points."""
    with path.open() as stream:
        layout = _layout(path, stream.read(HEAD_BYTES))
    return np.array([[cell.replace(",", ".") for cell in cells] for _, cells in layout.rows()])
