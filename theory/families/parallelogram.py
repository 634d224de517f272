"""A uniform parallelogram: correlated through the shape of the support."""

from __future__ import annotations

from typing import Any

from theory.families.plane import SQUARE, Plane

__all__ = ["FAMILIES"]


class Parallelogram(Plane):
    """u_1 and (1 - a) u_2 + a u_1 with u uniform on the square: correlated through the shape of the support."""

    name = "parallelogram"
    statement = (
        "Correlated uniform: `s_1 = u_1` and `s_2 = a u_1 + (1 - a) u_2` with `u` uniform on the square. The "
        "second source "
        "reaches its ends at single points, so the code is mixed from the first correlation on."
    )
    parameter = "share `a` of the first source in the second"
    low, high = 0.0, 1.0

    def pieces(self, parameter: Any) -> list[tuple[Any, list[tuple[Any, Any]]]]:
        """The sheared square."""
        return [(1, self.hull(parameter))]

    def hull(self, parameter: Any) -> list[tuple[Any, Any]]:
        """Its corners."""
        return [(x, parameter * x + (1 - parameter) * y) for x, y in SQUARE]

    def boundary(self) -> tuple[Any, ...]:
        """Zero, unless the slacks change sign elsewhere."""
        import sympy as sp

        return (sp.S(0), *super().boundary())


FAMILIES = (Parallelogram(),)
