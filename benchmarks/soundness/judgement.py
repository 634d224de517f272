"""An answer judged from the raw samples, sharing no code with the certificate that came with it.

What is found against an answer is measured in rational arithmetic, so it holds whatever the search in floating point
that led there was worth: every accusation can be checked by hand. That nothing is found proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from fractions import Fraction
from itertools import product
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.soundness.codes import codes_of_other_methods, descents, modular_code
from benchmarks.soundness.draws import Drawn
from benchmarks.soundness.neurons import Whitened, best_neurons
from benchmarks.soundness.rational import Measured, RationalProblem
from theory.arrays import Array

ROUNDING = 1e-9
"""Relative excess that is an error: of a bound over what can be true, of a loss over what was measured, or of one
computation of a number over another."""

BETTER = 1e-6  # relative saving by another code that an answer called optimal must not leave

FEASIBLE = 1e-9
"""Share of a neuron's largest activity that it may be below zero, and of a channel's range that it may be off."""

FLOATS = 64 * float(np.finfo(float).eps)
"""Rounding of the network's own numbers, relative to the terms of its sums: large offsets leave fewer digits."""

OPTIMAL = 1e-8  # the gap at which the program calls an answer optimal


OneClaim = TypeVar("OneClaim", bound="NetworkClaim")


@dataclass(frozen=True)
class NetworkClaim:
    """What the program says of a network of any kind, by the names of its answer."""

    status: str
    method: str
    message: str
    loss: float
    lower_bound: float
    gap: float
    encoder: Array  # (n, dx), or (n, 0) of free neurons
    encoder_bias: Array  # (n,)
    decoder: Array  # (r, n)
    decoder_bias: Array  # (r,)


@dataclass(frozen=True)
class Claim(NetworkClaim):
    """What the program says of a problem, by the names of `solver.Representation`: everything that is judged."""

    source_weights: Array  # (n, d)
    multiplier: Array  # (d, d)
    modular_loss: float = float("nan")


def claim_of(answer: object, kind: type[OneClaim]) -> OneClaim:
    """What is judged of an answer, which has the fields of this kind of claim."""
    return kind(**{item.name: getattr(answer, item.name) for item in fields(kind)})


@dataclass
class Judgement:
    """What was found against a claim."""

    wrong: list[str] = field(default_factory=list)  # one sentence for each thing that is false
    gap: float = float("nan")  # by the measured loss: what the claim leaves open
    ratio: float = float("nan")  # the largest w'Y w / f(w) found at the claim's multiplier
    # Lower bound over the least that was found to be possible, minus one; wrong if above `ROUNDING`.
    excess: float = float("-inf")
    saving: float = float("-inf")  # share of the loss that another code saves, negative if none does
    saved_by: str = ""  # where that came from

    def compare(self, claim: Any, name: str, loss: Fraction) -> None:
        """Hold a claim, with loss, lower bound and status, against the exact loss of a code found for its problem."""
        saving, excess = 1 - _quotient(loss, claim.loss), _quotient(claim.lower_bound, loss) - 1
        if saving > self.saving:
            self.saving, self.saved_by = saving, name
        self.excess = max(self.excess, excess)
        if excess > ROUNDING:
            self.wrong.append(
                f"the lower bound {claim.lower_bound:.15g} is {excess:.3g} above the loss of a code ({name}), "
                f"{float(loss):.15g}"
            )
        if saving > BETTER and claim.status == "optimal":
            self.wrong.append(f"a code ({name}) saves {saving:.3g} of the loss of an answer called optimal")


def has_lost_digits(answer: Any) -> bool:
    """Whether an answer, or what it claims, says that its network has lost its digits, and is not called optimal."""
    told = "rounding keeps its encoder or decoder from what the weights promise"
    return told in answer.message and answer.status != "optimal"


