"""Kinds of neurons: what is paid and what is priced agree, and answers are those of independent formulas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import Problem, certify, separation, solve
from solver.strategies import problems, seeds
from tests.examples import share
from theory import InputError, modularity
from theory.conditions import decide
from theory.neurons import Linear, Neurons
from theory.readouts import Noisy, Soft


@dataclass(frozen=True, eq=False)
class Peak(Neurons):
    """Pays for the square of its largest activity."""

    peak_cost: float = 1.0
    paid: float = 1.0

    def terms(self, problem, activity, encoder):
        weights = problem.encoder_cost * (encoder**2).sum(axis=1)
        return {"activity": self.paid * self.peak_cost * activity.peaks**2, "encoder": weights}

    def energy_root(self, problem):
        return problem.encoder_cost**0.5 * problem.pseudoinverse.T

    def height_sources(self, problem):
        corners = self.peak_cost**0.5 * problem.sources.vertices
        return problem.sources.on_points((corners[:, None] - corners).reshape(-1, problem.dimension))


@dataclass(frozen=True, eq=False)
class Cubed(Linear):
    """A cost of degree three."""

    def terms(self, problem, activity, encoder):
        return {"activity": activity.second_moments**1.5}


READOUTS = [None, Soft(30.0), Noisy(30.0, 0.2)]


@share(1 / 2)
@given(problems(st.integers(1, 3)), st.sampled_from(READOUTS), seeds)
def test_a_kind_of_ones_own_is_solved_and_certified(problem, readout, seed):
    posed = Problem(problem.sources, neurons=Peak(2.0), readout=readout, encoder_cost=0.7)
    answer = solve(posed)
    activity = answer.activity()
    paid = 2 * (activity.max(axis=0) ** 2).sum() + 0.7 * (answer.encoder**2).sum() + (answer.decoder**2).sum()
    if readout is None:
        assert answer.loss == pytest.approx(paid, rel=1e-9)
    checked = certify(posed, answer)
    assert checked.feasible and checked.loss == pytest.approx(answer.loss, rel=1e-9)
    assert answer.status == "optimal" and checked.gap <= 1e-7
    # By the samples alone: no neuron earns more than it costs.
    points = posed.sources.points
    tried = np.random.default_rng(seed).normal(size=(200, posed.dimension)) / points.std(axis=0)
    reach = np.ptp(points @ tried.T, axis=0)
    costs = 2 * reach**2 + 0.7 * (tried**2).sum(axis=1)
    worth = np.einsum("ni,ij,nj->n", tried, answer.multiplier, tried)
    assert (worth <= costs * (1 + 1e-7)).all() or checked.rho > 1


@pytest.mark.parametrize("seed", range(3))
def test_of_symmetric_samples_a_peak_is_twice_a_bias(seed):
    half = np.random.default_rng(seed).normal(size=(10, 2))
    rows = np.vstack([half, -half])
    peak, bias = solve(Problem(rows, neurons=Peak())), solve(Problem(rows, activity_cost=1e-9, bias_cost=4.0))
    assert peak.loss == pytest.approx(bias.loss, rel=1e-6)
    assert peak.price_of_modularity == pytest.approx(bias.price_of_modularity, abs=1e-6)


def test_groups_targets_and_verdicts_ask_the_kind():
    rows = np.random.default_rng(1).normal(size=(25, 3)) @ np.array([[1, 0.5, 0], [0, 1, 0], [0, 0, 1]])
    posed = Problem(rows, neurons=Peak(), groups={"pair": [0, 1]}, readout=Soft(50.0))
    answer = solve(posed)
    assert answer.status == "optimal" and answer.separate.status == "optimal"
    assert certify(posed, answer).gap < 1e-7
    assert separation(posed).modular is (answer.price_of_modularity < 1e-9)
    verdict = decide(Problem(rows, neurons=Peak()))
    assert verdict.modular is solve(Problem(rows, neurons=Peak())).modular
    box = [[x, y] for x in (0, 1) for y in (0, 3)]
    assert decide(Problem(box, neurons=Peak(), probabilities=[5, 1, 1, 5])).modular


def test_the_linear_kind_is_what_is_taken():
    rows = np.random.default_rng(2).uniform(size=(20, 2))
    assert solve(Problem(rows, neurons=Linear())).loss == solve(Problem(rows)).loss
    assert modularity(rows).modular is decide(Problem(rows, neurons=Linear())).modular


def test_a_kind_is_held_to_its_word():
    rows = np.random.default_rng(3).uniform(size=(20, 2))
    for neurons in (Peak(paid=2.0), Cubed()):
        with pytest.raises(InputError, match=r"neurons: .*homogeneous of degree two"):
            Problem(rows, neurons=neurons)
    with pytest.raises(InputError, match="neurons: expected"):
        Problem(rows, neurons="linear")
    with pytest.raises(TypeError, match="kind of neuron"):
        type("Other", (Problem,), {})


def test_what_is_drawn_printed_and_saved(tmp_path):
    answer = solve(Problem(np.random.default_rng(4).uniform(size=(20, 2)), neurons=Peak()))
    assert answer.plot() and "proven optimal" in repr(answer) and len(answer.to_dict()["energies"]) == 3
    with pytest.raises(InputError, match="Peak is a kind of your own"):
        answer.save(tmp_path / "answer.npz")
    assert not list(tmp_path.iterdir())
