"""2025: two cues that are held over a delay have neurons of their own if every pair occurs, however correlated."""

from __future__ import annotations

from typing import Any

import numpy as np

from solver.in_time import InTime, solve_in_time
from solver.pictures.style import BLUE, DARK, GREY, ORANGE, legend
from solver.studies.study import Finding, correlation, curve, panels
from theory.arrays import Array
from theory.in_time.trials import Trials

PAIRS = np.array([[one, other] for one in (-1.0, 0.0, 1.0) for other in (-1.0, 0.0, 1.0)])  # cues of three values each

DEPENDENCES = {"independent": 0.0, "correlated": 2.0}
"""By how much the logarithm of the probability of a pair grows with its product."""


def study(_: np.random.Generator, quick: bool) -> Finding:
    """Recall two cues after longer and longer delays: every pair, correlated pairs, and none that are both extreme."""
    rows, neurons = list[dict[str, Any]](), dict[str, InTime]()
    for steps in (3, 4) if quick else (2, 3, 4, 6, 8):
        for kind, (cues, probabilities) in _kinds().items():
            together = solve_in_time(recalled(cues, steps, probabilities), tries=0 if quick else 4)
            alone = [solve_in_time(recalled(cues[:, [cue]], steps, probabilities)) for cue in (0, 1)]
            rows.append(_row(kind, steps, probabilities, together, alone))
            neurons[kind] = together
    whole = [row for row in rows if row["pairs"] != "cut"]
    cut = [row for row in rows if row["pairs"] == "cut"]
    holds = (
        all(row["status"] == "optimal" and row["mixed"] == 0 for row in whole)
        and all(row["price_at_most"] < 1e-6 for row in whole)
        and all(row["mixed"] > 0 and row["price_at_least"] > 1e-4 and row["alone_gap"] < 1e-6 for row in cut)
    )
    figure, (left, right) = panels(2)
    for kind, colour in zip(_kinds(), (BLUE, GREY, ORANGE), strict=True):
        own = [row for row in rows if row["pairs"] == kind]
        where = [row["steps"] for row in own]
        curve(left, where, [100 * row["price_at_least"] for row in own], colour, label=kind)
        if kind == "cut":
            most = [100 * row["price_at_most"] for row in own]
            left.fill_between(where, [100 * row["price_at_least"] for row in own], most, color=colour, alpha=0.2, lw=0)
    left.set(xlabel="steps", ylabel="price of separate neurons (%)")
    legend(left)
    _draw_held(right, neurons["cut"])
    low, high = min(row["price_at_least"] for row in cut), max(row["price_at_most"] for row in cut)
    verdict = (
        f"if every pair of cues occurs, the network with neurons of their own is globally optimal at every delay, at a "
        f"correlation of {_correlation(*_kinds()['correlated']):.2f} too; where both cues are never low, nor high, "
        f"some neurons mix, and separate ones would cost at least {100 * low:.2g} % and at most {100 * high:.2g} % more"
    )
    return Finding(bool(holds), verdict, rows, figure)


def recalled(cues: Array, steps: int, probabilities: Array) -> Trials:
    """Cues (n, k), a channel each, that enter at the first step and are asked for at the last."""
    inputs = np.zeros((len(cues), steps, cues.shape[1]))
    targets = np.full((len(cues), steps, cues.shape[1]), np.nan)
    inputs[:, 0] = targets[:, -1] = cues
    return Trials(inputs, targets, probabilities)


def _kinds() -> dict[str, tuple[Array, Array]]:
    """The cues (n, 2) and the probabilities (n,) of each kind."""
    often = {kind: np.exp(strength * PAIRS.prod(axis=1)) for kind, strength in DEPENDENCES.items()}
    kinds = {kind: (PAIRS, weights / weights.sum()) for kind, weights in often.items()}
    inner = PAIRS[np.abs(PAIRS.sum(axis=1)) < 2]
    return kinds | {"cut": (inner, np.full(len(inner), 1 / len(inner)))}


def _correlation(cues: Array, probabilities: Array) -> float:
    return correlation(np.cov(cues.T, aweights=probabilities))


def _row(kind: str, steps: int, probabilities: Array, together: InTime, alone: list[InTime]) -> dict[str, Any]:
    """What is proven: the best separate network is made of those that hold one cue alone."""
    inward = np.abs(together.network.inward)
    least, most = sum(one.lower_bound for one in alone), sum(one.loss for one in alone)
    reads = inward > 1e-3 * inward.max(axis=1, keepdims=True, initial=np.finfo(float).tiny)
    return {
        "pairs": kind,
        "steps": steps,
        "correlation": _correlation(together.trials.inputs[:, 0], probabilities),
        "loss": together.loss,
        "lower_bound": together.lower_bound,
        "gap": together.gap,
        "status": together.status,
        "neurons": len(together.network),
        "mixed": int((reads.sum(axis=1) > 1).sum()),
        "alone_gap": max(one.gap for one in alone),
        "price_at_least": max(0.0, least / together.loss - 1),
        "price_at_most": max(0.0, most / together.lower_bound - 1),
    }


def _draw_held(axes: Any, answer: InTime) -> None:
    """The activity of each neuron over time, in every trial."""
    activity, _ = answer.simulate()
    for neuron, colour in zip(range(len(answer.network)), (ORANGE, DARK, BLUE, GREY), strict=False):
        axes.plot(activity[:, :, neuron].T, color=colour, lw=0.6)
    axes.set(xlabel="step", ylabel="activity", title="Cut: what each neuron holds")
