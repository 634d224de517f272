"""Range independence: a theorem of `theory.theorems`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from theory.theorems.hypotheses import (
    is_range_independent,
    separate_channels,
)
from theory.theorems.theorem import CITED_2025, Theorem, is_modular

if TYPE_CHECKING:
    pass

__all__ = ["THEOREM"]


THEOREM = Theorem(
    name="range-independence",
    statement=(
        "If every source reaches its ends whatever the others do (the hull is a box) and the mixing keeps the sources "
        "orthogonal, in whatever units, the optimal code is modular, whatever the correlations."
    ),
    latex=r"\operatorname{conv}(S) = \prod_i [\ell_i, u_i],\; A^\top A \text{ diagonal} "
    r"\;\Longrightarrow\; \text{modular}",
    source=f"{CITED_2025}, range independence",
    proof=(
        "With `A'A` diagonal so is its inverse, and `F_ij = K_ij sqrt(c_i c_j / (K_ii K_jj)) - M_ij` is `-C_ij`. "
        "In a box `h(w) = sum_i h_i |w_i|` with `h_i >= m_i`, so `h(w)^2 - w'Fw >= sum_{i != j} (h_i h_j |w_i"
        " w_j| + w_i w_j C_ij)`. A variable `x >= -a` of mean zero and a variable `y >= -b` of mean zero have"
        " `E[xy] >= -ab`, because `E[(x + a)(y + b)] >= 0`; applied to `x = w_i s_i` and `y = w_j s_j`, every"
        " term is nonnegative."
    ),
    hypothesis=lambda problem: separate_channels(problem) and is_range_independent(problem),
    prediction=is_modular,
    exact=True,
)
