"""`solve` on real input: numbers that are known, inputs that are hard but fine, and how a search can end."""

from itertools import product
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from scipy.spatial import ConvexHull

from solver import Problem, Progress, Sources, certify, methods, solve, solve_many
from solver.methods.iterate import Iterate
from solver.solving import run
from tests.examples import thorough
from theory import InputError, modularity
from theory.readouts import Soft

FIGURE_POINTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "fig1_points.npy"
SQUARE = np.array(list(product([-1.0, 1.0], repeat=2)))
CUT = [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 0), (0, 1), (1, -1), (1, 0)]


def grid(levels, dimension=2):
    return np.array(list(product(np.linspace(-1, 1, levels), repeat=dimension)))


def checked(problem, **options):
    """Solve, and hold the answer against a certificate that does not know how it was found."""
    answer = solve(problem, **options)
    certificate = certify(problem, answer)
    assert certificate.feasible
    assert certificate.loss == pytest.approx(answer.loss, rel=1e-9)
    assert certificate.lower_bound <= answer.loss * (1 + 1e-12)
    return answer


# ---- numbers that are known -----------------------------------------------------------------------------------


@pytest.mark.skipif(not FIGURE_POINTS.exists(), reason="the points of the 2025 paper's figure are not here")
def test_the_points_of_the_paper_and_the_one_that_decides():
    points = np.load(FIGURE_POINTS).T
    answer = checked(Problem(points))
    assert answer.status == "optimal" and answer.modular
    assert answer.loss == pytest.approx(4.600120903, rel=1e-8)
    without = checked(Problem(np.delete(points, 20, axis=0)))
    assert without.status == "optimal" and not without.modular
    assert without.loss == pytest.approx(4.593917, rel=1e-6)
    assert without.price_of_modularity == pytest.approx(1.5e-4, rel=0.01)


def test_the_full_grid_is_modular():
    answer = checked(Problem(grid(3)))
    assert answer.method == "modular" and answer.modular
    assert answer.loss == pytest.approx(6.531972647, rel=1e-9)
    # By hand: M_ii + m_i^2 = 2/3 + 1 + 1 and loss = 2 sum_i sqrt(that).
    assert answer.loss == pytest.approx(4 * np.sqrt(8 / 3), rel=1e-14)
    assert answer.gap <= 1e-12


def test_the_corner_cut_grid_is_mixed():
    points = grid(9)
    answer = checked(Problem(points[points.sum(axis=1) < 1 - 1e-12]))
    assert answer.method == "columns" and not answer.modular
    assert answer.loss == pytest.approx(5.763183, rel=1e-7)
    assert answer.modular_loss == pytest.approx(5.776126, rel=1e-7)
    assert answer.status == "optimal" and answer.gap <= 1e-8


def test_a_continuous_distribution_needs_only_moments_and_vertices():
    uniform = Sources.from_moments(np.eye(2) / 3, SQUARE)
    answer = checked(Problem(uniform))
    assert answer.loss == pytest.approx(4 * np.sqrt(1 / 3 + 2), rel=1e-14)
    # Many samples of it come close.
    drawn = np.vstack([SQUARE, np.random.default_rng(0).uniform(-1, 1, size=(100_000, 2))])
    assert solve(Problem(drawn)).loss == pytest.approx(answer.loss, rel=1e-3)


def test_the_mixing_decides_too():
    # Sources that are modular on their own stay so under a rotation, not under a shear.
    assert solve(Problem(grid(3), mixing=[[0.6, -0.8], [0.8, 0.6], [0, 0]])).modular
    assert not solve(Problem(grid(3), mixing=[[1, 2], [0, 1]])).modular


