"""A counterexample made small: fewer sources and samples, and rounder numbers, as long as it still refutes.

Hypothesis shrinks within what a strategy can draw. Here everything may go:

1. List changes, those first that lose most: leave out a source; take the identity for the mixing and one for the
   costs; equal probabilities; leave out a sample; round mixing, costs, probabilities and samples.
2. Take the first change that makes the problem smaller and that still refutes, and begin again. Sizes are compared
   number by number: sources, samples, mixing, costs, probabilities, digits of the samples.
3. End when no change does, or after a thousand problems.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np

from theory.arrays import Array
from theory.errors import InputError
from theory.problem import COSTS, Problem


@dataclass(frozen=True)
class ShrinkingLimits:
    """How long to shrink, and which numbers are read as fractions."""

    attempts: int = 1_000  # problems; each is solved, which takes some milliseconds
    denominator: int = 64  # of a small fraction
    rounding: float = 1e-12  # relative difference of a float from the fraction that it is read as
    complexity: float = 1e6  # of a number that is no small fraction
    weight: int = 1_000  # largest integer that stands for a probability


SHRINKING = ShrinkingLimits()

Refutation = TypeVar("Refutation")


def shrink(problem: Problem, refutes: Callable[[Problem], Refutation | None]) -> tuple[Problem, Refutation] | None:
    """The smallest problem reached from this one by leaving out and rounding, and its refutation.

    Args:
        problem: a counterexample.
        refutes: the refutation by a problem; None where it refutes nothing.

    Returns:
        None if nothing smaller was found.
    """
    best: tuple[Problem, Refutation] | None = None
    tried = 0
    shorter = problem.sources.from_samples
    while shorter:
        shorter = False
        for smaller in _smaller(problem):
            tried += 1
            if tried > SHRINKING.attempts:  # step 3
                return best
            refutation = refutes(smaller)
            if refutation is not None:
                problem, best, shorter = smaller, (smaller, refutation), True
                break
    return best


def as_fraction(value: float) -> Fraction | None:
    """The small fraction that a float stands for, or None.

    Example:
        >>> as_fraction(1 / 3), as_fraction(0.123456789)
        (Fraction(1, 3), None)
    """
    near = Fraction(value).limit_denominator(SHRINKING.denominator)
    return near if abs(float(near) - value) <= SHRINKING.rounding * max(1.0, abs(value)) else None


def readable(value: float) -> str:
    """An integer or small fraction as such, else a decimal number.

    Example:
        >>> [readable(value) for value in (2.0, -0.5, 1 / 3, 0.54837)]
        ['2', '-1/2', '1/3', '0.54837']
    """
    fraction = as_fraction(value)
    return f"{value:.10g}" if fraction is None else str(fraction)


def integer_weights(probabilities: Array) -> Array:
    """Small integers in the proportions of some probabilities, or these where there are none.

    Example:
        >>> integer_weights(np.array([0.25, 0.75]))
        array([1., 3.])
    """
    least = probabilities[probabilities > 0].min()
    for unit in range(1, SHRINKING.denominator + 1):
        weights = probabilities / least * unit
        if weights.max() > SHRINKING.weight:
            break
        if np.abs(weights - np.round(weights)).max() <= SHRINKING.rounding * SHRINKING.weight:
            return np.asarray(np.round(weights))
    return probabilities


def _smaller(problem: Problem) -> Iterator[Problem]:
    """Problems that are smaller by `_size`, those first that lose most."""
    size = _size(problem)
    for change in _changes(problem):
        try:
            smaller = Problem(**(_posed(problem) | change))
        except InputError:
            continue  # too few samples are left
        if smaller.dependent and not problem.dependent:
            continue
        if _size(smaller) < size:
            yield smaller


def _posed(problem: Problem) -> dict[str, Any]:
    weights = problem.sources.probabilities
    samples = {
        "sources": problem.sources.points,
        "probabilities": None if weights is None else integer_weights(weights),
    }
    return problem.arguments | samples


def _size(problem: Problem) -> tuple[float, ...]:
    # Step 2.
    weights = problem.sources.probabilities
    unmixed = np.array_equal(problem.mixing, np.eye(problem.dimension))
    return (
        problem.dimension,
        problem.sources.count,
        0.0 if unmixed else problem.mixing.size + _complexity(problem.mixing),
        sum(_oddity(getattr(problem, name), usual) for name, usual in COSTS.items()),
        0.0 if weights is None else float(integer_weights(weights).sum()),
        _complexity(problem.sources.points),
    )


def _complexity(numbers: Array) -> float:
    total = 0.0
    for value in numbers.ravel().tolist():
        fraction = as_fraction(value)
        if fraction is None:
            total += SHRINKING.complexity
        else:
            total += abs(fraction.numerator) + 2 * (fraction.denominator - 1) + (0.5 if fraction < 0 else 0)
    return total


def _changes(problem: Problem) -> Iterator[dict[str, Any]]:
    # Step 1.
    posed = _posed(problem)
    points, weights, mixing = posed["sources"], posed["probabilities"], posed["mixing"]
    # One source by itself cannot mix.
    for source in range(problem.dimension) if problem.dimension > 2 else ():
        yield {"sources": np.delete(points, source, axis=1), "mixing": np.delete(mixing, source, axis=1)}
    yield {"mixing": np.eye(problem.dimension), **COSTS}
    yield {"mixing": np.eye(problem.dimension)}
    for name, usual in COSTS.items():
        yield {name: usual}
    yield {"probabilities": None}
    for row in range(len(points)):
        kept = None if weights is None else np.delete(weights, row)
        yield {"sources": np.delete(points, row, axis=0), "probabilities": kept}
    for rounded in _rounder(mixing):
        yield {"mixing": rounded}
    for name in COSTS:
        yield {name: _power_of_ten(posed[name])}
    if weights is not None:
        for place in np.flatnonzero(weights > 1):
            for fewer in (1.0, weights[place] - 1):
                yield {"probabilities": np.where(np.arange(len(weights)) == place, fewer, weights)}
    for rounded in _rounder(points):
        yield {"sources": rounded}


def _rounder(table: Array) -> Iterator[Array]:
    """The whole table in other units, by ranks or rounded; then entry by entry."""
    ranks = np.column_stack([np.unique(column, return_inverse=True)[1] for column in table.T]).astype(float)
    yield ranks
    for unit in (2.0, 4.0, 8.0):
        yield table * unit
    for unit in (1.0, 2.0, 4.0, 8.0):
        yield np.round(table * unit) / unit
    for place, value in np.ndenumerate(table):
        for simpler in (0.0, float(np.round(value)), np.round(2 * value) / 2, value - np.sign(value)):
            changed = table.copy()
            changed[place] = simpler
            yield changed


def _oddity(cost: float, usual: float) -> float:
    """Zero for the usual cost; else powers of ten from one (one of zero), plus one where it is no power of ten."""
    if cost == usual:
        return 0.0
    if cost == 0:
        return 1.0
    return float(abs(np.log10(cost))) + (0 if cost == _power_of_ten(cost) else 1)


def _power_of_ten(cost: float) -> float:
    return float(10.0 ** np.round(np.log10(cost))) if cost > 0 else 0.0
