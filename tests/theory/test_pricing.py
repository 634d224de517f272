"""Pricing and the copositivity test beneath it, against brute force."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.strategies import problems, seeds
from tests.properties import naive
from theory.ascent import Ascent
from theory.copositivity import least_ratio, surely_copositive
from theory.polytope import NormalFan
from theory.pricing import Pricing
from theory.problem import Problem

ROUNDING = 1e-9


def random_multiplier(problem, seed, *, definite):
    half = np.random.default_rng(seed).standard_normal((problem.dimension, problem.dimension))
    form = half.T @ half if definite else (half + half.T) / 2
    return form * np.sqrt(np.outer(problem.modular_costs, problem.modular_costs))


@given(problems(), seeds, st.booleans())
def test_no_direction_beats_the_priced_one(problem, seed, definite):
    multiplier = random_multiplier(problem, seed, definite=definite)
    priced = Pricing(problem.sources.fan, problem.energy_matrix).maximise(multiplier)
    ratio = naive.ratio(problem, multiplier, naive.directions(problem, 5_000))
    assert priced.rho >= ratio.max() - ROUNDING * abs(priced.rho)
    assert naive.ratio(problem, multiplier, priced.worst[None])[0] == pytest.approx(
        priced.rho, rel=ROUNDING, abs=ROUNDING
    )
    assert naive.cost(problem, priced.worst[None])[0] == pytest.approx(1, rel=ROUNDING)


@given(problems(), seeds)
def test_the_list_of_good_neurons_is_what_it_says(problem, seed):
    multiplier = random_multiplier(problem, seed, definite=True)
    pricing = Pricing(problem.sources.fan, problem.energy_matrix)
    rho = pricing.maximise(multiplier).rho
    priced = pricing.maximise(multiplier, bar=0.8 * rho)
    assert priced.rho == pytest.approx(rho, rel=ROUNDING)
    assert (np.diff(priced.ratios) <= 0).all()
    np.testing.assert_allclose(naive.ratio(problem, multiplier, priced.directions), priced.ratios, rtol=1e-7)
    assert (priced.coordinates >= 0).all()


@given(problems(dimension=st.integers(2, 4)), seeds)
def test_ascent_climbs_and_never_above_the_exact_maximum(problem, seed):
    multiplier = random_multiplier(problem, seed, definite=True)
    starts = naive.directions(problem, 4, seed=seed)
    ratios, ends = Ascent(problem).climb(multiplier, starts)
    assert (ratios >= naive.ratio(problem, multiplier, starts) * (1 - ROUNDING)).all()
    np.testing.assert_allclose(naive.ratio(problem, multiplier, ends), ratios, rtol=1e-7)
    exact = Pricing(problem.sources.fan, problem.energy_matrix).maximise(multiplier).rho
    assert ratios.max() <= exact * (1 + 1e-8)


def random_forms(seed, dimension, count=20):
    rng = np.random.default_rng(seed)
    forms = rng.standard_normal((count, dimension, dimension))
    half = rng.standard_normal((count, dimension, dimension + 2))
    metric = half @ np.swapaxes(half, 1, 2)
    root = np.sqrt(np.einsum("nii->ni", metric))
    return forms + np.swapaxes(forms, 1, 2), metric / (root[:, :, None] * root[:, None, :])


@given(seeds, st.integers(1, 5))
def test_the_least_ratio_over_the_orthant(seed, dimension):
    forms, metric = random_forms(seed, dimension)
    values, where = least_ratio(forms, metric)
    assert (where >= 0).all()
    np.testing.assert_allclose(np.einsum("ni,nij,nj->n", where, metric, where), 1, rtol=1e-9)
    np.testing.assert_allclose(np.einsum("ni,nij,nj->n", where, forms, where), values, rtol=1e-7, atol=1e-9)
    drawn = np.random.default_rng(0).exponential(size=(4_000, dimension)) * (
        np.random.default_rng(1).random((4_000, dimension)) < 0.7
    )
    drawn = np.vstack([drawn[drawn.any(axis=1)], np.eye(dimension)])
    upper = np.einsum("ti,nij,tj->nt", drawn, forms, drawn, optimize=True)
    lower = np.einsum("ti,nij,tj->nt", drawn, metric, drawn, optimize=True)
    assert (values <= (upper / lower).min(axis=1) + 1e-9).all()


@given(seeds, st.integers(1, 5))
def test_what_is_surely_copositive_is(seed, dimension):
    forms, metric = random_forms(seed, dimension)
    forms = forms + 2 * np.eye(dimension)
    sure = surely_copositive(forms)
    values, _ = least_ratio(forms, metric)
    assert (values[sure] >= -1e-9).all()
    if dimension == 2:
        # Up to order four a copositive form is positive semidefinite plus nonnegative; for order two one of both.
        np.testing.assert_array_equal(sure[np.abs(values) > 1e-9], values[np.abs(values) > 1e-9] > 0)


def test_generators_that_no_cone_uses_price_as_nothing():
    problem = Problem(np.random.default_rng(0).standard_normal((12, 3)))
    fan = problem.sources.fan
    spare = NormalFan(np.vstack([fan.generators, [[0.0, 0.6, 0.8]]]), fan.cones, fan.vertices, fan.vertex_of_cone)
    multiplier = np.diag([1.0, 10.0, 10.0])
    expected = Pricing(fan, problem.energy_matrix).maximise(multiplier).rho
    assert Pricing(spare, problem.energy_matrix).maximise(multiplier).rho == expected
