"""Sources of which some are told by others: answers are those of their affine hull, in the sources' own columns."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pytest
from scipy.optimize import minimize

from solver import (
    Problem,
    Representation,
    audit,
    budget,
    certify,
    lower_bound,
    prepare_table,
    separation,
    solve,
    solve_many,
)
from solver.commands.cli import main
from tests.examples import plainly
from theory import Sources, modularity
from theory.conditions import decide
from theory.errors import InputError
from theory.neurons import PeakActivity, WeightedActivity, Wiring
from theory.readouts import Exact, Noisy, Soft
from theory.reductions import AFFINE_HULL, Chain, Solved
from theory.theorems import THEOREMS

UNLIKE = [0.4, 0.3, 0.2, 0.1]


def one_of(*codes):
    return np.hstack([np.eye(int(max(code)) + 1)[code] for code in map(np.asarray, codes)])


GRID = np.array([place for place in product(range(3), range(3)) if place != (2, 0)])
TORUS = one_of(*GRID.T)  # a torus of three by three places, of which one is never visited


def drawn(seed):
    """Some columns and random combinations of them, in a random order."""
    rng = np.random.default_rng(seed)
    rank, told = rng.integers(1, 4), rng.integers(1, 4)
    rows = rng.integers(0, 3, size=(rng.integers(rank + 4, 16), rank)).astype(float) + 0.1 * rng.random(rank)
    rows[: rank + 1] = np.vstack([np.zeros(rank), np.eye(rank)])
    combinations = rng.integers(-2, 3, size=(rank, told)) + np.eye(rank, told) * 0.5
    whole = np.hstack([rows, rows @ combinations + rng.normal(size=told)])
    return whole[:, rng.permutation(rank + told)], rng


# ---- theory -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize(("encoder_cost", "decoder_cost"), [(1.0, 1.0), (0.0, 3.0), (7.0, 0.2)])
def test_equally_likely_categories_are_marked(count, encoder_cost, decoder_cost):
    """The theorem of docs/mathematics.md, whatever the prices."""
    problem = Problem(np.eye(count), encoder_cost=encoder_cost, decoder_cost=decoder_cost)
    answer = solve(problem)
    loss = 2 * (count - 1) * np.sqrt(decoder_cost * (encoder_cost + 1 / (count - 1)))
    assert answer.loss == pytest.approx(loss, rel=1e-12) and answer.status == "optimal" and answer.modular
    assert (answer.activity().round(9) > 0).sum(axis=0).tolist() == [1] * (count if count > 2 else 1)
    assert decide(problem).modular and answer.ambiguity().unique and certify(problem, answer).gap < 1e-9


@pytest.mark.parametrize("seed", range(5))
def test_marks_are_optimal_where_no_pair_of_categories_gains(seed):
    """The condition on pairs, by itself, against pricing on the faces of the hull."""
    rng = np.random.default_rng(seed)
    count, cost = int(rng.integers(3, 6)), float(rng.uniform(0.05, 2))
    problem = Problem(np.eye(count), probabilities=rng.dirichlet(np.full(count, 9.0)), encoder_cost=cost)
    weights = np.diag(problem.modular_weights)
    if len(weights) < count or (weights < 0).any():
        pytest.skip("a category is excluded")
    said = THEOREMS["categories"].predict(problem)
    assert decide(problem).modular == said.modular or said.margin < 1e-9


def in_own_columns(problem, count, rng):
    """Independent of all methods: the best of descents on encoder and bias as they are, nonnegative on each sample."""
    rows, mixing = problem.sources.points, problem.mixing
    data, share = rows @ mixing.T, problem.sources.sample_probabilities
    channels, spread = data.shape[1], (data - share @ data).T

    def loss(flat):
        encoder, bias = flat[: count * channels].reshape(count, channels), flat[count * channels :]
        activity = data @ encoder.T + bias
        decoder = spread @ np.linalg.pinv((activity - share @ activity).T, rcond=1e-9)
        missed = np.abs(decoder @ (activity - share @ activity).T - spread).max()
        paid = share @ (activity**2).sum(axis=1) + problem.encoder_cost * (encoder**2).sum()
        return float(paid + problem.decoder_cost * (decoder**2).sum() + 1e6 * missed)

    silent = np.hstack([np.kron(np.eye(count), data), np.kron(np.eye(count), np.ones((len(data), 1)))])
    found = []
    for _ in range(3):
        encoder = rng.normal(size=(count, channels))
        start = np.concatenate([encoder.ravel(), -(data @ encoder.T).min(axis=0) + 0.1])
        rule = {"type": "ineq", "fun": lambda flat: silent @ flat, "jac": lambda _: silent}
        step = minimize(loss, start, method="SLSQP", constraints=[rule], options={"maxiter": 200, "ftol": 1e-12})
        if (silent @ step.x).min() > -1e-8:
            found.append(loss(step.x))
    return min(found)


@pytest.mark.parametrize(
    "problem",
    [
        Problem(np.eye(3), probabilities=[5, 3, 2]),
        pytest.param(
            Problem(np.eye(3), encoder_cost=0.2, mixing=[[1, 0, 0.5], [0, 2, 0], [0, 0, 1]]),
            marks=pytest.mark.thorough,
        ),
        pytest.param(
            Problem([[0, 0, 1], [1, 2, 3], [2, 4, 3], [1, 2, 0]], decoder_cost=0.3), marks=pytest.mark.thorough
        ),
    ],
    ids=["categories", "mixing", "columns in other units"],
)
def test_no_descent_in_the_sources_own_columns_does_better(problem):
    answer, best = solve(problem), in_own_columns(problem, 3, np.random.default_rng(0))
    assert answer.status == "optimal" and best >= answer.loss * (1 - 1e-7)
    assert best <= answer.loss * (1 + 1e-3)


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(6))
def test_the_conic_program_agrees(seed):
    rows, rng = drawn(seed)
    problem = Problem(rows, encoder_cost=float(rng.uniform(0.1, 2)), readout=[None, Soft(20.0)][seed % 2])
    answer, conic = solve(problem), solve(problem, method="conic")
    assert answer.status == "optimal" and conic.loss == pytest.approx(answer.loss, rel=1e-6)
    checked = certify(problem, answer)
    assert checked.feasible and checked.gap < 1e-8 and checked.loss == pytest.approx(answer.loss, rel=1e-10)


@pytest.mark.parametrize("readout", [None, Soft(8.0), Noisy(30.0, 0.1)])
@pytest.mark.parametrize("seed", range(2))
def test_the_best_modular_code_is_the_best_of_its_kind(seed, readout):
    """Its multiplier says so: no neuron of one source alone earns more than it costs, and its own earn just that."""
    rows, rng = drawn(seed)
    problem = Problem(rows, readout=readout, bias_cost=float(rng.uniform(0, 1)))
    weights = problem.modular_weights
    earned = np.diag(problem.multiplier(weights.T @ weights)) / problem.modular_costs
    assert earned.max(initial=0) <= 1 + 1e-9
    used = np.abs(weights).sum(axis=0) > 0
    assert earned[used] == pytest.approx(1, abs=1e-9)
    for _ in range(5):
        other = np.diag(rng.uniform(0.2, 2, problem.dimension) / np.sqrt(problem.modular_costs))
        assert problem.loss(other) >= problem.modular_loss * (1 - 1e-12)
    assert problem.loss(weights) == pytest.approx(problem.modular_loss, rel=1e-10)


@pytest.mark.parametrize("seed", plainly(range(4), range(2)))
def test_verdicts_and_witnesses_are_those_of_answers(seed):
    rows, _ = drawn(seed)
    problem = Problem(rows)
    answer, verdict = solve(problem), decide(problem)
    assert verdict.modular == (answer.price_of_modularity < 1e-9) == answer.modular
    assert answer.price_of_modularity <= verdict.price_bound + 1e-9
    if verdict.witness is None:
        assert np.isnan(verdict.margin) or problem.sources.hull.rank == 1
        return
    witness, bias = verdict.witness, problem.sources.support(verdict.witness)[0]
    assert witness @ verdict.F @ witness > bias**2 and verdict.margin < 0
    assert problem.neuron_cost(witness)[0] == pytest.approx(1)


# ---- what changes nothing -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(2))
def test_a_combination_that_is_neither_seen_nor_decoded_changes_nothing(seed):
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 3, size=(12, 2)) + rng.normal(size=2)
    alone = Problem(rows, readout=[None, Soft(15.0)][seed % 2])
    told = np.column_stack([rows, rows @ rng.normal(size=2)])
    more = Problem(told, mixing=np.eye(2, 3), readout=alone.given_readout)
    one, other = solve(alone), solve(more)
    assert other.loss == pytest.approx(one.loss, rel=1e-9) and other.lower_bound == pytest.approx(one.loss, rel=1e-8)
    assert more.modular_loss <= alone.modular_loss * (1 + 1e-12)  # there is one more function to read


@pytest.mark.parametrize("seed", range(2))
def test_the_order_of_columns_and_which_are_kept_change_nothing(seed):
    rows, rng = drawn(seed)
    order = rng.permutation(rows.shape[1])
    one, other = Problem(rows), Problem(rows[:, order])
    assert other.modular_loss == pytest.approx(one.modular_loss, rel=1e-11)
    assert solve(other).loss == pytest.approx(solve(one).loss, rel=1e-9)
    assert np.allclose(other.energy_matrix, one.energy_matrix[np.ix_(order, order)], atol=1e-11)


def test_units_that_the_mixing_undoes_change_nothing():
    scale = np.array([1e-4, 1.0, 30.0, 1e3])
    plain = Problem(np.eye(4), probabilities=UNLIKE)
    scaled = Problem(np.eye(4) * scale, probabilities=UNLIKE, mixing=np.diag(1 / scale))
    one, other = solve(plain), solve(scaled)
    assert other.loss == pytest.approx(one.loss, rel=1e-10)
    assert scaled.modular_loss == pytest.approx(plain.modular_loss, rel=1e-10)


def test_a_column_twice_is_a_source_that_counts_twice():
    rows = np.random.default_rng(3).normal(size=(15, 2))
    twice = Problem(np.column_stack([rows, rows[:, 0] * 3]))
    weighed = Problem(rows, mixing=np.diag([np.sqrt(10), 1]))
    one, other = solve(weighed), solve(twice)
    assert other.loss == pytest.approx(one.loss, rel=1e-9)
    assert twice.modular_loss == pytest.approx(weighed.modular_loss, rel=1e-9)


def test_weights_of_one_neuron_are_many_and_cost_the_same():
    problem, weights = Problem(np.eye(4)), np.array([[1.0, 0, 0, 0], [0, 1, 1, 0]])
    same = weights + np.array([[2.0], [-3.0]])
    assert np.allclose(problem.neuron_cost(same), problem.neuron_cost(weights))
    assert np.allclose(problem.readout.decoder(same), problem.readout.decoder(weights))


def test_an_encoder_that_reads_what_is_constant_is_valid_and_costs_more():
    problem = Problem(np.eye(4), probabilities=UNLIKE)
    answer = solve(problem)
    values = {name: getattr(answer, name) for name in ("decoder", "decoder_bias", "multiplier", "cover")}
    other = type("Network", (), values | {"encoder": answer.encoder + 0.1, "encoder_bias": answer.encoder_bias - 0.1})
    before, after = certify(problem, answer), certify(problem, other)
    assert after.feasible and after.lower_bound == pytest.approx(before.lower_bound, rel=1e-12)
    assert after.loss == pytest.approx(before.loss + len(answer) * 4 * 0.01, rel=1e-12)


# ---- groups -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("readout", [None, pytest.param(Soft(20.0), marks=pytest.mark.thorough)])
def test_groups_that_do_not_tell_of_each_other_are_those_of_the_hull(readout):
    problem = Problem(TORUS, groups={"row": [0, 1, 2], "column": [3, 4, 5]}, readout=readout)
    reduced = Problem(
        TORUS[:, [0, 1, 3, 4]],
        mixing=problem.sources.hull.basis,
        groups={"row": [0, 1], "column": [2, 3]},
        readout=readout,
    )
    one, other = solve(problem), solve(reduced)
    assert one.loss == pytest.approx(other.loss, rel=1e-9)
    assert one.modular_loss == pytest.approx(other.modular_loss, rel=1e-9)
    assert certify(problem.separated, one.separate).gap < 1e-8 and certify(problem, one).gap < 1e-8
    verdict, expected = separation(problem), separation(reduced)
    assert verdict.modular == expected.modular and verdict.price_bound == pytest.approx(expected.price_bound, abs=1e-9)
    assert {names[0] for names in one.separate.coded_groups()} == {"row", "column"}


TOLD = np.column_stack([TORUS, GRID.sum(axis=1), GRID.sum(axis=1) == 2])
TELLING = {"row": [0, 1, 2], "column": [3, 4, 5], "sum": [6], "middle": [7]}


@pytest.mark.parametrize("readout", [None, pytest.param(Soft(12.0), marks=pytest.mark.thorough), Soft(0.05)])
def test_groups_that_tell_of_each_other(readout, tmp_path):
    problem = Problem(TOLD.astype(float), groups=TELLING, readout=readout)
    answer = solve(problem)
    separate = answer.separate
    assert answer.status == separate.status == "optimal" and separate.modular
    assert certify(problem, answer).gap < 1e-8 and certify(problem.separated, separate).gap < 1e-8
    assert answer.loss <= separate.loss <= problem.modular_loss * (1 + 1e-9)
    verdict = separation(problem)
    assert verdict.modular == (answer.price_of_modularity < 1e-9)
    assert answer.price_of_modularity <= verdict.price_bound + 1e-9
    answer.save(tmp_path / "code.npz")
    assert Representation.load(tmp_path / "code.npz") == answer
    # A code that mixes is none of these groups.
    assert readout is not None or not certify(problem.separated, answer).feasible


def test_groups_of_one_source_each_are_modular_codes():
    """Columns generated group by group, and one convex program: two ways to the same loss."""
    problem = Problem(np.eye(4), probabilities=UNLIKE, groups={})
    alone = solve(Problem(np.eye(4), probabilities=UNLIKE))
    answer = solve(problem)
    assert answer.modular_loss == pytest.approx(alone.modular_loss, rel=1e-10)
    assert answer.loss == pytest.approx(alone.loss, rel=1e-10)


@pytest.mark.thorough
def test_one_group_of_all_sources_costs_nothing_and_one_told_by_another_changes_nothing():
    rows, _ = drawn(3)
    every = solve(Problem(rows, groups={"all": list(range(rows.shape[1]))}))
    assert every.price_of_modularity == pytest.approx(0, abs=1e-9) and every.modular
    two = solve(Problem(TORUS, groups={"row": [0, 1, 2], "column": [3, 4, 5]}))
    more = Problem(
        np.column_stack([TORUS, TORUS[:, 1] - TORUS[:, 0]]),
        mixing=np.eye(6, 7),
        groups={"row": [0, 1, 2], "column": [3, 4, 5], "in row": [6]},
    )
    assert solve(more).separate.loss == pytest.approx(two.separate.loss, rel=1e-9)


def test_groups_may_share_sources(tmp_path):
    rows = np.random.default_rng(1).normal(size=(20, 3))
    two = Problem(rows, groups={"first": [0, 1], "last": [1, 2]})
    answer = solve(two)
    separate = answer.separate
    assert answer.status == separate.status == "optimal" and separate.modular and not answer.modular
    assert certify(two, answer).gap < 1e-8 and certify(two.separated, separate).gap < 1e-8
    assert not certify(two.separated, answer).feasible and separation(two).modular is False
    assert {name for (name,) in separate.coded_groups()} == {"first", "last"}
    assert {name for name, share in separate.mostly_reads() if share == 0} == {"first", "last"}
    answer.save(tmp_path / "code.npz")
    assert Representation.load(tmp_path / "code.npz") == answer
    # Every code of the first is one of the second, and none is lost that reads a group within another.
    without = solve(Problem(rows, groups={"first": [0, 1]})).separate
    assert separate.loss < without.loss * (1 - 1e-6)
    within = solve(Problem(rows, groups={"first": [0, 1], "middle": [1]})).separate
    assert within.loss == pytest.approx(without.loss, rel=1e-9)
    assert decide(two).modular == modularity(rows).modular and solve(Problem(rows)).loss == pytest.approx(answer.loss)


# ---- using the answer ---------------------------------------------------------------------------------------------


def test_answers_are_saved_loaded_printed_and_told_in_json(tmp_path):
    answer = solve(Problem(np.eye(4), probabilities=UNLIKE))
    answer.save(tmp_path / "code.npz")
    assert Representation.load(tmp_path / "code.npz") == answer
    plain = json.loads(json.dumps(answer.to_dict()))
    assert plain["dimensions"] == 3 and plain["constant"] == "+1*s1 +1*s2 +1*s3 +1*s4"
    assert "4 neurons code 4 sources in 3 dimensions" in repr(answer) and plain["constant"] in repr(answer)
    # A code and its network do the same, and decode every sample.
    activity = answer.problem.sources.points @ answer.encoder.T + answer.encoder_bias
    assert np.allclose(answer.activity(), activity) and np.allclose(answer.reconstruct(activity), np.eye(4))
    assert solve_many([answer.problem])[0].loss == pytest.approx(answer.loss, rel=1e-12)


def test_neurons_are_written_with_few_sources():
    answer = solve(Problem(np.eye(4), probabilities=UNLIKE))
    assert max(map(len, answer.coded_sources())) == 2
    neurons = answer.ambiguity().neurons
    assert np.allclose(answer.problem.neuron_cost(neurons), 1) and (neurons != 0).sum(axis=1).max() <= 3


@pytest.mark.thorough
def test_an_audit_of_dependent_sources_adds_up():
    problem = Problem(np.eye(4), probabilities=UNLIKE)
    best = audit(problem, solve(problem).activity())
    assert best.excess < 1e-9
    marks = audit(problem, np.eye(4), decoder=np.eye(4), encoder=np.eye(4))
    assert marks.excess > 0.01 and sum(marks.savings.values()) == pytest.approx(marks.loss - marks.lower_bound)
    assert certify(problem, marks.code).loss == pytest.approx(marks.loss, rel=1e-9)


def test_sources_known_by_moments_and_by_summaries():
    rows = np.random.default_rng(5).integers(0, 3, size=(20, 2)).astype(float)
    rows = np.column_stack([rows, rows @ [1, -1], rows[:, 1] * 2 + 1])
    samples = Sources(rows)
    expected = solve(Problem(samples))
    for sources in (
        Sources.from_chunks([rows[:7], rows[7:]]),
        Sources.from_moments(samples.covariance, rows, samples.mean),
    ):
        answer = solve(Problem(sources))
        assert answer.loss == pytest.approx(expected.loss, rel=1e-7) and answer.status == "optimal"
        assert certify(answer.problem, answer).gap < 1e-7


@pytest.mark.parametrize("neurons", [PeakActivity(), WeightedActivity([1, 2, 3, 4])])
def test_other_kinds_of_neurons(neurons):
    problem = Problem(np.eye(4), neurons=neurons)
    answer = solve(problem)
    assert answer.status == "optimal" and certify(problem, answer).gap < 1e-8
    assert sum(answer.energies.values()) == pytest.approx(answer.loss, rel=1e-12)
    assert answer.loss <= problem.modular_loss * (1 + 1e-12)


@pytest.mark.parametrize("count", [3, 4])
def test_neurons_that_pay_for_their_squared_mean(count):
    problem = Problem(np.eye(count), activity_cost=0, bias_cost=2, encoder_cost=0.1)
    answer = solve(problem)
    assert answer.status == "optimal" and certify(problem, answer).gap < 1e-8
    assert answer.energies["bias"] == pytest.approx(2 * (answer.activity().mean(axis=0) ** 2).sum(), rel=1e-9)
    near = [solve(problem.replaced(activity_cost=cost)).loss for cost in (1e-4, 1e-8)]
    assert near == sorted(near, reverse=True) and near[-1] == pytest.approx(answer.loss, rel=1e-7)


def test_the_command_line_takes_dependent_columns(tmp_path, capsys):
    table = tmp_path / "table.csv"
    table.write_text("a,b,c\n1,0,0\n0,1,0\n0,0,1\n")
    assert main(["solve", str(table), "--json"], standalone_mode=False) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["loss"] == pytest.approx(2 * 2 * np.sqrt(1.5)) and told["dimensions"] == 2
    assert main(["check", str(table)], standalone_mode=False) == 0
    assert "Modular" in capsys.readouterr().out


@pytest.mark.parametrize("seed", range(4))
def test_the_hull_holds_all_samples_to_the_last_digits(seed):
    """Also where the sources that are kept hardly differ, so that what tells the others is not determined."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(8, 2)) @ [[1, 1], [0, 10.0 ** -rng.uniform(4, 8)]]
    rows = np.column_stack([rows, -11.2 * rows[:, 0] + 3, rows @ [0.3, -0.8]])
    sources = Sources(rows)
    about = sources.about_mean(rows)
    assert np.abs(about - about[:, sources.hull.kept] @ sources.hull.basis.T).max() < 1e-14 * np.abs(about).max()


