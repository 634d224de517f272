"""Pricing and the copositivity test beneath it, against brute force."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from solver.strategies import orthogonal, problems, seeds
from tests.examples import share
from tests.properties import naive
from theory.bounds.ascent import Ascent
from theory.geometry.copositivity import least_ratio, surely_copositive
from theory.geometry.pricing import _two_largest
from theory.neurons import PeakActivity
from theory.problem import Problem

ROUNDING = 1e-9


def random_multiplier(problem, seed, *, definite):
    half = np.random.default_rng(seed).standard_normal((problem.dimension, problem.dimension))
    form = half.T @ half if definite else (half + half.T) / 2
    return form * np.sqrt(np.outer(problem.modular_costs, problem.modular_costs))


@given(problems(), seeds, st.booleans())
def test_no_direction_beats_the_priced_one(problem, seed, definite):
    multiplier = random_multiplier(problem, seed, definite=definite)
    priced = problem.pricing.maximise(multiplier)
    ratio = naive.ratio(problem, multiplier, naive.directions(problem, 5_000))
    assert priced.rho >= ratio.max() - ROUNDING * abs(priced.rho)
    assert naive.ratio(problem, multiplier, priced.worst[None])[0] == pytest.approx(
        priced.rho, rel=ROUNDING, abs=ROUNDING
    )
    assert naive.cost(problem, priced.worst[None])[0] == pytest.approx(1, rel=ROUNDING)


@given(problems(), seeds)
def test_the_list_of_good_neurons_is_what_it_says(problem, seed):
    multiplier = random_multiplier(problem, seed, definite=True)
    rho = problem.pricing.maximise(multiplier).rho
    priced = problem.pricing.maximise(multiplier, bar=0.8 * rho)
    assert priced.rho == pytest.approx(rho, rel=ROUNDING)
    assert (np.diff(priced.ratios) <= 0).all()
    np.testing.assert_allclose(naive.ratio(problem, multiplier, priced.directions), priced.ratios, rtol=1e-7)


def fractions(values):
    return np.vectorize(Fraction, otypes=[object])(values)


def costs_in_fractions(problem, weights):
    """What neurons (n, d) cost that pay for their weights and their squared mean, with a square mixing."""
    samples = fractions(problem.sources.points)
    height = -fractions(weights) @ (samples - samples.sum(axis=0) / Fraction(len(samples))).T
    rows, read = fractions(problem.mixing).T, fractions(weights).T  # A'e = w
    for column in range(len(rows)):
        pivot = rows[column, column]
        rows[column], read[column] = rows[column] / pivot, read[column] / pivot
        for other in set(range(len(rows))) - {column}:
            factor = rows[other, column]
            rows[other], read[other] = rows[other] - factor * rows[column], read[other] - factor * read[column]
    return Fraction(problem.encoder_cost) * (read**2).sum(axis=0) + height.max(axis=1) ** 2


@example(4, 4, (-4, 5))
@example(0, 6, (-4, 5))
@given(seeds, st.integers(2, 4), st.sampled_from([(-4, 5), (-2, 2), (0, 5)]))
def test_samples_that_are_huge_beside_the_energy_cost_no_digits(seed, dimension, decades):
    """Found by benchmarks.soundness: activity is free, and units lie decades apart behind a mixing."""
    rng = np.random.default_rng(seed)
    units = 10.0 ** np.linspace(*decades, dimension)
    samples = rng.integers(-4, 5, size=(2 * dimension + 6, dimension)) * units
    mixing = rng.standard_normal((dimension, dimension))
    problem = Problem(samples, mixing=mixing, activity_cost=0, bias_cost=1)
    code = rng.standard_normal((dimension + 1, dimension)) * problem.modular.unit_weights
    multiplier = problem.multiplier(code.T @ code)
    priced = problem.proving.pricing.maximise(multiplier)
    tried = np.vstack([priced.worst, naive.directions(problem, 20), problem.modular.unit_neurons])
    earned = ((fractions(tried) @ fractions(multiplier)) * fractions(tried)).sum(axis=1)
    ratios = (earned / costs_in_fractions(problem, tried)).astype(float)
    assert ratios[0] == pytest.approx(priced.rho, rel=ROUNDING)
    assert ratios.max() <= priced.rho * (1 + ROUNDING)


@given(problems(dimension=st.integers(2, 4)), seeds)
def test_ascent_climbs_and_never_above_the_exact_maximum(problem, seed):
    multiplier = random_multiplier(problem, seed, definite=True)
    starts = naive.directions(problem, 4, seed=seed)
    ratios, ends = Ascent(problem).climb(multiplier, starts)
    assert (ratios >= naive.ratio(problem, multiplier, starts) * (1 - ROUNDING)).all()
    np.testing.assert_allclose(naive.ratio(problem, multiplier, ends), ratios, rtol=1e-7)
    exact = problem.proving.pricing.maximise(multiplier).rho
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


@given(problems(dimension=st.integers(2, 4)), seeds)
def test_the_best_neuron_of_a_face_is_held_by_its_samples(problem, seed):
    priced = problem.pricing.maximise(random_multiplier(problem, seed, definite=True), bar=1e-3)
    bias = naive.support(problem, priced.directions)
    for neuron, tied, height in zip(priced.directions, priced.tied, bias, strict=True):
        held = -problem.sources.vertices[tied[tied >= 0]] @ neuron
        np.testing.assert_allclose(held, height, rtol=0, atol=ROUNDING)


@given(seeds, st.integers(2, 5), st.floats(0, 6), st.floats(-6, 2))
@share(2)
def test_pricing_is_exact_on_correlated_sources(seed, dimension, digits, cost):
    # Held against climbs in the same coordinates, which know nothing of faces.
    rng = np.random.default_rng(seed)
    stretch = 10.0 ** -np.linspace(0, digits, dimension) * orthogonal(rng, dimension)
    points = rng.standard_t(3, size=(rng.integers(dimension + 2, 60), dimension)) @ stretch.T
    problem = Problem(points, encoder_cost=10.0**cost).whitened
    assert problem.sources.faces.complete
    half = rng.standard_normal((dimension, dimension))
    starts = rng.standard_normal((400, dimension))
    ratios, _ = Ascent(problem).climb(half.T @ half, starts)
    priced = problem.pricing.maximise(half.T @ half)
    assert priced.rho >= ratios.max() * (1 - ROUNDING)
    cost = (priced.worst**2).sum() + (-problem.sources.vertices @ priced.worst).max() ** 2
    assert priced.worst @ half.T @ half @ priced.worst / cost == pytest.approx(priced.rho, rel=ROUNDING)


def test_a_point_at_the_mean_is_no_neuron():
    points = np.random.default_rng(0).normal(size=(8, 6))
    problem = Problem(points, neurons=PeakActivity())
    at_mean = ~problem.pricing.corners.any(axis=1)
    assert at_mean.any()  # the difference of a sample and itself, which the hull of six dimensions may keep
    multiplier = random_multiplier(problem, 1, definite=True)
    with np.errstate(all="raise"):
        priced = problem.pricing.maximise(multiplier)
    tried = naive.directions(problem, 2_000)
    earned = ((tried @ multiplier) * tried).sum(axis=1) / problem.neuron_cost(tried)
    assert priced.rho >= earned.max() * (1 - ROUNDING)


@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_the_two_largest_eigenvalues_of_small_forms(seed, size):
    forms = np.random.default_rng(seed).standard_normal((5, size, size))
    forms = forms + np.swapaxes(forms, 1, 2)
    first, second, vectors = _two_largest(forms)
    values = np.linalg.eigvalsh(forms)
    np.testing.assert_allclose(first, values[:, -1], atol=1e-12)
    np.testing.assert_allclose(second, values[:, -2] if size > 1 else -np.inf, atol=1e-12)
    np.testing.assert_allclose(np.einsum("nij,nj->ni", forms, vectors), first[:, None] * vectors, atol=1e-12)
