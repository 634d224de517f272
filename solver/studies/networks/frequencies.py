"""2025, recurrent networks: two waves share neurons where the certified verdict says so."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from solver.networks.recurrent import Recurrent, ring_walks
from solver.networks.training import train
from solver.optimise import solve_one_of_many
from solver.pictures.source_plane import INSIDE, OUTSIDE
from solver.studies.networks.scores import confidence, is_mixed, score, served
from solver.studies.networks.trials import ROW, SEEDS, Trial
from solver.studies.study import FREE, Finding, panels

if TYPE_CHECKING:
    from numpy.random import Generator

__all__ = ["study", "trials"]

PLACES, LENGTH, NEURONS = 24, 4, 12
"""Of the ring; rows of a walk, one from every place; neurons, twice as many as the certified codes need."""

PAIRS = ((1, 2), (1, 3), (1, 4), (1, 5), (2, 3), (2, 5), (3, 4), (3, 5))
"""Frequencies: the first four pairs are harmonic, the others not."""

GROUPS = {"first": [0, 1], "second": [2, 3]}

KINDS = {
    "recurrent, linear": (False, (1,)),
    "recurrent, rectified": (True, (1,)),
    "path integration, linear": (False, (1, -1)),
    "path integration, rectified": (True, (1, -1)),
}
"""Whether neurons are rectified, and the strides of the actions; time alone goes on by one."""

TITLES = {"recurrent": "Waves in time", "path integration": "Path integration"}

STEPS, RATE = 15_000, 3e-2


@lru_cache(maxsize=2)
def trials(quick: bool) -> tuple[Trial, ...]:
    """All kinds of networks on all pairs; of path integration, whose walks differ by their actions, on half of them."""
    return tuple(
        _trial(kind, pair, quick)
        for kind, (_, strides) in KINDS.items()
        for pair in (PAIRS[::4] if quick else PAIRS[:: len(strides)])
    )


def study(_: Generator, quick: bool) -> Finding:
    """2025, recurrent networks: two waves share neurons where the certified verdict says so."""
    found = trials(quick)
    figure, axes = panels(2)
    for panel, start, title in zip(
        axes, ("recurrent", "path integration"), ("Waves in time", "Path integration"), strict=True
    ):
        for kind, offset, marker in (("linear", -0.1, "o"), ("rectified", 0.1, "s")):
            own = [trial for trial in found if trial.architecture == f"{start}, {kind}"]
            for place, trial in enumerate(own):
                colour = INSIDE if trial.modular else OUTSIDE
                sure = confidence(trial.scores)
                options = {"color": colour, "markersize": 3, "capsize": 2, "linewidth": 0.8}
                reach = [[sure.mean - sure.low], [sure.high - sure.mean]]
                label = kind if place == 0 else "_"
                panel.errorbar(place + offset, sure.mean, reach, fmt=marker, label=label, **options)
            panel.set_xticks(range(len(own)), [trial.data for trial in own])
        panel.set(xlabel="frequencies", ylabel="modularity of the readout", ylim=(0, 1.05), title=title)
        panel.legend(frameon=False, fontsize=6, loc="lower right")
    axes[0].text(0.02, 0.02, "orange: the certified code shares neurons", transform=axes[0].transAxes, fontsize=6)
    least, most = _extremes(found)
    agreed = sum(trial.agreement for trial in found) / len(found)
    verdict = (
        f"{100 * agreed:.0f} % of {len(found) * len(SEEDS)} trained recurrent networks follow the certified verdict; "
        f"modularity of the readout is at least {least:.2f} where own neurons are optimal, and at most {most:.2f} "
        "where they are not"
    )
    return Finding(agreed > 0.9, verdict, ROW, [trial.row() for trial in found], figure)


def _extremes(found: tuple[Trial, ...]) -> tuple[float, float]:
    means = [(trial.modular, float(np.mean(trial.scores))) for trial in found]
    return min(mean for modular, mean in means if modular), max(mean for modular, mean in means if not modular)


def _trial(kind: str, pair: tuple[int, int], quick: bool) -> Trial:
    rectified, strides = KINDS[kind]
    network = Recurrent(NEURONS, LENGTH, rectified=rectified)
    data = ring_walks(PLACES, pair, length=LENGTH, strides=strides, rng=0)
    trained = train(network, data, steps=STEPS // 20 if quick else STEPS, rate=RATE, seeds=SEEDS)
    answer = solve_one_of_many(network.problem(data, GROUPS), method="columns")
    price = max(0.0, answer.price_of_modularity)
    decoders = trained.weights["decoder.weights"]
    due = [served(*one, list(GROUPS.values())) for one in zip(trained.activity, decoders, strict=True)]
    return Trial(
        architecture=kind,
        data=f"{pair[0]}:{pair[1]}",
        modular=price <= FREE,
        price=price,
        scores=tuple(map(score, due)),
        mixed=tuple(map(is_mixed, due)),
        losses=tuple(trained.final.tolist()),
    )
