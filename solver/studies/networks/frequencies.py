"""2025, recurrent networks: two waves share neurons where the certified verdict says so."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from solver.networks.recurrent import Recurrent, ring_walks
from solver.networks.training import train
from solver.optimise import solve_one_of_many
from solver.pictures.style import HULL, INSIDE, OUTSIDE, SAMPLE
from solver.studies.networks.scores import score, served
from solver.studies.networks.trials import ROW, SEEDS, Trial, seeds_of
from solver.studies.study import FREE, Finding, panels

if TYPE_CHECKING:
    from numpy.random import Generator

__all__ = ["study", "trials"]

PLACES, LENGTH, NEURONS = 24, 4, 12
"""Of the ring; rows of a walk, one from every place; neurons, twice as many as the certified codes need."""

PAIRS = ((1, 2), (1, 4), (4, 5), (2, 3), (3, 4), (3, 8))
"""Frequencies: the first three pairs share neurons. Five is no multiple of four, but on so few places not enough of
their phases meet: what counts is the certified verdict."""

GROUPS = {"first": [0, 1], "second": [2, 3]}

KINDS = {
    "recurrent, linear": (False, (1,)),
    "recurrent, rectified": (True, (1,)),
    "path integration, linear": (False, (1, -1)),
    "path integration, rectified": (True, (1, -1)),
}
"""Whether neurons are rectified, and the strides of the actions; time alone goes on by one."""

LEAST_SHOWN = 1e-6
"""Mixing below which single precision says nothing."""

TITLES = {"recurrent": "Waves in time", "path integration": "Path integration"}

STEPS, RATE = 12_000, 3e-2

TRACE = 0.5
"""Share of the least mixing of a certified code that shares neurons, among the pairs, from which a network is mixed:
codes can share neurons and keep all but a hundredth of a readout apart."""


@lru_cache(maxsize=2)
def trials(quick: bool, seeds: tuple[int, ...] = SEEDS) -> tuple[Trial, ...]:
    """All kinds of networks on all pairs; of path integration, whose walks differ by their actions, on half of them."""
    return tuple(
        _trial(kind, pair, quick, seeds)
        for kind, (_, strides) in KINDS.items()
        for pair in (PAIRS[::3] if quick else PAIRS[:: len(strides)])
    )


@lru_cache
def certified(pair: tuple[int, int]) -> tuple[float, float]:
    """Price of separate neurons, and modularity of the readout, of the certified code of two waves."""
    problem = Recurrent(NEURONS, LENGTH).problem(ring_walks(PLACES, pair, length=LENGTH), GROUPS)
    answer = solve_one_of_many(problem, method="columns")
    return max(0.0, answer.price_of_modularity), score(served(answer.activity(), answer.decoder, list(GROUPS.values())))


def study(rng: Generator, quick: bool) -> Finding:
    """2025, recurrent networks: two waves share neurons where the certified verdict says so."""
    found = trials(quick, seeds_of(rng))
    figure, axes = panels(2)
    for panel, (start, title) in zip(axes, TITLES.items(), strict=True):
        names = list(dict.fromkeys(trial.data for trial in found if trial.architecture.startswith(start)))
        for kind, offset, marker in (("linear", -0.15, "o"), ("rectified", 0.15, "s")):
            own = [trial for trial in found if trial.architecture == f"{start}, {kind}"]
            for place, trial in enumerate(own):
                mixing = np.maximum(1 - np.array(trial.scores), LEAST_SHOWN)
                colour = INSIDE if trial.modular else OUTSIDE
                panel.plot([place + offset] * len(mixing), mixing, marker, color=colour, markersize=2.5, alpha=0.7)
            panel.plot([], [], marker, color=HULL, markersize=2.5, label=f"{kind}, five seeds")
        for place, name in enumerate(names):
            code = max(1 - certified(_pair(name))[1], LEAST_SHOWN)
            panel.plot([place - 0.35, place + 0.35], [code, code], color=HULL, linewidth=1)
        panel.plot([], [], color=HULL, linewidth=1, label="certified code")
        panel.axhline(_threshold(), color=SAMPLE, linewidth=0.8, linestyle=(0, (3, 2)), label="mixed from here on")
        panel.set_xticks(range(len(names)), names)
        panel.set(yscale="log", xlabel="frequencies", ylabel="mixing of the readout", title=title)
    axes[0].legend(frameon=False, fontsize=6, loc="lower left")
    agreed = float(np.mean([trial.agreement for trial in found]))
    shared = [trial for trial in found if not trial.modular]
    off = [abs(np.log((1 - np.mean(one.scores)) / (1 - certified(_pair(one.data))[1]))) for one in shared]
    verdict = (
        f"{100 * agreed:.0f} % of {len(found) * len(SEEDS)} trained recurrent networks share neurons if and only if "
        "the certified code does; where it does, their readouts mix as much as its own within a factor of "
        f"{np.exp(max(off)):.2g}"
    )
    return Finding(agreed > 0.9, verdict, ROW, [trial.row() for trial in found], figure)


def _pair(name: str) -> tuple[int, int]:
    first, second = name.split(":")
    return int(first), int(second)


def _threshold() -> float:
    """Mixing from which a network is mixed."""
    return TRACE * min(1 - score for price, score in map(certified, PAIRS) if price > FREE)


def _trial(kind: str, pair: tuple[int, int], quick: bool, seeds: tuple[int, ...]) -> Trial:
    rectified, strides = KINDS[kind]
    network = Recurrent(NEURONS, LENGTH, rectified=rectified)
    data = ring_walks(PLACES, pair, length=LENGTH, strides=strides, rng=0)
    trained = train(network, data, steps=STEPS // 20 if quick else STEPS, rate=RATE, seeds=seeds)
    price, _ = certified(pair)
    decoders = trained.weights["decoder.weights"]
    groups = list(GROUPS.values())
    scores = [score(served(*one, groups)) for one in zip(trained.activity, decoders, strict=True)]
    return Trial(
        architecture=kind,
        data=f"{pair[0]}:{pair[1]}",
        modular=price <= FREE,
        price=price,
        scores=tuple(scores),
        mixed=tuple(1 - one > _threshold() for one in scores),
        losses=tuple(trained.final.tolist()),
    )
