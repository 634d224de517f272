"""Codes that a recurrent layer carries along: certified, saved, simulated, and as theory says."""

import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from solver import Problem, Representation, certify, solve, verify
from solver.certificate import best_bound
from solver.commands.cli import main
from solver.strategies import seeds
from solver.verification.cases import draws_for
from tests.examples import IRIS, share, thorough
from theory import InputError, Sources
from theory.dynamics import Transitions, outside
from theory.theorems import THEOREMS

TURN = [[0, -1], [1, 0]]
SQUARE = [[1, 1], [-1, 1], [-1, -1], [1, -1]]


def ring(positions, *frequencies):
    """Cosine and sine of every position at each frequency."""
    angle = 2 * np.pi * np.arange(positions) / positions
    return np.array([wave(rate * angle) for rate in frequencies for wave in (np.cos, np.sin)]).T


def carried(seed, dimension, cost=None):
    """Correlated, mixed sources of unlike scale, some heavy-tailed, and maps that shrink their hull or move it."""
    rng = np.random.default_rng(seed)
    samples = rng.standard_normal((14, dimension)) @ rng.standard_normal((dimension, dimension))
    if rng.random() < 0.3:
        samples = samples**3
    sources = Sources(samples * 10.0 ** rng.uniform(-1, 1, dimension) + rng.normal(size=dimension))
    frame = np.linalg.cholesky(sources.covariance)
    maps = frame @ rng.standard_normal((rng.integers(1, 3), dimension, dimension)) @ np.linalg.inv(frame)
    offsets = 0.1 * rng.standard_normal((len(maps), dimension)) @ frame.T
    for number in range(len(maps)):
        while outside(sources.vertices @ maps[number].T + offsets[number], sources).max() > 0:
            maps[number] *= 0.8
            offsets[number] *= 0.8
    return Problem(
        sources,
        mixing=rng.standard_normal((dimension + 1, dimension)),
        encoder_cost=10 ** rng.uniform(-2, 1),
        transitions=Transitions(maps, offsets),
        recurrent_cost=10 ** rng.uniform(-2, 2) if cost is None else cost,
    )


# ---- nothing changes under a step -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("positions", "frequencies", "loss"),
    [(12, (1, 2), 15.3018356), thorough(35, (5, 7), 15.9530670), thorough(24, (2, 3), 16.37576510)],
)
def test_rings_keep_time(positions, frequencies, loss):
    rows = ring(positions, *frequencies)
    problem = Problem(rows, transitions=Transitions.from_trajectory(rows))
    answer = solve(problem)
    assert answer.status == "optimal" and answer.loss == pytest.approx(loss, rel=1e-8)
    assert answer.energies["recurrent"] == pytest.approx(4, rel=1e-9)
    assert answer.loss == pytest.approx(solve(problem.feedforward).loss + 4, rel=1e-9)
    checked = certify(problem, answer)
    assert checked.feasible and checked.gap < 1e-8 and checked.loss == pytest.approx(answer.loss, rel=1e-10)
    activity = answer.simulate(1000, start=3)
    np.testing.assert_allclose(activity, answer.activity(rows[np.arange(3, 1004) % positions]), atol=1e-10)
    assert activity.min() > -1e-10 and np.abs(answer.reconstruct(activity[-1:]) - rows[1003 % positions]).max() < 1e-9


def test_paths_on_a_torus_are_integrated():
    rows = np.array([[*one, *other] for one in ring(3, 1) for other in ring(4, 1)])
    places = np.arange(12).reshape(3, 4)
    actions = [np.roll(places, -1, axis=0).ravel(), np.roll(places, -1, axis=1).ravel(), np.arange(12)]
    maps = [np.linalg.lstsq(rows, rows[to], rcond=None)[0].T for to in actions]
    problem = Problem(rows, transitions=maps, recurrent_cost=0.5, encoder_cost=0)
    answer = solve(problem)
    assert answer.status == "optimal" and answer.energies["recurrent"] == pytest.approx(0.5 * 3 * 4)
    assert answer.energies["encoder"] == 0 and certify(problem, answer).gap < 1e-8
    path = np.random.default_rng(0).integers(3, size=1000)
    visited = [5]
    for action in path:
        visited.append(actions[action][visited[-1]])
    np.testing.assert_allclose(answer.simulate(1000, start=5, actions=path), answer.activity()[visited], atol=1e-10)


