"""Measurements in a JSON file, which is written anew after each: a run goes on where it was stopped."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from theory.errors import InputError
from theory.writing import written_whole

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["Kept"]

Row = TypeVar("Row", bound="DataclassInstance")


class Kept(Generic[Row]):
    """What was measured under the same conditions, in a file if one is given.

    Args:
        path: of the file, or None.
        read: makes a row of its fields as JSON has them, with None for what is not finite.
        conditions: what a measurement depends on besides the problem, such as the machine, by name.

    Attributes:
        rows: all that were measured.

    Raises:
        InputError: a file that holds something else, or what was measured under other conditions.
    """

    def __init__(self, path: Path | None, read: Callable[..., Row], conditions: Mapping[str, Any]) -> None:
        self.path, self.conditions = path, dict(conditions)
        self.rows: list[Row] = []
        if path is not None and path.exists():
            self._read(path, read)

    def _read(self, path: Path, read: Callable[..., Row]) -> None:
        try:
            content = json.loads(path.read_text())
            before = dict(content["conditions"])
            self.rows = [read(**row) for row in content["rows"]]
        except (ValueError, KeyError, TypeError):
            raise InputError(f"--json: {str(path)!r} is no file of this benchmark; give another name") from None
        for name in sorted({*before, *self.conditions}):
            was, now = before.get(name, "absent"), self.conditions.get(name, "absent")
            if was != now:
                raise InputError(f"--json: {str(path)!r} was measured with {name} {was}, not {now}; give another name")

    def add(self, row: Row) -> None:
        """Keep one more."""
        self.rows.append(row)
        self.write()

    def write(self, **more: Iterable[Any]) -> None:
        """Write the file, with more than the rows if there is more to tell."""
        if self.path is not None:
            content = {"conditions": self.conditions, "rows": [asdict(row) for row in self.rows], **more}
            with written_whole(self.path) as file:
                file.write_text(json.dumps(_finite(content), indent=1, allow_nan=False) + "\n")


def _finite(content: Any) -> Any:
    """The content without what JSON has no number for."""
    if isinstance(content, Mapping):
        return {name: _finite(value) for name, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content
