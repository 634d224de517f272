"""Files in: what a spreadsheet or numpy writes is read; what cannot be used is refused with the place."""

from __future__ import annotations

import io
import os
import re
import sys
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from solver.reading import input_file, read_exactly, read_mixing, read_sources, read_table
from theory import InputError

SQUARE = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1.5]])


def lines(delimiter=",", end="\n", header="left,right"):
    rows = [delimiter.join(f"{value:g}" for value in row) for row in SQUARE]
    return end.join([*([header.replace(",", delimiter)] if header else []), *rows]) + end


@pytest.mark.parametrize(
    "content",
    [
        lines(),
        lines(end="\r\n"),
        lines(end="\r"),
        "\ufeff" + lines(),
        lines(";"),
        lines("\t"),
        lines(" "),
        lines(";").replace(".", ","),
        lines(", "),
        lines() + "\n  \n\n",
        lines() + ",\n,\n",
        "\n" + lines(),
        "# a comment\n" + lines(),
        '"left","right"\n' + lines(header=""),
        'left,right\n"-1","-1"\n-1,1\n1,-1\n1,1.5',
        lines().encode("utf-16"),
    ],
)
def test_what_spreadsheets_write_is_read(write, content):
    table = read_table(write(content))
    assert table.names == ("left", "right")
    np.testing.assert_array_equal(table.values, SQUARE)


def test_header_is_optional(write):
    sources = read_sources(write(lines(header="")))
    assert sources.names == ("s1", "s2")
    np.testing.assert_array_equal(sources.points, SQUARE)


def test_decimal_commas_without_header(write):
    np.testing.assert_array_equal(read_table(write("1,5;2\n3;4,25\n")).values, [[1.5, 2], [3, 4.25]])


def test_delimiter_inside_a_quoted_name(write):
    assert read_table(write('"length, cm";width\n1;2\n3;4\n')).names == ("length, cm", "width")


def test_one_column_with_a_space_in_its_name(write):
    table = read_table(write("body mass\n1\n2\n"))
    assert table.names == ("body mass",)
    assert table.values.shape == (2, 1)


def test_header_in_an_old_encoding(write):
    assert read_table(write("L\xe4nge,b\n1,2\n3,4\n".encode("latin-1"))).names == ("L\xe4nge", "b")


@given(
    values=arrays(
        np.float64, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=6), elements=st.floats(-1e300, 1e300)
    )
)
def test_written_numbers_come_back_exactly(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("table") / "data.csv"
    np.savetxt(path, values, delimiter=",")
    read = read_table(path).values
    np.testing.assert_array_equal(read, [[float(f"{value:.18e}") for value in row] for row in values])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "empty"),
        ("\n\n", "no rows"),
        ("a,b\n", "only a header"),
        ("a,b\n,\n,\n", "no rows"),
        ("1,2\n", "only one row"),
        ("a,b\n1,2\n3,x\n", "'x' is not a number, at line 3, column 2 ('b')"),
        ("a,b\n1,2\n\n3,NA\n", "'NA' is not a number, at line 4, column 2 ('b')"),
        ("1,2\nx,3\n", "'x' is not a number, at line 2, column 1;"),
        ("1,x\n2,3\n", "line 1 mixes numbers and text ('x' in column 2)"),
        ("a,b\n1,\n", "empty cell at line 2, column 2 ('b')"),
        (
            "a,b\n1,2\n1,\n2,3\n3,\n",
            "empty cell at line 3, column 2 ('b'), and 1 more in this column; fill in, or remove",
        ),
        ("a,b\n1,\n2,\n", "column 2 ('b') is empty; leave it out (--drop)"),
        ("a,b\n1,1_000\n", "'1_000' is not a number"),
        ("a\tb\n1\t1,5\n", "'1,5' is not a number"),
        ("a;b\n1,5;2\n1.5;2\n", "decimal commas and decimal points, at line 3"),
        ("1,2\n3,4,5\n", "line 2 has 3 cell(s), the rows before it 2"),
        ("a,b\n1,2\n3\n", "line 3 has 1 cell(s)"),
        ("a,b,c\n1,2\n3,4\n", "the header has 3 name(s), but the rows have 2"),
        (",a\n0,1\n1,2\n", "column 1 has no name"),
        ("a,b\n1,2\n\n3,nan\n-inf,4\n", "2 value(s) are NaN or infinite, the first at line 4, column 2 ('b')"),
        ("1,1e999\n2,3\n", "1 value(s) are NaN or infinite, the first at line 1, column 2"),
        (b"PK\x03\x04\0\0", "binary data"),
    ],
)
def test_bad_text_is_refused_with_its_place(write, content, said):
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        read_sources(write(content))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "remedy"),
    [("data.xlsx", "save the sheet as .csv"), ("data.pt", "load it with torch"), ("data", "give one of .csv")],
)
def test_unknown_suffix(write, name, remedy):
    with pytest.raises(InputError, match=f"unknown kind of file .*; {remedy}"):
        read_sources(write(lines(), name))


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_sources(tmp_path / "none.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(IsADirectoryError):
        read_sources(tmp_path / "folder.csv")


# ---- numpy's formats ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64, ">f8"])
def test_npy_of_any_number_type(tmp_path, dtype):
    np.save(tmp_path / "data.npy", np.round(SQUARE).astype(dtype))
    read = read_sources(tmp_path / "data.npy").points
    assert read.dtype == np.float64
    np.testing.assert_array_equal(read, np.round(SQUARE))


def test_named_fields_become_names(tmp_path):
    np.save(tmp_path / "data.npy", np.array([(1.0, 2.0), (3.0, 5.0)], dtype=[("a", "f8"), ("b", "f8")]))
    assert read_table(tmp_path / "data.npy").names == ("a", "b")


def test_npz_takes_sources_or_the_only_array(tmp_path):
    path = tmp_path / "data.npz"
    np.savez(path, other=np.eye(3), sources=SQUARE)
    np.testing.assert_array_equal(read_sources(path).points, SQUARE)
    np.savez(path, anything=SQUARE)
    np.testing.assert_array_equal(read_sources(path).points, SQUARE)
    np.savez(path, mixing=np.eye(2), sources=SQUARE)
    np.testing.assert_array_equal(read_mixing(path), np.eye(2))
    np.savez(path, mixing=np.eye(2), sources=SQUARE, targets=np.ones((1, 2)))
    np.testing.assert_array_equal(read_mixing(path, "targets"), np.ones((1, 2)))
    np.savez(path, first=SQUARE, second=SQUARE)
    with pytest.raises(InputError, match="'first', 'second'"):
        read_sources(path)
    np.savez(path)
    with pytest.raises(InputError, match="it holds none"):
        read_sources(path)


def test_pickles_are_refused(tmp_path):
    content = np.array([[1, None], [2, 3]], dtype=object)
    np.save(tmp_path / "data.npy", content, allow_pickle=True)
    np.savez(tmp_path / "data.npz", content)
    for name in ("data.npy", "data.npz"):
        with pytest.raises(InputError, match="pickled"):
            read_sources(tmp_path / name)


@pytest.mark.parametrize("name", ["data.npy", "data.npz"])
def test_damaged_arrays_are_refused(tmp_path, name):
    save = np.save if name.endswith("npy") else np.savez
    save(tmp_path / name, SQUARE)
    whole = (tmp_path / name).read_bytes()
    for content in (b"abc", whole[: len(whole) - 40], whole[:7]):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match="damaged or not of its kind"):
            read_sources(tmp_path / name)


