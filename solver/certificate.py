"""Certificates: what a code costs and how far from the optimum it can be, from the samples alone.

Nothing here trusts the method that found a code. The loss is measured on the activity that the encoder and decoder
really produce; the lower bound is weak duality (docs/mathematics.md, "The certificate"):

    rho(Y) = max_w w'Y w / f(w),      loss* >= 2 sqrt(decoder_cost / rho) tr (K^1/2 Y K^1/2)^1/2     for any PSD Y.

Where a recurrent layer carries the code along, its weights cost at least sum |lambda(R)|^2 whatever the code, and
more can be said at the matrix of the code itself (docs/mathematics.md, "Dynamics").

Where the hull has few enough faces (five sources, or a few hundred samples of six, or several dozen of seven) rho is
found exactly on them, and they are checked to be all; beyond, it is bounded from above by what
`theory.conditions.many_sources` can prove, or by a `theory.bounds.cover` that comes with the code and is checked
product by product. Of very many samples only some are looked at for the bound: those that a cover names, which can
but make it lower. Where neurons must read one group each, or where the samples show that nothing is gained by others,
this is done for each group by itself. All of it is done in whitened coordinates (`theory.geometry.whitening`), where
correlated sources cost no digits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from theory.bounds.geodesic import asked_code
from theory.conditions.many_sources import proven_ratio
from theory.errors import InputError
from theory.groups import parts_of
from theory.immutable import Frozen
from theory.neurons import Activity
from theory.problem import Problem, within_digits
from theory.readouts import symmetric_root
from theory.sources import Sources, as_matrix

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from solver.code import Code
    from theory.arrays import Array
    from theory.bounds.cover import Cover

__all__ = [
    "Bound",
    "Certificate",
    "carried_out",
    "certify",
    "lower_bound",
    "most_provable",
    "optimality_gap",
    "within_loss",
]

FEASIBILITY = 1e-9
"""Activity below zero or reconstruction error, relative to their own scale, up to which a code counts as exact."""

SURELY = 0.1
"""Share of it within which the samples need not be looked at."""

SMALL_SOURCE = 1e-3
"""A source with less than this share of the modular loss counts as small."""

CAUTIONS = (1e-2, 1.0, 1e2, 1e4, np.inf)
"""How much Y is shrunk on small sources, in units of the digits that rounding hides; the last drops them."""

ATTAINED = 1e-12
"""An upper bound on rho that a neuron reaches up to this is exact."""

SEMIDEFINITE = 1e-12
"""Least eigenvalue of a multiplier, in units of its largest, that is zero up to rounding."""

FLOORS = (1e-4, 1e-2, 1e-1)
"""Least eigenvalue that a multiplier is given which is not positive definite, in units of its largest."""

DEAR_FACES = 500_000
"""Faces that take a second or two to price: a second multiplier is asked only where the first leaves a gap."""

AUDIT_DIRECTIONS = 2_000
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


@dataclass(frozen=True, eq=False)
class Certificate(Frozen):
    """An independent check of a representation.

    Attributes:
        loss: measured: mean squared activity plus the weight costs of encoder, decoder and recurrent layer.
        lower_bound: proven: no code of any size has a smaller loss.
        gap: (loss - lower_bound) / loss; infinite if the code is not feasible.
        worst_neuron: (d,) the neuron that comes closest to improving the code (or improves it), scaled to f(w) = 1.
        rho: its ratio of worth to cost at the multiplier; at most 1 + 2 gap at an optimum.
        exact: whether rho is exact (where the normal fan is small enough) or an upper bound.
        feasible: whether the activity is nonnegative, and the reconstruction and every step of the recurrent layer
            exact, up to rounding, and, where that is asked for, each neuron reads one group.
        least_activity: smallest activity over all samples and neurons; zero where there are none.
        reconstruction_error: largest absolute error of the decoded data.
        multiplier: (d, d) the Y of the lower bound.
        step_error: largest absolute error of the activity after a step of the recurrent layer; zero without one.

    Example:
        >>> from solver import Problem, solve
        >>> answer = solve(Problem([[0, 0], [0, 1], [1, 0]]))
        >>> certificate = certify(answer.problem, answer)
        >>> certificate.feasible, certificate.exact, certificate.gap < 1e-8, certificate.lower_bound <= certificate.loss
        (True, True, True, True)
    """

    loss: float
    lower_bound: float
    gap: float
    worst_neuron: Array
    rho: float
    exact: bool
    feasible: bool
    least_activity: float
    reconstruction_error: float
    multiplier: Array
    step_error: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists, for JSON.

        Example:
            >>> from solver import Problem, solve
            >>> answer = solve(Problem([[0], [1]]))
            >>> certify(answer.problem, answer).to_dict()["feasible"]
            True
        """
        return {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in asdict(self).items()}


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
    if cover is not None and cover.samples is not None and not _by_groups(problem):
        return _among_some(
            problem, cover, quick, lambda some, within, quick: lower_bound(some, given, quick=quick, cover=within)
        )
    if _by_groups(problem):
        return _sum_of_groups(problem, given, None, lambda part, own, _: lower_bound(part, own, quick=quick))
    return _bound_of_given(problem, given, quick=quick, cover=cover)


