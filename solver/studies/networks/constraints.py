"""2023: nonnegativity and energy separate independent factors where neither does alone; entangled factors mix."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from solver.metrics import dci, mutual_information_gap, mutual_information_ratio
from solver.networks.autoencoder import Autoencoder
from solver.networks.network import Data
from solver.networks.student import Teacher
from solver.networks.training import train
from solver.pictures.source_plane import INSIDE, OUTSIDE, SAMPLE
from solver.studies.networks.scores import Confidence, confidence, telling
from solver.studies.networks.trials import SEEDS
from solver.studies.study import Finding, panels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.random import Generator
    from numpy.typing import NDArray

    from solver.networks.network import Network

    Array = NDArray[np.float64]

__all__ = ["Scored", "bars", "entangled", "scored", "study"]

SAMPLES, FACTORS, SEEN = 250, 3, 8
"""Random samples, factors, and numbers in which they are seen."""

STEPS = 20_000

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
        for name, seen in (("linear", sources @ turned.T), ("nonlinear", Teacher(SEEN).observe(sources))):
            for condition in CONDITIONS if factors == "independent" else ("both",):
                network = _network(name, *CONDITIONS[condition])
                trained = train(network, Data.of(seen), steps=STEPS // 20 if quick else STEPS, seeds=SEEDS)
                found.append(scored((name, condition, factors), trained.activity, sources))
    figure, axes = panels(2)
    for panel, name in zip(axes, ("linear", "nonlinear"), strict=True):
        own = [one for one in found if one.network == name]
        bars(panel, own, [one.condition if one.factors == "independent" else "both,\nentangled" for one in own])
        panel.set_title(f"{name} autoencoder".capitalize())
    holds, said = _judged(found)
    return Finding(holds, said, HEADER, [one.row() for one in found], figure)


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
    axes.set(ylabel="mutual-information ratio", ylim=(0, 1.05))


def _judged(found: Sequence[Scored]) -> tuple[bool, str]:
    """Whether both constraints do better than either, and better than both on entangled factors; and by how much."""
    holds, said = True, []
    for name in ("linear", "nonlinear"):
        ratio = {(one.condition, one.factors): one.ratio for one in found if one.network == name}
        both, mixed = ratio["both", "independent"], ratio["both", "entangled"]
        alone = {condition: ratio[condition, "independent"] for condition in CONDITIONS if condition != "both"}
        holds &= both.low > max(one.high for one in alone.values()) and mixed.high < both.low
        each = ", ".join(f"{condition} {one.mean:.2f}" for condition, one in alone.items())
        said.append(f"{name} networks: both {both}, {each}; both on entangled factors {mixed.mean:.2f}")
    return holds, "mutual-information ratio of " + "; of ".join(said)


def _network(name: str, nonnegative: bool, energy: bool) -> Network:
    """Linear neurons that are charged for being negative; or rectified ones between hidden rectified units."""
    network = Autoencoder(12, nonnegative=nonnegative)
    if not energy:
        network = replace(network, activity_cost=0.0, weight_cost=0.0)
    return network if name == "linear" else replace(network, hidden=20, rectified=nonnegative)
