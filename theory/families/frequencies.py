"""Two oscillations: when do two frequencies have their own neurons? (Dorrell et al., ICLR 2025, figure 3).

The sources are cos and sin of two phases that advance at frequencies p and q. The answer is a matter of divisors
(docs/mathematics.md, "Two oscillations"): each has its own neurons if and only if each comes back to its values before
both do together. With time continuous that is to say that neither frequency is a multiple of the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import gcd
from typing import Any

import numpy as np

from theory.errors import InputError
from theory.families.family import Family
from theory.problem import Problem
from theory.sources import Sources


@dataclass(frozen=True)
class FrequencyPair:
    """Oscillations at whole frequencies p and q.

    Args:
        slow: p, a positive whole number.
        fast: q, a larger one.
        samples: N, their number, taken evenly while the oscillations make p and q turns; at least 2 q + 1, so that no
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
        """Number of times each oscillation repeats its values until both do together.

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
        """Whether each oscillation has its own neurons: each repeats its values before both do together."""
        return min(self.repeats) > 1

    def sources(self) -> Sources:
        """Cosine and sine of the slow and of the fast phase.

        Where time is continuous, over one common period, in samples among which each oscillation repeats as in time: a
        multiple of both frequencies, at least 24 of the faster one. Where samples are given, these.
        """
        slow, fast, count = self.slow, self.fast, self.samples
        if count is None:
            common = gcd(slow, fast)
            slow, fast = slow // common, fast // common
            count = slow * fast * -(-24 // slow)
        time = 2 * np.pi * np.arange(count) / count
        waves = [function(rate * time) for rate in (slow, fast) for function in (np.cos, np.sin)]
        return Sources(np.array(waves).T, names=["cos slow", "sin slow", "cos fast", "sin fast"])


def frequencies_of(problem: Problem) -> FrequencyPair | None:
    """The two frequencies, where the four sources are evenly sampled oscillations; else None.

    Either pair of sources may be the faster, in any size, phase and sense of rotation, if its mixing has one gain.

    Example:
        >>> from theory.problem import Problem
        >>> frequencies_of(Problem(FrequencyPair(2, 3).sources()))
        FrequencyPair(slow=2, fast=3, samples=72)
    """
    sources = problem.sources
    if problem.dimension != 4 or not sources.from_samples or sources.probabilities is not None:
        return None
    rounding = 1e-9  # share of a signal's power outside one frequency
    gains = np.diag(problem.gram)
    if np.abs(problem.gram - np.diag(gains[[0, 0, 2, 2]])).max() > rounding * gains.min():
        return None
    peaks = []
    for first in (0, 2):
        wave = sources.points[:, first] + 1j * sources.points[:, first + 1]
        power = np.abs(np.fft.fft(wave - wave.mean())) ** 2
        peak = int(np.argmax(power))
        if power.sum() - power[peak] > rounding * power.sum():
            return None
        peaks.append(min(peak, len(wave) - peak))
    # Of a wave with two samples a turn cosine and sine would be one source.
    slow, fast = sorted(peaks)
    return FrequencyPair(slow, fast, sources.count) if 0 < slow < fast < sources.count / 2 else None


class FrequencyRatio(Family):
    """Cosine and sine at two frequencies with a rational ratio."""

    name = "frequencies"
    statement = (
        "Cosine and sine of two frequencies, in evenly spaced samples of a number that both frequencies divide. The "
        "two oscillations share neurons if one frequency is a multiple of the other, and have their own at every other "
        "ratio, as they do in continuous time (ICLR 2025, figure 3)."
    )
    parameter = "ratio `a` of the two frequencies, rational with a small denominator"
    low, high = 1.0, 8.0
    includes = (False, True)
    blocks = ((0, 1), (2, 3))
    most_slow = 8

    def pair(self, parameter: float) -> FrequencyPair:
        """Whole frequencies with that ratio.

        Raises:
            InputError: outside the range, or no ratio of small whole numbers.
        """
        ratio = Fraction(self.check(parameter)).limit_denominator(self.most_slow)
        if abs(float(ratio) - float(parameter)) > 1e-9:
            raise InputError(
                f"parameter: {parameter:g} is no ratio of whole numbers up to {self.most_slow}; "
                f"the nearest is {ratio} = {float(ratio):.9g}"
            )
        return FrequencyPair(ratio.denominator, ratio.numerator)

    def sources(self, parameter: float) -> Sources:
        """Both oscillations over one common period."""
        return self.pair(parameter).sources()

    def moments(self, parameter: Any) -> tuple[Any, Any]:
        """Over a common period every wave has mean zero and variance one half, and no two are correlated."""
        import sympy as sp

        time, slow = sp.symbols("t q", positive=True, integer=True)
        fast = parameter * slow
        waves = [function(rate * time) for rate in (slow, fast) for function in (sp.cos, sp.sin)]
        period = (time, 0, 2 * sp.pi)
        mean = sp.Matrix([sp.Integral(wave, period) / (2 * sp.pi) for wave in waves])
        return mean, sp.Matrix(4, 4, lambda i, j: sp.Integral(waves[i] * waves[j], period) / (2 * sp.pi))

    def boundary(self) -> tuple[Any, ...]:
        """The whole ratios: at these points alone neurons are shared."""
        import sympy as sp

        return tuple(sp.Integer(ratio) for ratio in range(2, int(self.high) + 1))

    def verdict(self, parameter: float) -> bool:
        """Whether each oscillation has its own neurons."""
        return self.pair(parameter).separate

    def grid(self, count: int) -> list[float]:
        """Ratios by growing denominators, until there are enough."""
        ratios = {Fraction(ratio) for ratio in range(2, int(self.high) + 1)}
        for denominator in range(2, self.most_slow + 1):
            for numerator in range(denominator + 1, 4 * denominator):
                if len(ratios) >= count:
                    break
                ratios.add(Fraction(numerator, denominator))
        return sorted(float(ratio) for ratio in ratios)[:count]
