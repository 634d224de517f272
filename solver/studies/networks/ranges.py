"""2025: corners that are cut mix neurons, dependence as such does not: in linear networks and in others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from solver.pictures.style import INSIDE, OUTSIDE, SAMPLE, page_figure
from solver.studies.networks.scores import confidence
from solver.studies.networks.supports import bits, cornerless, grid, hollow, tilted
from solver.studies.networks.trials import ROW, Trial, seeds_of, trial_of
from solver.studies.study import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matplotlib.axes import Axes
    from numpy.random import Generator

    from theory.arrays import Array

    Key = tuple[str, float]

__all__ = ["study"]

SHOWN = ("linear", "rectified", "deep", "student")
"""Architectures, one panel each."""

LEVELS = 5
"""Values of each source."""

FAMILIES: dict[str, tuple[Callable[[Array, Any], Array], tuple[float, ...], str]] = {
    "correlated, all corners": (tilted, (0.0, 0.3, 1.0, 2.0), INSIDE),
    "hollow, all corners": (hollow, (1.0,), SAMPLE),
    "corners cut": (cornerless, (1, 2, 3), OUTSIDE),
}
"""Ways to make sources dependent, how far, and in which colour."""

CLEAR = 0.02
"""Modularity lost, on average over a family, from which a difference between families counts."""


def study(rng: Generator, quick: bool) -> Finding:
    """2025: corners that are cut mix neurons, dependence as such does not."""
    points, seeds = grid(LEVELS), seeds_of(rng)
    supports = {
        (family, strength): draw(points, strength)
        for family, (draw, strengths, _) in FAMILIES.items()
        for strength in (strengths[-1:] if quick else strengths)
    }
    found = {
        name: {
            key: trial_of(name, " ".join(map(str, key)), points, chance, quick, seeds=seeds)
            for key, chance in supports.items()
        }
        for name in (SHOWN[:2] if quick else SHOWN)
    }
    information = {key: bits(points, chance) for key, chance in supports.items()}
    figure = page_figure(1, 0.3)
    row = figure.subplots(1, len(found), sharey=True, squeeze=False)[0]
    for axes, (name, trials) in zip(row, found.items(), strict=True):
        _panel(axes, trials, information)
        axes.set(title=name, xlabel="mutual information (bits)", ylim=(0, 1.05))
    figure.axes[0].set_ylabel("modularity")
    figure.axes[0].legend(frameon=False, fontsize=6, loc="lower left")
    slopes = {name: _lost(trials, information) for name, trials in found.items()}
    told = [name for name, lost in slopes.items() if _follows(lost)]
    verdict = "; ".join(
        f"{name}: modularity lost per bit {cut:.2f} without corners, {tilt:.2f} if correlated, {bare:.2f} if hollow"
        for name, (tilt, bare, cut) in slopes.items()
    )
    rows = [(*trial.row(), information[key]) for trials in found.values() for key, trial in trials.items()]
    return Finding(len(told) == len(slopes), verdict, (*ROW, "bits"), rows, figure)


def _panel(axes: Axes, trials: Mapping[Key, Trial], information: Mapping[Key, float]) -> None:
    for family, (_, _, colour) in FAMILIES.items():
        own = sorted((key for key in trials if key[0] == family), key=lambda key: information[key])
        sure = [confidence(trials[key].scores) for key in own]
        means = np.array([one.mean for one in sure])
        reach = [means - [one.low for one in sure], np.array([one.high for one in sure]) - means]
        axes.errorbar(
            [information[key] for key in own],
            means,
            reach,
            color=colour,
            marker="o",
            markersize=3,
            capsize=2,
            linewidth=0.8,
            label=family,
        )


def _lost(trials: Mapping[Key, Trial], information: Mapping[Key, float]) -> tuple[float, ...]:
    """Modularity that a network loses with each bit of dependence, by family in their order: a line through no loss."""
    found = []
    for family in FAMILIES:
        own = [key for key in trials if key[0] == family]
        given = np.array([information[key] for key in own])
        lost = np.array([1 - np.mean(trials[key].scores) for key in own])
        found.append(float(given @ lost / (given @ given)))
    return tuple(found)


def _follows(lost: tuple[float, ...]) -> bool:
    """Whether a network loses most where corners are cut."""
    return lost[-1] > max(lost[:-1]) + CLEAR
