"""Ascents: independent seeds agree, exact pricing agrees, they never fall, ties and duplicates do no harm."""

from itertools import product

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from solver import Problem
from solver.generation.active_set import ActiveSet
from solver.generation.loss import ScaledLoss, WhitenedLoss
from solver.generation.master import Master, WorkingCode
from solver.generation.pricers import LocalPricer
from solver.methods import ascents, columns
from solver.strategies import problems, seeds
from tests.examples import share
from tests.properties import naive
from theory.bounds.ascent import Ascent, _ActiveSets
from theory.readouts import Soft

ROUNDING = 1e-12

SHORT = 4
"""Batches in the search that must find nothing more: on so few samples the optimum is known before it begins."""


@pytest.fixture(autouse=True)
def _short_searches(request, monkeypatch):
    if "slow" not in request.keywords:
        monkeypatch.setattr(ascents, "ASCENTS", ascents.AscentTolerances(batches=SHORT))


def followed(problem, seed, method=ascents, tolerance=1e-8):
    """All the steps of a method."""
    return list(method.steps(problem, tolerance=tolerance, rng=np.random.default_rng(seed)))


def cloud(kind, dimension, count):
    rng = np.random.default_rng(0)
    if kind == "uniform cube":
        return rng.uniform(-1, 1, size=(count, dimension))
    if kind == "grid":
        return rng.integers(-1, 2, size=(count, dimension))
    return rng.standard_normal((count, dimension)) @ rng.standard_normal((dimension, dimension))


KINDS = ("uniform cube", "grid", "correlated normal")

ON_A_LATTICE = [place for place in product((-1, 0, 1), repeat=4) if sum(place) <= 0]


# ---- the answer -----------------------------------------------------------------------------------------------


@pytest.mark.thorough
@pytest.mark.parametrize("kind", KINDS)
def test_independent_seeds_agree_and_the_loss_never_rises(kind):
    problem = Problem(cloud(kind, 5, 30))
    first, second = followed(problem, 0), followed(problem, 1)
    assert first[-1].loss == pytest.approx(second[-1].loss, rel=1e-8)
    for steps in (first, second):
        losses = np.array([step.loss for step in steps])
        assert (np.diff(losses) <= ROUNDING * losses[0]).all()
        assert problem.loss(steps[-1].weights) == pytest.approx(losses[-1], rel=ROUNDING)
        assert len(steps[-1].weights) <= 5 * 6 / 2


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("dimension", "count"), [(8, 100), (10, 300), (20, 1000)])
def test_independent_seeds_agree_in_many_dimensions(kind, dimension, count):
    problem = Problem(cloud(kind, dimension, count))
    first, second = (followed(problem, seed)[-1].loss for seed in (0, 1))
    assert first == pytest.approx(second, rel=1e-8 if dimension <= 10 else 1e-6)


@given(problems(st.integers(2, 3)), seeds)
@share(1 / 2)
def test_exact_pricing_finds_nothing_better(problem, seed):
    found = followed(problem, seed)[-1].loss
    assert found == pytest.approx(followed(problem, seed, columns)[-1].loss, rel=1e-7)


@pytest.mark.thorough
@pytest.mark.parametrize("kind", KINDS)
def test_exact_pricing_finds_nothing_better_for_five_sources(kind):
    problem = Problem(cloud(kind, 5, 20))
    assert followed(problem, 0)[-1].loss == pytest.approx(followed(problem, 0, columns)[-1].loss, rel=1e-9)


def test_the_same_seed_gives_the_same_code():
    problem = Problem(cloud("uniform cube", 4, 10))
    first, second = followed(problem, 3), followed(problem, 3)
    assert len(first) == len(second)
    np.testing.assert_array_equal(first[-1].weights, second[-1].weights)


