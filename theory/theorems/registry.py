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
from theory.theorems.ranges import BLOCK_MODULARITY, INDEPENDENCE, RANGE_INDEPENDENCE
from theory.theorems.symmetries import FREQUENCY_PAIRS, INVARIANCES, INVARIANT_DYNAMICS
from theory.theorems.theorem import Theorem

__all__ = ["THEOREMS", "theorem"]

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
