"""Outlines, cones, multipliers and codes, each against the plainest computation of the same."""

import numpy as np
import pytest
from scipy.linalg import eigh
from scipy.spatial import ConvexHull

from solver.batches.barrier import Cones, Objective, Slacks, centred
from solver.batches.certificate import costs, largest_ratios, losses, proven
from solver.batches.codes import Codes, Hulls, WhitenedProblems, optimal_codes
from solver.batches.forms import cost_root, larger_eigenvector, times, worths_inside
from solver.batches.hulls import outlines
from solver.batches.modular import strengths
from solver.batches.polish import candidate_neurons, few, newton_energies
from theory.readouts import Readout

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
"""What has no number is one in a place that is not used; `optimal_codes` ignores it likewise."""

RNG = np.random.default_rng(7)


def centred_clouds():
    """(n, 30, 2) of many kinds, about a mean inside."""
    grids = RNG.integers(-2, 3, size=(20, 30, 2)).astype(float)
    needles = RNG.normal(size=(20, 30, 2)) @ np.array([[1, 1], [0, 1e-4]])
    sizes = RNG.normal(size=(20, 30, 2)) * 10.0 ** RNG.uniform(-3, 3, size=(20, 1, 2))
    twice = np.repeat(RNG.uniform(size=(20, 15, 2)), 2, axis=1)
    circle = np.linspace(0, 2 * np.pi, 31)[:-1]
    round_ones = np.tile(np.stack([np.cos(circle), np.sin(circle)], axis=1), (1, 1, 1))
    clouds = np.concatenate([RNG.normal(size=(20, 30, 2)), grids, needles, sizes, twice, round_ones])
    return clouds - clouds.mean(axis=1, keepdims=True)


CLOUDS = centred_clouds()


def drawn(problems=40):
    """Problems with the cones of their hulls, half of them with errors."""
    rng = np.random.default_rng(1)
    points = rng.normal(size=(problems, 20, 2))
    points -= points.mean(axis=1, keepdims=True)
    share = rng.uniform(0.05, 0.95, size=problems)
    root = rng.normal(size=(problems, 2, 2)) * np.where(np.arange(problems) % 2, 0.3, 0.0)[:, None, None]
    full = root @ root.transpose(0, 2, 1)
    ridge = np.stack([full[:, 0, 0], full[:, 0, 1], full[:, 1, 1]])
    whitened = WhitenedProblems(np.ascontiguousarray(points.transpose(2, 1, 0)), np.stack([share, 1 - share]), ridge)
    places, count = outlines(whitened.points.transpose(0, 2, 1))
    return Hulls.of(whitened, places, count)


def test_the_best_neuron_of_a_cone_is_an_eigenvector():
    corners, forms = RNG.normal(size=(2, 30)), RNG.normal(size=(3, 30))
    half, across, middle = (times(worths[:, None], forms)[0] for worths in worths_inside(cost_root(corners)))
    spread, *along = larger_eigenvector(half, across)
    for place, (corner, (y11, y12, y22)) in enumerate(zip(corners.T, forms.T, strict=True)):
        cost, form = np.eye(2) + np.outer(corner, corner), np.array([[y11, y12], [y12, y22]])
        ratios, neurons = eigh(form, cost)
        np.testing.assert_allclose(middle[place] + spread[place] * np.array([-1, 1]), ratios, rtol=1e-9, atol=1e-9)
        t11, t12, t22 = (entry[place] for entry in cost_root(corners))
        best = np.array([[t11, t12], [t12, t22]]) @ [part[place] for part in along]
        assert abs(best @ cost @ neurons[:, 1]) == pytest.approx(np.sqrt(best @ cost @ best), rel=1e-9)


def test_an_outline_spans_the_hull():
    places, count = outlines(CLOUDS.transpose(2, 0, 1))
    assert (count >= 3).all()
    for cloud, place, number in zip(CLOUDS, places, count, strict=True):
        corners = cloud[place[:number]]
        assert len(np.unique(place[:number])) == number
        assert set(place[number:]) <= {place[0]}
        assert ConvexHull(corners / np.ptp(cloud, axis=0)).volume == pytest.approx(
            ConvexHull(cloud / np.ptp(cloud, axis=0)).volume, rel=1e-9
        )
        after = np.roll(corners, -1, axis=0)
        assert (corners[:, 0] * after[:, 1] - corners[:, 1] * after[:, 0] > 0).all()