@pytest.mark.thorough
@share(1 / 4)
@given(draws_for("invariant-dynamics")[0])
def test_invariant_dynamics_change_the_loss_by_a_known_number_and_no_verdict(problem):
    entry = THEOREMS["invariant-dynamics"]
    assert entry.applies(problem)
    predicted = entry.predict(problem)
    other, more = predicted.larger
    answer = solve(problem)
    assert answer.status == "optimal"
    assert answer.loss == pytest.approx(solve(other).loss + more, rel=1e-7)
    if predicted.margin > 1e-6:
        assert predicted.modular or answer.price_of_modularity > 0
        assert answer.price_of_modularity <= 1e-8 or not predicted.modular


def test_what_just_misses_the_theorem_and_others_are_told_apart():
    weighted = Problem(SQUARE, probabilities=[1, 1, 3, 3], transitions=Transitions(TURN, centre=[0, 0]))
    assert not any(entry.applies(weighted) for entry in THEOREMS.values())
    assert solve(weighted).loss > solve(weighted.feedforward).loss + 2 + 1e-4
    stretched = Problem(SQUARE, mixing=[[2, 0], [0, 1]], transitions=TURN)
    assert not THEOREMS["invariant-dynamics"].applies(stretched)
    assert solve(stretched).loss > solve(stretched.feedforward).loss + 2 + 1e-4


def test_verify_tries_the_theorem():
    report = verify(THEOREMS["invariant-dynamics"], trials=2, seed=1)
    assert report.disagreements == 0 and report.agreements > 0


# ---- anything else --------------------------------------------------------------------------------------------------


@share(1 / 2)
@given(seeds, st.integers(1, 3))
def test_any_dynamics_are_solved_certified_and_carried(seed, dimension):
    problem = carried(seed, dimension)
    answer = solve(problem)
    checked = certify(problem, answer)
    assert checked.feasible and checked.loss == pytest.approx(answer.loss, rel=1e-9)
    assert checked.lower_bound == pytest.approx(answer.lower_bound, rel=1e-7)
    code = answer.source_weights.T @ answer.source_weights
    saved = problem.whitening.worth(problem.multiplier(code) - problem.recurrence.gradient(code))
    # Where what neurons save is no positive form nothing shows the code to be the best, but not much is left open.
    assert checked.gap < (1e-7 if np.linalg.eigvalsh(saved)[0] > 0 else 0.1)
    alone = solve(problem.feedforward)
    assert answer.lower_bound >= alone.lower_bound + problem.least_recurrent * (1 - 1e-9)
    assert answer.loss <= min(problem.loss(alone.source_weights), problem.modular_loss) * (1 + 1e-9)
    assert sum(answer.energies.values()) == pytest.approx(answer.loss, rel=1e-10)


@given(seeds, st.integers(1, 3))
@share(1 / 4)
def test_any_code_bounds_the_loss_of_all(seed, dimension):
    problem = carried(seed, dimension)
    best = solve(problem).loss
    rng = np.random.default_rng(seed)
    for spread in (1e-3, 0.1, 1.0):
        weights = problem.whitening.weights(np.eye(dimension) + spread * rng.standard_normal((dimension, dimension)))
        proven = best_bound(problem, problem.multiplier(weights.T @ weights), weights=weights)
        assert proven.value <= best * (1 + 1e-9) and problem.loss(weights) >= best * (1 - 1e-9)


