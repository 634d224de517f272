"""The registry of theorems: what is assumed, what follows, why, and who showed it.

Each theorem is a file of this folder that says `THEOREM = Theorem(...)`, and a line of `FILES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from theory.errors import InputError, unknown_name
from theory.theorems.theorem import Theorem

__all__ = ["THEOREMS", "theorem"]

FILES = (
    "exact_condition",
    "ellipsoid",
    "range_independence",
    "independence",
    "face_condition",
    "general_mixing",
    "uniqueness",
    "price_of_modularity",
    "block_modularity",
    "frequency_pairs",
    "invariances",
    "invariant_dynamics",
    "errors.sources_drop_out",
    "errors.errors_and_correlation",
    "errors.dear_errors",
    "errors.noise",
)
"""The files that hold a theorem, those of a folder after its name, in the order in which they build on each other."""


def _read(file: str) -> Theorem:
    found = import_module(f"theory.theorems.{file}").THEOREM
    assert isinstance(found, Theorem)
    return found


THEOREMS: Mapping[str, Theorem] = MappingProxyType({entry.name: entry for entry in map(_read, FILES)})
"""All theorems by name."""


def theorem(name: str) -> Theorem:
    """The theorem of that name.

    Raises:
        InputError: unknown; the message lists the near names.

    Example:
        >>> from theory import Problem
        >>> theorem("range-independence").applies(Problem([[0, 0], [0, 1], [1, 0], [1, 1]]))
        True
    """
    if name not in THEOREMS:
        raise InputError(unknown_name("theorem", name, THEOREMS))
    return THEOREMS[name]
