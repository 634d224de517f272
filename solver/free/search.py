"""Codes of free neurons, better and better, and bounds that meet them.

1. Bring the problem to its units (`setting`). If no neuron is worth having at the empty code, silence is the answer.
2. Start with directions spread over the sphere, in every view. An exact decoder is approached by ever larger kappa.
3. Energies of all directions (`master`, convex); leave out those that come to nothing, merge those nearly parallel.
4. Newton in all decoders at once (`descent`), so that directions find their place.
5. Price: the bound of all directions for this multiplier gives the lower bound; directions worth more than one are new.
   An exact decoder has many multipliers: where its own do not prove enough those of expensive errors are tried.
6. Climb from the new ones and from random ones to the tops of the worth, and add those apart from the neurons' own.
7. When loss and bound meet, merge neurons that are nearly parallel, and keep of the others a basic solution of the
   conditions, if the loss rises by a tenth of the tolerance at most. Neurons of the worth one that are left out tie
   with those kept.
8. Otherwise go to 3.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from solver.deadline import time_is_up, time_left
from solver.free.climb import apart, climbed
from solver.free.descent import Point, descend
from solver.free.few import basic, fewer, merged_within
from solver.free.loss import FreeLoss
from solver.free.master import MasterSolution, best_energies
from solver.free.pricing import FreeRatio, largest_ratio
from solver.free.response import Decoders, Levels, ScaledSamples, active, centred, respond
from solver.free.setting import Setting, setting
from solver.free.views import View, views_of_groups, whole_view
from theory.arrays import Array, Indices
from theory.immutable import Frozen
from theory.neurons.nonlinear import require_costly_activity


@dataclass(frozen=True, eq=False)
class FreeStep(Frozen):
    """Where the search stands: the best code and the best bound so far, which need not belong together."""

    neurons: Array  # (n, k) decoders
    activity: Array  # (T, n)
    loss: float  # of the code with its best decoder
    multiplier: Array  # (T, k) N
    lower_bound: float  # of every code's loss
    views: Indices  # (n,) the source or group that each neuron reads, 0 for neurons of any kind
    note: str  # what happened


@dataclass(frozen=True)
class Tolerances:
    """What the search takes for small, in units of the loss."""

    master: float = 1e-12  # the master's own gap: far below what anybody asks of the loss
    nothing: float = 1e-7  # energy, as a share of the largest, that leaves a neuron out
    angle: float = 0.03  # within which neurons are merged in a round; a quarter after each round that gains little
    descent_seconds: float = 1.0  # of Newton steps a round, so that a caller may stop in between
    proof_seconds: float = 1.5  # of cones a round
    lost: float = 2.0  # times the worth before the descent that says that the descent lost a neuron it needed
    rounds: int = 60  # at most; two to six are usual
    stuck: int = 8  # rounds without a better loss or bound that end the search


FREE_SEARCH = Tolerances()


def steps(loss: FreeLoss, *, tolerance: float, rng: np.random.Generator) -> Iterator[FreeStep]:
    """Codes of neurons of any activity, with lower bounds.

    Args:
        loss: costs and samples.
        tolerance: the gap at which to end, as a share of the loss.
        rng: for the directions to start with.

    Raises:
        InputError: activity costs nothing where errors count.

    Example:
        >>> from solver.free.loss import FreeLoss
        >>> from theory.neurons.sample_readout import SampleReadout
        >>> half = np.array([0.5, 0.5])
        >>> loss = FreeLoss(half, 1.0, SampleReadout(np.array([[-1.0], [1.0]]), half, 1.0, np.inf))
        >>> *_, last = steps(loss, tolerance=1e-9, rng=np.random.default_rng(0))
        >>> round(last.loss, 6), len(last.neurons)
        (2.828427, 2)
    """
    require_costly_activity(loss.probabilities, loss.readout.error_weights)
    yield from _search(loss, [whole_view(loss.probabilities)], tolerance, rng)


def modular_steps(
    loss: FreeLoss,
    sources: Array,
    *,
    tolerance: float,
    rng: np.random.Generator,
    groups: Sequence[Sequence[int]] | None = None,
) -> Iterator[FreeStep]:
    """Codes whose neurons each are a function of one source (or of one group's values), with lower bounds of those.

    Args:
        loss: costs and samples.
        sources: (T, d).
        tolerance: the gap at which to end, as a share of the loss.
        rng: for the directions to start with.
        groups: columns of each group; each source by itself if None.

    Raises:
        InputError: activity costs nothing where errors count, or no sum of such neurons is exact.

    Example:
        >>> from solver.free.loss import FreeLoss
        >>> from theory.neurons.sample_readout import SampleReadout
        >>> corners = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
        >>> loss = FreeLoss(np.full(4, 0.25), 1.0, SampleReadout(corners, np.full(4, 0.25), 1.0, 100.0))
        >>> *_, last = modular_steps(loss, corners, tolerance=1e-9, rng=np.random.default_rng(0))
        >>> round(last.loss, 6), sorted(set(last.views.tolist()))
        (5.616854, [0, 1])
    """
    yield from _search(loss, views_of_groups(sources, loss.probabilities, groups), tolerance, rng)


def _search(loss: FreeLoss, views: Sequence[View], tolerance: float, rng: np.random.Generator) -> Iterator[FreeStep]:
    """The rounds."""
    posed = setting(loss, views)
    silent = _silence(loss, views, tolerance)
    if silent is not None:
        yield silent
    if posed is None or (silent is not None and silent.loss - silent.lower_bound <= tolerance * silent.loss):
        return
    best, angle = silent, FREE_SEARCH.angle
    units, energies = _start(posed.samples, rng)  # step 2
    offset, M, idle = np.zeros(posed.samples.targets.shape[1]), None, 0
    # An exact decoder, or a nearly exact one, comes after others of smaller kappa.
    for stage in (*_eased(posed.samples, (1e-2, 1e-4, 1e-6)), posed.samples):
        solution = best_energies(stage, units, energies, offset, M, tolerance=FREE_SEARCH.master)
        energies, offset, M = solution.energies, solution.offset, solution.response.multiplier
    for _ in range(FREE_SEARCH.rounds):  # step 8
        solution = best_energies(posed.samples, units, energies, offset, M, tolerance=FREE_SEARCH.master)  # step 3
        point = _polished(posed.samples, units, solution, angle)  # step 4
        new, ratio = _judged(loss, posed, views, point, tolerance)  # step 5
        if new.loss - new.lower_bound > tolerance * new.loss:
            before = Point(solution.offset, solution.response)
            other, wider = _judged(loss, posed, views, before, tolerance)
            if not np.isfinite(new.loss) or ratio.rho > FREE_SEARCH.lost * wider.rho:
                point, ratio = before, wider
            new = _joined(new, other)
            for stage in _eased(posed.samples):
                if new.loss - new.lower_bound <= tolerance * new.loss or time_is_up():
                    break
                softer = best_energies(stage, units, energies, offset, M, tolerance=FREE_SEARCH.master)
                other, _ = _judged(loss, posed, views, _polished(stage, units, softer, angle), tolerance)
                new = _joined(new, other)
        met = new.loss - new.lower_bound <= tolerance * new.loss
        if met:
            few = fewer(posed.samples, point, tolerance=0.1 * tolerance)  # step 7
            if few is not None:
                other, _ = _judged(loss, posed, views, few, tolerance)
                new = other if other.loss - max(other.lower_bound, new.lower_bound) <= tolerance * other.loss else new
        better = _joined(best, new)
        faster = best is None or _gap(better) < 0.3 * _gap(best)
        idle = 0 if faster else idle + 1
        angle = angle if faster else angle / 4
        best = better
        yield best
        if _gap(best) <= tolerance or idle >= FREE_SEARCH.stuck:
            return
        units, energies = _widened(posed, point, ratio, angle, rng)  # step 6
        offset, M = point.offset, point.response.multiplier


def _seconds_to_prove() -> float:
    return min(FREE_SEARCH.proof_seconds, max(time_left(), 0.0))


def _gap(step: FreeStep) -> float:
    """Loss above the bound, as a share of the loss."""
    return (step.loss - step.lower_bound) / step.loss if np.isfinite(step.loss) and step.loss > 0 else float("inf")


def _silence(loss: FreeLoss, views: Sequence[View], tolerance: float) -> FreeStep | None:
    """Step 1: the empty code, and whether any neuron is worth having there. None if the decoder must be exact."""
    readout = loss.readout
    varies = bool((np.abs(readout.targets[readout.error_weights > 0]) > 0).any())
    if readout.exact and varies:
        return None
    T, k = readout.targets.shape
    nobody, decoders = np.zeros((T, 0)), np.zeros((0, k))
    places = np.zeros(0, dtype=int)
    if not varies:
        return FreeStep(decoders, nobody, 0.0, np.zeros((T, k)), 0.0, places, "the targets do not vary: no neuron")
    value = readout.value(np.zeros((T, 1)))
    N = readout.multiplier(np.zeros((T, 1)))
    ratio = largest_ratio(loss, N, tolerance=tolerance / 4, seconds=_seconds_to_prove(), views=views)
    bound = min(readout.bound(N, ratio.rho), value)
    return FreeStep(decoders, nobody, value, N, bound, places, "no neuron")


def _start(samples: ScaledSamples, rng: np.random.Generator) -> tuple[Decoders, Array]:
    """Step 2: unit directions in every view, and energies."""
    k = samples.targets.shape[1]
    if k == 1 or len(samples.views) > 2:
        directions = np.concatenate([np.eye(k), -np.eye(k)])
    elif k == 2:
        angles = np.arange(64) * (2 * np.pi / 64) + 0.01
        directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    else:
        drawn = rng.normal(size=(40 * k, k))
        drawn /= np.linalg.norm(drawn, axis=1)[:, None]
        directions = np.concatenate([np.eye(k), -np.eye(k), drawn, -drawn])
    count = len(samples.views)
    units = Decoders(np.tile(directions, (count, 1)), np.repeat(np.arange(count), len(directions)))
    return units, np.full(len(units.views), 1 / len(units.views))


def _eased(samples: ScaledSamples, eases: tuple[float, ...] = (1e-4, 1e-5, 1e-6)) -> Iterator[ScaledSamples]:
    """The problem with errors allowed, at 1 / kappa = each ease, where its decoder is exact or nearly so."""
    scale = samples.slack.max() if samples.slack.max() > 0 else 0.0
    for ease in eases:
        eased = np.maximum(samples.slack, ease * _weights(samples))
        if scale < ease * _weights(samples).max():
            yield ScaledSamples(samples.targets, eased, samples.ones, samples.views)


def _weights(samples: ScaledSamples) -> Array:
    """Slack of kappa = 1 when errors count as activity does."""
    return 1 / samples.views[0].probabilities if samples.apart else np.ones(len(samples.slack))


def _polished(samples: ScaledSamples, units: Decoders, solution: MasterSolution, angle: float) -> Point:
    """Step 4, after leaving out and merging neurons."""
    kept = solution.energies > FREE_SEARCH.nothing * solution.energies.max()
    chosen = units.chosen(kept)
    decoders = Decoders(chosen.decoders * np.sqrt(solution.energies[kept])[:, None], chosen.views)
    neurons = merged_within(decoders, angle)
    start = Point(solution.offset, respond(samples, neurons, solution.offset, solution.response.multiplier))
    if len(start.response.neurons.views) > samples.targets.size:  # more than can be independent
        start = basic(samples, start) or start
    return descend(samples, start, seconds=FREE_SEARCH.descent_seconds)


def _judged(
    loss: FreeLoss, posed: Setting, views: Sequence[View], point: Point, tolerance: float
) -> tuple[FreeStep, FreeRatio]:
    """Step 5: the code of a point in the problem's own units, and its bound."""
    response = point.response
    neurons = response.neurons
    V = np.sqrt(posed.loss_unit / loss.readout.decoder_cost) * neurons.decoders @ posed.axes
    M = posed.spread(response.multiplier)
    activity = np.zeros((len(M), len(V)))
    for place, view in enumerate(views):
        own, paid = neurons.views == place, view.probabilities > 0
        pushed = view.totals(M)[paid] @ neurons.decoders[own].T
        levels = np.zeros((len(paid), int(own.sum())))
        levels[paid] = active(Levels(view.probabilities[paid]), pushed, response.smoothing)[0]
        activity[:, own] = np.sqrt(posed.loss_unit / loss.activity_cost) * levels[view.labels]
    N = posed.multiplier(centred(response))
    value = loss.value(activity)
    ratio = largest_ratio(loss, N, tolerance=tolerance / 10, seconds=_seconds_to_prove(), views=views)
    bound = loss.readout.bound(N, ratio.rho)
    note = f"{len(V)} neuron{'' if len(V) == 1 else 's'}, worth at most {ratio.rho:.12g}"
    return FreeStep(V, activity, value, N, min(bound, value), neurons.views, note), ratio


def _joined(old: FreeStep | None, new: FreeStep) -> FreeStep:
    """The better code and the better bound."""
    if old is None:
        return new
    code = new if new.loss <= old.loss else old
    proof = new if new.lower_bound >= old.lower_bound else old
    bound = min(proof.lower_bound, code.loss)
    return FreeStep(code.neurons, code.activity, code.loss, proof.multiplier, bound, code.views, new.note)


def _widened(
    posed: Setting, point: Point, ratio: FreeRatio, angle: float, rng: np.random.Generator
) -> tuple[Decoders, Array]:
    """Step 6: the neurons and new directions, with energies."""
    neurons = point.response.neurons
    energies = (neurons.decoders**2).sum(axis=1)
    units = Decoders(neurons.decoders / np.sqrt(energies)[:, None], neurons.views)
    seeds = ratio.neurons @ posed.axes.T
    for place, view in enumerate(posed.samples.views):
        Z = view.totals(point.response.multiplier) / np.sqrt(view.probabilities)[:, None]
        tops = climbed(Z, seeds[ratio.views == place], angle, rng)
        k = tops.shape[1]
        tops = np.concatenate([tops, np.eye(k), -np.eye(k)])  # with these an offset has room
        tops = apart(tops, units.decoders[units.views == place])
        units = units.joined(Decoders(tops, np.full(len(tops), place)))
    fresh = len(units.views) - len(energies)
    return units, np.concatenate([energies, np.full(fresh, 1e-3 * energies.mean())])
