"""Frequency pairs: a theorem of `theory.theorems`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from theory.families.frequencies import frequencies_of
from theory.problem import Problem
from theory.theorems.theorem import CITED_2025, Prediction, Theorem, in_parts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["THEOREM"]


def _frequencies(problem: Problem) -> Prediction:
    pair = frequencies_of(problem)
    assert pair is not None
    return in_parts(problem, ((0, 1), (2, 3)), separable=not pair.harmonic, margin=abs(1 - pair.reach()))


THEOREM = Theorem(
    name="frequency-pairs",
    statement=(
        "Two oscillations (a cosine and a sine of each of two frequencies, sampled evenly) have their own "
        "neurons if neither frequency is a multiple of the other, and share neurons if one is."
    ),
    latex=r"\omega_2 = k\,\omega_1,\; k \in \{2, 3, \dots\} \iff L^* < L^*_1 + L^*_2",
    source=f"{CITED_2025}, figure 3; as a statement about time on the circle: this project",
    proof=(
        "By symmetry each oscillation's best code has `G` proportional to the identity, and the condition for"
        " both together becomes `h(w) >= |w|` (amplitudes and costs cancel). If `omega_2 = k omega_1`, take "
        "`w = (e cos theta, u sin theta)`, `e` and `u` unit vectors such that the second wave is at its "
        "lowest where the first peaks: `h(w) = cos theta - sin theta + O(theta^2) < 1`. Otherwise the faster "
        "wave sees the peaks of the slower at phases spread over the circle (and the other way round), so at "
        "one of them it does not push down to first order; where it is zero there, moving along the flank "
        "wins to second order; for directions in between, `h(w) >= |w|` is checked on a grid by the program. "
        "Incommensurate frequencies fill the torus, a product support."
    ),
    hypothesis=lambda problem: frequencies_of(problem) is not None,
    prediction=_frequencies,
    exact=True,
)
