"""Units decide what a code is: where the scales of sources lie far apart that is said, and standardizing ends it."""

import json

import numpy as np
import pytest

from solver import Problem, solve
from solver.codes.reads import scale_ratio
from solver.pictures.words import scales_words
from tests.solver.commands.test_cli import accepted, refused
from theory import InputError, Sources, modularity

RNG = np.random.default_rng(5)
POSITION = RNG.uniform(0, 100, 200)  # in centimetres
SPEED = RNG.gamma(2, 5, 200) * np.minimum(1, np.minimum(POSITION, 100 - POSITION) / 20)  # in centimetres a second
RECORDED = np.column_stack([POSITION, SPEED])


def price(points):
    return solve(Problem(points)).price_of_modularity


def test_units_decide_and_standardized_sources_have_none():
    metres = RECORDED * [0.01, 1]
    prices = [price(RECORDED), price(metres), price(RECORDED * 0.01)]
    assert max(prices) > 2 * min(prices)
    standardized = [price(Sources(points).standardized()) for points in (RECORDED, metres, 7 * RECORDED - 3)]
    assert standardized == pytest.approx([standardized[0]] * 3, rel=1e-9)
    np.testing.assert_allclose(np.diag(Sources(RECORDED).standardized().covariance), 1)


def test_a_warning_names_the_sources_and_only_where_scales_lie_apart():
    metres = Problem(Sources(RECORDED * [0.01, 1], names=["position", "speed"]))
    (words,) = scales_words(metres)
    assert "the deviations of speed and position differ by a factor of" in words and "--standardize" in words
    answer = solve(metres)
    assert words in repr(answer) and answer.to_dict()["scale_ratio"] == scale_ratio(metres) > 10
    for points in (RECORDED, Sources(RECORDED * [0.01, 1]).standardized()):
        assert scales_words(Problem(points)) == [] and "Units decide" not in repr(solve(Problem(points)))
    # A mixing that undoes the units leaves the data as they were.
    assert scales_words(Problem(RECORDED * [0.01, 1], mixing=np.diag([100.0, 1.0]))) == []
    assert scales_words(Problem.from_data(RECORDED * [0.01, 1])) == []


def test_all_kinds_of_sources_are_standardized_alike():
    weights = np.random.default_rng(0).uniform(size=200)
    samples = Sources(RECORDED, weights).standardized()
    stream = Sources.from_chunks([RECORDED[:90], RECORDED[90:]], probabilities=[weights[:90], weights[90:]])
    given = Sources(RECORDED, weights)
    moments = Sources.from_moments(given.covariance, RECORDED, given.mean).standardized()
    for other in (stream.standardized(), moments):
        np.testing.assert_allclose(other.covariance, samples.covariance, atol=1e-12)
        assert modularity(other).margin == pytest.approx(modularity(samples).margin, rel=1e-9)
        assert price(other) == pytest.approx(price(samples), rel=1e-9)
    with pytest.raises(InputError, match="divide the data"):
        Problem.from_data(RECORDED).sources.standardized()


def test_on_the_command_line(tmp_path):
    file = tmp_path / "recorded.csv"
    np.savetxt(file, RECORDED * [0.01, 1], delimiter=",", header="position,speed", comments="")
    assert "Units decide: the deviations of speed and position" in accepted("solve", file).stdout
    assert "Units decide" in accepted("check", file).stdout
    words = accepted("solve", file, "--standardize").stdout
    assert "Units decide" not in words
    found = json.loads(accepted("solve", file, "--standardize", "--json").stdout)
    assert found["scale_ratio"] == pytest.approx(1)
    assert found["price_of_modularity"] == pytest.approx(price(Sources(RECORDED).standardized()), rel=1e-9)
    verdict = json.loads(accepted("check", file, "--json").stdout)
    assert verdict["scale_ratio"] > 10 and verdict["practically"] == 1e-3
    axes = json.loads(accepted("solve", file, "--components", "2", "--standardize", "--json").stdout)
    assert axes["scale_ratio"] is None and axes["loss"] == pytest.approx(
        solve(Problem.from_data(Sources(RECORDED).standardized().points, dimension=2)).loss, rel=1e-9
    )
    assert "--standardize" in refused("check", file, "--exact", "--standardize")
