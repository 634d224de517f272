"""Two oscillations, by the ratio of their frequencies."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from theory.errors import InputError
from theory.families.family import Family
from theory.families.frequencies import FrequencyPair
from theory.sources import Sources

__all__ = ["FAMILIES"]


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


FAMILIES = (FrequencyRatio(),)
