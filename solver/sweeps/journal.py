"""What a sweep knows already, on disk: one line a point, appended as soon as it is known, and never touched again.

The first line says which sweep it is. Each begins with its checksum; one that was altered is none.
 A kill can only cut the last line short, and a line that is cut short is none; so
whatever happens, the file holds some of the points, each whole, and the sweep goes on with the others. Beside the table
that is asked for, ``NAME.parquet``, the journal is ``NAME.parquet.journal``; once all points are known the table is
written whole, and the journal goes.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from solver.sweeps.table import header_of, write_table
from theory.errors import InputError
from theory.writing import require_writable

if TYPE_CHECKING:
    from solver.sweeps.plan import Sweep

__all__ = ["SUFFIX", "Journal", "opened", "parsed"]

SUFFIX = ".parquet"
"""Of the table of results."""

SHOWN = 60
"""Characters of a value that a message repeats."""

Row = dict[str, Any]


class Journal:
    """The points of a sweep that are known.

    Attributes:
        rows: by the index of their point.
        worthless: whether the file is to go at the end, as it would only block a mended sweep.
    """

    def __init__(self, rows: dict[int, Row], stream: IO[bytes] | None) -> None:
        self.rows = rows
        self._stream = stream
        self.worthless = False

    def add(self, rows: Iterable[Row]) -> None:
        """Keep rows, those on disk first.

        Raises:
            OSError: they cannot be written; nothing that was there before is lost.
        """
        new = [row for row in rows if row["index"] not in self.rows]
        if self._stream is not None and new:
            try:
                self._stream.write(b"".join(_line(row) for row in new))
                self._stream.flush()
                os.fsync(self._stream.fileno())
            except OSError as error:
                error.filename = error.filename or self._stream.name
                raise
        self.rows.update((row["index"], row) for row in new)


@contextmanager
def opened(sweep: Sweep, results: str | os.PathLike[str] | None) -> Iterator[Journal]:
    """What is known of a sweep; at the end of the block, if that is all of it, the table is written.

    Args:
        sweep: whose.
        results: the table, which may be there already, or None to keep nothing on disk.

    Raises:
        InputError: results of another sweep, or of none; a name that does not end in .parquet; two runs at once.
        OSError: a file cannot be read or written.
    """
    if results is None:
        yield Journal({}, None)
        return
    target = require_writable(results, (SUFFIX,), "results")
    path = target.with_name(target.name + ".journal")
    header = {"fingerprint": sweep.fingerprint, "sweep": sweep.describe(), "points": len(sweep)}
    if target.exists():
        _require_same(target, header_of(target), header)
        if _is_begun(path, header):
            path.unlink()  # a kill came between the table and this
        from solver.sweeps.table import read_rows

        yield Journal({row["index"]: row for row in read_rows(target)}, None)
        return
    with path.open("a+b") as stream:
        _lock(stream, target)
        journal = Journal(_known(stream, path, header, len(sweep)), stream)
        try:
            yield journal
        finally:
            if journal.worthless:
                path.unlink()
        if len(journal.rows) == len(sweep):
            write_table(target, [journal.rows[index] for index in range(len(sweep))], sweep.coordinates, header)
            path.unlink()


def _known(stream: IO[bytes], path: Path, header: dict[str, Any], count: int) -> dict[int, Row]:
    """The rows of a journal, which is begun if there is none, and rid of a line that was cut short."""
    stream.seek(0)
    first = stream.readline()
    if not first.endswith(b"\n"):
        if not _line(header).startswith(first):
            _require_same(path, None, header)
        stream.truncate(0)
        stream.write(_line(header))
        stream.flush()
        os.fsync(stream.fileno())
        return {}
    _require_same(path, parsed(first), header)
    rows: dict[int, Row] = {}
    whole = stream.tell()
    for line in stream:
        row = parsed(line) if line.endswith(b"\n") else None
        if row is not None and isinstance(row.get("index"), int) and 0 <= row["index"] < count:
            rows.setdefault(row["index"], row)
        whole += len(line) if line.endswith(b"\n") else 0
    stream.truncate(whole)
    return rows


def _is_begun(path: Path, header: dict[str, Any]) -> bool:
    """Whether a file is there, and the journal of this sweep."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return _line(header).startswith(stream.readline())


def _line(content: dict[str, Any]) -> bytes:
    """A line of JSON, which begins with its checksum."""
    text = json.dumps(content)
    return f"{_sum(text)} {text}\n".encode()


def _sum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def parsed(line: bytes) -> dict[str, Any] | None:
    """What a line of a journal says; None where it does not agree with its checksum."""
    with suppress(ValueError, RecursionError):
        checksum, text = line.decode().rstrip("\n").split(" ", 1)
        content = json.loads(text) if checksum == _sum(text) else None
        return content if isinstance(content, dict) else None
    return None


def _require_same(path: Path, found: dict[str, Any] | None, header: dict[str, Any]) -> None:
    if found is None or "fingerprint" not in found:
        raise InputError(f"results: {str(path)!r} holds no sweep; give another name")
    if found["fingerprint"] == header["fingerprint"]:
        return
    theirs, ours = found.get("sweep", {}), json.loads(json.dumps(header["sweep"]))
    names = [name for name in theirs | ours if theirs.get(name) != ours.get(name)]
    different = f"{names[0]} is {_shown(theirs, names[0])} there and {_shown(ours, names[0])} here" if names else "old"
    raise InputError(
        f"results: {str(path)!r} holds another sweep ({different}); give another name, or remove that file first"
    )


def _shown(description: dict[str, Any], name: str) -> str:
    text = json.dumps(description[name]) if name in description else "missing"
    return text if len(text) <= SHOWN else text[:SHOWN] + "..."


def _lock(stream: IO[bytes], target: Path) -> None:
    """Refuse a second run; the lock goes with the process, however that ends."""
    try:
        import fcntl
    except ImportError:  # not on this system, where it is left to the user
        return
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InputError(f"results: another run is at work on {str(target)!r}; wait for it, or stop it") from None
    except OSError:  # some network folders know no locks
        return
