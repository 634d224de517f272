"""Exact decoding of targets that leave sources out: certified optima, verdicts, and what becomes of such sources."""

import cvxpy as cp
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st

from solver import Problem, Representation, certify, lower_bound, solve
from solver.commands.cli import main
from solver.strategies import problems, seeds
from tests.examples import nearly_dependent, share
from theory import Sources
from theory.conditions import decide
from theory.conditions.completion import completed_multiplier, is_open
from theory.neurons import PeakActivity
from theory.readouts import Exact, Readout, Soft

GRID = [[i, j] for i in (-1, 0, 1) for j in (-1, 0, 1)]
BOX, WEIGHTS = [[0, 0], [0, 1], [1, 0], [1, 1]], [4, 1, 1, 4]
METHODS = ("columns", "conic", "relaxation", "alternating")


@st.composite
def partly_decoded(draw, dimensions=(2, 3)):
    """Any problem, with targets of too low a rank: some needed sources, or combinations of all, often dependent."""
    problem = draw(problems(dimension=st.sampled_from(dimensions)))
    rng = np.random.default_rng(draw(seeds))
    rank = int(rng.integers(1, problem.dimension))
    targets = rng.standard_normal((rank, problem.dimension))
    if rng.random() < 0.5:
        targets[:, rng.permutation(problem.dimension)[: problem.dimension - rank]] = 0.0
    if rng.random() < 0.5:
        targets = rng.standard_normal((rank + 1, rank)) @ targets
    units = np.sqrt(np.diag(problem.sources.covariance))
    return problem.replaced(readout=Exact(targets / units))


@share(1 / 2)
@given(partly_decoded(dimensions=(2,)))
def test_a_linear_program_over_a_fine_grid_of_directions_agrees(problem):
    """Independent of all methods: one target b is 2 sqrt(decoder_cost) times the least sum of |c| with b = sum c u."""
    target = problem.readout.targets[np.abs(problem.readout.targets).max(axis=1).argmax()]
    problem = problem.replaced(readout=Exact(target[None]))
    angle = np.linspace(0, 2 * np.pi, 1000, endpoint=False)
    unit = problem.whitening.weights(np.column_stack([np.cos(angle), np.sin(angle)]))
    # Costs have kinks where a neuron is held by two samples, and one neuron that reads the target may be enough.
    unit = np.vstack([unit, problem.sources.fan.generators, target, -target])
    unit /= np.sqrt(problem.neuron_cost(unit))[:, None]
    shares, scale = cp.Variable(len(unit)), np.abs(unit).max(axis=0)
    size = np.abs(target / scale).max()
    program = cp.Problem(cp.Minimize(cp.norm1(shares)), [(unit / scale).T @ shares == target / scale / size])
    program.solve(solver="CLARABEL")
    answer, found = solve(problem), 2 * problem.decoder_cost**0.5 * program.value * size
    assert answer.status == "optimal"
    assert found * (1 - 1e-4) <= answer.loss <= found * (1 + 1e-6)


@pytest.mark.thorough
@share(1 / 2)
@given(partly_decoded())
def test_any_such_problem_is_solved_decoded_saved_and_certified(tmp_path_factory, problem):
    answer = solve(problem)
    checked = certify(problem, answer)
    assert answer.status == "optimal" and checked.feasible and checked.gap < 1e-7
    assert checked.loss == pytest.approx(answer.loss, rel=1e-9)
    path = tmp_path_factory.mktemp("targets") / "answer.npz"
    answer.save(path)
    assert Representation.load(path).loss == answer.loss
    rank = np.linalg.matrix_rank(answer.source_weights * np.sqrt(problem.modular_costs), rtol=1e-9)
    assert problem.readout.rank <= rank <= problem.dimension
    # What is asked of fewer targets costs no more, and errors, however dear, no more either.
    whole = problem.replaced(readout=Exact(np.vstack([problem.readout.targets, problem.mixing])))
    assert answer.loss <= solve(whole).loss * (1 + 1e-7)
    soft = problem.replaced(readout=Soft(1e4, problem.readout.targets))
    assert solve(soft).loss <= answer.loss * (1 + 1e-7)


