"""Values that are the same up to rounding count as one, on either side of any border."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from theory.geometry.levels import levels


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 3))
def test_rounding_moves_no_value_to_another_level(seed, count, columns):
    rng = np.random.default_rng(seed)
    distinct = np.cumsum(rng.uniform(1e-9, 1, (6, columns)), axis=0) * 10.0 ** rng.integers(-8, 8)
    place = rng.integers(6, size=(count, columns))
    values = np.take_along_axis(distinct, place, axis=0)
    disturbed = values * (1 + rng.uniform(-1e-15, 1e-15, values.shape))
    size = np.abs(distinct).max(axis=0)
    found = levels(disturbed, 1e-13 * size)
    for column in range(columns):
        assert found[:, column].tolist() == np.unique(place[:, column], return_inverse=True)[1].tolist()


def test_what_is_farther_apart_than_that_is_another():
    assert levels([[0.0], [1.0], [1.5], [9.0]], 0.5).ravel().tolist() == [0, 1, 1, 2]
    assert levels([[3.0], [3.0]], 0.0).ravel().tolist() == [0, 0]
