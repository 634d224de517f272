"""Files out: refused before the work starts if they cannot be written, and never left half written."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, count
from pathlib import Path

from theory.errors import InputError

__all__ = ["free_name", "require_own", "require_writable", "written_whole"]

HEAD_BYTES = 1 << 12
"""Enough of a file's beginning to tell what it is."""


def require_writable(
    path: str | os.PathLike[str], suffixes: Sequence[str], argument: str, *, inputs: Iterable[str | Path] = ()
) -> Path:
    """Say now, not after the work, that a file cannot be written.

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
    """Refuse to replace a file that nobody named, unless it is an earlier one of the same kind.

    Args:
        path: the file to write later.
        mark: what stands in the first bytes of such files.
        argument: what the caller calls the folder, for the message.

    Raises:
        InputError: another file is there.
    """
    if not os.path.lexists(path):
        return
    if path.is_file():
        with path.open("rb") as stream:
            if mark in stream.read(HEAD_BYTES):
                return
    raise InputError(f"{argument}: {str(path)!r} is there already, of another kind; give another folder")


def free_name(path: str | os.PathLike[str]) -> Path:
    """A name that nothing has yet, for a file that nobody named: this one, or with a number after it.

    Example:
        >>> free_name("/nowhere/mixed.csv").name
        'mixed.csv'
    """
    wanted = Path(path)
    numbered = (wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}") for number in count(2))
    return next(name for name in chain([wanted], numbered) if not os.path.lexists(name))


@contextmanager
def written_whole(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary name in the same folder and suffix; on success it takes the file's place, else it is removed.

    A file that is replaced leaves its permissions to the new one.

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
        # A full disk says neither which file nor where.
        if error.filename is None or temporary is None or str(error.filename) == str(temporary):
            error.filename, error.filename2 = str(path), None
        raise
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _permissions(target: Path) -> int:
    """Those of the file that is there, or those that an ordinary new file would have; mkstemp makes private ones."""
    if target.exists():
        return stat.S_IMODE(target.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
