"""The chain of reductions that solving and certifying both walk: down to a problem whose neurons are priced, and back.

1. Of sources that depend on each other as many are kept as tell the others (`AFFINE_HULL`).
2. Any kind of neuron is brought to the form f(w) = w'M w + h(w)^2 (`CANONICAL`).
3. Only some samples are looked at, where a proof names them (`SomeSamples`).
4. A recurrent layer is left out (`WITHOUT_LAYER`).

What a search does besides, and no certificate needs to know, is chosen anew as it runs: smaller ridges for partial
targets (`PartialTargets`), more samples (`SomeSamples`). Groups that have nothing to do with each other are where the
chain forks (`GROUP_BY_GROUP`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from theory.arrays import Indices
from theory.reductions.affine_hull import AFFINE_HULL
from theory.reductions.canonical import CANONICAL
from theory.reductions.reduction import OneSolved, Reduction
from theory.reductions.some_samples import SomeSamples
from theory.reductions.without_layer import WITHOUT_LAYER


@dataclass(frozen=True, eq=False)
class Chain:
    """Reductions one after the other.

    Example:
        >>> from theory.problem import Problem
        >>> square = [[-1, -1], [-1, 1], [1, -1], [1, 1]]
        >>> problem = Problem(square, activity_cost=2, transitions=[[0, -1], [1, 0]])
        >>> chain = Chain.of(problem)
        >>> chain.reductions == (CANONICAL, WITHOUT_LAYER), chain.reduced is problem.canonical.feedforward
        (True, True)
        >>> chain.lower_bound(1.0)  # a turn costs two at least
        3.0
    """

    problems: tuple[Any, ...]  # (k + 1) the problem as posed, and what each reduction makes of the one before
    reductions: tuple[Reduction, ...]  # (k) those that have something to do

    @classmethod
    def of(cls, problem: Any, samples: Indices | None = None, *, listed: bool = True) -> Chain:
        """The chain of a problem.

        If samples (k,) are given, only these rows of the canonical form's sources are looked at; `listed` says whether
        the faces of their hull may be listed.

        Raises:
            InputError: rows that are none; costs that take the sources beyond the numbers of floating point.
        """
        some = [] if samples is None else [SomeSamples(samples, listed)]
        problems, applied = [problem], list[Any]()
        for reduction in (AFFINE_HULL, CANONICAL, *some, WITHOUT_LAYER):  # steps 1 to 4
            if reduction.accepts(problems[-1]):
                problems.append(reduction.of(problems[-1]))
                applied.append(reduction)
        return cls(tuple(problems), tuple(applied))

    @property
    def reduced(self) -> Any:
        """The problem at its end."""
        return self.problems[-1]

    def lower_bound(self, bound: float) -> float:
        """A lower bound on every code of the reduced problem as one on those of the problem as posed: steps 4 to 1."""
        for problem, reduction in zip(self.problems[-2::-1], self.reductions[::-1], strict=True):
            bound = reduction.lower_bound(problem, bound)
        return bound

    def invert(self, solved: OneSolved) -> OneSolved:
        """A code of the reduced problem as one of the problem as posed: back from step 4 to step 1."""
        for problem, reduction in zip(self.problems[-2::-1], self.reductions[::-1], strict=True):
            solved = reduction.invert(problem, solved)
        return solved