@share(1 / 4)
@given(seeds)
def test_descent_on_a_few_neurons_finds_nothing_better(seed):
    """Independent of all methods: Nelder and Mead on the weights of three neurons, from random starts."""
    problem = carried(seed, 2)
    bound = solve(problem).lower_bound
    rng = np.random.default_rng(seed)
    for _ in range(2):
        start = problem.whitening.weights(rng.standard_normal((3, 2))).ravel()
        found = minimize(
            lambda flat: problem.loss(flat.reshape(3, 2)), start, method="Nelder-Mead", options={"maxfev": 400}
        )
        assert found.fun >= bound * (1 - 1e-9)


def test_a_dear_layer_is_carried_by_another_code():
    """As its price grows, the code gives way until the layer costs no more than it must."""
    samples = np.random.default_rng(2).standard_normal((12, 2))
    # A turn of a quarter, drawn out: the cheapest layer wants sources of unlike strength.
    problem = Problem(np.vstack([samples, -samples]), transitions=0.2 * np.array([[0, -2], [0.5, 0]]))
    spent = [solve(problem.replaced(recurrent_cost=cost)).energies["recurrent"] / cost for cost in (0.1, 10, 1e4)]
    assert spent[0] > spent[1] > spent[2] and spent[2] == pytest.approx(2 * 0.2**2, rel=1e-3)


@pytest.mark.parametrize("cost", [1e12, 1e18, 1e30])
def test_a_layer_beside_which_all_else_is_rounding_has_an_answer(cost):
    turning = np.column_stack([np.cos(range(12)), np.sin(range(12))])
    answer = solve(Problem(turning, transitions=Transitions.from_trajectory(turning), recurrent_cost=cost))
    assert answer.status == "optimal" and answer.gap < 1e-8


def test_who_asks_for_the_best_modular_code_gets_it():
    problem = carried(3, 3)
    answer = solve(problem, method="modular")
    assert answer.modular and answer.loss == pytest.approx(problem.modular_loss, rel=1e-10)
    assert answer.lower_bound <= solve(problem).loss < answer.loss


@pytest.mark.thorough
def test_many_sources():
    rng = np.random.default_rng(0)
    half = rng.standard_normal((4, 6))
    rows = np.vstack([np.roll(sign * half, shift, axis=1) for shift in range(6) for sign in (1, -1)])
    shift = np.roll(np.eye(6), 1, axis=0)
    kept = solve(Problem(rows, transitions=shift), time_limit=20)
    assert kept.energies["recurrent"] == pytest.approx(6, rel=1e-4)
    assert certify(kept.problem, kept).feasible


# ---- the layer, files, and what is refused --------------------------------------------------------------------------


def test_a_layer_that_misses_is_seen():
    problem = Problem(ring(7, 1), transitions=Transitions.from_trajectory(ring(7, 1)))
    answer = solve(problem)
    wrong = replace(answer, recurrent=answer.recurrent * (1 + 1e-6))
    checked = certify(problem, wrong)
    assert not checked.feasible and checked.gap == np.inf and checked.step_error > 1e-7
    with pytest.raises(InputError, match="recurrent weights of shape"):
        certify(problem, solve(problem.feedforward))


@given(seeds)
@share(1 / 4)
def test_files_hold_the_layer_and_every_number_counts(tmp_path_factory, seed):
    path = tmp_path_factory.mktemp("dynamics") / "code.npz"
    answer = solve(carried(seed, 2))
    answer.save(path)
    again = Representation.load(path)
    np.testing.assert_array_equal(again.recurrent, answer.recurrent)
    assert again.to_dict() == {**answer.to_dict(), "energies": pytest.approx(answer.energies, rel=1e-9)}
    assert certify(again.problem, again).gap < 1e-7
    with np.load(path) as file:
        content = dict(file)
    for name in ("recurrent", "recurrent_bias", "recurrent_cost", "transitions_matrices"):
        altered = np.array(content[name])
        altered.flat[-1] += 1e-4 * np.abs(altered).max()
        np.savez(path, **content | {name: altered})
        with pytest.raises(InputError, match=r"damaged or altered|out of the hull"):
            Representation.load(path)
    del content["recurrent"]
    np.savez(path, **content)
    with pytest.raises(InputError, match="recurrent: missing"):
        Representation.load(path)


