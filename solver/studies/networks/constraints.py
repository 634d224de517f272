"""2023: nonnegativity and energy separate independent factors where neither does alone; entangled factors mix."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from solver.metrics import dci, mutual_information_gap, mutual_information_ratio
from solver.networks.autoencoder import Autoencoder
from solver.networks.network import Data
from solver.networks.student import Student, Teacher
from solver.networks.training import train
from solver.pictures.style import INSIDE, OUTSIDE, SAMPLE, page_figure
from solver.studies.networks.scores import Confidence, confidence, telling
from solver.studies.networks.trials import SEEDS
from solver.studies.study import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.random import Generator

    from solver.networks.network import Network
    from theory.arrays import Array

__all__ = ["Scored", "bars", "entangled", "scored", "study"]

SAMPLES, FACTORS, SEEN = 100, 3, 8
"""Random samples, factors, and numbers in which they are seen."""

STEPS, RATE = 5_000, 2e-2

KINDS: dict[str, Autoencoder] = {
    "linear": Autoencoder(12),
    "rectified (dear weights)": Autoencoder(12, rectified=True, weight_cost=3.0),
    "rectified": Autoencoder(12, rectified=True),
    "deep": Autoencoder(12, rectified=True, hidden=12),
    "student (nonlinear view)": Student(12, hidden=16),
    "deep (nonlinear view)": Autoencoder(12, rectified=True, hidden=12),
}
"""Networks: of a linear mixture of the factors, or of what a nonlinear teacher makes of them. Rectified neurons are not
linear where weights are cheap, and so are tried at two prices (docs/networks.md, "Pairs")."""

CLAIMED = ("linear", "rectified (dear weights)")
"""Those for which the claim is tried; how far it carries beyond them is what the study finds out."""

CONDITIONS = {
    "neither": (False, False),
    "nonnegativity": (True, False),
    "energy": (False, True),
    "both": (True, True),
}
"""Whether neurons are nonnegative, and whether energy has a price."""

HEADER = (
    *("network", "condition", "factors", "ratio", "ratio_low", "ratio_high", "gap", "gap_low", "gap_high"),
    *("disentanglement", "disentanglement_low", "disentanglement_high", "seeds"),
)


@dataclass(frozen=True)
class Scored:
    """Scores of networks that differ in their seeds alone, with confidence.

    Attributes:
        network, condition, factors: names.
        ratio: of mutual information (MIR);  gap: of mutual information (MIG);  disentanglement: of DCI.
        ratios: (s,) of each seed.
    """

    network: str
    condition: str
    factors: str
    ratio: Confidence
    gap: Confidence
    disentanglement: Confidence
    ratios: tuple[float, ...]

    def row(self) -> tuple[object, ...]:
        """For a table."""
        scores = (self.ratio, self.gap, self.disentanglement)
        numbers = [number for one in scores for number in (one.mean, one.low, one.high)]
        return self.network, self.condition, self.factors, *numbers, len(self.ratios)


def scored(names: tuple[str, str, str], activity: Array, factors: Array) -> Scored:
    """The field's scores of activity (s, T, n) of several seeds, of the neurons that tell anything."""
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
    """(T, k) uniform from 0 to 1, but for the first two, which never differ by more than two fifths.

    Example:
        >>> drawn = entangled(np.random.default_rng(0), 50, 3)
        >>> drawn.shape, bool((abs(drawn[:, 0] - drawn[:, 1]) < 0.4).all())
        ((50, 3), True)
    """
    drawn = rng.uniform(size=(8 * samples, factors))
    return np.asarray(drawn[np.abs(drawn[:, 0] - drawn[:, 1]) < 0.4][:samples])


def study(rng: Generator, quick: bool) -> Finding:
    """2023: nonnegativity and energy separate independent factors where neither does alone; entangled factors mix."""
    kinds = {"independent": rng.uniform(size=(SAMPLES, FACTORS)), "entangled": entangled(rng, SAMPLES, FACTORS)}
    turned = np.linalg.qr(rng.standard_normal((SEEN, SEEN)))[0][:, :FACTORS]
    found = []
    for factors, drawn in kinds.items():
        sources = (drawn - drawn.mean(axis=0)) / drawn.std(axis=0)
        for name in list(KINDS)[:2] if quick else KINDS:
            seen = Teacher(SEEN).observe(sources) if "nonlinear" in name else sources @ turned.T
            data = Data.of(seen, sources if name.startswith("student") else None)
            for condition in CONDITIONS if factors == "independent" else ("both",):
                network = _network(KINDS[name], *CONDITIONS[condition])
                trained = train(network, data, steps=STEPS // 20 if quick else STEPS, rate=RATE, seeds=SEEDS)
                found.append(scored((name, condition, factors), trained.activity, sources))
    names = list(dict.fromkeys(one.network for one in found))
    figure = page_figure(1, 0.36)
    row = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
    for panel, name in zip(row, names, strict=True):
        own = [one for one in found if one.network == name]
        bars(panel, own, [one.condition if one.factors == "independent" else "both, entangled" for one in own])
        panel.tick_params(axis="x", labelrotation=90)
        panel.set_title(name.replace(" (", "\n("))
    row[0].set_ylabel("mutual-information ratio")
    follow = {name: _follows([one for one in found if one.network == name]) for name in names}
    verdict = "mutual-information ratio: " + "; ".join(
        _said([one for one in found if one.network == name]) for name in names
    )
    return Finding(all(follow[name] for name in CLAIMED), verdict, HEADER, [one.row() for one in found], figure)


def bars(axes: Axes, found: Sequence[Scored], labels: Sequence[str]) -> None:
    """One bar a condition, with confidence and the seeds as points."""
    means = np.array([one.ratio.mean for one in found])
    reach = [means - [one.ratio.low for one in found], np.array([one.ratio.high for one in found]) - means]
    plain = [INSIDE if one.condition == "both" else SAMPLE for one in found]
    colours = [OUTSIDE if one.factors == "entangled" else colour for one, colour in zip(found, plain, strict=True)]
    axes.bar(range(len(found)), means, 0.6, yerr=reach, color=colours, capsize=2, error_kw={"linewidth": 0.8})
    for place, one in enumerate(found):
        axes.plot([place] * len(one.ratios), one.ratios, ".", color="black", markersize=2)
    axes.set_xticks(range(len(found)), labels)
    axes.set(ylim=(0, 1.05))


def _follows(found: Sequence[Scored]) -> bool:
    """Whether both constraints do better than either alone, and than both on entangled factors, beyond doubt."""
    ratio = {(one.condition, one.factors): one.ratio for one in found}
    both = ratio.pop(("both", "independent"))
    return all(both.low > one.high for one in ratio.values())


def _said(found: Sequence[Scored]) -> str:
    ratio = {(one.condition, one.factors): one.ratio for one in found}
    alone = ", ".join(f"{name} {ratio[name, 'independent'].mean:.2f}" for name in CONDITIONS if name != "both")
    both, mixed = ratio["both", "independent"], ratio["both", "entangled"]
    return f"{found[0].network}, both {both}, {alone}, both on entangled factors {mixed.mean:.2f}"


def _network(network: Autoencoder, nonnegative: bool, energy: bool) -> Network:
    """A kind of network without what the condition leaves out."""
    if not nonnegative:
        network = replace(network, nonnegative=False, rectified=False)
    return network if energy else replace(network, activity_cost=0.0, weight_cost=0.0)
