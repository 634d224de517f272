"""Theorems about decoders that may err: what they say of problems that are known, and that wrong ones are found out."""

from dataclasses import replace

import numpy as np
import pytest

from solver.verification.judgement import AGREES, DISAGREES, judge
from theory import Problem, Sources
from theory.conditions import decide
from theory.errors import InputError
from theory.readouts import Exact, Noisy, Soft
from theory.theorems import THEOREMS, Prediction

BOX, WEIGHTS = [[0, 0], [0, 1], [1, 0], [1, 1]], [4, 1, 1, 4]
UNLIKE = Sources.from_moments(
    np.diag([3.0, 1.0, 0.2]), np.stack(np.meshgrid([-2, 2], [-2, 2], [-1, 1]), -1).reshape(-1, 3)
)


def test_the_order_in_which_sources_drop_out():
    entry, seen = THEOREMS["sources-drop-out"], []
    for error_cost in (20, 5, 2, 0.5):
        problem = Problem(UNLIKE, readout=Soft(error_cost))
        prediction = entry.predict(problem)
        seen.append(prediction.silent)
        assert judge(problem, prediction).outcome == AGREES
        others = tuple(i for i in range(3) if i not in prediction.silent)
        assert judge(problem, replace(prediction, silent=others)).outcome == DISAGREES
    # sqrt(c_i) / C_ii with c = 8, 6, 2.2.
    assert seen == [(), (2,), (1, 2), (0, 1, 2)]


@pytest.mark.parametrize(("error_cost", "modular"), [(100, True), (20, False), (5, False), (2, True)])
def test_correlated_bits_corner_by_corner(error_cost, modular):
    problem = Problem(BOX, probabilities=WEIGHTS, readout=Soft(error_cost))
    prediction = THEOREMS["errors-and-correlation"].predict(problem)
    assert prediction.modular is modular is decide(problem).modular
    assert judge(problem, prediction).outcome == AGREES
    assert judge(problem, Prediction(modular=not modular)).outcome == DISAGREES


def test_the_rate_at_which_errors_vanish_is_that_of_the_right_multipliers():
    problem = Problem(BOX, probabilities=WEIGHTS, readout=Noisy(50, 0.01))
    prediction = THEOREMS["expensive-errors"].predict(problem)
    assert judge(problem, prediction).outcome == AGREES
    # The exact decoder without the noise is cheaper than the limit.
    assert judge(problem, Prediction(limit=Problem(BOX, probabilities=WEIGHTS))).outcome == DISAGREES


def test_theorems_about_the_exact_decoder_of_the_data_keep_silent_about_others():
    for readout in (Soft(10), Exact([[1, 1], [0, 1]]), Exact([[1, 0]])):
        problem = Problem(BOX, readout=readout)
        assert not THEOREMS["range-independence"].applies(problem)
        with pytest.raises(InputError, match="its hypothesis does not hold"):
            THEOREMS["independence"].predict(problem)
    for name in ("sources-drop-out", "expensive-errors", "noise", "errors-and-correlation"):
        assert not THEOREMS[name].applies(Problem(BOX))


def test_units_of_the_mixing_do_not_matter_to_range_independence():
    problem = Problem(BOX, probabilities=WEIGHTS, mixing=[[2, 0], [0, 0.3], [0, 0.4]])
    assert THEOREMS["range-independence"].applies(problem) and decide(problem).modular
    assert not THEOREMS["range-independence"].applies(Problem(BOX, mixing=[[2, 0.1], [0, 1]]))
