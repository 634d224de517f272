"""Sums of square roots of integers, compared without rounding: the entries of F under a mixing.

1. Keep integers N_1, ..., N_k of which no product is a square. Their roots and the products of these are independent
   over the rationals (Besicovitch 1940): a sum of multiples is zero if and only if every coefficient is.
2. Write each new root as a multiple of a product of the known ones where that is possible; otherwise it is N_{k+1}.
3. Add and multiply coefficient by coefficient: the root of N times itself is N.
4. Compare two sums by the sign of their difference. If all coefficients are zero, they are equal, even if irrational.
5. Otherwise enclose every root between integers over 2^bits, and double the bits until the sign is known.
"""

from __future__ import annotations

from fractions import Fraction
from math import isqrt, lcm, prod
from typing import Any

import numpy as np

from theory.arrays import Integers, Surds

ROOT_BITS = 256  # of the first enclosure of a square root


class Roots:
    """Square roots of positive integers that are independent over the rationals (step 1).

    Attributes:
        radicands: the integers N_1, ..., N_k; no product of any of them is a square.

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
        # Step 2: sqrt(p / q) = sqrt(p q) / q, and sqrt(N) = sqrt(N P) / P sqrt(P) for a product P of the radicands.
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
            self._products[members] = prod(
                radicand for place, radicand in enumerate(self.radicands) if members >> place & 1
            )
        return self._products[members]

    def floor(self, members: int, bits: int) -> int:
        """The root of that product, times 2**bits and rounded down."""
        if (members, bits) not in self._floors:
            self._floors[members, bits] = isqrt(self.product(members) << 2 * bits)
        return self._floors[members, bits]


class Surd:
    """An irrational sum of rational multiples of square roots; a rational sum is a number.

    Attributes:
        roots: the independent roots.
        terms: the coefficient of each product of roots (bits set for its members), never zero.

    Example:
        >>> root = Roots().of(Fraction(2))
        >>> root * root, (1 + root) * (1 - root), 7 * root < 10, 99 < 70 * root
        (Fraction(2, 1), Fraction(-1, 1), True, False)
    """

    __hash__ = None  # type: ignore[assignment]  # equal sums would have to share one
    __slots__ = ("roots", "terms")

    def __init__(self, roots: Roots, terms: dict[int, Any]) -> None:
        self.roots = roots
        self.terms = terms

    # ---- step 3: sums and products ------------------------------------------------------------------------------

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

    # ---- step 4: which is larger --------------------------------------------------------------------------------

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
        middle, error = self._enclosed(bits)
        return Fraction(middle - error, 1 << bits), Fraction(middle + error, 1 << bits)

    def floor(self, bits: int) -> int:
        """An integer at most 2**bits times the value, less than the coefficients' sum below it."""
        middle, error = self._enclosed(bits)
        return int((middle - error) // 1)

    def sign(self) -> int:
        """-1 or 1 (step 5): the sum is irrational, so it is not zero."""
        bits = ROOT_BITS
        while True:
            middle, error = self._enclosed(bits)
            if abs(middle) > error:
                return 1 if middle > 0 else -1
            bits *= 2

    def _enclosed(self, bits: int) -> tuple[Any, Any]:
        """The value times 2**bits, and a bound on its error: each root is rounded down by less than one."""
        middle = sum(value * self.roots.floor(members, bits) for members, value in self.terms.items())
        return middle, sum(abs(value) for value in self.terms.values())


def rational_below(number: Any, bar: Fraction) -> Fraction:
    """A rational at most this number, and above the bar if the number is; the number itself if it is rational.

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


def parts(matrix: Surds) -> dict[int, Integers]:
    """One integer matrix per product of roots; their sum, each times its product, is the matrix."""
    coefficients: dict[int, Integers] = {0: np.zeros(matrix.shape, dtype=object)}
    for place, value in np.ndenumerate(matrix):
        for members, coefficient in _terms(value).items():
            coefficients.setdefault(members, np.zeros(matrix.shape, dtype=object))[place] = int(coefficient)
    return coefficients


def joined(roots: Roots, coefficients: dict[int, Integers]) -> Surds:
    """The matrix of which these are the `parts`.

    Example:
        >>> roots = Roots()
        >>> matrix = np.array([[2 * roots.of(Fraction(2)) + 1, 3]], dtype=object)
        >>> (joined(roots, parts(matrix)) == matrix).all()
        np.True_
    """
    whole = coefficients[0].copy()
    if len(coefficients) > 1:
        for place in np.ndindex(whole.shape):
            whole[place] = _simplest(roots, {members: part[place] for members, part in coefficients.items()})
    return whole


def _terms(number: Any) -> dict[int, Any]:
    return number.terms if isinstance(number, Surd) else {0: number}


def _simplest(roots: Roots, terms: dict[int, Any]) -> Any:
    """The sum as a number if it is rational, else as a `Surd` without zero terms."""
    nonzero = {members: value for members, value in terms.items() if value}
    if not nonzero:
        return 0
    return nonzero[0] if nonzero.keys() == {0} else Surd(roots, nonzero)


def _sign(number: Any) -> int:
    return number.sign() if isinstance(number, Surd) else (number > 0) - (number < 0)
