"""Which columns of a table are sources: by name, by number counted from 0, or by a pattern such as `unit*`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

import numpy as np

from solver.reading.files import InputFile, NumericTable, column_at
from theory.arrays import Array
from theory.errors import InputError

PATTERN = re.compile(r"[*?]")  # what makes a name a pattern, unless a column is called so


@dataclass(frozen=True)
class Places:
    """Where in a table the columns are that are read.

    Attributes:
        numbers: of the columns of numbers, in the order in which they are wanted; the weights are the last of them.
        weights: whether there are any.
        words: of the columns of words: of the one that names the rows, if there is one, and of the categories.
        indexed: whether the first of them names the rows.
        order: the names of numbers and categories, without the weights, in the order in which they are wanted.
        names: of the columns of numbers; "column 3" where a table has no names.
        all_names: of every column of the table, alike.
    """

    numbers: tuple[int, ...]
    weights: bool
    words: tuple[int, ...]
    indexed: bool
    order: tuple[str, ...]
    names: tuple[str, ...]
    all_names: tuple[str, ...]

    @property
    def index(self) -> int | None:
        """The number of the column that names the rows, or None."""
        return self.words[0] if self.indexed else None

    def split(self, values: Array, texts: Sequence[Sequence[str]]) -> NumericTable:
        """The table of the columns that are wanted: the weights apart, and labels and categories beside the numbers.

        Args:
            values: (T, numbers).
            texts: for each column of words its T cells.
        """
        labels = tuple(texts[0]) if self.indexed else None
        cells = [tuple(column) for column in texts[self.indexed :]]
        named = [self.all_names[column] for column in self.words[self.indexed :]]
        words = dict(zip(named, cells, strict=True))
        names, weights = self.names, None
        if self.weights:
            values, weights, names = np.ascontiguousarray(values[:, :-1]), values[:, -1], names[:-1]
        return NumericTable(values, names, weights, labels, words, self.order if words else None)


@dataclass(frozen=True)
class Choice:
    """Which columns of a table are sources."""

    columns: tuple[str, ...] | None = None  # those that are, in this order; None for all that are left
    drop: tuple[str, ...] = ()  # those that are not
    index: str | None = None  # the column that names the rows, or None
    weights: str | None = None  # the column of weights, or None
    angles: tuple[str, ...] = ()  # columns of numbers that are angles
    categories: tuple[str, ...] = ()  # columns that are categories, and may hold words
    context: str | None = None  # the column with the samples' weights in a context, which is no source, or None

    def __bool__(self) -> bool:
        named = self.columns is not None or self.index is not None or self.context is not None
        return any((named, self.drop, self.angles, self.categories))

    def with_weights(self, weights: str | None) -> Choice:
        """With a column of weights; of everything they are found later."""
        return replace(self, weights=weights) if self else self

    @classmethod
    def of(cls, columns: Sequence[str] = (), drop: Sequence[str] = (), index: str | None = None) -> Choice:
        """From what was typed."""
        return cls(tuple(columns) or None, tuple(drop), index)

    def names_one_of(self, cells: Sequence[str]) -> bool:
        """Whether one of the columns is chosen by a name among these, which then are a header."""
        listed = [*(self.columns or ()), *self.drop, *self.categories, *self.angles]
        wanted = [*listed, self.index or "", self.weights or "", self.context or ""]
        return any(part in cells for text in wanted for part in (text, *_parts(text)) if part)

    def matches_one_of(self, names: Sequence[str]) -> bool:
        """Whether a pattern among the columns fits one of these names."""
        patterns = [part for text in self.columns or () for part in _parts(text) if PATTERN.search(part)]
        return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)

    def places(self, path: InputFile, names: Sequence[str] | None, count: int) -> Places:
        """Find the columns.

        Args:
            path: the file.
            names: of its columns, or None; the one that numbers the rows may have none.
            count: how many they are.

        Raises:
            InputError: no such column, one that is wanted and dropped, or none left.

        Example:
            >>> names = ["trial", "x", "y", "note"]
            >>> file = InputFile("table.csv", ".csv")
            >>> Choice(drop=("note",), index="trial").places(file, names, 4).names
            ('x', 'y')
            >>> Choice(drop=("notes",)).places(file, names, 4)
            Traceback (most recent call last):
            theory.errors.InputError: table.csv: no column 'notes' for --drop; did you mean 'note'?
        """
        index = None if self.index is None else column_at(path, names, count, self.index, "for --index-column")
        weight = None if self.weights is None else column_at(path, names, count, self.weights, "for the probabilities")
        context = None if self.context is None else column_at(path, names, count, self.context, "for --energy")
        dropped = _positions(path, names, count, self.drop, "for --drop")
        angles = [column_at(path, names, count, name, "for --angle") for name in self.angles]
        categories = [column_at(path, names, count, name, "for --category") for name in self.categories]
        apart = {index: "--index-column", weight: "--probabilities", context: "--energy"}
        apart |= dict.fromkeys(dropped, "--drop")
        if self.columns is None:
            chosen = [column for column in range(count) if column not in apart]
        else:
            chosen = _positions(path, names, count, self.columns, "for --columns")
        for columns, option in ((chosen, "--columns"), (angles, "--angle"), (categories, "--category")):
            twice = next((column for column in columns if column in apart), None)
            if twice is not None:
                name = _called(names, twice)
                raise InputError(f"{path}: column {name!r} is named by {option} and by {apart[twice]}; choose one")
        chosen = list(dict.fromkeys([*chosen, *angles, *categories]))
        if not chosen:
            raise InputError(f"{path}: no column of numbers is left; drop fewer")
        everything = tuple(_called(names, column) for column in range(count))
        numbers = [column for column in chosen if column not in categories]
        if weight is not None:
            numbers.append(weight)
        return Places(
            numbers=tuple(numbers),
            weights=weight is not None,
            words=(*(() if index is None else (index,)), *categories),
            indexed=index is not None,
            order=tuple(everything[column] for column in chosen),
            names=tuple(everything[column] for column in numbers),
            all_names=everything,
        )


EVERYTHING = Choice()


def _positions(
    path: InputFile, names: Sequence[str] | None, count: int, wanted: Sequence[str], purpose: str
) -> list[int]:
    """The positions of columns, each once, in the order in which they are named."""
    positions: list[int] = []
    for text in wanted:
        for part in [text] if text in (names or ()) else _parts(text):
            matched = [column for column, name in enumerate(names or ()) if fnmatchcase(name, part)]
            is_pattern = part not in (names or ()) and PATTERN.search(part) and matched
            positions += matched if is_pattern else [column_at(path, names, count, part, purpose)]
    return list(dict.fromkeys(positions))


def _parts(text: str) -> list[str]:
    """The names in a list of them."""
    return [part for part in map(str.strip, text.split(",")) if part]


def _called(names: Sequence[str] | None, column: int) -> str:
    return names[column] if names is not None and names[column] else f"column {column}"
