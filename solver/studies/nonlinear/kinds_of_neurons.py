"""2025 and 2026: correlation and range for linear, rectified and free neurons, side by side.

All at the same prices and with the same readout; sources have unit variance.
"""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import numpy as np

from solver.pictures.style import BLUE, DARK, ORANGE, legend, page_figure
from solver.studies.study import Finding, best_code, curve, is_free, root_scale, standardised
from theory.arrays import Array
from theory.problem import Problem
from theory.readouts import Soft

COMPARED: dict[str, tuple[str, float, str, str]] = {
    "linear": ("linear", 1.0, BLUE, "o"),
    "rectified": ("rectified", 1.0, DARK, "s"),
    "rectified, cheap weights": ("rectified", 0.1, DARK, "^"),
    "free": ("free", 0.0, ORANGE, "D"),
}
"""Of each: activation, cost of the encoder, colour and marker."""

SOFT_READOUT = Soft(100.0)

NEVER_MIXED = (("correlation", "linear"), ("four corners", "free"))
"""What theory says costs nothing: linear neurons with all corners, free ones of symmetric uncorrelated sources."""

EDGE = 3  # steps from the middle to the edge of the grid whose corners are cut


def study(_: np.random.Generator, quick: bool) -> Finding:
    """Correlate sources that keep all corners; cut four corners of uncorrelated ones; cut one corner."""
    small, large = (np.array(list(product(range(-half, half + 1), repeat=2)), dtype=np.float64) for half in (2, EDGE))
    slopes = [0.0, 0.15] if quick else [0.0, 0.0125, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5]
    cuts = [0, EDGE] if quick else list(range(EDGE + 2))
    series: dict[str, list[tuple[Any, Array, Array | None]]] = {
        "correlation": [(None, small, np.exp(-slope * (small[:, 0] - small[:, 1]) ** 2)) for slope in slopes],
        "four corners": [(k, large[np.abs(large).sum(axis=1) <= 2 * EDGE - k], None) for k in cuts],
        "one corner": [(k, large[large.sum(axis=1) <= 2 * EDGE - k], None) for k in cuts],
    }
    rows = [
        _row(name, kind, degree, points, weights)
        for name, cases in series.items()
        for degree, points, weights in cases
        for kind in COMPARED
    ]
    figure = page_figure(1, 0.36)
    titles = ("Correlated, all corners present", "Four corners cut, uncorrelated", "One corner cut")
    panels = figure.subplots(1, 3, sharey=True)
    for axes, name, title in zip(panels, series, titles, strict=True):
        for kind, look in COMPARED.items():
            chosen = [row for row in rows if row["series"] == name and row["kind"] == kind]
            prices = [100 * row["price"] for row in chosen]
            curve(axes, [row["degree"] for row in chosen], prices, look[2], marker=look[3])
            axes.lines[-1].set(linestyle=":" if "cheap" in kind else "-", label=kind)
        root_scale(axes)
        axes.set_yticks([0, 0.1, 1, 5, 10, 20], ["0", "0.1", "1", "5", "10", "20"])
        axes.set(title=title, xlabel="correlation" if name == "correlation" else "diagonals cut at a corner")
    panels[0].set_ylabel("price of modularity (%), root scale")
    legend(panels[0])
    # Each series ends with its strongest correlation or its deepest cut.
    last = {name: {row["kind"]: 100 * row["price"] for row in rows if row["series"] == name} for name in series}
    none = [row["price"] for row in rows if (row["series"], row["kind"]) in NEVER_MIXED]
    # The gap of their answers.
    holds = max(none) <= 1e-7 and all(
        low < high
        for name, order in (("correlation", list(COMPARED)), ("four corners", list(COMPARED)[::-1]))
        for low, high in pairwise(last[name][kind] for kind in order)
    )
    told = {
        name: ", ".join(f"{0 if is_free(prices[kind] / 100) else prices[kind]:.3g} ({kind})" for kind in COMPARED)
        for name, prices in last.items()
    }
    verdict = (
        f"with all corners present linear neurons do not mix, the others do the more the less their weights cost: at a "
        f"correlation of {rows[len(COMPARED) * len(slopes) - 1]['correlation']:.3g} own neurons cost, in per cent, "
        f"{told['correlation']}; of uncorrelated sources without corners free neurons do not mix, and the order is "
        f"the opposite: at {cuts[-1]} diagonals cut {told['four corners']}; without one corner all mix: "
        f"{told['one corner']}"
    )
    return Finding(bool(holds), verdict, rows, figure)


def _row(series: str, kind: str, degree: Any, points: Array, weights: Array | None) -> dict[str, Any]:
    activation, encoder_cost, _, _ = COMPARED[kind]
    sources, shares = standardised(points, weights)
    code = best_code(
        Problem(sources, probabilities=shares, activation=activation, encoder_cost=encoder_cost, readout=SOFT_READOUT)
    )
    correlation = float(shares @ (sources[:, 0] * sources[:, 1]))
    return {
        "series": series,
        "kind": kind,
        "degree": correlation if degree is None else degree,
        "correlation": correlation,
        "loss": code.loss,
        "gap": code.gap,
        "price": code.price_of_modularity,
        "neurons": len(code),
    }
