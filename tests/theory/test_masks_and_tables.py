"""What a table holds besides plain numbers is refused, not turned into other numbers: masks, dates, complex values."""

from __future__ import annotations

import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import Problem, solve
from solver.auditing.audit import audit
from solver.comparison import compared
from solver.metrics import modularity_scores
from solver.sklearn import OptimalCode
from solver.sweeps.pose import OfData
from theory import InputError, Sources, Transitions, modularity
from theory.inputs import as_array, as_matrix, column_names
from theory.inputs.names import distinct_names, printable
from theory.principal import PrincipalCoordinates
from theory.readouts import Noisy, Soft
from theory.summary import Summary

RNG = np.random.default_rng(0)
POINTS = RNG.uniform(size=(12, 2))
PROBLEM = Problem(POINTS)
ACTIVITY = solve(PROBLEM).activity()
TURN = np.array([[0.0, -1], [1, 0]])


def dask(array):
    return pytest.importorskip("dask.array").from_array(array, chunks=(4, *array.shape[1:]))


DOORS = {
    "sources": (POINTS, Problem),
    "sources as rows": (POINTS, lambda given: Sources(list(given))),
    "probabilities": (np.ones(12), lambda given: Problem(POINTS, probabilities=given)),
    "mixing": (np.eye(2), lambda given: Problem(POINTS, mixing=given)),
    "targets": (np.eye(2), lambda given: Problem(POINTS, readout=Soft(1.0, given))),
    "noisy targets": (np.eye(2), lambda given: Problem(POINTS, readout=Noisy(1.0, 0.1, given))),
    "transitions": (TURN, Transitions),
    "several transitions": (np.stack([TURN, TURN.T]), Transitions),
    "offsets": (np.zeros((1, 2)), lambda given: Transitions(TURN, given)),
    "centre": (np.zeros(2), lambda given: Transitions(TURN, centre=given)),
    "a series": (POINTS, Transitions.from_trajectory),
    "activity": (ACTIVITY, lambda given: audit(Problem(POINTS), given)),
    "activity of metrics": (ACTIVITY, lambda given: modularity_scores(given, POINTS)),
    "activity read out": (ACTIVITY, lambda given: solve(PROBLEM).reconstruct(given)),
    "labels": (POINTS, lambda given: compared(solve(PROBLEM), given)),
    "principal": (POINTS, PrincipalCoordinates.of),
    "estimator": (POINTS, lambda given: OptimalCode().fit(given)),
    "chunks": (POINTS, lambda given: Sources.from_chunks([POINTS, given])),
    "weights of chunks": (np.ones(12), lambda given: Sources.from_chunks([POINTS], probabilities=[given])),
    "summary": (POINTS, Summary.of),
    "blocks": (POINTS, lambda given: Sources(dask(given))),
    "weights of blocks": (np.ones(12), lambda given: Sources(dask(POINTS), given)),
    "weights in blocks": (np.ones(12), lambda given: Sources(dask(POINTS), dask(given))),
    "vertices": (POINTS, lambda given: Sources.from_moments(np.eye(2) / 100, given, POINTS.mean(axis=0))),
    "covariance": (np.eye(2) / 100, lambda given: Sources.from_moments(given, POINTS, POINTS.mean(axis=0))),
    "mean": (POINTS.mean(axis=0), lambda given: Sources.from_moments(np.eye(2) / 100, POINTS, given)),
    "exact": (POINTS, lambda given: modularity(given, exact=True)),
    "swept": (np.eye(2), lambda given: OfData(Problem(POINTS, mixing=given))),
}


@pytest.mark.parametrize("door", DOORS)
@given(data=st.data())
def test_what_lies_beneath_a_mask_is_never_used(door, data):
    array, use = DOORS[door]
    place = tuple(data.draw(st.integers(0, length - 1)) for length in array.shape)
    masked = np.ma.array(array.copy(), mask=False)
    masked[place] = np.ma.masked
    masked.data[place] = data.draw(st.sampled_from([-9999.0, 0.0, array[place]]))
    with pytest.raises(InputError, match=r"1 value\(s\) are masked, the first at row \d+") as error:
        use(masked)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("door", ["sources", "probabilities", "mixing", "transitions", "activity", "chunks"])
