"""One small problem by itself: the code that the plan's own method would find, proven and no other."""

import numpy as np
import pytest
from hypothesis import given

from solver import Problem, certify, solve
from solver.batches.alone import _hulls, mixed_code
from solver.batches.certificate import costs, largest_ratios
from solver.batches.exchange import _joined, _priced
from solver.batches.forms import squared
from solver.batches.pose import posed, posed_alone, vertices
from solver.batches.touching import has_one_code
from solver.strategies import seeds
from theory.readouts import Exact, Noisy, Soft


def measured(seed):
    """Two sources like measurements, of any readout and cost."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(4, 150))
    rows = rng.standard_normal((count, 2)) @ rng.standard_normal((2, 2)) * 10 ** rng.uniform(-2, 2, 2)
    readout = [None, Soft(10 ** rng.uniform(1, 4)), Noisy(10 ** rng.uniform(1, 3), 0.1)][rng.integers(3)]
    mixing = rng.standard_normal((3, 2)) if rng.random() < 0.3 else None
    return Problem(rows, readout=readout, mixing=mixing, encoder_cost=10 ** rng.uniform(-2, 1))


@given(seeds)
def test_the_answer_is_that_of_column_generation(seed):
    problem = measured(seed)
    found, planned = mixed_code(problem.in_order, 1e-8), solve(problem, method="columns")
    if found is None:
        return
    assert found.loss == pytest.approx(planned.loss, rel=1e-10)
    assert abs(found.loss - found.bound) <= 1e-10 * found.loss
    answer = solve(problem)
    assert answer.iterations == found.rounds and answer.method == "columns" and answer.status == "optimal"
    assert answer.loss == pytest.approx(planned.loss, rel=1e-10) and certify(problem, answer).gap < 1e-10
    if planned.ambiguity().unique and planned.gap < 1e-12:
        np.testing.assert_allclose(answer.source_weights, planned.source_weights, rtol=1e-4, atol=1e-6)


def test_many_problems_like_measurements_are_solved_by_themselves():
    assert sum(mixed_code(measured(seed), 1e-8) is not None for seed in range(20)) > 5


def test_what_is_limited_or_followed_is_planned():
    problem = Problem([[0, 0], [0, 1], [1, 0], [0.9, 0.8]])
    seen = []
    solve(problem, callback=lambda progress: seen.append(progress.iteration))
    assert len(seen) > 1
    assert solve(problem, time_limit=60).loss == pytest.approx(solve(problem).loss, rel=1e-10)


def test_neurons_that_point_the_same_way_are_one():
    rng = np.random.default_rng(0)
    problems = [Problem(rng.uniform(-1, 1, (60, 2)) @ rng.standard_normal((2, 2))) for _ in range(12)]
    for problem in problems:
        found = mixed_code(problem, 1e-8)
        if found is not None:
            unit = found.weights * np.sqrt(problem.modular_costs)
            unit /= np.linalg.norm(unit, axis=1, keepdims=True)
            assert (np.abs(unit @ unit.T) - np.eye(len(unit)) < 1 - 1e-9).all()


@pytest.mark.parametrize("seed", [192, 292])
def test_neurons_are_known_to_all_digits_where_the_loss_tells_no_more(seed):
    # Loss and bound meet to 1e-14, which the neurons need to 1e-7 only: then it would not be told which of them touch.
    rng = np.random.default_rng(seed)
    problem = Problem(rng.normal(size=(8, 2)), readout=Exact(rng.normal(size=(2, 2))))
    assert mixed_code(problem.in_order, 1e-8) is not None
    assert solve(problem).ambiguity().unique is True


@given(seeds)
def test_one_problem_is_posed_and_priced_as_many_are(seed):
    problem = measured(seed).in_order.canonical
    rng, polygon = np.random.default_rng(seed), problem.polygon
    (plane, unit), many = posed_alone(problem, polygon), posed([problem], [vertices(problem)])
    np.testing.assert_allclose(sorted(plane.demand), np.sort(many.whitened.demand[:, 0]), rtol=1e-6)
    assert unit == pytest.approx(many.unit[0], rel=1e-9)
    assert (np.abs(plane.ridge).max() > 0) == (many.whitened.ridge != 0).any()
    points = -np.array([polygon.corners.real, polygon.corners.imag])[..., None]
    hulls = _hulls(plane)
    first, second, across = *rng.uniform(0.1, 1, 2), rng.uniform(-0.1, 0.1)
    form = np.array([first, across, second])
    form = form / largest_ratios(hulls.fan.rays, hulls.fan.following, hulls.corners, form[:, None])[0]
    priced = _priced(polygon, tuple(form.tolist()))
    assert priced.largest == pytest.approx(1, rel=1e-9)
    assert not priced.unique or has_one_code(hulls.fan, hulls.corners, form[:, None])[0]
    best = np.array(_priced(polygon, tuple((2 * form).tolist())).neurons[-1])
    assert costs(points, best[:, None, None])[0, 0] == pytest.approx(1, rel=1e-9)
    assert form @ squared(best) == pytest.approx(1, rel=1e-9)


@given(seeds)
def test_another_neuron_takes_the_place_of_one_and_costs_no_more(seed):
    rng = np.random.default_rng(seed)
    neurons, energies = [tuple(row) for row in rng.standard_normal((4, 2)).tolist()], rng.uniform(0.1, 1, 3).tolist()
    left, sizes = _joined(neurons[:3], energies, neurons[3])
    before, after = (
        sum(size * np.outer(one, one) for size, one in zip(some, ones, strict=True))
        for some, ones in ((energies, neurons[:3]), (sizes, left))
    )
    np.testing.assert_allclose(after, before, atol=1e-9 * max(1.0, *sizes))
    assert len(left) == 3 and min(sizes) >= 0 and sum(sizes) <= sum(energies) * (1 + 1e-12)


def test_a_source_that_is_worth_no_neuron_is_left_to_the_caller():
    silent = Problem(np.random.default_rng(0).standard_normal((20, 2)), readout=Soft(1e-3))
    assert not len(silent.modular_weights) and mixed_code(silent, 1e-8) is None
    assert solve(silent).status == "optimal"
