"""Theorems about rectified and free neurons: derived in symbols, held against known values and codes by hand."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import sympy as sp

from solver import certify, solve
from solver.certificate.nonlinear import bound_of
from solver.verification.judgement import AGREES, DISAGREES, UNDECIDED, judge
from tests.examples import thorough
from theory import Problem
from theory.readouts import Exact, Noisy, Soft
from theory.theorems import THEOREMS, Prediction
from theory.theorems.hypotheses import centrally_symmetric, errors_count_as_samples, every_combination
from theory.theorems.on_and_off import channels

ROUNDING = 1e-8
GRID = np.array(list(product(np.arange(-2, 3) / 2**0.5, repeat=2)))
"""Five by five, of unit variance."""

COIN = [[one, other] for one in (0, 1) for other in (0, 1, 2)]
WEIGHTS = [4, 4, 1, 4, 4, 1]
"""A fair coin and, independent of it, a source of three values."""


def predicted(name, problem):
    return THEOREMS[name].predict(problem)


# ---- derived once more --------------------------------------------------------------------------------------------


def test_the_threshold_of_pairs():
    alpha, c, m, lam, mu, x = sp.symbols("alpha c m lambda mu x", positive=True)

    def least(energy, readout):
        cost = energy * x + readout / x
        return sp.simplify(cost.subs(x, sp.solve(sp.diff(cost, x), x)[0]))

    pair, alone = least(alpha * c + 2 * lam, 2 * mu), least(alpha * (c + m**2) + lam, mu)
    assert sp.simplify(pair - 2 * sp.sqrt(2 * mu * (alpha * c + 2 * lam))) == 0
    # The difference of the squares has the sign of what the theorem compares.
    assert sp.expand((alone**2 - pair**2) / (4 * mu) - (alpha * (m**2 - c) - 3 * lam)) == 0


def test_the_loss_of_a_balanced_direction():
    """Of the eigenvalue h a share r is decoded by a pair, and the rest is error."""
    alpha, mu, kappa, h, r = sp.symbols("alpha mu kappa h r", positive=True)
    loss = 2 * r * sp.sqrt(2 * alpha * mu * h) + kappa * (1 - r) ** 2 * h
    best = sp.solve(sp.diff(loss, r), r)[0]
    assert sp.simplify(loss.subs(r, best) - (2 * sp.sqrt(2 * alpha * mu * h) - 2 * alpha * mu / kappa)) == 0
    assert sp.simplify(best - (1 - sp.sqrt(2 * alpha * mu / h) / kappa)) == 0
    # What the multiplier proves along it is the same on both sides of the threshold, where the two agree.
    z = sp.Symbol("z", positive=True)
    bound = z * h - z**2 * h / (4 * kappa)
    assert sp.simplify(bound.subs(z, 2 * sp.sqrt(2 * alpha * mu / h)) - loss.subs(r, best)) == 0
    assert sp.simplify(bound.subs(z, 2 * kappa) - kappa * h) == 0


def test_the_slope_at_which_an_off_neuron_appears():
    b, never, mean, square, rest = sp.symbols("b P_0 m_1 m_2 rest", positive=True)
    # Below the least positive value of I.
    on = sp.sqrt(square - 2 * b * mean + b**2 * rest)
    slope = sp.limit(sp.diff(on + sp.sqrt(never) * b, b), b, 0)
    assert sp.simplify(slope - (sp.sqrt(never) - mean / sp.sqrt(square))) == 0


def test_what_shared_neurons_cost():
    alpha, mu, second, length, u, e = sp.symbols("alpha mu C B u e", positive=True)
    cost = alpha * e**2 * second + mu * (u / e) ** 2 * length**2
    best = sp.solve(sp.diff(cost, e), e)[0]
    assert sp.simplify(cost.subs(e, best) - 2 * u * sp.sqrt(alpha * mu * second) * length) == 0


# ---- any kind -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("activation", "readout"),
    [
        ("free", Soft(20.0)),
        thorough("rectified", Noisy(20.0, 0.1)),
        pytest.param("free", Exact(), marks=pytest.mark.slow),
        pytest.param("rectified", Exact(), marks=pytest.mark.slow),
    ],
)
def test_no_multiplier_proves_more_than_the_optimum(activation, readout):
    rows = [[-1, 0], [0, 2], [1, -1], [2, 1], [0, 0]]
    problem = Problem(rows, probabilities=[1, 2, 3, 1, 1], readout=readout, activation=activation)
    answer, rng = solve(problem), np.random.default_rng(0)
    assert answer.status == "optimal"
    for _ in range(5):
        multiplier = answer.multiplier * (1 + rng.standard_normal(answer.multiplier.shape) / 3)
        assert bound_of(problem, multiplier).value <= answer.loss * (1 + ROUNDING)
    assert certify(problem, answer).lower_bound == pytest.approx(answer.loss, rel=ROUNDING)


def test_the_order_of_kinds():
    linear = Problem([[0], [1], [3]], bias_cost=2.0)
    prediction = predicted("order-of-kinds", linear)
    assert [floor.neurons.name for floor in prediction.floors] == ["rectified", "free"]
    assert all(floor.bias_cost == 0 for floor in prediction.floors)
    assert [one.neurons.name for one in predicted("order-of-kinds", prediction.floors[0]).floors] == ["free"]
    assert not THEOREMS["order-of-kinds"].applies(prediction.floors[1])
    judged = judge(linear, prediction)
    assert judged.outcome == AGREES and judged.margin > 1e-3


# ---- pairs --------------------------------------------------------------------------------------------------------


def test_pairs_on_the_grid():
    assert predicted("balanced-pairs", Problem(GRID, activation="free")).loss == pytest.approx(4 * 2**0.5)
    soft = predicted("balanced-pairs", Problem(GRID, activation="free", readout=Soft(100.0)))
    assert soft.loss == pytest.approx(5.616854249, abs=1e-9) and soft.modular
    uniform = np.linspace(-1, 1, 4001)[:, None]
    assert predicted("balanced-pairs", Problem(uniform, activation="free")).loss == pytest.approx(
        2 * (2 / 3) ** 0.5, rel=1e-3
    )


SQUARE = np.array([[-1.0, -1], [-1, 1], [1, -1], [1, 1]])


@pytest.mark.parametrize(
    ("activation", "mixing", "readout"),
    [
        pytest.param("free", None, Exact(), marks=pytest.mark.thorough),
        ("rectified", None, Exact()),
        pytest.param("free", [[1, 1], [0, 1]], Exact(), marks=pytest.mark.slow),
        ("free", None, Soft(3.0)),
        thorough("free", [[2, 0], [1, 1]], Noisy(4.0, 0.2)),
        ("free", None, Soft(1.0)),
    ],
)
def test_correlated_squares(activation, mixing, readout):
    """Also where one direction, or neither, is worth a neuron."""
    cost = 0.0 if activation == "rectified" else 1.0
    problem = Problem(
        SQUARE, probabilities=[3, 1, 1, 3], mixing=mixing, readout=readout, encoder_cost=cost, activation=activation
    )
    prediction = predicted("balanced-pairs", problem)
    judged = judge(problem, prediction)
    assert judged.outcome == AGREES, judged.said
    if isinstance(readout, Exact):
        price = prediction.modular_loss / prediction.loss - 1
        assert price > 1e-3 and judged.answer.price_of_modularity == pytest.approx(price, rel=1e-5)


def test_correlated_sources_are_modular_where_their_columns_meet_at_the_right_angle():
    angle = np.arccos(0.5)
    meeting = [[1, np.cos(angle)], [0, np.sin(angle)]]
    weights = [3, 1, 1, 3]
    problem = Problem(SQUARE, probabilities=weights, mixing=meeting, activation="free")
    assert problem.sources.covariance[0, 1] == pytest.approx(0.5)
    prediction = predicted("balanced-pairs", problem)
    assert prediction.modular and prediction.modular_loss == pytest.approx(prediction.loss, rel=1e-12)
    assert not predicted("balanced-pairs", problem.replaced(mixing=None)).modular


def test_what_balance_is():
    assert centrally_symmetric(Problem([[0.1], [0.2], [0.3]], probabilities=[1, 5, 1]))
    assert centrally_symmetric(Problem([[1e6 + 0.1], [1e6 + 0.2], [1e6 + 0.3]]))
    assert not centrally_symmetric(Problem([[0.1], [0.2], [0.3]], probabilities=[1, 5, 2]))
    assert centrally_symmetric(Problem([[0], [1], [9]], probabilities=[1, 1, 0]))
    assert not every_combination(Problem(SQUARE[:3])) and every_combination(Problem([*SQUARE, SQUARE[0]]))
    assert errors_count_as_samples(Problem(SQUARE, readout=Soft(2.0, probabilities=[2, 2, 2, 2])))
    assert not errors_count_as_samples(Problem(SQUARE, readout=Soft(2.0, probabilities=[1, 2, 2, 2])))


@pytest.mark.parametrize("weights", [0.05, 1 / 3, 1.0])
def test_rectified_pairs_and_their_border(weights):
    """The grid's border is at a third; below it pairs cost less than any linear code."""
    problem = Problem(GRID, encoder_cost=weights, activation="rectified")
    pairs = predicted("rectified-pairs", problem).most_loss
    linear = problem.replaced(activation="linear").modular_loss
    assert pairs == pytest.approx(4 * (2 * (1 + 2 * weights)) ** 0.5)
    assert np.sign(linear - pairs if abs(linear - pairs) > ROUNDING else 0) == np.sign(round(1 / 3 - weights, 9))


