"""Theorems about the modularity condition `h(w)^2 >= w'F w`: what decides it, what it needs, what it costs."""

from __future__ import annotations

import numpy as np

from theory.conditions import CONDITION_TOLERANCE, decide
from theory.problem import Problem
from theory.sources import EXACT_DIMENSION
from theory.theorems.hypotheses import condition_matrix, faces_allow_modularity, orthonormal_mixing
from theory.theorems.theorem import CITED_2025, CITED_2026, Prediction, Theorem, as_decided, decidable, is_mixed

EXACT_CONDITION = Theorem(
    name="exact-condition",
    statement="""The optimal code is modular if and only if no direction `w` has `w'Fw > h(w)^2`, where `F = Y - M`
        and `Y` is the multiplier of the best modular code. Where the targets of an exact decoder leave a source out
        `Y` is not determined, and one choice for which this holds is enough.""",
    latex=r"h(w)^2 \ge w^\top F w \quad \text{for every } w, \qquad h(w) = \max_t\, (-w^\top s_t)",
    source=f"{CITED_2025}, theorem 2.1; with mixing and weight costs: this project",
    proof="""The loss is convex in the measure over neurons, so a code is optimal if and only if no neuron earns
        more than it costs at its multiplier `Y`, `w'Yw <= f(w) = w'Mw + h(w)^2`, and its own earn just that. At the
        best modular code they do, and `Y - M = F`. The command modularity derive shows every step.""",
    hypothesis=decidable,
    prediction=as_decided,
)


def _ellipsoid_exists(problem: Problem) -> bool:
    if not (2 <= problem.dimension <= EXACT_DIMENSION):
        return False
    least = problem.sources.least_bias
    return bool(np.linalg.eigvalsh(condition_matrix(problem) / np.outer(least, least))[0] > CONDITION_TOLERANCE)


def _inside_facets(problem: Problem) -> Prediction:
    facets = problem.sources.fan.facets
    # As shares of what a neuron costs: F is a difference of costs, and loses digits where weights are expensive.
    beyond = np.einsum("ri,ij,rj->r", facets, condition_matrix(problem), facets) - 1
    beyond *= problem.height_cost / problem.neuron_cost(facets)
    # Facets that cut an axis are always tight; the margin is that of the nearest other.
    loose = beyond[np.abs(beyond) > CONDITION_TOLERANCE]
    return Prediction(modular=bool(beyond.max() <= CONDITION_TOLERANCE), margin=float(np.abs(loose).min(initial=1.0)))


ELLIPSOID = Theorem(
    name="ellipsoid",
    statement="""Where `F` is positive definite, the optimal code is modular if and only if the ellipsoid `y'F^-1 y
        <= 1` lies inside the hull of `-S`: one test `a'Fa <= 1` for each facet `a.y <= 1`.""",
    latex=r"\{y : y^\top F^{-1} y \le 1\} \subseteq \operatorname{conv}(-S) \iff a^\top F a \le 1 "
    r"\text{ for every facet } \{a^\top y \le 1\}",
    source=f"{CITED_2025}, theorem 2.2; facet by facet: this project",
    proof="""The support function of the ellipsoid is `sqrt(w'Fw)` and that of the hull is `h(w)`, and one convex
        set lies in another if and only if its support function is nowhere larger. A polytope is the intersection of
        its facets' half-spaces, and the ellipsoid lies in the half-space `a.y <= 1` if and only if `sqrt(a'Fa) <=
        1`.""",
    hypothesis=_ellipsoid_exists,
    prediction=_inside_facets,
    exact=True,
)


