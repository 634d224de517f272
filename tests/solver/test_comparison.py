"""Which neuron follows which label: shares of variance, by hand and by invariance, and labels that tell nothing."""

import json
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import Problem, Sources, solve
from solver.comparison import compared
from solver.pictures.summary import as_json
from solver.strategies import seeds
from tests.examples import IRIS, share
from theory import InputError
from theory.readouts import Soft

GRID = np.array([[x, y] for x in range(4) for y in range(3)], dtype=float)
CORNERS = [[-1, -1], [-1, 1], [1, -1], [1, 1]]
SMALL = ("conditional_information",)


@pytest.fixture(scope="module")
def answer():
    return solve(Problem(GRID))


@pytest.fixture(scope="module")
def unknown():
    iris = pd.read_csv(IRIS)
    return solve(Problem.from_data(iris, dimension=3)), iris


def test_neurons_of_a_modular_code_follow_their_sources(answer):
    found = answer.compare(pd.DataFrame(GRID, columns=["x", "y"]))
    assert answer.modular and sorted(found.follows) == ["x", "y"] and found.kinds == ("number", "number")
    np.testing.assert_allclose(np.sort(found.explained, axis=None), [0, 0, 1, 1], atol=1e-12)
    np.testing.assert_allclose(found.correlation**2, found.explained, atol=1e-12)
    np.testing.assert_allclose(found.decodable, 1)
    np.testing.assert_allclose(found.chance, 1 / 11)
    assert found.scores["conditional_information"] == pytest.approx(1)
    assert found.scores == pytest.approx(answer.metrics(), nan_ok=True)


def test_classes_explain_what_their_means_do(answer):
    left = ["left" if x < 2 else "right" for x, _ in GRID]
    found = answer.compare({"side": left, "row": GRID[:, 1] * 10}, categorical=["row"])
    assert found.kinds == ("class", "class") and np.isnan(found.correlation).all()
    horizontal = found.follows.index("side")
    # Means 0.5 and 2.5 of values 0 to 3: variance 1 of 1.25.
    assert found.explained[horizontal, 0] == pytest.approx(0.8) and found.explained[1 - horizontal, 1] == pytest.approx(
        1
    )
    np.testing.assert_allclose(found.decodable, [0.8, 2 / 6 + 1 / 6], atol=1e-9)
    np.testing.assert_allclose(found.chance, [1 / 11, 2 / 11])


def test_data_without_known_sources_have_labels(unknown):
    answer, iris = unknown
    species = np.repeat(["setosa", "versicolor", "virginica"], 50)
    found = answer.compare({"species": species, "petal": iris.petal_length, "number": np.arange(150)})
    assert set(found.scores) == {
        "mutual_information_ratio", "mutual_information_gap", "info_modularity", "info_compactness",
        "info_explicitness", "conditional_information", "conditional_information_nearest", "dci_disentanglement",
        "dci_completeness", "dci_informativeness", "information_by_chance",
    }  # fmt: skip
    assert found.explained.shape == (len(answer), 3) and found.decodable[1] > 0.99
    text = repr(found)
    assert "species" in text and "conditional information: 0." in text and text.count("\n") > len(answer) + 3
    plain = json.loads(as_json(found.to_dict()))
    assert plain["follows"] == list(found.follows) and plain["correlation"][0][0] is None


@pytest.mark.thorough
@given(seeds, st.integers(2, 30), st.sampled_from([1.0, 1e-6, 1e9]), st.sampled_from([0.0, 1e4]))
@share(1 / 2)
def test_scale_offset_and_order_do_not_matter(seed, count, scale, offset):
    rng = np.random.default_rng(seed)
    activity = rng.standard_cauchy((count, 3))
    numbers, classes = rng.standard_normal(count), rng.integers(0, 2, count)
    classes[:2] = 0, 1
    classes = np.append(classes, [0, 1])
    activity, numbers = np.vstack([activity, rng.uniform(size=(2, 3))]), np.append(numbers, [1, 2])
    one = compared(activity, {"n": numbers, "c": classes}, categorical=["c"])
    order = rng.permutation(count + 2)
    other = compared(
        activity[order] * scale + scale * offset,
        {"n": (numbers * -scale + offset * scale)[order], "c": np.array(["zero", "one"])[classes[order]]},
    )
    np.testing.assert_allclose(other.explained, one.explained, atol=1e-6)
    np.testing.assert_allclose(other.correlation[:, 0], -one.correlation[:, 0], atol=1e-6)
    np.testing.assert_allclose(one.correlation[:, 0] ** 2, one.explained[:, 0], atol=1e-9)
    assert (one.decodable >= one.explained.max(axis=0) - 1e-9).all() and (one.explained <= 1).all()


