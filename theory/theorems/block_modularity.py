"""Block modularity: a theorem of `theory.theorems`."""

from __future__ import annotations

from theory.problem import Problem
from theory.theorems.hypotheses import (
    product_blocks,
)
from theory.theorems.theorem import Prediction, Theorem

__all__ = ["THEOREM"]


def _in_groups(problem: Problem) -> Problem:
    """The problem with groups: its own, or the finest of which the hull is a product where it has none."""
    if problem.groups is not None:
        return problem
    blocks = product_blocks(problem)
    return problem.replaced(groups={str(number): block for number, block in enumerate(blocks)})


def _in_blocks(problem: Problem) -> bool:
    if problem.transitions is not None:
        return False
    given = _in_groups(problem)
    return len(given.blocks) > 1 and given.separable


def _parts(problem: Problem) -> Prediction:
    """The groups by themselves, each read out as it would be while the others are silent."""
    return Prediction(parts=tuple(part for part in _in_groups(problem).parts if part is not None), separable=True)


THEOREM = Theorem(
    name="block-modularity",
    statement=(
        "If the hull of the support is a product over groups of sources, and neither `A'A` nor the readout's `K` and "
        "`G_0` have entries between the groups, then the groups' optimal codes side by side are optimal, whatever the "
        "correlations between groups that `G_0` leaves possible: all of them, if the readout is exact."
    ),
    latex=r"\operatorname{conv}(S) = \prod_b \operatorname{conv}(S_b),\; A^\top A,\, K,\, G_0 \text{ block diagonal} "
    r"\;\Longrightarrow\; L^*(S) = \sum_b L^*(S_b)",
    source="this project; for groups of one source it is range independence",
    proof=(
        "Let `Y` be block diagonal, made of the groups' multipliers. Then `f(w) - w'Yw >= sum_{b != c} (w_b' "
        "C_bc w_c + h_b(w_b) h_c(w_c))`, and each term is nonnegative because `x = w_b.s_b >= -h_b` and `y = "
        "w_c.s_c >= -h_c` have mean zero, so `E[(x + h_b)(y + h_c)] >= 0`."
    ),
    hypothesis=_in_blocks,
    prediction=_parts,
)
