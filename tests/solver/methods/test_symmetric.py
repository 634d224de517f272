"""Codes of symmetric problems: as good as exact ones where those are known, and proven where they are not."""

from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import solver.solving.plan as planning
from solver import Problem, certify, solve
from solver.methods import symmetric
from solver.representation import Representation
from solver.solving.plan import plan
from solver.strategies import seeds
from solver.studies.tasks import object_on_ring, object_on_torus
from tests.examples import plainly
from theory.neurons import PeakActivity
from theory.readouts import Exact, Noisy, Soft

LATTICE = np.array(list(product([-1.0, 0, 1], repeat=3)))


def waves(count, frequencies):
    phase = 2 * np.pi * np.outer(np.arange(count), frequencies) / count
    return np.hstack([np.cos(phase), np.sin(phase)])


def by_orbits(problem, **options):
    return solve(problem, method="symmetric", rng=0, **options)


def of_method(problem, **limits):
    """The steps of the method by itself."""
    return list(symmetric.steps(problem.canonical.feedforward, tolerance=1e-8, rng=np.random.default_rng(0), **limits))


KNOWN = {
    "ring": Problem(waves(7, [1, 2])),
    "ring of several costs": Problem(waves(9, [2, 3]), encoder_cost=0.1, activity_cost=2.0, bias_cost=0.5),
    "errors": Problem(waves(8, [1, 3]), readout=Soft(30.0)),
    "errors so cheap that a frequency is left out": Problem(waves(9, [1, 2]), readout=Soft(3.0)),
    "errors so cheap that there is no neuron": Problem(waves(9, [1, 2]), readout=Soft(1.0)),
    "noise": Problem(waves(8, [1, 2]), readout=Noisy(error_cost=50.0, noise_variance=0.1)),
    "one frequency is wanted": Problem(waves(9, [1, 2]), readout=Exact(np.eye(4)[[0, 2]])),
    "peaks": Problem(waves(6, [1]), neurons=PeakActivity(), encoder_cost=1.0),
    "categories": Problem(np.eye(4)),
    "object": object_on_ring(6, (0, 1)).problem(encoder_cost=1e-6),
    "lattice without corners": Problem(LATTICE[np.abs(LATTICE).sum(axis=1) < 3]),
    "no symmetry": Problem(np.random.default_rng(0).standard_normal((12, 2))),
}


LENGTHY = {
    "ring",
    "ring of several costs",
    "errors so cheap that a frequency is left out",
    "one frequency is wanted",
    "noise",
    "object",
}
"""What takes longer than others that say as much."""


@cache
def exactly(name):
    """The optimal code by exact pricing."""
    return solve(KNOWN[name])


@pytest.mark.parametrize("name", plainly(KNOWN, KNOWN.keys() - LENGTHY))
def test_as_good_as_exact_pricing(name):
    problem = KNOWN[name]
    answer, exact = by_orbits(problem), exactly(name)
    assert exact.status == answer.status == "optimal"
    assert np.isclose(answer.loss, exact.loss, rtol=1e-8)
    seen = certify(problem, answer)
    assert seen.feasible and seen.gap <= 1e-8 and np.isclose(seen.loss, answer.loss, rtol=1e-9)


@pytest.mark.parametrize(
    "name", plainly([name for name in KNOWN if name != "one frequency is wanted"], KNOWN.keys() - LENGTHY)
)
def test_the_bound_owes_nothing_to_the_faces(name):
    problem = KNOWN[name]
    steps, exact = of_method(problem.on_hull), exactly(name)
    best, bound = min(step.loss for step in steps), max(step.lower_bound for step in steps)
    assert np.isclose(best, exact.loss, rtol=1e-8) and exact.loss * (1 - 1e-3) <= bound <= exact.loss * (1 + 1e-9)


@given(seeds, st.sampled_from([(7, (1, 2)), (9, (2, 3)), (8, (1, 3)), (12, (3, 4))]), st.floats(0.2, 40.0))
def test_the_optimal_matrix_has_a_number_for_each_frequency(seed, frequencies, error_cost):
    count, turns = frequencies
    rng = np.random.default_rng(seed)
    problem = Problem(waves(count, turns), readout=Soft(error_cost), mixing=np.diag(np.tile(rng.uniform(0.5, 2, 2), 2)))
    answer = solve(problem)
    G = answer.source_weights.T @ answer.source_weights
    assert problem.symmetry.free_numbers == 2
    kept = problem.whitening.matrix @ G @ problem.whitening.matrix.T
    assert np.allclose(problem.symmetry.averaged(kept), kept, atol=1e-5 * np.trace(kept) + 1e-9)


