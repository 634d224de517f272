"""Answers of rectified and free neurons, judged from the raw samples by code that the program does not share.

The network is run and its loss computed in rational arithmetic. Neurons that earn more than the bound allows, and codes
that are cheaper than the answer, are searched for in floats and computed as rationals before they accuse.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from benchmarks.soundness.cells import Priced, best_directions
from benchmarks.soundness.draws import Drawn
from benchmarks.soundness.judgement import FEASIBLE, FLOATS, OPTIMAL, ROUNDING, Judgement, against_gap, is_finite
from benchmarks.soundness.nonlinear_codes import descents
from benchmarks.soundness.nonlinear_setting import Exact, NonlinearClaim, Setting, floats_of
from benchmarks.soundness.rational import exact
from theory.arrays import Array

__all__ = ["judge_nonlinear"]


def judge_nonlinear(problem: Drawn, claim: NonlinearClaim, *, with_codes: bool = True) -> Judgement:
    """Judge a claim about rectified or free neurons; cheaper codes are searched too if wanted."""
    judgement = Judgement()
    if not is_finite(claim):
        judgement.wrong.append("a number of the answer is not finite")
        return judgement
    setting, rng = Setting(problem), np.random.default_rng([problem.seed, problem.index, 8])
    judgement.wrong += _against_network(setting, claim, judgement)
    judgement.wrong += _against_words(setting, claim)
    _search_neurons(setting, claim, judgement, rng)
    if with_codes:
        _search_codes(setting, claim, judgement, rng)
    return judgement


def _against_network(setting: Setting, claim: NonlinearClaim, judgement: Judgement) -> Iterator[str]:
    """What the network does, exactly, and what is said of it."""
    activity, blur = exact(claim.sample_activity), FLOATS * _terms(setting, claim)
    if setting.rectified and len(claim.encoder):
        told = activity
        weights = exact(claim.encoder) @ setting.mixing
        activity = np.maximum(setting.points @ weights.T + exact(claim.encoder_bias), Fraction(0))
        off = floats_of(abs(activity - told)).max(axis=0) - FEASIBLE * claim.sample_activity.max(axis=0) - blur
        for neuron in np.flatnonzero(off > 0):
            yield f"neuron {neuron} is not active as it is said to be"
    if claim.sample_activity.min(initial=0.0) < 0:
        yield f"a neuron is active at {claim.sample_activity.min():.3g}, below zero"
    loss, missed = setting.network_loss(activity, exact(claim.encoder), exact(claim.decoder), exact(claim.decoder_bias))
    errors, size = floats_of(abs(missed)), np.abs(claim.decoder) @ blur + FLOATS * np.abs(claim.decoder_bias)
    size = size + FLOATS * np.abs(floats_of(setting.decoded)).max(axis=0)
    if setting.error_cost is None:
        reach = max(float(floats_of(abs(setting.targets)).max()), _reach(claim))
        if (errors.max(axis=0) > FEASIBLE * reach + size).any():
            yield f"targets are reconstructed with an error of {errors.max():.3g} in a range of {reach:.3g}"
    moved = float(setting.activity_cost) * float(2 * claim.sample_activity.max(axis=0, initial=0.0) @ blur)
    if setting.error_cost is not None:
        moved += float(setting.error_cost) * float((2 * errors.max(axis=0) * size + size**2).sum())
    apart = float(Fraction(claim.loss) / loss) - 1
    if abs(apart) > ROUNDING + moved / float(loss):
        yield f"the loss {claim.loss:.15g} is {apart:+.3g} of what the network costs, {float(loss):.15g}"
    judgement.gap = 1 - float(Fraction(claim.lower_bound) / loss)


def _terms(setting: Setting, claim: NonlinearClaim) -> Array:
    """(n,) what the sum of each neuron is made of."""
    if not setting.rectified:
        return np.zeros(len(claim.encoder_bias))
    read = np.abs(claim.encoder) @ np.abs(floats_of(setting.mixing)) @ np.abs(setting.problem.points).max(axis=0)
    return np.asarray(read + np.abs(claim.encoder_bias))


def _reach(claim: NonlinearClaim) -> float:
    return float((np.abs(claim.sample_activity) @ np.abs(claim.decoder).T).max(initial=0.0))


def _against_words(setting: Setting, claim: NonlinearClaim) -> Iterator[str]:
    yield from against_gap(claim)
    for name, other in (("linear", claim.linear_loss), ("modular", claim.modular_loss)):
        if claim.loss > other * (1 + OPTIMAL + ROUNDING):
            yield f"the loss {claim.loss:.15g} is more than the {name} loss, {other:.15g}"
        if claim.lower_bound > other * (1 + ROUNDING):
            yield f"the lower bound {claim.lower_bound:.15g} is more than the {name} loss, {other:.15g}"
    if claim.modular_lower_bound > claim.modular_loss * (1 + ROUNDING):
        yield f"the modular loss {claim.modular_loss:.15g} is below its own bound, {claim.modular_lower_bound:.15g}"
    if setting.error_cost is not None:
        nothing = float(setting.error_cost * (setting.counted @ setting.targets**2).sum())
        if claim.loss > nothing * (1 + ROUNDING):
            yield f"the loss {claim.loss:.15g} is more than that of no neurons, {nothing:.15g}"


# ---- the bound ----------------------------------------------------------------------------------------------------


def _search_neurons(setting: Setting, claim: NonlinearClaim, judgement: Judgement, rng: np.random.Generator) -> None:
    if not claim.lower_bound > 0:
        return
    multiplier = setting.centered(claim.multiplier)
    squared = max(_squared_ratios(setting, multiplier, claim, rng), default=Fraction(0))
    judgement.ratio = float(squared) ** 0.5
    most = setting.most_proven(multiplier, squared)
    excess = claim.lower_bound / most - 1 if most > 0 else float("inf")
    judgement.excess = max(judgement.excess, excess)
    if excess > ROUNDING:
        judgement.wrong.append(
            f"the lower bound {claim.lower_bound:.15g} is {excess:.3g} above what its multiplier can prove: a neuron "
            f"earns {judgement.ratio:.15g} of what it costs"
        )


def _squared_ratios(
    setting: Setting, multiplier: Exact, claim: NonlinearClaim, rng: np.random.Generator
) -> Iterator[Fraction]:
    """The ratios, squared, of the best neurons that were found, and of the answer's own."""
    if setting.rectified:
        mean, size = setting.problem.points.mean(axis=0), np.ptp(setting.problem.points, axis=0)
        for direction in best_directions(_rectified(setting, multiplier, mean, size), rng):
            weights = direction[:-1] / size
            bias = np.array([direction[-1] - weights @ mean])
            activity = setting.activity(weights[None], bias)[:, 0]
            yield setting.squared_ratio(multiplier, activity, exact(weights))
        for weights, bias in zip(claim.encoder @ floats_of(setting.mixing), claim.encoder_bias, strict=True):
            activity = setting.activity(weights[None], np.array([bias]))[:, 0]
            yield setting.squared_ratio(multiplier, activity, exact(weights))
        return
    occurs = setting.shares > 0
    rows = multiplier[occurs]
    shares = setting.shares[occurs]
    for direction in best_directions(_free(rows, shares, setting), rng):
        activity = setting.shares * 0
        activity[occurs] = np.maximum(rows @ exact(direction), Fraction(0)) / shares
        yield setting.squared_ratio(multiplier, activity, None)
    for activity in exact(claim.sample_activity).T:
        yield setting.squared_ratio(multiplier, activity, None)


