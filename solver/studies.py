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

from solver.clouds import HULL, INSIDE, OUTSIDE, SAMPLE, Condition, cloud, legend_of
from solver.judging import AGREES, DISAGREES, UNDECIDED, judge
from solver.optimise import solve_one_of_many
from solver.style import WIDTH, styled, written
from solver.sweep import sweep
from theory.conditions import decide
from theory.errors import InputError, unknown_name
from theory.families import family
from theory.problem import Problem
from theory.sources import Sources
from theory.theorems import Prediction
from theory.writing import require_writable, written_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["STUDIES", "Study", "run_studies"]

FREE = 1e-9
"""A price of modularity below this is none."""

NEXT_TO = 2e-3
"""Distance from a boundary at which it is tried on both sides: the price, about its square, is well above `FREE`."""

ROUNDING = 1e-12
"""Relative difference of a loss from a bound that is none."""

INDEPENDENT = Sources.from_moments(np.eye(2) / 3, [[-1, -1], [1, -1], [1, 1], [-1, 1]])
"""Uniform on a square."""

IRRATIONAL = {"golden": (1 + 5**0.5) / 2, "root 2": 2**0.5, "e": float(np.e)}
"""Ratios of frequencies that no two waves share a period at."""


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
    names = [name] if name is not None else list(STUDIES)
    for chosen in names:
        for suffix in (".png", ".csv"):
            require_writable(place / f"{chosen}{suffix}", (suffix,), "folder")
    for chosen in names:
        found = styled(STUDIES[chosen])(np.random.default_rng(seed), quick)
        figure, table = place / f"{chosen}.png", place / f"{chosen}.csv"
        written(found.figure, figure)
        with written_whole(table) as temporary, temporary.open("w", newline="") as stream:
            csv.writer(stream).writerows([found.header, *found.rows])
        yield Study(chosen, found.holds, found.verdict, figure, table)


# ---- the claims ---------------------------------------------------------------------------------------------------


def _entangled(_: np.random.Generator, quick: bool) -> _Finding:
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
        shared, correlation = _band_information(cut), _correlation(problem)
        rows.append((cut, shared, correlation, answer.price_of_modularity, answer.gap, cut <= boundary))
    prices, predicted = np.array([row[3] for row in rows]), np.array([row[5] for row in rows])
    holds = bool(np.array_equal(prices <= FREE, predicted) and predicted[0] and not predicted[-1])
    figure = Figure(figsize=(0.72 * WIDTH, 0.38 * WIDTH), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(3.4, 1), squeeze=False)[0]
    axes = left.subplots()
    _scatter(axes, cuts, 100 * prices, prices <= FREE)
    _theory(axes, boundary, f"theory: a* = {boundary:.6g}")
    # The price grows with the square of the distance from the boundary: on this scale the passage can be seen.
    axes.set_yscale("function", functions=(_signed_root, _signed_square))
    axes.set(xlabel="a, from independent (0) to fully dependent (2)", ylabel="price of own neurons (%), root scale")
    axes.set_yticks([0, 0.1, 0.5, 1, 2, 5], ["0", "0.1", "0.5", "1", "2", "5"])
    for panel, cut in zip(right.subplots(3, 1), (0.0, boundary, cuts[-1]), strict=True):
        corners = band.sources(cut).points if cut else INDEPENDENT.points
        _support(panel, corners, f"a = {cut:.3g}", OUTSIDE if cut > boundary else INSIDE)
    last, agree = rows[-1], int(((prices <= FREE) == predicted).sum())
    verdict = (
        f"theory and solution agree on {agree} of {len(rows)} degrees of dependence, from none to {last[1]:.2g} bits "
        f"(correlation {abs(last[2]):.3g}): modular up to a = {boundary:.4g} ({_band_information(boundary):.2g} bits), "
        f"then mixed, at a price of up to {100 * prices.max():.3g} %"
    )
    header = ("cut", "mutual_information_bits", "correlation", "price", "gap", "theory_modular")
    return _Finding(holds, verdict, header, rows, figure)


