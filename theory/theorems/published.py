"""Statements as they were published that do not hold: what each assumes and predicts, and why it fails."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from theory.conditions import CONDITION_TOLERANCE
from theory.problem import Problem
from theory.theorems.hypotheses import (
    condition_matrix,
    independent_sources,
    is_range_independent,
    orthonormal_mixing,
)
from theory.theorems.theorem import CITED_2023, CITED_2025, Theorem, decidable, is_mixed, is_modular

CHEAP = 1e-6  # cost of decoder weights, in units of that of activity, from which down they count as cheap


def _pairwise(problem: Problem) -> bool:
    pairs = combinations(range(problem.dimension), 2)
    return orthonormal_mixing(problem) and all(is_range_independent(problem.part(pair)) for pair in pairs)


PAIRWISE_RANGES = Theorem(
    name="pairwise-ranges",
    statement="If any two sources reach their ends whatever the other does, the optimal code is modular.",
    latex=r"\operatorname{conv}(S_{ij}) = [\ell_i, u_i] \times [\ell_j, u_j] \;\; \forall\, i \ne j "
    r"\;\Longrightarrow\; \text{modular}",
    source=f"{CITED_2025}, corollary 2.3 as worded; docs/decided.md",
    proof="""It does not hold, from three sources on. The four corners of a cube with an even number of signs turned
        have all corners of each pair; but the neuron `w = (1, 1, 1)` needs the bias 1 on one of its sides, and
        `h(w)^2 = 1 < 3 = w'Fw`. It holds for two sources, and where all corners of the box are there:
        range-independence.""",
    hypothesis=_pairwise,
    prediction=is_modular,
    exact=True,
)


def _indefinite(problem: Problem) -> bool:
    if not (decidable(problem) and problem.dimension > 1 and orthonormal_mixing(problem)):
        return False
    least = problem.sources.least_bias
    values = np.linalg.eigvalsh(condition_matrix(problem) / np.outer(least, least))
    return bool(values[0] < -CONDITION_TOLERANCE)


INDEFINITE_ELLIPSOID = Theorem(
    name="indefinite-ellipsoid",
    statement="If `F` has positive and negative eigenvalues, the optimal code is mixed.",
    latex=r"\lambda_{\min}(F) < 0 \;\Longrightarrow\; \text{mixed}",
    source=f"{CITED_2025}, after theorem 2.2, and appendix B.2; docs/decided.md",
    proof="""It does not hold. Two rare bits that are mostly 1 together have a covariance above the product of their
        least biases, so `F` has a negative eigenvalue; but their hull is a square, and range-independence makes the
        code modular. Only directions with `w'Fw > 0` can break the inequality, and these a hull can bound.""",
    hypothesis=_indefinite,
    prediction=is_mixed,
    exact=True,
)


def _cheap(problem: Problem) -> bool:
    sources = problem.sources
    if not decidable(problem) or problem.encoder_cost or problem.decoder_cost > CHEAP * problem.activity_cost:
        return False
    centred = sources.points - sources.mean
    ends, variances = np.concatenate([centred.max(axis=0), -centred.min(axis=0)]), np.diag(sources.covariance)
    return np.allclose(ends, ends[0]) and np.allclose(variances, variances[0]) and independent_sources(problem)


CHEAP_WEIGHTS = Theorem(
    name="cheap-weights",
    statement="""Let independent sources have one variance and one range, even about the mean, and let the weights
        of the encoder be free and those of the decoder cheap. Then the optimal code is modular, whatever the
        mixing.""",
    latex=r"\lambda = 0,\; \mu \to 0 \;\Longrightarrow\; \text{modular for every } A",
    source=f"{CITED_2023}, appendix A.3.5, where it is posited; docs/decided.md",
    proof="""It does not hold. The cost of an exact decoder's weights changes the size of a code and not its verdict
        (invariances): two sources of variance `C` and reach `m` have neurons of their own if and only if the cosine
        between the columns of the mixing is at most `m^2 / (C + m^2)`, cheap or not.""",
    hypothesis=_cheap,
    prediction=is_modular,
    exact=True,
)
