"""The one exception for bad input, so that callers can tell it from a defect."""

from __future__ import annotations

__all__ = ["InputError"]


class InputError(ValueError):
    """An argument cannot be used: the message names it, says where and what to do.

    The command line prints the message as one line and exits with code 2.
    """
