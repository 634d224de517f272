"""Families over two parameters: what is solved agrees with the boundary that is drawn on it."""

import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib.text import Text

from solver import Problem, Sweep
from solver.commands.cli import main
from solver.pictures.phases.sweep import plot_sweep
from solver.sweeps import plane
from solver.sweeps.numbers import numbers, solves_many
from solver.sweeps.run import run
from solver.sweeps.view import view
from theory import InputError


def phase(*arguments):
    return CliRunner().invoke(main, ["phase", *map(str, arguments)])


def test_the_boundary_by_bisection_is_the_exact_one(monkeypatch):
    monkeypatch.setattr(plane, "PLANE_GRID", plane.PlaneGrid(lines=3))
    plan = plane.plane_plan("slanted-corners", "second", points=3, low=0.5, high=1.0)
    found = plane.phase_plane(plan, run(plan))
    exact = (176 - np.sqrt(176**2 - 4 * 25 * 96)) / 50  # 25 a^2 - 176 a + 96: docs/theory.md
    along = found.crossings[found.crossings[:, 1] == 0.5, 0]
    assert not found.exact and along == pytest.approx([exact], abs=1e-3)
    # Columns are values of the first parameter, rows of the other.
    assert (found.price[0] > 1e-9).tolist() == (found.first > exact).tolist()


@pytest.mark.thorough
def test_phase_against_a_price(tmp_path, monkeypatch):
    monkeypatch.setattr(plane, "PLANE_GRID", plane.PlaneGrid(lines=2))
    picture = tmp_path / "plane.svg"
    done = phase("opposite-corners", "--against", "bias_cost", "--points", 3, "--plot", picture, "--json")
    answer = json.loads(done.stdout)
    assert done.exit_code == 0 and picture.stat().st_size > 1000
    price, neurons = np.array(answer["price"]), np.array(answer["neurons"])
    assert ((price > 1e-9) == (neurons > 2)).all() and answer["coded"][0][0] == "s1, s2"
    assert answer["gap"] < 1e-8 and len(answer["boundary"]) == 2 and "bisection" in answer["found"]
    words = phase("opposite-corners", "--against", "bias_cost", "--points", 3).stdout
    assert words.count("2, 3") == 3


def test_points_solved_together_show_what_each_shows_alone():
    plan = plane.plane_plan("opposite-corners", "encoder_cost", points=5)
    assert solves_many(plan) and not solves_many(replace(plan, certified=True))
    told = []
    together, alone = numbers(plan, lambda *done: told.append(done)), run(plan)
    assert told[0] == (0, 25)
    for one, other in zip(together, alone, strict=True):
        assert one["price_of_modularity"] == pytest.approx(other["price_of_modularity"], abs=1e-9)
        assert (one["neurons"], one["coded"]) == (other["neurons"], other["coded"])
        assert one["parameter"] == other["parameter"]


def test_points_that_cannot_be_posed_are_left_blank():
    plan = Sweep.of_family("one-corner", parameter=[0.5], decoder_cost=[0.0, 1.0], certified=False)
    refused, solved = numbers(plan)
    assert "not positive" in refused["message"] and "gap" not in refused
    assert solved["gap"] < 1e-10
    with pytest.raises(InputError, match="none of its problems can be posed"):
        numbers(Sweep.of_family("one-corner", parameter=[0.5], decoder_cost=[0.0], certified=False))


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


# ---- pictures of sweeps -----------------------------------------------------------------------------------------

SQUARE = [[0, 0], [0, 1], [1, 0], [1, 1], [2, 1.5], [-1, 0.3]]


def words_of(figure):
    return " ".join(text.get_text() for text in figure.findobj(Text))


def test_one_coordinate_gives_curves_of_what_the_table_holds():
    plan = Sweep.of_family("opposite-corners", parameter=[0.9, 0.5, 0.7], certified=False)
    rows = run(plan)
    figure = plot_sweep(plan, rows)
    price, loss, neurons = figure.axes
    ordered = [rows[index] for index in (1, 2, 0)]
    assert price.lines[0].get_xdata().tolist() == [0.5, 0.7, 0.9]
    assert price.lines[0].get_ydata() == pytest.approx([100 * row["price_of_modularity"] for row in ordered])
    assert loss.lines[0].get_ydata().tolist() == [row["loss"] for row in ordered]
    assert neurons.lines[0].get_ydata().tolist() == [row["neurons"] for row in ordered]


