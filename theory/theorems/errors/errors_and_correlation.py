"""Errors and correlation: a theorem of `theory.theorems`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from theory.theorems.hypotheses import is_range_independent
from theory.theorems.theorem import Prediction, Theorem, condition_matrix

if TYPE_CHECKING:
    from theory.problem import Problem

__all__ = ["THEOREM"]

ROUNDING = 1e-10
"""Shortfall, in units of the cost of a neuron, that is none."""


def _corner_by_corner(problem: Problem) -> Prediction:
    """The condition in each quadrant of neurons, which look at one corner of the box each."""
    condition, sources = condition_matrix(problem), problem.sources
    unit = float(np.sqrt(problem.modular_costs.prod())) / problem.height_cost
    slack = np.inf
    for first, side in ((1, -sources.lower), (-1, sources.upper)):
        for second, other in ((1, -sources.lower), (-1, sources.upper)):
            reach = side[0], other[1]
            spare = [max(reach[i] ** 2 - condition[i, i], 0.0) for i in range(2)]
            mixed = reach[0] * reach[1] - first * second * condition[0, 1]
            slack = min(slack, float(mixed + np.sqrt(spare[0] * spare[1])) / unit)
    return Prediction(modular=slack >= -ROUNDING, margin=abs(slack))


THEOREM = Theorem(
    name="errors-and-correlation",
    statement=(
        "Where errors have a price, correlation matters even if the hull is a box. With two sources, of reach `r_1` "
        "and `r_2` towards a corner of the box, the code is modular if and only if the inequality holds at all four "
        "corners, with the sign `s` of each one's quadrant. If every corner has a positive probability, the targets "
        "need both sources, and neither `A'A` nor `K` joins them, it does as soon as errors are dear enough. `C_e` is "
        "the covariance under which errors count; with noise of variance `v`, `mu + kappa v` takes the place of `mu`."
    ),
    latex=r"s F_{12} \le r_1 r_2 + \sqrt{(r_1^2 - F_{11})(r_2^2 - F_{22})}, \qquad F = Y - M, \qquad "
    r"Y = \mu\, (G + G_0)^{-1} K (G + G_0)^{-1}, \qquad G_0 = \frac{\mu}{\kappa} C_e^{-1}",
    source="this project",
    proof=(
        "In the quadrant of one corner `h(w) = r_1 |w_1| + r_2 |w_2|`, so that `h(w)^2 - w'Fw` is a quadratic form in "
        "`|w_1|` and `|w_2|` with the diagonal `r_i^2 - F_ii >= 0`. Such a form is copositive if and only if its mixed "
        "entry is no further below zero than the root of the product of the others. As `kappa` grows `F_12` tends to "
        "that of the exact decoder, `-C_12` if `A'A` and `K` are diagonal and `K` is regular, for which range "
        "independence shows the inequality, strictly where both sources may be off their ends."
    ),
    hypothesis=lambda problem: (
        problem.dimension == 2 and problem.readout.errors is not None and is_range_independent(problem)
    ),
    prediction=_corner_by_corner,
)
