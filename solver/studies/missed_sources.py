"""2025, figure 5: neurons of one object each seem mixed to an observer who knows only two of the three."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from solver.pictures.style import ACTIVITY, BLUE, DARK, ORANGE, colour_bar, legend, page_figure
from solver.representation import Representation
from solver.studies.study import Finding, curve, is_free
from solver.studies.tasks import objects_in_a_row, objects_on_torus
from theory.arrays import Array

RING_OF_OBJECTS, OBJECTS = 5, 3

IN_A_ROW = 0.2  # share of the rooms of the paper in which the objects are in a row
HALF = 0.5  # the share of the rooms in which its public code is trained


def study(_: np.random.Generator, quick: bool) -> Finding:
    """Correlate three objects more and more, and explain each neuron by all of them, then by two."""
    shares = [0.0, IN_A_ROW, HALF] if quick else [0.0, 0.1, IN_A_ROW, 0.3, 0.4, HALF, 0.6, 0.7, 0.8, 0.9]
    codes = {
        "ring": [objects_in_a_row(RING_OF_OBJECTS, share).solved() for share in shares],
        "torus": [objects_on_torus(share).solved() for share in shares],
    }
    by_three = {place: [_explained(code, range(OBJECTS)) for code in some] for place, some in codes.items()}
    by_two = {place: [_explained(code, range(OBJECTS - 1)) for code in some] for place, some in codes.items()}
    rows = [
        {"place": place, **_row(share, code, neuron, three[neuron], two[neuron])}
        for place, some in codes.items()
        for share, code, three, two in zip(shares, some, by_three[place], by_two[place], strict=True)
        for neuron in range(len(code))
    ]
    paper, half = shares.index(IN_A_ROW), shares.index(HALF)
    shown, seen = by_three["ring"][paper], by_two["ring"][paper]
    holds = (
        all(code.modular and is_free(code.price_of_modularity) for some in codes.values() for code in some)
        and not any(_mixed(three).any() for some in by_three.values() for three in some)
        and not any(_mixed(some[0]).any() for some in by_two.values())
        and all(_mixed(some[paper]).any() for some in by_two.values())
    )
    figure = page_figure(1, 0.36)
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 0.8, 1.6))
    _draw_matrix(left, shown, "All objects known")
    image = _draw_matrix(middle, seen, "Two known")
    colour_bar(figure, image, middle, shrink=0.7, label="root of the share explained")
    spurious = {
        place: [_spurious(code, two) for code, two in zip(some, by_two[place], strict=True)]
        for place, some in codes.items()
    }
    curve(right, shares, spurious["ring"], ORANGE, label="seen by two, on a ring")
    curve(right, shares, spurious["torus"], DARK, label="seen by two, on a torus")
    right.plot(shares, np.zeros(len(shares)), color=BLUE, lw=0.8, label="seen by all three")
    right.set(xlabel="share of rooms with the objects in a row", ylabel="variance explained by a wrong object (%)")
    legend(right)
    verdict = (
        f"three objects, correlated but in every combination, have cells of their own at no price "
        f"({int(_mixed(shown).sum())} of {len(shown)} mix); to an observer who knows two of them "
        f"{int(_mixed(seen).sum())} seem to: those of the third, of whose variance a known object, given the other, "
        f"explains up to {spurious['ring'][paper]:.2g} %; so it is on a torus of three by three places, with "
        f"{spurious['torus'][paper]:.2g} % and, with half the rooms in a row, {spurious['torus'][half]:.2g} %"
    )
    return Finding(bool(holds), verdict, rows, figure)


def _spurious(code: Representation, by_two: Array) -> float:
    """Most of the variance of a cell of the third object that a known one explains, in per cent."""
    pairs = zip(by_two, code.coded_groups(), strict=True)
    return 100 * max(float(explained.max()) for explained, groups in pairs if "object 3" in groups)


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