def test_no_outline_where_zero_is_not_inside():
    beside = np.array([[[1.0, 1], [2, 1], [1, 2]], [[-1.0, 0], [0, 0], [1, 0]]])
    assert outlines(beside.transpose(2, 0, 1))[1].tolist() == [0, 0]


def test_rays_cost_one_and_go_round_once():
    hulls = drawn()
    fan, points = hulls.fan, hulls.whitened.points
    assert costs(points, fan.rays) == pytest.approx(1.0)
    turn = np.arctan2(
        fan.rays[0] * fan.following[1] - fan.rays[1] * fan.following[0], (fan.rays * fan.following).sum(axis=0)
    )
    assert np.where(fan.real, turn, 0.0).sum(axis=0) == pytest.approx(2 * np.pi)
    assert turn.max() <= np.pi / 2 + 1e-12
    # Half the cost of a sum is that of both, and q.
    assert costs(points, fan.rays + fan.following) == pytest.approx(2 + 2 * fan.q)


def test_the_largest_ratio_is_that_of_some_neuron_and_of_no_other_a_larger_one():
    hulls = drawn()
    root = RNG.normal(size=(2, 2, 40))
    form = np.stack([(root[0] ** 2).sum(axis=0), (root[0] * root[1]).sum(axis=0), (root[1] ** 2).sum(axis=0)])
    angle = np.linspace(0, 2 * np.pi, 2_001)
    around = np.stack([np.cos(angle), np.sin(angle)])[:, :, None] * np.ones(40)
    worth = form[0] * around[0] ** 2 + 2 * form[1] * around[0] * around[1] + form[2] * around[1] ** 2
    tried = (worth / costs(hulls.whitened.points, around)).max(axis=0)
    rho = largest_ratios(hulls.fan.rays, hulls.fan.following, hulls.corners, form)
    assert (rho >= tried * (1 - 1e-14)).all()
    assert rho == pytest.approx(tried, rel=1e-2)


def test_cones_that_leave_a_gap_prove_nothing():
    hulls = drawn()
    form = np.tile([[1.0], [0], [1]], 40)
    rays, following, corners = hulls.fan.rays, hulls.fan.following, hulls.corners
    assert np.isfinite(largest_ratios(rays, following, corners, form)).all()
    assert np.isinf(largest_ratios(following, rays, corners, form)).all()
    assert np.isinf(largest_ratios(rays[:, :3], rays[:, [1, 2, 0]], corners[:, :3], form)).any()
    twice = (np.concatenate([part, part], axis=1) for part in (rays, following, corners))
    assert np.isinf(largest_ratios(*twice, form)).all()
    assert np.isinf(largest_ratios(rays, following, -corners, form)).all()
    # A sample that is not the corner makes the bound worse, not false.
    inner = largest_ratios(rays, following, 0.5 * corners, form)
    assert (inner >= largest_ratios(rays, following, corners, form)).all()
    assert (proven(form, np.full(40, np.inf), hulls.whitened.demand, hulls.whitened.ridge) == 0).all()


def test_no_multiplier_proves_more_than_a_code_costs():
    hulls = drawn()
    demand, ridge = hulls.whitened.demand, hulls.whitened.ridge
    neurons, energies = RNG.normal(size=(2, 3, 40)), RNG.uniform(size=(3, 40))
    loss = losses(costs(hulls.whitened.points, neurons), energies, neurons, demand, ridge)
    for _ in range(5):
        root = RNG.normal(size=(2, 2, 40))
        form = np.stack([(root[0] ** 2).sum(axis=0), (root[0] * root[1]).sum(axis=0), (root[1] ** 2).sum(axis=0)])
        rho = largest_ratios(hulls.fan.rays, hulls.fan.following, hulls.corners, form)
        assert (proven(form, rho, demand, ridge) <= loss).all()


def test_derivatives_of_what_is_proven():
    hulls = drawn()
    objective, form = hulls.objective, np.tile([[0.3], [0.05], [0.2]], 40)
    gradient, curvature = objective.logarithm(form)
    pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
    for axis in range(3):
        step = np.zeros((3, 1))
        step[axis] = 1e-5
        ahead, behind = form + step, form - step
        rise = (np.log(objective.value(ahead)) - np.log(objective.value(behind))) / 2e-5
        assert gradient[axis] == pytest.approx(rise, rel=1e-5, abs=1e-6)
        bend = (objective.logarithm(behind)[0] - objective.logarithm(ahead)[0]) / 2e-5
        for other in range(3):
            assert curvature[pairs.index(tuple(sorted((axis, other))))] == pytest.approx(
                bend[other], rel=1e-4, abs=1e-3
            )


