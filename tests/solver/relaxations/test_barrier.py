"""The small semidefinite program: what it claims is proven by its weights, and agrees with a general conic solver."""

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from solver.relaxations import barrier as module
from solver.relaxations.barrier import Triangle, most_valuable
from solver.strategies import seeds
from tests.examples import share

ACCURATE, ATTAINED, WITHOUT_ROOM = 1e-9, 3e-6, 3e-5
"""What is asked for; what must be reached, where rounding ends it; and where no P meets all products with some room."""

ENDLESS = 1e3
"""Sum of N from which on they seem to grow without end: a dual that is not attained. Then only the proof must hold."""

ROUNDING = 1e-12
orders = st.integers(2, 7)


def symmetric(rng, order):
    half = rng.standard_normal((order, order))
    return half + half.T


def worths(rng, order):
    """Forms of all signs and ranks, their largest eigenvalue in modulus 1."""
    half = rng.standard_normal((order, order))
    forms = [half @ half.T, half + half.T, -half @ half.T, np.outer(half[0], half[0]), np.eye(order)]
    return [form / np.abs(np.linalg.eigvalsh(form)).max() for form in forms]


def unit(rows):
    return rows / np.maximum(np.linalg.norm(rows, axis=1), 1e-300)[:, None]


def inequalities(rng, order, count, kind="plain"):
    """Two lists of rows a, c of unit length with a.u c.u >= 0 at one point u, which is given third."""
    whole = kind == "grid"
    point = rng.integers(1, 3, order).astype(float) if whole else rng.standard_normal(order)
    rows = rng.integers(-2, 3, (2, count, order)).astype(float) if whole else rng.standard_normal((2, count, order))
    rows *= np.where(rows @ point < 0, -1.0, 1.0)[..., None]
    first, second = rows
    if kind == "tight":  # half of them hold with equality at the point
        first[::2] -= np.outer(first[::2] @ point, point) / (point @ point)
    elif kind == "equal":  # the first few as an equality
        first -= np.outer(first @ point, point) / (point @ point)
        first, second = np.vstack([first[:3], first]), np.vstack([-second[:3], second])
    elif kind == "thrice":
        first, second = np.repeat(first, 3, axis=0), np.repeat(second, 3, axis=0)
    elif kind == "zero":
        first[:2] = 0.0
    return unit(first), unit(second), point / np.linalg.norm(point)


KINDS = {
    "plain": ATTAINED,
    "thrice": ATTAINED,
    "zero": ATTAINED,
    "tight": WITHOUT_ROOM,
    "equal": WITHOUT_ROOM,
    "grid": WITHOUT_ROOM,
}


def solved(worth, first, second, accuracy=ACCURATE, target=-np.inf):
    triangle = Triangle(len(worth))
    return most_valuable(triangle, worth, triangle.products(first, second), accuracy, target)


def independent(worth, first, second):
    """The value of the program by a general conic solver."""
    neuron = cp.Variable(worth.shape, PSD=True)
    products = [cp.sum(cp.multiply(first @ neuron, second), axis=1) >= 0] if len(first) else []
    program = cp.Problem(cp.Maximize(cp.trace(worth @ neuron)), [cp.trace(neuron) == 1, *products])
    return program.solve(solver="CLARABEL")


def assert_proven(worth, first, second, found):
    """The bound is the largest eigenvalue of Y + sum N (a c' + c a') / 2, with N that are not negative."""
    assert found.weights.shape == found.active.shape == (len(first),)
    assert np.isfinite(found.weights).all() and (found.weights >= 0).all()
    form = worth.copy()
    for weight, one, other in zip(found.weights, first, second, strict=True):
        form += weight * (np.outer(one, other) + np.outer(other, one)) / 2
    largest = np.linalg.eigvalsh(form)[-1]
    size = np.abs(worth).max() + found.weights.sum()
    assert found.bound == pytest.approx(largest, abs=ROUNDING * size)