# ---- ON and OFF ---------------------------------------------------------------------------------------------------


def test_an_off_neuron_vanishes_where_zero_is_common():
    rng = np.random.default_rng(0)
    for _ in range(200):
        values = np.append(0.0, rng.uniform(0.1, 1, rng.integers(1, 5)))
        shares = rng.dirichlet(np.ones(len(values)))
        room = shares[0] - (shares @ values) ** 2 / (shares @ values**2)
        if abs(room) > 1e-3 and len(values) > 2:
            assert (channels(values, shares).off < 1e-6) is bool(room > 0)


@pytest.mark.parametrize("shares", [[8, 1, 1, 1], [1, 1, 1, 1], thorough([3, 1, 1, 1])])
@pytest.mark.parametrize("activation", ["free", "rectified"])
def test_on_and_off_neurons_of_one_variable(activation, shares):
    cost = 0.0 if activation == "rectified" else 1.0
    problem = Problem([[0], [1], [2], [5]], probabilities=shares, activation=activation, encoder_cost=cost)
    judged = judge(problem, predicted("on-and-off", problem))
    assert judged.outcome == AGREES, judged.said


def test_a_sample_that_never_occurs_changes_no_rectified_code():
    seen = Problem([[0], [1], [5]], probabilities=[1, 2, 1], activation="rectified", encoder_cost=0.0)
    unseen = Problem([[0], [1], [5], [9]], probabilities=[1, 2, 1, 0], activation="rectified", encoder_cost=0.0)
    assert predicted("on-and-off", unseen).loss == predicted("on-and-off", seen).loss
    assert judge(unseen, predicted("on-and-off", unseen)).outcome == AGREES


