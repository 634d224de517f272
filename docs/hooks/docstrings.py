"""Docstrings as mkdocstrings reads them: `Example:` is code that a doctest runs, and pages that are named are links."""

import re
from typing import Any

import griffe

HEADING = re.compile(r"^Example:$", re.M)
"""One example, or several lines of one; the library knows `Examples:` alone."""


PAGE = re.compile(r"docs/(\w+)\.md")
"""A page of this site, as docstrings name it."""


class Docstrings(griffe.Extension):
    """Reads `Example:` like `Examples:`, and makes links of pages."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """One class, function or module."""
        if obj.docstring is not None:
            text = HEADING.sub("Examples:", obj.docstring.value)
            obj.docstring.value = PAGE.sub(r"[docs/\1.md](../\1.md)", text)
