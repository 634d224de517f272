"""The affine part of an activity, and the code nearest to it that the problem allows.

A neuron's activity z splits into ``w.s + b`` by least squares and a residue that no affine function of the sources
explains. What is audited is a code: weights w, biases of at least h(w), an encoder that makes just these weights, and
for a readout without errors a decoder that makes none (docs/mathematics.md, "Audit of a given code").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from solver.certificate import optimality_gap
from solver.codes.linear import Code, described, read_at_mean
from solver.solving.limits import DEFAULT_TOLERANCE
from theory.arrays import Array, Mask
from theory.errors import InputError
from theory.immutable import Frozen
from theory.inputs import as_matrix
from theory.neurons import Activity
from theory.problem import Problem
from theory.readouts import Readout
from theory.sources import CHUNK_ROWS, Sources


@dataclass(frozen=True)
class AffineTolerances:
    """Digits of the fit, and what counts as varying, as the activity of these samples, and as decodable."""

    refinements: int = 2  # steps of least squares on the residue: they restore what the normal equations cost
    silent: float = 1e-12  # deviation of a neuron's affine part, relative to the largest
    by_chance: float = 2.0  # times the share that as many numbers would explain of noise
    most_chance: float = 0.25  # share of noise explained, above which there are too few samples to tell
    spanned: float = 1e-10  # least singular value of a code, its weights counted in deviations, that can be decoded


AFFINE = AffineTolerances()


@dataclass(frozen=True, eq=False)
class AffinePart(Frozen):
    """What of an activity is affine in the sources: z = weights @ (s - E[s]) + mean + residue."""

    weights: Array  # (n, d)
    mean: Array  # (n,) mean activity
    variance: Array  # (n,) of the activity
    residue: Array  # (n,) variance of the residue


def affine_part(activity: Array, sources: Sources) -> AffinePart:
    """The best affine functions of the sources, by least squares under the samples' probabilities.

    1. Take the mean activity about the first sample, and from the samples a root R of their covariance, C = R'R, in
       units of their deviations.
    2. For each block of samples add its part of the covariance of residue and sources; the residue is the activity
       about its mean, and its variance the activity's, while the weights are zero.
    3. Solve the normal equations by two triangular solves with R, and add the solution to the weights.
    4. Repeat steps 2 and 3 on what is left (iterative refinement); at last only measure it.

    Args:
        activity: (T, n) of neurons on the samples.
        sources: s.

    Example:
        >>> from theory import Sources
        >>> part = affine_part(np.array([[0.0], [1.0], [3.0]]), Sources([[-1], [0], [2]]))
        >>> part.weights.round(9).tolist(), bool(part.residue[0] < 1e-24)
        ([[1.0]], True)
    """
    if sources.hull is not None:
        part = affine_part(activity, sources.on_hull)
        return AffinePart(sources.hull.placed(part.weights), part.mean, part.variance, part.residue)
    # Step 1.
    mean = _mean(activity, sources)
    deviation = np.sqrt(np.diag(sources.covariance))
    root = sources.covariance_root / deviation
    variance = residue = np.zeros(len(mean))
    weights = np.zeros((len(mean), sources.dimension))
    for step in range(1 + AFFINE.refinements + 1):
        # Step 2.
        residue, covariance = np.zeros(len(mean)), np.zeros_like(weights)
        for block, start, share in _blocks(sources):
            left = activity[start : start + len(block)] - mean - block @ weights.T
            residue += share @ left**2
            covariance += (left.T * share) @ block
        if step == 0:
            variance = residue
        # Step 3, but not after the last measurement.
        if step <= AFFINE.refinements:
            solution = np.linalg.solve(root, np.linalg.solve(root.T, (covariance / deviation).T))
            weights = weights + solution.T / deviation
    return AffinePart(weights, mean, variance, residue)


@dataclass(frozen=True, repr=False, eq=False)
class AffineCode(Code):
    """A code of a network, with biases and weights that may be larger than they need be.

    `encoder_bias`, `encoder`, `decoder` and with them `energies`, `neuron_costs` and `loss` are those of the network;
    neurons keep their order. `solver.certify` measures it like any other `Code`.
    """

    def activity(self, sources: ArrayLike | None = None) -> Array:
        """Activity z (T, n) >= 0 on the problem's samples, or on other sources (T, d), with the network's biases.

        Raises:
            InputError: sources with another number of columns.
        """
        samples, weights = self.problem.sources, self.source_weights
        extra = self.encoder_bias + read_at_mean(self.problem, weights, self.encoder) - samples.support(weights)
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
    """The code with these weights and biases, and with the encoder and decoder nearest to the network's that fit them.

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
    readout = problem.readout
    read = _nearest_decoder(readout, weights, varied, decoder)
    mean = problem.sources.mean
    centre = mean if readout.errors is None else readout.errors.mean
    terms = problem.terms(Activity.of(problem.sources, weights, bias), cheapest)
    energies = {name: float(costs.sum()) for name, costs in terms.items()} | readout.costs_of(read, weights)
    loss = sum(energies.values())
    gap = optimality_gap(loss, lower_bound)
    return AffineCode(
        **base
        | {
            "loss": loss,
            "source_weights": weights,
            "encoder": cheapest,
            "encoder_bias": bias - read_at_mean(problem, weights, cheapest),
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


def _nearest_decoder(readout: Readout, weights: Array, varied: Mask, decoder: Array | None) -> Array:
    """(r, n) the decoder nearest to a network's that the readout allows; the best without a network."""
    if decoder is not None and not readout.exact:
        return decoder
    nearest, missed = np.zeros((len(readout.targets), len(weights))), readout
    if decoder is not None:
        nearest, missed = decoder.copy(), readout.with_targets(readout.targets - decoder @ weights)
    nearest[:, varied] += missed.decoder(weights[varied])
    return nearest


def without_rounding(problem: Problem, weights: Array) -> Array:
    """Weights (n, d) without what least squares leave of none, where an exact decoder would have to leave it out."""
    if problem.readout.rank is None:
        return weights
    size = np.abs(weights) * np.sqrt(np.diag(problem.sources.covariance))
    return np.where(size > AFFINE.spanned * size.max(initial=0.0), weights, 0.0)


def varying(problem: Problem, weights: Array) -> Mask:
    """(n,) which neurons' affine parts vary, beyond rounding."""
    deviation = np.sqrt(problem.sources.variances(weights))
    return np.asarray(deviation > AFFINE.silent * deviation.max(initial=0.0))


def encoding_error(problem: Problem, weights: Array, encoder: ArrayLike) -> tuple[Array, float]:
    """A network's encoder (n, dx), and how far its activity is from weights (n, d), in deviations of theirs.

    Raises:
        InputError: an encoder of another shape.
    """
    shape = len(weights), len(problem.mixing)
    matrix = _of_shape(encoder, "encoder", shape, f"{shape[0]} neuron(s) that see {shape[1]} channel(s)")
    missed = float(problem.sources.variances(matrix @ problem.mixing - weights).sum())
    whole = float(problem.sources.variances(weights).sum())
    return matrix, (missed / whole) ** 0.5 if whole else float("inf")


def decoding_error(problem: Problem, activity: Array, decoder: ArrayLike) -> tuple[Array, float]:
    """A network's decoder (r, n), and its error on the activity (T, n) in deviations of what is decoded.

    With the best bias.

    Raises:
        InputError: a decoder of another shape.
    """
    sources, targets = problem.sources, problem.readout.targets
    shape = len(targets), activity.shape[1]
    matrix = _of_shape(decoder, "decoder", shape, f"{shape[0]} decoded value(s) and {shape[1]} neuron(s)")
    mean, missed = _mean(activity, sources), 0.0
    for block, start, share in _blocks(sources):
        left = (activity[start : start + len(block)] - mean) @ matrix.T - block @ targets.T
        missed += float(share @ (left**2).sum(axis=1))
    return matrix, (missed / float(sources.variances(targets).sum())) ** 0.5


def _of_shape(values: ArrayLike, name: str, shape: tuple[int, int], sizes: str) -> Array:
    matrix = as_matrix(values, name)
    if matrix.shape != shape:
        transposed = "; give its transpose" if matrix.shape == shape[::-1] else ""
        raise InputError(f"{name}: shape {matrix.shape} does not fit {sizes}{transposed}")
    return matrix


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
    if problem.hull is not None:
        require_decodable(problem.on_hull, problem.hull.functions(weights), rescaled=rescaled)
        return
    sizes = np.linalg.svd(weights * np.sqrt(np.diag(problem.sources.covariance)), compute_uv=False)
    rank = int((sizes > AFFINE.spanned * sizes[0]).sum()) if len(sizes) else 0
    needed = problem.dimension if readout.rank is None else readout.rank
    if rank < needed or not np.isfinite(problem.readout_cost(weights.T @ weights)):
        remedy = "leave rescale out and give" if rescaled else "give"
        raise InputError(
            f"activity: what of it is affine spans {rank} direction(s) of {problem.dimension} source(s), so that they "
            f"cannot be decoded without error; {remedy} a readout that may err (theory.readouts.Soft, --error-cost), "
            "or fewer sources"
        )


def require_related(sources: Sources, unexplained: float, numbers: int) -> None:
    """Refuse activity that follows these samples no more than noise would.

    Args:
        sources: with the samples.
        unexplained: share of the variance of the activity that no function of the sources explains.
        numbers: that were fitted to each neuron, but for its mean.
    """
    share = sources.probabilities
    count = sources.count if share is None else 1 / float(share @ share)
    chance, explained = numbers / max(count - 1, 1.0), 1 - unexplained
    if chance < AFFINE.most_chance and explained <= AFFINE.by_chance * chance:
        raise InputError(
            f"activity: the sources explain {100 * explained:.2g} % of it, where they would explain about "
            f"{100 * chance:.2g} % of noise; give the activity of these samples, in the same order"
        )


def _mean(activity: Array, sources: Sources) -> Array:
    """(n,) about the first sample, so that activity far from zero loses nothing."""
    shift = np.zeros(activity.shape[1])
    for start in range(0, len(activity), CHUNK_ROWS):
        rows = activity[start : start + CHUNK_ROWS] - activity[0]
        shift += _share(sources, start, len(rows)) @ rows
    return np.asarray(activity[0] + shift)


def _blocks(sources: Sources) -> Iterator[tuple[Array, int, Array]]:
    """Yield (samples about the mean, index of the first, their probabilities), one block of rows at a time."""
    start = 0
    for block, _ in sources.centered_blocks():
        yield block, start, _share(sources, start, len(block))
        start += len(block)


def _share(sources: Sources, start: int, count: int) -> Array:
    share = sources.probabilities
    return np.full(count, 1 / sources.count) if share is None else share[start : start + count]
