"""Families of two sources on a square: some corners are cut off or thinned out, or the square is sheared."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from theory.families.family import SecondParameter
from theory.families.plane import SQUARE, Corners, Plane

CUT_CORNER: Corners = [(-1, -1), (1, -1), (1, 0), (0, 1), (-1, 1)]


class CutSquare(Plane):
    """A uniform square without some corners, each cut off by a line at distance a along both sides."""

    low, high = 0.0, 1.0
    includes = (False, False)
    parameter = "length `a` cut off both sides at a corner, of a square with sides of length 2"

    def __init__(self, name: str, statement: str, corners: list[tuple[int, int]], high: float = 1.0) -> None:
        self.name, self.statement, self.corners, self.high = name, statement, corners, high

    def hull(self, parameter: Any) -> Corners:
        """The square's corners, those cut replaced by two."""
        result: Corners = []
        for x, y in SQUARE:
            if (x, y) not in self.corners:
                result.append((x, y))
                continue
            along, across = (x - x * parameter, y), (x, y - y * parameter)
            # In order round the square: a corner is reached along x on two sides and along y on the others.
            result += [across, along] if x * y > 0 else [along, across]
        return result


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
    second = SecondParameter("length `b` cut off the second side", 0.0, 2.0, (False, False))

    def __init__(self, along: float = 0.5) -> None:
        self.along = Fraction(along)

    def sliced(self, second: float) -> SlantedCorners:
        """The family along `a` alone, at one value of `b`."""
        return SlantedCorners(self.second.check(second))

    def hull(self, parameter: Any) -> Corners:
        """Two of the square's corners, and two in the place of each of the others."""
        b: Any = self.along
        if not isinstance(parameter, int | float | Fraction):
            import sympy as sp

            b = sp.Rational(b.numerator, b.denominator)
        near, far = 1 - parameter, 1 - b
        return [(-near, -1), (1, -1), (1, far), (near, 1), (-1, 1), (-1, -far)]


class Parallelogram(Plane):
    """u_1 and (1 - a) u_2 + a u_1 with u uniform on the square: correlated through the shape of the support."""

    name = "parallelogram"
    statement = (
        "Correlated uniform: `s_1 = u_1` and `s_2 = a u_1 + (1 - a) u_2` with `u` uniform on the square. The second "
        "source reaches its ends at single points, so the code is mixed from the first correlation on."
    )
    parameter = "share `a` of the first source in the second"
    low, high = 0.0, 1.0

    def hull(self, parameter: Any) -> Corners:
        """The corners of the sheared square."""
        return [(x, parameter * x + (1 - parameter) * y) for x, y in SQUARE]

    def boundary(self) -> tuple[Any, ...]:
        """Zero, and where the slacks change sign elsewhere."""
        import sympy as sp

        return (sp.S(0), *super().boundary())


class RareCorner(Plane):
    """A corner of the square whose weight a goes to zero: the hull and the verdict change there alone."""

    low, high = 0.0, 1.0
    includes = (True, True)

    def hull(self, parameter: Any) -> Corners:
        """The square, or the square without the corner."""
        return SQUARE if parameter != 0 else CUT_CORNER

    def boundary(self) -> tuple[Any, ...]:
        """Zero: the support changes there, not the density."""
        import sympy as sp

        return (sp.S(0),)


class JointTable(RareCorner):
    """Three levels each, all nine pairs equally likely but one corner, whose probability is a ninth of a."""

    name = "joint-table"
    statement = (
        "Two sources with the levels `-1, 0, 1`; all pairs are equally likely except `(1, 1)`, which has the weight "
        "`a`. However rare, the pair is possible and the code is modular; only if it never occurs the code is mixed."
    )
    parameter = "weight `a` of the pair `(1, 1)`"

    def pieces(self, parameter: Any) -> list[tuple[Any, Corners]]:
        """Nine atoms."""
        return [(1 if (x, y) != (1, 1) else parameter, [(x, y)]) for x in (-1, 0, 1) for y in (-1, 0, 1)]


class ThinnedCorner(RareCorner):
    """A uniform square with density a beyond x + y = 1: at zero the corner is gone."""

    name = "thinned-corner"
    statement = (
        "A uniform square whose corner beyond `x + y = 1` has the density `a` instead of one. However thin, the corner "
        "is part of the range and the code is modular; only without it the code is mixed."
    )
    parameter = "density `a` of the corner"

    def pieces(self, parameter: Any) -> list[tuple[Any, Corners]]:
        """The rest of the square, and the corner."""
        return [(1, CUT_CORNER), (parameter, [(1, 0), (1, 1), (0, 1)])]


SQUARES = (
    CutSquare(
        "one-corner",
        "A uniform square without one corner. Modular while the cut is short: the corner is not needed as a whole.",
        [(1, 1)],
    ),
    CutSquare(
        "adjacent-corners",
        "A uniform square without two neighbouring corners: uncorrelated all the same, and mixed when the cut is long.",
        [(1, 1), (1, -1)],
    ),
    CutSquare(
        "opposite-corners",
        "A uniform square without two opposite corners, `|x + y| <= 2 - a`: from independent to fully dependent, "
        "and mixed when the cut is long.",
        [(1, 1), (-1, -1)],
        high=2.0,
    ),
    SlantedCorners(),
    Parallelogram(),
    JointTable(),
    ThinnedCorner(),
)
