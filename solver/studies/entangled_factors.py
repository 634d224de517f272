"""2023: independent nonnegative factors separate, entangled ones mix, from where theory says."""

from __future__ import annotations

import numpy as np

from solver.pictures.style import BLUE, ORANGE, page_figure, side_by_side
from solver.studies.study import (
    Finding,
    beside_boundary,
    correlation_row,
    draw_support,
    is_free,
    root_scale,
    scatter,
    theory_line,
)
from theory.families import family
from theory.problem import Problem
from theory.sources import Sources


def study(_: np.random.Generator, quick: bool) -> Finding:
    """Cut two opposite corners of a square further and further, and compare price and theory."""
    square = Sources.from_moments(np.eye(2) / 3, [[-1, -1], [1, -1], [1, 1], [-1, 1]])
    band = family("opposite-corners")
    boundary = float(band.boundary()[0])
    cuts = beside_boundary(np.linspace(0, 2, 12 if quick else 40, endpoint=False).tolist(), boundary)
    rows = [
        {
            "cut": cut,
            "mutual_information_bits": _band_information(cut),
            **correlation_row(Problem(band.sources(cut) if cut else square)),
            "theory_modular": cut <= boundary,
        }
        for cut in cuts
    ]
    prices, predicted = (np.array([row[name] for row in rows]) for name in ("price", "theory_modular"))
    agree = is_free(prices) == predicted
    figure = page_figure(0.72, 0.38)
    left, right = side_by_side(figure, 3.4, 1)
    axes = left.subplots()
    scatter(axes, cuts, prices)
    theory_line(axes, boundary, f"theory: a* = {boundary:.6g}")
    root_scale(axes)
    axes.set(xlabel="a, from independent (0) to fully dependent (2)", ylabel="price of modularity (%), root scale")
    for panel, cut in zip(right.subplots(3, 1), (0.0, boundary, cuts[-1]), strict=True):
        corners = band.sources(cut).points if cut else square.points
        draw_support(panel, corners, f"a = {cut:.3g}", ORANGE if cut > boundary else BLUE)
    last = rows[-1]
    verdict = (
        f"theory and solution agree on {agree.sum()} of {len(rows)} degrees of dependence, from none to "
        f"{last['mutual_information_bits']:.2g} bits (correlation {abs(last['correlation']):.3g}): modular up to "
        f"a = {boundary:.4g} ({_band_information(boundary):.2g} bits), then mixed, at a price of up to "
        f"{100 * prices.max():.3g} %"
    )
    return Finding(bool(agree.all() and predicted[0] and not predicted[-1]), verdict, rows, figure)


def _band_information(cut: float) -> float:
    """Mutual information of two sources that are uniform on |x + y| <= 2 - cut within [-1, 1]^2, in bits."""
    x = np.linspace(-1, 1, 20_001)
    height = np.minimum(1, 2 - cut - x) - np.maximum(-1, cut - 2 - x)
    area = np.trapezoid(height, x)
    marginal = height / area
    entropy = -np.trapezoid(marginal * np.log2(np.maximum(marginal, 1e-300)), x)
    return float(2 * entropy - np.log2(area))
