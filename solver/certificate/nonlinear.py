"""The certificate of neurons that are not linear: what a network costs on the samples, and what a multiplier proves.

1. The network is looked at on all samples: activity, errors, and with an exact readout whether there are any.
2. The loss is the sum of what it pays: activity, encoder, decoder, errors.
3. The multiplier N (T, r) is centred, and priced anew: no neuron of the kind may be worth more than rho.
4. The bound is its dual value (`theory.neurons.sample_readout`).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from solver.certificate.result import Certificate
from solver.certificate.worth import optimality_gap, within_loss
from theory.arrays import Array
from theory.dependent.columns import in_own_columns
from theory.errors import InputError
from theory.inputs import as_matrix
from theory.neurons.nonlinear import rectified
from theory.problem import Problem


@dataclass(frozen=True)
class NonlinearProofLimits:
    """When a code counts as exact, and when pricing ends."""

    feasible: float = 1e-9  # error of an exact decoder, relative to the largest target
    slack: float = 1e-10  # relative, of rho, at which pricing ends if not told otherwise
    seconds: float = 60.0  # of pricing; of three sources without costs of the encoder it may never meet rho


NONLINEAR_PROOF = NonlinearProofLimits()


class Paid(NamedTuple):
    """What a network pays."""

    energies: dict[str, float]  # the terms of the loss by name
    error: float  # the largest error of a target
    feasible: bool  # whether an exact readout has no errors

    @property
    def loss(self) -> float:
        """The sum of the terms."""
        return float(sum(self.energies.values()))


class Proven(NamedTuple):
    """What a multiplier proves."""

    value: float  # the lower bound on the loss of any code of such neurons
    rho: float  # the largest worth over cost of a neuron, or more
    exact: bool  # whether rho is attained
    # (w, b) of the neuron worth most, about the mean, w on the coordinates of dependent sources; of free neurons the
    # direction of its decoder
    worst_neuron: Array
    multiplier: Array  # (T, r) N


def require_nonlinear(problem: Problem) -> None:
    """Refuse a problem of linear neurons.

    Raises:
        InputError: that.
    """
    if problem.neurons.linear:
        raise InputError("problem: its neurons are linear, and the answer's are not; pose it with their activation")


def require_same_kind(problem: Problem, representation: Any) -> None:
    """Refuse an answer that was found for neurons of another kind than the problem's.

    Raises:
        InputError: that.
    """
    solved = getattr(representation, "problem", problem).neurons.name
    if solved != problem.neurons.name:
        raise InputError(
            f"representation: its neurons are {solved}, and the problem's are {problem.neurons.name}; certify it "
            f"against the problem it was solved for, or pose this one with activation={solved!r}"
        )


def model_of(problem: Problem) -> Any:
    """The loss of the problem's kind of neuron, as a function of what neurons of that kind are."""
    require_nonlinear(problem)
    sources = problem.sources
    probabilities = np.asarray(sources.sample_probabilities)
    if problem.neurons.name == "free":
        from solver.free.loss import FreeLoss

        return FreeLoss(probabilities, problem.activity_cost, problem.sample_readout)
    from solver.rectified.loss import RectifiedLoss

    inside = problem.on_hull  # rectified neurons read the coordinates of dependent sources
    centred = np.asarray(inside.sources.about_mean(inside.sources.points))
    weight_costs = problem.encoder_cost * inside.encoder_metric
    return RectifiedLoss(centred, probabilities, problem.activity_cost, weight_costs, problem.sample_readout)


def network_activity(problem: Problem, representation: Any) -> Array:
    """(T, n) what the network does on the samples: from its encoder, or for free neurons as it is told.

    Raises:
        InputError: a network that does not fit the problem.
    """
    require_nonlinear(problem)
    encoder, decoder = np.atleast_2d(representation.encoder), np.atleast_2d(representation.decoder)
    sources, targets = problem.sources, problem.readout.targets
    if problem.neurons.name == "free":
        activity = np.asarray(representation.sample_activity)
    elif encoder.shape[1] != len(problem.mixing):
        raise InputError(
            f"representation: encodes {encoder.shape[1]} channel(s), but the problem has {len(problem.mixing)}; "
            "certify it against the problem it was solved for"
        )
    else:
        weights = encoder @ problem.mixing
        activity = rectified(sources.points, weights, np.ravel(representation.encoder_bias))
    if activity.shape != (sources.count, decoder.shape[1]) or len(decoder) != len(targets):
        raise InputError(
            f"representation: activity of shape {activity.shape} and a decoder of shape {decoder.shape} do not fit "
            f"{sources.count} sample(s) and {len(targets)} target(s); certify it against the problem it was solved for"
        )
    return np.asarray(activity)


