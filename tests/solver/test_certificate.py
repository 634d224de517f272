"""A certificate stands on the samples alone."""

import json
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import Problem, Representation, Sources, certify, lower_bound, solve
from solver.certificate import best_bound, falls_short
from solver.certificate import bound as bounds
from solver.solving import plan
from solver.strategies import problems, seeds
from tests.examples import plainly, share
from tests.properties import naive
from theory import InputError
from theory.geometry import face_lattice
from theory.readouts import Exact, Soft

SQUARE = np.array(list(product([-1.0, 1.0], repeat=2)))
CUT = np.array([point for point in product([-1.0, 0.0, 1.0], repeat=2) if sum(point) < 2])


def test_the_certificate_of_an_optimum():
    problem = Problem(CUT)
    answer = solve(problem)
    certificate = certify(problem, answer)
    assert certificate.gap <= 1e-8 and certificate.feasible and certificate.exact
    assert certificate.least_activity >= -1e-12
    assert certificate.reconstruction_error <= 1e-12
    assert certificate.rho == pytest.approx(1, abs=1e-7)
    assert naive.cost(problem, certificate.worst_neuron[None])[0] == pytest.approx(1, rel=1e-9)
    assert naive.ratio(problem, certificate.multiplier, certificate.worst_neuron[None])[0] == pytest.approx(
        certificate.rho, rel=1e-9
    )


def test_a_certificate_is_plain_numbers_too():
    certificate = certify(Problem(CUT), solve(Problem(CUT)))
    again = json.loads(json.dumps(certificate.to_dict()))
    assert again["loss"] == certificate.loss and again["worst_neuron"] == certificate.worst_neuron.tolist()


def test_the_bound_by_hand():
    # Without a bias rho(M) <= 1, attained here only by neurons that need none: h > 0, so the bound is better.
    problem = Problem(SQUARE)
    bound = lower_bound(problem, np.eye(2))
    # f(e_i) = 1 + 1 + 1 and f((1, 1)) = 4 + 4 > 2 * 3: the axes are best, rho = 1/3, and K = I.
    assert bound.rho == pytest.approx(1 / 3, rel=1e-12)
    assert bound.value == pytest.approx(2 * 2 * np.sqrt(3), rel=1e-12)
    assert bound.value == pytest.approx(solve(problem).loss, rel=1e-12)


def test_a_multiplier_without_worth_proves_nothing():
    assert lower_bound(Problem(SQUARE), -np.eye(2)).value == 0
    assert lower_bound(Problem(SQUARE), np.zeros((2, 2))).value == 0


@given(problems(dimension=st.integers(2, 4)), seeds)
def test_the_multiplier_of_a_bound_has_no_negative_part(problem, seed):
    """Found by benchmarks.soundness: the part does not prove the bound that the rest proves."""
    half = np.random.default_rng(seed).standard_normal((problem.dimension, problem.dimension))
    scale = np.sqrt(problem.modular_costs)
    bound = lower_bound(problem, (half + half.T) * np.outer(scale, scale))
    form = problem.proving.worth(bound.multiplier)
    values = np.linalg.eigvalsh((form + form.T) / 2)
    assert values[0] >= -1e-9 * np.abs(values).max()
    # The bound grows as the root of an eigenvalue, which is zero up to rounding.
    assert lower_bound(problem, bound.multiplier).value == pytest.approx(bound.value, rel=1e-6, abs=1e-9)


def test_the_code_of_another_problem_is_measured_not_believed():
    answer = solve(Problem(CUT))
    whole = certify(Problem(SQUARE), answer)
    # The corner that was missing makes a neuron negative.
    assert not whole.feasible and whole.gap == np.inf
    moved = certify(Problem(CUT + 1), answer)
    assert not moved.feasible
    costly = certify(Problem(CUT, encoder_cost=2), answer)
    assert costly.feasible and costly.loss > answer.loss and costly.gap > 1e-3
    weighted = certify(Problem(CUT, probabilities=np.arange(1, 9)), answer)
    assert not weighted.feasible or weighted.gap > 0


def test_a_hull_with_a_hole_is_not_believed(monkeypatch):
    problem = Problem(np.random.default_rng(0).standard_normal((30, 3)))
    answer = solve(problem)
    monkeypatch.setattr(face_lattice, "is_closed_complex", lambda facets: False)
    certificate = certify(problem, answer)
    assert not certificate.exact
    assert certificate.lower_bound < answer.lower_bound * 0.999


def test_many_sources_get_a_bound_that_is_not_exact():
    problem = Problem(np.random.default_rng(0).standard_normal((20, 8)))
    answer = solve(problem, max_iterations=3)
    certificate = certify(problem, answer)
    assert certificate.feasible and not certificate.exact
    assert 0 < certificate.lower_bound < certificate.loss
    assert naive.ratio(problem, certificate.multiplier, naive.directions(problem, 5_000)).max() <= certificate.rho


