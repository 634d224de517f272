"""Scores of modularity: one for modular codes, less for mixed ones, nothing for noise, whatever the order and scale.

Planted codes have values that can be computed by hand, with estimates of information near them.
"""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import Problem, Sources, solve
from solver.metrics import (
    conditional_information,
    conditional_information_nearest,
    dci,
    info_compactness,
    info_explicitness,
    info_modularity,
    modularity_scores,
    mutual_information_gap,
    mutual_information_ratio,
)
from solver.metrics.estimates import neuron_information
from solver.metrics.information import information, ranks
from solver.metrics.samples import scored_samples
from solver.strategies import seeds
from tests.examples import plainly, share, thorough
from theory.errors import InputError

RNG = np.random.default_rng(0)
SOURCES = RNG.uniform(-1, 1, size=(400, 3))
TURN = np.linalg.qr(RNG.standard_normal((3, 3)))[0]
CORNERS = np.array([[x, y] for x in (0.1, 0.4) for y in (0.2, 0.3)] * 50)
TURNED = np.array([[1.0, 1.0], [1.0, -1.0]])
OF_MODULARITY = (
    "mutual_information_ratio", "info_modularity", "conditional_information", "conditional_information_nearest",
    "dci_disentanglement",
)  # fmt: skip
OF_SOURCES = ("mutual_information_gap", "info_compactness", "dci_completeness")
OF_READOUT = ("info_explicitness", "dci_informativeness")


def test_modular_codes_score_one_and_turned_ones_less():
    modular, mixed = modularity_scores(SOURCES, SOURCES), modularity_scores(SOURCES @ TURN, SOURCES)
    assert set(modular) == {*OF_MODULARITY, *OF_SOURCES, *OF_READOUT, "information_by_chance"}
    for name in (*OF_MODULARITY, *OF_SOURCES):
        assert modular[name] > 0.95 and mixed[name] < modular[name] - 0.2, name
    for name in OF_READOUT:
        assert modular[name] > 0.99 and mixed[name] > 0.99, name


@pytest.mark.thorough
def test_evenly_mixed_neurons_score_zero():
    even = np.array([[1, 1, 1], [1, 1, -1], [1, -1, 1]]).T
    equal = SOURCES / SOURCES.std(axis=0)
    assert conditional_information(equal @ even, equal) < 0.02
    assert conditional_information_nearest(equal @ even, equal) < 0.1
    assert mutual_information_ratio(SOURCES @ even, SOURCES) < 0.2


# ---- values known by hand ------------------------------------------------------------------------------------------


def test_information_of_known_laws():
    rng = np.random.default_rng(1)
    # Of normal variables with correlation r: -log(1 - r^2) / 2; given the common cause of both: none.
    cause, noise = rng.standard_normal((2, 3000))
    effect = 0.8 * cause + 0.6 * noise
    one, other = ranks(cause), ranks(effect)
    assert information(one, other) == pytest.approx(-np.log(1 - 0.64) / 2, abs=0.06)
    further = ranks(cause + rng.standard_normal(3000))
    assert information(other, further) > 0.15
    assert information(other, further, one[:, None]) == pytest.approx(0, abs=0.05)
    # Of a class about itself: its entropy; of half a rectified variable that is silent: what the graded half tells.
    coins = rng.choice([0.0, 5000.0, 9000.0], 3000, p=[0.5, 0.25, 0.25])
    assert information(coins, coins) == pytest.approx(1.5 * np.log(2), abs=0.03)
    sign = 12_000.0 * (cause > 0)
    assert information(ranks(np.maximum(cause, 0)), sign) == pytest.approx(np.log(2), abs=0.03)


ONE, OTHER = (CORNERS > [0.2, 0.25]).T

