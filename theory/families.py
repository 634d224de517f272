"""Families of sources with one parameter, and where in it the optimal code turns from modular to mixed.

Moments are sums and integrals over pieces of the plane, done by sympy; for the hull's facets {a.y <= 1} the condition
a'Fa <= 1 becomes a polynomial in the parameter, and the boundary one of its roots: an algebraic number.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from theory.conditions import decide
from theory.errors import InputError, unknown_name
from theory.frequencies import FrequencyPair
from theory.markup import plain
from theory.problem import Problem
from theory.sources import Sources

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["FAMILIES", "Family", "family"]


class Family(ABC):
    """Sources that depend on one parameter.

    Attributes:
        name: short, with hyphens;  statement: what the sources are and what happens;  parameter: what it measures.
        low, high: its range; `includes` says which ends belong to it.
        blocks: groups of sources whose separation is in question, or None if every source is by itself.
    """

    name: str
    statement: str
    parameter: str
    low: float
    high: float
    includes: tuple[bool, bool] = (True, False)
    blocks: tuple[tuple[int, ...], ...] | None = None

    @abstractmethod
    def sources(self, parameter: float) -> Sources:
        """The sources at one value.

        Raises:
            InputError: outside the range.
        """

    @abstractmethod
    def moments(self, parameter: Any) -> tuple[Any, Any]:
        """Mean (d, 1) and covariance (d, d) as sympy matrices, for a sympy symbol or number."""

    @abstractmethod
    def boundary(self) -> tuple[Any, ...]:
        """The values at which the verdict changes, as sympy numbers, in order."""

    def verdict(self, parameter: float) -> bool:
        """Whether the optimal code is modular at one value (that of `theory.modularity`)."""
        return bool(decide(Problem(self.sources(parameter))).modular)

    def grid(self, count: int) -> list[float]:
        """About so many values across the range, for a picture."""
        low, high = self.low, self.high
        step = (high - low) / (count - 1 + sum(not end for end in self.includes))
        start = low if self.includes[0] else low + step
        return [start + step * index for index in range(count)]

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


def family(name: str) -> Family:
    """The family of that name.

    Raises:
        InputError: unknown; the message lists the near names.

    Example:
        >>> round(float(family("opposite-corners").boundary()[0]), 12)
        0.548374193255
    """
    if name not in FAMILIES:
        raise InputError(unknown_name("family", name, FAMILIES))
    return FAMILIES[name]


# ---- densities on polygons, and atoms -----------------------------------------------------------------------------


class _Plane(Family):
    """Two sources: constant densities on polygons, or atoms; the hull is a polygon that moves with the parameter."""

    @abstractmethod
    def pieces(self, parameter: Any) -> list[tuple[Any, list[tuple[Any, Any]]]]:
        """(weight, corners) of polygons in order, or of single points; weights need not sum to one."""

    @abstractmethod
    def hull(self, parameter: Any) -> list[tuple[Any, Any]]:
        """Corners of the support's hull, in order."""

    def moments(self, parameter: Any) -> tuple[Any, Any]:
        """Mean and covariance, by integrating 1, x, y, x^2, xy, y^2 over every piece."""
        import sympy as sp

        x, y = sp.symbols("x y")
        sums = [
            sp.expand(
                sum((weight * _integral(corners, power, (x, y)) for weight, corners in self.pieces(parameter)), sp.S(0))
            )
            for power in (sp.S(1), x, y, x**2, x * y, y**2)
        ]
        mass, first, second, *squares = sums
        mean = sp.Matrix([sp.cancel(first / mass), sp.cancel(second / mass)])
        xx, xy, yy = (sp.cancel(square / mass) for square in squares)
        raw = sp.Matrix([[xx, xy], [xy, yy]])
        return mean, (raw - mean * mean.T).applyfunc(sp.cancel)

    @cached_property
    def _symbolic(self) -> tuple[Any, Any, Any]:
        import sympy as sp

        a = sp.Symbol("a", real=True)
        return (a, *self.moments(a))

    def sources(self, parameter: float) -> Sources:
        """The distribution through its moments and the corners of its support."""
        import sympy as sp

        value = self.check(parameter)
        a, mean, covariance = self._symbolic
        # Exact arithmetic at the float's own value: moments of a thin support cancel.
        exact = sp.Rational(*value.as_integer_ratio())
        numbers = [np.array(matrix.subs(a, exact).evalf(20)).astype(float) for matrix in (covariance, mean)]
        return Sources.from_moments(numbers[0], self.support(value), numbers[1][:, 0])

    def support(self, parameter: float) -> Array:
        """(V, 2) corners of the hull."""
        return np.array([[float(x), float(y)] for x, y in self.hull(self.check(parameter))])

    def slacks(self) -> list[Any]:
        """c^2 - n'Fn for each edge n.(s - mean) <= c of the hull, as rational functions of the parameter a.

        Edges on which it vanishes for every a (those that cut an axis at its end) are left out. Modular if and only if
        none of the others is negative, as long as F is positive semidefinite.
        """
        import sympy as sp

        from theory.derivation import derive

        a, mean, covariance = self._symbolic
        corners = [sp.Matrix(corner) for corner in self.hull(a)]
        condition = derive(2).condition
        condition = condition.subs(self._values(condition, corners, mean, covariance))
        found = []
        for start, end in zip(corners, corners[1:] + corners[:1], strict=True):
            edge = end - start
            normal = sp.Matrix([edge[1], -edge[0]])
            height = (normal.T * (start - mean))[0]
            slack = sp.cancel(sp.together(height**2 - (normal.T * condition * normal)[0]))
            if slack != 0:
                found.append(slack)
        return found

    def _values(self, condition: Any, corners: list[Any], mean: Any, covariance: Any) -> dict[Any, Any]:
        """What m_i and C_12 are: on which side a source is nearer its end does not change within the range."""
        import sympy as sp

        a = self._symbolic[0]
        middle = sp.Rational(Fraction((self.low + self.high) / 2))

        def at_middle(expression: Any) -> Any:
            return sp.sympify(expression).subs(a, middle)

        values = {"C_12": covariance[0, 1]}
        for source in range(2):
            above = max((corner[source] - mean[source] for corner in corners), key=at_middle)
            below = max((mean[source] - corner[source] for corner in corners), key=at_middle)
            values[f"m_{source + 1}"] = min(above, below, key=at_middle)
        return {symbol: values[symbol.name] for symbol in condition.free_symbols}

    def boundary(self) -> tuple[Any, ...]:
        """Roots of the slacks inside the range at which the least slack changes its sign."""
        return self._boundary

    @cached_property
    def _boundary(self) -> tuple[Any, ...]:
        import sympy as sp

        a = self._symbolic[0]
        low, high = sp.Rational(Fraction(self.low)), sp.Rational(Fraction(self.high))
        slacks = self.slacks()
        roots = set()
        for slack in slacks:
            for factor, _ in sp.factor_list(sp.numer(slack), a)[1]:
                roots |= {root for root in sp.Poly(factor, a).real_roots() if low < root < high}
        ordered = sorted(roots, key=float)
        between = [low, *(sp.Rational(Fraction(float(root))) for root in ordered), high]
        signs = [all(slack.subs(a, (left + right) / 2) >= 0 for slack in slacks) for left, right in pairwise(between)]
        return tuple(root for root, (before, after) in zip(ordered, pairwise(signs), strict=True) if before != after)