def test_nan_in_an_array(tmp_path):
    np.save(tmp_path / "data.npy", [[1.0, 2.0], [np.nan, np.inf]])
    with pytest.raises(InputError, match=re.escape("2 value(s) are NaN or infinite, the first at row 1, column 0")):
        read_sources(tmp_path / "data.npy")


# ---- probabilities ------------------------------------------------------------------------------------------------


def test_probabilities_by_name_and_by_number(write):
    named = read_sources(write("a,weight,b\n-1,1,-1\n-1,1,1\n1,2,-1\n"), "weight")
    plain = read_sources(write("-1,1,-1\n-1,1,1\n1,2,-1\n"), "1")
    assert named.names == ("a", "b")
    for sources in (named, plain):
        np.testing.assert_array_equal(sources.probabilities, [0.25, 0.25, 0.5])
        np.testing.assert_array_equal(sources.points, [[-1, -1], [-1, 1], [1, -1]])


def test_probabilities_from_an_array_of_their_own(tmp_path):
    np.savez(tmp_path / "data.npz", sources=SQUARE, chances=[1, 1, 1, 5])
    assert read_sources(tmp_path / "data.npz", "chances").probabilities[3] == 5 / 8


def test_unknown_probabilities_name_the_near_ones(write):
    path = write("a,weight,b\n-1,1,-1\n-1,1,1\n1,2,-1\n")
    with pytest.raises(InputError, match="did you mean 'weight'"):
        read_sources(path, "wieght")
    with pytest.raises(InputError, match="there are a, weight, b"):
        read_sources(path, "zzz")
    with pytest.raises(InputError, match="number from 0 to 1"):
        read_sources(write(lines(header="")), "2")
    with pytest.raises(InputError, match="2 columns are named 'a'"):
        read_sources(write("a,a\n1,2\n3,4\n"), "a")
    with pytest.raises(InputError, match="only column"):
        read_sources(write("a\n1\n3\n"), "a")


# ---- standard input and pipes -------------------------------------------------------------------------------------


def saved(save, *arguments, **arrays_by_name):
    stream = io.BytesIO()
    save(stream, *arguments, **arrays_by_name)
    return stream.getvalue()


