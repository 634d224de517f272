"""A table of labels from a file: numbers as they are, and words, which stand for classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from solver.reading.choice import EVERYTHING, Choice
from solver.reading.files import HEAD_BYTES, InputFile, NumericTable, input_file
from solver.reading.layout import layout_of, number_in
from solver.reading.samples import read_samples


def read_labels(
    path: str | Path | InputFile,
    probabilities: str | None = None,
    categories: Sequence[str] = (),
    *,
    choice: Choice = EVERYTHING,
) -> NumericTable:
    r"""Labels from a file, one row per sample; in a text file with a header some columns may hold words.

    Args:
        path: as for `read_sources`.
        probabilities: as for `read_sources`.
        categories: columns whose values are classes, whatever they look like; of a text file all that hold words too.
        choice: which columns are labels, as for `read_sources`.

    Raises:
        InputError, OSError: as for `read_sources`.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder) / "labels.csv"
        ...     _ = file.write_text("large,colour\n1,red\n0,blue\n")
        ...     columns_of(read_labels(file))["colour"]
        ['red', 'blue']
    """
    path = input_file(path)
    choice = replace(choice, weights=probabilities)
    words = [*categories, *(name for name in _of_words(path, choice) if name not in categories)]
    return read_samples(path, probabilities, replace(choice, categories=tuple(words), weights=None))


def columns_of(table: NumericTable) -> Mapping[str, Any]:
    """The columns of a table by name, "label1" and so on where it has no names, in the order of the file.

    A cell without a word in it is None.
    """
    count = table.values.shape[1]
    names = table.names or tuple(f"label{number + 1}" for number in range(count))
    columns: dict[str, Any] = dict(zip(names, table.values.T, strict=True))
    columns |= {name: [cell.strip() or None for cell in cells] for name, cells in table.words.items()}
    return {name: columns[name] for name in table.order or columns}


def _of_words(path: InputFile, choice: Choice) -> list[str]:
    """The columns of a text file that are chosen and in which some cell is no number."""
    if path.kind != ".csv":
        return []
    with path.open() as file:
        head = file.read(HEAD_BYTES)
    if not head:
        return []
    layout = layout_of(path, head, choice)
    if layout.header is None:
        return []
    has_words = np.zeros(len(layout.header), dtype=bool)
    for _, cells in layout.rows():
        for place, cell in enumerate(cells[: len(has_words)]):
            has_words[place] |= bool(cell) and number_in(cell) is None
    chosen = choice.places(path, layout.header, len(layout.header)).order
    return [name for name, is_words in zip(layout.header, has_words, strict=True) if is_words and name in chosen]