def _integral(corners: list[tuple[Any, Any]], power: Any, plane: tuple[Any, Any]) -> Any:
    """Of a monomial over a polygon with corners in order, triangle by triangle; its value at a single point."""
    import sympy as sp

    x, y = plane
    if len(corners) == 1:
        return power.subs({x: corners[0][0], y: corners[0][1]}, simultaneous=True)
    u, v = sp.symbols("u v")
    origin = sp.Matrix(corners[0])
    total = sp.S(0)
    for one, other in pairwise(corners[1:]):
        first, second = sp.Matrix(one) - origin, sp.Matrix(other) - origin
        point = origin + u * first + v * second
        area = first[0] * second[1] - first[1] * second[0]
        inner = sp.integrate(sp.expand(power.subs({x: point[0], y: point[1]}, simultaneous=True)), (v, 0, 1 - u))
        total += area * sp.integrate(sp.expand(inner), (u, 0, 1))
    return sp.expand(total)


SQUARE: list[tuple[Any, Any]] = [(-1, -1), (1, -1), (1, 1), (-1, 1)]


class _CutSquare(_Plane):
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


class _Parallelogram(_Plane):
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


class _ThinnedCorner(_Plane):
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


class _JointTable(_Plane):
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


# ---- other families -----------------------------------------------------------------------------------------------