def most_provable(problem: Problem, multiplier: Array, neurons: Array, cover: Cover | None = None) -> float:
    """What a multiplier (d, d) proves at most, seen from some neurons (n, d) alone: quick, and no proof of anything."""
    problem = problem.canonical
    if cover is not None and cover.samples is not None and not _by_groups(problem):
        return most_provable(problem.among(cover.samples, listed=False), multiplier, neurons)
    if _by_groups(problem):
        parts = _of_groups(problem, multiplier, neurons)
        return sum(most_provable(part, own, code) for _, part, own, code in parts if part is not None)
    bounds, tried = list[float](), np.vstack([neurons, problem.modular_weights])
    for number, worth in enumerate([problem.whitening.worth(multiplier), *_own_worth(problem, neurons)]):
        root = symmetric_root(worth)
        ratio = float(_ratios(problem, root.T @ root, tried).max(initial=0.0))
        value = problem.whitened.readout.dual_value(root, ratio)
        bounds.append(value if number else _value_of_given(problem, multiplier, ratio, value))
    carried = problem.recurrence
    if carried is None:
        return max(bounds)
    code = neurons.T @ neurons
    own = 2 * problem.readout_cost(code) + carried.value(code)
    return max(own, max(bounds) + carried.least)


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


def certify(problem: Problem, representation: Code) -> Certificate:
    """Check a representation from the raw samples: its feasibility, its cost, its distance from the best.

    Args:
        problem: the problem as posed; its hull is computed afresh.
        representation: encoder, decoder, biases, multiplier and cover are used, no other number in it.

    Raises:
        InputError: the representation does not fit the problem.

    Example:
        >>> from solver import Problem, certify, solve
        >>> problem = Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]])
        >>> certify(problem, solve(problem)).gap < 1e-8
        True
    """
    encoder, encoder_bias, decoder, decoder_bias = _network(problem, representation)
    fresh = _posed_again(problem)
    with within_digits(fresh):
        found = _measure(fresh, encoder, encoder_bias, decoder, decoder_bias)
    missed, follows, carried = _measure_steps(fresh, representation, encoder, encoder_bias)
    feasible = found.feasible and follows
    loss = _loss_of(fresh, found, encoder, decoder) + carried
    multiplier, weights = as_matrix(representation.multiplier, "multiplier"), encoder @ problem.mixing
    with within_digits(fresh):
        bound = best_bound(fresh, multiplier, weights=weights, cover=representation.cover)
    value = within_loss(bound.value, loss) if feasible else bound.value
    return Certificate(
        loss=loss,
        lower_bound=value,
        gap=optimality_gap(loss, value) if feasible else float("inf"),
        worst_neuron=bound.worst_neuron,
        rho=bound.rho,
        exact=bound.exact,
        feasible=feasible,
        least_activity=found.least if len(encoder) else 0.0,
        reconstruction_error=found.error,
        multiplier=bound.multiplier,
        step_error=missed,
    )


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
    if cover is not None and cover.samples is not None and not _by_groups(problem):
        return _among_some(
            problem,
            cover,
            quick,
            lambda some, within, quick: best_bound(some, given, weights=weights, quick=quick, cover=within),
        )
    if _by_groups(problem):
        return _sum_of_groups(
            problem, given, weights, lambda part, own, code: best_bound(part, own, weights=code, quick=quick)
        )
    whitened = problem.whitened
    worths = [problem.whitening.worth(given)]
    if weights is not None:
        worths += _own_worth(problem, weights)
    bounds = _bounds(problem, worths, weights, quick=quick, cover=cover)
    if len(bounds) == len(worths):
        bounds[0] = _as_given(problem, given, bounds[0])
    worths = worths[-len(bounds) :]
    best = int(np.argmax([bound.value for bound in bounds]))
    if not bounds[best].exact:
        bounds.append(_bound(problem, np.eye(problem.dimension), quick=True))
    share = np.sqrt(whitened.readout.demand * whitened.modular_costs)
    share = share / share.sum()
    if share.min() < SMALL_SOURCE:
        # A combination that no target asks for has no share in the loss, and nothing to lose.
        small = (share > np.finfo(float).eps) & (share < SMALL_SOURCE)
        digits_lost = np.where(small, np.sqrt(np.finfo(float).eps / np.where(small, share, 1.0)), 0.0)
        for caution in CAUTIONS:
            kept = np.where(digits_lost > 0, np.maximum(0.0, 1 - caution * np.maximum(digits_lost, 1e-300)), 1.0)
            bounds.append(_bound(problem, worths[best] * np.outer(kept, kept), quick=quick, cover=cover))
    if problem.recurrence is not None:
        bounds += _bounds_of_carried(problem, worths, weights, quick=quick, cover=cover)
    return max(bounds, key=lambda bound: bound.value)


