"""2025, figure 5: neurons of one object each seem mixed to an observer who knows only two of the three."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from solver.pictures.style import ACTIVITY, BLUE, ORANGE, colour_bar, legend, page_figure
from solver.representation import Representation
from solver.studies.study import Finding, curve, is_free
from solver.studies.tasks import objects_in_a_row
from theory.arrays import Array

RING_OF_OBJECTS, OBJECTS = 5, 3

IN_A_ROW = 0.2
"""Share of the rooms, in the paper, in which the objects are in a row."""


def study(_: np.random.Generator, quick: bool) -> Finding:
    """Correlate three objects more and more, and explain each neuron by all of them, then by two."""
    shares = [0.0, IN_A_ROW] if quick else [0.0, 0.1, IN_A_ROW, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    codes = [objects_in_a_row(RING_OF_OBJECTS, share).solved() for share in shares]
    by_three = [_explained(code, range(OBJECTS)) for code in codes]
    by_two = [_explained(code, range(OBJECTS - 1)) for code in codes]
    rows = [
        _row(share, code, neuron, three[neuron], two[neuron])
        for share, code, three, two in zip(shares, codes, by_three, by_two, strict=True)
        for neuron in range(len(code))
    ]
    paper = shares.index(IN_A_ROW)
    truly, seemingly = int(_mixed(by_three[paper]).sum()), int(_mixed(by_two[paper]).sum())
    holds = (
        all(code.modular and is_free(code.price_of_modularity) for code in codes)
        and not any(_mixed(three).any() for three in by_three)
        and not _mixed(by_two[0]).any()
        and seemingly > 0
    )
    figure = page_figure(1, 0.36)
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 0.8, 1.6))
    _draw_matrix(left, by_three[paper], "All objects known")
    image = _draw_matrix(middle, by_two[paper], "Two known")
    colour_bar(figure, image, middle, shrink=0.7, label="root of the share explained")
    spurious = [
        100 * max(shares.max() for shares, groups in zip(two, code.coded_groups(), strict=True) if "object 3" in groups)
        for code, two in zip(codes, by_two, strict=True)
    ]
    curve(right, shares, spurious, ORANGE, label="seen by two")
    right.plot(shares, np.zeros(len(shares)), color=BLUE, lw=0.8, label="seen by all three")
    right.set(xlabel="share of rooms with the objects in a row", ylabel="variance explained by a wrong object (%)")
    legend(right)
    verdict = (
        f"three objects, correlated but in every combination, have cells of their own at no price ({truly} of "
        f"{len(codes[paper])} mix); to an observer who knows two of them {seemingly} seem to: those of the third, of "
        f"whose variance a known object, given the other, explains up to {spurious[paper]:.2g} %"
    )
    return Finding(bool(holds), verdict, rows, figure)


def _row(share: float, code: Representation, neuron: int, by_three: Array, by_two: Array) -> dict[str, Any]:
    return {
        "share_in_a_row": share,
        "neuron": neuron,
        "price": code.price_of_modularity,
        "gap": code.gap,
        "reads": "+".join(code.coded_groups()[neuron]),
        **{f"object_{number}_of_three": explained for number, explained in enumerate(by_three, 1)},
        **{f"object_{number}_of_two": explained for number, explained in enumerate(by_two, 1)},
    }


def _explained(code: Representation, known: Sequence[int]) -> Array:
    """(n, k) share of each neuron's variance that a known object explains linearly beyond the other known ones."""
    groups = code.problem.groups or {}
    columns = {number: groups[f"object {number + 1}"] for number in known}
    left = _left(code, [*chain.from_iterable(columns.values())])
    others = [[column for other in known if other != number for column in columns[other]] for number in known]
    return np.column_stack([_left(code, other) - left for other in others])


def _left(code: Representation, columns: list[int]) -> Array:
    """(n,) share of each neuron's variance that a least-squares fit on these sources leaves."""
    sources = code.problem.sources
    chance = sources.sample_probabilities
    root = np.sqrt(chance)[:, None]
    activity = code.activity()
    about_mean = root * (activity - chance @ activity)
    regressors = root * sources.about_mean(sources.points)[:, columns]
    fitted = regressors @ np.linalg.lstsq(regressors, about_mean, rcond=None)[0]
    return np.asarray(((about_mean - fitted) ** 2).sum(axis=0) / (about_mean**2).sum(axis=0))


def _mixed(explained: Array) -> Any:
    """(n,) whether more than one object explains more of a neuron than rounding would."""
    return (explained > 1e-9).sum(axis=1) > 1


def _draw_matrix(axes: Axes, explained: Array, title: str) -> Any:
    image = axes.imshow(np.sqrt(np.maximum(explained, 0)), cmap=ACTIVITY, vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(explained.shape[1]), [f"{number + 1}" for number in range(explained.shape[1])])
    axes.set_yticks([])
    axes.set(xlabel="object", ylabel="neuron", title=title)
    return image