def _rectified(setting: Setting, multiplier: Exact, mean: Array, size: Array) -> Priced:
    """Neurons (w, b) of sources about their mean, each in units of its range."""
    rows = np.column_stack([(setting.problem.points - mean) / size, np.ones(len(setting.points))])
    weights = np.zeros((rows.shape[1], rows.shape[1]))
    weights[:-1, :-1] = floats_of(setting.weight_costs) / np.outer(size, size)
    costs = float(setting.activity_cost) * floats_of(setting.shares)
    return Priced(rows, floats_of(multiplier), np.ones(len(rows)), costs, weights)


def _free(rows: Exact, shares: Exact, setting: Setting) -> Priced:
    """Neurons a = max(0, N v) / p."""
    directions, weights = floats_of(rows), floats_of(shares)
    none = np.zeros((directions.shape[1], directions.shape[1]))
    return Priced(directions, directions, 1 / weights, float(setting.activity_cost) * weights, none)


# ---- other codes --------------------------------------------------------------------------------------------------


def _search_codes(setting: Setting, claim: NonlinearClaim, judgement: Judgement, rng: np.random.Generator) -> None:
    if setting.error_cost is None:
        return
    for name, loss, modular in descents(setting, claim, rng):
        judgement.compare(claim, name, loss)
        if modular and claim.modular_lower_bound > float(loss) * (1 + ROUNDING):
            judgement.wrong.append(
                f"the bound of modular codes {claim.modular_lower_bound:.15g} is above the loss of one, "
                f"{float(loss):.15g}"
            )
