"""Theorems about the hull of the support: where it is a product over sources or over groups of them."""

from __future__ import annotations

import numpy as np

from theory.conditions import CONDITION_TOLERANCE
from theory.problem import Problem
from theory.theorems.hypotheses import (
    HYPOTHESES,
    condition_matrix,
    independent_sources,
    is_range_independent,
    product_blocks,
    separate_channels,
)
from theory.theorems.theorem import CITED_2023, CITED_2025, Prediction, Theorem, is_modular

RANGE_INDEPENDENCE = Theorem(
    name="range-independence",
    statement="""If every source reaches its ends whatever the others do (the hull is a box) and the mixing keeps
        the sources orthogonal, in whatever units, the optimal code is modular, whatever the correlations.""",
    latex=r"\operatorname{conv}(S) = \prod_i [\ell_i, u_i],\; A^\top A \text{ diagonal} "
    r"\;\Longrightarrow\; \text{modular}",
    source=f"{CITED_2025}, corollary 2.3 and what follows it (docs/decided.md)",
    proof="""With `A'A` diagonal so is its inverse, and `F_ij = K_ij sqrt(c_i c_j / (K_ii K_jj)) - M_ij` is `-C_ij`.
        In a box `h(w) = sum_i h_i |w_i|` with `h_i >= m_i`, so `h(w)^2 - w'Fw >= sum_{i != j} (h_i h_j |w_i w_j| +
        w_i w_j C_ij)`. A variable `x >= -a` of mean zero and a variable `y >= -b` of mean zero have `E[xy] >= -ab`,
        because `E[(x + a)(y + b)] >= 0`; applied to `x = w_i s_i` and `y = w_j s_j`, every term is nonnegative.""",
    hypothesis=lambda problem: separate_channels(problem) and is_range_independent(problem),
    prediction=is_modular,
    exact=True,
)


INDEPENDENCE = Theorem(
    name="independence",
    statement="""If the sources are independent, with no sample of probability zero beyond their ranges, and the
        mixing keeps them orthogonal, the optimal code is modular.""",
    latex=r"p(s) = \prod_i p_i(s_i),\; A^\top A \text{ diagonal} \;\Longrightarrow\; \text{modular}",
    source=f"{CITED_2023}, theorems 1 and 2",
    proof="""Independent sources have a product support, whose hull is a box: range independence. Activity may not
        fall below zero on samples of probability zero either, so these must not make the hull another.""",
    hypothesis=lambda problem: separate_channels(problem) and independent_sources(problem),
    prediction=is_modular,
    exact=True,
)


def _even_box(problem: Problem) -> bool:
    """Whether the hull is a box of two or more sources, with ends equally far from the mean."""
    if problem.dimension < 2 or not is_range_independent(problem):
        return False
    rows = problem.sources.points - problem.sources.mean
    return bool((np.abs(rows.max(axis=0) + rows.min(axis=0)) <= HYPOTHESES.value * np.ptp(rows, axis=0)).all())


def _by_pairs(problem: Problem) -> Prediction:
    least = problem.sources.least_bias
    shares = np.abs(condition_matrix(problem) / np.outer(least, least))[np.triu_indices(problem.dimension, 1)]
    return Prediction(
        modular=bool(shares.max() <= 1 + CONDITION_TOLERANCE), margin=float(np.abs(shares - 1).min(initial=1.0))
    )


EVEN_RANGES = Theorem(
    name="even-ranges",
    statement="""Let the hull be a box with ends equally far from the mean. Under any mixing, and of any number of
        sources, the optimal code is modular if and only if `|F_ij| <= m_i m_j` for every two of them. Where the
        sources are uncorrelated and the encoder's weights free this bounds the cosines between the columns of the
        mixing.""",
    latex=r"\operatorname{conv}(S) = \bar s + \prod_i [-m_i, m_i]: \quad \text{modular} \iff |F_{ij}| \le m_i m_j "
    r"\;\; \forall\, i \ne j; \qquad \lambda = 0,\; C \text{ diagonal}: \; \frac{|a_i \cdot a_j|}{|a_i| |a_j|} \le "
    r"\frac{m_i m_j}{\sqrt{(C_{ii} + m_i^2)(C_{jj} + m_j^2)}}",
    source="this project; docs/decided.md",
    proof="""Here `h(w) = sum_i m_i |w_i|`, and `h(w)^2 - w'Fw = sum_{i != j} (m_i m_j |w_i w_j| - F_ij w_i w_j)`.
        If no `|F_ij|` exceeds `m_i m_j` no term is negative; if one does, the neuron that reads these two sources
        alone, with signs that make the product that of `F_ij`, has the single negative term. With `lambda = 0` and
        `C` diagonal `M` is diagonal too, and `F_ij` is `K_ij / sqrt(K_ii K_jj)` times the roots of `C_ii + m_i^2`
        and `C_jj + m_j^2`.""",
    hypothesis=_even_box,
    prediction=_by_pairs,
    exact=True,
)


def _in_groups(problem: Problem) -> Problem:
    """The problem with groups: its own, or the finest of which the hull is a product where it has none."""
    if problem.groups is not None:
        return problem
    blocks = product_blocks(problem)
    return problem.replaced(groups={str(number): block for number, block in enumerate(blocks)})


def _in_blocks(problem: Problem) -> bool:
    if problem.transitions is not None:
        return False
    grouped = _in_groups(problem)
    return len(grouped.blocks) > 1 and grouped.separable


def _parts(problem: Problem) -> Prediction:
    """The groups by themselves, each read out as it would be while the others are silent."""
    return Prediction(parts=tuple(part for part in _in_groups(problem).parts if part is not None), separable=True)


BLOCK_MODULARITY = Theorem(
    name="block-modularity",
    statement="""If the hull of the support is a product over groups of sources, and neither `A'A` nor the readout's
        `K` and `G_0` have entries between the groups, then the groups' optimal codes side by side are optimal,
        whatever the correlations between groups that `G_0` leaves possible: all of them, if the readout is exact.""",
    latex=r"\operatorname{conv}(S) = \prod_b \operatorname{conv}(S_b),\; A^\top A,\, K,\, G_0 \text{ block diagonal} "
    r"\;\Longrightarrow\; L^*(S) = \sum_b L^*(S_b)",
    source="this project; for groups of one source it is range independence",
    proof="""Let `Y` be block diagonal, made of the groups' multipliers. Then `f(w) - w'Yw >= sum_{b != c} (w_b'
        C_bc w_c + h_b(w_b) h_c(w_c))`, and each term is nonnegative because `x = w_b.s_b >= -h_b` and `y = w_c.s_c
        >= -h_c` have mean zero, so `E[(x + h_b)(y + h_c)] >= 0`.""",
    hypothesis=_in_blocks,
    prediction=_parts,
)
