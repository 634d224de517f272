"""Uniqueness: a theorem of `theory.theorems`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from theory.conditions import decide
from theory.problem import Problem
from theory.theorems.theorem import Prediction, Theorem, decidable

if TYPE_CHECKING:
    pass

__all__ = ["THEOREM"]


UNIQUE = 1e-6
"""Margin from which a numerical optimum can be told from its competitors."""


def _strict(problem: Problem) -> bool:
    return decidable(problem) and problem.dimension > 1 and decide(problem).margin > UNIQUE


THEOREM = Theorem(
    name="uniqueness",
    statement=(
        "If the inequality is strict off the axes, every optimal code is modular. All of them give a source the same "
        "strength; where its two ends are equally near it may be shared by neurons that look to either side."
    ),
    latex=r"h(w)^2 > w^\top F w \text{ for every } w \text{ with two nonzero entries} \;\Longrightarrow\; "
    r"\text{every optimal code is modular}",
    source="this project",
    proof=(
        "`g` is strictly convex, so all optimal codes share `G` and hence `Y`, and every neuron of an optimal"
        " code earns exactly what it costs, `w'Yw = f(w)`. If only the axes do, all neurons are modular; and "
        "their squared weights on a source add up to `G_ii`."
    ),
    hypothesis=_strict,
    prediction=lambda problem: Prediction(modular=True, only_modular=True, margin=decide(problem).margin),
    exact=True,
)
