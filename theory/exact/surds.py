"""Sums of square roots of integers, compared without rounding: what F is made of under a mixing.

The square roots that occur are those of products of costs, rational in the data. Roots of integers no product of which
is a square are independent over the rationals (Besicovitch 1940), so that a sum of multiples of them and of their
products is zero if and only if every coefficient is. The sign of any other sum shows once the roots are enclosed
closely enough. So ties are decided even where they are irrational.
"""

from __future__ import annotations

from fractions import Fraction
from math import isqrt, lcm, prod
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Surds = NDArray[np.object_]

__all__ = ["Roots", "Surd", "floored", "joined", "parts", "rational_below"]

ROOT_BITS = 256
"""Binary digits of the first enclosure of a square root; they double until a sign shows."""


class Roots:
    """Square roots of positive integers that are independent over the rationals, found as they are asked for.

    Attributes:
        radicands: the integers; no product of any of them is a square.

    Example:
        >>> roots = Roots()
        >>> roots.of(Fraction(4, 9)), roots.of(Fraction(2)) * roots.of(Fraction(8))
        (Fraction(2, 3), Fraction(4, 1))
        >>> roots.of(Fraction(2)) + roots.of(Fraction(3)) > Fraction(314626436, 10**8)
        True
    """

    def __init__(self) -> None:
        self.radicands: list[int] = []
        self._products: dict[int, int] = {}
        self._floors: dict[tuple[int, int], int] = {}

    def of(self, square: Fraction) -> Any:
        """The square root of a nonnegative rational: a Fraction if it is one, else a `Surd`."""
        # sqrt(p / q) = sqrt(p q) / q, and sqrt(N) = sqrt(N P) / P sqrt(P) for a product P of the radicands.
        whole = square.numerator * square.denominator
        for members in range(1 << len(self.radicands)):
            common = self.product(members)
            root = isqrt(whole * common)
            if root * root == whole * common:
                return _simplest(self, {members: Fraction(root, common * square.denominator)})
        self.radicands.append(whole)
        return Surd(self, {1 << len(self.radicands) - 1: Fraction(1, square.denominator)})

    def product(self, members: int) -> int:
        """The product of the radicands whose bits are set."""
        if members not in self._products:
            chosen = [radicand for place, radicand in enumerate(self.radicands) if members >> place & 1]
            self._products[members] = prod(chosen)
        return self._products[members]

    def floor(self, members: int, bits: int) -> int:
        """The root of that product, times 2**bits and rounded down."""
        if (members, bits) not in self._floors:
            self._floors[members, bits] = isqrt(self.product(members) << 2 * bits)
        return self._floors[members, bits]


