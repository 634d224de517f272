"""What some methods take beyond what all do: each declares its own, and `solver.solving` hands them on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Option:
    """An argument of `solve` that only some methods take; those list it in their module's OPTIONS.

    Example:
        >>> Option("neurons", takes="a number", otherwise="uses as many as help", read=int).read("3")
        3
    """

    name: str  # of the argument, in `solve` and in the method's `steps`
    takes: str  # what the method takes, for the error when another method is told it
    otherwise: str  # what other methods do
    read: Callable[[object], object]  # turns a value into the one that the method wants, or raises InputError
