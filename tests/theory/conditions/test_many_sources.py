"""Beyond five sources: what is proven is true, and what is true of boxes is proven."""

from itertools import product

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from solver import solve
from solver.strategies import boxes, mixing_from, problems, seeds
from tests.properties import naive
from theory import Problem, modularity
from theory.conditions.many_sources import has_all_corners, proven_ratio

ROUNDING = 1e-9


def corners(dimension):
    return np.array(list(product([-1.0, 1.0], repeat=dimension)))


def multiplier_of_modular(problem):
    return naive.multiplier(problem, problem.modular_weights)


@given(problems(dimension=st.integers(1, 4)), seeds)
def test_a_proven_ratio_is_never_below_the_exact_one(problem, seed):
    half = np.random.default_rng(seed).standard_normal((problem.dimension, problem.dimension))
    half *= np.sqrt(problem.modular_costs)
    for worth in (half.T @ half, half + half.T, multiplier_of_modular(problem)):
        exact = problem.pricing.maximise(worth).rho
        assert proven_ratio(problem, worth)[0] >= exact - ROUNDING * abs(exact)


@given(problems(dimension=st.integers(2, 4), of=boxes))
def test_boxes_seen_without_mixing_are_proven_modular_whatever_the_correlations(problem):
    plain = Problem(problem.sources, encoder_cost=problem.encoder_cost)
    rho, proof = proven_ratio(plain, multiplier_of_modular(plain))
    assert rho == pytest.approx(1, abs=1e-12)
    assert "range independence" in proof or "without a bias" in proof


@given(seeds)
def test_a_mixing_can_undo_range_independence_and_the_proof_knows(seed):
    rng = np.random.default_rng(seed)
    weights = rng.random(64) + 0.01
    problem = Problem(corners(6), mixing=mixing_from(rng, 6), probabilities=weights, encoder_cost=rng.uniform(0.1, 3))
    verdict = modularity(corners(6), mixing=problem.mixing, probabilities=weights, encoder_cost=problem.encoder_cost)
    ratio = naive.ratio(problem, multiplier_of_modular(problem), naive.directions(problem, 20_000)).max()
    assert ratio <= verdict.rho * (1 + ROUNDING)
    if ratio > 1 + 1e-6:
        assert verdict.modular is not True


CUT = corners(6)[(corners(6)[:, 0] < 0) | (corners(6)[:, 1] < 0)]
ROTATION = np.linalg.qr(np.random.default_rng(0).standard_normal((7, 7)))[0]
WEIGHTS = [np.random.default_rng(seed).random(2**dimension) for seed, dimension in ((0, 6), (0, 7), (1, 7))]


@pytest.mark.parametrize(
    ("rows", "options", "modular"),
    [
        pytest.param(corners(6), {"probabilities": WEIGHTS[0]}, True, id="box of 6"),
        pytest.param(corners(7), {"probabilities": WEIGHTS[1]}, True, id="box of 7"),
        pytest.param(corners(7), {"mixing": ROTATION, "probabilities": WEIGHTS[2]}, True, id="rotated box"),
        pytest.param(corners(6), {"mixing": np.eye(6) + 3 * np.eye(6, k=1)}, False, id="mixed box"),
        pytest.param(CUT, {}, False, id="box without a corner"),
        pytest.param(np.random.default_rng(0).standard_normal((200, 20)), {}, False, id="twenty sources"),
    ],
)
def test_many_sources_are_decided_with_a_proof_or_a_witness(rows, options, modular):
    verdict, problem = modularity(rows, **options), Problem(rows, **options)
    assert verdict.modular is modular
    if modular:
        assert verdict.price_bound == 0
        return
    assert naive.ratio(problem, multiplier_of_modular(problem), verdict.witness[None])[0] > 1
    assert naive.support(problem, verdict.witness[None])[0] ** 2 < verdict.witness @ verdict.F @ verdict.witness
    assert verdict.margin < 0 < verdict.price_bound


def test_a_box_with_a_silent_corner_ties():
    # The covariance is then as far from zero as a box allows, -C_12 = lower_1 lower_2.
    problem = Problem(corners(2) * [1.4, 0.9] + [0.6, 0.1], probabilities=[2, 3, 4, 0])
    assert proven_ratio(problem, multiplier_of_modular(problem))[0] == pytest.approx(1, abs=1e-12)


SKEW = Problem(
    corners(2),
    probabilities=[2, 3, 2, 2],
    mixing=[[0.82521914, -1.22801789], [0.76374782, 0.816795]],
    encoder_cost=7.4017373,
    decoder_cost=0.72413944,
)
"""Mixed, and proven optimal by the orthants of the box alone; in two of them the multiplier ties with the cost."""


@given(seeds, st.floats(1e-16, 1e-14))
@example(0, 0.0)
def test_rounding_of_a_multiplier_that_ties_does_not_matter(seed, share):
    multiplier = solve(SKEW).multiplier
    off = np.random.default_rng(seed).uniform(-share, share, (2, 2))
    assert proven_ratio(SKEW, multiplier * (1 + off + off.T))[0] == pytest.approx(1, abs=1e-12)


def test_corners():
    assert has_all_corners(corners(3))
    assert not has_all_corners(corners(3)[1:])
    assert not has_all_corners(np.vstack([corners(3)[1:], corners(3)[1:]]))
    assert not has_all_corners(np.zeros((70, 70)))


@pytest.mark.thorough
def test_few_samples_of_six_sources_are_decided_on_the_faces_of_the_hull():
    # Pairs whose two opposite corners are cut a little: modular, but no box, and not without a bias.
    pair = np.array([[-1, -1], [1, 1], [-0.9, 1], [-1, 0.9], [0.9, -1], [1, -0.9]])
    shape = [len(pair)] * 3
    points = np.hstack([pair[index.ravel()] for index in np.indices(shape)])
    verdict = modularity(points)
    assert modularity(pair).modular is True
    assert verdict.modular is True and "faces" in verdict.reason
    problem = Problem(points)
    reach = naive.ratio(problem, multiplier_of_modular(problem), naive.directions(problem, 20_000)).max()
    assert reach <= 1 + ROUNDING


@given(seeds)
def test_the_margin_of_a_mixed_verdict_is_met_by_its_witness(seed):
    problem = Problem(np.random.default_rng(seed).standard_normal((12, 6)))
    verdict = modularity(problem.sources)
    assert verdict.modular is False
    slack = (
        problem.neuron_cost(verdict.witness)[0]
        - verdict.witness @ (verdict.F + problem.energy_matrix) @ verdict.witness
    )
    units = np.abs(verdict.witness) * np.sqrt(problem.modular_costs)
    assert slack == pytest.approx(verdict.margin * (units.sum() ** 2 - units @ units))
