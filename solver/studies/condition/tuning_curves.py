"""2026, figure 2: tuning curves that differ enough are the only ones with their similarities.

1. Place cells on a ring, with fields of triangular shape: widen them, and ask `unique_tuning` whether other nonnegative
   tuning curves have the same similarities.
2. Modules of grid cells on a ring: the best cells of each of two frequencies alone, side by side; ask the same.
3. Take the best code of a wave, and turn it by a step: it is optimal too, by symmetry. Compare their similarities.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from solver.pictures.style import BLUE, GREY, ORANGE, legend
from solver.questions.tuning import UniqueTuning, unique_tuning
from solver.studies.study import Finding, is_free, panels, solved
from solver.studies.tasks import circle
from theory.arrays import Array
from theory.problem import Problem

CELL_COUNTS = (3, 4, 5, 6)  # place cells on the ring
POSITIONS = 60  # between the centres of two neighbouring fields; a multiple of what widths are rounded to

RATIOS = ((2, 3, 12), (3, 4, 12), (4, 5, 20), (3, 5, 15), (3, 8, 24), (1, 2, 6), (1, 2, 12), (1, 3, 12), (1, 4, 12))
"""Two frequencies, and the positions of the ring."""

PHASES = (4, 5, 6, 7, 8)  # positions of the rings of a single wave

SCATTERED, OTHERWISE_PROVEN, OPEN, OTHERS = "unique, scattered", "unique, by other proof", "left open", "not unique"

COLOURS = {SCATTERED: BLUE, OTHERWISE_PROVEN: "#7fb3d5", OPEN: GREY, OTHERS: ORANGE}


def study(_: np.random.Generator, quick: bool) -> Finding:
    """Widen place fields, put modules side by side, and turn codes of a wave."""
    widths = np.round(np.arange(0.5, 2.51, 0.5 if quick else 0.1), 2)
    # Step 1.
    fields = {(cells, width): unique_tuning(_fields(cells, width)) for cells in CELL_COUNTS for width in widths}
    # Step 2.
    modules = {ratio: _modules(*ratio) for ratio in RATIOS[:: 5 if quick else 1]}
    # Step 3.
    turned = {phases: _turned(phases) for phases in PHASES}
    rows: list[dict[str, Any]] = [
        *(_row("place cells", f"{cells} cells", width, tuning) for (cells, width), tuning in fields.items()),
        *(
            _row("modules", f"{one}:{other} of {positions} positions", price, tuning)
            for (one, other, positions), (price, tuning) in modules.items()
        ),
        *(
            {**_row("waves", f"{phases} phases", whole, tuning), "about_the_mean": centred}
            for phases, (whole, centred, tuning) in turned.items()
        ),
    ]
    columns = dict.fromkeys(key for row in rows for key in row)
    rows = [{key: row.get(key, "") for key in columns} for row in rows]
    apart = [tuning.unique for (one, other, _), (_, tuning) in modules.items() if other % one]
    harmonic = [tuning.unique for (one, other, _), (_, tuning) in modules.items() if not other % one]
    holds = (
        all(tuning.unique for (_, width), tuning in fields.items() if width <= 1)
        and all(fields[cells, widths[-1]].unique is False for cells in CELL_COUNTS[:2])
        and all(apart)
        and not any(harmonic)
        and False in harmonic
        and all(is_free(price) == bool(other % one) for (one, other, _), (price, _) in modules.items())
        and all(whole > 0.1 and centred < 1e-9 for whole, centred, _ in turned.values())
    )
    figure, (left, right) = panels(2)
    _draw_fields(left, fields)
    _draw_modules(right, modules)
    last = {
        cells: max(width for width in widths if all(fields[cells, each].unique for each in widths if each <= width))
        for cells in CELL_COUNTS
    }
    wide = max(width for (_, width), tuning in fields.items() if tuning.scattered)
    verdict = (
        f"{CELL_COUNTS[0]} to {CELL_COUNTS[-1]} place cells are the only ones with their similarities up to widths of "
        f"{', '.join(f'{last[cells]:g}' for cells in CELL_COUNTS)} distances to the next cell, sufficiently scattered "
        f"up to {wide:g} at most; so are modules of {len(apart)} non-harmonic pairs, and none of {len(harmonic)} "
        f"harmonic ones is shown to be; but optimal codes of one wave have different similarities, on all "
        f"{len(turned)} rings: only those about the mean are the same"
    )
    return Finding(bool(holds), verdict, rows, figure)


def _fields(cells: int, width: float) -> Array:
    """(T, n) activity that falls from one at a cell's place to zero at this distance, on a ring."""
    places = np.arange(cells * POSITIONS) / POSITIONS
    distance = np.abs(places[:, None] - np.arange(cells))
    return np.asarray(np.maximum(0.0, 1 - np.minimum(distance, cells - distance) / width))


