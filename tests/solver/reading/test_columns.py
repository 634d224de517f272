"""Tables in which some columns are sources: the others may hold anything, and no row is lost or shifted by them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solver.reading import Choice, read_exactly, read_samples, read_sources, read_table, streams, tables, text
from solver.reading.files import InputFile
from solver.reading.samples import rows_in_order
from tests.solver.commands.test_cli import accepted, refused
from theory import InputError

ROWS = np.random.default_rng(3).uniform(-1, 1, (60, 3)).round(3)
WEIGHTS = np.arange(60) % 4 + 1.0
WORDS = [["plain", '"with, comma"', '"# no comment"', '"two\nlines"', "", 'a 5" screen'][row % 6] for row in range(60)]
WANTED = Choice.of(columns=["z,x"], drop=["note"], index="trial")


def session(delimiter=","):
    """A table as people keep them: words, an index, sources and weights."""
    rows = [
        delimiter.join([word, f"t{row}", *(f"{value:g}" for value in numbers), f"{weight:g}"])
        for row, (word, numbers, weight) in enumerate(zip(WORDS, ROWS, WEIGHTS, strict=True))
    ]
    return "\n".join([delimiter.join(["note", "trial", "x", "y", "z", "weight"]), *rows]) + "\n"


def check(table):
    assert table.names == ("z", "x")
    np.testing.assert_array_equal(table.values, ROWS[:, [2, 0]])
    np.testing.assert_array_equal(table.probabilities, WEIGHTS)
    assert table.labels == tuple(f"t{row}" for row in range(60))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_words_beside_the_numbers(write, end):
    check(read_samples(write(session().replace("\n", end)), "weight", WANTED))


def test_exactly(write):
    values, weights = read_exactly(write(session()), probabilities="weight", choice=WANTED)
    assert values.tolist() == [[f"{row[2]:g}", f"{row[0]:g}"] for row in ROWS] and weights[1] == "2"


def test_records_with_words(tmp_path):
    kinds = [("note", "U12"), ("trial", "U4"), ("x", "f8"), ("y", "f8"), ("z", "f8"), ("weight", "f8")]
    rows = [(f"{row}", f"t{row}", *ROWS[row], WEIGHTS[row]) for row in range(60)]
    np.save(tmp_path / "data.npy", np.array(rows, dtype=kinds))
    check(read_samples(tmp_path / "data.npy", "weight", WANTED))
    np.savez(tmp_path / "data.npz", sources=np.array(rows, dtype=kinds), share=WEIGHTS)
    check(read_samples(tmp_path / "data.npz", "weight", WANTED))
    check(read_samples(tmp_path / "data.npz", "share", WANTED))


def test_parquet_with_words(tmp_path):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pandas.DataFrame(ROWS, columns=["x", "y", "z"]).assign(note="words", weight=WEIGHTS)
    frame.insert(0, "trial", [f"t{row}" for row in range(60)])
    frame.to_parquet(tmp_path / "data.parquet")
    check(read_samples(tmp_path / "data.parquet", "weight", WANTED))
    frame.set_index("trial").to_parquet(tmp_path / "labelled.parquet")
    check(read_samples(tmp_path / "labelled.parquet", "weight", WANTED))
    with pytest.raises(InputError, match="column 'note' holds no numbers"):
        read_table(tmp_path / "data.parquet", choice=Choice.of(drop=["trial"]))


def test_columns_without_names_go_by_their_numbers(tmp_path):
    np.save(tmp_path / "data.npy", np.column_stack([np.full(60, np.nan), np.arange(60), ROWS]))
    table = read_samples(tmp_path / "data.npy", "2", Choice.of(["4", "3"], index="1"))
    assert table.names == ("column 4", "column 3") and table.labels[7] == "7.0"
    np.testing.assert_array_equal(table.values, ROWS[:, [2, 1]])
    np.testing.assert_array_equal(table.probabilities, ROWS[:, 0])


def test_zarr(tmp_path):
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(str(tmp_path / "data.zarr"), mode="w")
    group.create_array("sources", data=ROWS, chunks=(20, 3))
    group.create_array("weight", data=WEIGHTS, chunks=(60,))
    table = read_samples(tmp_path / "data.zarr", "weight", Choice.of(drop=["1"], index="0"))
    np.testing.assert_array_equal(table.values, ROWS[:, 2:])
    np.testing.assert_array_equal(table.probabilities, WEIGHTS)


@pytest.mark.parametrize("kind", ["csv", "npy", "records", "parquet"])
def test_a_stream_is_the_same(monkeypatch, write, tmp_path, kind):
    monkeypatch.setattr(streams, "STREAMS", replace(streams.STREAMS, share=1e-12))
    monkeypatch.setattr(streams, "STREAMS", replace(streams.STREAMS, npy_rows=7))
    monkeypatch.setattr(tables, "TABLE_ROWS", 7)
    monkeypatch.setattr(text, "TEXT_LIMITS", replace(text.TEXT_LIMITS, rows=7))
    choice = WANTED
    if kind == "csv":
        path = write(session())
    elif kind == "parquet":
        pandas = pytest.importorskip("pandas")
        path = tmp_path / "data.parquet"
        frame = pandas.DataFrame(ROWS, columns=["x", "y", "z"]).assign(note="words", weight=WEIGHTS, trial=1)
        frame.to_parquet(path)
    else:
        path = tmp_path / "data.npy"
        table = np.column_stack([np.zeros(60), np.arange(60), ROWS, WEIGHTS])
        names = ["note", "trial", "x", "y", "z", "weight"]
        np.save(path, np.rec.fromarrays(table.T, names=names) if kind == "records" else table)
        choice = WANTED if kind == "records" else Choice.of(["4,2"], ["0"], "1")
    weights = "5" if kind == "npy" else "weight"
    streamed = read_sources(path, weights, choice=choice)
    whole = read_sources(path, weights, choice=choice, whole=True)
    assert not streamed.from_samples and streamed.names == whole.names and streamed.dimension == 2
    np.testing.assert_allclose(streamed.covariance, whole.covariance, rtol=1e-12)


@pytest.mark.parametrize(
    ("content", "choice", "names", "first"),
    [
        ("m1 2 3\nm2 4 5\n", Choice.of(drop=["0"]), ("column 1", "column 2"), [2, 3]),
        ("0,1,2\nm1,2,3\nm2,4,5\n", Choice.of(["1", "2"]), ("1", "2"), [2, 3]),  # a name, before it is a number
        (",1,2\n7,2,3\n8,4,5\n", Choice.of(index="0"), ("1", "2"), [2, 3]),  # as pandas writes its columns
        ('"x" "y"\n"a" 2 3\n"b" 4 5\n', Choice.of(index="0"), ("x", "y"), [2, 3]),  # as R writes its rows
        ("id;x;y\na;2,5;3\nb;4;5\n", Choice.of(index="id"), ("x", "y"), [2.5, 3]),
        ("id,x,x\na,2,3\nb,4,5\n", Choice.of(index="id", drop=["2"]), ("x",), [2]),
        ("# about\nid,unit 1,unit 2,u\na,2,3,9\nb,4,5,9\n", Choice.of(["unit*"]), ("unit 1", "unit 2"), [2, 3]),
        ('"a, b",x*,y\nw,2,3\nw,4,5\n', Choice.of(drop=["a, b"]), ("x*", "y"), [2, 3]),
        ("a,b\n1,2\n3,4\n# 5,6\n", Choice.of(["b"]), ("b",), [2]),
    ],
)
def test_what_is_a_header_and_what_a_name(write, content, choice, names, first):
    table = read_table(write(content), choice=choice)
    assert table.names == names
    assert table.values.shape == (2, len(names)) and table.values[0].tolist() == first


@pytest.mark.parametrize(
    ("content", "choice", "said"),
    [
        ("a,b\n1,2\n3,4\n", Choice.of(["aa"]), "no column 'aa' for --columns; did you mean 'a'?"),
        ("1,2\n3,4\n", Choice.of(drop=["x"]), "the columns have no names, give a number from 0 to 1"),
        ("a,b\n1,2\n3,4\n", Choice.of(["a"], ["a"]), "'a' is named by --columns and by --drop"),
        ("a,b\n1,2\n3,4\n", Choice.of(["a"], index="0"), "'a' is named by --columns and by --index-column"),
        ("a,b\n1,2\n3,4\n", Choice.of(drop=["a", "b"]), "no column of numbers is left"),
        ("a,b\n1,2\n3,4\n", Choice.of(["u*"]), "no column 'u*' for --columns"),
        # An unquoted comma in a note must not shift the columns after it, nor one that is not there.
        ("note,a,b\nx,1,2\nx, y,3,4\n", Choice.of(drop=["note"]), "line 3 has 4 cell(s), the rows before it 3"),
        ("m,1,2\nm,3\n", Choice.of(drop=["0"]), "line 2 has 2 cell(s)"),
        ("a,b\n1,2\n3,4,5\n", Choice.of(["a"]), "line 3 has 3 cell(s)"),
        ("id,a\nm,1\n#1,2\n", Choice.of(index="id"), "line 3 begins with '#1', and may be a row or a comment"),
        ("#1,2\nm,1\nm,3\n", Choice.of(index="0"), "line 1 begins with '#1', and may be a row or a comment"),
        ("note,a,b\n#N/A,1,#N/A\nm,3,4\n", Choice.of(drop=["note"]), "line 2 begins with '#N/A'"),
        ("note,a,b\nm,1,#N/A\nm,3,4\n", Choice.of(drop=["note"]), "'#N/A' is not a number, at line 2, column 3 ('b')"),
        ("note,a,b\nm,1,\nm,3,4\n", Choice.of(drop=["note"]), "empty cell at line 2, column 3 ('b')"),
        ("note,a,b\nm,1,1_0\nm,3,4\n", Choice.of(drop=["note"]), "'1_0' is not a number"),
        ('note,a,b\n"m\nx",1,nan\nm,3,4\n', Choice.of(drop=["note"]), "the first at line 2, column 3 ('b')"),
        ('note,a,b\n"m,1,2\nm,3,4\n', Choice.of(drop=["note"]), "a quotation mark at line 2 is never closed"),
        ("note,a,\nm,1,2\nm,3,4\n", Choice.of(drop=["note"]), "column 3 has no name in the header (line 1)"),
        ("note,a,b\n", Choice.of(drop=["note"]), "only a header"),
        ("w,a,a\n1,2,3\n1,4,5\n", Choice.of(drop=["w"]), "2 columns are named 'a'"),
        (",a\n0,1\n1,2\n", Choice.of(), "say so by --index-column 0"),
        ("note,a\nm,1\nm,3\n", Choice.of(), "remove the row or column (--drop), or take it as a category"),
    ],
)
def test_what_cannot_be_read_is_one_line(write, content, choice, said):
    with pytest.raises(InputError) as error:
        read_table(write(content), choice=choice)
    assert said in str(error.value) and "\n" not in str(error.value) and str(error.value).count("data.csv") == 1


def test_rows_are_matched_by_name():
    here, there = InputFile("a", ".csv"), InputFile("b", ".csv")

    def table(labels):
        return read_table(InputFile("t", ".csv", content=("i,v\n" + "".join(f"{i},{i}\n" for i in labels)).encode()),
                          choice=Choice.of(index="i"))  # fmt: skip

    ordered = rows_in_order(table(["3", "1", "2"]), here, table(["1.0", "2", "3"]), there)
    assert ordered.values[:, 0].tolist() == [1, 2, 3]
    for mine, said in ((["1", "1", "2"], "a: 2 rows are called '1.0'"), (["1", "2"], "a: no row is called '3.0'"),
                       (["1", "2", "3", "4"], "b: no row is called '4.0', as one of a is")):  # fmt: skip
        with pytest.raises(InputError, match=said):
            rows_in_order(table(mine), here, table(["3", "2", "1"]), there)


def test_on_the_command_line(write, tmp_path):
    path = write(session())
    by_name = accepted(
        "solve", path, "--drop", "note", "--index-column", "trial", "--probabilities", "weight", "--json"
    )
    np.savez(tmp_path / "plain.npz", sources=ROWS, share=WEIGHTS)
    plain = accepted("solve", tmp_path / "plain.npz", "--probabilities", "share", "--json")
    assert by_name.stdout.split('"seconds"')[0] == plain.stdout.split('"seconds"')[0]
    assert '"sources": ["z", "x"]' in accepted("check", path, "--columns", "z", "--columns", "x", "--json").stdout
    assert "no column 'nothing' for --drop" in refused("check", path, "--drop", "nothing")


def test_one_table_of_sources_and_neurons(write):
    rows = [(-1, -1), (-1, 1), (1, -1), (1, 1)]
    plain = write("i,x,y,n1,n2\n" + "".join(f"{i},{x},{y},{1 + x},{1 + y}\n" for i, (x, y) in enumerate(rows)))
    turned = write(
        "i,n1,n2\n" + "".join(f"{i},{1 + x},{1 + y}\n" for i, (x, y) in [*enumerate(rows)][::-1]), "turned.csv"
    )
    chosen = ("--columns", "x,y", "--index-column", "i", "--activity-columns", "n*", "--json")
    one, two = (accepted("audit", path, plain, *chosen).stdout for path in (plain, turned))
    assert '"neurons": ["n1", "n2"]' in one and one.split('"optimum"')[0] == two.split('"optimum"')[0]
