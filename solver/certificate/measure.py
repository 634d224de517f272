"""What a network costs on the samples, and whether it does what it promises: nothing here asks who made it.

All is measured with the sources in the order in which `solve` has them, so that not a digit differs from its own.

1. The activity z = W_in A s + b_in of all samples, a block at a time: its second moments, means, peaks, least value.
2. What the decoder makes of it: squared error, largest error.
3. Feasible: no activity below zero, no error with an exact readout, one group per neuron where that is asked for.
4. The loss: what the kind of neuron pays (`theory.neurons`), decoder, errors, recurrent layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from theory.dependent.columns import own_family
from theory.errors import InputError
from theory.groups import parts_of
from theory.neurons import Activity
from theory.problem import Problem
from theory.reductions import IN_ORDER

if TYPE_CHECKING:
    from types import SimpleNamespace

    from solver.codes.linear import Code
    from theory.arrays import Array


@dataclass(frozen=True)
class MeasuringTolerances:
    """What rounding may do to a code, and when the samples need not be looked at."""

    # Activity below zero or error of reconstruction, relative to their own scale, of an exact code.
    feasible: float = 1e-9
    rounding: float = 1e-12  # relative difference of two losses, however small the tolerance is
    sure: float = 0.1  # share of the tolerance within which the samples need not be looked at


MEASURED = MeasuringTolerances()


@dataclass(frozen=True)
class Measured:
    """What a code has on the samples: its activity, squared error, and how far it is from feasible."""

    activity: Activity
    squared_error: float
    least: float
    error: float
    feasible: bool


def require_problem(problem: Problem) -> None:
    """Refuse what is no Problem.

    Raises:
        InputError: that.
    """
    if not isinstance(problem, Problem):
        raise InputError(f"problem: expected a Problem, got {type(problem).__name__}; write Problem(sources)")


def network_of(problem: Problem, representation: Code | SimpleNamespace) -> tuple[Array, Array, Array, Array]:
    """Encoder (n, dx), its biases (n,), decoder (r, n) and its biases (r,) of a code.

    Raises:
        InputError: shapes that fit neither the problem nor each other.
    """
    require_problem(problem)
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


def measure(problem: Problem, encoder: Array, encoder_bias: Array, decoder: Array, decoder_bias: Array) -> Measured:
    """Steps 1 to 3: look at a network on all samples.

    Args:
        problem: what it codes.
        encoder: (n, dx).
        encoder_bias: (n,).
        decoder: (r, n).
        decoder_bias: (r,).
    """
    if IN_ORDER.accepts(problem):
        return measure(problem.in_order, *IN_ORDER.network(problem, encoder, encoder_bias, decoder, decoder_bias))
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
    # Biases and data may have a large common offset, whose rounding is not the code's fault.
    offset = float(np.abs(weights @ sources.mean).max(initial=0.0)) + float(np.abs(targets @ sources.mean).max())
    rounding = 64 * np.finfo(float).eps * offset
    nonnegative = least >= -(MEASURED.feasible * float(reach.max(initial=0.0)) + rounding)
    gain = max(1.0, float(np.abs(decoder).max(initial=0.0)))
    exact = error <= MEASURED.feasible * float(largest.max()) + rounding * gain
    allowed = not problem.separate or _one_group_each(problem, weights)
    feasible = bool(nonnegative and (exact or not readout.exact) and allowed)
    return Measured(Activity(second_moments, resting, reach), squared_error, float(least), error, feasible)


def _one_group_each(problem: Problem, weights: Array) -> bool:
    """Whether each neuron reads one group, up to rounding of the encoder."""
    hull = problem.hull
    if hull is not None:
        return bool((own_family(problem, hull.functions(weights)) >= 0).all())
    sizes = np.sort(parts_of(weights * np.sqrt(problem.modular_costs), problem.groups or {}), axis=1)
    # All but the largest are to be nothing.
    return bool((sizes[:, :-1] <= MEASURED.feasible * sizes[:, -1:]).all())


def measure_steps(problem: Problem, code: Code, encoder: Array, encoder_bias: Array) -> tuple[float, bool, float]:
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
    exact = bool(error <= size * (MEASURED.feasible * reach + 64 * np.finfo(float).eps * offset))
    return error, exact, problem.recurrent_cost * float((recurrent**2).sum())


def loss_of(problem: Problem, measured: Measured, encoder: Array, decoder: Array) -> float:
    """Step 4: the loss of a network but for its recurrent layer. The cost of the decoder holds that of noise."""
    terms = problem.terms(measured.activity, encoder)
    loss = sum(float(costs.sum()) for costs in terms.values())
    loss += problem.readout.decoder_cost * float((decoder**2).sum())
    errors = problem.readout.errors
    return loss if errors is None else loss + errors.cost * measured.squared_error


def network_agrees(problem: Problem, code: Code | SimpleNamespace) -> bool:
    """Whether the network of a code does what its weights promise, as far as `certify` will see.

    It is nonnegative and exact, and costs what the code costs up to its tolerance. A mixing of columns of very unlike
    scales can cost an encoder all its digits, and data far from zero its bias. The samples are looked at only where the
    weights that encoder and decoder come to leave it open.

    Example:
        >>> from solver import Problem, solve
        >>> answer = solve(Problem([[0, 0], [0, 1], [1, 0]]))
        >>> network_agrees(answer.problem, answer)
        True
    """
    if not len(code.source_weights):
        return True
    promised, network = code.source_weights, network_of(problem, code)
    if IN_ORDER.accepts(problem):
        promised, network = IN_ORDER.weights(problem, promised), IN_ORDER.network(problem, *network)
        problem = problem.in_order
    encoder, encoder_bias, decoder, decoder_bias = network
    axes = np.eye(problem.dimension)
    reach = np.maximum(-problem.sources.lower, problem.sources.upper) + np.abs(problem.sources.mean)
    weights, targets = encoder @ problem.mixing, problem.readout.targets
    rounding = np.finfo(float).eps * np.abs(encoder) @ np.abs(problem.mixing) @ reach
    made = axes if problem.hull is None else problem.hull.placed(problem.hull.basis)
    off = (np.abs((weights - promised) @ made) @ reach + rounding).max()
    missed = (np.abs((decoder @ weights - targets) @ made) @ reach).max() if problem.readout.exact else 0.0
    if problem.separate and not _one_group_each(problem, weights):
        return False
    # Of a code without a tolerance the loss is not in question.
    tolerance = np.inf if np.isnan(code.tolerance) else max(code.tolerance, MEASURED.rounding)
    sure = MEASURED.sure * min(MEASURED.feasible, tolerance)
    if off <= sure * problem.sources.support(weights).max() and missed <= sure * (np.abs(targets) @ reach).max():
        return True
    measured = measure(problem, encoder, encoder_bias, decoder, decoder_bias)
    loss = loss_of(problem, measured, encoder, decoder) + code.energies.get("recurrent", 0.0)
    return measured.feasible and abs(loss - code.loss) <= code.loss * tolerance