FACE_CONDITION = Theorem(
    name="face-condition",
    statement="""Modularity needs, for each source, that the point `-sigma F_i / m_i` (row `i` of `F`) lies in the
        hull of the samples at the nearer end of that source, `sigma` being `1` where that is the lower end and `-1`
        where it is the upper; where both are equally near, for both. So generic clouds, with a single sample there,
        are never exactly modular.""",
    latex=r"\text{modular} \;\Longrightarrow\; -\tfrac{\sigma}{m_i} F_{i\cdot} \in \operatorname{conv}\{s_t : "
    r"s_{t,i} = -\sigma m_i\} \text{ for every } i \text{ and every } \sigma = \pm 1 \text{ with } "
    r"h(\sigma e_i) = m_i",
    source=f"this project; without mixing it follows from {CITED_2025}, theorem 2.1",
    proof="""On the half-axis `sigma e_i` both sides of the condition are `m_i^2`. Leaving it towards `v`, the left
        side rises at `2 m_i` times the largest `-s.v` over the samples of that end, the right side at `2 sigma
        F_i.v`; so `-sigma F_i / m_i` must not reach beyond their hull in any direction `v`.""",
    hypothesis=lambda problem: problem.dimension > 1 and not faces_allow_modularity(problem),
    prediction=is_mixed,
    exact=True,
)


GENERAL_MIXING = Theorem(
    name="general-mixing",
    statement="""Under any mixing of full column rank the condition is the same with another `F`; a box-shaped
        support is then no longer enough.""",
    latex=r"F_{ij} = K_{ij}\sqrt{\frac{(M_{ii}+m_i^2)(M_{jj}+m_j^2)}{K_{ii}K_{jj}}} - M_{ij}, \qquad K = A^\top A",
    source=f"{CITED_2026}, theorem 1, as others report it; the proof, and weights of unlike costs: this project",
    proof="""The readout costs `mu tr(K G^-1)`, so its multiplier at a diagonal `G` is `mu K_ij / (G_ii G_jj)`, and
        stationarity gives `G_ii`. The command modularity derive --mixing general shows every step.""",
    hypothesis=lambda problem: decidable(problem) and not orthonormal_mixing(problem),
    prediction=as_decided,
    exact=True,
)


def _strict(problem: Problem) -> bool:
    # From this margin on a numerical optimum can be told from its competitors.
    return decidable(problem) and problem.dimension > 1 and decide(problem).margin > 1e-6


UNIQUENESS = Theorem(
    name="uniqueness",
    statement="""If the inequality is strict off the axes, every optimal code is modular. All of them give a source
        the same strength; where its two ends are equally near it may be shared by neurons that look to either side.""",
    latex=r"h(w)^2 > w^\top F w \text{ for every } w \text{ with two nonzero entries} \;\Longrightarrow\; "
    r"\text{every optimal code is modular}",
    source="this project",
    proof="""`g` is strictly convex, so all optimal codes share `G` and hence `Y`, and every neuron of an optimal
        code earns exactly what it costs, `w'Yw = f(w)`. If only the axes do, all neurons are modular; and their
        squared weights on a source add up to `G_ii`.""",
    hypothesis=_strict,
    prediction=lambda problem: Prediction(modular=True, only_modular=True, margin=decide(problem).margin),
    exact=True,
)


PRICE_OF_MODULARITY = Theorem(
    name="price-of-modularity",
    statement="Insisting on a modular code costs at most the share `sqrt(rho) - 1`, `rho = max_w w'Yw / f(w)`.",
    latex=r"\frac{L_{\text{modular}}}{L^*} - 1 \le \sqrt{\rho} - 1, \qquad \rho = \max_w \frac{w^\top Y w}{f(w)}",
    source="this project",
    proof="""`Y / rho` is feasible in the dual, so `L* >= 2 sqrt(mu) tr((K^1/2 Y K^1/2)^1/2) / sqrt(rho)`; and at
        the multiplier of the best modular code the numerator is its loss, `L_modular`. Where errors have a cost
        both have the term `-tr(Y G_0)`, divided by `rho`, which is no less than `-tr(Y G_0) / sqrt(rho)`.""",
    hypothesis=decidable,
    prediction=lambda problem: Prediction(most_price=decide(problem).price_bound),
)