@share(1 / 4)
@given(partly_decoded(), seeds)
def test_every_multiplier_bounds_the_loss(problem, seed):
    half = np.random.default_rng(seed).standard_normal((problem.dimension,) * 2) * np.sqrt(problem.modular_costs)
    assert lower_bound(problem, half.T @ half).value <= solve(problem).loss * (1 + 1e-9)


@share(1 / 2)
@given(partly_decoded())
def test_the_verdict_is_what_the_solver_finds(problem):
    verdict, answer = decide(problem), solve(problem, method="columns")
    assert answer.price_of_modularity <= verdict.price_bound + 1e-7
    if verdict.modular:
        assert answer.price_of_modularity <= 1e-7
    if is_open(problem):
        completed = completed_multiplier(problem)
        assert completed.least <= verdict.rho * (1 + 1e-9)
        # A choice at random is no better than what none can better.
        free = problem.readout.demand == 0
        chosen = np.random.default_rng(0).standard_normal(free.sum())
        half = np.linalg.cholesky(completed.multiplier + 1e-12 * np.diag(np.diag(problem.energy_matrix))).T
        half[0, free] += 0.1 * chosen * np.sqrt(problem.modular_costs[free])
        assert problem.pricing.maximise(half.T @ half).rho >= completed.least * (1 - 1e-9)


@pytest.mark.thorough
@pytest.mark.parametrize("method", METHODS)
def test_all_methods_agree(method):
    problem = Problem(GRID, probabilities=[5, 1, 1, 1, 3, 1, 1, 1, 7], readout=Exact([[2.0, 1.0]]))
    best, answer = solve(problem), solve(problem, method=method, rng=0)
    assert best.status == "optimal" and not best.modular
    assert answer.lower_bound <= best.loss * (1 + 1e-9) and answer.loss == pytest.approx(best.loss, rel=1e-6)
    assert certify(problem, answer).feasible


def test_one_source_of_a_box_is_coded_alone():
    """The hull is a box: what is not asked for is left out, however correlated."""
    problem = Problem(BOX, probabilities=WEIGHTS, readout=Exact([[0, 3]]))
    verdict, answer = decide(problem), solve(problem)
    assert verdict.modular and answer.status == "optimal" and answer.source_weights.shape == (1, 2)
    assert answer.source_weights[0, 0] == 0
    # c = variance, cost of the encoder and squared least bias: 2 * 3 * sqrt(1/4 + 1 + 1/4).
    assert answer.loss == pytest.approx(6 * 1.5**0.5, rel=1e-12)
    np.testing.assert_allclose(answer.reconstruct(answer.activity())[:, 0], [0, 3, 0, 3], atol=1e-12)


def test_an_unneeded_source_that_helps_is_not_left_out():
    """Of two sources that vary together one may be read besides, to make the bias of the other smaller."""
    rng = np.random.default_rng(1)
    problem = Problem(rng.standard_normal((20, 2)) @ rng.standard_normal((2, 2)), readout=Exact([[1, 0]]))
    alone = 2 * problem.modular_costs[0] ** 0.5
    answer = solve(problem)
    assert problem.modular_loss == pytest.approx(alone, rel=1e-12)
    assert (
        answer.status == "optimal" and answer.loss < 0.999 * alone and np.abs(answer.source_weights[:, 1]).max() > 0.01
    )
    assert decide(problem).modular is False


@pytest.mark.thorough
def test_more_sources_than_are_decided_choose_no_side():
    rng = np.random.default_rng(0)
    problem = Problem(rng.standard_normal((60, 6)), readout=Exact(np.eye(6)[:2]))
    verdict = decide(problem)
    answer = solve(problem, max_iterations=2)
    assert verdict.modular is None and verdict.witness is None
    assert certify(problem, answer).feasible and 0 < answer.lower_bound <= answer.loss