@pytest.mark.thorough
def test_a_category_is_the_same_whether_its_first_value_has_a_column_or_not():
    cells, x = list("abc" * 4), np.random.default_rng(0).normal(size=12)
    made = prepare_table({"c": cells, "x": x}, categories=["c"]).problem()
    every = np.column_stack([[cell == name for cell in cells] for name in "abc"] + [x]).astype(float)
    one, other = solve(made), solve(Problem(every, groups={"c": [0, 1, 2], "x": [3]}))
    assert other.loss == pytest.approx(one.loss, rel=1e-9)
    assert other.separate.loss == pytest.approx(one.separate.loss, rel=1e-9)


def test_columns_that_are_not_seen_have_no_scale():
    unseen = Problem(np.eye(4), mixing=np.diag([1.0, 2, 3, 0]))
    answer = solve(unseen)
    assert answer.to_dict()["scale_ratio"] == pytest.approx(3) and repr(answer) and certify(unseen, answer).gap < 1e-8


@pytest.mark.thorough
@pytest.mark.parametrize("activation", ["rectified", "free"])
def test_nonlinear_neurons_of_dependent_sources(activation, tmp_path):
    """On the hull of one of three categories every code is linear: its samples are the corners of a triangle."""
    problem = Problem(np.eye(3), activation=activation, readout=Soft(20.0))
    answer = solve(problem)
    linear = solve(problem.replaced(activation="linear", **({"encoder_cost": 0.0} if activation == "free" else {})))
    assert answer.status == "optimal" and answer.loss == pytest.approx(linear.loss, rel=1e-7) and answer.modular
    assert certify(problem, answer).gap < 1e-7
    assert sorted(answer.coded_groups()) == [("s1",), ("s2",), ("s3",)]
    answer.save(tmp_path / "code.npz")
    assert type(answer).load(tmp_path / "code.npz").loss == answer.loss


