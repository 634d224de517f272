"""Price of modularity: a theorem of `theory.theorems`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from theory.conditions import decide
from theory.problem import Problem
from theory.theorems.theorem import Prediction, Theorem, decidable

if TYPE_CHECKING:
    pass

__all__ = ["THEOREM"]


def _price(problem: Problem) -> Prediction:
    return Prediction(most_price=decide(problem).price_bound)


THEOREM = Theorem(
    name="price-of-modularity",
    statement="Insisting on a modular code costs at most the share `sqrt(rho) - 1`, `rho = max_w w'Yw / f(w)`.",
    latex=r"\frac{L_{\text{modular}}}{L^*} - 1 \le \sqrt{\rho} - 1, \qquad \rho = \max_w \frac{w^\top Y w}{f(w)}",
    source="this project",
    proof=(
        "`Y / rho` is feasible in the dual, so `L* >= 2 sqrt(mu) tr((K^1/2 Y K^1/2)^1/2) / sqrt(rho)`; and at the "
        "multiplier of the best modular code the numerator is its loss, `L_modular`. Where errors have a price both "
        "have the term `-tr(Y G_0)`, divided by `rho`, which is no less than `-tr(Y G_0) / sqrt(rho)`."
    ),
    hypothesis=decidable,
    prediction=_price,
)