def _bounds(
    problem: Problem, worths: list[Array], weights: Array | None, *, quick: bool, cover: Cover | None
) -> list[Bound]:
    """What each of the multipliers proves; where to price one takes seconds, of those from the last, which is that of
    the code, until one meets it.
    """
    faces = None if quick or not problem.sources.has_faces else problem.sources.faces_if_few
    if weights is None or problem.recurrence is not None or faces is None or faces.most_faces < DEAR_FACES:
        return [_bound(problem, worth, quick=quick, cover=cover) for worth in worths]
    loss, found = problem.loss(weights), list[Bound]()
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


def bound_of_carried(problem: Problem, weights: Array) -> Bound | None:
    """What the matrix G of a code (n, d) by itself proves where it must be carried along; None for nothing."""
    neurons = problem.whitening.neurons(weights)
    return _bound_at(problem, neurons.T @ neurons, quick=False, cover=None)


def _bounds_of_carried(
    problem: Problem, worths: list[Array], weights: Array | None, *, quick: bool, cover: Cover | None
) -> list[Bound]:
    """What can be said where the code must be carried along: from the matrix G of the code, or of others like it.

    Where its own multiplier is not positive semidefinite, those are asked for that multipliers next to it and to those
    given belong to.
    """
    whitening, inside, recurrence = problem.whitening, problem.whitened, problem.whitened_recurrence
    assert recurrence is not None
    start, bounds = np.eye(problem.dimension), list[Bound | None]()
    if weights is not None:
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
                asked = asked_code(inside.readout, recurrence, raised, start)
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


def _own_worth(problem: Problem, weights: Array) -> list[Array]:
    """The multiplier of a code in whitened coordinates; none where the code does not span the sources, or need not."""
    if problem.readout.rank is not None:
        return []
    neurons = problem.whitening.neurons(weights)
    try:
        worth = problem.whitened.multiplier(neurons.T @ neurons)
    except np.linalg.LinAlgError:
        return []
    return [worth] if np.isfinite(worth).all() else []


