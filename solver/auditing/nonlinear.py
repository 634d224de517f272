"""How far an activity is from the best code of rectified or free neurons, and why.

1. Free neurons: the activity is the code. Rectified ones: fit max(0, w.s + b) to each neuron (`solver.auditing.hinge`),
   and refuse what the sources do not explain.
2. Solve the problem; recompute the lower bound from the samples.
3. Take the encoder and the decoder nearest to those of the network that fit; sum the terms of the loss.
4. Find the best size of the code, the best strengths of its neurons, and the neuron that is then missing.
5. Split loss - lower_bound into savings, and into what each neuron wastes at the optimum's multiplier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from solver.auditing.affine import decoding_error, encoding_error, require_related
from solver.auditing.findings import NonlinearFindings
from solver.auditing.hinge import rectified_part
from solver.certificate.nonlinear import NONLINEAR_PROOF, Paid, bound_of, measured, model_of
from solver.codes.certified import UNPROVEN
from solver.codes.drawn import Drawing, Drawn
from solver.generation.energies import energies_of_features
from solver.nonlinear.code import described
from solver.nonlinear.representation import NonlinearRepresentation
from solver.solving.solve import solve
from theory.arrays import Array
from theory.errors import InputError
from theory.neurons.sample_readout import SampleReadout
from theory.problem import Problem
from theory.writing import block


@dataclass(frozen=True)
class NonlinearAuditTolerances:
    """What counts as silent and as an exact readout, and how long is priced."""

    silent: float = 1e-9  # share of the loss below which a neuron's energy is the interior method's
    exact: float = 1e-12  # stands for mu / kappa where errors are forbidden, as a share of what the code explains
    seconds: float = 20.0  # of pricing for the missing neuron, if there is no time limit


NONLINEAR_AUDIT = NonlinearAuditTolerances()


@dataclass(frozen=True, repr=False, eq=False)
class NonlinearAudit(Drawn, NonlinearFindings):
    """A code of rectified or free neurons held against the certified optimum of its problem.

    Of free neurons the activity itself is audited, with the decoder given or the best. Of rectified ones it is the code
    nearest to it, z = max(0, w.s + b), with the nearest encoder that makes these w.

    It has what `solver.auditing.audit.Audit` has but `lifts`, `missing_neuron`, `verdict` and `fit`, and of its own

    Attributes:
        unexplained: share of the variance of the activity that is no rectified function of the sources, and so not
            audited; zero of free neurons.
        encoder_error: error of the network's encoder, in deviations of w.s; NaN without an encoder.
        savings: as there, without a step "bias".
        missing_activity: (T,) of the neuron that would then earn most, at a cost of one.
        missing_ratio: what it would earn for its cost, at most one where nothing is missing; NaN with an exact readout,
            where a code has many multipliers, and what one more neuron would earn is not known.

    Panels of the picture: "earnings" (the usual one), "energies", "savings".

    Source: docs/mathematics.md, "Audit of a given code".

    Example:
        >>> from solver import Problem, audit, solve
        >>> from theory.readouts import Soft
        >>> problem = Problem([[-1], [0], [1]], activation="rectified", readout=Soft(100))
        >>> findings = audit(problem, 2 * solve(problem).activity())  # the best neurons, too loud
        >>> sorted(name for name, saved in findings.savings.items() if saved > 1e-6)
        ['size']
    """

    def sentences(self) -> list[str]:
        """The audit in words."""
        from solver.pictures.audit_nonlinear import sentences

        return sentences(self)

    def columns(self) -> dict[str, list[Any]]:
        """What is found of each neuron, by column."""
        from solver.pictures.audit_nonlinear import columns

        return columns(self)

    def _drawing(self) -> Drawing:
        from solver.pictures.audit_nonlinear import NONLINEAR_AUDIT_PANELS, plot

        return plot, NONLINEAR_AUDIT_PANELS

    def _repr_html_(self) -> str:
        return block(self.sentences(), self.columns())

    def __repr__(self) -> str:
        from solver.pictures.audit_nonlinear import text

        return text(self)


class _Network(NamedTuple):
    """Activity (T, n), encoder (n, dx) or (n, 0), biases (n,), decoder (r, n), and what of it was not as given."""

    activity: Array
    encoder: Array
    bias: Array
    decoder: Array
    unexplained: float
    shares: Array
    encoder_error: float
    decoder_error: float


def audit_nonlinear(
    problem: Problem,
    activity: Array,
    *,
    encoder: ArrayLike | None,
    decoder: ArrayLike | None,
    neurons: Sequence[str],
    limits: dict[str, Any],
) -> NonlinearAudit:
    """Say how far a code of rectified or free neurons is from the best one, and why.

    Args:
        problem: what is coded.
        activity: (T, n), checked.
        encoder: (n, dx) or None.
        decoder: (r, n) or None.
        neurons: n names.
        limits: tolerance, time limit and rng of the search.

    Raises:
        InputError: weights that do not fit, activity that does not follow the sources, or from which they cannot be
            decoded.

    Source: docs/mathematics.md, "Audit of a given code".
    """
    network = _network(problem, activity, encoder, decoder)  # step 1
    paid = _paid(problem, network)
    optimum = solve(problem, **limits)
    assert isinstance(optimum, NonlinearRepresentation)
    proven = bound_of(problem, optimum.multiplier, tolerance=optimum.tolerance / 4)  # step 2
    code = _code(problem, network, paid, optimum, proven.value)  # step 3
    lengths = _best_strengths(problem, code)  # step 4
    missing = _missing(problem, code, lengths, limits["time_limit"])
    multiple = problem.sample_readout.multiple(proven.multiplier, proven.rho)
    return NonlinearAudit(
        code=code,
        optimum=optimum,
        lower_bound=code.lower_bound,
        unexplained=network.unexplained,
        unexplained_shares=network.shares,
        least_activity=float(activity.min(initial=0.0)),
        encoder_error=network.encoder_error,
        decoder_error=network.decoder_error,
        ratios=_ratios(problem, code.sample_activity, code.neuron_costs, multiple * proven.multiplier),
        savings=_savings(problem, code, lengths),  # step 5
        strengths=lengths,
        missing_ratio=missing.ratio,
        missing_saving=missing.saving,
        missing_activity=missing.activity,
        neurons=tuple(neurons),
        activity=activity,
    )


# ---- the code that is audited -------------------------------------------------------------------------------------


def _network(problem: Problem, recorded: Array, encoder: ArrayLike | None, decoder: ArrayLike | None) -> _Network:
    """The code nearest to the activity recorded that the problem allows."""
    count, encoder_error, decoder_error = recorded.shape[1], float("nan"), float("nan")
    variance = _expected(problem, (recorded - _expected(problem, recorded)) ** 2)
    varied = variance > np.finfo(float).eps ** 2 * _expected(problem, recorded**2)
    shares, unexplained = np.where(varied, 0.0, np.nan), 0.0
    if problem.neurons.name == "free":
        if encoder is not None:
            raise InputError("encoder: free neurons have none, and pay for none; leave it out")
        activity, matrix, bias = recorded, np.zeros((count, 0)), np.zeros(count)
    else:
        part = rectified_part(problem, recorded)
        activity, bias = part.activity, part.bias
        residue = _expected(problem, (recorded - activity) ** 2)
        shares[varied] = np.minimum(residue[varied] / variance[varied], 1.0)
        unexplained = float(min(1.0, residue.sum() / variance.sum())) if varied.any() else 0.0
        require_related(problem.sources, unexplained, problem.dimension + 1)
        matrix = part.weights @ problem.pseudoinverse
        if encoder is not None:
            network, encoder_error = encoding_error(problem, part.weights, encoder)
            matrix = network + (part.weights - network @ problem.mixing) @ problem.pseudoinverse
    if not varied.any():
        raise InputError("activity: no neuron varies over the samples, so that nothing is encoded")
    if decoder is not None:
        decoder, decoder_error = decoding_error(problem, recorded, decoder)
    return _Network(
        activity,
        matrix,
        bias,
        _nearest_decoder(problem.sample_readout, activity, decoder),
        unexplained,
        shares,
        encoder_error,
        decoder_error,
    )


def _nearest_decoder(readout: SampleReadout, activity: Array, decoder: Array | None) -> Array:
    """(r, n) nearest to a network's: as it is where it may err; else what is missing is added."""
    if decoder is None:
        return readout.decoder(activity).T
    if not readout.exact:
        return decoder
    said = (activity - readout.error_weights @ activity) @ decoder.T
    missed = replace(readout, targets=readout.targets - said)
    return np.asarray(decoder + missed.decoder(activity).T)


