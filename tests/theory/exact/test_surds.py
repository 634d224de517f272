"""Sums of square roots obey the laws of numbers, and their order is that of their values."""

from fractions import Fraction
from math import isqrt

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from theory.exact.copositivity import determinant, negative_direction
from theory.exact.surds import Roots, Surd, joined, parts, rational_below

squares = st.fractions(0, 50, max_denominator=12)
coefficients = st.integers(-9, 9)


@st.composite
def sums(draw, count=3):
    """Several sums of the same roots, each beside its value in a hundred digits."""
    roots, under = Roots(), draw(st.lists(squares, min_size=1, max_size=3))
    found = []
    for _ in range(count):
        number, value = draw(coefficients), Fraction(0)
        value += number
        for square in under:
            factor = draw(coefficients)
            number = number + factor * roots.of(square)
            value += factor * Fraction(isqrt(square.numerator * 10**200 // square.denominator), 10**100)
        found.append((number, value))
    return found


@given(sums())
def test_a_ring_with_an_order(drawn):
    (a, x), (b, y), (c, _) = drawn
    assert a * (b + c) == a * b + a * c and (a - b) * (a + b) == a * a - b * b
    assert (a - b) + b == a and a - a == 0 and 0 - (0 - a) == a
    if abs(x - y) > Fraction(1, 10**90):
        assert (a < b) is (x < y) and (a > b) is (x > y) and (a <= b) is (x <= y) and (a >= b) is (x >= y)
    else:
        assert a == b and a <= b and a >= b and not a < b


@given(sums(count=1))
def test_only_what_is_irrational_is_a_surd(drawn):
    ((a, x),) = drawn
    if isinstance(a, Surd):
        assert all(members for members in a.terms) or len(a.terms) > 1
        assert not any(isqrt(n * m) ** 2 == n * m for n in a.roots.radicands for m in a.roots.radicands if n != m)
    else:
        assert abs(a - x) < Fraction(1, 10**90)


@given(sums(count=2))
def test_a_rational_below(drawn):
    (a, _), (b, _) = drawn
    for bar in (Fraction(0), rational_below(b, Fraction(0))):
        low = rational_below(a, bar)
        assert low <= a and (low > bar) is (a > bar)


def test_a_difference_of_a_thousand_digits():
    root, digits = Roots().of(Fraction(2)), 10**1000
    below = Fraction(isqrt(2 * digits**2), digits)
    assert below < root < below + Fraction(1, digits)
    assert below < rational_below(root, below) < root


@given(sums(count=3))
def test_matrices_come_apart_and_together(drawn):
    entries = [a * a.denominator for a, _ in drawn]
    roots = next((a.roots for a in entries if isinstance(a, Surd)), Roots())
    matrix = np.array([entries], dtype=object)
    assert (joined(roots, parts(matrix)) == matrix).all()


@given(sums(count=3))
def test_copositivity_of_two_by_two(drawn):
    a, b, c = (value for value, _ in drawn)
    form = np.array([[a, b], [b, c]], dtype=object)
    found = negative_direction(form)
    copositive = a >= 0 and c >= 0 and (b >= 0 or a * c >= b * b)
    assert (found is None) is copositive
    if found is not None:
        direction = np.array(found, dtype=object)
        assert (direction >= 0).all() and direction @ form @ direction < 0


def test_rationals_and_surds_may_stand_in_one_form():
    form = np.array([[Fraction(1, 3), Fraction(0)], [Fraction(0), Roots().of(Fraction(2))]], dtype=object)
    assert negative_direction(form) is None
    form[0, 1] = form[1, 0] = Fraction(-5, 7)
    assert negative_direction(form) is not None


def test_a_singular_form_is_copositive():
    # Rows (1, -r), (-r, r^2) with r irrational: zero along (r, 1), and nowhere less.
    root = Roots().of(Fraction(2)) + 3
    form = np.array([[1, -root], [-root, root * root]], dtype=object)
    assert determinant(form) == 0 and negative_direction(form) is None
    form[1, 1] = form[1, 1] - Fraction(1, 10**80)
    direction = np.array(negative_direction(form), dtype=object)
    assert direction @ form @ direction < 0
