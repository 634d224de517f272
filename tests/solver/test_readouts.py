"""Codes that are read out with errors, with noise, and for targets: certified, and what theory says of them."""

import cvxpy as cp
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st

from solver import Problem, Representation, certify, lower_bound, separation, solve
from solver.certificate import best_bound
from solver.commands.cli import main
from solver.strategies import problems, seeds
from tests.examples import nearly_dependent, plainly, share
from theory.conditions import decide
from theory.readouts import Exact, Noisy, Soft

GRID = [[i, j] for i in (-1, 0, 1) for j in (-1, 0, 1)]
BOX, WEIGHTS = [[0, 0], [0, 1], [1, 0], [1, 1]], [4, 1, 1, 4]
METHODS = ("auto", "columns", "conic", "relaxation", "alternating")


def noisy_problem(seed, dimension=2):
    """Correlated sources seen through a mixing, targets of any rank, noise, and errors that count elsewhere."""
    rng = np.random.default_rng(seed)
    samples = rng.standard_normal((15, dimension)) @ rng.standard_normal((dimension, dimension))
    return Problem(
        samples + rng.normal(size=dimension),
        mixing=rng.standard_normal((dimension + 1, dimension)),
        encoder_cost=10 ** rng.uniform(-2, 1),
        readout=Noisy(
            10 ** rng.uniform(-1, 3),
            rng.choice([0, 0.1]),
            rng.standard_normal((rng.integers(1, 4), dimension)) if rng.random() < 0.5 else None,
            rng.uniform(size=15) if rng.random() < 0.3 else None,
        ),
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("samples", "weights", "error_cost", "loss", "neurons"),
    [
        (GRID, None, 10, 5.731972648, 2),
        (GRID, None, 3, 3.865305981, 2),
        (GRID, None, 1.5, 2.0, 0),
        (BOX, WEIGHTS, 100, 4.716632837, 2),
        (BOX, WEIGHTS, 20, 4.066927447, 2),
        (BOX, WEIGHTS, 5, 2.306809750, 1),
    ],
)
def test_known_optima(method, samples, weights, error_cost, loss, neurons):  # noqa: PLR0917  # one row of the table
    problem = Problem(samples, probabilities=weights, readout=Soft(error_cost))
    answer = solve(problem, method=method, rng=0)
    assert answer.loss == pytest.approx(loss, rel=1e-8) and answer.lower_bound >= loss * (1 - 1e-7)
    if method == "auto":
        assert answer.status == "optimal" and len(answer) == neurons
        assert answer.modular is (neurons in (0, 2) and error_cost != 20)
        assert sum(answer.energies.values()) == pytest.approx(loss, rel=1e-8)
    checked = certify(problem, answer)
    assert checked.feasible and checked.loss == pytest.approx(answer.loss, rel=1e-10) and checked.gap < 1e-7


@pytest.mark.thorough
@share(1 / 4)
@given(seeds)
def test_a_design_on_a_fine_grid_of_directions_agrees(seed):
    """Independent of all methods: energies of neurons in a thousand directions, as one convex program."""
    problem = noisy_problem(seed)
    angle = np.linspace(0, 2 * np.pi, 1000, endpoint=False)
    unit = problem.whitening.weights(np.column_stack([np.cos(angle), np.sin(angle)]))
    # Costs have kinks where a neuron is held by two samples: there a grid would miss by more than its step squared.
    unit = np.vstack([unit, problem.sources.fan.generators])
    unit /= np.sqrt(problem.neuron_cost(unit))[:, None]
    energies = cp.Variable(len(unit), nonneg=True)
    code = unit.T @ cp.diag(energies) @ unit
    readout = problem.readout
    root = np.linalg.qr(readout.targets * readout.decoder_cost**0.5, mode="r").T
    program = cp.Problem(cp.Minimize(cp.sum(energies) + cp.matrix_frac(root, code + readout.ridge)))
    program.solve(solver="CLARABEL")
    answer = solve(problem)
    assert answer.status == "optimal"
    assert answer.loss <= program.value * (1 + 1e-6)
    assert answer.loss >= program.value * (1 - 1e-4)