def test_a_centred_multiplier_is_allowed_and_as_good_as_it_says():
    hulls = drawn()
    cones, objective = Cones.of(hulls.fan), hulls.objective
    best, _ = optimal_codes(hulls.whitened)
    for gap in (1e-2, 1e-4, 1e-6):
        form, weight, _ = centred(cones, objective, gap, 0.1)
        slacks = Slacks.of(cones, form)
        assert (slacks.here > 0).all()
        assert (slacks.both > 0).all()
        assert (cones.degree / weight <= gap * (1 + 1e-12)).all()
        value = objective.value(form)
        assert (value <= best.loss).all()
        assert (value >= best.loss * (1 - 2 * gap)).all()


def test_fewer_neurons_have_the_same_matrix_and_cost_no_more():
    hulls = drawn()
    cones = Cones.of(hulls.fan)
    form, weight, _ = centred(cones, hulls.objective, 1e-9, 1e-3)
    path = candidate_neurons(cones, hulls.fan, form, weight)
    neurons, energies = few(path)

    def matrix(vectors, sizes):
        return np.einsum("ikn,jkn,kn->ijn", vectors, vectors, sizes)

    assert matrix(neurons, energies) == pytest.approx(matrix(path.neurons, path.energies), rel=1e-8, abs=1e-9)
    cost = costs(hulls.whitened.points, neurons)
    assert ((cost * energies).sum(axis=0) <= (path.costs * path.energies).sum(axis=0) * (1 + 1e-9)).all()
    before = energies * hulls.objective.value(form)
    after = newton_energies(neurons, before, cost, hulls.objective)
    demand, ridge = hulls.whitened.demand, hulls.whitened.ridge
    better = losses(cost, after, neurons, demand, ridge)
    # A full step, which may go too far: whoever takes it compares.
    assert (better <= losses(cost, before, neurons, demand, ridge) * (1 + 1e-12)).mean() > 0.8


def test_every_code_is_proven():
    for ridge in (0.0, 0.1):
        whitened = WhitenedProblems(
            np.ascontiguousarray(CLOUDS.transpose(2, 1, 0)),
            np.tile([[0.7], [0.3]], len(CLOUDS)),
            np.tile([[ridge], [0.0], [ridge]], len(CLOUDS)),
        )
        codes, _ = optimal_codes(whitened)
        assert (codes.gap < 1e-10).all()
        unit = np.ones(codes.neurons.shape[1:])
        measured = losses(costs(whitened.points, codes.neurons), unit, codes.neurons, whitened.demand, whitened.ridge)
        assert codes.loss == pytest.approx(measured, rel=1e-12)


def test_strengths_of_modular_codes_are_those_of_each_readout_alone():
    rng = np.random.default_rng(5)
    price, costs_, gram, ridge, alone = [], [], [], [], []
    for _ in range(30):
        targets, root = rng.normal(size=(3, 2)), rng.normal(size=(2, 2))
        if rng.random() < 0.2:
            targets[:, 1] = 0.0
        readout = Readout(targets, 10 ** rng.uniform(-1, 1), root @ root.T)
        cost = 10 ** rng.uniform(-2, 2, size=2)
        price.append(readout.decoder_cost)
        costs_.append(cost)
        gram.append(targets.T @ targets)
        ridge.append(readout.ridge)
        alone.append(readout.modular_strengths(cost))
    found = strengths(*(np.array(values) for values in (costs_, price, gram, ridge)))
    assert found == pytest.approx(np.array(alone), rel=1e-6, abs=1e-8)
    assert (found == 0).any()


def test_the_smaller_gap_wins():
    one, other = Codes.none(2), Codes.none(2)
    other.loss[0], other.bound[0] = 2.0, 1.0
    assert one.better(other).gap.tolist() == [0.5, np.inf]
    assert other.better(one).gap.tolist() == [0.5, np.inf]


def test_a_start_is_allowed_where_errors_are_cheap():
    ridge = np.array([[50.0], [0.0], [80.0]])
    objective = Objective(np.array([[0.5], [0.5]]), ridge)
    hulls = drawn(1)
    form, _, _ = centred(Cones.of(hulls.fan), objective, 1e-6, 0.1)
    assert objective.value(form)[0] > 0
