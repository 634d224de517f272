"""2025: correlated but range-independent sources are modular, uncorrelated but corner-cut ones are not."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from solver.studies.study import Finding, beside_boundary, correlation_row, is_free, panels, scatter, theory_line
from theory.families import family
from theory.problem import Problem


def study(_: np.random.Generator, quick: bool) -> Finding:
    """Correlate a grid that keeps all corners, and cut corners of sources that stay uncorrelated."""
    count = 9 if quick else 25
    grid = np.array(list(product(np.linspace(-1, 1, 5), repeat=2)))
    boxes: list[dict[str, Any]] = []
    for slope in 16 * np.linspace(0, 1, count) ** 3:
        # Ever more weight on the diagonal, but never none on a corner.
        weights = np.exp(-slope * (grid[:, 0] - grid[:, 1]) ** 2)
        boxes.append({"kind": "box", "parameter": slope, **correlation_row(Problem(grid, probabilities=weights))})
    cut_off = family("adjacent-corners")
    boundary = float(cut_off.boundary()[0])
    cuts: list[dict[str, Any]] = [
        {"kind": "cut", "parameter": parameter, **correlation_row(Problem(cut_off.sources(parameter)))}
        for parameter in beside_boundary(cut_off.grid(count), boundary)
    ]
    (slopes, free), (lengths, prices) = (
        tuple(np.array([row[name] for row in rows]) for name in (x, "price"))
        for rows, x in ((boxes, "correlation"), (cuts, "parameter"))
    )
    holds = (
        is_free(free).all()
        and max(abs(row["correlation"]) for row in cuts) < 1e-12
        and np.array_equal(~is_free(prices), lengths > boundary)
        and (lengths > boundary).any()
    )
    figure, (left, right) = panels(2)
    scatter(left, slopes, free)
    left.set(xlabel="correlation", ylabel="price of modularity (%)", ylim=(-0.1, 1.2))
    left.set_title("All corners present: no correlation makes the code mix")
    scatter(right, lengths, prices)
    theory_line(right, boundary, f"theory: a* = {boundary:.6g}")
    right.set(xlabel="length a of the cut at two corners", ylabel="price of modularity (%)", ylim=(-0.1, 1.2))
    right.set_title("Uncorrelated throughout: a cut range makes the code mix")
    verdict = (
        f"with all corners present a correlation of {slopes[-1]:.3g} costs nothing; uncorrelated sources without two "
        f"corners mix beyond a cut of {boundary:.4g}, up to a price of {100 * prices[-1]:.2g} %"
    )
    return Finding(bool(holds), verdict, [*boxes, *cuts], figure)
