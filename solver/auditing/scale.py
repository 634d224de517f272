"""Which costs would a recorded code be best for? Its unit is not known, and the cost of weights has to be fitted.

Weights c w of any unit c cost ``c^2 E + g(G) / c^2``, so the best unit is in closed form, and the cost of the decoder
cancels: a unit and that cost are the same thing. What is left is the cost of the encoder. As both codes
are in their best states, the excess changes with it as the encoder's shares of their losses differ,

    d log(1 + excess) / d log encoder_cost = share of the code - share of the optimum,

and is least where they agree (docs/mathematics.md, "Audit of a given code"). So:

1. Begin at the cost at which encoder and activity of the code cost alike; spread others about it, one per decade.
2. At each cost solve for the optimum, give the code its best unit, and note excess and difference of the shares.
3. Where the excess does not depend on the cost, any will do. Where it is least at an end, take that end.
4. Otherwise find the zero of the difference between the best cost and its neighbour downhill (Brent's method).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import brentq

from solver.auditing.accounting import strengthened_loss
from solver.auditing.affine import require_decodable
from solver.plain import attributes
from solver.solving.solve import solve_one_of_many
from theory.arrays import Array
from theory.errors import InputError
from theory.immutable import Frozen
from theory.neurons import Activity
from theory.problem import Problem


@dataclass(frozen=True)
class FitTolerances:
    """Where costs are tried, and how exactly the best is found."""

    decades: float = 3.0  # on both sides of the cost at which encoder and activity cost alike
    tried: int = 7  # costs: one per decade, each with its slope
    resolved: float = 1e-3  # of the logarithm of the cost: the excess is level there, and known to a millionth
    level: float = 1e-6  # change of the excess over all costs that is none


FIT = FitTolerances()


@dataclass(frozen=True, eq=False)
class Fit(Frozen):
    """The costs that make a code of unknown unit least suboptimal.

    Attributes:
        encoder_cost: the best cost of the encoder, for an activity of cost `activity_cost`.
        scale: the unit: by what to multiply the activity for the costs of the fitted problem.
        decoder_cost: the cost of the decoder for which the activity as given has the right size.
        kind: "inside" where the best cost lies between those tried, "lowest" or "highest" where it is the first or
            last of them, so that none is the best, "any" where the excess does not depend on it, "given" where it was
            not fitted.
        encoder_costs: (k,) the costs tried, rising.
        excess: (k,) by how much the code costs more than the proven least at each.
        own_units: (k,) the excess at each cost if each neuron's unit were free.
    """

    encoder_cost: float
    scale: float
    decoder_cost: float
    kind: str
    encoder_costs: Array
    excess: Array
    own_units: Array

    def to_dict(self) -> dict[str, Any]:
        """Numbers and lists, for JSON."""
        return attributes(self, *vars(self))


@dataclass(frozen=True)
class _Tried:
    """What one cost makes of a code; `tilt` is the difference of the encoder's shares."""

    cost: float
    excess: float
    own_units: float
    tilt: float


