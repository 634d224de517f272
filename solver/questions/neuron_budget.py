"""How many neurons are needed? The best loss found for each number of them, above a proven floor.

An optimal code has as many neurons as help. With fewer the problem is not convex: the code found for a number is valid,
and its loss is an upper bound on the best of that number; the lower bound of the problem without a budget is a floor
under all of them (docs/mathematics.md, "A budget of neurons").

1. Solve the problem without a budget.
2. Down from its code: join two neurons, or leave one out, and descend; keep the best of each number, or the modular
   code where that is better.
3. Up from the fewest: try the code of one neuron less with one more, the code itself, and random starts; descend on a
   smoothed loss, then by Newton's method on active sets. Stop at a number whose code reaches the floor.
4. Down once more from the codes found since.
5. Of each number take the best code of at most so many neurons, so that losses never rise.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from solver.certificate import optimality_gap
from solver.generation.few_neurons import FewNeurons
from solver.oracles.alternating import descend
from solver.pictures.words import aligned
from solver.plain import attributes, plain
from solver.representation import Representation
from solver.solving.limits import DEFAULT_TOLERANCE, generator_of
from solver.solving.run import one_thread
from solver.solving.solve import solve_one_of_many
from solver.stopping import raise_if_stopped
from theory.arrays import Array, Indices, Mask
from theory.dependent.columns import in_own_columns
from theory.errors import InputError
from theory.immutable import Frozen
from theory.inputs import whole_number
from theory.inputs.problem import within_digits
from theory.problem import Problem
from theory.writing import block

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class BudgetLimits:
    """How long codes of few neurons are searched for."""

    starts: int = 12  # random, for each number of neurons
    stages: tuple[float, ...] = (10**1.5, 1e2, 1e3, 1e4)  # of the smoothed loss: Newton's method does the rest
    steps: int = 200  # quasi-Newton steps of each stage
    above: int = 2  # neurons above the highest number from which on step 2 goes down one by one
    numbers: int = 1_000  # of neurons


LIMITS_OF_BUDGETS = BudgetLimits()


@dataclass(frozen=True, repr=False, eq=False)
class Budget(Frozen):
    """The best codes found for each number of neurons.

    Attributes:
        numbers: (k,) of neurons at most, one more each.
        losses: (k,) the least loss found with that many; it never rises. An upper bound on the least loss.
        floor: proven: no code of any number of neurons costs less.
        enough: the smallest of the numbers whose loss is within the tolerance of the floor, or None if none is. With
            fewer neurons a code may exist that was not found.
        optimum: the answer without a budget, whose lower bound is the floor.
        codes: k arrays (n, d) of source weights, the codes that were found.
        tolerance: relative gap (loss - floor) / loss up to which a code reaches the floor.
        complete: whether the search came to its end; False if the time limit did.
        seconds: that it took.

    Example:
        >>> from solver import Problem
        >>> budgets = budget(Problem([[-1, -1], [-1, 0], [-1, 1], [0, -1], [0, 0], [0, 1], [1, -1], [1, 0]]))
        >>> budgets.numbers.tolist(), budgets.enough
        ([2, 3], 3)
    """

    numbers: Indices
    losses: Array
    floor: float
    enough: int | None
    optimum: Representation
    codes: tuple[Array, ...]
    tolerance: float
    complete: bool
    seconds: float

    @property
    def excess(self) -> Array:
        """(k,) losses / floor - 1: by how much the codes found cost more than any code must."""
        return np.maximum(0.0, self.losses / self.floor - 1) if self.floor > 0 else np.full(len(self.losses), np.inf)

    @property
    def reached(self) -> Mask:
        """(k,) whether the code found reaches the floor to the tolerance."""
        return np.array([optimality_gap(loss, self.floor) <= self.tolerance for loss in self.losses], dtype=bool)

    def code(self, neurons: int) -> Representation:
        """The code found for a number of neurons, with the certificate of the optimum: `certify` checks both.

        Raises:
            InputError: a number that was not looked at.

        Example:
            >>> from solver import Problem, certify
            >>> budgets = budget(Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]]))
            >>> certify(budgets.optimum.problem, budgets.code(2)).feasible
            True
        """
        places = np.flatnonzero(self.numbers == neurons)
        if not len(places):
            raise InputError(
                f"neurons: {neurons!r} was not looked at; give one from {self.numbers[0]} to {self.numbers[-1]}"
            )
        code = Representation.from_weights(
            self.optimum.problem,
            self.codes[int(places[0])],
            method="alternating",
            message="the best code found with this many neurons",
            multiplier=self.optimum.multiplier,
            cover=self.optimum.cover,
            tolerance=self.tolerance,
        )
        return code.bounded_by(self.floor, "bounded" if self.complete else "interrupted")

    def to_dict(self) -> dict[str, Any]:
        """Numbers and lists: what `--json` prints.

        Example:
            >>> from solver import Problem
            >>> budget(Problem([[0, 0], [0, 1], [1, 0], [1, 1]])).to_dict()["numbers"]
            [2]
        """
        optimum = self.optimum
        return {
            **attributes(self, "numbers", "losses", "floor", "enough", "tolerance", "complete", "seconds"),
            "optimal_neurons": len(optimum),
            "optimal_loss": optimum.loss,
            "status": optimum.status,
            "source_weights": plain(self.codes),
            "sources": list(optimum.problem.sources.names),
            **optimum.problem.sources.summary(),
        }

    def plot(self, path: str | os.PathLike[str] | None = None) -> Figure:
        """Draw loss against number of neurons above the floor; write it to `path` (.png, .pdf, .svg) if given.

        Example:
            >>> from solver import Problem
            >>> figure = budget(Problem([[0], [1]])).plot()
        """
        from solver.pictures.questions import plot_budget

        return plot_budget(self, path=path)

    def __repr__(self) -> str:
        rows = [("neurons", "loss", "above the floor")]
        for number, loss, excess, reached in zip(self.numbers, self.losses, self.excess, self.reached, strict=True):
            rows.append((str(number), f"{loss:.9g}", "reached" if reached else f"{100 * excess:.3g} %"))
        return "\n".join([*self.sentences(), "", *aligned(rows)])

    def _repr_html_(self) -> str:
        above = ["reached" if one else f"{100 * by:.3g} %" for one, by in zip(self.reached, self.excess, strict=True)]
        return block(self.sentences(), {"neurons": self.numbers, "loss": self.losses, "above the floor": above})

    def sentences(self) -> list[str]:
        """What was found, in words.

        Example:
            >>> from solver import Problem
            >>> budget(Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]])).sentences()[1]
            'With 2 neurons, the fewest looked at, it is reached.'
        """
        best, first, last = _neurons(len(self.optimum)), self.numbers[0], self.numbers[-1]
        if self.optimum.status != "optimal":
            best += f" and costs {self.optimum.loss:.9g}"
        said = [f"No code costs less than {self.floor:.9g}; the best one found without a budget has {best}."]
        if self.enough is None:
            said.append(f"No code of up to {_neurons(last)} was found that reaches this to {self.tolerance:.0e}.")
        elif self.enough == first:
            said.append(f"With {_neurons(self.enough)}, the fewest looked at, it is reached.")
        else:
            said.append(f"With {_neurons(self.enough)} it is reached; with fewer no such code was found.")
        if self.enough != first:
            said.append("Losses above it are the least found, not proven to be the least there are.")
        return said if self.complete else [*said, "The time limit ended the search."]


def budget(
    problem: Problem,
    neurons: range | tuple[int, int] | None = None,
    *,
    tolerance: float = DEFAULT_TOLERANCE,
    time_limit: float | None = None,
    rng: int | np.random.Generator | None = None,
    starts: int = LIMITS_OF_BUDGETS.starts,
) -> Budget:
    """The best loss found for each number of neurons, and the fewest neurons that are enough.

    Args:
        problem: what to represent.
        neurons: fewest and most to look at; if not given, from none to as many as the optimal code has. With an exact
            readout from as many as there are sources (targets of a lower rank may need fewer, which are not looked at).
        tolerance: relative gap up to which a code reaches the floor, as for `solve`.
        time_limit: seconds at most; the codes found by then are returned.
        rng: seed or generator of the random starts; the same seed gives the same answer, if no time limit ends it.
        starts: random starts for each number of neurons.

    Raises:
        InputError: an argument that cannot be used.

    Source: docs/mathematics.md, "A budget of neurons".

    Example:
        >>> from solver import Problem
        >>> budget(Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]])).enough
        2
    """
    if not isinstance(problem, Problem):
        raise InputError(f"problem: expected a Problem, got {type(problem).__name__}; write budget(Problem(sources))")
    if problem.dependent:
        options: dict[str, Any] = {"tolerance": tolerance, "time_limit": time_limit, "rng": rng}
        inside = budget(problem.on_hull, neurons, starts=starts, **options)
        codes = tuple(in_own_columns(problem, code) for code in inside.codes)
        return replace(inside, optimum=solve_one_of_many(problem, **options), codes=codes)
    ends = None if neurons is None else _ends(neurons, problem)
    starts = whole_number(starts, "starts")
    begun = time.perf_counter()
    generator = generator_of(rng)
    # Step 1.
    optimum = solve_one_of_many(problem, tolerance=tolerance, time_limit=time_limit, rng=generator)

    def out_of_time() -> bool:
        raise_if_stopped()
        return time_limit is not None and time.perf_counter() - begun > time_limit

    fewest = _fewest(problem)
    lowest, highest = (fewest, max(fewest, len(optimum))) if ends is None else ends
    if highest - lowest >= LIMITS_OF_BUDGETS.numbers:
        raise InputError(
            f"neurons: {highest - lowest + 1} numbers are too many; give {LIMITS_OF_BUDGETS.numbers} at most"
        )
    with within_digits(problem), one_thread():
        best = _BudgetSearch(problem, optimum, tolerance, out_of_time).run(lowest, highest, starts, generator)
        numbers = np.arange(lowest, highest + 1)
        codes = tuple(best[number] for number in numbers.tolist())
        losses = np.minimum.accumulate([problem.loss(code) for code in codes])
    floor = optimum.lower_bound
    reached = [optimality_gap(float(loss), floor) <= tolerance for loss in losses]
    return Budget(
        numbers=numbers,
        losses=losses,
        floor=floor,
        enough=int(numbers[reached.index(True)]) if any(reached) else None,
        optimum=optimum,
        codes=codes,
        tolerance=tolerance,
        complete=not out_of_time(),
        seconds=time.perf_counter() - begun,
    )


class _BudgetSearch:
    """Codes of fewer and fewer neurons from the optimal one down, then each improved."""

    def __init__(
        self, problem: Problem, optimum: Representation, tolerance: float, out_of_time: Callable[[], bool]
    ) -> None:
        self.floor, self.tolerance = optimum.lower_bound, tolerance
        self.search, self.out_of_time = FewNeurons(problem.canonical, out_of_time), out_of_time
        self.optimum = self.search.scaled.coordinates(optimum.source_weights)
        self.source_weights = optimum.source_weights
        self.modular = self.search.scaled.coordinates(problem.modular_weights)
        self.codes: dict[int, Array] = {len(self.optimum): self.optimum}

    def run(self, lowest: int, highest: int, starts: int, rng: np.random.Generator) -> dict[int, Array]:
        """Source weights of the best code found with at most each number of neurons from lowest to highest."""
        most = len(self.optimum)
        # Step 2.
        start = min(most, highest + LIMITS_OF_BUDGETS.above)
        self.codes[start] = self.search.shortened(self.optimum, start)
        for count in range(start - 1, lowest - 1, -1):
            late = self.out_of_time()
            self._keep(count, None if late else self.search.best(self.search.reduced(self.codes[count + 1])))
            if count >= len(self.modular):
                self._keep(count, self.modular)
        # Step 3.
        for count in range(lowest, min(highest + 1, most)):
            self._improve(count, starts, rng)
            if self._reached(count):
                break
        # Step 4.
        for count in range(min(highest, most - 1) - 1, lowest - 1, -1):
            if self.out_of_time():
                break
            self._keep(count, self.search.best(self.search.reduced(self.codes[count + 1])))
        # Step 5.
        best, result = self.codes.get(lowest, self.optimum), {}
        for count in range(lowest, highest + 1):
            best = min(self.codes.get(count, best), best, key=self.search.loss)
            result[count] = self.source_weights if best is self.optimum else self.search.scaled.source_weights(best)
        return result

    def _keep(self, count: int, code: Array | None) -> None:
        """Keep a code if it is better than the one of that number; without a code, some neurons of the modular one."""
        if code is None:
            code = self.modular[:count]
        if count not in self.codes or self.search.loss(code) < self.search.loss(self.codes[count]):
            self.codes[count] = code

    def _reached(self, count: int) -> bool:
        """Whether the code reaches the floor."""
        return optimality_gap(self.search.loss(self.codes[count]), self.floor) <= self.tolerance

    def _improve(self, count: int, starts: int, rng: np.random.Generator) -> None:
        if not count or self.out_of_time() or self._reached(count):
            return
        if count - 1 in self.codes and count > 1:
            self._keep(count, self.search.best(self.search.grown(self.codes[count - 1], self.optimum)))
        begins = [self.codes[count], *(self.search.drawn(count, rng) for _ in range(starts))]
        for begin in begins:
            if self.out_of_time() or self._reached(count):
                return
            self._keep(count, self.search.polished(self._descended(begin)))

    def _descended(self, neurons: Array) -> Array:
        """The end of a smooth descent, as far as time allows."""
        scaled, last = self.search.scaled, neurons
        try:
            for moved in descend(
                scaled.inside,
                scaled.weights(neurons),
                stages=LIMITS_OF_BUDGETS.stages,
                most_steps=LIMITS_OF_BUDGETS.steps,
            ):
                last = scaled.neurons(moved)
                if self.out_of_time():
                    break
        except (np.linalg.LinAlgError, FloatingPointError):
            pass  # of extreme scales; the step before is a code as well
        return last


def _neurons(count: int) -> str:
    return f"{count} neuron" + ("" if count == 1 else "s")


def _fewest(problem: Problem) -> int:
    """The fewest neurons that are looked at: as many as an exact decoder of all sources needs."""
    return problem.dimension if problem.readout.exact else 0


def _ends(neurons: range | tuple[int, int], problem: Problem) -> tuple[int, int]:
    try:
        lowest, highest = (neurons[0], neurons[-1]) if isinstance(neurons, range) else neurons
    except (TypeError, ValueError, IndexError):
        raise InputError(f"neurons: {neurons!r} is no range; give the fewest and the most, such as (2, 6)") from None
    lowest, highest = whole_number(lowest, "neurons"), whole_number(highest, "neurons")
    if highest < lowest:
        raise InputError(f"neurons: from {lowest} to {highest} there are none; give the fewest first")
    if isinstance(neurons, range) and neurons.step != 1:
        raise InputError(f"neurons: {neurons!r} leaves some out; give every number from the fewest to the most")
    fewest = _fewest(problem)
    if lowest < fewest and problem.readout.rank is not None:
        raise InputError(
            f"neurons: {lowest} are not looked at, fewer than the {fewest} sources, with an exact decoder of targets "
            f"of rank {problem.readout.rank}; give at least {fewest}"
        )
    if lowest < fewest:
        raise InputError(f"neurons: {lowest} cannot code {fewest} sources exactly; give at least {fewest}")
    return lowest, highest