PLANTED = {
    "modular": (CORNERS, (1, 1, 1, 1, 1)),
    "two of each": (np.column_stack([CORNERS, -CORNERS]), (1, 0, 1, (1 / 2 - 1 / 4) / (1 - 1 / 4), 1)),
    "one source missing": (CORNERS[:, :1], (1, 0.5, 1, 0.5, 0.5)),
    # The sum is 0, 1, or 2: half a bit about each.
    "one and the sum": (np.column_stack([ONE, 1.0 * ONE + OTHER]), (0.5, 0.5, 0.5, (1 / 3 + 1) / 2, 1)),
    # The exclusive or tells nothing about either alone.
    "exclusive or": (np.column_stack([ONE, ONE ^ OTHER]) * 1.0, (0.5, 0.5, 0.5, 0.5, 0.5)),
    "dead": (np.ones((200, 2)), (0, 0, 0, 0, 0)),
}
"""Codes of two fair coins of one bit each, and their ratio, gap, InfoM, InfoC and InfoE."""


PLANTED_CASES = list(product(PLANTED, [None, [True, True]]))
"""With and without classes; the plain suite tries every other of each."""


@pytest.mark.parametrize(("code", "classes"), plainly(PLANTED_CASES, [*PLANTED_CASES[::4], *PLANTED_CASES[3::4]]))
def test_planted_codes_of_two_binary_sources(code, classes):
    activity, expected = PLANTED[code]
    scores = mutual_information_ratio, mutual_information_gap, info_modularity, info_compactness, info_explicitness
    assert [score(activity, CORNERS, classes=classes) for score in scores] == pytest.approx(expected, abs=0.05)


EQUAL = SOURCES / SOURCES.std(axis=0)


@pytest.mark.parametrize(
    ("activity", "expected"),
    [(EQUAL, (1, 1, 1)), (EQUAL[:, :1], (1, 1 / 3, 1 / 3)), (np.zeros((400, 2)), (0, 0, 0))],
    ids=["modular", "two sources missing", "dead"],
)
def test_dci_of_planted_codes(activity, expected):
    assert tuple(dci(activity, EQUAL).values()) == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("classes", [None, thorough([True, True])])
def test_grids_without_a_corner_are_scored_as_well(classes):
    """Most combinations occur: the samples count, however often each combination is tried."""
    cut = np.array([[x, y] for x in range(3) for y in range(3) if x + y < 4] * 8, dtype=float)
    found = modularity_scores(cut, cut, classes=classes)
    for name in ("mutual_information_gap", "conditional_information", "conditional_information_nearest"):
        assert found[name] > 0.9, name
    mixed = modularity_scores(cut @ TURNED, cut, classes=classes)
    assert mixed["mutual_information_gap"] < 0.5 and mixed["conditional_information_nearest"] < 0.5


@pytest.mark.thorough
def test_what_is_missing_is_counted():
    missing = modularity_scores(SOURCES[:, :1], SOURCES[:, :2])
    for name in (*OF_SOURCES, *OF_READOUT):
        assert missing[name] == pytest.approx(0.5, abs=0.03), name
    noise = RNG.standard_normal(len(SOURCES))
    beside = modularity_scores(np.column_stack([SOURCES[:, :2], noise]), SOURCES[:, :2])
    for name in ("mutual_information_ratio", "info_modularity", "conditional_information"):
        assert beside[name] == pytest.approx(2 / 3, abs=0.02), name
    dead = modularity_scores(np.zeros((400, 2)), SOURCES)
    assert set(dead.values()) == {0.0}


@pytest.mark.parametrize("trials", [thorough(1), 8])
@given(seeds)
def test_noise_scores_nothing(trials, seed):
    """However few samples: a neuron that tells nothing does not pass for one that tells something of one source."""
    rng = np.random.default_rng(seed)
    sources = np.repeat(rng.uniform(size=(rng.integers(20, 60), 2)), trials, axis=0)
    found = modularity_scores(rng.standard_normal((len(sources), 3)), sources, seed=seed % 1000)
    # One of three neurons now and then passes for one that tells something, in one way of asking.
    apart = ("mutual_information_ratio", "conditional_information", "conditional_information_nearest")
    assert sum(found[name] > 0.34 for name in (*apart, "dci_disentanglement")) <= 1
    assert found["mutual_information_gap"] < 0.2 and found["info_explicitness"] < 0.3


