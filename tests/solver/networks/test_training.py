"""Training: the same whether it was cut short or not, each seed by itself, and bad input refused."""

import io
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("jax")
pytestmark = pytest.mark.networks

from solver.networks.autoencoder import Autoencoder
from solver.networks.checkpoint import restored
from solver.networks.network import Data
from solver.networks.training import train
from tests.examples import share
from theory.errors import InputError

ROOT = Path(__file__).parents[3]
BOX = Data.of([[0, 0], [0, 1], [1, 0], [1, 1]])
NETWORK = Autoencoder(neurons=4)


def test_seeds_are_trained_each_by_itself():
    both = train(NETWORK, BOX, steps=100, seeds=(3, 5))
    alone = train(NETWORK, BOX, steps=100, seeds=(5,))
    assert np.allclose(both.losses[1], alone.losses[0], rtol=1e-5) and both.best in (0, 1)
    assert np.ptp(both.final) > 0 and "2 seed(s) for 100 steps (steps)" in repr(both)
    assert both.weights["encoder.weights"].shape == (2, 4, 2) and both.steps.tolist() == list(range(0, 101, 2))


def test_a_run_that_was_cut_short_goes_on_to_the_same_end(tmp_path):
    whole = train(NETWORK, BOX, steps=200, seeds=(0, 1))
    file = tmp_path / "run.npz"

    def fall(step):
        if step.step >= 80:
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        train(NETWORK, BOX, steps=200, seeds=(0, 1), checkpoint=file, callback=fall)
    seen = []
    on = train(NETWORK, BOX, steps=200, seeds=(0, 1), checkpoint=file, callback=lambda step: seen.append(step.step))
    assert seen[0] == 84 and seen[-1] == 200
    assert np.array_equal(on.losses, whole.losses) and np.array_equal(on.activity, whole.activity)
    again = train(NETWORK, BOX, steps=200, seeds=(0, 1), checkpoint=file, callback=seen.append)
    assert np.array_equal(again.losses, whole.losses) and seen[-1] == 200
    assert [path.name for path in tmp_path.iterdir()] == ["run.npz"]


def test_a_killed_process_leaves_a_run_that_goes_on(tmp_path):
    script = """
import os, sys
from solver.networks import training
from solver.networks.autoencoder import Autoencoder
from solver.networks.network import Data
training.TRAINING = training.TrainingLimits(saved_every=0.0)
box = Data.of([[0, 0], [0, 1], [1, 0], [1, 1]])
kill = lambda step: step.step >= 100 and os.kill(os.getpid(), 9)
training.train(Autoencoder(neurons=4), box, steps=200, seeds=(0, 1), checkpoint="run.npz", callback=kill)
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment, check=False)
    assert done.returncode == -9
    seen = []
    on = train(NETWORK, BOX, steps=200, seeds=(0, 1), checkpoint=tmp_path / "run.npz", callback=seen.append)
    assert seen[0].step > 90
    assert np.array_equal(on.losses, train(NETWORK, BOX, steps=200, seeds=(0, 1)).losses)


def test_checkpoints_of_others_are_refused(tmp_path):
    file = tmp_path / "run.npz"
    train(NETWORK, BOX, steps=50, seeds=(0,), checkpoint=file)
    moved = BOX._replace(inputs=BOX.inputs + 1)
    for changed in ({"steps": 100}, {"rate": 0.1}, {"seeds": (1,)}, {"data": moved}):
        arguments = {"data": BOX, "steps": 50, "seeds": (0,), **changed}
        with pytest.raises(InputError, match="keeps another network, data, steps, rate or seeds; give another name"):
            train(NETWORK, checkpoint=file, **arguments)
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(InputError, match="is none that training wrote"):
        train(NETWORK, BOX, steps=50, seeds=(0,), checkpoint=file)
    np.savez(file, other=1)
    with pytest.raises(InputError, match="is none that training wrote"):
        train(NETWORK, BOX, steps=50, seeds=(0,), checkpoint=file)
    with pytest.raises(InputError, match=r"checkpoint: .* must end in .npz"):
        train(NETWORK, BOX, checkpoint=tmp_path / "run.txt")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    file = tmp_path_factory.mktemp("checkpoint") / "run.npz"
    train(NETWORK, BOX, steps=50, seeds=(0,), checkpoint=file)
    with np.load(file) as content:
        return file, file.read_bytes(), dict(content)


@given(st.floats(0, 1), st.integers(1, 255))
@share(1 / 4)
def test_a_checkpoint_with_an_altered_byte_is_refused(checkpoint, place, change):
    file, content, _ = checkpoint
    altered = bytearray(content)
    altered[int(place * (len(altered) - 1))] ^= change
    file.write_bytes(altered)
    with suppress(InputError):  # some bytes of an archive say nothing
        state, curve = restored(file, *asked(content))
        assert np.array_equal(np.array(curve), checkpoint[2]["curve"])
        assert all(np.array_equal(leaf, checkpoint[2][f"leaf{number}"]) for number, leaf in enumerate(state))


@pytest.mark.parametrize("name", ["leaf0", "curve", "leaf1"])
@pytest.mark.parametrize("value", [np.zeros(3), np.array("x"), np.array(1.0), np.empty((0, 2))])
def test_a_checkpoint_with_another_array_is_refused(checkpoint, name, value):
    file, _, content = checkpoint
    np.savez(file, **{**content, name: value})
    with pytest.raises(InputError, match="is damaged or was altered"):
        train(NETWORK, BOX, steps=50, seeds=(0,), checkpoint=file)


def asked(content):
    """The mark of a run and a state of its form."""
    with np.load(io.BytesIO(content)) as kept:
        return str(kept["mark"]), [kept[f"leaf{number}"] for number in range(sum("leaf" in name for name in kept))]


def test_runs_end_early_where_nothing_moves_and_when_asked():
    still = train(NETWORK, BOX, steps=20_000, rate=3e-3, seeds=(0,), tolerance=1e-3)
    assert still.ended == "still" and still.steps[-1] < 20_000
    assert abs(still.losses[0, -6] / still.final[0] - 1) <= 1e-3
    asked = train(NETWORK, BOX, steps=100, seeds=(0,), callback=lambda step: step.step == 10)
    assert asked.ended == "callback" and asked.steps[-1] == 10


def test_the_picture_shows_which_curves_reach_the_floor(tmp_path):
    trained = train(NETWORK, BOX, steps=100, seeds=(0, 1))
    figure = trained.plot(floor=trained.final.min() / (1 + 1e-4), path=tmp_path / "curves.png")
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert any(label.startswith("reaches the floor") for label in labels) and "ends above the floor" in labels
    assert (tmp_path / "curves.png").stat().st_size > 5_000
    assert [text.get_text() for text in trained.plot().axes[0].get_legend().get_texts()] == ["trained"]
