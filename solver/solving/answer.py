"""The answer of a search: the best code, its loss and its bound computed anew from the problem.

1. The code is written in one way, and measured. Where rounding made it cost more than the modular one, that is taken.
2. The multiplier of the search, and that of the code, are bounded anew. After a stop no hull is listed that takes
   seconds to list, unless the bound of the search comes from its faces, and none is priced that takes seconds to price,
   unless that leaves less than the search had proven.
3. Of a few sources whose bound came from a relaxation the faces are priced where that leaves a gap.
4. Of several optimal codes one is given that is no matter of chance: the best separate code where there are groups and
   it is optimal, otherwise one of as few neurons as are enough (`solver.ambiguity.canonical`). It is bounded anew:
   where digits are lost it may prove less than the code that was found, which stays then.
5. The message says what was chosen and why, what the method had to say, what stopped it, and which combination of
   sources hardly varies where the code is not proven optimal. There digits are lost, and no more is promised than the
   multiplier proves by itself.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from solver.ambiguity.canonical import chosen_code
from solver.certificate import Bound, best_bound, lower_bound, optimality_gap
from solver.methods import many_samples
from solver.representation import Representation
from solver.solving.best import Best
from solver.solving.plan import has_many_samples, is_small, prices_slowly
from theory.arrays import Array
from theory.bounds.cover import Cover
from theory.inputs.problem import within_digits
from theory.problem import Problem


@dataclass(frozen=True)
class AnswerTolerances:
    """When two losses are the same."""

    rounding: float = 1e-14  # relative difference of the losses of two codes of one search
    tied: float = 1e-12  # the same of codes that were found apart, up to which both are optimal


ANSWER = AnswerTolerances()


def answer(
    posed: Problem,
    best: Best,
    *,
    tolerance: float,
    stopped: str | None,
    method: str,
    why: str,
    separate: Representation | None,
    iterations: int,
    start: float,
) -> Representation:
    """The best code of a search with a proof of how good it is.

    Args:
        posed: the problem as it was given.
        best: what the search came to.
        tolerance: relative gap at which a code counts as optimal.
        stopped: what cut the search short; None where nothing did.
        method: what ran.
        why: the reason for it.
        separate: with groups, the best code whose neurons read one group each.
        iterations: of the method.
        start: when the search began, on the clock of `time.perf_counter`.

    Raises:
        InputError: sources whose sizes lie too far apart for floating point.
    """
    problem = posed.canonical
    with within_digits(problem):
        if has_many_samples(problem) and best.cover is None:
            best = replace(best, cover=many_samples.cover(problem))
        fields = {"method": method, "tolerance": tolerance, "separate": separate, "iterations": iterations}
        code = _written(posed, best, best.weights, fields)  # step 1
        if code.loss > problem.modular_loss:
            code = min(code, _written(posed, best, problem.modular_weights, fields), key=lambda code: code.loss)
        # Of the network as it is written, which is what `certify` sees.
        network = code.encoder @ problem.mixing
        bound = _bounded(problem, best, network, tolerance, stopped=stopped is not None)
        note = best.note
        if optimality_gap(code.loss, bound.value) <= tolerance:
            # What failed on the way did no harm.
            note = "; ".join(part for part in note.split("; ") if " failed" not in part)
            searched, code = code, code if best.final else _chosen(posed, best, code, fields)
            if code is not searched:
                # The code that was found may keep digits that another one, and so its proof, has lost.
                network = code.encoder @ problem.mixing
                proven = _bounded(problem, best, network, tolerance, stopped=stopped is not None)
                kept = optimality_gap(code.loss, proven.value) <= tolerance
                code, bound = (code, proven) if kept else (searched, bound)
        message = "; ".join(part for part in (f"{method}: {why}", note, stopped) if part)  # step 5
        code = code.bounded_by(
            bound.value,
            "interrupted" if stopped else "bounded",
            message=message,
            multiplier=bound.multiplier,
            seconds=time.perf_counter() - start,
        )
        combination = None if code.status == "optimal" else problem.sources.nearly_constant
        if combination is None:
            return code
        remedy = f"{combination} hardly varies; if that is rounding, remove one of these columns"
        code = replace(code, message=f"{code.message}; {remedy}")
        return _proven_alone(problem, best, code, (best.multiplier, bound.multiplier), stopped=stopped is not None)


def _proven_alone(
    problem: Problem, best: Best, code: Representation, multipliers: tuple[Array, ...], *, stopped: bool
) -> Representation:
    """A code with the multiplier that proves most as it is written, and no bound above what that proves.

    Where digits are lost the multiplier of a code proves more in its factors than as a matrix.
    """
    _, at_once = _haste(problem, best, stopped=stopped)
    if np.array_equal(multipliers[0], multipliers[-1]):
        multipliers = multipliers[:1]  # to price one takes as long as the search may have
    bounds = [lower_bound(problem, multiplier, quick=at_once, cover=best.cover).value for multiplier in multipliers]
    most = int(np.argmax(bounds))
    proven = min(code.lower_bound, bounds[most])
    return replace(code, multiplier=multipliers[most]).bounded_by(proven, code.status)


def _bounded(problem: Problem, best: Best, weights: Array, tolerance: float, *, stopped: bool) -> Bound:
    """The bound on the loss of every code, from what the search came to and the code (n, d) itself (steps 2 and 3)."""
    quick, at_once = _haste(problem, best, stopped=stopped)
    bound = best_bound(problem, best.multiplier, weights=weights, quick=at_once, cover=best.cover)
    if at_once and not quick and bound.value < best.lower_bound * (1 - tolerance):
        # Faces that the search has priced are priced anew, and only those.
        bound = best_bound(problem, best.multiplier, weights=weights, cover=best.cover)
    few = is_small(problem) and not has_many_samples(problem)
    if best.cover is not None and few and optimality_gap(best.loss, bound.value) > tolerance:
        bound = best_bound(problem, best.multiplier, weights=weights, cover=best.cover)
    return bound


def _haste(problem: Problem, best: Best, *, stopped: bool) -> tuple[bool, bool]:
    """Whether no faces are listed, and whether none are priced (step 2)."""
    listed = best.priced or (best.cover is None and all(map(is_small, _hulls(problem, None))))
    quick = (stopped or best.cover is not None) and not listed
    return quick, quick or (stopped and any(map(_is_expensive, _hulls(problem, best.cover))))


def _chosen(posed: Problem, best: Best, code: Representation, fields: dict[str, Any]) -> Representation:
    """The optimal code to give in the place of the one that was found (step 4)."""
    apart = code.separate
    if apart is not None and apart.loss <= code.loss * (1 + ANSWER.tied):
        return _written(posed, best, apart.source_weights, fields)
    with suppress(np.linalg.LinAlgError, FloatingPointError):
        chosen = chosen_code(posed.canonical, code.source_weights)
        if chosen is not code.source_weights:
            other = _written(posed, best, chosen, fields)
            return code if other.loss > code.loss * (1 + ANSWER.rounding) else other
    return code


def _hulls(problem: Problem, cover: Cover | None) -> tuple[Problem, ...]:
    """The problems whose faces prove a bound: one per group, or among the samples that a proof names."""
    if problem.separate or problem.separable:
        return problem.blocks
    return (problem if cover is None or cover.samples is None else problem.among(cover.samples),)


def _is_expensive(hull: Problem) -> bool:
    """Whether to price the faces, which are listed for it, takes seconds."""
    faces = hull.sources.faces_if_few
    return faces is not None and prices_slowly(faces.most_faces)


def _written(posed: Problem, best: Best, weights: Array, fields: dict[str, Any]) -> Representation:
    """The code of these neurons (n, d), of which nothing is proven yet."""
    return Representation.from_weights(
        posed, weights, message="", multiplier=best.multiplier, cover=best.cover, **fields
    )
