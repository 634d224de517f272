"""2025, figure 3: two frequencies share neurons if and only if one is a multiple of the other."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from solver.pictures.style import BLUE, DARK, ORANGE, legend
from solver.studies.study import Finding, is_free, panels, scatter, solved, theory_line
from solver.studies.tasks import circle
from solver.sweeps.phase import along
from theory.arrays import Array
from theory.families import family
from theory.problem import Problem

IRRATIONAL = {"golden": (1 + 5**0.5) / 2, "root 2": 2**0.5, "e": math.e}
"""Ratios of frequencies at which two waves share no period."""


def study(_: np.random.Generator, quick: bool) -> Finding:
    """Try ratios over a whole period, and irrational ones over longer and longer times."""
    frequencies = family("frequencies")
    points = along(frequencies, points=9 if quick else 20)
    harmonic = [point for point in points if not point.predicted]
    ratios, prices = np.array([point.parameter for point in points]), np.array([point.price for point in points])
    # An irrational ratio never repeats: in time every phase of one wave meets every phase of the other.
    torus = _apart(_torus())
    lengths = (50, 100) if quick else (50, 100, 200, 400)
    runs = {
        name: [_apart(_run_of(ratio, length)) for length in lengths] for name, ratio in {**IRRATIONAL, "2": 2.0}.items()
    }
    rows = [_row("period", point.parameter, (point.loss, point.price, point.gap), point.predicted) for point in points]
    rows += [_row("torus", ratio, torus, True) for ratio in IRRATIONAL.values()]
    for name, run in runs.items():
        ratio = IRRATIONAL.get(name, 2.0)
        rows += [_row(f"{length} samples", ratio, one, name != "2") for length, one in zip(lengths, run, strict=True)]
    irrational = [[price for _, price, _ in runs[name]] for name in IRRATIONAL]
    holds = (
        all(is_free(point.price) == point.predicted for point in points)
        and 0 < len(harmonic) < len(points)
        and is_free(torus[1])
        and all(run[-1] < run[0] / (1.2 if quick else 10) for run in irrational)
    )
    figure, (left, right) = panels(2)
    left.vlines(ratios, 0, 100 * prices, color=DARK, linewidth=0.8, zorder=1)
    scatter(left, ratios, prices, "separate")
    forever = {"marker": "D", "color": BLUE, "label": "the same, irrational ratio (for all time)"}
    left.scatter(list(IRRATIONAL.values()), [100 * torus[1]] * len(IRRATIONAL), s=14, linewidth=0, **forever)
    for ratio in frequencies.boundary():
        theory_line(left, float(ratio), "theory: multiples share neurons" if ratio == 2 else "_")
    left.set(xlabel="ratio of the frequencies", ylabel="price of separation (%)", title="Over a whole period")
    legend(left, frameon=True, framealpha=1, edgecolor="none", loc="upper right")
    for (name, run), line in zip(runs.items(), ("D-", "D--", "D:", "o-"), strict=True):
        colour = ORANGE if name == "2" else BLUE
        right.plot(lengths, [100 * price for _, price, _ in run], line, markersize=3, color=colour, label=name)
    right.set(xscale="log", yscale="log", xlabel="samples", ylabel="price of separation (%)")
    right.set_xticks(lengths, [str(length) for length in lengths])
    right.minorticks_off()
    right.set_title("Irrational ratios: the longer, the nearer to none")
    legend(right, title="ratio", title_fontsize=6, handlelength=4)
    shared = [point.price for point in harmonic]
    verdict = (
        f"{len(points) - len(harmonic)} non-harmonic ratios give each frequency its own neurons, and so do irrational "
        f"ones in the limit of long times (after {lengths[-1]} samples within "
        f"{100 * max(run[-1] for run in irrational):.2g} %); {len(harmonic)} harmonic ones share, at a price of "
        f"separation from {100 * min(shared):.2g} to {100 * max(shared):.2g} %"
    )
    return Finding(bool(holds), verdict, rows, figure)


def _row(sources: str, ratio: float, numbers: tuple[float, float, float], separate: bool) -> dict[str, Any]:
    loss, price, gap = numbers
    return {"sources": sources, "ratio": ratio, "loss": loss, "price": price, "gap": gap, "theory_separate": separate}


def _torus(phases: int = 24) -> Array:
    """(T, 4) every phase of one wave with every phase of another."""
    wave = circle(range(phases), phases)
    return np.hstack([np.repeat(wave, phases, axis=0), np.tile(wave, (phases, 1))])


def _run_of(ratio: float, length: int) -> Array:
    """(T, 4) two waves over a time in which the slower takes a tenth of a turn at each sample."""
    time = 2 * np.pi * np.arange(length) * 0.1118034  # no simple share of a turn
    return np.column_stack([np.cos(time), np.sin(time), np.cos(ratio * time), np.sin(ratio * time)])


def _apart(waves: Array) -> tuple[float, float, float]:
    """The optimal loss of two waves, the price of coding them apart, and the gap."""
    problem = Problem(waves)
    answer = solved(problem)
    apart = sum(solved(problem.part(block)).loss for block in ((0, 1), (2, 3)))
    return answer.loss, apart / answer.loss - 1, answer.gap
