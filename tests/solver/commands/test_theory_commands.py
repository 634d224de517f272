"""`modularity derive`, `theorems` and `phase`."""

import json
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner

from solver.commands.cli import main
from theory.families import FAMILIES
from theory.theorems import THEOREMS


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def accepted(*arguments):
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*arguments):
    result = run(*arguments)
    assert result.exit_code == 2 and result.stdout == ""
    assert re.fullmatch(r"modularity: error: [^\n]+\n", result.stderr)
    return result.stderr


@pytest.mark.thorough
def test_derive():
    text = accepted("derive")
    assert "8. Condition" in text and "m₁" in text and "-C₁₂" in text
    latex = accepted("derive", "--mixing", "general", "--sources", 2, "--latex")
    assert r"F_{12} = " in latex and "`" not in latex
    assert "F_{ij}" in accepted("derive", "--sources", 9, "--mixing", "general", "--latex")
    assert "did you mean 'general'" in refused("derive", "--mixing", "generel")
    assert "choose one of: exact" in refused("derive", "--readout", "none")
    assert "--sources: 0" in refused("derive", "--sources", 0)


def test_theorems():
    listed = accepted("theorems")
    assert all(name in listed for name in THEOREMS)
    shown = accepted("theorems", "range-independence")
    assert "Why" in shown and "Source: Dorrell et al. (ICLR 2025)" in shown and "`" not in shown
    assert accepted("theorems", "ellipsoid", "--latex").strip() == THEOREMS["ellipsoid"].latex
    assert json.loads(accepted("theorems", "uniqueness", "--json"))["name"] == "uniqueness"
    assert len(json.loads(accepted("theorems", "--json"))["theorems"]) == len(THEOREMS)
    assert "did you mean 'independence'" in refused("theorems", "independance")


@pytest.mark.thorough
def test_phase(tmp_path):
    listed = accepted("phase")
    assert all(name in listed for name in FAMILIES)
    picture = tmp_path / "phase.png"
    words = accepted("phase", "opposite-corners", "--points", 7, "--plot", picture)
    assert "0.548374193254892, root of 7 a^3 - 18 a^2 - 36 a + 24" in words
    assert len(re.findall("% +modular$|0 +modular$", words, re.MULTILINE)) == 2 and words.count("mixed") >= 5
    assert picture.stat().st_size > 10_000
    answer = json.loads(accepted("phase", "one-corner", "--points", 4, "--json"))
    (boundary,) = (place["value"] for place in answer["boundary"])
    mixed = [point["price"] > 1e-9 for point in answer["points"]]
    assert mixed == [point["parameter"] > boundary for point in answer["points"]] and set(mixed) == {True, False}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["oposite-corners"], "did you mean 'opposite-corners'"),
        (["one-corner", "--points", 1], "points: 1 is not a whole number from 2"),
        (["one-corner", "--weight-cost", -1], "encoder_cost: -1 is not a cost"),
        (["one-corner", "--plot", "phase.doc"], "--plot: 'phase.doc' must end in"),
    ],
)
def test_phase_refuses(options, said):
    assert said in refused("phase", *options)


def test_help_does_not_wait_for_sympy():
    code = "import sys; import solver.commands.cli; sys.exit(any(name in sys.modules for name in ('sympy', 'numpy')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_where_rounding_hides_the_sign_of_the_margin_the_verdict_is_left_to_exact_arithmetic(tmp_path):
    file = tmp_path / "unlike.csv"
    file.write_text("a,b\n0,0\n0,1e-5\n100,0\n")
    plain, exact = (CliRunner().invoke(main, ["check", str(file), *more]).stdout for more in ([], ["--exact"]))
    assert "Undecided" in plain and "exact=True decides" in plain and "Mixed" in exact
