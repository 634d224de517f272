"""2023, figures 6 and 7: space and objects get cell types of their own if the object moves, and mix if it stays."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure

from solver.pictures.style import BLUE, DARK, ORANGE, head, legend, page_figure, side_by_side, stacked
from solver.pictures.tuning import draw_torus, kind_of, tuning
from solver.representation import Representation
from solver.studies.study import Finding, angle_between, cell_types, curve, draw_maps, is_free, percents
from solver.studies.tasks import KEPT_POSITION_COST, RING, object_on_ring, object_on_torus

GRID_CELL = 1e-3
"""Relative difference of the amplitudes of three waves, and distance of their phases from a common peak in turns, up to
which their sum is a grid cell: far above the solver's rounding, far below what other neurons show."""

CELL_NAMES = {"position": "position cell", "object": "object-vector cell", "mixed": "mixed cell"}


def study(_: np.random.Generator, quick: bool) -> Finding:
    """Let an object be at more and more places of a ring, then of a torus."""
    in_a_row = [2, 3, 8, RING] if quick else list(range(2, RING + 1))
    rooms = [("neighbours", tuple(range(places))) for places in in_a_row]
    rooms += [("evenly spaced", tuple(range(0, RING, RING // count))) for count in ((2, 4) if quick else (2, 3, 4, 6))]
    rooms += [("two", (0, 3))]
    codes = {
        (kind, places): object_on_ring(RING, places).solved(encoder_cost=KEPT_POSITION_COST) for kind, places in rooms
    }
    side = 4 if quick else 7
    tori: dict[str, list[tuple[int, int]]] = {
        "anywhere": [(x, y) for x in range(side) for y in range(side)],
        "two": [(0, 0), (1, 1)],
    }
    modules = {
        kind: object_on_torus(side, tori[kind]).solved(encoder_cost=KEPT_POSITION_COST)
        for kind in (("anywhere",) if quick else tori)
    }
    rows = [_row("ring", kind, len(places), code) for (kind, places), code in codes.items()]
    rows += [_row("torus", kind, len(tori[kind]), code) for kind, code in modules.items()]
    # The last of the neighbours is the whole ring: there the paper says separate, with the object in few places mixed.
    whole, fixed, anywhere = codes["neighbours", tuple(range(RING))], codes["two", (0, 3)], modules["anywhere"]
    prices = {
        wanted: np.array([code.price_of_modularity for (kind, _), code in codes.items() if kind == wanted])
        for wanted in ("neighbours", "evenly spaced")
    }
    free = is_free(prices["neighbours"])
    holds = (
        (whole.modular and not fixed.modular and anywhere.modular)
        and (free[-1] and not free[0] and not is_free(fixed.price_of_modularity))
        and is_free(prices["evenly spaced"]).all()
        and all(is_free(later - earlier) for earlier, later in pairwise(prices["neighbours"]))
        and is_free(anywhere.price_of_modularity)
        and _grid_cells(anywhere) == len(anywhere)
        and (quick or 2 * cell_types(modules["two"])["mixed"] > len(modules["two"]) > 2 * _grid_cells(modules["two"]))
    )
    figure = page_figure(1, 0.68)
    top, middle, bottom = stacked(figure, 1.9, 1.4, 1.05)
    left, right = side_by_side(top, 1, 1.1)
    _draw_prices(left.subplots(), codes)
    _draw_ring(right, whole, tuple(range(RING)), "Object anywhere: what each neuron does")
    _draw_ring(middle, fixed, (0, 3), "Object at 0 or 3")
    _draw_modules(bottom, modules, tori, side)
    cells, warped = cell_types(whole), ""
    if not quick:
        # Which optimum is found is a matter of rounding, and so is how many of its cells mix: most.
        (price,) = percents([modules["two"]])
        least = "" if modules["two"].status == "optimal" else "at least "
        warped = f"; with it at two places most mix and are none, and separate types cost {least}{price:.3g} % more"
    verdict = (
        f"an object anywhere on the ring: {cells['position']} position and {cells['object']} object-vector cells, none "
        "mixed, at no price; at 0 or 3 some must mix, and separate types would cost "
        f"{100 * fixed.price_of_modularity:.5g} %; of places in a row {in_a_row[int(np.argmax(free))]} are enough for "
        f"no price, of opposite ones two; on a torus {_grid_cells(anywhere)} of {len(anywhere)} cells are grid cells, "
        f"of space or of the object{warped}"
    )
    return Finding(bool(holds), verdict, rows, figure)


def _row(space: str, kind: str, places: int, code: Representation) -> dict[str, Any]:
    cells = cell_types(code)
    return {
        "space": space,
        "object": kind,
        "places": places,
        "loss": code.loss,
        "price": code.price_of_modularity,
        "gap": code.gap,
        "status": code.status,
        "position_cells": cells["position"],
        "object_vector_cells": cells["object"],
        "mixed_cells": cells["mixed"],
        "grid_cells": _grid_cells(code) if space == "torus" else "",
        "angle": angle_between(code, "position", "object"),
    }


def _grid_cells(code: Representation) -> int:
    """How many neurons read one group, its three waves alike and with one peak in common."""
    waves = code.source_weights.reshape(len(code), 2, 2, 3)
    size, phase = np.hypot(waves[:, :, 0], waves[:, :, 1]), np.arctan2(waves[:, :, 1], waves[:, :, 0])
    # Wave vectors add up to zero, so that phases do, up to whole turns, where the waves have a peak in common.
    turns = phase.sum(axis=2) / (2 * np.pi)
    alike = (np.ptp(size, axis=2) <= GRID_CELL * size.max(axis=2)) & (np.abs(turns - np.round(turns)) <= GRID_CELL)
    alone = np.array([len(groups) == 1 for groups in code.coded_groups()])
    group = np.argmax(size.max(axis=2), axis=1)
    return int((alone & alike[np.arange(len(code)), group]).sum())


def _draw_prices(axes: Axes, codes: dict[tuple[str, tuple[int, ...]], Representation]) -> None:
    for wanted, colour, marker in (("neighbours", ORANGE, "o"), ("evenly spaced", BLUE, "D")):
        chosen = {len(places): code for (kind, places), code in codes.items() if kind == wanted}
        curve(axes, list(chosen), percents(chosen.values()), colour, label=wanted, marker=marker)
    axes.axhline(0, color=DARK, linewidth=0.4, zorder=0)
    axes.set(xlabel=f"places where the object can be, of {RING}", ylabel="price of separate cell types (%)")
    legend(axes)


def _draw_ring(figure: SubFigure, code: Representation, places: tuple[int, ...], title: str) -> None:
    maps = tuning(code, object_on_ring(RING, places).situations)[:, :, list(places)]
    # Names in narrow panels take two lines.
    names = {kind: name if len(code) <= 8 else name.replace(" ", "\n") for kind, name in CELL_NAMES.items()}
    panels = draw_maps(figure, code, maps, title, labels=("position", "object at"), names=names)
    panels[0].set_yticks(range(len(places)), [str(place) for place in places], fontsize=5)


def _draw_modules(
    figure: SubFigure, modules: dict[str, Representation], tori: dict[str, list[tuple[int, int]]], side: int
) -> None:
    """The strongest cell of each type over all positions, for two places of the object."""
    panels = iter(figure.subplots(1, 2 * (len(modules) + 1)))
    for kind, code in modules.items():
        maps = code.activity().T.reshape(len(code), side, side, -1)
        kinds = [kind_of(groups) for groups in code.coded_groups()]
        for name in ("position", "object") if kind == "anywhere" else ("mixed",):
            neuron = next(number for number, (one, _) in enumerate(kinds) if one == name)
            for place in ((0, 0), (1, 1)):
                values = maps[neuron][:, :, tori[kind].index(place)]
                draw_torus(next(panels), values, f"{CELL_NAMES[name]},\nobject at {place}", kinds[neuron][1])
    title = "Torus, one hexagonal module: the strongest of either type, object anywhere"
    head(figure, title + ("" if len(modules) == 1 else "; and a mixed one, object at two places"))
