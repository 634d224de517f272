"""`modularity explain`: what it says, and what it refuses."""

import csv
import io
import json

import numpy as np
import pytest

from solver import explain
from tests.solver.commands.test_cli import accepted, refused


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, (80, 4))
    activity = np.column_stack([labels[:, 0] & labels[:, 1], labels[:, 2]]) + 0.1 * rng.random((80, 2))
    for name, values, header in (("activity", activity, "one,other"), ("labels", labels, "red,large,old,count")):
        np.savetxt(tmp_path / f"{name}.csv", values, delimiter=",", header=header, comments="", fmt="%.17g")
    np.save(tmp_path / "bare.npy", labels[:, :3])
    np.save(tmp_path / "numbers.npy", labels + 1)
    return tmp_path


def test_in_words_as_json_and_as_a_table(folder):
    files = folder / "activity.csv", folder / "labels.csv"
    few = ("--shuffles", 20)
    words = accepted("explain", *files, *few, "--plot", folder / "found.svg").stdout
    assert "The formula of every neuron is proven" in words and "large AND red" in words
    assert (folder / "found.svg").stat().st_size > 5_000
    found = json.loads(accepted("explain", *files, *few, "--json").stdout)
    activity, labels = (np.loadtxt(file, delimiter=",", skiprows=1) for file in files)
    names = ["red", "large", "old", "count"]
    expected = explain(activity, dict(zip(names, labels.T, strict=True)), neurons=["one", "other"], shuffles=20, rng=0)
    assert found["neurons"] == json.loads(json.dumps(expected.to_dict()["neurons"]))
    table = list(csv.DictReader(io.StringIO(accepted("explain", *files, *few, "--format", "csv").stdout)))
    assert [row["formula"] for row in table] == ["large AND red", "old"] and table[0]["neuron"] == "one"


def test_options(folder):
    files = folder / "activity.csv", folder / "labels.csv"
    options = ("--shuffles", 0, "--top", 0.1, "--encoder-cost", 2, "--time-limit", 60)
    found = json.loads(accepted("explain", *files, "--json", *options).stdout)
    assert found["shuffles"] == 0 and found["neurons"][0]["fires"] == 0.1 and found["neurons"][0]["p_value"] is None
    weighted = json.loads(accepted("explain", *files, "--json", "--probabilities", "count", "--shuffles", 2).stdout)
    assert weighted["labels"] == ["red", "large", "old"] and weighted["samples"] < 80
    bare = accepted(
        "explain", folder / "activity.csv", folder / "bare.npy", "--series", "--threshold", "positive"
    ).stdout
    assert "label3" in bare and "beyond zero" in bare


def test_words_are_labels_of_their_classes(folder):
    rows = [line.split(",") for line in (folder / "labels.csv").read_text().splitlines()]
    words = [["hue", "old", "count"], *([("red", "blue", "green")[int(a) + int(b)], c, d] for a, b, c, d in rows[1:])]
    (folder / "words.csv").write_text("\n".join(map(",".join, words)))
    activity = folder / "activity.csv"
    found = json.loads(accepted("explain", activity, folder / "words.csv", "--json", "--shuffles", 0).stdout)
    assert found["labels"] == ["hue = blue", "hue = green", "hue = red", "old", "count"]
    assert "hue = green" in accepted("explain", activity, folder / "words.csv", "--shuffles", 0).stdout
    numbered = accepted("explain", activity, folder / "labels.csv", "--category", "old", "--shuffles", 0, "--json")
    assert json.loads(numbered.stdout)["labels"] == ["red", "large", "old = 1", "count"]
    (folder / "holes.csv").write_text((folder / "words.csv").read_text().replace("green", "", 1))
    assert "hue" in refused("explain", activity, folder / "holes.csv")


def test_columns_of_both_tables_are_chosen_and_rows_matched_by_name(folder):
    words = (folder / "labels.csv").read_text().splitlines()
    labels = [f"{words[0]},note,cell", *(f"{line},seen,row {row}" for row, line in enumerate(words[1:]))]
    (folder / "noted.csv").write_text("\n".join(labels))
    head, *rows = (folder / "activity.csv").read_text().splitlines()
    cells = [f"{head},day,cell", *(f"{line},0,row {row}" for row, line in reversed(list(enumerate(rows))))]
    (folder / "cells.csv").write_text("\n".join(cells))
    files = folder / "cells.csv", folder / "noted.csv"
    options = ("--shuffles", 0, "--json", "--activity-columns", "one,other", "--index-column", "cell")
    dropped = json.loads(accepted("explain", *files, *options, "--drop", "note,count").stdout)
    assert dropped["labels"] == ["red", "large", "old"]
    named = json.loads(accepted("explain", *files, *options, "--columns", "red,large,old").stdout)
    assert named == dropped
    plain = json.loads(
        accepted(
            "explain", folder / "activity.csv", folder / "labels.csv", *("--shuffles", 0, "--json", "--drop", "count")
        ).stdout
    )
    assert [one["formulas"] for one in named["neurons"]] == [one["formulas"] for one in plain["neurons"]]
    assert "no column 'hue' for --columns" in refused("explain", *files, *options, "--columns", "hue")
    assert "no row is called 'row 79'" in refused("explain", *_without_last(files), *options, "--drop", "note")


def _without_last(files):
    short = files[0].with_name("short.csv")
    lines = files[0].read_text().splitlines()
    short.write_text("\n".join([lines[0], *lines[2:]]))
    return short, files[1]


def test_bad_input_is_one_line(folder):
    activity = folder / "activity.csv"
    assert "neither 0 nor 1" in refused("explain", activity, folder / "numbers.npy")
    assert "standard input cannot be two tables" in refused("explain", "-", "-")
    assert "Missing argument 'LABELS'" in refused("explain", activity)
    assert "threshold: 'much' is unknown" in refused("explain", activity, folder / "bare.npy", "--threshold", "much")
