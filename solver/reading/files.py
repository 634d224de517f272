"""What a file is: on disk or read once, text or numbers, and what it is called in a message."""

from __future__ import annotations

import codecs
import difflib
import gzip
import io
import re
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, TextIO

from theory.arrays import Array
from theory.errors import InputError

TEXT = (".csv", ".tsv", ".txt")  # what a table in text may end in; all are read alike, and called .csv

COMPRESSED = tuple(f"{suffix}.gz" for suffix in TEXT)

ARCHIVES = {".mat": ".mat", ".h5": ".h5", ".hdf5": ".h5", ".nwb": ".nwb"}  # files of many arrays, and the kind of each

SUFFIXES = (*TEXT, ".csv.gz", ".npy", ".npz", ".parquet", ".zarr", *ARCHIVES)

REMEDIES = {
    **dict.fromkeys((".xls", ".xlsx", ".ods"), "save the sheet as .csv"),
    **dict.fromkeys(
        (".pt", ".pth", ".ckpt", ".safetensors"), "load it with torch, and save its tensors with numpy.savez"
    ),
    **dict.fromkeys((".pkl", ".pickle"), "load it in Python, and save its arrays with numpy.savez"),
}
"""What to do with files of other kinds that people have."""

NAMED_ARRAY = re.compile(r"(.+\.(?:npz|zarr|mat|h5|hdf5|nwb)):(.+)", re.IGNORECASE | re.DOTALL)
"""A file with the name of one of its arrays behind it."""

FOLDERS = (".parquet", ".zarr")  # kinds that may be folders of files

STANDARD_INPUT = "-"

MAGIC = {
    b"\x93NUMPY": ".npy",
    b"PK\x03\x04": ".npz",
    b"PK\x05\x06": ".npz",
    b"PAR1": ".parquet",
    b"\x89HDF\r\n": ".h5",
    b"MATLAB": ".mat",
}
"""How files of numbers begin."""

HEAD_BYTES = 1 << 14  # enough of a file's beginning to tell text from binary and one encoding from another


@dataclass(frozen=True)
class NumericTable:
    """Numbers read from a file.

    Attributes:
        values: (T, columns) finite float64.
        names: one name per column, or None where the file gives none.
        probabilities: (T,) from an array of its own in an .npz, or from a column where columns were chosen; else None.
        labels: of the rows, from the column that names them, or None.
        words: the cells of each column that is a category, by its name.
        order: the names of all columns that are chosen, categories among them, where there are any.
    """

    values: Array
    names: tuple[str, ...] | None = None
    probabilities: Array | None = None
    labels: tuple[str, ...] | None = None
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    order: tuple[str, ...] | None = None


@dataclass(frozen=True)
class InputFile:
    """Where a table comes from: a file on disk, or bytes that could be read only once."""

    name: str  # what to call it in a message
    kind: str  # .csv of any text, or another of `SUFFIXES`
    path: Path | None = None  # of a file on disk, else None
    content: bytes | None = None  # what was read at once, such as a compressed text, else None
    array: str | None = None  # which of its arrays is meant, where one was named behind the file; else None

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


@contextmanager
def named(path: object) -> Iterator[None]:
    """Within, what is refused names the file, where it does not name it or a file in it already."""
    try:
        yield
    except InputError as error:
        if str(error).startswith(str(path)):
            raise
        raise InputError(f"{path}: {error}") from None


def input_file(path: str | Path | InputFile) -> InputFile:
    """Find a file, and read it at once if that can be done only once.

    Args:
        path: of a file, with the name of one of its arrays behind it (session.mat:rates) if it holds several; "-" for
            standard input; or an input file, which is returned as it is.

    Raises:
        InputError: a file of another kind, or standard input closed.
        OSError: the file cannot be read.

    Example:
        >>> input_file("table.xls")
        Traceback (most recent call last):
        ...
        FileNotFoundError: [Errno 2] No such file or directory: 'table.xls'
    """
    if isinstance(path, InputFile):
        return path
    if str(path) == STANDARD_INPUT:
        if sys.stdin is None:
            raise InputError("standard input: it is closed; give the name of a file")
        return _read_once(sys.stdin.buffer, "standard input", "")
    if not str(path):
        raise InputError("FILE: the name is empty; give a file, or - for standard input")
    file = Path(path)
    named = NAMED_ARRAY.fullmatch(str(path))
    if named and not file.exists():
        return replace(input_file(named[1]), array=named[2])
    suffix = file.suffix.lower()
    if suffix in FOLDERS and file.is_dir():
        return InputFile(str(path), suffix, path=file)
    return _on_disk(file, str(path), suffix)


