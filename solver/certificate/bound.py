"""Lower bounds on the loss of every code, from a multiplier and the data alone: weak duality.

    rho(Y) = max_w w'Y w / f(w)
    loss* >= 2 sqrt(decoder_cost t) tr (K^1/2 Y K^1/2)^1/2 - t tr(Y G0)      for every t <= 1 / rho

for any positive semidefinite Y (docs/mathematics.md, "The certificate").

1. The problem is brought to its canonical form; groups that have nothing to do with each other are bounded one by one;
   of very many samples only those are looked at that a proof names, which can but lower the bound.
2. Y is taken to whitened coordinates, where correlated sources cost no digits, and its negative part is removed.
3. rho is exact where the hull has few enough faces: the best neuron of each is found, and the faces are checked to be
   all. Elsewhere it is bounded from above: by `theory.conditions.many_sources`, or by a proof that comes with the code
   (`theory.bounds.cover`) and is checked product by product. Random neurons try to refute it.
4. The dual value of Y and rho is the bound.
5. The best of several Y is kept: the one given, that of the code, and both shrunk on sources that are a tiny part of
   the loss, whose error would count in full.
6. A recurrent layer is left out, and what it costs at least is added; the bound at the matrix of the code is tried as
   well (docs/mathematics.md, "Dynamics").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from solver.certificate.measure import require_problem
from solver.solving.plan import prices_slowly
from theory.bounds.geodesic import code_of_multiplier
from theory.conditions.many_sources import proven_ratio
from theory.errors import InputError
from theory.groups import parts_of
from theory.immutable import Frozen
from theory.problem import Problem
from theory.readouts import symmetric_root
from theory.reductions import GROUP_BY_GROUP, WITHOUT_LAYER
from theory.sources import as_matrix

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from theory.arrays import Array
    from theory.bounds.cover import Cover

__all__ = ["Bound", "best_bound", "bound_at_code", "lower_bound", "most_provable", "optimality_gap", "within_loss"]

SMALL_SOURCE = 1e-3
"""A source with less than this share of the modular loss counts as small."""

SHRINKAGES = (1e-2, 1.0, 1e2, 1e4, np.inf)
"""How much Y is shrunk on small sources, in units of the digits that rounding hides; the last drops them."""

ATTAINED = 1e-12
"""An upper bound on rho that a neuron reaches up to this is exact."""

SEMIDEFINITE = 1e-12
"""Least eigenvalue of a multiplier, in units of its largest, that is zero up to rounding."""

FLOORS = (1e-4, 1e-2, 1e-1)
"""Least eigenvalue that a multiplier is given which is not positive definite, in units of its largest."""

TRIED_DIRECTIONS = 2_000
"""Random neurons that try to refute a claimed rho, with the support function taken from the samples directly."""


@dataclass(frozen=True, eq=False)
class Bound(Frozen):
    """A proven lower bound on the loss of every code.

    Attributes:
        value: the bound, in units of the loss.
        rho: largest ratio w'Y w / f(w), or an upper bound on it;  exact: whether it is attained (at worst_neuron).
            Where groups of sources are bounded one by one, over neurons that read one group.
        worst_neuron: (d,) the neuron that would earn most at this multiplier, scaled to f(w) = 1.
        multiplier: (d, d) the Y that the bound was computed from.

    Example:
        >>> from solver import Problem
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


def lower_bound(problem: Problem, multiplier: ArrayLike, *, quick: bool = False, cover: Cover | None = None) -> Bound:
    """The lower bound on the loss that a multiplier proves: weak duality, for any symmetric Y.

    Args:
        problem: the problem.
        multiplier: (d, d) symmetric Y. Its negative part proves nothing and is removed first.
        quick: do not list the faces of the hull, which for six and seven sources takes a while.
        cover: a proof to be checked and used where it says more than can be seen without.

    Raises:
        InputError: a multiplier of another shape, or with entries that are not finite; a cover of another problem.

    Example:
        >>> problem = Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]])
        >>> lower_bound(problem, np.diag([1.0, 2.0])).value < problem.modular_loss
        True
    """
    given, problem = _square(problem, multiplier), problem.canonical
    if GROUP_BY_GROUP.accepts(problem):
        return _sum_of_groups(problem, given, None, lambda part, own, _: lower_bound(part, own, quick=quick))
    if cover is not None and cover.samples is not None:
        return _among_some(
            problem, cover, quick, lambda some, within, quick: lower_bound(some, given, quick=quick, cover=within)
        )
    if WITHOUT_LAYER.accepts(problem):
        return _with_layer(problem, lower_bound(problem.feedforward, given, quick=quick, cover=cover))
    return _as_given(problem, given, _bound(problem, problem.whitening.worth(given), quick=quick, cover=cover))


