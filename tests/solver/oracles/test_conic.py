"""The conic program agrees with column generation, though it shares nothing of the search, and says when it failed."""

import os
import signal
import subprocess
import threading
import time
import warnings
from dataclasses import replace
from importlib.metadata import version
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import Problem, Sources, certify, conic_solvers, solve
from solver.conic_solvers import solver_name
from solver.oracles import conic_program
from solver.oracles.conic_program import ConicProgram, compiled
from solver.oracles.factorisation import completely_positive
from solver.solving import plan
from solver.strategies import grids, problems, seeds
from tests.examples import share
from tests.properties import naive
from theory.errors import InputError

CUT = [[-1, -1], [-1, 0], [-1, 1], [0, -1], [0, 0], [0, 1], [1, -1], [1, 0]]
SQUARE = [[-1, -1], [-1, 1], [1, -1], [1, 1]]
CLOUD = np.random.default_rng(0).standard_normal((14, 3))


def assert_agree(problem, **options):
    """The answer is optimal, certified, and within its own gap and that of column generation's."""
    answer, other = solve(problem, method="conic", **options), solve(problem, method="columns")
    assert answer.status == "optimal", answer.message
    certificate = certify(problem, answer)
    assert certificate.feasible and certificate.gap <= 2e-8
    assert answer.lower_bound <= other.loss * (1 + 1e-14) and other.lower_bound <= answer.loss * (1 + 1e-14)
    if problem.sources.from_samples:
        assert answer.loss == pytest.approx(naive.loss(problem, answer.source_weights), rel=1e-9)
    return answer, other


# ---- agreement --------------------------------------------------------------------------------------------------


@given(problems())
@share(1 / 2)
def test_agrees_with_columns(problem):
    answer, other = assert_agree(problem)
    assert answer.loss == pytest.approx(other.loss, rel=1e-9)


@given(problems())
@share(1 / 4)
def test_the_program_alone_agrees_before_anything_is_polished(problem):
    raw = solve(problem, method="conic", max_iterations=1)
    assert raw.loss == pytest.approx(solve(problem, method="columns").loss, rel=1e-7)
    assert raw.gap <= 1e-7
    assert len(raw) <= problem.dimension * (problem.dimension + 1) // 2 + 1


@given(problems(dimension=st.integers(2, 4), of=grids))
@share(1 / 4)
def test_degenerate_grids(problem):
    assert_agree(problem)


@given(problems(dimension=st.integers(1, 3)))
@share(1 / 4)
def test_agrees_with_scs(problem):
    assert_agree(problem, solver="SCS")


@pytest.mark.parametrize("solver", ["CLARABEL", "SCS", "CVXOPT"])
def test_a_known_optimum(solver):
    if solver == "CVXOPT":
        pytest.importorskip("cvxopt")
    # The corner-cut square with both costs one, optimal at three neurons.
    problem = Problem([[x / 4, y / 4] for x in range(-4, 5) for y in range(-4, 5) if x + y < 4])
    answer, _ = assert_agree(problem, solver=solver)
    assert len(answer) == 3 and not answer.modular and answer.method == "conic"
    assert answer.price_of_modularity == pytest.approx(0.00225, abs=1e-5)
    assert f"solved by {solver}; the program's own optimum differs from this loss by" in answer.message


def test_a_uniform_square_is_modular():
    uniform = Sources.from_moments(np.eye(2) / 3, SQUARE)
    answer, _ = assert_agree(Problem(uniform))
    assert answer.modular and answer.loss == pytest.approx(4 * np.sqrt(1 / 3 + 1 + 1), rel=1e-12)
    mixed, _ = assert_agree(Problem(uniform, mixing=[[1, 0.5], [0, 1], [1, 1]], encoder_cost=0.1))
    assert not mixed.modular


def test_a_tie_goes_to_the_modular_code():
    # Every code that reads the sources through an orthant costs the same where nothing sets them apart.
    box = np.array(list(product([0.0, 1.0], repeat=3)))
    answer, _ = assert_agree(Problem(box))
    assert answer.modular and len(answer) == 3


def test_samples_of_probability_zero_shape_the_hull_alone():
    points = np.vstack([CLOUD, 3 * np.eye(3), -3 * np.eye(3)])
    silent = np.concatenate([np.arange(1, len(CLOUD) + 1), np.zeros(6)])
    answer, _ = assert_agree(Problem(points, probabilities=silent, encoder_cost=0.03, decoder_cost=40))
    assert (
        answer.loss > solve(Problem(CLOUD, probabilities=silent[: len(CLOUD)], encoder_cost=0.03, decoder_cost=40)).loss
    )


def test_sources_of_very_different_scales():
    units = np.array([1e-4, 1.0, 1e4])
    answer, _ = assert_agree(Problem(CLOUD * units, mixing=np.diag(1 / units)))
    assert answer.loss == pytest.approx(solve(Problem(CLOUD)).loss, rel=1e-9)


