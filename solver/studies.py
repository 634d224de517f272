"""The papers' claims as studies: solve, compare with theory, draw, and say in one line whether the claim holds."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from solver.clouds import HULL, INSIDE, OUTSIDE, SAMPLE
from solver.optimise import solve
from solver.style import WIDTH, styled, written
from solver.sweep import sweep
from theory.conditions import decide
from theory.errors import InputError, unknown_name
from theory.families import family
from theory.problem import Problem
from theory.writing import written_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["STUDIES", "Study", "run_studies"]

FREE = 1e-9
"""A price of modularity below this is none."""

CLEAR = 1e-5
"""Margin from which the price, which is about its square, is more than what rounding leaves."""


@dataclass(frozen=True)
class Study:
    """What a study found.

    Attributes:
        name: of the study;  holds: whether the claim was confirmed;  verdict: one line with the numbers.
        figure, table: the files written.
    """

    name: str
    holds: bool
    verdict: str
    figure: Path
    table: Path


@dataclass(frozen=True)
class _Finding:
    holds: bool
    verdict: str
    header: Sequence[str]
    rows: Sequence[Sequence[Any]]
    figure: Figure


def run_studies(
    name: str | None = None, *, folder: str | Path = "studies", seed: int = 0, quick: bool = False
) -> Iterator[Study]:
    """Run one study or all, one after the other, and write NAME.png and NAME.csv into a folder.

    Args:
        name: of the study; all if not given.
        folder: created if it does not exist.
        seed: of the random data sets.
        quick: fewer data sets.

    Raises:
        InputError: an unknown study, or a folder that cannot be written.
    """
    if name is not None and name not in STUDIES:
        raise InputError(unknown_name("study", name, STUDIES))
    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"folder: {str(folder)!r} cannot be created ({error.strerror})") from None
    for chosen in [name] if name is not None else STUDIES:
        found = styled(STUDIES[chosen])(np.random.default_rng(seed), quick)
        figure, table = place / f"{chosen}.png", place / f"{chosen}.csv"
        written(found.figure, figure)
        with written_whole(table) as temporary, temporary.open("w", newline="") as stream:
            csv.writer(stream).writerows([found.header, *found.rows])
        yield Study(chosen, found.holds, found.verdict, figure, table)


# ---- the claims ---------------------------------------------------------------------------------------------------


def _panel(count: int = 1) -> tuple[Figure, Any]:
    figure = Figure(figsize=(0.5 * count * WIDTH, 0.36 * WIDTH), layout="constrained")
    axes = figure.subplots(1, count)
    return figure, axes


def _entangled(_: np.random.Generator, quick: bool) -> _Finding:
    """2023: independent nonnegative factors separate, entangled ones mix, from where theory says."""
    levels = 6 if quick else 9
    grid = np.array([(i, j) for i in range(levels) for j in range(levels)])
    rows = []
    for band in range(levels - 1, 0, -1):
        problem = Problem(grid[np.abs(grid[:, 0] - grid[:, 1]) <= band])
        verdict, answer = decide(problem), solve(problem, method="columns")
        rows.append((band, _information(problem), answer.price_of_modularity, bool(verdict.modular)))
    information, price, modular = (np.array(column) for column in list(zip(*rows, strict=True))[1:])
    holds = bool(modular[0] and not modular[-1] and np.array_equal(price <= FREE, modular))
    figure, axes = _panel()
    _scatter(axes, information, 100 * price, modular)
    axes.set(xlabel="mutual information of the factors (bits)", ylabel="price of own neurons (%)")
    verdict_line = (
        f"independent factors have their own neurons; of {len(rows)} degrees of entanglement {int(modular.sum())} keep "
        f"them, as predicted, and the strongest mixes at a price of {100 * price[-1]:.3g} %"
    )
    return _Finding(holds, verdict_line, ("band", "mutual_information", "price", "theory_modular"), rows, figure)


def _information(problem: Problem) -> float:
    """Mutual information of two sources with equally likely rows, in bits."""
    points = problem.sources.points
    joint = 1 / len(points)
    shares = [np.unique(points[:, source], return_inverse=True, return_counts=True)[1:] for source in (0, 1)]
    product = np.prod([counts[place] / len(points) for place, counts in shares], axis=0)
    return float(np.log2(joint / product).mean())


def _one_point(rng: np.random.Generator, quick: bool) -> _Finding:
    """2025, figure 1: one corner point decides; and the prediction is right on a thousand random data sets."""
    grids = [np.array(list(product(np.linspace(-1, 1, count), repeat=2))) for count in (3, 4, 5)]
    pair = [solve(Problem(points), method="columns") for points in (grids[0], grids[0][:-1])]
    rows: list[tuple[Any, ...]] = []
    while len(rows) < (100 if quick else 1_000):
        grid = grids[rng.integers(len(grids))]
        points = grid[rng.random(len(grid)) < rng.uniform(0.5, 1)]
        if len(points) < 4 or np.linalg.matrix_rank(points - points.mean(axis=0)) < 2:
            continue
        problem = Problem(points)
        margin, price = decide(problem).margin, solve(problem, method="columns").price_of_modularity
        rows.append((len(points), margin, price, margin >= 0, price <= FREE))
    margins, prices = (np.array([row[column] for row in rows]) for column in (1, 2))
    decided = (margins >= 0) | (margins < -CLEAR)
    agree = (margins >= 0) == (prices <= FREE)
    holds = bool(agree[decided].all() and pair[0].price_of_modularity <= FREE < pair[1].price_of_modularity)
    figure, axes = _panel()
    _scatter(axes, margins, 100 * prices, prices <= FREE)
    axes.axvline(0, color=SAMPLE, linewidth=1, linestyle=(0, (3, 2)), zorder=0)
    axes.set(xlabel="margin of the condition", ylabel="price of own neurons (%)")
    verdict = (
        f"a grid is modular and without one corner point mixed (price {100 * pair[1].price_of_modularity:.3g} %); "
        f"predictions agree with solutions on {int(agree[decided].sum())} of {int(decided.sum())} random data sets, "
        f"{int((~decided).sum())} undecided, {int((prices <= FREE).sum())} modular"
    )
    header = ("samples", "margin", "price", "predicted_modular", "solved_modular")
    return _Finding(holds, verdict, header, rows, figure)


def _range(_: np.random.Generator, quick: bool) -> _Finding:
    """2025: correlated but range-independent sources stay modular, uncorrelated but corner-cut ones mix."""
    count = 7 if quick else 25
    levels = np.linspace(-1, 1, 7)
    box = np.array([(x, y) for x in levels for y in levels])
    rows: list[tuple[str, float, float, float]] = []
    for slope in np.linspace(0, 6, count):
        problem = Problem(box, probabilities=np.exp(slope * box.prod(axis=1)))
        price = solve(problem, method="columns").price_of_modularity
        rows.append(("box", slope, _correlation(problem), price))
    for point in sweep(family("adjacent-corners"), points=count):
        problem = Problem(family("adjacent-corners").sources(point.parameter))
        rows.append(("cut", point.parameter, _correlation(problem), point.price))
    boundary = float(family("adjacent-corners").boundary()[0])
    boxes, cuts = ([row for row in rows if row[0] == kind] for kind in ("box", "cut"))
    long = [row for row in cuts if row[1] > boundary]
    holds = (
        max(row[3] for row in boxes) <= FREE
        and max(abs(row[2]) for row in cuts) < 1e-12
        and all((row[3] > FREE) == (row[1] > boundary) for row in cuts)
        and len(long) > 0
    )
    figure, (left, right) = _panel(2)
    _scatter(left, [row[2] for row in boxes], [100 * row[3] for row in boxes], [row[3] <= FREE for row in boxes])
    left.set(xlabel="correlation (all corners present)", ylabel="price of own neurons (%)", ylim=(-0.1, 1))
    _scatter(right, [row[1] for row in cuts], [100 * row[3] for row in cuts], [row[3] <= FREE for row in cuts])
    right.axvline(boundary, color=SAMPLE, linewidth=1, linestyle=(0, (3, 2)), zorder=0)
    right.set(xlabel="length of the cut (uncorrelated)", ylabel="price of own neurons (%)")
    verdict = (
        f"with all corners present a correlation of {boxes[-1][2]:.3g} costs nothing; uncorrelated sources without two "
        f"corners mix beyond a cut of {boundary:.4g}, up to a price of {100 * long[-1][3]:.2g} %"
    )
    return _Finding(holds, verdict, ("kind", "parameter", "correlation", "price"), rows, figure)


def _correlation(problem: Problem) -> float:
    covariance = problem.sources.covariance
    return float(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]))


def _frequencies(_: np.random.Generator, quick: bool) -> _Finding:
    """2025, figure 3: two frequencies share neurons if and only if one is a multiple of the other."""
    from solver.phase_plot import plot_phase

    chosen = family("frequencies")
    points = sweep(chosen, points=9 if quick else 20)
    harmonic = [point for point in points if not point.predicted]
    holds = all((point.price <= FREE) == point.predicted for point in points) and 0 < len(harmonic) < len(points)
    rows = [(point.parameter, point.loss, point.separate_loss, point.price, point.predicted) for point in points]
    verdict = (
        f"{len(points) - len(harmonic)} non-harmonic ratios give each frequency its own neurons; {len(harmonic)} "
        f"harmonic ones share, at a price of separation from {100 * min(point.price for point in harmonic):.2g} to "
        f"{100 * max(point.price for point in harmonic):.2g} %"
    )
    header = ("ratio", "loss", "separate_loss", "price", "theory_separate")
    return _Finding(holds, verdict, header, rows, plot_phase(chosen, points))


def _convex(rng: np.random.Generator, quick: bool) -> _Finding:
    """2026: one convex problem: local descent from random starts never beats the certificate, and often reaches it."""
    from solver.methods.alternating import descend

    rows = []
    for number in range(4 if quick else 12):
        dimension = 2 + number % 2
        problem = Problem(rng.standard_normal((40, dimension)))
        bound = solve(problem).lower_bound
        size, count = np.abs(np.diag(problem.modular_weights)), dimension * (dimension + 1)
        for start in range(5 if quick else 20):
            weights = size * rng.standard_normal((count, dimension)) / count**0.5
            *_, end = descend(problem, weights, first=start % 5)
            rows.append((number, dimension, start, bound, problem.loss(end), problem.loss(end) / bound - 1))
    excess = np.array([row[-1] for row in rows])
    best = [min(row[-1] for row in rows if row[0] == number) for number in {row[0] for row in rows}]
    holds = bool(excess.min() >= -1e-12 and max(best) <= (1e-2 if quick else 1e-4))
    figure, axes = _panel()
    axes.hist(np.log10(np.maximum(excess, 1e-12)), bins=40, color=INSIDE, edgecolor="white", linewidth=0.4)
    axes.set(xlabel="excess over the certified bound (powers of ten)", ylabel="random starts")
    verdict = (
        f"none of {len(rows)} descents from random starts ends below its certified bound; the best start of each of "
        f"{len(best)} problems comes within {max(best):.1e}, the median start within {np.median(excess):.1e}"
    )
    header = ("problem", "sources", "start", "lower_bound", "loss", "excess")
    return _Finding(holds, verdict, header, rows, figure)


STUDIES: dict[str, Callable[[np.random.Generator, bool], _Finding]] = {
    "entangled-factors": _entangled,
    "one-corner-point": _one_point,
    "range-not-independence": _range,
    "frequency-pairs": _frequencies,
    "one-convex-problem": _convex,
}
"""All studies by name, in the order of the papers."""


def _scatter(axes: Axes, x: Any, price: Any, modular: Any) -> None:
    x, price, modular = np.asarray(x), np.asarray(price), np.asarray(modular, dtype=bool)
    for rows, colour, meaning in ((modular, INSIDE, "own neurons are optimal"), (~modular, OUTSIDE, "mixed")):
        axes.scatter(x[rows], price[rows], s=8, color=colour, label=meaning, linewidth=0, alpha=0.8)
    axes.axhline(0, color=HULL, linewidth=0.4, zorder=0)
    axes.legend(frameon=False, fontsize=6)
