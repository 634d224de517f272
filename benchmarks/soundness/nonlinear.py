"""Answers of rectified and free neurons, judged from the raw samples by code that the program does not share.

What a network costs, and what a neuron earns of what it costs, are rational functions of floats and computed as such.
The best bound that a multiplier N (T, k) can prove, whatever neurons there are, is for any neuron a

    max over t <= 1 / rho of  t |N'X|_* - t^2 sum_t |N_t|^2 / (4 error_cost q_t),    rho^2 = |N'a|^2 / (4 mu c(a))

with X the targets, q the weights of errors, mu the cost of the decoder; |.|_* is the sum of singular values, to which
a turn of N brings <N, X>.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.soundness.cells import Priced, best_directions
from benchmarks.soundness.draws import Drawn
from benchmarks.soundness.judgement import FEASIBLE, FLOATS, OPTIMAL, ROUNDING, Judgement, against_gap, is_finite
from benchmarks.soundness.rational import exact, inverse
from theory.arrays import Array

Exact = NDArray[np.object_]

__all__ = ["NonlinearClaim", "Setting", "judge_nonlinear"]


@dataclass(frozen=True)
class NonlinearClaim:
    """What the program says of a problem of rectified or free neurons: everything that is judged."""

    # As in `solver.Representation`.
    status: str
    method: str
    message: str
    loss: float
    lower_bound: float
    gap: float
    sample_activity: Array  # (T, n)
    encoder: Array  # (n, dx), or (n, 0)
    encoder_bias: Array  # (n,)
    decoder: Array  # (r, n)
    decoder_bias: Array  # (r,)
    multiplier: Array  # (T, r)
    # Of codes it is compared with; NaN where there are none.
    modular_loss: float
    modular_lower_bound: float
    linear_loss: float


class Setting:
    """A problem of rectified or free neurons as the rationals that its floats are.

    Attributes:
        points: (T, d);  shares: (T,) p;  counted: (T,) q;  targets: (T, k) X, about its mean under q.
        decoder_cost: mu, with the noise that decoder weights let through;  error_cost: None where none may be.
    """

    def __init__(self, problem: Drawn) -> None:
        self.problem = problem
        self.points = exact(problem.points)
        self.shares = _normed(exact(problem.weights))
        elsewhere = problem.reading.probabilities
        self.counted = self.shares if elsewhere is None else _normed(exact(elsewhere))
        self.mixing = exact(np.eye(problem.dimension) if problem.mixing is None else problem.mixing)
        self.decoded = self.points @ exact(problem.targets).T
        self.targets = self.decoded - self.counted @ self.decoded
        self.activity_cost, self.encoder_cost = Fraction(problem.activity_cost), Fraction(problem.encoder_cost)
        self.decoder_cost = Fraction(problem.decoder_cost)
        self.error_cost: Fraction | None = None
        if not problem.reading.exact:
            self.error_cost = Fraction(problem.reading.error_cost)
            self.decoder_cost += self.error_cost * Fraction(problem.reading.noise_variance)

    @property
    def rectified(self) -> bool:
        """Whether neurons have an encoder."""
        return self.problem.activation == "rectified"

    @cached_property
    def weight_costs(self) -> Exact:
        """(d, d) encoder_cost (A'A)^-1."""
        return inverse(self.mixing.T @ self.mixing) * self.encoder_cost

    def activity(self, weights: Array, bias: Array) -> Exact:
        """(T, n) of rectified neurons that read sources with these weights (n, d) and biases (n,)."""
        return np.maximum(self.points @ exact(weights).T + exact(bias), Fraction(0))

    def network_loss(self, activity: Exact, encoder: Exact, decoder: Exact, bias: Exact) -> tuple[Fraction, Exact]:
        """The loss, and the errors (T, r) where they count."""
        loss = self.activity_cost * (self.shares @ activity**2).sum() + self.decoder_cost * (decoder**2).sum()
        if encoder.size:
            loss += self.encoder_cost * (encoder**2).sum()
        missed = activity @ decoder.T + bias - self.decoded if activity.shape[1] else bias - self.decoded
        if self.error_cost is not None:
            loss += self.error_cost * (self.counted @ missed**2).sum()
        return Fraction(loss), missed[self.counted > 0]

    def code_loss(self, activity: Array, weights: Array | None, decoder: Array) -> Fraction:
        """Loss of a code with these activities (T, n), or of these (w, b) (n, d + 1), and its decoder (r, n)."""
        if weights is None:
            acts, paid = exact(activity), Fraction(0)
        else:
            acts, rows = self.activity(weights[:, :-1], weights[:, -1]), exact(weights[:, :-1])
            paid = ((rows @ self.weight_costs) * rows).sum()
        out = exact(decoder)
        constant = self.counted @ (self.decoded - acts @ out.T)
        return paid + self.network_loss(acts, exact(np.empty((0, 0))), out, constant)[0]

    def squared_ratio(self, multiplier: Exact, activity: Exact, weights: Exact | None) -> Fraction:
        """rho^2 of one neuron (T,), with what it reads (d,) if it has an encoder; zero where it costs nothing."""
        cost = self.activity_cost * (self.shares @ activity**2)
        if weights is not None:
            cost += weights @ self.weight_costs @ weights
        earned = ((activity @ multiplier) ** 2).sum()
        return Fraction(earned / (4 * self.decoder_cost * cost)) if cost else Fraction(0)

    def centered(self, multiplier: Array) -> Exact:
        """(T, k) N without what is at samples that do not count, of columns that sum to zero."""
        counts = self.counted > 0
        counted = exact(multiplier) * counts[:, None]
        return np.where(counts[:, None], counted - counted.sum(axis=0) / Fraction(int(counts.sum())), Fraction(0))

    def most_proven(self, multiplier: Exact, squared_ratio: Fraction) -> float:
        """The best bound that N can prove, if a neuron has this ratio squared."""
        gain = float(np.linalg.svd(_floats(multiplier.T @ self.targets), compute_uv=False).sum())
        ratio = float(squared_ratio) ** 0.5
        longest = 1 / ratio if ratio > 0 else float("inf")
        if self.error_cost is None:
            return longest * gain
        counts = self.counted > 0
        spent = float(((multiplier[counts] ** 2).sum(axis=1) / self.counted[counts]).sum() / (4 * self.error_cost))
        length = min(longest, gain / (2 * spent)) if spent > 0 else longest
        return length * gain - length**2 * spent


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
        off = _floats(abs(activity - told)).max(axis=0) - FEASIBLE * claim.sample_activity.max(axis=0) - blur
        for neuron in np.flatnonzero(off > 0):
            yield f"neuron {neuron} is not active as it is said to be"
    if claim.sample_activity.min(initial=0.0) < 0:
        yield f"a neuron is active at {claim.sample_activity.min():.3g}, below zero"
    loss, missed = setting.network_loss(activity, exact(claim.encoder), exact(claim.decoder), exact(claim.decoder_bias))
    errors, size = _floats(abs(missed)), np.abs(claim.decoder) @ blur + FLOATS * np.abs(claim.decoder_bias)
    size = size + FLOATS * np.abs(_floats(setting.decoded)).max(axis=0)
    if setting.error_cost is None:
        reach = max(float(_floats(abs(setting.targets)).max()), _reach(claim))
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
    read = np.abs(claim.encoder) @ np.abs(_floats(setting.mixing)) @ np.abs(setting.problem.points).max(axis=0)
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
        for weights, bias in zip(claim.encoder @ _floats(setting.mixing), claim.encoder_bias, strict=True):
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
    weights[:-1, :-1] = _floats(setting.weight_costs) / np.outer(size, size)
    costs = float(setting.activity_cost) * _floats(setting.shares)
    return Priced(rows, _floats(multiplier), np.ones(len(rows)), costs, weights)


def _free(rows: Exact, shares: Exact, setting: Setting) -> Priced:
    """Neurons a = max(0, N v) / p."""
    directions, weights = _floats(rows), _floats(shares)
    none = np.zeros((directions.shape[1], directions.shape[1]))
    return Priced(directions, directions, 1 / weights, float(setting.activity_cost) * weights, none)


# ---- other codes --------------------------------------------------------------------------------------------------


def _search_codes(setting: Setting, claim: NonlinearClaim, judgement: Judgement, rng: np.random.Generator) -> None:
    from benchmarks.soundness.nonlinear_codes import descents

    if setting.error_cost is None:
        return
    for name, loss, modular in descents(setting, claim, rng):
        judgement.compare(claim, name, loss)
        if modular and claim.modular_lower_bound > float(loss) * (1 + ROUNDING):
            judgement.wrong.append(
                f"the bound of modular codes {claim.modular_lower_bound:.15g} is above the loss of one, "
                f"{float(loss):.15g}"
            )


def _normed(weights: Exact) -> Exact:
    return weights / weights.sum()


def _floats(values: Any) -> Array:
    return np.asarray(values).astype(np.float64)