@pytest.fixture
def standard_input(monkeypatch):
    def filled(content):
        content = content if isinstance(content, bytes) else content.encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    return filled


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (lines(), ("left", "right")),
        ("\ufeff" + lines(";", end="\r\n").replace(".", ","), ("left", "right")),
        (lines(header="").encode("utf-16"), None),
        (saved(np.save, SQUARE), None),
        (saved(np.savez, mixing=np.eye(2), sources=SQUARE), None),
        (saved(np.savez_compressed, SQUARE), None),
    ],
    ids=["csv", "spreadsheet", "utf-16", "npy", "npz", "compressed"],
)
def test_standard_input_is_read_by_its_kind(standard_input, content, names):
    standard_input(content)
    table = read_table("-")
    assert table.names == names
    np.testing.assert_array_equal(table.values, SQUARE)


def test_standard_input_is_read_once_and_exactly(standard_input):
    standard_input("a,b,p\n0.1,0,1\n0.3,1,1\n0.2,0.7,2\n")
    data = input_file("-")
    assert read_sources(data, "p").probabilities.tolist() == [0.25, 0.25, 0.5]
    values, weights = read_exactly(data, probabilities="p")
    assert values.tolist() == [["0.1", "0"], ["0.3", "1"], ["0.2", "0.7"]]
    assert weights.tolist() == ["1", "1", "2"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "standard input: the file is empty"),
        ("a,b\n1,2\n2,x\n", r"standard input: 'x' is not a number, at line 3, column 2 \('b'\)"),
        ("a,b\n1,2\n2,nan\n", r"standard input: 1 value\(s\) are NaN or infinite, the first at line 3"),
        (b"\x93NUMPY\x01", "standard input: the file is damaged"),
        (b"PK\x03\x04", "standard input: the file is damaged"),
        (b"\x7fELF\0\0", "standard input: binary data, not text"),
    ],
)
def test_errors_name_standard_input(standard_input, content, said):
    standard_input(content)
    with pytest.raises(InputError, match=f"^{said}"):
        read_sources("-")


def test_standard_input_that_is_closed(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(InputError, match="standard input: it is closed"):
        read_table("-")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("name", ["pipe.csv", "pipe"])
def test_a_pipe_is_read_once(tmp_path, name):
    path = tmp_path / name
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=(lines(),), daemon=True)
    writer.start()
    np.testing.assert_array_equal(read_table(path).values, SQUARE)
    writer.join()


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="the system has no /dev/zero")
def test_a_device_without_end_is_refused():
    with pytest.raises(InputError, match="/dev/zero: binary data"):
        read_table("/dev/zero")


# ---- what else people save ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", ["#N/A", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?"])
@pytest.mark.parametrize("row", ["{},2", "2,{}"])
def test_failed_formulas_are_not_taken_for_comments(write, error, row):
    content = "left,right\n1,2\n# a comment\n" + row.format(error) + "\n3,5\n"
    with pytest.raises(InputError, match=f"{re.escape(repr(error))} is not a number, at line 4"):
        read_table(write(content))


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("1,2 # first\n3,5 # second\n", None),
        ("left,trial #\n1,2\n3,5\n", ("left", "trial #")),
        ("le\x1b[31mft,right\n1,2\n3,5\n", ("le\\x1b[31mft", "right")),
        ("\ufeffleft,right\n1,2\n3,5\n".encode("utf-32"), ("left", "right")),
    ],
    ids=["comments", "a name with a sign", "a name that commands a terminal", "utf-32"],
)
def test_comments_names_and_encodings(write, content, names):
    table = read_table(write(content))
    assert table.values.tolist() == [[1, 2], [3, 5]]
    assert table.names is None if names is None else [name.lstrip("\ufeff") for name in table.names] == list(names)


@pytest.mark.parametrize("kind", ["M8[D]", "m8[s]"])
def test_dates_are_no_numbers(write, kind):
    with pytest.raises(InputError, match="dates or times; give numbers"):
        read_table(write(saved(np.save, np.array([1, 2, 5]).astype(kind)), "dates.npy"))


def test_more_numbers_than_memory_are_no_damage(write):
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000000, 3), }".ljust(117) + b"\n"
    with pytest.raises(InputError, match="more numbers than memory does"):
        read_table(write(b"\x93NUMPY\x01\x00v\x00" + header + bytes(24), "many.npy"))


def test_fields_within_fields_have_no_names(write):
    nested = np.array([((1, 2), 3), ((2, 1), 5)], dtype=[("p", [("a", "f8"), ("b", "f8")]), ("z", "f8")])
    table = read_table(write(saved(np.save, nested), "nested.npy"))
    assert (table.names, table.values.tolist()) == (None, [[1, 2, 3], [2, 1, 5]])


HEADERS = st.sampled_from([b"\x93NUMPY", b"PK\x03\x04", b"\xff\xfe", b"\xef\xbb\xbf", b"a,b\n1,2\n", b"1;2\n", b""])


@given(HEADERS, st.binary(max_size=60), st.sampled_from([".csv", ".npy", ".npz"]))
def test_any_bytes_are_read_or_refused_in_one_line(tmp_path_factory, head, tail, suffix):
    path = tmp_path_factory.mktemp("bytes") / f"data{suffix}"
    path.write_bytes(head + tail)
    try:
        assert np.isfinite(read_table(path).values).all()
    except InputError as error:
        assert str(path) in str(error)
        assert "\n" not in str(error)
