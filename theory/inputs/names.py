"""Names of columns: what can be printed anywhere, and told apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from theory.errors import InputError

NOT_PRINTED = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
"""What commands a terminal, turns or breaks a line, or cannot be written into a file at all."""

ROW_NUMBERS = re.compile(r"Unnamed: \d+(_level_\d+)?")
"""What pandas calls a column without a name: the row numbers of a table that was saved with them."""


def printable(text: str) -> str:
    r"""Text in one line that commands no terminal: control characters as they are escaped in Python.

    Example:
        >>> printable("a\x1b[31mb")
        'a\\x1b[31mb'
    """
    return NOT_PRINTED.sub(lambda match: repr(match[0])[1:-1], text)


def distinct_names(names: Iterable[Any], argument: str) -> tuple[str, ...]:
    r"""Names as text that can be printed, one per column; the argument is named in the message.

    Raises:
        InputError: two of one name, by which nothing could be told apart; none, or what pandas puts in its place,
            where a column most likely numbers the rows.

    Example:
        >>> distinct_names(["left", 2, "a\nb"], "sources")
        ('left', '2', 'a\\nb')
        >>> distinct_names(["a", "a"], "sources")
        Traceback (most recent call last):
        theory.errors.InputError: sources: 2 columns are named 'a'; give each its own name
    """
    shown = tuple(printable(str(name)) for name in names)
    for column, name in enumerate(shown):
        if not name.strip() or ROW_NUMBERS.fullmatch(name):
            said = f"is called {name!r}, as pandas calls one without a name" if name.strip() else "has no name"
            raise InputError(
                f"{argument}: column {column} (counted from 0) {said}; remove it if it numbers the rows, or name it"
            )
    repeated = [(name, count) for name, count in Counter(shown).items() if count > 1]
    if repeated:
        name, count = repeated[0]
        raise InputError(f"{argument}: {count} columns are named {name!r}; give each its own name")
    return shown
