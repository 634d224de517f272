"""An answer judged from the raw samples, sharing no code with the certificate that came with it.

What is found against an answer is measured in rational arithmetic, so it holds whatever the search in floating point
that led there was worth: every accusation can be checked by hand. That nothing is found proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.soundness.codes import codes_of_other_methods, descents, modular_code
from benchmarks.soundness.neurons import Whitened, best_neurons
from benchmarks.soundness.rational import Measured, RationalProblem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from benchmarks.soundness.draws import Drawn

    Array = NDArray[np.float64]

__all__ = ["Claim", "Judgement", "judge"]

ROUNDING = 1e-9
"""Relative excess of a bound over what can be true, or of a loss over what was measured, that is an error."""

BETTER = 1e-6
"""Relative saving by another code that an answer called optimal must not leave."""

FEASIBLE = 1e-9
"""Share of a neuron's largest activity that it may be below zero, and of a channel's range that it may be off."""

FLOATS = 64 * float(np.finfo(float).eps)
"""Rounding of the network's own numbers, relative to the terms of its sums: large offsets leave fewer digits."""

OPTIMAL = 1e-8
"""The gap at which the program calls an answer optimal."""

NEGLIGIBLE = 1e-12
"""Share of a bound that may be added to it by making a singular multiplier regular."""


@dataclass(frozen=True)
class Claim:
    """What the program says of a problem: everything that is judged.

    Attributes:
        status, method, message: as in `solver.Representation`;  loss, lower_bound, gap.
        encoder: (n, dx);  encoder_bias: (n,);  decoder: (dx, n);  decoder_bias: (dx,).
        source_weights: (n, d);  multiplier: (d, d).
    """

    status: str
    method: str
    message: str
    loss: float
    lower_bound: float
    gap: float
    encoder: Array
    encoder_bias: Array
    decoder: Array
    decoder_bias: Array
    source_weights: Array
    multiplier: Array


@dataclass
class Judgement:
    """What was found against a claim.

    Attributes:
        wrong: one sentence for each thing that is false.
        gap: by the measured loss: what the claim leaves open.
        ratio: the largest w'Y w / f(w) found at the claim's multiplier.
        excess: lower bound over the least that was found to be possible, minus one; wrong if above `ROUNDING`.
        saving: share of the loss that another code saves, negative if none does;  saved_by: where that came from.
    """

    wrong: list[str] = field(default_factory=list)
    gap: float = float("nan")
    ratio: float = float("nan")
    excess: float = float("-inf")
    saving: float = float("-inf")
    saved_by: str = ""


def judge(problem: Drawn, claim: Claim, *, with_codes: bool = True) -> Judgement:
    """Judge a claim.

    Args:
        problem: raw numbers.
        claim: what the program says.
        with_codes: also search for cheaper codes, which takes most of the time.
    """
    found = Judgement()
    if not _all_finite(claim):
        found.wrong.append("a number of the answer is not finite")
        return found
    case = _Case(problem, claim, RationalProblem(problem), Whitened(problem), found)
    measured = case.rational.measure(claim.encoder, claim.encoder_bias, claim.decoder, claim.decoder_bias)
    found.gap = 1 - _quotient(claim.lower_bound, measured.loss)
    terms = _terms(problem, claim)
    blur = _blur(terms, measured)
    found.wrong += _against_network(problem, claim, measured, terms, blur)
    found.wrong += _against_words(claim, measured, blur)
    rng = np.random.default_rng([problem.seed, problem.index, 1])
    _search_neurons(case, rng)
    if with_codes:
        _search_codes(case, rng)
    return found


@dataclass(frozen=True)
class _Case:
    """All that a search asks of: the problem, what is claimed of it, and what was found so far."""

    problem: Drawn
    claim: Claim
    rational: RationalProblem
    white: Whitened
    found: Judgement


def _all_finite(claim: Claim) -> bool:
    numbers = (claim.loss, claim.lower_bound, claim.gap, claim.encoder, claim.encoder_bias, claim.decoder)
    return all(
        np.isfinite(item).all() for item in (*numbers, claim.decoder_bias, claim.source_weights, claim.multiplier)
    )


def _quotient(numerator: float | Fraction, denominator: float | Fraction) -> float:
    """Divided exactly, then rounded."""
    return float(Fraction(numerator) / Fraction(denominator))


# ---- the network --------------------------------------------------------------------------------------------------


def _against_network(problem: Drawn, claim: Claim, measured: Measured, into: Array, blur: float) -> Iterator[str]:
    data = _data(problem)
    out = np.abs(claim.decoder) @ into + np.abs(claim.decoder_bias) + np.abs(data).max(axis=0)
    for neuron, (least, reach) in enumerate(zip(measured.least, measured.reach, strict=True)):
        if least < -(FEASIBLE * abs(float(reach)) + FLOATS * into[neuron]):
            yield f"neuron {neuron} is active at {float(least):.3g}, below zero (its largest is {float(reach):.3g})"
    for channel, (error, spread) in enumerate(zip(measured.error, np.ptp(data, axis=0), strict=True)):
        if error > FEASIBLE * spread + FLOATS * out[channel]:
            yield f"channel {channel} is reconstructed with an error of {float(error):.3g} in a range of {spread:.3g}"
    apart = _quotient(claim.loss, measured.loss) - 1
    if abs(apart) > ROUNDING + blur:
        yield f"the loss {claim.loss:.15g} is {apart:+.3g} of what the network costs, {float(measured.loss):.15g}"