# ---- the loss, measured ---------------------------------------------------------------------------------------


def _network(problem: Problem, representation: Code | SimpleNamespace) -> tuple[Array, Array, Array, Array]:
    _require_problem(problem)
    encoder, decoder = np.atleast_2d(representation.encoder), np.atleast_2d(representation.decoder)
    encoder_bias, decoder_bias = np.ravel(representation.encoder_bias), np.ravel(representation.decoder_bias)
    channels, neurons, decoded = len(problem.mixing), len(encoder), len(problem.readout.targets)
    if encoder.shape[1] != channels or decoder.shape[0] != decoded:
        raise InputError(
            f"representation: encodes {encoder.shape[1]} channel(s), but the problem has {channels}; certify it "
            "against the problem it was solved for"
        )
    if decoder.shape[1] != neurons or len(encoder_bias) != neurons or len(decoder_bias) != decoded:
        raise InputError(
            f"representation: {neurons} neuron(s) in the encoder, {decoder.shape[1]} in the decoder, "
            f"{len(encoder_bias)} encoder and {len(decoder_bias)} decoder biases; take them from one code"
        )
    return encoder, encoder_bias, decoder, decoder_bias


def carried_out(problem: Problem, code: Code | SimpleNamespace) -> bool:
    """Whether the network of a code does what its weights promise, as far as `certify` will see.

    It is nonnegative and exact, and costs no more than the code by its tolerance. A mixing of columns of very unlike
    scales, or data far from zero, can cost an encoder all its digits. The samples are looked at only where the weights
    that encoder and decoder come to leave it open.

    Example:
        >>> from solver import Problem, solve
        >>> answer = solve(Problem([[0, 0], [0, 1], [1, 0]]))
        >>> carried_out(answer.problem, answer)
        True
    """
    if not len(code.source_weights):
        return True
    encoder, encoder_bias, decoder, decoder_bias = _network(problem, code)
    axes, offset = np.eye(problem.dimension), np.abs(problem.sources.mean)
    reach = np.maximum(problem.sources.support(axes), problem.sources.support(-axes)) + offset
    weights, targets = encoder @ problem.mixing, problem.readout.targets
    rounding = np.finfo(float).eps * np.abs(encoder) @ np.abs(problem.mixing) @ reach
    off = (np.abs(weights - code.source_weights) @ reach + rounding).max()
    missed = (np.abs(decoder @ weights - targets) @ reach).max() if problem.readout.exact else 0.0
    sure = SURELY * FEASIBILITY
    if off <= sure * problem.sources.support(weights).max() and missed <= sure * (np.abs(targets) @ reach).max():
        return True
    found = _measure(problem, encoder, encoder_bias, decoder, decoder_bias)
    loss = _loss_of(problem, found, encoder, decoder) + code.energies.get("recurrent", 0.0)
    return found.feasible and not loss > code.loss * (1 + code.tolerance)


def _loss_of(problem: Problem, found: _Measured, encoder: Array, decoder: Array) -> float:
    """The loss of a network but for its recurrent layer. The price of the decoder holds that of noise."""
    terms = problem.neurons.terms(problem, found.activity, encoder)
    loss = sum(float(costs.sum()) for costs in terms.values())
    loss += problem.readout.decoder_cost * float((decoder**2).sum())
    errors = problem.readout.errors
    return loss if errors is None else loss + errors.cost * found.squared_error


def _require_problem(problem: Problem) -> None:
    if not isinstance(problem, Problem):
        raise InputError(f"problem: expected a Problem, got {type(problem).__name__}; write Problem(sources)")


def _posed_again(problem: Problem) -> Problem:
    given = problem.sources
    if given.stream is not None:
        # As good as the summary: who has the samples still can summarise them again, and certify the code on that.
        sources = Sources.from_summary(given.stream, names=given.names)
    elif given.from_samples:
        sources = Sources(given.points, given.probabilities, names=given.names)
    else:
        sources = Sources.from_moments(given.covariance, given.points, given.mean, names=given.names)
    return problem.replaced(sources=sources)


