"""One data set, one architecture, several seeds: what theory says, and what the trained networks do."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from numpy.random import Generator

from solver.networks.autoencoder import Autoencoder
from solver.networks.network import Data, Network
from solver.networks.shapes import draw
from solver.networks.student import Student, Teacher
from solver.networks.training import train
from solver.networks.variational import Variational
from solver.studies.networks.optima import Held, held
from solver.studies.networks.scores import confidence, is_mixed, owed, score
from solver.studies.study import is_free, solved
from theory.arrays import Array

SEEDS = (0, 1, 2, 3, 4)
"""Seeds of networks where data sets are drawn, so that the data are what differs from run to run."""

NEURONS_TRAINED = 12  # six per source, more than any code of two sources needs
LINEAR = Autoencoder(NEURONS_TRAINED)

ARCHITECTURES: dict[str, Network] = {
    "linear": LINEAR,
    "rectified": Autoencoder(NEURONS_TRAINED, rectified=True),
    "rectified, cheap weights": Autoencoder(NEURONS_TRAINED, rectified=True, weight_cost=0.1),
    "deep": Autoencoder(NEURONS_TRAINED, rectified=True, hidden=12),
    "student": Student(NEURONS_TRAINED, hidden=16),
    "variational": Variational(8, hidden=24, error_cost=100.0, weight_cost=1.0, batch=16),
}
"""Feedforward networks with nonnegative neurons and costs of energy, by name."""

PIXELS = 8  # pixels of a side of the pictures that the variational network sees


@dataclass(frozen=True)
class Trial:
    """What theory says of one data set, and what the networks of several seeds do."""

    architecture: str  # name of the architecture
    data: str  # name of the data set
    modular: bool  # the linear theory's verdict
    price: float  # certified price of modularity of linear neurons
    scores: tuple[float, ...]  # of each seed's network, 1 if modular
    mixed: tuple[bool | None, ...]  # whether each is mixed; None for one that is silent throughout
    losses: tuple[float, ...]  # of each at the end
    # least loss of networks whose neurons read one source each; NaN where none were trained
    separate: float = float("nan")
    held: Held = field(default_factory=Held)  # the networks against the optimum of their own kind

    @property
    def agreement(self) -> float:
        """Share of the seeds on which theory and network agree; a silent network does with no theory."""
        return sum(one is not None and one != self.modular for one in self.mixed) / len(self.mixed)

    @property
    def gain(self) -> float:
        """By what share the best network costs less than the best of those that must be modular."""
        return self.separate / min(self.losses) - 1

    def row(self) -> dict[str, object]:
        """The columns of a table."""
        return {
            "architecture": self.architecture,
            "data": self.data,
            "theory_modular": self.modular,
            "price": self.price,
            **confidence(self.scores).columns("score"),
            "mixed": self.mixed.count(True),
            "silent": self.mixed.count(None),
            "networks": len(self.mixed),
            "gain": self.gain,
            **self.held.row(),
        }


def verdict(points: Array, chance: Array, network: Autoencoder = LINEAR) -> tuple[bool, float]:
    """Whether own neurons are optimal in the linear theory at a network's prices, and what they cost."""
    occurs = chance > 0
    problem = network.problem(points[occurs], activation="linear", probabilities=chance[occurs])
    price = max(0.0, solved(problem).price_of_modularity)
    return bool(is_free(price)), price


def seeds_of(rng: Generator) -> tuple[int, ...]:
    """Five seeds of networks, drawn, for studies whose data are fixed.

    Example:
        >>> import numpy as np
        >>> len(set(seeds_of(np.random.default_rng(0)) + seeds_of(np.random.default_rng(1))))
        10
    """
    return tuple(rng.choice(2**31, len(SEEDS), replace=False).tolist())


def trial_of(
    name: str, data: str, points: Array, chance: Array, quick: bool, *, seeds: tuple[int, ...] = SEEDS
) -> Trial:
    """Train one of the architectures on sources, or on what a teacher or a picture shows of them.

    Args:
        name: of the architecture.
        data: name of the data set.
        points: (T, d) of a grid.
        chance: (T,) probabilities; points of probability zero do not occur.
        quick: a twentieth of the steps.
        seeds: of the networks.
    """
    network = ARCHITECTURES[name]
    steps, rate = (5_000, 3e-3) if isinstance(network, Variational) else (8_000, 2e-2)
    steps = steps // 20 if quick else steps
    modular, price = verdict(points, chance, network if isinstance(network, Autoencoder) else LINEAR)
    trained = train(network, shown_to(network, points, chance), steps=steps, rate=rate, seeds=seeds)
    occurs = chance > 0
    due = [owed(activity[occurs], points[occurs], chance[occurs]) for activity in trained.activity]
    separate = float("nan")
    if type(network) is Autoencoder and not network.hidden:
        apart = replace(network, separate=True)
        separate = train(apart, shown_to(apart, points, chance), steps=steps, rate=rate, seeds=seeds).final.min()
    return Trial(
        architecture=name,
        data=data,
        modular=modular,
        price=price,
        scores=tuple(map(score, due)),
        mixed=tuple(map(is_mixed, due)),
        losses=tuple(trained.final.tolist()),
        separate=float(separate),
        held=held(network, points, chance, trained.final, trained.activity),
    )


def shown_to(network: Network, points: Array, chance: Array) -> Data:
    """The inputs and targets of a network of this kind for sources on a grid."""
    if isinstance(network, Student):
        return Data.of(Teacher().observe(points), points, probabilities=chance)
    if isinstance(network, Variational):
        low, high = points.min(), points.max()
        return Data.of(draw((points - low) / (high - low), PIXELS), probabilities=chance)
    return Data.of(points, probabilities=chance)
