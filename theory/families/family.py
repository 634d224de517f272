"""Sources that depend on one parameter or two."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Self

from theory.conditions import decide
from theory.errors import InputError
from theory.inputs import as_number
from theory.problem import Problem
from theory.sources import Sources
from theory.symbolic.markup import unmarked


@dataclass(frozen=True)
class SecondParameter:
    """A second parameter: what it measures, its range, and which ends belong to it.

    Example:
        >>> SecondParameter("length cut off the other corner", 0.0, 2.0).check(1)
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
            >>> SecondParameter("a share", 0.0, 1.0).check(0.5)
            0.5
        """
        return _within("second", value, self)


class Family(ABC):
    """Sources that depend on one parameter, or on two.

    Attributes:
        name: short, with hyphens.
        statement: what the sources are, and when their code is modular.
        parameter: what the parameter measures.
        low: where its range begins.
        high: where it ends.
        includes: which ends belong to the range.
        blocks: groups of sources whose separation is in question, or None if every source is a group.
        second: the second parameter, if there is one; `sliced` gives the family at one value of it.
        unit_costs: whether the boundary holds only for encoder and decoder costs of one.

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
    unit_costs: bool = False
    second: SecondParameter | None = None

    @abstractmethod
    def sources(self, parameter: float) -> Sources:
        """The sources at one value.

        Raises:
            InputError: outside the range.
        """

    def problem(self, parameter: float, **costs: Any) -> Problem:
        """The problem at one value of the parameter, with an exact decoder unless the family has another.

        Args:
            parameter: the value.
            costs: costs of `Problem`, if not one.

        Raises:
            InputError: outside the range.
        """
        return Problem(self.sources(parameter), **costs)

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
        """The boundary at one value of the second parameter or of a cost; None if no exact one is known.

        Args:
            name: "second", or a cost of `Problem`.
            value: its value; all other costs are one.

        Example:
            >>> from theory.families import family
            >>> [family(name).boundary_at("encoder_cost", 7.0) for name in ("joint-table", "two-bits")]
            [(0,), None]
        """
        if name == "second":
            return self.sliced(value).boundary()
        # Without mixing and errors the condition does not contain these costs.
        free = name in ("encoder_cost", "decoder_cost", "activity_cost")
        return self.boundary() if free and (value == 1 or not self.unit_costs) else None

    def verdict(self, parameter: float) -> bool:
        """Whether the optimal code is modular at one value (that of `theory.modularity`)."""
        return bool(decide(self.problem(parameter)).modular)

    def grid(self, count: int) -> list[float]:
        """About `count` values across the range, for a picture."""
        step = (self.high - self.low) / (count - 1 + sum(not end for end in self.includes))
        start = self.low if self.includes[0] else self.low + step
        return [min(start + step * index, self.high) for index in range(count)]

    def check(self, parameter: float) -> float:
        """The parameter as a number within the range.

        Raises:
            InputError: outside.
        """
        return _within("parameter", parameter, self)


def _within(name: str, argument: Any, ends: Family | SecondParameter) -> float:
    """The argument as a number, or an InputError that names the range which it is not in."""
    value = as_number(argument, name)
    above = value >= ends.low if ends.includes[0] else value > ends.low
    below = value <= ends.high if ends.includes[1] else value < ends.high
    if not (above and below):
        left, right = "[" if ends.includes[0] else "(", "]" if ends.includes[1] else ")"
        meaning = f" of {ends.name}, {ends.parameter}" if isinstance(ends, Family) else f", {ends.meaning}"
        raise InputError(
            f"{name}: {value:g} is outside the range {left}{ends.low:g}, {ends.high:g}{right}{unmarked(meaning)}"
        )
    return value
