"""The answer is the global optimum: held against codes, bounds and conic programs found without the solver."""

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import ConvexHull

from solver import certify, lower_bound, solve
from solver.strategies import clouds, orthogonal, problems, seeds
from tests.examples import plainly, share
from tests.properties import naive
from theory import Problem, modularity

ROUNDING = 1e-9
TOLERANCE = 1e-8


def design_bracket(problem, count=720):
    """Bounds on the optimal loss for two sources, from an A-optimal design on a grid of neuron directions.

    The grid contains the facet normals of the hull, so that the support function is linear between neighbours and
    w'Y w <= rho f(w) can be checked for all directions between them entry by entry.
    """
    scale = 1 / np.sqrt(problem.modular_costs)
    facets = -ConvexHull(naive.centred(problem) * scale).equations[:, :2]
    angles = np.concatenate([np.linspace(-np.pi, np.pi, count + 1), np.arctan2(facets[:, 1], facets[:, 0])])
    angles = np.unique(angles)
    units = np.column_stack([np.cos(angles), np.sin(angles)]) * scale
    units /= np.sqrt(naive.cost(problem, units))[:, None]
    energies = cp.Variable(len(units), nonneg=True)
    # In these coordinates the modular code has G = identity, up to a factor.
    whitened = units / scale
    design = whitened.T @ cp.diag(energies) @ whitened
    channels = problem.mixing / scale
    price = problem.decoder_cost / problem.modular_loss**2
    cp.Problem(cp.Minimize(cp.sum(energies) + price * cp.matrix_frac(channels.T, design))).solve(solver=cp.CLARABEL)
    weights = naive.balanced(problem, units * np.sqrt(np.maximum(energies.value, 0))[:, None])
    worth = naive.multiplier(problem, weights)
    after = np.roll(units, -1, axis=0)
    height, matrix = naive.support(problem, units), naive.energy_matrix(problem)
    own = np.einsum("ni,ij,nj->n", units, worth, units)
    mixed_worth = np.einsum("ni,ij,nj->n", units, worth, after)
    mixed_cost = np.einsum("ni,ij,nj->n", units, matrix, after) + height * np.roll(height, -1)
    assert (mixed_cost > 0).all()
    rho = max(own.max(), (mixed_worth / mixed_cost).max())
    return 2 * naive.readout(problem, weights) / rho**0.5, naive.loss(problem, weights)


@pytest.mark.thorough
@given(problems(dimension=2))
@share(1 / 2)
def test_two_sources_agree_with_a_design_on_a_grid_of_directions(problem):
    lower, upper = design_bracket(problem)
    assert upper / lower - 1 < 1e-3, "the grid is too coarse to say anything"
    answer = solve(problem)
    assert lower * (1 - ROUNDING) <= answer.loss <= upper * (1 + ROUNDING)
    assert answer.lower_bound <= upper * (1 + ROUNDING)


@pytest.mark.parametrize("seed", plainly(range(3), [0]))
def test_three_sources_agree_with_the_conic_program(seed):
    # sum_v A_v X_v A_v' with X_v positive semidefinite and entrywise nonnegative: exact up to four sources.
    rng = np.random.default_rng(seed)
    problem = Problem(rng.standard_normal((6, 3)), mixing=rng.standard_normal((4, 3)), encoder_cost=0.3)
    fan = problem.sources.fan
    pieces = [cp.Variable((3, 3), PSD=True) for _ in range(len(fan))]
    corners = [fan.generators[cone].T for cone in fan.cones]
    code = sum(corner @ piece @ corner.T for corner, piece in zip(corners, pieces, strict=True))
    heights = [fan.vertices[v] @ corner for v, corner in zip(fan.vertex_of_cone, corners, strict=True)]
    bias = sum(height @ piece @ height for height, piece in zip(heights, pieces, strict=True))
    cost = cp.trace(naive.energy_matrix(problem) @ code) + bias + cp.matrix_frac(problem.mixing.T, code)
    program = cp.Problem(cp.Minimize(cost), [piece >= 0 for piece in pieces])
    optimum = program.solve(solver=cp.CLARABEL)
    assert solve(problem).loss == pytest.approx(optimum, rel=1e-6)


@given(problems())
def test_every_answer_is_optimal_and_certified(problem):
    answer = solve(problem)
    assert answer.status == "optimal"
    assert answer.gap <= TOLERANCE
    assert answer.lower_bound <= answer.loss
    assert answer.loss <= answer.modular_loss * (1 + ROUNDING)
    assert answer.price_of_modularity >= 0
    certificate = certify(problem, answer)
    assert certificate.feasible and certificate.exact
    assert certificate.gap <= 2 * TOLERANCE


