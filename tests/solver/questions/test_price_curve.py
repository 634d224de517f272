"""The price of modularity along costs of the encoder: each point is what `solve` says of it."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from solver import Problem, price_curve, solve
from tests.examples import CUT
from tests.solver.commands.test_cli import accepted, refused
from theory import InputError

CORNERS = [[0, 0], [0, 1], [1, 0]]


def test_each_point_is_solved_and_certified():
    costs = [10, 0.1, 1, 1]
    curve = price_curve(Problem(CORNERS), costs)
    assert curve.encoder_costs.tolist() == [0.1, 1, 10]
    for point, cost in enumerate(curve.encoder_costs):
        answer = solve(Problem(CORNERS, encoder_cost=cost))
        assert curve.losses[point] == pytest.approx(answer.loss, rel=1e-9)
        assert curve.prices[point] == pytest.approx(answer.price_of_modularity, rel=1e-6)
        assert curve.least[point] <= curve.prices[point] <= curve.most[point] and curve.gaps[point] < 1e-8
    assert "Price of modularity: " in repr(curve) and len(repr(curve).splitlines()) == 3 + 1 + 1 + 3
    assert price_curve(Problem(CORNERS), costs, practically=0.5).practically_modular == [True] * 3


def test_a_box_has_no_price_at_any_cost_and_groups_have_their_own():
    box = np.array([(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)], dtype=float)
    curve = price_curve(Problem(box), [0.1, 10])
    assert curve.sentences()[0] == "Price of modularity: none at every encoder cost that was looked at."
    groups = price_curve(Problem(box[:-1], groups={"pair": [0, 1]}), [1.0])
    assert groups.sentences()[0].startswith("Price of separation: ") and groups.prices[0] > 0


def test_what_is_not_proven_is_said():
    curve = price_curve(Problem(CORNERS), [1.0, 2.0])
    bounded = replace(curve, least=np.zeros(2), most=np.array([0.2, np.inf]))
    assert bounded.practically_modular == [None, None]
    assert "Whether it is so at 2 others is not proven" in repr(bounded) and "at most 20 %" in repr(bounded)
    labels = [text.get_text() for text in bounded.plot().axes[0].get_legend().get_texts()]
    assert "undecided" in labels and "mixed" not in labels


@pytest.mark.parametrize("costs", [[], [-1.0], [np.nan], [[1.0, 2.0]]])
def test_prices_that_are_none_are_refused(costs):
    with pytest.raises(InputError, match="encoder_costs: "):
        price_curve(Problem(CORNERS), costs)


def test_problems_without_a_price_are_refused():
    with pytest.raises(InputError, match="no price"):
        price_curve(Problem.from_data(CORNERS))
    with pytest.raises(InputError, match="activation"):
        price_curve(Problem(CORNERS, activation="rectified"))


def test_on_the_command_line(tmp_path):
    picture = tmp_path / "price.svg"
    words = accepted("price", CUT, "--from", 1, "--to", 100, "--points", 3, "--plot", picture).stdout
    assert "Price of modularity: 9.48e-05 % at an encoder cost of 100, 0.225 % at one of 1." in words
    assert "Modular for practical purposes (up to 0.1 %) at 2 of 3 points." in words
    assert picture.stat().st_size > 5_000
    found = json.loads(accepted("price", CUT, "--points", 2, "--practically", 0.5, "--json").stdout)
    assert found["encoder_costs"] == [0.01, 100] and found["practically_modular"] == [True, True]
    rows = list(csv.DictReader(accepted("price", CUT, "--points", 2, "--format", "csv").stdout.splitlines()))
    assert [float(row["price"]) for row in rows] == pytest.approx(found["prices"], rel=1e-5)
    assert "--from" in refused("price", CUT, "--from", 3, "--to", 2)
