"""2026: one nonnegative variable is told by an ON and an OFF neuron, or by an ON neuron alone where it is often silent.

The variable I is zero with some probability and spread else. Free neurons, exact readout: the loss is
2 sqrt(alpha mu) times the least, over b, of |(I - b)_+| + |(b - I)_+|, norms being roots of mean squares, and the OFF
neuron, (b - I)_+, vanishes if and only if P(I = 0) >= <I>^2 / <I^2>.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from solver.pictures.style import BLUE, DARK, DASHED, GREY, ORANGE, legend
from solver.studies.study import Finding, best_code, panels
from theory.arrays import Array
from theory.problem import Problem

VALUE_COUNT = 100  # of the variable where it is not zero, equally likely
VANISHED = 1e-6  # share of the energy below which there is no OFF neuron

SPREADS: dict[str, Callable[[Array], Array]] = {
    "uniform": np.asarray,
    "exponential": lambda share: -np.log1p(-share),
    "cube": lambda share: share**3,
}
"""How the variable is spread where it is not zero: quantiles of what it is called, or the cube of a uniform one."""


def study(_: np.random.Generator, quick: bool) -> Finding:
    """Let the variable be zero more and more often, for three ways in which it is spread else."""
    steps = 5 if quick else 19
    rows, figure_rows = [], {}
    for name, spread in SPREADS.items():
        values = spread((np.arange(VALUE_COUNT) + 0.5) / VALUE_COUNT)
        values = values / np.sqrt(np.mean(values**2))
        threshold = _threshold(values)
        zeros = sorted([*np.linspace(0.02, 0.92, steps), threshold - 0.02, threshold + 0.02])
        figure_rows[name] = [_row(name, values, zero, threshold) for zero in zeros]
        rows += figure_rows[name]
    apart = max(abs(row["loss"] / row["formula"] - 1) for row in rows)
    holds = (
        all(row["lower_bound"] <= row["formula"] * (1 + 1e-9) for row in rows)
        and apart <= 1e-7
        and all((row["off"] <= VANISHED) == (row["zero"] >= row["threshold"]) for row in rows)
    )
    figure, (left, right) = panels(2)
    for (name, some), colour in zip(figure_rows.items(), (BLUE, ORANGE, DARK), strict=True):
        zeros = [row["zero"] for row in some]
        left.plot(zeros, [row["formula"] for row in some], color=colour, lw=0.8)
        left.plot(zeros, [row["loss"] for row in some], "o", markersize=3, color=colour, label=name)
        right.plot(zeros, [100 * row["off"] for row in some], "o-", lw=0.8, markersize=3, color=colour, label=name)
        right.axvline(some[0]["threshold"], color=colour, lw=0.8, linestyle=DASHED, zorder=0)
    right.axhline(0, color=GREY, lw=0.4, zorder=0)
    left.set(xlabel="probability of zero", ylabel="loss", title="Certified optima on the formula (lines)")
    right.set(xlabel="probability of zero", ylabel="OFF neurons' share of activity energy (%)")
    right.set_title("The OFF neuron vanishes where theory says (dashed)")
    legend(left, title="where not zero", title_fontsize=6)
    legend(right)
    limits = ", ".join(f"{some[0]['threshold']:.4f} ({name})" for name, some in figure_rows.items())
    verdict = (
        f"in {len(rows)} distributions the certified loss is that of the formula to within {apart:.0e}, and there is "
        f"an OFF neuron up to a probability of zero of {limits}, and none above"
    )
    return Finding(bool(holds), verdict, rows, figure)


def _threshold(values: Array) -> float:
    """The probability of zero from which on P(I = 0) >= <I>^2 / <I^2>, if the variable has these values else."""
    ratio = values.mean() ** 2 / np.mean(values**2)
    return float(ratio / (1 + ratio))


def _row(name: str, values: Array, zero: float, threshold: float) -> dict[str, Any]:
    variable = np.concatenate([[0.0], values])
    shares = np.concatenate([[zero], np.full(len(values), (1 - zero) / len(values))])
    code = best_code(Problem(variable[:, None], probabilities=shares, activation="free"))
    energy = shares @ code.sample_activity**2
    # An OFF neuron falls where the variable rises: what is read from it is subtracted.
    off = energy[code.decoder[0] < 0].sum() / energy.sum()
    return {
        "spread": name,
        "zero": zero,
        "threshold": threshold,
        "loss": code.loss,
        "lower_bound": code.lower_bound,
        "gap": code.gap,
        "formula": _formula(variable, shares),
        "off": float(off),
        "neurons": len(code),
    }


def _formula(variable: Array, shares: Array) -> float:
    """2 min over b of the roots of E (I - b)_+^2 and of E (b - I)_+^2, at costs of one."""

    def cost(b: float) -> float:
        return float(sum(np.sqrt(shares @ np.maximum(side, 0.0) ** 2) for side in (variable - b, b - variable)))

    top = float(variable.max())
    inner = minimize_scalar(cost, bounds=(0.0, top), method="bounded", options={"xatol": 1e-12})
    return 2 * min(cost(0.0), float(inner.fun), cost(top))
