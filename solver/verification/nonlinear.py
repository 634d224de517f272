"""One prediction about neurons that are not linear against one certified solution."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from solver.certificate.nonlinear import bound_of
from solver.solving.solve import solve_any_of_many
from theory.arrays import Array
from theory.problem import Problem
from theory.theorems import Prediction

AGREES, DISAGREES, UNDECIDED = "agrees", "disagrees", "undecided"

Judged = tuple[str, float, str]
"""The outcome, by what margin, and one line on it."""

Check = Callable[[Any, Any, Problem, Prediction], Judged | None]
"""Compares one thing that is predicted, by its name in `Prediction`, with an answer to the problem."""


@dataclass(frozen=True)
class NonlinearCheckTolerances:
    """What rounding may do, and how long a search may take."""

    loss: float = 1e-9  # relative difference of two losses below which neither is larger
    contradiction: float = 1e-2  # margin from which on what is not found is not there
    coded: float = 1e-5  # share of the loss that a neuron costs, from which on it is there
    seconds: float = 20.0  # of one search


NONLINEAR_CHECK = NonlinearCheckTolerances()


def solved(problem: Problem) -> Any:
    """The best code, as one of a series: an interrupt ends the series.

    Args:
        problem: of neurons of any kind.

    Raises:
        KeyboardInterrupt: as it came.
    """
    return solve_any_of_many(problem, time_limit=NONLINEAR_CHECK.seconds, rng=0)


def resolution_of(answer: Any) -> float:
    """Difference of losses, relative, that the certificate can tell from none."""
    return max(answer.gap, 0.0) + NONLINEAR_CHECK.loss


def undecided(said: str) -> Judged:
    """A call that is too close, and why."""
    return UNDECIDED, float("nan"), said


def _equality(expected: float, low: float, high: float, said: str) -> Judged:
    """Whether a number that is proven to lie between two others is what was expected."""
    size = max(abs(expected), abs(high))
    beyond = max(low - expected, expected - high) / size
    if beyond > NONLINEAR_CHECK.loss:
        return DISAGREES, beyond, said
    # Of a wide interval it is not told where in it the number lies.
    return (AGREES, NONLINEAR_CHECK.loss - beyond, said) if high - low <= 1e-6 * size else undecided(said)


def _loss(loss: float, answer: Any, *_: Any) -> Judged:
    said = f"predicted a loss of {loss:.10g}; found {answer.loss:.10g}"
    return _equality(loss, answer.lower_bound, answer.loss, said)


def _modular_loss(loss: float, answer: Any, *_: Any) -> Judged:
    said = f"predicted a best modular loss of {loss:.10g}; found {answer.modular_loss:.10g}"
    return _equality(loss, answer.modular_lower_bound, answer.modular_loss, said)


def _most_loss(most: float, answer: Any, *_: Any) -> Judged:
    room = most - answer.loss
    said = f"predicted a loss of at most {most:.10g}; found {answer.loss:.10g}"
    if room >= -NONLINEAR_CHECK.loss * answer.loss:
        return AGREES, max(room, 0.0) / answer.loss, said
    beyond = answer.lower_bound - most
    return (DISAGREES, -room / answer.loss, said) if beyond > NONLINEAR_CHECK.loss * answer.loss else undecided(said)


def check_floors(floors: tuple[Problem, ...], answer: Any, *_: Any) -> Judged | None:
    """Whether none of the problems that are said to cost less, to an answer of any kind of neuron, costs more."""
    closest: Judged | None = None
    for other in floors:
        floor = solved(other)
        room = (answer.loss - floor.loss) / answer.loss
        said = f"predicted that {other.neurons.name} neurons cost no more; they cost {room:.3g} less"
        if floor.lower_bound > answer.loss * (1 + NONLINEAR_CHECK.loss):
            return DISAGREES, -room, said
        if room < -NONLINEAR_CHECK.loss:
            return undecided(said)
        if closest is None or room < closest[1]:
            closest = AGREES, max(room, 0.0), said
    return closest


def _multiplier(multiplier: Array, answer: Any, problem: Problem, *_: Any) -> Judged:
    proven = bound_of(problem, multiplier, seconds=NONLINEAR_CHECK.seconds).value
    room = (answer.loss - proven) / answer.loss
    said = f"predicted that no code costs less than {proven:.10g}; found {answer.loss:.10g}"
    return (AGREES if room >= -NONLINEAR_CHECK.loss else DISAGREES), abs(room), said


def _modularity(modular: bool, answer: Any, _: Problem, prediction: Prediction) -> Judged:
    least, most = answer.price_bounds
    expected = "modular" if modular else "mixed"
    said = f"predicted {expected}; a modular code costs {least:.3g} to {most:.3g} more than the optimal one"
    if least > NONLINEAR_CHECK.loss:
        return (DISAGREES if modular else AGREES), least, said
    if not most <= resolution_of(answer) + 1e-6:
        return undecided(said)
    if modular:
        return AGREES, NONLINEAR_CHECK.loss, said
    # Next to the boundary the price is about the square of the margin, and drowns in rounding.
    enough = NONLINEAR_CHECK.contradiction
    clear = prediction.margin > enough and most < prediction.margin**2 * enough
    return (DISAGREES, prediction.margin, said) if clear else undecided(said)


def _most_price(most: float, answer: Any, *_: Any) -> Judged:
    return _bound_of_price(most, answer, answer.price_bounds[0], 1)


def _least_price(least: float, answer: Any, *_: Any) -> Judged:
    return _bound_of_price(least, answer, answer.price_bounds[1], -1)


def _bound_of_price(bound: float, answer: Any, proven: float, sign: int) -> Judged:
    """Whether the price is at most (sign 1) or at least (sign -1) this."""
    least, most = answer.price_bounds
    room = sign * (bound - answer.price_of_modularity)
    end = "most" if sign > 0 else "least"
    said = f"predicted a price of at {end} {bound:.6g}; found one of {least:.6g} to {most:.6g}"
    if sign * (proven - bound) > NONLINEAR_CHECK.loss:
        return DISAGREES, -room, said
    return (AGREES, max(room, 0.0), said) if room >= -NONLINEAR_CHECK.loss else undecided(said)


def _falling(expected: bool, answer: Any, problem: Problem, prediction: Prediction) -> Judged:
    """Whether a neuron is less active where the one source is larger."""
    probabilities = problem.sources.sample_probabilities
    values = problem.sources.points[:, 0] - probabilities @ problem.sources.points
    there = answer.neuron_costs > NONLINEAR_CHECK.coded * answer.loss
    falling = bool(((probabilities * values) @ answer.sample_activity < 0)[there].any())
    said = f"predicted {'an' if expected else 'no'} OFF neuron; found {'one' if falling else 'none'}"
    if falling is expected:
        return AGREES, prediction.margin, said
    clear = answer.status == "optimal" and prediction.margin > NONLINEAR_CHECK.contradiction
    return (DISAGREES, prediction.margin, said) if clear else undecided(said)


NONLINEAR_CHECKS: dict[str, Check] = {
    "loss": _loss,
    "modular_loss": _modular_loss,
    "most_loss": _most_loss,
    "floors": check_floors,
    "multiplier": _multiplier,
    "modular": _modularity,
    "most_price": _most_price,
    "least_price": _least_price,
    "falling": _falling,
}
