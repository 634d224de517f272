"""General mixing: a theorem of `theory.theorems`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from theory.theorems.hypotheses import (
    orthonormal_mixing,
)
from theory.theorems.theorem import Theorem, as_decided, decidable

if TYPE_CHECKING:
    pass

__all__ = ["THEOREM"]


THEOREM = Theorem(
    name="general-mixing",
    statement=(
        "Under any mixing of full column rank the condition is the same with another `F`; a box-shaped "
        "support is then no longer enough."
    ),
    latex=r"F_{ij} = K_{ij}\sqrt{\frac{(M_{ii}+m_i^2)(M_{jj}+m_j^2)}{K_{ii}K_{jj}}} - M_{ij}, \qquad K = A^\top A",
    source="this project; special cases in Dorrell et al. (ICLR 2025), appendix",
    proof=(
        "The readout costs `mu tr(K G^-1)`, so its multiplier at a diagonal `G` is `mu K_ij / (G_ii G_jj)`, "
        "and stationarity gives `G_ii`. The command modularity derive --mixing general shows every step."
    ),
    hypothesis=lambda problem: decidable(problem) and not orthonormal_mixing(problem),
    prediction=as_decided,
    exact=True,
)
