"""The decision whether the best modular code is optimal.

1. Take the problem without its transitions, in its canonical form.
2. Compute the multiplier Y of the best modular code. Where targets leave sources out, complete it by cutting planes.
3. Decide whether no neuron earns more than it costs at Y: up to five sources on every face of the hull
   (`few_sources`), beyond by bounds and ascents (`many_sources`).
4. If an exact verdict is wanted, pose the problem in rationals as well, and prove or correct that verdict
   (`exact_decision`).
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

from theory.arrays import ArrayLike
from theory.conditions.completion import completed_multiplier, is_open
from theory.conditions.dependent import decide_dependent
from theory.conditions.few_sources import decide_few
from theory.conditions.many_sources import decide_many
from theory.conditions.verdict import CONDITION_TOLERANCE, Verdict, modular_multiplier
from theory.errors import InputError
from theory.exact.problem import ExactProblem
from theory.exact.rational import as_floats, exact_number, positive_number
from theory.inputs.problem import within_digits
from theory.problem import Problem
from theory.readouts import Exact, Noisy, Reads, Soft
from theory.sources import EXACT_DIMENSION, Sources


def modularity(
    sources: ArrayLike | Sources,
    *,
    mixing: ArrayLike | None = None,
    probabilities: ArrayLike | None = None,
    encoder_cost: float = 1.0,
    decoder_cost: float = 1.0,
    activity_cost: float = 1.0,
    bias_cost: float = 0.0,
    readout: Reads | None = None,
    exact: bool = False,
) -> Verdict:
    """Decide whether the optimal code of these sources is modular (one source per neuron).

    Args:
        sources: (T, d) array-like, one row per sample, or `Sources`.
        mixing: (dx, d) matrix A of full column rank, identity if not given.
        probabilities: (T,) nonnegative weights, equal if not given.
        encoder_cost: cost of the squared encoder weights; zero where the covariance of the sources is regular.
        decoder_cost: positive cost of the squared decoder weights; it changes the verdict only where errors have a
            cost.
        activity_cost: positive cost of the mean squared activity; one where the verdict is to be exact.
        bias_cost: cost of squared biases beyond that; zero where the verdict is to be exact.
        readout: what is decoded and how (`theory.readouts`); the data, exactly, if not given.
        exact: decide in rational arithmetic and attach a proof. Every float is taken at its exact value; strings such
            as "0.1" or "1/3" are taken at theirs. Ties count as modular, and are decided, as is everything in two
            and three sources. Where no proof is found (a hull of four or five sources with more than ten thousand
            facets, six or more sources) `modular` is None. Of readouts it takes exact decoders of targets that
            leave no source out, and errors under which the sources are uncorrelated or no neuron is worth having.

    Returns:
        A `Verdict`: exact up to rounding for at most five sources, and for few samples of six or seven; beyond, False
        with a witness, True when a proof is found, None otherwise.

    Raises:
        InputError: an argument that cannot be used.

    Source: docs/mathematics.md, "The modularity condition".

    Example:
        >>> square = [[-1, -1], [-1, 1], [1, -1], [1, 1]]
        >>> modularity(square).modular
        True
        >>> modularity(square[:3]).modular
        False
    """
    if isinstance(sources, Problem):
        raise InputError("sources: expected a matrix, got a Problem; write theory.conditions.decide(problem)")
    arguments: dict[str, Any] = {
        "mixing": mixing,
        "probabilities": probabilities,
        "encoder_cost": encoder_cost,
        "decoder_cost": decoder_cost,
        "readout": readout,
    }
    if not exact:
        return decide(Problem(sources, activity_cost=activity_cost, bias_cost=bias_cost, **arguments))
    if activity_cost != 1 or bias_cost != 0:
        raise InputError(
            "exact: decided for activity_cost=1 and bias_cost=0 alone; divide the other costs by activity_cost, "
            "and leave out bias_cost or exact"
        )
    return _decide_exactly(sources, arguments)


def _decide_exactly(sources: ArrayLike | Sources, arguments: dict[str, Any]) -> Verdict:
    """Step 4."""
    from theory.conditions.exact_decision import decide_exactly

    posed = ExactProblem.posed(sources, **arguments)
    decoder_cost = positive_number(arguments["decoder_cost"], "decoder_cost")
    try:
        costs = {"encoder_cost": float(posed.encoder_cost), "decoder_cost": float(decoder_cost)}
        rounded = _rounded(sources, arguments | costs)
    except (InputError, OverflowError):
        return decide_exactly(posed, None)
    return decide_exactly(posed, decide_if_possible(rounded))


def _rounded(sources: ArrayLike | Sources, arguments: dict[str, Any]) -> Problem:
    """The problem in floating point.

    Raises:
        InputError, OverflowError: it cannot be posed there.
    """
    tables = {
        name: as_floats(arguments[name], name) for name in ("mixing", "probabilities") if arguments[name] is not None
    }
    readout = None if arguments["readout"] is None else _rounded_readout(arguments["readout"])
    points = sources if isinstance(sources, Sources) else as_floats(sources, "sources")
    return Problem(points, **(arguments | tables | {"readout": readout}))


def _rounded_readout(readout: Reads) -> Reads:
    """The readout with its numbers rounded to floats."""
    assert isinstance(readout, (Exact, Soft, Noisy))
    arguments = {item.name: getattr(readout, item.name) for item in fields(readout)}
    for name, value in arguments.items():
        if value is not None:
            tables = name in ("targets", "probabilities")
            arguments[name] = as_floats(value, name) if tables else float(exact_number(value, name))
    return type(readout)(**arguments)


def decide(problem: Problem) -> Verdict:
    """The verdict on a `Problem`, without its transitions if it has any; see `modularity`.

    Raises:
        InputError: the data have no known sources, so no code is modular or mixed.
    """
    problem = problem.feedforward
    if not problem.sources.identified:
        raise InputError(
            "sources: principal coordinates, whose axes mean nothing, so that no code is modular in them or mixed; "
            "give sources that are known, or compare the optimal code with labels (Representation.compare)"
        )
    if problem.dependent and problem.sources.hull is None:
        problem = problem.replaced(groups=None, separate=False)  # what is asked is of single sources
    if problem.dependent:
        with within_digits(problem):
            return decide_dependent(problem)
    problem = problem.canonical  # step 1
    with within_digits(problem):
        decided = decide_few if problem.dimension <= EXACT_DIMENSION else decide_many  # step 3
        if not is_open(problem):
            return decided(problem, modular_multiplier(problem))
        completed = completed_multiplier(problem)  # step 2
        verdict = decided(problem, completed.multiplier)
        if verdict.modular or completed.least > 1 + CONDITION_TOLERANCE:
            return verdict
        # Another completion of the multiplier might prove the modular code optimal.
        reason = "undecided: no multiplier found that proves the modular code, and none ruled out"
        return replace(verdict, modular=None, witness=None, reason=reason)


def decide_if_possible(problem: Problem) -> Verdict | None:
    """The verdict of floating point, or None where it cannot tell the samples apart, overflows or gives no number."""
    if problem.dependent:
        return None  # a rational proof is of sources of which none is told by others
    try:
        with np.errstate(all="ignore"):
            verdict = decide(problem)
    except (InputError, np.linalg.LinAlgError, OverflowError):
        return None
    return None if np.isnan(verdict.rho) else verdict
