"""One prediction against one certified solution: agreement, disagreement, or too close to call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from solver.optimise import solve
from theory.conditions import decide

if TYPE_CHECKING:
    from solver.representation import Representation
    from theory.problem import Problem
    from theory.theorems import Prediction

__all__ = ["AGREES", "DISAGREES", "UNDECIDED", "Judgement", "judge"]

AGREES, DISAGREES, UNDECIDED = "agrees", "disagrees", "undecided"

ROUNDING = 1e-9
"""Relative difference of two losses below which neither is larger."""

CLEAR = 1e-6
"""Margin of the condition from which a verdict on modularity is beyond rounding."""


@dataclass(frozen=True)
class Judgement:
    """What came of comparing one prediction with one solution.

    Attributes:
        outcome: AGREES, DISAGREES or UNDECIDED (the gap is larger than the margin).
        margin: by how much it was decided, relative to the loss: small ones are close calls. NaN if undecided.
        said: one line: predicted this, found that.
        answer: the solution.
    """

    outcome: str
    margin: float
    said: str
    answer: Representation


def judge(problem: Problem, prediction: Prediction) -> Judgement:
    """Solve a problem to a certificate and compare.

    Args:
        problem: what was predicted about.
        prediction: by a theorem or a conjecture; everything it says must hold.
    """
    answer = solve(problem, rng=0)
    found = [
        judged
        for judged in (
            _modularity(problem, prediction, answer),
            _uniqueness(problem, prediction, answer),
            _price(prediction, answer),
            _parts(prediction, answer),
            _equal(prediction, answer),
        )
        if judged is not None
    ]
    for outcome in (DISAGREES, UNDECIDED):
        chosen = [judged for judged in found if judged[0] == outcome]
        if chosen:
            return Judgement(*chosen[0], answer=answer)
    if not found:
        return Judgement(UNDECIDED, float("nan"), "nothing was predicted", answer)
    return Judgement(*min(found, key=lambda judged: judged[1]), answer=answer)


Judged = tuple[str, float, str]


def _resolution(answer: Representation) -> float:
    """Difference of losses, relative, that the certificate can tell from none."""
    return max(answer.gap, 0.0) + ROUNDING


def _modularity(problem: Problem, prediction: Prediction, answer: Representation) -> Judged | None:
    if prediction.modular is None:
        return None
    price, resolution = answer.price_of_modularity, _resolution(answer)
    expected = "modular" if prediction.modular else "mixed"
    if price > resolution:
        outcome = DISAGREES if prediction.modular else AGREES
        return outcome, price, f"predicted {expected}; a modular code costs {price:.3g} more than the optimal one"
    if answer.status != "optimal":
        return UNDECIDED, float("nan"), f"predicted {expected}; the optimum is known only to {answer.gap:.1e}"
    if prediction.modular:
        return AGREES, resolution, "predicted modular; no code costs less than the best modular one"
    # A shortfall below the condition costs its square: only a clear margin tells modular from barely mixed.
    margin = decide(problem).margin
    if margin > CLEAR:
        return DISAGREES, margin, f"predicted mixed; the best modular code is optimal, by a margin of {margin:.3g}"
    return UNDECIDED, float("nan"), "predicted mixed; the price of modularity is below what the gap can tell"


def _uniqueness(problem: Problem, prediction: Prediction, answer: Representation) -> Judged | None:
    if not prediction.unique:
        return None
    if answer.status != "optimal" or not decide(problem).margin > CLEAR:
        return UNDECIDED, float("nan"), "predicted the only optimum; the margin is too small to tell"
    if answer.modular:
        return AGREES, decide(problem).margin, "predicted the only optimum; every neuron found reads one source"
    return DISAGREES, 1.0, "predicted that only modular codes are optimal; a mixed one was found"


def _price(prediction: Prediction, answer: Representation) -> Judged | None:
    if prediction.most_price is None:
        return None
    room = prediction.most_price - answer.price_of_modularity
    said = f"predicted a price of at most {prediction.most_price:.6g}; found {answer.price_of_modularity:.6g}"
    # The price found is too small by no more than the gap.
    if room < -_resolution(answer):
        return DISAGREES, -room, said
    return AGREES, max(room, 0.0), said


def _parts(prediction: Prediction, answer: Representation) -> Judged | None:
    if prediction.parts is None:
        return None
    solved = [solve(part, rng=0) for part in prediction.parts]
    excess = sum(part.loss for part in solved) / answer.loss - 1
    resolution = _resolution(answer) + max(_resolution(part) for part in solved)
    said = f"the parts' codes together cost {excess:.3g} more than the optimal one"
    if excess > resolution:
        outcome = DISAGREES if prediction.separable else AGREES
        return outcome, excess, f"predicted {'parts' if prediction.separable else 'shared neurons'}; {said}"
    if prediction.separable and answer.status == "optimal":
        return AGREES, resolution, f"predicted parts; {said}"
    return UNDECIDED, float("nan"), f"predicted shared neurons; {said}"


def _equal(prediction: Prediction, answer: Representation) -> Judged | None:
    if prediction.equal is None:
        return None
    other, factor = prediction.equal
    second = solve(other, rng=0)
    difference = abs(second.loss / (factor * answer.loss) - 1)
    resolution = _resolution(answer) + _resolution(second)
    said = f"predicted {factor:g} times the loss of an equivalent problem; off by {difference:.3g}"
    if difference > resolution:
        return DISAGREES, difference, said
    return AGREES, resolution - difference, said
