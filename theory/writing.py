"""Files out: refused before the work starts if they cannot be written, and never left half written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from theory.errors import InputError

__all__ = ["require_writable", "written_whole"]


def require_writable(
    path: str | os.PathLike[str], suffixes: Sequence[str], argument: str, *, source: str | Path = ""
) -> Path:
    """Say now, not after the work, that a file cannot be written.

    Args:
        path: the file to write later.
        suffixes: the kinds of file it may be, with their dots.
        argument: what the caller calls it, for the message.
        source: the file read, which must not be overwritten.

    Raises:
        InputError: wrong suffix, missing folder, a folder in its place, no permission, or the source itself.

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
    if source and target.exists() and Path(source).exists() and target.samefile(source):
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


@contextmanager
def written_whole(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary name in the same folder and suffix; on success it takes the file's place, else it is removed.

    Raises:
        OSError: the folder cannot be written.
    """
    target = Path(path).resolve()
    handle, name = tempfile.mkstemp(prefix=f".{target.stem}-", suffix=target.suffix, dir=target.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes the file private; give it the permissions an ordinary new file would have.
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