def most_provable(problem: Problem, multiplier: Array, neurons: Array, cover: Cover | None = None) -> float:
    """What a multiplier (d, d) proves at most, seen from some neurons (n, d) alone: quick, and no proof of anything."""
    problem = problem.canonical
    if GROUP_BY_GROUP.accepts(problem):
        parts = _of_groups(problem, multiplier, neurons)
        return sum(most_provable(part, own, code) for _, part, own, code in parts if part is not None)
    if cover is not None and cover.samples is not None:
        return most_provable(problem.among(cover.samples, listed=False), multiplier, neurons)
    if problem.recurrence is not None:
        code = neurons.T @ neurons
        at_code = 2 * problem.readout_cost(code) + problem.recurrence.value(code)
        without = most_provable(problem.feedforward, multiplier, neurons)
        return max(at_code, WITHOUT_LAYER.lower_bound(problem, without))
    bounds, tried = list[float](), np.vstack([neurons, problem.modular_weights])
    for number, worth in enumerate([problem.whitening.worth(multiplier), *_code_worths(problem, neurons)]):
        root = symmetric_root(worth)
        ratio = float(_ratios(problem, root.T @ root, tried).max(initial=0.0))
        value = problem.whitened.readout.dual_value(root, ratio)
        bounds.append(value if number else _value_of_given(problem, multiplier, ratio, value))
    return max(bounds)


def best_bound(
    problem: Problem,
    multiplier: Array,
    *,
    weights: Array | None = None,
    quick: bool = False,
    cover: Cover | None = None,
) -> Bound:
    """The best of the bounds that some multipliers prove: the one given, that of a code, and variants of both.

    A direction whose scale makes it a tiny part of the loss is solved to fewer digits, since rounding of the whole
    hides it; yet its error would enter rho, and with it the whole bound, at full weight. Shrinking Y a little on that
    direction removes the error at the price of a share of a share.

    Args:
        problem: the problem.
        multiplier: (d, d) symmetric Y.
        weights: (n, d) a code, whose own multiplier is tried too. Of strongly correlated sources it keeps digits that
            Y, a product, has lost.
        quick: do not look at the faces of the hull.
        cover: a proof to be checked and used where it says more than can be seen without.
    """
    given, problem = _square(problem, multiplier), problem.canonical
    if GROUP_BY_GROUP.accepts(problem):
        return _sum_of_groups(
            problem, given, weights, lambda part, own, code: best_bound(part, own, weights=code, quick=quick)
        )
    if cover is not None and cover.samples is not None:
        return _among_some(
            problem,
            cover,
            quick,
            lambda some, within, quick: best_bound(some, given, weights=weights, quick=quick, cover=within),
        )
    # By as much as a bound is above the loss of the code rounding was off: the others are believed first.
    loss = float("inf") if weights is None else problem.loss(weights)

    def believed(bound: Bound) -> float:
        return within_loss(bound.value, loss)

    def best_of(bounds: list[Bound]) -> Bound:
        best = max(bounds, key=believed)
        return replace(best, value=believed(best))

    if WITHOUT_LAYER.accepts(problem):
        without = best_bound(problem.feedforward, given, weights=weights, quick=quick, cover=cover)
        at_codes = _bounds_at_code(problem, given, weights, quick=quick, cover=cover)
        return best_of([_with_layer(problem, without), *at_codes])
    whitened = problem.whitened
    at_code = [] if weights is None else _code_worths(problem, weights)
    worths = [problem.whitening.worth(given), *at_code]
    bounds = _bounds(problem, worths, loss, quick=quick, cover=cover)
    if len(bounds) == len(worths):
        bounds[0] = _as_given(problem, given, bounds[0])
    worths = worths[-len(bounds) :]
    if at_code and weights is not None and not weights.any() and bounds[-1].rho <= 1:
        # Where no neuron is worth having without any, none is best; the two traces of its dual value may lose digits.
        bounds[-1] = replace(bounds[-1], value=loss)
    best = int(np.argmax([believed(bound) for bound in bounds]))
    if not bounds[best].exact:
        bounds.append(_bound(problem, np.eye(problem.dimension), quick=True))
    share = np.sqrt(whitened.readout.demand * whitened.modular_costs)
    share = share / share.sum()
    if share.min() < SMALL_SOURCE:
        # A combination that no target asks for has no share in the loss, and nothing to lose.
        small = (share > np.finfo(float).eps) & (share < SMALL_SOURCE)
        digits_lost = np.where(small, np.sqrt(np.finfo(float).eps / np.where(small, share, 1.0)), 0.0)
        for shrinkage in SHRINKAGES:
            kept = np.where(digits_lost > 0, np.maximum(0.0, 1 - shrinkage * np.maximum(digits_lost, 1e-300)), 1.0)
            bounds.append(_bound(problem, worths[best] * np.outer(kept, kept), quick=quick, cover=cover))
    return best_of(bounds)