# ---- independence is not enough -----------------------------------------------------------------------------------


def loss_by_hand(problem, activity):
    """The loss of the best decoder of an activity, from the definitions."""
    shares, targets = problem.sources.probabilities, problem.sources.points
    seen, wanted = activity - shares @ activity, targets - shares @ targets
    decoder = np.linalg.pinv(seen) @ wanted
    assert np.allclose(seen @ decoder, wanted, atol=1e-9)
    return float((shares @ activity**2).sum() + (decoder**2).sum())


def test_a_code_by_hand_costs_less_than_any_modular_one():
    """The counterexample without a solver: four rectified neurons of the second source that say the coin too."""
    problem = Problem(COIN, probabilities=WEIGHTS, activation="free")
    prediction = predicted("shared-neurons", problem)
    assert THEOREMS["shared-neurons"].applies(problem) and prediction.modular is False
    # The best modular loss, by a plain search for the two thresholds.
    places = np.linspace(0, 2, 20_001)[:, None]

    def least(values, shares):
        up, down = np.maximum(values - places, 0), np.maximum(places - values, 0)
        return 2 * float((np.sqrt(up**2 @ shares) + np.sqrt(down**2 @ shares)).min())

    three = np.array([4, 4, 1]) / 9
    modular = least(np.array([0, 1]), np.ones(2) / 2) + least(np.arange(3), three)
    assert prediction.modular_loss == pytest.approx(modular, rel=1e-6)
    coin, other = problem.sources.points.T
    b = channels(np.arange(3.0), three).threshold
    assert 0.1 < b < 0.9
    on, off = np.maximum(other - b, 0), np.maximum(b - other, 0)
    about = coin - 0.5
    sizes = [1 / (np.sqrt(problem.sources.probabilities @ one**2)) ** 0.5 for one in (on, off)]
    e = [0.9 * min(1 - b, b) / 0.5] * 2
    # The same product of slope and decoder in both.
    e[0] *= (e[1] ** 2 * sizes[1] ** 2 * (4 / 9) ** 0.5 / (e[0] ** 2 * sizes[0] ** 2 * (5 / 9) ** 0.5)) ** 0.5
    assert e[0] * 0.5 <= 1 - b
    shared = [
        size * np.maximum(one + sign * slope * about * (one > 0), 0) / 2**0.5
        for one, size, slope in zip((on, off), sizes, e, strict=True)
        for sign in (1, -1)
    ]
    left = 1 - e[1] ** 2 * sizes[1] ** 2 * (4 / 9) ** 0.5 / 2
    assert 0 < left < 1
    code = np.column_stack([*shared, 2**0.25 * left**0.5 * coin])
    assert loss_by_hand(problem, code) < prediction.modular_loss * (1 - 1e-5)