class Surd:
    """A sum of rational multiples of square roots, irrational: sums that are rational become numbers again.

    Attributes:
        roots: the independent roots.
        terms: for each product of roots (bits set for its members) the coefficient, never zero.

    Example:
        >>> root = Roots().of(Fraction(2))
        >>> root * root, (1 + root) * (1 - root), 7 * root < 10, 99 < 70 * root
        (Fraction(2, 1), Fraction(-1, 1), True, False)
    """

    __hash__ = None  # type: ignore[assignment]  # nothing needs it, and equal sums would have to share one
    __slots__ = ("roots", "terms")

    def __init__(self, roots: Roots, terms: dict[int, Any]) -> None:
        self.roots = roots
        self.terms = terms

    def __add__(self, other: Any) -> Any:
        terms = dict(self.terms)
        for members, value in _terms(other).items():
            terms[members] = terms.get(members, 0) + value
        return _simplest(self.roots, terms)

    def __mul__(self, other: Any) -> Any:
        terms: dict[int, Any] = {}
        for members, value in self.terms.items():
            for others, factor in _terms(other).items():
                product = value * factor * self.roots.product(members & others)
                terms[members ^ others] = terms.get(members ^ others, 0) + product
        return _simplest(self.roots, terms)

    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self) -> Surd:
        return Surd(self.roots, {members: -value for members, value in self.terms.items()})

    def __sub__(self, other: Any) -> Any:
        return self + -other

    def __rsub__(self, other: Any) -> Any:
        return other + -self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Surd) and self.terms == other.terms

    def __lt__(self, other: Any) -> bool:
        return _sign(self - other) < 0

    def __le__(self, other: Any) -> bool:
        return _sign(self - other) <= 0

    def __gt__(self, other: Any) -> bool:
        return _sign(self - other) > 0

    def __ge__(self, other: Any) -> bool:
        return _sign(self - other) >= 0

    def __float__(self) -> float:
        return float(self.enclosure(ROOT_BITS)[0])

    def __repr__(self) -> str:
        return f"Surd({float(self):.17g})"

    @property
    def denominator(self) -> int:
        """The least common denominator of the coefficients."""
        return lcm(*(value.denominator for value in self.terms.values()))

    def enclosure(self, bits: int) -> tuple[Fraction, Fraction]:
        """Rationals below and above, from roots enclosed to this many binary digits after the point."""
        middle, doubt = self._enclosed(bits)
        scale = 1 << bits
        return Fraction(middle - doubt, scale), Fraction(middle + doubt, scale)

    def floor(self, bits: int) -> int:
        """An integer at most 2**bits times the value, less than the coefficients' sum below it."""
        middle, doubt = self._enclosed(bits)
        return int((middle - doubt) // 1)

    def sign(self) -> int:
        """-1 or 1, which shows once the roots are known well enough, as the sum is not zero."""
        bits = ROOT_BITS
        while True:
            middle, doubt = self._enclosed(bits)
            if abs(middle) > doubt:
                return 1 if middle > 0 else -1
            bits *= 2

    def _enclosed(self, bits: int) -> tuple[Any, Any]:
        """The value times 2**bits, up to a doubt: each root is rounded down by less than one."""
        middle = sum(value * self.roots.floor(members, bits) for members, value in self.terms.items())
        return middle, sum(abs(value) for value in self.terms.values())


def rational_below(number: Any, bar: Fraction) -> Fraction:
    """A rational that is at most this number, and above the bar if the number is; the number itself if rational.

    Example:
        >>> root = Roots().of(Fraction(2))
        >>> Fraction(1414, 1000) < rational_below(root, Fraction(1414, 1000)) < root
        True
    """
    if not isinstance(number, Surd):
        return Fraction(number)
    above, bits = number > bar, ROOT_BITS
    while True:
        low, _ = number.enclosure(bits)
        if low > bar or not above:
            return low
        bits *= 2


def floored(number: Any, bits: int) -> int:
    """An integer at most 2**bits times an integer, rational or surd, and close to it."""
    return number.floor(bits) if isinstance(number, Surd) else (number.numerator << bits) // number.denominator


def parts(matrix: Surds) -> dict[int, Surds]:
    """Integer matrices, one a product of roots, whose multiples by these add up to a matrix of integers and surds."""
    found: dict[int, Surds] = {0: np.zeros(matrix.shape, dtype=object)}
    for place, value in np.ndenumerate(matrix):
        for members, coefficient in _terms(value).items():
            found.setdefault(members, np.zeros(matrix.shape, dtype=object))[place] = int(coefficient)
    return found


def joined(roots: Roots, found: dict[int, Surds]) -> Surds:
    """The matrix that `parts` took apart.

    Example:
        >>> roots = Roots()
        >>> matrix = np.array([[2 * roots.of(Fraction(2)) + 1, 3]], dtype=object)
        >>> (joined(roots, parts(matrix)) == matrix).all()
        np.True_
    """
    whole = found[0].copy()
    if len(found) > 1:
        for place in np.ndindex(whole.shape):
            whole[place] = _simplest(roots, {members: part[place] for members, part in found.items()})
    return whole


def _terms(number: Any) -> dict[int, Any]:
    return number.terms if isinstance(number, Surd) else {0: number}


def _simplest(roots: Roots, terms: dict[int, Any]) -> Any:
    """The sum as a number if it is rational, else as a `Surd` without zero terms."""
    kept = {members: value for members, value in terms.items() if value}
    if not kept:
        return 0
    return kept[0] if kept.keys() == {0} else Surd(roots, kept)


def _sign(number: Any) -> int:
    return number.sign() if isinstance(number, Surd) else (number > 0) - (number < 0)
