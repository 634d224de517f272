"""Conic solvers by name, through cvxpy: which are installed, how accurate they are asked to be, how they fail."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from typing import Any

from solver.deadline import time_left
from solver.extras import PROJECT
from theory.errors import InputError

DEFAULT_SOLVER = "CLARABEL"  # comes with cvxpy, and is accurate

SEMIDEFINITE_SOLVERS = ("CLARABEL", "SCS", "CVXOPT", "MOSEK", "COPT")
"""Solvers with semidefinite cones, named in the message about one that is missing.

Others that cvxpy knows are tried when asked for; SDPA, for one, finds these programs too degenerate."""

COARSEST = 1e-8  # accuracy asked of an interior-point solver, at the coarsest


@dataclass(frozen=True)
class SolverAccuracy:
    """What is asked of solvers whose defaults are too coarse or too patient."""

    finest: float = 1e-10  # of interior points: Clarabel reached it on 299 of 300 problems, 1e-11 on 7 in 8
    first_order: float = 1e-8  # of SCS at the finest, whose iterations gain digits slowly
    first_order_steps: int = 20_000  # of SCS at most; a thousand are usual
    shortest: float = 0.01  # seconds that a solver is given at least: none would be taken for no limit


ACCURACY = SolverAccuracy()

ACCURATE = "optimal"  # status of cvxpy for a solution as accurate as was asked for
WITH_SOLUTION = (ACCURATE, "optimal_inaccurate", "user_limit")  # statuses that come with a solution, good or not


class ConicError(Exception):
    """The conic solver gave no solution; the text says what it said."""


def run(problem: Any, solver: str, tolerance: float) -> None:
    """Solve a `cvxpy.Problem` in place, without a word.

    Args:
        problem: a minimisation; its status and values are set.
        solver: a name that `solver_name` returned.
        tolerance: relative gap aimed at.

    Raises:
        ConicError: the solver found nothing.
        InputError: the solver has no semidefinite cones.
    """
    cp = the_cvxpy()
    options = _settings(solver, tolerance)
    with quietly():
        try:
            data, chain, inverse = problem.get_problem_data(solver, solver_opts=options)
        except cp.SolverError as error:
            raise InputError(f"solver: {solver!r} has no semidefinite cones; choose one of {_choices()}") from error
        try:
            raw = chain.solve_via_data(problem, data, verbose=False, solver_opts=options)
            # SCS catches Ctrl-C itself and reports it as a failure.
            if isinstance(raw, dict) and raw.get("info", {}).get("status") == "interrupted":
                raise KeyboardInterrupt
            problem.unpack_results(raw, chain, inverse)
        except MemoryError:
            raise
        except Exception as error:  # the solvers are many, and each fails in its own way
            raise ConicError(" ".join(str(error).split()) or type(error).__name__) from error


def solver_name(solver: object) -> str:
    """The name of an installed solver as cvxpy writes it.

    Raises:
        InputError: a solver that is unknown or not installed.

    Example:
        >>> solver_name("clarabel")
        'CLARABEL'
    """
    if not isinstance(solver, str):
        raise InputError(f"solver: {solver!r} is not a name; choose one of {_choices()}")
    name = solver.upper()
    if name not in the_cvxpy().installed_solvers():
        raise InputError(
            f"solver: {solver!r} is not installed or unknown to cvxpy; choose one of {_choices()}, or have more: "
            f"pip install '{PROJECT}[solvers]'"
        )
    return name


def _choices() -> str:
    installed = the_cvxpy().installed_solvers()
    return ", ".join(name for name in SEMIDEFINITE_SOLVERS if name in installed)


def the_cvxpy() -> Any:
    """Imported where it is used: it takes a second."""
    with quietly():
        import cvxpy
    return cvxpy


def _settings(solver: str, tolerance: float) -> dict[str, Any]:
    """What a solver is asked for, where its default is too coarse or too patient."""
    fine = min(max(tolerance / 100, ACCURACY.finest), COARSEST)  # a hundredth of the gap aimed at
    if solver == "CLARABEL":
        accuracy = dict.fromkeys(("tol_gap_abs", "tol_gap_rel", "tol_feas"), fine)
        # What it calls almost solved would otherwise be four digits.
        accuracy |= {f"reduced_{name}": max(10 * fine, COARSEST) for name in accuracy}
        return accuracy | _limit("time_limit")
    if solver == "SCS":
        coarse = {
            "eps_abs": max(tolerance / 100, ACCURACY.first_order),
            "eps_rel": max(tolerance / 100, ACCURACY.first_order),
            "max_iters": ACCURACY.first_order_steps,
        }
        return coarse | _limit("time_limit_secs")
    return {}


def _limit(name: str) -> dict[str, float]:
    """What is left of the time, by the solver's name for it."""
    left = time_left()
    return {name: max(left, ACCURACY.shortest)} if math.isfinite(left) else {}


@contextmanager
def quietly() -> Iterator[None]:
    """Neither warnings nor words from libraries: what matters of them is in the status."""
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
