"""Limits of a search: what a user may set, what of it is refused, and what a callback sees on the way."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from solver.methods import module_of, names
from theory.errors import InputError
from theory.immutable import Frozen
from theory.inputs import whole_number
from theory.problem import Problem

DEFAULT_TOLERANCE = 1e-8  # relative gap that `solve` aims at if not told otherwise: eight digits
DEFAULT_ITERATIONS = 1_000  # rounds that no method is known to need


@dataclass(frozen=True, eq=False)
class Progress(Frozen):
    """What a callback sees after each iteration: the best code and the best proven bound so far.

    Attributes:
        iteration: counted from 0.
        seconds: since the start.
        neurons: number in the best code.
        loss: of the best code.
        lower_bound: the best one proven.
        gap: (loss - lower_bound) / loss.

    Example:
        >>> from solver import Problem, solve
        >>> seen = []
        >>> answer = solve(Problem([[0, 0], [0, 1], [1, 0]]), callback=seen.append)
        >>> seen[0].iteration, all(progress.lower_bound <= answer.loss * (1 + 1e-9) for progress in seen)
        (0, True)
    """

    iteration: int
    seconds: float
    neurons: int
    loss: float
    lower_bound: float
    gap: float


@dataclass(frozen=True)
class Limits:
    """When a search ends."""

    tolerance: float = DEFAULT_TOLERANCE  # relative gap at which a code counts as optimal
    max_iterations: int = DEFAULT_ITERATIONS  # rounds of the method at most
    time_limit: float | None = None  # seconds at most; None for no limit
    # called after each iteration; a true return value ends the search
    callback: Callable[[Progress], object] | None = None


def check(problem: Problem, method: str, limits: Limits) -> None:
    """Refuse what cannot be used.

    Raises:
        InputError: which argument, and what to give instead.
    """
    tolerance, max_iterations, time_limit = limits.tolerance, limits.max_iterations, limits.time_limit
    if not isinstance(problem, Problem):
        raise InputError(f"problem: expected a Problem, got {type(problem).__name__}; write solve(Problem(sources))")
    if method not in names():
        raise InputError(f"method: {method!r} is unknown; choose one of {', '.join(names())}")
    if method == "groups" and problem.groups is None:
        raise InputError("method: 'groups' solves one group of sources after the other; give the problem groups")
    if problem.separate and method not in ("auto", "groups"):
        raise InputError(
            f"method: {method!r} searches among all neurons, but here each is to read one group; choose 'groups'"
        )
    require_tolerance(tolerance)
    whole_number(max_iterations, "max_iterations", 1)
    require_seconds(time_limit)


def require_seconds(time_limit: float | None) -> None:
    """Refuse a time limit that is none.

    Args:
        time_limit: in seconds; None for no limit.

    Raises:
        InputError: that.
    """
    if time_limit is not None and not (isinstance(time_limit, int | float) and 0 < time_limit < math.inf):
        raise InputError(f"time_limit: {time_limit!r} is not a positive number of seconds")


def require_tolerance(tolerance: object) -> None:
    """Refuse what is no relative gap, or one that rounding hides.

    Raises:
        InputError: it is none.
    """
    least = 1e-12  # rounding in the samples and in the support function makes a smaller gap meaningless
    if not (isinstance(tolerance, int | float) and least <= tolerance < 1):
        raise InputError(f"tolerance: {tolerance!r} is out of range; give a relative gap from {least:g} to 1")


def options_of(method: str, arguments: dict[str, object]) -> dict[str, object]:
    """What is passed on to the method beyond what all take: each declares its own in OPTIONS.

    Args:
        method: the one asked for.
        arguments: of `solve`, by name; None for one that was not given.

    Raises:
        InputError: the method does not take one of them.
    """
    if all(value is None for value in arguments.values()):
        return {}
    declared = [
        (name, option) for name in names() if name != "auto" for option in getattr(module_of(name), "OPTIONS", ())
    ]
    options = {}
    for argument, value in arguments.items():
        if value is None:
            continue
        owners = {name: option for name, option in declared if option.name == argument}
        if method not in owners:
            owner, option = next(iter(owners.items()))
            raise InputError(f"{argument}: method {method!r} {option.otherwise}; method={owner!r} takes {option.takes}")
        options[argument] = owners[method].read(value)
    return options


def generator_of(rng: int | np.random.Generator | None) -> np.random.Generator:
    """The generator of a seed, of zero if none is given, or itself: the same problem has the same answer.

    Raises:
        InputError: neither a seed nor a generator.
    """
    try:
        return np.random.default_rng(0 if rng is None else rng)
    except (TypeError, ValueError):
        raise InputError(f"rng: {rng!r} is not a seed; give a nonnegative integer or a numpy Generator") from None