def fit_costs(problem: Problem, weights: Array, *, cost_kept: bool = False, **limits: Any) -> Fit:
    """Find the unit of a code and the cost of the encoder that make it least suboptimal, each point certified.

    Args:
        problem: all but its encoder's cost is kept; its readout allows no errors.
        weights: (n, d) of the neurons, in any unit.
        cost_kept: whether the encoder's cost is kept too, and only the unit is fitted.
        limits: of each search for an optimum, as for `solve`.

    Raises:
        InputError: a code of which nothing varies, or from which not all that is wanted can be decoded.

    Example:
        >>> from solver import Problem, solve
        >>> corner_cut = [[-1, -1], [-1, 0], [-1, 1], [0, -1], [0, 0], [0, 1], [1, -1], [1, 0]]
        >>> best = solve(Problem(corner_cut, encoder_cost=0.2)).source_weights
        >>> fit = fit_costs(Problem(corner_cut), 7 * best)
        >>> bool(abs(fit.encoder_cost - 0.2) < 0.01), round(fit.scale * 7, 3), bool(min(fit.excess) < 1e-5)
        (True, 1.0, True)
    """
    encoder = float(((weights @ problem.pseudoinverse) ** 2).sum())
    without_encoder = problem.terms(
        Activity.of(problem.sources, weights, problem.sources.support(weights)),
        np.zeros((len(weights), len(problem.mixing))),
    )
    activity = float(np.sum(list(without_encoder.values())))
    if not (activity > 0 and encoder > 0):
        raise InputError("activity: none of it is affine in the sources, so that no costs can be fitted to it")
    require_decodable(problem, weights, rescaled=True)
    if cost_kept:
        return _fit(problem, weights, "given", problem.encoder_cost, [_tried(problem, weights, limits)])
    tried: dict[float, _Tried] = {}

    def tilt(exponent: float) -> float:
        # Step 2.
        cost = activity / encoder * 10**exponent
        if cost not in tried:
            tried[cost] = _tried(problem.replaced(encoder_cost=cost), weights, limits)
        return tried[cost].tilt

    # Step 1.
    exponents = np.linspace(-FIT.decades, FIT.decades, FIT.tried)
    tilts = [tilt(float(exponent)) for exponent in exponents]
    first = sorted(tried.values(), key=lambda one: one.cost)
    best = int(np.argmin([one.excess for one in first]))
    kind, best = _kind_of(first, best)
    cost = first[best].cost
    if kind == "inside":
        _refine(tilt, exponents, tilts, best)
        cost = min(tried.values(), key=lambda one: one.excess).cost
    curve = sorted(tried.values(), key=lambda one: one.cost)
    return _fit(problem, weights, kind, cost, curve)


def _fit(problem: Problem, weights: Array, kind: str, cost: float, curve: list[_Tried]) -> Fit:
    scale = _scale(problem.replaced(encoder_cost=cost), weights)
    return Fit(
        encoder_cost=cost,
        scale=scale,
        decoder_cost=problem.decoder_cost / scale**4,
        kind=kind,
        encoder_costs=np.array([one.cost for one in curve]),
        excess=np.array([one.excess for one in curve]),
        own_units=np.array([one.own_units for one in curve]),
    )


def _kind_of(tried: list[_Tried], best: int) -> tuple[str, int]:
    # Step 3.
    if max(one.excess for one in tried) - tried[best].excess < FIT.level:
        return "any", FIT.tried // 2
    if best == 0 and tried[best].tilt >= 0:
        return "lowest", best
    if best == FIT.tried - 1 and tried[best].tilt <= 0:
        return "highest", best
    return "inside", best


def _refine(tilt: Callable[[float], float], exponents: Array, tilts: list[float], best: int) -> None:
    # Step 4.
    neighbour = best + 1 if tilts[best] < 0 else best - 1
    low, high = sorted((best, neighbour))
    if tilts[low] < 0 < tilts[high]:
        brentq(tilt, float(exponents[low]), float(exponents[high]), xtol=FIT.resolved, rtol=FIT.resolved)


def _tried(problem: Problem, weights: Array, limits: dict[str, Any]) -> _Tried:
    # Of several optimal codes any will do: all have the same G, and so the same shares.
    optimum = solve_one_of_many(problem, **limits, any_code=True)
    scaled = _scale(problem, weights) * weights
    loss, least = problem.loss(scaled), optimum.lower_bound
    share = problem.encoder_cost * float(((scaled @ problem.pseudoinverse) ** 2).sum()) / loss
    if not least > 0:
        return _Tried(problem.encoder_cost, float("inf"), float("inf"), 0.0)
    return _Tried(
        problem.encoder_cost,
        max(0.0, loss / least - 1),
        max(0.0, strengthened_loss(problem, weights) / least - 1),
        share - optimum.energies["encoder"] / optimum.loss,
    )


def _scale(problem: Problem, weights: Array) -> float:
    return problem.readout.rescaling(weights.T @ weights, float(problem.neuron_cost(weights).sum()))
