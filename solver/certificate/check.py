"""The certificate of a code: its loss as measured, its bound as proven again, and the gap between them."""

from __future__ import annotations

from typing import Any

from solver.certificate.bound import best_bound
from solver.certificate.measure import loss_of, measure, measure_steps, network_of, require_problem
from solver.certificate.nonlinear import certify_nonlinear, require_same_kind
from solver.certificate.result import Certificate
from solver.certificate.worth import optimality_gap, within_loss
from theory.inputs import as_matrix
from theory.inputs.problem import within_digits
from theory.problem import Problem
from theory.reductions import IN_ORDER


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
    if not problem.neurons.linear:
        return certify_nonlinear(problem, representation)
    require_same_kind(problem, representation)
    encoder, encoder_bias, decoder, decoder_bias = network_of(problem, representation)
    fresh = problem.replaced(sources=problem.sources.afresh())
    with within_digits(fresh):
        measured = measure(fresh, encoder, encoder_bias, decoder, decoder_bias)
    step_error, steps_exact, recurrent = measure_steps(fresh, representation, encoder, encoder_bias)
    feasible = measured.feasible and steps_exact
    loss = loss_of(fresh, measured, encoder, decoder) + recurrent
    multiplier, weights = as_matrix(representation.multiplier, "multiplier"), IN_ORDER.read(problem, encoder)
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
        least_activity=measured.least if len(encoder) else 0.0,
        reconstruction_error=measured.error,
        multiplier=bound.multiplier,
        step_error=step_error,
    )
