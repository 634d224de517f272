"""The registry of families. Each file of `FILES` says `FAMILIES = (...)`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from theory.errors import InputError, unknown_name
from theory.families.family import Family

__all__ = ["FAMILIES", "family"]

FILES = (
    "cut_square",
    "slanted_corners",
    "parallelogram",
    "joint_table",
    "thinned_corner",
    "truncated_normal",
    "frequency_ratio",
    "two_bits",
)
"""The files that hold families, in the order in which they are listed."""


def _read(file: str) -> tuple[Family, ...]:
    found: tuple[Family, ...] = import_module(f"theory.families.{file}").FAMILIES
    return found


FAMILIES: Mapping[str, Family] = MappingProxyType({entry.name: entry for file in FILES for entry in _read(file)})
"""All families by name."""


def family(name: str) -> Family:
    """The family of that name.

    Raises:
        InputError: unknown; the message lists the near names.

    Example:
        >>> round(float(family("opposite-corners").boundary()[0]), 12)
        0.548374193255
    """
    if name not in FAMILIES:
        raise InputError(unknown_name("family", name, FAMILIES))
    return FAMILIES[name]