@given(seeds, st.integers(2, 5), st.floats(0, 5), st.floats(-3, 3), st.booleans())
@share(1 / 2)
def test_sources_as_correlated_as_measurements_are_solved_like_others(seed, dimension, digits, cost, scaled):
    rng = np.random.default_rng(seed)
    stretch = 10.0 ** -np.linspace(0, digits, dimension) * orthogonal(rng, dimension)
    points = rng.standard_t(3, size=(rng.integers(dimension + 2, 120), dimension)) @ stretch.T
    units = 10.0 ** rng.uniform(-3, 3, size=dimension) if scaled else 1.0
    problem = Problem(points * units, encoder_cost=10.0**cost)
    answer = solve(problem)
    assert answer.status == "optimal", answer.message
    certificate = certify(problem, answer)
    assert certificate.feasible and certificate.exact and certificate.gap <= 2 * TOLERANCE


@given(problems(), seeds)
def test_weak_duality_holds_for_any_multiplier(problem, seed):
    rng = np.random.default_rng(seed)
    best = solve(problem).loss
    half = rng.standard_normal((problem.dimension, problem.dimension)) * np.sqrt(problem.modular_costs)
    for multiplier in (half.T @ half, half + half.T, -half.T @ half, np.outer(half[0], half[0]), problem.energy_matrix):
        bound = lower_bound(problem, multiplier)
        assert 0 <= bound.value <= best * (1 + ROUNDING)
        assert bound.rho >= naive.ratio(problem, bound.multiplier, naive.directions(problem, 500)).max() - ROUNDING


@given(problems(), seeds)
def test_no_code_of_any_size_beats_the_bound(problem, seed):
    answer = solve(problem)
    rng = np.random.default_rng(seed)
    for extra in (0, 3, 12):
        code = naive.directions(problem, problem.dimension + extra, seed=int(rng.integers(2**32)))
        assert naive.loss(problem, naive.balanced(problem, code)) >= answer.lower_bound * (1 - ROUNDING)
        stirred = answer.source_weights + 0.03 * np.abs(answer.source_weights).max() * rng.standard_normal(
            answer.source_weights.shape
        )
        if np.linalg.matrix_rank(stirred) == problem.dimension:
            assert naive.loss(problem, stirred) >= answer.lower_bound * (1 - ROUNDING)


@given(problems())
def test_at_an_optimal_code_no_neuron_earns_more_than_it_costs(problem):
    answer = solve(problem)
    worth = naive.multiplier(problem, answer.source_weights)
    # A relative gap of eps leaves ratios up to 1 + 2 eps.
    assert naive.ratio(problem, worth, naive.directions(problem, 10_000)).max() <= 1 + 4 * TOLERANCE
    # Complementary slackness: those that are used earn exactly what they cost. Faint neurons need not, quite.
    earned = np.einsum("ni,ij,nj->n", answer.source_weights, worth, answer.source_weights)
    surplus = earned - naive.cost(problem, answer.source_weights)
    assert np.abs(surplus).max() <= 1e-5 * answer.loss
    assert abs(surplus.sum()) <= 1e-9 * answer.loss


@given(problems(), seeds)
def test_a_code_that_is_not_optimal_has_a_neuron_worth_adding(problem, seed):
    best = solve(problem)
    code = naive.directions(problem, problem.dimension + 2, seed=seed)
    code = naive.balanced(problem, code)
    worth = naive.multiplier(problem, code)
    excess = naive.loss(problem, code) / best.loss
    bound = lower_bound(problem, worth)
    # Strong duality from both ends: the worst neuron must earn at least (loss / loss*)^2 of its cost ...
    assert naive.ratio(problem, worth, bound.worst_neuron[None])[0] >= excess**2 * (1 - 1e-7)
    # ... and by convexity one of the optimal neurons earns more than it costs.
    if excess > 1 + 1e-6:
        assert naive.ratio(problem, worth, best.source_weights).max() > 1


@given(problems(dimension=2, of=clouds))
def test_the_modular_code_of_a_generic_cloud_is_beaten(problem):
    verdict = modularity(problem.sources, mixing=problem.mixing, encoder_cost=problem.encoder_cost)
    if verdict.modular:  # for a strongly mixed gram the axes may still be best; a cloud of few points may be a box
        return
    modular = solve(problem, method="modular")
    assert modular.loss == pytest.approx(problem.modular_loss, rel=1e-12)
    assert modular.modular
    assert modular.lower_bound <= solve(problem).loss * (1 + ROUNDING)
    worth = naive.multiplier(problem, modular.source_weights)
    assert naive.ratio(problem, worth, verdict.witness[None])[0] > 1


# ---- invariances ----------------------------------------------------------------------------------------------


def posed(problem, points=None, **changes):
    """A copy of the problem with some arguments replaced."""
    given_as = {
        "mixing": problem.mixing,
        "probabilities": problem.sources.probabilities,
        "encoder_cost": problem.encoder_cost,
        "decoder_cost": problem.decoder_cost,
    }
    return Problem(problem.sources.points if points is None else points, **(given_as | changes))


def assert_same_loss(problem, *others, factor=1.0):
    loss = factor * solve(problem).loss
    for other in others:
        assert solve(other).loss == pytest.approx(loss, rel=2 * TOLERANCE)