@pytest.mark.thorough
def test_a_loose_tolerance_ends_no_later():
    problem = Problem(cloud("correlated normal", 5, 30))
    loose, tight = followed(problem, 0, tolerance=0.1), followed(problem, 0)
    assert len(loose) <= len(tight)
    assert tight[-1].loss <= loose[-1].loss * (1 + ROUNDING) <= tight[-1].loss * 1.1


@pytest.mark.thorough
@pytest.mark.parametrize(
    "points",
    [
        pytest.param(np.array(list(product([-1, 1], repeat=6))), id="all corners of a box"),
        pytest.param(np.vstack([cloud("grid", 5, 30)] * 3), id="duplicates"),
        pytest.param(np.vstack([cloud("uniform cube", 5, 30)] * 2) + np.repeat([[0], [1e-13]], 30, 0), id="near ones"),
        pytest.param(cloud("uniform cube", 4, 30) * np.logspace(-3, 3, 4), id="scales far apart"),
        pytest.param(np.vstack([np.eye(6), -np.eye(6)]), id="a cross"),
        pytest.param(np.vstack([np.eye(6), -np.ones(6)]), id="a simplex"),
    ],
)
def test_degenerate_samples(points):
    problem = Problem(points)
    first, second = followed(problem, 0)[-1].loss, followed(problem, 1)[-1].loss
    assert first == pytest.approx(second, rel=1e-8)
    assert first <= problem.modular_loss * (1 + ROUNDING)


def test_a_box_is_modular():
    problem = Problem(np.array(list(product([-1, 1], repeat=8))))
    assert followed(problem, 0)[-1].loss == pytest.approx(problem.modular_loss, rel=ROUNDING)


@pytest.mark.parametrize("error_cost", [0.3, 0.6, 3.0])
def test_where_errors_are_cheap_the_code_is_silent_or_that_of_exact_pricing(error_cost):
    problem = Problem(cloud("uniform cube", 3, 20), readout=Soft(error_cost))
    last = followed(problem, 0)[-1]
    silent = problem.pricing.maximise(problem.multiplier(np.zeros((3, 3)))).rho <= 1
    assert (len(last.weights) == 0) == silent
    assert last.loss == pytest.approx(followed(problem, 0, columns)[-1].loss, rel=1e-9)


# ---- thoroughness ---------------------------------------------------------------------------------------------


def searched_pricer():
    """A pricer that was asked ten times about the best code, and that code."""
    problem = Problem(cloud("correlated normal", 3, 20))
    loss = WhitenedLoss(problem)
    best = Master(loss).code(loss.coordinates(followed(problem, 0, columns)[-1].weights))
    pricer = LocalPricer(loss, 10, np.random.default_rng(0), 1e-9)
    for _ in range(10):
        pricer.price(best, loss.multiplier(best.neurons))
    assert len(set(pricer.hits)) > 1
    return pricer, best


def test_neurons_that_were_come_upon_count_in_another_order_too():
    pricer, best = searched_pricer()
    before, turned = pricer.hits, WorkingCode(best.neurons[::-1], best.active[::-1], best.loss)
    pricer.price(turned, pricer.loss.multiplier(turned.neurons))
    assert (pricer.hits >= before[::-1]).all()


def test_a_better_code_is_yet_to_be_searched():
    pricer, best = searched_pricer()
    before, better = pricer.hits, WorkingCode(best.neurons, best.active, best.loss * (1 - 1e-6))
    assert not pricer.is_thorough(better)
    pricer.price(better, pricer.loss.multiplier(better.neurons))
    assert pricer.hits.sum() < before.sum()


# ---- ascents --------------------------------------------------------------------------------------------------


def multiplier_of(problem, rng):
    half = rng.standard_normal((problem.dimension, problem.dimension)) * np.sqrt(problem.modular_costs)
    return half.T @ half


