"""Ellipsoid: a theorem of `theory.theorems`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from theory.conditions import CONDITION_TOLERANCE
from theory.problem import Problem
from theory.sources import EXACT_DIMENSION
from theory.theorems.theorem import CITED_2025, Prediction, Theorem, condition_matrix

if TYPE_CHECKING:
    pass

__all__ = ["THEOREM"]


def _ellipsoid_exists(problem: Problem) -> bool:
    if not (2 <= problem.dimension <= EXACT_DIMENSION):
        return False
    least = problem.sources.least_bias
    return bool(np.linalg.eigvalsh(condition_matrix(problem) / np.outer(least, least))[0] > CONDITION_TOLERANCE)


def _inside_facets(problem: Problem) -> Prediction:
    facets = problem.sources.fan.facets
    # As shares of what a neuron costs: F is a difference of costs, and loses digits where weights are dear.
    beyond = np.einsum("ri,ij,rj->r", facets, condition_matrix(problem), facets) - 1
    beyond *= problem.height_cost / problem.neuron_cost(facets)
    # Facets that cut an axis are always tight; the margin is that of the nearest other.
    loose = beyond[np.abs(beyond) > CONDITION_TOLERANCE]
    return Prediction(modular=bool(beyond.max() <= CONDITION_TOLERANCE), margin=float(np.abs(loose).min(initial=1.0)))


THEOREM = Theorem(
    name="ellipsoid",
    statement=(
        "Where `F` is positive definite, the optimal code is modular if and only if the ellipsoid `y'F^-1 y "
        "<= 1` lies inside the hull of `-S`: one test `a'Fa <= 1` for each facet `a.y <= 1`."
    ),
    latex=r"\{y : y^\top F^{-1} y \le 1\} \subseteq \operatorname{conv}(-S) \iff a^\top F a \le 1 "
    r"\text{ for every facet } \{a^\top y \le 1\}",
    source=f"{CITED_2025}, figure 1; facet by facet: this project",
    proof=(
        "The support function of the ellipsoid is `sqrt(w'Fw)` and that of the hull is `h(w)`, and one convex"
        " set lies in another if and only if its support function is nowhere larger. A polytope is the "
        "intersection of its facets' half-spaces, and the ellipsoid lies in the half-space `a.y <= 1` if and "
        "only if `sqrt(a'Fa) <= 1`."
    ),
    hypothesis=_ellipsoid_exists,
    prediction=_inside_facets,
    exact=True,
)
