"""Files that are written whole or not at all, and refused before the work if they cannot be written.

And what results show of themselves in a notebook, where nothing is written: sentences with a table.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from itertools import chain, count
from math import isfinite
from numbers import Real
from pathlib import Path
from typing import Any

from theory.errors import InputError


def require_writable(
    path: str | os.PathLike[str], suffixes: Sequence[str], argument: str, *, inputs: Iterable[str | Path] = ()
) -> Path:
    """Refuse, before the work, a file that cannot be written.

    Args:
        path: the file to write later.
        suffixes: the kinds of file it may be, with their dots.
        argument: what the caller calls it, for the message.
        inputs: the files read, which must not be overwritten.

    Raises:
        InputError: wrong suffix, missing folder, a folder in its place, no permission, or one of the inputs.

    Example:
        >>> require_writable("picture.doc", (".png", ".pdf"), "--plot")
        Traceback (most recent call last):
        ...
        theory.errors.InputError: --plot: 'picture.doc' must end in .png or .pdf
    """
    target = Path(path)
    if target.suffix.lower() not in suffixes:
        raise InputError(f"{argument}: {str(path)!r} must end in {' or '.join(suffixes)}")
    if target.is_dir():
        raise InputError(f"{argument}: {str(path)!r} is a folder; give the name of a file in it")
    if target.exists() and any(Path(one).exists() and target.samefile(one) for one in inputs):
        raise InputError(f"{argument}: {str(path)!r} is the input itself; give another name")
    folder = target.resolve().parent
    if not folder.is_dir():
        raise InputError(f"{argument}: there is no folder {str(folder)!r}; create it first")
    if target.exists() and not os.access(target, os.W_OK):
        raise InputError(f"{argument}: {str(path)!r} is write-protected; give another name")
    try:
        # Permissions alone do not tell of read-only and full disks: try.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(f"{argument}: cannot write into {str(folder)!r} ({error.strerror})") from None
    return target


def require_own(path: Path, mark: bytes, argument: str) -> None:
    """Refuse to replace a file that the user did not name, unless it has the mark of the kind near its beginning.

    The argument is what the caller calls the folder.

    Raises:
        InputError: a file of another kind exists.
    """
    if not os.path.lexists(path):
        return
    if path.is_file():
        with path.open("rb") as stream:
            if mark in stream.read(1 << 12):
                return
    raise InputError(f"{argument}: {str(path)!r} is there already, of another kind; give another folder")


def free_name(path: str | os.PathLike[str]) -> Path:
    """A path at which no file exists: this one, or with a number after its name.

    Example:
        >>> free_name("/nowhere/mixed.csv").name
        'mixed.csv'
    """
    first = Path(path)
    numbered = (first.with_name(f"{first.stem}-{number}{first.suffix}") for number in count(2))
    return next(name for name in chain([first], numbered) if not os.path.lexists(name))


@contextmanager
def written_whole(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path in the same folder; on success that file replaces the other, else it is removed.

    The new file gets the permissions of the one that it replaces.

    Raises:
        OSError: the file cannot be written; it names the file, not the temporary one.
    """
    target, temporary = Path(path).resolve(), None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.stem}-", suffix=target.suffix, dir=target.parent)
        temporary = Path(name)
        os.close(handle)
        yield temporary
        temporary.chmod(_permissions(target))
        temporary.replace(target)
    except OSError as error:
        # The error of a full disk has no file name.
        if error.filename is None or temporary is None or str(error.filename) == str(temporary):
            error.filename, error.filename2 = str(path), None
        raise
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _permissions(target: Path) -> int:
    """Permissions of the existing file, or of an ordinary new one; files of mkstemp are private."""
    if target.exists():
        return stat.S_IMODE(target.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def block(lines: Iterable[str], columns: Mapping[str, Iterable[object]] | None = None) -> str:
    """Sentences, without empty ones, and a table by columns as HTML, in the colours of the notebook.

    Numbers are shown to four digits.

    Example:
        >>> block(["Mixed."], {"source": ["a & b"], "weight": [0.25]}).count("<td")
        2
    """
    text = "".join(f"<p>{escape(line)}</p>" for line in lines if line)
    if not columns:
        return f"<div>{text}</div>"
    most = 30  # rows
    rows = list(zip(*map(_cells, columns.values()), strict=True))
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in rows[:most])
    more = f"<p>... and {len(rows) - most} more</p>" if len(rows) > most else ""
    return f"<div>{text}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}</div>"


def _cells(column: Iterable[object]) -> list[str]:
    """The cells of a column; what is rounding beside its largest number reads as zero."""
    values = list(column)
    numbers = [float(value) if not isinstance(value, bool) and isinstance(value, Real) else None for value in values]
    least = 1e-12 * max((abs(number) for number in numbers if number is not None and isfinite(number)), default=0.0)
    return [
        f'<td style="text-align: left">{escape(str(value))}</td>'
        if number is None
        else f"<td>{0.0 if abs(number) < least else number:.4g}</td>"
        for value, number in zip(values, numbers, strict=True)
    ]


def problem_block(problem: Any, costs: Iterable[str]) -> str:
    """What a notebook shows of a problem: these costs of it, by name, and the range of each source."""
    sources = problem.sources
    said = ", ".join(f"{name.replace('_', ' ')} {getattr(problem, name):g}" for name in costs)
    kind = "samples" if sources.from_samples or sources.stream is not None else "corners"
    low, high = (sources.mean + ends for ends in (sources.lower, sources.upper))
    table = {"source": sources.names, "least": low, "mean": sources.mean, "largest": high}
    lines = [f"A problem, not solved yet: {sources.count} {kind}, {problem.neurons.name} neurons, {said}."]
    return block(lines, table | {"standard deviation": sources.covariance.diagonal() ** 0.5})
