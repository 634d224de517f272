"""2025: two cues in working memory lie in orthogonal subspaces or not, depending on whether a cue may repeat."""

from __future__ import annotations

from typing import Any

import numpy as np

from solver.pictures.style import BLUE, DARK, ORANGE, head, legend, page_figure, stacked
from solver.pictures.tuning import draw_map, kind_of, tuning
from solver.studies.study import RIGHT_ANGLE, Finding, curve, is_free, measured
from solver.studies.tasks import remembered

ITEMS_DRAWN = 4  # items on the ring of the code whose neurons are drawn


def study(_: np.random.Generator, quick: bool) -> Finding:
    """Remember two cues or three of a ring of items, with repeats and without."""
    sizes = [(count, 2) for count in ((3, 4, 6) if quick else range(3, 9))]
    # Three different cues of three items sum to a constant, so that one of them would be known from the others.
    sizes += [] if quick else [(count, 3) for count in (4, 5, 6)]
    codes = {
        (count, cues, repeats): remembered(count, repeats=repeats, cues=cues).solved()
        for count, cues in sizes
        for repeats in (True, False)
    }
    rows: list[dict[str, Any]] = [
        {"items": count, "cues": cues, "repeats": repeats, **measured(code, "cue 1", "cue 2")}
        for (count, cues, repeats), code in codes.items()
    ]
    mixed = [row for row in rows if not is_free(row["price"])]
    modular = [code.modular for code in codes.values()]
    few = codes[ITEMS_DRAWN, 2, False]
    (few_row,) = [row for row in rows if (row["items"], row["cues"], row["repeats"]) == (ITEMS_DRAWN, 2, False)]
    holds = (
        all(flag for row, flag in zip(rows, modular, strict=True) if row["repeats"])
        and all(is_free(row["price"]) and abs(row["angle"] - 90) <= RIGHT_ANGLE for row in rows if row["repeats"])
        and not any(flag for row, flag in zip(rows, modular, strict=True) if row in mixed)
        and all(row["angle"] < 90 - RIGHT_ANGLE for row in mixed)
        and few_row in mixed
    )
    figure = page_figure(1, 0.62)
    top, bottom = stacked(figure, 1.3, 1)
    left, right = top.subplots(1, 2)
    for cues, marker in ((2, "o"), (3, "D")):
        for repeats, colour in ((False, ORANGE), (True, BLUE)):
            drawn = [row for row in rows if (row["cues"], row["repeats"]) == (cues, repeats)]
            if not drawn:
                continue
            label, items = f"{cues} cues, {'with' if repeats else 'without'} repeats", [row["items"] for row in drawn]
            curve(left, items, [100 * row["price"] for row in drawn], colour, label=label, marker=marker)
            curve(right, items, [row["angle"] for row in drawn], colour, label=label, marker=marker)
    left.set(xlabel="items on the ring", ylabel="price of separate subspaces (%)")
    right.set(xlabel="items on the ring", ylabel="angle between the subspaces (degrees)")
    right.axhline(90, color=DARK, linewidth=0.4, zorder=0)
    legend(left)
    maps = tuning(few, remembered(ITEMS_DRAWN, repeats=False).situations)
    for axes, values, groups in zip(bottom.subplots(1, len(few)), maps, few.coded_groups(), strict=True):
        draw_map(axes, values, *kind_of(groups))
        axes.set(xlabel="first cue", ylabel="second cue")
    head(bottom, f"Two of {ITEMS_DRAWN} without repeats: what each neuron does")
    where = " and ".join(
        f"{word} of {', '.join(str(row['items']) for row in mixed if row['cues'] == cues)}"
        for cues, word in ((2, "two"), (3, "three"))
        if any(row["cues"] == cues for row in mixed)
    )
    verdict = (
        f"with repeats every code has orthogonal subspaces and no mixed neuron; without, {where} items mix (two of "
        f"{ITEMS_DRAWN}: price {100 * few_row['price']:.5f} %, {few_row['angle']:.4g} degrees), and larger rings, such "
        "as that of six, are separate either way"
    )
    return Finding(bool(holds), verdict, rows, figure)
