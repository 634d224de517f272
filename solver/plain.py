"""What is found, as numbers, strings, lists and dictionaries: what JSON can hold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np


def plain(value: Any, *, finite: bool = False) -> Any:
    """A value with lists in the place of arrays and tuples, those in it too; if `finite`, None for other numbers.

    Example:
        >>> plain({"weights": np.eye(2), "interval": (0.5, None)})
        {'weights': [[1.0, 0.0], [0.0, 1.0]], 'interval': [0.5, None]}
    """
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {key: plain(item, finite=finite) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, finite=finite) for item in value]
    return None if finite and isinstance(value, float) and not math.isfinite(value) else value


def attributes(thing: object, *names: str) -> dict[str, Any]:
    """Attributes of an object by name, as `plain` values.

    Example:
        >>> attributes(np.array([1, 2]), "shape", "ndim")
        {'shape': [2], 'ndim': 1}
    """
    return {name: plain(getattr(thing, name)) for name in names}