def _square(problem: Problem, multiplier: ArrayLike) -> Array:
    require_problem(problem)
    given = as_matrix(multiplier, "multiplier")
    if given.shape != (problem.dimension, problem.dimension):
        raise InputError(
            f"multiplier: shape {given.shape} does not fit {problem.dimension} source(s); give a square one"
        )
    return given


def _bounds(problem: Problem, worths: list[Array], loss: float, *, quick: bool, cover: Cover | None) -> list[Bound]:
    """What each of the multipliers proves; where to price one takes seconds, of those from the last, which is that of
    a code, until one meets its loss; that is infinite where there is no code.
    """
    faces = None if quick or problem.separate else problem.sources.faces_if_few
    if faces is None or not prices_slowly(faces.most_faces):
        return [_bound(problem, worth, quick=quick, cover=cover) for worth in worths]
    found = list[Bound]()
    for worth in worths[::-1]:
        found.insert(0, _bound(problem, worth, quick=quick, cover=cover))
        if optimality_gap(loss, found[0].value) <= ATTAINED:
            break
    return found


def _among_some(
    problem: Problem, cover: Cover, quick: bool, bounded: Callable[[Problem, Cover | None, bool], Bound]
) -> Bound:
    """A bound on the codes that are nonnegative on the samples of a cover alone, as one on those that are on all."""
    assert cover.samples is not None
    cover.require_fitting(problem)
    quick = quick or cover.within is not None
    bound = bounded(problem.among(cover.samples, listed=not quick), cover.within, quick)
    # The cost of the worst neuron with all samples; among some it is one.
    cost = float(problem.neuron_cost(bound.worst_neuron)[0])
    exact = bound.exact and cost <= 1 + ATTAINED
    return replace(bound, exact=exact, worst_neuron=bound.worst_neuron / cost**0.5)


def _with_layer(problem: Problem, without: Bound) -> Bound:
    """A bound on the codes of a problem without its recurrent layer as one on those with it."""
    return replace(without, value=WITHOUT_LAYER.lower_bound(problem, without.value))


def bound_at_code(problem: Problem, weights: Array) -> Bound | None:
    """What the matrix G of a code (n, d) by itself proves where it must be carried along; None for nothing."""
    neurons = problem.whitening.neurons(weights)
    return _bound_at(problem, neurons.T @ neurons, quick=False, cover=None)


def _bounds_at_code(
    problem: Problem, given: Array, weights: Array | None, *, quick: bool, cover: Cover | None
) -> list[Bound]:
    """What can be said where the code must be carried along: from the matrix G of the code, or of others like it.

    Where its own multiplier is not positive semidefinite, those are asked for that multipliers next to it and to those
    given belong to.
    """
    whitening, inside, recurrence = problem.whitening, problem.whitened, problem.whitened_recurrence
    assert recurrence is not None
    start, bounds = np.eye(problem.dimension), list[Bound | None]()
    worths = [whitening.worth(given)]
    if weights is not None:
        worths += _code_worths(problem, weights)
        neurons = whitening.neurons(weights)
        code = neurons.T @ neurons
        bounds.append(_bound_at(problem, code, quick=quick, cover=cover))
        if bounds[0] is not None and bounds[0].rho <= 1 + ATTAINED:
            return [bounds[0]]
        with suppress(np.linalg.LinAlgError):
            worths, start = [*worths, inside.multiplier(code) - recurrence.gradient(code)], code
    for worth in worths:
        if not np.isfinite(worth).all():
            continue
        values, vectors = np.linalg.eigh(worth)
        for floor in FLOORS:
            raised = vectors * np.maximum(values, floor * np.abs(values).max()) @ vectors.T
            try:
                asked = code_of_multiplier(inside.readout, recurrence, raised, start)
            except np.linalg.LinAlgError:
                continue
            bounds.append(_bound_at(problem, asked, quick=quick, cover=cover))
            if values[0] >= floor * values[-1]:
                break
    return [bound for bound in bounds if bound is not None]