def test_sources_known_by_their_moments():
    corners = [[-1, -1], [-1, 1], [1, -1], [1, 1]]
    square = Sources.from_moments([[1 / 3, 0.1], [0.1, 1 / 3]], corners)
    answer = solve(Problem(square, readout=Exact([[1, 0]])))
    assert answer.status == "optimal" and len(answer) == 1 and certify(answer.problem, answer).gap < 1e-8


def test_a_readout_that_leaves_a_source_out():
    readout = Readout(np.array([[2.0, 0.0]]), 3.0, rank=1)
    assert readout.value(np.diag([4.0, 0.0])) == pytest.approx(3.0)
    assert readout.value(np.diag([0.0, 4.0])) == np.inf
    assert readout.value(np.array([[1.0, 1.0], [1.0, 1.0]])) == np.inf
    np.testing.assert_allclose(readout.multiplier(np.diag([4.0, 0.0])), np.diag([0.75, 0.0]))


def test_the_command_line(tmp_path):
    data, targets = tmp_path / "box.csv", tmp_path / "sum.csv"
    data.write_text("a,b,p\n0,0,4\n0,1,1\n1,0,1\n1,1,4\n")
    targets.write_text("1,1\n")
    run, options = CliRunner().invoke, [str(data), "--probabilities", "p", "--targets", str(targets)]
    done = run(main, ["solve", *options])
    assert done.exit_code == 0 and "proven optimal" in done.stdout
    assert run(main, ["check", *options]).exit_code == 0


@given(seeds, st.floats(-5, -2))
@example(44, -5.0)
@example(99, -4.0)
@example(110, -4.0)
def test_one_target_of_nearly_dependent_sources_is_decoded_exactly_to_all_digits(seed, apart):
    """Neurons that are nearly parallel have their digits themselves, of which their G has half."""
    rng = np.random.default_rng(seed)
    samples = nearly_dependent(rng, apart)
    target = rng.standard_normal((1, 2)) if rng.random() < 0.5 else [[1.0, -1.0]]
    costs = {"decoder_cost": 10.0 ** rng.uniform(-2, 2), "encoder_cost": 10.0 ** rng.uniform(-6, 0)}
    answer = solve(Problem(samples, readout=Exact(target), **costs))
    assert answer.status == "optimal" and certify(answer.problem, answer).gap < 1e-8


@given(seeds, st.floats(2, 7))
def test_what_a_code_costs_to_read_is_that_of_its_decoder(seed, digits):
    rng = np.random.default_rng(seed)
    weights = rng.standard_normal((2, 2)) * [1.0, 10.0**-digits]
    readout = Readout(np.array([[1.0, 0.0]]), 3.0, rank=1)
    (a, b), (c, d) = weights
    cost = 3.0 * (b * b + d * d) / (a * d - b * c) ** 2
    assert readout.value_of(weights) == pytest.approx(cost, rel=1e-9)
    assert readout.value_of(np.zeros((0, 2))) == np.inf and readout.value_of(np.array([[0.0, 1.0]])) == np.inf


@pytest.mark.parametrize(("kind", "costs"), [("peak", {}), ("mean", {"activity_cost": 0.0, "bias_cost": 1.0})])
def test_neurons_that_pay_next_to_nothing_but_their_height_are_decoded_exactly(kind, costs):
    """There M is tiny beside what a neuron costs, and a share of its inverse would be all of the loss."""
    rng = np.random.default_rng(0)
    neurons = {"neurons": PeakActivity()} if kind == "peak" else {}
    readout = Exact(rng.standard_normal((2, 3)))
    answer = solve(Problem(rng.standard_normal((8, 3)), encoder_cost=1e-12, readout=readout, **neurons, **costs))
    assert answer.status == "optimal" and answer.loss < answer.problem.modular_loss
    assert certify(answer.problem, answer).gap < 1e-8
