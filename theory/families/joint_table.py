"""Three levels each, all nine pairs equally likely but one corner, whose probability is a ninth of a."""

from __future__ import annotations

from typing import Any

from theory.families.plane import SQUARE, Plane

__all__ = ["FAMILIES"]


class JointTable(Plane):
    """Three levels each, all nine pairs equally likely but one corner, whose probability is a ninth of a."""

    name = "joint-table"
    statement = (
        "Two sources with the levels `-1, 0, 1`; all pairs are equally likely except `(1, 1)`, which has the "
        "weight `a`. "
        "However rare, the pair is possible and the code is modular; only if it never occurs the code is mixed."
    )
    parameter = "weight `a` of the pair `(1, 1)`"
    low, high = 0.0, 1.0
    includes = (True, True)

    def pieces(self, parameter: Any) -> list[tuple[Any, list[tuple[Any, Any]]]]:
        """Nine atoms."""
        return [(1 if (x, y) != (1, 1) else parameter, [(x, y)]) for x in (-1, 0, 1) for y in (-1, 0, 1)]

    def hull(self, parameter: Any) -> list[tuple[Any, Any]]:
        """The square, or without the corner."""
        return SQUARE if parameter != 0 else [(-1, -1), (1, -1), (1, 0), (0, 1), (-1, 1)]

    def boundary(self) -> tuple[Any, ...]:
        """Zero: the support changes there."""
        import sympy as sp

        return (sp.S(0),)


FAMILIES = (JointTable(),)
