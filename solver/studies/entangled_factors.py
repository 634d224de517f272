"""2023: independent nonnegative factors separate, entangled ones mix, from where theory says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from solver.optimise import solve_one_of_many
from solver.pictures.style import INSIDE, OUTSIDE, page_figure
from solver.studies.study import (
    FREE,
    NEXT_TO,
    Finding,
    correlation_of,
    draw_support,
    scatter,
    signed_root,
    signed_square,
    theory_line,
)
from theory.families import family
from theory.problem import Problem
from theory.sources import Sources

if TYPE_CHECKING:
    pass

__all__ = ["study"]

INDEPENDENT = Sources.from_moments(np.eye(2) / 3, [[-1, -1], [1, -1], [1, 1], [-1, 1]])
"""Uniform on a square."""


def study(_: np.random.Generator, quick: bool) -> Finding:
    """2023: independent nonnegative factors separate, entangled ones mix, from where theory says."""
    band = family("opposite-corners")
    boundary = float(band.boundary()[0])
    even = np.linspace(0, 2, 12 if quick else 40, endpoint=False)
    # Close to the boundary too, on both sides.
    cuts = sorted([*even.tolist(), boundary - NEXT_TO, boundary + NEXT_TO])
    rows = []
    for cut in cuts:
        problem = Problem(INDEPENDENT if cut == 0 else band.sources(cut))
        answer = solve_one_of_many(problem, method="columns")
        shared, correlation = _band_information(cut), correlation_of(problem)
        rows.append((cut, shared, correlation, answer.price_of_modularity, answer.gap, cut <= boundary))
    prices, predicted = np.array([row[3] for row in rows]), np.array([row[5] for row in rows])
    holds = bool(np.array_equal(prices <= FREE, predicted) and predicted[0] and not predicted[-1])
    figure = page_figure(0.72, 0.38)
    left, right = figure.subfigures(1, 2, width_ratios=(3.4, 1), squeeze=False)[0]
    axes = left.subplots()
    scatter(axes, cuts, 100 * prices, prices <= FREE)
    theory_line(axes, boundary, f"theory: a* = {boundary:.6g}")
    # The price grows with the square of the distance from the boundary: on this scale the passage can be seen.
    axes.set_yscale("function", functions=(signed_root, signed_square))
    axes.set(xlabel="a, from independent (0) to fully dependent (2)", ylabel="price of own neurons (%), root scale")
    axes.set_yticks([0, 0.1, 0.5, 1, 2, 5], ["0", "0.1", "0.5", "1", "2", "5"])
    for panel, cut in zip(right.subplots(3, 1), (0.0, boundary, cuts[-1]), strict=True):
        corners = band.sources(cut).points if cut else INDEPENDENT.points
        draw_support(panel, corners, f"a = {cut:.3g}", OUTSIDE if cut > boundary else INSIDE)
    last, agree = rows[-1], int(((prices <= FREE) == predicted).sum())
    verdict = (
        f"theory and solution agree on {agree} of {len(rows)} degrees of dependence, from none to {last[1]:.2g} bits "
        f"(correlation {abs(last[2]):.3g}): modular up to a = {boundary:.4g} ({_band_information(boundary):.2g} bits), "
        f"then mixed, at a price of up to {100 * prices.max():.3g} %"
    )
    header = ("cut", "mutual_information_bits", "correlation", "price", "gap", "theory_modular")
    return Finding(holds, verdict, header, rows, figure)


def _band_information(cut: float) -> float:
    """Mutual information of two sources that are uniform on |x + y| <= 2 - cut within [-1, 1]^2, in bits."""
    x = np.linspace(-1, 1, 20_001)
    height = np.minimum(1, 2 - cut - x) - np.maximum(-1, cut - 2 - x)
    area = np.trapezoid(height, x)
    marginal = height / area
    entropy = -np.trapezoid(marginal * np.log2(np.maximum(marginal, 1e-300)), x)
    return float(2 * entropy - np.log2(area))
