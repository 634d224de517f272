"""Files that are larger than memory: read a block at a time, and summarised as they come.

1. Open the table: its width, its names, and the column of weights.
2. Deal its blocks to lanes: to `STREAMS.lanes` of them if an .npy, which can be read anywhere, else to one.
3. Add the first block to a builder, which tells all lanes which rows lie inside the hull so far.
4. Add the blocks of each lane, in order, to a builder of its own, in as many threads as there are processors.
5. Add the summaries of the lanes, in their order: the answer does not depend on the number of threads.
6. Refuse a file that changed meanwhile.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path
from threading import Event
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from solver.reading.arrays import as_table
from solver.reading.choice import EVERYTHING, Choice
from solver.reading.files import ARCHIVES, InputFile, named, without_weights
from solver.reading.tables import blocks_of
from solver.reading.text import TextBlocks
from theory.arrays import Array
from theory.errors import InputError
from theory.geometry.extremes import EXACT_DIMENSION
from theory.inputs.names import distinct_names
from theory.sources import Sources
from theory.summary import Summary, SummaryBuilder


@dataclass(frozen=True)
class StreamLimits:
    """From which size on samples are not read into memory, and how many at once."""

    # Of the machine's memory from which on samples are streamed: solving may take several times as much.
    share: float = 1 / 16
    # From which on up to `EXACT_DIMENSION` sources are streamed, however much memory there is: it is faster. Of more
    # sources every row may be extreme, and to find out takes longer than to keep it.
    bytes: int = 1 << 28
    npy_rows: int = 1 << 18  # of an .npy that are read at once
    # Builders that share the blocks of an .npy, on any number of processors: so sums do not depend on it.
    lanes: int = 4


STREAMS = StreamLimits()


Follow = Callable[[int, int], None]  # told how much of how much has been read


def memory() -> int:
    """Bytes of memory that this process may use, as far as the system says."""
    try:
        physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        physical = 1 << 33  # assumed of a machine that does not say
    try:
        return min(physical, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    except (OSError, ValueError):  # not within a limit, or not Linux
        return physical


def is_past_memory(path: InputFile, also: str | None = None, choice: Choice = EVERYTHING) -> bool:
    """Whether the numbers in a file take more than a share of the machine's memory.

    Args:
        path: the file.
        also: name of an array of weights in it, if there is one.
        choice: which of its columns are read.

    Raises:
        InputError: a damaged file.
    """
    return _holds_more(path, also, choice, STREAMS.share * memory())


def is_streamed(path: InputFile, also: str | None = None, choice: Choice = EVERYTHING) -> bool:
    """Whether a file is one of those that can be streamed, and large enough that it should be.

    Args:
        path: the file.
        also: name of an array of weights in it, if there is one.
        choice: which of its columns are read.

    Raises:
        InputError: a damaged file.
    """
    if is_past_memory(path, also, choice):
        return True
    return _holds_more(path, also, choice, STREAMS.bytes) and _width(path, also, choice) <= EXACT_DIMENSION


def _holds_more(path: InputFile, also: str | None, choice: Choice, room: float) -> bool:
    """Whether the numbers in a file take more than so many bytes; False of what cannot be read in parts."""
    if path.path is None or path.kind == ".npz" or path.kind in ARCHIVES.values():
        return False
    if path.path.is_file() and path.path.stat().st_size * 8 < room:
        return False  # a number takes a byte at least, but for what is compressed well
    if path.kind == ".csv":
        return path.path.stat().st_size > room
    if path.kind == ".npy":
        mapped = _mapped(path)
        return mapped is not None and mapped.size * 8 > room
    table = blocks_of(path, "sources", also, choice)
    return table.rows * table.width * 8 > room


def _width(path: InputFile, also: str | None, choice: Choice) -> int:
    """Number of columns of sources in a file that can be read in parts."""
    if path.kind == ".npy":
        mapped = _mapped(path)
        assert mapped is not None, "its size was found in it"
        with named(path):
            width = as_table(path, np.array(mapped[:1]), "sources", choice).values.shape[1]
    elif path.kind == ".csv":
        width = TextBlocks.of(path, choice.with_weights(also)).width
    else:
        table = blocks_of(path, "sources", also, choice)
        return table.width - (also is not None and table.weights is None)
    return width - (also is not None)


def stream(
    path: InputFile, probabilities: str | None = None, follow: Follow | None = None, choice: Choice = EVERYTHING
) -> Sources:
    """Sources from a file that is never in memory as a whole.

    Args:
        path: .csv, .npy, .parquet or .zarr.
        probabilities: as for `read_sources`.
        follow: called now and then with how much of how much has been read.
        choice: which columns are sources, as for `read_sources`.

    Raises:
        InputError: what is wrong, in which file, at which row; a file that ends early, or changes meanwhile.
        OSError: the file cannot be read.
    """
    from threadpoolctl import threadpool_limits

    before = _state(path)
    with named(path):
        table = _opened(path, probabilities, choice)  # steps 1 and 2
        # Columns are short, and threads of their own would wait for each other.
        with threadpool_limits(1, user_api="blas"):
            summary = _summary(table, follow)
    if _state(path) != before:  # step 6
        raise InputError(f"{path}: changed while it was read; wait until it is complete")
    return Sources.from_summary(summary)


def _state(path: InputFile) -> tuple[int, int]:
    assert path.path is not None
    known = path.path.stat()
    return known.st_size if path.path.is_file() else 0, known.st_mtime_ns


@dataclass(frozen=True)
class _Blocks:
    """A table in blocks of rows."""

    names: tuple[str, ...] | None  # of the sources, or None
    total: int  # what has been read at the end: rows, or bytes
    lanes: int  # among how many the blocks are dealt
    # yields (rows (n, d), weights (n,) or None, number of the first row, how much was read) of a lane
    read: Callable[[int], Iterator[tuple[NDArray[Any], NDArray[Any] | None, int, int]]]


def _summary(table: _Blocks, follow: Follow | None) -> Summary:
    stopped = Event()
    done = [0] * table.lanes
    names = table.names
    first = SummaryBuilder(names)

    def summarise(lane: int, blocks: Iterator[Any], builder: SummaryBuilder) -> Summary | None:
        is_empty = True
        for rows, weights, first_row, amount in blocks:
            if stopped.is_set():
                break
            builder.add(rows, weights, first_row=first_row)
            is_empty = False
            done[lane] += amount
            if follow is not None:
                follow(sum(done), table.total)
        return None if is_empty else builder.summary()

    lanes = [table.read(lane) for lane in range(table.lanes)]
    if table.lanes == 1:
        whole = summarise(0, lanes[0], first)
        assert whole is not None
        return whole
    # Step 3; the rest of the first lane goes on where this block ended.
    rows, weights, first_row, amount = next(lanes[0])
    first.add(rows, weights, first_row=first_row)
    done[0] = amount
    begun = first.summary()
    threads = max(1, min(table.lanes, os.cpu_count() or 1))
    with ThreadPoolExecutor(threads) as pool:  # step 4
        tasks = [
            pool.submit(summarise, lane, blocks, SummaryBuilder(beside=first)) for lane, blocks in enumerate(lanes)
        ]
        try:
            parts = [task.result() for task in tasks]
        except BaseException:
            stopped.set()
            raise
    return reduce(add, [part for part in parts if part is not None], begun)  # step 5


def _opened(path: InputFile, probabilities: str | None, choice: Choice) -> _Blocks:
    if path.kind == ".npy":
        return _npy_blocks(path, probabilities, choice)
    if path.kind == ".csv":
        text = TextBlocks.of(path, choice.with_weights(probabilities))
        assert path.path is not None
        size = path.path.stat().st_size
        column = _last_of(text.names) if choice and probabilities is not None else probabilities
        return _one_lane(path, text.names, text.width, column, size, blocks=_measured(text.read()))
    table = blocks_of(path, "sources", probabilities, choice)
    column = None if table.weights is not None else probabilities
    column = _last_of(table.names) if choice and column is not None else column
    return _one_lane(path, table.names, table.width, column, table.rows, blocks=_counted(table.read()))


def _last_of(names: tuple[str, ...] | None) -> str | None:
    """The column of the weights, which is the last of those chosen."""
    return None if names is None else names[-1]


def _one_lane(
    path: InputFile,
    names: tuple[str, ...] | None,
    width: int,
    probabilities: str | None,
    total: int,
    *,
    blocks: Iterator[tuple[NDArray[Any], NDArray[Any] | None, int]],
) -> _Blocks:
    """Blocks that come one after the other, with how much was read."""
    names = None if names is None else distinct_names(names, str(path))
    column, kept = without_weights(path, names, width, probabilities)

    def read(lane: int) -> Iterator[tuple[NDArray[Any], NDArray[Any] | None, int, int]]:
        seen = lane
        for rows, weights, amount in blocks:
            yield *_split(rows, weights, column), seen, amount
            seen += len(rows)
        if not seen:
            raise InputError(f"{path}: no rows; give a table with one row per sample")

    return _Blocks(kept, total, 1, read)


def _split(
    rows: NDArray[Any], weights: NDArray[Any] | None, column: int | None
) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Rows without the column of their weights, and these."""
    return (rows, weights) if column is None else (np.delete(rows, column, axis=1), rows[:, column])


