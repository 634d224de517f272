"""Files of many arrays: MATLAB's .mat, HDF5 and NWB.

1. List what the file holds: arrays by name, those in structs and groups by path, tables by their columns.
2. Take the array or the table that is meant: that which was named behind the file (`session.mat:rates`), that which is
   wanted, or the only one.
3. Where columns are chosen that are arrays of their own, as `x` and `y` often are, put them side by side.

h5py and pynwb are imported where such a file is given; scipy reads .mat up to version 7.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solver.extras import missing
from solver.reading.arrays import as_table, text_of
from solver.reading.choice import EVERYTHING, Choice
from solver.reading.files import InputFile, NumericTable
from theory.errors import InputError
from theory.inputs import as_matrix

OF_MATLAB = "#refs#", "#subsystem#"
"""Groups in which MATLAB keeps what is in cells and objects."""

NUMERIC = "biufc"  # kinds of numpy that are numbers


def read_archive(path: InputFile, wanted: str, also: str | None, choice: Choice = EVERYTHING) -> NumericTable:
    """The table in a .mat, .h5 or .nwb file; for the arguments see `solver.reading.read_table`.

    Raises:
        InputError: a damaged file, no such array, several of which none is named; no reader.
    """
    with _opened(path) as arrays:  # step 1
        return _taken(path, arrays, wanted, also, choice)


# ---- which array is meant -----------------------------------------------------------------------------------------


def _taken(path: InputFile, arrays: Mapping[str, Any], wanted: str, also: str | None, choice: Choice) -> NumericTable:
    tables = {name: array for name, array in arrays.items() if name != also and np.ndim(array) in (1, 2)}
    name = path.array
    if name is None and wanted in tables:  # step 2
        name = wanted
    if name is None and choice.columns is not None:
        beside = _vectors(tables)
        if choice.names_one_of(list(beside)) or choice.matches_one_of(list(beside)):  # step 3
            return _of_columns(path, _of_one_length(beside, choice), choice, also, arrays)
    if name is None:
        numbers = [one for one, array in tables.items() if array.dtype.kind in f"{NUMERIC}V"]  # or records
        name = numbers[0] if len(numbers) == 1 else None
    if name is None:
        raise InputError(f"{path}: needs the name of an array; {_remedy(path, tables)}")
    within = {one[len(name) + 1 :]: array for one, array in tables.items() if one.startswith((f"{name}/", f"{name}."))}
    if name not in tables and within:
        return _of_columns(path, _vectors(within), choice, also, arrays)
    if name not in tables:
        raise InputError(f"{path}: no array {name!r} of one or two dimensions; {_remedy(path, tables)}")
    inside = also if also is not None and also not in arrays else None
    table = as_table(path, np.asarray(tables[name]), name, choice.with_weights(inside))
    return _weighted(table, arrays, also)


def _remedy(path: InputFile, tables: Mapping[str, Any]) -> str:
    """What to write instead."""
    if not tables:
        return "it holds none of numbers; save a matrix with one row per sample"
    listed = ", ".join(f"{one} {'x'.join(map(str, np.shape(array)))}" for one, array in [*tables.items()][:8])
    more = f" and {len(tables) - 8} more" if len(tables) > 8 else ""
    return f"it holds {listed}{more}; write {path.name}:NAME, or put arrays of one length side by side by --columns"


def _vectors(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Arrays that can be columns."""
    return {name: array for name, array in arrays.items() if max(np.shape(array), default=0) == np.size(array) > 1}


def _of_one_length(vectors: Mapping[str, Any], choice: Choice) -> dict[str, Any]:
    """The vectors of the length of the first that is chosen, in their order."""
    chosen = [name for name in vectors if choice.names_one_of([name]) or choice.matches_one_of([name])]
    lengths = {np.size(vectors[name]) for name in chosen}
    return {name: array for name, array in vectors.items() if np.size(array) in lengths}


def _of_columns(
    path: InputFile, columns: Mapping[str, Any], choice: Choice, also: str | None, arrays: Mapping[str, Any]
) -> NumericTable:
    """Vectors side by side; the weights are one of them, or an array of their own."""
    if not columns:
        raise InputError(f"{path}: {path.array!r} holds no columns of numbers; {_remedy(path, arrays)}")
    inside = also if also in columns else None
    names = list(columns)
    if choice:
        places = choice.with_weights(inside).places(path, names, len(names))
        kept, words = list(places.names), [names[column] for column in places.words]
    else:
        places, words = None, []
        kept = [*(name for name in names if name != inside), *([inside] if inside is not None else [])]
    sizes = {name: np.size(columns[name]) for name in [*kept, *words]}
    if len(set(sizes.values())) > 1:
        said = ", ".join(f"{name} {size}" for name, size in sizes.items())
        raise InputError(f"{path}: columns of different lengths ({said}); choose those of one length by --columns")
    values = np.empty((next(iter(sizes.values())), 0))
    if kept:
        beside = np.column_stack([_numbers(path, name, columns[name]) for name in kept])
        values = as_matrix(beside, "sources", columns=kept)
    if places is not None:
        texts = [list(map(text_of, np.ravel(columns[name]).tolist())) for name in words]
        return _weighted(places.split(values, texts), arrays, also)
    if inside is not None:
        return NumericTable(np.ascontiguousarray(values[:, :-1]), tuple(kept[:-1]), values[:, -1])
    return _weighted(NumericTable(values, tuple(kept)), arrays, also)


def _weighted(table: NumericTable, arrays: Mapping[str, Any], also: str | None) -> NumericTable:
    """With the weights that are an array of their own."""
    if also is None or also not in arrays or table.probabilities is not None:
        return table
    return replace(table, probabilities=as_matrix(np.ravel(arrays[also]), also).reshape(-1))


