"""Binary labels of the samples: columns of 0 and 1, truth values, or text that stands for classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solver.comparison import columns_of_labels, require_none_missing
from theory.arrays import Array, Indices, Mask
from theory.errors import InputError
from theory.immutable import Frozen
from theory.inputs.names import distinct_names


@dataclass(frozen=True, eq=False)
class BinaryLabels(Frozen):
    """Labels that a sample has or has not."""

    names: tuple[str, ...]  # k names
    values: Mask  # (T, k) whether each sample has each label


@dataclass(frozen=True, eq=False)
class Patterns(Frozen):
    """The different rows of a table of labels, its columns in the order of their names."""

    names: tuple[str, ...]  # k names, sorted
    rows: Array  # (P, k) zeros and ones, no two rows alike
    of_sample: Indices  # (T,) which of them each sample has


def binary_labels(labels: Any, seen: Mask) -> BinaryLabels:
    """Read a table of labels.

    Args:
        labels: (T, k) or (T,) array-like, a DataFrame, or a mapping of names to columns: of 0 and 1, of truth values,
            or of text. A column of text becomes one label for each of its classes, "column = class"; of two classes,
            whose labels would say the same, only the last.
        seen: (T,) samples that have a probability.

    Raises:
        InputError: labels that do not fit the samples, are missing somewhere, are other numbers than 0 and 1, or are
            the same for all samples.

    Example:
        >>> labels = binary_labels({"odd": [0, 1, 0, 1], "hue": ["red", "blue", "green", "red"]}, np.ones(4, bool))
        >>> labels.names
        ('odd', 'hue = blue', 'hue = green', 'hue = red')
    """
    names, columns = columns_of_labels(labels, len(seen))
    labelled: list[tuple[str, NDArray[np.bool_]]] = []
    for name, column in zip(names, columns, strict=True):
        for label, values in _labels_of(name, column, seen):
            if values[seen].all() or not values[seen].any():
                raise InputError(
                    f"labels: {label!r} is the same for all samples, so that nothing can follow it; remove it"
                )
            labelled.append((label, values))
    distinct = distinct_names([label for label, _ in labelled], "labels")
    return BinaryLabels(distinct, np.column_stack([values for _, values in labelled]))


def _labels_of(name: str, column: NDArray[Any], seen: Mask) -> list[tuple[str, Mask]]:
    """The label of a column of 0 and 1, or one for each class of text."""
    if column.dtype.kind in "biuf" and np.isin(column, (0, 1)).all():
        return [(name, column.astype(bool))]
    require_none_missing(name, column)
    values = column.tolist()
    texts = [isinstance(value, str) for value in values]
    if all(texts):
        text = np.array(values)
        classes = np.unique(text[seen])
        if len(classes) == len(text[seen]) > 2:
            raise InputError(
                f"labels: {name!r} has a class of its own for every sample, which explains anything; give classes that "
                "samples share"
            )
        return [(f"{name} = {one}", text == one) for one in (classes[-1:] if len(classes) == 2 else classes)]
    wrong = [row for row, value in enumerate(values) if texts[row] or value not in (0, 1)]
    if wrong:
        raise InputError(
            f"labels: {values[wrong[0]]!r} of {name!r} at row {wrong[0]} (counted from 0) is neither 0 nor 1; give a "
            "column for each label, of 0 and 1, or classes as text (--category on the command line)"
        )
    return [(name, np.array(values, dtype=bool))]


def patterns_of(labels: BinaryLabels) -> Patterns:
    """The different rows of a table: samples with the same labels are one, however many there are.

    Example:
        >>> patterns = patterns_of(BinaryLabels(("b", "a"), np.array([[True, False], [False, False], [True, False]])))
        >>> patterns.names, patterns.rows.tolist(), patterns.of_sample.tolist()
        (('a', 'b'), [[0.0, 0.0], [0.0, 1.0]], [1, 0, 1])
    """
    order = sorted(range(len(labels.names)), key=lambda column: labels.names[column])
    packed = np.packbits(labels.values[:, order], axis=1)
    different, of_sample = np.unique(packed, axis=0, return_inverse=True)
    rows = np.unpackbits(different, axis=1, count=len(order)).astype(np.float64)
    return Patterns(tuple(labels.names[column] for column in order), rows, of_sample.ravel())
