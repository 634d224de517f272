"""The journal of a sweep, on disk: one line per point, appended as soon as the point is known, and never changed.

The journal of the table ``NAME.parquet`` is ``NAME.parquet.journal``. Whatever ends the program, it holds some of the
points, each whole, and the sweep goes on with the others:

1. Refuse a table or a journal of another sweep, by the fingerprint in its header. If the table is there, all is known.
2. Lock the journal; refuse a second run.
3. A journal without a whole line of points is begun anew: it may be of any sweep, as there is nothing to lose.
4. Read its points. A line begins with its checksum; a line that was altered is solved again. A kill can only cut the
   last line short, and that is cut off.
5. Append the lines of new points, and wait until they are on disk.
6. Once all points are known write the table whole, and remove the journal. A journal without points is removed at once.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from solver.sweeps.plan import Sweep
from solver.sweeps.table import Row, header_of, read_rows, write_table
from theory.errors import InputError
from theory.writing import require_writable

SUFFIX = ".parquet"  # ending of the name of a table


class Journal:
    """The points of a sweep that are known.

    Attributes:
        rows: by the index of their point.
        worthless: whether it is to go at the end with all its points, as none of them could be posed.
    """

    def __init__(self, rows: dict[int, Row], stream: IO[bytes] | None) -> None:
        self.rows = rows
        self._stream = stream
        self.worthless = False

    def add(self, rows: Iterable[Row]) -> None:
        """Keep rows, on disk first.

        Raises:
            OSError: they cannot be written; nothing that was there before is lost.
        """
        # Step 5.
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
    """The journal of a sweep; at the end of the block, if all its points are known, the table is written.

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
    # Step 1.
    if target.exists():
        _require_same(target, header_of(target), header)
        if _is_begun(path, header):
            path.unlink()  # a kill came between the table and this
        yield Journal({row["index"]: row for row in read_rows(target)}, None)
        return
    with path.open("a+b") as stream:
        # Steps 2 to 4.
        _lock(stream, target)
        journal = Journal(_known(stream, path, header, len(sweep)), stream)
        try:
            yield journal
        finally:
            # Step 6.
            if journal.worthless or not journal.rows:
                path.unlink(missing_ok=True)
        if len(journal.rows) == len(sweep):
            write_table(target, [journal.rows[index] for index in range(len(sweep))], sweep.coordinates, header)
            path.unlink()


def _known(stream: IO[bytes], path: Path, header: dict[str, Any], count: int) -> dict[int, Row]:
    """The rows of a journal, which is begun if it has none, and rid of a line that was cut short."""
    stream.seek(0)
    first = stream.readline()
    theirs = parsed(first) if first.endswith(b"\n") else None
    if _line(header).startswith(first) or (theirs is not None and "fingerprint" in theirs):
        whole = stream.tell()
        if not stream.readline().endswith(b"\n"):
            # Step 3.
            stream.truncate(0)
            stream.write(_line(header))
            stream.flush()
            os.fsync(stream.fileno())
            return {}
        stream.seek(whole)
    # Step 4.
    _require_same(path, theirs, header)
    rows: dict[int, Row] = {}
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
    text = json.dumps(content)
    return f"{_checksum(text)} {text}\n".encode()


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def parsed(line: bytes) -> dict[str, Any] | None:
    """The content of a line of a journal; None where it does not agree with its checksum."""
    with suppress(ValueError, RecursionError):
        checksum, text = line.decode().rstrip("\n").split(" ", 1)
        content = json.loads(text) if checksum == _checksum(text) else None
        return content if isinstance(content, dict) else None
    return None


def _require_same(path: Path, other: dict[str, Any] | None, header: dict[str, Any]) -> None:
    if other is None or "fingerprint" not in other:
        raise InputError(f"results: {str(path)!r} holds no sweep; give another name")
    if other["fingerprint"] == header["fingerprint"]:
        return
    theirs, ours = other.get("sweep", {}), json.loads(json.dumps(header["sweep"]))
    names = [name for name in theirs | ours if theirs.get(name) != ours.get(name)]
    different = f"{names[0]} is {_shown(theirs, names[0])} there and {_shown(ours, names[0])} here" if names else "old"
    raise InputError(
        f"results: {str(path)!r} holds another sweep ({different}); give another name, or remove that file first"
    )


def _shown(description: dict[str, Any], name: str) -> str:
    text = json.dumps(description[name]) if name in description else "missing"
    return text if len(text) <= 60 else text[:60] + "..."


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
