"""2025: two cues in working memory lie in orthogonal subspaces or not, depending on whether a cue may repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from solver.optimise import solve_one_of_many
from solver.pictures.style import HULL, INSIDE, OUTSIDE, legend, page_figure
from solver.pictures.tuning import draw_map, kind_of, tuning
from solver.studies.study import FREE, RIGHT, Finding, angle_between, measured
from solver.studies.tasks import remembered

if TYPE_CHECKING:
    from solver.representation import Representation

__all__ = ["study"]

GROUPS = ("cue 1", "cue 2")

SHOWN = 4
"""Items on the ring whose codes are drawn."""


def study(_: np.random.Generator, quick: bool) -> Finding:
    """2025: two cues in working memory lie in orthogonal subspaces or not, depending on whether a cue may repeat."""
    tasks = [(count, 2) for count in ((3, 4, 6) if quick else range(3, 9))]
    # Three different cues of three items sum to a constant, so that one of them would be known from the others.
    tasks += [] if quick else [(count, 3) for count in (4, 5, 6)]
    codes = {
        (count, cues, repeats): solve_one_of_many(remembered(count, repeats=repeats, cues=cues).problem(), rng=0)
        for count, cues in tasks
        for repeats in (True, False)
    }
    rows: list[tuple[Any, ...]] = [(*key, *measured(code, *GROUPS)) for key, code in codes.items()]
    with_repeats = [code for (_, _, repeats), code in codes.items() if repeats]
    mixed = {key: code for key, code in codes.items() if code.price_of_modularity > FREE}
    few = codes[SHOWN, 2, False]
    holds = (
        all(
            code.modular and code.price_of_modularity <= FREE and abs(_angle(code) - 90) <= RIGHT
            for code in with_repeats
        )
        and all(not code.modular and _angle(code) < 90 - RIGHT for code in mixed.values())
        and few.price_of_modularity > FREE
    )
    figure = page_figure(1, 0.62)
    top, bottom = figure.subfigures(2, 1, squeeze=False, height_ratios=(1.3, 1))[:, 0]
    left, right = top.subplots(1, 2)
    for cues, marker in ((2, "o"), (3, "D")):
        for repeats, colour in ((False, OUTSIDE), (True, INSIDE)):
            chosen = [(count, code) for (count, one, other), code in codes.items() if (one, other) == (cues, repeats)]
            if not chosen:
                continue
            label = f"{cues} cues, {'with' if repeats else 'without'} repeats"
            style = {"marker": marker, "markersize": 3, "lw": 0.8, "color": colour, "label": label}
            left.plot([count for count, _ in chosen], [100 * code.price_of_modularity for _, code in chosen], **style)
            right.plot([count for count, _ in chosen], [_angle(code) for _, code in chosen], **style)
    left.set(xlabel="items on the ring", ylabel="price of separate subspaces (%)")
    right.set(xlabel="items on the ring", ylabel="angle between the subspaces (degrees)")
    right.axhline(90, color=HULL, linewidth=0.4, zorder=0)
    legend(left)
    drawn = np.atleast_1d(bottom.subplots(1, len(few)))
    maps = tuning(few, remembered(SHOWN, repeats=False).situations)
    for axes, values, groups in zip(drawn, maps, few.coded_groups(), strict=True):
        draw_map(axes, values, *kind_of(groups))
        axes.set(xlabel="first cue", ylabel="second cue")
    bottom.suptitle(f"Two of {SHOWN} without repeats: what each neuron does", fontsize=7, x=0.01, ha="left")
    without = sorted((cues, count) for count, cues, _ in mixed)
    where = " and ".join(
        f"{'two' if cues == 2 else 'three'} of {', '.join(str(count) for one, count in without if one == cues)}"
        for cues in sorted({cues for cues, _ in without})
    )
    verdict = (
        f"with repeats every code has orthogonal subspaces and no mixed neuron; without, {where} items mix (two of "
        f"{SHOWN}: price {100 * few.price_of_modularity:.5f} %, {_angle(few):.4g} degrees), and larger rings, such as "
        "that of six, are separate either way"
    )
    header = ("items", "cues", "repeats", "loss", "price", "gap", "mixed_cells", "neurons", "angle")
    return Finding(holds, verdict, header, rows, figure)


def _angle(code: Representation) -> float:
    return angle_between(code, *GROUPS)
