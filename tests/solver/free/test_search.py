"""Certified codes of free neurons, against closed forms and other minimisers."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize, minimize_scalar

from solver.free.loss import FreeLoss
from solver.free.search import FreeStep, modular_steps, steps
from tests.examples import plainly, share
from theory.neurons.sample_readout import SampleReadout

SEEDS = st.integers(0, 2**32 - 1)
GRID = np.array([(a, b) for a in range(-2, 3) for b in range(-2, 3)]) / np.sqrt(2)


def posed(X: np.ndarray, kappa: float, p: np.ndarray | None = None, alpha: float = 1.0, mu: float = 1.0) -> FreeLoss:
    p = np.full(len(X), 1 / len(X)) if p is None else p
    return FreeLoss(p, alpha, SampleReadout(X - p @ X, p, mu, kappa))


def last(found: Iterator[FreeStep]) -> FreeStep:
    *_, step = found
    return step


def solved(loss: FreeLoss, tolerance: float = 1e-8) -> FreeStep:
    step = last(steps(loss, tolerance=tolerance, rng=np.random.default_rng(0)))
    assert step.lower_bound <= step.loss
    assert step.loss - step.lower_bound <= tolerance * step.loss
    assert (step.activity >= 0).all()
    if len(step.neurons):
        np.testing.assert_allclose(loss.value(step.activity), step.loss, rtol=1e-12)
    return step


@pytest.mark.parametrize(("kappa", "wanted"), [(100.0, 5.616854249), (np.inf, 5.656854249)])
def test_the_five_by_five_grid(kappa: float, wanted: float) -> None:
    assert solved(posed(GRID, kappa)).loss == pytest.approx(wanted, abs=1e-9)


def test_modular_codes_of_the_grid_are_as_good() -> None:
    step = last(modular_steps(posed(GRID, 100.0), GRID, tolerance=1e-9, rng=np.random.default_rng(0)))
    assert step.loss == pytest.approx(5.616854249, abs=1e-8)
    assert sorted(step.views.tolist()) == [0, 0, 1, 1]


@pytest.mark.parametrize("seed", plainly(range(3), [0]))
def test_symmetric_sources_cost_what_pairs_of_opposite_neurons_do(seed: int) -> None:
    rng = np.random.default_rng(seed)
    half = rng.normal(size=(8, 2)) @ rng.normal(size=(2, 2))
    X = np.concatenate([half, -half])
    alpha, mu = 0.5, 2.0
    values = np.linalg.eigvalsh(X.T @ X / len(X))
    exact = 2 * np.sqrt(2 * alpha * mu) * np.sqrt(values).sum()
    np.testing.assert_allclose(solved(posed(X, np.inf, alpha=alpha, mu=mu)).loss, exact, rtol=2e-8)
    values = np.linalg.eigvalsh(X.T @ X / len(X))
    soft = 2 * np.sqrt(2) * np.sqrt(values).sum() - 2 * 2 / 500
    np.testing.assert_allclose(solved(posed(X, 500.0)).loss, soft, rtol=2e-8)


def on_and_off(x: np.ndarray, p: np.ndarray) -> tuple[float, float]:
    """The closed form of one target, and the offset that attains it."""

    def cost(b: float) -> float:
        return 2 * float(np.sqrt(p @ np.maximum(x - b, 0) ** 2) + np.sqrt(p @ np.maximum(b - x, 0) ** 2))

    inner = minimize_scalar(cost, bounds=(x.min(), x.max()), method="bounded", options={"xatol": 1e-12})
    tried = [(inner.fun, inner.x), (cost(x.min()), x.min()), (cost(x.max()), x.max())]
    return min(tried)


@share(2 / 3)
@given(SEEDS)
def test_one_target_is_coded_on_and_off(seed: int) -> None:
    rng = np.random.default_rng(seed)
    T = int(rng.integers(2, 12))
    x, p = rng.exponential(size=(T, 1)), rng.dirichlet(np.ones(T)) + 1e-3
    p /= p.sum()
    np.testing.assert_allclose(solved(posed(x, np.inf, p)).loss, on_and_off(x[:, 0], p)[0], rtol=2e-8)


@share(1 / 2)
@given(SEEDS)
def test_off_vanishes_if_and_only_if_silence_is_frequent(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = np.concatenate([[0.0], rng.exponential(size=6)])
    silent = rng.uniform(0.05, 0.95)
    p = np.concatenate([[silent], (1 - silent) * rng.dirichlet(np.ones(6))])
    threshold = (p @ x) ** 2 / (p @ x**2)
    if abs(silent - threshold) > 0.02:
        assert (on_and_off(x, p)[1] < 1e-6) == (silent > threshold)
        found = solved(posed(x[:, None], np.inf, p))
        off = float((found.neurons[found.neurons[:, 0] < 0] ** 2).sum())
        assert (off < 1e-4 * float((found.neurons**2).sum())) == (silent > threshold)


def test_one_uniform_source() -> None:
    found = solved(posed(np.linspace(-1, 1, 1001)[:, None], np.inf), 1e-9)
    assert found.loss == pytest.approx(2 * np.sqrt(2 / 3), rel=2e-3)
    assert len(found.neurons) == 2


@share(1 / 2)
@given(SEEDS, st.sampled_from([0.5, 5.0, 100.0]))
def test_no_descent_ends_below_the_bound(seed: int, kappa: float) -> None:
    rng = np.random.default_rng(seed)
    T, n = 7, 5
    X, p = rng.uniform(-1, 1, (T, 2)), rng.dirichlet(np.full(T, 3.0)) + 1e-2
    p /= p.sum()
    loss = posed(X, kappa, p)
    found = solved(loss)

    def cost(flat: np.ndarray) -> tuple[float, np.ndarray]:
        A = flat.reshape(T, n)
        N, V = loss.readout.multiplier(A), loss.readout.decoder(A)
        return loss.value(A), (2 * p[:, None] * A - N @ V.T).ravel()

    best = min(
        minimize(cost, rng.exponential(size=T * n), jac=True, method="L-BFGS-B", bounds=[(0, None)] * (T * n)).fun
        for _ in range(3)
    )
    assert best >= found.lower_bound * (1 - 1e-12)
    assert best <= found.loss * 1.02


def test_nobody_is_worth_having() -> None:
    found = solved(posed(GRID, 0.01))
    assert found.neurons.shape == (0, 2)
    assert found.activity.shape == (25, 0)
    assert solved(posed(np.ones((3, 2)), np.inf)).loss == 0


@pytest.mark.thorough
@pytest.mark.further
def test_modular_codes_cost_no_less_than_free_ones() -> None:
    corner = GRID[~((GRID > 0.5).all(axis=1))]
    loss = posed(corner, 100.0)
    free = solved(loss)
    modular = last(modular_steps(loss, corner, tolerance=1e-8, rng=np.random.default_rng(0)))
    both = last(modular_steps(loss, corner, tolerance=1e-8, rng=np.random.default_rng(0), groups=[[0, 1]]))
    assert modular.loss - modular.lower_bound <= 1e-8 * modular.loss
    assert modular.lower_bound > free.loss
    assert both.loss == pytest.approx(free.loss, rel=2e-8)
    for place, column in enumerate(corner.T):
        for value in np.unique(column):
            own = modular.activity[column == value][:, modular.views == place]
            np.testing.assert_allclose(own, own[:1].repeat(len(own), axis=0))


def test_free_activity_is_refused_where_errors_count() -> None:
    X, p = np.array([[0.0], [1.0], [-1.0]]), np.array([0.0, 0.5, 0.5])
    loss = FreeLoss(p, 1.0, SampleReadout(X, np.full(3, 1 / 3), 1.0, 1.0))
    with pytest.raises(ValueError, match="sample 0 has probability 0"):
        last(steps(loss, tolerance=1e-6, rng=np.random.default_rng(0)))
    assert solved(FreeLoss(p, 1.0, SampleReadout(X, p, 1.0, 100.0))).loss > 0


def test_unequal_weights_of_errors() -> None:
    rng = np.random.default_rng(3)
    X, p, q = rng.normal(size=(20, 2)), rng.dirichlet(np.ones(20)), rng.dirichlet(np.ones(20))
    q[:3] = 0
    q /= q.sum()
    found = solved(FreeLoss(p, 1.0, SampleReadout(X - q @ X, q, 1.0, 50.0)))
    assert (found.activity[:3] == 0).all()


@pytest.mark.thorough
@pytest.mark.parametrize("kappa", [100.0, np.inf])
@pytest.mark.parametrize(("T", "k"), [(200, 2), (60, 3), (200, 3)])
def test_hundreds_of_samples(T: int, k: int, kappa: float) -> None:
    solved(posed(np.random.default_rng(0).uniform(-1, 1, (T, k)), kappa), 1e-7)