def test_moments_give_the_energy_where_points_are_only_the_support():
    problem = Problem(Sources.from_moments(np.eye(2) / 3, SQUARE))
    certificate = certify(problem, solve(problem))
    assert certificate.loss == pytest.approx(4 * np.sqrt(1 / 3 + 2), rel=1e-12)
    assert certificate.feasible and certificate.gap <= 1e-12


def test_a_representation_of_the_wrong_size_is_refused():
    answer = solve(Problem(CUT))
    with pytest.raises(InputError, match=r"representation: encodes 2 channel\(s\), but the problem has 3"):
        certify(Problem(CUT, mixing=[[1, 0], [0, 1], [1, 1]]), answer)
    with pytest.raises(InputError, match="representation"):
        certify(Problem(CUT), replace(answer, encoder_bias=answer.encoder_bias[:-1]))
    with pytest.raises(InputError, match="multiplier"):
        certify(Problem(CUT), replace(answer, multiplier=np.eye(3)))
    with pytest.raises(InputError, match="multiplier"):
        lower_bound(Problem(CUT), np.eye(3))
    with pytest.raises(InputError, match="multiplier"):
        lower_bound(Problem(CUT), [[np.nan, 0], [0, 1]])
    with pytest.raises(InputError, match="problem"):
        certify(CUT, answer)


# ---- where to price takes seconds -------------------------------------------------------------------------------


@share(1 / 2)
@given(problems(), seeds, st.booleans())
def test_a_multiplier_is_left_out_only_where_another_meets_the_code(problem, seed, best):
    answer = solve(problem)
    weights = answer.source_weights
    if not best:
        weights = weights * np.random.default_rng(seed).uniform(0.5, 2, size=weights.shape)
    every, bound, asked = bounds.best_bound(problem, answer.multiplier, weights=weights), bounds.bound_of_worth, []

    def counted(*given, **named):
        asked.append(named.get("quick"))
        return bound(*given, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "SIZES", replace(plan.SIZES, expensive_faces=0))
        patch.setattr(bounds, "bound_of_worth", counted)
        some = bounds.best_bound(problem, answer.multiplier, weights=weights)
    assert some.value <= every.value * (1 + 1e-12)
    met = bounds.optimality_gap(problem.loss(weights), some.value) <= 1e-12
    assert some.value >= every.value * (1 - 1e-15) or met
    assert met or len(asked) > 1


@given(seeds)
def test_what_is_called_optimal_is_feasible_whatever_the_units(seed):
    """Columns of very unlike scales beside each other in the mixing can cost the encoder its digits."""
    rng = np.random.default_rng(seed)
    dimension = int(rng.integers(2, 4))
    scales = [10.0 ** rng.choice([-6, 0, 6, 8], dimension) for _ in range(2)]
    rows = rng.uniform(-1, 1, (dimension + 4, dimension)) * scales[0]
    mixing = rng.standard_normal((dimension, dimension)) * scales[1]
    try:
        problem = Problem(rows, mixing=mixing, encoder_cost=0)
        answer = solve(problem)
    except InputError as refused:
        assert "choose units" in str(refused)
        return
    certificate = certify(problem, answer)
    if answer.status == "optimal":
        assert certificate.feasible and certificate.gap <= 1e-5
    elif not certificate.feasible:
        assert "choose units" in answer.message


def test_a_network_beyond_the_digits_is_not_called_optimal(tmp_path):
    rng = np.random.default_rng(107)
    rows = rng.uniform(-1, 1, (9, 2)) * [1e-6, 1e8]
    problem = Problem(rows, mixing=rng.standard_normal((2, 2)) * [1e-6, 1e8], encoder_cost=0)
    answer = solve(problem)
    assert not certify(problem, answer).feasible
    assert answer.status == "bounded" and answer.gap <= answer.tolerance and "choose units" in answer.message
    answer.save(tmp_path / "code.npz")
    assert Representation.load(tmp_path / "code.npz").status == "bounded"


def test_a_code_without_neurons_has_no_activity_below_zero():
    problem = Problem([[0, 0], [0, 1], [1, 0]], readout=Soft(1e-3))
    certificate = certify(problem, solve(problem))
    assert certificate.feasible and certificate.least_activity == 0


