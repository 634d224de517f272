"""Two sources with constant densities on polygons, or atoms: moments and boundaries in closed form.

1. Integrate 1, x, y, x^2, x y, y^2 over the pieces of the support: mean and covariance as functions of a.
2. Put C_12 and m_i of the hull into the derived F.
3. For each edge n.(s - mean) <= c of the hull, the slack is c^2 - n'F n, a rational function of a.
4. Find the roots of the slacks' numerators within the range, and order them.
5. Keep those at which the least slack changes its sign: there the verdict changes.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from math import factorial
from typing import Any

import numpy as np

from theory.arrays import Array
from theory.families.family import Family
from theory.sources import Sources
from theory.symbolic.derivation import derive

Corners = list[tuple[Any, Any]]

SQUARE: Corners = [(-1, -1), (1, -1), (1, 1), (-1, 1)]  # corners of the square [-1, 1]^2 in order


class Plane(Family):
    """Two sources: constant densities on polygons, or atoms; the hull is a polygon that moves with the parameter."""

    @abstractmethod
    def hull(self, parameter: Any) -> Corners:
        """Corners of the support's hull, in order."""

    def pieces(self, parameter: Any) -> list[tuple[Any, Corners]]:
        """(weight, corners in order) of polygons or single points: the hull, where its density is constant.

        Weights need not sum to one.
        """
        return [(1, self.hull(parameter))]

    def moments(self, parameter: Any) -> tuple[Any, Any]:
        """Mean and covariance (step 1)."""
        import sympy as sp

        x, y = sp.symbols("x y")
        sums = [
            sp.expand(
                sum((weight * integral(corners, power, (x, y)) for weight, corners in self.pieces(parameter)), sp.S(0))
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
        value = self.check(parameter)
        # Exact arithmetic at the float's own value: moments of a thin support cancel.
        covariance, mean = rational_moments(self.pieces(Fraction(value)))
        return Sources.from_moments(covariance, self.support(value), mean)

    def support(self, parameter: float) -> Array:
        """(V, 2) corners of the hull."""
        return np.array([[float(x), float(y)] for x, y in self.hull(self.check(parameter))])

    def slacks(self) -> list[Any]:
        """c^2 - n'Fn for each edge n.(s - mean) <= c of the hull, as rational functions of the parameter a.

        Where F is positive semidefinite, the code is modular if and only if none of them is negative. Edges on which
        it vanishes for every a (they cut an axis at its end) are left out.
        """
        import sympy as sp

        a, mean, covariance = self._symbolic
        corners = [sp.Matrix(corner) for corner in self.hull(a)]
        # Step 2.
        condition = derive(2).condition
        condition = condition.subs(self._values(condition, corners, mean, covariance))
        slacks = []
        # Step 3.
        for start, end in zip(corners, corners[1:] + corners[:1], strict=True):
            edge = end - start
            normal = sp.Matrix([edge[1], -edge[0]])
            height = (normal.T * (start - mean))[0]
            slack = sp.cancel(sp.together(height**2 - (normal.T * condition * normal)[0]))
            if slack != 0:
                slacks.append(slack)
        return slacks

    def _values(self, condition: Any, corners: list[Any], mean: Any, covariance: Any) -> dict[Any, Any]:
        """Values of m_i and C_12; the nearer end of a source is the same throughout the range."""
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
        """Roots of the slacks at which the least slack changes its sign (steps 4 and 5)."""
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


def rational_moments(pieces: list[tuple[Any, Corners]]) -> tuple[Array, Array]:
    """Covariance (2, 2) and mean (2,) of weighted polygons with corners in order, or atoms, all rational; rounded once.

    Example:
        >>> covariance, _ = rational_moments([(1, SQUARE)])
        >>> bool((covariance == np.eye(2) / 3).all())
        True
    """
    mass, first, second = Fraction(0), [Fraction(0)] * 2, [[Fraction(0)] * 2 for _ in range(2)]
    for weight, corners in pieces:
        for triangle, size in _triangles(corners):
            share = weight * size
            total = [sum(corner[axis] for corner in triangle) for axis in range(2)]
            mass += share
            for i in range(2):
                first[i] += share * Fraction(total[i]) / len(triangle)
                for j in range(2):
                    # Of a triangle the mean of x y is (sum of x_k y_k + sum of x_k times sum of y_k) / 12.
                    products = sum(corner[i] * corner[j] for corner in triangle)
                    parts = 12 if len(triangle) == 3 else 2
                    second[i][j] += share * Fraction(products + total[i] * total[j]) / parts
    mean = [value / mass for value in first]
    covariance = [[float(second[i][j] / mass - mean[i] * mean[j]) for j in range(2)] for i in range(2)]
    return np.array(covariance), np.array([float(value) for value in mean])


def _triangles(corners: Corners) -> Iterator[tuple[Corners, Any]]:
    """A polygon's triangles with their areas; a point as it is, of size one."""
    if len(corners) == 1:
        yield corners, 1
        return
    (x, y), *rest = corners
    for one, other in pairwise(rest):
        area = Fraction((one[0] - x) * (other[1] - y) - (one[1] - y) * (other[0] - x)) / 2
        yield [(x, y), one, other], area


def integral(corners: Corners, power: Any, plane: tuple[Any, Any]) -> Any:
    """The integral of a monomial over a polygon with corners in order; its value at a single point."""
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
        terms = sp.Poly(power.subs({x: point[0], y: point[1]}, simultaneous=True), u, v).terms()
        # Over the triangle u, v >= 0, u + v <= 1 the integral of u^i v^j is i! j! / (i + j + 2)!.
        total += area * sum(
            factor * sp.Rational(factorial(i) * factorial(j), factorial(i + j + 2)) for (i, j), factor in terms
        )
    return sp.expand(total)