def _numbers(path: InputFile, name: str, column: Any) -> NDArray[Any]:
    array = np.ravel(column)
    if array.dtype.kind not in NUMERIC:
        raise InputError(f"{path}: column {name!r} holds no numbers; leave it out by --drop, or choose by --columns")
    return array


# ---- what a file holds --------------------------------------------------------------------------------------------


@contextmanager
def _opened(path: InputFile) -> Iterator[dict[str, Any]]:
    """The arrays of a file by name, while it is open."""
    if path.kind == ".nwb":
        with _of_nwb(path) as arrays:
            yield arrays
        return
    if path.kind == ".mat":
        old = _of_mat(path)
        if old is not None:
            yield old
            return
    h5py = _module("h5py", path, "hdf5", "this MATLAB file (version 7.3)" if path.kind == ".mat" else "HDF5")
    with path.open() as stream:
        try:
            file = h5py.File(stream, "r")
        except OSError:
            raise InputError(f"{path}: damaged or not HDF5; write it again") from None
        with file:
            yield _of_hdf5(path, file, h5py)


def _module(name: str, path: InputFile, extra: str, kind: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise missing(f"{path}: reading {kind}", extra, name) from None


def _of_mat(path: InputFile) -> dict[str, Any] | None:
    """The arrays of a .mat file up to version 7; None of a later one, which is HDF5."""
    from scipy.io import loadmat

    try:
        with path.open() as stream, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of objects of classes, which are passed over
            content = loadmat(stream, simplify_cells=True)
    except NotImplementedError:
        return None
    except Exception:  # a damaged file fails in many ways
        raise InputError(f"{path}: damaged or not a MATLAB file; save it again, with -v7") from None
    return dict(_flat({name: value for name, value in content.items() if not name.startswith("__")}))


def _flat(content: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Arrays by name, those of structs behind a point."""
    for name, value in content.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
            continue
        array = value.toarray() if hasattr(value, "toarray") else np.asarray(value)
        words = array.dtype.kind == "O" and array.ndim == 1 and all(isinstance(cell, str) for cell in array)
        if array.ndim and (array.dtype.kind in NUMERIC or array.dtype.kind == "U" or words):
            yield before + name, array


def _of_hdf5(path: InputFile, file: Any, h5py: Any) -> dict[str, Any]:
    """The data sets of a file by path; as MATLAB means them where that wrote it."""
    arrays: dict[str, Any] = {}

    def visit(name: str, thing: Any) -> None:
        if "pandas_type" in thing.attrs:
            raise InputError(f"{path}: written by pandas, in a layout of its own; write it with to_parquet or to_csv")
        if isinstance(thing, h5py.Dataset) and thing.ndim and not name.startswith(OF_MATLAB):
            arrays[name] = thing

    try:
        file.visititems(visit)
    except InputError:
        raise
    except Exception:  # a damaged file fails in many ways
        raise InputError(f"{path}: damaged; write it again") from None
    if path.kind != ".mat":
        return {name: _Stored(path, array) for name, array in arrays.items()}
    plain = {name: array for name, array in arrays.items() if _is_plain(array)}
    return {name.replace("/", "."): np.asarray(_Stored(path, array)).T for name, array in plain.items()}


def _is_plain(array: Any) -> bool:
    """Whether an array of a MATLAB file holds numbers: no text, no cell, nor an empty one, stored as its shape."""
    kind = array.attrs.get("MATLAB_class", b"double")
    return array.dtype.kind in NUMERIC and kind not in (b"char", b"cell") and not array.attrs.get("MATLAB_empty", 0)


class _Stored:
    """A data set that is read when it is needed."""

    def __init__(self, path: InputFile, dataset: Any) -> None:
        self.path, self.dataset = path, dataset
        self.shape, self.ndim, self.size = dataset.shape, len(dataset.shape), int(np.prod(dataset.shape))
        self.dtype = dataset.dtype

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        try:
            array = self.dataset[()]
        except OSError:
            raise InputError(f"{self.path}: {self.dataset.name} is damaged; write it again") from None
        return np.asarray(array, dtype=dtype)


@contextmanager
def _of_nwb(path: InputFile) -> Iterator[dict[str, Any]]:
    """The time series and the tables of an NWB file: series in their unit, columns of tables behind a slash."""
    pynwb = _module("pynwb", path, "nwb", "NWB")
    if path.path is None:
        raise InputError(f"{path}: an NWB file must be on disk; give its name")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of namespaces that are newer or older
        try:
            reader = pynwb.NWBHDF5IO(str(path.path), mode="r", load_namespaces=True)
        except Exception:  # a damaged file fails in many ways
            raise InputError(f"{path}: damaged or not NWB; write it again") from None
        with reader:
            try:
                objects = list(reader.read().objects.values())
            except Exception:
                raise InputError(f"{path}: damaged or not NWB; write it again") from None
            names = [thing.name for thing in objects]
            arrays: dict[str, Any] = {}
            for thing in objects:
                above = getattr(thing.parent, "name", "root")
                name = thing.name if names.count(thing.name) == 1 else f"{above}/{thing.name}"
                if isinstance(thing, pynwb.TimeSeries):
                    arrays[name] = np.asarray(thing.data) * thing.conversion + getattr(thing, "offset", 0.0)
                elif hasattr(thing, "colnames"):
                    arrays |= {f"{name}/{column}": np.asarray(thing[column][:]) for column in _plain_columns(thing)}
            yield arrays


def _plain_columns(table: Any) -> list[str]:
    """Columns with one cell a row, and not a list such as the times of spikes."""
    return [column for column in table.colnames if not hasattr(table[column], "target") and column != "group"]
