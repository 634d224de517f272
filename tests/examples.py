"""What tests of several rooms read or draw, and which examples of a law the plain suite tries, if each takes long."""

import numpy as np
import pytest
from hypothesis import settings

from solver.examples import path_of

CUT, IRIS = str(path_of("corner_cut_square")), str(path_of("iris"))


def share(part: float) -> settings:
    """A decorator: this share of the examples of the profile, so that a hunt still tries more than the suite does."""
    return settings(max_examples=max(2, round(part * settings().max_examples)))


def plainly(values, plain):
    """Values of a parameter, of which these are plain: the others say it of other problems, in a thorough run."""
    return [
        value if value in plain else thorough(*value) if isinstance(value, tuple) else thorough(value)
        for value in values
    ]


def thorough(*values):
    """The values of one more case, which a thorough run tries, and so does one in another arithmetic."""
    return pytest.param(*values, marks=(pytest.mark.thorough, pytest.mark.further))


def nearly_dependent(rng, apart):
    """(T, 2) samples of two sources of size one that differ by 10 to this power."""
    one = rng.standard_normal(rng.integers(4, 20))
    return np.column_stack([one, one + 10.0**apart * rng.standard_normal(len(one))])
