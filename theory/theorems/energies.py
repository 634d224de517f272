"""Theorems about neurons that pay for another energy of degree two: peak activity, activity in a context, wiring."""

from __future__ import annotations

import numpy as np

from theory.neurons import Linear, PeakActivity, Wiring
from theory.problem import Problem
from theory.sources import Sources
from theory.theorems.hypotheses import is_diagonal, is_range_independent, separate_channels
from theory.theorems.theorem import Prediction, Theorem, is_modular

SECTION_ON_KINDS = 'this project (docs/mathematics.md, "Kinds of neurons")'


def _separate_wires(problem: Problem) -> bool:
    return not isinstance(problem.neurons, Wiring) or is_diagonal(problem.neurons.costs)


ENERGIES_AND_RANGES = Theorem(
    name="energies-and-ranges",
    statement="""If every source reaches its ends whatever the others do, and the mixing keeps the sources
        orthogonal, the optimal code is modular too where neurons pay for their peak activity, for their activity in
        any one context, or for their connections to each source by itself.""",
    latex=r"\operatorname{conv}(S) = \prod_i [\ell_i, u_i],\; A^\top A,\, D \text{ diagonal} "
    r"\;\Longrightarrow\; \text{modular}",
    source=SECTION_ON_KINDS,
    proof="""The points of the height are a box in each case: the differences of a box, or the box about another
        mean. So `h(w) = sum_i h_i |w_i|`, and `h(w)^2 - w'Fw` is `sum_{i != j} (h_i h_j |w_i w_j| + w_i w_j M_ij)`,
        since `F_ij = -M_ij`. For peaks `M` is diagonal. In a context `M_ij` is the covariance there, and `h_i + w_i
        s_i` is not negative there, so that each term is the mean of a product of two such activities. With `D`
        diagonal the term is that of range independence.""",
    hypothesis=lambda problem: (
        separate_channels(problem) and is_range_independent(problem) and _separate_wires(problem)
    ),
    prediction=is_modular,
    exact=True,
    activations=("peak", "weighted", "wiring"),
)


def _blind_to_correlations(problem: Problem) -> bool:
    """Whether neurons pay for nothing that depends on how the sources vary together."""
    mean_alone = type(problem.neurons) is Linear and problem.activity_cost == 0
    return isinstance(problem.neurons, PeakActivity) or mean_alone


def _without_correlations(problem: Problem) -> Problem:
    """The problem with the same hull and mean, of sources that are uncorrelated and vary half as much."""
    sources = problem.sources
    covariance = np.diag(np.diag(sources.covariance)) / 2
    return problem.replaced(sources=Sources.from_moments(covariance, sources.vertices, names=sources.names))


RANGES_ALONE = Theorem(
    name="ranges-alone",
    statement="""Where neurons pay for their squared mean activity or for their peak activity, the optimum depends
        on the hull of the samples and on their mean alone, and correlations play no part; of peaks the mean plays
        none either.""",
    latex=r"f(w) = h(w)^2 + \lambda\, w^\top (A^\top A)^{-1} w \;\text{ or }\; "
    r"(h(w) + h(-w))^2 + \lambda\, w^\top (A^\top A)^{-1} w",
    source=SECTION_ON_KINDS,
    proof="""`(E z)^2` is the squared least bias about the mean, `h(w)^2`, and the peak is the width of the hull
        along `w`. The exact decoder pays for `G` alone. Neither asks for the covariance.""",
    hypothesis=_blind_to_correlations,
    prediction=lambda problem: Prediction(equal=(_without_correlations(problem), 1.0)),
    exact=True,
    activations=("linear", "peak"),
)
