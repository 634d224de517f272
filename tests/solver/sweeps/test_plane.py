"""Families over two parameters: what is solved agrees with the boundary that is drawn on it."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from solver.commands.cli import main
from solver.sweeps import plane
from solver.sweeps.run import run


def phase(*arguments):
    return CliRunner().invoke(main, ["phase", *map(str, arguments)])


def test_the_boundary_by_bisection_is_the_exact_one(monkeypatch):
    monkeypatch.setattr(plane, "LINES", 3)
    plan = plane.plane_plan("slanted-corners", "second", points=3, low=0.5, high=1.0)
    found = plane.phase_plane(plan, run(plan))
    exact = (176 - np.sqrt(176**2 - 4 * 25 * 96)) / 50  # 25 a^2 - 176 a + 96: docs/theory.md
    along = found.crossings[found.crossings[:, 1] == 0.5, 0]
    assert not found.exact and along == pytest.approx([exact], abs=1e-3)
    # Columns are values of the first parameter, rows of the other.
    assert (found.price[0] > 1e-9).tolist() == (found.first > exact).tolist()


def test_phase_against_a_price(tmp_path, monkeypatch):
    monkeypatch.setattr(plane, "LINES", 2)
    picture = tmp_path / "plane.svg"
    done = phase("opposite-corners", "--against", "bias_cost", "--points", 3, "--plot", picture, "--json")
    answer = json.loads(done.stdout)
    assert done.exit_code == 0 and picture.stat().st_size > 1000
    price, neurons = np.array(answer["price"]), np.array(answer["neurons"])
    assert ((price > 1e-9) == (neurons > 2)).all() and answer["coded"][0][0] == "s1, s2"
    assert answer["gap"] < 1e-8 and len(answer["boundary"]) == 2 and "bisection" in answer["found"]
    words = phase("opposite-corners", "--against", "bias_cost", "--points", 3).stdout
    assert words.count("2, 3") == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["one-corner", "--against", "encoder_cots"], "did you mean 'encoder_cost'"),
        (["one-corner", "--against", "second"], "one parameter only"),
        (["frequencies", "--against", "encoder_cost"], "single values only"),
        (["one-corner", "--against", "encoder_cost", "--points", 2], "points: 2"),
    ],
)
def test_what_is_wrong_is_one_line(arguments, said):
    done = phase(*arguments)
    assert (done.exit_code, done.stdout) == (2, "") and done.stderr.count("\n") == 1 and said in done.stderr
