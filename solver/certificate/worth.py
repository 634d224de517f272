"""What one multiplier proves: the largest ratio rho of worth to cost, and the dual value of both.

Everything is seen in coordinates of proofs (`theory.coordinates`), where no digit of what a neuron earns is lost; the
"worth" of a multiplier Y is its form there, so that a neuron x is worth x'(worth) x.

1. The negative part of Y, which proves nothing, is removed.
2. Where the faces of the hull are listed, rho is exact: the best neuron of each face is found, and random neurons try
   to refute it. Of two sources rho is bounded from above on cones around zero (`theory.geometry.polygon`), and exact if
   the best neuron there attains it. Elsewhere rho is bounded from above (`theory.conditions.many_sources`).
3. A cover (`theory.bounds.cover`) is checked product by product, and used where it proves a smaller rho.
4. The dual value of Y and rho is the bound. What rounding does to it is least in one of two sets of coordinates. What
   may be rounding of a direction in which Y proves nothing is left out where it would cost errors: no ratio is larger
   without it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from theory.arrays import Array
from theory.bounds.cover import Cover
from theory.conditions.many_sources import proven_ratio
from theory.immutable import Frozen
from theory.problem import Problem
from theory.readouts import symmetric_root


@dataclass(frozen=True)
class WorthTolerances:
    """When a ratio is exact, and how it is tried."""

    attained: float = 1e-12  # relative slack within which a neuron attains an upper bound on rho, which then is exact
    # Least eigenvalue of a multiplier, in units of its largest, that is zero up to rounding.
    semidefinite: float = 1e-12
    random_neurons: int = 2_000  # that try to refute a claimed rho, by the samples directly


WORTH = WorthTolerances()


@dataclass(frozen=True, eq=False)
class Bound(Frozen):
    """A proven lower bound on the loss of every code.

    Attributes:
        value: the bound, in units of the loss.
        rho: largest ratio w'Y w / f(w), or an upper bound on it; where groups of sources are bounded one by one, over
            neurons that read one group.
        exact: whether rho is attained, at worst_neuron.
        worst_neuron: (d,) the neuron of the largest ratio that was seen, scaled to f(w) = 1.
        multiplier: (d, d) the Y that the bound was computed from.

    Example:
        >>> from solver import Problem, lower_bound
        >>> bound = lower_bound(Problem([[0, 0], [0, 1], [1, 0]]), np.eye(2))
        >>> bound.exact, bound.value > 0, bool(np.isclose(bound.worst_neuron @ bound.worst_neuron, bound.rho))
        (True, True, True)
    """

    value: float
    rho: float
    exact: bool
    worst_neuron: Array
    multiplier: Array


def optimality_gap(loss: float, bound: float) -> float:
    """Relative gap (loss - bound) / loss, never negative: rounding may put the bound a hair above the loss."""
    return max(0.0, (loss - bound) / loss) if np.isfinite(loss) else float("inf")


def within_loss(bound: float, loss: float) -> float:
    """A lower bound that does not exceed the loss of a code.

    No bound is above a loss that a code has. By as much as a computed one is above it rounding was off, and may be off
    to the other side as well: the bound is lowered by twice the excess.

    Example:
        >>> within_loss(3.0, 4.0), within_loss(4.5, 4.0)
        (3.0, 3.5)
    """
    return bound if bound <= loss else max(0.0, 2 * loss - bound)


def bound_of_worth(problem: Problem, worth: Array, *, quick: bool, cover: Cover | None = None) -> Bound:
    """The bound that a multiplier proves, given by its worth (d, d).

    Args:
        problem: in canonical form, without recurrent layer unless only rho is used.
        worth: the form of the multiplier in the coordinates of proofs.
        quick: do not look at the faces of the hull.
        cover: a proof to be checked.
    """
    root = symmetric_root(worth)
    worth = root.T @ root  # step 1
    rho, exact, worst = proven_rho(problem, worth, quick=quick, cover=cover)
    readout = problem.proving.readout
    value = readout.dual_value(root, rho)  # step 4
    if not readout.exact:
        sizes = (root**2).sum(axis=1)
        kept = root[sizes >= WORTH.semidefinite * sizes.max()]
        if len(kept) < len(root) and (without := readout.dual_value(kept, rho)) > value:
            value, worth = without, kept.T @ kept
    return Bound(value, rho, exact, worst, problem.proving.multiplier(worth))


def code_worths(problem: Problem, weights: Array) -> list[Array]:
    """The worth of the multiplier of a code (n, d); none where the code does not span the sources, or need not."""
    if problem.readout.rank is not None:
        return []
    neurons = problem.proving.neurons(weights)
    try:
        worth = problem.proving.readout.multiplier(neurons.T @ neurons)
    except np.linalg.LinAlgError:
        return []
    return [worth] if np.isfinite(worth).all() else []


def with_multiplier(problem: Problem, multiplier: Array, bound: Bound) -> Bound:
    """The bound of a multiplier, with the multiplier itself: rewritten from other coordinates it loses digits.

    But not with one that has a negative part, which does not prove it.
    """
    symmetric = (multiplier + multiplier.T) / 2
    values = np.linalg.eigvalsh(problem.proving.worth(symmetric))
    if values[0] < -WORTH.semidefinite * values[-1]:
        return bound
    value = value_of_multiplier(problem, symmetric, bound.rho, bound.value)
    return replace(bound, value=value, multiplier=symmetric)


def value_of_multiplier(problem: Problem, multiplier: Array, rho: float, whitened: float) -> float:
    """Step 4: the dual value of a multiplier, in those coordinates in which rounding changes it least.

    It is a difference of two traces, of which that of Y G0 may lose digits: in whitened coordinates where sources of a
    tiny unit pay for the encoder, in the sources' own where they are nearly dependent.

    Args:
        problem: the problem.
        multiplier: (d, d) symmetric Y, in the sources' coordinates.
        rho: its largest ratio.
        whitened: the value as computed in the coordinates of proofs.
    """
    inside, outside = problem.proving.readout.ridge, problem.readout.ridge
    if inside is None or outside is None:
        return whitened
    scale = np.sqrt(np.diag(outside))
    scaled = multiplier * np.outer(scale, scale)
    # By largest entries: of tiny sources squares of the ridge are beyond all floating-point numbers.
    rounding_outside = np.abs(scaled).max() * np.abs(outside / np.outer(scale, scale)).max()
    rounding_inside = np.abs(problem.proving.worth(multiplier)).max() * np.abs(inside).max()
    if rounding_inside <= rounding_outside:
        return whitened
    return problem.readout.dual_value(symmetric_root(scaled) / scale, rho)


def proven_rho(problem: Problem, worth: Array, *, quick: bool, cover: Cover | None) -> tuple[float, bool, Array]:
    """Steps 2 and 3: rho or a bound on it, whether it is attained, and the neuron (d,) of the largest ratio seen."""
    rho, exact, worst = _largest_ratio(problem, worth, quick=quick)
    if cover is not None and not exact:
        # No bound is below the ratio of a neuron: if the proof says so, rounding was off.
        rho = max(
            ratios(problem, worth, worst[None])[0], min(rho, cover.bounds(problem, _whitened(problem, worth)).max())
        )
    return float(rho), exact, worst


def _largest_ratio(problem: Problem, worth: Array, *, quick: bool) -> tuple[float, bool, Array]:
    if problem.separate:
        return largest_of_groups(problem, worth, quick=quick)
    faces = None if quick else problem.sources.faces_if_few
    polygon = problem.polygon if faces is not None and problem.proving.are_whitened else None
    if polygon is not None:
        rho, neuron = polygon.largest_ratio(worth)
        tried, direction = _best_of(problem, worth, neuron[None])
        if rho <= tried * (1 + WORTH.attained):
            return max(rho, tried), True, direction
    tried, direction = _best_of(problem, worth, _random_neurons(problem.dimension))
    if faces is None or not faces.complete:
        rho, _ = proven_ratio(problem, problem.proving.multiplier(worth))
        return max(rho, tried), rho <= tried * (1 + WORTH.attained), direction
    priced = problem.proving.pricing.maximise_worth(worth)
    return (priced.rho, True, priced.worst) if priced.rho >= tried else (tried, True, direction)


def largest_of_groups(problem: Problem, worth: Array, *, quick: bool) -> tuple[float, bool, Array]:
    """Step 2 over neurons that read one group each, of sources that may depend on each other.

    Args:
        problem: with groups.
        worth: (r, r) the form of a multiplier in the coordinates of proofs of the problem in canonical form.
        quick: do not look at the faces of the hulls of groups.
    """
    largest, exact, worst = -np.inf, True, np.zeros(problem.dimension)
    for span in problem.spans:
        turned = problem.canonical.proving.matrix @ span.basis.T @ span.block.proving.inverse
        rho, attained, neuron = _largest_ratio(span.block, turned.T @ worth @ turned, quick=quick)
        if rho > largest:
            largest, exact, worst = rho, attained, np.zeros(problem.dimension)
            worst[list(span.kept)] = neuron
    return largest, exact, worst


def _best_of(problem: Problem, worth: Array, neurons: Array) -> tuple[float, Array]:
    """The largest ratio of some neurons (n, d) in the coordinates of proofs, by the samples directly, and the best."""
    # The axes too: at an optimal modular code their ratio is exactly one.
    directions = np.concatenate([problem.modular.unit_neurons, problem.proving.weights(neurons)])
    cost = problem.neuron_cost(directions)
    ratio = _worths(problem, worth, directions) / cost
    best = int(np.argmax(ratio))
    return float(ratio[best]), directions[best] / cost[best] ** 0.5


@cache
def _random_neurons(dimension: int) -> Array:
    """(n, d) neurons in the coordinates of proofs, the same for all problems."""
    random = np.random.default_rng(0).standard_normal((WORTH.random_neurons, dimension))
    random.setflags(write=False)
    return random


def _whitened(problem: Problem, worth: Array) -> Array:
    """The form of a multiplier in whitened coordinates."""
    if problem.proving.are_whitened:
        return worth
    return problem.whitening.worth(problem.proving.multiplier(worth))


def ratios(problem: Problem, worth: Array, weights: Array) -> Array:
    """(n,) worth over cost of neurons (n, d)."""
    return np.asarray(_worths(problem, worth, weights) / problem.neuron_cost(weights))


def _worths(problem: Problem, worth: Array, weights: Array) -> Array:
    """(n,) what neurons (n, d) are worth."""
    neurons = problem.proving.neurons(weights)
    return np.asarray(np.einsum("ni,ni->n", neurons @ worth, neurons))
