"""Transitions: what the cheapest recurrent weights cost, how a series gives its law, and what is refused."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.linalg import expm, sqrtm

from solver.strategies import orthogonal, seeds
from theory import InputError, Problem, Sources
from theory.bounds.geodesic import code_of_multiplier
from theory.dynamics import Recurrence, Transitions, outside
from theory.readouts import Exact, Readout, Soft

SQUARE = [[1, 1], [-1, 1], [-1, -1], [1, -1]]
TURN = [[0, -1], [1, 0]]
SIZES = st.integers(1, 4)


def drawn(seed, dimension):
    """Transitions of sources of unlike scale, and a code of a few neurons for them."""
    rng = np.random.default_rng(seed)
    scale = 10.0 ** rng.uniform(-3, 3, dimension)
    maps = rng.standard_normal((rng.integers(1, 3), dimension, dimension)) ** 3 * scale[:, None] / scale
    neurons = rng.standard_normal((dimension + rng.integers(0, 4), dimension)) / scale
    return Recurrence(maps, 10 ** rng.uniform(-1, 1)), neurons, rng


@given(seeds, SIZES)
def test_no_recurrent_weights_that_carry_the_code_are_cheaper(seed, dimension):
    recurrence, neurons, rng = drawn(seed, dimension)
    weights = recurrence.weights(neurons)
    for found, matrix in zip(weights, recurrence.matrices, strict=True):
        np.testing.assert_allclose(found @ neurons, neurons @ matrix, rtol=1e-7, atol=1e-9 * np.abs(found).max())
        # Whatever else carries it differs by what the code never sees.
        unseen = np.eye(len(neurons)) - neurons @ np.linalg.pinv(neurons, rcond=1e-13)
        other = rng.standard_normal(found.shape) @ unseen
        assert np.linalg.norm(found + other) >= np.linalg.norm(found) * (1 - 1e-9)
    assert recurrence.value(neurons.T @ neurons) == pytest.approx(recurrence.cost * (weights**2).sum(), rel=1e-6)


@given(seeds, SIZES)
def test_no_code_pays_less_than_the_eigenvalues(seed, dimension):
    recurrence, neurons, _ = drawn(seed, dimension)
    assert recurrence.value(neurons.T @ neurons) >= recurrence.least * (1 - 1e-9)


@pytest.mark.parametrize("size", [2, 3, 4, 6])
def test_the_least_is_no_more_than_it_is_where_eigenvalues_are_ill_conditioned(size):
    for value in (0.0, 0.5, 1.0):
        jordan = Recurrence((value * np.eye(size) + np.eye(size, k=1))[None], 1.0)
        assert size * value**2 * 0.9 <= jordan.least <= size * value**2 * (1 + 1e-12)
        # It is approached, by ever more unlike sizes, and never reached.
        assert jordan.value(np.diag(1e6 ** np.arange(size))) == pytest.approx(size * value**2, abs=1e-5)


@given(seeds, st.integers(1, 6))
def test_rotations_cost_their_number_of_sources(seed, dimension):
    rng = np.random.default_rng(seed)
    turn = orthogonal(rng, dimension)
    same = np.kron(np.eye(2), turn)  # every eigenvalue twice
    for matrix in (turn, same):
        frame = rng.standard_normal(matrix.shape) + 3 * np.eye(len(matrix))
        tilted = Recurrence((np.linalg.inv(frame) @ matrix @ frame)[None], 2.0)
        assert tilted.least == pytest.approx(2 * len(matrix), rel=1e-10)
        assert tilted.value(frame.T @ frame) == pytest.approx(2 * len(matrix), rel=1e-8)


@given(seeds, SIZES)
def test_slope_and_curvature(seed, dimension):
    rng = np.random.default_rng(seed)
    recurrence = Recurrence(rng.standard_normal((2, dimension, dimension)), 0.7)
    code = np.cov(rng.standard_normal((dimension, 3 * dimension + 3)), bias=True).reshape(dimension, dimension)
    half = rng.standard_normal((2, dimension, dimension))
    moves = (half + np.swapaxes(half, 1, 2)) * np.linalg.eigvalsh(code)[0] / 10
    step = 1e-4
    slopes = [
        (recurrence.value(code + step * move) - recurrence.value(code - step * move)) / (2 * step) for move in moves
    ]
    unit = recurrence.value(code)
    np.testing.assert_allclose(slopes, np.tensordot(moves, recurrence.gradient(code)), atol=1e-6 * unit)
    bent = [np.tensordot(moves, recurrence.gradient(code + step * move)) for move in moves]
    straight = [np.tensordot(moves, recurrence.gradient(code - step * move)) for move in moves]
    found = (np.array(bent) - np.array(straight)) / (2 * step)
    np.testing.assert_allclose(recurrence.curvature(code, moves), found, atol=1e-5 * unit)


@given(seeds, st.integers(2, 4))
def test_the_cost_is_convex_along_geodesics(seed, dimension):
    rng = np.random.default_rng(seed)
    recurrence = Recurrence(rng.standard_normal((2, dimension, dimension)), 1.0)
    root = np.real(sqrtm(np.cov(rng.standard_normal((dimension, 4 * dimension)))))
    half = rng.standard_normal((dimension, dimension))
    left, middle, right = (recurrence.value(root @ expm(place * (half + half.T)) @ root) for place in (-0.5, 0.0, 0.5))
    assert middle <= (left + right) / 2 * (1 + 1e-9)


@given(seeds, SIZES)
def test_every_multiplier_has_its_code(seed, dimension):
    """Where the slope vanishes is the least of all, on geodesics and elsewhere."""
    rng = np.random.default_rng(seed)
    readout = Readout(rng.standard_normal((dimension + 1, dimension)), 10 ** rng.uniform(-1, 1))
    recurrence = Recurrence(rng.standard_normal((2, dimension, dimension)), 10 ** rng.uniform(-1, 2))
    half = rng.standard_normal((dimension, dimension))
    multiplier = half @ half.T + 0.1 * np.eye(dimension)

    def whole(code):
        return np.trace(multiplier @ code) + readout.value(code) + recurrence.value(code)

    code = code_of_multiplier(readout, recurrence, multiplier, np.eye(dimension))
    saved = readout.multiplier(code) - recurrence.gradient(code)
    np.testing.assert_allclose(saved, multiplier, atol=1e-6 * np.abs(multiplier).max() * np.linalg.cond(code))
    for spread in (0.01, 1.0):
        tilt = rng.standard_normal((dimension, dimension))
        root = np.linalg.cholesky(code)
        other = root @ expm(spread * (tilt + tilt.T)) @ root.T
        assert whole(other) >= whole(code) * (1 - 1e-12)


@given(seeds, st.integers(2, 4), st.floats(-1, 3))
def test_no_modular_code_is_better_than_the_best_one(seed, dimension, exponent):
    rng = np.random.default_rng(seed)
    samples = rng.standard_normal((15, dimension)) * 10.0 ** rng.uniform(-2, 2, dimension)
    deviation = samples.std(axis=0)
    maps = 0.2 / dimension * rng.standard_normal((2, dimension, dimension)) * deviation[:, None] / deviation
    given_sources = Sources(samples)
    while outside(np.vstack([given_sources.vertices @ one.T for one in maps]), given_sources).max() > 0:
        maps *= 0.7
    problem = Problem(samples, transitions=maps, recurrent_cost=10**exponent)
    best = problem.modular_weights
    assert problem.modular_loss == pytest.approx(problem.loss(best), rel=1e-10)
    assert problem.modular_loss >= problem.feedforward.modular_loss + problem.least_recurrent * (1 - 1e-9)
    for spread in (1e-4, 1e-2, 1.0):
        for _ in range(5):
            other = best * np.exp(spread * rng.standard_normal(dimension))
            assert problem.loss(other) >= problem.modular_loss * (1 - 1e-12)


# ---- a series -------------------------------------------------------------------------------------------------------


@given(seeds, SIZES, st.sampled_from([0.0, 1.0, 1e4]))
@example(0, 1, 1e4)
def test_the_law_of_a_series_is_found(seed, dimension, place):
    rng = np.random.default_rng(seed)
    matrix = orthogonal(rng, dimension) * rng.uniform(0.8, 1.0)
    scale = 10.0 ** rng.uniform(-2, 2, dimension)
    matrix, drift = matrix * scale[:, None] / scale, 0.1 * scale * rng.standard_normal(dimension)
    rows = [scale * rng.standard_normal(dimension)]
    for _ in range(3 * dimension + 3):
        rows.append(matrix @ rows[-1] + drift)
    rows = np.array(rows) + place * scale
    try:
        found = Transitions.from_trajectory(rows)
    except InputError as error:  # a turn by half or a third of a circle visits few places
        assert "directions only" in str(error)
        return
    np.testing.assert_allclose(found.matrices[0] * scale / scale[:, None], matrix * scale / scale[:, None], atol=1e-5)
    problem = Problem(rows, transitions=found)
    moved = found.moved(problem.sources.about_mean(rows[:-1]), problem.sources)[0] + problem.sources.mean
    np.testing.assert_allclose(moved / scale, rows[1:] / scale, atol=1e-6)


def test_other_probabilities_move_the_mean_and_not_the_law():
    decay = [[2.0**-step, 3.0**-step] for step in range(6)]
    law = Transitions.from_trajectory(decay)
    weighted = Problem(decay, probabilities=[5, 1, 1, 1, 1, 1], transitions=law)
    moved = law.moved(weighted.sources.about_mean(decay), weighted.sources)[0] + weighted.sources.mean
    np.testing.assert_allclose(moved[:-1], decay[1:], atol=1e-12)


def refused(call, said):
    with pytest.raises(InputError) as error:
        call()
    message = str(error.value)
    assert said in message and "\n" not in message
    return message


def test_a_series_without_a_linear_law():
    ring = np.array([[np.cos(t), np.sin(t)] for t in range(12)])
    ring[7] += [0, 0.25]
    message = refused(lambda: Transitions.from_trajectory(ring), "no linear map carries this series")
    # The error of one row is in two steps.
    assert any(f"from row {row} to row {row + 1}" in message for row in (6, 7)) and "of the range of 's2'" in message
    refused(
        lambda: Transitions.from_trajectory(SQUARE[:3]), "2 step(s) determine a linear map of 2 source(s) in 2 of 3"
    )
    moments = Sources.from_moments(np.eye(2) / 3, SQUARE)
    refused(lambda: Transitions.from_trajectory(moments), "known by their moments alone")


def test_the_end_of_a_series_is_asked_for_no_step():
    growing = [[2.0**step] for step in range(4)]
    law = Transitions.from_trajectory(growing)
    assert law.ends == (3,)
    assert Problem(growing, transitions=law).recurrence.least == pytest.approx(4)
    refused(lambda: Problem(growing, transitions=Transitions(law.matrices, law.offsets, law.centre)), "takes row 3")
    refused(lambda: Problem(growing[:3], transitions=law), "ends at row 3 is not that of these 3 samples")


# ---- what is refused ------------------------------------------------------------------------------------------------


def test_a_step_out_of_the_hull_is_told_with_its_row_and_by_how_much():
    turned = [np.eye(2), [[np.cos(0.1), -np.sin(0.1)], [np.sin(0.1), np.cos(0.1)]]]
    message = refused(lambda: Problem(SQUARE, transitions=turned), "transitions: transition 1 takes row ")
    assert f"by {np.cos(0.1) + np.sin(0.1) - 1:.3g} of its size" in message


def test_a_step_out_of_the_hull_of_many_sources():
    rows = np.vstack([np.eye(6), -np.eye(6)])
    assert Problem(rows, transitions=np.roll(np.eye(6), 1, axis=0)).recurrence.least == pytest.approx(6)
    Problem(rows, transitions=0.5 * np.roll(np.eye(6), 1, axis=0))
    refused(lambda: Problem(rows, transitions=1.1 * np.eye(6)), "transition 0 takes row ")


@given(seeds, st.sampled_from([1, 2, 3, 6]))
def test_what_lies_outside(seed, dimension):
    rng = np.random.default_rng(seed)
    sources = Sources(rng.standard_normal((3 * dimension + 2, dimension)) * 10.0 ** rng.uniform(-2, 2, dimension))
    shares = rng.dirichlet(np.ones(len(sources.vertices)), 5)
    assert outside(shares @ sources.vertices, sources).max() <= 1e-9
    corner = sources.vertices[np.linalg.norm(sources.vertices, axis=1).argmax()]
    assert outside(1.1 * corner[None], sources)[0] > 1e-3


@pytest.mark.parametrize(
    ("given_transitions", "said"),
    [
        ([[1, 2, 3]], "shape (1, 3) is not (a, d, d)"),
        (np.eye(3), "of 3 source(s), but there are 2"),
        ([[1, np.nan], [0, 1]], "entry (0, 1) of transition 0 is not finite"),
        ([np.eye(2), np.eye(3)], "parts of different shapes"),
        ("turn", "expected an array of numbers, got str"),
        (np.eye(2) * 1j, "complex"),
        (np.ma.array(np.eye(2), mask=[[0, 1], [0, 0]]), "1 value(s) are masked, the first at row 0, column 1"),
    ],
)
def test_no_transitions_at_all(given_transitions, said):
    refused(lambda: Problem(SQUARE, transitions=given_transitions), said)


def test_settings_that_do_not_fit():
    refused(lambda: Problem(SQUARE, recurrent_cost=2), "recurrent_cost: there is no recurrent layer")
    refused(lambda: Problem(SQUARE, transitions=TURN, recurrent_cost=-1), "recurrent_cost: -1 is not a cost")
    refused(lambda: Transitions(TURN, [[1, 2, 3]]), "offsets of shape (1, 3)")
    refused(lambda: Transitions(TURN, centre=[1]), "a centre of 1 numbers")
    refused(lambda: Transitions(TURN, [[np.inf, 0]]), "offsets are not finite")


def test_a_layer_cannot_carry_what_errors_leave_out():
    refused(lambda: Problem(SQUARE, transitions=TURN, readout=Soft(3)), "a layer cannot carry along what is not coded")
    assert Problem(SQUARE, transitions=TURN, readout=Exact([[2, 0], [0, 1]])).recurrence is not None
