"""How a text file is to be read, found from its first lines: encoding, delimiter, header, and where the data begin."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from solver.reading.choice import EVERYTHING, Choice, Places
from solver.reading.files import InputFile, encoding_of
from theory.errors import InputError

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


@dataclass(frozen=True)
class LayoutLimits:
    """How far a header goes, and how much of a cell a message repeats."""

    header: int = 100  # lines that a header may have: names with line breaks, between quotation marks
    shown: int = 30  # characters of a bad cell that a message repeats


LAYOUT = LayoutLimits()


@dataclass(frozen=True)
class Layout:
    """How a text file is to be read: found from its first lines."""

    path: InputFile  # the file
    encoding: str  # of its text
    delimiter: str | None  # what stands between cells; None for any white space
    # names of all columns, or None; that of the column which numbers the rows may be empty
    header: tuple[str, ...] | None
    lines_before_data: int  # so many
    width: int  # cells of the first line
    places: Places | None = None  # of the columns that were chosen; None where all are read, and hold numbers

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield (line number counted from 1, cells) for every row of data."""
        with self.path.text(self.encoding) as stream:
            yield from self.rows_of(enumerate(stream, 1))

    def rows_of(self, lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, list[str]]]:
        """Yield (line number, cells) of numbered lines, from the first row of data on."""
        blank = ' \t\r\n"' + (self.delimiter or "")
        following = iter(lines)
        for number, line in following:
            if number <= self.lines_before_data:
                continue
            if self.places is not None:
                text = self._beside_words(number, line, following)
            else:
                if "#" in line:
                    refuse_spreadsheet_error(self, number, line)
                text = _without_comment(line)
            if text.strip(blank):
                yield number, _cells_of(self.path, number, text, self.delimiter)

    def _beside_words(self, number: int, line: str, following: Iterator[tuple[int, str]]) -> str:
        """A row that may hold words: the sign # within it begins no comment, and cells may go on in the lines after."""
        if '"' in line:
            line = _whole_row(self.path, number, line, following, self.delimiter or " ")
        if not line.lstrip().startswith("#"):
            return line
        cells = _cells_of(self.path, number, line, self.delimiter)
        if not A_COMMENT.match(line) and len(cells) == self.width:
            raise InputError(
                f"{self.path}: line {number} begins with {cells[0][: LAYOUT.shown]!r}, and may be a row or a comment; "
                "begin comments with '# ', and no row with '#'"
            )
        return ""

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
        """What to call a column in a message, by its number among those that are read."""
        index = index if self.places is None else self.places.numbers[index]
        return f"column {index + 1}" + (f" ({self.header[index]!r})" if self.header else "")


def layout_of(path: InputFile, head: bytes, choice: Choice = EVERYTHING) -> Layout:
    """The layout of a file.

    Args:
        path: the file.
        head: its first bytes.
        choice: which columns are read.

    Raises:
        InputError: no text, no rows, or a header that is none.
    """
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
    if all(number_in(cell) is not None for cell in _cells_of(path, number, before, delimiter)):
        line = before
    delimiter = declared or _delimiter(line, second or line)
    # A name with line breaks in it is one line.
    cells = [re.sub(r"\s*[\r\n]\s*", " ", cell) for cell in _cells_of(path, number, line, delimiter)]
    if choice:
        bare = Layout(path, encoding, delimiter, None, number - 1, len(cells))
        return _chosen_layout(bare, cells, second, choice, passed)
    if any(_is_number(cell) for cell in cells):
        _require_all_numbers(path, number, cells, delimiter)
        layout = Layout(path, encoding, delimiter, None, number - 1, len(cells))
        # Without a header there is no telling where the data begin but by the rows.
        for before_it, skipped in passed:
            refuse_spreadsheet_error(layout, before_it, skipped)
        return layout
    if not second:
        raise InputError(f"{path}: only a header, no rows; give a table with one row per sample")
    unnamed = [i for i, cell in enumerate(cells) if not cell]
    if unnamed:
        raise InputError(
            f"{path}: column {unnamed[0] + 1} has no name in the header (line {number}); "
            f"if it only numbers the rows, say so by --index-column {unnamed[0]}, or else name it"
        )
    return Layout(path, encoding, delimiter, tuple(cells), number, len(cells))


