"""What a reduction is: another problem that is easier to solve, and the way back.

- `accepts`: whether it has anything to do here.
- `apply`: the problem, or the problems, that it comes to; `of`: the one that a problem has made, and keeps.
- `invert`: what a code of that problem is as a code of this one: weights, multiplier, loss and lower bound; and
  `lower_bound`: what a bound there is as a bound here.

A chain of them (`theory.reductions.chain`) takes any problem to the form in which neurons are searched for and priced,
and the answer back:

| reduction | from | to |
|---|---|---|
| `IN_ORDER` | sources in any order | in an order of their own |
| `AFFINE_HULL` | sources that depend on each other | as many of them as tell the others |
| `CANONICAL` | any kind of neuron | f(w) = w'M w + h(w)^2 with h that of the sources |
| `WITHOUT_LAYER` | a recurrent layer | none; what it costs at least is added to the bound |
| `GROUP_BY_GROUP` | groups that have nothing to do with each other | one problem per group, side by side |
| `SomeSamples` | very many samples | those that matter; a bound there is a bound |
| `PartialTargets` | an exact decoder that leaves sources out | a soft one, nearly exact |
| `WHITENED` | any sources | coordinates in which a neuron's energy is its squared length |
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Self, TypeVar

from theory.arrays import Array
from theory.immutable import Frozen


@dataclass(frozen=True, eq=False)
class Solved(Frozen):
    """A code and what is proven by its multiplier."""

    weights: Array  # (n, d) source weights
    multiplier: Array  # (d, d) Y
    loss: float  # of the code
    lower_bound: float  # proven by Y

    def moved(self, neurons: Callable[[Array], Array], multiplier: Callable[[Array], Array]) -> Self:
        """The code in other coordinates, at the same loss.

        Args:
            neurons: what neurons (n, d) are there.
            multiplier: what a multiplier (d, d) is there.

        Example:
            >>> import numpy as np
            >>> code = Solved(np.ones((1, 2)), np.eye(2), 1.0, 0.5)
            >>> twice = code.moved(lambda neurons: 2 * neurons, lambda multiplier: multiplier / 4)
            >>> twice.weights.tolist(), twice.multiplier.tolist(), twice.loss
            ([[2.0, 2.0]], [[0.25, 0.0], [0.0, 0.25]], 1.0)
        """
        return replace(self, weights=neurons(self.weights), multiplier=multiplier(self.multiplier))


OneSolved = TypeVar("OneSolved", bound=Solved)  # a code and what more is known of it, such as an iterate of a method


class Reduction:
    """Base of reductions: one that does nothing.

    Example:
        >>> from theory.problem import Problem
        >>> problem = Problem([[0], [1]])
        >>> Reduction().accepts(problem), Reduction().apply(problem) is problem
        (False, True)
    """

    def accepts(self, problem: Any) -> bool:
        """Whether this problem is not yet in the form that the reduction brings it to."""
        return False

    def apply(self, problem: Any) -> Any:
        """The reduced problem."""
        return problem

    def of(self, problem: Any) -> Any:
        """The reduced problem, which is made once where a problem keeps it."""
        return self.apply(problem)

    def lower_bound(self, problem: Any, bound: float) -> float:
        """A lower bound on every code of the reduced problem as one on every code of this problem."""
        return bound

    def invert(self, problem: Any, solved: OneSolved) -> OneSolved:
        """A code of the reduced problem as one of this problem."""
        return solved


class LastReduced:
    """The last two problems that reductions with arguments brought a problem to: for speed alone.

    Copies begin anew.

    Args:
        problem: the one that is reduced.

    Example:
        >>> from theory.problem import Problem
        >>> problem = Problem([[0], [1], [2]])
        >>> problem.among([0, 2]) is problem.among([0, 2])
        True
    """

    def __init__(self, problem: Any) -> None:
        self._problem = problem
        self.by = lru_cache(maxsize=2)(lambda reduction: reduction.apply(problem))

    def __reduce__(self) -> tuple[Any, ...]:
        return LastReduced, (self._problem,)
