"""Published statements that do not hold: what they assume, where they fail, and the right ones in their place."""

from fractions import Fraction
from itertools import combinations, product
from math import prod

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from solver import solve
from theory import Problem, Sources, check_proof, modularity
from theory.conditions import decide
from theory.errors import InputError
from theory.theorems import PUBLISHED, THEOREMS, is_registered, theorem
from theory.theorems.published import CHEAP

SIGNS = np.array(list(product((-1.0, 1.0), repeat=3)))
EVEN = SIGNS[SIGNS.prod(axis=1) > 0]
SQUARE = SIGNS[:4, 1:]
cosines = st.integers(0, 19).map(lambda steps: steps / 20)


def seen_at(cosine):
    """(2, 2) a mixing whose columns have length one and that cosine."""
    return np.array([[1.0, cosine], [0.0, (1 - cosine**2) ** 0.5]])


def test_they_are_no_theorems_but_can_be_asked_for():
    assert not set(PUBLISHED) & set(THEOREMS)
    assert all(theorem(name) is entry and is_registered(entry) for name, entry in PUBLISHED.items())
    with pytest.raises(InputError, match="did you mean 'pairwise-ranges'"):
        theorem("pairwise-range")


def test_the_even_corners_of_the_cube_have_all_pairs_and_mix():
    entry = PUBLISHED["pairwise-ranges"]
    assert entry.predict(EVEN).modular is True and not THEOREMS["range-independence"].applies(EVEN)
    assert check_proof(modularity(EVEN, exact=True).proof, EVEN) is False
    assert not entry.applies(EVEN[:3, :2]) and not entry.applies(Problem(SQUARE, mixing=seen_at(0.5)))
    # Without one of them some pairs lack a corner; and all eight are modular.
    assert not any(entry.applies(np.delete(EVEN, gone, axis=0)) for gone in range(4))
    assert modularity(SIGNS, exact=True).modular is True


@given(st.integers(0, 40).map(lambda quarters: quarters / 4))
def test_the_price_of_the_even_corners(cost):
    answer = solve(Problem(EVEN, encoder_cost=cost))
    assert answer.status == "optimal"
    assert answer.loss == pytest.approx(6 * (4 / 3 + cost) ** 0.5, rel=1e-9)
    assert answer.price_of_modularity == pytest.approx(((2 + cost) / (4 / 3 + cost)) ** 0.5 - 1, abs=1e-9)


@given(st.integers(2, 30))
def test_rare_bits_are_modular_whatever_the_eigenvalues(times):
    weights = [times, 1, 1, 1]
    entry, problem = PUBLISHED["indefinite-ellipsoid"], Problem(SQUARE, probabilities=weights)
    verdict = modularity(SQUARE, probabilities=weights, exact=True)
    assert check_proof(verdict.proof, SQUARE, probabilities=weights) is True
    # In bits the determinant of F is 16 - (times - 1)^2, over (times + 3)^4.
    assert entry.applies(problem) is (times > 5)
    assert np.linalg.det(verdict.F) == pytest.approx(16 * (16 - (times - 1) ** 2) / (times + 3) ** 4, abs=1e-12)
    if times > 5:
        assert entry.predict(problem).modular is False
        answer = solve(problem)
        assert answer.status == "optimal" and answer.price_of_modularity < 1e-12


@pytest.mark.parametrize("decoder_cost", [1, Fraction(1, 10**12)])
@pytest.mark.parametrize(("cosine", "sine", "modular"), [("3/5", "4/5", False), ("5/13", "12/13", True)])
def test_two_signs_separate_up_to_a_cosine_of_one_half_however_cheap_the_weights(cosine, sine, modular, decoder_cost):
    seen = {"mixing": [[1, cosine], [0, sine]], "encoder_cost": 0, "decoder_cost": decoder_cost}
    assert check_proof(modularity(SQUARE, **seen, exact=True).proof, SQUARE, **seen) is modular


@given(st.integers(1, 8).map(lambda eighths: eighths / 8), cosines, st.sampled_from([1.0, CHEAP]))
def test_the_price_of_independent_sources_under_a_mixing(variance, cosine, decoder_cost):
    """In closed form, for any variance up to the square of the reach, which is one here."""
    sources = Sources.from_moments(variance * np.eye(2), SQUARE)
    problem = Problem(sources, mixing=seen_at(cosine), encoder_cost=0.0, decoder_cost=decoder_cost)
    answer = solve(problem)
    apart = 2 * (variance + 1) ** 0.5
    mixed = ((variance + 2) * (1 + cosine)) ** 0.5 + (variance * (1 - cosine)) ** 0.5
    price = apart / mixed - 1 if cosine * (variance + 1) > 1 else 0.0
    assert answer.status == "optimal" and answer.price_of_modularity == pytest.approx(price, abs=1e-9)


@st.composite
def evenly_ranged(draw):
    """Two or three independent sources, each even about zero and of its own size and variance."""
    reaches = draw(st.lists(st.integers(1, 3), min_size=2, max_size=3))
    silent = [draw(st.integers(0, 6)) for _ in reaches]
    marginals = [{-reach: 1, 0: often, reach: 1} for reach, often in zip(reaches, silent, strict=True)]
    rows = list(product(*marginals))
    weights = [prod(marginal[value] for marginal, value in zip(marginals, row, strict=True)) for row in rows]
    columns = draw(st.lists(st.integers(-3, 3), min_size=len(reaches) ** 2, max_size=len(reaches) ** 2))
    mixing = np.array(columns, dtype=float).reshape(len(reaches), -1)
    assume(np.linalg.cond(mixing) < 1e3)
    return Problem(np.array(rows, dtype=float), probabilities=weights, mixing=mixing, encoder_cost=0.0)


@given(evenly_ranged())
def test_which_mixings_independent_sources_survive(problem):
    size = np.sqrt(np.diag(problem.gram))
    reach = problem.sources.least_bias
    most = reach / np.sqrt(np.diag(problem.sources.covariance) + reach**2)
    over = np.abs(problem.gram) / np.outer(size, size) - np.outer(most, most)
    worst = max(over[pair] for pair in combinations(range(problem.dimension), 2))
    assume(abs(worst) > 1e-9)
    assert decide(problem).modular is THEOREMS["even-ranges"].predict(problem).modular is bool(worst < 0)
    entry = PUBLISHED["cheap-weights"]
    cheap = problem.replaced(decoder_cost=CHEAP)
    alike = np.ptp(reach) == 0 and np.ptp(np.diag(problem.sources.covariance)) < 1e-9
    assert entry.applies(cheap) is bool(alike) and not entry.applies(problem)
    assert not entry.applies(cheap.replaced(encoder_cost=1.0))


@given(st.integers(2, 4), st.integers(0, 2**32 - 1))
def test_categories_without_an_offset_are_easiest_to_read_where_they_share_no_neuron(count, seed):
    """Whatever their probabilities: activity asks for the lengths of the columns alone."""
    rng = np.random.default_rng(seed)
    columns = rng.exponential(size=(count + 2, count)) * (rng.random((count + 2, count)) < 0.7)
    columns[:count] += 0.1 * np.eye(count)
    gram = columns.T @ columns
    assume(np.linalg.cond(gram) < 1e6)
    apart = (1 / np.diag(gram)).sum()
    shared = np.abs(gram - np.diag(np.diag(gram))).max() > 1e-6
    assert np.trace(np.linalg.inv(gram)) >= apart * (1 - 1e-9) and (not shared or np.trace(np.linalg.inv(gram)) > apart)
