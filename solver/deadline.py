"""The time that a search may take, known wherever in the search it is asked for.

A method is looked at between its steps. What takes long within one (climbs by the hundred, a conic program, a hull)
asks for the time itself: it ends early with what it has by then, or is not begun.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_end: ContextVar[float] = ContextVar("_end", default=float("inf"))
"""When the search must have ended, on the clock of `time.perf_counter`."""


class OutOfTime(Exception):  # noqa: N818  # nothing went wrong
    """What comes next would take longer than there is time for."""


@contextmanager
def limited_to(end: float) -> Iterator[None]:
    """Give what runs within the block until this moment, or until the end of a block around it.

    Args:
        end: on the clock of `time.perf_counter`.

    Example:
        >>> with limited_to(time.perf_counter() + 60):
        ...     time_is_up(), 50 < time_left() <= 60
        (False, True)
        >>> time_left()
        inf
    """
    token = _end.set(min(end, _end.get()))
    try:
        yield
    finally:
        _end.reset(token)


def time_left() -> float:
    """Seconds until the end: infinite where there is none, and negative after it."""
    return _end.get() - time.perf_counter()


def time_is_up() -> bool:
    """Whether the end has come."""
    return time_left() <= 0


def require_time(seconds: float) -> None:
    """Go on only if this much time is left.

    Raises:
        OutOfTime: it is not.
    """
    if time_left() < seconds:
        raise OutOfTime
