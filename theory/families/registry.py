"""The registry of families."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from theory.errors import InputError, unknown_name
from theory.families.family import Family
from theory.families.frequencies import FrequencyRatio
from theory.families.squares import SQUARES
from theory.families.truncated_normal import TruncatedNormal
from theory.families.two_bits import TwoBits

FAMILIES: Mapping[str, Family] = MappingProxyType(
    {entry.name: entry for entry in (*SQUARES, TruncatedNormal(), FrequencyRatio(), TwoBits())}
)
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
