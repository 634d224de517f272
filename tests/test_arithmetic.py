"""The suite computes as it was asked to, and what must not depend on the processor does not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_info

from theory.geometry.extremes import distinct_rows


def test_numpy_computes_as_asked(request):
    chosen = request.config.getoption("arithmetic")
    if chosen is None:
        pytest.skip("the arithmetic of this machine")
    if chosen == "numpy-baseline":
        from numpy._core import _multiarray_umath as numpy

        assert not any(numpy.__cpu_features__.get(name) for name in numpy.__cpu_dispatch__)
    else:
        kernels = {
            library["architecture"].lower() for library in threadpool_info() if library["internal_api"] == "openblas"
        }
        if kernels - {"nehalem", "haswell", "skylakex", "zen", "sandybridge"} or not kernels:
            pytest.skip("no OpenBLAS, or not for this kind of processor")
        assert kernels == {chosen}


@given(st.integers(1, 300), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_a_row_counts_once_wherever_it_stands(count, dimension, seed):
    rng = np.random.default_rng(seed)
    points = rng.uniform(-1, 1, size=(count, dimension))
    copies = points[rng.integers(count, size=2 * count)]
    kept = distinct_rows(np.vstack([points, copies]))
    assert kept.tolist() == list(range(count))
