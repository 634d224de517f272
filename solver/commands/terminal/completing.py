"""What a shell completes where a name is wanted: imported only when the TAB key asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any


def names_in(module: str, *attributes: str, more: Iterable[str] = ()) -> Callable[[Any, Any, str], list[str]]:
    """Complete names that a module holds.

    Args:
        module: imported when names are asked for.
        attributes: collections of names, or mappings by name.
        more: further names.
    """

    def complete(_context: Any, _parameter: Any, start: str) -> list[str]:
        home = import_module(module)
        known = [str(name) for attribute in attributes for name in getattr(home, attribute)]
        return [name for name in (*known, *more) if name.startswith(start)]

    return complete
