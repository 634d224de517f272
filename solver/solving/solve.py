"""The door: a problem in, a certified code out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from solver.methods.continuation import Start
from solver.nonlinear.representation import NonlinearRepresentation
from solver.nonlinear.solve import solve_nonlinear
from solver.representation import Representation
from solver.solving.limits import (
    DEFAULT_ITERATIONS,
    DEFAULT_TOLERANCE,
    Limits,
    Progress,
    check,
    generator_of,
    options_of,
)
from solver.solving.on_hull import run_of
from solver.stopping import KEYBOARD, raise_if_stopped
from theory.conditions.practically import PRACTICALLY, checked_threshold
from theory.errors import InputError
from theory.problem import Problem
from theory.reductions import IN_ORDER


def solve(
    problem: Problem,
    *,
    method: str = "auto",
    tolerance: float = DEFAULT_TOLERANCE,
    max_iterations: int = DEFAULT_ITERATIONS,
    time_limit: float | None = None,
    rng: int | np.random.Generator | None = None,
    neurons: int | None = None,
    solver: str | None = None,
    callback: Callable[[Progress], object] | None = None,
    practically: float = PRACTICALLY,
) -> Representation | NonlinearRepresentation:
    """Find the optimal code of a problem, with a proof of how good it is.

    Args:
        problem: what to represent.
        method: "modular" (closed form; optimal where the modularity condition holds), "columns" (column generation;
            priced exactly for at most five sources and few samples of six or seven, by local ascent beyond),
            "conic" (one conic program, solved by a solver of one's choice; up to four sources),
            "relaxation" (the code of "columns" with lower bounds from semidefinite relaxations, any number of sources),
            "symmetric" (a neuron, and a cell of directions, stands for all that permutations of the samples make of it;
            chosen where there are at least two of these a source), "alternating" (local descent from random starts, the
            field's own way), "groups" (neurons that read one group of sources each, group by group), or "auto", which
            chooses by size.
        tolerance: relative gap (loss - lower_bound) / loss at which a code counts as optimal, from 1e-12 to 1.
        max_iterations: rounds of the method at most.
        time_limit: seconds at most, kept to within a second and a fifth of it (rectified and free neurons take a second
            to prove what they have): ascents and relaxations end early, no hull is listed or priced without the time
            for it, and no iteration is begun that would end later if it took as long as the one before.
        rng: seed or generator for methods that draw random starts, zero if not given; the same seed gives the same
            answer.
        neurons: number of neurons, for the method "alternating" only, from d on and as far as a gigabyte of memory
            goes; d (d + 1) / 2 are enough for an optimal code, and the other methods use as many as help.
        solver: conic solver, for the methods "conic" and "relaxation": any installed one that cvxpy knows, such as
            "CLARABEL" (used if not given), "SCS" or, with modularity-solver[solvers], "CVXOPT".
        callback: called with a `Progress` after each iteration; a true return value stops the search.
        practically: price of modularity up to which the answer calls the sources modular for practical purposes.

    Returns:
        A `Representation`; of rectified and free neurons (`Problem(activation=...)`) a
        `solver.nonlinear.representation.NonlinearRepresentation`. Its status is "optimal" if the gap is within the
        tolerance, "interrupted" if the time limit, the callback or Ctrl-C ended the search, and "bounded" otherwise.
        Code and bound are valid in any case. Where the problem has groups, the best code that keeps to them is found
        first, and is its `separate`.

    Raises:
        InputError: an argument that cannot be used.

    Source: docs/mathematics.md, "The problem".

    Example:
        >>> from solver import Problem
        >>> corner_cut = [[-1, -1], [-1, 0], [-1, 1], [0, -1], [0, 0], [0, 1], [1, -1], [1, 0]]
        >>> answer = solve(Problem(corner_cut))
        >>> answer.status, answer.modular
        ('optimal', False)
    """
    limits, practically = Limits(tolerance, max_iterations, time_limit, callback), checked_threshold(practically)
    check(problem, method, limits)
    if not problem.neurons.linear:
        code = _solve_nonlinear(problem, method, limits, rng, {"neurons": neurons, "solver": solver})
        return replace(code, practically=practically)
    options = options_of(method, {"neurons": neurons, "solver": solver})
    run = run_of(problem.in_order, limits)
    run.search(method, generator_of(rng), options)
    answer = _as_posed(problem, run.answer())
    return answer if answer.practically == practically else replace(answer, practically=practically)


def _solve_nonlinear(
    problem: Problem,
    method: str,
    limits: Limits,
    rng: int | np.random.Generator | None,
    options: dict[str, object],
) -> NonlinearRepresentation:
    if method not in ("auto", "columns"):
        raise InputError(
            f"method: {method!r} searches for linear neurons; {problem.neurons.name} ones are found by 'columns'"
        )
    for name, value in options.items():
        if value is not None:
            raise InputError(f"{name}: methods for linear neurons take it, and the neurons are {problem.neurons.name}")
    return solve_nonlinear(problem, limits, generator_of(rng))


def _as_posed(problem: Problem, answer: Representation) -> Representation:
    """The answer to a problem, from that to the same with its sources in order: not a digit is computed anew."""
    if not IN_ORDER.accepts(problem):
        return answer
    fields = {
        name: getattr(answer, name) for name in ("source_weights", "encoder", "decoder", "decoder_bias", "multiplier")
    }
    separate = None if answer.separate is None else _as_posed(problem.separated, answer.separate)
    return replace(
        answer,
        problem=problem,
        **IN_ORDER.arrays_back(problem, fields),
        cover=IN_ORDER.cover(problem, answer.cover, back=True),
        separate=separate,
    )


def solve_one_of_many(
    problem: Problem,
    *,
    method: str = "auto",
    tolerance: float = DEFAULT_TOLERANCE,
    time_limit: float | None = None,
    rng: int | np.random.Generator | None = None,
    start: Start | None = None,
    any_code: bool = False,
) -> Representation:
    """`solve` for one problem of a series: an interrupt ends the series, it does not cut this answer short.

    Args:
        problem: as for `solve`.
        method: as for `solve`.
        tolerance: as for `solve`.
        time_limit: as for `solve`.
        rng: as for `solve`.
        start: the optimal code of a problem like this one. Where its neurons, moved along with their faces, are optimal
            here too, there is nothing to search for; it changes nothing else. Taken up by the method "auto".
        any_code: whether of several optimal codes any will do, because only the loss and what is proven are asked for.
            To choose among them may take longer than to find one.

    Raises:
        KeyboardInterrupt: as it came.
        InputError: an argument that cannot be used.

    Example:
        >>> from solver import Problem
        >>> solve_one_of_many(Problem([[0], [1]])).status
        'optimal'
    """
    limits = Limits(tolerance, time_limit=time_limit)
    check(problem, method, limits)
    start = None if start is None else start.in_order_of(problem)
    run = run_of(problem.in_order, limits, start, any_code=any_code)
    interrupt = run.search(method, generator_of(rng), {})
    if interrupt is not None:
        raise interrupt
    return _as_posed(problem, run.answer())


def solve_any_of_many(
    problem: Problem, *, start: Start | None = None, **options: Any
) -> Representation | NonlinearRepresentation:
    """`solve_one_of_many` for neurons of any kind; of those that are not linear none is started from another's code.

    Args:
        problem: as for `solve`.
        start: as for `solve_one_of_many`.
        options: method, tolerance, time_limit and rng, as for `solve`.

    Raises:
        KeyboardInterrupt: as it came.
        InputError: an argument that cannot be used.

    Example:
        >>> from solver import Problem
        >>> solve_any_of_many(Problem([[0], [1]])).status
        'optimal'
    """
    if problem.neurons.linear:
        return solve_one_of_many(problem, start=start, **options)
    answer = solve(problem, **options)
    if answer.status == "interrupted":
        raise_if_stopped()
    if KEYBOARD in answer.message:
        raise KeyboardInterrupt(answer.message)
    return answer
