"""2023: contexts that are read out by themselves leave the map alone, contexts with maps of their own remap it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from solver.optimise import solve_one_of_many
from solver.pictures.style import HULL, page_figure
from solver.pictures.tuning import draw_map, kind_of, tuning
from solver.studies.study import FREE, Finding, cell_types, scatter
from solver.studies.tasks import maps_of_their_own, one_map

if TYPE_CHECKING:
    from matplotlib.figure import SubFigure
    from numpy.typing import NDArray

    from solver.representation import Representation
    from solver.studies.tasks import Task

__all__ = ["study"]

RING = 12
"""Places on the ring of each context."""

SILENT = 1e-6
"""Activity, as a share of a neuron's largest, that counts as none: rounding is far below."""


def study(_: np.random.Generator, quick: bool) -> Finding:
    """2023: contexts that are read out by themselves leave the map alone, contexts with maps of their own remap it."""
    visits = [6, 9, RING] if quick else list(range(RING // 2, RING + 1))
    shared = {visited: _solved(one_map(RING, visited)) for visited in visits}
    own = _solved(maps_of_their_own(RING))
    rows: list[tuple[Any, ...]] = [
        ("one map", visited, *_row(code, one_map(RING, visited))) for visited, code in shared.items()
    ]
    rows.append(("maps of their own", RING, *_row(own, maps_of_their_own(RING))))
    free = np.array([code.price_of_modularity <= FREE for code in shared.values()])
    silent = _silent_contexts(own, maps_of_their_own(RING))
    holds = bool(
        shared[RING].modular and free[-1] and not free[:-1].any() and silent.all() and own.price_of_modularity > FREE
    )
    figure = page_figure(1, 0.62)
    top, bottom = figure.subfigures(2, 1, squeeze=False)[:, 0]
    left, right = top.subfigures(1, 2, squeeze=False, width_ratios=(1, 1.2))[0]
    axes = left.subplots()
    scatter(axes, visits, [100 * code.price_of_modularity for code in shared.values()], free)
    axes.set(xlabel=f"places visited in each context, of {RING}", ylabel="price of separate cells (%)")
    _draw_maps(right, shared[RING], one_map(RING, RING), "One map, all of it visited in both contexts")
    _draw_maps(bottom, own, maps_of_their_own(RING), "Maps of their own")
    found, apart = cell_types(shared[RING]), shared[visits[0]]
    verdict = (
        f"one map for two contexts: {found['position']} place and {found['context']} context cells while every place "
        f"is visited in both, and a price of separation of {100 * apart.price_of_modularity:.3g} % where they share "
        f"none; maps of their own: each of {len(own)} cells is silent in one of the contexts, and cells that read no "
        f"context with their map would cost {100 * own.price_of_modularity:.3g} %"
    )
    header = ("task", "places_visited", "loss", "price", "gap", "mixed_cells", "neurons", "silent_in_one_context")
    return Finding(holds, verdict, header, rows, figure)


def _solved(task: Task) -> Representation:
    return solve_one_of_many(task.problem())


def _row(code: Representation, task: Task) -> tuple[Any, ...]:
    silent = int(_silent_contexts(code, task).sum())
    return code.loss, code.price_of_modularity, code.gap, cell_types(code)["mixed"], len(code), silent


def _silent_contexts(code: Representation, task: Task) -> NDArray[np.bool_]:
    """(n,) whether each neuron is silent throughout one of the contexts."""
    most = np.nanmax(tuning(code, task.situations), axis=1)
    return np.asarray((most <= SILENT * most.max(axis=1, keepdims=True)).any(axis=1))


def _draw_maps(figure: SubFigure, code: Representation, task: Task, title: str) -> None:
    panels = np.atleast_1d(figure.subplots(1, len(code), sharey=True))
    for axes, values, groups in zip(panels, tuning(code, task.situations), code.coded_groups(), strict=True):
        kind, colour = kind_of(groups)
        draw_map(axes, values, kind, colour)
        axes.axhline(0.5, color=HULL, linewidth=0.4)
        axes.set_xlabel("place", fontsize=6)
    panels[0].set_yticks([0, 1], ["A", "B"], fontsize=6)
    panels[0].set_ylabel("context", fontsize=6)
    figure.suptitle(title, fontsize=7, x=0.01, ha="left")
