"""What a test for a missing source finds: shares beyond all other groups, chance, and a kind for each neuron."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from solver.plain import attributes, plain
from theory.arrays import Array
from theory.immutable import Frozen

KINDS_OF_MISSED = {
    "one": "explained by one group of the named sources, or none",
    "seems mixed": "explained by several groups without the missing source, and by the missing one alone with it",
    "mixed": "explained by several groups even beside the missing source",
    "mixes it": "explained by one named group without the missing source, and by both with it",
    "open": "mixed without the missing source, and not decided with it",
}
"""What a neuron is found to be."""


@dataclass(frozen=True, eq=False)
class Shares(Frozen):
    """What each group explains of each neuron beyond all other groups, and what it would by chance.

    Attributes:
        groups: g names.
        shares: (n, g) share of the neuron's variance.
        chance: (n, g) mean of the share over permutations.
        deviation: (n, g) standard deviation of the share over permutations: the error bar.
        p: (n, g) probability that chance makes the largest F of all neurons and groups as large.
    """

    groups: tuple[str, ...]
    shares: Array
    chance: Array
    deviation: Array
    p: Array


@dataclass(frozen=True, eq=False)
class MissedFindings(Frozen):
    """Which neurons seem mixed for want of a source: see `solver.auditing.missed_source.MissedSource`."""

    neurons: tuple[str, ...]
    without: Shares
    complete: Shares
    kinds: tuple[str, ...]
    level: float
    permutations: int
    block: int
    persistence: float

    @property
    def is_persistent(self) -> bool:
        """Whether activity goes on for longer than a block, so that chance is made too small."""
        return self.persistence > 0.2  # chance alone hardly makes as much of some hundred rows

    def to_dict(self) -> dict[str, Any]:
        """All findings as numbers, strings and lists.

        Example:
            >>> import numpy as np
            >>> from solver import missed_source
            >>> random = np.random.default_rng(0)
            >>> named = random.standard_normal((60, 2))
            >>> sorted(missed_source(named, named, random.standard_normal(60), block=1, permutations=99).to_dict())[:3]
            ['block', 'complete', 'kinds']
        """
        parts = {"without": plain(vars(self.without)), "complete": plain(vars(self.complete))}
        return parts | attributes(self, "neurons", "kinds", "level", "permutations", "block", "persistence")