@pytest.mark.thorough
def test_noise_scores_nothing_on_average():
    rng = np.random.default_rng(5)
    found = [modularity_scores(rng.standard_normal((60, 3)), rng.uniform(size=(60, 2))) for _ in range(60)]
    for name in found[0]:
        assert np.mean([one[name] for one in found]) < 0.1, name


@pytest.mark.thorough
@given(seeds)
@share(1 / 2)
def test_trials_of_random_conditions_score_as_one_trial_does(seed):
    rng = np.random.default_rng(seed)
    sources = rng.uniform(-1, 1, size=(40, 2))
    sources[:, 1] += 0.5 * sources[:, 0]
    repeated = np.repeat(sources, rng.integers(2, 9, size=40), axis=0)
    noisy = repeated + 0.01 * rng.standard_normal(repeated.shape)
    scores = [modularity_scores(activity, repeated) for activity in (repeated, noisy, np.exp(repeated))]
    for found in scores:
        for name in ("mutual_information_gap", "info_compactness", "conditional_information_nearest", *OF_READOUT):
            assert found[name] > 0.5, name
    once = modularity_scores(sources, sources)
    for name, value in scores[0].items():
        if name not in {"mutual_information_ratio", "info_modularity"}:  # where a second source may count or not
            assert value == pytest.approx(once[name], abs=0.2), name


@pytest.mark.thorough
@given(seeds, st.sampled_from([0.1, 1.0, 1e6]), st.integers(2, 4))
@share(1 / 4)
def test_classes_are_any_numbers(seed, unit, count):
    rng = np.random.default_rng(seed)
    sources = rng.integers(0, count, size=(60, 2)) * 1.0
    for activity in (sources, sources @ TURNED):
        expected = modularity_scores(activity, sources, classes=[True, True])
        found = modularity_scores(activity, sources * unit / 10 - 0.3, classes=[True, True])
        for name, value in expected.items():
            assert found[name] == pytest.approx(value, abs=1e-6, nan_ok=True), name
        renamed = np.column_stack([rng.permutation(count)[sources[:, 0].astype(int)], sources[:, 1]])
        gap = mutual_information_gap(activity, renamed, classes=[True, True])
        assert gap == pytest.approx(expected["mutual_information_gap"], abs=0.15)
    assert expected["mutual_information_ratio"] < 0.6


# ---- laws ----------------------------------------------------------------------------------------------------------


@pytest.mark.thorough
def test_the_gap_asks_for_one_neuron_per_source():
    assert mutual_information_gap(SOURCES, SOURCES) > 0.9
    assert mutual_information_gap(SOURCES @ TURN, SOURCES) < 0.5
    halves = np.column_stack([np.maximum(SOURCES, 0), np.maximum(-SOURCES, 0)])
    assert mutual_information_ratio(halves, SOURCES) > 0.85 and mutual_information_gap(halves, SOURCES) < 0.2


def test_conditional_information_sees_through_correlation():
    correlated = SOURCES[:, :2] @ np.array([[1, 0.8], [0, 0.6]])
    assert conditional_information(correlated, correlated) == pytest.approx(1)
    assert conditional_information_nearest(correlated, correlated) > 0.95
    assert mutual_information_ratio(correlated, correlated) < 0.9


def test_neurons_need_not_be_linear_for_nearest_neighbours():
    bent = np.abs(SOURCES[:, :2])
    assert conditional_information_nearest(bent, SOURCES[:, :2]) > 0.95
    assert conditional_information(bent, SOURCES[:, :2]) < 0.6


