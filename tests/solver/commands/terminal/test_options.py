"""Options that commands share: where the sources come from, and how the answer is printed."""

import csv
import io
import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from solver import Representation
from solver.commands import phase
from solver.commands.cli import COMMANDS, main
from solver.examples import EXAMPLES, load, path_of
from tests.examples import CUT
from tests.solver.commands.test_cli import accepted, refused, run
from theory import InputError
from theory.families import FAMILIES
from theory.theorems import THEOREMS


def csv_of(*arguments):
    return list(csv.DictReader(io.StringIO(accepted(*arguments, "--format", "csv").stdout)))


# ---- sources ------------------------------------------------------------------------------------------------------


def test_an_example_is_its_file(tmp_path):
    proof = tmp_path / "proof.json"
    named = accepted("check", "--example", "corner_cut_square", "--proof", proof, "--json").stdout
    assert named == accepted("check", CUT, "--exact", "--json").stdout
    assert json.loads(named)["sources"] == list(load("corner_cut_square").names)
    assert "The proof holds" in accepted("check-proof", proof, "--example", "corner_cut_square").stdout
    np.savetxt(tmp_path / "activity.csv", 1 + load("corner_cut_square").points, delimiter=",")
    assert "is 7.07 % above" in accepted("audit", tmp_path / "activity.csv", "--example", "corner_cut_square").stdout


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_can_be_loaded(name):
    sources = load(name)
    assert sources.dimension == len(set(sources.names)) and sources.names[0] != "s1"


def test_examples_that_are_none():
    for words in (["solve"], ["budget"]):
        assert "'irs' is not one of 'corner_cut_square'" in refused(*words, "--example", "irs")
        assert "give one of the two" in refused(*words, CUT, "--example", "iris")
        assert "Missing argument 'FILE': give a file" in refused(*words)
    with pytest.raises(InputError, match="'irs' is unknown; did you mean 'iris'"):
        load("irs")


def test_an_example_is_not_overwritten():
    assert "is the input itself" in refused("solve", "--example", "iris", "--save", path_of("iris"))


# ---- formats ------------------------------------------------------------------------------------------------------


def test_the_neurons_are_those_that_are_saved(tmp_path):
    printed = accepted("solve", CUT, "--format", "csv", "--save", tmp_path / "saved.csv")
    assert printed.stdout == (tmp_path / "saved.csv").read_text()
    assert "Saved to" in printed.stderr
    assert pd.read_csv(tmp_path / "saved.csv").reads.tolist() == ["horizontal", "vertical", "horizontal, vertical"]


def test_the_neurons_of_a_paper():
    markdown = accepted("solve", CUT, "--format", "markdown").stdout
    assert "| 3 | -0.2162 | -0.2162 | 0.1622 | 5.9 % | -horizontal -vertical |" in markdown
    assert "Loss 5.7631832, proven optimal" in markdown.splitlines()[-1]
    latex = accepted("solve", "--example", "iris", "--format", "latex").stdout
    assert r"neuron & sepal\_length & sepal\_width" in latex and latex.endswith("\\end{tabular}\n")
    assert latex.startswith("% \\usepackage{booktabs}\n% Price of modularity: one source per")
    assert r"1 & $-0.1303$ & 0.1421 &" in latex and r"39.8\,\%" in latex


def test_all_numbers_of_verdict_and_budget():
    (row,) = csv_of("check", CUT)
    assert row["modular"] == "False" and float(row["margin"]) == pytest.approx(-0.1335149864)
    rows = csv_of("budget", CUT)
    assert [row["neurons"] for row in rows] == ["2", "3"] and [row["reached"] for row in rows] == ["False", "True"]
    assert float(rows[0]["excess"]) == pytest.approx(0.0022458446)


@pytest.mark.thorough
def test_families_as_tables():
    rows = csv_of("phase", "opposite-corners", "--points", 2)
    assert [row["predicted"] for row in rows] == ["False", "False"] and float(rows[1]["price"]) > 0.0008
    assert [row["family"] for row in csv_of("phase")] == list(FAMILIES)


