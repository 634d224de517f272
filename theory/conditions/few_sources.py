"""The modularity condition of at most five sources: on every face of the hull, with a margin and a witness.

1. Price all neurons exactly on the faces of the hull: rho(Y), and the best neuron as a witness if rho > 1.
2. The margin is the least ratio of the slack h(w)^2 - w'F w to the products sum_{i != j} |u_i u_j|. Start with the
   ratio at neurons that mix two sources evenly.
3. Cut the cones of the normal fan into orthants, axis by axis. On a cone within an orthant both forms are quadratic.
   Keep only cones on which slack - margin * products may fail to be copositive. Where too many are left, give up.
4. Dinkelbach: lower the margin to the ratio at the rays, and to the ratio along edges that leave a tight axis.
5. Find the minimisers of slack - margin * products on the cones where it is negative, and lower the margin to the least
   ratio there; repeat until it no longer falls.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from theory.arrays import Array, Indices
from theory.conditions.verdict import CONDITION_TOLERANCE, Verdict
from theory.errors import InputError
from theory.geometry.cone_forms import ConeForms
from theory.geometry.copositivity import least_ratio, surely_copositive
from theory.geometry.polytope import NormalFan
from theory.problem import Problem


@dataclass(frozen=True)
class MarginTolerances:
    """Accuracy of the margin."""

    margin: float = 1e-9  # relative; near an axis the error is the root of the ratio's rounding
    slack: float = 1e-12  # a normalised slack above minus this is rounding
    on_axis: float = 1e-12  # products of weights of a neuron with f = 1 below this: the direction is an axis
    below_zero: float = 1e-7  # a margin below minus this is not zero: it is computed to about 1e-10
    most_pieces: int = 400_000  # of cones; more take many seconds, and the verdict does not need the margin
    cut_at_once: int = 500  # flat cones, each into hundreds of pieces; of more only those that matter are cut
    steps: int = 60  # each at least halves the error, so that these exhaust double precision


MARGIN_SEARCH = MarginTolerances()


def decide_few(problem: Problem, multiplier: Array) -> Verdict:
    """The verdict for at most five sources, by the multiplier (d, d) of the best modular code."""
    condition = multiplier - problem.energy_matrix
    if problem.dimension == 1:
        return Verdict(True, float("inf"), None, condition, 0.0, 1.0, "one source: every code is modular")
    best = problem.proving.pricing.maximise(multiplier, bar=1.0)  # step 1
    try:
        margin = off_axis_margin(problem, condition)
    except (InputError, np.linalg.LinAlgError):
        # Rounding leaves no margin where samples nearly coincide; the verdict does not need it.
        margin = float("nan")
    if best.rho <= 1 + CONDITION_TOLERANCE and margin < -MARGIN_SEARCH.below_zero:
        reason = "rounding hides whether a mixed code saves anything, a share of 5e-11 at most; exact=True decides"
        return Verdict(None, margin, None, condition, float(np.sqrt(max(best.rho, 1.0)) - 1), best.rho, reason)
    if best.rho <= 1 + CONDITION_TOLERANCE:
        reason = "no direction earns more than it costs, checked on every face of the hull"
        return Verdict(True, max(margin, 0.0), None, condition, 0.0, best.rho, reason)
    reason = "a mixed neuron earns more than it costs"
    bound = float(np.sqrt(best.rho) - 1)
    return Verdict(False, min(margin, 0.0), best.worst, condition, bound, best.rho, reason)


def off_axis_margin(problem: Problem, condition: Array) -> float:
    """Largest mu with h(w)^2 - w'F w >= mu sum_{i != j} |u_i u_j| for all w, u_i = w_i sqrt(M_ii + m_i^2).

    NaN where that takes too many pieces of cones.

    The axes are always tight, so the least slack is zero for every modular problem; relative to the products of
    weights on different sources it measures how far the data are from the boundary.

    Args:
        problem: at most five sources, since the fan is cut into orthants.
        condition: (d, d) F.
    """
    pieces = problem.sources.fan
    margin = _margin_of_pairs(problem, condition)
    energy, axes = problem.energy_matrix, np.arange(problem.dimension)
    few = ConeForms(pieces, energy, cut=False).flat().sum() <= MARGIN_SEARCH.cut_at_once
    if not few:
        # Those along which neurons pay most for activity first: they leave least to cut.
        axes = np.argsort(-problem.activity_cost * np.diag(problem.sources.covariance) / np.diag(energy))
    for axis in axes:
        if not len(pieces):
            return margin
        # Step 3.
        part = _Slack(problem, condition, pieces, cut=few)
        margin = min(margin, part.margin_at_rays())
        pieces = part.pieces.restricted(part.may_fall_short(margin)).split_along(int(axis))
        if len(pieces) > MARGIN_SEARCH.most_pieces:
            return float("nan")
    return _Slack(problem, condition, pieces).lowered(margin) if len(pieces) else margin


def _margin_of_pairs(problem: Problem, condition: Array) -> float:
    """The bound set by neurons that mix two sources evenly (step 2): it is always finite."""
    units = np.eye(problem.dimension) / np.sqrt(problem.modular_costs)
    first, second = np.triu_indices(problem.dimension, 1)
    pairs = np.concatenate([a * units[first] + b * units[second] for a in (1, -1) for b in (1, -1)])
    slack = problem.neuron_cost(pairs) - np.einsum("ni,ij,nj->n", pairs, problem.energy_matrix + condition, pairs)
    return float(slack.min() / 2)


class _Slack:
    """h(w)^2 - w'F w and the products |u_i u_j| in the coordinates of each cone."""

    def __init__(self, problem: Problem, condition: Array, pieces: NormalFan, *, cut: bool = True) -> None:
        cones = ConeForms(pieces, problem.energy_matrix, cut=cut)
        # Where flat cones were cut none is left that loses digits.
        self.flat = np.zeros(len(cones.fan), dtype=np.bool_) if cut else cones.flat()
        self.pieces = pieces = cones.fan
        self.metric = cones.metric
        self.slack = cones.metric - cones.forms(problem.energy_matrix + condition)
        # With absolute weights the products are exact on rays and within an orthant, and too large elsewhere; with
        # the signs of the middle of the cone they are exact within an orthant too, and too small elsewhere.
        weights = (cones.rays * np.sqrt(problem.modular_costs))[pieces.cones]
        self.products = _products(np.abs(weights))
        self.least_products = _products(weights * np.sign(weights.sum(axis=1, keepdims=True)))

    def may_fall_short(self, margin: float) -> Indices:
        """Cones that may have a smaller margin, whatever the signs of the weights within them."""
        products = self.products if margin > 0 else self.least_products
        short = (self.slack - margin * products) / max(1.0, abs(margin))
        # The entries are rounded as those of any cone, but what they are taken from is smaller in a flat one.
        short[self.flat] -= MARGIN_SEARCH.slack
        return np.flatnonzero(~surely_copositive(short))

    def margin_at_rays(self) -> float:
        """The bound on the margin set by single rays."""
        slack, products = (np.einsum("nii->ni", form) for form in (self.slack, self.products))
        mixed = products > MARGIN_SEARCH.on_axis
        return float(np.min(slack[mixed] / products[mixed], initial=np.inf))

    def margin_leaving_axes(self) -> float:
        """The bound set along edges that leave a tight axis: both forms vanish on it, and mixed entries decide."""
        slack, products = (np.einsum("nii->ni", form) for form in (self.slack, self.products))
        tight = (products <= MARGIN_SEARCH.on_axis) & (slack <= MARGIN_SEARCH.on_axis)
        leaving = tight[:, :, None] & (self.products > MARGIN_SEARCH.on_axis)
        return float(np.min(self.slack[leaving] / self.products[leaving], initial=np.inf))

    def lowered(self, margin: float) -> float:
        """The margin lowered by Dinkelbach's iteration (steps 4 and 5)."""
        margin = min(margin, self.margin_at_rays(), self.margin_leaving_axes())
        for _ in range(MARGIN_SEARCH.steps):
            short = (self.slack - margin * self.products) / max(1.0, abs(margin))
            cones = np.flatnonzero(~surely_copositive(short))
            values, where = least_ratio(short[cones], self.metric[cones])
            below = values < -MARGIN_SEARCH.slack
            rows, where = cones[below], where[below]
            products = _value(self.products[rows], where)
            usable = products > MARGIN_SEARCH.on_axis
            ratio = _value(self.slack[rows], where)[usable] / products[usable]
            lowest = float(np.min(ratio, initial=np.inf))
            if not lowest < margin - MARGIN_SEARCH.margin * max(1.0, abs(margin)):
                break
            margin = lowest
        return margin


def _products(weights: Array) -> Array:
    """sum_{i != j} u_i u_j of a combination of the generators with these weights on the sources."""
    total = weights.sum(axis=2)
    return np.asarray(total[:, :, None] * total[:, None, :] - weights @ np.swapaxes(weights, 1, 2))


def _value(forms: Array, coordinates: Array) -> Array:
    return np.asarray(np.einsum("ni,nij,nj->n", coordinates, forms, coordinates))