class _TruncatedNormal(Family):
    """A correlated normal distribution of unit variances, truncated to a square."""

    name = "truncated-normal"
    statement = (
        "A bivariate normal with unit variances and correlation `a`, truncated to the square `[-2, 2]^2`. "
        "The range is the "
        "square whatever the correlation, so the code is always modular."
    )
    parameter = "correlation `a` before truncation"
    low, high = 0.0, 1.0
    reach = 2

    def moments(self, parameter: Any) -> tuple[Any, Any]:
        """Mean zero by symmetry; the covariance as ratios of integrals that have no closed form."""
        import sympy as sp

        x, y = sp.symbols("x y", real=True)
        density = sp.exp(-(x**2 - 2 * parameter * x * y + y**2) / (2 * (1 - parameter**2)))
        box = ((x, -self.reach, self.reach), (y, -self.reach, self.reach))
        mass = sp.Integral(density, *box)
        variance, product = (sp.Integral(value * density, *box) / mass for value in (x**2, x * y))
        return sp.zeros(2, 1), sp.Matrix([[variance, product], [product, variance]])

    def sources(self, parameter: float) -> Sources:
        """Through moments by numerical integration: over y in closed form, over x by quadrature."""
        from scipy.integrate import quad
        from scipy.special import erf

        correlation = self.check(parameter)
        spread = (1 - correlation**2) ** 0.5
        reach = self.reach

        def inner(x: float, power: int) -> float:
            """Integral over y of y^power times the conditional density, times the density of x."""
            low, high = (-reach - correlation * x) / spread, (reach - correlation * x) / spread
            mass = (erf(high / 2**0.5) - erf(low / 2**0.5)) / 2
            tails = (np.exp(-(low**2) / 2) - np.exp(-(high**2) / 2)) / (2 * np.pi) ** 0.5
            return float(np.exp(-(x**2) / 2) * (mass if power == 0 else correlation * x * mass + spread * tails))

        mass, square, product = (
            quad(lambda x, p=power, k=times: x**k * inner(x, p), -reach, reach, epsabs=1e-13, limit=200)[0]
            for power, times in ((0, 0), (0, 2), (1, 1))
        )
        covariance = np.array([[square, product], [product, square]]) / mass
        corners = [[x * reach, y * reach] for x, y in SQUARE]
        return Sources.from_moments(covariance, corners)

    def boundary(self) -> tuple[Any, ...]:
        """None: range independence holds throughout."""
        return ()


class _Frequencies(Family):
    """Cosine and sine at two frequencies with a rational ratio."""

    name = "frequencies"
    statement = (
        "Cosine and sine of two frequencies. The two oscillations share neurons if one frequency is a multiple of the "
        "other, and have their own at every other ratio (ICLR 2025, figure 3)."
    )
    parameter = "ratio `a` of the two frequencies, rational with a small denominator"
    low, high = 1.0, 8.0
    includes = (False, True)
    blocks = ((0, 1), (2, 3))
    most_slow = 8

    def pair(self, parameter: float) -> FrequencyPair:
        """Whole frequencies with that ratio.

        Raises:
            InputError: outside the range, or no ratio of small whole numbers.
        """
        ratio = Fraction(self.check(parameter)).limit_denominator(self.most_slow)
        if abs(float(ratio) - float(parameter)) > 1e-9:
            raise InputError(
                f"parameter: {parameter:g} is no ratio of whole numbers up to {self.most_slow}; "
                f"the nearest is {ratio} = {float(ratio):.9g}"
            )
        return FrequencyPair(ratio.denominator, ratio.numerator)

    def sources(self, parameter: float) -> Sources:
        """Both oscillations over one common period."""
        return self.pair(parameter).sources()

    def moments(self, parameter: Any) -> tuple[Any, Any]:
        """Over a common period every wave has mean zero and variance one half, and no two are correlated."""
        import sympy as sp

        time, slow = sp.symbols("t q", positive=True, integer=True)
        fast = parameter * slow
        waves = [function(rate * time) for rate in (slow, fast) for function in (sp.cos, sp.sin)]
        period = (time, 0, 2 * sp.pi)
        mean = sp.Matrix([sp.Integral(wave, period) / (2 * sp.pi) for wave in waves])
        return mean, sp.Matrix(4, 4, lambda i, j: sp.Integral(waves[i] * waves[j], period) / (2 * sp.pi))

    def boundary(self) -> tuple[Any, ...]:
        """The whole ratios: at these points alone neurons are shared."""
        import sympy as sp

        return tuple(sp.Integer(ratio) for ratio in range(2, int(self.high) + 1))

    def verdict(self, parameter: float) -> bool:
        """Whether each oscillation has its own neurons."""
        return not self.pair(parameter).harmonic

    def grid(self, count: int) -> list[float]:
        """Ratios by growing denominators, until there are enough."""
        ratios = {Fraction(ratio) for ratio in range(2, int(self.high) + 1)}
        for denominator in range(2, self.most_slow + 1):
            for numerator in range(denominator + 1, 4 * denominator):
                if len(ratios) >= count:
                    break
                ratios.add(Fraction(numerator, denominator))
        return sorted(float(ratio) for ratio in ratios)[:count]


_REGISTERED: tuple[Family, ...] = (
    _CutSquare(
        "one-corner",
        "A uniform square without one corner. Modular while the cut is short: the corner is not needed as a whole.",
        [(1, 1)],
    ),
    _CutSquare(
        "adjacent-corners",
        "A uniform square without two neighbouring corners: uncorrelated all the same, and mixed when the cut is long.",
        [(1, 1), (1, -1)],
    ),
    _CutSquare(
        "opposite-corners",
        "A uniform square without two opposite corners, `|x + y| <= 2 - a`: from independent to fully dependent, "
        "and mixed when the cut is long.",
        [(1, 1), (-1, -1)],
        high=2.0,
    ),
    _Parallelogram(),
    _JointTable(),
    _ThinnedCorner(),
    _TruncatedNormal(),
    _Frequencies(),
)

FAMILIES: Mapping[str, Family] = MappingProxyType({entry.name: entry for entry in _REGISTERED})
"""All families by name."""
