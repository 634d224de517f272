"""Faces, ratios, energies and codes of three sources, each against the plainest computation of the same."""

from dataclasses import replace

import numpy as np
import pytest

from solver import Problem, solve_many
from solver.batches.codes import WhitenedProblems
from solver.batches.pose import heights, posed
from solver.batches.three.faces import Faces, listed
from solver.batches.three.master import Columns
from solver.batches.three.matrices import entries, inverses, largest, solved, squared_sines, whole
from solver.batches.three.polish import NEURONS
from solver.batches.three.pricing import priced
from solver.batches.three.proof import costs, largest_ratios, proven, readouts
from solver.batches.three.search import optimal_codes_of_three
from tests.solver.batches.test_solve_many import assert_same
from theory.readouts import Exact, Soft

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
"""What has no number is one in a place that is not used; `optimal_codes_of_three` ignores it likewise."""


def clouds(kind, count=12, samples=24):
    """(n, T, 3) of one kind."""
    rng = np.random.default_rng(5)
    normal = rng.normal(size=(count, samples, 3))
    grid = rng.integers(0, 3, size=(count, samples, 3)).astype(float)
    grid[:, :4] = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    return {
        "normal": normal,
        "uniform": rng.uniform(size=(count, samples, 3)),
        "grid": grid,
        "repeated": np.repeat(normal[:, ::2], 2, axis=1),
        "mirrored": np.concatenate([normal, -normal], axis=1),
        "round": normal / np.linalg.norm(normal, axis=2, keepdims=True),
        "needle": normal @ np.array([[1, 1, 0], [0, 1e-2, 0], [0, 0, 1]]),
        "sizes": normal * 10.0 ** rng.uniform(-2, 2, size=(count, 1, 3)),
        "few": normal[:, :5],
    }[kind]


KINDS = ("normal", "uniform", "grid", "repeated", "mirrored", "round", "needle", "sizes", "few")


HARD = ("needle", "sizes", "few")
"""Of which others are left to `solve`."""


def about_mean(kind):
    points = clouds(kind)
    return points - points.mean(axis=1, keepdims=True)


def multipliers(count, seed=0):
    """(n, 3, 3) positive definite."""
    root = np.random.default_rng(seed).normal(size=(count, 3, 3))
    return root @ root.transpose(0, 2, 1)


def test_matrices():
    forms = multipliers(200)
    assert whole(entries(forms)) == pytest.approx(forms)
    assert inverses(forms) @ forms == pytest.approx(np.tile(np.eye(3), (200, 1, 1)), abs=1e-6)
    values, vectors = np.linalg.eigh(forms)
    value, above, vector = largest(entries(forms))
    assert value == pytest.approx(values[:, 2], rel=1e-9)
    assert above == pytest.approx(values[:, 2] - values[:, 1], rel=1e-6)
    assert np.abs((vector * vectors[..., 2]).sum(axis=1)) == pytest.approx(1.0)
    double = np.linalg.qr(forms)[0] @ np.diag([2.0, 2.0, 1.0]) @ np.linalg.qr(forms)[0].transpose(0, 2, 1)
    assert np.abs(largest(entries(double))[1]).max() < 1e-6
    lines = np.array([[[1.0, 1, 0], [2, 2, 2e-9], [-1, -1, 0], [1, -1, 0]]])
    assert squared_sines(lines[:, :1], lines)[0, 0] == pytest.approx([0, 1e-18 / 2, 0, 1], rel=1e-6, abs=1e-30)
    singular = np.stack([np.eye(2), np.ones((2, 2)), np.full((2, 2), np.nan)])
    assert solved(singular, np.ones((3, 2))).tolist()[0] == [1.0, 1.0]
    assert np.isnan(solved(singular, np.ones((3, 2)))[1:]).all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_largest_ratio_is_that_of_exact_pricing(kind):
    problems = [Problem(cloud) for cloud in clouds(kind)]
    pose = posed(problems, [heights(problem) for problem in problems])
    points = pose.whitened.points.transpose(2, 1, 0)
    faces, forms = Faces.of(points, listed(points)), multipliers(len(problems))
    assert faces.covers.all()
    rho = largest_ratios(faces, forms)
    at = np.random.default_rng(1).normal(size=(len(problems), 4_000, 3))
    tried = np.einsum("nki,nij,nkj->nk", at, forms, at) / costs(points, at)
    assert (rho >= tried.max(axis=1) * (1 - 1e-12)).all()
    weights = pose.multipliers(entries(forms).T)
    for problem, multiplier, found in zip(problems, weights, rho, strict=True):
        assert problem.pricing.maximise(multiplier, bar=0.0).rho == pytest.approx(found, rel=1e-7)
    found = priced(faces, forms)
    assert found.ratios.max(axis=1) == pytest.approx(rho, rel=1e-7)
    best = np.take_along_axis(found.neurons, found.ratios.argmax(axis=1)[:, None, None], axis=1)
    assert costs(points, best) == pytest.approx(1.0)


def test_faces_that_leave_a_gap_prove_nothing():
    points = about_mean("normal")
    hulls, forms = listed(points), multipliers(len(points))
    assert np.isfinite(largest_ratios(Faces.of(points, hulls), forms)).all()
    fewer = replace(hulls, triangle_count=hulls.triangle_count - 1)
    assert np.isinf(largest_ratios(Faces.of(points, fewer), forms)).all()
    # The hull of all samples but one of the corners, which lies outside.
    moved, outer = points.copy(), hulls.corners[:, :1]
    moved[np.arange(len(points))[:, None], outer] = 0.0
    others = listed(moved)
    corners = np.concatenate([others.corners, outer], axis=1)
    missed = replace(others, corners=corners, corner_count=np.full(len(points), corners.shape[1]))
    assert Faces.of(points, others).covers.all()
    assert not Faces.of(points, missed).covers.any()
    # A mean outside.
    beside = points + 100.0
    assert not Faces.of(beside, listed(beside)).covers.any()
    assert (proven(forms, np.full(len(points), np.inf), np.ones((len(points), 3)), np.zeros_like(forms)) == 0).all()