def judge(problem: Drawn, claim: Claim, *, with_codes: bool = True) -> Judgement:
    """Judge a claim; the search for cheaper codes takes most of the time."""
    judgement = Judgement()
    if not is_finite(claim):
        judgement.wrong.append("a number of the answer is not finite")
        return judgement
    case = _Case(problem, claim, RationalProblem(problem), _pieces(problem), judgement)
    measured = case.rational.measure(claim.encoder, claim.encoder_bias, claim.decoder, claim.decoder_bias)
    judgement.gap = 1 - _quotient(claim.lower_bound, measured.loss)
    terms = _terms(problem, claim)
    blur = _blur(problem, claim, terms, measured)
    if not has_lost_digits(claim):
        judgement.wrong += _against_network(problem, claim, measured, terms, blur)
    judgement.wrong += _against_words(claim, measured, blur)
    judgement.wrong += _against_simple_codes(case, blur)
    rng = np.random.default_rng([problem.seed, problem.index, 1])
    _search_neurons(case, rng)
    if with_codes:
        _search_codes(case, rng)
    return judgement


@dataclass(frozen=True)
class _Piece:
    """A part of the loss that is bounded by itself, and the neurons that may read it."""

    white: Whitened  # of the sources that it is about
    families: tuple[Whitened, ...]  # of the sources that one neuron may read


@dataclass(frozen=True)
class _Case:
    """All that a search asks of: the problem, what is claimed of it, and what was found so far."""

    problem: Drawn
    claim: Claim
    rational: RationalProblem
    pieces: tuple[_Piece, ...]
    judgement: Judgement


def _pieces(problem: Drawn) -> tuple[_Piece, ...]:
    """One piece of all sources; one per group where it is plain that groups have nothing to do with each other."""
    groups = () if problem.groups is None else tuple(problem.groups.values())
    whole = Whitened(problem)
    if not (problem.separate or (groups and _is_product(problem, whole))):
        return (_Piece(whole, (whole,)),)
    families = tuple(Whitened(problem, members) for members in groups)
    if whole.ridge is not None and not _apart(whole.ridge, groups):
        return (_Piece(whole, families),)
    return tuple(_Piece(family, (family,)) for family in families if family.targets.any())


def _apart(matrix: Array, groups: tuple[tuple[int, ...], ...]) -> bool:
    """Whether a positive matrix has no entries between groups but rounding."""
    size = np.sqrt(np.outer(np.diag(matrix), np.diag(matrix)))
    within = np.zeros(matrix.shape, dtype=bool)
    for members in groups:
        within[np.ix_(members, members)] = True
    return bool((within | (np.abs(matrix) <= 1e-12 * size)).all())


def _is_product(problem: Drawn, whole: Whitened) -> bool:
    """Whether no neuron of several groups can be worth more than its parts: the hull is a product over the groups.

    So it is if every combination of what is extreme in each group occurs, and neither the encoder nor the readout
    connects them.
    """
    groups = tuple((problem.groups or {}).values())
    mixing = np.eye(problem.dimension) if problem.mixing is None else problem.mixing
    encoder = np.linalg.pinv(mixing)
    forms = [whole.targets.T @ whole.targets]
    weights = encoder @ encoder.T if problem.energy.costs is None else problem.energy.costs
    forms += [weights] if problem.encoder_cost else []
    forms += [] if whole.ridge is None else [whole.ridge]
    if not all(_apart(form, groups) for form in forms):
        return False
    unit = np.abs(problem.points).max(axis=0) * 1e-12
    points = np.round(problem.points / np.maximum(unit, np.finfo(float).tiny))
    corners = [_corners(points[:, list(members)]) for members in groups]
    if np.prod([float(len(rows)) for rows in corners]) > len(points):
        return False
    there = set(map(tuple, points[:, [index for members in groups for index in members]].tolist()))
    return all(tuple(np.concatenate(parts).tolist()) in there for parts in product(*corners))


def _corners(points: Array) -> Array:
    """Extreme points (k, d) of some (T, d); of a flat cloud all of them."""
    from scipy.spatial import ConvexHull, QhullError

    distinct = np.unique(points, axis=0)
    if points.shape[1] == 1:
        return distinct[[0, -1]]
    try:
        return np.asarray(distinct[ConvexHull(distinct).vertices])
    except (QhullError, ValueError):
        return distinct


