"""The bound of all free neurons' worth: true, and attained."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.free.cones import bounds, cover
from solver.free.loss import FreeLoss
from solver.free.pricing import largest_ratio, tops, worth
from solver.free.views import views_of_groups
from theory.neurons.sample_readout import SampleReadout

SEEDS = st.integers(0, 2**32 - 1)


def rows(seed: int, k: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    T = int(rng.integers(1, 30))
    drawn = [rng.normal(size=(T, k)), rng.integers(-1, 2, (T, k)).astype(float), rng.standard_cauchy((T, k))]
    return drawn[int(rng.integers(3))] * 10.0 ** rng.integers(-3, 4)


def everywhere(seed: int, k: int, count: int = 3000) -> np.ndarray:
    u = np.random.default_rng(seed).normal(size=(count, k))
    return u / np.linalg.norm(u, axis=1, keepdims=True)


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.integers(1, 4))
def test_no_direction_is_worth_more_than_the_bound(seed: int, k: int) -> None:
    Z = rows(seed, k)
    bound, directions = tops(Z, tolerance=1e-3 if k == 4 else 1e-9, seconds=0.5)
    assert worth(Z, everywhere(seed + 1, k)).max() <= bound
    if len(directions):
        np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1)
        assert worth(Z, directions).max() <= bound


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_arcs_and_cones_agree(seed: int) -> None:
    Z = rows(seed, 2)
    size = np.abs(Z).max()
    if size == 0 or np.linalg.matrix_rank(Z) < 2:
        return
    bound, directions = tops(Z, tolerance=1e-9, seconds=1.0)
    np.testing.assert_allclose(worth(Z, directions).max(), bound, rtol=1e-7)
    np.testing.assert_allclose(cover(Z / size, tolerance=1e-10, seconds=1.0)[0] * size, bound, rtol=1e-7)


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.integers(2, 4))
def test_the_bound_of_a_cone_holds_in_the_cone(seed: int, k: int) -> None:
    Z = rows(seed, k)
    rng = np.random.default_rng(seed)
    corners = np.eye(k) + 0.8 * rng.uniform(-1, 1, (k, k)) / k
    corners /= np.linalg.norm(corners, axis=1, keepdims=True)
    inside = rng.exponential(size=(500, k)) @ corners
    inside /= np.linalg.norm(inside, axis=1, keepdims=True)
    assert (worth(Z, inside) ** 2).max() <= bounds(Z, corners[None])[0][0] * (1 + 1e-12)


def cells(Z: np.ndarray) -> float:
    """The top over the sphere of three axes, cell by cell: every vertex of the arrangement, great arc and cell."""
    best = 0.0
    signs = {tuple(row) for row in (everywhere(0, 3, 40000) @ Z.T > 0)}
    for sign in signs:
        values, vectors = np.linalg.eigh(Z[list(sign)].T @ Z[list(sign)])
        for u in (vectors[:, -1], -vectors[:, -1]):
            best = max(best, float(worth(Z, u[None])[0]))
        assert values[-1] >= 0
    return best


@pytest.mark.parametrize("seed", range(4))
def test_three_targets_are_those_of_enumeration(seed: int) -> None:
    Z = np.random.default_rng(seed).normal(size=(12, 3))
    np.testing.assert_allclose(tops(Z, tolerance=1e-9, seconds=2.0)[0], cells(Z), rtol=1e-8)


def test_directions_that_all_tie_are_proven_to_tie() -> None:
    turned = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    bound, _ = cover(np.vstack([turned, -turned]), tolerance=1e-9, seconds=20.0)
    assert 1 - 1e-12 <= bound <= 1 + 1e-8  # |(Y u)_+| = |u|, whatever u


def test_activity_free_of_charge_is_worth_everything() -> None:
    p = np.array([0.0, 0.5, 0.5])
    readout = SampleReadout(np.array([[0.0], [-1.0], [1.0]]), np.full(3, 1 / 3), 1.0, 10.0)
    assert largest_ratio(FreeLoss(p, 1.0, readout), readout.targets, tolerance=1e-9, seconds=1.0).rho < 0.7072
    N = np.array([[1.0], [-0.5], [-0.5]])
    assert largest_ratio(FreeLoss(p, 1.0, readout), N, tolerance=1e-9, seconds=1.0).rho == np.inf


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_no_activity_is_worth_more_than_the_ratio(seed: int) -> None:
    rng = np.random.default_rng(seed)
    T = 10
    p, mu, alpha = rng.dirichlet(np.ones(T)), 0.7, 1.3
    sources = rng.integers(0, 3, (T, 2)).astype(float)
    N = rng.normal(size=(T, 2))
    N -= N.mean(axis=0)
    loss = FreeLoss(p, alpha, SampleReadout(N, np.full(T, 1 / T), mu, 10.0))
    for views in (None, views_of_groups(sources, p)):
        rho = largest_ratio(loss, N, tolerance=1e-9, seconds=1.0, views=views).rho
        for _ in range(50):
            if views is None:
                a = np.maximum(N @ rng.normal(size=2) / p + 0.1 * rng.normal(size=T), 0)
            else:
                view = views[int(rng.integers(2))]
                a = rng.exponential(size=len(view.probabilities))[view.labels]
            assert np.linalg.norm(N.T @ a) <= 2 * rho * np.sqrt(mu * alpha * (p @ a**2)) * (1 + 1e-12)


def test_rows_along_the_same_lines_do_not_lower_the_bound() -> None:
    """Ends of arcs that coincide once lost a row, and the bound with it."""
    rng = np.random.default_rng(5)
    for _ in range(200):
        Z = rng.integers(-2, 3, (int(rng.integers(1, 25)), 2)).astype(float)
        if Z.any():
            bound, directions = tops(Z, tolerance=1e-9, seconds=1.0)
            assert worth(Z, everywhere(1, 2)).max() <= bound
            np.testing.assert_allclose(worth(Z, directions).max(), bound, rtol=1e-8)