def assert_relaxes(first, second, neuron):
    """P is one that is allowed."""
    np.testing.assert_allclose(neuron, neuron.T, atol=ROUNDING)
    assert np.trace(neuron) == pytest.approx(1, abs=1e-10)
    assert np.linalg.eigvalsh(neuron)[0] >= -ROUNDING
    assert np.einsum("pi,ij,pj->p", first, neuron, second).min(initial=0.0) >= -1e-8


# ---- symmetric matrices as vectors --------------------------------------------------------------------------------


@given(st.integers(1, 7), seeds)
def test_vectors_keep_inner_products(order, seed):
    rng = np.random.default_rng(seed)
    triangle = Triangle(order)
    one, other = symmetric(rng, order), symmetric(rng, order)
    assert triangle.vector(one).shape == (order * (order + 1) // 2,)
    assert triangle.vector(one) @ triangle.vector(other) == pytest.approx(np.trace(one @ other), abs=1e-10)
    np.testing.assert_allclose(triangle.matrix(triangle.vector(one)), one, rtol=1e-15)
    np.testing.assert_allclose(
        triangle.vector(2 * one - other), 2 * triangle.vector(one) - triangle.vector(other), atol=ROUNDING
    )


@given(st.integers(1, 7), st.integers(0, 5), seeds)
def test_products_take_the_value_of_two_rows(order, count, seed):
    rng = np.random.default_rng(seed)
    triangle, matrix = Triangle(order), symmetric(rng, order)
    first, second = rng.standard_normal((2, count, order))
    products = triangle.products(first, second)
    assert products.shape == (count, len(triangle.upper))
    np.testing.assert_allclose(
        products @ triangle.vector(matrix), np.einsum("pi,ij,pj->p", first, matrix, second), atol=1e-10
    )
    np.testing.assert_allclose(products, triangle.products(second, first), rtol=1e-14)
    for row, one, other in zip(products, first, second, strict=True):
        np.testing.assert_allclose(triangle.matrix(row), (np.outer(one, other) + np.outer(other, one)) / 2, rtol=1e-14)


@given(st.integers(1, 7), seeds)
def test_congruence_is_multiplication_from_both_sides(order, seed):
    rng = np.random.default_rng(seed)
    triangle = Triangle(order)
    scaling, matrix = symmetric(rng, order), symmetric(rng, order)
    linear = triangle.congruence(scaling)
    np.testing.assert_allclose(linear, linear.T, rtol=1e-14)
    np.testing.assert_allclose(
        linear @ triangle.vector(matrix), triangle.vector(scaling @ matrix @ scaling), rtol=1e-10, atol=1e-10
    )


# ---- the program --------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:Solution may be inaccurate:UserWarning")
@given(orders, st.integers(1, 40), st.sampled_from(list(KINDS)), seeds)
@share(2)
def test_it_agrees_with_a_general_conic_solver(order, count, kind, seed):
    rng = np.random.default_rng(seed)
    first, second, _ = inequalities(rng, order, count, kind)
    worth = worths(rng, order)[seed % 5]
    found = solved(worth, first, second)
    assert_proven(worth, first, second, found)
    assert_relaxes(first, second, found.neuron)
    if found.weights.sum() < ENDLESS:
        assert found.bound == pytest.approx(independent(worth, first, second), abs=KINDS[kind])
        assert (worth * found.neuron).sum() == pytest.approx(found.bound, abs=KINDS[kind])


@given(orders, st.integers(1, 40), st.sampled_from(list(KINDS)), seeds, st.sampled_from([1e-1, 1e-3, 1e-6, 1e-9]))
def test_no_allowed_point_is_above_the_bound(order, count, kind, seed, accuracy):
    rng = np.random.default_rng(seed)
    first, second, point = inequalities(rng, order, count, kind)
    for worth in worths(rng, order):
        for target in (-np.inf, 0.5, np.inf):
            found = solved(worth, first, second, accuracy, target)
            assert_proven(worth, first, second, found)
            assert found.bound >= point @ worth @ point - ROUNDING * (1 + found.weights.sum())


@given(orders, seeds)
def test_without_products_the_bound_is_the_largest_eigenvalue(order, seed):
    rng = np.random.default_rng(seed)
    nothing = np.empty((0, order))
    for worth in worths(rng, order):
        found = solved(worth, nothing, nothing)
        assert_proven(worth, nothing, nothing, found)
        assert found.bound == pytest.approx(np.linalg.eigvalsh(worth)[-1], abs=1e-14)
        assert (worth * found.neuron).sum() == pytest.approx(found.bound, abs=ATTAINED)


@given(orders, st.integers(1, 20), seeds, st.floats(-8, 8))
def test_units_of_the_worth_do_not_matter(order, count, seed, exponent):
    rng = np.random.default_rng(seed)
    first, second, _ = inequalities(rng, order, count)
    scale = 10.0**exponent
    for worth in worths(rng, order):
        one, other = solved(worth, first, second), solved(scale * worth, first, second)
        assert other.bound / scale == pytest.approx(one.bound, abs=ATTAINED)
        assert_proven(scale * worth, first, second, other)
        early = solved(scale * worth, first, second, ACCURATE, scale * (one.bound + 0.1))
        assert early.bound / scale <= one.bound + 0.1 + ROUNDING


@given(orders, st.integers(1, 20), seeds)
def test_saying_it_more_than_once_changes_nothing(order, count, seed):
    rng = np.random.default_rng(seed)
    first, second, _ = inequalities(rng, order, count)
    worth = worths(rng, order)[0]
    once = solved(worth, first, second).bound
    again = rng.permutation(np.repeat(np.arange(count), rng.integers(1, 4, count)))
    assert solved(worth, first[again], second[again]).bound == pytest.approx(once, abs=ATTAINED)
    assert solved(worth, second, first).bound == pytest.approx(once, abs=ATTAINED)
    # More products can only lower it.
    more = inequalities(rng, order, 5)[:2]
    both = solved(worth, np.vstack([first, more[0]]), np.vstack([second, more[1]])).bound
    assert both <= once + ATTAINED


@given(orders, st.integers(1, 40), seeds)
def test_products_that_take_no_part_may_be_dropped(order, count, seed):
    rng = np.random.default_rng(seed)
    first, second, _ = inequalities(rng, order, count)
    worth = worths(rng, order)[0]
    found = solved(worth, first, second)
    fewer = solved(worth, first[found.active], second[found.active])
    assert fewer.bound == pytest.approx(found.bound, abs=1e-4)


@given(orders, st.integers(1, 20), seeds, st.sampled_from([1e-1, 1e-2, 1e-4, 1e-6]))
def test_the_accuracy_asked_for(order, count, seed, accuracy):
    rng = np.random.default_rng(seed)
    first, second, _ = inequalities(rng, order, count)
    for worth in worths(rng, order):
        best, found = solved(worth, first, second), solved(worth, first, second, accuracy)
        # P may violate products by so much as well, and each costs what its N says.
        error = accuracy * (1 + best.weights.sum() + found.weights.sum())
        assert best.bound - ATTAINED <= found.bound <= best.bound + error + ATTAINED


@given(orders, st.integers(1, 20), seeds, st.floats(0.01, 1))
def test_it_stops_at_the_target(order, count, seed, above):
    rng = np.random.default_rng(seed)
    first, second, _ = inequalities(rng, order, count)
    worth = worths(rng, order)[0]
    best = solved(worth, first, second).bound
    assert solved(worth, first, second, ACCURATE, best + above).bound <= best + above + ROUNDING
    # One that is out of reach is no reason to stop.
    assert solved(worth, first, second, ACCURATE, best - above).bound == pytest.approx(best, abs=ROUNDING)


def test_a_target_saves_steps(monkeypatch):
    rng = np.random.default_rng(0)
    first, second, _ = inequalities(rng, 6, 40)
    worth = worths(rng, 6)[0]
    taken, true = [], module._BarrierPoint.step
    monkeypatch.setattr(module._BarrierPoint, "step", lambda point: taken.append(1) or true(point))
    best = solved(worth, first, second).bound
    whole = len(taken)
    solved(worth, first, second, ACCURATE, best + 0.1)
    assert 0 < len(taken) - whole < whole / 2
    solved(worth, first, second, ACCURATE, np.inf)
    assert len(taken) - whole < whole


# ---- what is awkward ----------------------------------------------------------------------------------------------


def test_small_programs_by_hand():
    # P_12 <= 0, on which 2 P_12 is worth nothing; and P_12 >= 0, which binds nothing.
    worth = np.array([[0.0, 1], [1, 0]])
    axes = np.eye(2)
    assert solved(worth, -axes[:1], axes[1:]).bound == pytest.approx(0, abs=1e-8)
    assert solved(worth, axes[:1], axes[1:]).bound == pytest.approx(1, abs=1e-8)
    # P_11 >= P_22, of two that are worth 1 and 3.
    both = np.array([[1.0, 1]]) / 2**0.5, np.array([[1.0, -1]]) / 2**0.5
    assert solved(np.diag([1.0, 3]), *both).bound == pytest.approx(2, abs=1e-8)


def test_a_neuron_that_earns_nothing():
    first, second, _ = inequalities(np.random.default_rng(0), 4, 20)
    for target in (-np.inf, 0.0, 1.0):
        found = solved(np.zeros((4, 4)), first, second, 1e-8, target)
        assert found.bound == pytest.approx(0, abs=1e-150)
        assert (found.weights >= 0).all() and np.isfinite(found.neuron).all()


@given(orders, st.integers(0, 20), seeds)
def test_where_no_neuron_is_allowed_the_bound_is_below_what_any_could_earn(order, count, seed):
    # -P_ii >= 0 for all i leaves nothing of trace 1.
    rng = np.random.default_rng(seed)
    first, second, _ = inequalities(rng, order, count)
    first, second = np.vstack([first, np.eye(order)]), np.vstack([second, -np.eye(order)])
    worth = worths(rng, order)[0]
    found = solved(worth, first, second)
    assert found.bound < 0 and (found.weights >= 0).all()
    assert solved(worth, first, second, 1e-3, 0.0).bound <= 0


@given(orders, st.integers(1, 40), seeds)
def test_rows_that_contradict_each_other_raise_nothing(order, count, seed):
    rng = np.random.default_rng(seed)
    first, second = (unit(rows) for rows in rng.standard_normal((2, count, order)))
    for worth in worths(rng, order):
        found = solved(worth, first, second, 1e-6, 0.0)
        assert_proven(worth, first, second, found)
        assert np.isfinite(found.neuron).all()


@pytest.mark.parametrize("works", [0, 1, 5])
@given(seed=seeds)
@settings(max_examples=5)
def test_a_step_that_fails_is_the_last(works, seed):
    rng = np.random.default_rng(seed)
    first, second, point = inequalities(rng, 5, 20)
    worth = worths(rng, 5)[0]
    left, true = [works], module._BarrierPoint.step

    def failing(at):
        left[0] -= 1
        if left[0] < 0:
            raise np.linalg.LinAlgError("singular")
        return true(at)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module._BarrierPoint, "step", failing)
        found = solved(worth, first, second)
    assert left[0] == -1
    assert_proven(worth, first, second, found)
    assert found.bound >= point @ worth @ point


@given(st.integers(1, 5), seeds, st.sampled_from([1e-17, 1e-13]))
def test_linear_systems_that_rounding_made_indefinite(order, seed, below):
    half = np.random.default_rng(seed).standard_normal((order, order))
    assume(np.linalg.cond(half) < 1e3)
    rotation = np.linalg.qr(half)[0]
    system = (rotation * np.linspace(1, 2, order)) @ rotation.T
    side = np.ones(order)
    np.testing.assert_allclose(system @ module._solved(module._factor(system), side), side, atol=1e-10)
    indefinite = (rotation * np.append(-below, np.ones(order - 1))) @ rotation.T
    if order > 1:
        assert np.isfinite(module._solved(module._factor(indefinite), side)).all()
    with pytest.raises(np.linalg.LinAlgError):
        module._factor(-system)
