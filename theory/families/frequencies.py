"""Two oscillations: when do two frequencies have their own neurons? (Dorrell et al., ICLR 2025, figure 3).

The sources are cos and sin of two phases that advance at frequencies p and q. For both oscillations by themselves the
best code is symmetric, so with time continuous the two share no neuron if and only if h(w) >= |w| for every w: the
unit ball lies in the hull of the curve (amplitudes and costs cancel).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import TYPE_CHECKING

import numpy as np

from theory.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from theory.problem import Problem
    from theory.sources import Sources

    Array = NDArray[np.float64]

__all__ = ["FrequencyPair", "frequencies_of"]

SAMPLES_PER_WAVE = 24
"""Samples of one wave of the faster oscillation: what lies between them changes h by less than one percent."""

MOST_FREQUENCY = 40
"""Largest frequency looked for in data."""

PURE = 1e-9
"""Share of a signal's power outside one frequency that is rounding."""


@dataclass(frozen=True)
class FrequencyPair:
    """Oscillations at whole frequencies p and q, over one common period.

    Args:
        slow: p, a positive whole number;  fast: q, a larger one.

    Raises:
        InputError: others.

    Example:
        >>> FrequencyPair(1, 2).harmonic, FrequencyPair(2, 3).harmonic
        (True, False)
    """

    slow: int
    fast: int

    def __post_init__(self) -> None:
        if not (isinstance(self.slow, int) and isinstance(self.fast, int) and 0 < self.slow < self.fast):
            raise InputError(f"frequencies: {self.slow!r} and {self.fast!r} are not two growing positive whole numbers")

    @property
    def harmonic(self) -> bool:
        """Whether the faster frequency is a multiple of the slower."""
        return self.fast % self.slow == 0

    def sources(self, samples_per_wave: int = SAMPLES_PER_WAVE) -> Sources:
        """Cosine and sine of the slow and of the fast phase, over one common period."""
        from theory.sources import Sources

        common = gcd(self.slow, self.fast)
        count = samples_per_wave * self.fast // common
        time = 2 * np.pi * np.arange(count) / count
        waves = [function(rate // common * time) for rate in (self.slow, self.fast) for function in (np.cos, np.sin)]
        return Sources(np.array(waves).T, names=["cos slow", "sin slow", "cos fast", "sin fast"])

    def reach(self, angles: int = 181, phases: int = 180) -> float:
        """Least h(w) / |w| of the continuous curve on a grid of w: below one if and only if neurons are shared."""
        time = 2 * np.pi * np.arange(64 * self.fast) / (64 * self.fast)
        # Time shifts are symmetries, so the slow wave's phase can be kept at zero.
        slow = np.cos(self.slow * time)
        fast = np.cos(self.fast * time[None, :] + 2 * np.pi * np.arange(phases)[:, None] / phases)
        least = np.inf
        for angle in np.linspace(0, np.pi / 2, angles):
            least = min(least, float((np.cos(angle) * slow + np.sin(angle) * fast).max(axis=1).min()))
        return least


def frequencies_of(problem: Problem) -> FrequencyPair | None:
    """The pair of frequencies whose evenly sampled oscillations the four sources are, or None.

    Example:
        >>> from theory.problem import Problem
        >>> frequencies_of(Problem(FrequencyPair(2, 3).sources()))
        FrequencyPair(slow=2, fast=3)
    """
    sources = problem.sources
    if problem.dimension != 4 or not sources.from_samples or sources.probabilities is not None:
        return None
    if not np.array_equal(np.abs(problem.gram) > PURE * np.abs(problem.gram).max(), np.eye(4, dtype=bool)):
        return None
    found = []
    for first in (0, 2):
        wave = sources.points[:, first] + 1j * sources.points[:, first + 1]
        power = np.abs(np.fft.fft(wave)) ** 2
        peak = int(np.argmax(power))
        if power.sum() - power[peak] > PURE * power.sum() or not 0 < peak <= MOST_FREQUENCY:
            return None
        found.append(peak)
    if not 0 < found[0] < found[1] or len(wave) < SAMPLES_PER_WAVE * found[1]:
        return None
    return FrequencyPair(*found)