def _modules(one: int, other: int, positions: int) -> tuple[float, UniqueTuning]:
    """Price of own cells for two frequencies on a ring, and whether they are the only ones with their similarities."""
    waves = [circle(frequency * np.arange(positions), positions) for frequency in (one, other)]
    joint = solved(Problem(np.hstack(waves), groups={"one": [0, 1], "other": [2, 3]}))
    cells = [solved(Problem(wave)).activity() for wave in waves]
    return joint.price_of_modularity, unique_tuning(np.hstack(cells))


def _turned(phases: int) -> tuple[float, float, UniqueTuning]:
    """How much similarities change as the optimal code of a ring is turned by a step, as they are and about the mean.

    Both relative to the largest; and whether the tuning curves are the only ones with their similarities.
    """
    activity = solved(Problem(circle(range(phases), phases))).activity()
    whole, centred = (
        np.abs(alike - np.roll(alike, 1, axis=(0, 1))).max() / np.abs(activity @ activity.T).max()
        for alike in (values @ values.T for values in (activity, activity - activity.mean(axis=0)))
    )
    return float(whole), float(centred), unique_tuning(activity)


def _outcome(tuning: UniqueTuning) -> str:
    if tuning.unique is None:
        return OPEN
    return (SCATTERED if tuning.scattered else OTHERWISE_PROVEN) if tuning.unique else OTHERS


def _row(kind: str, case: str, number: float, tuning: UniqueTuning) -> dict[str, Any]:
    """The number: of fields their width, of modules the price of own cells, of waves how much similarities change."""
    return {"kind": kind, "case": case, "number": number, "outcome": _outcome(tuning), "reason": tuning.reason}


def _draw_fields(axes: Axes, fields: dict[tuple[int, float], UniqueTuning]) -> None:
    for outcome, colour in COLOURS.items():
        at = [place for place, tuning in fields.items() if _outcome(tuning) == outcome]
        if at:
            cells, widths = zip(*at, strict=True)
            axes.scatter(widths, cells, s=14, color=colour, linewidth=0, label=outcome)
    axes.set(xlabel="width of a field, over the distance to the next cell", ylabel="place cells on a ring")
    axes.set(yticks=CELL_COUNTS, ylim=(CELL_COUNTS[0] - 0.5, CELL_COUNTS[-1] + 1.7), title="Place cells")
    legend(axes, ncols=2, loc="upper left")


def _draw_modules(axes: Axes, modules: dict[tuple[int, int, int], tuple[float, UniqueTuning]]) -> None:
    for place, (price, tuning) in enumerate(modules.values()):
        axes.plot(place, 100 * price, "o", markersize=4, color=COLOURS[_outcome(tuning)])
        axes.vlines(place, 0, 100 * price, color=COLOURS[_outcome(tuning)], linewidth=1)
    names = [f"{one}:{other}\n{positions}" for one, other, positions in modules]
    axes.set_xticks(range(len(names)), names)
    axes.set(
        xlabel="frequencies, and positions of the ring", ylabel="price of own cells (%)", title="Modules of grid cells"
    )
