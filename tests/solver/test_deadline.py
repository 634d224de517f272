"""Limits of time: they nest, what takes long within a step heeds them, and what was found by then holds."""

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import Problem, certify, deadline, solve
from solver.ambiguity.touching_neurons import undecidable
from solver.certificate.nonlinear import model_of
from solver.deadline import OutOfTime, limited_to, require_time, time_is_up, time_left
from solver.free import cones, descent, few, master, response
from solver.free import pricing as free_pricing
from solver.free import search as free_search
from solver.methods import ascents, relaxation
from solver.methods.many_samples import _AmongSamples
from solver.solving import plan
from solver.strategies import problems, seeds
from theory.bounds.ascent import Ascent
from theory.geometry import polytope
from theory.geometry.face_lattice import FaceLattice
from theory.neurons import PeakActivity
from theory.readouts import Soft

CLOUD = np.random.default_rng(2).standard_normal((60, 6)) @ np.random.default_rng(3).standard_normal((6, 6))
CUT = [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 0), (0, 1), (1, -1), (1, 0)]


@pytest.fixture
def clock(monkeypatch):
    """A clock that is set by hand."""
    now = [100.0]
    monkeypatch.setattr(deadline.time, "perf_counter", lambda: now[0])
    return now


def test_limits_nest_and_the_nearest_end_counts(clock):
    assert time_left() == np.inf and not time_is_up()
    with limited_to(110.0):
        with limited_to(130.0):
            assert time_left() == 10
            require_time(10)
            with pytest.raises(OutOfTime):
                require_time(10.5)
        clock[0] = 104.0
        with limited_to(105.0):
            assert time_left() == 1
        assert time_left() == 6
        clock[0] = 110.0
        assert time_is_up()
    assert time_left() == np.inf


def test_steps_are_taken_for_half_of_the_time_and_the_others_later(clock):
    def steps():
        for number in range(6):
            clock[0] += 2
            yield number

    with limited_to(108.0):
        taken = steps()
        assert list(relaxation.in_half_the_time(taken)) == [0, 1, 2]
        assert list(taken) == [3, 4, 5]
    assert list(relaxation.in_half_the_time(steps())) == list(range(6))


@given(problems(dimension=st.integers(2, 4)), seeds, st.integers(0, 6))
def test_climbs_that_are_stopped_have_not_fallen(problem, seed, steps):
    left = [steps]

    def enough():
        left[0] -= 1
        return left[0] < 0

    rng = np.random.default_rng(seed)
    starts = rng.standard_normal((5, problem.dimension)) * problem.modular.unit_weights
    multiplier = problem.multiplier(problem.modular_weights.T @ problem.modular_weights)
    before = np.einsum("ni,ij,nj->n", starts, multiplier, starts) / problem.neuron_cost(starts)
    stopped = Ascent(problem, enough).maxima(multiplier, starts)
    assert (stopped.ratios >= before * (1 - 1e-12)).all()
    ratios = np.einsum("ni,ij,nj->n", stopped.neurons, multiplier, stopped.neurons)
    assert ratios / problem.neuron_cost(stopped.neurons) == pytest.approx(stopped.ratios, rel=1e-9)


def test_pricing_is_not_begun_without_the_time_for_it(monkeypatch):
    problem = Problem(CUT)
    best = solve(problem)
    monkeypatch.setattr(plan, "SIZES", replace(plan.SIZES, expensive_faces=0, faces_per_second=1e-3))
    answer = solve(problem, method="columns", time_limit=1000)
    assert answer.message.endswith("stopped at the time limit of 1000 s")
    assert answer.loss == pytest.approx(best.loss, rel=1e-6)
    assert answer.lower_bound <= best.loss * (1 + 1e-12)
    # Without a limit there is all the time that it takes.
    assert "limit" not in solve(problem, method="columns").message


@pytest.mark.thorough
def test_a_hull_is_not_listed_without_the_time_for_it(monkeypatch):
    listed = solve(Problem(CLOUD))
    assert "priced exactly" in listed.message
    monkeypatch.setattr(plan, "SIZES", replace(plan.SIZES, facets_per_second=1.0))
    problem = Problem(CLOUD).in_order
    hurried = solve(problem, time_limit=2.0)
    assert "bounded cell by cell" in hurried.message and "faces_if_few" not in vars(problem.sources)
    assert hurried.lower_bound <= listed.loss <= hurried.loss * (1 + 1e-9)
    assert certify(problem, hurried).feasible


@pytest.mark.parametrize("seconds", [0.1, 0.5, 2.0])
def test_of_a_hull_that_takes_longer_to_list_than_there_is_time_for_little_is_listed(monkeypatch, seconds):
    angles = 2 * np.pi * np.arange(200) / 200
    ring = np.column_stack([wave(k * angles) for k in (1, 2, 3) for wave in (np.cos, np.sin)])
    peaks = Problem(np.random.default_rng(0).standard_normal((60, 6)), neurons=PeakActivity()).canonical
    listed = []

    def counting(points):
        hull = hull_of(points)
        listed.append(len(hull.simplices))
        return hull

    hull_of = polytope.hull_of
    monkeypatch.setattr(polytope, "hull_of", counting)
    for problem in (Problem(ring), peaks):
        listed.clear()
        assert plan.faces_in_time(problem, seconds) is None
        assert sum(listed) <= plan.SIZES.share_of_hull * plan.SIZES.facets_per_second * seconds
    # The faces of few sources are always listed, and those that are listed are known.
    few = Problem(CLOUD[:, :5])
    assert plan.faces_in_time(few, 0.0) is few.sources.faces_if_few
    known = Problem(CLOUD[:20])
    assert plan.faces_in_time(known, 0.0) is None
    assert plan.faces_in_time(known, np.inf) is plan.faces_in_time(known, 0.0) is known.sources.faces_if_few