@given(seeds)
@share(1 / 2)
def test_order_scale_and_silence_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    activity, sources = rng.uniform(size=(80, 3)) @ TURN, rng.uniform(size=(80, 2))
    activity[:, 0] += 3 * sources[:, 0]
    moved = np.column_stack([activity * [1, 50, 0.1] + 2, np.zeros(80)])
    found = modularity_scores(moved, sources * [1e-5, 3] + 7)
    for name, value in modularity_scores(activity, sources).items():
        assert found[name] == pytest.approx(value, abs=1e-6), name
    turned = modularity_scores(activity[:, ::-1], sources)
    for name in ("conditional_information", "info_explicitness", *OF_READOUT):
        assert turned[name] == pytest.approx(found[name], abs=1e-4), name


def test_probabilities_count_like_repeated_samples():
    counts = RNG.integers(0, 4, size=60)
    activity, sources = SOURCES[:60] @ TURN + 0.3 * RNG.standard_normal((60, 3)), SOURCES[:60]
    for score in (conditional_information, info_explicitness, dci):
        weighted = score(activity, sources, probabilities=counts)
        repeated = score(np.repeat(activity, counts, axis=0), np.repeat(sources, counts, axis=0))
        assert weighted == pytest.approx(repeated) and weighted != pytest.approx(score(activity, sources))
    for probabilities, said in ((counts[1:], "59 do not fit 60"), (-1.0 * counts, "some are negative")):
        with pytest.raises(InputError, match=said):
            conditional_information(activity, sources, probabilities=probabilities)


@given(seeds)
@share(1 / 2)
def test_what_is_predicted_is_predicted_where_it_was_not_fitted(seed):
    """As many neurons of noise as there are samples to fit predict all of these, and nothing of others."""
    rng = np.random.default_rng(seed)
    sources, activity = rng.uniform(size=(30, 2)), rng.standard_normal((30, 25))
    labels = np.column_stack([rng.permutation(30) % 2, rng.permutation(30) % 3])
    assert dci(activity, sources)["dci_informativeness"] < 0.4
    assert info_explicitness(activity, sources) < 0.4
    assert info_explicitness(activity, labels, classes=[True, True]) < 0.4


def test_too_few_samples_to_tell_score_no_number():
    corners = np.array([[x, y] for x in (0, 1) for y in (0, 1)] + [[0, 0]])
    few = modularity_scores(corners, corners)
    for name in ("mutual_information_ratio", "mutual_information_gap", "info_modularity", "info_compactness"):
        assert np.isnan(few[name]), name
    # Four terms explain four samples, whatever they are.
    assert np.isnan(conditional_information(SOURCES[:4], SOURCES[:4]))
    assert np.isnan(info_explicitness(SOURCES[:3], SOURCES[:3]))
    # Six trials of three conditions are three.
    assert not neuron_information(scored_samples(SOURCES[:6], SOURCES[[0, 0, 1, 1, 2, 2]]), 0).telling


def test_scores_of_a_representation():
    grid = np.array([[x, y] for x in range(5) for y in range(5)])
    modular, mixed = (solve(Problem(points)).metrics() for points in (grid, grid[grid.sum(axis=1) < 5]))
    for name in (*OF_MODULARITY, *OF_SOURCES, *OF_READOUT):
        assert modular[name] == pytest.approx(1, abs=0.01), name
    assert mixed["conditional_information"] < 0.9
    uniform = Sources.from_moments(np.eye(2) / 3, [[-1, -1], [-1, 1], [1, -1], [1, 1]])
    with pytest.raises(InputError, match="known by their moments alone"):
        solve(Problem(uniform)).metrics()


@pytest.mark.parametrize(
    ("activity", "sources", "said"),
    [
        (SOURCES[:-1], SOURCES, "399 rows do not fit 400"),
        (SOURCES, SOURCES[:, :1], "give at least two"),
        (SOURCES[:4], SOURCES[:4], "4 samples are too few"),
        (SOURCES, np.column_stack([SOURCES, np.ones(400)]), "a source is constant"),
    ],
)
def test_bad_arguments(activity, sources, said):
    with pytest.raises(InputError, match=said):
        modularity_scores(activity, sources)
    with pytest.raises(InputError, match="classes: 1 given for 3"):
        modularity_scores(SOURCES, SOURCES, classes=[True])