@dataclass(frozen=True)
class _Measured:
    """What a code has on the samples: its activity, squared error, and how far it is from feasible."""

    activity: Activity
    squared_error: float
    least: float
    error: float
    feasible: bool


def _measure(problem: Problem, encoder: Array, encoder_bias: Array, decoder: Array, decoder_bias: Array) -> _Measured:
    sources, readout = problem.sources, problem.readout
    targets, elsewhere = readout.targets, None if readout.errors is None else readout.errors.probabilities
    weights = encoder @ problem.mixing
    resting = weights @ sources.mean + encoder_bias
    start = resting @ decoder.T + decoder_bias - targets @ sources.mean
    squared_error, least, error, seen = 0.0, np.inf, 0.0, 0
    second_moments = np.zeros(len(encoder))
    reach, largest = np.zeros(len(encoder)), np.zeros(len(targets))
    for block, probabilities in sources.centered_blocks():
        activity = block @ weights.T + resting
        data = block @ targets.T
        missed = activity @ decoder.T + decoder_bias - targets @ sources.mean - data
        share = np.full(len(block), 1 / sources.count) if probabilities is None else probabilities
        second_moments += share @ activity**2
        if not readout.exact:
            counted = share if elsewhere is None else elsewhere[seen : seen + len(block)]
            squared_error += float(counted @ (missed**2).sum(axis=1))
        reach = np.maximum(reach, activity.max(axis=0))
        largest = np.maximum(largest, np.abs(data).max(axis=0))
        least = min(least, float(activity.min(initial=np.inf)))
        error = max(error, float(np.abs(missed).max()))
        seen += len(block)
    if not sources.from_samples:
        # The points are only the support: energy and error come from the moments.
        second_moments = sources.variances(weights) + resting**2
        left = targets - decoder @ weights
        squared_error = float(sources.variances(left).sum() + start @ start)
    # Biases and data may carry a large common offset, whose rounding is not the code's fault.
    offset = float(np.abs(weights @ sources.mean).max(initial=0.0)) + float(np.abs(targets @ sources.mean).max())
    rounding = 64 * np.finfo(float).eps * offset
    nonnegative = least >= -(FEASIBILITY * float(reach.max(initial=0.0)) + rounding)
    exact = error <= FEASIBILITY * float(largest.max()) + rounding * max(1.0, float(np.abs(decoder).max(initial=0.0)))
    allowed = not problem.separate or _one_group_each(problem, weights)
    feasible = bool(nonnegative and (exact or not readout.exact) and allowed)
    return _Measured(Activity(second_moments, resting, reach), squared_error, float(least), error, feasible)


def _one_group_each(problem: Problem, weights: Array) -> bool:
    """Whether each neuron reads one group, up to rounding of the encoder."""
    sizes = np.sort(parts_of(weights * np.sqrt(problem.modular_costs), problem.groups or {}), axis=1)
    # All but the largest are to be nothing.
    return bool((sizes[:, :-1] <= FEASIBILITY * sizes[:, -1:]).all())


