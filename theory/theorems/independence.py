"""Independence: a theorem of `theory.theorems`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from theory.theorems.hypotheses import (
    independent_sources,
    separate_channels,
)
from theory.theorems.theorem import CITED_2023, Theorem, is_modular

if TYPE_CHECKING:
    pass

__all__ = ["THEOREM"]


THEOREM = Theorem(
    name="independence",
    statement=(
        "If the sources are independent, with no sample of probability zero beyond their ranges, and the mixing keeps "
        "them orthogonal, the optimal code is modular."
    ),
    latex=r"p(s) = \prod_i p_i(s_i),\; A^\top A \text{ diagonal} \;\Longrightarrow\; \text{modular}",
    source=f"{CITED_2023}, theorem 1",
    proof=(
        "Independent sources have a product support, whose hull is a box: range independence. Activity may not fall "
        "below zero on samples of probability zero either, so these must not make the hull another."
    ),
    hypothesis=lambda problem: separate_channels(problem) and independent_sources(problem),
    prediction=is_modular,
    exact=True,
)
