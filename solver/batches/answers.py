"""The answers to many problems: their numbers as arrays, and each as `solve` would give it once it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from solver.representation import Representation
from theory.arrays import Array, Mask
from theory.immutable import Immutable
from theory.inputs.problem import within_digits
from theory.problem import Problem

METHOD = "interior"
"""What found a code of two sources, in its answer."""

METHOD_BY_SOURCES = {
    2: (METHOD, "two sources, solved with others at once by an interior-point method"),
    3: ("columns", "three sources, solved with others at once by column generation"),
}
"""By the number of sources: the method that found a code, and why it was taken."""

MODULAR = "modular", "the lower bound meets the best modular code"
"""Where it is the one in closed form."""


@dataclass(frozen=True)
class UnwrittenCode:
    """What is known of one code before it is written out.

    Attributes:
        weights: (n, d) source weights of its neurons.
        multiplier: (d, d) Y.
        bound: what that proves.
        modular: whether it is the modular code in closed form.
        steps: of Newton's method.
        seconds: its share of the time.
    """

    weights: Array
    multiplier: Array
    bound: float
    modular: bool
    steps: int
    seconds: float


class Answers(Immutable, Sequence[Any]):
    """The answers to many problems, in their order.

    The numbers are there as arrays. `answers[i]` is the answer itself, which is written out when it is first asked for.

    Attributes:
        problems: what was solved.
        loss: (n,) of the optimal codes.
        lower_bound: (n,) proven: no code costs less.
        gap: (n,) (loss - lower_bound) / loss.
        modular: (n,) whether every neuron reads one source; False where sources have no meaning of their own.
        modular_loss: (n,) of the best modular codes; NaN where that says nothing.
        price_of_modularity: (n,) modular_loss / loss - 1.
        neurons: (n,) how many each code has.
        coded: of each code the sets of sources that its neurons read, by name, each set once and in order.
        at_once: (n,) which were solved together; the others are answers of `solve`.
        tolerance: as for `solve`.

    Example:
        >>> from solver import Problem, solve_many
        >>> answers = solve_many([Problem([[0, 0], [0, 1], [1, 0]], encoder_cost=cost) for cost in (0.1, 1.0)])
        >>> len(answers), answers.modular.tolist(), answers[0].status, len(answers[0])
        (2, [False, False], 'optimal', 3)
    """

    _remedy = "`solve_many` makes others"

    def __init__(
        self,
        problems: Sequence[Problem],
        numbers: Mapping[str, Array],
        *,
        modular: Mask,
        coded: Sequence[tuple[tuple[str, ...], ...]],
        unwritten: Mapping[int, UnwrittenCode],
        written: dict[int, Any],
        tolerance: float,
    ) -> None:
        self.problems = tuple(problems)
        self.loss, self.lower_bound, self.gap = numbers["loss"], numbers["lower_bound"], numbers["gap"]
        self.modular, self.modular_loss = modular, numbers["modular_loss"]
        self.price_of_modularity, self.neurons = numbers["price_of_modularity"], numbers["neurons"].astype(np.intp)
        self.coded = tuple(coded)
        self.at_once = np.array([place in unwritten for place in range(len(self.problems))])
        self.tolerance = tolerance
        self._unwritten, self._written = unwritten, written
        self._finish()

    def _made_of(self) -> tuple[Any, ...]:
        return self.problems, self.loss, self.lower_bound, self.tolerance

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        vars(self)["_written"] = dict(self._written)  # to which answers are still added

    def __len__(self) -> int:
        return len(self.problems)

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))

    @overload
    def __getitem__(self, index: int) -> Any: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Any, ...]: ...

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return tuple(self[place] for place in range(*index.indices(len(self))))
        place = range(len(self))[index]
        if place not in self._written:
            self._written[place] = written(self.problems[place], self._unwritten[place], self.tolerance)
        return self._written[place]


def written(problem: Problem, unwritten: UnwrittenCode, tolerance: float) -> Any:
    """A code with all that follows from it, as `solve` would give it; what `solve` gives where rounding spoils it."""
    from solver.solving.solve import solve_one_of_many

    method, why = MODULAR if unwritten.modular else METHOD_BY_SOURCES[problem.dimension]
    with within_digits(problem):
        code = Representation.from_weights(
            problem,
            unwritten.weights,
            multiplier=unwritten.multiplier,
            method=method,
            message=f"{method}: {why}",
            tolerance=tolerance,
            iterations=unwritten.steps,
            seconds=unwritten.seconds,
        ).bounded_by(unwritten.bound, "bounded")
    if code.status == "optimal":
        return code
    return solve_one_of_many(problem, tolerance=tolerance)
