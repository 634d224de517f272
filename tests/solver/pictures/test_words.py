"""The price of modularity and who reads what, in words: no word says more than the bounds prove."""

from dataclasses import replace

import numpy as np
import pytest

from solver import Problem, solve
from solver.pictures.summary import mixture
from solver.pictures.words import judged, numbered, price_sentence, reading_shares, reading_words
from tests.examples import CUT
from theory import InputError, Sources, modularity
from theory.conditions.practically import practically_modular
from theory.readouts import Soft

MANY = np.random.default_rng(0).uniform(size=(10_000, 2))


@pytest.fixture(scope="module")
def cut():
    return solve(Problem(np.loadtxt(CUT, delimiter=",", skiprows=1)))


@pytest.fixture(scope="module")
def many():
    return solve(Problem(MANY))


def test_samples_of_a_continuous_distribution_are_modular_for_practical_purposes(many):
    assert many.modular is False and many.practically_modular is True
    assert price_sentence(many) == (
        "Price of modularity: one source per neuron would cost only 0.00359 % more: "
        "modular for practical purposes (up to 0.1 %)."
    )
    assert reading_shares(many) == ", mostly one source each"
    assert [name for name, _ in many.mostly_reads()] == ["s1", "s2"]
    assert "mixed" not in repr(many).splitlines()[0]
    # Exactly modular is what has every corner of its box: a grid, and the box itself.
    corners = np.array([(x, y) for x in (0.0, 1.0) for y in (0.0, 1.0)])
    box = Sources.from_moments(np.eye(2) / 12, corners, [0.5, 0.5])
    for modular in (np.round(MANY * 10) / 10, box):
        assert solve(Problem(modular)).modular is True


def test_the_threshold_is_the_user_s(many):
    strict = solve(Problem(MANY), practically=1e-5)
    assert strict.practically_modular is False and price_sentence(strict).endswith("cost 0.00359 % more: mixed.")
    assert judged(replace(many, practically=0.25)) == "modular for practical purposes (up to 25 %)"
    for wrong in (-1, float("nan"), float("inf"), "much", True):
        with pytest.raises(InputError, match="practically: "):
            solve(Problem(MANY[:10]), practically=wrong)


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ({"modular_loss": 1.0}, "none, one source per neuron is optimal: modular."),
        ({"modular_loss": 1.0005}, "only 0.05 % more: modular for practical purposes (up to 0.1 %)."),
        ({"modular_loss": 1.2}, "would cost 20 % more: mixed."),
        ({"modular_loss": 1.0, "lower_bound": 0.9995}, "cost at most 0.05 % more: modular for practical purposes"),
        ({"modular_loss": 1.0, "lower_bound": 0.8}, "would cost at most 25 % more: undecided."),
        ({"modular_loss": 1.2, "lower_bound": 0.8}, "would cost 20 % to 50 % more: mixed."),
        ({"modular_loss": 1.0005, "lower_bound": 0.9}, "11.2 % more: mixed, perhaps modular for practical purposes"),
        ({"modular_loss": 1.2, "lower_bound": 0.0}, "would cost at least 20 % more: mixed."),
        ({"modular_loss": 1.0, "lower_bound": 0.0}, "Price of modularity: not bounded yet: undecided."),
    ],
)
def test_words_say_no_more_than_the_bounds(cut, bounds, words):
    answer = replace(cut, **({"loss": 1.0, "lower_bound": 1.0} | bounds))
    assert words in price_sentence(answer)
    least, most = answer.price_bounds
    assert answer.practically_modular is practically_modular(least, most)
    assert ("practical" in price_sentence(answer)) == ((most <= 1e-3 and most > 0) or 0 < least < 1e-3)


def test_neurons_are_named_by_what_they_mostly_read(cut):
    assert reading_words(cut) == ["Neuron 1 codes s1; neuron 2 codes s2; neuron 3 mixes s1 and s2."]
    sizes = 1 / np.sqrt(cut.problem.modular_costs)
    weights = np.array([[1.0, 0.05], [0.0, 1.0], [-1.0, 0.01], [1.0, -1.0]]) * sizes
    names = ("method", "message", "multiplier", "tolerance")
    other = type(cut).from_weights(cut.problem, weights, **{name: getattr(cut, name) for name in names})
    others = {1: 0.05 / 1.05, 2: 0.0, 3: 0.01 / 1.01, 4: 0.5}
    assert sorted(share for _, share in other.mostly_reads()) == pytest.approx(sorted(others.values()))
    (words,) = reading_words(other)
    assert "mostly code s1 (others up to 4.76 %)" in words and " codes s2; " in words and "mixes s1 and s2." in words
    assert reading_shares(other) == "; 1 of them one source each, 2 mostly one, 1 several"
    plain = other.to_dict()
    assert plain["shares_of_others"] == [share for _, share in other.mostly_reads()]
    assert sorted(map(str, plain["mostly_reads"])) == ["None", "s1", "s1", "s2"]


def test_groups_are_read_as_wholes():
    corners = np.array([(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)], dtype=float)
    answer = solve(Problem(corners, groups={"place": [0, 1], "time": [2]}))
    assert {name for name, _ in answer.mostly_reads()} == {"place", "time"}
    assert price_sentence(answer) == "Price of separation: none, one group per neuron is optimal: separate."


def test_long_rows_of_neurons_are_short():
    assert numbered([1, 2, 3, 7, 9, 10, 11]) == "neurons 1 to 3, 7 and 9 to 11"
    assert numbered([4]) == "neuron 4" and numbered([1, 2]) == "neurons 1 and 2"


def test_data_without_known_sources_have_no_price():
    answer = solve(Problem.from_data(MANY[:50]))
    assert answer.practically_modular is None and np.isnan(answer.price_bounds).all()
    assert "Price" not in repr(answer)


@pytest.mark.parametrize("kind", ["rectified", "free"])
def test_other_neurons_are_judged_in_the_same_words(kind, tmp_path):
    grid = np.array([(x, y) for x in (-1.0, 0.0, 1.0) for y in (-1.0, 0.0, 1.0)])[:-1]
    answer = solve(Problem(grid, activation=kind, readout=Soft(30)), practically=0.5)
    assert answer.practically_modular is True and answer.modular is False
    assert "modular for practical purposes (up to 50 %)." in repr(answer).splitlines()[0]
    answer.save(tmp_path / "code.npz")
    assert type(answer).load(tmp_path / "code.npz").practically == 0.5
    assert answer.to_dict()["practically_modular"] is True and len(answer.to_dict()["mostly_reads"]) == len(answer)


def test_the_condition_names_the_price_first():
    verdict = modularity(MANY)
    assert verdict.modular is False and verdict.practically_modular is True
    assert replace(verdict, practically=1e-6).practically_modular is None


def test_a_neuron_that_mixes_a_little_is_not_told_as_one_of_one_source():
    problem = Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]])
    assert mixture(problem, np.array([1.0, 0.0])) == "+1 s1"
    assert mixture(problem, np.array([1.0, -2e-4])) == "+1 s1 -0.0002 s2"
    three = Problem([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    assert mixture(three, np.array([0.5, 1.0, 1e-6])) == "+0.5 s1 +1 s2"