# ---- one compilation ----------------------------------------------------------------------------------------------


def test_the_program_is_parametrised():
    for dimension in (1, 2, 4):
        assert ConicProgram(3, dimension).problem.is_dpp()


def test_a_sweep_compiles_once(monkeypatch):
    compiled.cache_clear()
    made = []
    start = ConicProgram.__init__
    monkeypatch.setattr(ConicProgram, "__init__", lambda self, *given: (made.append(given), start(self, *given))[1])
    rng = np.random.default_rng(0)
    canonical = set()
    for cost in (0.1, 10.0):
        weights = rng.integers(1, 5, size=len(CLOUD))
        problem = Problem(
            CLOUD, probabilities=weights, mixing=rng.standard_normal((3, 3)), encoder_cost=cost, decoder_cost=2 * cost
        )
        assert_agree(problem)
        program = compiled(*made[0])
        # What cvxpy compiled, kept between solves: parameters are filled in, nothing is compiled anew.
        canonical.add(id(program.problem._cache.param_prog))
    assert len(made) == 1 and len(canonical) == 1


# ---- factorisation ------------------------------------------------------------------------------------------------


@given(st.integers(1, 4), st.integers(1, 8), seeds)
def test_sums_of_nonnegative_products_are_factorised(dimension, rank, seed):
    rng = np.random.default_rng(seed)
    sparse = rng.random((5, rank, dimension)) * (rng.random((5, rank, dimension)) < 0.6)
    sparse[:, 0, 0] += 0.1
    blocks = np.swapaxes(sparse, 1, 2) @ sparse
    vectors, owner = completely_positive(blocks)
    assert (vectors >= 0).all()
    again = np.zeros_like(blocks)
    np.add.at(again, owner, vectors[:, :, None] * vectors[:, None, :])
    np.testing.assert_allclose(again, blocks, atol=1e-8 * blocks.max())


def test_where_no_pivot_leaves_a_nonnegative_matrix():
    # Each vector shares an entry with the next, round a ring: every Schur complement has a negative entry.
    vectors = np.array([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1], [1, 0, 0, 1.0]])
    block = vectors.T @ vectors
    found, _ = completely_positive(block[None])
    np.testing.assert_allclose(found.T @ found, block, atol=1e-10)
    assert (found >= 0).all()


# ---- bad arguments ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"method": "columns", "solver": "SCS"},
            "solver: method 'columns' needs no conic solver; method='conic' takes its",
        ),
        ({"solver": "SCS"}, "solver: method 'auto' needs no conic solver"),
        (
            {"method": "conic", "neurons": 3},
            "neurons: method 'conic' uses as many as help; method='alternating' takes a",
        ),
        (
            {"method": "conic", "solver": "Fantasia"},
            "solver: 'Fantasia' is not installed or unknown to cvxpy; choose one",
        ),
        ({"method": "conic", "solver": "ECOS_BB"}, "or have more: pip install 'modularity-solver[solvers]'"),
        ({"method": "conic", "solver": 3}, "solver: 3 is not a name; choose one of CLARABEL"),
        (
            {"method": "conic", "solver": "SCIPY"},
            "solver: 'SCIPY' has no semidefinite cones; choose one of CLARABEL",
        ),
    ],
)
def test_arguments_that_cannot_be_used(options, message):
    with pytest.raises(InputError) as error:
        solve(Problem(CUT), **options)
    assert message in str(error.value) and "\n" not in str(error.value)


def test_names_of_solvers_in_any_case():
    assert solver_name("scs") == "SCS"
    assert solve(Problem(CUT), method="conic", solver="clarabel").status == "optimal"


def test_too_many_sources_or_cones(monkeypatch):
    with pytest.raises(InputError, match=r"up to 4 sources, and here are 5; .* order 4 only; method='columns' takes"):
        solve(Problem(np.random.default_rng(0).standard_normal((20, 5))), method="conic")
    monkeypatch.setattr(plan, "SIZES", replace(plan.SIZES, conic_cones=10))
    with pytest.raises(InputError, match=r"takes up to 10 cones of the normal fan, .* method='columns' takes more"):
        solve(Problem(CLOUD), method="conic")


# ---- solvers that fail --------------------------------------------------------------------------------------------


def settle_for(monkeypatch, **options):
    monkeypatch.setattr(conic_solvers, "_settings", lambda solver, tolerance: options)


@pytest.mark.parametrize(
    ("solver", "few", "said"),
    [
        ("CLARABEL", {"max_iter": 1}, "CLARABEL stopped at its limit"),
        ("CLARABEL", {"max_iter": 6}, "CLARABEL stopped at its limit"),
        ("SCS", {"max_iters": 3}, "SCS fell short of the accuracy asked for"),
    ],
)
def test_a_solver_that_stops_early_is_reported(monkeypatch, solver, few, said):
    settle_for(monkeypatch, **few)
    problem = Problem(CLOUD)
    answer = solve(problem, method="conic", solver=solver)
    assert said in answer.message
    best = solve(problem).loss
    assert 0 < answer.lower_bound <= best * (1 + 1e-12) and best <= answer.loss * (1 + 1e-12)
    assert (answer.status == "optimal") == (answer.gap <= 1e-8)
    assert certify(problem, answer).feasible


