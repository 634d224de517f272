"""`modularity missed`: which neurons seem to mix, what is refused, and that it is the test of `missed_source`."""

import csv
import io
import json

import numpy as np
import pytest

from solver import missed_source
from tests.solver.commands.test_cli import accepted, refused


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    speed, heading = rng.standard_normal(200), rng.uniform(0, 360, 200)
    named = speed[:, None] + rng.standard_normal((200, 2))
    activity = np.column_stack([speed, named[:, 0]]) + 0.3 * rng.standard_normal((200, 2))
    trial = np.arange(200)
    table, rates = np.column_stack([trial, named, speed, heading]), np.column_stack([trial, activity])
    for name, values, header in (("s", table, "trial,x,y,speed,heading"), ("a", rates[::-1], "trial,u1,u2")):
        np.savetxt(tmp_path / f"{name}.csv", values, delimiter=",", header=header, comments="", fmt="%.17g")
    return tmp_path, named, speed, activity


def test_it_is_the_test_of_missed_source(folder):
    place, named, speed, activity = folder
    files = place / "a.csv", place / "s.csv"
    options = "--missing", "speed", "--block", 1, "--permutations", 99, "--index-column", "trial"
    words = accepted("missed", *files, *options, "--drop", "heading", "--plot", place / "m.svg").stdout
    assert "1 seems to mix the named sources and follows speed alone where it is known (u1)" in words
    assert (place / "m.svg").stat().st_size > 5_000
    found = json.loads(accepted("missed", *files, *options, "--drop", "heading", "--json").stdout)
    expected = missed_source(activity, named, speed, block=1, permutations=99, called="speed", neurons=["u1", "u2"])
    expected = json.loads(json.dumps(expected.to_dict()))
    assert found["kinds"] == expected["kinds"] == ["seems mixed", "one"]
    assert np.allclose(found["complete"]["shares"], expected["complete"]["shares"])
    table = accepted("missed", *files, *options, "--angle", "heading=360", "--format", "csv").stdout
    (first, _) = csv.DictReader(io.StringIO(table))
    assert first["kind"] == "seems mixed" and {"share of heading", "p of speed"} <= first.keys()


def test_groups_may_be_missing(folder):
    place, *_ = folder
    files = place / "a.csv", place / "s.csv"
    options = "--block", 1, "--permutations", 99, "--index-column", "trial", "--drop", "heading", "--json"
    found = json.loads(accepted("missed", *files, "--group", "place=x,y", "--missing", "place", *options).stdout)
    assert found["complete"]["groups"] == ["speed", "place"]


def test_bad_input_is_one_line(folder):
    place, *_ = folder
    files = place / "a.csv", place / "s.csv"
    assert "did you mean 'speed'" in refused("missed", *files, "--missing", "sped", "--block", 1)
    assert "no other source" in refused("missed", *files, "--missing", "x", "--block", 1, "--columns", "x")
    assert "Missing option '--block'" in refused("missed", *files, "--missing", "x")
    assert "standard input" in refused("missed", "-", "-", "--missing", "x", "--block", 1)
