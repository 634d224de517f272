"""The best formula: the class that is searched, the bound, and what is found, held to trying all formulas."""

import time
from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from solver.deadline import limited_to
from solver.explanations import search
from solver.explanations.bounds import PAIR_BOUNDS, bounds_of_pairs
from solver.explanations.counts import Weights, counted, moments_of_triples
from solver.explanations.formulas import forms, formula_of, in_order, sorted_roles
from solver.explanations.search import Search, best_gain
from tests.solver.explanations.exhaustive import all_of, best, functions, iou_of, truth


@st.composite
def tables(draw, labels=(1, 5), whole=None):
    """A table of labels, where a neuron fires, and weights: counts, or any numbers."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    count, width = draw(st.integers(2, 24)), draw(st.integers(*labels))
    table = rng.random((count, width)) < rng.uniform(0.05, 0.95, width)
    if width > 1 and draw(st.booleans()):
        table[:, -1] = table[:, 0] ^ draw(st.booleans())  # says the same: ties
    fires = rng.random(count) < draw(st.sampled_from([0.1, 0.5, 0.9]))
    fires[:2] = True, False
    counts = draw(st.booleans()) if whole is None else whole
    return table, fires, rng.integers(1, 5, count).astype(float) if counts else rng.exponential(size=count)


def weighted(table, fires, weights):
    return Weights(table.astype(float), np.where(fires, weights, 0.0), np.where(fires, 0.0, weights))


# ---- the class of formulas ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("labels", [1, 2, 3, 4])
def test_all_trees_of_three_literals_are_counted(labels):
    assert len(functions(labels)) == len(all_of(labels)) == 2 * labels + 8 * comb(labels, 2) + 64 * comb(labels, 3)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_forms_are_the_trees_that_read_every_label(size):
    cells = np.array(list(product((False, True), repeat=size)))
    wanted = {truth(tree, cells).tobytes() for needed, tree in functions(size) if needed == size}
    assert {row.tobytes() for row in forms(size).truth} == wanted and len(forms(size).truth) == len(wanted)


def test_a_formula_holds_where_its_form_does():
    cells = np.array(list(product((0, 1), repeat=3)))
    columns = dict(zip("abc", cells.T, strict=True))
    for form, row in enumerate(forms(3).truth):
        assert formula_of(np.arange(3), form, tuple("abc")).holds(columns).tolist() == row.tolist()


def test_the_simplest_is_first():
    labels = np.tile(np.arange(3), (64, 1))
    texts = [str(formula_of(labels[0], form, ("a", "b", "c"))) for form in in_order(labels, np.arange(64))]
    assert texts[:6] == ["a AND b AND c", "a OR b OR c", "a AND (b OR c)", "b AND (a OR c)", "c AND (a OR b)",
                         "a OR (b AND c)"]  # fmt: skip
    assert all("NOT" in text for text in texts[8:]) and texts[-1].count("NOT") == 3


@given(st.permutations([4, 7, 9]), st.integers(0, 63))
def test_a_formula_is_the_same_whatever_the_order_of_its_labels(labels, form):
    names = tuple("abcdefghij")
    given_order = np.array([labels])
    ascending, other = sorted_roles(given_order, np.array([form]))
    columns = dict(zip("ehj", np.array(list(product((0, 1), repeat=3))).T, strict=True))
    roles = [names[label] for label in labels]
    expected = forms(3).truth[form][4 * columns[roles[0]] + 2 * columns[roles[1]] + columns[roles[2]]]
    assert ascending.tolist() == [[4, 7, 9]]
    assert formula_of(ascending[0], int(other[0]), names).holds(columns).tolist() == expected.tolist()


# ---- the bound ----------------------------------------------------------------------------------------------------


@given(tables(labels=(3, 5)))
def test_no_formula_is_above_the_bounds_of_its_pairs(case):
    weights = weighted(*case)
    counts = counted(weights)
    bounds = bounds_of_pairs(counts)
    words = np.array(bounds.words(0.4))
    for first in range(counts.labels - 2):
        for second in range(first + 1, counts.labels - 1):
            for third in range(second + 1, counts.labels):
                triple = np.array([[first, second, third]])
                both = weights.rows[:, triple[0]].prod(axis=1)
                moments = moments_of_triples(counts, triple, np.array([[part @ both] for part in weights.both()]))
                held, wrong = (moments @ forms(3).weights.T)[:, 0]
                ious = held / (counts.whole[0] + wrong)
                bits = words[0][second, third] & words[1][first, third] & words[2][first, second]
                allowed = np.array([bool(int(bits) >> form & 1) for form in range(64)])
                # Every formula of at least this IoU is allowed by all three words.
                assert allowed[ious >= 0.4].all()
                assert ious.max() <= bounds.beyond(first) + 1e-12


@given(st.integers(0, 10**6))
def test_the_best_gain_is_that_of_the_best_of_all_forms(seed):
    cells = np.random.default_rng(seed).normal(size=(2, 2, 2, 50))
    np.testing.assert_allclose(best_gain(cells), (forms(3).truth @ cells.reshape(8, -1)).max(axis=0), atol=1e-12)


# ---- what is found ------------------------------------------------------------------------------------------------


@given(tables())
@example((np.array([[True], [False]]), np.array([True, False]), np.ones(2)))
@example((np.eye(3, dtype=bool)[[0, 1, 2, 2]], np.array([True, True, False, False]), np.array([1.0, 2, 3, 1e-9])))
def test_it_is_the_best_of_all_formulas(case):
    table, fires, weights = case
    found = Search(weighted(*case)).best()
    top, size, ties = best(*case)
    assert found.iou == pytest.approx(top, abs=1e-12) and found.proven
    assert found.labels.shape[1] == size and len(found.form) == ties
    names = tuple("abcde")
    columns = dict(zip(names, table.T, strict=False))
    for labels, form in zip(found.labels, found.form, strict=True):
        assert iou_of(formula_of(labels, form, names).holds(columns), fires, weights) == pytest.approx(top, abs=1e-12)


@given(tables(labels=(2, 5)))
def test_the_runner_up_is_the_best_that_does_without_a_label(case):
    search = Search(weighted(*case))
    without = tuple(int(label) for label in search.best().labels[0])
    found = search.best(without)
    top, size, ties = best(*case, without)
    if not ties:
        assert np.isnan(found.iou) and not len(found.form)
        return
    assert found.iou == pytest.approx(top, abs=1e-12) and found.proven
    assert found.labels.shape[1] == size and len(found.form) == ties
    assert not any(set(without) <= set(labels.tolist()) for labels in found.labels)


@given(tables(labels=(3, 5)))
def test_a_search_without_time_has_a_formula_and_a_bound(case):
    with limited_to(time.perf_counter() - 1):
        found = Search(weighted(*case)).best()
    top = best(*case)[0]
    assert 0 <= found.iou <= top + 1e-12 <= found.upper_bound + 2e-12 and found.upper_bound <= 1 + 2 * PAIR_BOUNDS.slack
    assert len(found.form)


@given(tables(labels=(4, 6)), st.integers(0, 3))
def test_a_search_that_is_stopped_has_a_bound_of_what_it_missed(case, rounds):
    clock = iter([False] * rounds)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "time_is_up", lambda: next(clock, True))
        found = Search(weighted(*case)).best()
    top = best(*case)[0]
    assert found.iou <= top + 1e-12 <= found.upper_bound + 2e-12
    assert not found.proven or found.iou == pytest.approx(top, abs=1e-12)


@pytest.mark.thorough
@settings(max_examples=3)
@given(tables(labels=(18, 18)))
def test_it_is_the_best_of_all_formulas_of_many_labels(case):
    found = Search(weighted(*case)).best()
    top, size, ties = best(*case)
    assert found.iou == pytest.approx(top, abs=1e-12) and found.proven
    assert found.labels.shape[1] == size and len(found.form) == ties


@given(tables(labels=(2, 5), whole=True))
def test_a_weight_is_so_many_samples(case):
    table, fires, weights = case
    repeated = np.repeat(np.arange(len(weights)), weights.astype(int))
    one = Search(weighted(*case)).best()
    other = Search(weighted(table[repeated], fires[repeated], np.ones(len(repeated)))).best()
    assert one.iou == other.iou and one.labels.tolist() == other.labels.tolist()
    assert one.form.tolist() == other.form.tolist()


@given(tables(labels=(3, 5)))
def test_by_size_is_the_best_of_each_size(case):
    table, fires, weights = case
    found = Search(weighted(*case)).best()
    scored = [(size, iou_of(truth(tree, table), fires, weights)) for size, tree in all_of(table.shape[1])]
    for most, (iou, labels, _) in enumerate(found.by_size, start=1):
        assert len(labels) <= most
        assert iou == pytest.approx(max(value for size, value in scored if size <= most), abs=1e-12)
