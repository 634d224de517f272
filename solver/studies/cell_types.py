"""2023, figures 6 and 7: space and objects get cell types of their own if the object moves, and mix if it stays."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from solver.optimise import solve_one_of_many
from solver.pictures.source_plane import HULL, INSIDE, OUTSIDE
from solver.pictures.style import WIDTH
from solver.pictures.tuning import draw_map, draw_torus, kind_of, tuning
from solver.studies.study import FREE, Finding, angle_between, cell_types
from solver.studies.tasks import object_on_ring, object_on_torus

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure
    from numpy.typing import NDArray

    from solver.representation import Representation
    from solver.studies.tasks import Task

    Array = NDArray[np.float64]

__all__ = ["study"]

RING = 12
"""Positions on the ring."""

ENCODER_COST = 1e-6
"""Next to nothing: position is carried along by recurrent weights, and not read in."""

GRID = 1e-3
"""Relative difference of the amplitudes of three waves, and distance of their phases from a common peak in turns, up to
which their sum is a grid cell: far above the solver's rounding, far below what other neurons show."""

NAMES = {"position": "position cell", "object": "object-vector cell", "mixed": "mixed cell"}


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
    every = [(x, y) for x in range(side) for y in range(side)]
    anywhere = _solved(object_on_torus(side, every))
    rows.append(("torus", "anywhere", *_row(every, anywhere)))
    if not quick:
        pair = [(0, 0), (1, 1)]
        rows.append(("torus", "two", *_row(pair, _solved(object_on_torus(side, pair)))))
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
        and all(_is_grid(weights) for weights in anywhere.source_weights)
    )
    figure = Figure(figsize=(WIDTH, 0.72 * WIDTH), layout="constrained")
    top, middle, bottom = figure.subfigures(3, 1, squeeze=False, height_ratios=(1.9, 1.4, 1.3))[:, 0]
    left, right = top.subfigures(1, 2, squeeze=False, width_ratios=(1, 1.1))[0]
    _draw_prices(left.subplots(), codes)
    _draw_ring(right, whole, object_on_ring(RING, range(RING)), "Object anywhere: what each neuron does")
    _draw_ring(middle, fixed, object_on_ring(RING, (0, 3)), "Object at 0 or 3")
    _draw_module(bottom, anywhere, side)
    least = next(count for count, price in zip(in_a_row, prices, strict=True) if price <= FREE)
    found, grid_cells = cell_types(whole), sum(map(_is_grid, anywhere.source_weights))
    verdict = (
        f"an object anywhere on the ring: {found['position']} position and {found['object']} object-vector cells, none "
        "mixed, at no price; at 0 or 3 some must mix, and separate types would cost "
        f"{100 * fixed.price_of_modularity:.5g} %; of places in a row {least} are enough for no price, of opposite "
        f"ones two; on a torus {grid_cells} of {len(anywhere)} cells are grid cells, of space or of the object"
    )
    header = (
        *("space", "object", "places", "loss", "price", "gap", "status"),
        *("position_cells", "object_vector_cells", "mixed_cells", "angle"),
    )
    return Finding(holds, verdict, header, rows, figure)


def _solved(task: Task) -> Representation:
    return solve_one_of_many(task.problem(encoder_cost=ENCODER_COST), rng=0)


def _row(places: Sequence[Any], code: Representation) -> tuple[Any, ...]:
    kinds = cell_types(code)
    counts = (kinds["position"], kinds["object"], kinds["mixed"])
    proven = (code.loss, code.price_of_modularity, code.gap, code.status)
    return len(places), *proven, *counts, angle_between(code, "position", "object")


def _is_grid(weights: Array) -> bool:
    """Whether a neuron's three waves, of position or of object, are equally strong and peak at one place together."""
    waves = (weights[:6] if np.abs(weights[:6]).max() >= np.abs(weights[6:]).max() else weights[6:]).reshape(2, 3)
    amplitude, phase = np.hypot(*waves), np.arctan2(waves[1], waves[0])
    # Wave vectors add up to zero, so that phases do where the waves have a peak in common.
    turns = phase.sum() / (2 * np.pi)
    return bool(np.ptp(amplitude) <= GRID * amplitude.max() and abs(turns - round(turns)) <= GRID)


def _draw_prices(axes: Axes, codes: dict[tuple[str, tuple[int, ...]], Representation]) -> None:
    for kind, colour, marker in (("neighbours", OUTSIDE, "o"), ("evenly spaced", INSIDE, "D")):
        chosen = [(len(places), 100 * code.price_of_modularity) for (one, places), code in codes.items() if one == kind]
        axes.plot(*zip(*chosen, strict=True), marker=marker, markersize=3, lw=0.8, color=colour, label=kind)
    axes.axhline(0, color=HULL, linewidth=0.4, zorder=0)
    axes.set(xlabel=f"places where the object can be, of {RING}", ylabel="price of separate cell types (%)")
    axes.legend(frameon=False, fontsize=6)


def _draw_ring(figure: SubFigure, code: Representation, task: Task, title: str) -> None:
    maps = tuning(code, task.situations)
    places = np.unique(task.situations[:, 1])
    panels = np.atleast_1d(figure.subplots(1, len(code), sharey=True))
    for axes, values, groups in zip(panels, maps, code.coded_groups(), strict=True):
        kind, colour = kind_of(groups)
        draw_map(axes, values[:, places], NAMES[kind], colour)
        axes.set_xlabel("position", fontsize=6)
    panels[0].set_yticks(range(len(places)), [str(place) for place in places], fontsize=5)
    panels[0].set_ylabel("object at", fontsize=6)
    figure.suptitle(title, fontsize=7, x=0.01, ha="left")


def _draw_module(figure: SubFigure, code: Representation, side: int) -> None:
    """The strongest cell of each type over all positions, for three places of the object."""
    maps = code.activity().T.reshape(len(code), side, side, side, side)
    shown = [(0, 0), (side // 3, 0), (side // 3, side // 2)]
    coded = code.coded_groups()
    strongest = [next(n for n, groups in enumerate(coded) if groups == (name,)) for name in ("position", "object")]
    panels = figure.subplots(1, 2 * len(shown))
    for number, axes in enumerate(panels):
        neuron, place = strongest[number // len(shown)], shown[number % len(shown)]
        kind, colour = kind_of(coded[neuron])
        draw_torus(axes, maps[neuron][:, :, place[0], place[1]], f"{NAMES[kind]},\nobject at {place}", colour)
    figure.suptitle(
        "Torus, one hexagonal module, object anywhere: the strongest of either type", fontsize=7, x=0.01, ha="left"
    )
