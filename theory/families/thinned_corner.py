"""A uniform square with density a beyond x + y = 1: at zero the corner is gone."""

from __future__ import annotations

from typing import Any

from theory.families.plane import SQUARE, Plane

__all__ = ["FAMILIES"]


class ThinnedCorner(Plane):
    """A uniform square with density a beyond x + y = 1: at zero the corner is gone."""

    name = "thinned-corner"
    statement = (
        "A uniform square whose corner beyond `x + y = 1` has the density `a` instead of one. However thin, "
        "the corner is "
        "part of the range and the code is modular; only without it the code is mixed."
    )
    parameter = "density `a` of the corner"
    low, high = 0.0, 1.0
    includes = (True, True)

    def pieces(self, parameter: Any) -> list[tuple[Any, list[tuple[Any, Any]]]]:
        """The rest of the square, and the corner."""
        return [(1, [(-1, -1), (1, -1), (1, 0), (0, 1), (-1, 1)]), (parameter, [(1, 0), (1, 1), (0, 1)])]

    def hull(self, parameter: Any) -> list[tuple[Any, Any]]:
        """The square, or what is left of it."""
        return SQUARE if parameter != 0 else self.pieces(0)[0][1]

    def boundary(self) -> tuple[Any, ...]:
        """Zero: the support changes there, not the density."""
        import sympy as sp

        return (sp.S(0),)


FAMILIES = (ThinnedCorner(),)
