"""2023, figures 6 and 7: space and objects get cell types of their own if the object moves, and mix if it stays."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from solver.optimise import solve_one_of_many
from solver.pictures.style import HULL, INSIDE, OUTSIDE, legend, page_figure
from solver.pictures.tuning import draw_map, draw_torus, kind_of, tuning
from solver.studies.study import FREE, Finding, angle_between, cell_types
from solver.studies.tasks import object_on_ring, object_on_torus

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

    from solver.representation import Representation
    from solver.studies.tasks import Task

__all__ = ["study"]

RING = 12
"""Positions on the ring."""

ENCODER_COST = 1e-6
"""Next to nothing: position is carried along by recurrent weights, and not read in."""

MODULE = 6
"""Cosines and sines of the three waves of a hexagonal module."""

GRID = 1e-3
"""Relative difference of the amplitudes of three waves, and distance of their phases from a common peak in turns, up to
which their sum is a grid cell: far above the solver's rounding, far below what other neurons show."""

NAMES = {"position": "position cell", "object": "object-vector cell", "mixed": "mixed cell"}

WIDE_ENOUGH = 8
"""Panels in a row above which such a name takes two lines."""


def study(_: np.random.Generator, quick: bool) -> Finding:
    """2023, figures 6 and 7: space and objects get cell types of their own if the object moves, and mix if it stays."""
    in_a_row = [2, 3, 8, RING] if quick else list(range(2, RING + 1))
    rooms = [("neighbours", tuple(range(places))) for places in in_a_row]
    rooms += [
        ("evenly spaced", tuple(range(0, RING, RING // places))) for places in ((2, 4) if quick else (2, 3, 4, 6))
    ]
    rooms += [("two", (0, 3))]
    codes = {(kind, places): _solved(object_on_ring(RING, places)) for kind, places in rooms}
    rows: list[tuple[Any, ...]] = [("ring", kind, *_row(places, code)) for (kind, places), code in codes.items()]
    side = 4 if quick else 7
    tori = {"anywhere": [(x, y) for x in range(side) for y in range(side)], "two": [(0, 0), (1, 1)]}
    modules = {kind: _solved(object_on_torus(side, tori[kind])) for kind in (("anywhere",) if quick else tori)}
    rows += [("torus", kind, *_row(tori[kind], code)) for kind, code in modules.items()]
    anywhere = modules["anywhere"]
    # The last of the neighbours is the whole ring: there the paper says separate, with the object in few places mixed.
    whole, fixed = codes["neighbours", tuple(range(RING))], codes["two", (0, 3)]
    prices = [code.price_of_modularity for (kind, _), code in codes.items() if kind == "neighbours"]
    holds = (
        whole.modular
        and whole.price_of_modularity <= FREE
        and fixed.price_of_modularity > FREE
        and not fixed.modular
        and prices[0] > FREE
        and all(code.price_of_modularity <= FREE for (kind, _), code in codes.items() if kind == "evenly spaced")
        and all(later <= earlier + FREE for earlier, later in pairwise(prices))
        and anywhere.price_of_modularity <= FREE
        and anywhere.modular
        and _grid_cells(anywhere) == len(anywhere)
        and (quick or 2 * cell_types(modules["two"])["mixed"] > len(modules["two"]) > 2 * _grid_cells(modules["two"]))
    )
    figure = page_figure(1, 0.68)
    top, middle, bottom = figure.subfigures(3, 1, squeeze=False, height_ratios=(1.9, 1.4, 1.05))[:, 0]
    left, right = top.subfigures(1, 2, squeeze=False, width_ratios=(1, 1.1))[0]
    _draw_prices(left.subplots(), codes)
    _draw_ring(right, whole, object_on_ring(RING, range(RING)), "Object anywhere: what each neuron does")
    _draw_ring(middle, fixed, object_on_ring(RING, (0, 3)), "Object at 0 or 3")
    _draw_modules(bottom, modules, tori, side)
    least = next(count for count, price in zip(in_a_row, prices, strict=True) if price <= FREE)
    found = cell_types(whole)
    warped = ""
    if not quick:
        # Which optimum is found is a matter of rounding, and so is how many of its cells mix: most.
        price = modules["two"].price_of_modularity
        warped = (
            f"; with it at two places most mix and are none, and separate types cost at least {100 * price:.3g} % more"
        )
    verdict = (
        f"an object anywhere on the ring: {found['position']} position and {found['object']} object-vector cells, none "
        "mixed, at no price; at 0 or 3 some must mix, and separate types would cost "
        f"{100 * fixed.price_of_modularity:.5g} %; of places in a row {least} are enough for no price, of opposite "
        f"ones two; on a torus {_grid_cells(anywhere)} of {len(anywhere)} cells are grid cells, of space or of the "
        f"object{warped}"
    )
    header = (
        *("space", "object", "places", "loss", "price", "gap", "status"),
        *("position_cells", "object_vector_cells", "mixed_cells", "grid_cells", "angle"),
    )
    return Finding(bool(holds), verdict, header, rows, figure)


def _solved(task: Task) -> Representation:
    return solve_one_of_many(task.problem(encoder_cost=ENCODER_COST), rng=0)


def _row(places: Sequence[Any], code: Representation) -> tuple[Any, ...]:
    kinds = cell_types(code)
    counts = (kinds["position"], kinds["object"], kinds["mixed"])
    proven = (code.loss, code.price_of_modularity, code.gap, code.status)
    grids = _grid_cells(code) if code.problem.dimension == 2 * MODULE else ""
    return len(places), *proven, *counts, grids, angle_between(code, "position", "object")


def _grid_cells(code: Representation) -> int:
    """How many neurons read one group, its three waves alike and with one peak in common."""
    waves = code.source_weights.reshape(len(code), 2, 2, 3)
    size, phase = np.hypot(waves[:, :, 0], waves[:, :, 1]), np.arctan2(waves[:, :, 1], waves[:, :, 0])
    # Wave vectors add up to zero, so that phases do, up to whole turns, where the waves have a peak in common.
    turns = phase.sum(axis=2) / (2 * np.pi)
    alike = (np.ptp(size, axis=2) <= GRID * size.max(axis=2)) & (np.abs(turns - np.round(turns)) <= GRID)
    alone = np.array([len(groups) == 1 for groups in code.coded_groups()])
    chosen = np.argmax(size.max(axis=2), axis=1)
    return int((alone & alike[np.arange(len(code)), chosen]).sum())


def _draw_prices(axes: Axes, codes: dict[tuple[str, tuple[int, ...]], Representation]) -> None:
    for kind, colour, marker in (("neighbours", OUTSIDE, "o"), ("evenly spaced", INSIDE, "D")):
        chosen = [(len(places), 100 * code.price_of_modularity) for (one, places), code in codes.items() if one == kind]
        axes.plot(*zip(*chosen, strict=True), marker=marker, markersize=3, lw=0.8, color=colour, label=kind)
    axes.axhline(0, color=HULL, linewidth=0.4, zorder=0)
    axes.set(xlabel=f"places where the object can be, of {RING}", ylabel="price of separate cell types (%)")
    legend(axes)


def _draw_ring(figure: SubFigure, code: Representation, task: Task, title: str) -> None:
    maps = tuning(code, task.situations)
    places = np.unique(task.situations[:, 1])
    panels = np.atleast_1d(figure.subplots(1, len(code), sharey=True))
    for axes, values, groups in zip(panels, maps, code.coded_groups(), strict=True):
        kind, colour = kind_of(groups)
        name = NAMES[kind] if len(code) <= WIDE_ENOUGH else NAMES[kind].replace(" ", "\n")
        draw_map(axes, values[:, places], name, colour)
        axes.set_xlabel("position", fontsize=6)
    panels[0].set_yticks(range(len(places)), [str(place) for place in places], fontsize=5)
    panels[0].set_ylabel("object at", fontsize=6)
    figure.suptitle(title, fontsize=7, x=0.01, ha="left")


def _draw_modules(
    figure: SubFigure, modules: dict[str, Representation], tori: dict[str, list[tuple[int, int]]], side: int
) -> None:
    """The strongest cell of each type over all positions, for two places of the object."""
    panels = iter(figure.subplots(1, 2 * (len(modules) + 1)))
    for kind, code in modules.items():
        maps = code.activity().T.reshape(len(code), side, side, -1)
        named = [kind_of(groups) for groups in code.coded_groups()]
        for name in ("position", "object") if kind == "anywhere" else ("mixed",):
            neuron = next(number for number, (one, _) in enumerate(named) if one == name)
            for place in (tori["anywhere"][0], tori["anywhere"][side + 1]):
                drawn = maps[neuron][:, :, tori[kind].index(place)]
                draw_torus(next(panels), drawn, f"{NAMES[name]},\nobject at {place}", named[neuron][1])
    title = "Torus, one hexagonal module: the strongest of either type, object anywhere"
    figure.suptitle(
        title + ("" if len(modules) == 1 else "; and a mixed one, object at two places"), fontsize=7, x=0.01, ha="left"
    )