def _chosen_layout(
    bare: Layout, cells: list[str], second: str, choice: Choice, passed: list[tuple[int, str]]
) -> Layout:
    """The layout of a file of which some columns are read, and others may hold anything.

    The first line is a header if a column is chosen by a name in it, if the column that names the rows has none, or if
    it holds no numbers.
    """
    path, delimiter, number = bare.path, bare.delimiter, bare.lines_before_data + 1
    if choice.index == "0" and second and len(_cells_of(path, number, second, delimiter)) == len(cells) + 1:
        cells = ["", *cells]  # as R writes it
    is_header = choice.names_one_of(cells) or not any(map(_is_number, cells))
    places = choice.places(path, cells if is_header else None, len(cells))
    if not is_header and places.index is not None and not cells[places.index]:
        is_header, places = True, choice.places(path, cells, len(cells))
    if not is_header:
        kept = [cells[column] for column in places.numbers]
        _require_all_numbers(path, number, kept, delimiter, places.numbers)
        for before_it, skipped in passed:
            replace(bare, places=places)._beside_words(before_it, skipped, iter(()))
        return replace(bare, places=places)
    if not second:
        raise InputError(f"{path}: only a header, no rows; give a table with one row per sample")
    named = [*places.numbers, *places.words[places.indexed :]]
    unnamed = [column for column in named if not cells[column]]
    if unnamed:
        raise InputError(f"{path}: column {unnamed[0] + 1} has no name in the header (line {number}); name or drop it")
    return replace(bare, header=tuple(cells), lines_before_data=number, width=len(cells), places=places)


def _whole_header(
    path: InputFile, number: int, line: str, lines: Iterator[tuple[int, str]], declared: str | None
) -> tuple[int, str]:
    """The first line, with those after it in which its quoted cells go on, and the number of the last."""
    last, end = number, number + LAYOUT.header
    while '"' in line and _is_open(line, declared or _delimiter(line, line) or " "):
        following = next(lines, None)
        if following is None or last == end:
            raise InputError(
                f"{path}: a quotation mark in the header (line {number}) is never closed; close or remove it"
            )
        last, line = following[0], line + following[1]
    return last, line


def _whole_row(path: InputFile, number: int, line: str, lines: Iterator[tuple[int, str]], delimiter: str) -> str:
    """A row with the lines after it in which its quoted cells go on."""
    for _ in range(LAYOUT.header):
        if not _is_open(line, delimiter):
            return line
        line += next(lines, (0, ""))[1]
    raise InputError(f"{path}: a quotation mark at line {number} is never closed; close or remove it")


def _is_open(line: str, delimiter: str) -> bool:
    """Whether the last cell begins with a quotation mark that is not closed."""
    try:
        list(csv.reader([line], delimiter=delimiter, skipinitialspace=True, strict=True))
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False


def _require_all_numbers(
    path: InputFile, number: int, cells: list[str], delimiter: str | None, places: Sequence[int] | None = None
) -> None:
    for index, cell in zip(places or range(len(cells)), cells, strict=True):
        if cell and number_in(cell) is None and not is_decimal_comma(cell, delimiter):
            remedy = about_commas(cell, delimiter) or "make it a header of names only or a row of numbers only"
            place = f"({cell[: LAYOUT.shown]!r} in column {index + 1})"
            raise InputError(f"{path}: line {number} mixes numbers and text {place}; {remedy}")


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


def _without_comment(line: str) -> str:
    if "#" not in line:
        return line
    match = NOT_A_COMMENT.match(line)
    return line if match is None else match[0]


def number_in(cell: str) -> float | None:
    """The number in a cell, or None."""
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def _is_number(cell: str) -> bool:
    """Whether a cell holds a number, be its decimal mark a point or a comma."""
    return number_in(cell) is not None or number_in(cell.replace(",", ".", 1)) is not None


def is_decimal_comma(cell: str, delimiter: str | None) -> bool:
    """Whether a cell holds a number with a decimal comma."""
    # Only between semicolons: elsewhere a comma may as well separate thousands.
    return delimiter == ";" and "," in cell and "." not in cell and number_in(cell.replace(",", ".", 1)) is not None


def about_commas(cell: str, delimiter: str | None) -> str | None:
    """What to do where commas are decimal marks and something else than semicolons stands between cells."""
    parts = cell.split()
    if delimiter != ";" and (_is_number(cell) or (delimiter == "," and len(parts) > 1 and all(map(_is_number, parts)))):
        return "write decimal points, or semicolons between the cells"
    return None


def refuse_spreadsheet_error(layout: Layout, number: int, line: str) -> None:
    """Refuse what a spreadsheet says in the place of a number: it would be taken for a comment."""
    cell = _spreadsheet_error(layout, number, line)
    if cell is not None:
        raise InputError(
            f"{layout.path}: {cell[: LAYOUT.shown]!r} is not a number, at line {number}; correct it or remove the row, "
            "and begin comments with '# '"
        )


def _spreadsheet_error(layout: Layout, number: int, line: str) -> str | None:
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
        return (
            cells[0]
            if FAILED_ALONE.fullmatch(cells[0]) or (loud and cells[0] == cells[0].upper() != cells[0].lower())
            else None
        )
    if layout.delimiter is None and len(cells) != layout.width:
        return None  # the words of a comment
    others = (cell for cell in cells if cell and not cell.startswith("#"))
    if not all(_is_number(cell) for cell in others) or re.match(r"#\s", signs[0]) or signs[0] == "#":
        return None
    # A row of numbers with a sign before it was taken out by somebody.
    return None if _is_number(signs[0][1:]) else signs[0]