@pytest.mark.thorough
@share(1 / 4)
@given(seeds, st.integers(2, 4))
@example(3, 4)
@example(48133, 3)  # CLARABEL fails
def test_any_problem_is_solved_saved_and_certified(seed, dimension):
    problem = noisy_problem(seed, dimension)
    answer = solve(problem)
    assert answer.status == "optimal" and certify(problem, answer).gap < 1e-8
    conic = solve(problem, method="conic")
    # A conic solver may fail, and says so; what it then answers is still bounded from both sides.
    assert conic.lower_bound <= answer.loss * (1 + 1e-9) and conic.loss >= answer.lower_bound * (1 - 1e-9)
    if conic.status == "optimal":
        assert conic.loss == pytest.approx(answer.loss, rel=1e-7)


@given(seeds)
def test_every_multiplier_bounds_the_loss(seed):
    problem = noisy_problem(seed)
    half = np.random.default_rng(seed).standard_normal((2, 2))
    assert lower_bound(problem, half @ half.T).value <= solve(problem).loss * (1 + 1e-9)


@given(problems(dimension=st.integers(2, 3)))
@share(1 / 4)
def test_dear_errors_are_exact_and_the_loss_approaches_from_below_at_the_rate_of_their_price(problem):
    exact = solve(problem).loss
    short = [error * (exact - solve(problem.replaced(readout=Soft(error))).loss) for error in (1e5, 1e6)]
    assert short[0] >= -1e-3 * exact and short[1] == pytest.approx(short[0], rel=0.1, abs=1e-2 * exact)


@given(seeds, st.floats(0, 1))
@share(1 / 4)
def test_noise_is_a_dearer_decoder(seed, variance):
    samples = np.random.default_rng(seed).standard_normal((12, 2))
    noisy = solve(Problem(samples, readout=Noisy(7, variance)))
    dear = solve(Problem(samples, decoder_cost=1 + 7 * variance, readout=Soft(7)))
    assert noisy.loss == pytest.approx(dear.loss, rel=1e-9)


@given(problems(dimension=st.integers(2, 3)), st.floats(0.3, 1e3))
@share(1 / 4)
def test_the_verdict_is_what_the_solver_finds(problem, error_cost):
    soft = problem.replaced(readout=Soft(error_cost))
    verdict, answer = decide(soft), solve(soft, method="columns")
    assert answer.price_of_modularity <= verdict.price_bound + 1e-9
    if verdict.modular:
        assert answer.price_of_modularity <= 1e-9


def test_errors_bring_correlation_back():
    """A box with correlated corners is modular whatever the correlation, if it is decoded exactly."""
    assert decide(Problem(BOX, probabilities=WEIGHTS)).modular
    assert decide(Problem(BOX, probabilities=WEIGHTS, readout=Soft(100))).modular
    assert decide(Problem(BOX, probabilities=WEIGHTS, readout=Soft(20))).modular is False


def test_units_of_the_sources_undone_by_the_mixing_do_not_matter():
    rng = np.random.default_rng(0)
    samples, units = rng.standard_normal((20, 3)), np.array([1e-4, 1.0, 1e5])
    near = solve(Problem(samples, readout=Soft(30)))
    far = solve(Problem(samples * units, mixing=np.diag(1 / units), readout=Soft(30)))
    assert far.loss == pytest.approx(near.loss, rel=1e-9) and far.status == "optimal"


def test_what_no_target_needs_is_left_out():
    rng = np.random.default_rng(1)
    answer = solve(Problem(rng.uniform(size=(30, 3)), readout=Soft(1e3, [[1, 0, 0], [0, 1, 0]])))
    assert answer.status == "optimal" and np.abs(answer.source_weights[:, 2]).max() < 0.1
    decoded = answer.reconstruct(answer.activity())
    assert decoded.shape == (30, 2)
    assert np.corrcoef(decoded[:, 0], answer.problem.sources.points[:, 0])[0, 1] > 0.99


