"""Tables that hold more than their numbers, or less: what is meant is read, and what is lost is told."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.reading import read_sources, read_table, streams, text
from tests.solver.reading.test_reading import lines, saved
from tests.solver.reading.test_streams import parquet, store
from theory import InputError

SQUARE = np.array([[-1.0, -1], [-1, 1], [1, -1], [1, 1.5]])


def refused(path, said):
    """In memory and as a stream, in one line that names the file."""
    for read in (
        read_table,
        read_sources,
        lambda given: streams.stream(streams.InputFile(str(given), given.suffix, given)),
    ):
        with pytest.raises(InputError, match=said) as error:
            read(path)
        assert path.name in str(error.value) and "\n" not in str(error.value)


# ---- Zarr -----------------------------------------------------------------------------------------------------------


CHANGING = pytest.mark.filterwarnings("ignore:The data type", "ignore:saving variable None")
"""Names in a store are not settled yet; and whole numbers that stand for others may have no gaps."""


def packed(path, values, encoding, version=3, attributes=None):
    xarray = pytest.importorskip("xarray")
    array = xarray.DataArray(
        values, dims=("sample", "source"), coords={"source": ["left", "right"]}, attrs=attributes or {}
    )
    array.to_dataset(name="sources").to_zarr(
        path, encoding={"sources": encoding}, zarr_format=version, consolidated=False
    )
    return path


@CHANGING
@given(
    scale=st.sampled_from([None, 0.5, 2.0]),
    offset=st.sampled_from([None, 2.0]),
    fill=st.sampled_from([None, -9999]),
    version=st.sampled_from([2, 3]),
)
def test_packed_numbers_are_what_they_stand_for(tmp_path_factory, scale, offset, fill, version):
    pytest.importorskip("zarr")
    encoding = {"scale_factor": scale, "add_offset": offset, "_FillValue": fill}
    if scale is not None or offset is not None:
        encoding["dtype"] = "int16"
    path = packed(
        tmp_path_factory.mktemp("packed") / "data.zarr",
        SQUARE * 100,
        {name: value for name, value in encoding.items() if value is not None},
        version,
    )
    table = read_table(path)
    assert table.names == ("left", "right")
    np.testing.assert_allclose(table.values, SQUARE * 100, atol=1e-9)


@CHANGING
@pytest.mark.parametrize("version", [2, 3])
def test_what_was_not_measured_is_told(tmp_path, version):
    pytest.importorskip("zarr")
    values = SQUARE.copy()
    values[2, 1] = np.nan
    path = packed(tmp_path / "data.zarr", values, {"_FillValue": -9999, "scale_factor": 0.5, "dtype": "int16"}, version)
    refused(path, r"1 value\(s\) are NaN or infinite, the first at row 2, column 1 \('right'\)")


@CHANGING
def test_times_in_a_store_are_no_numbers(tmp_path):
    pytest.importorskip("zarr")
    days = np.array([[0, 1], [2, 3], [5, 4]], dtype="M8[D]").astype("M8[ns]")
    refused(packed(tmp_path / "data.zarr", days, {}), "dates or times")


def test_packed_numbers_without_dimensions_are_refused(tmp_path):
    group = store(tmp_path / "data.zarr")
    group.create_array("sources", data=SQUARE).attrs["scale_factor"] = 0.1
    refused(tmp_path / "data.zarr", r"packed numbers \(scale_factor\)")


@given(st.data())
def test_a_lost_chunk_is_no_zeros(tmp_path_factory, data):
    zarr = pytest.importorskip("zarr")
    path = tmp_path_factory.mktemp("lost") / "data.zarr"
    points = np.random.default_rng(0).uniform(1, 2, (10, 3))
    chunks = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 3))
    shards = data.draw(st.sampled_from([None, (2 * chunks[0], chunks[1]), (3 * chunks[0], 2 * chunks[1])]))
    zarr.create_array(str(path), data=points, chunks=chunks, shards=shards)
    np.testing.assert_array_equal(read_table(path).values, points)
    whole = sorted(one for one in (path / "c").rglob("*") if one.is_file())
    data.draw(st.sampled_from(whole)).unlink()
    refused(path, rf"1 of {len(whole)} chunk\(s\) of the array are not there")


def test_weights_beside_an_array_of_any_name(tmp_path):
    group = store(tmp_path / "data.zarr")
    group.create_array("points", data=SQUARE)
    group.create_array("weight", data=np.arange(1.0, 5))
    np.testing.assert_array_equal(read_sources(tmp_path / "data.zarr", "weight").probabilities, np.arange(1, 5) / 10)


@CHANGING
def test_coordinates_are_no_data(tmp_path):
    pytest.importorskip("zarr")
    xarray = pytest.importorskip("xarray")
    array = xarray.DataArray(SQUARE, dims=("time", "unit"), coords={"time": [0, 1, 2, 3], "unit": ["a", "b"]})
    array.to_dataset(name="rates").to_zarr(tmp_path / "data.zarr", consolidated=False)
    assert read_table(tmp_path / "data.zarr").names == ("a", "b")


def test_columns_in_another_order_stay_of_their_kind():
    from solver import Problem, solve
    from theory import Sources

    answer = solve(Problem(Sources(SQUARE, names=["left", "right"])))
    for library in ("pandas", "polars", "pyarrow", "xarray"):
        tables = pytest.importorskip(library)
        if library == "xarray":
            turned = tables.DataArray(SQUARE[:, ::-1], dims=("t", "s"), coords={"s": ["right", "left"]})
        else:
            columns = {"right": SQUARE[:, 1], "left": SQUARE[:, 0]}
            turned = tables.table(columns) if library == "pyarrow" else tables.DataFrame(columns)
        np.testing.assert_allclose(np.asarray(answer.activity(turned)), answer.activity(), atol=1e-12)
    # Whatever is beside them.
    pandas = pytest.importorskip("pandas")
    company = pandas.DataFrame(SQUARE[:, [0, 1, 1, 1, 0]], columns=["Unnamed: 0", "x", "right", "x", "left"])
    np.testing.assert_allclose(answer.activity(company), answer.activity(), atol=1e-12)
    with pytest.raises(InputError, match="several columns are named 'left'"):
        answer.activity(company.rename(columns={"x": "left"}))
    polars = pytest.importorskip("polars")
    times = polars.DataFrame({"right": SQUARE[:, 1], "left": polars.Series([1, 2, 3, 4]).cast(polars.Date)})
    with pytest.raises(InputError, match="column 'left' holds dates or times"):
        answer.activity(times)


# ---- Parquet --------------------------------------------------------------------------------------------------------


def folder(tmp_path, **files):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    place = tmp_path / "data.parquet"
    for name, columns in files.items():
        path = place / f"{name.replace('__', '=').replace('_in_', '/')}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pandas.DataFrame(columns).to_parquet(path)
    return place


PART = {"a": [0.0, 1, 5], "b": [1.0, 7, 0]}


def test_folders_by_a_column_keep_it(tmp_path):
    path = folder(tmp_path, cond__0_in_x=PART, cond__1_in_x={"a": [0.0, 2, 5], "b": [1.0, 3, 4]})
    table = read_table(path)
    assert table.names == ("a", "b", "cond")
    assert table.values[:, 2].tolist() == [0, 0, 0, 1, 1, 1]
    words = folder(tmp_path / "words", who__ann_in_x=PART, who__bob_in_x=PART)
    refused(words, "column 'who' holds no numbers")


@pytest.mark.parametrize("names", [("a", "b", "c"), ("a",)])
def test_files_of_a_folder_have_the_same_columns(tmp_path, names):
    path = folder(tmp_path, part_0=PART, part_1={name: [0.0, 2, 5] for name in names})
    odd = "c" if "c" in names else "b"
    there, lacking = ("part_1", "part_0") if odd == "c" else ("part_0", "part_1")
    refused(path, f"column '{odd}' is in {there}.parquet, but not in {lacking}.parquet")


def test_kinds_of_numbers_may_differ_and_words_are_named(tmp_path):
    path = folder(tmp_path, part_0={"a": [0, 1], "b": [True, False]}, part_1={"a": [0.5, 2], "b": [1, 3]})
    np.testing.assert_array_equal(read_table(path).values, [[0, 1], [1, 0], [0.5, 1], [2, 3]])
    words = folder(tmp_path / "words", part_0=PART, part_1={"a": ["x", "y"], "b": [1, 2]})
    refused(words, r"part_1.parquet: column 'a' holds no numbers \((large_)?string\)")


@pytest.mark.parametrize(
    "told", [b"{", b"[]", b"3", b"\xff", b'{"index_columns": 5}', b'{"index_columns": [["a"], {}, 3]}', b"[" * 100_000]
)
def test_broken_words_of_pandas_lose_nothing(tmp_path, told):
    pyarrow = pytest.importorskip("pyarrow")
    table = pyarrow.table(PART | {"__index_level_0__": [7, 8, 9]}).replace_schema_metadata({b"pandas": told})
    pytest.importorskip("pyarrow.parquet").write_table(table, tmp_path / "data.parquet")
    found = read_table(tmp_path / "data.parquet")
    assert found.names == ("a", "b") and found.values.tolist() == [[0, 1], [1, 7], [5, 0]]


def test_columns_that_cannot_be_told_apart(tmp_path, write):
    pyarrow = pytest.importorskip("pyarrow")
    twice = pyarrow.table([pyarrow.array([0.0, 1, 3])] * 2, names=["a", "a"])
    pytest.importorskip("pyarrow.parquet").write_table(twice, tmp_path / "twice.parquet")
    parquet(tmp_path / "rows.parquet", SQUARE, ["Unnamed: 0", "a"])
    refused(tmp_path / "twice.parquet", "2 columns are named 'a'; give each its own name")
    refused(tmp_path / "rows.parquet", "column 0 .* is called 'Unnamed: 0', as pandas calls one without a name")
    refused(write("a,a\n0,0\n0,1\n1,0\n"), "2 columns are named 'a'; give each its own name")
    refused(write("Unnamed: 0,a\n0,0\n1,1\n2,0\n"), "is called 'Unnamed: 0', as pandas calls one without a name")


@pytest.mark.parametrize("kind", ["npy", "parquet"])
def test_names_command_no_terminal(tmp_path, kind):
    names = ["a\x1b[31m", "b\x9b2J"]
    path = tmp_path / f"data.{kind}"
    if kind == "npy":
        np.save(path, np.rec.fromarrays(SQUARE.T, dtype=[(name, "f8") for name in names]))
    else:
        parquet(path, SQUARE, names)
    expected = ("a\\x1b[31m", "b\\x9b2J")
    assert read_table(path).names == read_sources(path).names == expected
    assert streams.stream(streams.InputFile(str(path), path.suffix, path)).names == expected


# ---- numpy's formats ------------------------------------------------------------------------------------------------


def test_archives_without_arrays(tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "data.npz", "w") as archive:
        archive.writestr("notes.txt", "1,2")
    with pytest.raises(InputError, match="needs an array named 'sources' or a single array; it holds none"):
        read_table(tmp_path / "data.npz")
    with zipfile.ZipFile(tmp_path / "data.npz", "a") as archive:
        archive.writestr("points.npy", saved(np.save, SQUARE))
    np.testing.assert_array_equal(read_table(tmp_path / "data.npz").values, SQUARE)


@pytest.mark.parametrize("kind", ["M8[D]", "m8[s]", "U3", "c16"])
def test_records_of_other_things_than_numbers(write, kind):
    records = np.zeros(4, dtype=[("a", "f8"), ("b", kind)])
    refused(write(saved(np.save, records), "data.npy"), "dates or times|is not a number|are no numbers|complex")


# ---- text -----------------------------------------------------------------------------------------------------------


FAILED = ["#NV", "#WERT!", "#####", "#BEZUG!", "#¡VALOR!", "#NOM?", "#N/D", "#VALEUR!", "#Н/Д", "#YOK", '"#NV"']


@given(
    failed=st.sampled_from(FAILED),
    width=st.integers(1, 3),
    header=st.booleans(),
    delimiter=st.sampled_from([",", ";", "\t", " "]),
    place=st.tuples(st.integers(0, 3), st.integers(0, 2)),
)
def test_what_spreadsheets_say_is_no_comment(tmp_path_factory, failed, width, *, header, delimiter, place):
    row, column = place
    rows = [[str(10 * i + j) for j in range(width)] for i in range(4)]
    rows[row][column % width] = failed
    table = ([["one", "two", "three"][:width]] if header else []) + rows
    path = tmp_path_factory.mktemp("failed") / "data.csv"
    path.write_text("\n".join(delimiter.join(cells) for cells in table) + "\n", encoding="utf-8")
    if width == 1 and row == 0 and not header and failed == "#YOK":
        return  # as good a comment as any
    refused(path, "is not a number|mixes numbers and text")


@pytest.mark.parametrize(
    "content",
    [
        "#left,right\n" + lines(header=""),
        "# n, 5\n" + lines(),
        lines() + "# n, 5\n",
        lines() + "#3,4\n",
        lines() + "#\n",
        lines() + "#comment\n",
        lines() + "#a comment, of words\n",
        lines(" ") + "#a 5\n" * 0 + "#words and more 5\n",
        lines().replace("-1,1\n", "-1,1 #first\n"),
        "#LEFT RIGHT\n" + lines(" ", header=""),
        lines() + "# " + "1" * 200_000 + ",5\n",
    ],
)
def test_comments_are_no_rows(write, content):
    np.testing.assert_array_equal(read_table(write(content)).values, SQUARE)


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("sep=;\nleft;right\n-1;-1\n-1;1\n1;-1\n1;1,5\n", ("left", "right")),
        ("SEP=,\r\nleft,right\r\n-1,-1\r\n-1,1\r\n1,-1\r\n1,1.5\r\n", ("left", "right")),
        ("\ufeffsep=|\nleft|right\n-1|-1\n-1|1\n1|-1\n1|1.5\n", ("left", "right")),
        ("sep=;\n-1;-1\n-1;1\n1;-1\n1;1,5\n", None),
        ('"left\nside","right"\n' + lines(header=""), ("left side", "right")),
        ('"left\r\nside";right\r\n' + lines(";", "\r\n", header=""), ("left side", "right")),
        ('left,"right\n\n(mV)"\n' + lines(header=""), ("left", "right (mV)")),
    ],
)
def test_what_spreadsheets_put_first_is_read(write, monkeypatch, content, names):
    path = write(content)
    table = read_table(path)
    assert table.names == names
    np.testing.assert_array_equal(table.values, SQUARE)
    monkeypatch.setattr(text, "TEXT_LIMITS", replace(text.TEXT_LIMITS, bytes=10))
    assert streams.stream(streams.InputFile(str(path), path.suffix, path)).count == 4


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a\tb\n1,5\t2\n", "'1,5' is not a number, at line 2, column 1 ('a'); write decimal points, or semicolons"),
        ("1,5\t2,5\n3\t4\n5\t6\n", "line 1 mixes numbers and text ('1,5' in column 1); write decimal points"),
        ("1,5 2,5\n3,0 4,1\n", "('5 2' in column 2); write decimal points, or semicolons between the cells"),
        ("a,b\n1," + "1x" * 100_000 + "\n2,3\n", "line 2 has a cell of more than 131,072 characters"),
        ("a" * 200_000 + ",b\n1,2\n2,3\n", "line 1 has a cell of more than 131,072 characters"),
        ('"a,b\n1,2\n3,4\n', "a quotation mark in the header (line 1) is never closed"),
    ],
)
def test_what_is_wrong_is_named(write, content, said):
    refused(write(content), re.escape(said))


def test_rows_that_are_sources(tmp_path):
    np.save(tmp_path / "data.npy", np.random.default_rng(0).uniform(size=(3, 8)))
    with pytest.raises(InputError, match=r"8 sources are too many for 3 samples; .*transpose if each row holds"):
        read_sources(tmp_path / "data.npy")


def test_a_table_of_records_in_json_is_text(write):
    with pytest.raises(InputError, match=r"data\.csv: "):
        read_table(write(json.dumps([{"a": 1, "b": 2}])))
