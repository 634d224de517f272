"""Tasks in time as they are posed: what enters when, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.strategies import seeds
from theory import InputError, Trials
from theory.in_time.trials import independent_columns

CUES = np.array([[-1.0, -1], [-1, 1], [1, -1], [1, 1]])


def recall(cues=CUES, steps=4, **costs):
    """Both cues at the first step, recalled at the last."""
    inputs = np.zeros((len(cues), steps, 2))
    targets = np.full((len(cues), steps, 2), np.nan)
    inputs[:, 0] = targets[:, -1] = cues
    return Trials(inputs, targets, **costs)


def test_what_enters_is_kept_once():
    inputs = np.zeros((4, 3, 2))
    inputs[:, 0, 0] = inputs[:, 1, 0] = CUES[:, 0]  # held for two steps
    inputs[:, 2, 1] = CUES[:, 1]
    trials = Trials(inputs, np.cumsum(inputs, axis=1))
    assert trials.entry.tolist() == [0, 2]
    np.testing.assert_array_equal(trials.entered, CUES)
    assert [trials.entered_by(step) for step in range(3)] == [1, 1, 2]
    assert [problem.dimension for problem in trials.step_problems] == [1, 1, 2]


def test_steps_before_anything_enters_have_no_problem():
    inputs = np.zeros((2, 2, 1))
    inputs[:, 1] = [[-1.0], [1.0]]
    assert Trials(inputs, inputs).step_problems[0] is None


@given(seeds, st.integers(1, 3), st.integers(1, 4))
def test_the_activity_of_any_network_is_a_linear_function_of_the_features(seed, channels, steps):
    from solver import LinearNetwork

    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((6, steps, channels))
    trials = Trials(inputs, inputs[..., :1])
    shapes = ((3, 3), (3, channels), (3,), (3,), (1, 3), (1,))
    activity = LinearNetwork(*(rng.standard_normal(shape) for shape in shapes)).run(inputs)
    known, wanted = trials.features.reshape(6 * steps, -1), activity.reshape(-1, 3)
    found = known @ np.linalg.lstsq(known, wanted, rcond=None)[0]
    np.testing.assert_allclose(found, wanted, atol=1e-9 * np.abs(wanted).max())


def test_independent_columns_are_those_that_earlier_ones_do_not_tell():
    columns = np.random.default_rng(0).standard_normal((6, 2)) @ [[1, 2, 0, 1], [0, 0, 1, 1]]
    assert independent_columns(columns).tolist() == [0, 2]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"inputs": CUES}, "inputs: shape (4, 2) is not (trials, steps, channels)"),
        ({"targets": np.zeros((4, 3, 2))}, "targets: 4 trial(s) of 3 step(s) do not fit inputs of 4 trial(s) of 4"),
        ({"inputs": np.full((4, 4, 2), np.nan)}, "inputs: entry 0 at step 0 of trial 0 (counted from 0) is nan"),
        ({"targets": np.full((4, 4, 2), np.inf)}, "targets: entry 0 at step 0 of trial 0 (counted from 0) is inf"),
        ({"targets": np.full((4, 4, 2), np.nan)}, "targets: output 0 (counted from 0) is never asked for"),
        ({"targets": np.ones((4, 4, 2))}, "targets: none varies, so that no neuron is needed"),
        ({"probabilities": [1, 1, 0, 1]}, "probabilities: trial 2 (counted from 0) never occurs"),
        ({"recurrent_cost": 0}, "recurrent_cost: "),
        ({"readout_cost": 0}, "readout_cost: "),
        ({"input_cost": -1}, "input_cost: "),
    ],
)
def test_what_is_refused_says_why(change, said):
    posed = recall()
    arguments = {"inputs": posed.inputs, "targets": posed.targets} | change
    with pytest.raises(InputError) as error:
        Trials(**arguments)
    assert said in str(error.value)


def test_what_no_linear_network_can_do_is_refused():
    posed = recall()
    targets = posed.targets.copy()
    targets[:, -1, 1] = CUES.prod(axis=1)
    with pytest.raises(
        InputError, match=r"targets: output 1 at step 3 of trial . .* is no linear function of the inputs"
    ):
        Trials(posed.inputs, targets)
    with pytest.raises(InputError, match="targets: output 0 at step 0"):  # asked for before it is told
        Trials(posed.inputs[:, ::-1], posed.targets[:, ::-1])


def test_trials_are_immutable_and_compared():
    posed = recall()
    assert posed == recall() and posed != recall(input_cost=2.0)
    with pytest.raises(ValueError, match="read-only"):
        posed.inputs[0] = 0
