"""What cannot be trained is refused in words that say what to give."""

from functools import partial

import pytest

pytest.importorskip("jax")
pytestmark = pytest.mark.networks

from solver.networks.autoencoder import Autoencoder
from solver.networks.network import Data
from solver.networks.recurrent import Recurrent, ring_walks
from solver.networks.shapes import draw
from solver.networks.student import Student, Teacher
from solver.networks.training import train
from theory.errors import InputError

BOX = Data.of([[0, 0], [0, 1], [1, 0], [1, 1]])
TRAIN = partial(train, Autoencoder(neurons=4), BOX)

REFUSED = [
    (partial(TRAIN, steps=0), "steps: 0 is not a whole number from 1 on"),
    (partial(TRAIN, rate=-1.0), "rate: -1.0 is not a positive number"),
    (partial(TRAIN, rate=float("nan")), "rate: nan"),
    (partial(TRAIN, tolerance=-1.0), "tolerance: -1.0 is not zero or a positive number"),
    (partial(TRAIN, seeds=()), r"seeds: \(\) are not different whole numbers"),
    (partial(TRAIN, seeds=(1, 1)), "seeds: "),
    (partial(TRAIN, seeds=(-1,)), "seeds: "),
    (partial(TRAIN, steps=100, rate=1e20, seeds=(0,)), r"rate: training with 1e\+20 diverged; give a smaller one"),
    (partial(TRAIN, checkpoint="run.txt"), r"checkpoint: .* must end in .npz"),
    (partial(Data.of, [[0.0], [1.0]], [[1.0]]), "targets: 1 rows do not fit 2 rows of inputs"),
    (partial(Data.of, [[0.0], [1.0]], probabilities=[1, -1]), "probabilities"),
    (partial(ring_walks, 12, (6,), length=2), r"frequencies: \(6,\) are not all between 0 and half of 12 places"),
    (
        partial(train, Recurrent(4, 5), ring_walks(12, (1, 2), length=3), steps=50),
        "length: 36 rows are no walks of 5; give a divisor above one",
    ),
    (partial(Student, 4, hidden=0), "hidden: a student has hidden units"),
    (partial(Teacher().observe, [[1.0, 1.0], [1.0, 1.0]]), "sources: the teacher sees no difference"),
    (partial(Autoencoder, 6, separate=True, hidden=4), "separate: neurons above hidden units"),
    (partial(draw, [[0, 1], [0, 1.5]]), "factors: row 1 has a number below 0 or above 1"),
    (partial(draw, [[0.5]]), "factors: 1 columns; give the first two to four of x, y, size, shade"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED, ids=[message.split(":")[0] for _, message in REFUSED])
def test_refused_in_words_that_say_what_to_give(call, message):
    with pytest.raises(InputError, match=message):
        call()
