"""The arithmetic that was asked for is the one in use, and what must not depend on it does not."""

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_info

from theory.geometry.extremes import distinct_rows

KERNELS = ("Nehalem", "Haswell")
"""Kernels that are documented; a library knows some others under another name."""


@pytest.mark.skipif(os.environ.get("OPENBLAS_CORETYPE") not in KERNELS, reason="the kernels of this machine")
def test_linear_algebra_uses_the_kernels_asked_for():
    kernels = {library["architecture"] for library in threadpool_info() if library["internal_api"] == "openblas"}
    if not kernels or kernels & {"ARMV8", "NEOVERSEN1", "VORTEX", "POWER9"}:
        pytest.skip("no OpenBLAS of this kind of processor")
    assert kernels == {os.environ["OPENBLAS_CORETYPE"]}


@pytest.mark.skipif("NPY_DISABLE_CPU_FEATURES" not in os.environ, reason="all that numpy has for this machine")
def test_numpy_uses_no_vector_paths():
    from numpy._core import _multiarray_umath as numpy

    assert not any(numpy.__cpu_features__.get(name) for name in numpy.__cpu_dispatch__)


@given(st.integers(1, 300), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_a_row_counts_once_wherever_it_stands(count, dimension, seed):
    rng = np.random.default_rng(seed)
    points = rng.uniform(-1, 1, size=(count, dimension))
    copies = points[rng.integers(count, size=2 * count)]
    kept = distinct_rows(np.vstack([points, copies]))
    assert kept.tolist() == list(range(count))