def _bound_at(problem: Problem, code: Array, *, quick: bool, cover: Cover | None) -> Bound | None:
    """What a matrix G in whitened coordinates proves: nothing unless its multiplier is positive semidefinite.

    With Y = -grad of readout and recurrent weights r together, and rho at least one, no code costs less than

        (2 g(G) + r(G) - least) / sqrt(rho) + least.
    """
    readout, recurrence = problem.whitened.readout, problem.whitened_recurrence
    assert recurrence is not None
    try:
        worth = readout.multiplier(code) - recurrence.gradient(code)
    except np.linalg.LinAlgError:
        return None
    if not np.isfinite(worth).all():
        return None
    values = np.linalg.eigvalsh(worth)
    if values[0] < -SEMIDEFINITE * values[-1]:
        return None
    rho, exact, worst = _proven_ratio(problem, worth, quick=quick, cover=cover)
    least = problem.least_recurrent
    value = (2 * readout.value(code) + recurrence.value(code) - least) / max(1.0, rho) ** 0.5 + least
    return Bound(value, rho, exact, worst, problem.whitening.multiplier(worth))


def _code_worths(problem: Problem, weights: Array) -> list[Array]:
    """The multiplier of a code in whitened coordinates; none where the code does not span the sources, or need not."""
    if problem.readout.rank is not None:
        return []
    neurons = problem.whitening.neurons(weights)
    try:
        worth = problem.whitened.multiplier(neurons.T @ neurons)
    except np.linalg.LinAlgError:
        return []
    return [worth] if np.isfinite(worth).all() else []


def _bound(problem: Problem, worth: Array, *, quick: bool, cover: Cover | None = None) -> Bound:
    """The bound that the form of a multiplier in whitened coordinates proves."""
    root = symmetric_root(worth)
    worth = root.T @ root
    rho, exact, worst = _proven_ratio(problem, worth, quick=quick, cover=cover)
    value = problem.whitened.readout.dual_value(root, rho)
    return Bound(value, rho, exact, worst, problem.whitening.multiplier(worth))


def _as_given(problem: Problem, given: Array, bound: Bound) -> Bound:
    """The bound of a multiplier that is kept as it was given: rewritten from other coordinates it loses digits."""
    symmetric = (given + given.T) / 2
    value = _value_of_given(problem, symmetric, bound.rho, bound.value)
    return replace(bound, value=value, multiplier=symmetric)


def _value_of_given(problem: Problem, given: Array, rho: float, whitened: float) -> float:
    """The dual value of a multiplier, in those coordinates in which rounding changes it least.

    It is a difference of two traces, of which that of Y G0 may lose digits: in whitened coordinates where sources of a
    tiny unit pay for the encoder, in the sources' own where they are nearly dependent.

    Args:
        problem: the problem.
        given: (d, d) symmetric Y, in the sources' coordinates.
        rho: its largest ratio.
        whitened: the value as computed in whitened coordinates.
    """
    inside, outside = problem.whitened.readout.ridge, problem.readout.ridge
    if inside is None or outside is None:
        return whitened
    scale = np.sqrt(np.diag(outside))
    scaled = given * np.outer(scale, scale)
    rounding_outside = np.linalg.norm(scaled) * np.linalg.norm(outside / np.outer(scale, scale))
    rounding_inside = np.linalg.norm(problem.whitening.worth(given)) * np.linalg.norm(inside)
    if rounding_inside <= rounding_outside:
        return whitened
    return problem.readout.dual_value(symmetric_root(scaled) / scale, rho)