def _band_information(cut: float) -> float:
    """Mutual information of two sources that are uniform on |x + y| <= 2 - cut within [-1, 1]^2, in bits."""
    x = np.linspace(-1, 1, 20_001)
    height = np.minimum(1, 2 - cut - x) - np.maximum(-1, cut - 2 - x)
    area = np.trapezoid(height, x)
    marginal = height / area
    entropy = -np.trapezoid(marginal * np.log2(np.maximum(marginal, 1e-300)), x)
    return float(2 * entropy - np.log2(area))


def _one_point(rng: np.random.Generator, quick: bool) -> _Finding:
    """2025, figure 1: one corner point decides; and the prediction is right on a thousand random data sets."""
    grids = [np.array(list(product(np.linspace(-1, 1, count), repeat=2))) for count in (3, 4, 5)]
    pair = [solve_one_of_many(Problem(points), method="columns") for points in (grids[0], grids[0][:-1])]
    rows: list[tuple[Any, ...]] = []
    seen: set[bytes] = set()
    while len(rows) < (100 if quick else 1_000):
        grid = grids[rng.integers(len(grids))]
        points = grid[rng.random(len(grid)) < rng.uniform(0.5, 1)]
        if len(points) < 4 or np.linalg.matrix_rank(points - points.mean(axis=0)) < 2 or points.tobytes() in seen:
            continue
        seen.add(points.tobytes())
        problem = Problem(points)
        verdict, judgement = decide(problem), judge(problem, Prediction(modular=decide(problem).modular))
        answer = judgement.answer
        price = answer.price_of_modularity
        rows.append((len(points), verdict.margin, price, answer.gap, verdict.modular, price <= FREE, judgement.outcome))
    margins, prices = (np.array([row[column] for row in rows]) for column in (1, 2))
    count = {outcome: sum(row[-1] == outcome for row in rows) for outcome in (AGREES, DISAGREES, UNDECIDED)}
    holds = count[DISAGREES] == 0 and pair[0].price_of_modularity <= FREE < pair[1].price_of_modularity
    holds = holds and count[UNDECIDED] < len(rows) / 10
    figure = Figure(figsize=(WIDTH, 0.36 * WIDTH), layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1, 1.4))
    for axes, answer in zip((left, middle), pair, strict=True):
        cloud(axes, Condition(answer.problem, decide(answer.problem).F), (0, 1))
        cost = answer.price_of_modularity
        kind, colour = ("modular", INSIDE) if cost <= FREE else ("mixed", OUTSIDE)
        worth = "" if cost <= FREE else f", own neurons\ncost {100 * cost:.2g} % more"
        axes.set_title(f"{answer.problem.sources.count} points: {kind}{worth}", color=colour)
    handles, labels = legend_of(middle)
    figure.legend(handles, labels, loc="outside lower left", ncols=4, frameon=False, fontsize=6)
    _scatter(right, margins, 100 * prices, prices <= FREE)
    _theory(right, 0, "theory: boundary")
    title = f"{len(rows)} random data sets: {count[AGREES]} as predicted,\n{count[UNDECIDED]} too close to tell"
    right.set(xlabel="margin of the condition", ylabel="price of own neurons (%)", title=title, xlim=(None, 0.8))
    verdict_line = (
        f"a grid is modular and without one corner point mixed (price {100 * pair[1].price_of_modularity:.3g} %); of "
        f"{len(rows)} different random data sets predictions agree with solutions on {count[AGREES]}, disagree on "
        f"{count[DISAGREES]}, and {count[UNDECIDED]} are too close to the boundary to tell"
    )
    header = ("samples", "margin", "price", "gap", "predicted_modular", "solved_modular", "outcome")
    return _Finding(holds, verdict_line, header, rows, figure)


