"""2023: nonnegativity and energy separate independent factors where neither does alone; entangled factors mix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes
from numpy.random import Generator

from solver.metrics import dci, mutual_information_gap, mutual_information_ratio
from solver.networks.autoencoder import Autoencoder
from solver.networks.network import Data, Network
from solver.networks.student import Student, Teacher
from solver.networks.training import train
from solver.pictures.style import BLUE, GREY, ORANGE, page_figure
from solver.studies.networks.scores import Confidence, confidence, error_bars, telling
from solver.studies.networks.trials import SEEDS
from solver.studies.study import Finding
from theory.arrays import Array

SAMPLES_OF_FACTORS = 100
FACTOR_COUNT = 3
CHANNELS = 8  # of the data in which the factors are seen

CONSTRAINED: dict[str, Autoencoder] = {
    "linear": Autoencoder(12),
    "rectified (expensive weights)": Autoencoder(12, rectified=True, weight_cost=3.0),
    "rectified": Autoencoder(12, rectified=True),
    "deep": Autoencoder(12, rectified=True, hidden=12),
    "student (nonlinear view)": Student(12, hidden=16),
    "deep (nonlinear view)": Autoencoder(12, rectified=True, hidden=12),
}
"""Networks of a linear mixture of the factors, or of what a nonlinear teacher makes of them. Rectified neurons are not
linear where weights are cheap, and so are tried at two prices (docs/networks.md, "Pairs")."""

CLAIMED = ("linear", "rectified (expensive weights)")
"""The networks that the claim is about; of the others the study finds out whether it holds."""

CONDITIONS = {
    "neither": (False, False),
    "nonnegativity": (True, False),
    "energy": (False, True),
    "both": (True, True),
}
"""Whether neurons are nonnegative, and whether energy has a price."""


@dataclass(frozen=True)
class Scored:
    """Scores of networks that differ in their seeds alone, with confidence."""

    network: str  # name
    condition: str  # name, see `CONDITIONS`
    factors: str  # name of the data
    ratio: Confidence  # mutual-information ratio (MIR)
    gap: Confidence  # mutual-information gap (MIG)
    disentanglement: Confidence  # score of DCI
    ratios: tuple[float, ...]  # (s,) ratio of each seed

    def row(self) -> dict[str, object]:
        """The columns of a table."""
        return {
            "network": self.network,
            "condition": self.condition,
            "factors": self.factors,
            **self.ratio.columns("ratio"),
            **self.gap.columns("gap"),
            **self.disentanglement.columns("disentanglement"),
            "seeds": len(self.ratios),
        }


def scored(names: tuple[str, str, str], activity: Array, factors: Array) -> Scored:
    """Scores of activity (s, T, n) of several seeds, without neurons that are no part of the code."""
    kept = [telling(one) for one in activity]
    ratios = [mutual_information_ratio(one, factors) for one in kept]
    return Scored(
        *names,
        ratio=confidence(ratios),
        gap=confidence([mutual_information_gap(one, factors) for one in kept]),
        disentanglement=confidence([dci(one, factors)["dci_disentanglement"] for one in kept]),
        ratios=tuple(ratios),
    )


def entangled(rng: Generator, samples: int, factors: int) -> Array:
    """(T, k) uniform from 0 to 1, where the first two never differ by more than two fifths.

    Example:
        >>> drawn = entangled(np.random.default_rng(0), 50, 3)
        >>> drawn.shape, bool((abs(drawn[:, 0] - drawn[:, 1]) < 0.4).all())
        ((50, 3), True)
    """
    drawn = rng.uniform(size=(8 * samples, factors))
    return np.asarray(drawn[np.abs(drawn[:, 0] - drawn[:, 1]) < 0.4][:samples])


def study(rng: Generator, quick: bool) -> Finding:
    """2023: nonnegativity and energy separate independent factors where neither does alone; entangled factors mix."""
    kinds = {
        "independent": rng.uniform(size=(SAMPLES_OF_FACTORS, FACTOR_COUNT)),
        "entangled": entangled(rng, SAMPLES_OF_FACTORS, FACTOR_COUNT),
    }
    turned = np.linalg.qr(rng.standard_normal((CHANNELS, CHANNELS)))[0][:, :FACTOR_COUNT]
    scores = []
    for factors, drawn in kinds.items():
        sources = (drawn - drawn.mean(axis=0)) / drawn.std(axis=0)
        for name in list(CONSTRAINED)[:2] if quick else CONSTRAINED:
            seen = Teacher(CHANNELS).observe(sources) if "nonlinear" in name else sources @ turned.T
            data = Data.of(seen, sources if name.startswith("student") else None)
            for condition in CONDITIONS if factors == "independent" else ("both",):
                network = _network(CONSTRAINED[name], *CONDITIONS[condition])
                trained = train(network, data, steps=250 if quick else 5_000, rate=2e-2, seeds=SEEDS)
                scores.append(scored((name, condition, factors), trained.activity, sources))
    by_network: dict[str, list[Scored]] = {}
    for one in scores:
        by_network.setdefault(one.network, []).append(one)
    figure = page_figure(1, 0.36)
    row = figure.subplots(1, len(by_network), sharey=True, squeeze=False)[0]
    for panel, (name, of_network) in zip(row, by_network.items(), strict=True):
        labels = [one.condition if one.factors == "independent" else "both, entangled" for one in of_network]
        bars(panel, of_network, labels)
        panel.tick_params(axis="x", labelrotation=90)
        panel.set_title(name.replace(" (", "\n("))
    row[0].set_ylabel("mutual-information ratio")
    verdict = "mutual-information ratio: " + "; ".join(map(_summary, by_network.values()))
    holds = all(_follows(by_network[name]) for name in CLAIMED)
    return Finding(holds, verdict, [one.row() for one in scores], figure)


def bars(axes: Axes, scores: Sequence[Scored], labels: Sequence[str]) -> None:
    """One bar per condition, with confidence and the seeds as points."""
    means, reach = error_bars([one.ratio for one in scores])
    colours = [ORANGE if one.factors == "entangled" else BLUE if one.condition == "both" else GREY for one in scores]
    axes.bar(range(len(scores)), means, 0.6, yerr=reach, color=colours, capsize=2, error_kw={"linewidth": 0.8})
    for place, one in enumerate(scores):
        axes.plot([place] * len(one.ratios), one.ratios, ".", color="black", markersize=2)
    axes.set_xticks(range(len(scores)), labels)
    axes.set(ylim=(0, 1.05))


def _follows(scores: Sequence[Scored]) -> bool:
    """Whether both constraints do better than either alone, and than both on entangled factors, beyond doubt."""
    ratio = {(one.condition, one.factors): one.ratio for one in scores}
    both = ratio.pop(("both", "independent"))
    return all(both.low > one.high for one in ratio.values())


def _summary(scores: Sequence[Scored]) -> str:
    ratio = {(one.condition, one.factors): one.ratio for one in scores}
    alone = ", ".join(f"{name} {ratio[name, 'independent'].mean:.2f}" for name in CONDITIONS if name != "both")
    both, mixed = ratio["both", "independent"], ratio["both", "entangled"]
    return f"{scores[0].network}, both {both}, {alone}, both on entangled factors {mixed.mean:.2f}"


def _network(network: Autoencoder, nonnegative: bool, energy: bool) -> Network:
    """A kind of network without what the condition leaves out."""
    if not nonnegative:
        network = replace(network, nonnegative=False, rectified=False)
    return network if energy else replace(network, activity_cost=0.0, weight_cost=0.0)