def test_a_flat_cloud_has_no_hull():
    flat = about_mean("normal") * np.array([1.0, 1.0, 0.0])
    assert (listed(flat).triangle_count == 0).all()
    without = about_mean("normal")
    without[0, 0, 0] = np.nan
    assert (listed(without).triangle_count > 0).tolist() == [False] + [True] * (len(without) - 1)
    faces = Faces.of(without, listed(without))
    assert faces.covers.tolist() == [False] + [True] * (len(without) - 1)


@pytest.mark.parametrize("erring", [False, True])
def test_no_multiplier_proves_more_than_a_code_costs(erring):
    points = about_mean("normal")
    rng, count = np.random.default_rng(2), len(points)
    demand, ridge = rng.uniform(0.1, 1, size=(count, 3)), multipliers(count, 3) * (0.1 if erring else 0.0)
    neurons = rng.normal(size=(count, 5, 3))
    loss = costs(points, neurons).sum(axis=1) + readouts(neurons.transpose(0, 2, 1) @ neurons + ridge, demand)
    faces = Faces.of(points, listed(points))
    for seed in range(5):
        forms = multipliers(count, seed)
        bound = proven(forms, largest_ratios(faces, forms), demand, ridge)
        assert ((bound > 0) & (bound <= loss)).all()


@pytest.mark.parametrize("erring", [False, True])
def test_energies_are_the_best(erring):
    rng, count = np.random.default_rng(4), 10
    neurons, ones = rng.normal(size=(count, 8, 3)), np.ones((count, 8))
    ridge = multipliers(count, 1) * (0.01 if erring else 0.0)
    columns = Columns(neurons, ones, ones, np.ones((count, 3)), ridge).moved(np.full(count, 1e-13), 40)
    slope = 1 - np.einsum("nki,nij,nkj->nk", neurons, columns.multiplier, neurons)
    assert slope.min() > -1e-9
    assert np.abs(slope * columns.energies).max() < 1e-9


@pytest.mark.parametrize("kind", KINDS)
def test_codes_are_proven_and_stationary(kind):
    points = about_mean(kind)
    demand = np.full((3, len(points)), 1 / 3)
    codes, _ = optimal_codes_of_three(
        WhitenedProblems(np.ascontiguousarray(points.transpose(2, 1, 0)), demand, np.zeros((6, 12)))
    )
    met = codes.gap < 1e-10
    assert met.mean() > 0.7 or kind in HARD
    assert (codes.bound <= codes.loss * (1 + 1e-14))[met].all()
    assert ((codes.neurons != 0).any(axis=0).sum(axis=0) <= NEURONS).all()
    neurons = codes.neurons.transpose(2, 1, 0)[met]
    worth = np.einsum("nki,nij,nkj->nk", neurons, whole(codes.multiplier.T)[met], neurons)
    cost = costs(points[met], neurons)
    assert worth == pytest.approx(cost, abs=1e-6)
    assert 2 * cost.sum(axis=1) == pytest.approx(codes.loss[met])


@pytest.mark.parametrize("kind", KINDS)
def test_the_answers_are_those_of_solve(kind):
    readouts = [Exact(), Soft(3.0), Soft(30.0), Exact(np.random.default_rng(0).normal(size=(4, 3)))]
    first = KINDS.index(kind)
    problems = [
        Problem(cloud, readout=readouts[(first + place) % 4], encoder_cost=[1.0, 0.1][(first + place) % 2])
        for place, cloud in enumerate(clouds(kind, 2))
    ]
    assert_same(solve_many(problems))


def test_nearly_all_of_them_at_once():
    answers = solve_many([Problem(cloud) for cloud in clouds("normal", 100)])
    assert answers.at_once.mean() > 0.97
    assert answers.gap.max() < 1e-10
    assert not answers.modular.any()
    assert answers[0].method == "columns"
    for place in range(5):
        assert answers.neurons[place] == len(answers[place])
        assert answers.coded[place] == tuple(sorted(set(answers[place].coded_sources())))


def test_modular_codes_and_those_that_are_not_the_only_ones():
    cube = np.array(np.meshgrid(*[[-1.0, 1.0]] * 3)).reshape(3, 8).T
    box = cube * np.array([1.0, 3.0, 0.2]) + np.array([0.0, 0.5, 0.0])
    uneven = np.concatenate([cube, [[0.5, 1.0, -1.0], [0.0, 0.5, -1.0]]])
    answers = solve_many([Problem(box), Problem(cube), Problem(uneven), Problem(cube, readout=Soft(0.01))])
    assert answers.modular.all()
    assert answers.at_once[:3].all()
    assert_same(answers)
    # Turned, nothing tells one axis from another, and several codes are as good.
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    twenty = np.array([[0, a, b * 1.618033988749895] for a in (-1, 1) for b in (-1, 1)])
    ball = np.concatenate([np.roll(twenty, place, axis=1) for place in range(3)]) @ turn
    assert_same(solve_many([Problem(ball), Problem(ball, readout=Soft(5.0))]))
