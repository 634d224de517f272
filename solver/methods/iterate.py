"""What a method hands over at each iteration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Self

from theory.arrays import Array
from theory.bounds.cover import Cover
from theory.reductions import Solved

__all__ = ["Iterate"]


@dataclass(frozen=True, eq=False)
class Iterate(Solved):
    """One iteration of a method: the best code so far and the multiplier that speaks for it.

    Attributes:
        weights: (n, d) source weights of the neurons.
        multiplier: (d, d) positive semidefinite Y for the lower bound.
        loss: the method's own value of the loss, for display; the answer is recomputed from the weights.
        lower_bound: the method's own proven lower bound, or -inf; the answer's comes from the certificate.
        cover: proof of the lower bound where the data alone do not show it: see `theory.bounds.cover`.
        priced: whether the lower bound comes from the faces of the hull, which therefore have been listed.
        candidates: (k, d) other neurons that seem to be worth more than they cost: where there are too many samples to
            look at all, the others are asked about these too.
        note: what the method has to say beyond that; the last one becomes part of the answer's message.

    Example:
        >>> import numpy as np
        >>> from solver import Problem
        >>> from solver.methods import module_of
        >>> problem = Problem([[0, 0], [0, 1], [1, 0], [1, 1]])
        >>> first = next(module_of("modular").steps(problem, tolerance=1e-8, rng=np.random.default_rng(0)))
        >>> isinstance(first, Iterate), first.weights.shape
        (True, (2, 2))
    """

    cover: Cover | None = None
    note: str = ""
    candidates: Array | None = None
    priced: bool = False

    def moved(self, neurons: Callable[[Array], Array], multiplier: Callable[[Array], Array]) -> Self:
        """See `Solved`: the candidates are neurons, too."""
        candidates = None if self.candidates is None else neurons(self.candidates)
        return replace(super().moved(neurons, multiplier), candidates=candidates)

    @property
    def proof(self) -> dict[str, Any]:
        """The fields of the lower bound, by name: they belong together."""
        return {name: getattr(self, name) for name in ("multiplier", "lower_bound", "cover", "priced")}
