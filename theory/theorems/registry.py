"""The registry of theorems: what is assumed, what follows, why, and who showed it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from theory.errors import InputError, unknown_name
from theory.theorems.categories import CATEGORIES
from theory.theorems.condition import (
    ELLIPSOID,
    EXACT_CONDITION,
    FACE_CONDITION,
    GENERAL_MIXING,
    PRICE_OF_MODULARITY,
    UNIQUENESS,
)
from theory.theorems.decoders import ERRORS_AND_CORRELATION, EXPENSIVE_ERRORS, NOISE, SOURCES_DROP_OUT
from theory.theorems.energies import ENERGIES_AND_RANGES, RANGES_ALONE
from theory.theorems.nonlinear import ANY_MULTIPLIER, ORDER_OF_KINDS
from theory.theorems.on_and_off import EXPENSIVE_WEIGHTS, FREE_CONDITION, ON_AND_OFF, SHARED_NEURONS
from theory.theorems.pairs import BALANCED_PAIRS, RECTIFIED_PAIRS
from theory.theorems.published import CHEAP_WEIGHTS, INDEFINITE_ELLIPSOID, PAIRWISE_RANGES
from theory.theorems.ranges import BLOCK_MODULARITY, EVEN_RANGES, INDEPENDENCE, RANGE_INDEPENDENCE
from theory.theorems.symmetries import FREQUENCY_PAIRS, INVARIANCES, INVARIANT_DYNAMICS
from theory.theorems.theorem import Theorem

THEOREMS: Mapping[str, Theorem] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            EXACT_CONDITION,
            ELLIPSOID,
            RANGE_INDEPENDENCE,
            INDEPENDENCE,
            FACE_CONDITION,
            GENERAL_MIXING,
            EVEN_RANGES,
            UNIQUENESS,
            PRICE_OF_MODULARITY,
            BLOCK_MODULARITY,
            FREQUENCY_PAIRS,
            CATEGORIES,
            INVARIANCES,
            INVARIANT_DYNAMICS,
            SOURCES_DROP_OUT,
            ERRORS_AND_CORRELATION,
            EXPENSIVE_ERRORS,
            NOISE,
            ENERGIES_AND_RANGES,
            RANGES_ALONE,
            ANY_MULTIPLIER,
            ORDER_OF_KINDS,
            BALANCED_PAIRS,
            RECTIFIED_PAIRS,
            ON_AND_OFF,
            SHARED_NEURONS,
            FREE_CONDITION,
            EXPENSIVE_WEIGHTS,
        )
    }
)
"""All theorems by name, in the order in which they build on each other."""


PUBLISHED: Mapping[str, Theorem] = MappingProxyType(
    {entry.name: entry for entry in (PAIRWISE_RANGES, INDEFINITE_ELLIPSOID, CHEAP_WEIGHTS)}
)
"""Published statements that do not hold as they are worded, by name: docs/decided.md."""

_KNOWN = {**THEOREMS, **PUBLISHED}


def theorem(name: str) -> Theorem:
    """The theorem of that name, or the published statement.

    Raises:
        InputError: unknown; the message lists the near names.

    Example:
        >>> from theory import Problem
        >>> theorem("range-independence").applies(Problem([[0, 0], [0, 1], [1, 0], [1, 1]]))
        True
    """
    if name not in _KNOWN:
        raise InputError(unknown_name("theorem", name, _KNOWN))
    return _KNOWN[name]


def is_registered(entry: Theorem) -> bool:
    """Whether it is a theorem of the registry or a published statement, and not one of somebody's own.

    Example:
        >>> is_registered(theorem("pairwise-ranges"))
        True
    """
    return _KNOWN.get(entry.name) is entry
