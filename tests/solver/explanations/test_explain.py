"""Explanations of whole layers: planted formulas, thresholds, selectivity, chance, labels that are refused, words."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from solver import Problem, Sources, explain, solve
from solver.explanations.formulas import forms, formula_of
from solver.explanations.selectivity import rankings
from solver.pictures.summary import as_json
from solver.strategies import seeds
from theory import InputError
from theory.readouts import Soft

NAMES = ("red", "large", "round", "old", "left", "near")


def table_of(rng, count=300, share=(0.2, 0.6)):
    return {name: (rng.random(count) < rng.uniform(*share)).astype(int) for name in NAMES}


def planted(rng, labels):
    """(T,) where some formula of three of the labels holds."""
    names = sorted(rng.choice(NAMES, 3, replace=False).tolist())
    return formula_of(np.arange(3), int(rng.integers(len(forms(3).truth))), tuple(names)).holds(labels)


# ---- formulas -----------------------------------------------------------------------------------------------------


@given(seeds)
def test_the_iou_is_that_of_the_formula_on_the_samples(seed):
    rng = np.random.default_rng(seed)
    labels, weights, activity = table_of(rng, 50), rng.exponential(size=50), rng.normal(size=50)
    one = explain(activity, labels, probabilities=weights, top=0.4, shuffles=0).neurons[0]
    # What fires is the fewest samples of the highest activity.
    order = np.argsort(-activity)
    fires = np.zeros(50, dtype=bool)
    fires[order[np.cumsum(weights[order]) <= 0.4 * weights.sum()]] = True
    for formula, iou in [*((formula, one.iou) for formula in one.formulas), (one.runner_up, one.runner_up_iou)]:
        holds = formula.holds(labels)
        assert iou == pytest.approx(weights[holds & fires].sum() / weights[holds | fires].sum())


@given(seeds)
def test_a_planted_formula_is_found_in_noise(seed):
    rng = np.random.default_rng(seed)
    labels = table_of(rng)
    holds = planted(rng, labels)
    activity = holds * rng.uniform(2, 3) + 0.2 * rng.uniform(-1, 1, len(holds)) + rng.normal()
    found = explain(activity, labels, shuffles=0).neurons[0]
    assert found.iou == 1 and found.proven and (found.formula.holds(labels) == holds).all()
    # So many other labels tell the formula from others; some samples that are wrong do not hide it.
    wrong = rng.permutation(len(holds)) < 9
    noisy = explain(holds ^ wrong, labels, shuffles=0).neurons[0]
    union = np.count_nonzero((holds ^ wrong) | holds)
    assert noisy.proven and noisy.iou >= np.count_nonzero((holds ^ wrong) & holds) / union - 1e-12


def test_the_formula_planted_in_noise_is_the_one_found():
    rng = np.random.default_rng(0)
    labels = table_of(rng, 1000)
    holds = (labels["red"] & (labels["large"] | 1 - labels["old"])).astype(bool)
    found = explain(holds ^ (rng.random(1000) < 0.05), labels, rng=0).neurons[0]
    assert str(found.formula) == "red AND (large OR NOT old)" and found.ties == 1
    assert found.runner_up_iou < found.iou and found.p_value == pytest.approx(1 / 21)
    assert found.chance.max() < 0.5 and (found.chance == found.chance_bound).all()


@settings(max_examples=4)
@given(seeds)
def test_neither_columns_nor_samples_need_an_order(seed):
    rng = np.random.default_rng(seed)
    labels = pd.DataFrame(table_of(rng, 60, (0.05, 0.95)))
    labels["again"] = labels["red"]
    activity = rng.integers(0, 4, (60, 2))
    weights = rng.integers(1, 4, 60)
    one = explain(activity, labels, probabilities=weights, shuffles=0)
    order, rows = rng.permutation(labels.shape[1]), rng.permutation(60)
    other = explain(activity[rows], labels.iloc[rows, order], probabilities=weights[rows], shuffles=0)
    for first, second in zip(one.neurons, other.neurons, strict=True):
        assert [str(formula) for formula in first.formulas] == [str(formula) for formula in second.formulas]
        assert first.ties == second.ties and first.iou == pytest.approx(second.iou, abs=1e-12)
        assert first.runner_up_iou == pytest.approx(second.runner_up_iou, abs=1e-12, nan_ok=True)
    np.testing.assert_allclose(one.selectivity[:, order], other.selectivity, atol=1e-12)
    assert [str(pair.first) for pair in one.pairs.listed] == [str(pair.first) for pair in other.pairs.listed]


def test_labels_that_say_the_same_are_ties_in_the_order_of_their_names():
    labels = {"b": [1, 0, 0, 1, 0], "a": [1, 0, 0, 1, 0], "c": [0, 1, 1, 0, 1]}
    found = explain([5, 0, 0, 5, 0], labels, shuffles=0).neurons[0]
    assert [str(formula) for formula in found.formulas] == ["a", "b", "NOT c"] and found.ties == 3
    assert str(found.runner_up) == "b" and found.runner_up_iou == 1


def test_samples_of_probability_zero_do_not_count():
    labels = {"red": [1, 1, 0, 0, 1], "new": [0, 1, 0, 1, 1]}
    given_weights = explain([1, 1, 0, 0, 0], labels, probabilities=[1, 2, 1, 1, 0], shuffles=0)
    assert str(given_weights.neurons[0].formula) == "red" and given_weights.neurons[0].iou == 1
    assert given_weights.neurons[0].fires == pytest.approx(0.6) and given_weights.samples == 4


def test_a_neuron_that_is_silent_or_always_fires_has_no_formula():
    found = explain(np.column_stack([[1, 1, 1, 1], [1, 2, 1, 2]]), {"red": [0, 1, 0, 1]}, threshold=0.5, rng=0)
    assert all(one.formula is None and np.isnan(one.iou) and np.isnan(one.p_value) for one in found.neurons)
    assert np.isnan(found.selectivity[0]).all() and found.selectivity[1, 0] == 1
    assert "2 neurons fire on all samples or on none" in repr(found) and "always fires" in repr(found)
    json.loads(as_json(found.to_dict()))
    assert found.plot() is not None


# ---- thresholds ---------------------------------------------------------------------------------------------------


def test_thresholds():
    activity, labels = np.array([0, 1, 2, 3, 10.0]), {"a": [0, 0, 0, 0, 1]}

    def fires(**rule):
        return explain(activity, labels, shuffles=0, **rule).neurons[0].fires

    assert fires() == 0.2 and fires(threshold="positive") == 0.8 and fires(threshold=1.5) == 0.6
    assert fires(threshold="1.5") == 0.6 and fires(top=0.4) == 0.4 and fires(top=0.5) == 0.4 and fires(top=0.01) == 0.2
    # In the middle, and equal up to rounding: not beyond it.
    assert explain([0, 0.1 + 0.2, 0.3, 0.6], {"a": [0, 1, 0, 1]}, shuffles=0).neurons[0].fires == 0.25
    # Two that are equal up to rounding count as one value: both, or neither.
    assert explain([0, 1, 2, 2 + 1e-12], {"a": [0, 1, 0, 1]}, top=0.25, shuffles=0).neurons[0].fires == 0.5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threshold": "most"}, "threshold: 'most' is unknown"),
        ({"threshold": float("inf")}, "give 'half', 'positive' or a finite number"),
        ({"top": 1.5}, "top: 1.5 is no share"),
        ({"top": 0.1, "threshold": 2}, "give one of them"),
        ({"shuffles": -1}, "shuffles: -1 is not a whole number from 0 on"),
        ({"shuffles": True}, "shuffles: True"),
        ({"shuffles": 4, "series": True}, "4 rows can be shifted in 3 ways"),
        ({"time_limit": 0}, "time_limit: 0 is not"),
        ({"probabilities": [1, 2]}, "2 given for 4 samples"),
        ({"neurons": ["a", "b"]}, "2 name.s. for 1 neuron"),
    ],
)
def test_options_that_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        explain([0, 1, 2, 3], {"red": [0, 1, 0, 1]}, **options)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"red": [0, 1, 0]}, "3 row"),
        ({"red": [0, 1, 2, 0]}, "2 of 'red' at row 2 .* is neither 0 nor 1"),
        ({"red": [0, 1, np.nan, 0]}, "1 value.s. of 'red' are missing, the first at row 2"),
        ({"red": [0, 0, 0, 0]}, "'red' is the same for all samples"),
        ({"red": ["a", "b", "c", "d"]}, "a class of its own for every sample"),
        ({}, "there are none"),
    ],
)
def test_labels_that_are_refused(labels, message):
    with pytest.raises(InputError, match=message):
        explain([0, 1, 2, 3], labels)


def test_text_becomes_a_label_for_each_class():
    labels = pd.DataFrame({"hue": ["red", "blue", "green", "red"] * 3, "side": ["left", "right", "left", "left"] * 3})
    found = explain([1, 0, 0, 1] * 3, labels, shuffles=0)
    assert found.labels == ("hue = blue", "hue = green", "hue = red", "side = right")
    assert str(found.neurons[0].formula) == "hue = red"


# ---- selectivity and chance ---------------------------------------------------------------------------------------


@pytest.mark.thorough
def test_average_precision_is_that_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    activity, labels, weights = rng.integers(0, 6, (50, 3)), rng.random((50, 4)) < 0.3, rng.exponential(size=50)
    found = np.array([ranking.precision(labels.T) for ranking in rankings(activity.astype(float), weights)])
    for neuron, label in np.ndindex(found.shape):
        expected = metrics.average_precision_score(labels[:, label], activity[:, neuron], sample_weight=weights)
        assert found[neuron, label] == pytest.approx(expected)


def test_chance_is_what_shuffled_labels_reach():
    rng = np.random.default_rng(1)
    labels = table_of(rng, 200)
    activity = np.column_stack([labels["red"] + 0.1 * rng.normal(size=200), rng.normal(size=200)])
    found = explain(activity, labels, rng=0)
    follows, noise = found.neurons
    assert follows.p_value == pytest.approx(1 / 21) and noise.p_value > 0.05
    # Of independent labels the mean is the average precision of a ranking by chance (without ties).
    positive, count = sum(labels["red"]), 200
    harmonic = (1 / np.arange(1, count + 1)).sum()
    expected = (harmonic + (positive - 1) / (count - 1) * (count - harmonic)) / count
    assert abs(found.chance_selectivity[1, 0] - expected) < 3 * found.chance_deviation[1, 0] / 20**0.5 + 1e-3
    assert found.selectivity[0, 0] == pytest.approx(1) and found.selectivity[0, 0] > expected
    one, again, other = (explain(activity, labels, shuffles=2, rng=seed) for seed in (0, 0, 1))
    assert one == again != other


def test_a_series_keeps_its_slowness():
    """Two slow series that have nothing to do with each other look alike if their rows are shuffled."""
    time = 2 * np.pi * np.arange(300) / 75
    labels = {"up": (np.sin(time) > 0).astype(int), "odd": np.arange(300) % 2}
    shuffled = explain(np.sin(time + 1), labels, rng=0).neurons[0]
    shifted = explain(np.sin(time + 1), labels, series=True, rng=0).neurons[0]
    assert shuffled.iou == shifted.iou and shifted.chance.mean() > shuffled.chance.mean() + 0.05
    assert shuffled.p_value < 0.05 < shifted.p_value


def test_what_time_ended_says_so():
    rng = np.random.default_rng(0)
    labels = {f"l{number:02}": rng.integers(0, 2, 60) for number in range(12)}
    found = explain(rng.normal(size=(60, 5)), labels, shuffles=2, time_limit=1e-9, rng=0)
    assert all(one.runner_up_iou <= one.iou + 1e-12 and one.iou <= one.upper_bound for one in found.neurons)
    one = found.neurons[0]
    assert not one.proven and one.iou < one.upper_bound <= 1.001
    assert (one.chance_bound > one.chance).any() and one.p_value >= 1 / 3
    assert "0 of 5 neurons are proven" in found.sentences()[1] and f"{one.iou:.3f} to " in repr(found)
    assert found.plot() is not None


# ---- answers ------------------------------------------------------------------------------------------------------

CORNERS = np.array([[x, y] for x in (0, 1) for y in (0, 1)])


def test_an_answer_is_explained_by_its_sources():
    answer = solve(Problem(pd.DataFrame(CORNERS, columns=["left", "low"])))
    found = answer.explain(pd.DataFrame(CORNERS, columns=["left", "low"]), shuffles=0)
    # Of two equal sides of a source one is taken: the label or its opposite.
    assert sorted(one.formula.labels[0] for one in found.neurons) == ["left", "low"]
    assert all(one.iou == 1 and one.formula.size == 1 for one in found.neurons) and found.pairs.modular


def test_rectified_neurons_are_explained_too():
    answer = solve(Problem(2.0 * CORNERS - 1, activation="rectified", readout=Soft(100)))
    found = answer.explain({"left": CORNERS[:, 0], "low": CORNERS[:, 1]}, shuffles=0)
    assert len(found) == len(answer) and all(one.iou == 1 for one in found.neurons)


def test_answers_without_samples_or_neurons_are_refused():
    moments = Sources.from_moments(np.eye(2) / 3, 2 * CORNERS - 1)
    with pytest.raises(InputError, match="there are no samples to label"):
        solve(Problem(moments)).explain({"left": CORNERS[:, 0]})
    for kind in ("linear", "rectified"):
        silent = solve(Problem(CORNERS, readout=Soft(1e-6), activation=kind))
        with pytest.raises(InputError, match="no neurons that could be explained"):
            silent.explain({"left": CORNERS[:, 0]})