@pytest.mark.thorough
def test_a_family_over_two_coordinates_has_its_boundary_whichever_comes_first():
    costs, parameters = [0.1, 1.0, 10.0], [0.3, 0.5, 0.7]
    plans = [
        Sweep.of_family("opposite-corners", encoder_cost=costs, parameter=parameters, certified=False),
        Sweep.of_family("opposite-corners", parameter=parameters, encoder_cost=costs, certified=False),
    ]
    planes = [plane.phase_plane(plan, run(plan)) for plan in plans]
    assert [found.along for found in planes] == ["parameter"] * 2
    assert planes[0].price == pytest.approx(planes[1].price, abs=1e-9)
    assert all(found.exact and found.curves[0][0, 0] == pytest.approx(0.548374, abs=1e-6) for found in planes)
    assert ((planes[0].price > 1e-9) == (planes[0].first > 0.55)).all()


def test_data_over_two_coordinates_has_none():
    plan = Sweep.of_data(Problem(SQUARE), encoder_cost=[0.1, 1.0, 10.0], decoder_cost=[1.0, 2.0], certified=False)
    figure = plot_sweep(plan, run(plan))
    assert "cost of the encoder" in words_of(figure) and "cost of the decoder" in words_of(figure)


def test_more_coordinates_are_held_by_name():
    settings = {"parameter": [0.4, 0.6], "encoder_cost": [1.0, 2.0], "decoder_cost": [1.0, 0.5], "certified": False}
    plan = Sweep.of_family("opposite-corners", **settings)
    rows = run(plan)
    with pytest.raises(InputError, match=r"parameter, encoder_cost, decoder_cost vary.*such as decoder_cost=1\.0"):
        view(plan, rows, {})
    part, chosen = view(plan, rows, {"decoder_cost": "0.50"})
    assert list(part.axes) == ["parameter", "encoder_cost"] and part.fixed == {"decoder_cost": 0.5}
    assert [row["index"] for row in chosen] == [1, 3, 5, 7]
    assert "cost of the decoder 0.5" in words_of(plot_sweep(plan, rows, at={"decoder_cost": 0.5}))
    listed = replace(plan, axes={}, listed=[plan.point(index) for index in range(len(plan))])
    assert view(listed, rows, {"decoder_cost": "0.5"})[1] == chosen


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ({"bias": "0"}, "unknown"),
        ({"parameter": "0.3"}, r"does not take the value 0\.3 there; its values are 0\.4, 0\.6"),
        ({"parameter": "0.4", "encoder_cost": "1"}, "nothing varies"),
    ],
)
def test_what_cannot_be_held(held, said):
    plan = Sweep.of_family("opposite-corners", parameter=[0.4, 0.6], encoder_cost=[1.0, 2.0])
    with pytest.raises(InputError, match=said):
        view(plan, [{}] * 4, held)


def test_points_without_order_or_grid():
    named = Sweep.of_data(Problem([[0, 0, 1], [0, 1, 0], [1, 0, 0], [1, 1, 1.5]]), columns=[["s1", "s2"], ["s2", "s3"]])
    assert "s1, s2" in words_of(plot_sweep(named, run(named)))
    holes = Sweep(named.poses, listed=[{"encoder_cost": 1, "decoder_cost": 1}, {"encoder_cost": 2, "decoder_cost": 2}])
    with pytest.raises(InputError, match="no grid over encoder_cost and decoder_cost"):
        view(holes, [{}] * 2, {})


def test_the_command_draws_and_says_before_the_work_what_it_cannot(tmp_path):
    spec, picture = tmp_path / "spec.toml", tmp_path / "sweep.svg"
    grid = "parameter = [0.5, 0.7]\ndecoder_cost = [1, 2]\nencoder_cost = [1, 2]\n"
    spec.write_text(f'family = "opposite-corners"\ncertified = false\n[grid]\n{grid}')
    command = ["sweep", str(spec), "--jobs", "1", "--plot", str(picture)]
    for words in ([], ["--at", "decoder_cost"], ["--at", "decoder_cost=7"]):
        done = CliRunner().invoke(main, [*command, *words])
        assert done.exit_code == 2 and done.stderr.count("\n") == 1 and "at: " in done.stderr
    assert not spec.with_suffix(".parquet").exists() and not picture.exists()
    done = CliRunner().invoke(main, [*command, "--at", "encoder_cost=1"])
    assert done.exit_code == 0 and "Picture in" in done.stdout and picture.stat().st_size > 1000
