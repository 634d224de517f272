"""The affine part of an activity, and the code nearest to it that the problem allows.

A neuron's activity z splits into ``w.s + b`` by least squares and a residue that no affine function of the sources
explains. What is audited is a code: weights w, biases of at least h(w), an encoder that makes just these weights, and
for a readout without errors a decoder that makes none (docs/mathematics.md, "Audit of a given code").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from solver.certificate import optimality_gap
from solver.code import Code, described
from solver.optimise import DEFAULT_TOLERANCE
from theory.errors import InputError
from theory.immutable import Frozen
from theory.neurons import Activity
from theory.sources import CHUNK_ROWS, as_matrix

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from theory.arrays import Array
    from theory.problem import Problem
    from theory.sources import Sources

__all__ = [
    "AffineCode",
    "AffinePart",
    "affine_code",
    "affine_part",
    "decoding_error",
    "encoding_error",
    "require_decodable",
    "varying",
    "without_rounding",
]

REFINEMENTS = 2
"""Steps of least squares on what is left: two restore the digits that the normal equations cost."""

SILENT = 1e-12
"""Deviation of a neuron's affine part, relative to the largest, that counts as none."""

SPANNED = 1e-10
"""Least singular value of a code, its weights counted in deviations, from which on it can be decoded."""


@dataclass(frozen=True, eq=False)
class AffinePart(Frozen):
    """What of an activity is affine in the sources, z = weights @ (s - mean) + rest + residue.

    Attributes:
        weights: (n, d);  mean: (n,) the mean activity.
        variance: (n,) of the activity;  residue: (n,) of what is left.
    """

    weights: Array
    mean: Array
    variance: Array
    residue: Array


def affine_part(activity: Array, sources: Sources) -> AffinePart:
    """The best affine functions of the sources, by least squares under the samples' probabilities.

    Args:
        activity: (T, n) of neurons on the samples.
        sources: s.

    Example:
        >>> from theory import Sources
        >>> part = affine_part(np.array([[0.0], [1.0], [3.0]]), Sources([[-1], [0], [2]]))
        >>> part.weights.round(9).tolist(), bool(part.residue[0] < 1e-24)
        ([[1.0]], True)
    """
    mean = _mean(activity, sources)
    deviation = np.sqrt(np.diag(sources.covariance))
    root = sources.covariance_root / deviation
    variance, weights = np.zeros(len(mean)), np.zeros((len(mean), sources.dimension))
    residue = variance
    for step in range(1 + REFINEMENTS + 1):
        # The normal equations of what is left, and at last its size.
        residue, moment = np.zeros(len(mean)), np.zeros_like(weights)
        for block, start, share in _blocks(sources):
            left = activity[start : start + len(block)] - mean - block @ weights.T
            residue += share @ left**2
            moment += (left.T * share) @ block
        if step == 0:
            variance = residue
        if step <= REFINEMENTS:
            weights = weights + (np.linalg.solve(root, np.linalg.solve(root.T, (moment / deviation).T)).T / deviation)
    return AffinePart(weights, mean, variance, residue)


@dataclass(frozen=True, repr=False, eq=False)
class AffineCode(Code):
    """A code as it is given, with biases and weights that may be larger than they need be.

    Its fields are those of a `Code`, but `encoder_bias`, `encoder`, `decoder` and with them `energies`, `neuron_costs`
    and `loss` are those of the network; neurons keep their order. `solver.certify` measures it like any other.
    """

    def activity(self, sources: ArrayLike | None = None) -> Array:
        """Activity z (T, n) >= 0 on the problem's samples, or on the sources (T, d) given: with biases as given.

        Raises:
            InputError: sources with another number of columns.
        """
        given = self.problem.sources
        extra = self.encoder_bias + self.source_weights @ given.mean - given.support(self.source_weights)
        return np.asarray(super().activity(sources) + extra)


def affine_code(
    problem: Problem,
    weights: Array,
    bias: Array,
    *,
    encoder: Array | None,
    decoder: Array | None,
    optimum: Code,
    lower_bound: float,
) -> AffineCode:
    """The code with these weights and biases, and with the encoder and decoder nearest to those given that fit them.

    Args:
        problem: what it codes.
        weights: (n, d).
        bias: (n,) mean activity, at least h(w).
        encoder: (n, dx) or None for the cheapest.
        decoder: (r, n) or None for the cheapest.
        optimum: whose multiplier proves the bound.
        lower_bound: on the loss of every code.

    Raises:
        InputError: weights from which the targets cannot be decoded.
    """
    varied = varying(problem, weights)
    require_decodable(problem, weights[varied])
    base = described(problem, weights[varied])
    cheapest = np.zeros((len(weights), len(problem.mixing)))
    cheapest[varied] = base["encoder"]
    if encoder is not None:
        cheapest = encoder + (weights - encoder @ problem.mixing) @ problem.pseudoinverse
    readout, read = problem.readout, np.zeros((len(problem.readout.targets), len(weights)))
    read[:, varied] = base["decoder"]
    if decoder is not None and readout.exact:
        read = decoder.copy()
        missed = replace(readout, targets=readout.targets - decoder @ weights)
        read[:, varied] += missed.decoder(weights[varied])
    elif decoder is not None:
        read = decoder
    mean = problem.sources.mean
    centre = mean if readout.errors is None else readout.errors.mean
    terms = problem.neurons.terms(problem, Activity.of(problem.sources, weights, bias), cheapest)
    energies = {name: float(costs.sum()) for name, costs in terms.items()} | readout.costs_of(read, weights)
    loss = sum(energies.values())
    gap = optimality_gap(loss, lower_bound)
    return AffineCode(
        **base
        | {
            "loss": loss,
            "source_weights": weights,
            "encoder": cheapest,
            "encoder_bias": bias - weights @ mean,
            "decoder": read,
            "decoder_bias": readout.targets @ centre - read @ (bias + weights @ (centre - mean)),
            "energies": energies,
            "neuron_costs": np.sum(list(terms.values()), axis=0),
        },
        status="optimal" if gap <= DEFAULT_TOLERANCE else "bounded",
        method="audit",
        lower_bound=lower_bound,
        gap=gap,
        multiplier=optimum.multiplier,
        cover=optimum.cover,
        tolerance=DEFAULT_TOLERANCE,
        iterations=0,
        seconds=0.0,
        message="the affine part of the activity given",
        problem=problem,
    )


