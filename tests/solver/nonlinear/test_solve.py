"""Rectified and free neurons from `solve` to `certify`: known values, laws, and what is refused."""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver import Problem, certify, solve
from solver.nonlinear.representation import NonlinearRepresentation
from solver.nonlinear.solve import basic_shares
from tests.examples import thorough
from theory import InputError
from theory.readouts import Exact, Soft

GRID = np.array(list(product(np.linspace(-1, 1, 5), repeat=2)))
KINDS = ["rectified", "free"]


def scaled(points):
    return points / points.std(axis=0)


@cache
def of_grid(kind):
    return solve(Problem(scaled(GRID), activation=kind, readout=Soft(100)))


def cut(*corners):
    """The grid without three points at each of these corners."""
    kept = np.ones(len(GRID), dtype=bool)
    for corner in corners:
        kept[np.argsort(-GRID @ corner, kind="stable")[:3]] = False
    return GRID[kept]


@pytest.mark.parametrize(
    ("kind", "points", "readout", "known"),
    [
        thorough("rectified", cut([1, 1]), Soft(100), 7.632765),
        thorough("rectified", cut([1, 1], [-1, -1]), Soft(100), 7.980761),
        thorough("free", GRID, Exact(), 4 * 2**0.5),
        ("free", (np.arange(2000.0)[:, None] - 999.5) / 1000, Exact(), 2 * (2 / 3) ** 0.5),
    ],
)
def test_values_known_from_the_papers_and_by_hand(kind, points, readout, known):
    points = scaled(points) if points.shape[1] == 2 else points
    assert_known(solve(Problem(points, activation=kind, readout=readout)), known)


@pytest.mark.parametrize(("kind", "known"), [("rectified", 7.899139561), ("free", 5.616854249)])
def test_the_values_of_a_grid_are_known(kind, known):
    assert_known(of_grid(kind), known)


def assert_known(answer, known):
    assert answer.status == "optimal"
    assert answer.loss == pytest.approx(known, rel=1e-6)
    assert answer.lower_bound <= answer.loss


@pytest.mark.thorough
@settings(max_examples=5)
@given(seed=st.integers(0, 10**6), soft=st.sampled_from([2.0, 30.0, 1000.0]))
def test_more_freedom_never_costs_more(seed, soft):
    points = np.random.default_rng(seed).integers(-2, 3, (7, 2)) * [1.0, 0.5] + np.eye(7, 2)
    losses, bounds = {}, {}
    for kind in ("free", "rectified"):
        answer = solve(Problem(points, activation=kind, readout=Soft(soft), **costs(kind)), time_limit=3)
        losses[kind], bounds[kind] = answer.loss, answer.lower_bound
        losses["linear"] = answer.linear_loss
    assert bounds["free"] <= losses["rectified"] * (1 + 1e-9)
    assert bounds["rectified"] <= losses["linear"] * (1 + 1e-9)


def costs(kind):
    return {} if kind == "free" else {"encoder_cost": 0.01}


@pytest.mark.parametrize("kind", KINDS)
def test_where_errors_are_cheap_no_neuron_is_worth_its_cost(kind):
    answer = solve(Problem(GRID, activation=kind, readout=Soft(1e-3)))
    assert (answer.status, len(answer)) == ("optimal", 0)
    assert answer.loss == pytest.approx(1e-3 * GRID.var(axis=0).sum())


@pytest.mark.thorough
def test_exact_decoders_of_rectified_neurons_have_their_kinks_where_they_cancel():
    values, often = np.arange(-2.0, 3.0), np.array([1, 4, 6, 4, 1]) / 16
    points, probabilities = np.array(list(product(values, repeat=2))), np.outer(often, often).ravel()
    problem = Problem(points, probabilities=probabilities, activation="rectified", encoder_cost=0.1)
    answer = solve(problem, time_limit=3)
    assert answer.modular_loss <= answer.modular_lower_bound * (1 + 1e-7)
    assert answer.loss <= answer.modular_loss * (1 + 1e-9)
    one = solve(Problem(np.random.default_rng(1).normal(size=(60, 1)), activation="rectified"))
    assert one.gap <= 1e-4
    grid = solve(Problem(scaled(GRID), activation="rectified"))
    assert grid.status == "optimal"
    assert grid.loss == pytest.approx(8, rel=1e-9)


@pytest.mark.thorough
def test_an_exact_decoder_is_exact_on_samples_that_hardly_count():
    points = np.random.default_rng(4).integers(-3, 4, (12, 2)) + 0.1 * np.random.default_rng(5).normal(size=(12, 2))
    often = np.append(np.ones(9), [1e-4, 1e-6, 1e-8])
    problem = Problem(
        points, probabilities=often, activation="rectified", readout=Exact([[1.0, 0.5]]), encoder_cost=1e-3
    )
    answer = solve(problem, time_limit=40)  # two seconds, on a machine that has them
    decoded = answer.reconstruct(answer.activity()) - points @ [[1.0], [0.5]]
    assert np.abs(decoded).max() <= 1e-7
    assert answer.loss <= answer.modular_loss * (1 + 1e-9)
    assert answer.loss <= answer.linear_loss * (1 + 1e-9)
    assert answer.gap <= 1e-3