@pytest.mark.thorough
def test_rectified_neurons_of_a_sum_are_those_of_its_terms():
    rows = np.random.default_rng(0).normal(size=(10, 2))
    told = Problem(np.column_stack([rows, rows.sum(axis=1)]), activation="rectified", readout=Soft(10.0))
    alone = Problem(rows, mixing=[[1, 0], [0, 1], [1, 1]], activation="rectified", readout=Soft(10.0))
    one, other = solve(alone), solve(told)
    assert other.status == "optimal" and other.loss == pytest.approx(one.loss, rel=1e-6)
    assert other.modular_loss <= one.modular_loss * (1 + 1e-7)  # a neuron may read the sum alone
    assert certify(told, other).gap < 1e-7 and len(certify(told, other).worst_neuron) == 4


# ---- reductions and refusals --------------------------------------------------------------------------------------


def test_the_chain_of_reductions_begins_on_the_hull():
    problem = Problem(np.eye(4), bias_cost=2)
    chain = Chain.of(problem)
    assert chain.reductions[0] is AFFINE_HULL and chain.problems[1] is problem.on_hull
    assert AFFINE_HULL.accepts(problem) and not AFFINE_HULL.accepts(problem.on_hull)
    inside = solve(problem.on_hull)
    solved = chain.invert(Solved(inside.source_weights, inside.multiplier, inside.loss, inside.lower_bound))
    assert problem.loss(solved.weights) == pytest.approx(inside.loss, rel=1e-12)
    assert lower_bound(problem, solved.multiplier).value == pytest.approx(inside.lower_bound, rel=1e-9)


