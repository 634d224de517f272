"""Delimited text: numbers as people and spreadsheets write them.

1. Find the layout from the first lines: the encoding, the delimiter, the header, and where the data begin.
2. Refuse cells such as #N/A, which would be taken for comments.
3. Read the numbers with numpy's C reader.
4. If it refuses, read cell by cell, to say which cell is wrong, or to accept what a spreadsheet writes: decimal commas
   between semicolons, rows of delimiters at the end. Where some columns are chosen, read these so at once.
5. Refuse a header of another width, and numbers that are not finite.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from solver.reading.choice import EVERYTHING, Choice, Places
from solver.reading.files import HEAD_BYTES, InputFile, NumericTable
from solver.reading.layout import (
    LAYOUT,
    Layout,
    about_commas,
    is_decimal_comma,
    layout_of,
    number_in,
    refuse_spreadsheet_error,
)
from theory.arrays import Array
from theory.errors import InputError


@dataclass(frozen=True)
class TextLimits:
    """How much of a text is held at once."""

    bytes: int = 1 << 20  # bytes looked through at once
    rows: int = 1 << 14  # rows of a stream that are read at once where some columns are chosen


TEXT_LIMITS = TextLimits()


def read_text(path: InputFile, head: bytes, choice: Choice = EVERYTHING) -> NumericTable:
    """The table in a text file, or the columns of it that are chosen.

    Args:
        path: the file.
        head: its first bytes.
        choice: which columns are read; others may hold anything.

    Raises:
        InputError: what is no number, or no table, at which line and column.
    """
    layout = layout_of(path, head, choice)  # step 1
    if layout.places is not None:
        return _read_chosen(layout, layout.places)
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


def _read_chosen(layout: Layout, places: Places) -> NumericTable:
    """Step 4 for some of the columns, as a table may hold words beside them."""
    words: list[list[str]] = [[] for _ in places.words]

    def noted() -> Iterator[tuple[int, list[str]]]:
        for line, cells in layout.rows():
            for text, column in zip(words, places.words, strict=True):
                text.extend(cells[column : column + 1])
            yield line, cells

    values = _read_cells(layout, noted(), _Marks())
    _require_finite(values, layout)
    return places.split(values, words)


def _require_no_spreadsheet_errors(layout: Layout) -> None:
    """Refuse cells such as #N/A, which would be taken for the beginning of a comment, and lost with their row."""
    with layout.path.open() as stream:
        if not any(b"#" in block for block in iter(lambda: stream.read(TEXT_LIMITS.bytes), b"")):
            return
    with layout.path.text(layout.encoding) as text:
        for number, line in enumerate(text, 1):
            if number > layout.lines_before_data and "#" in line:
                refuse_spreadsheet_error(layout, number, line)


@dataclass(frozen=True)
class TextBlocks:
    """The rows of a text file, some thousands at a time."""

    layout: Layout  # of the file
    names: tuple[str, ...] | None  # of the columns that are read, or None
    width: int  # their number

    @classmethod
    def of(cls, path: InputFile, choice: Choice = EVERYTHING) -> TextBlocks:
        """From the first lines; for the arguments see `read_text`.

        Raises:
            InputError: no text, or no rows.
        """
        with path.open() as stream:
            layout = layout_of(path, stream.read(HEAD_BYTES), choice)
        first = next(layout.rows(), None)
        if first is None:
            raise InputError(f"{path}: no rows of numbers; give a table with one row per sample")
        width = len(first[1])
        layout.require_width(width)
        if layout.places is not None:
            return cls(layout, layout.places.names, len(layout.places.numbers))
        return cls(layout, layout.header, width)

    def read(self) -> Iterator[tuple[Array, int]]:
        """Yield (rows (n, width), how many bytes of the file have been read).

        Raises:
            InputError: as `read_text`.
        """
        layout, marks, seen, before = self.layout, _Marks(), 0, 0
        with layout.path.open() as file, io.TextIOWrapper(file, encoding=layout.encoding, errors="replace") as text:
            if layout.places is not None:
                rows = layout.rows_of(enumerate(text, 1))
                while block := list(islice(rows, TEXT_LIMITS.rows)):
                    values = _read_cells(layout, block, marks)
                    _require_finite(values, layout, seen)
                    seen += len(values)
                    yield values, file.tell()
                return
            while lines := text.readlines(TEXT_LIMITS.bytes):
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
                refuse_spreadsheet_error(layout, number, line)
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