@pytest.mark.thorough
def test_sources_of_unlike_scales_are_solved():
    problem = Problem(GRID[::3] * [1e6, 1e-3] + [1e7, 0], activation="free", readout=Soft(50))
    answer = solve(problem)
    assert answer.status == "optimal"
    assert answer.loss <= answer.linear_loss * (1 + 1e-9)


@pytest.mark.parametrize("unit", [1e-4, thorough(1e-6)])
def test_where_weights_cost_far_more_than_activity_two_per_source_remain(unit):
    """Exactly decoded sources in a small unit: their weights cost 2 d, that of linear neurons without activity."""
    answer = solve(Problem(unit * np.random.default_rng(0).normal(size=(6, 2)), activation="rectified"))
    assert answer.status == "optimal"
    assert answer.loss == pytest.approx(4, rel=1e-6)


@pytest.mark.thorough
def test_rectified_neurons_of_sources_of_unlike_scales_are_decoded_exactly():
    points = np.random.default_rng(0).normal(size=(8, 2)) * [1, 1e-4]
    answer = solve(Problem(points, activation="rectified"), time_limit=120)  # four seconds
    assert answer.gap <= 1e-6


@pytest.mark.thorough
def test_an_exact_decoder_is_approached_until_no_gap_is_left():
    points = [[-0.5, 0, -0.6], [0.5, 3, 1], [-2.4, -1.2, -2.6], [-1.4, -0.2, -0.5], [1.8, 1.1, 1.7]]
    answer = solve(Problem(points, readout=Exact([[1, -1, 0]]), activation="rectified"), rng=0)
    assert answer.status == "optimal"


@pytest.mark.thorough
def test_the_best_code_known_is_the_answer_when_time_is_over():
    points = np.random.default_rng(0).uniform(size=(60, 4))
    answer = solve(Problem(points, activation="free", readout=Soft(100)), time_limit=1.0)
    assert answer.loss <= answer.linear_loss * (1 + 1e-9)
    assert answer.loss <= answer.modular_loss * (1 + 1e-9)
    assert answer.lower_bound <= answer.loss


def test_a_callback_follows_and_stops_the_search():
    seen = []

    def callback(progress):
        seen.append(progress)
        return True

    answer = solve(Problem(GRID, activation="rectified", readout=Soft(100)), callback=callback)
    assert len(seen) == 1
    assert answer.status in ("optimal", "interrupted")
    assert answer.lower_bound <= answer.loss


def test_neurons_that_tie_are_left_out():
    problem = Problem([[-1.0], [1.0]], activation="free", readout=Soft(100))
    answer = solve(problem)
    twice = np.repeat(answer.sample_activity, 2, axis=1)
    shares = basic_shares(problem, twice)
    assert (shares > 0).sum() == len(answer)


@pytest.mark.parametrize("kind", KINDS)
def test_an_activity_of_new_samples(kind):
    answer = of_grid(kind)
    again = answer.activity(scaled(GRID))
    # What free neurons do on new samples is computed from the decoder: of neurons that tie others may be active.
    assert np.allclose(answer.reconstruct(again), answer.reconstruct(answer.activity()), atol=1e-4)
    new = answer.activity([[0.3, -0.2], [5.0, 5.0]])
    assert (new >= 0).all()
    with pytest.raises(InputError, match="column"):
        answer.activity([[1.0, 2.0, 3.0]])
    with pytest.raises(InputError, match="but the code has"):
        answer.reconstruct(np.zeros((3, len(answer) + 1)))


def test_an_activation_that_is_none_is_refused():
    with pytest.raises(InputError, match=r"^activation: [^\n]+$"):
        Problem(GRID, activation="linear-ish")


def test_free_neurons_have_no_encoder_to_pay_for():
    with pytest.raises(InputError, match=r"^encoder_cost: free neurons"):
        Problem(GRID, activation="free", encoder_cost=0.5)
    assert solve(Problem([[-1], [1]], activation="free", encoder_cost=0)).encoder.shape[1] == 0


@pytest.mark.parametrize("kind", KINDS)
def test_options_and_certificates_of_linear_neurons_are_refused(kind):
    problem = Problem(GRID[3:6], activation=kind, readout=Soft(10))
    with pytest.raises(InputError, match=r"^neurons: "):
        solve(problem, neurons=3)
    linear = problem.replaced(activation="linear")
    with pytest.raises(InputError, match=f"^representation: its neurons are linear, and the problem's are {kind}"):
        certify(problem, solve(linear))
    with pytest.raises(InputError, match=f"^representation: its neurons are {kind}, and the problem's are linear"):
        certify(linear, solve(problem))


def test_a_bound_is_not_believed():
    answer = of_grid("rectified")
    boasting = answer.bounded_by(answer.loss, "bounded")
    certificate = certify(answer.problem, boasting)
    assert certificate.lower_bound == pytest.approx(answer.lower_bound, rel=1e-8)
    assert isinstance(boasting, NonlinearRepresentation)