def without_rounding(problem: Problem, weights: Array) -> Array:
    """Weights (n, d) without what least squares leave of none, where an exact decoder would have to leave it out."""
    if problem.readout.rank is None:
        return weights
    size = np.abs(weights) * np.sqrt(np.diag(problem.sources.covariance))
    return np.where(size > SPANNED * size.max(initial=0.0), weights, 0.0)


def varying(problem: Problem, weights: Array) -> NDArray[np.bool_]:
    """(n,) which neurons' affine parts vary, beyond rounding."""
    deviation = np.sqrt(problem.sources.variances(weights))
    return np.asarray(deviation > SILENT * deviation.max(initial=0.0))


def encoding_error(problem: Problem, weights: Array, encoder: ArrayLike) -> tuple[Array, float]:
    """An encoder (n, dx) that is given, and how far its activity is from weights (n, d), in deviations of theirs.

    Raises:
        InputError: an encoder of another shape.
    """
    given = as_matrix(encoder, "encoder")
    wanted = len(weights), len(problem.mixing)
    if given.shape != wanted:
        turned = "; give its transpose" if given.shape == wanted[::-1] else ""
        raise InputError(
            f"encoder: shape {given.shape} does not fit {wanted[0]} neuron(s) that see {wanted[1]} channel(s){turned}"
        )
    missed = float(problem.sources.variances(given @ problem.mixing - weights).sum())
    whole = float(problem.sources.variances(weights).sum())
    return given, (missed / whole) ** 0.5 if whole else float("inf")


def decoding_error(problem: Problem, activity: Array, decoder: ArrayLike) -> tuple[Array, float]:
    """A decoder (r, n) that is given, and its error on the activity (T, n) in deviations of what is decoded.

    With the best bias.

    Raises:
        InputError: a decoder of another shape.
    """
    given = as_matrix(decoder, "decoder")
    wanted = len(problem.readout.targets), activity.shape[1]
    if given.shape != wanted:
        turned = "; give its transpose" if given.shape == wanted[::-1] else ""
        raise InputError(
            f"decoder: shape {given.shape} does not fit {wanted[0]} decoded value(s) and {wanted[1]} neuron(s){turned}"
        )
    sources, targets = problem.sources, problem.readout.targets
    mean, missed = _mean(activity, sources), 0.0
    for block, start, share in _blocks(sources):
        left = (activity[start : start + len(block)] - mean) @ given.T - block @ targets.T
        missed += float(share @ (left**2).sum(axis=1))
    return given, (missed / float(sources.variances(targets).sum())) ** 0.5


def require_decodable(problem: Problem, weights: Array, *, rescaled: bool = False) -> None:
    """Where no errors are allowed the affine part must span what is decoded.

    Args:
        problem: what is coded.
        weights: (n, d) of neurons that vary.
        rescaled: whether costs are to be fitted, which errors do not go with.

    Raises:
        InputError: weights from which the targets cannot be decoded.
    """
    readout = problem.readout
    if not readout.exact:
        return
    sizes = np.linalg.svd(weights * np.sqrt(np.diag(problem.sources.covariance)), compute_uv=False)
    rank = int((sizes > SPANNED * sizes[0]).sum()) if len(sizes) else 0
    needed = problem.dimension if readout.rank is None else readout.rank
    if rank < needed or not np.isfinite(problem.readout_cost(weights.T @ weights)):
        remedy = "leave rescale out and give" if rescaled else "give"
        raise InputError(
            f"activity: what of it is affine spans {rank} direction(s) of {problem.dimension} source(s), so that they "
            f"cannot be decoded without error; {remedy} a readout that may err (theory.readouts.Soft, --error-cost), "
            "or fewer sources"
        )


def _mean(activity: Array, sources: Sources) -> Array:
    """(n,) about the first sample, so that activity far from zero loses nothing."""
    shift = np.zeros(activity.shape[1])
    for start in range(0, len(activity), CHUNK_ROWS):
        rows = activity[start : start + CHUNK_ROWS] - activity[0]
        shift += _share(sources, start, len(rows)) @ rows
    return np.asarray(activity[0] + shift)


def _blocks(sources: Sources) -> Iterator[tuple[Array, int, Array]]:
    """Yield (samples about the mean, number of the first, their probabilities) a block of rows at a time."""
    start = 0
    for block, _ in sources.centered_blocks():
        yield block, start, _share(sources, start, len(block))
        start += len(block)


def _share(sources: Sources, start: int, count: int) -> Array:
    given = sources.probabilities
    return np.full(count, 1 / sources.count) if given is None else given[start : start + count]