@dataclass
class _Marks:
    """Decimal marks that were seen."""

    comma: bool = False
    point: bool = False


def _read_cells(layout: Layout, lines: Iterable[tuple[int, list[str]]], marks: _Marks) -> Array:
    """(n, width) numbers of rows, cell by cell: slow, but it knows where it is."""
    rows: list[list[float]] = []
    places, width = layout.places, 0
    for line, cells in lines:
        if rows and len(cells) != width:
            layout.refuse_row(line, cells, width)
        width = len(cells)
        if layout.header and len(cells) != len(layout.header):
            raise InputError(
                f"{layout.path}: line {line} has {len(cells)} cell(s), the header {len(layout.header)} name(s); "
                "give every row one cell per name"
            )
        row = []
        for index, cell in enumerate(cells if places is None else [cells[column] for column in places.numbers]):
            comma = is_decimal_comma(cell, layout.delimiter)
            value = number_in(cell.replace(",", ".")) if comma else number_in(cell)
            marks.comma, marks.point = marks.comma or comma, marks.point or "." in cell
            if value is None or (marks.comma and marks.point):
                _refuse_cell(layout, line, index, cell, mixture=marks.comma and marks.point)
            row.append(value)
        rows.append(row)
    if not rows:
        raise InputError(f"{layout.path}: no rows of numbers; give a table with one row per sample")
    return np.array(rows)


def _refuse_cell(layout: Layout, line: int, index: int, cell: str, *, mixture: bool) -> NoReturn:
    place = f"line {line}, {layout.column(index)}"
    if mixture:
        raise InputError(f"{layout.path}: decimal commas and decimal points, at {place}; use one of them throughout")
    if not cell:
        _refuse_empty(layout, place, index)
    remedy = about_commas(cell, layout.delimiter) or (
        "correct it, remove the row or column (--drop), or take it as a category (--category)"
    )
    raise InputError(f"{layout.path}: {cell[: LAYOUT.shown]!r} is not a number, at {place}; {remedy}")


def _refuse_empty(layout: Layout, place: str, index: int) -> NoReturn:
    """Say how many cells of the column are empty, so that nobody has to find one after the other."""
    column = index if layout.places is None else layout.places.numbers[index]
    cells = [row[column] for _, row in layout.rows() if column < len(row)]
    empty = sum(not cell for cell in cells)
    if empty == len(cells) > 1:
        raise InputError(f"{layout.path}: {layout.column(index)} is empty; leave it out (--drop)")
    others = f", and {empty - 1} more in this column" if empty > 1 else ""
    rows = "rows" if others else "row"
    raise InputError(f"{layout.path}: empty cell at {place}{others}; fill in, or remove the {rows} or column (--drop)")


def _require_finite(values: Array, layout: Layout, first_row: int = 0) -> None:
    if np.isfinite(values).all():
        return
    bad = np.argwhere(~np.isfinite(values))
    row, column = (int(i) for i in bad[0])
    line = next(islice(layout.rows(), first_row + row, None))[0]
    raise InputError(
        f"{layout.path}: {len(bad)} value(s) are NaN or infinite, the first at line {line}, {layout.column(column)}; "
        "drop those rows or fill them in"
    )


def decimals(path: InputFile, choice: Choice = EVERYTHING) -> NDArray[np.str_]:
    """The cells as they stand, with decimal points; for the arguments see `read_text`."""
    with path.open() as stream:
        layout = layout_of(path, stream.read(HEAD_BYTES), choice)
    columns = range(layout.width) if layout.places is None else layout.places.numbers
    return np.array([[cells[column].replace(",", ".") for column in columns] for _, cells in layout.rows()])
