"""The modularity condition of at most five sources: on every face of the hull, with a margin and a witness."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from theory.conditions.verdict import CONDITION_TOLERANCE, Verdict
from theory.errors import InputError
from theory.geometry.cone_forms import ConeForms
from theory.geometry.copositivity import least_ratio, surely_copositive

if TYPE_CHECKING:
    from theory.arrays import Array, Indices
    from theory.geometry.polytope import NormalFan
    from theory.problem import Problem

__all__ = ["decide_few", "off_axis_margin"]

MARGIN_TOLERANCE = 1e-9
"""Relative accuracy of the margin; near an axis its error is the root of the ratio's rounding."""

RATIO_ROUNDING = 1e-12
"""A normalised slack above minus this is rounding."""

ON_AXIS = 1e-12
"""Products of weights (of a neuron scaled to f = 1) below this mean that the direction is an axis."""

MARGIN_STEPS = 60
"""Each step of the margin's iteration at least halves the error, so that this many exhaust double precision."""


def decide_few(problem: Problem, multiplier: Array) -> Verdict:
    """The verdict for at most five sources; see `theory.conditions.modularity`.

    Args:
        problem: the problem.
        multiplier: (d, d) that of its best modular code.
    """
    condition = multiplier - problem.energy_matrix
    if problem.dimension == 1:
        return Verdict(True, float("inf"), None, condition, 0.0, 1.0, "one source: every code is modular")
    best = problem.pricing.maximise(multiplier, bar=1.0)
    try:
        margin = off_axis_margin(problem, condition)
    except (InputError, np.linalg.LinAlgError):
        # The verdict does without: of samples that all but coincide rounding leaves no margin.
        margin = float("nan")
    if best.rho <= 1 + CONDITION_TOLERANCE:
        reason = "no direction earns more than it costs, checked on every face of the hull"
        return Verdict(True, max(margin, 0.0), None, condition, 0.0, best.rho, reason)
    reason = "a mixed neuron earns more than it costs"
    bound = float(np.sqrt(best.rho) - 1)
    return Verdict(False, min(margin, 0.0), best.worst, condition, bound, best.rho, reason)


def off_axis_margin(problem: Problem, condition: Array) -> float:
    """Largest mu with h(w)^2 - w'F w >= mu sum_{i != j} |u_i u_j| for all w, u_i = w_i sqrt(M_ii + m_i^2).

    The axes are always tight, so a plain minimum of the slack would be zero for every modular problem; measured
    against the product of the weights on different sources it tells how far the data are from the boundary.

    Args:
        problem: at most five sources, since the fan is cut into orthants.
        condition: (d, d) F.
    """
    pieces = problem.sources.fan
    margin = _margin_of_pairs(problem, condition)
    for axis in range(problem.dimension):
        if not len(pieces):
            return margin
        # Only cones that may fall short of the margin found so far need be cut into orthants.
        part = _Slack(problem, condition, pieces)
        margin = min(margin, part.margin_at_rays())
        pieces = part.pieces.restricted(part.may_fall_short(margin)).split_along(axis)
    return _Slack(problem, condition, pieces).lowered(margin) if len(pieces) else margin


def _margin_of_pairs(problem: Problem, condition: Array) -> float:
    """The bound on the margin set by neurons that mix two sources evenly: a finite start in every case."""
    units = np.eye(problem.dimension) / np.sqrt(problem.modular_costs)
    first, second = np.triu_indices(problem.dimension, 1)
    pairs = np.concatenate([a * units[first] + b * units[second] for a in (1, -1) for b in (1, -1)])
    slack = problem.neuron_cost(pairs) - np.einsum("ni,ij,nj->n", pairs, problem.energy_matrix + condition, pairs)
    return float(slack.min() / 2)


class _Slack:
    """h(w)^2 - w'F w and the products |u_i u_j| in the coordinates of each cone."""

    def __init__(self, problem: Problem, condition: Array, pieces: NormalFan) -> None:
        cones = ConeForms(pieces, problem.energy_matrix)
        self.pieces = pieces = cones.fan
        self.metric = cones.metric
        self.slack = cones.metric - cones.forms(problem.energy_matrix + condition)
        # With absolute weights the products are exact on rays and within an orthant, and too large elsewhere; with
        # the signs of the middle of the cone they are exact within an orthant too, and too small elsewhere.
        weights = (cones.rays * np.sqrt(problem.modular_costs))[pieces.cones]
        self.products = _products(np.abs(weights))
        self.least_products = _products(weights * np.sign(weights.sum(axis=1, keepdims=True)))

    def may_fall_short(self, margin: float) -> Indices:
        """Cones not surely free of a smaller margin, whatever the signs of the weights within them."""
        products = self.products if margin > 0 else self.least_products
        return np.flatnonzero(~surely_copositive((self.slack - margin * products) / max(1.0, abs(margin))))

    def margin_at_rays(self) -> float:
        """The bound on the margin set by single rays."""
        slack, products = (np.einsum("nii->ni", form) for form in (self.slack, self.products))
        mixed = products > ON_AXIS
        return float(np.min(slack[mixed] / products[mixed], initial=np.inf))

    def margin_leaving_axes(self) -> float:
        """The bound set by leaving a tight axis along an edge: there both forms vanish, and mixed entries decide."""
        slack, products = (np.einsum("nii->ni", form) for form in (self.slack, self.products))
        tight = (products <= ON_AXIS) & (slack <= ON_AXIS)
        leaving = tight[:, :, None] & (self.products > ON_AXIS)
        return float(np.min(self.slack[leaving] / self.products[leaving], initial=np.inf))

    def lowered(self, margin: float) -> float:
        """Dinkelbach's iteration: wherever the slack falls short of margin * products, lower the margin to fit."""
        margin = min(margin, self.margin_at_rays(), self.margin_leaving_axes())
        for _ in range(MARGIN_STEPS):
            short = (self.slack - margin * self.products) / max(1.0, abs(margin))
            cones = np.flatnonzero(~surely_copositive(short))
            values, where = least_ratio(short[cones], self.metric[cones])
            below = values < -RATIO_ROUNDING
            rows, where = cones[below], where[below]
            products = _value(self.products[rows], where)
            usable = products > ON_AXIS
            ratio = _value(self.slack[rows], where)[usable] / products[usable]
            lowest = float(np.min(ratio, initial=np.inf))
            if not lowest < margin - MARGIN_TOLERANCE * max(1.0, abs(margin)):
                break
            margin = lowest
        return margin


def _products(weights: Array) -> Array:
    """sum_{i != j} u_i u_j of a combination of the generators with these weights on the sources."""
    total = weights.sum(axis=2)
    return np.asarray(total[:, :, None] * total[:, None, :] - weights @ np.swapaxes(weights, 1, 2))


def _value(forms: Array, coordinates: Array) -> Array:
    return np.asarray(np.einsum("ni,nij,nj->n", coordinates, forms, coordinates))