def _measure_steps(problem: Problem, code: Code, encoder: Array, encoder_bias: Array) -> tuple[float, bool, float]:
    """Largest error of the activity after a step, whether every step is exact, and what the recurrent weights cost."""
    transitions, sources = problem.transitions, problem.sources
    if transitions is None:
        return 0.0, True, 0.0
    recurrent, bias = np.asarray(code.recurrent), np.asarray(code.recurrent_bias)
    count, neurons = len(transitions), len(encoder)
    if recurrent.shape != (count, neurons, neurons) or bias.shape != (count, neurons):
        raise InputError(
            f"representation: recurrent weights of shape {recurrent.shape} and biases of {bias.shape} do not fit "
            f"{count} transition(s) of {neurons} neuron(s); certify it against the problem it was solved for"
        )
    weights = encoder @ problem.mixing
    resting = weights @ sources.mean + encoder_bias
    error, reach = 0.0, float(resting.max())
    for block, _ in sources.centered_blocks():
        before = block @ weights.T + resting
        for action, moved in enumerate(transitions.moved(block, sources)):
            missed = before @ recurrent[action].T + bias[action] - (moved @ weights.T + resting)
            error = max(error, float(np.abs(missed).max()))
        reach = max(reach, float(before.max()))
    offset = float(np.abs(weights @ sources.mean).max())
    size = max(1.0, float(np.abs(recurrent).sum(axis=2).max()))
    exact = bool(error <= size * (FEASIBILITY * reach + 64 * np.finfo(float).eps * offset))
    return error, exact, problem.recurrent_cost * float((recurrent**2).sum())


# ---- the bound, in whitened coordinates -----------------------------------------------------------------------


def _square(problem: Problem, multiplier: ArrayLike) -> Array:
    _require_problem(problem)
    given = as_matrix(multiplier, "multiplier")
    if given.shape != (problem.dimension, problem.dimension):
        raise InputError(
            f"multiplier: shape {given.shape} does not fit {problem.dimension} source(s); give a square one"
        )
    return given


def _bound(problem: Problem, worth: Array, *, quick: bool, cover: Cover | None = None) -> Bound:
    """The bound that the form of a multiplier in whitened coordinates proves."""
    root = symmetric_root(worth)
    worth = root.T @ root
    rho, exact, worst = _proven_ratio(problem, worth, quick=quick, cover=cover)
    value = problem.whitened.readout.dual_value(root, rho) + problem.least_recurrent
    return Bound(value, rho, exact, worst, problem.whitening.multiplier(worth))


def _bound_of_given(problem: Problem, given: Array, *, quick: bool, cover: Cover | None = None) -> Bound:
    """The bound that a multiplier (d, d) in the sources' coordinates proves."""
    bound = _bound(problem, problem.whitening.worth(given), quick=quick, cover=cover)
    return _as_given(problem, given, bound)


def _as_given(problem: Problem, given: Array, bound: Bound) -> Bound:
    """The bound of a multiplier that is kept as it was given: rewritten from other coordinates it loses digits."""
    symmetric = (given + given.T) / 2
    value = bound.value - problem.least_recurrent
    value = _value_of_given(problem, symmetric, bound.rho, value) + problem.least_recurrent
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
    found, direction = _audit(problem, worth)
    if faces is None or not faces.complete:
        rho, _ = proven_ratio(problem, problem.whitening.multiplier(worth))
        return max(rho, found), rho <= found * (1 + ATTAINED), direction
    priced = problem.pricing.maximise_worth(worth)
    return (priced.rho, True, priced.worst) if priced.rho >= found else (found, True, direction)


def _by_groups(problem: Problem) -> bool:
    """Whether the best codes of the groups, side by side, are the best of those that count: then bounds add up."""
    return problem.separable or (problem.separate and not problem.coupled)


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


def _audit(problem: Problem, worth: Array) -> tuple[float, Array]:
    """Best ratio over random directions, with the support function taken from the samples: a check on the faces."""
    random = np.random.default_rng(0).standard_normal((AUDIT_DIRECTIONS, problem.dimension))
    # The axes too: at a modular code they earn exactly what they cost.
    directions = np.vstack([problem.own_neurons, problem.whitening.weights(random)])
    ratio = _ratios(problem, worth, directions)
    best = int(np.argmax(ratio))
    return float(ratio[best]), directions[best] / problem.neuron_cost(directions[best])[0] ** 0.5


def _ratios(problem: Problem, worth: Array, weights: Array) -> Array:
    """(n,) worth over cost of neurons (n, d)."""
    neurons = problem.whitening.neurons(weights)
    return np.asarray(np.einsum("ni,ij,nj->n", neurons, worth, neurons) / problem.neuron_cost(weights))