def test_the_plane_of_two_parameters_has_a_row_a_point():
    price = np.array([[0.0, 0.1, 0.2], [0.3, 0.4, 0.5]])
    plane = SimpleNamespace(
        first=np.array([1.0, 2.0, 3.0]), other=np.array([10.0, 20.0]), against="bias_cost", price=price,
        neurons=np.full((2, 3), 2), family=SimpleNamespace(name="made up"), gap=1e-9,
    )  # fmt: skip
    table = phase._table_of_plane(plane)
    assert table.header == ("parameter", "bias_cost", "price", "neurons")
    assert table.rows[1] == (2.0, 10.0, 0.1, 2) and table.rows[3] == (1.0, 20.0, 0.3, 2) and len(table.rows) == 6


def test_the_neurons_of_an_audit(tmp_path):
    np.savetxt(tmp_path / "activity.csv", [[0.0, 1], [1, 1], [0, 1], [1, 1]], delimiter=",", header="one,still")
    np.savetxt(tmp_path / "cost.csv", [[0.0], [1], [0], [1]], delimiter=",", header="cost", comments="")
    first, second = csv_of("audit", tmp_path / "activity.csv", tmp_path / "cost.csv")
    found = json.loads(accepted("audit", tmp_path / "activity.csv", tmp_path / "cost.csv", "--json").stdout)
    assert float(first["earns"]) == found["ratios"][0] and float(second["earns"]) == found["ratios"][1]
    assert float(first["cost (source)"]) == found["source_weights"][0][0]


def test_theorems_as_tables():
    rows = csv_of("theorems")
    assert [row["theorem"] for row in rows] == list(THEOREMS) and not any("`" in row["statement"] for row in rows)
    assert r"no direction $w$ has" in accepted("theorems", "exact-condition", "--format", "latex").stdout
    assert "--latex: prints formulas alone" in refused("theorems", "--latex", "--json")


@pytest.mark.thorough
def test_reports_as_tables():
    words = ["verify", "--theorem", "range-independence", "--trials", 1]
    (row,) = csv_of(*words)
    assert row["name"] == "range-independence" and row["disagreements"] == "0"
    assert accepted(*words, "--quiet").output == ""


def test_sweeps_as_tables(tmp_path):
    pytest.importorskip("pyarrow")
    spec = tmp_path / "corners.toml"
    spec.write_text('family = "opposite-corners"\n[grid]\nparameter = [0.2, 1.0]\n')
    rows = csv_of("sweep", spec, "--jobs", 1)
    assert [row["modular"] for row in rows] == ["True", "False"]
    assert float(rows[1]["price_of_modularity"]) == pytest.approx(0.0101892, rel=1e-4)


def test_quiet_says_errors_only(tmp_path):
    done = accepted("solve", CUT, "--quiet", "--save", tmp_path / "answer.npz")
    assert done.output == "" and Representation.load(tmp_path / "answer.npz").status == "optimal"
    assert "No such file" in refused("solve", tmp_path / "none.csv", "--quiet")
    assert accepted("check", CUT, "--quiet").output == ""


def test_one_format_is_asked_for():
    for options in (["--quiet", "--json"], ["--json", "--format", "csv"], ["--format", "text", "--quiet"]):
        assert "give one of them" in refused("solve", CUT, *options)
    assert "'tex' is not one of 'text', 'json', 'csv', 'markdown', 'latex'" in refused("check", CUT, "--format", "tex")
    assert "'csv' is not one of 'text', 'json'" in refused("doctor", "--format", "csv")


@pytest.mark.parametrize("name", COMMANDS)
def test_what_is_promised_of_every_command(name):
    words = name.replace("_", "-")
    shown = run(words, "--help").stdout
    assert ("--json" in shown) == ("--format" in shown)
    parameters = {option.name for option in main.commands[words].params}
    assert ("file" in parameters) == ("example" in parameters)
