"""The verdict in rational arithmetic, with a proof.

1. Round the witness of floating point, if there is one, to fractions with small denominators, and test them exactly:
   one that earns more than it costs is a proof of mixed.
2. Otherwise compute a fan of integer cones, each with a sample whose corner bounds the bias: the orthants of a box, or
   the exact normal fan of the hull.
3. On each cone decide exactly whether the form (v.w)^2 - w'F w is copositive, ties included.
4. A direction in which it is negative is a witness, rounded as in step 1.
5. If it is copositive on every cone, the cones are a proof of modular.
6. Check the proof with `theory.exact.proof`, and complete the verdict.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from theory.conditions.many_sources import has_all_corners
from theory.conditions.verdict import CONDITION_TOLERANCE, Verdict
from theory.errors import InputError
from theory.exact.copositivity import negative_direction
from theory.exact.hull import ExactCones, exact_normal_fan
from theory.exact.problem import ExactProblem, integer_direction, inverse
from theory.exact.proof import Proof, facet_slacks, verify
from theory.exact.surds import rational_below
from theory.sources import EXACT_DIMENSION


@dataclass(frozen=True)
class ProofSearchLimits:
    """Sizes of the search for a proof."""

    # Largest denominators of the witness, in this order: the first that works is the most readable.
    denominators: tuple[int, ...] = (1, 2, 3, 4, 6, 10, 12, 100, 1_000, 10**6, 10**9, 10**15)
    box_sources: int = 8  # boxes of more are not proven orthant by orthant
    small_hulls: int = 3  # up to this dimension a hull has at most twice as many facets as samples
    simplices: int = 10_000  # of hulls in more dimensions: the cones of larger ones take minutes to hours


PROOF_SEARCH = ProofSearchLimits()


def decide_exactly(exact: ExactProblem, verdict: Verdict | None) -> Verdict:
    """The verdict with a proof, or with `modular` None where none is found; given that of floating point, if any.

    In two and three sources one is always found.

    Raises:
        InputError: a distribution given by its moments whose mean lies outside its support.
    """
    if verdict is None:
        verdict = _without_floating_point(exact)
    candidate = [] if verdict.witness is None or not np.isfinite(verdict.witness).all() else verdict.witness.tolist()
    proof = _mixed_rounded(exact, [Fraction(value) for value in candidate]) or _from_cones(exact)  # steps 1 to 5
    if proof is None:
        reason = f"undecided: no proof found in rational arithmetic for {exact.dimension} sources"
        return replace(verdict, modular=None, reason=reason)
    verify(proof, exact)  # step 6
    if proof.modular:
        cones, least = len(proof.cones or []), min(proof.slacks or [Fraction(0)])
        reason = f"proven exactly on {cones} cones; least slack {float(least):.3g}, {proof.ties} tie(s)"
        margin = max(verdict.margin, 0.0)
        return replace(
            verdict, modular=True, margin=margin, witness=None, price_bound=0.0, rho=1.0, reason=reason, proof=proof
        )
    reason = "a mixed neuron earns more than it costs, proven exactly"
    cost, worth = _cost_and_worth(exact, proof.witness or [])
    if _float(worth * (1 / cost)) > verdict.rho * (1 + CONDITION_TOLERANCE):
        # The bound of floating point is too low, so its hull was another.
        verdict = _without_floating_point(exact)
    # Floating point takes prices up to this for ties.
    bound = max(verdict.price_bound, float(np.sqrt(1 + CONDITION_TOLERANCE) - 1))
    return replace(
        verdict,
        modular=False,
        margin=min(verdict.margin, _margin_at(exact, proof.witness or [])),
        witness=np.array([np.sign(w) * _float(w**2 / cost) ** 0.5 for w in proof.witness or []], dtype=np.float64),
        price_bound=bound,
        reason=reason,
        proof=proof,
    )


def _without_floating_point(exact: ExactProblem) -> Verdict:
    """An undecided verdict in rational arithmetic alone: its margin is unknown.

    Its bound on rho is the trace of M^-1 Y, whose largest eigenvalue is the ratio of neurons without a bias.
    """
    form = exact.condition_matrix
    rho = _float((inverse(exact.energy_matrix) * (form + exact.energy_matrix)).sum())
    condition = np.array([[_float(value) for value in row] for row in form])
    return Verdict(None, float("nan"), None, condition, max(rho, 1.0) ** 0.5 - 1, max(rho, 1.0), "not decided yet")


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _cost_and_worth(exact: ExactProblem, witness: list[int]) -> tuple[Fraction, Any]:
    """f(w) = w'M w + h(w)^2 and w'Y w = w'M w + w'F w of a neuron."""
    w = np.array(witness, dtype=object)
    energy = w @ exact.energy_matrix @ w
    return energy + exact.support(witness) ** 2, energy + exact.worth(witness)


def _margin_at(exact: ExactProblem, witness: list[int]) -> float:
    """The bound on the margin that a witness sets: below zero, however close to a tie."""
    cost, worth = _cost_and_worth(exact, witness)
    identity = np.eye(len(witness), dtype=int).tolist()
    modular = [min(_cost_and_worth(exact, [sign * i for i in axis])[0] for sign in (1, -1)) for axis in identity]
    sizes = np.array([_float(w**2 * unit / cost) ** 0.5 for w, unit in zip(witness, modular, strict=True)])
    products = float(sizes.sum() ** 2 - sizes @ sizes)
    least = float(np.finfo(float).smallest_normal)
    return min(-_float((worth + -cost) * (1 / cost)) / products if products > 0 else 0.0, -least)


def _mixed_rounded(exact: ExactProblem, neuron: list[Fraction]) -> Proof | None:
    """A proof of mixed from a neuron near this one, if it is a witness (step 1)."""
    if not any(neuron):
        return None
    largest = max(map(abs, neuron))
    for most in PROOF_SEARCH.denominators:
        proof = _mixed(exact, [(value / largest).limit_denominator(most) for value in neuron])
        if proof is not None:
            return proof
    return None


def _mixed(exact: ExactProblem, neuron: list[Any]) -> Proof | None:
    """The proof that this neuron is a witness, if it is."""
    if not any(neuron):
        return None
    witness = integer_direction(neuron)
    bias, worth = exact.support(witness), exact.worth(witness)
    if not worth > bias**2:
        return None
    return Proof(False, exact.digest, witness=witness, bias=bias, worth=rational_below(worth, bias**2))


def _from_cones(exact: ExactProblem) -> Proof | None:
    """A proof of modular, or of mixed on a cone where copositivity fails (steps 2 to 5)."""
    fan = _fan(exact)
    if fan is None:
        return None
    generators, cones, samples = fan
    rays = np.array(generators, dtype=object)
    for cone, sample in zip(cones, samples, strict=True):
        corners = rays[cone]
        if (corners @ exact.corners[sample] < 0).any():
            raise InputError("mean: lies outside the hull of the vertices, if only by rounding; move it inside")
        direction = negative_direction(exact.slack_form(corners, sample))
        if direction is not None:
            neuron = list(np.array(direction, dtype=object) @ corners)
            return _mixed_rounded(exact, [Fraction(value) for value in neuron]) or _mixed(exact, neuron)
    slacks = facet_slacks(exact, generators, cones, samples)
    return Proof(True, exact.digest, generators=generators, cones=cones, samples=samples, slacks=slacks)


def _fan(exact: ExactProblem) -> ExactCones | None:
    """Integer generators, cones and a sample for each cone; None where there would be too many."""
    if exact.dimension <= PROOF_SEARCH.box_sources and has_all_corners(exact.corners):
        return _orthants(exact)
    if exact.dimension > EXACT_DIMENSION:
        return None
    return exact_normal_fan(
        exact.corners, None if exact.dimension <= PROOF_SEARCH.small_hulls else PROOF_SEARCH.simplices
    )


def _orthants(exact: ExactProblem) -> ExactCones:
    """The orthants, each with the sample in the corner of the box that is furthest along it."""
    dimension = exact.dimension
    generators = [[sign * int(i == j) for j in range(dimension)] for i in range(dimension) for sign in (1, -1)]
    furthest = {sign: [max(sign * corner[i] for corner in exact.corners) for i in range(dimension)] for sign in (1, -1)}
    row_of = {tuple(corner): row for row, corner in enumerate(exact.corners.tolist())}
    cones, samples = [], []
    for signs in product((1, -1), repeat=dimension):
        cones.append([2 * i + (sign < 0) for i, sign in enumerate(signs)])
        samples.append(row_of[tuple(sign * furthest[sign][i] for i, sign in enumerate(signs))])
    return generators, cones, samples