@pytest.mark.parametrize("size", [1e-4, 1e-5, 1e-6])
@pytest.mark.parametrize("seed", plainly(range(3), [0]))
def test_silence_is_proven_of_sources_that_are_nearly_dependent(size, seed):
    points = np.random.default_rng(seed).uniform(-1, 1, (20, 3))
    points[:, 2] = points[:, 0] + points[:, 1] + size * points[:, 2]
    points[:, 1] *= 1e-3
    groups = {"a": [0], "b": [1], "c": [2]}
    problem = Problem(points, readout=Soft(1e-2, [[1, -4.5, 0]]), encoder_cost=1e-4, groups=groups)
    answer = solve(problem)
    assert len(answer) == 0
    assert answer.status == "optimal" and certify(problem, answer).gap <= 1e-8
    # No bound exceeds the loss of the code that it is about, so that no price is below zero.
    assert 0 <= separation(problem).price_bound < 1e-8
    assert best_bound(problem, 2 * answer.multiplier, weights=answer.source_weights).value <= answer.loss * (1 + 1e-12)


def test_a_silent_code_is_an_answer_like_any_other(tmp_path):
    answer = solve(Problem(GRID, readout=Soft(1.5)))
    assert len(answer) == 0 and answer.modular and answer.activity().shape == (9, 0)
    np.testing.assert_allclose(answer.reconstruct(answer.activity()), np.zeros((9, 2)), atol=1e-12)
    answer.plot(tmp_path / "silent.png")
    answer.save(tmp_path / "silent.npz")
    again = Representation.load(tmp_path / "silent.npz")
    assert again.loss == answer.loss and "No neuron is worth what it costs" in repr(again)


def test_the_command_line(tmp_path):
    data, targets = tmp_path / "box.csv", tmp_path / "sum.csv"
    data.write_text("a,b,p\n0,0,4\n0,1,1\n1,0,1\n1,1,4\n")
    targets.write_text("1,1\n")
    run = CliRunner().invoke
    given_options = [str(data), "--probabilities", "p"]
    done = run(main, ["solve", *given_options, "--error-cost", "5"])
    assert done.exit_code == 0 and "Loss 2.30680975, proven optimal" in done.stdout
    assert "1 neuron codes" in done.stdout
    assert "Mixed" in run(main, ["check", *given_options, "--error-cost", "20"]).stdout
    done = run(main, ["solve", *given_options, "--error-cost", "50", "--targets", str(targets)])
    assert done.exit_code == 0 and "1 neuron codes 2 sources" in done.stdout
    noisy = run(main, ["solve", *given_options, "--error-cost", "5", "--noise-variance", "0.5"])
    assert noisy.exit_code == 0
    for wrong, said in [
        (["solve", *given_options, "--error-cost", "0"], "error_cost: 0 is not positive"),
        (["solve", *given_options, "--noise-variance", "1"], "give --error-cost"),
        (["check", *given_options, "--error-cost", "20", "--exact"], "polynomial equations"),
    ]:
        failed = run(main, wrong)
        assert failed.exit_code == 2 and said in failed.stderr and failed.stderr.count("\n") == 1