def test_chance_is_what_shuffled_labels_explain():
    rng = np.random.default_rng(0)
    activity, labels = rng.standard_normal((12, 1)), np.array(list("aabbccaabbcc"))
    shares = [compared(activity, rng.permutation(labels)) for _ in range(600)]
    assert np.mean([one.explained[0, 0] for one in shares]) == pytest.approx(shares[0].chance[0], rel=0.1)


def test_probabilities_count_like_repeated_samples():
    rng = np.random.default_rng(1)
    activity, number, side = rng.standard_normal((9, 2)), rng.standard_normal(9), np.array(list("abcabcabc"))
    counts = rng.integers(0, 4, 9)
    one = compared(activity, {"n": number, "side": side}, counts / counts.sum())
    rows = np.repeat(np.arange(9), counts)
    other = compared(activity[rows], {"n": number[rows], "side": side[rows]})
    np.testing.assert_allclose(one.explained, other.explained)
    np.testing.assert_allclose(one.decodable, other.decodable)


def test_without_scikit_learn_or_with_few_samples_one_score_is_left(answer, monkeypatch):
    few = solve(Problem(CORNERS))
    assert tuple(few.compare(few.problem.sources.points).scores) == SMALL
    assert few.compare([1, 2, 1, 2]).scores == {}
    monkeypatch.setitem(sys.modules, "sklearn", None)
    assert tuple(answer.compare(GRID).scores) == SMALL


def test_a_comparison_is_drawn(answer, tmp_path):
    answer.compare(GRID).plot(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 3_000


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (GRID[1:], r"labels: 11 row\(s\) of 'label1' do not fit 12 samples"),
        ({"side": ["a"] * 12}, "labels: 'side' is the same for all samples"),
        ({"side": [2] * 12}, "labels: 'side' is the same for all samples"),
        ({"name": [f"mouse {i}" for i in range(12)]}, "labels: 'name' has a class of its own for every sample"),
        ({"side": [None, *"abababababa"]}, r"labels: 1 value\(s\) of 'side' are missing, the first at row 0"),
        ({"x": [1.0] * 11 + [np.nan]}, r"labels: 1 value\(s\) of 'x' are missing, the first at row 11"),
        (pd.DataFrame({"x": pd.array([1, None] * 6, dtype="Int64")}), r"labels: 6 value\(s\) of 'x' are missing"),
        ({"x": [1.0] * 11 + [np.inf]}, "labels: 1 value"),
        ({"x": GRID}, "labels: 'x' has 2 dimensions"),
        ({}, "labels: there are none"),
        (np.ones((2, 2, 2)), "labels: expected a table"),
        ([[1, 2], [3]], "labels: rows have different lengths"),
    ],
)
def test_bad_labels_are_refused(answer, labels, said):
    with pytest.raises(InputError, match=said):
        answer.compare(labels)


@pytest.mark.parametrize(
    ("problem", "labels", "options", "said"),
    [
        (Problem(GRID), {"x": GRID[:, 0]}, {"categorical": ["z"]}, "categorical: 'z' is no label; there are 'x'"),
        (Problem(GRID, readout=Soft(1e-3)), GRID, {}, "no neurons"),
        (Problem(Sources.from_moments(np.eye(2) / 3, CORNERS)), GRID[:4], {}, "known by their moments alone"),
    ],
)
def test_codes_that_cannot_be_compared_are_refused(problem, labels, options, said):
    with pytest.raises(InputError, match=said):
        solve(problem).compare(labels, **options)
