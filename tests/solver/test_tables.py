"""Codes as tables: names are kept on the way in and out, and the numbers are those of the code."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import Problem, Representation, solve
from solver.pictures.summary import table_of_neurons
from solver.strategies import problems
from theory import Sources
from theory.errors import InputError
from theory.readouts import Soft

pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")
xarray = pytest.importorskip("xarray")

POINTS = np.array([[0.0, 0.0], [0.0, 3.0], [1.0, 0.0], [0.7, 0.5], [0.2, 0.9]])
NAMES = ["speed", "heading"]

TABLES = {
    "pandas": lambda points, names: pandas.DataFrame(points, columns=names, index=range(5, 5 + len(points))),
    "polars": lambda points, names: polars.DataFrame(points, schema=names),
    "xarray": lambda points, names: xarray.DataArray(
        points, dims=("time", "variable"), coords={"time": np.arange(len(points)) / 10, "variable": names}
    ),
}


def names_of(table):
    return list(table.columns) if hasattr(table, "columns") else table.coords[table.dims[1]].values.tolist()


@pytest.fixture(scope="module")
def code():
    return solve(Problem(Sources(POINTS, names=NAMES)))


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_keeps_its_names_through_solve_activity_and_reconstruction(kind):
    table = TABLES[kind](POINTS, NAMES)
    answer = solve(Problem(table))
    assert list(answer.problem.sources.names) == NAMES
    activity = answer.activity(table)
    assert type(activity) is type(table)
    assert names_of(activity) == [f"neuron{i + 1}" for i in range(len(answer))]
    assert np.allclose(np.asarray(activity), answer.activity())
    back = answer.reconstruct(activity)
    assert type(back) is type(table)
    assert names_of(back) == NAMES
    assert np.allclose(np.asarray(back), POINTS)


def test_rows_keep_their_labels(code):
    table = TABLES["pandas"](POINTS, NAMES)
    assert code.activity(table).index.equals(table.index)
    array = TABLES["xarray"](POINTS, NAMES)
    assert np.array_equal(code.reconstruct(code.activity(array)).coords["time"], array.coords["time"])


@pytest.mark.parametrize("kind", TABLES)
def test_columns_are_found_by_name_whatever_their_order_and_company(kind, code):
    wide = np.column_stack([POINTS[:, 1], np.arange(5.0), POINTS[:, 0]])
    table = TABLES[kind](wide, ["heading", "trial", "speed"])
    assert np.allclose(np.asarray(code.activity(table)), code.activity())


def test_a_table_without_a_source_is_refused_by_its_name(code):
    with pytest.raises(InputError, match=r"sources: there is no column 'heading'; the table has speed, direction"):
        code.activity(TABLES["pandas"](POINTS, ["speed", "direction"]))


def test_arrays_stay_arrays(code):
    assert type(code.activity(POINTS)) is np.ndarray
    assert type(code.reconstruct(code.activity())) is np.ndarray


def test_sources_that_never_had_names_take_columns_in_order():
    answer = solve(Problem(POINTS))
    assert np.allclose(answer.activity(TABLES["pandas"](POINTS, NAMES)), answer.activity())


@given(problems(st.integers(1, 2)), st.sampled_from([1.0, 2.5]), st.sampled_from([0.0, 0.4]), st.booleans())
def test_the_table_of_neurons_sums_to_the_loss(problem, activity_cost, bias_cost, soft):
    """Term by term, at any prices: what a column is called is in one unit everywhere."""
    readout = Soft(50.0) if soft else None
    code = solve(problem.replaced(activity_cost=activity_cost, bias_cost=bias_cost, readout=readout))
    table = code.to_dataframe()
    assert table.index.tolist() == [f"neuron{i + 1}" for i in range(len(code))]
    energies = ["energy_activity", "energy_bias", "energy_encoder"]
    np.testing.assert_allclose(table[energies].sum(axis=1), table["cost"], rtol=1e-9)
    for name in [*energies, "energy_decoder"]:
        assert table[name].sum() == pytest.approx(table.attrs.get(name, 0.0), rel=1e-6, abs=1e-9 * code.loss), name
    np.testing.assert_allclose(table["bias"], code.encoder_bias)
    points, share = code.problem.sources.points, code.problem.sources.probabilities
    means = np.average(code.activity(points), axis=0, weights=share)
    np.testing.assert_allclose(table["mean_activity"], means, rtol=1e-6, atol=1e-9)


def test_one_header_is_one_quantity_in_every_form(code):
    header, cells = table_of_neurons(code)
    printed, saved = dict(zip(header, cells, strict=True)), code.to_dataframe()
    assert set(header) - {"neuron", "codes"} <= set(saved.columns)
    for name in ("bias", *NAMES):
        np.testing.assert_allclose([float(cell) for cell in printed[name]], saved[name], atol=1e-3)
    shares = 100 * saved["cost"] / saved["cost"].sum()
    np.testing.assert_allclose([float(cell.rstrip(" %")) for cell in printed["cost"]], shares, atol=0.06)


def test_the_table_of_neurons_has_names_and_the_certificate(code):
    table = code.to_dataframe()
    assert table.columns.tolist()[-2:] == NAMES
    assert np.array_equal(table[NAMES], code.source_weights)
    assert table.attrs["lower_bound"] == code.lower_bound


def test_a_source_called_like_another_column_is_told_apart():
    answer = solve(Problem(Sources(POINTS, names=["bias", "cost"])))
    assert answer.to_dataframe().columns.tolist()[-2:] == ["bias (source)", "cost (source)"]


def test_the_dataset_holds_all_arrays_by_name(code):
    data = code.to_xarray()
    assert np.array_equal(data["source_weights"].sel(source="heading"), code.source_weights[:, 1])
    assert np.array_equal(data["activity"], code.activity())
    assert data.attrs["gap"] == code.gap
    assert data["decoder"].sel(channel="speed").shape == (len(code),)


def test_data_are_read_out_under_the_names_of_their_channels():
    table = TABLES["pandas"](np.column_stack([POINTS, POINTS.sum(axis=1)]), ["a", "b", "c"])
    answer = solve(Problem.from_data(table))
    assert answer.to_xarray()["channel"].values.tolist() == ["a", "b", "c"]


def test_moments_have_no_samples_to_write():
    uniform = Sources.from_moments(np.eye(2) / 3, [[-1, -1], [-1, 1], [1, -1], [1, 1]])
    assert "activity" not in solve(Problem(uniform)).to_xarray()


def test_files_hold_the_same(code, tmp_path):
    code.save(tmp_path / "code.csv")
    assert np.allclose(pandas.read_csv(tmp_path / "code.csv", index_col="neuron")[NAMES], code.source_weights)
    code.save(tmp_path / "code.nc")
    with xarray.open_dataset(tmp_path / "code.nc", engine="scipy") as data:
        assert np.array_equal(data["source_weights"], code.source_weights)
        assert data.attrs["status"] == "optimal"
        assert [str(name) for name in data["source"].values] == NAMES
    code.save(tmp_path / "code.npz")
    assert Representation.load(tmp_path / "code.npz").loss == code.loss


def test_a_missing_library_is_named(code, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "xarray", None)
    with pytest.raises(InputError, match=r"to_xarray: needs xarray; pip install 'modularity-solver\[tables\]'"):
        code.to_xarray()


def test_sources_called_like_other_columns_keep_their_weights():
    """Two of them, of which one is called as the other would be."""
    names = ["cost", "cost (source)", "bias"]
    points = np.random.default_rng(0).uniform(size=(12, 3))
    answer = solve(Problem(Sources(points, names=names)))
    frame = answer.to_dataframe()
    assert list(frame.columns)[-3:] == ["cost (source)", "cost (source) (source)", "bias (source)"]
    np.testing.assert_array_equal(frame.to_numpy()[:, -3:].astype(float), answer.source_weights)