def test_exact_targets():
    """Decoding two sums of two sources is like seeing them through that mixing without an encoder's cost."""
    sums = [[1.0, 1.0], [1.0, -0.5]]
    cheap = 1e-9
    samples = np.random.default_rng(0).uniform(size=(20, 2))
    decoded = solve(Problem(samples, encoder_cost=cheap, readout=Exact(sums)))
    mixed = solve(Problem(samples, encoder_cost=cheap, mixing=sums))
    assert decoded.status == "optimal" and decoded.loss == pytest.approx(mixed.loss, rel=1e-7)
    np.testing.assert_allclose(decoded.reconstruct(decoded.activity()), samples @ np.transpose(sums), atol=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_the_modular_loss_is_no_less_than_a_bound_however_dependent_the_sources(seed):
    # G0 has entries of 1e12 here, in whose rounding its least eigenvalue is lost.
    rng = np.random.default_rng(seed)
    points = rng.uniform(-1, 1, (12, 3))
    points[:, 2] = points[:, 0] + points[:, 1] + 1e-6 * rng.uniform(-1, 1, 12)
    problem = Problem(points, readout=Soft(0.3))
    answer = solve(problem, method="modular")
    assert answer.lower_bound <= problem.modular_loss * (1 + 1e-10)
    assert certify(problem, answer).loss == pytest.approx(problem.modular_loss, rel=1e-8)


@pytest.mark.parametrize("seed", range(6))
def test_where_no_neuron_pays_the_loss_is_what_the_targets_vary_however_dependent_the_sources(seed):
    # A target that is the difference of two sources that are one but for a ten-millionth of them.
    rng = np.random.default_rng(seed)
    points = rng.uniform(-1, 1, (12, 3))
    points[:, 2] = points[:, 0] + 1e-7 * rng.uniform(-1, 1, 12)
    targets = np.array([[1.0, 0.0, -1.0]])
    weights = np.arange(1.0, 13.0) if seed % 2 else None
    varies = np.average((points @ targets[0] - np.average(points @ targets[0], weights=weights)) ** 2, weights=weights)
    problem = Problem(points, readout=Soft(1e3, targets, weights))
    answer = solve(problem)
    assert len(answer) == 0
    assert answer.loss == pytest.approx(1e3 * varies, rel=1e-8)
    assert problem.modular_loss == pytest.approx(answer.loss, rel=1e-12)
    assert certify(problem, answer).loss == pytest.approx(answer.loss, rel=1e-8)


def test_errors_that_count_elsewhere_do_not_stand_in_the_way_of_prices_where_units_are_far_apart():
    rng = np.random.default_rng(3)
    points = rng.uniform(-1, 1, (9, 3)) * [1e6, 1.0, 1e-6]
    mixing = rng.normal(size=(3, 3))
    problem = Problem(points, mixing=mixing, activity_cost=2.0, bias_cost=3.0, readout=Soft(1.0))
    code = solve(problem, method="modular")
    assert certify(problem, code).loss == pytest.approx(code.loss, rel=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_no_other_size_of_the_modular_code_costs_less_however_dependent_the_sources(seed):
    rng = np.random.default_rng(seed)
    points = rng.uniform(-1, 1, (12, 2))
    points[:, 1] = points[:, 0] + 10.0 ** -(5 + seed % 3) * rng.uniform(-1, 1, 12)
    elsewhere = rng.random(12) if seed % 2 else None
    problem = Problem(points, readout=Soft(20.0, probabilities=elsewhere))
    code = problem.modular_weights
    assert len(code) and problem.loss(code) == pytest.approx(problem.modular_loss, rel=1e-9)
    for size in (0.99, 0.9999, 1.0001, 1.01):
        assert problem.modular_loss <= problem.loss(size * code) * (1 + 1e-10)


@given(seeds, st.floats(-5, -2))
@example(211, -5.0)
@example(247, -5.0)
@example(289, -5.0)
def test_one_target_of_nearly_dependent_sources_costs_no_digits(seed, apart):
    """G0 is nearly singular then: in G + G0 what is decoded drowns in the digits of what is not."""
    rng = np.random.default_rng(seed)
    samples = nearly_dependent(rng, apart)
    readout = Soft(10.0 ** rng.uniform(0, 4), rng.standard_normal((1, 2)))
    costs = {"decoder_cost": 10.0 ** rng.uniform(0, 2), "encoder_cost": 10.0 ** rng.uniform(-2, 2)}
    answer = solve(Problem(samples, readout=readout, **costs))
    assert answer.status == "optimal" and answer.gap < 1e-9
    assert certify(answer.problem, answer).gap < 1e-9