@pytest.mark.parametrize("error", [ValueError("singular\nmatrix"), ArithmeticError(), RuntimeError("panic")])
def test_a_solver_that_breaks_down_leaves_the_modular_code(monkeypatch, error):
    def broken(self, tolerance):
        raise error

    import clarabel

    monkeypatch.setattr(clarabel, "DefaultSolver", lambda *given: broken(None, None))
    problem = Problem(CLOUD)
    answer = solve(problem, method="conic")
    said = " ".join(str(error).split()) or type(error).__name__
    assert answer.message == f"conic: as asked; CLARABEL failed: {said}; this is the best modular code"
    assert answer.status == "bounded" and answer.loss == pytest.approx(problem.modular_loss)
    assert 0 < answer.lower_bound <= solve(problem).loss
    monkeypatch.undo()
    assert solve(problem, method="conic").status == "optimal"


@pytest.mark.parametrize("status", ["infeasible", "unbounded_inaccurate"])
def test_a_solver_that_is_wrong_about_the_program_is_not_believed(monkeypatch, status):
    monkeypatch.setattr("cvxpy.Problem.status", property(lambda self: status))
    answer = solve(Problem(CLOUD), method="conic")
    assert f"CLARABEL failed: it called the program {status}, which it is not" in answer.message
    assert answer.status == "bounded"


def test_a_failing_solver_can_still_be_right():
    # Where the modular code is optimal its certificate does not need the solver.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cvxpy.Problem.status", property(lambda self: "infeasible"))
        answer = solve(Problem(SQUARE), method="conic")
    # What failed on the way to a proof that stands is nothing that its reader needs to know.
    assert answer.status == "optimal" and answer.modular and "failed" not in answer.message


def test_nothing_is_printed_or_warned_about(monkeypatch, capfd):
    settle_for(monkeypatch, max_iters=3)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        solve(Problem(CLOUD), method="conic", solver="SCS")
    assert caught == [] and capfd.readouterr() == ("", "")


def stopped_at_work(monkeypatch, solver, samples):
    """The answer of a conic solver that SIGINT meets while it is at work."""
    problem = Problem(np.random.default_rng(0).standard_normal((samples, 4)))
    solution = compiled(len(problem.in_order.sources.fan), 4, solver, True)  # the very one that `solve` will use
    started, ended = threading.Event(), threading.Event()

    def announced(*given):
        started.set()
        try:
            conic_solvers.run(*given)
        finally:
            ended.set()

    def heard(number, frame):
        if not ended.is_set():
            signal.default_int_handler(number, frame)

    monkeypatch.setattr(conic_program, "run", announced)
    presses: list[subprocess.Popen] = []

    def press():
        started.wait()
        while solution.problem._cache.param_prog is None and not ended.is_set():
            time.sleep(0.01)
        # By another process: while the solver is at work it may let no other thread of this one run. Again and again:
        # a press between the solver's start and its own watch for signals is lost on it. None is heard after its end.
        words = f"sleep 0.1; while kill -INT {os.getpid()}; do sleep 0.3; done"
        presses.append(subprocess.Popen(["sh", "-c", words]))

    thread, before = threading.Thread(target=press), signal.signal(signal.SIGINT, heard)
    thread.start()
    try:
        return solve(problem, method="conic", solver=solver)
    finally:
        ended.set()
        thread.join()
        presses[0].kill()
        presses[0].wait()
        signal.signal(signal.SIGINT, before)


LISTENS = (0, 11)
"""A version of CLARABEL that hears a signal while it is at work; 0.9 does not."""


@pytest.mark.parametrize(("solver", "samples"), [pytest.param("CLARABEL", 24, marks=pytest.mark.thorough), ("SCS", 12)])
def test_the_keyboard_ends_a_solver_at_work(monkeypatch, capfd, solver, samples):
    # Asked for the impossible, SCS would go on for a very long time, and CLARABEL is busy with many cones.
    if solver == "CLARABEL" and tuple(map(int, version("clarabel").split(".")[:2])) < LISTENS:
        pytest.skip("this version of the solver does not listen to signals while it is at work")
    endless = {"SCS": {"eps_abs": 1e-300, "eps_rel": 1e-300, "max_iters": 10**9}, "CLARABEL": {}}[solver]
    settle_for(monkeypatch, **endless)
    answer = stopped_at_work(monkeypatch, solver, samples)
    assert answer.status == "interrupted" and answer.message.endswith("stopped from the keyboard")
    assert 0 < answer.lower_bound < answer.loss
    assert capfd.readouterr() == ("", "")
