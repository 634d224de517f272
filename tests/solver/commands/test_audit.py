"""`modularity audit`: what it says, and what it refuses."""

import json

import numpy as np
import pytest

from solver import Problem, audit
from tests.solver.commands.test_cli import CUT, accepted, refused

SAMPLES = np.loadtxt(CUT, delimiter=",", skiprows=1)
NEURONS = np.array([[1.0, 0.2], [-0.4, 1], [-1, -1]])
ACTIVITY = SAMPLES @ NEURONS.T - (SAMPLES @ NEURONS.T).min(axis=0)


@pytest.fixture
def folder(tmp_path):
    header = "left,right,both"
    np.savetxt(tmp_path / "activity.csv", ACTIVITY, delimiter=",", header=header, comments="", fmt="%.17g")
    np.savez(tmp_path / "negative.npz", activity=ACTIVITY - 1)
    np.save(tmp_path / "encoder.npy", NEURONS)
    np.save(tmp_path / "decoder.npy", np.linalg.pinv(NEURONS))
    np.save(tmp_path / "short.npy", ACTIVITY[:-1])
    return tmp_path


def test_an_audit_in_words_and_as_json(folder):
    weights = ("--encoder", folder / "encoder.npy", "--decoder", folder / "decoder.npy")
    words = accepted("audit", folder / "activity.csv", CUT, *weights, "--plot", folder / "audit.svg").stdout
    expected = audit(Problem(SAMPLES), ACTIVITY)
    assert "All of the activity is affine in the sources." in words
    assert f"This code is {100 * expected.excess:.3g} % above the optimum, and no code can save more." in words
    assert "\nleft " in words
    assert "Price of modularity: one source per neuron would cost 0.225 % more: mixed." in words
    assert (folder / "audit.svg").stat().st_size > 10_000
    found = json.loads(accepted("audit", folder / "activity.csv", CUT, *weights, "--json").stdout)
    assert found["excess"] == pytest.approx(expected.excess) and found["neurons"] == ["left", "right", "both"]
    assert found["optimum"]["sources"] == ["horizontal", "vertical"]


def test_recorded_activity_is_rescaled(folder):
    words = accepted("audit", folder / "negative.npz", CUT, "--rescale").stdout
    assert "Baselines are the least that are nonnegative." in words and "The unit that fits best" in words


def test_a_price_beside_rescale_is_kept(folder):
    kept = json.loads(
        accepted("audit", folder / "negative.npz", CUT, "--rescale", "--encoder-cost", 0.3, "--json").stdout
    )
    expected = audit(Problem(SAMPLES, encoder_cost=0.3), ACTIVITY, rescale="unit")
    assert kept["encoder_cost"] == 0.3 and kept["fit"]["kind"] == "given"
    assert kept["excess"] == pytest.approx(expected.excess, rel=1e-7)


def test_bad_input_is_one_line(folder):
    assert "value(s) are below zero, the lowest -1 at row" in refused("audit", folder / "negative.npz", CUT)
    assert "65 row(s) do not fit 66 samples" in refused("audit", folder / "short.npy", CUT)
    assert "encoder: shape (66, 3)" in refused(
        "audit", folder / "activity.csv", CUT, "--encoder", folder / "activity.csv"
    )
    assert "standard input cannot be two tables" in refused("audit", "-", "-")
    assert "No such file" in refused("audit", folder / "none.csv", CUT)