@pytest.mark.thorough
def test_eight_sources_are_proven():
    problem = Problem(waves(16, [1, 2, 3, 4]))
    chosen = plan(problem, unproven=True)
    assert chosen.method == "symmetric" and "32 permutations of the samples change nothing" in chosen.why
    answer = solve(problem)
    assert answer.method == "symmetric" and answer.status == "optimal" and answer.cover.symmetry is not None
    assert certify(problem, answer).gap <= 1e-8


def test_after_so_many_cells_the_lifted_relaxation_is_tried(monkeypatch):
    name, at_once, tried = "lattice without corners", symmetric.relaxation.at_once, []
    monkeypatch.setattr(planning, "SIZES", replace(planning.SIZES, symmetric_cells=2))
    monkeypatch.setattr(symmetric.relaxation, "at_once", lambda *given: tried.append(at_once(*given)) or tried[-1])
    steps, loss = of_method(KNOWN[name]), exactly(name).loss
    assert steps[-1].lower_bound == tried[0].lower_bound and steps[-1].note == "bounded on 2 cells and their images"
    assert max(step.lower_bound for step in steps) <= loss * (1 + 1e-9)


def test_few_sources_and_generic_ones_go_their_own_way():
    rng = np.random.default_rng(0)
    assert plan(KNOWN["ring"], unproven=True).method == "columns"
    assert plan(Problem(rng.standard_normal((40, 8))), unproven=True).method == "columns"
    half = rng.standard_normal((40, 8))
    assert len(Problem(np.vstack([half, -half])).symmetry) == 2
    assert plan(Problem(np.vstack([half, -half])), unproven=True).method == "columns"


@pytest.fixture(scope="module")
def proven():
    """A mixing of waves with a proof by cells, which the order of its columns makes another problem."""
    order = np.array([3, 1, 5, 2, 0, 4, 7, 6])
    return solve(Problem(waves(13, [1, 2, 3, 5])[:, order], mixing=np.diag(1.0 + order % 4)), method="symmetric")


def test_a_proof_is_saved_and_read(proven, tmp_path):
    assert proven.cover is not None and proven.cover.symmetry is not None
    path = tmp_path / "ring.npz"
    proven.save(path)
    again = Representation.load(path)
    assert certify(proven.problem, again).gap == certify(proven.problem, proven).gap <= 1e-8


def test_a_wrong_proof_proves_less(proven):
    weaker = replace(proven.cover, weight=proven.cover.weight / 2)
    assert certify(proven.problem, replace(proven, cover=weaker)).gap > 1e-4
    other = proven.problem.replaced(mixing=np.diag(np.arange(1.0, 9)), encoder_cost=5.0)
    assert certify(other, replace(proven, problem=other)).gap > 1e-4  # its maps are no rotations there


def test_a_layer_costs_what_its_rotations_cost():
    turn = 2 * np.pi / 7 * np.array([1, 2])
    step = np.block([[np.diag(np.cos(turn)), -np.diag(np.sin(turn))], [np.diag(np.sin(turn)), np.diag(np.cos(turn))]])
    problem = Problem(waves(7, [1, 2]), transitions=step, recurrent_cost=0.3)
    answer = by_orbits(problem)
    assert answer.status == "optimal"
    assert np.isclose(answer.loss, by_orbits(problem.feedforward).loss + 4 * 0.3, rtol=1e-8)


@pytest.mark.parametrize("error_cost", [1.0, 4.0])
def test_errors_of_some_sources(error_cost):
    """Whether or not any is worth a neuron, and though nothing asks for the others."""
    targets = np.diag(np.tile([1.0, 0.5, 0, 0], 2))
    problem = Problem(waves(13, [1, 2, 3, 5]), readout=Soft(error_cost, targets=targets))
    answer = by_orbits(problem)
    assert answer.status == "optimal" and (len(answer) == 0) == (error_cost == 1)
    assert certify(problem, answer).gap <= 1e-8


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("count", "frequencies"), [(24, (1, 2, 3, 4, 5, 6)), (36, (1, 2, 3, 5, 7, 11)), (20, (1, 2, 3, 5, 7, 8))]
)
def test_rings_of_six_frequencies(count, frequencies):
    problem = Problem(waves(count, frequencies))
    answer = solve(problem)
    assert answer.status == "optimal" and certify(problem, answer).gap <= 1e-8


@pytest.mark.slow
def test_an_object_at_two_places_of_a_torus():
    problem = object_on_torus(7, [(0, 0), (1, 1)]).problem(encoder_cost=1e-6)
    answer = solve(problem)
    assert problem.symmetry.free_numbers == 4 and certify(problem, answer).gap <= 1e-3