@pytest.mark.parametrize("activation", [thorough("free"), pytest.param("rectified", marks=pytest.mark.slow)])
def test_the_counterexample_has_a_certificate(activation):
    cost = 0.0 if activation == "rectified" else 1.0
    problem = Problem(COIN, probabilities=WEIGHTS, activation=activation, encoder_cost=cost)
    prediction = predicted("shared-neurons", problem)
    if activation == "free":
        # The price that multipliers prove, found by `predicted("free-condition", problem)` below.
        prediction = replace(prediction, most_price=0.0181)
    judged = judge(problem, prediction)
    assert judged.outcome == AGREES, judged.said
    assert judged.answer.price_bounds[0] > 0.0073
    assert certify(problem, judged.answer).lower_bound == pytest.approx(judged.answer.loss, rel=1e-7)


def halves(first, second, angles):
    """Of the multiplier that two independent sources have, the mean squares along directions and against them."""
    parts = []
    for values, shares in (first, second):
        b = channels(values, shares).threshold
        up, down = np.maximum(values - b, 0), np.maximum(b - values, 0)
        parts.append(up / np.sqrt(shares @ up**2) - down / np.sqrt(shares @ down**2))
    along = (
        np.multiply.outer(np.cos(angles), parts[0])[:, :, None] + np.multiply.outer(np.sin(angles), parts[1])[:, None]
    )
    joint = np.outer(first[1], second[1])
    return np.array([(joint * np.maximum(sign * along, 0) ** 2).sum(axis=(1, 2)) for sign in (1, -1)])


def test_the_condition_of_free_neurons_by_definition():
    rng = np.random.default_rng(1)
    decided = []
    for _ in range(40):
        sources = [(np.sort(rng.choice(12, 3, replace=False)) * 1.0, rng.dirichlet([9.0, 9, 9])) for _ in range(2)]
        rows = [[one, other] for one in sources[0][0] for other in sources[1][0]]
        problem = Problem(rows, probabilities=np.outer(sources[0][1], sources[1][1]).ravel(), activation="free")
        if not THEOREMS["free-condition"].applies(problem):
            continue
        found = halves(*sources, np.linspace(0, 2 * np.pi, 721))
        assert np.allclose(found.sum(axis=0), 2)  # independent sources, and columns at a right angle
        prediction = predicted("free-condition", problem)
        assert prediction.most_price == pytest.approx(found.max() ** 0.5 - 1, abs=1e-4)
        assert prediction.most_price >= found.max() ** 0.5 - 1 - 1e-12
        decided.append(prediction.modular)
    assert len(decided) > 10 and not any(decided)