def is_finite(claim: Any) -> bool:
    """Whether all numbers of a claim are finite, but for what other codes cost, which may be unknown."""
    others = ("modular_loss", "modular_lower_bound", "linear_loss")
    numbers = [value for name, value in vars(claim).items() if name not in others and not isinstance(value, str)]
    return all(np.isfinite(value).all() for value in numbers)


def against_gap(claim: Any) -> Iterator[str]:
    """What status and gap say that loss and lower bound do not."""
    gap = 1 - claim.lower_bound / claim.loss
    if abs(gap - claim.gap) > ROUNDING:
        yield f"the gap is said to be {claim.gap:.3g}, and is {gap:.3g}"
    if claim.status == "optimal" and not claim.gap <= OPTIMAL:
        yield f"the status is {claim.status} at a gap of {claim.gap:.3g}"


def _quotient(numerator: float | Fraction, denominator: float | Fraction) -> float:
    """Divided exactly, then rounded."""
    return float(Fraction(numerator) / Fraction(denominator))


# ---- the network --------------------------------------------------------------------------------------------------


def _against_network(problem: Drawn, claim: Claim, measured: Measured, into: Array, blur: float) -> Iterator[str]:
    decoded = problem.points @ problem.targets.T
    out = np.abs(claim.decoder) @ into + np.abs(claim.decoder_bias)
    out = out + np.abs(problem.targets) @ np.abs(problem.points).max(axis=0)
    for neuron, (least, reach) in enumerate(zip(measured.least, measured.reach, strict=True)):
        if least < -(FEASIBLE * abs(float(reach)) + FLOATS * into[neuron]):
            yield f"neuron {neuron} is active at {float(least):.3g}, below zero (its largest is {float(reach):.3g})"
    for channel, (error, spread) in enumerate(zip(measured.error, np.ptp(decoded, axis=0), strict=True)):
        if problem.reading.exact and error > FEASIBLE * spread + FLOATS * out[channel]:
            yield f"channel {channel} is reconstructed with an error of {float(error):.3g} in a range of {spread:.3g}"
    yield from _against_groups(problem, claim)
    apart = _quotient(claim.loss, measured.loss) - 1
    if abs(apart) > ROUNDING + blur:
        yield f"the loss {claim.loss:.15g} is {apart:+.3g} of what the network costs, {float(measured.loss):.15g}"


def _against_groups(problem: Drawn, claim: Claim) -> Iterator[str]:
    if not problem.separate:
        return
    size = np.abs(claim.source_weights) * np.ptp(problem.points, axis=0)
    parts = np.column_stack([size[:, list(members)].max(axis=1) for members in (problem.groups or {}).values()])
    for neuron in np.flatnonzero((parts > 1e-6 * parts.max(axis=1, keepdims=True, initial=0.0)).sum(axis=1) > 1):
        yield f"neuron {neuron} reads several groups, and was to read one"


def _data(problem: Drawn) -> Array:
    """(T, dx) what the network sees."""
    return problem.points if problem.mixing is None else problem.points @ problem.mixing.T


def _terms(problem: Drawn, claim: Claim) -> Array:
    """(n,) what the sum of each neuron is made of, and so what floats can say of it."""
    return np.asarray(np.abs(claim.encoder) @ np.abs(_data(problem)).max(axis=0) + np.abs(claim.encoder_bias))


def _blur(problem: Drawn, claim: Claim, terms: Array, measured: Measured) -> float:
    """By how much of itself the loss changes as biases are rounded: far from zero no float says them better."""
    reach = np.array([abs(float(value)) for value in measured.reach])
    price = problem.activity_cost + problem.bias_cost
    moved = price * float(2 * FLOATS * (reach @ terms))
    if not problem.reading.exact:
        # Errors have their least where they are, but for the rounding of what is decoded far from zero.
        size = np.abs(claim.decoder) @ terms + np.abs(claim.decoder_bias)
        size = FLOATS * (size + np.abs(problem.targets) @ np.abs(problem.points).max(axis=0))
        missed = np.array([float(value) for value in measured.error])
        moved += problem.reading.error_cost * float((2 * missed * size + size**2).sum())
    return moved / float(measured.loss)


