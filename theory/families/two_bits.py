"""Two correlated bits that are decoded with errors, along the cost of these."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from theory.families.family import Family
from theory.problem import Problem
from theory.readouts import Soft
from theory.sources import Sources

BITS = [[0, 0], [0, 1], [1, 0], [1, 1]]
ODDS = [4, 1, 1, 4]


class TwoBits(Family):
    """Two correlated bits that are decoded with errors, along the cost of these."""

    name = "two-bits"
    statement = (
        "Two bits, zero or one with equal probabilities and equal to each other with probability 4/5, decoded with "
        "squared errors at the cost `a`; all other costs are one. Their range is a square, so that an exact decoder "
        "has a modular code whatever the correlation, and so has one with expensive errors. With cheaper ones a neuron "
        "that reads both is worth having; and where errors are cheaper still, no neuron is."
    )
    parameter = "cost `a` of squared error"
    low, high = 0.0, 50.0
    includes = (False, True)
    unit_costs = True

    def sources(self, parameter: float) -> Sources:
        """The four corners of the square, whatever the parameter."""
        self.check(parameter)
        return Sources(BITS, ODDS)

    def problem(self, parameter: float, **costs: Any) -> Problem:
        """The sources, decoded with errors at that cost."""
        return Problem(self.sources(parameter), readout=Soft(self.check(parameter)), **costs)

    def moments(self, parameter: Any) -> tuple[Any, Any]:
        """Mean and covariance, whatever the parameter."""
        import sympy as sp

        del parameter
        odds, corners = sp.Matrix(ODDS) / sum(ODDS), sp.Matrix(BITS)
        mean = corners.T * odds
        return mean, corners.T * sp.diag(*odds) * corners - mean * mean.T

    def boundary(self) -> tuple[Any, ...]:
        """The costs at which the first neuron is worth its cost, and the modular code becomes optimal."""
        return self._boundary

    @cached_property
    def _boundary(self) -> tuple[Any, ...]:
        """Both costs, in the directions (1, 1) and (1, -1), in which C, G and Y are diagonal by symmetry.

        1. Without neurons Y = a^2 C^2, and the neuron (1, 1) earns most: it earns what it costs at the first cost.
        2. At the modular code Y_11 = M_11 + m^2; the condition F_12 <= m^2 of the corner (0, 0) is tight at the second.
        3. There Y = (x + 1/(a c))^-2 in each direction of variance c, with one strength x; subtract the two to find a.
        """
        import sympy as sp

        a = sp.Symbol("a", positive=True)
        _, covariance = self.moments(a)
        least = sp.Rational(1, 2)  # m, the same on all sides
        energy = covariance + sp.eye(2)
        both = sp.Matrix([1, 1])
        earned = (both.T * (a * covariance) ** 2 * both)[0]
        cost = (both.T * energy * both)[0] + (2 * least) ** 2
        (silent,) = sp.solve(earned - cost, a)  # step 1
        diagonal, joint = energy[0, 0] + least**2, covariance[0, 1] + least**2  # of Y, step 2
        common, other = (covariance[0, 0] + sign * covariance[0, 1] for sign in (1, -1))
        difference = 1 / sp.sqrt(diagonal - joint) - 1 / sp.sqrt(diagonal + joint)
        (modular,) = sp.solve((1 / other - 1 / common) / a - difference, a)  # step 3
        return silent, sp.radsimp(modular)