def _range(_: np.random.Generator, quick: bool) -> _Finding:
    """2025: correlated but range-independent sources are modular, uncorrelated but corner-cut ones are not."""
    count = 9 if quick else 25
    grid = np.array(list(product(np.linspace(-1, 1, 5), repeat=2)))
    rows: list[tuple[Any, ...]] = []
    for slope in 16 * np.linspace(0, 1, count) ** 3:
        # Ever more weight on the diagonal, but never none on a corner.
        weights = np.exp(-slope * (grid[:, 0] - grid[:, 1]) ** 2)
        problem = Problem(grid, probabilities=weights)
        answer = solve_one_of_many(problem, method="columns")
        rows.append(("box", slope, _correlation(problem), answer.price_of_modularity, answer.gap))
    cut_off = family("adjacent-corners")
    boundary = float(cut_off.boundary()[0])
    for parameter in sorted([*cut_off.grid(count), boundary - NEXT_TO, boundary + NEXT_TO]):
        problem = Problem(cut_off.sources(parameter))
        answer = solve_one_of_many(problem, method="columns")
        rows.append(("cut", parameter, _correlation(problem), answer.price_of_modularity, answer.gap))
    boxes, cuts = ([row for row in rows if row[0] == kind] for kind in ("box", "cut"))
    long = [row for row in cuts if row[1] > boundary]
    holds = (
        max(row[3] for row in boxes) <= FREE
        and max(abs(row[2]) for row in cuts) < 1e-12
        and all((row[3] > FREE) == (row[1] > boundary) for row in cuts)
        and len(long) > 0
    )
    figure, (left, right) = _panels(2)
    _scatter(left, [row[2] for row in boxes], [100 * row[3] for row in boxes], [row[3] <= FREE for row in boxes])
    left.set(xlabel="correlation", ylabel="price of own neurons (%)", ylim=(-0.1, 1.2))
    left.set_title("All corners present: no correlation makes the code mix")
    _scatter(right, [row[1] for row in cuts], [100 * row[3] for row in cuts], [row[3] <= FREE for row in cuts])
    _theory(right, boundary, f"theory: a* = {boundary:.6g}")
    right.set(xlabel="length a of the cut at two corners", ylabel="price of own neurons (%)", ylim=(-0.1, 1.2))
    right.set_title("Uncorrelated throughout: a cut range makes the code mix")
    verdict = (
        f"with all corners present a correlation of {boxes[-1][2]:.3g} costs nothing; uncorrelated sources without two "
        f"corners mix beyond a cut of {boundary:.4g}, up to a price of {100 * long[-1][3]:.2g} %"
    )
    return _Finding(holds, verdict, ("kind", "parameter", "correlation", "price", "gap"), rows, figure)


def _frequencies(_: np.random.Generator, quick: bool) -> _Finding:
    """2025, figure 3: two frequencies share neurons if and only if one is a multiple of the other."""
    chosen = family("frequencies")
    points = sweep(chosen, points=9 if quick else 20)
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
    figure, (left, right) = _panels(2)
    ratios, prices = np.array([point.parameter for point in points]), np.array([point.price for point in points])
    left.vlines(ratios, 0, 100 * prices, color=HULL, linewidth=0.8, zorder=1)
    _scatter(left, ratios, 100 * prices, prices <= FREE)
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
        _theory(left, float(ratio), "theory: multiples share neurons" if ratio == 2 else "_")
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
    right.legend(frameon=False, fontsize=6, title="ratio", title_fontsize=6, handlelength=4)
    verdict = (
        f"{len(points) - len(harmonic)} non-harmonic ratios give each frequency its own neurons, and so do irrational "
        f"ones in the limit of long times (after {lengths[-1]} samples within {max(ends):.2g} %); "
        f"{len(harmonic)} harmonic ones share, at a price of separation from {100 * min(shared):.2g} to "
        f"{100 * max(shared):.2g} %"
    )
    return _Finding(holds, verdict, ("sources", "ratio", "loss", "price", "gap", "theory_separate"), rows, figure)


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


