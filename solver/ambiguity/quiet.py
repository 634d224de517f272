"""What a library in C prints to standard output, past every option of its own, is kept from it.

HiGHS (of scipy 1.17) tells of some integer solutions in this way, which would end up before the JSON that a command
prints.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["quiet"]

STANDARD_OUTPUT = 1


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing that is written to standard output in the meantime, by its number, is seen.

    What other threads write there is lost, too; so it is to be short. Python's own `print` holds back what it writes,
    and what it wrote before is still to come.

    Example:
        >>> import os
        >>> with quiet():
        ...     _ = os.write(1, b"told by a library")
    """
    try:
        kept = os.dup(STANDARD_OUTPUT)
    except OSError:  # there is none
        yield
        return
    _flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, STANDARD_OUTPUT)
    try:
        yield
    finally:
        _flush()
        os.dup2(kept, STANDARD_OUTPUT)
        os.close(kept)
        os.close(nowhere)


def _flush() -> None:
    """Write what the library of C holds back."""
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).fflush(None)
