"""Sources that depend on one parameter: what a family must be able to say."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from theory.conditions import decide
from theory.errors import InputError
from theory.problem import Problem
from theory.sources import Sources
from theory.symbolic.markup import plain

__all__ = ["Family"]


class Family(ABC):
    """Sources that depend on one parameter.

    Attributes:
        name: short, with hyphens;  statement: what the sources are and what happens;  parameter: what it measures.
        low, high: its range; `includes` says which ends belong to it.
        blocks: groups of sources whose separation is in question, or None if every source is by itself.
        unit_prices: whether the boundary is that of encoder and decoder costs of one, and moves with these.
    """

    name: str
    statement: str
    parameter: str
    low: float
    high: float
    includes: tuple[bool, bool] = (True, False)
    blocks: tuple[tuple[int, ...], ...] | None = None
    unit_prices: bool = False

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
        try:
            value = float(parameter)
        except (TypeError, ValueError):
            raise InputError(f"parameter: {parameter!r} is not a number") from None
        above = value >= self.low if self.includes[0] else value > self.low
        below = value <= self.high if self.includes[1] else value < self.high
        if not (above and below):
            ends = (
                ("[" if self.includes[0] else "(") + f"{self.low:g}, {self.high:g}" + ("]" if self.includes[1] else ")")
            )
            raise InputError(
                f"parameter: {value:g} is outside the range {ends} of {self.name}, {plain(self.parameter)}"
            )
        return value
