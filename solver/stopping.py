"""Signals that ask the command line to stop: the first gets the best answer so far, a second ends the program at once.

Ctrl-C (SIGINT), what clusters send before they kill (SIGTERM) and a terminal that closes (SIGHUP) are one to the
program. Only the command line watches for them, with `watched`; a library must not take signals from its host, and
without a watch `interruptible` and `noted` do nothing.

While nothing would be lost a signal raises `Stopped`. Where an answer is being certified, printed or saved it is only
noted, and the work, which is short, is finished. Whatever comes after the first signal has its default effect, which
is immediate even inside a library written in C.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

KEYBOARD = "stopped from the keyboard"  # how the message of an answer ends that Ctrl-C cut short
NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # signals watched for, as far as the system has them


class Stopped(KeyboardInterrupt):  # an interrupt is no error
    """A signal asked the program to stop; the text says which.

    Example:
        >>> str(Stopped(signal.SIGTERM))
        'stopped by SIGTERM'
    """

    def __init__(self, number: int) -> None:
        super().__init__(KEYBOARD if number == signal.SIGINT else f"stopped by {signal.Signals(number).name}")
        self.number = number


class Watch:
    """What has been received so far.

    Attributes:
        received: the first signal, or None.
        noting: whether a signal is noted only.
    """

    def __init__(self) -> None:
        self.received: Stopped | None = None
        self.noting = False

    @property
    def exit_code(self) -> int | None:
        """What shells report for a program that the signal ended; None if none was received."""
        return None if self.received is None else 128 + self.received.number

    def handle(self, number: int, _frame: FrameType | None) -> None:
        """Note the signal and, unless an answer is on its way out, raise it."""
        if self.received is not None:
            return
        self.received = Stopped(number)
        for other in _signals():
            # One that is ignored, as under nohup, stays so.
            if signal.getsignal(other) == self.handle:
                signal.signal(other, signal.SIG_DFL)
        if not self.noting:
            raise self.received


_watch: Watch | None = None


def _signals() -> list[signal.Signals]:
    return [getattr(signal, name) for name in NAMES if hasattr(signal, name)]


@contextmanager
def watched() -> Iterator[Watch]:
    """Watch for signals until the end of the block; for the outermost command alone.

    Signals that are ignored stay ignored. Outside the main thread, where Python handles no signals, nothing is done.
    """
    global _watch  # there is one process, and it has one set of signal handlers
    watch = Watch()
    if _watch is not None or threading.current_thread() is not threading.main_thread():
        yield watch
        return
    before = {number: signal.getsignal(number) for number in _signals()}
    hook = sys.unraisablehook
    _watch, sys.unraisablehook = watch, _without_stops
    try:
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, watch.handle)
        yield watch
    finally:
        _watch, sys.unraisablehook = None, hook
        for number, handler in before.items():
            # None: set by something that is not Python, which knows no way back to it.
            if handler is not None:
                signal.signal(number, handler)


def _without_stops(unraisable: UnraisableHookArgs) -> None:
    """A signal that arrives in a destructor or callback cannot be raised there: it is noted, and raised later."""
    if not isinstance(unraisable.exc_value, Stopped):
        sys.__unraisablehook__(unraisable)


@contextmanager
def _set_noting(value: bool) -> Iterator[None]:
    watch = _watch
    if watch is None:
        yield
        return
    before, watch.noting = watch.noting, value
    try:
        yield
    finally:
        watch.noting = before


@contextmanager
def noted() -> Iterator[None]:
    """A signal within is noted only, except where `interruptible` allows it again."""
    with _set_noting(True):
        yield


@contextmanager
def interruptible() -> Iterator[None]:
    """A signal within is raised as `Stopped`, and one that was noted before at the beginning."""
    with _set_noting(False):
        raise_if_stopped()
        yield


def stop_requested() -> bool:
    """Whether a signal has been received.

    Example:
        >>> stop_requested()
        False
    """
    return _watch is not None and _watch.received is not None


def raise_if_stopped() -> None:
    """Raise `Stopped` if a signal has been received, even one that some library swallowed."""
    if _watch is not None and _watch.received is not None:
        raise _watch.received
