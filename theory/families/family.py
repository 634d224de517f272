"""Sources that depend on one parameter: what a family must be able to say."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Self

from theory.conditions import decide
from theory.errors import InputError
from theory.problem import Problem
from theory.sources import Sources
from theory.symbolic.markup import plain

__all__ = ["Family", "Second"]

FREE_PRICES = ("encoder_cost", "decoder_cost", "activity_cost")
"""Prices that condition (C) does not hold where sources are seen as they are and decoded without error."""


@dataclass(frozen=True)
class Second:
    """A second parameter: what it measures, its range, and which ends belong to it.

    Example:
        >>> Second("length cut off the other corner", 0.0, 2.0).check(1)
        1.0
    """

    meaning: str
    low: float
    high: float
    includes: tuple[bool, bool] = (True, True)

    def check(self, value: float) -> float:
        """The value as a number within the range.

        Raises:
            InputError: outside.

        Example:
            >>> Second("a share", 0.0, 1.0).check(0.5)
            0.5
        """
        return _within("second", value, self)


class Family(ABC):
    """Sources that depend on one parameter, or on two.

    Attributes:
        name: short, with hyphens;  statement: what the sources are and what happens;  parameter: what it measures.
        low, high: its range; `includes` says which ends belong to it.
        blocks: groups of sources whose separation is in question, or None if every source is by itself.
        second: the other parameter, if there is one; `sliced` gives the family at one value of it.
        unit_prices: whether the boundary is that of encoder and decoder costs of one, and moves with these.

    Example:
        >>> from theory.families import family
        >>> cut = family("opposite-corners")
        >>> [cut.verdict(parameter) for parameter in (0.5, 0.6)]
        [True, False]
    """

    name: str
    statement: str
    parameter: str
    low: float
    high: float
    includes: tuple[bool, bool] = (True, False)
    blocks: tuple[tuple[int, ...], ...] | None = None
    unit_prices: bool = False
    second: Second | None = None

    @abstractmethod
    def sources(self, parameter: float) -> Sources:
        """The sources at one value.

        Raises:
            InputError: outside the range.
        """

    def problem(self, parameter: float, **prices: Any) -> Problem:
        """The problem at one value: the sources, decoded without error if the family says nothing else.

        Args:
            parameter: the value.
            prices: encoder_cost and decoder_cost, if not one.

        Raises:
            InputError: outside the range.
        """
        return Problem(self.sources(parameter), **prices)

    @abstractmethod
    def moments(self, parameter: Any) -> tuple[Any, Any]:
        """Mean (d, 1) and covariance (d, d) as sympy matrices, for a sympy symbol or number."""

    @abstractmethod
    def boundary(self) -> tuple[Any, ...]:
        """The values at which the verdict changes, as sympy numbers, in order."""

    def sliced(self, second: float) -> Self:
        """The family along its first parameter alone, at one value of the second.

        Raises:
            InputError: there is none, or the value is outside its range.
        """
        del second
        raise InputError(f"second: {self.name} has one parameter only")

    def boundary_at(self, name: str, value: float) -> tuple[Any, ...] | None:
        """The boundary where something else than the parameter takes a value; None if no exact one is known.

        Args:
            name: "second", or a price of `Problem`.
            value: of it; all other prices are one.

        Example:
            >>> from theory.families import family
            >>> family("opposite-corners").boundary_at("encoder_cost", 7.0) == family("opposite-corners").boundary()
            True
        """
        if name == "second":
            return self.sliced(value).boundary()
        if (name in FREE_PRICES and not self.unit_prices) or (name in FREE_PRICES and value == 1):
            return self.boundary()
        return None

    def verdict(self, parameter: float) -> bool:
        """Whether the optimal code is modular at one value (that of `theory.modularity`)."""
        return bool(decide(self.problem(parameter)).modular)

    def grid(self, count: int) -> list[float]:
        """About so many values across the range, for a picture."""
        low, high = self.low, self.high
        step = (high - low) / (count - 1 + sum(not end for end in self.includes))
        start = low if self.includes[0] else low + step
        return [min(start + step * index, high) for index in range(count)]

    def check(self, parameter: float) -> float:
        """The parameter as a number within the range.

        Raises:
            InputError: outside.
        """
        return _within("parameter", parameter, self)


def _within(name: str, given: Any, ends: Family | Second) -> float:
    """A number within a range, or a line that says which one."""
    try:
        value = float(given)
    except (TypeError, ValueError):
        raise InputError(f"{name}: {given!r} is not a number") from None
    above = value >= ends.low if ends.includes[0] else value > ends.low
    below = value <= ends.high if ends.includes[1] else value < ends.high
    if not (above and below):
        left, right = "[" if ends.includes[0] else "(", "]" if ends.includes[1] else ")"
        meaning = (
            f" of {ends.name}, {plain(ends.parameter)}" if isinstance(ends, Family) else f", {plain(ends.meaning)}"
        )
        raise InputError(f"{name}: {value:g} is outside the range {left}{ends.low:g}, {ends.high:g}{right}{meaning}")
    return value
