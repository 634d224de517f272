"""When is the best modular code the best code of all? The condition, its margin and a witness.

The modularity theorem is the certificate of global optimality evaluated at the modular code (DESIGN section 1):

    modular  <=>  h(w)^2 >= w'F w  for every w,      F = Y - M

with Y the multiplier of the best modular code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from theory.cone_forms import ConeForms
from theory.copositivity import least_ratio, surely_copositive
from theory.errors import InputError
from theory.formulas import multiplier_entry
from theory.problem import Problem, within_digits
from theory.sources import EXACT_DIMENSION, Sources

if TYPE_CHECKING:
    from fractions import Fraction

    from numpy.typing import ArrayLike, NDArray

    from theory.polytope import NormalFan
    from theory.proof import Proof

    Array = NDArray[np.float64]
    Indices = NDArray[np.intp]

__all__ = [
    "CONDITION_TOLERANCE",
    "Verdict",
    "decide",
    "decide_if_possible",
    "modular_multiplier",
    "modularity",
    "off_axis_margin",
]

CONDITION_TOLERANCE = 1e-10
"""rho up to 1 + this counts as one: the condition is always tight at the axes, where rounding leaves about 1e-13."""

MARGIN_TOLERANCE = 1e-9
"""Relative accuracy of the margin; near an axis its error is the root of the ratio's rounding."""

RATIO_ROUNDING = 1e-12
"""A normalised slack above minus this is rounding."""

ON_AXIS = 1e-12
"""Products of weights (of a neuron scaled to f = 1) below this mean that the direction is an axis."""

MARGIN_STEPS = 60
"""Each step of the margin's iteration at least halves the error, so that this many exhaust double precision."""


@dataclass(frozen=True)
class Verdict:
    """Whether the optimal code is modular.

    Attributes:
        modular: True, False, or None where more than five sources leave the question open.
        margin: signed distance from the boundary, without unit: the largest mu for which ``h(w)^2 - w'F w >=
            mu sum_{i != j} |u_i u_j|`` for all w, with ``u_i = w_i sqrt(M_ii + m_i^2)``. Positive: modular, and the
            only optimum; zero: a tie; negative: mixed. Infinite for one source. Of six or more sources, that of the
            witness alone where there is one (an upper bound), else NaN. NaN too where an exact verdict is beyond what
            floating point can pose.
        witness: (d,) a mixed neuron worth more than it costs, w'F w > h(w)^2, if there is one.
        F: (d, d) the matrix of the condition, Y - M.
        price_bound: proven upper bound on the price of modularity, sqrt(rho) - 1.
        rho: largest ratio w'Y w / f(w) at the modular multiplier (an upper bound on it where modular is None).
        reason: one line saying how the question was decided.
        proof: an exact verdict's `Proof`; None where there is none.

    Source: DESIGN section 1; Dorrell et al. (ICLR 2025), theorem on range independence and its general form.
    """

    modular: bool | None
    margin: float
    witness: Array | None
    F: Array
    price_bound: float
    rho: float
    reason: str
    proof: Proof | None = None


def modularity(
    sources: ArrayLike | Sources,
    *,
    mixing: ArrayLike | None = None,
    probabilities: ArrayLike | None = None,
    encoder_cost: float = 1.0,
    decoder_cost: float = 1.0,
    exact: bool = False,
) -> Verdict:
    """Decide whether the optimal code of these sources is modular (one source a neuron).

    Args:
        sources: (T, d) array-like, one row a sample, or `Sources`.
        mixing: (dx, d) matrix A of full column rank, identity if not given.
        probabilities: (T,) nonnegative weights, equal if not given.
        encoder_cost: price of the squared encoder weights; zero where the covariance of the sources is regular.
        decoder_cost: positive price of the squared decoder weights; it does not change the verdict.
        exact: decide in rational arithmetic and attach a proof. Every float is taken at its exact value; strings such
            as "0.1" or "1/3" are taken at theirs. Ties count as modular, and are decided, as is everything in two
            and three sources. Where no proof is found (a hull of four or five sources with more than ten thousand
            facets, six or more sources) `modular` is None.

    Returns:
        A `Verdict`: exact up to rounding for at most five sources, and for few samples of six or seven; beyond, False
        with a witness, True when a proof is found, None otherwise.

    Raises:
        InputError: an argument that cannot be used.

    Source: DESIGN section 1, "The modularity theorem is this certificate at the modular code".

    Example:
        >>> square = [[-1, -1], [-1, 1], [1, -1], [1, 1]]
        >>> modularity(square).modular
        True
        >>> modularity(square[:3]).modular
        False
    """
    if exact:
        return _decide_exactly(sources, mixing, probabilities, encoder_cost, decoder_cost)
    problem = Problem(
        sources, mixing=mixing, probabilities=probabilities, encoder_cost=encoder_cost, decoder_cost=decoder_cost
    )
    return decide(problem)


