"""Whether keeping groups of sources apart is best, and why: the verdict of the certificate, without the best code."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from solver.optimise import solve
from theory.conditions.separation import decide_separation
from theory.errors import InputError

if TYPE_CHECKING:
    from theory.conditions import Verdict
    from theory.problem import Problem

__all__ = ["separation"]


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
        raise InputError("problem: nothing says what is to be kept apart; give groups, or ask theory.modularity")
    best, among = solve(problem.separated, **limits), problem.replaced(separate=False)
    verdict = decide_separation(among, best.multiplier)
    if best.status == "optimal" or among.separable:
        return verdict
    reason = f"the best separate code is known to a gap of {best.gap:.2g} only"
    most = (1 + verdict.price_bound) * (1 + 2 * best.gap) - 1
    return replace(verdict, modular=None, margin=float("nan"), witness=None, price_bound=most, reason=reason)