def measured(problem: Problem, activity: Array, encoder: Array, decoder: Array) -> Paid:
    """Steps 1 and 2.

    Args:
        problem: what is coded.
        activity: (T, n) of the network.
        encoder: (n, dx), or (n, 0) where neurons have no encoder weights.
        decoder: (r, n).
    """
    sources, readout = problem.sources, problem.sample_readout
    share = sources.sample_probabilities
    energies = {"activity": float(problem.activity_cost * (share @ activity**2).sum())}
    if encoder.shape[1]:
        energies["encoder"] = float(problem.encoder_cost * (encoder**2).sum())
    squares = float((decoder**2).sum())
    missed = readout.targets - (activity - readout.error_weights @ activity) @ decoder.T
    errors = problem.readout.errors
    if errors is None:
        counted = np.abs(missed[readout.error_weights > 0])
        size = float(np.abs(readout.targets).max(initial=0.0))
        reach = float((np.abs(activity) @ np.abs(decoder).T).max(initial=0.0))
        error = float(counted.max(initial=0.0))
        exact = error <= NONLINEAR_PROOF.feasible * max(size, reach)
        return Paid(energies | {"decoder": problem.decoder_cost * squares}, error, exact)
    wrong = float(readout.error_weights @ (missed**2).sum(axis=1)) + errors.noise_variance * squares
    energies |= {
        "decoder": (readout.decoder_cost - errors.cost * errors.noise_variance) * squares,
        "error": errors.cost * wrong,
    }
    return Paid(energies, float(np.abs(missed).max(initial=0.0)), True)


def bound_of(
    problem: Problem,
    multiplier: Any,
    *,
    tolerance: float = NONLINEAR_PROOF.slack,
    seconds: float = NONLINEAR_PROOF.seconds,
) -> Proven:
    """Steps 3 and 4: the lower bound on the loss of every code of the problem's kind of neuron.

    Args:
        problem: what is coded.
        multiplier: (T, r) N.
        tolerance: relative slack of rho at which pricing ends.
        seconds: after which it ends with the bound that it has.

    Raises:
        InputError: a multiplier of another shape.
    """
    model, readout = model_of(problem), problem.sample_readout
    matrix = as_matrix(multiplier, "multiplier")
    if matrix.shape != readout.targets.shape:
        raise InputError(f"multiplier: shape {matrix.shape} does not fit {readout.targets.shape}, samples and targets")
    counts = readout.error_weights > 0
    held = np.where(counts[:, None], matrix, 0.0)
    centred = np.where(counts[:, None], held - held[counts].mean(axis=0), 0.0)
    pricing = import_module(f"{type(model).__module__.rpartition('.')[0]}.pricing")
    ratio = pricing.largest_ratio(model, centred, tolerance=tolerance, seconds=seconds)
    worst = ratio.neurons[0] if len(ratio.neurons) else np.zeros(ratio.neurons.shape[1])
    return Proven(readout.bound(centred, ratio.rho), ratio.rho, ratio.exact, worst, centred)


def certify_nonlinear(problem: Problem, representation: Any) -> Certificate:
    """Check an answer of rectified or free neurons: activity, errors, loss and bound from the samples.

    Args:
        problem: as posed.
        representation: encoder, decoder, biases, multiplier and, of free neurons, activity are used.

    Raises:
        InputError: an answer of another kind, or one that does not fit the problem.
    """
    require_same_kind(problem, representation)
    activity = network_activity(problem, representation)
    paid = measured(problem, activity, representation.encoder, representation.decoder)
    proven = bound_of(problem, representation.multiplier, tolerance=representation.tolerance / 4)
    feasible = paid.feasible and float(activity.min(initial=0.0)) >= 0
    value = within_loss(proven.value, paid.loss) if feasible else proven.value
    worst = proven.worst_neuron
    if problem.hull is not None and problem.neurons.name != "free":
        worst = np.append(in_own_columns(problem, worst[None, :-1])[0], worst[-1])
    return Certificate(
        loss=paid.loss,
        lower_bound=value,
        gap=optimality_gap(paid.loss, value) if feasible else float("inf"),
        worst_neuron=worst,
        rho=proven.rho,
        exact=proven.exact,
        feasible=feasible,
        least_activity=float(activity.min(initial=0.0)),
        reconstruction_error=paid.error,
        multiplier=proven.multiplier,
        step_error=0.0,
    )
