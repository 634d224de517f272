"""The certificate of a code: its loss as measured, its bound as proven again, and the gap between them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from solver.certificate.bound import best_bound
from solver.certificate.measure import loss_of, measure, measure_steps, network_of, posed_again, require_problem
from solver.certificate.nonlinear import bound_of, measured, network_activity, require_same_kind
from solver.certificate.worth import optimality_gap, within_loss
from theory.immutable import Frozen
from theory.inputs.problem import within_digits
from theory.problem import Problem
from theory.sources import as_matrix

if TYPE_CHECKING:
    from theory.arrays import Array

__all__ = ["Certificate", "certify"]


@dataclass(frozen=True, eq=False)
class Certificate(Frozen):
    """An independent check of a representation.

    Attributes:
        loss: measured: mean squared activity plus the weight costs of encoder, decoder and recurrent layer.
        lower_bound: proven: no code of any size has a smaller loss.
        gap: (loss - lower_bound) / loss; infinite if the code is not feasible.
        worst_neuron: (d,) the neuron that comes closest to improving the code (or improves it), scaled to f(w) = 1;
            of rectified neurons (d + 1,) weights and bias about the mean, of free ones (r,) the decoder's direction.
        rho: its ratio of worth to cost at the multiplier; at most 1 + 2 gap at an optimum.
        exact: whether rho is exact (where the normal fan is small enough) or an upper bound.
        feasible: whether the activity is nonnegative, and the reconstruction and every step of the recurrent layer
            exact, up to rounding, and, where that is asked for, each neuron reads one group.
        least_activity: smallest activity over all samples and neurons; zero where there are none.
        reconstruction_error: largest absolute error of the decoded data.
        multiplier: (d, d) the Y of the lower bound.
        step_error: largest absolute error of the activity after a step of the recurrent layer; zero without one.

    Example:
        >>> from solver import Problem, solve
        >>> answer = solve(Problem([[0, 0], [0, 1], [1, 0]]))
        >>> certificate = certify(answer.problem, answer)
        >>> certificate.feasible, certificate.exact, certificate.gap < 1e-8, certificate.lower_bound <= certificate.loss
        (True, True, True, True)
    """

    loss: float
    lower_bound: float
    gap: float
    worst_neuron: Array
    rho: float
    exact: bool
    feasible: bool
    least_activity: float
    reconstruction_error: float
    multiplier: Array
    step_error: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists, for JSON.

        Example:
            >>> from solver import Problem, solve
            >>> answer = solve(Problem([[0], [1]]))
            >>> certify(answer.problem, answer).to_dict()["feasible"]
            True
        """
        return {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in asdict(self).items()}


def certify(problem: Problem, representation: Any) -> Certificate:
    """Check a representation from the raw samples: its feasibility, its cost, its distance from the best.

    Args:
        problem: the problem as posed; its hull is computed afresh.
        representation: encoder, decoder, biases, multiplier and cover are used, no other number in it.

    Raises:
        InputError: the representation does not fit the problem.

    Example:
        >>> from solver import Problem, certify, solve
        >>> problem = Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]])
        >>> certify(problem, solve(problem)).gap < 1e-8
        True
    """
    require_problem(problem)
    require_same_kind(problem, representation)
    if not problem.neurons.linear:
        return _certify_nonlinear(problem, representation)
    encoder, encoder_bias, decoder, decoder_bias = network_of(problem, representation)
    fresh = posed_again(problem)
    with within_digits(fresh):
        found = measure(fresh, encoder, encoder_bias, decoder, decoder_bias)
    missed, follows, carried = measure_steps(fresh, representation, encoder, encoder_bias)
    feasible = found.feasible and follows
    loss = loss_of(fresh, found, encoder, decoder) + carried
    multiplier, weights = as_matrix(representation.multiplier, "multiplier"), encoder @ problem.mixing
    with within_digits(fresh):
        bound = best_bound(fresh, multiplier, weights=weights, cover=representation.cover)
    value = within_loss(bound.value, loss) if feasible else bound.value
    return Certificate(
        loss=loss,
        lower_bound=value,
        gap=optimality_gap(loss, value) if feasible else float("inf"),
        worst_neuron=bound.worst_neuron,
        rho=bound.rho,
        exact=bound.exact,
        feasible=feasible,
        least_activity=found.least if len(encoder) else 0.0,
        reconstruction_error=found.error,
        multiplier=bound.multiplier,
        step_error=missed,
    )


def _certify_nonlinear(problem: Problem, representation: Any) -> Certificate:
    """`certify` for rectified and free neurons: activity, errors, loss and bound from the samples."""
    activity = network_activity(problem, representation)
    paid = measured(problem, activity, representation.encoder, representation.decoder)
    proven = bound_of(problem, representation.multiplier, tolerance=representation.tolerance / 4)
    feasible = paid.feasible and float(activity.min(initial=0.0)) >= 0
    value = within_loss(proven.value, paid.loss) if feasible else proven.value
    return Certificate(
        loss=paid.loss,
        lower_bound=value,
        gap=optimality_gap(paid.loss, value) if feasible else float("inf"),
        worst_neuron=proven.worst_neuron,
        rho=proven.rho,
        exact=proven.exact,
        feasible=feasible,
        least_activity=float(activity.min(initial=0.0)),
        reconstruction_error=paid.error,
        multiplier=proven.multiplier,
        step_error=0.0,
    )
