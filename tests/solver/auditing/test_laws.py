"""Laws of audits: of the optimum, of any network, of networks that are not linear."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from solver import Sources, audit, certify, solve
from solver.strategies import problems, seeds
from tests.examples import share
from tests.solver.auditing.networks import measured, network
from theory import InputError


@share(1 / 2)
@given(problems(st.integers(1, 3)))
def test_the_optimum_has_nothing_to_save(problem):
    answer = solve(problem)
    found = audit(problem, answer.activity(), encoder=answer.encoder, decoder=answer.decoder)
    assert found.code.status == "optimal" and found.excess <= answer.gap + 1e-9
    assert found.loss == pytest.approx(answer.loss, rel=1e-9)
    np.testing.assert_allclose(found.ratios, 1, rtol=1e-5)
    assert sum(found.savings.values()) <= 1e-8 * found.loss and found.missing_saving <= 1e-8 * found.loss
    assert found.unexplained == 0 and not found.lifts.any() and found.decoder_error < 1e-6


@given(seeds)
def test_no_network_is_below_the_bound_and_all_its_excess_is_accounted_for(seed):
    one = network(np.random.default_rng(seed))
    found = audit(one.problem, one.activity, encoder=one.encoder, decoder=one.decoder)
    assert found.loss == pytest.approx(measured(one), rel=1e-6)
    assert found.loss >= found.lower_bound * (1 - 1e-9)
    checked = certify(one.problem, found.code)
    assert checked.feasible and checked.loss == pytest.approx(found.loss, rel=1e-8)
    assert checked.lower_bound == pytest.approx(found.lower_bound, rel=1e-7)
    over = found.loss - found.lower_bound
    assert sum(found.savings.values()) == pytest.approx(over, rel=1e-6, abs=1e-9 * found.loss)
    # What neurons waste is a part of it; the rest is the readout's, and not negative either.
    assert found.wasted.min() >= -1e-6 * found.loss and found.wasted.sum() <= over + 1e-6 * found.loss
    assert (found.ratios <= 1 + 1e-6).all()
    assert found.unexplained == 0 and found.encoder_error < 1e-6
    np.testing.assert_allclose(found.code.activity(), one.activity, atol=1e-7 * one.activity.max())


@share(1 / 4)
@given(seeds)
def test_each_waste_is_found_where_it_is(seed):
    random = np.random.default_rng(seed)
    one = network(random, errors=False, waste=False)
    plain = audit(one.problem, one.activity, encoder=one.encoder, decoder=one.decoder)
    assert [plain.savings[name] < 1e-7 * plain.loss for name in ("bias", "encoder", "decoder")] == [True] * 3
    least, more = one.problem.sources.support(one.weights), np.median(one.activity)
    raised = audit(one.problem, one.activity + more, encoder=one.encoder)
    dearer = one.problem.height_cost * ((least + more) ** 2 - least**2).sum()
    assert raised.savings["bias"] == pytest.approx(dearer, rel=1e-6, abs=1e-9 * raised.loss)
    for name in ("size", "strengths", "neurons"):
        assert raised.savings[name] == pytest.approx(plain.savings[name], rel=1e-5, abs=1e-7 * raised.loss)
    other = audit(one.problem, one.activity, decoder=0.9 * one.decoder)
    assert other.decoder_error == pytest.approx(0.1, rel=1e-3) and other.loss == pytest.approx(plain.loss, rel=1e-6)


@share(1 / 4)
@given(seeds)
def test_order_of_neurons_and_samples_and_the_sum_of_probabilities_do_not_matter(seed):
    random = np.random.default_rng(seed)
    one = network(random)
    found = audit(one.problem, one.activity)
    neurons, rows = random.permutation(one.activity.shape[1]), random.permutation(len(one.activity))
    sources = one.problem.sources
    weights = sources.probabilities
    turned = Sources(sources.points[rows], None if weights is None else 7 * weights[rows])
    other = audit(one.problem.replaced(sources=turned), one.activity[np.ix_(rows, neurons)])
    assert other.loss == pytest.approx(found.loss, rel=1e-8)
    assert other.excess == pytest.approx(found.excess, rel=1e-5, abs=1e-7)
    np.testing.assert_allclose(other.ratios, found.ratios[neurons], rtol=1e-4)
    np.testing.assert_allclose(other.missing_ratio, found.missing_ratio, rtol=1e-4)


@share(1 / 2)
@given(seeds)
def test_what_is_unexplained_is_what_least_squares_leave(seed):
    random = np.random.default_rng(seed)
    one = network(random)
    bent = np.maximum(one.activity - np.median(one.activity, axis=0), 0)
    try:
        found = audit(one.problem, bent)
    except InputError as error:
        assume("explain" not in str(error) and "span" not in str(error) and "varies" not in str(error))
        raise
    sources = one.problem.sources
    weights = np.full(len(bent), 1 / len(bent)) if sources.probabilities is None else sources.probabilities
    centred, root = bent - weights @ bent, np.sqrt(weights)[:, None]
    design = sources.about_mean(sources.points)
    scale = np.sqrt(np.diag(sources.covariance))
    best = np.linalg.lstsq(root * design / scale, root * centred, rcond=None)[0]
    left, whole = weights @ (centred - design / scale @ best) ** 2, weights @ centred**2
    varied = whole > 1e-20 * whole.max()
    assert found.unexplained == pytest.approx(left.sum() / whole.sum(), rel=1e-6, abs=1e-9)
    np.testing.assert_allclose(found.unexplained_shares[varied], (left / whole)[varied], rtol=1e-5, atol=1e-9)
    # The part that is audited is a code all the same.
    assert found.loss >= found.lower_bound * (1 - 1e-9) and certify(one.problem, found.code).feasible