@share(1 / 2)
@given(st.integers(2, 4), st.floats(1, 6), seeds)
def test_an_answer_promises_no_more_than_certify_sees(dimension, digits, seed):
    """Units far apart, costs that count them, errors at a cost: the multiplier is kept as it was proven."""
    rng = np.random.default_rng(seed)
    units = 10 ** rng.uniform(-digits, digits, dimension)
    readout = Soft(10 ** rng.uniform(-1, 3), targets=rng.normal(size=(1, dimension)) / units)
    encoder_cost = 10 ** rng.uniform(-4, 4)
    try:
        problem = Problem(rng.normal(size=(20, dimension)) * units, readout=readout, encoder_cost=encoder_cost)
    except InputError:
        return  # beyond the numbers of floating point
    answer = solve(problem)
    seen = certify(problem, answer)
    assert seen.lower_bound >= answer.lower_bound * (1 - 1e-9)
    assert answer.status != "optimal" or (seen.feasible and seen.gap <= 1e-7)


@pytest.mark.parametrize("seed", range(4))
def test_data_far_from_zero_behind_a_nearly_singular_mixing_are_not_called_optimal_where_certify_would_not(seed):
    rng = np.random.default_rng(seed)
    rows = rng.uniform(-1, 1, (30, 3)) + 10 ** rng.uniform(3, 6, 3)
    mixing = rng.normal(size=(4, 3))
    mixing[:, 2] = mixing[:, 1] + 1e-4 * mixing[:, 2]
    problem = Problem(rows, mixing=mixing, encoder_cost=0.0)
    answer = solve(problem)
    seen = certify(problem, answer)
    assert answer.status != "optimal" or (seen.feasible and seen.gap <= 2e-8)


@pytest.mark.parametrize("seed", [6, 11, 18, 27, 41])
def test_no_bound_of_nearly_dependent_sources_with_errors_is_above_a_loss(seed):
    """The cost of errors G0 has entries so large that those of Y G0 cancel; a sum of squares keeps its digits."""
    rng = np.random.default_rng(seed)
    points, mixing = rng.standard_normal((18, 2)), rng.standard_normal((2, 2))
    points[:, 1] = points[:, 0] + 10.0 ** rng.uniform(-7, -4) * points[:, 1]
    elsewhere = rng.random(18) if seed % 2 else None
    readout = Soft(10.0 ** rng.uniform(0, 4), None, elsewhere)
    problem = Problem(points, mixing=mixing, activity_cost=10.0 ** rng.uniform(-3, 0), readout=readout)
    answer = solve(problem, time_limit=2.0)
    assert answer.lower_bound <= answer.loss
    assert lower_bound(problem, answer.multiplier).value <= answer.loss * (1 + 1e-11)


def test_a_network_that_rounding_keeps_from_reading_one_group_is_not_called_optimal():
    """A mixing of sources in unlike units: a neuron of the small ones reads what rounding leaves of the large one."""
    statuses = set()
    for seed in range(4):
        rng = np.random.default_rng(seed)
        points = rng.uniform(-1, 1, (12, 3)) * [1e10, 1e-2, 1e3]
        options = {"mixing": rng.standard_normal((3, 3)), "encoder_cost": 1e4, "groups": {"a": [0], "b": [1, 2]}}
        problem = Problem(points, **options, separate=True)
        answer = solve(problem)
        statuses.add(answer.status)
        assert certify(problem, answer).feasible == (answer.status == "optimal")
    assert "bounded" in statuses


@pytest.mark.thorough
@pytest.mark.parametrize("seed", [4, 24, 38, 50])
def test_no_answer_claims_more_than_certify_proves_where_digits_are_lost(seed):
    """One source nearly a combination of two others, units far apart, and an encoder that costs nothing."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(12, 3))
    rows[:, 2] = rows[:, 0] - 2 * rows[:, 1] + 10.0 ** -rng.uniform(4.5, 6) * rng.normal(size=12)
    rows, mixing = rows * 10.0 ** rng.uniform(-2, 2, 3), rng.normal(size=(4, 3))
    errors = Soft(10.0 ** rng.uniform(3, 8))
    problem = Problem(rows, mixing=mixing, readout=errors, encoder_cost=0.0, decoder_cost=290.0, bias_cost=1.18)
    answer = solve(problem, time_limit=5)
    assert certify(problem, answer).lower_bound >= answer.lower_bound * (1 - 1e-6)


@pytest.mark.parametrize("seed", [33, 40])
def test_of_several_optimal_codes_one_is_given_that_proves_itself_optimal(seed):
    """One source nearly a combination of two others: a code written from its neurons anew may lose digits."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(9, 3))
    rows[:, 2] = rows[:, 0] - 2 * rows[:, 1] + 10.0 ** -rng.uniform(4.5, 6) * rng.normal(size=9)
    rows, mixing = rows * 10.0 ** rng.uniform(-2, 2, 3), rng.normal(size=(3, 3))
    problem = Problem(rows, mixing=mixing, encoder_cost=0.0, decoder_cost=2e-5)
    answer = solve(problem, time_limit=10)
    assert answer.status != "optimal" or certify(problem, answer).gap <= answer.tolerance