@given(problems(st.integers(1, 4)), seeds)
def test_a_climb_never_falls_and_says_what_it_found(problem, seed):
    rng = np.random.default_rng(seed)
    multiplier = multiplier_of(problem, rng)
    starts = naive.directions(problem, 12)
    maxima = Ascent(problem).maxima(multiplier, starts)
    before = naive.ratio(problem, multiplier, starts)
    assert (maxima.ratios >= before * (1 - ROUNDING)).all()
    np.testing.assert_allclose(naive.ratio(problem, multiplier, maxima.neurons), maxima.ratios, rtol=1e-9)
    np.testing.assert_allclose(problem.neuron_cost(maxima.neurons), 1, rtol=1e-12)


@given(problems(st.integers(1, 4)), seeds)
@example(Problem(ON_A_LATTICE), 1)
def test_ascents_alone_or_together_end_at_local_maxima(problem, seed):
    # Not at the same: from a start on a watershed the last digit of a product decides, and that depends on the company.
    # And where more samples tie than there are sources, one who comes again may see an edge that leads higher.
    multiplier = multiplier_of(problem, np.random.default_rng(seed))
    starts = naive.directions(problem, 5)
    ascent = Ascent(problem)
    together, neurons = ascent.climb(multiplier, starts)
    alone = np.concatenate([ascent.climb(multiplier, start[None])[0] for start in starts])
    again = np.concatenate([ascent.climb(multiplier, neuron[None])[0] for neuron in neurons])
    assert (again >= together * (1 - 1e-6)).all()
    assert (~np.isclose(again, together, rtol=1e-6)).sum() <= 1
    assert (~np.isclose(together, alone, rtol=1e-6)).sum() <= 1


@given(problems(st.integers(2, 4)), seeds)
def test_steps_within_a_face_lead_up_to_its_top_or_have_none(problem, seed):
    # A stationary point that lies downhill is a saddle; from there on the way must not bend down again.
    ascent = Ascent(problem)
    worth = multiplier_of(problem, np.random.default_rng(seed)) / np.outer(ascent.scale, ascent.scale)
    ascents = _ActiveSets(ascent, worth, naive.directions(problem, 12, seed=seed) * ascent.scale)
    state = ascents._state(np.arange(12))
    step, to_top = ascents._up(state)
    rise = np.einsum("kj,kj->k", step, state.slope)
    bend = ascents._curvature(np.einsum("kij,kj->ki", state.edges, step), state.rho)
    assert (rise >= 0).all() and (rise[to_top] > 0).all()
    np.testing.assert_allclose(bend[to_top], -rise[to_top], rtol=1e-6, atol=1e-9 * state.rho.max())
    assert (bend[~to_top] >= 0).all()


def test_the_tied_samples_attain_the_bias():
    problem = Problem(cloud("uniform cube", 8, 100))
    maxima = Ascent(problem).maxima(multiplier_of(problem, np.random.default_rng(0)), np.eye(8))
    values = -maxima.neurons @ problem.sources.vertices.T
    tied = np.take_along_axis(values, np.maximum(maxima.tied, 0), axis=1)
    slack = np.where(maxima.tied >= 0, values.max(axis=1)[:, None] - tied, 0.0)
    assert np.abs(slack).max() <= 1e-9


# ---- codes ----------------------------------------------------------------------------------------------------


@given(problems(st.integers(1, 4)), seeds)
def test_polishing_never_costs(problem, seed):
    rng = np.random.default_rng(seed)
    scaled = ScaledLoss(problem)
    weights = np.eye(problem.dimension) + 0.1 * rng.standard_normal((2, problem.dimension, problem.dimension))
    weights = weights.reshape(-1, problem.dimension)
    moved, active, loss = ActiveSet(scaled).minimised(weights, scaled.highest_samples(weights), 20)
    assert loss <= scaled.of(weights) * (1 + ROUNDING)
    assert loss == pytest.approx(scaled.of(moved), rel=ROUNDING)
    assert loss * scaled.unit == pytest.approx(problem.loss(scaled.weights(moved)), rel=1e-9)
    assert active.shape == weights.shape