def _paid(problem: Problem, network: _Network) -> Paid:
    """What the network costs; what cannot be decoded from it is refused before a search."""
    paid = measured(problem, network.activity, network.encoder, network.decoder)
    if not paid.feasible:
        raise InputError(
            f"activity: what is decoded from it misses a target by {paid.error:.3g} (of exact decoders at most "
            f"{NONLINEAR_PROOF.feasible:g} of the largest is allowed); give a readout that may err "
            "(theory.readouts.Soft, --error-cost)"
        )
    return paid


def _code(
    problem: Problem, network: _Network, paid: Paid, optimum: NonlinearRepresentation, bound: float
) -> NonlinearRepresentation:
    """The audited code, with the optimum's multiplier as its certificate."""
    activity, encoder, decoder = network.activity, network.encoder, network.decoder
    readout, errors = problem.sample_readout, problem.readout.errors
    centre = problem.sources.mean if errors is None else errors.mean
    fields = described(problem, activity, encoder, network.bias) | {
        "loss": paid.loss,
        "energies": paid.energies,
        "decoder": decoder,
        "decoder_bias": problem.readout.targets @ centre - decoder @ (readout.error_weights @ activity),
    }
    same = ("multiplier", "modular_loss", "modular_lower_bound", "linear_loss", "tolerance")
    return NonlinearRepresentation(
        **fields,
        **{name: getattr(optimum, name) for name in same},
        **UNPROVEN,
        method="audit",
        message="the activity given",
        iterations=0,
        seconds=0.0,
        problem=problem,
    ).bounded_by(bound, "bounded")


