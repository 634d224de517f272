"""One prediction about neurons that are not linear against one certified solution."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from solver.certificate.nonlinear import bound_of
from solver.solving.solve import solve_any_of_many

if TYPE_CHECKING:
    from theory.problem import Problem
    from theory.theorems import Prediction

AGREES, DISAGREES, UNDECIDED = "agrees", "disagrees", "undecided"

Judged = tuple[str, float, str]
"""The outcome, by what margin, and one line on it."""


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


def _loss(_: Problem, prediction: Prediction, answer: Any) -> Judged | None:
    if prediction.loss is None:
        return None
    said = f"predicted a loss of {prediction.loss:.10g}; found {answer.loss:.10g}"
    return _equality(prediction.loss, answer.lower_bound, answer.loss, said)


def _modular_loss(_: Problem, prediction: Prediction, answer: Any) -> Judged | None:
    if prediction.modular_loss is None:
        return None
    said = f"predicted a best modular loss of {prediction.modular_loss:.10g}; found {answer.modular_loss:.10g}"
    return _equality(prediction.modular_loss, answer.modular_lower_bound, answer.modular_loss, said)


def _most_loss(_: Problem, prediction: Prediction, answer: Any) -> Judged | None:
    if prediction.most_loss is None:
        return None
    room = prediction.most_loss - answer.loss
    said = f"predicted a loss of at most {prediction.most_loss:.10g}; found {answer.loss:.10g}"
    if room >= -NONLINEAR_CHECK.loss * answer.loss:
        return AGREES, max(room, 0.0) / answer.loss, said
    beyond = answer.lower_bound - prediction.most_loss
    return (DISAGREES, -room / answer.loss, said) if beyond > NONLINEAR_CHECK.loss * answer.loss else undecided(said)


def check_floors(_: Problem, prediction: Prediction, answer: Any) -> Judged | None:
    """Whether none of the problems that are said to cost less costs more.

    Args:
        prediction: with `floors`.
        answer: of any kind of neuron.
    """
    if prediction.floors is None:
        return None
    closest: Judged | None = None
    for other in prediction.floors:
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


def _multiplier(problem: Problem, prediction: Prediction, answer: Any) -> Judged | None:
    if prediction.multiplier is None:
        return None
    proven = bound_of(problem, prediction.multiplier, seconds=NONLINEAR_CHECK.seconds).value
    room = (answer.loss - proven) / answer.loss
    said = f"predicted that no code costs less than {proven:.10g}; found {answer.loss:.10g}"
    return (AGREES if room >= -NONLINEAR_CHECK.loss else DISAGREES), abs(room), said


def _modularity(_: Problem, prediction: Prediction, answer: Any) -> Judged | None:
    if prediction.modular is None:
        return None
    least, most = answer.price_bounds
    expected = "modular" if prediction.modular else "mixed"
    said = f"predicted {expected}; a modular code costs {least:.3g} to {most:.3g} more than the optimal one"
    if least > NONLINEAR_CHECK.loss:
        return (DISAGREES if prediction.modular else AGREES), least, said
    if not most <= resolution_of(answer) + 1e-6:
        return undecided(said)
    if prediction.modular:
        return AGREES, NONLINEAR_CHECK.loss, said
    # Next to the boundary the price is about the square of the margin, and drowns in rounding.
    enough = NONLINEAR_CHECK.contradiction
    clear = prediction.margin > enough and most < prediction.margin**2 * enough
    return (DISAGREES, prediction.margin, said) if clear else undecided(said)


def _price(_: Problem, prediction: Prediction, answer: Any) -> Judged | None:
    least, most = answer.price_bounds
    prices = f"found one of {least:.6g} to {most:.6g}"
    for bound, proven, sign in ((prediction.most_price, least, 1), (prediction.least_price, most, -1)):
        if bound is None:
            continue
        room = sign * (bound - answer.price_of_modularity)
        said = f"predicted a price of at {'most' if sign > 0 else 'least'} {bound:.6g}; {prices}"
        if sign * (proven - bound) > NONLINEAR_CHECK.loss:
            return DISAGREES, -room, said
        return (AGREES, max(room, 0.0), said) if room >= -NONLINEAR_CHECK.loss else undecided(said)
    return None


def _falling(problem: Problem, prediction: Prediction, answer: Any) -> Judged | None:
    """Whether a neuron is less active where the one source is larger."""
    if prediction.falling is None:
        return None
    probabilities = problem.sources.sample_probabilities
    values = problem.sources.points[:, 0] - probabilities @ problem.sources.points
    there = answer.neuron_costs > NONLINEAR_CHECK.coded * answer.loss
    falling = bool(((probabilities * values) @ answer.sample_activity < 0)[there].any())
    said = f"predicted {'an' if prediction.falling else 'no'} OFF neuron; found {'one' if falling else 'none'}"
    if falling is prediction.falling:
        return AGREES, prediction.margin, said
    clear = answer.status == "optimal" and prediction.margin > NONLINEAR_CHECK.contradiction
    return (DISAGREES, prediction.margin, said) if clear else undecided(said)


NONLINEAR_CHECKS: tuple[Callable[[Problem, Prediction, Any], Judged | None], ...] = (
    _loss,
    _modular_loss,
    _most_loss,
    check_floors,
    _multiplier,
    _modularity,
    _price,
    _falling,
)
"""Each compares one thing that may be predicted, and is None where it is not."""
