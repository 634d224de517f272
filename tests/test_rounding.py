"""Printed numbers are compared as numbers in every doctest."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

CHECK = doctest.OutputChecker().check_output


@given(st.lists(st.floats(0.1, 1e6), min_size=1, max_size=4))
def test_rounding_does_not_matter(numbers):
    shown = [0.0, *numbers]
    assert CHECK(f"{shown}\n", f"{[-0.0, *(x * (1 + 1e-13) for x in numbers)]}\n", 0)
    assert not CHECK(f"{shown}\n", f"{[0.0, *(x * 1.05 for x in numbers)]}\n", 0)


@pytest.mark.parametrize(
    ("want", "got"),
    [("3", "4"), ("True", "False"), ("[1.0, 2.0]", "[1.0]"), ("1.0", "-1.0"), ("0.54", "0.57"), ("0.0", "1e-9")],
)
def test_what_differs_is_refused(want, got):
    assert not CHECK(want + "\n", got + "\n", 0)
