"""A uniform square without two opposite corners, cut off at different lengths along its sides: two parameters."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from theory.families.family import Second
from theory.families.plane import Plane

__all__ = ["FAMILIES"]


class SlantedCorners(Plane):
    """A uniform square without two opposite corners, `a` along one side and `b` along the other."""

    name = "slanted-corners"
    statement = (
        "A uniform square without two opposite corners, each cut off at `a` along the first side and at `b` along the "
        "second; with `b = a` these are the opposite corners. `b` is one half if nothing else is said."
    )
    parameter = "length `a` cut off the first side at two corners, of a square with sides of length 2"
    low, high = 0.0, 2.0
    includes = (False, False)
    second = Second("length `b` cut off the second side", 0.0, 2.0, (False, False))

    def __init__(self, along: float = 0.5) -> None:
        self.along = Fraction(along)

    def sliced(self, second: float) -> SlantedCorners:
        """The family along `a` alone, at one value of `b`."""
        return SlantedCorners(self.second.check(second))

    def pieces(self, parameter: Any) -> list[tuple[Any, list[tuple[Any, Any]]]]:
        """What is left of the square."""
        return [(1, self.hull(parameter))]

    def hull(self, parameter: Any) -> list[tuple[Any, Any]]:
        """Two of the square's corners, and two in the place of each of the others."""
        b: Any = self.along
        if not isinstance(parameter, int | float | Fraction):
            import sympy as sp

            b = sp.Rational(b.numerator, b.denominator)
        near, far = 1 - parameter, 1 - b
        return [(-near, -1), (1, -1), (1, far), (near, 1), (-1, 1), (-1, -far)]


FAMILIES = (SlantedCorners(),)
