"""How far an activity is from the best code of its problem, and why (docs/mathematics.md, "Audit of a given code").

1. Fit w.s + b to the activity of each neuron by least squares. Refuse what the sources do not explain.
2. Raise each bias to h(w) at least, so that the affine code is nonnegative on the samples.
3. Recorded activity (`rescale`): take the biases h(w), fit the cost of the encoder and the unit of the activity.
4. Solve the problem; recompute the lower bound from the samples.
5. Take the encoder and the decoder nearest to those of the network that fit w; sum the terms of the loss.
6. Find the best strengths of the same neurons, and the neuron that is then missing.
7. Split loss - lower_bound into savings, and into what each neuron wastes at the optimum's multiplier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from solver.auditing.accounting import best_strengths, missing_neuron, ratios_of, savings_of
from solver.auditing.affine import (
    AffinePart,
    affine_code,
    affine_part,
    decoding_error,
    encoding_error,
    require_related,
    varying,
    without_rounding,
)
from solver.auditing.findings import Findings
from solver.auditing.scale import fit_costs
from solver.certificate import certify
from solver.codes.drawn import Drawing, Drawn
from solver.questions.separation import separation
from solver.solving.limits import DEFAULT_TOLERANCE
from solver.solving.solve import solve_one_of_many
from theory.arrays import Array
from theory.conditions import Verdict, decide
from theory.conditions.practically import PRACTICALLY, checked_threshold
from theory.dependent.columns import in_own_columns
from theory.errors import InputError
from theory.inputs import LARGEST, as_matrix, column_names, neuron_names
from theory.inputs.tensors import layer_weights
from theory.problem import Problem
from theory.sources import Sources
from theory.writing import block

if TYPE_CHECKING:
    from solver.auditing.nonlinear import NonlinearAudit


@dataclass(frozen=True)
class ActivityTolerances:
    """What counts as zero."""

    negative: float = 1e-6  # relative to the largest activity: the rounding of single precision
    affine: float = 1e-12  # share of the variance that rounding may leave unexplained


TOLERANCES_OF_ACTIVITY = ActivityTolerances()


@dataclass(frozen=True, repr=False, eq=False)
class Audit(Drawn, Findings):
    """A code held against the certified optimum of the same problem.

    Audited is the code made of the affine part of the activity: z = w.s + b by least squares, the biases raised where
    w.s + b would fall below zero on a sample, with the nearest encoder that makes these w and, where no errors are
    allowed, the nearest decoder that makes none. Of an affine code with such weights that is the code itself.

    Attributes:
        problem: what is coded.
        loss: what the code costs.
        lower_bound: proven: no code of any size costs less; recomputed from the samples.
        excess: loss / lower_bound - 1.
        optimum: the best code, a `Representation`.
        code: the code that is audited, with its terms of the loss in `energies`; `certify` checks it like any other.
        unexplained: share of the variance of the activity, over all neurons, that is not affine in the sources, and so
            not audited.
        unexplained_shares: (n,) this share for each neuron, NaN where it does not vary.
        least_activity: the smallest activity.
        lifts: (n,) by how much the affine part falls below zero somewhere, and its bias was raised.
        encoder_error: error of the activity that the network's encoder makes, as a share of the deviation of the affine
            part. NaN without an encoder.
        decoder_error: error of what the network's decoder makes of the activity, as a share of the deviation of what is
            decoded. NaN without a decoder.
        ratios: (n,) what each neuron earns for its cost at the optimum's multiplier: one where it belongs in an optimal
            code, never more; NaN for a silent one.
        wasted: (n,) cost less earnings of each neuron, in units of the loss.
        savings: what would be saved, one after the other, by the least biases ("bias"), the cheapest encoder for the
            same weights ("encoder"), the best decoder ("decoder"), the best size of all weights together ("size"), the
            best strength of each neuron ("strengths"), and by other neurons ("neurons"); together loss - lower_bound.
        strengths: (n,) the factors for the neurons' weights in the step "strengths"; zero where a neuron should go.
        missing_neuron: (d,) the neuron that would then earn most, scaled to f(w) = 1.
        missing_ratio: what it would earn for its cost, at most one where nothing is missing.
        missing_saving: what adding it would save.
        scores: the field's modularity scores of the activity (`solver.metrics`), as far as they can be had.
        verdict: the theory's `Verdict`: is the best code modular? None for data without known sources.
        fit: with ``rescale=True`` the costs that were fitted, with the curve; else None.
        neurons: n names.
        activity: (T, n) as it was.

    Panels of the picture: "earnings" (the usual one), "code", "optimum", "energies", "savings", "fit" (of a cost that
    was fitted).

    Source: docs/mathematics.md, "Audit of a given code".

    Example:
        >>> square = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
        >>> findings = audit(Problem(square), np.hstack([1 + square, 1 - square]))  # every neuron speaks too loudly
        >>> findings.strengths.round(2).tolist(), bool(findings.missing_ratio <= 1 + 1e-9)
        ([0.54, 0.54, 0.54, 0.54], True)
    """

    def _drawing(self) -> Drawing:
        from solver.pictures.audit import AUDIT_PANELS, plot_audit

        return plot_audit, AUDIT_PANELS

    def sentences(self) -> list[str]:
        """The audit in words.

        Example:
            >>> square = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
            >>> print(audit(Problem(square), 1 + square).sentences()[0])
            All of the activity is affine in the sources.
        """
        from solver.pictures.audit_words import audit_sentences

        return audit_sentences(self)

    def columns(self) -> dict[str, list[Any]]:
        """What is found of each neuron, by column.

        Example:
            >>> square = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
            >>> list(audit(Problem(square), 1 + square).columns())[:3]
            ['neuron', 'cost', 'earns']
        """
        from solver.pictures.audit_words import columns_of_neurons

        return columns_of_neurons(self)

    def _repr_html_(self) -> str:
        return block(self.sentences(), self.columns())

    def __repr__(self) -> str:
        from solver.pictures.audit_words import audit_text

        return audit_text(self)


def audit(
    problem: Problem,
    activity: ArrayLike,
    *,
    encoder: Any = None,
    decoder: Any = None,
    rescale: bool | str = False,
    neurons: Sequence[str] | None = None,
    tolerance: float = DEFAULT_TOLERANCE,
    time_limit: float | None = None,
    rng: int | np.random.Generator | None = None,
    practically: float = PRACTICALLY,
) -> Audit | NonlinearAudit:
    """Say how far a code is from the best one, and why.

    Args:
        problem: what is coded, with the samples of the activity.
        activity: (T, n) of the neurons, one row per sample (a DataFrame keeps its column names); not negative, unless
            rescaled.
        encoder: (n, dx) W_in, if its cost is to count as it is; the cheapest that makes the activity if not given. A
            tensor of torch or JAX, or the layer itself (`torch.nn.Linear`, or one of Equinox or Flax), will do.
        decoder: (r, n) W_out, if its cost is to count as it is; the best if not given. As the encoder.
        rescale: for recorded activity, whose units and baselines mean nothing. Every neuron gets the least baseline at
            which its affine part is nonnegative, all one unit, and the encoder the cost for which the code is least
            suboptimal. With "unit" the encoder keeps the problem's cost, and the unit alone is fitted.
        neurons: n names; those of the activity's columns, or their numbers from one, if not given.
        tolerance: of the search for the optimum, as for `solve`.
        time_limit: as for `solve`.
        rng: as for `solve`.
        practically: as for `solve`.

    Returns:
        An `Audit`; of rectified and free neurons (`Problem(activation=...)`) a
        `solver.auditing.nonlinear.NonlinearAudit`.

    Raises:
        InputError: activity below zero, or that does not fit the sources or follow them; weights that do not fit; a
            problem without samples, with transitions, or whose neurons must read one group.

    Source: docs/mathematics.md, "Audit of a given code".

    Example:
        >>> square = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
        >>> findings = audit(Problem(square), np.hstack([1 + square, 1 - square]))  # too loud, two neurons per source
        >>> round(findings.excess, 4), round(findings.optimum.loss, 4), findings.verdict.modular
        (0.8764, 6.9282, True)
        >>> {name: round(saved, 3) for name, saved in findings.savings.items() if saved > 1e-9}
        {'size': 6.072}
    """
    _require_auditable(problem)
    practically = checked_threshold(practically)
    encoder, decoder = layer_weights(encoder), layer_weights(decoder)
    limits: dict[str, Any] = {"tolerance": tolerance, "time_limit": time_limit, "rng": rng}
    values = _fitting(activity, problem.sources)
    if isinstance(rescale, str) and rescale != "unit":
        raise InputError(f'rescale: {rescale!r} is unknown; give True, or "unit" to keep the cost of the encoder')
    if rescale:
        _require_rescalable(problem, encoder, decoder)
    else:
        _require_nonnegative(values)
    names = neuron_names(activity, values.shape[1], neurons)
    if not problem.neurons.linear:
        from solver.auditing.nonlinear import audit_nonlinear

        limits |= {"practically": practically}
        return audit_nonlinear(problem, values, encoder=encoder, decoder=decoder, neurons=names, limits=limits)
    # Step 1.
    part = affine_part(values, problem.sources)
    unexplained, shares = _unexplained(part)
    require_related(problem.sources, unexplained, problem.sources.on_hull.dimension)
    encoder_error = decoder_error = float("nan")
    if encoder is not None:
        encoder, encoder_error = encoding_error(problem, part.weights, encoder)
    if decoder is not None:
        decoder, decoder_error = decoding_error(problem, values, decoder)
    fit, weights = None, without_rounding(problem, part.weights)
    if problem.hull is not None:
        weights = in_own_columns(problem, problem.hull.functions(weights))
    # Steps 2 and 3.
    least = problem.sources.support(weights)
    bias, lifts = np.maximum(part.mean, least), _lifts(part, least)
    if rescale:
        fit = fit_costs(problem, weights[varying(problem, weights)], cost_kept=rescale == "unit", **limits)
        problem = problem.replaced(encoder_cost=fit.encoder_cost)
        weights, bias, lifts = fit.scale * weights, fit.scale * least, np.zeros(len(least))
    # Steps 4 to 7.
    optimum = replace(solve_one_of_many(problem, **limits), practically=practically)
    certificate = certify(problem, optimum)
    code = affine_code(
        problem, weights, bias, encoder=encoder, decoder=decoder, optimum=optimum, lower_bound=certificate.lower_bound
    )
    strengths = best_strengths(problem, weights)
    better = strengths[:, None] * weights
    missing = missing_neuron(problem, better[strengths > 0], optimum.source_weights)
    return Audit(
        code=code,
        optimum=optimum,
        lower_bound=code.lower_bound,
        unexplained=unexplained,
        unexplained_shares=shares,
        least_activity=float(values.min()),
        lifts=lifts,
        encoder_error=encoder_error,
        decoder_error=decoder_error,
        ratios=ratios_of(code, certificate),
        savings=savings_of(code, problem.loss(better)),
        strengths=strengths,
        missing_neuron=missing.neuron,
        missing_ratio=missing.ratio,
        missing_saving=missing.saving,
        verdict=_verdict(problem, practically),
        fit=fit,
        neurons=names,
        activity=values,
    )


# ---- what can be audited ------------------------------------------------------------------------------------------


def _require_auditable(problem: Problem) -> None:
    if not isinstance(problem, Problem):
        raise InputError(
            f"problem: expected a Problem, got {type(problem).__name__}; write audit(Problem(sources), activity)"
        )
    if not problem.sources.from_samples:
        raise InputError(
            f"sources: known by {problem.sources.known_by} alone; an activity needs the samples that it is of"
        )
    if problem.transitions is not None:
        raise InputError("transitions: what a recurrent layer costs is not audited; leave them out")
    if problem.separate:
        raise InputError("separate: any code can be audited, but only against the best of all; leave it out")


def _require_rescalable(problem: Problem, encoder: ArrayLike | None, decoder: ArrayLike | None) -> None:
    if not problem.neurons.linear:
        raise InputError(
            f"rescale: how units and baselines of recorded {problem.neurons.name} neurons are fitted is not known; "
            "leave rescale out, or take linear neurons"
        )
    if encoder is not None or decoder is not None:
        raise InputError("rescale: encoder and decoder belong to activity of a known unit; leave them out, or rescale")
    if not problem.readout.exact:
        raise InputError(
            "rescale: where errors have a cost a code without activity is best once weights are expensive enough, so "
            "that no cost can be fitted; leave the errors out"
        )


def _fitting(activity: ArrayLike, sources: Sources) -> Array:
    values = as_matrix(activity, "activity", columns=column_names(activity, "activity"))
    if len(values) != sources.count:
        transposed = ", which its transpose has" if values.shape[1] == sources.count else ""
        raise InputError(
            f"activity: {len(values)} row(s) do not fit {sources.count} samples; give one per sample, in the same "
            f"order{transposed}"
        )
    largest = float(np.abs(values).max())
    if largest > LARGEST:
        raise InputError(f"activity: reaches {largest:.3g}, and its square is no number; choose a larger unit")
    return values


def _require_nonnegative(activity: Array) -> None:
    below = activity < -TOLERANCES_OF_ACTIVITY.negative * activity.max()
    if below.any():
        row, column = np.unravel_index(int(activity.argmin()), activity.shape)
        raise InputError(
            f"activity: {int(below.sum())} value(s) are below zero, the lowest {activity[row, column]:.3g} at row "
            f"{row}, column {column} (counted from 0), and neurons of a code are not; raise the baselines, or leave "
            "their choice to rescale (--rescale)"
        )


def _unexplained(part: AffinePart) -> tuple[float, Array]:
    """Share of the variance that is not affine, of all neurons together and (n,) of each."""
    # Rounding may leave some variance of equal values.
    rounding = np.finfo(float).eps * np.abs(part.mean)
    varied = part.variance > rounding**2
    if not varied.any():
        raise InputError("activity: no neuron varies over the samples, so that nothing is encoded")
    shares = np.full(len(part.variance), np.nan)
    shares[varied] = part.residue[varied] / part.variance[varied]
    together = float(part.residue.sum()) / float(part.variance.sum())
    affine = TOLERANCES_OF_ACTIVITY.affine
    return 0.0 if together < affine else together, np.where(shares < affine, 0.0, np.minimum(shares, 1.0))


def _lifts(part: AffinePart, least: Array) -> Array:
    """(n,) by how much biases had to be raised, beyond rounding."""
    lifts = least - part.mean
    return np.where(lifts > TOLERANCES_OF_ACTIVITY.negative * (least + np.abs(part.mean)), lifts, 0.0)


def _verdict(problem: Problem, practically: float) -> Verdict | None:
    if not problem.sources.identified:
        return None
    verdict = decide(problem) if problem.groups is None else separation(problem)
    return replace(verdict, practically=practically)
