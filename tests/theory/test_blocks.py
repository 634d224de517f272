"""Arrays and tables of dask: summarised where their blocks are."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from solver import Problem, solve
from theory import InputError, Sources

array = pytest.importorskip("dask.array")

POINTS = np.random.default_rng(0).standard_normal((1000, 2)) @ [[1, 0.5], [0, 1]] + 4
WEIGHTS = np.random.default_rng(1).integers(0, 3, 1000).astype(float)


def blocks(values=POINTS, chunks=(130, 1)):
    return array.from_array(values, chunks=chunks)


def test_an_array_is_as_good_as_what_it_holds():
    whole = solve(Problem(POINTS))
    found = solve(Problem(blocks()))
    assert found.loss == pytest.approx(whole.loss, rel=1e-12)
    assert found.problem.sources.count == 1000 and found.problem.sources.stream is not None


@pytest.mark.parametrize("weights", [WEIGHTS, array.from_array(WEIGHTS, chunks=130)])
def test_weights_in_memory_or_in_blocks(weights):
    whole = Sources(POINTS, WEIGHTS)
    found = Sources(blocks(), weights)
    np.testing.assert_allclose(found.covariance, whole.covariance, rtol=1e-12)
    np.testing.assert_allclose(found.mean, whole.mean, rtol=1e-12)


def test_a_table_keeps_its_names_and_may_have_empty_parts():
    frame = pytest.importorskip("dask.dataframe")
    pandas = pytest.importorskip("pandas")
    held = pandas.DataFrame(POINTS, columns=["left", "right"]).assign(row=range(1000))
    table = frame.from_pandas(held, npartitions=4)
    found = Sources(table[table["row"] >= 700][["left", "right"]])
    assert found.names == ("left", "right") and found.count == 300
    np.testing.assert_allclose(found.covariance, Sources(POINTS[700:]).covariance, rtol=1e-12)
    with pytest.raises(InputError, match="unknown numbers of rows"):
        Sources(table, WEIGHTS)
    with pytest.raises(InputError, match="no rows in any block"):
        Sources(table[table["row"] < 0])


def test_what_cannot_be_used():
    bad = POINTS.copy()
    bad[277, 1] = np.nan
    with pytest.raises(InputError, match="row 17, column 1 of block 2"):
        Problem(blocks(bad))
    with pytest.raises(InputError, match="in 2 block"):
        Sources(blocks(), array.ones(1000, chunks=500))
    with pytest.raises(InputError, match=r"shape \(7,\) for 1000"):
        Sources(blocks(), np.ones(7))
    with pytest.raises(InputError, match="in 3 dimensions"):
        Sources(array.ones((4, 4, 4)))
    with pytest.raises(InputError, match="constant"):
        Sources(array.ones((10, 2)))


def test_dask_is_left_alone_where_it_is_not_given():
    program = "import sys, theory; theory.Sources([[0, 0], [1, 0], [0, 1]]); sys.exit('dask' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