def _proven_ratio(problem: Problem, worth: Array, *, quick: bool, cover: Cover | None) -> tuple[float, bool, Array]:
    rho, exact, worst = _largest_ratio(problem, worth, quick=quick)
    if cover is not None and not exact:
        # A neuron that was found is an argument against the proof, if only by rounding.
        rho = max(_ratios(problem, worth, worst[None])[0], min(rho, cover.bounds(problem, worth).max()))
    return float(rho), exact, worst


def _largest_ratio(problem: Problem, worth: Array, *, quick: bool) -> tuple[float, bool, Array]:
    if problem.separate:
        return _largest_of_groups(problem, worth, quick=quick)
    faces = None if quick else problem.sources.faces_if_few
    found, direction = _tried_directions(problem, worth)
    if faces is None or not faces.complete:
        rho, _ = proven_ratio(problem, problem.whitening.multiplier(worth))
        return max(rho, found), rho <= found * (1 + ATTAINED), direction
    priced = problem.pricing.maximise_worth(worth)
    return (priced.rho, True, priced.worst) if priced.rho >= found else (found, True, direction)


def _of_groups(
    problem: Problem, multiplier: Array, weights: Array | None
) -> Iterator[tuple[list[int], Problem | None, Array, Array]]:
    """For each group its sources, it by itself, and what it has of a multiplier (d, d) and a code (n, d)."""
    groups = problem.groups or {}
    code = np.empty((0, problem.dimension)) if weights is None else weights
    owner = parts_of(code * np.sqrt(problem.modular_costs), groups).argmax(axis=1)
    for number, (members, part) in enumerate(zip(groups.values(), problem.parts, strict=True)):
        chosen = list(members)
        yield chosen, part, multiplier[np.ix_(chosen, chosen)], code[owner == number][:, chosen]


def _sum_of_groups(
    problem: Problem, multiplier: Array, weights: Array | None, bounded: Callable[[Problem, Array, Array | None], Bound]
) -> Bound:
    """The sum of what the blocks of a multiplier prove of the groups, each scaled by itself."""
    value, most, exact = 0.0, -np.inf, True
    worst, used = np.zeros(problem.dimension), np.zeros_like(multiplier)
    for members, part, own, code in _of_groups(problem, multiplier, weights):
        if part is None:
            continue
        bound = bounded(part, own, code if len(code) or not part.readout.exact else None)
        value, exact = value + bound.value, exact and bound.exact
        # In the size that proves most, so that the groups' multipliers are of one measure.
        multiple = part.readout.dual_multiple(symmetric_root(bound.multiplier), bound.rho)
        used[np.ix_(members, members)] = multiple * bound.multiplier
        if multiple * bound.rho > most:
            most, worst = multiple * bound.rho, np.zeros(problem.dimension)
            worst[members] = bound.worst_neuron
    return Bound(value, most, exact, worst, used)


def _largest_of_groups(problem: Problem, worth: Array, *, quick: bool) -> tuple[float, bool, Array]:
    """The same over neurons that read one group each."""
    largest, exact, worst = -np.inf, True, np.zeros(problem.dimension)
    for members, block in zip((problem.groups or {}).values(), problem.blocks, strict=True):
        turned = problem.whitening.matrix[:, list(members)] @ block.whitening.inverse
        rho, attained, neuron = _largest_ratio(block, turned.T @ worth @ turned, quick=quick)
        if rho > largest:
            largest, exact, worst = rho, attained, np.zeros(problem.dimension)
            worst[list(members)] = neuron
    return largest, exact, worst


def _tried_directions(problem: Problem, worth: Array) -> tuple[float, Array]:
    """Best ratio over random directions, with the support function taken from the samples: a check on the faces."""
    random = np.random.default_rng(0).standard_normal((TRIED_DIRECTIONS, problem.dimension))
    # The axes too: at a modular code they earn exactly what they cost.
    directions = np.vstack([problem.own_neurons, problem.whitening.weights(random)])
    ratio = _ratios(problem, worth, directions)
    best = int(np.argmax(ratio))
    return float(ratio[best]), directions[best] / problem.neuron_cost(directions[best])[0] ** 0.5


def _ratios(problem: Problem, worth: Array, weights: Array) -> Array:
    """(n,) worth over cost of neurons (n, d)."""
    neurons = problem.whitening.neurons(weights)
    return np.asarray(np.einsum("ni,ij,nj->n", neurons, worth, neurons) / problem.neuron_cost(weights))
