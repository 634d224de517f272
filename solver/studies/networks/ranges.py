"""2025: corners that are cut mix neurons, dependence as such does not: in linear networks and in others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.random import Generator

from solver.pictures.style import BLUE, GREY, ORANGE, legend, page_figure
from solver.studies.networks.scores import confidence, error_bars
from solver.studies.networks.supports import bits, cornerless, grid, hollow, tilted
from solver.studies.networks.trials import Trial, seeds_of, trial_of
from solver.studies.study import Finding
from theory.arrays import Array

Key = tuple[str, float]

SUPPORT_FAMILIES: dict[str, tuple[Callable[[Array, Any], Array], tuple[float, ...], str]] = {
    "correlated, all corners": (tilted, (0.0, 0.3, 1.0, 2.0), BLUE),
    "hollow, all corners": (hollow, (1.0,), GREY),
    "corners cut": (cornerless, (1, 2, 3), ORANGE),
}
"""Ways to make sources dependent, how far, and in which colour; the last is the one that should mix neurons."""


def study(rng: Generator, quick: bool) -> Finding:
    """2025: corners that are cut mix neurons, dependence as such does not."""
    points, seeds = grid(5), seeds_of(rng)
    architectures = ("linear", "rectified", "deep", "student")
    supports = {
        (family, strength): draw(points, strength)
        for family, (draw, strengths, _) in SUPPORT_FAMILIES.items()
        for strength in (strengths[-1:] if quick else strengths)
    }
    trained = {
        name: {
            key: trial_of(name, " ".join(map(str, key)), points, chance, quick, seeds=seeds)
            for key, chance in supports.items()
        }
        for name in (architectures[:2] if quick else architectures)
    }
    information = {key: bits(points, chance) for key, chance in supports.items()}
    figure = page_figure(1, 0.3)
    row = figure.subplots(1, len(trained), sharey=True, squeeze=False)[0]
    for axes, (name, trials) in zip(row, trained.items(), strict=True):
        _panel(axes, trials, information)
        axes.set(title=name, xlabel="mutual information (bits)", ylim=(0, 1.05))
    figure.axes[0].set_ylabel("modularity")
    legend(figure.axes[0], loc="lower left")
    slopes = {name: _lost(trials, information) for name, trials in trained.items()}
    # A difference of two hundredths of modularity per bit counts.
    holds = all(cut > max(others) + 0.02 for *others, cut in slopes.values())
    verdict = "; ".join(
        f"{name}: modularity lost per bit {cut:.2f} without corners, {tilt:.2f} if correlated, {bare:.2f} if hollow"
        for name, (tilt, bare, cut) in slopes.items()
    )
    rows = [trial.row() | {"bits": information[key]} for trials in trained.values() for key, trial in trials.items()]
    return Finding(holds, verdict, rows, figure)


def _panel(axes: Axes, trials: Mapping[Key, Trial], information: Mapping[Key, float]) -> None:
    for family, (_, _, colour) in SUPPORT_FAMILIES.items():
        keys = sorted((key for key in trials if key[0] == family), key=lambda key: information[key])
        means, reach = error_bars([confidence(trials[key].scores) for key in keys])
        style: dict[str, Any] = {"marker": "o", "markersize": 3, "capsize": 2, "linewidth": 0.8}
        axes.errorbar([information[key] for key in keys], means, reach, color=colour, label=family, **style)


def _lost(trials: Mapping[Key, Trial], information: Mapping[Key, float]) -> tuple[float, ...]:
    """Modularity that a network loses per bit of dependence, for each family: the slope of a line through no loss."""
    slopes = []
    for family in SUPPORT_FAMILIES:
        keys = [key for key in trials if key[0] == family]
        dependence = np.array([information[key] for key in keys])
        lost = np.array([1 - np.mean(trials[key].scores) for key in keys])
        slopes.append(float(dependence @ lost / (dependence @ dependence)))
    return tuple(slopes)