@given(problems(), seeds)
@share(1 / 2)
def test_the_order_of_the_samples_does_not_matter(problem, seed):
    order = np.random.default_rng(seed).permutation(problem.sources.count)
    weights = problem.sources.probabilities
    shuffled = posed(problem, problem.sources.points[order], probabilities=None if weights is None else weights[order])
    first, second = solve(problem), solve(shuffled)
    assert second.loss == pytest.approx(first.loss, rel=2 * TOLERANCE)
    scale = np.sqrt(problem.modular_costs)
    # The matrix G of the code is unique; which neurons make it up need not be.
    codes = first.source_weights, second.source_weights
    unique, again = (code.T @ code * np.outer(scale, scale) for code in codes)
    assert np.abs(unique - again).max() <= 1e-3 * np.abs(unique).max()


@given(problems(), seeds)
@share(1 / 2)
def test_names_and_signs_of_the_sources_do_not_matter(problem, seed):
    rng = np.random.default_rng(seed)
    order = rng.permutation(problem.dimension)
    sign = rng.choice([-1.0, 1.0], size=problem.dimension)
    other = posed(problem, problem.sources.points[:, order] * sign, mixing=problem.mixing[:, order] * sign)
    assert_same_loss(problem, other)
    assert other.modular_loss == pytest.approx(problem.modular_loss, rel=1e-12)
    one, two = (
        modularity(p.sources, mixing=p.mixing, encoder_cost=p.encoder_cost, decoder_cost=p.decoder_cost)
        for p in (problem, other)
    )
    if abs(one.margin) > 1e-6:
        assert one.modular == two.modular
    assert one.margin == pytest.approx(two.margin, rel=1e-5, abs=1e-6)


@given(problems(), seeds)
@share(1 / 2)
def test_units_of_the_sources_undone_by_the_mixing_do_not_matter(problem, seed):
    units = 10.0 ** np.random.default_rng(seed).uniform(-4, 4, size=problem.dimension)
    other = posed(problem, problem.sources.points * units, mixing=problem.mixing / units)
    assert_same_loss(problem, other)
    assert other.modular_loss == pytest.approx(problem.modular_loss, rel=1e-9)


@given(problems(), seeds)
@share(1 / 2)
def test_the_loss_depends_on_the_data_alone_not_on_what_is_called_a_source(problem, seed):
    rng = np.random.default_rng(seed)
    recoding = orthogonal(rng, problem.dimension) * rng.uniform(0.5, 2, size=problem.dimension)
    recoded = posed(problem, problem.sources.points @ recoding, mixing=problem.mixing @ np.linalg.inv(recoding).T)
    assert_same_loss(problem, recoded)


@given(problems(), seeds)
@share(1 / 2)
def test_rotating_the_data_does_not_matter(problem, seed):
    rotation = orthogonal(np.random.default_rng(seed), len(problem.mixing))
    assert_same_loss(problem, posed(problem, mixing=rotation @ problem.mixing))


@given(problems(), seeds)
@share(1 / 2)
def test_repeating_every_sample_or_moving_them_together_does_not_matter(problem, seed):
    points, weights = problem.sources.points, problem.sources.probabilities
    twice = posed(problem, np.vstack([points, points]), probabilities=None if weights is None else np.tile(weights, 2))
    offset = np.random.default_rng(seed).integers(-1000, 1000, size=problem.dimension)
    assert_same_loss(problem, twice, posed(problem, points + offset))


@given(problems(), seeds)
@share(1 / 2)
def test_samples_without_weight_inside_the_hull_do_not_matter_and_outside_never_help(problem, seed):
    points, count = problem.sources.points, problem.sources.count
    weights = np.ones(count) if problem.sources.probabilities is None else problem.sources.probabilities
    inside = np.random.default_rng(seed).dirichlet(np.ones(count), size=2) @ points
    silent = np.concatenate([weights, [0, 0]])
    loss, within = solve(problem).loss, posed(problem, np.vstack([points, inside]), probabilities=silent)
    assert solve(within).loss == pytest.approx(loss, rel=2 * TOLERANCE)
    outside = 2 * points[:2] - inside
    wider = posed(problem, np.vstack([points, outside]), probabilities=silent)
    assert solve(wider).loss >= loss * (1 - 2 * TOLERANCE)


@given(problems())
@share(1 / 2)
def test_the_loss_is_homogeneous_in_costs_and_units(problem):
    dearer = posed(problem, decoder_cost=9 * problem.decoder_cost)
    rescaled = posed(
        problem,
        4 * problem.sources.points,
        encoder_cost=16 * problem.encoder_cost,
        decoder_cost=9 * problem.decoder_cost / 16,
    )
    assert_same_loss(problem, dearer, rescaled, factor=3.0)


@given(problems())
@share(1 / 2)
def test_the_loss_rises_with_the_encoder_cost_and_is_concave_in_it(problem):
    low, middle, high = (solve(posed(problem, encoder_cost=problem.encoder_cost * r)).loss for r in (1, 2, 3))
    assert low <= middle * (1 + TOLERANCE)
    assert middle <= high * (1 + TOLERANCE)
    assert middle >= (low + high) / 2 * (1 - 2 * TOLERANCE)
