"""The answer as an object: canonical, usable on new data, saved whole, read by people."""

import os
import sys
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import Problem, Representation, Sources, certify, solve
from solver.codes.linear import canonical_weights
from solver.strategies import seeds
from tests.examples import plainly
from theory import InputError

CUT = np.array([point for point in product([-1.0, 0.0, 1.0], repeat=2) if sum(point) < 2])


@pytest.fixture(scope="module")
def answer():
    return solve(Problem(pd.DataFrame(CUT, columns=["position", "object"])))


# ---- canonical neurons ----------------------------------------------------------------------------------------


def test_zero_and_duplicate_neurons_are_dropped_and_the_rest_sorted():
    problem = Problem(CUT)
    weights = np.array([[0.0, 0.0], [1.0, 1.0], [3.0, 0.0], [0.5, 0.5], [0.0, 2.0], [-1.0, -1.0], [1e-20, 0]])
    tidy = canonical_weights(problem, weights)
    assert len(tidy) == 3
    np.testing.assert_allclose(tidy.T @ tidy, weights.T @ weights, atol=1e-12)
    assert (np.diff(problem.neuron_cost(tidy)) <= 0).all()
    assert problem.loss(tidy) <= problem.loss(weights)


def test_the_order_of_the_neurons_does_not_matter():
    problem = Problem(CUT)
    weights = np.random.default_rng(0).standard_normal((6, 2))
    shuffled = weights[np.random.default_rng(1).permutation(6)]
    np.testing.assert_array_equal(canonical_weights(problem, weights), canonical_weights(problem, shuffled))


def test_a_neuron_is_turned_to_its_cheaper_side():
    problem = Problem([[0.0], [1.0], [1.0], [1.0]])
    assert canonical_weights(problem, np.array([[2.0]])).tolist() == [[-2.0]]
    assert canonical_weights(problem, np.array([[-2.0]])).tolist() == [[-2.0]]


@given(seeds, st.integers(2, 4), st.floats(0, 7), st.floats(-16, -3))
def test_one_way_of_writing_a_code_costs_no_more_than_another(seed, dimension, condition, apart):
    # Neurons next to each other, of sources so strongly correlated that a small angle may mean much.
    rng = np.random.default_rng(seed)
    turned = np.linalg.qr(rng.standard_normal((dimension, dimension)))[0]
    mixing = rng.standard_normal((dimension, dimension)) * np.geomspace(1, 10**-condition, dimension) @ turned
    problem = Problem(rng.standard_normal((12, dimension)), mixing=mixing, encoder_cost=10.0 ** rng.integers(0, 5))
    one = rng.standard_normal((dimension + 2, dimension)) @ problem.whitening.inverse.T
    weights = np.concatenate([one, -0.7 * one[:3] * (1 + 10**apart * rng.standard_normal((3, dimension)))])
    tidy = canonical_weights(problem, weights)
    inside, neurons = problem.whitened, problem.whitening.neurons
    assert inside.loss(neurons(tidy)) <= inside.loss(neurons(weights)) * (1 + 1e-9)
    assert len(canonical_weights(problem, tidy)) == len(tidy)


def test_neurons_that_only_look_alike_are_not_made_one():
    mixing = [
        [1.2164499532235586, -0.09837176322110139, 0.495752992671615],
        [-0.7854128067207852, 0.13341603331040244, -0.34700813150608983],
        [-0.2942293857578932, -0.44127210531365374, -0.041128372882135375],
    ]
    points = [[2, 1, 1], [1, 0, 4], [1, 0, 4], [1, 0, 3], [1, 0, 3], [1, 0, 3], [2, 0, 0], [2, 1, 1], [2, 1, 1]]
    answer = solve(Problem(points, mixing=mixing, encoder_cost=4625.702440261501, decoder_cost=8.314548009388114e-06))
    assert answer.status == "optimal" and answer.gap < 1e-9


# ---- on new data ----------------------------------------------------------------------------------------------


def test_activity_on_new_sources(answer):
    inside = CUT.mean(axis=0) + 0.3 * (CUT - CUT.mean(axis=0))
    activity = answer.activity(inside)
    assert activity.shape == (len(inside), len(answer)) and activity.min() > 0
    np.testing.assert_allclose(answer.reconstruct(activity), inside, atol=1e-12)
    # Beyond the hull neurons are silent, never negative, and the readout cannot follow.
    beyond = answer.activity([[2.0, 2.0]])
    assert beyond.min() == 0
    assert np.abs(answer.reconstruct(beyond) - 2.0).max() > 0.01


