"""Files that are more than memory has room for: read a block at a time, to the same answer."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from solver import Problem, solve, sweep
from solver.commands.cli import main
from solver.reading import read_exactly, read_sources, read_table, streams, tables, text
from solver.sweeps.spec import read_sweep
from tests.examples import thorough
from theory import InputError, Sources

COUNT = 5000
POINTS = np.random.default_rng(0).standard_normal((COUNT, 3)) @ [[1, 0.5, 0], [0, 1, 0.2], [0, 0, 1]] + 3
WEIGHTS = np.random.default_rng(1).integers(0, 3, COUNT).astype(float)
TABLE = np.column_stack([POINTS, WEIGHTS])
NAMES = ["a", "b", "c", "weight"]


@pytest.fixture
def tiny_memory(monkeypatch):
    """Everything is past memory, and comes in many blocks."""
    monkeypatch.setattr(streams, "STREAMS", replace(streams.STREAMS, share=1e-12))
    monkeypatch.setattr(streams, "STREAMS", replace(streams.STREAMS, npy_rows=700))
    monkeypatch.setattr(tables, "TABLE_ROWS", 700)
    monkeypatch.setattr(text, "TEXT_LIMITS", replace(text.TEXT_LIMITS, bytes=20_000))


def parquet(path, table=TABLE, names=NAMES):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pandas.DataFrame(table, columns=names)
    frame.to_parquet(path)
    return frame


def store(path):
    return pytest.importorskip("zarr").open_group(str(path), mode="w")


def written(folder: Path, kind: str) -> tuple[Path, str]:
    """A file of this kind, and what its weights are called."""
    path = folder / f"data.{kind.rpartition(' ')[2]}"
    if kind == "records npy":
        np.save(path, np.rec.fromarrays(TABLE.T, names=",".join(NAMES)))
    elif path.suffix == ".npy":
        table = {"npy": TABLE, "fortran npy": np.asfortranarray(TABLE), "single npy": TABLE.astype(np.float32)}
        np.save(path, table[kind])
        return path, "3"
    elif kind == "csv":
        np.savetxt(path, TABLE, delimiter=",", header=",".join(NAMES), comments="", fmt="%.17g")
    elif kind == "semicolons csv":
        rows = "\r\n".join(";".join(f"{value:.17g}".replace(".", ",") for value in row) for row in TABLE)
        path.write_text(";".join(NAMES) + "\r\n" + rows + "\r\n;;;\r\n", newline="")
    elif kind == "parquet":
        parquet(path)
    elif kind == "folder parquet":
        path.mkdir()
        parquet(path / "0.parquet", TABLE[:3000])
        parquet(path / "1.parquet", TABLE[3000:])
    else:
        group = store(path)
        group.create_array("sources", data=POINTS, chunks=(1000, 2))
        group.create_array("weight", data=WEIGHTS, chunks=(900,))
    return path, "weight"


KINDS = [
    "npy",
    "fortran npy",
    "single npy",
    "records npy",
    "csv",
    "semicolons csv",
    "parquet",
    "folder parquet",
    "zarr",
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_is_the_file_in_one_piece(tmp_path, tiny_memory, monkeypatch, kind):
    path, weights = written(tmp_path, kind)
    seen = []
    streamed = read_sources(path, weights, lambda done, total: seen.append((done, total)))
    monkeypatch.setattr(streams, "STREAMS", replace(streams.STREAMS, share=1.0))
    whole = read_sources(path, weights)
    assert streamed.stream is not None and whole.stream is None
    assert streamed.count == whole.count == COUNT and streamed.names == whole.names
    rounded = POINTS.astype(np.float32).astype(float) if kind == "single npy" else POINTS
    for found in (streamed, whole):
        expected = Sources(rounded, WEIGHTS)
        np.testing.assert_allclose(found.covariance, expected.covariance, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-12)
        assert {tuple(row) for row in np.round(found.vertices, 9) + 0.0} == {
            tuple(row) for row in np.round(expected.vertices, 9) + 0.0
        }
    if kind == "npy":
        assert solve(Problem(streamed)).loss == pytest.approx(solve(Problem(whole)).loss, rel=1e-12)
    # How much has been read grows to the whole.
    done, total = zip(*seen, strict=True)
    assert max(done) == total[0] and len(seen) > 1


def test_one_column_is_a_source(tmp_path, tiny_memory):
    np.save(tmp_path / "one.npy", POINTS[:, 0])
    assert read_sources(tmp_path / "one.npy").stream is not None
    with pytest.raises(InputError, match="the only column"):
        read_sources(tmp_path / "one.npy", "0")


def test_no_sum_depends_on_the_number_of_threads(tmp_path, tiny_memory, monkeypatch):
    path, _ = written(tmp_path, "npy")
    several = read_sources(path, "3")
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    one = read_sources(path, "3")
    np.testing.assert_array_equal(several.covariance_root, one.covariance_root)
    np.testing.assert_array_equal(several.points, one.points)


@pytest.mark.parametrize("kind", ["npy", "csv", "parquet", "zarr"])
def test_what_is_large_is_streamed_and_what_needs_its_samples_is_not(tmp_path, monkeypatch, kind):
    path, weights = written(tmp_path, kind)
    assert read_sources(path, weights).stream is None
    monkeypatch.setattr(streams, "STREAMS", replace(streams.STREAMS, bytes=100_000))
    assert read_sources(path, weights).stream is not None
    assert read_sources(path, weights, whole=True).stream is None
    # Exact arithmetic asks for memory alone.
    assert len(read_exactly(path)[0]) == COUNT


@pytest.mark.parametrize("kind", ["npy", "csv", "parquet", "zarr"])
@pytest.mark.parametrize("width", [5, 6])
def test_in_many_sources_only_what_is_past_memory_is_streamed(tmp_path, monkeypatch, kind, width):
    """Every row may be extreme there."""
    points = np.random.default_rng(0).standard_normal((400, width + 1)) ** 2
    path = tmp_path / f"data.{kind}"
    if kind == "npy":
        np.save(path, points)
    elif kind == "csv":
        np.savetxt(path, points, delimiter=",")
    elif kind == "parquet":
        parquet(path, points, [str(index) for index in range(width + 1)])
    else:
        store(path).create_array("sources", data=points)
    monkeypatch.setattr(streams, "STREAMS", replace(streams.STREAMS, bytes=100))
    for weights, sources in ((None, width + 1), ("0", width)):
        found = read_sources(path, weights)
        assert found.dimension == sources and (found.stream is not None) == (sources <= 5)
    monkeypatch.setattr(streams, "STREAMS", replace(streams.STREAMS, share=1e-12))
    assert read_sources(path).stream is not None


def test_an_audit_reads_what_it_needs(tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "STREAMS", replace(streams.STREAMS, bytes=100))
    np.save(tmp_path / "data.npy", POINTS[:50])
    np.save(tmp_path / "activity.npy", solve(Problem(POINTS[:50])).activity())
    done = CliRunner().invoke(main, ["audit", str(tmp_path / "activity.npy"), str(tmp_path / "data.npy")])
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(("asked", "streamed"), [("encoder_cost = [1]", True), ("samples = [20]", False)])
def test_a_sweep_reads_what_it_draws_from(tmp_path, monkeypatch, asked, streamed):
    monkeypatch.setattr(streams, "STREAMS", replace(streams.STREAMS, bytes=100))
    np.save(tmp_path / "data.npy", POINTS[:50])
    (tmp_path / "plan.toml").write_text(f'data = "data.npy"\n[grid]\n{asked}\n')
    plan = read_sweep(tmp_path / "plan.toml")
    assert (plan.poses.whole.sources.stream is not None) == streamed
    assert sweep(plan)["status"].tolist() == ["optimal"]


def test_small_files_are_read_whole(tmp_path):
    path, _ = written(tmp_path, "npy")
    assert read_sources(path).stream is None
    assert streams.memory() > 1 << 26


@pytest.mark.parametrize("outputs", [["--save"], thorough(["--save", "--plot"])], ids=" ".join)
def test_on_the_command_line(tmp_path, tiny_memory, outputs):
    path, _ = written(tmp_path, "npy")
    files = [tmp_path / name for name in ("code.npz", "code.png")][: len(outputs)]
    asked = [str(word) for pair in zip(outputs, files, strict=True) for word in pair]
    done = CliRunner().invoke(main, ["solve", str(path), "--json", *asked])
    assert done.exit_code == 0 and all(file.exists() for file in files), done.stderr
    assert json.loads(done.stdout)["loss"] == pytest.approx(solve(Problem(TABLE)).loss, rel=1e-12)
    assert CliRunner().invoke(main, ["check", str(path), "--json"]).exit_code == 0
    refused = CliRunner().invoke(main, ["check", str(path), "--exact"])
    assert refused.exit_code == 2 and "too large for exact arithmetic" in refused.stderr
    # A series has an order, which is lost in a summary: it is read whole.
    series = CliRunner().invoke(main, ["solve", str(path), "--trajectory"])
    assert series.exit_code == 2 and "no linear map carries this series" in series.stderr


def test_parquet_without_the_labels_of_rows(tmp_path):
    frame = parquet(tmp_path / "data.parquet")
    frame[frame["a"] > 3].to_parquet(tmp_path / "some.parquet")
    table = read_table(tmp_path / "some.parquet")
    assert table.names == tuple(NAMES) and len(table.values) == int((TABLE[:, 0] > 3).sum())


def test_parquet_from_standard_input(tmp_path):
    parquet(tmp_path / "data.parquet", POINTS, NAMES[:3])
    done = CliRunner().invoke(main, ["check", "-"], input=(tmp_path / "data.parquet").read_bytes())
    assert done.exit_code == 0, done.stderr


# ---- what cannot be used ------------------------------------------------------------------------------------------


def refused(path, said, *weights):
    with pytest.raises(InputError, match=said) as found:
        read_sources(path, *weights)
    assert str(found.value).startswith(f"{path}: ") and "\n" not in str(found.value)


def test_a_first_row_that_cannot_be_used_is_told_with_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "STREAMS", replace(streams.STREAMS, bytes=100))
    bad = TABLE[:, :3].copy()
    bad[0, 1] = np.nan
    np.save(tmp_path / "bad.npy", bad)
    refused(tmp_path / "bad.npy", "row 0, column 1")


@pytest.mark.parametrize("kind", ["npy", "fortran npy", "parquet", "zarr"])
def test_nan_is_told_with_its_row(tmp_path, tiny_memory, kind):
    bad = TABLE.copy()
    bad[3456, 1] = np.nan
    path = tmp_path / f"bad.{kind.split()[-1]}"
    if kind == "parquet":
        parquet(path, bad)
    elif kind == "zarr":
        store(path).create_array("sources", data=bad, chunks=(1000, 4))
    else:
        np.save(path, np.asfortranarray(bad) if kind == "fortran npy" else bad)
    refused(path, "row 3456, column 1")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("1,2,x,1", r"'x' is not a number, at line 4002, column 3 \('c'\)"),
        ("1,2,3", "line 4002 has 3 cell"),
        ("1,2,nan,1", r"the first at line 4002, column 3 \('c'\)"),
        ("1,2,#N/A,1", "'#N/A' is not a number, at line 4002"),
        ("1,2,,1", "empty cell at line 4002"),
    ],
)
def test_a_bad_line_is_told_with_its_number(tmp_path, tiny_memory, line, said):
    path, _ = written(tmp_path, "csv")
    lines = path.read_text().splitlines()
    lines[4001] = line
    path.write_text("\n".join(lines))
    refused(path, said)


def test_decimal_marks_may_not_change_between_blocks(tmp_path, tiny_memory):
    path, _ = written(tmp_path, "semicolons csv")
    lines = path.read_text().splitlines()
    lines[4001] = "1.5;2;3;1"
    path.write_text("\n".join(lines))
    refused(path, "decimal commas and decimal points, at line 4002")


def test_a_file_that_ends_early_or_changes(tmp_path, tiny_memory):
    path, _ = written(tmp_path, "npy")
    content = path.read_bytes()

    def cut(done, total):
        path.write_bytes(content[: len(content) // 2])

    def grown(done, total):
        with path.open("ab") as file:
            file.write(b"x")

    with pytest.raises(InputError, match="cut off while it was read"):
        read_sources(path, None, cut)
    path.write_bytes(content)
    with pytest.raises(InputError, match="changed while it was read"):
        read_sources(path, None, grown)
    path.write_bytes(content[:-100])
    refused(path, "damaged")


def test_tables_that_are_none(tmp_path, tiny_memory):
    pandas = pytest.importorskip("pandas")
    parquet(tmp_path / "data.parquet").assign(who="x").to_parquet(tmp_path / "words.parquet")
    refused(tmp_path / "words.parquet", "column 'who' holds no numbers")
    pandas.DataFrame({"a": []}).astype(float).to_parquet(tmp_path / "none.parquet")
    refused(tmp_path / "none.parquet", "no rows")
    (tmp_path / "junk.parquet").write_text("junk")
    refused(tmp_path / "junk.parquet", "not Parquet")
    refused(tmp_path / "data.parquet", "no column 'wait' for the probabilities; did you mean 'weight'", "wait")


def test_stores_that_are_none(tmp_path, tiny_memory):
    pytest.importorskip("zarr")
    (tmp_path / "empty.zarr").mkdir()
    refused(tmp_path / "empty.zarr", "not a Zarr store")
    group = store(tmp_path / "two.zarr")
    for name in ("left", "right"):
        group.create_array(name, data=POINTS)
    refused(tmp_path / "two.zarr", "needs an array named 'sources'")
    store(tmp_path / "deep.zarr").create_array("sources", data=np.ones((2, 2, 2)))
    refused(tmp_path / "deep.zarr", "got 3 dimensions")
    (tmp_path / "file.zarr").write_text("x")
    refused(tmp_path / "file.zarr", "is a folder")


def test_readers_that_are_not_there(tmp_path, monkeypatch):
    parquet(tmp_path / "data.parquet")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.dataset", None)
    refused(tmp_path / "data.parquet", r"pip install 'modularity-solver\[tables\]'")


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_a_bar_on_a_terminal(tmp_path, tiny_memory, monkeypatch):
    import pty
    import sys

    from solver.commands.terminal.progress import counted

    path, _ = written(tmp_path, "npy")
    ours, theirs = pty.openpty()
    with open(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with counted("read") as follow:
            read_sources(path, None, follow)
    seen = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert "read" in seen and "left" in seen
