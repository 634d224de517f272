"""One prediction against one certified solution: agreement, disagreement, or too close to call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from solver.certificate import lower_bound
from solver.representation import Representation
from solver.solving.plan import is_small
from solver.solving.solve import solve_one_of_many
from solver.verification.nonlinear import (
    AGREES,
    DISAGREES,
    NONLINEAR_CHECKS,
    UNDECIDED,
    Check,
    Judged,
    check_floors,
    resolution_of,
    solved,
    undecided,
)
from theory.conditions import decide
from theory.immutable import Frozen
from theory.problem import Problem
from theory.theorems import Prediction

__all__ = ["AGREES", "DISAGREES", "UNDECIDED", "Judgement", "judge"]


@dataclass(frozen=True)
class JudgementTolerances:
    """What rounding may do to margins and multipliers."""

    margin: float = 1e-6  # of the condition, from which on a verdict on modularity is beyond rounding
    multiplier: float = 1e-6  # relative error of a bound by the multiplier of a code that is optimal up to rounding
    coded: float = 1e-5  # share of the loss that the neurons of a source cost, from which on it is coded
    # Margin from which on the price of modularity, at least about a twentieth of its square, is far above rounding.
    contradiction: float = 1e-2


JUDGEMENT = JudgementTolerances()


@dataclass(frozen=True, eq=False)
class Judgement(Frozen):
    """One prediction compared with one solution.

    Attributes:
        outcome: AGREES, DISAGREES or UNDECIDED (the gap is larger than the margin).
        margin: how far the call was from going the other way: small ones are close. For a prediction about modularity
            the distance of the data from the boundary between modular and mixed (`Verdict.margin`), else the relative
            difference of losses that decided. NaN if undecided.
        said: one line: predicted this, found that.
        answer: the solution, a `Representation` of the problem's kind of neuron.
    """

    outcome: str
    margin: float
    said: str
    answer: Any


def judge(problem: Problem, prediction: Prediction) -> Judgement:
    """Solve a problem to a certificate and compare.

    The solution is searched for without asking theory whether it is modular: the method that does would agree with the
    condition by construction.

    Args:
        problem: what was predicted about.
        prediction: by a theorem or a conjecture; everything it says must hold.
    """
    answer: Any = _solved(problem) if problem.neurons.linear else solved(problem)
    checks = LINEAR_CHECKS if problem.neurons.linear else NONLINEAR_CHECKS
    said = {name: value for name in checks if (value := getattr(prediction, name)) is not None}
    judgements = (checks[name](value, answer, problem, prediction) for name, value in said.items())
    made = [judged for judged in judgements if judged is not None]
    for outcome in (DISAGREES, UNDECIDED):
        chosen = [judged for judged in made if judged[0] == outcome]
        if chosen:
            return Judgement(*chosen[0], answer=answer)
    if not made:
        return Judgement(UNDECIDED, float("nan"), "nothing was predicted", answer)
    return Judgement(*min(made, key=lambda judged: judged[1]), answer=answer)


def _solved(problem: Problem) -> Representation:
    """An optimal code; which of several is not asked, since predictions are about losses and what all codes share."""
    method = "columns" if is_small(problem) else "auto"
    return solve_one_of_many(problem, method=method, rng=0, any_code=True)


def _modularity(modular: bool, answer: Representation, problem: Problem, prediction: Prediction) -> Judged:
    expected = "modular" if modular else "mixed"
    price, margin = answer.price_of_modularity, decide(problem).margin
    if np.isnan(margin) and modular:
        margin = prediction.margin  # of dependent sources a verdict has none
    if price > resolution_of(answer):
        outcome = DISAGREES if modular else AGREES
        said = f"predicted {expected}; a modular code costs {price:.3g} more than the optimal one"
        return outcome, abs(margin), said
    if answer.status != "optimal":
        return undecided(f"predicted {expected}; the optimum is known only to {answer.gap:.1e}")
    # No cheaper code than the best modular one was found. But next to the boundary the price is the square of the
    # shortfall and drowns in rounding, so that only a clear margin tells modular from barely mixed.
    if margin > JUDGEMENT.margin:
        outcome = AGREES if modular else DISAGREES
        return outcome, margin, f"predicted {expected}; the best modular code is optimal{_by(margin)}"
    if margin < -JUDGEMENT.contradiction and not modular:
        return DISAGREES, -margin, f"predicted mixed; the best modular code is optimal, to {answer.gap:.1e}"
    close = f"too close to the boundary to tell, with a margin of {margin:.1e}"
    return undecided(f"predicted {expected}; {'no margin is known' if np.isnan(margin) else close}")


def _uniqueness(only_modular: bool, answer: Representation, problem: Problem, _: Prediction) -> Judged | None:
    if not only_modular:
        return None
    margin = decide(problem).margin
    if answer.status != "optimal" or not margin > JUDGEMENT.margin:
        return undecided("predicted that only modular codes are optimal; the margin is too small to tell")
    if answer.modular:
        return AGREES, margin, "predicted that only modular codes are optimal; every neuron found reads one source"
    return DISAGREES, 1.0, "predicted that only modular codes are optimal; a mixed one was found"


def _price(most: float, answer: Representation, problem: Problem, _: Prediction) -> Judged:
    # The price found is too small by no more than the gap.
    price, resolution = answer.price_of_modularity, resolution_of(answer)
    room = most - price
    said = f"predicted a price of at most {most:.6g}; found {price:.6g}"
    if abs(room) > resolution:
        return (AGREES if room > 0 else DISAGREES), abs(room), said
    margin = decide(problem).margin
    if answer.status == "optimal" and price <= resolution and margin > JUDGEMENT.margin:
        return AGREES, margin, f"{said}, which is none{_by(margin)}"
    return undecided(said)


def _by(margin: float) -> str:
    """By how much the condition holds; of one source every code is modular."""
    return f", by a margin of {margin:.3g}" if np.isfinite(margin) else ""


def _parts(parts: tuple[Problem, ...], answer: Representation, _: Problem, prediction: Prediction) -> Judged:
    solved = [_solved(part) for part in parts]
    excess = sum(part.loss for part in solved) / answer.loss - 1
    resolution = resolution_of(answer) + max(resolution_of(part) for part in solved)
    said = f"predicted {'parts' if prediction.separable else 'shared neurons'}; "
    said += f"the parts' codes together cost {excess:.3g} more than the optimal one"
    if excess > resolution:
        return (DISAGREES if prediction.separable else AGREES), excess, said
    if any(one.status != "optimal" for one in (answer, *solved)):
        return undecided(said)
    if excess < -resolution:
        return DISAGREES, -excess, f"{said}: less than what was proven to be optimal"
    # An equality holds up to rounding or not at all: its margin is what is left of that.
    return (AGREES, resolution - abs(excess), said) if prediction.separable else undecided(said)


def _equal(equal: tuple[Problem, float], answer: Representation, *_: Any) -> Judged:
    other, factor = equal
    second = _solved(other)
    difference = abs(second.loss / (factor * answer.loss) - 1)
    resolution = resolution_of(answer) + resolution_of(second)
    said = f"predicted {factor:g} times the loss of an equivalent problem; off by {difference:.3g}"
    if difference > resolution:
        return DISAGREES, difference, said
    if any(one.status != "optimal" for one in (answer, second)):
        return undecided(said)
    return AGREES, resolution - difference, said


def _larger(larger: tuple[Problem, float], answer: Representation, *_: Any) -> Judged:
    other, more = larger
    second = _solved(other)
    difference = answer.loss - second.loss - more
    resolution = resolution_of(answer) * answer.loss + resolution_of(second) * second.loss
    said = f"predicted a loss larger by {more:.6g} than without a recurrent layer; off by {difference:.3g}"
    if abs(difference) > resolution and all(one.status == "optimal" for one in (answer, second)):
        return DISAGREES, abs(difference) / answer.loss, said
    if answer.lower_bound > second.loss + more + resolution or second.lower_bound + more > answer.loss + resolution:
        return DISAGREES, abs(difference) / answer.loss, said
    if any(one.status != "optimal" for one in (answer, second)):
        return undecided(said)
    return AGREES, (resolution - abs(difference)) / answer.loss, said


def _silence(expected: tuple[int, ...], answer: Representation, problem: Problem, prediction: Prediction) -> Judged:
    # Neurons that earn what they cost may be shared in many ways; their sum for each source is unique.
    shares = (answer.source_weights**2).sum(axis=0) * problem.modular_costs / answer.loss
    silent = tuple(source for source, share in enumerate(shares) if share <= JUDGEMENT.coded)
    said = f"predicted {_listed(expected)} to be left out; found {_listed(silent)}"
    if silent == expected:
        return AGREES, float(np.abs(np.log(np.maximum(shares, JUDGEMENT.coded**2) / JUDGEMENT.coded)).min()), said
    # Next to its cost a source that is worth a neuron is worth one of hardly any energy.
    if answer.status != "optimal" or not prediction.margin > JUDGEMENT.contradiction:
        return undecided(said)
    return DISAGREES, prediction.margin, said


def _listed(sources: tuple[int, ...]) -> str:
    return "no source" if not sources else f"source(s) {', '.join(str(source) for source in sources)}"


def _limit(limit: Problem, answer: Representation, problem: Problem, _: Prediction) -> Judged:
    second, ridge = _solved(limit), problem.readout.ridge
    assert ridge is not None
    low, high = (
        float(np.vdot(ridge, one.multiplier)) / max(1.0, lower_bound(posed, one.multiplier).rho)
        for posed, one in ((problem, answer), (limit, second))
    )
    # A gap is a doubt about a multiplier of the size of its root.
    doubt = (resolution_of(answer) + resolution_of(second)) * second.loss + JUDGEMENT.multiplier * high
    difference = second.loss - answer.loss
    said = f"predicted a loss less than the exact one by {low:.6g} to {high:.6g}; it is {difference:.6g}"
    if any(one.status != "optimal" for one in (answer, second)):
        return undecided(said)
    room = min(difference - low, high - difference) + doubt
    return (AGREES if room >= 0 else DISAGREES), abs(room) / second.loss, said


LINEAR_CHECKS: dict[str, Check] = {
    "modular": _modularity,
    "only_modular": _uniqueness,
    "most_price": _price,
    "parts": _parts,
    "equal": _equal,
    "larger": _larger,
    "silent": _silence,
    "limit": _limit,
    "floors": check_floors,
}
