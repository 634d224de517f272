"""What labels alone predict: the rule for two labels held to the exact verdict, prices to solved problems."""

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from solver import Problem, explain, solve
from solver.explanations.pairs import label_pairs
from solver.strategies import seeds
from theory import modularity

CELLS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=bool)


@given(
    st.lists(st.integers(0, 6), min_size=4, max_size=4),
    st.floats(-2, 2),
    st.floats(-2, 2),
)
@example([2, 1, 1, 0], 0.0, 0.0)  # on the boundary
@example([0, 1, 1, 2], 0.0, 0.0)
@example([1, 3, 0, 0], 0.0, 0.0)
def test_the_rule_for_two_labels_is_the_exact_verdict(counts, encoder, decoder):
    values, weights = CELLS[np.array(counts) > 0], np.array([float(count) for count in counts if count])
    assume(len(values) > 2)
    found = label_pairs(("a", "b"), values, weights)
    exact = modularity(
        values.astype(int), probabilities=weights, exact=True, encoder_cost=10**encoder, decoder_cost=10**decoder
    )
    assert found.apart[0, 1] == exact.modular and found.modular == exact.modular
    assert found.never == (len(values) == 3) and not found.same


@given(st.integers(3, 4), st.data())
def test_the_rule_holds_for_more_labels_that_exclude_each_other(count, data):
    weights = np.array([*data.draw(st.lists(st.integers(1, 4), min_size=count, max_size=count)), 0.0])
    weights[-1] = max(1.0, data.draw(st.integers(-2, 2)) + weights.sum())  # on the boundary, or beside it
    values = np.eye(count + 1, count, dtype=bool)
    exact = modularity(values.astype(int), probabilities=weights, exact=True)
    assert exact.modular == (weights[:-1].sum() <= weights[-1])
    # Of more than five the rule is what is asked; others are added here that are as rare as can be.
    more = np.zeros((count + 4, count + 3), dtype=bool)
    more[: count + 1, :count], more[count + 1 :, count:] = values, np.eye(3, dtype=bool)
    found = label_pairs(tuple("abcdefghij"[: count + 3]), more, np.append(weights, [1e-13 * weights.sum()] * 3))
    assert found.modular == exact.modular and np.isnan(found.price_bounds[0]) == (not exact.modular)


def test_many_labels_are_mixed_if_two_are():
    rng = np.random.default_rng(0)
    values = rng.random((200, 7)) < 0.5
    values[:, 1] &= ~values[:, 0]
    found = label_pairs(tuple("abcdefg"), values, np.ones(200))
    assert found.modular is False and np.isnan(found.price_bounds[0]) and found.never == 1
    assert label_pairs(tuple("abcdef"), values[:, 1:], np.ones(200)).modular is None


@pytest.mark.thorough
@given(seeds)
def test_prices_hold_what_is_solved(seed):
    rng = np.random.default_rng(seed)
    values = rng.random((40, 4)) < rng.uniform(0.2, 0.7, 4)
    values[:, 1] &= ~values[:, 0]
    values[:2] = [[1, 0, 1, 0], [0, 1, 0, 1]]
    found = label_pairs(("d", "c", "b", "a"), values, np.ones(40), encoder_cost=0.3, decoder_cost=2.0)
    pair = next(pair for pair in found.listed if {pair.first, pair.second} == {"c", "d"})
    answer = solve(Problem(values[:, :2], encoder_cost=0.3, decoder_cost=2.0))
    low, high = pair.price_bounds
    assert low - 1e-9 <= answer.price_of_modularity <= high + 1e-9 and high - low < 1e-7
    assert pair.modular == (sum(pair.shares) <= 0.5 + 1e-12) == (high < 1e-9)
    assert pair.expected == pytest.approx(40 * values[:, 0].mean() * values[:, 1].mean())
    together = solve(Problem(values.astype(float), encoder_cost=0.3, decoder_cost=2.0))
    assert found.price_bounds[0] - 1e-8 <= together.price_of_modularity <= found.price_bounds[1] + 1e-8
    assert found.modular is (together.price_of_modularity < 1e-9)


def test_labels_that_say_the_same_are_counted_apart():
    values = np.array([[1, 0, 1], [0, 1, 1], [1, 0, 0]], dtype=bool)
    found = label_pairs(("a", "b", "c"), values, np.ones(3))
    assert found.same == 1 and found.never == 2 and not found.apart[0, 1]
    assert found.modular is None and np.isnan(found.price_bounds[0])
    assert {(pair.first, pair.second) for pair in found.listed} == {("NOT a", "NOT c"), ("b", "NOT c")}


def test_many_pairs_are_counted_and_some_listed():
    values = np.repeat(np.eye(12, dtype=bool), 3, axis=0)
    found = label_pairs(tuple("abcdefghijkl"), values, np.ones(36))
    assert found.never == 66 and len(found.listed) == 20 and found.apart[0, 1:].all() and found.modular is None
    assert all(pair.modular and pair.price_bounds == (0, 0) for pair in found.listed)
    some_without = np.concatenate([values, np.zeros((36, 12), dtype=bool)])
    assert label_pairs(tuple("abcdefghijkl"), some_without, np.ones(72)).modular is True


def test_in_words():
    rare = {"red": [1, 0, 0, 0, 0], "green": [0, 1, 0, 0, 0]}
    words = "\n".join(explain([1, 0, 0, 0, 0], rare, shuffles=0).sentences())
    assert "Of 1 pair of labels 1 lacks a combination." in words and "mixes those of 0 pairs" in words
    assert "green and red (20 % and 20 % of the samples) are never together" in words and "best apart" in words
    often = {"red": [1, 0, 0, 1, 0], "green": [0, 1, 1, 0, 0], "old": [0, 1, 0, 1, 1]}
    found = explain([1, 0, 0, 0, 0], often, shuffles=0)
    words = "\n".join(found.sentences())
    low, high = found.pairs.price_bounds
    assert 0 < low <= high and "The best linear code of all labels together mixes some: separate ones cost" in words
    assert "best mixed, apart costs" in words
    square = {"red": [0, 0, 1, 1], "old": [0, 1, 0, 1]}
    assert "Every combination of two labels occurs." in "\n".join(explain([0, 0, 0, 1], square, shuffles=0).sentences())