# ---- inputs that are hard but fine ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "points",
    [
        pytest.param([[0, 0], [1, 0], [0, 1]], id="as few samples as can be"),
        pytest.param([[0], [1]], id="two samples of one source"),
        pytest.param([0, 1, 5], id="a vector is one source"),
        pytest.param(np.vstack([CUT] * 7), id="duplicates"),
        pytest.param(grid(7, 3)[grid(7, 3).sum(axis=1) < 2.5], id="coplanar points"),
        pytest.param(grid(3, 4)[grid(3, 4).sum(axis=1) < 3.5], id="coplanar points of four sources"),
        pytest.param(np.array(CUT) * [1e-8, 1e8], id="scales far apart"),
        pytest.param(np.array(CUT) * [1e-8, 1e-8], id="all small"),
        pytest.param(np.array(CUT) * [1e8, 1e8], id="all large"),
        pytest.param(np.add(CUT, [1e6, -1e6]), id="far from the origin"),
        pytest.param(np.array(CUT, dtype=np.float32), id="float32"),
        pytest.param(np.array(CUT, dtype=np.int8), id="small integers"),
        pytest.param(np.array(CUT) > 0, id="truth values"),
        pytest.param(pd.DataFrame(CUT, columns=["position", "object"]), id="a DataFrame"),
        pytest.param(np.asfortranarray(np.array(CUT, dtype=float)), id="column order"),
        pytest.param(np.array(CUT, dtype=float)[::-1], id="a view"),
        pytest.param([[0, 1], [1, 0], [1e-9, 1e-9], [1, 1 - 1e-9]], id="nearly a square"),
        pytest.param(
            np.random.default_rng(0).standard_normal((6, 5)),
            id="a simplex of five sources",
            marks=pytest.mark.thorough,
        ),
    ],
)
def test_hard_but_fine(points):
    answer = checked(Problem(points))
    assert answer.status == "optimal"
    assert answer.gap <= 1e-8


def test_a_data_frame_keeps_its_column_names():
    answer = solve(Problem(pd.DataFrame(CUT, columns=["position", "object"])))
    assert answer.problem.sources.names == ("position", "object")
    assert answer.coded_sources()[0] in {("position",), ("object",), ("position", "object")}


def test_integers_and_floats_of_any_width_are_the_same_problem():
    reference = solve(Problem(np.array(CUT, dtype=float))).loss
    for kind in (np.float32, np.int8, np.uint8, np.float16):
        assert solve(Problem((np.array(CUT) + 1).astype(kind))).loss == pytest.approx(reference, rel=1e-12)


def test_the_input_is_neither_changed_nor_needed_afterwards():
    points = np.array(CUT, dtype=float)
    before = points.copy()
    solve(Problem(points))
    np.testing.assert_array_equal(points, before)


@pytest.mark.thorough
@pytest.mark.further
def test_a_million_rows():
    points = np.random.default_rng(0).uniform(-1, 1, size=(1_000_000, 2))
    answer = solve(Problem(points))
    assert answer.status == "optimal"
    kept = points[ConvexHull(points).vertices]
    moments = Sources.from_moments(np.cov(points.T, bias=True), kept, points.mean(axis=0))
    assert answer.loss == pytest.approx(solve(Problem(moments)).loss, rel=1e-9)


# ---- methods and endings --------------------------------------------------------------------------------------


def test_auto_says_what_it_chose_and_why():
    assert solve(Problem(SQUARE)).message.startswith("modular: the modularity condition holds")
    assert solve(Problem(CUT)).message.startswith("columns: the modularity condition fails")


def test_the_modular_code_is_an_honest_answer_where_it_is_not_optimal():
    problem = Problem(CUT)
    best, modular = solve(problem), checked(problem, method="modular")
    assert modular.status == "bounded" and modular.modular
    assert modular.loss == pytest.approx(problem.modular_loss, rel=1e-14)
    assert modular.lower_bound <= best.loss
    assert modular.gap >= 1 - best.loss / modular.loss
    assert 1 / (1 - modular.gap) - 1 <= modularity(CUT).price_bound + 1e-12


def test_columns_finds_the_modular_code_without_being_told():
    answer = checked(Problem(SQUARE), method="columns")
    assert answer.method == "columns" and answer.modular
    assert answer.loss == pytest.approx(answer.modular_loss, rel=1e-9)


def test_a_loose_tolerance_ends_sooner_and_says_how_far_it_got():
    problem = Problem(np.random.default_rng(1).standard_normal((200, 3)))
    loose, tight = solve(problem, tolerance=0.05), solve(problem)
    assert loose.iterations <= tight.iterations
    assert loose.status == "optimal" and loose.gap <= 0.05
    assert loose.lower_bound <= tight.loss <= loose.loss