def _on_disk(file: Path, path: str, suffix: str) -> InputFile:
    """A file of a known kind; what is compressed, or can be read only once, is read."""
    with file.open("rb") as stream:  # says at once, and in the system's words, why a file cannot be read
        if not file.is_file():
            return _read_once(stream, path, suffix)
        if "".join(file.suffixes[-2:]).lower() in COMPRESSED:
            return InputFile(path, ".csv", content=_decompressed(path, stream.read()))
    suffix = ".csv" if suffix in TEXT else ARCHIVES.get(suffix, suffix)
    if suffix not in SUFFIXES:
        remedy = REMEDIES.get(suffix, f"give one of {', '.join(SUFFIXES)}")
        raise InputError(f"{path}: unknown kind of file {file.suffix or '(no suffix)'!r}; {remedy}")
    return InputFile(path, suffix, path=file)


def _read_once(stream: BinaryIO, name: str, suffix: str) -> InputFile:
    head = stream.read(HEAD_BYTES)
    kind = ".csv" if suffix in TEXT else ARCHIVES.get(suffix, suffix)
    if kind not in SUFFIXES:
        kind = next((MAGIC[magic] for magic in MAGIC if head.startswith(magic)), ".csv")
    if head.startswith(b"\x1f\x8b"):
        return InputFile(name, ".csv", content=_decompressed(name, head + stream.read()))
    if kind == ".csv":
        # Before the rest is read: some devices never end.
        encoding_of(name, head)
    return InputFile(name, kind, content=head + stream.read())


def _decompressed(name: str, content: bytes) -> bytes:
    try:
        text = gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        raise InputError(f"{name}: damaged or not compressed by gzip; compress it again") from None
    encoding_of(name, text[:HEAD_BYTES])
    return text


def encoding_of(name: object, head: bytes) -> str:
    """How text is encoded, from its first bytes.

    Raises:
        InputError: they are no text.
    """
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


def weights_column(path: InputFile, column_names: tuple[str, ...] | None, count: int, wanted: str) -> int:
    """Which of so many columns holds the samples' weights.

    Args:
        path: the file.
        column_names: their names, or None.
        count: how many they are.
        wanted: a name, or a number counted from 0.

    Raises:
        InputError: there is no such column, or no other.
    """
    if count == 1:
        raise InputError(f"{path}: the only column holds the probabilities; give at least one column of sources")
    return column_at(path, column_names, count, wanted, "for the probabilities")


def column_at(path: InputFile, names: Sequence[str] | None, count: int, wanted: str, purpose: str) -> int:
    """The position of one column, by its name or its number.

    Args:
        path: the file.
        names: of its columns, or None.
        count: how many they are.
        wanted: a name, or a number counted from 0.
        purpose: for the message, such as "for --drop".

    Raises:
        InputError: there is no such column, or there are several.
    """
    named = list(names or ())
    if named.count(wanted) > 1:
        raise InputError(f"{path}: {named.count(wanted)} columns are named {wanted!r}; give each its own name")
    if wanted in named:
        return named.index(wanted)
    if re.fullmatch(r"[0-9]+", wanted) and int(wanted) < count:
        return int(wanted)
    if not named:
        raise InputError(
            f"{path}: no column {wanted!r} {purpose}; the columns have no names, give a number from 0 to {count - 1}"
        )
    near = difflib.get_close_matches(wanted, named, n=10, cutoff=0.4)
    remedy = f"did you mean {' or '.join(map(repr, near))}?" if near else f"there are {', '.join(named[:10])}"
    raise InputError(f"{path}: no column {wanted!r} {purpose}; {remedy}")


def without_weights(
    path: InputFile, names: tuple[str, ...] | None, count: int, wanted: str | None
) -> tuple[int | None, tuple[str, ...] | None]:
    """The column of weights, if one is wanted, and the names of all others.

    Raises:
        InputError: as for `weights_column`.
    """
    if wanted is None:
        return None, names
    column = weights_column(path, names, count, wanted)
    return column, names and names[:column] + names[column + 1 :]
