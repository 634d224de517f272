"""Block modularity: a theorem of `theory.theorems`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from theory.problem import Problem
from theory.theorems.hypotheses import (
    Blocks,
    product_blocks,
)
from theory.theorems.theorem import Theorem, in_parts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["THEOREM"]


def _in_blocks(problem: Problem) -> bool:
    blocks = product_blocks(problem)
    return len(blocks) > 1 and _mixing_keeps(problem, blocks)


def _mixing_keeps(problem: Problem, blocks: Blocks) -> bool:
    """Whether A'A has no entries between blocks."""
    block_of = np.empty(problem.dimension, dtype=int)
    for number, block in enumerate(blocks):
        block_of[list(block)] = number
    between = block_of[:, None] != block_of
    size = np.sqrt(np.outer(np.diag(problem.gram), np.diag(problem.gram)))
    return bool((np.abs(problem.gram / size)[between] <= 1e-12).all())


THEOREM = Theorem(
    name="block-modularity",
    statement=(
        "If the hull of the support is a product over groups of sources and `A'A` has no entries between the "
        "groups, then the groups' optimal codes side by side are optimal, whatever the correlations between "
        "groups."
    ),
    latex=r"\operatorname{conv}(S) = \prod_b \operatorname{conv}(S_b) \;\Longrightarrow\; L^*(S) = \sum_b L^*(S_b)",
    source="this project; for groups of one source it is range independence",
    proof=(
        "Let `Y` be block diagonal, made of the groups' multipliers. Then `f(w) - w'Yw >= sum_{b != c} (w_b' "
        "C_bc w_c + h_b(w_b) h_c(w_c))`, and each term is nonnegative because `x = w_b.s_b >= -h_b` and `y = "
        "w_c.s_c >= -h_c` have mean zero, so `E[(x + h_b)(y + h_c)] >= 0`."
    ),
    hypothesis=_in_blocks,
    prediction=lambda problem: in_parts(problem, product_blocks(problem)),
    exact=True,
)
