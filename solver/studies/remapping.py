"""2023: contexts that are read out by themselves leave the map alone, contexts with maps of their own remap it."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import SubFigure
from numpy.typing import NDArray

from solver.pictures.style import DARK, page_figure, side_by_side, stacked
from solver.pictures.tuning import tuning
from solver.representation import Representation
from solver.studies.study import Finding, cell_types, draw_maps, is_free, scatter
from solver.studies.tasks import RING, Task, maps_of_their_own, one_map


def study(_: np.random.Generator, quick: bool) -> Finding:
    """Two contexts that share more and more places of one map, and two contexts with different maps."""
    visits = [6, 9, RING] if quick else list(range(RING // 2, RING + 1))
    tasks: dict[tuple[str, int], Task] = {("one map", visited): one_map(RING, visited) for visited in visits}
    tasks["maps of their own", RING] = maps_of_their_own(RING)
    codes = {key: task.solved() for key, task in tasks.items()}
    silent = {key: _silent_contexts(codes[key], task) for key, task in tasks.items()}
    rows: list[dict[str, Any]] = [
        {
            "task": name,
            "places_visited": visited,
            "loss": code.loss,
            "price": code.price_of_modularity,
            "gap": code.gap,
            "mixed_cells": cell_types(code)["mixed"],
            "neurons": len(code),
            "silent_in_one_context": int(silent[name, visited].sum()),
        }
        for (name, visited), code in codes.items()
    ]
    shared, apart = codes["one map", RING], codes["one map", visits[0]]
    own = codes["maps of their own", RING]
    *prices, own_price = [row["price"] for row in rows]
    free = is_free(prices)
    holds = shared.modular and free[-1] and not free[:-1].any() and silent["maps of their own", RING].all()
    figure = page_figure(1, 0.62)
    top, bottom = stacked(figure, 1, 1)
    left, right = side_by_side(top, 1, 1.2)
    axes = left.subplots()
    scatter(axes, visits, prices)
    axes.set(xlabel=f"places visited in each context, of {RING}", ylabel="price of separate cells (%)")
    _draw(right, shared, one_map(RING, RING), "One map, all of it visited in both contexts")
    _draw(bottom, own, maps_of_their_own(RING), "Maps of their own")
    cells = cell_types(shared)
    verdict = (
        f"one map for two contexts: {cells['position']} place and {cells['context']} context cells while every place "
        f"is visited in both, and a price of separation of {100 * apart.price_of_modularity:.3g} % where they share "
        f"none; maps of their own: each of {len(own)} cells is silent in one of the contexts, and cells that read no "
        f"context with their map would cost {100 * own_price:.3g} %"
    )
    return Finding(bool(holds and not is_free(own_price)), verdict, rows, figure)


def _silent_contexts(code: Representation, task: Task) -> NDArray[np.bool_]:
    """(n,) whether each neuron is silent, but for rounding, throughout one of the contexts."""
    most = np.nanmax(tuning(code, task.situations), axis=1)
    return np.asarray((most <= 1e-6 * most.max(axis=1, keepdims=True)).any(axis=1))


def _draw(figure: SubFigure, code: Representation, task: Task, title: str) -> None:
    panels = draw_maps(figure, code, tuning(code, task.situations), title, labels=("place", "context"))
    for axes in panels:
        axes.axhline(0.5, color=DARK, linewidth=0.4)
    panels[0].set_yticks([0, 1], ["A", "B"], fontsize=6)