def test_wrong_shapes_are_refused(answer):
    with pytest.raises(InputError, match=r"sources: 3 column\(s\), but the code was made for 2"):
        answer.activity(np.ones((4, 3)))
    with pytest.raises(InputError, match=r"activity: 7 column\(s\), but the code has 3 neurons"):
        answer.reconstruct(np.ones((4, 7)))


def test_what_the_neurons_read(answer):
    assert len(answer) == 3
    assert sorted(answer.coded_sources()) == [("object",), ("position",), ("position", "object")]


# ---- files ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "problem",
    [
        pytest.param(Problem(CUT), id="samples"),
        pytest.param(Problem(CUT, probabilities=np.arange(1, 9), mixing=[[1, 2], [0, 1], [1, 1]]), id="mixed"),
        pytest.param(Problem(Sources.from_moments([[0.3, 0.1], [0.1, 0.3]], CUT, [-0.1, -0.1])), id="moments"),
        pytest.param(
            Problem(np.random.default_rng(0).standard_normal((9, 8)), encoder_cost=0.1),
            id="eight sources",
            marks=pytest.mark.thorough,
        ),
    ],
)
def test_save_and_load(problem, tmp_path):
    answer = solve(problem, max_iterations=6)
    answer.save(tmp_path / "code.npz")
    again = Representation.load(tmp_path / "code.npz")
    assert repr(again) == repr(answer)
    assert again.to_dict() == {**answer.to_dict(), "energies": pytest.approx(answer.energies, rel=1e-12)}
    assert certify(again.problem, again).gap == pytest.approx(certify(problem, answer).gap, abs=1e-12)


def test_saving_keeps_the_name_that_was_asked_for_and_nothing_else(answer, tmp_path):
    answer.save(tmp_path / "without_suffix")
    assert os.listdir(tmp_path) == ["without_suffix"]
    assert Representation.load(tmp_path / "without_suffix").loss == answer.loss


def test_a_failed_save_leaves_the_old_file(answer, tmp_path, monkeypatch):
    path = tmp_path / "code.npz"
    answer.save(path)
    before = path.read_bytes()

    def fail(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", fail)
    with pytest.raises(OSError, match="No space"):
        answer.save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["code.npz"]


def test_files_that_are_not_representations(answer, tmp_path):
    path = tmp_path / "code.npz"
    path.write_text("not a zip file")
    with pytest.raises(InputError, match="not a saved representation"):
        Representation.load(path)
    np.savez(path, points=CUT)
    with pytest.raises(InputError, match="not a saved representation"):
        Representation.load(path)
    answer.save(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match="not a saved representation"):
        Representation.load(path)
    with np.load(_saved(answer, path)) as file:
        content = dict(file)
    np.savez(path, **(content | {"format_version": 99}))
    with pytest.raises(InputError, match="later version"):
        Representation.load(path)
    with pytest.raises(FileNotFoundError):
        Representation.load(tmp_path / "missing.npz")


def _saved(answer, path):
    answer.save(path)
    return path


# ---- for people -----------------------------------------------------------------------------------------------


def test_the_repr_reads_as_a_summary(answer):
    text = repr(answer)
    assert "3 neurons" in text and "neuron 3 mixes position and object" in text
    assert "\x1b" not in text
    html = answer._repr_html_()
    assert html.count("<tr") >= 4 and "position" in html
    assert "<script" not in html


def test_names_cannot_break_the_page():
    answer = solve(Problem(pd.DataFrame(CUT, columns=["<b>bold", "a & b"])))
    assert "<b>" not in answer._repr_html_()
    assert "&lt;b&gt;bold" in answer._repr_html_()


def test_importing_the_package_is_light():
    import subprocess

    code = (
        "import solver, theory, sys; print([m for m in ('numpy', 'scipy', 'matplotlib', 'rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("seed", plainly(range(3), [0]))
def test_data_far_from_zero_come_back_through_a_nearly_singular_mixing(seed):
    """What encoder and decoder leave of each other is multiplied by the data, not by their range."""
    rng = np.random.default_rng(seed)
    left, right = (np.linalg.qr(rng.standard_normal((3, 3)))[0] for _ in range(2))
    mixing = left * [1.0, 1e-2, 1e-4] @ right
    sources = rng.uniform(size=(20, 3)) + np.array([1e1, 1e6, -1e5])
    answer = solve(Problem(sources, mixing=mixing))
    data = sources @ mixing.T
    activity = np.maximum(data @ answer.encoder.T + answer.encoder_bias, 0)
    terms = np.abs(answer.decoder) @ np.abs(answer.encoder) @ np.abs(data).max(axis=0)
    assert (np.abs(activity @ answer.decoder.T + answer.decoder_bias - data) <= 1e-14 * terms).all()
