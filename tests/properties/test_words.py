"""What is said of the price and of the verdict does not depend on the order of rows and columns, nor on units."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import Problem, solve
from solver.codes.reads import scale_ratio
from solver.pictures.summary import sentences, verdict_sentences
from solver.pictures.words import judged, scales_words
from solver.strategies import problems, seeds
from theory import Sources
from theory.conditions import decide

NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]\d+)?")


def told_otherwise(problem, seed):
    """The problem with rows and columns in another order and sources in other units, and the order of its columns."""
    rng = np.random.default_rng(seed)
    sources = problem.sources
    rows, columns = rng.permutation(sources.count), rng.permutation(problem.dimension)
    units = 10.0 ** rng.uniform(-2, 2, problem.dimension)
    points = (sources.points[rows] * units)[:, columns]
    weights = None if sources.probabilities is None else sources.probabilities[rows]
    mixing = (problem.mixing / units)[:, columns]
    costs = {"encoder_cost": problem.encoder_cost, "decoder_cost": problem.decoder_cost}
    names = [sources.names[column] for column in columns]
    return Problem(Sources(points, weights, names=names), mixing=mixing, **costs), columns, units


def same_words(one, other):
    """Two sentences are equal, their numbers up to the rounding of what is printed."""
    assert NUMBER.sub("#", one) == NUMBER.sub("#", other)
    first, second = (
        [float(number.replace(",", "")) for number in NUMBER.findall(sentence)] for sentence in (one, other)
    )
    assert first == pytest.approx(second, rel=2e-2, abs=1e-9)


@given(problems(st.integers(1, 3)), seeds)
def test_price_and_verdict_do_not_depend_on_order_or_units(problem, seed):
    other, columns, units = told_otherwise(problem, seed)
    first, second = solve(problem), solve(other)
    for name in ("loss", "lower_bound", "modular_loss"):
        assert getattr(second, name) == pytest.approx(getattr(first, name), rel=1e-8)
    assert second.price_of_modularity == pytest.approx(first.price_of_modularity, rel=1e-6, abs=1e-9)
    assert second.price_bounds == pytest.approx(first.price_bounds, rel=1e-6, abs=2e-8)
    for name in ("status", "modular", "practically_modular"):
        assert getattr(second, name) == getattr(first, name), name
    assert judged(first) == judged(second)
    same_words(sentences(first)[0], sentences(second)[0])
    # The mixing undoes the units, so that the scales of the data are the same.
    assert len(scales_words(problem)) == len(scales_words(other))
    assert scale_ratio(other) == pytest.approx(scale_ratio(problem), rel=1e-9)
    # What is unique of the code: similarity and multiplier, in the other order and units.
    similarity = first.source_weights.T @ first.source_weights
    moved = (similarity / np.outer(units, units))[np.ix_(columns, columns)]
    own = second.problem.modular.unit_weights
    np.testing.assert_allclose(
        second.source_weights.T @ second.source_weights / np.outer(own, own), moved / np.outer(own, own), atol=1e-3
    )


@given(problems(st.integers(1, 3)), seeds)
def test_the_condition_says_the_same_whatever_the_order_and_units(problem, seed):
    other, *_ = told_otherwise(problem, seed)
    first, second = decide(problem), decide(other)
    assert (first.modular, first.practically_modular) == (second.modular, second.practically_modular)
    assert second.price_bound == pytest.approx(first.price_bound, rel=1e-6, abs=1e-9)
    assert second.margin == pytest.approx(first.margin, rel=1e-6, abs=1e-9)
    same_words(verdict_sentences(problem, first)[0], verdict_sentences(other, second)[0])