def _counted(
    blocks: Iterator[tuple[NDArray[Any], NDArray[Any] | None]],
) -> Iterator[tuple[NDArray[Any], NDArray[Any] | None, int]]:
    for rows, weights in blocks:
        yield rows, weights, len(rows)


def _measured(blocks: Iterator[tuple[Array, int]]) -> Iterator[tuple[Array, None, int]]:
    before = 0
    for rows, place in blocks:
        yield rows, None, place - before
        before = place


# ---- numpy's own format -------------------------------------------------------------------------------------------


def _mapped(path: InputFile) -> np.memmap[Any, Any] | None:
    """The array of an .npy file, none of which is read; None where it cannot be had so."""
    try:
        array: Any = np.load(str(path.path), mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError, SyntaxError):
        return None
    return array if isinstance(array, np.memmap) and array.ndim in (1, 2) and array.size else None


def _npy_blocks(path: InputFile, probabilities: str | None, choice: Choice) -> _Blocks:
    array = _mapped(path)
    if array is None:
        raise InputError(
            f"{path}: no whole matrix of numbers, or one that ends before its last row; save it again with numpy.save"
        )
    rows, offset = len(array), int(array.offset)
    records = array.dtype.names is not None
    whole = as_table(path, np.array(array[:1]), "sources") if not choice else None
    width = array.shape[1] if array.ndim == 2 else 1
    column, kept = None, None
    if whole is None:
        chosen = as_table(path, np.array(array[:1]), "sources", choice.with_weights(probabilities))
        kept = None if chosen.names is None else distinct_names(chosen.names, str(path))
    else:
        names = None if whole.names is None else distinct_names(whole.names, str(path))
        column, kept = without_weights(path, names, whole.values.shape[1], probabilities)
    by_columns = array.ndim == 2 and array.shape[1] > 1 and not array.flags.c_contiguous
    kind, shape = array.dtype, array.shape[1:]
    del array

    def block(file: BinaryIO, start: int, count: int) -> NDArray[Any]:
        # Read, not mapped: what is mapped counts as memory for as long as it is not needed elsewhere.
        if not by_columns:
            return _items(file, kind, offset, start if records else start * width, (count, *shape))
        parts = [_items(file, kind, offset, index * rows + start, (count,)) for index in range(width)]
        return np.column_stack(parts)

    def read(lane: int) -> Iterator[tuple[NDArray[Any], NDArray[Any] | None, int, int]]:
        assert path.path is not None
        with path.path.open("rb", buffering=0) as file:
            for start in range(lane * STREAMS.npy_rows, rows, STREAMS.lanes * STREAMS.npy_rows):
                count = min(STREAMS.npy_rows, rows - start)
                part = block(file, start, count)
                if choice:
                    table = as_table(path, part, "sources", choice.with_weights(probabilities))
                    yield table.values, table.probabilities, start, count
                    continue
                if records or part.ndim == 1:
                    part = as_table(path, part, "sources").values
                yield *_split(part, None, column), start, count

    return _Blocks(kept, rows, STREAMS.lanes, read)


def _items(file: BinaryIO, kind: np.dtype[Any], offset: int, first: int, shape: tuple[int, ...]) -> NDArray[Any]:
    """Numbers of a file, from the first of so many on."""
    result = np.empty(shape, dtype=kind)
    room = memoryview(result.reshape(-1).view(np.uint8).data)
    file.seek(offset + first * kind.itemsize)
    while room:
        count = file.readinto(room)  # type: ignore[attr-defined]  # what is open without a buffer has it
        if not count:
            raise InputError("ends before its last row; it was cut off while it was read")
        room = room[count:]
    return result
