"""2025, figure 1: how far the most mixed neuron turns, against how far the condition is violated.

The authors' public code (notebook "Figure 1d") draws a hundred samples of 32 uniform points, fifty of which pass its
test of the condition in 500 directions, and trains networks on them.

1. Draw such samples until fifty pass that test and fifty fail it.
2. Solve all hundred to a certificate, at the costs of that code, with exact decoders and with errors at its price.
3. Measure the violation in directions that crowd about the axes, where a narrow violation is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from scipy.stats import spearmanr

from solver.batches.solve_many import solve_many
from solver.pictures.style import BLUE, ORANGE, legend
from solver.representation import Representation
from solver.studies.study import Finding, is_free, panels
from theory.arrays import Array
from theory.conditions import decide
from theory.problem import Problem
from theory.readouts import Soft

CLOUD_SIZE = 32  # points of each data set, uniform on the unit square

# In the authors' code activity costs 1e-3 / 2, weights 1e-4 / 2, errors 1 / 2; here activity costs one.
COST_OF_WEIGHTS = 0.1
COST_OF_ERRORS = 1000.0

TURNS = 0.01 + np.arange(0, 2 * np.pi, 2 * np.pi / 500)
"""Angles of the directions that the test of the authors' code tries."""

NEAR_AXES = np.add.outer(np.arange(4) * np.pi / 2, np.outer([-1, 1], np.geomspace(1e-6, np.pi / 4, 2000))).ravel()
"""Angles that crowd about the axes."""

CLOUDS_AT_ONCE = 20_000  # data sets that are drawn at a time


def study(rng: np.random.Generator, quick: bool) -> Finding:
    """Solve data sets that pass and that fail a test of the condition in 500 directions."""
    half = 5 if quick else 50
    clouds, tried = _clouds(rng, half)  # step 1
    problems = [Problem(cloud, encoder_cost=COST_OF_WEIGHTS, decoder_cost=COST_OF_WEIGHTS) for cloud in clouds]
    # Step 2.
    answers = solve_many(problems)
    erring = solve_many([problem.replaced(readout=Soft(error_cost=COST_OF_ERRORS)) for problem in problems])
    violation = _violation(clouds, NEAR_AXES)  # step 3
    rows: list[dict[str, Any]] = [
        {
            "passes_500_directions": place < half,
            "violation_in_500_directions": sampled,
            "violation": most,
            "theory_modular": decide(answer.problem).modular,
            "angle": _angle(answer),
            "price": answer.price_of_modularity,
            "gap": answer.gap,
            "angle_with_errors": _angle(other),
            "price_with_errors": other.price_of_modularity,
        }
        for place, (sampled, most, answer, other) in enumerate(
            zip(_violation(clouds, TURNS), violation, answers, erring, strict=True)
        )
    ]
    angles, prices, with_errors = (
        np.array([row[name] for row in rows]) for name in ("angle", "price", "price_with_errors")
    )
    by_angle, by_price = (float(spearmanr(violation, values).statistic) for values in (angles, prices))
    holds = (
        not any(row["theory_modular"] for row in rows)
        and not is_free(prices).any()
        and not is_free(with_errors).any()
        and (violation > 0).all()
        and np.median(angles[:half]) < 1 < np.median(angles[half:])
        and by_price > 0.8
    )
    figure, (left, right) = panels(2)
    _points(left, violation, angles, half)
    left.set(ylabel="angle of the most mixed neuron (degrees)", title=f"Rank correlation {by_angle:.2f}")
    _points(right, violation, 100 * prices, half)
    right.set(ylabel="price of modularity (%)", title=f"Rank correlation {by_price:.2f}")
    legend(left)
    verdict = (
        f"of {tried} samples of {CLOUD_SIZE} points {half} pass a test of the condition in {len(TURNS)} directions, "
        f"and none of them is modular: their most mixed neuron is off its axis by {angles[:half].min():.2g} to "
        f"{angles[:half].max():.2g} degrees (median {np.median(angles[:half]):.2g}), at prices up to "
        f"{100 * prices[:half].max():.2g} %; of {half} that fail it, by {angles[half:].min():.2g} to "
        f"{angles[half:].max():.2g} (median {np.median(angles[half:]):.2g}), at prices from "
        f"{100 * prices[half:].min():.2g} to {100 * prices[half:].max():.2g} %; errors at the paper's price change no "
        f"verdict"
    )
    return Finding(bool(holds), verdict, rows, figure)


def _clouds(rng: np.random.Generator, half: int) -> tuple[Array, int]:
    """(2 half, CLOUD_SIZE, 2) data sets of which the first half passes the test, and how many were drawn for that."""
    passing: list[Array] = []
    failing: list[Array] = []
    tried = 0
    while len(passing) < half:
        clouds = rng.uniform(size=(CLOUDS_AT_ONCE, CLOUD_SIZE, 2))
        # Nearly all fail beside an axis already.
        near = np.concatenate([TURNS[:: len(TURNS) // 4], TURNS[len(TURNS) // 4 - 1 :: len(TURNS) // 4]])
        left = np.flatnonzero(_violation(clouds, near) <= 0)
        left = left[_violation(clouds[left], TURNS) <= 0][: half - len(passing)]
        passing += list(clouds[left])
        failing += list(np.delete(clouds, left, axis=0)[: half - len(failing)])
        tried += left[-1] + 1 if len(passing) == half else CLOUDS_AT_ONCE
    return np.array([*passing, *failing]), int(tried)


def _violation(clouds: Array, angles: Array) -> Array:
    """(n,) largest w'F w - h(w)^2 among unit weights w at these angles; F is that of equal mixing."""
    centred = clouds - clouds.mean(axis=1, keepdims=True)
    ranges = np.minimum(-centred.min(axis=1), centred.max(axis=1))
    covariance = (centred[..., 0] * centred[..., 1]).mean(axis=1)
    weights = np.array([np.cos(angles), np.sin(angles)])
    forms = ranges**2 @ weights**2 - 2 * np.outer(covariance, weights[0] * weights[1])
    return np.asarray((forms - (centred @ weights).min(axis=1) ** 2).max(axis=1))


def _angle(answer: Representation) -> float:
    """Degrees by which the most mixed strong neuron is off the nearer axis."""
    weights = np.abs(answer.source_weights)
    sums = weights.sum(axis=1)
    strong = np.sort(weights[sums > 0.1 * sums.max()], axis=1)
    return float(np.degrees(np.arctan2(strong[:, 0], strong[:, 1]).max()))


def _points(axes: Axes, violation: Array, values: Array, half: int) -> None:
    for part, colour, meaning in (
        (slice(None, half), BLUE, f"pass in {len(TURNS)} directions"),
        (slice(half, None), ORANGE, "fail"),
    ):
        axes.scatter(violation[part], values[part], s=8, color=colour, linewidth=0, alpha=0.8, label=meaning)
    axes.set(xscale="log", yscale="log", xlabel="largest violation of the condition")