def _against_words(claim: Claim, measured: Measured, blur: float) -> Iterator[str]:
    over = _quotient(claim.lower_bound, measured.loss) - 1
    if over > ROUNDING + blur:
        yield f"the lower bound {claim.lower_bound:.15g} is {over:.3g} above the answer's own loss"
    yield from against_gap(claim)


def _against_simple_codes(case: _Case, blur: float) -> Iterator[str]:
    """The codes that everyone knows: none at all, and one neuron per source."""
    problem, claim, rational = case.problem, case.claim, case.rational
    if not problem.reading.exact:
        none = rational.code_loss(np.empty((0, problem.dimension)))
        if _quotient(claim.loss, none) > 1 + ROUNDING + blur:
            yield f"the loss {claim.loss:.15g} is more than that of no neurons, {float(none):.15g}"
    modular = rational.code_loss(modular_code(problem, Whitened(problem)))
    if _quotient(claim.loss, modular) > 1 + ROUNDING + blur:
        yield f"the loss {claim.loss:.15g} is more than that of a modular code, {float(modular):.15g}"
    if np.isnan(claim.modular_loss):
        return
    if np.isinf(claim.modular_loss):
        yield f"the modular loss is infinite, and a modular code costs {float(modular):.15g}"
        return
    if problem.groups is None and _quotient(claim.modular_loss, modular) > 1 + ROUNDING + blur:
        yield f"the modular loss {claim.modular_loss:.15g} is more than that of a modular code, {float(modular):.15g}"
    if claim.lower_bound > claim.modular_loss * (1 + ROUNDING + blur):
        yield f"the modular loss {claim.modular_loss:.15g} is less than the lower bound {claim.lower_bound:.15g}"


# ---- the bound ----------------------------------------------------------------------------------------------------


def _search_neurons(case: _Case, rng: np.random.Generator) -> None:
    """Neurons that earn more than the multiplier was said to let them: what it can prove at most, given those."""
    claim, judgement = case.claim, case.judgement
    if not claim.lower_bound > 0:
        return
    proven = _proven_by(case, claim.multiplier, rng)
    if proven is None:
        judgement.wrong.append(f"the lower bound {claim.lower_bound:.15g} has a multiplier that proves none")
        return
    bound, ratio = proven
    judgement.ratio = float(ratio)
    excess = _quotient(claim.lower_bound, bound) - 1
    if excess > ROUNDING:
        # The weights keep digits of their own multiplier that Y, a product written in floats, has lost.
        proven = _proven_by(case, _own_multiplier(case), rng)
        if proven is not None:
            excess = min(excess, _quotient(claim.lower_bound, proven[0]) - 1)
    judgement.excess = max(judgement.excess, excess)
    if excess > ROUNDING:
        judgement.wrong.append(
            f"the lower bound {claim.lower_bound:.15g} is {excess:.3g} above what its multiplier can prove: a neuron "
            f"earns {float(ratio):.15g} of what it costs"
        )


def _own_multiplier(case: _Case) -> NDArray[Any] | None:
    """(d, d) Y of the claim's weights, in fractions; None where a code without errors leaves sources out."""
    try:
        return case.rational.worth(case.claim.source_weights)
    except ZeroDivisionError:
        return None


def _proven_by(
    case: _Case, multiplier: NDArray[Any] | None, rng: np.random.Generator
) -> tuple[Fraction, Fraction] | None:
    """What a multiplier proves at most, and the largest ratio w'Y w / f(w) that was seen; None if it proves nothing."""
    if multiplier is None:
        return None
    bound, ratio = Fraction(0), Fraction(0)
    for piece in case.pieces:
        proven = list(_most_proven(case, piece, multiplier, rng))
        if not proven:
            return None
        least, attained = min(proven)
        bound, ratio = bound + least, max(ratio, attained)
    return bound, ratio


