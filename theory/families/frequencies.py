"""Two oscillations: when do two frequencies have their own neurons? (Dorrell et al., ICLR 2025, figure 3).

The sources are cos and sin of two phases that advance at frequencies p and q. The answer is a matter of divisors
(docs/mathematics.md, "Two oscillations"): each has its own neurons if and only if each comes back to its values before
both do together. With time continuous that is to say that neither frequency is a multiple of the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import TYPE_CHECKING

import numpy as np

from theory.errors import InputError

if TYPE_CHECKING:
    from theory.problem import Problem
    from theory.sources import Sources

__all__ = ["FrequencyPair", "frequencies_of"]

SAMPLES_PER_WAVE = 24
"""Samples of one wave of the faster oscillation, at least, where time is continuous."""

PURE = 1e-9
"""Share of a signal's power outside one frequency that is rounding."""


@dataclass(frozen=True)
class FrequencyPair:
    """Oscillations at whole frequencies p and q.

    Args:
        slow: p, a positive whole number;  fast: q, a larger one.
        samples: N, how many are taken, evenly, while the oscillations make p and q turns; at least 2 q + 1, so that no
            wave looks like another. None: time is continuous.

    Raises:
        InputError: others.

    Example:
        >>> FrequencyPair(1, 2).separate, FrequencyPair(2, 3).separate, FrequencyPair(2, 3, samples=73).separate
        (False, True, False)
    """

    slow: int
    fast: int
    samples: int | None = None

    def __post_init__(self) -> None:
        if not (isinstance(self.slow, int) and isinstance(self.fast, int) and 0 < self.slow < self.fast):
            raise InputError(f"frequencies: {self.slow!r} and {self.fast!r} are not two growing positive whole numbers")
        if self.samples is not None and not (isinstance(self.samples, int) and self.samples > 2 * self.fast):
            raise InputError(
                f"samples: {self.samples!r} is not a whole number above {2 * self.fast}, two a turn of the fast wave"
            )

    @property
    def harmonic(self) -> bool:
        """Whether the faster frequency is a multiple of the slower."""
        return self.fast % self.slow == 0

    @property
    def repeats(self) -> tuple[int, int]:
        """How often each oscillation comes back to its values by the time when both do.

        Example:
            >>> FrequencyPair(4, 6).repeats, FrequencyPair(4, 6, samples=20).repeats
            ((2, 3), (2, 1))
        """
        # Both come back together after a share of the samples, or of the time, that is one over this.
        together = gcd(self.slow, self.fast) if self.samples is None else gcd(self.slow, self.fast, self.samples)
        slow, fast = (rate if self.samples is None else gcd(rate, self.samples) for rate in (self.slow, self.fast))
        return slow // together, fast // together

    @property
    def separate(self) -> bool:
        """Whether each oscillation has neurons of its own: each comes back to its values before both do together."""
        return min(self.repeats) > 1

    def sources(self) -> Sources:
        """Cosine and sine of the slow and of the fast phase.

        Where time is continuous, over one common period, in samples among which each oscillation repeats as in time: a
        multiple of both frequencies. Where samples are given, these.
        """
        from theory.sources import Sources

        slow, fast, count = self.slow, self.fast, self.samples
        if count is None:
            common = gcd(slow, fast)
            slow, fast = slow // common, fast // common
            count = slow * fast * -(-SAMPLES_PER_WAVE // slow)
        time = 2 * np.pi * np.arange(count) / count
        waves = [function(rate * time) for rate in (slow, fast) for function in (np.cos, np.sin)]
        return Sources(np.array(waves).T, names=["cos slow", "sin slow", "cos fast", "sin fast"])


def frequencies_of(problem: Problem) -> FrequencyPair | None:
    """The pair of frequencies whose evenly sampled oscillations the four sources are, or None.

    Either pair of sources may be the faster, in any size, phase and sense of rotation, if it is seen with one gain.

    Example:
        >>> from theory.problem import Problem
        >>> frequencies_of(Problem(FrequencyPair(2, 3).sources()))
        FrequencyPair(slow=2, fast=3, samples=72)
    """
    sources = problem.sources
    if problem.dimension != 4 or not sources.from_samples or sources.probabilities is not None:
        return None
    gains = np.diag(problem.gram)
    if np.abs(problem.gram - np.diag(gains[[0, 0, 2, 2]])).max() > PURE * gains.min():
        return None
    found = []
    for first in (0, 2):
        wave = sources.points[:, first] + 1j * sources.points[:, first + 1]
        power = np.abs(np.fft.fft(wave - wave.mean())) ** 2
        peak = int(np.argmax(power))
        if power.sum() - power[peak] > PURE * power.sum():
            return None
        found.append(min(peak, len(wave) - peak))
    # Of a wave with two samples a turn cosine and sine would be one source.
    slow, fast = sorted(found)
    return FrequencyPair(slow, fast, sources.count) if 0 < slow < fast < sources.count / 2 else None
