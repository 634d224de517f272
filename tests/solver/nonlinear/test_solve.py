"""Rectified and free neurons from `solve` to `certify`: known values, laws, and what is refused."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver import Problem, certify, solve
from solver.nonlinear.few import basic_shares
from solver.nonlinear.representation import NonlinearRepresentation
from theory import InputError
from theory.dynamics import Transitions
from theory.readouts import Exact, Noisy, Soft

GRID = np.array(list(product(np.linspace(-1, 1, 5), repeat=2)))
KINDS = ["rectified", "free"]


def scaled(points):
    return points / points.std(axis=0)


def cut(*corners):
    """The grid without three points at each of these corners."""
    kept = np.ones(len(GRID), dtype=bool)
    for corner in corners:
        kept[np.argsort(-GRID @ corner, kind="stable")[:3]] = False
    return GRID[kept]


def paid(problem, answer):
    """The loss of a network, computed from its arrays in the plainest way."""
    sources = problem.sources
    p = np.full(sources.count, 1 / sources.count) if sources.probabilities is None else sources.probabilities
    activity = answer.activity()
    wrong = sources.points @ problem.readout.targets.T - answer.reconstruct(activity)
    errors = problem.readout.errors
    loss = problem.activity_cost * (p @ activity**2).sum() + problem.encoder_cost * (answer.encoder**2).sum()
    if errors is None:
        assert np.abs(wrong).max() <= 1e-7 * np.abs(wrong - wrong.mean(axis=0)).max() + 1e-7
        return loss + problem.decoder_cost * (answer.decoder**2).sum()
    q = p if errors.probabilities is None else errors.probabilities
    decoder_cost = problem.readout.decoder_cost - errors.cost * errors.noise_variance
    noise = errors.noise_variance * (answer.decoder**2).sum()
    return loss + decoder_cost * (answer.decoder**2).sum() + errors.cost * (q @ (wrong**2).sum(axis=1) + noise)


@pytest.mark.parametrize(
    ("kind", "points", "readout", "known"),
    [
        ("rectified", GRID, Soft(100), 7.899139561),
        ("rectified", cut([1, 1]), Soft(100), 7.632765),
        ("rectified", cut([1, 1], [-1, -1]), Soft(100), 7.980761),
        ("free", GRID, Soft(100), 5.616854249),
        ("free", GRID, Exact(), 4 * 2**0.5),
        ("free", (np.arange(2000.0)[:, None] - 999.5) / 1000, Exact(), 2 * (2 / 3) ** 0.5),
    ],
)
def test_values_known_from_the_papers_and_by_hand(kind, points, readout, known):
    points = scaled(points) if points.shape[1] == 2 else points
    answer = solve(Problem(points, activation=kind, readout=readout))
    assert answer.status == "optimal"
    assert answer.loss == pytest.approx(known, rel=1e-6)
    assert answer.lower_bound <= answer.loss


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("readout", [Soft(40.0), Noisy(10.0, 0.05), Soft(30.0, targets=[[1.0, -1.0]])])
def test_answer_is_what_its_network_does_and_its_bound_is_proven_anew(kind, readout):
    points = np.random.default_rng(5).uniform(-1, 1, (9, 2)) + np.array([3, 0])
    mixing = [[1.0, 0.3], [0.0, 1.0], [1.0, 1.0]]
    problem = Problem(points, mixing=mixing, probabilities=np.arange(1, 10), activation=kind, readout=readout)
    answer = solve(problem)
    assert answer.gap <= 1e-7
    assert (answer.activity() >= 0).all()
    assert paid(problem, answer) == pytest.approx(answer.loss, rel=1e-9)
    assert sum(answer.energies.values()) == pytest.approx(answer.loss, rel=1e-12)
    certificate = certify(problem, answer)
    assert certificate.loss == pytest.approx(answer.loss, rel=1e-9)
    assert certificate.lower_bound == pytest.approx(answer.lower_bound, rel=1e-8)
    assert answer.loss <= answer.modular_loss * (1 + 1e-9)
    assert answer.loss <= answer.linear_loss * (1 + 1e-9)
    assert answer.modular_lower_bound <= answer.modular_loss


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
def test_units_of_samples_and_their_order_and_copies_change_nothing(kind):
    points = np.random.default_rng(2).uniform(-1, 1, (8, 2))
    first = solve(Problem(points, activation=kind, readout=Soft(50)))
    copies = solve(Problem(np.vstack([points, points[::-1]]), activation=kind, readout=Soft(50)))
    moved = solve(Problem(points[::-1] + 100, activation=kind, readout=Soft(50)))
    assert copies.loss == pytest.approx(first.loss, rel=1e-7)
    assert moved.loss == pytest.approx(first.loss, rel=1e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_groups_are_kept_together(kind):
    points = np.random.default_rng(3).uniform(-1, 1, (8, 3))
    problem = Problem(points, activation=kind, readout=Soft(20), groups={"place": [0, 1], "thing": [2]})
    answer = solve(problem, time_limit=2)
    assert answer.modular_lower_bound <= answer.modular_loss
    assert answer.loss <= answer.modular_loss * (1 + 1e-9)
    assert {name for names in answer.coded_groups() for name in names} <= {"place", "thing"}


@pytest.mark.parametrize("kind", KINDS)
def test_where_errors_are_cheap_no_neuron_is_worth_its_cost(kind):
    answer = solve(Problem(GRID, activation=kind, readout=Soft(1e-3)))
    assert (answer.status, len(answer)) == ("optimal", 0)
    assert answer.loss == pytest.approx(1e-3 * GRID.var(axis=0).sum())


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


def test_an_exact_decoder_is_exact_on_samples_that_hardly_count():
    points = np.random.default_rng(4).integers(-3, 4, (12, 2)) + 0.1 * np.random.default_rng(5).normal(size=(12, 2))
    often = np.append(np.ones(9), [1e-4, 1e-6, 1e-8])
    problem = Problem(
        points, probabilities=often, activation="rectified", readout=Exact([[1.0, 0.5]]), encoder_cost=1e-3
    )
    answer = solve(problem, time_limit=4)
    decoded = answer.reconstruct(answer.activity()) - points @ [[1.0], [0.5]]
    assert np.abs(decoded).max() <= 1e-7
    assert answer.loss <= answer.modular_loss * (1 + 1e-9)
    assert answer.loss <= answer.linear_loss * (1 + 1e-9)
    assert answer.gap <= 1e-3


def test_sources_of_unlike_scales_are_solved():
    problem = Problem(GRID * [1e6, 1e-3] + [1e7, 0], activation="free", readout=Soft(50))
    answer = solve(problem)
    assert answer.status == "optimal"
    assert answer.loss <= answer.linear_loss * (1 + 1e-9)


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
    answer = solve(Problem(GRID, activation=kind, readout=Soft(100)))
    again = answer.activity(GRID)
    # What free neurons do on new samples is computed from the decoder: of neurons that tie others may be active.
    assert np.allclose(answer.reconstruct(again), answer.reconstruct(answer.activity()), atol=1e-4)
    new = answer.activity([[0.3, -0.2], [5.0, 5.0]])
    assert (new >= 0).all()
    with pytest.raises(InputError, match="column"):
        answer.activity([[1.0, 2.0, 3.0]])
    with pytest.raises(InputError, match="one column per neuron"):
        answer.reconstruct(np.zeros((3, len(answer) + 1)))


REFUSED = {
    "activation": {"activation": "linear-ish"},
    "transitions": {"transitions": Transitions([np.eye(2)])},
    "bias_cost": {"bias_cost": 0.1},
    "separate": {"separate": True, "groups": {"first": [0], "second": [1]}},
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_makes_no_sense_is_refused_by_name(name):
    with pytest.raises(InputError, match=f"^{name}: [^\n]+$"):
        Problem(GRID, **({"activation": "rectified"} | REFUSED[name]))


def test_free_neurons_have_no_encoder_to_pay_for():
    with pytest.raises(InputError, match=r"^encoder_cost: free neurons"):
        Problem(GRID, activation="free", encoder_cost=0.5)
    assert solve(Problem([[-1], [1]], activation="free", encoder_cost=0)).encoder.shape[1] == 0


@pytest.mark.parametrize("kind", KINDS)
def test_methods_and_certificates_of_linear_neurons_are_refused(kind):
    problem = Problem(GRID[3:8], activation=kind, readout=Soft(10))
    with pytest.raises(InputError, match=r"^method: "):
        solve(problem, method="conic")
    with pytest.raises(InputError, match=r"^neurons: "):
        solve(problem, neurons=3)
    linear = problem.replaced(activation="linear")
    with pytest.raises(InputError, match=f"^representation: its neurons are linear, and the problem's are {kind}"):
        certify(problem, solve(linear))
    with pytest.raises(InputError, match=f"^representation: its neurons are {kind}, and the problem's are linear"):
        certify(linear, solve(problem))


def test_a_bound_is_not_believed():
    answer = solve(Problem(cut([1, 1]), activation="rectified", readout=Soft(100)))
    boasting = answer.bounded_by(answer.loss, "bounded")
    certificate = certify(answer.problem, boasting)
    assert certificate.lower_bound == pytest.approx(answer.lower_bound, rel=1e-8)
    assert isinstance(boasting, NonlinearRepresentation)