def _most_proven(
    case: _Case, piece: _Piece, multiplier: NDArray[Any], rng: np.random.Generator
) -> Iterator[tuple[Fraction, Fraction]]:
    claim, members = case.claim, piece.white.members
    code = claim.source_weights[:, members]
    own = code.T @ code if piece.white.ridge is None else code.T @ code + piece.white.ridge
    form = np.asarray(multiplier, dtype=np.float64)[np.ix_(members, members)]
    # Both shares of the bound may be added to it by making a singular multiplier regular.
    least = [_least_gram(piece.white, form, negligible) for negligible in (1e-12, 1e-7)]
    # That of a code that leaves sources out is regular with a little of every neuron.
    grams = [own, own + 1e-10 * least[-1], *least]
    for family in piece.families:
        for neuron in _best_of_family(family, form, members, claim, rng):
            for gram in grams:
                try:
                    yield case.rational.most_proven(multiplier, neuron, gram, members)
                except (ZeroDivisionError, ValueError, OverflowError):
                    # Nothing earned, or a G that is singular or not finite: no argument, for or against.
                    continue


def _best_of_family(
    family: Whitened, form: Array, members: Sequence[int], claim: Claim, rng: np.random.Generator
) -> Array:
    """(k, d) the best neurons that read only these sources, by the block of Y of some that hold them."""
    places = [list(members).index(source) for source in family.members]
    form, code = form[np.ix_(places, places)], claim.source_weights[:, family.members]
    neurons = best_neurons(family, form, code[np.abs(code).any(axis=1)], rng)
    placed = np.zeros((len(neurons), len(claim.multiplier)))
    placed[:, family.members] = neurons
    return placed


def _least_gram(white: Whitened, multiplier: Array, negligible: float) -> Array:
    """(d, d) G with the least tr(Y G) + decoder_cost tr(K G^-1), up to rounding; where that is at infinity, far out.

    With Y = R'R and R B' = U S V' it is sqrt(decoder_cost) R^-1 U S U' R^-T.
    """
    scale = np.linalg.norm(white.matrix, axis=0)
    scaled = multiplier / np.outer(scale, scale)
    values, vectors = np.linalg.eigh((scaled + scaled.T) / 2)
    floor = max((negligible * np.sqrt(np.maximum(values, 0)).sum()) ** 2, float(np.finfo(float).tiny))
    root = vectors * np.sqrt(np.maximum(values, floor))
    left, sizes, _ = np.linalg.svd(root.T @ (white.targets / scale).T)
    size = np.append(sizes, np.zeros(len(left) - len(sizes)))
    half = np.linalg.solve(root.T, left * np.sqrt(np.maximum(size, negligible * size.max()))) / scale[:, None]
    return np.asarray(white.decoder_cost**0.5 * half @ half.T)


# ---- other codes --------------------------------------------------------------------------------------------------


def _search_codes(case: _Case, rng: np.random.Generator) -> None:
    for name, weights in _codes(case, rng):
        try:
            loss = case.rational.code_loss(weights)
        except (ZeroDivisionError, ValueError, OverflowError):
            # Neurons that do not span the sources, or whose numbers have run away, are no code.
            continue
        case.judgement.compare(case.claim, name, loss)


def _codes(case: _Case, rng: np.random.Generator) -> Iterator[tuple[str, Array]]:
    problem, weights = case.problem, case.claim.source_weights
    yield "the answer's own weights", weights
    yield "modular", modular_code(problem, Whitened(problem))
    if not problem.separate:
        yield from descents(Whitened(problem), weights, rng)
    elif len(case.pieces) == len(problem.groups or {}):
        yield from _side_by_side(case, rng)
    yield from codes_of_other_methods(problem)


def _side_by_side(case: _Case, rng: np.random.Generator) -> Iterator[tuple[str, Array]]:
    """Codes of the groups, each found by itself."""
    codes: dict[str, list[Array]] = {}
    for piece in case.pieces:
        members = piece.white.members
        own = case.claim.source_weights[:, members]
        for name, code in descents(piece.white, own[np.abs(own).any(axis=1)], rng):
            placed = np.zeros((len(code), case.problem.dimension))
            placed[:, members] = code
            codes.setdefault(name, []).append(placed)
    for name, parts in codes.items():
        if len(parts) == len(case.pieces):
            yield name, np.vstack(parts)
