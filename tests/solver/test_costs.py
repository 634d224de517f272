"""Costs of activity and of biases: the same answers as by hand, and those of sources that rest at their mean."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import Problem, Representation, budget, certify, separation, solve
from solver.pictures.plot import plot
from solver.strategies import problems, seeds
from tests.examples import plainly, share
from theory import InputError, modularity
from theory.conditions import decide
from theory.readouts import Noisy, Soft
from theory.sources import Sources

CUT = np.array([(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1) if x + y < 2], dtype=float)
costs = st.floats(-3, 3).map(lambda power: 10**power)


@share(1 / 2)
@given(problems(st.integers(1, 3)), costs, st.one_of(st.just(0.0), costs), seeds)
def test_an_answer_costs_what_its_network_costs(problem, activity, bias, seed):
    random = np.random.default_rng(seed)
    readout = [None, Soft(10 ** random.uniform(0, 3)), Noisy(10 ** random.uniform(0, 3), 0.3)][seed % 3]
    priced = problem.replaced(activity_cost=activity, bias_cost=bias, readout=readout)
    answer = solve(priced)
    assert answer.status == "optimal"
    z, given_sources = answer.activity(), priced.sources
    weights = np.full(len(z), 1 / len(z)) if given_sources.probabilities is None else given_sources.probabilities
    if given_sources.from_samples:
        spent = activity * (weights @ z**2).sum() + bias * ((weights @ z) ** 2).sum()
        assert sum(answer.energies.get(name, 0) for name in ("activity", "bias")) == pytest.approx(spent, rel=1e-7)
    assert sum(answer.energies.values()) == pytest.approx(answer.loss, rel=1e-12)
    assert answer.neuron_costs == pytest.approx(priced.neuron_cost(answer.source_weights), rel=1e-9)
    checked = certify(priced, answer)
    assert checked.feasible and checked.gap < 1e-7
    assert checked.loss == pytest.approx(answer.loss, rel=1e-8)


@share(1 / 2)
@given(problems(st.integers(1, 3)), costs, costs)
def test_a_price_of_activity_is_a_unit(problem, activity, bias):
    units = {"encoder_cost": problem.encoder_cost / activity, "decoder_cost": problem.decoder_cost / activity}
    priced = problem.replaced(activity_cost=activity, bias_cost=activity * bias)
    alone = problem.replaced(bias_cost=bias, **units)
    assert solve(priced).loss == pytest.approx(activity * solve(alone).loss, rel=1e-7)
    assert decide(priced).modular == decide(alone).modular


@share(1 / 2)
@given(costs)
def test_biases_cost_as_much_as_rest(bias):
    """By hand: samples at the mean for a share of the time, and all costs divided by that of the bias."""
    total = 1 + bias
    rows = np.vstack([CUT, CUT.mean(axis=0)])
    resting = Sources(rows, [*np.full(len(CUT), 1 / len(CUT) / total), bias / total])
    by_hand = solve(Problem(resting, encoder_cost=1 / total, decoder_cost=1 / total))
    answer = solve(Problem(CUT, bias_cost=bias))
    assert answer.loss == pytest.approx(total * by_hand.loss, rel=1e-7)
    assert answer.modular == by_hand.modular == modularity(CUT, bias_cost=bias).modular


def test_whether_groups_are_apart_is_decided_with_prices():
    """By hand, of sources that rest: the same verdict, bound and witness as in those units."""
    rows = np.random.default_rng(0).uniform(-1, 1, (25, 3))
    total, groups = 3.5, {"pair": [0, 1]}
    resting = Sources(np.vstack([rows, rows.mean(axis=0)]), [*np.full(25, 0.5 / total / 25), 3 / total])
    by_hand = separation(Problem(resting, encoder_cost=1 / total, decoder_cost=total, groups=groups))
    found = separation(Problem(rows, activity_cost=0.5, bias_cost=3, groups=groups))
    assert found.modular is by_hand.modular is False
    assert found.rho == pytest.approx(by_hand.rho, rel=1e-6) and found.rho < 1.5
    assert found.witness * total**0.5 == pytest.approx(by_hand.witness, rel=1e-4)


@pytest.mark.thorough
def test_a_budget_of_neurons_has_prices_too():
    rows = np.random.default_rng(3).standard_normal((30, 3)) @ np.diag([1, 2, 0.5])
    priced = Problem(rows, activity_cost=0.5, bias_cost=3)
    resting = Sources(np.vstack([rows, rows.mean(axis=0)]), [*np.full(30, 0.5 / 3.5 / 30), 3 / 3.5])
    in_other_units = Problem(resting, encoder_cost=1 / 3.5, decoder_cost=3.5)
    found, by_hand = budget(priced, rng=0, starts=1), budget(in_other_units, rng=0, starts=1)
    assert found.numbers.tolist() == by_hand.numbers.tolist() and found.losses[0] > found.floor * (1 + 1e-6)
    assert found.losses == pytest.approx(by_hand.losses, rel=1e-9)


def test_a_recurrent_layer_costs_the_same():
    turn, corners = [[0, -1], [1, 0]], [[1, 1], [-1, 1], [-1, -1], [1, -1]]
    priced = Problem(corners, activity_cost=0.5, bias_cost=2, transitions=turn, recurrent_cost=3)
    answer = solve(priced)
    assert answer.status == "optimal" and answer.energies["recurrent"] == pytest.approx(6, rel=1e-9)
    assert answer.loss == pytest.approx(solve(priced.feedforward).loss + 6, rel=1e-9)
    assert certify(priced, answer).gap < 1e-8


def test_in_the_limit_of_dear_biases_only_ranges_count():
    """Covariance and weights cost nothing beside biases: the hull decides, and a simplex is mixed."""
    triangle = [[0, 0], [0, 1], [1, 0]]
    box = [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert modularity(box, probabilities=[4, 1, 1, 4], bias_cost=1e6).modular
    assert not modularity(triangle, bias_cost=1e6).modular


@pytest.mark.thorough
def test_saved_drawn_and_shown(tmp_path):
    answer = solve(Problem(CUT, activity_cost=3, bias_cost=0.2))
    answer.save(tmp_path / "code.npz")
    again = Representation.load(tmp_path / "code.npz")
    assert again.problem.activity_cost == 3 and again.problem.bias_cost == 0.2
    assert again.energies == pytest.approx(answer.energies) and list(again.energies)[:2] == ["activity", "bias"]
    plot(answer, path=tmp_path / "code.png")
    assert (tmp_path / "code.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("given_prices", "said"),
    [
        ({"activity_cost": 0}, "activity_cost: 0 is not positive"),
        ({"activity_cost": -1}, "activity_cost: -1 is not a cost"),
        ({"bias_cost": -1}, "bias_cost: -1 is not a cost"),
        ({"bias_cost": "dear"}, "bias_cost: 'dear' is not a number"),
        ({"bias_cost": float("nan")}, "bias_cost: nan is not a cost"),
    ],
)
def test_prices_that_are_none(given_prices, said):
    with pytest.raises(InputError, match=said):
        Problem(CUT, **given_prices)


def test_an_exact_verdict_has_no_such_prices():
    with pytest.raises(InputError, match="exact: decided for activity_cost=1"):
        modularity(CUT, bias_cost=1, exact=True)


@pytest.mark.parametrize("seed", plainly([0, 1, 2, 4], [4]))
def test_one_group_of_nearly_dependent_sources_keeps_them(seed):
    """In other units sources are known by their moments, of which a covariance has half the digits of its root."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(9, 3))
    rows = np.column_stack([rows, rows @ rng.normal(size=3) + 1e-6 * rng.normal(size=9)])
    readout = Soft(1e3, targets=rng.normal(size=(1, 4)))
    problem = Problem(rows, activity_cost=0.4, readout=readout, groups={"all": list(range(4))})
    answer = solve(problem)
    assert answer.lower_bound <= answer.loss
    assert certify(problem, answer).lower_bound >= answer.lower_bound * (1 - 1e-5)  # a few millionths are what is left
    assert problem.sources.of_columns([0, 1, 2, 3]).names == problem.sources.names
