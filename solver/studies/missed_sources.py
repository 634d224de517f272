"""2025, figure 5: neurons of one object each seem mixed to who knows only two of the three."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from solver.optimise import solve_one_of_many
from solver.pictures.style import ACTIVITY, INSIDE, OUTSIDE, legend, page_figure
from solver.studies.study import FREE, Finding
from solver.studies.tasks import objects_in_a_row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from solver.representation import Representation
    from theory.arrays import Array

__all__ = ["study"]

RING = 5
"""Places on the ring."""

OBJECTS = 3

IN_A_ROW = 0.2
"""Share of the rooms, in the paper, in which the objects are in a row."""

SEEN = 1e-9
"""Share of a neuron's variance that counts as explained: rounding is below."""


def study(_: np.random.Generator, quick: bool) -> Finding:
    """2025, figure 5: neurons of one object each seem mixed to who knows only two of the three."""
    shares = [0.0, IN_A_ROW] if quick else [0.0, 0.1, IN_A_ROW, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    codes = [solve_one_of_many(objects_in_a_row(RING, share).problem()) for share in shares]
    rows: list[tuple[Any, ...]] = []
    for share, code in zip(shares, codes, strict=True):
        whole, partial = _explained(code, range(OBJECTS)), _explained(code, range(OBJECTS - 1))
        rows += [
            (share, number, code.price_of_modularity, code.gap, "+".join(groups), *whole[number], *partial[number])
            for number, groups in enumerate(code.coded_groups())
        ]
    mixed = [[_mixed(row[5 : 5 + OBJECTS]), _mixed(row[5 + OBJECTS :])] for row in rows if row[0] == IN_A_ROW]
    truly, seemingly = (sum(column) for column in zip(*mixed, strict=True))
    independent = [row for row in rows if row[0] == 0]
    holds = (
        all(code.modular and code.price_of_modularity <= FREE for code in codes)
        and not any(_mixed(row[5 : 5 + OBJECTS]) for row in rows)
        and not any(_mixed(row[5 + OBJECTS :]) for row in independent)
        and seemingly > 0
    )
    paper = codes[shares.index(IN_A_ROW)]
    figure = page_figure(1, 0.36)
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 0.8, 1.6))
    _draw_matrix(left, _explained(paper, range(OBJECTS)), "All objects known")
    drawn = _draw_matrix(middle, _explained(paper, range(OBJECTS - 1)), "Two known")
    figure.colorbar(drawn, ax=middle, shrink=0.7, label="root of the share explained").outline.set_visible(False)
    spurious = [
        max(max(row[5 + OBJECTS :]) for row in rows if row[0] == share and row[4] == "object 3") for share in shares
    ]
    right.plot(shares, np.multiply(100, spurious), marker="o", markersize=3, lw=0.8, color=OUTSIDE, label="seen by two")
    right.plot(shares, np.zeros(len(shares)), color=INSIDE, lw=0.8, label="seen by all three")
    right.set(xlabel="share of rooms with the objects in a row", ylabel="variance explained by a wrong object (%)")
    legend(right)
    verdict = (
        f"three objects, correlated but in every combination, have cells of their own at no price ({truly} of "
        f"{len(paper)} mix); to who knows two of them {seemingly} seem to: those of the third, of whose variance a "
        f"known object, given the other, explains up to {100 * spurious[shares.index(IN_A_ROW)]:.2g} %"
    )
    names = range(1, OBJECTS + 1)
    header = (
        *("share_in_a_row", "neuron", "price", "gap", "reads"),
        *(f"object_{number}_of_three" for number in names),
        *(f"object_{number}_of_two" for number in names[:-1]),
    )
    return Finding(holds, verdict, header, rows, figure)


def _explained(code: Representation, known: Sequence[int]) -> Array:
    """(n, k) share of each neuron's variance that a known object explains linearly beyond the other known ones."""
    groups = code.problem.groups or {}
    columns = {number: list(groups[f"object {number + 1}"]) for number in known}
    every = _left(code, [column for own in columns.values() for column in own])
    others = [[column for other, own in columns.items() if other != number for column in own] for number in columns]
    return np.column_stack([_left(code, given) - every for given in others])


def _left(code: Representation, columns: list[int]) -> Array:
    """(n,) share of each neuron's variance that a least-squares fit on these sources leaves."""
    sources = code.problem.sources
    chance = np.full(sources.count, 1 / sources.count) if sources.probabilities is None else sources.probabilities
    root = np.sqrt(chance)[:, None]
    activity = code.activity()
    about_mean = root * (activity - chance @ activity)
    given = root * sources.about_mean(sources.points)[:, columns]
    fitted = given @ np.linalg.lstsq(given, about_mean, rcond=None)[0]
    return np.asarray(((about_mean - fitted) ** 2).sum(axis=0) / (about_mean**2).sum(axis=0))


def _mixed(shares: Sequence[float]) -> bool:
    return sum(share > SEEN for share in shares) > 1


def _draw_matrix(axes: Axes, shares: Array, title: str) -> Any:
    image = axes.imshow(np.sqrt(np.maximum(shares, 0)), cmap=ACTIVITY, vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(shares.shape[1]), [f"{number + 1}" for number in range(shares.shape[1])])
    axes.set_yticks([])
    axes.set(xlabel="object", ylabel="neuron", title=title)
    return image