def _data(problem: Drawn) -> Array:
    """(T, dx) what the network sees."""
    return problem.points if problem.mixing is None else problem.points @ problem.mixing.T


def _terms(problem: Drawn, claim: Claim) -> Array:
    """(n,) what the sum of each neuron is made of, and so what floats can say of it."""
    return np.asarray(np.abs(claim.encoder) @ np.abs(_data(problem)).max(axis=0) + np.abs(claim.encoder_bias))


def _blur(terms: Array, measured: Measured) -> float:
    """By how much of itself the loss changes as biases are rounded: far from zero no float says them better."""
    reach = np.array([abs(float(value)) for value in measured.reach])
    return float(2 * FLOATS * (reach @ terms)) / float(measured.loss)


def _against_words(claim: Claim, measured: Measured, blur: float) -> Iterator[str]:
    over = _quotient(claim.lower_bound, measured.loss) - 1
    if over > ROUNDING + blur:
        yield f"the lower bound {claim.lower_bound:.15g} is {over:.3g} above the answer's own loss"
    gap = 1 - claim.lower_bound / claim.loss
    if abs(gap - claim.gap) > ROUNDING:
        yield f"the gap is said to be {claim.gap:.3g}, and is {gap:.3g}"
    if (claim.status == "optimal") != (claim.gap <= OPTIMAL):
        yield f"the status is {claim.status} at a gap of {claim.gap:.3g}"


# ---- the bound ----------------------------------------------------------------------------------------------------


def _search_neurons(case: _Case, rng: np.random.Generator) -> None:
    """Neurons that earn more than the multiplier was said to let them: what it can prove at most, given those."""
    claim, found = case.claim, case.found
    if not claim.lower_bound > 0:
        return
    proven = list(_most_proven(case, rng))
    if not proven:
        found.wrong.append(f"the lower bound {claim.lower_bound:.15g} has a multiplier that proves none")
        return
    bound, ratio = min(proven)
    found.ratio = float(ratio)
    excess = _quotient(claim.lower_bound, bound) - 1
    found.excess = max(found.excess, excess)
    if excess > ROUNDING:
        found.wrong.append(
            f"the lower bound {claim.lower_bound:.15g} is {excess:.3g} above what its multiplier can prove: a neuron "
            f"earns {float(ratio):.15g} of what it costs"
        )


def _most_proven(case: _Case, rng: np.random.Generator) -> Iterator[tuple[Fraction, Fraction]]:
    multiplier, weights = case.claim.multiplier, case.claim.source_weights
    grams = [weights.T @ weights, _least_gram(case.white, multiplier)]
    for neuron in best_neurons(case.white, multiplier, weights, rng):
        for gram in grams:
            try:
                yield case.rational.most_proven(multiplier, neuron, gram)
            except (ZeroDivisionError, ValueError):
                # Nothing earned, or a G that is singular or not finite: no argument, for or against.
                continue


def _least_gram(white: Whitened, multiplier: Array) -> Array:
    """(d, d) G with the least tr(Y G) + decoder_cost tr(K G^-1), up to rounding; where that is at infinity, far out.

    With Y = R'R and R A' = U S V' it is sqrt(decoder_cost) R^-1 U S U' R^-T.
    """
    length = np.linalg.norm(white.mixing, axis=0)
    scaled = multiplier / np.outer(length, length)
    values, vectors = np.linalg.eigh((scaled + scaled.T) / 2)
    floor = max((NEGLIGIBLE * np.sqrt(np.maximum(values, 0)).sum()) ** 2, float(np.finfo(float).tiny))
    root = vectors * np.sqrt(np.maximum(values, floor))
    left, size, _ = np.linalg.svd(root.T @ (white.mixing / length).T, full_matrices=False)
    half = np.linalg.solve(root.T, left * np.sqrt(size)) / length[:, None]
    return white.decoder_cost**0.5 * half @ half.T


# ---- other codes --------------------------------------------------------------------------------------------------


def _search_codes(case: _Case, rng: np.random.Generator) -> None:
    claim, found = case.claim, case.found
    for name, weights in _codes(case, rng):
        try:
            loss = case.rational.code_loss(weights)
        except (ZeroDivisionError, ValueError, OverflowError):
            # Neurons that do not span the sources, or whose numbers have run away, are no code.
            continue
        saving = 1 - _quotient(loss, claim.loss)
        if saving > found.saving:
            found.saving, found.saved_by = saving, name
        excess = _quotient(claim.lower_bound, loss) - 1
        found.excess = max(found.excess, excess)
        if excess > ROUNDING:
            found.wrong.append(
                f"the lower bound {claim.lower_bound:.15g} is {excess:.3g} above the loss of a code ({name}), "
                f"{float(loss):.15g}"
            )
        if saving > BETTER and claim.status == "optimal":
            found.wrong.append(f"a code ({name}) saves {saving:.3g} of the loss of an answer called optimal")


def _codes(case: _Case, rng: np.random.Generator) -> Iterator[tuple[str, Array]]:
    yield "the answer's own weights", case.claim.source_weights
    yield "modular", modular_code(case.problem, case.white)
    yield from descents(case.white, case.claim.source_weights, rng)
    yield from codes_of_other_methods(case.problem)