def _convex(rng: np.random.Generator, quick: bool) -> _Finding:
    """2026: one convex problem: local descent from random starts never beats the certificate, and often reaches it."""
    from solver.methods.alternating import descend

    rows = []
    for number in range(4 if quick else 12):
        dimension = 2 + number % 2
        problem = Problem(rng.standard_normal((40, dimension)))
        bound = solve_one_of_many(problem).lower_bound
        size, count = np.abs(np.diag(problem.modular_weights)), dimension * (dimension + 1)
        for start in range(5 if quick else 20):
            weights = size * rng.standard_normal((count, dimension)) / count**0.5
            *_, end = descend(problem, weights, first=start % 5)
            rows.append((number + 1, dimension, start, bound, problem.loss(end), problem.loss(end) / bound - 1))
    numbers, excess = (np.array([row[column] for row in rows]) for column in (0, -1))
    best = [excess[numbers == number].min() for number in np.unique(numbers)]
    holds = bool(excess.min() >= -ROUNDING and max(best) <= (1e-2 if quick else 1e-4))
    figure, axes = _panels()
    spread = numbers + rng.uniform(-0.25, 0.25, len(numbers))
    axes.scatter(spread, np.maximum(excess, ROUNDING), s=6, color=INSIDE, linewidth=0, alpha=0.6, label="random start")
    # A start below the bound would be drawn here, in the other colour.
    beaten = excess < -ROUNDING
    axes.scatter(spread[beaten], np.full(beaten.sum(), ROUNDING), s=20, marker="v", color=OUTSIDE, zorder=3)
    axes.axhline(ROUNDING, color=HULL, linewidth=0.8, label="certified bound, to rounding")
    axes.set(yscale="log", ylim=(ROUNDING / 3, 10), xlabel="problem", ylabel="excess of the loss over the bound")
    axes.set_xticks(np.unique(numbers))
    axes.legend(frameon=False, fontsize=6, loc="upper center", ncols=2)
    verdict = (
        f"{int(beaten.sum()) or 'none'} of {len(rows)} descents from random starts ends below its certified bound; the "
        f"best start of each of {len(best)} problems comes within {max(best):.1e}, the median start within "
        f"{np.median(excess):.1e}"
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


def _panels(count: int = 1) -> tuple[Figure, Any]:
    figure = Figure(figsize=(0.5 * count * WIDTH, 0.36 * WIDTH), layout="constrained")
    axes = figure.subplots(1, count)
    return figure, axes


def _scatter(axes: Axes, x: Any, price: Any, modular: Any) -> None:
    x, price, modular = np.asarray(x), np.asarray(price), np.asarray(modular, dtype=bool)
    for rows, colour, meaning in ((modular, INSIDE, "own neurons are optimal"), (~modular, OUTSIDE, "mixed")):
        if rows.any():
            axes.scatter(x[rows], price[rows], s=8, color=colour, label=meaning, linewidth=0, alpha=0.8, zorder=2)
    axes.axhline(0, color=HULL, linewidth=0.4, zorder=0)
    axes.legend(frameon=False, fontsize=6)


def _theory(axes: Axes, where: float, meaning: str) -> None:
    """A dashed line where theory says that something changes."""
    axes.axvline(where, color=SAMPLE, linewidth=1, linestyle=(0, (3, 2)), zorder=0, label=meaning)
    axes.legend(frameon=False, fontsize=6)


def _support(axes: Axes, corners: Array, title: str, colour: str) -> None:
    axes.fill(*corners.T, facecolor=colour, alpha=0.25, edgecolor=colour, linewidth=1)
    axes.set(aspect="equal", xticks=[], yticks=[], xlim=(-1.1, 1.1), ylim=(-1.1, 1.1))
    axes.spines[:].set_visible(False)
    axes.set_title(title, fontsize=6)


def _correlation(problem: Problem) -> float:
    covariance = problem.sources.covariance
    return float(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]))


def _signed_root(values: Any) -> Any:
    return np.sign(values) * np.sqrt(np.abs(values))


def _signed_square(values: Any) -> Any:
    return np.sign(values) * np.square(values)