def test_no_hull_of_some_of_many_samples_is_listed_without_the_time_for_it(monkeypatch):
    listed, of = [], FaceLattice.of
    monkeypatch.setattr(FaceLattice, "of", lambda points: listed.append(1) or of(points))
    search = _AmongSamples(Problem(CLOUD), 1e-8, np.random.default_rng(0), "CLARABEL")
    with limited_to(time.perf_counter()):
        assert not search.lists_faces() and not listed
    assert search.lists_faces() and listed


def test_no_hull_is_listed_to_choose_among_codes_where_there_is_no_time():
    problem = Problem(CLOUD)
    with limited_to(time.perf_counter()):
        assert "too many to be listed" in undecidable(problem, quick=True)
    assert "faces_if_few" not in vars(problem.sources)


def test_free_neurons_are_looked_at_no_further_when_the_time_is_up(monkeypatch):
    points = np.random.default_rng(0).standard_normal((30, 4))
    problem = Problem(points, activation="free", readout=Soft(50.0))
    asked, looked = [], []
    respond, look = response.respond, cones._look
    for module in (master, descent, free_search, few):
        monkeypatch.setattr(module, "respond", lambda *args, **options: asked.append(1) or respond(*args, **options))
    monkeypatch.setattr(cones, "_look", lambda *args: looked.append(1) or look(*args))
    rng = np.random.default_rng(0)
    with limited_to(time.perf_counter()):
        *_, last = free_search.steps(model_of(problem), tolerance=1e-8, rng=rng)
    assert not looked and len(asked) <= 300
    assert 0 < last.lower_bound <= solve(problem, time_limit=0.5).loss <= last.loss


@given(seeds, st.integers(3, 6))
def test_a_bound_of_free_neurons_holds_without_time(seed, dimension):
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((int(rng.integers(dimension, 40)), dimension))
    bound, tops = cones.cover(rows, tolerance=1e-6, seconds=-1.0)
    directions = rng.standard_normal((200, dimension))
    worths = free_pricing.worth(rows, directions / np.linalg.norm(directions, axis=1, keepdims=True))
    assert worths.max() <= bound * (1 + 1e-12)
    assert free_pricing.worth(rows, tops).max() <= bound * (1 + 1e-12)


def test_what_the_search_has_priced_is_proven_and_no_more_is_asked_of_who_is_stopped(monkeypatch):
    monkeypatch.setattr(plan, "SIZES", replace(plan.SIZES, expensive_faces=0))
    problem = Problem(CLOUD)
    priced = solve(problem, callback=lambda progress: progress.lower_bound > 0.5 * progress.loss)
    assert priced.status == "interrupted" and priced.lower_bound > 0.5 * priced.loss
    asked = []
    monkeypatch.setattr(type(problem.pricing), "maximise_worth", lambda *_, **__: asked.append(1))
    quick = solve(problem, callback=lambda progress: progress.iteration >= 1)
    assert quick.status == "interrupted" and not asked
    assert 0 < quick.lower_bound <= priced.loss


@pytest.mark.thorough
def test_a_relaxation_ends_in_time_with_a_bound_that_holds():
    problem = Problem(CLOUD)
    best = solve(problem).loss
    for seconds in (-1.0, 1e-3, 0.1):
        with limited_to(time.perf_counter() + seconds):
            step = relaxation.at_once(problem, "CLARABEL", 1e-8)
        assert 0 <= step.lower_bound <= best * (1 + 1e-12)
        assert step.loss == problem.modular_loss


@pytest.mark.thorough
def test_where_a_bound_takes_long_the_code_comes_first(monkeypatch):
    problem = Problem(CLOUD)
    monkeypatch.setattr(ascents, "ASCENTS", ascents.AscentTolerances(batches=4))
    bound, *codes = relaxation.quick_steps(problem, tolerance=1e-8, rng=np.random.default_rng(0))
    monkeypatch.setattr(plan, "SIZES", replace(plan.SIZES, first_bounded_sources=3))
    *first, last = relaxation.quick_steps(problem, tolerance=1e-8, rng=np.random.default_rng(0))
    assert [step.loss for step in first] == [step.loss for step in codes]
    assert last.lower_bound == bound.lower_bound > max(step.lower_bound for step in first)
    assert last.loss == min(step.loss for step in codes) and problem.loss(last.weights) == pytest.approx(last.loss)


@pytest.mark.thorough
def test_so_it_does_where_there_are_many_samples(monkeypatch):
    rng = np.random.default_rng(4)
    problem = Problem(rng.standard_normal((400, 5)) @ rng.standard_normal((5, 5)))
    best = solve(problem)
    monkeypatch.setattr(plan, "SIZES", replace(plan.SIZES, most_samples=100))
    monkeypatch.setattr(plan, "SIZES", replace(plan.SIZES, first_bounded_sources=3))
    seen = []
    found = solve(problem, callback=lambda progress: seen.append(progress.loss))
    assert found.status == "optimal" and found.loss == pytest.approx(best.loss, rel=1e-8)
    assert seen[-1] <= seen[0]