def test_limits_leave_a_valid_answer():
    problem = Problem(np.random.default_rng(1).standard_normal((60, 5)))
    best = solve(problem).loss
    short = checked(problem, max_iterations=1)
    assert short.status == "bounded" and short.iterations == 1
    hurried = checked(problem, time_limit=1e-9)
    assert hurried.status == "interrupted" and "time limit" in hurried.message
    stopped = checked(problem, callback=lambda progress: progress.iteration >= 1)
    assert stopped.status == "interrupted" and "callback" in stopped.message
    for answer in (short, hurried, stopped):
        assert answer.lower_bound <= best <= answer.loss
        assert answer.gap == pytest.approx(1 - answer.lower_bound / answer.loss, abs=1e-12)


@pytest.mark.parametrize(("limit", "rounds"), [(10.0, 9), (9.5, 9), (1.0, 1), (2.5, 2), (100.0, 20)])
def test_no_round_is_begun_that_would_end_after_the_time_limit(monkeypatch, limit, rounds):
    """Each round takes a second."""
    clock = [0.0]
    monkeypatch.setattr(run.time, "perf_counter", lambda: clock[0])
    problem = Problem(CUT)

    def steps(problem, *, tolerance, rng):
        for _ in range(20):
            clock[0] += 1.0
            weights = problem.modular_weights
            yield Iterate(weights, problem.multiplier(weights.T @ weights), problem.loss(weights), -np.inf)

    module = ModuleType("a second a round")
    module.steps = steps
    monkeypatch.setitem(methods._REGISTERED, "seconds", module)
    answer = solve(problem, method="seconds", time_limit=limit)
    assert answer.iterations == rounds and clock[0] <= limit
    assert ("time limit" in answer.message) == (rounds < 20)


def test_ctrl_c_gives_the_best_so_far():
    def press(progress):
        if progress.iteration == 1:
            raise KeyboardInterrupt

    problem = Problem(np.random.default_rng(1).standard_normal((60, 5)))
    answer = checked(problem, callback=press)
    assert answer.status == "interrupted" and "keyboard" in answer.message
    assert 0 < answer.lower_bound <= solve(problem).loss <= answer.loss


def test_the_callback_sees_the_search():
    seen: list[Progress] = []
    answer = solve(Problem(np.random.default_rng(1).standard_normal((50, 3))), callback=seen.append)
    assert [step.iteration for step in seen] == list(range(answer.iterations))
    assert (np.diff([step.loss for step in seen]) <= 1e-9 * seen[0].loss).all()
    assert (np.diff([step.lower_bound for step in seen]) >= -1e-9 * seen[0].loss).all()
    assert seen[-1].loss == pytest.approx(answer.loss, rel=1e-9)
    assert all(step.gap == pytest.approx(1 - step.lower_bound / step.loss, abs=1e-12) for step in seen)


def test_an_error_in_the_callback_is_not_swallowed():
    def fail(progress):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        solve(Problem(CUT), callback=fail)


# ---- beyond five sources --------------------------------------------------------------------------------------


@pytest.mark.thorough
@pytest.mark.parametrize(
    "points",
    [
        pytest.param(np.random.default_rng(2).standard_normal((40, 6)), id="six, in general position"),
        pytest.param(np.random.default_rng(2).integers(-1, 2, size=(60, 6)), id="six, many coplanar"),
        pytest.param(np.random.default_rng(2).standard_normal((16, 7)), id="seven"),
    ],
)
def test_six_and_seven_sources_are_solved(points):
    answer = checked(Problem(points), rng=0)
    assert answer.status == "optimal" and answer.gap <= 1e-8
    assert not answer.modular


@pytest.mark.thorough
def test_eight_sources_are_answered_and_bounded():
    problem = Problem(np.random.default_rng(2).standard_normal((24, 8)))
    answer = checked(problem, rng=0, max_iterations=8)
    assert answer.status == "bounded" and not answer.modular
    assert 0 < answer.lower_bound < answer.loss < answer.modular_loss
    again = solve(problem, rng=0, max_iterations=8)
    np.testing.assert_array_equal(again.source_weights, answer.source_weights)
    assert again.loss == answer.loss


