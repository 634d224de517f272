"""Face condition: a theorem of `theory.theorems`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from theory.theorems.hypotheses import (
    faces_allow_modularity,
)
from theory.theorems.theorem import CITED_2025, Theorem, is_mixed

if TYPE_CHECKING:
    pass

__all__ = ["THEOREM"]


THEOREM = Theorem(
    name="face-condition",
    statement=(
        "Modularity needs, for each source, that the point `-sigma F_i / m_i` (row `i` of `F`) lies in the hull of "
        "the samples at the nearer end of that source, `sigma` being `1` where that is the lower end and `-1` where it "
        "is the upper; where both are equally near, for both. So generic clouds, with a single sample there, are never "
        "exactly modular."
    ),
    latex=r"\text{modular} \;\Longrightarrow\; -\tfrac{\sigma}{m_i} F_{i\cdot} \in \operatorname{conv}\{s_t : "
    r"s_{t,i} = -\sigma m_i\} \text{ for every } i \text{ and every } \sigma = \pm 1 \text{ with } "
    r"h(\sigma e_i) = m_i",
    source=f"{CITED_2025}, corollary; general mixing: this project",
    proof=(
        "On the half-axis `sigma e_i` both sides of the condition are `m_i^2`. Leaving it towards `v`, the left side "
        "rises at `2 m_i` times the largest `-s.v` over the samples of that end, the right side at `2 sigma F_i.v`; "
        "so `-sigma F_i / m_i` must not reach beyond their hull in any direction `v`."
    ),
    hypothesis=lambda problem: problem.dimension > 1 and not faces_allow_modularity(problem),
    prediction=is_mixed,
    exact=True,
)
