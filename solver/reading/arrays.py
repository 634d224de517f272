"""Numpy's own files: .npy and .npz."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any, BinaryIO, NoReturn

import numpy as np

from solver.reading.choice import EVERYTHING, Choice
from solver.reading.files import InputFile, NumericTable
from theory.errors import InputError
from theory.inputs import as_matrix


def read_npy(path: InputFile, stream: BinaryIO, wanted: str, choice: Choice = EVERYTHING) -> NumericTable:
    """The table of an .npy file, or the columns that are chosen; `wanted` is what a message calls it."""
    array = load(stream)
    if not isinstance(array, np.ndarray):
        raise InputError("holds several arrays; name it .npz")
    return as_table(path, array, wanted, choice)


def read_npz(
    path: InputFile, stream: BinaryIO, wanted: str, also: str | None, choice: Choice = EVERYTHING
) -> NumericTable:
    """The table of an .npz file: the array `wanted`, or the only one but for `also`, which holds weights."""
    archive = load(stream)
    if isinstance(archive, np.ndarray):
        raise InputError("holds one array; name it .npy")
    with archive:
        # An archive may hold other files besides.
        names = [name.removesuffix(".npy") for name in archive.zip.namelist() if name.endswith(".npy")]
        chosen = chosen_array(path, [name for name in names if name != also], wanted)
        if also is None or also not in names:
            return as_table(path, _member(archive, chosen), chosen, choice.with_weights(also))
        table = as_table(path, _member(archive, chosen), chosen, choice)
        return replace(table, probabilities=as_matrix(_member(archive, also), also).reshape(-1))


def chosen_array(path: InputFile, candidates: list[str], wanted: str) -> str:
    """The name of the array that is meant: that which was named behind the file, is wanted, or is the only one.

    Raises:
        InputError: none of them is there.
    """
    wanted = path.array or wanted
    if wanted in candidates:
        return wanted
    if len(candidates) == 1 and path.array is None:
        return candidates[0]
    listed = ", ".join(repr(name) for name in candidates) or "none"
    raise InputError(f"needs an array named {wanted!r} or a single array; it holds {listed}; write {path.name}:NAME")


def load(stream: BinaryIO) -> Any:
    """What numpy finds in a file, or an InputError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about headers, which are read or are not
            return np.load(stream, allow_pickle=False)
    except Exception as error:  # a damaged file fails in a dozen ways
        _refuse_array("the file", error)


def _words_of(array: Any, column: int) -> list[str]:
    """The cells of a column as text."""
    cells = array[:, column] if array.dtype.names is None else array[array.dtype.names[column]]
    return [text_of(cell) for cell in cells.tolist()]


def text_of(cell: Any) -> str:
    """A cell as text, be it of bytes."""
    return cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell)


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


def as_table(path: InputFile, array: Any, wanted: str, choice: Choice = EVERYTHING) -> NumericTable:
    """An array, of records perhaps, whose fields are the columns, or those of them that are chosen."""
    names = array.dtype.names
    if choice and names is None and array.ndim == 1:
        array = array[:, None]
    if choice and (names is not None or array.ndim == 2):
        places = choice.places(path, names, len(names) if names is not None else array.shape[1])
        numbers = list(places.numbers)
        kept = array[:, numbers] if names is None else array[[names[column] for column in numbers]]
        values = np.empty((len(array), 0))
        if numbers:
            values = as_matrix(as_table(path, kept, wanted).values, wanted, columns=places.names)
        return places.split(values, [_words_of(array, column) for column in places.words])
    if names is not None:
        from numpy.lib.recfunctions import structured_to_unstructured

        for name in names:
            if array.dtype[name].base.kind in "mM":
                raise InputError(f"column {name!r} holds dates or times; give numbers, such as days since the first")
        try:
            array = structured_to_unstructured(array)
        except (TypeError, NotImplementedError, ValueError):
            kinds = ", ".join(str(array.dtype[name]) for name in names)
            raise InputError(f"{wanted}: records of {kinds} are no numbers; give fields of numbers") from None
    # Fields within fields have no names of their own.
    names = names if names is not None and array.shape[-1:] == (len(names),) else None
    return NumericTable(as_matrix(array, wanted, columns=names), names)
