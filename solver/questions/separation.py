"""Whether separate groups of sources are best, and why.

1. Solve for the best separate code.
2. If its multiplier is unique, decide by it whether a neuron of several groups would be worth adding.
3. Otherwise bound the loss of all codes from below; where that meets the separate code, separate groups are best.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from solver.certificate import best_bound, optimality_gap
from solver.certificate.spans import ratio_of
from solver.representation import Representation
from solver.solving.run import MEETS_SEPARATE
from solver.solving.solve import solve
from theory.conditions import Verdict
from theory.conditions.dependent import decide_dependent
from theory.conditions.practically import excess
from theory.conditions.separation import SEPARATION_TOLERANCE, decide_separation
from theory.dependent.columns import in_own_columns
from theory.errors import InputError
from theory.problem import Problem


def separation(problem: Problem, **limits: Any) -> Verdict:
    """Decide whether a code whose neurons read one group of sources each is the best of all.

    Args:
        problem: with groups.
        limits: of the search for the best separate code, as for `solve`.

    Returns:
        A `Verdict`, in floating point: `modular` says whether separate neurons are best, `witness` is a neuron of
        several groups that is worth adding where they are not, and `price_bound` what they cost at most.

    Raises:
        InputError: a problem without groups.

    Source: docs/mathematics.md, "Groups".

    Example:
        >>> from solver import Problem
        >>> square = [[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)]
        >>> separation(Problem(square[:-1], groups={"pair": [0, 1]})).modular
        False
    """
    if problem.groups is None:
        raise InputError("problem: nothing says what is to be separate; give groups, or ask theory.modularity")
    if problem.dependent and problem.on_hull.groups is not None:
        return _on_hull(problem, separation(problem.on_hull, **limits))
    if problem.dependent:
        return _of_spans(problem, limits)
    # Step 1.
    best, among = solve(problem.separated, **limits), problem.replaced(separate=False).canonical
    assert isinstance(best, Representation)
    weights = best.source_weights
    # Step 2. The code's own multiplier has entries between groups, which the proof for separate codes can do without.
    undetermined = among.readout.rank is not None
    multiplier = best.multiplier if undetermined else among.multiplier(weights.T @ weights)
    verdict = decide_separation(among, multiplier, silent=not len(weights))
    if among.separable or (best.status == "optimal" and not undetermined):
        return verdict
    # Step 3.
    bound = best_bound(among, best.multiplier, weights=weights)
    gap = optimality_gap(best.loss, bound.value)
    price = excess(best.loss, bound.value)
    if gap <= SEPARATION_TOLERANCE:
        return replace(
            verdict, modular=True, margin=float("nan"), witness=None, price_bound=price, reason=MEETS_SEPARATE
        )
    known = f"the best separate code is known to {best.gap:.1e} only"
    reason = "a decoder that leaves sources out does not determine the multiplier" if undetermined else known
    return replace(verdict, modular=None, margin=float("nan"), witness=None, price_bound=price, reason=reason)


def _of_spans(problem: Problem, limits: dict[str, Any]) -> Verdict:
    """The verdict on dependent sources whose groups tell of each other."""
    best = solve(problem.separated, **limits)
    assert isinstance(best, Representation)
    weights, multiplier = best.source_weights, best.multiplier
    if len(weights):
        multiplier = problem.multiplier(weights.T @ weights)
    reference = ratio_of(problem.separated, multiplier) if len(weights) else 1.0
    verdict = decide_dependent(problem, weights, reference)
    if best.status == "optimal":
        return verdict
    bound = best_bound(problem.replaced(separate=False), best.multiplier, weights=weights)
    price, reason = excess(best.loss, bound.value), f"the best separate code is known to {best.gap:.1e} only"
    meets = optimality_gap(best.loss, bound.value) <= SEPARATION_TOLERANCE
    said = {"modular": True, "reason": MEETS_SEPARATE} if meets else {"modular": None, "reason": reason}
    return replace(verdict, margin=float("nan"), witness=None, price_bound=price, **said)


def _on_hull(problem: Problem, verdict: Verdict) -> Verdict:
    """The verdict on the hull of dependent sources, in their own columns."""
    hull, witness = problem.hull, verdict.witness
    assert hull is not None
    own = None if witness is None else in_own_columns(problem, witness[None])[0]
    return replace(verdict, witness=own, F=hull.form(verdict.F))