def test_a_mask_that_hides_nothing_is_none(door):
    array, use = DOORS[door]
    given_array = np.ma.array(np.tile(TURN, (3, 1)) if door == "transitions" else array, mask=False)
    use(given_array[:2] if door == "transitions" else given_array)


@pytest.mark.parametrize("door", [door for door in DOORS if door not in ("labels", "estimator", "exact")])
def test_no_imaginary_part_is_lost(door):
    array, use = DOORS[door]
    with pytest.raises(InputError, match="complex"):
        use(array * (1 + 1e-3j))


# ---- tables ---------------------------------------------------------------------------------------------------------


TIMES = {
    "date": datetime.date(2020, 1, 2),
    "datetime": datetime.datetime(2020, 1, 2),
    "duration": datetime.timedelta(days=1),
    "time": datetime.time(1),
}


@pytest.mark.parametrize("kind", TIMES)
@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
@pytest.mark.parametrize("alone", [False, True])
def test_dates_and_times_are_no_numbers(library, kind, alone):
    tables = pytest.importorskip(library)
    columns = {"when": [TIMES[kind]] * 3} | ({} if alone else {"a": [1.0, 2, 5], "b": [3.0, 4, 0]})
    table = tables.table(columns) if library == "pyarrow" else tables.DataFrame(columns)
    with pytest.raises(InputError, match=r"dates or times|is not a number") as error:
        Sources(table)
    assert "\n" not in str(error.value)
    if not alone:
        # Nor where the code asks for columns in another order.
        with pytest.raises(InputError, match=r"dates or times|is not a number"):
            as_matrix(table, "sources")


def test_a_table_of_pyarrow_has_its_names():
    pyarrow = pytest.importorskip("pyarrow")
    table = pyarrow.table({"a": [1.0, 2, 5], "b": [3, 4, 0]})
    assert Sources(table).names == column_names(table) == ("a", "b")


def test_several_tables_are_not_one():
    xarray = pytest.importorskip("xarray")
    with pytest.raises(InputError, match="sources: a Dataset is no matrix of numbers; give one table"):
        Sources(xarray.Dataset({"a": ("t", [1.0, 2])}))


def test_a_problem_is_posed_already():
    with pytest.raises(InputError, match=r"got a Problem; write theory.conditions.decide\(problem\)"):
        modularity(PROBLEM)


def test_arrays_of_any_dimension_and_no_array():
    assert as_array(3, "number").shape == ()
    for wrong, said in (
        ("x", "expected an array"),
        (["x"], "is not a number"),
        ([1, [2]], "parts of different shapes"),
    ):
        with pytest.raises(InputError, match=said):
            as_array(wrong, "numbers")


# ---- names ----------------------------------------------------------------------------------------------------------


@given(st.lists(st.text(max_size=6), min_size=1, max_size=4))
def test_names_are_printed_in_one_line_and_told_apart(names):
    try:
        found = distinct_names(names, "sources")
    except InputError as error:
        assert printable(str(error)) == str(error)
        return
    assert len(set(found)) == len(names)
    for name in found:
        assert name.splitlines() == [name]
        assert name.encode() and printable(name) == name
        assert not any(ord(sign) < 32 or 127 <= ord(sign) < 160 for sign in name)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["a", "b", "a"], "sources: 2 columns are named 'a'; give each its own name"),
        (["a", ""], r"column 1 \(counted from 0\) has no name; remove it if it numbers the rows"),
        (["Unnamed: 0", "b"], r"column 0 \(counted from 0\) is called 'Unnamed: 0', as pandas calls"),
        (["Unnamed: 1_level_0", "b"], "as pandas calls"),
        ([1, "1"], "2 columns are named '1'"),
    ],
)
def test_names_that_tell_nothing(names, said):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(RNG.uniform(size=(9, len(names))), columns=names)
    for use in (Problem, lambda given: Sources.from_chunks([given]), PrincipalCoordinates.of):
        with pytest.raises(InputError, match=said.replace("sources:", "")):
            use(frame)
    with pytest.raises(InputError, match=said):
        Sources(frame.to_numpy(), names=names)