def _expected(problem: Problem, values: Array) -> Array:
    """(n,) means of values (T, n) under the probabilities."""
    share = problem.sources.probabilities
    return np.asarray(values.mean(axis=0) if share is None else share @ values)


# ---- where its excess lies ----------------------------------------------------------------------------------------


class _Missing(NamedTuple):
    activity: Array
    ratio: float
    saving: float


def _ratios(problem: Problem, activity: Array, costs: Array, multiplier: Array) -> Array:
    """(n,) what neurons earn for what they cost at a multiplier; NaN where they cost nothing."""
    earned = ((multiplier.T @ activity) ** 2).sum(axis=0) / (4 * problem.sample_readout.decoder_cost)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(costs > 0, earned / costs, np.nan))


def _cheapest(problem: Problem, code: NonlinearRepresentation) -> Array:
    """(n,) what the neurons cost with the cheapest encoder for their weights."""
    if not code.encoder.shape[1]:
        return code.neuron_costs
    weights = code.encoder @ problem.mixing
    least = np.einsum("nd,de,ne->n", weights, problem.encoder_metric, weights)
    wasted = problem.encoder_cost * ((code.encoder**2).sum(axis=1) - least)
    return np.asarray(np.maximum(code.neuron_costs - np.maximum(wasted, 0.0), 0.0))


def _best_strengths(problem: Problem, code: NonlinearRepresentation) -> Array:
    """(n,) factors for the neurons with which the loss is least, the best decoder with them."""
    costs, activity, readout = _cheapest(problem, code), code.sample_activity, problem.sample_readout
    alike = readout.rescaling(activity, float(costs.sum()))
    active = costs > NONLINEAR_AUDIT.silent**2 * costs.max(initial=0.0)
    factors = np.where(active, alike, 0.0)
    energies = _energies(readout, activity[:, active], costs[active])
    fitted = np.zeros(len(costs))
    fitted[active] = np.sqrt(energies / costs[active])
    kept = np.zeros(len(costs), dtype=bool)
    kept[active] = energies > NONLINEAR_AUDIT.silent * float(energies.sum())
    tried = [factors, fitted, np.where(kept, fitted, 0.0)]
    losses = np.array([_loss(readout, activity, costs, one) for one in tried])
    # The fewest neurons whose loss is the least but for rounding.
    good = losses <= losses.min() * (1 + NONLINEAR_AUDIT.silent)
    return tried[int(np.flatnonzero(good)[-1])]


