"""Files of other programs: compressed text, MATLAB, HDF5, NWB. The array that is meant is taken, or asked for."""

from __future__ import annotations

import datetime
import gzip

import numpy as np
import pytest
from scipy.io import savemat
from scipy.sparse import csc_matrix

from solver import examples
from solver.reading import Choice, read_exactly, read_mixing, read_samples, read_sources, read_table
from tests.solver.commands.test_cli import accepted, refused
from theory import InputError

ROWS = np.random.default_rng(5).normal(size=(30, 3))
WEIGHTS = np.arange(30) % 3 + 1.0


def matlab(path):
    structure = {"x": ROWS[:, 0], "y": ROWS[:, 1], "name": "me"}
    words = np.array(["early", "late"] * 15, dtype=object)
    content = {"pos": ROWS, "heading": ROWS[:, :1], "data": structure, "when": words, "A": csc_matrix(ROWS[:3])}
    savemat(path, content | {"share": WEIGHTS[None, :], "cube": np.ones((2, 2, 2))})


def matlab_73(path):
    """As MATLAB and hdf5storage write it: a header of its own before HDF5, and arrays by columns."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in {"pos": ROWS, "heading": ROWS[:, :1], "share": WEIGHTS[None, :]}.items():
            file.create_dataset(name, data=array.T).attrs["MATLAB_class"] = np.bytes_("double")
        file.create_dataset("title", data=np.array([[104, 105]], dtype=np.uint16)).attrs["MATLAB_class"] = np.bytes_(
            "char"
        )
        group = file.create_group("data")
        group.attrs["MATLAB_class"] = np.bytes_("struct")
        for column, name in enumerate("xy"):
            group.create_dataset(name, data=ROWS[:, column][None, :]).attrs["MATLAB_class"] = np.bytes_("double")
        file.create_dataset("#refs#/a", data=np.ones((3, 3)))
    head = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(116) + b" " * 8 + b"\x00\x02IM"
    with open(path, "r+b") as stream:
        stream.write(head)


def hdf5(path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        file["pos"], file["heading"], file["share"] = ROWS, ROWS[:, 0], WEIGHTS
        file["data/x"], file["data/y"] = ROWS[:, 0], ROWS[:, 1]
        file["data/who"] = [f"t{row}" for row in range(30)]
        file["records"] = np.rec.fromarrays(ROWS.T, names="a,b,c")
        file["cube"] = np.ones((2, 2, 2))


WRITERS = [(matlab, "s.mat"), (matlab_73, "s.mat"), (hdf5, "s.h5")]


@pytest.mark.parametrize(("writer", "name"), WRITERS, ids=["mat", "mat73", "h5"])
def test_arrays_by_name_and_side_by_side(tmp_path, writer, name):
    path = tmp_path / name
    writer(path)
    np.testing.assert_array_equal(read_table(f"{path}:pos").values, ROWS)
    np.testing.assert_array_equal(read_table(f"{path}:pos", choice=Choice.of(["2", "0"])).values, ROWS[:, [2, 0]])
    structure = read_table(f"{path}:data", choice=Choice.of(["y,x"]))
    assert structure.names == ("y", "x")
    np.testing.assert_array_equal(structure.values, ROWS[:, [1, 0]])
    sign = "/" if name == "s.h5" else "."
    beside = read_samples(path, "share", Choice.of([f"heading,data{sign}y"]))
    assert beside.names == ("heading", f"data{sign}y")
    np.testing.assert_array_equal(beside.values, ROWS[:, :2])
    np.testing.assert_array_equal(beside.probabilities, WEIGHTS)
    np.testing.assert_array_equal(read_samples(f"{path}:pos", "share").probabilities, WEIGHTS)
    np.testing.assert_array_equal(read_samples(f"{path}:data", "x", Choice.of(["y"])).probabilities, ROWS[:, 0])
    for given, said in ((path, "needs the name of an array"), (f"{path}:cube", "no array 'cube' of one or two")):
        with pytest.raises(InputError, match=said) as error:
            read_table(given)
        assert "pos 30x3" in str(error.value) and f"{path}:NAME" in str(error.value)


def test_words_in_matlab_and_hdf5(tmp_path):
    matlab(tmp_path / "s.mat")
    assert read_table(tmp_path / "s.mat", choice=Choice.of(["heading"], index="when")).labels[:2] == ("early", "late")
    np.testing.assert_array_equal(read_mixing(f"{tmp_path / 's.mat'}:A"), ROWS[:3])
    hdf5(tmp_path / "s.h5")
    table = read_table(f"{tmp_path / 's.h5'}:data", choice=Choice.of(index="who"))
    assert table.labels[29] == "t29" and table.names == ("x", "y")
    with pytest.raises(InputError, match="column 'who' holds no numbers; leave it out by --drop"):
        read_table(f"{tmp_path / 's.h5'}:data")
    assert read_table(f"{tmp_path / 's.h5'}:records", choice=Choice.of(drop=["b"])).names == ("a", "c")


def test_the_only_array_needs_no_name(tmp_path):
    savemat(tmp_path / "one.mat", {"anything": ROWS, "by": "me"})
    np.testing.assert_array_equal(read_sources(tmp_path / "one.mat").points, ROWS)
    savemat(tmp_path / "two.mat", {"sources": ROWS, "other": ROWS + 1})
    np.testing.assert_array_equal(read_exactly(tmp_path / "two.mat")[0], ROWS)
    np.savez(tmp_path / "two.npz", one=ROWS, two=ROWS + 1)
    np.testing.assert_array_equal(read_table(f"{tmp_path / 'two.npz'}:two").values, ROWS + 1)
    np.savez(tmp_path / "one.npz", one=ROWS)
    with pytest.raises(InputError, match="needs an array named 'two'"):
        read_table(f"{tmp_path / 'one.npz'}:two")


@pytest.mark.thorough
def test_nwb(tmp_path):
    pynwb = pytest.importorskip("pynwb")
    path = tmp_path / "s.nwb"
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    file = pynwb.NWBFile(session_description="test", identifier="test", session_start_time=start)
    file.add_acquisition(pynwb.TimeSeries(name="speed", data=ROWS[:, 0], unit="m/s", rate=9.0, conversion=0.01))
    module = file.create_processing_module("behavior", "of the animal")
    series = pynwb.behavior.SpatialSeries(name="xy", data=ROWS[:, :2], reference_frame="box", rate=9.0)
    module.add(pynwb.behavior.Position(spatial_series=series))
    for name in ("choice", "contrast"):
        file.add_trial_column(name, name)
    for row in range(30):
        side = "left" if row % 2 else "right"
        file.add_trial(start_time=row + 0.0, stop_time=row + 1.0, choice=side, contrast=ROWS[row, 2])
    file.add_unit(spike_times=[1.0, 2.0])
    file.add_unit(spike_times=[1.0])
    with pynwb.NWBHDF5IO(str(path), "w") as stream:
        stream.write(file)
    np.testing.assert_array_equal(read_table(f"{path}:xy").values, ROWS[:, :2])
    np.testing.assert_allclose(read_table(f"{path}:speed").values[:, 0], 0.01 * ROWS[:, 0])
    trials = read_table(f"{path}:trials", choice=Choice.of(["contrast"], index="choice"))
    assert trials.labels[:2] == ("right", "left")
    np.testing.assert_array_equal(trials.values[:, 0], ROWS[:, 2])
    with pytest.raises(InputError, match=r"needs the name of an array; it holds .*trials/contrast 30"):
        read_table(path)
    with pytest.raises(InputError, match="no array 'units'"):
        read_table(f"{path}:units")
    path.write_bytes(b"no")
    with pytest.raises(InputError, match="damaged or not NWB"):
        read_table(path)


def test_text_under_other_names(tmp_path, write):
    text = examples.path_of("iris").read_bytes()
    iris = read_table(examples.path_of("iris"))
    for name, content in (("i.txt", text), ("i.tsv", text.replace(b",", b"\t")), ("i.CSV.gz", gzip.compress(text))):
        table = read_table(write(content, name))
        assert table.names == iris.names
        np.testing.assert_array_equal(table.values, iris.values)
    assert read_exactly(write(gzip.compress(text), "i.csv.gz"))[0][0, 0] == "5.1"
    packed = gzip.compress(b"word,a,b\nx,1,2\ny,3,4\nz,5,7\n")
    assert '"sources": ["a", "b"]' in accepted("check", write(packed, "w.tsv.gz"), "--drop", "word", "--json").stdout
    for content, said in ((packed[:-9], "damaged or not compressed"), (text, "damaged"), (gzip.compress(b""), "empty")):
        assert said in refused("check", write(content, "bad.csv.gz"))


def test_damage_is_one_line(tmp_path, write):
    matlab(tmp_path / "s.mat")
    whole = (tmp_path / "s.mat").read_bytes()
    for content in (b"MATLAB", whole[:200], whole[: len(whole) // 2]):
        assert "damaged or not a MATLAB file" in refused("check", f"{write(content, 'cut.mat')}:pos")
    assert "No such file" in refused("check", tmp_path / "none.mat:pos")
    savemat(tmp_path / "none.mat", {"by": "me"})
    assert "it holds none of numbers" in refused("check", tmp_path / "none.mat")
    uneven = {"x": ROWS[:, 0], "y": ROWS[:20, 0]}
    savemat(tmp_path / "uneven.mat", uneven)
    assert "different lengths (x 30, y 20)" in refused("check", tmp_path / "uneven.mat", "--columns", "x,y")


def test_damaged_hdf5(tmp_path, write):
    hdf5(tmp_path / "s.h5")
    whole = (tmp_path / "s.h5").read_bytes()
    assert "damaged or not HDF5" in refused("check", write(whole[:900], "cut.h5"))
    pandas = pytest.importorskip("h5py").File(tmp_path / "pandas.h5", "w")
    pandas.create_group("frame").attrs["pandas_type"] = "frame"
    pandas.close()
    assert "written by pandas" in refused("check", tmp_path / "pandas.h5")


def test_missing_readers_are_named(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    monkeypatch.setitem(__import__("sys").modules, "pynwb", None)
    (tmp_path / "a.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    (tmp_path / "a.nwb").write_bytes(b"\x89HDF\r\n\x1a\n")
    assert "needs h5py; pip install 'modularity-solver[hdf5]'" in refused("check", tmp_path / "a.h5")
    assert "needs pynwb; pip install 'modularity-solver[nwb]'" in refused("check", tmp_path / "a.nwb")
