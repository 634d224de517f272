"""Which neurons other optimal codes have: known cases, and every claim tried against codes built by hand."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import milp, nnls

from solver import Problem, certify, solve
from solver.ambiguity import optimal_codes, sentence
from solver.ambiguity.canonical import chosen_code
from solver.ambiguity.touching_neurons import touching_neurons
from solver.strategies import problems
from tests.examples import share
from theory.readouts import Exact, Soft

SQUARE = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
TURNS = 2 * np.pi * np.arange(12) / 12
RING = np.array([[np.cos(a), np.sin(a), np.cos(a - b), np.sin(a - b)] for a in TURNS for b in TURNS[:4]])


def polygon(corners):
    return np.array([[np.cos(a), np.sin(a)] for a in 2 * np.pi * np.arange(corners) / corners])


def seen_through(product):
    """The corners of a square, seen through a mixing whose columns have this product and length one, for no encoder."""
    return Problem(SQUARE, mixing=np.linalg.cholesky([[1, product], [product, 1]]).T, encoder_cost=0)


def earned(problem, weights, neurons):
    """What neurons earn for their cost at the multiplier of a code."""
    multiplier = problem.multiplier(weights.T @ weights)
    return np.einsum("ni,ij,nj->n", neurons, multiplier, neurons) / problem.neuron_cost(neurons)


def energies_of(code, neurons, chosen):
    """The energies with which some neurons make G, and what they miss of it."""
    columns = np.array([np.outer(neurons[i], neurons[i]).ravel() for i in chosen]).T
    gram = (code.T @ code).ravel()
    energies, missed = nnls(columns, gram)
    return energies, missed / np.linalg.norm(gram)


def require_true(answer, found):
    """Everything that is said, tried."""
    problem, weights = answer.problem, answer.source_weights
    if len(found.neurons):
        np.testing.assert_allclose(problem.neuron_cost(found.neurons), 1, rtol=1e-9)
        np.testing.assert_allclose(earned(problem, weights, found.neurons), 1, rtol=1e-8)
        if found.mirrored.any():
            np.testing.assert_allclose(problem.neuron_cost(-found.neurons[found.mirrored]), 1, rtol=1e-9)
    for extremes in found.continua:
        drawn = np.random.default_rng(0).exponential(size=(20, len(extremes))) @ extremes
        np.testing.assert_allclose(earned(problem, weights, drawn), 1, rtol=1e-7)
    least, most = found.fewest_bounds
    assert problem.readout.least_neurons <= least <= most <= len(answer) or not len(answer)
    if found.unique is not None and not found.continua:
        assert (found.least <= found.most * (1 + 1e-9)).all()
        assert found.unique == bool(np.allclose(found.least, found.most, rtol=1e-6))
        assert found.least.sum() * (1 - 1e-7) <= answer.neuron_costs.sum() <= found.most.sum() * (1 + 1e-7)
    if found.unique:
        assert found.fewest == len(answer) == len(found.neurons)
        np.testing.assert_allclose(np.sort(found.most), np.sort(answer.neuron_costs), rtol=1e-6)


@pytest.mark.parametrize(
    ("corners", "unique", "neurons", "fewest", "mirrored"),
    [
        (3, True, 3, 3, False),
        (5, False, 5, 3, False),
        (6, True, 3, 3, True),
        (8, False, 4, 2, True),
        (12, False, 6, 2, True),
    ],
)
def test_a_regular_polygon_has_a_neuron_for_each_side(corners, unique, neurons, fewest, mirrored):
    # G is a multiple of the identity, and neurons w(a) along the normals of the sides add up to it if the points at
    # 2 a average to zero: any two at right angles, or three around the middle.
    answer = solve(Problem(polygon(corners), encoder_cost=1e-3))
    found = answer.ambiguity()
    require_true(answer, found)
    assert (found.unique, len(found.neurons), found.fewest) == (unique, neurons, fewest)
    assert len(answer) == fewest and found.mirrored.tolist() == [mirrored] * neurons
    assert found.essential.sum() == (neurons if unique else 0)
    whole = answer.neuron_costs.sum()
    if corners in (8, 12):
        np.testing.assert_allclose(found.most, whole / 2, rtol=1e-9)
        np.testing.assert_allclose(found.least, 0, atol=1e-9)


def test_a_square_is_modular_up_to_signs_and_a_corner_of_it_has_three_neurons():
    square, cut = solve(Problem(SQUARE)), solve(Problem(SQUARE[:3]))
    assert square.ambiguity().unique and square.ambiguity().mirrored.all()
    assert "up to sign" in sentence(square.ambiguity())
    assert cut.ambiguity().unique and not cut.ambiguity().mirrored.any() and cut.ambiguity().fewest == 3
    assert sentence(cut.ambiguity()) in str(cut)


def test_at_the_threshold_a_continuum_touches_that_no_code_uses_and_beyond_it_one_that_codes_do():
    # F = Y - M has the entries 1, 1 and 2 k12: h(w)^2 - w'Fw = (2 - 4 k12) w1 w2 where both have one sign.
    below, at, beyond = (solve(seen_through(product)) for product in (0.49, 0.5, 0.6))
    assert below.ambiguity().unique and at.ambiguity().unique
    assert at.modular and at.ambiguity().continua == () and at.ambiguity().fewest == 2
    inside = touching_neurons(at.problem.canonical, at.source_weights)
    assert len(inside.continua) == 1
    found = beyond.ambiguity()
    require_true(beyond, found)
    assert found.unique is False and not beyond.modular and len(found.continua) == 1 and len(beyond) == 2
    # Any rotation between the neurons of a code keeps G; those that stay in the quadrant are other optimal codes.
    turn = np.array([[np.cos(0.05), np.sin(0.05)], [-np.sin(0.05), np.cos(0.05)]])
    others = [turn @ beyond.source_weights, turn.T @ beyond.source_weights]
    assert min(beyond.problem.loss(other) for other in others) == pytest.approx(beyond.loss, rel=1e-12)
    assert "continuum" in sentence(found)


def test_neurons_silent_at_one_sample_make_a_continuum():
    # Most samples at the origin: all neurons may be silent there, and only G is determined.
    answer = solve(Problem([[0, 0], [1, 0], [0, 1], [1, 0]], probabilities=[1, 1, 1, 3]))
    found = answer.ambiguity()
    require_true(answer, found)
    assert found.unique is False and len(found.continua) == 1 and found.fewest == len(answer) == 2


@pytest.mark.thorough
def test_the_ring_needs_six_of_sixty_neurons_and_none_for_certain():
    answer = solve(Problem(RING))
    assert answer.loss == pytest.approx(12.1512805726, abs=1e-9)
    found = answer.ambiguity()
    require_true(answer, found)
    # Each with its mirror image: 120, of which sixty row orders once gave 87.
    assert (found.unique, len(found.neurons), found.mirrored.all(), found.fewest) == (False, 60, True, 6)
    assert not found.essential.any() and len(answer) == 6
    assert "60 different ones" in str(answer) and "none is in every optimal code" in str(answer)
    shuffled = solve(Problem(np.random.default_rng(0).permutation(RING)))
    np.testing.assert_array_equal(shuffled.source_weights, answer.source_weights)


@given(problems(st.integers(1, 3)))
@share(1 / 2)
def test_what_is_said_is_true(problem):
    answer = solve(problem)
    found = answer.ambiguity()
    require_true(answer, found)
    if found.unique is not None and not found.continua and len(found.neurons) <= 12:
        enough = next(
            size
            for size in range(1, len(found.neurons) + 1)
            for chosen in combinations(range(len(found.neurons)), size)
            if energies_of(answer.source_weights, found.neurons, chosen)[1] < 1e-7
        )
        assert enough == found.fewest


def same(one, other, order):
    """Whether two answers leave the same open, where the second has its sources in another order."""
    if None in (one.unique, other.unique):
        # Rounding may leave one of them open, and never turns a yes into a no.
        return
    assert one.unique == other.unique and one.fewest_bounds[0] == other.fewest_bounds[0]
    assert one.fewest == other.fewest or one.continua
    assert len(one.neurons) == len(other.neurons) and len(one.continua) == len(other.continua)
    if not len(one.neurons):
        return
    unit, turned = (
        rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (one.neurons[:, order], other.neurons)
    )
    cosine = np.abs(unit @ turned.T)
    place = cosine.argmax(axis=1)
    assert len(set(place.tolist())) == len(place) and (cosine.max(axis=1) > 1 - 1e-9).all()
    np.testing.assert_array_equal(one.mirrored, other.mirrored[place])
    np.testing.assert_array_equal(one.essential, other.essential[place])
    scale = np.nanmax(one.most, initial=1e-300)
    np.testing.assert_allclose(other.least[place] / scale, one.least / scale, atol=1e-6)
    np.testing.assert_allclose(other.most[place] / scale, one.most / scale, atol=1e-6)


@given(problems(st.integers(2, 3)), st.randoms(use_true_random=False))
@share(1 / 2)
def test_neither_order_nor_units_change_what_is_left_open(problem, random):
    answer = solve(problem)
    found, sources = answer.ambiguity(), problem.sources
    rows, columns = list(range(sources.count)), list(range(problem.dimension))
    random.shuffle(rows)
    random.shuffle(columns)
    shares = None if sources.probabilities is None else sources.probabilities[rows]
    shuffled = solve(problem.replaced(sources=type(sources)(sources.points[rows], shares)))
    np.testing.assert_allclose(
        shuffled.source_weights, answer.source_weights, rtol=0, atol=1e-9 * abs(answer.source_weights).max()
    )
    same(found, shuffled.ambiguity(), list(range(problem.dimension)))
    points, mixing = sources.points[rows][:, columns], problem.mixing[:, columns]
    same(found, solve(problem.replaced(sources=type(sources)(points, shares), mixing=mixing)).ambiguity(), columns)
    units = np.array([100.0, 0.25, 3.0])[: problem.dimension]
    scaled = problem.replaced(
        sources=type(sources)(sources.points * units, sources.probabilities), mixing=problem.mixing / units
    )
    other = solve(scaled).ambiguity()
    same(found, replace(other, neurons=other.neurons * units), list(range(problem.dimension)))


def test_what_is_not_known_is_said():
    triangle = [[0, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0], [1, 1, 1]]
    for problem in (
        Problem(triangle, readout=Exact([[1, 0, 0], [0, 1, 0]])),
        Problem(triangle, groups={"pair": [0, 1]}, separate=True),
        Problem(SQUARE, transitions=[[0, -1], [1, 0]]),
        Problem([[-1], [0], [1]], activation="rectified", readout=Soft(100)),
    ):
        answer = solve(problem)
        found = answer.ambiguity()
        assert found.unique is None and found.reason and not len(found.neurons)
        assert f"not decided: {found.reason}" in str(answer)
        assert answer.to_dict()["ambiguity"]["unique"] is None
    assert replace(solve(Problem(triangle)), status="bounded").ambiguity().unique is None


def test_errors_at_a_price_leave_neurons_out_and_a_silent_code_is_the_only_one():
    cut = Problem(polygon(8), readout=Soft(error_cost=50))
    answer = solve(cut)
    require_true(answer, answer.ambiguity())
    assert answer.ambiguity().unique is False and answer.ambiguity().fewest == 2
    silent = solve(Problem(SQUARE, readout=Soft(error_cost=1e-3)))
    assert len(silent) == 0 and silent.ambiguity().unique and silent.ambiguity().fewest == 0
    # Of one target only what it reads of G is determined.
    one = solve(Problem(SQUARE, readout=Soft(error_cost=50, targets=[[1, 0.3]])))
    require_true(one, one.ambiguity())


def test_the_code_that_is_given_is_optimal_and_has_no_neurons_to_spare():
    answer = solve(Problem(polygon(12), encoder_cost=1e-3))
    problem, weights = answer.problem, answer.source_weights
    others = touching_neurons(problem.canonical, weights).weights
    energies, missed = energies_of(weights, others, range(len(others)))
    assert missed < 1e-12
    spread = np.sqrt(np.full(6, answer.neuron_costs.sum() / 6))[:, None] * others
    assert problem.loss(spread) == pytest.approx(answer.loss, rel=1e-12)
    chosen = chosen_code(problem.canonical, spread)
    assert len(chosen) == 2 and problem.loss(chosen) == pytest.approx(answer.loss, rel=1e-12)
    assert energies.sum() == pytest.approx(answer.neuron_costs.sum(), rel=1e-9)


@pytest.mark.thorough
@pytest.mark.parametrize("places", [12, 18])
def test_the_search_for_as_few_neurons_as_are_enough_ends_soon_and_says_what_it_has_not_proven(monkeypatch, places):
    """Two waves on a ring: thousands of sets of neurons that turns take to each other, which took seconds."""
    nodes = []

    def counted(*arguments, **options):
        found = milp(*arguments, **options)
        nodes.append(found.mip_node_count)
        return found

    monkeypatch.setattr(optimal_codes, "milp", counted)
    angles = 2 * np.pi * np.arange(places)[:, None] * [1, 2] / places
    answer = solve(Problem(np.hstack([np.cos(angles), np.sin(angles)])))
    assert answer.status == "optimal" and nodes and max(nodes) <= 500
    found = answer.ambiguity()
    least, most = found.fewest_bounds
    assert 4 <= least <= most == len(answer) and found.fewest == (most if least == most else None)
    assert certify(answer.problem, answer).gap < 1e-10