def _decide_exactly(
    sources: ArrayLike | Sources,
    mixing: ArrayLike | None,
    probabilities: ArrayLike | None,
    encoder_cost: Any,
    decoder_cost: Any,
) -> Verdict:
    from theory.exact import decide_exactly
    from theory.exact_problem import ExactProblem, positive_number

    posed = ExactProblem.posed(sources, mixing=mixing, probabilities=probabilities, encoder_cost=encoder_cost)
    price = positive_number(decoder_cost, "decoder_cost")
    try:
        rounded = _rounded(sources, mixing, probabilities, posed.encoder_cost, price)
    except (InputError, OverflowError):
        return decide_exactly(posed, None)
    return decide_exactly(posed, decide_if_possible(rounded))


def _rounded(
    sources: ArrayLike | Sources,
    mixing: ArrayLike | None,
    probabilities: ArrayLike | None,
    encoder_cost: Fraction,
    decoder_cost: Fraction,
) -> Problem:
    """The problem of an exact verdict in floating point.

    Raises:
        InputError, OverflowError: it cannot be posed there.
    """
    from theory.rational import as_floats

    return Problem(
        sources if isinstance(sources, Sources) else as_floats(sources, "sources"),
        mixing=None if mixing is None else as_floats(mixing, "mixing"),
        probabilities=None if probabilities is None else as_floats(probabilities, "probabilities"),
        encoder_cost=float(encoder_cost),
        decoder_cost=float(decoder_cost),
    )


def modular_multiplier(problem: Problem) -> Array:
    """(d, d) multiplier Y of the best modular code, Y_ij = K_ij sqrt(cost_i cost_j / (K_ii K_jj)).

    Here cost_i = M_ii + m_i^2; the decoder cost cancels.
    """
    costs, gram = problem.modular_costs, problem.gram
    diagonal = np.diag(gram)
    return np.asarray(multiplier_entry(costs[:, None], costs, diagonal[:, None], gram, diagonal))


def decide(problem: Problem) -> Verdict:
    """The verdict for a problem that is already posed; see `modularity`."""
    with within_digits(problem):
        return _decide(problem)


def _decide(problem: Problem) -> Verdict:
    multiplier = modular_multiplier(problem)
    condition = multiplier - problem.energy_matrix
    if problem.dimension == 1:
        return Verdict(True, float("inf"), None, condition, 0.0, 1.0, "one source: every code is modular")
    if problem.dimension > EXACT_DIMENSION:
        from theory.many_sources import decide_many

        return decide_many(problem, multiplier)
    best = problem.pricing.maximise(multiplier, bar=1.0)
    margin = off_axis_margin(problem, condition)
    if best.rho <= 1 + CONDITION_TOLERANCE:
        reason = "no direction earns more than it costs, checked on every face of the hull"
        return Verdict(True, max(margin, 0.0), None, condition, 0.0, best.rho, reason)
    reason = "a mixed neuron earns more than it costs"
    bound = float(np.sqrt(best.rho) - 1)
    return Verdict(False, min(margin, 0.0), best.worst, condition, bound, best.rho, reason)


def decide_if_possible(problem: Problem) -> Verdict | None:
    """The verdict, or None where floating point cannot tell the samples apart, overflows or gives no number.

    Args:
        problem: any; meant for those that rational arithmetic decides afterwards.
    """
    try:
        with np.errstate(all="ignore"):
            verdict = decide(problem)
    except (InputError, np.linalg.LinAlgError, OverflowError):
        return None
    return None if np.isnan(verdict.rho) else verdict


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