@pytest.mark.parametrize("seed", plainly([3, 6, 11, 15, 16, 19, 43, 54], [3, 6, 15]))
def test_where_digits_are_lost_certify_and_the_multiplier_alone_prove_what_an_answer_says(seed):
    """Columns in another order round otherwise, and a matrix keeps fewer digits than the code that it is made of."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(9, 3))
    rows[:, 2] = rows[:, 0] - 2 * rows[:, 1] + 10.0 ** -rng.uniform(3, 6) * rng.normal(size=9)
    rows, mixing = rows * 10.0 ** rng.uniform(-2, 2, 3), rng.normal(size=(3, 3))
    problem = Problem(rows, mixing=mixing, encoder_cost=0.0, decoder_cost=2e-5)
    answer = solve(problem, time_limit=10)
    if answer.status == "optimal":
        assert certify(problem, answer).gap <= 2 * answer.tolerance
    else:
        alone = lower_bound(problem, answer.multiplier, cover=answer.cover)
        assert answer.lower_bound <= alone.value * (1 + 1e-9)


@pytest.mark.parametrize("seed", plainly(range(6), range(3)))
def test_data_far_from_zero_are_not_called_optimal_where_certify_measures_another_loss(seed):
    """Two sources that nearly cancel, a million ranges from zero: the bias of a neuron has lost what its loss needs."""
    rng = np.random.default_rng(seed)
    first = rng.normal(size=40)
    rows = np.column_stack([first - 10.0 ** rng.uniform(5, 8), -0.6 * first + 1e-3 * rng.normal(size=40)])
    problem = Problem(rows, encoder_cost=6e-5, decoder_cost=6e4, activity_cost=300.0, readout=Soft(8e5))
    answer = solve(problem, time_limit=10)
    seen = certify(problem, answer)
    assert answer.status != "optimal" or (seen.loss == pytest.approx(answer.loss, rel=1e-8) and seen.gap <= 2e-8)


@share(1 / 2)
@given(st.integers(2, 4), seeds)
def test_what_is_seen_of_a_code_does_not_depend_on_the_order_of_the_columns_to_the_last_digit(dimension, seed):
    rng = np.random.default_rng(seed)
    rows = rng.uniform(-1, 1, (dimension + 6, dimension)) * 10.0 ** rng.uniform(-3, 3, dimension)
    mixing = rng.standard_normal((dimension + 1, dimension))
    answer = solve(Problem(rows, mixing=mixing))
    order = rng.permutation(dimension)
    other = Problem(rows[:, order], mixing=mixing[:, order])
    moved = replace(
        answer,
        problem=other,
        source_weights=answer.source_weights[:, order],
        multiplier=answer.multiplier[np.ix_(order, order)],
    )
    seen = [certify(one.problem, one) for one in (answer, moved)]
    numbers = [(one.loss, one.lower_bound, one.least_activity, one.reconstruction_error) for one in seen]
    assert numbers[0] == numbers[1]
    proven = [bounds.most_provable(one.problem, one.multiplier, one.source_weights) for one in (answer, moved)]
    assert proven[0] == proven[1]


@given(st.integers(0, 2**32 - 1), st.integers(2, 3), st.floats(1e-6, 1.0))
def test_a_multiplier_that_falls_short_proves_as_little_when_all_is_priced(seed, dimension, share):
    rng = np.random.default_rng(seed)
    problem = Problem(rng.uniform(-1, 1, (12, dimension)) * [share, *np.ones(dimension - 1)]).canonical
    root = rng.standard_normal((dimension, dimension)) / np.sqrt(problem.modular_costs)
    multiplier, loss = problem.energy_matrix + root.T @ root, problem.modular_loss
    if falls_short(problem, multiplier, np.vstack([problem.modular.unit_neurons, root]), loss):
        assert best_bound(problem, multiplier).value < loss * (1 - 1e-5)


def test_nothing_is_priced_again_for_sources_that_no_target_needs(monkeypatch):
    problem = Problem(np.random.default_rng(0).standard_normal((30, 3)), readout=Exact([[1.0, 0, 0], [0, 1.0, 0]]))
    priced, bound_of_worth = [], bounds.bound_of_worth
    monkeypatch.setattr(
        bounds, "bound_of_worth", lambda *args, **options: priced.append(1) or bound_of_worth(*args, **options)
    )
    bound = best_bound(problem, problem.multiplier(problem.modular_weights.T @ problem.modular_weights))
    assert bound.exact and 0 < bound.value < problem.modular_loss and len(priced) == 1
