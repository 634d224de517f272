"""The one exception for bad input, so that callers can tell it from a defect."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class InputError(ValueError):
    """An argument cannot be used: the message names it, says where and what to do.

    The command line prints the message as one line and exits with code 2.

    Example:
        >>> from theory import Sources
        >>> Sources([[1.0, float("nan")]])
        Traceback (most recent call last):
        theory.errors.InputError: sources: 1 value(s) are NaN or infinite, the first at row 0, column 1 of sources ...
    """


def unknown_name(argument: str, unknown: str, known: Iterable[str]) -> str:
    """One line for a name that is not among those known, with the nearest of them first.

    Example:
        >>> unknown_name("colour", "bleu", ["blue", "red"])
        "colour: 'bleu' is unknown; did you mean 'blue'? Known are: blue, red"
    """
    names = list(known)
    near = get_close_matches(str(unknown).lower(), names, n=2, cutoff=0.5)
    hint = f"did you mean {' or '.join(repr(name) for name in near)}? Known are" if near else "choose one of"
    return f"{argument}: {unknown!r} is unknown; {hint}: {', '.join(names)}"
