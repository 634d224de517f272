"""A student of a nonlinear teacher: its inputs are what the teacher makes of sources, its targets the sources."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from solver.networks.autoencoder import Autoencoder
from solver.networks.network import Data
from theory.arrays import Array
from theory.errors import InputError
from theory.inputs import as_matrix


@dataclass(frozen=True)
class Teacher:
    """A random network of two layers, never trained, that mixes its sources nonlinearly.

    Attributes:
        outputs: their number.
        hidden: number of saturating units.
        strength: of the first weights; the larger, the farther from linear.
        seed: of the weights.

    Example:
        >>> Teacher(outputs=5).observe([[0, 0], [0, 1], [1, 0]]).shape
        (3, 5)
    """

    outputs: int = 10
    hidden: int = 20
    strength: float = 1.0
    seed: int = 0

    def observe(self, sources: ArrayLike) -> Array:
        """(T, outputs) for sources (T, d), each output of unit variance over the samples."""
        samples = as_matrix(sources, "sources")
        rng = np.random.default_rng(self.seed)
        first = rng.standard_normal((self.hidden, samples.shape[1])) * self.strength / samples.shape[1] ** 0.5
        second = rng.standard_normal((self.outputs, self.hidden))
        bias = rng.standard_normal(self.hidden)
        seen = np.asarray(np.tanh(samples @ first.T + bias) @ second.T)
        spread = seen.std(axis=0)
        if not (spread > 0).all():
            raise InputError("sources: the teacher sees no difference between samples; give sources that vary")
        return np.asarray((seen - seen.mean(axis=0)) / spread)


@dataclass(frozen=True)
class Student(Autoencoder):
    """Hidden rectified units, then the neurons, then a linear readout: an autoencoder without upper layer.

    Hidden units let the neurons be almost any function of the inputs. Activity and the weights of the readout have the
    costs of the linear theory, and so have the weights below.

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

    @property
    def reads_linearly(self) -> bool:
        """See `Autoencoder`: no units are above the neurons."""
        return True

    def _shape(self, data: Data) -> tuple[list[int], list[str]]:
        widths = [data.inputs.shape[1], self.hidden, self.neurons, data.targets.shape[1]]
        return widths, ["lower", "encoder", "decoder"]
