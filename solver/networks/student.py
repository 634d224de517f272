"""A student of a nonlinear teacher: what the teacher made of the sources is seen, and the sources are to be said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solver.networks.autoencoder import Autoencoder
from theory.errors import InputError
from theory.sources import as_matrix

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from solver.networks.network import Data
    from theory.arrays import Array

__all__ = ["Student", "Teacher"]


@dataclass(frozen=True)
class Teacher:
    """A random network of two layers that stays as it is, and mixes its sources beyond what is linear.

    Attributes:
        outputs: numbers that it makes of a sample.
        hidden: its saturating units.
        strength: of its first weights; the larger, the farther from linear.
        seed: of its weights.

    Example:
        >>> Teacher(outputs=5).observe([[0, 0], [0, 1], [1, 0]]).shape
        (3, 5)
    """

    outputs: int = 10
    hidden: int = 20
    strength: float = 1.0
    seed: int = 0

    def observe(self, sources: ArrayLike) -> Array:
        """(T, outputs) what it makes of sources (T, d), each output of unit variance over the samples."""
        given = as_matrix(sources, "sources")
        rng = np.random.default_rng(self.seed)
        first = rng.standard_normal((self.hidden, given.shape[1])) * self.strength / given.shape[1] ** 0.5
        second = rng.standard_normal((self.outputs, self.hidden))
        bias = rng.standard_normal(self.hidden)
        seen = np.asarray(np.tanh(given @ first.T + bias) @ second.T)
        spread = seen.std(axis=0)
        if not (spread > 0).all():
            raise InputError("sources: the teacher sees no difference between samples; give sources that vary")
        return np.asarray((seen - seen.mean(axis=0)) / spread)


@dataclass(frozen=True)
class Student(Autoencoder):
    """Hidden rectified units, then the neurons in question, then a linear readout: an autoencoder without upper layer.

    Hidden units let the neurons be almost any function of what is seen; what is priced above them is what the linear
    theory prices, activity and the weights of the readout. The weights below are at the same price.

    Attributes:
        hidden: at least one.

    Source: the tasks of Whittington et al. (ICLR 2023) with hidden factors behind nonlinear observations.

    Example:
        >>> from solver.networks.network import Data
        >>> from solver.networks.training import train
        >>> box = [[0, 0], [0, 1], [1, 0], [1, 1]]
        >>> data = Data.of(Teacher().observe(box), box)
        >>> train(Student(neurons=4), data, steps=50, seeds=(0,)).activity.shape
        (1, 4, 4)
    """

    rectified: bool = True
    hidden: int = 20

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.hidden < 1:
            raise InputError("hidden: a student has hidden units; give at least one, or train an Autoencoder")

    def _shape(self, data: Data) -> tuple[list[int], list[str]]:
        widths = [data.inputs.shape[1], self.hidden, self.neurons, data.targets.shape[1]]
        return widths, ["lower", "encoder", "decoder"]
