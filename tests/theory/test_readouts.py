"""Readouts against their definitions: least squares, finite differences, brute force."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.optimize import minimize, minimize_scalar

from solver.strategies import problems, seeds
from theory import InputError, Problem, Sources, modularity
from theory.conditions import decide
from theory.readouts import Exact, Noisy, Readout, Soft, symmetric_root

GRID = [[i, j] for i in (-1, 0, 1) for j in (-1, 0, 1)]
BOX, WEIGHTS = [[0, 0], [0, 1], [1, 0], [1, 1]], [4, 1, 1, 4]


def drawn(seed, *, exact=False, rank=None):
    """A readout of three sources, a code and the generator."""
    rng = np.random.default_rng(seed)
    targets = rng.standard_normal((rank or rng.integers(1, 5), 3))
    half = rng.standard_normal((3, 3))
    ridge = None if exact else half @ half.T + 0.1 * np.eye(3)
    return Readout(targets, float(rng.uniform(0.1, 5)), ridge), rng.standard_normal((5, 3)), rng


@given(seeds, st.booleans())
def test_the_multiplier_is_minus_the_gradient_and_the_expansion_the_second_derivative(seed, exact):
    readout, weights, rng = drawn(seed, exact=exact)
    code, step = weights.T @ weights + np.eye(3), rng.standard_normal((3, 3))
    move = 1e-3 * (step + step.T)
    ahead, here, behind = (readout.value(code + sign * move) for sign in (1, 0, -1))
    inverse, multiplier = readout.expansion(code)
    np.testing.assert_allclose(multiplier, readout.multiplier(code), rtol=1e-9, atol=1e-12)
    assert (behind - ahead) / 2 == pytest.approx(np.vdot(multiplier, move), rel=1e-3, abs=1e-8)
    second = 2 * np.trace(move @ inverse @ move @ multiplier)
    assert ahead - 2 * here + behind == pytest.approx(second, rel=1e-2, abs=1e-9)


@given(seeds)
def test_the_best_size_of_a_code_has_the_digits_of_the_root(seed):
    """At its best size a code earns what it costs, also where the entries of G0 have lost what it is worth."""
    rng = np.random.default_rng(seed)
    root = np.linalg.qr(rng.standard_normal((4, 4)))[0] * 10.0 ** np.array([7, 4, 1, -1])
    readout = Readout(rng.standard_normal((2, 4)), 1.0, root @ root.T, ridge_root=root)
    weights = rng.standard_normal((3, 4))
    worth = np.vdot(weights, weights @ readout.multiplier(np.zeros((4, 4))))
    energy = rng.uniform(0.1, 0.9) * worth
    sized = weights * readout.rescaling(weights.T @ weights, energy)
    earned = np.vdot(sized, sized @ readout.multiplier(sized.T @ sized))
    assert earned == pytest.approx(energy * np.vdot(sized, sized) / np.vdot(weights, weights), rel=1e-8)
    inverse, _ = readout.expansion(sized.T @ sized)
    assert readout.leverage(sized) == pytest.approx(np.einsum("ni,ij,nj->n", sized, inverse, sized), rel=1e-12)


@given(seeds, st.floats(0.1, 1e3), st.floats(0, 2))
def test_the_value_is_the_best_decoder_by_least_squares(seed, error_cost, variance):
    """With noise drawn out of the formula: decoder weights cost error_cost times variance more."""
    rng = np.random.default_rng(seed)
    samples = rng.standard_normal((12, 2)) @ rng.standard_normal((2, 2))
    weights, targets = rng.standard_normal((3, 2)), rng.standard_normal((2, 2))
    problem = Problem(samples, decoder_cost=0.7, readout=Noisy(error_cost, variance, targets))
    centred = samples - samples.mean(axis=0)
    activity, wanted = centred @ weights.T, centred @ targets.T
    price = (0.7 + error_cost * variance) / error_cost
    root = np.vstack([activity / len(samples) ** 0.5, price**0.5 * np.eye(3)])
    decoder, *_ = np.linalg.lstsq(root, np.vstack([wanted / len(samples) ** 0.5, np.zeros((3, 2))]), rcond=None)
    missed = ((wanted - activity @ decoder) ** 2).sum() / len(samples)
    least = error_cost * missed + (0.7 + error_cost * variance) * (decoder**2).sum()
    code = weights.T @ weights
    assert problem.readout_cost(code) == pytest.approx(least, rel=1e-9)
    np.testing.assert_allclose(problem.readout.decoder(weights), decoder.T, rtol=1e-7, atol=1e-9)
    costs = problem.readout.costs_of(problem.readout.decoder(weights), weights)
    assert costs["decoder"] == pytest.approx(0.7 * (decoder**2).sum(), rel=1e-9)
    assert sum(costs.values()) == pytest.approx(least, rel=1e-9)


@given(seeds, st.floats(0.01, 100))
def test_the_best_size_of_a_code(seed, energy):
    readout, weights, _ = drawn(seed)
    code = weights.T @ weights
    factor = readout.rescaling(code, energy)
    least = minimize_scalar(lambda t: energy * np.exp(t) + readout.value(code * np.exp(t)), bounds=(-40, 40))
    assert energy * factor**2 + readout.value(code * factor**2) <= least.fun * (1 + 1e-9)


@given(seeds, st.floats(0.1, 10))
@example(8464160, 0.109375)
def test_the_dual_value_is_the_best_over_smaller_multipliers(seed, rho):
    readout, weights, _ = drawn(seed)
    root = symmetric_root(weights.T @ weights)
    shares = np.append(0, np.geomspace(1e-12, 1, 4001) / rho)
    gain = 2 * readout.decoder_cost**0.5 * np.linalg.svd(root @ readout.targets.T, compute_uv=False).sum()
    tried = gain * np.sqrt(shares) - shares * np.trace(root @ readout.ridge @ root.T)
    assert readout.dual_value(root, rho) >= max(tried.max(), 0) * (1 - 1e-12)
    assert readout.dual_value(root, rho) <= max(tried.max(), 0) + 1e-2 * gain


@given(problems(dimension=st.integers(2, 4)), st.floats(-5, 5).map(lambda power: 10**power))
def test_the_best_modular_code_is_the_best(problem, error_cost):
    soft = problem.replaced(readout=Soft(error_cost))
    costs, readout = soft.modular_costs, soft.readout
    unit = readout.natural_strengths(costs)

    def loss(shares):
        return float(costs @ (unit * shares)) + readout.value(np.diag(unit * shares))

    strengths = readout.modular_strengths(costs)
    assert (strengths >= 0).all() and soft.modular_loss == pytest.approx(loss(strengths / unit), rel=1e-12)
    for start in (np.full(len(unit), 0.01), np.ones(len(unit))):
        found = minimize(loss, start, bounds=[(0, None)] * len(unit), method="L-BFGS-B")
        assert soft.modular_loss <= found.fun * (1 + 1e-9)


@pytest.mark.parametrize("rows", [4, 8])
def test_no_modular_code_is_dearer_than_having_no_neurons(rows):
    """Where errors are cheap; what is proven optimal by the condition is so by its bound as well."""
    for seed in range(40):
        rng = np.random.default_rng(seed)
        problem = Problem(rng.uniform(-1, 1, (rows, 3)), readout=Soft(10 ** rng.uniform(-5, 1)))
        silent = problem.readout_cost(np.zeros((3, 3)))
        costs, strengths = problem.modular_costs, problem.readout.modular_strengths(problem.modular_costs)
        slope = costs - np.diag(problem.multiplier(np.diag(strengths)))
        assert problem.modular_loss <= silent * (1 + 1e-12)
        assert (slope >= -1e-6 * costs).all()
        # A loss that is known to sixteen digits is flat in eight of a strength.
        assert np.abs(slope * strengths).sum() <= 1e-7 * silent


def test_errors_of_any_price_that_is_a_number():
    for error_cost in 10.0 ** np.array([-140, -100, -30, 6, 12, 16]):
        problem = Problem([[0, 0], [0, 1], [3, 1], [2, 0]], readout=Soft(error_cost))
        silent = problem.readout_cost(np.zeros((2, 2)))
        exact = problem.replaced(readout=None).modular_loss
        assert problem.modular_loss <= min(silent, exact) * (1 + 1e-9)
    with pytest.raises(InputError, match=r"error_cost: 1e.20 is so much that errors of rounding alone"):
        Problem([[0, 0], [0, 1], [3, 1], [2, 0]], readout=Soft(1e20))


def test_the_order_in_which_sources_drop_out():
    """Uncorrelated: source i has a neuron where errors cost more than what one costs for its share of the variance."""
    wide = Sources.from_moments(
        np.diag([3.0, 1.0, 0.2]), np.array(np.meshgrid([-2, 2], [-2, 2], [-1, 1])).reshape(3, -1).T
    )
    for error_cost in np.geomspace(0.1, 1e3, 30):
        problem = Problem(wide, readout=Soft(error_cost))
        ridge = np.diag(problem.readout.ridge)
        kept = np.sqrt(problem.readout.demand / problem.modular_costs) > ridge
        assert len(problem.modular_weights) == kept.sum()
        assert decide(problem).modular


def test_the_kinds_that_cannot_be_are_refused():
    for readout, said in [
        (Soft(0), "error_cost: 0 is not positive"),
        (Soft(-1), "error_cost: -1 is not positive"),
        (Soft(float("nan")), "error_cost: nan is not finite"),
        (Soft("dear"), "error_cost: 'dear' is not a number"),
        (Soft(1e-300), "error_cost: 1e-300 is out of range"),
        (Soft(1e300), "error_cost: 1e.300 is out of range"),
        (Noisy(1, 1e300), "noise_variance: 1e.300 is out of range"),
        (Noisy(1e100, 1e100), "error_cost: 1e.100 is too far from the scale"),
        (Noisy(1, -0.5), "noise_variance: -0.5 is negative"),
        (Soft(1, [[1, 2, 3]]), "targets: shape .* does not fit 2 source"),
        (Soft(1, [[0, 0]]), "targets: all are zero"),
        (Soft(1, probabilities=[1, 2]), "where errors count, probabilities: 2 given for 4 samples"),
        (Soft(1, probabilities=[1, 1, 0, 0]), "where errors count, sources"),
        ("soft", "readout: expected one of"),
    ]:
        with pytest.raises(InputError, match=said):
            Problem(BOX, readout=readout).readout  # noqa: B018  # what it costs is asked for when it is needed


@pytest.mark.parametrize(
    ("readout", "cost", "said"),
    [
        (Soft(1, probabilities=[1, 1, 0, 0]), 1.0, "where errors count, sources"),
        (Soft(1, probabilities=[1, 1, 1, 1]), 0.0, "sample 3 has probability 0 but its error counts"),
    ],
)
def test_rectified_neurons_whose_errors_cannot_be_priced_are_refused_at_once(readout, cost, said):
    with pytest.raises(InputError, match=said):
        Problem(BOX, probabilities=[1, 1, 1, 0], readout=readout, encoder_cost=cost, activation="rectified")


def test_targets_that_are_the_data_change_nothing():
    given_targets = Problem(GRID, mixing=[[1, 0], [1, 1]], readout=Exact([[1, 0], [1, 1]]))
    usual = Problem(GRID, mixing=[[1, 0], [1, 1]])
    assert given_targets.modular_loss == pytest.approx(usual.modular_loss, rel=1e-14)
    assert decide(given_targets).rho == pytest.approx(decide(usual).rho, rel=1e-12)
    assert modularity(GRID).modular is True


@given(seeds, st.floats(4, 7))
def test_a_ridge_that_is_nearly_singular_costs_no_digits(seed, digits):
    """Against exact fractions. Where the root is not used six digits may be lost; with the ridge alone more are."""
    rng = np.random.default_rng(seed)
    root = rng.integers(-9, 10, size=(2, 2)) + 20 * np.eye(2)  # never singular
    root[:, 1] *= round(10**digits)
    targets, weights = rng.integers(-9, 10, size=(1, 2)) + 0.5, rng.integers(1, 9, size=(1, 2)) / 8
    readout = Readout(targets, 1.0, root @ root.T, ridge_root=root)
    (a, b), (c, d) = [[Fraction(entry) for entry in row] for row in root]
    (v, w), (x, y) = ([Fraction(entry) for entry in row[0]] for row in (weights, targets))
    h11, h12, h22 = a * a + b * b + v * v, a * c + b * d + v * w, c * c + d * d + w * w
    det = h11 * h22 - h12 * h12
    seen = np.array([(h22 * x - h12 * y) / det, (h11 * y - h12 * x) / det])
    value = float(seen @ [x, y])
    code, worth = weights.T @ weights, np.outer(seen, seen).astype(float)
    assert readout.value(code) == pytest.approx(value, rel=1e-9)
    for multiplier in (readout.multiplier(code), readout.expansion(code)[1]):
        assert np.abs(multiplier - worth).max() <= 1e-9 * np.abs(worth).max()
    assert readout.decoder(weights) == pytest.approx(np.array([[float(seen @ [v, w])]]), rel=1e-9)