def test_what_stays_refused_says_why():
    squares = np.array(list(product((0.0, 1.0), repeat=2)))
    told = np.column_stack([squares, squares.sum(axis=1)])
    for said, arguments in (
        (
            r"transitions: the sources are linearly dependent \(\+1\*s1 \+1\*s2 -1\*s3 is constant\)",
            {"transitions": np.eye(3)},
        ),
        ("targets: .* leave some sources out", {"readout": Exact([[1, 0, 0]])}),
        ("targets: all are constant", {"readout": Exact([[1, 1, -1]])}),
        ("costs: 3 sources of which some are told by others", {"neurons": Wiring(np.eye(3))}),
    ):
        with pytest.raises(InputError, match=said):
            Problem(told, **arguments)
    rows = np.vstack([told, [5.0, 5.0, 0.0]])
    with pytest.raises(InputError, match="constant but for samples of probability zero"):
        Sources(rows, [1, 1, 1, 1, 0])
    with pytest.raises(InputError, match="linearly dependent"):
        modularity(told, exact=True)
    assert not any(theorem.applies(Problem(told)) for theorem in THEOREMS.values())
    assert [name for name, theorem in THEOREMS.items() if theorem.applies(Problem(np.eye(4)))] == ["categories"]


@pytest.mark.parametrize("off", [1e-6, 1e-9])
def test_nearly_dependent_sources_are_sources_of_their_own(off):
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 3, size=(12, 2)).astype(float)
    told = rows.sum(axis=1) + off * rng.normal(size=12)
    problem = Problem(np.column_stack([rows, told]))
    assert not problem.dependent and problem.on_hull is problem
    assert problem.sources.nearly_constant == "+1*s1 +1*s2 -1*s3"


@pytest.mark.thorough
@pytest.mark.parametrize("count", [2, 3])
def test_pictures_and_pages_of_flat_hulls(count, tmp_path):
    problem = Problem(np.eye(count), probabilities=np.arange(1, count + 1))
    solve(problem).plot(tmp_path / "code.png")
    solve(problem).to_html(tmp_path / "code.html", stops=1)
    assert (tmp_path / "code.png").stat().st_size > 1000 and "s2" in (tmp_path / "code.html").read_text()


@pytest.mark.thorough
def test_fewer_neurons_than_are_best():
    problem = Problem(np.eye(4))
    found = budget(problem)
    assert found.enough == 4 and found.numbers.tolist() == [3, 4]
    assert [problem.loss(code) for code in found.codes] == pytest.approx(found.losses, rel=1e-9)