def _loss(readout: SampleReadout, activity: Array, costs: Array, factors: Array) -> float:
    used = factors > 0
    return float(costs @ factors**2) + readout.value(activity[:, used] * factors[used])


def _missing(problem: Problem, code: NonlinearRepresentation, factors: Array, time_limit: float | None) -> _Missing:
    """The neuron that would earn most beside the code's in their best strengths."""
    readout, costs = problem.sample_readout, _cheapest(problem, code)
    if readout.exact:
        # Many multipliers belong to a code then, and none says what one more neuron is worth.
        return _Missing(np.zeros(len(code.sample_activity)), float("nan"), 0.0)
    used = factors > 0
    activity, energies = code.sample_activity[:, used] * factors[used], costs[used] * factors[used] ** 2
    multiplier = readout.multiplier(activity)
    seconds = NONLINEAR_AUDIT.seconds if time_limit is None else min(time_limit, NONLINEAR_AUDIT.seconds)
    proven = bound_of(problem, multiplier, tolerance=code.tolerance / 4, seconds=seconds)
    extra, cost = _unit_neuron(problem, proven.worst_neuron, multiplier)
    (ratio,) = _ratios(problem, extra[:, None], np.array([cost]), multiplier)
    if not ratio > 1:
        return _Missing(extra, float(np.nan_to_num(ratio)), 0.0)
    before = float(energies.sum()) + readout.value(activity)
    both, costs = np.column_stack([activity, extra]), np.append(energies, cost)
    after = _loss(readout, both, costs, np.sqrt(_energies(readout, both, costs) / costs))
    return _Missing(extra, float(ratio), max(0.0, before - after))


def _energies(readout: SampleReadout, activity: Array, costs: Array) -> Array:
    """(n,) the best energies of neurons of such activity and costs."""
    units = readout.features(activity) / np.sqrt(costs)
    targets = readout.features(readout.targets) * np.sqrt(readout.decoder_cost)
    if readout.exact:
        # As good as exact, in units of what the code explains at its best size.
        size = readout.rescaling(activity, float(costs.sum())) ** 2
        delta = NONLINEAR_AUDIT.exact * size * float((units**2 * costs).sum())
    else:
        delta = readout.decoder_cost / readout.error_cost
    return energies_of_features(units, targets, delta)


def _unit_neuron(problem: Problem, neuron: Array, multiplier: Array) -> tuple[Array, float]:
    """Activity (T,) of a neuron of cost one, and this cost; (zeros, 0) of one that does nothing.

    Args:
        problem: what is coded.
        neuron: (w, b) about the mean; of free neurons the direction of its decoder.
        multiplier: (T, r) at which it is worth most.
    """
    sources = problem.sources
    share = sources.sample_probabilities
    if problem.neurons.name == "free":
        pushed = np.maximum(0.0, multiplier @ neuron)
        activity = np.divide(pushed, share, out=np.zeros_like(pushed), where=share > 0)
        cost = float(problem.activity_cost * (share @ activity**2))
    else:
        model = model_of(problem)
        activity, cost = model.activity(neuron[None])[:, 0], float(model.costs(neuron[None])[0])
    return (activity / cost**0.5, 1.0) if cost > 0 else (np.zeros(sources.count), 0.0)


def _savings(problem: Problem, code: NonlinearRepresentation, factors: Array) -> dict[str, float]:
    """What each change would save, one after the other; together they are loss - lower_bound."""
    readout, activity, costs = problem.sample_readout, code.sample_activity, _cheapest(problem, code)
    read = code.energies["decoder"] + code.energies.get("error", 0.0)
    value, energy = readout.value(activity), float(costs.sum())
    alike = readout.rescaling(activity, energy)
    resized = _loss(readout, activity, costs, np.full(len(costs), alike))
    strengthened = _loss(readout, activity, costs, factors)
    steps = {
        "encoder": float(code.neuron_costs.sum()) - energy,
        "decoder": read - value,
        "size": energy + value - resized,
        "strengths": resized - strengthened,
        "neurons": strengthened - code.lower_bound,
    }
    # Differences of nearly equal numbers may come out a hair below zero.
    return {name: max(0.0, saved) for name, saved in steps.items()}