def test_files_keep_where_a_series_ends(tmp_path):
    rows = [[2.0**step] for step in range(5)]
    answer = solve(Problem(rows, transitions=Transitions.from_trajectory(rows)))
    answer.save(tmp_path / "code.npz")
    again = Representation.load(tmp_path / "code.npz")
    np.testing.assert_allclose(again.simulate(4), answer.activity(), atol=1e-9)
    with pytest.raises(InputError, match=r"simulate: 5 step\(s\) lead out of the hull"):
        again.simulate(5)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"steps": -1}, "steps: -1 is not a whole number"),
        ({"steps": 3, "start": 4}, "start: row 4 is none of the 4 samples"),
        ({"steps": 3, "start": [1, 2, 3]}, "start: expected a row's number or a point of 2 numbers"),
        ({"steps": 3, "start": [3, 0]}, "simulate: the start lies out of the hull"),
        ({"steps": 3, "actions": [0, 1]}, "actions: expected one whole number a step"),
        ({"steps": 3, "actions": [0, 0, 1]}, "actions: step 2 takes transition 1; there are 1"),
    ],
)
def test_what_cannot_be_simulated(arguments, said):
    answer = solve(Problem(SQUARE, transitions=TURN))
    with pytest.raises(InputError) as error:
        answer.simulate(**arguments)
    assert said in str(error.value)


def test_simulations_need_a_layer_and_actions():
    with pytest.raises(InputError, match="the problem has no transitions"):
        solve(Problem(SQUARE)).simulate(3)
    both = solve(Problem(SQUARE, transitions=[TURN, np.eye(2)]))
    with pytest.raises(InputError, match="there are 2 transitions; say which"):
        both.simulate(3)
    np.testing.assert_allclose(both.simulate(4, actions=0)[-1], both.activity()[0], atol=1e-12)


# ---- the command line -----------------------------------------------------------------------------------------------


def run(*arguments):
    return CliRunner().invoke(main, ["solve", *map(str, arguments)])


def test_on_the_command_line(tmp_path):
    series, table, stack = (tmp_path / name for name in ("ring.csv", "turn.csv", "turns.npy"))
    np.savetxt(series, ring(8, 1), delimiter=",")
    law = Transitions.from_trajectory(ring(8, 1)).matrices
    np.savetxt(table, law[0], delimiter=",")
    np.save(stack, np.concatenate([law, law]))
    found = json.loads(run(series, "--trajectory", "--json").stdout)
    given_table = json.loads(run(series, "--transitions", table, "--json").stdout)
    twice = json.loads(run(series, "--transitions", stack, "--recurrent-cost", 3, "--json").stdout)
    assert found["energies"]["recurrent"] == pytest.approx(2) and np.shape(found["recurrent"])[0] == 1
    assert given_table["loss"] == pytest.approx(found["loss"])
    assert twice["energies"]["recurrent"] == pytest.approx(2 * 3 * 2)
    words = "A recurrent layer carries the code along 1 transition: 2 of the loss, where no code pays less than 2."
    assert words in run(series, "--trajectory").stdout
    assert run(series, "--trajectory", "--save", tmp_path / "code.npz").exit_code == 0
    assert Representation.load(tmp_path / "code.npz").simulate(1000).shape == (1001, 2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--trajectory"], "sources: no linear map carries this series"),
        (["--recurrent-cost", "2"], "--recurrent-cost: there is no recurrent layer"),
        (["--trajectory", "--transitions", "x.csv"], "leave out one of them"),
        (["--transitions", IRIS], "transitions: shape (150, 4) is not (a, d, d)"),
    ],
)
def test_refusals_on_the_command_line(arguments, said):
    result = run(IRIS, *arguments)
    assert result.exit_code == 2 and said in result.stderr
