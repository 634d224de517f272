"""Trained networks against the certified optimum of their own kind: none is below, and the wide ones come near."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("jax")
pytest.importorskip("sklearn")
pytestmark = pytest.mark.networks

from solver.networks.autoencoder import Autoencoder
from solver.networks.network import Data
from solver.networks.student import Student, Teacher
from solver.networks.training import train
from solver.networks.variational import Variational
from solver.strategies import seeds
from solver.studies.networks.optima import Held, code_loss, held, optimum
from solver.studies.networks.supports import cornerless, drawn, grid
from solver.studies.networks.widths import supports
from tests.examples import share
from theory.errors import InputError

POINTS = grid(5)
NETWORKS = {
    "linear": Autoencoder(7),
    "rectified": Autoencoder(7, rectified=True),
    "rectified, few": Autoencoder(3, rectified=True),
    "rectified, cheap weights": Autoencoder(7, rectified=True, weight_cost=0.1),
    "rectified, cheap errors": Autoencoder(7, rectified=True, error_cost=4.0),
    "deep": Autoencoder(7, rectified=True, hidden=6),
    "student": Student(7, hidden=8),
}
SINGLE_PRECISION = 1e-5


@share(1 / 5)
@given(seed=seeds, name=st.sampled_from(sorted(NETWORKS)), steps=st.sampled_from([30, 3_000]))
def test_no_network_is_below_the_optimum_of_its_kind(seed, name, steps):
    network, chance = NETWORKS[name], drawn(np.random.default_rng(seed), POINTS)
    inputs = Teacher().observe(POINTS) if isinstance(network, Student) else POINTS
    data = Data.of(inputs, POINTS, probabilities=chance)
    trained = train(network, data, steps=steps, rate=2e-2, seeds=(seed % 2**32, 1))
    found = held(network, POINTS, chance, trained.final, trained.activity)
    assert found.kind == network.activation and len(found.above) == 2
    assert min(found.above) > -SINGLE_PRECISION
    if network.reads_linearly:
        # Nor is a student's whole loss below the floor of any encoder.
        assert (trained.losses > found.bound * (1 - SINGLE_PRECISION)).all()


def test_wide_rectified_networks_come_within_a_thousandth_of_the_optimum_and_of_no_other():
    chance = cornerless(POINTS, 1)
    network = Autoencoder(24, rectified=True)
    data = Data.of(POINTS, probabilities=chance)
    trained = train(network, data, steps=10_000, rate=1e-2, seeds=(0, 1))
    found = held(network, POINTS, chance, trained.final, trained.activity)
    assert max(found.above) < 1e-3
    occurs = chance > 0
    linear = optimum(network.problem(POINTS[occurs], activation="linear", probabilities=chance[occurs]))
    assert (trained.final < linear.lower_bound * (1 - 1e-3)).all()


def test_kinds_are_ordered_and_known_values_are_met():
    points = supports()["independent"]
    losses = {}
    for activation in ("free", "rectified", "linear"):
        problem = Autoencoder(12, rectified=True).problem(POINTS, activation=activation, probabilities=points)
        losses[activation] = optimum(problem).loss
    # Derived by hand or proven elsewhere: docs/mathematics.md, "Nonlinear neurons".
    assert losses["free"] == pytest.approx(5.616854249, abs=1e-7)
    assert losses["rectified"] == pytest.approx(7.899139561, abs=1e-6)
    assert losses["linear"] == pytest.approx(7.92, abs=1e-6)


def test_the_loss_of_a_code_is_that_of_its_best_readout():
    rng = np.random.default_rng(0)
    problem = Autoencoder(5, rectified=True, hidden=3).problem(POINTS, activation="free")
    activity = rng.uniform(size=(25, 5))
    centred, targets = activity - activity.mean(axis=0), POINTS - POINTS.mean(axis=0)
    decoder = np.linalg.solve(centred.T @ centred / 25 + np.eye(5) / 100, centred.T @ targets / 25)
    error = ((targets - centred @ decoder) ** 2).sum() / 25
    by_hand = (activity**2).sum() / 25 + (decoder**2).sum() + 100 * error
    assert code_loss(problem, activity) == pytest.approx(by_hand, rel=1e-9)


def test_what_no_certified_problem_is_of_is_not_held_against_one():
    found = held(Variational(4), POINTS, np.full(25, 1 / 25), np.ones(2), np.ones((2, 25, 4)))
    assert found == Held() or (found.kind, found.above) == ("", ())
    assert np.isnan(found.row()["own_price"])
    with pytest.raises(InputError, match="hidden: units above the neurons"):
        Autoencoder(4, hidden=3).problem(POINTS)
    with pytest.raises(InputError, match="nonnegative: neurons may be negative"):
        Autoencoder(4, nonnegative=False).problem(POINTS)
    assert Student(4).problem(POINTS).neurons.name == "free"
