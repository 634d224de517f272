"""2025, figure 3: two frequencies share neurons if and only if one is a multiple of the other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from solver.optimise import solve_one_of_many
from solver.pictures.style import HULL, INSIDE, OUTSIDE, legend
from solver.studies.study import (
    FREE,
    Finding,
    panels,
    scatter,
    theory_line,
)
from solver.sweeps.phase import along
from theory.families import family
from theory.problem import Problem

if TYPE_CHECKING:
    from theory.arrays import Array

__all__ = ["study"]

IRRATIONAL = {"golden": (1 + 5**0.5) / 2, "root 2": 2**0.5, "e": math.e}
"""Ratios of frequencies that no two waves share a period at."""


def study(_: np.random.Generator, quick: bool) -> Finding:
    """2025, figure 3: two frequencies share neurons if and only if one is a multiple of the other."""
    chosen = family("frequencies")
    points = along(chosen, points=9 if quick else 20)
    harmonic = [point for point in points if not point.predicted]
    rows: list[tuple[Any, ...]] = [
        ("period", point.parameter, point.loss, point.price, point.gap, point.predicted) for point in points
    ]
    # An irrational ratio never repeats: in time every phase of one wave meets every phase of the other.
    torus = _apart(_torus())
    rows += [("torus", ratio, *torus, True) for ratio in IRRATIONAL.values()]
    lengths = (50, 100) if quick else (50, 100, 200, 400)
    runs = {name: [_apart(_run_of(ratio, length)) for length in lengths] for name, ratio in IRRATIONAL.items()}
    for name, ratio in IRRATIONAL.items():
        rows += [(f"{length} samples", ratio, *run, True) for length, run in zip(lengths, runs[name], strict=True)]
    ends = [100 * run[-1][1] for run in runs.values()]
    shared = [point.price for point in harmonic]
    holds = (
        all((point.price <= FREE) == point.predicted for point in points)
        and 0 < len(harmonic) < len(points)
        and torus[1] <= FREE
        and all(run[-1][1] < run[0][1] / (1.2 if quick else 10) for run in runs.values())
    )
    figure, (left, right) = panels(2)
    ratios, prices = np.array([point.parameter for point in points]), np.array([point.price for point in points])
    left.vlines(ratios, 0, 100 * prices, color=HULL, linewidth=0.8, zorder=1)
    scatter(left, ratios, 100 * prices, prices <= FREE)
    left.scatter(
        list(IRRATIONAL.values()),
        [100 * torus[1]] * len(IRRATIONAL),
        s=14,
        marker="D",
        color=INSIDE,
        linewidth=0,
        label="the same, irrational ratio (for all time)",
    )
    for ratio in chosen.boundary():
        theory_line(left, float(ratio), "theory: multiples share neurons" if ratio == 2 else "_")
    left.set(xlabel="ratio of the frequencies", ylabel="price of own neurons (%)", title="Over a whole period")
    left.legend(frameon=True, framealpha=1, edgecolor="none", fontsize=6, loc="upper right")
    for (name, run), style in zip(runs.items(), ("-", "--", ":"), strict=True):
        right.plot(
            lengths, [100 * price for _, price, _ in run], style, marker="D", markersize=3, color=INSIDE, label=name
        )
    twice = [_apart(_run_of(2.0, length)) for length in lengths]
    rows += [(f"{length} samples", 2.0, *run, False) for length, run in zip(lengths, twice, strict=True)]
    right.plot(lengths, [100 * price for _, price, _ in twice], marker="o", markersize=3, color=OUTSIDE, label="2")
    right.set(xscale="log", yscale="log", xlabel="samples", ylabel="price of own neurons (%)")
    right.set_xticks(lengths, [str(length) for length in lengths])
    right.minorticks_off()
    right.set_title("Irrational ratios: the longer, the nearer to none")
    legend(right, title="ratio", title_fontsize=6, handlelength=4)
    verdict = (
        f"{len(points) - len(harmonic)} non-harmonic ratios give each frequency its own neurons, and so do irrational "
        f"ones in the limit of long times (after {lengths[-1]} samples within {max(ends):.2g} %); "
        f"{len(harmonic)} harmonic ones share, at a price of separation from {100 * min(shared):.2g} to "
        f"{100 * max(shared):.2g} %"
    )
    return Finding(holds, verdict, ("sources", "ratio", "loss", "price", "gap", "theory_separate"), rows, figure)


def _torus(phases: int = 24) -> Array:
    """(T, 4) every phase of one wave with every phase of another."""
    angle = 2 * np.pi * np.arange(phases) / phases
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    return np.array([[*one, *other] for one in circle for other in circle])


def _run_of(ratio: float, length: int) -> Array:
    """(T, 4) two waves over a time in which the slower takes a tenth of a turn at each sample."""
    time = 2 * np.pi * np.arange(length) * 0.1118034  # no simple share of a turn
    return np.column_stack([np.cos(time), np.sin(time), np.cos(ratio * time), np.sin(ratio * time)])


def _apart(waves: Array) -> tuple[float, float, float]:
    """The optimal loss of two waves, what it costs to code them apart, and the gap."""
    problem = Problem(waves)
    answer = solve_one_of_many(problem, method="columns")
    apart = sum(solve_one_of_many(problem.part(block), method="columns").loss for block in ((0, 1), (2, 3)))
    return answer.loss, apart / answer.loss - 1, answer.gap
