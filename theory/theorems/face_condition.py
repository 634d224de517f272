"""Face condition: a theorem of `theory.theorems`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from theory.theorems.hypotheses import (
    faces_allow_modularity,
)
from theory.theorems.theorem import CITED_2025, Theorem, is_mixed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["THEOREM"]


THEOREM = Theorem(
    name="face-condition",
    statement=(
        "Modularity needs, for each source, that the point `F_i / m_i` (row `i` of `F`) lies in the hull of "
        "the samples that are at the nearer end of that source. So generic clouds, with a single sample "
        "there, are never exactly modular."
    ),
    latex=r"\text{modular} \;\Longrightarrow\; \tfrac{1}{m_i} F_{i\cdot} \in \operatorname{conv}\{-s_t : "
    r"s_{t,i} = -m_i\} \text{ for every } i",
    source=f"{CITED_2025}, corollary; general mixing: this project",
    proof=(
        "On the axis `e_i` both sides of the condition are `m_i^2`. Leaving it towards `v`, the left side "
        "rises at `2 m_i` times the largest `y.v` over the face, the right side at `2 F_i.v`; so `F_i / m_i` "
        "must not reach beyond the face's hull in any direction `v`."
    ),
    hypothesis=lambda problem: problem.dimension > 1 and not faces_allow_modularity(problem),
    prediction=is_mixed,
    exact=True,
)
