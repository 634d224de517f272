"""2025, recurrent networks: two waves share neurons where the certified verdict says so."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.random import Generator

from solver.networks.recurrent import Recurrent, ring_walks
from solver.networks.training import train
from solver.pictures.style import BLUE, DARK, DASHED, GREY, ORANGE, legend
from solver.studies.networks.scores import score, served
from solver.studies.networks.trials import SEEDS, Trial, seeds_of
from solver.studies.study import Finding, is_free, panels, solved

RING_PLACES = 24  # on the ring
NETWORK = Recurrent(neurons=12, length=4)  # twice as many neurons as the certified codes need

FREQUENCIES = ((1, 2), (1, 4), (4, 5), (2, 3), (3, 4), (3, 8))
"""Frequencies. The first three pairs share neurons: five is no multiple of four, but on so few places not enough of
their phases meet, and what counts is the certified verdict."""

WAVES = {"first": [0, 1], "second": [2, 3]}

RECURRENT_KINDS = {
    "recurrent, linear": (False, (1,)),
    "recurrent, rectified": (True, (1,)),
    "path integration, linear": (False, (1, -1)),
    "path integration, rectified": (True, (1, -1)),
}
"""Whether neurons are rectified, and the strides of the actions; time alone goes on by one."""

LEAST_MIXING = 1e-6  # mixing below which single precision says nothing


@lru_cache(maxsize=2)
def trials(quick: bool, seeds: tuple[int, ...] = SEEDS) -> tuple[Trial, ...]:
    """All kinds of networks on all pairs, those that integrate paths on half of them."""
    return tuple(
        _trial(kind, pair, quick, seeds)
        for kind, (_, strides) in RECURRENT_KINDS.items()
        for pair in (FREQUENCIES[::3] if quick else FREQUENCIES[:: len(strides)])
    )


@lru_cache
def certified(pair: tuple[int, int]) -> tuple[float, float]:
    """Price of separate neurons, and modularity of the readout, of the certified code of two waves."""
    answer = solved(NETWORK.problem(ring_walks(RING_PLACES, pair, length=NETWORK.length), WAVES))
    return max(0.0, answer.price_of_modularity), score(served(answer.activity(), answer.decoder, list(WAVES.values())))


def study(rng: Generator, quick: bool) -> Finding:
    """2025, recurrent networks: two waves share neurons where the certified verdict says so."""
    trained = trials(quick, seeds_of(rng))
    figure, axes = panels(2)
    titles = {"recurrent": "Waves in time", "path integration": "Path integration"}
    for panel, (start, title) in zip(axes, titles.items(), strict=True):
        names = list(dict.fromkeys(trial.data for trial in trained if trial.architecture.startswith(start)))
        for kind, offset, marker in (("linear", -0.15, "o"), ("rectified", 0.15, "s")):
            of_kind = [trial for trial in trained if trial.architecture == f"{start}, {kind}"]
            for place, trial in enumerate(of_kind):
                mixing = np.maximum(1 - np.array(trial.scores), LEAST_MIXING)
                colour = BLUE if trial.modular else ORANGE
                panel.plot([place + offset] * len(mixing), mixing, marker, color=colour, markersize=2.5, alpha=0.7)
            panel.plot([], [], marker, color=DARK, markersize=2.5, label=f"{kind}, five seeds")
        for place, name in enumerate(names):
            code = max(1 - certified(_pair(name))[1], LEAST_MIXING)
            panel.plot([place - 0.35, place + 0.35], [code, code], color=DARK, linewidth=1)
        panel.plot([], [], color=DARK, linewidth=1, label="certified code")
        panel.axhline(_threshold(), color=GREY, linewidth=0.8, linestyle=DASHED, label="mixed from here on")
        panel.set_xticks(range(len(names)), names)
        panel.set(yscale="log", xlabel="frequencies", ylabel="mixing of the readout", title=title)
    legend(axes[0], loc="lower left")
    agreed = float(np.mean([trial.agreement for trial in trained]))
    shared = [trial for trial in trained if not trial.modular]
    off = [abs(np.log((1 - np.mean(one.scores)) / (1 - certified(_pair(one.data))[1]))) for one in shared]
    verdict = (
        f"{100 * agreed:.0f} % of {len(trained) * len(SEEDS)} trained recurrent networks share neurons if and only if "
        "the certified code does; where it does, their readouts mix as much as its own within a factor of "
        f"{np.exp(max(off)):.2g}"
    )
    return Finding(agreed > 0.9, verdict, [trial.row() for trial in trained], figure)


def _pair(name: str) -> tuple[int, int]:
    first, second = name.split(":")
    return int(first), int(second)


def _threshold() -> float:
    """Mixing from which a network is mixed: half of the least of a certified code that shares neurons.

    Codes can share neurons and keep all but a hundredth of a readout apart.
    """
    return min(1 - modularity for price, modularity in map(certified, FREQUENCIES) if not is_free(price)) / 2


def _trial(kind: str, pair: tuple[int, int], quick: bool, seeds: tuple[int, ...]) -> Trial:
    rectified, strides = RECURRENT_KINDS[kind]
    data = ring_walks(RING_PLACES, pair, length=NETWORK.length, strides=strides, rng=0)
    network = replace(NETWORK, rectified=rectified)
    trained = train(network, data, steps=600 if quick else 12_000, rate=3e-2, seeds=seeds)
    price, _ = certified(pair)
    decoders = trained.weights["decoder.weights"]
    groups = list(WAVES.values())
    due = [served(*one, groups) for one in zip(trained.activity, decoders, strict=True)]
    scores = [score(one) for one in due]
    return Trial(
        architecture=kind,
        data=f"{pair[0]}:{pair[1]}",
        modular=bool(is_free(price)),
        price=price,
        scores=tuple(scores),
        mixed=tuple(1 - far > _threshold() if one.any() else None for one, far in zip(due, scores, strict=True)),
        losses=tuple(trained.final.tolist()),
    )
