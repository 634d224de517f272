"""How far trained networks end above the certified optimum of their own kind, by width and seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.random import Generator

from solver.networks.autoencoder import Autoencoder
from solver.networks.training import Trained, train
from solver.pictures.style import BLUE, DARK, GREY, ORANGE, legend, page_figure
from solver.pictures.training import FLOOR_REACHED, SINGLE_PRECISION, draw_curves
from solver.studies.networks.optima import Held, held
from solver.studies.networks.scores import is_mixed, owed
from solver.studies.networks.supports import cornerless, grid, tilted
from solver.studies.networks.trials import ARCHITECTURES, NEURONS_TRAINED, seeds_of, shown_to
from solver.studies.study import Finding
from theory.arrays import Array

KINDS_OF_NETWORK: dict[str, Any] = {
    "linear": ARCHITECTURES["linear"],
    "linear, charge 10": Autoencoder(NEURONS_TRAINED, negativity_cost=10.0),
    **{name: ARCHITECTURES[name] for name in ("rectified", "rectified, cheap weights", "student")},
}
"""Networks that a certified problem is of, by name; each is trained with several numbers of neurons."""

WIDTHS = (4, 6, 8, NEURONS_TRAINED, 24)

NETWORKS_DRAWN = ("linear", "rectified", "rectified, cheap weights", "student")  # networks that are drawn
SINGLE_ROUNDING = 1e-5  # share of the loss by which single precision may fall below a certified bound


@dataclass(frozen=True)
class WidthRun:
    """Networks of one width on one data set, and the optimum of their kind."""

    kind: str  # name of the architecture
    sources: str  # name of the data set
    trained: Trained  # the networks
    held: Held  # them against the optimum
    mixed: tuple[bool | None, ...]  # whether each is mixed; None for one that is silent throughout

    @property
    def width(self) -> int:
        """Number of neurons."""
        return int(self.trained.network.neurons)

    def rows(self) -> list[dict[str, object]]:
        """A row of the table for each network."""
        optimum = {"optimum": self.held.bound, "price_of_modularity": self.held.price}
        named = {"architecture": self.kind, "kind": self.held.kind, "sources": self.sources, "neurons": self.width}
        each = zip(self.trained.seeds, self.held.above, self.mixed, strict=True)
        return [named | {"seed": seed, "above": above, "mixed": mixed} | optimum for seed, above, mixed in each]


def study(rng: Generator, quick: bool) -> Finding:
    """No network ends below the certified optimum of its kind; how far above, by width and seed."""
    seeds = seeds_of(rng)
    sources = dict(list(supports().items())[3 if quick else 0 :])
    kinds = ("linear", "rectified") if quick else KINDS_OF_NETWORK
    runs = [
        _run((kind, name, width), chance, seeds, 400 if quick else 20_000)
        for kind in kinds
        for name, chance in sources.items()
        for width in (WIDTHS[3:4] if quick else WIDTHS)
    ]
    lowest = min(min(run.held.above) for run in runs)
    told = "; ".join(f"{kind} {_told([run for run in runs if run.kind == kind])}" for kind in kinds)
    count = sum(len(run.held.above) for run in runs)
    below = "none" if lowest > -SINGLE_ROUNDING else "some"
    verdict = (
        f"of {count} trained networks {below} is below the certified optimum of its kind. Within "
        f"{100 * FLOOR_REACHED:g} % of it, and the median above it in per cent by width: {told}"
    )
    shown = [kind for kind in NETWORKS_DRAWN if kind in kinds]
    figure = _drawn({kind: [run for run in runs if run.kind == kind] for kind in shown})
    return Finding(lowest > -SINGLE_ROUNDING, verdict, [row for run in runs for row in run.rows()], figure)


def supports() -> Mapping[str, Array]:
    """(T,) probabilities of points on a grid by name: from independent sources to mixed codes.

    Example:
        >>> [int((chance > 0).sum()) for chance in supports().values()]
        [25, 25, 22, 19]
    """
    points = grid(5)
    one_corner = (points.sum(axis=1) < 2 * points.max() - points.std()).astype(float)
    return {
        "independent": np.full(len(points), 1 / len(points)),
        "correlated": tilted(points, 1.0),
        "one corner cut": one_corner / one_corner.sum(),
        "two corners cut": cornerless(points, 2),
    }


def _run(named: tuple[str, str, int], chance: Array, seeds: tuple[int, ...], steps: int) -> WidthRun:
    kind, name, width = named
    network, points, occurs = replace(KINDS_OF_NETWORK[kind], neurons=width), grid(5), chance > 0
    trained = train(network, shown_to(network, points, chance), steps=steps, rate=1e-2, seeds=seeds)
    due = [owed(activity[occurs], points[occurs], chance[occurs]) for activity in trained.activity]
    judged = held(network, points, chance, trained.final, trained.activity)
    return WidthRun(kind, name, trained, judged, tuple(map(is_mixed, due)))


def _told(runs: Sequence[WidthRun]) -> str:
    """How many networks reach the optimum, and the median excess of each width, in per cent."""
    above = np.array([share for run in runs for share in run.held.above])
    medians = [
        np.median([share for run in runs if run.width == width for share in run.held.above])
        for width in sorted({run.width for run in runs})
    ]
    reached = f"{int((above <= FLOOR_REACHED).sum())} of {len(above)}"
    return f"{reached}, {', '.join(f'{100 * median:.2g}' for median in medians)}"


def _drawn(runs: Mapping[str, Sequence[WidthRun]]) -> Figure:
    """Two panels for each kind: curves above the optimum, and where they end by width."""
    figure = page_figure(1, 0.5)
    panels = figure.subplots(2, len(runs), sharey="row", squeeze=False)
    for kind, above, ends in zip(runs, panels[0], panels[1], strict=True):
        last = [run for run in runs[kind] if run.width == NEURONS_TRAINED][-1]
        _draw_training(above, last)
        above.set_title(kind)
        _draw_ends(ends, runs[kind])
    panels[0, 0].set_ylabel("loss / certified optimum $-$ 1")
    panels[1, 0].set_ylabel("the same at the end")
    lines = {line.get_label(): line for axes in panels[0] for line in axes.lines}
    named = {str(name): line for name, line in lines.items() if not str(name).startswith("_")}
    legend(figure, handles=list(named.values()), labels=list(named), loc="outside upper left", ncols=len(named))
    legend(panels[1, 0], loc="upper right")
    return figure


def _draw_training(axes: Axes, run: WidthRun) -> None:
    """Curves of one width above the optimum of their kind."""
    steps = run.trained.steps
    draw_curves(axes, steps, run.trained.losses, run.held.bound, explained=False)
    axes.set(ylim=(SINGLE_PRECISION / 2, 1e2), ylabel="", xticks=(0, int(steps[-1])))


def _draw_ends(axes: Axes, runs: Sequence[WidthRun]) -> None:
    """Where each network ends above the optimum, one point per network, by width; data sets side by side."""
    names = list(dict.fromkeys(run.sources for run in runs))
    for number, (name, colour) in enumerate(zip(names, (GREY, DARK, BLUE, ORANGE), strict=False)):
        of_name = [run for run in runs if run.sources == name]
        ends = [(run.width, share) for run in of_name for share in run.held.above]
        widths, above = (np.array(column) for column in zip(*ends, strict=True))
        aside = 1 + 0.05 * (number - (len(names) - 1) / 2)
        style: dict[str, Any] = {"marker": "o", "markersize": 2.5, "linestyle": "", "alpha": 0.7, "color": colour}
        axes.plot(widths * aside, np.maximum(above, SINGLE_PRECISION), label=name, **style)
    axes.set(xscale="log", yscale="log", xlabel="neurons", ylim=(SINGLE_PRECISION / 2, 1))
    axes.set_xticks(WIDTHS, [str(width) for width in WIDTHS])
    axes.minorticks_off()
