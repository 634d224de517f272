"""Frequency pairs: a theorem of `theory.theorems`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from theory.families.frequencies import frequencies_of
from theory.problem import Problem
from theory.theorems.theorem import CITED_2025, Prediction, Theorem, in_parts

if TYPE_CHECKING:
    pass

__all__ = ["THEOREM"]


def _frequencies(problem: Problem) -> Prediction:
    pair = frequencies_of(problem)
    assert pair is not None
    return in_parts(problem, ((0, 1), (2, 3)), separable=pair.separate)


THEOREM = Theorem(
    name="frequency-pairs",
    statement=(
        "Let two oscillations (a cosine and a sine each, of one size and gain) make `p` and `q` turns in `N` samples, "
        "taken evenly, and let no number divide all three. They have their own neurons if and only if `p` and `N` have "
        "a common divisor and `q` and `N` have one, so that each repeats itself before both do together; with time "
        "continuous, if and only if neither frequency is a multiple of the other. Else they share neurons."
    ),
    latex=r"\gcd(p, q, N) = 1: \quad L^* = L^*_1 + L^*_2 \iff \gcd(p, N) > 1 \text{ and } \gcd(q, N) > 1",
    source=f"{CITED_2025}, figure 3, for continuous time; for samples, and the proof: this project",
    proof=(
        "A step of time turns both oscillations, so each one's best code has `G` proportional to the identity, and the "
        "condition for both together becomes `h(w)^2 >= r_1^2 |w_1|^2 + r_2^2 |w_2|^2`, with `r_1` and `r_2` the radii "
        "of the circles within the polygons of samples (amplitudes and costs cancel). If `p` and `N` have no common "
        "divisor, each value of the first wave comes with one of the second. Let `w_1` look between two neighbours: of "
        "the second wave's two values with these a small `w_2` can look away from both, so that `h(w)` falls to first "
        "order, and the right side rises to second order only. Otherwise let `a` be the largest number that divides "
        "`p` and `N`, and `b` that of `q` and `N`. A peak of the first wave meets `a` values of the second, spread "
        "evenly, and one of the second `b` values of the first: `h(w)` is at least `r_1 |w_1| + cos(pi / a) |w_2|` and "
        "`cos(pi / b) |w_1| + r_2 |w_2|`, and if `a` and `b` are above two one of these is enough. If one is two the "
        "other is odd, and samples a few steps away from a peak do the rest: docs/mathematics.md, section 13. "
        "Continuous time is the limit of many samples."
    ),
    hypothesis=lambda problem: frequencies_of(problem) is not None,
    prediction=_frequencies,
    exact=True,
)
