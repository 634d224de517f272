"""A uniform square without some of its corners."""

from __future__ import annotations

from typing import Any

from theory.families.plane import SQUARE, Plane

__all__ = ["FAMILIES"]


class CutSquare(Plane):
    """A uniform square without some corners, each cut off by a line at distance a along both sides."""

    low, high = 0.0, 1.0
    includes = (False, False)
    parameter = "length `a` cut off both sides at a corner, of a square with sides of length 2"

    def __init__(self, name: str, statement: str, corners: list[tuple[int, int]], high: float = 1.0) -> None:
        self.name, self.statement, self.corners, self.high = name, statement, corners, high

    def pieces(self, parameter: Any) -> list[tuple[Any, list[tuple[Any, Any]]]]:
        """What is left of the square."""
        return [(1, self.hull(parameter))]

    def hull(self, parameter: Any) -> list[tuple[Any, Any]]:
        """The square's corners, those cut replaced by two."""
        result: list[tuple[Any, Any]] = []
        for x, y in SQUARE:
            if (x, y) not in self.corners:
                result.append((x, y))
                continue
            along, across = (x - x * parameter, y), (x, y - y * parameter)
            # In order round the square: a corner is reached along x on two sides and along y on the others.
            result += [across, along] if x * y > 0 else [along, across]
        return result


FAMILIES = (
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
)