def test_symmetric_sources_are_modular_and_unequal_halves_are_not():
    rows = [[one, other] for one in (-2, -1, 1, 2) for other in (-3, -1, 1, 3)]
    weights = np.outer([1, 2, 2, 1], [3, 1, 1, 3])
    even = Problem(rows, probabilities=weights.ravel(), activation="free")
    assert predicted("free-condition", even).modular and predicted("balanced-pairs", even).modular
    coin = predicted("free-condition", Problem(COIN, probabilities=WEIGHTS, activation="free"))
    assert coin.modular is False and coin.most_price == pytest.approx(0.018, abs=1e-4)


def test_expensive_weights_make_neurons_linear():
    cheap = Problem(COIN, probabilities=WEIGHTS, activation="rectified", encoder_cost=0.05)
    dear = cheap.replaced(encoder_cost=17.0)
    assert predicted("expensive-weights", dear).loss == dear.replaced(activation="linear").modular_loss
    assert predicted("expensive-weights", cheap).loss is None and predicted("expensive-weights", cheap).most_price < 3
    for problem in (dear, dear.replaced(readout=Soft(3.0)), dear.replaced(readout=Noisy(300.0, 0.1))):
        judged = judge(problem, predicted("expensive-weights", problem))
        assert judged.outcome == AGREES, judged.said
    assert not THEOREMS["expensive-weights"].applies(cheap.replaced(readout=Soft(3.0)))


@pytest.mark.slow
def test_the_price_of_independence_need_not_fall_with_that_of_weights():
    """Symmetric and independent: modular at no price and at a high one, mixed between."""
    values, shares = np.array([-1, 0, 1]) * 5**0.5, np.array([1, 8, 1])
    rows, weights = [[one, other] for one in values for other in values], np.outer(shares, shares).ravel()
    least = []
    for cost in (0.0, 0.1, 0.3):
        answer = solve(Problem(rows, probabilities=weights, activation="rectified", encoder_cost=cost))
        assert answer.gap < 1e-7
        least.append(answer.price_bounds[0])
    assert least[0] < 1e-7 and 1.3e-4 < least[1] < 1.4e-4 and least[2] < 1e-7


# ---- what is wrong is refuted -------------------------------------------------------------------------------------


def test_wrong_predictions_are_refuted():
    problem = Problem([[-1], [1]], activation="free")
    loss = 2 * 2**0.5
    right = Prediction(loss=loss, modular_loss=loss, most_loss=loss, modular=True, most_price=0.0, least_price=0.0)
    assert judge(problem, right).outcome == AGREES
    for prediction in (
        Prediction(loss=0.999 * loss),
        Prediction(loss=1.001 * loss),
        Prediction(most_loss=0.999 * loss),
        Prediction(modular_loss=1.001 * loss),
        Prediction(modular=False, margin=0.5),
        Prediction(least_price=1e-3),
        Prediction(most_price=1.0, least_price=1e-3),
        Prediction(loss=loss, most_price=-1e-3),
    ):
        assert judge(problem, prediction).outcome == DISAGREES
    assert judge(problem, Prediction(modular=False, margin=1e-4)).outcome == UNDECIDED


def test_wrong_predictions_of_one_variable_and_of_floors_are_refuted():
    problem = Problem([[0], [1], [2], [5]], activation="free")
    assert judge(problem, Prediction(falling=False, margin=1.0)).outcome == DISAGREES
    above = Problem([[0], [1], [2], [5]])
    assert judge(problem, Prediction(floors=(above,))).outcome == DISAGREES


def test_the_hypotheses_are_needed():
    """Pairs of a distribution that is not symmetric, and dear weights of sources that correlate."""
    skewed = Problem([[0], [1], [5]], activation="free")
    assert not THEOREMS["balanced-pairs"].applies(skewed)
    assert judge(skewed, THEOREMS["balanced-pairs"].prediction(skewed)).outcome == DISAGREES
    joined = Problem(SQUARE, probabilities=[6, 1, 1, 6], activation="rectified", encoder_cost=100.0, readout=Soft(30.0))
    assert not THEOREMS["expensive-weights"].applies(joined)
    assert judge(joined, THEOREMS["expensive-weights"].prediction(joined)).outcome == DISAGREES
