"""Docstrings as mkdocstrings reads them: `Example:` is code that a doctest runs, and pages that are named are links.

Defaults are shown by their values, as one who reads a signature does not know what a constant is.
"""

import re
from importlib import import_module
from typing import Any

import griffe

HEADING = re.compile(r"^Example:$", re.M)
"""One example, or several lines of one; the library knows `Examples:` alone."""


PAGE = re.compile(r"docs/(?:how-to/)?(\w+)\.md")
"""A page of this site, as docstrings name it."""

CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*(\.\w+)*")
"""A name that stands for a value."""


class Docstrings(griffe.Extension):
    """Reads `Example:` like `Examples:`, makes links of pages, and shows the values of defaults."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """One class, function or module."""
        if obj.docstring is not None:
            text = HEADING.sub("Examples:", obj.docstring.value)
            obj.docstring.value = PAGE.sub(lambda found: f"[{found[0]}](../{found[0].removeprefix('docs/')})", text)

    def on_function(self, *, func: griffe.Function, **_: Any) -> None:
        """The defaults of its arguments."""
        for parameter in func.parameters:
            parameter.default = valued(parameter.default, func)


def valued(default: Any, where: griffe.Object) -> Any:
    """The value of a constant, as it is written, or the default as it is.

    Args:
        default: an expression, or None.
        where: whose it is.
    """
    if isinstance(default, griffe.ExprCall) and isinstance(default.function, griffe.ExprLambda):
        return default.function.body  # what a dataclass makes anew for each object
    if default is None or not CONSTANT.fullmatch(str(default)):
        return default
    module, value = import_module(where.module.path), None
    for name in str(default).split("."):
        # What a class inherits has its constants elsewhere.
        value = getattr(module if value is None else value, name, default)
    return f"{value:g}" if isinstance(value, float) else repr(value) if isinstance(value, int | str) else default