def test_a_box_of_eight_sources_is_proven_modular():
    corners = np.array(list(product([-1.0, 1.0], repeat=8)))
    answer = checked(Problem(corners))
    assert answer.status == "optimal" and answer.modular and answer.method == "modular"
    assert answer.gap <= 1e-10


# ---- bad arguments --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"method": "adam"},
            "method: 'adam' is unknown; choose one of auto, modular, columns, conic, relaxation, alternating",
        ),
        ({"tolerance": 0}, "tolerance: 0 is out of range"),
        ({"tolerance": 1.5}, "tolerance: 1.5 is out of range"),
        ({"tolerance": float("nan")}, "tolerance: nan is out of range"),
        ({"tolerance": "small"}, "tolerance: 'small' is out of range"),
        ({"max_iterations": 0}, "max_iterations: 0 is not a whole number from 1 on"),
        ({"max_iterations": 2.5}, "max_iterations: 2.5 is not"),
        ({"time_limit": "soon"}, "time_limit: 'soon' is not a positive number of seconds"),
        ({"time_limit": 0}, "time_limit: 0 is not a positive number of seconds"),
        ({"time_limit": float("inf")}, "time_limit: inf is not"),
        ({"rng": -1}, "rng: -1"),
        ({"rng": "seed"}, "rng: 'seed'"),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(InputError) as error:
        solve(Problem(SQUARE), **options)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_sources_are_not_a_problem():
    with pytest.raises(InputError, match=r"expected a Problem, got ndarray; write solve\(Problem\(sources\)\)"):
        solve(SQUARE)


@pytest.mark.thorough
@pytest.mark.parametrize("seed", [pytest.param(0, marks=pytest.mark.slow), 13])
def test_six_sources_on_scales_far_apart(seed):
    # The cones of their normal fan are so flat that pricing on those would take minutes.
    points = np.random.default_rng(seed).standard_normal((18, 6)) * np.logspace(-6, 6, 6)
    answer = solve(Problem(points), rng=0)
    assert answer.method == "columns" and answer.status == "optimal"


@pytest.mark.parametrize("digits", [6, thorough(9)])
def test_a_column_that_is_redundant_but_for_rounding_is_named(digits):
    points = np.random.default_rng(0).uniform(-1, 1, (40, 2))
    rounded = np.round(points.sum(axis=1) / 3, digits)
    answer = solve(Problem(np.column_stack([points, rounded])), time_limit=0.5)
    named = "+1*s1 +1*s2 -3*s3 hardly varies; if that is rounding, remove one of these columns"
    assert (named in answer.message) == (answer.status != "optimal")
    assert solve(Problem(points), time_limit=0.5).message.count("hardly") == 0


def test_samples_in_general_position_refute_the_modular_code_before_faces_are_priced(monkeypatch):
    calls = []
    monkeypatch.setattr("solver.solving.run.best_bound", lambda *_, **__: calls.append(1))
    answer = solve(Problem(np.random.default_rng(0).normal(size=(60, 3))))
    assert answer.status == "optimal" and not answer.modular and not calls


@pytest.mark.parametrize("size", [1e-135, 1e-70, 1e100])
@pytest.mark.parametrize("costs", [{"error_cost": 10.0}, {"bias_cost": 1.0}, {"activity_cost": 0, "bias_cost": 1.0}])
def test_sources_of_any_size_have_an_answer_or_one_line(size, costs):
    # Squares of such numbers are beyond floating point here and there: nothing may say so by itself.
    costs = dict(costs)
    readout = {"readout": Soft(costs.pop("error_cost"))} if "error_cost" in costs else {}
    points = size * np.random.default_rng(0).normal(size=(12, 2))
    try:
        problem = Problem(points, **costs, **readout)
    except InputError as error:
        assert "error_cost" in str(error)
        return
    answer = solve(problem)
    assert answer.lower_bound <= answer.loss * (1 + 1e-12)
    assert solve_many([problem]).loss[0] == pytest.approx(answer.loss, rel=1e-8)


def test_a_time_limit_that_a_small_problem_cannot_reach_changes_nothing():
    problem = Problem(np.random.default_rng(0).normal(size=(30, 2)))
    free, limited = solve(problem), solve(problem, time_limit=60)
    assert limited.iterations == free.iterations and limited.loss == free.loss
    np.testing.assert_array_equal(limited.source_weights, free.source_weights)
