"""A cut square behind mixings whose columns are at an angle."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import solve
from solver.studies.condition.aligned_mixings import ENCODER_COST_OF_MIXINGS, EXAMPLE_MIXINGS, _problem
from solver.studies.study import is_free
from theory.conditions import decide


def test_the_cases_are_what_the_picture_says():
    verdicts = [decide(_problem(*place)).modular for place in EXAMPLE_MIXINGS]
    assert verdicts == [True, False, False, True]
    assert verdicts == [bool(is_free(solve(_problem(*place)).price_of_modularity)) for place in EXAMPLE_MIXINGS]


@given(cut=st.floats(0.05, 1.5), cosine=st.floats(-0.9, 0.9))
def test_the_matrix_of_the_condition_by_hand(cut, cosine):
    problem = _problem(cut, cosine)
    assert problem.gram == pytest.approx(np.array([[1, cosine], [cosine, 1]]))
    covariance, rest = problem.sources.covariance, 1 - cosine**2
    own = covariance[0, 0] + ENCODER_COST_OF_MIXINGS / rest + 1
    expected = cosine * own - covariance[0, 1] + ENCODER_COST_OF_MIXINGS * cosine / rest
    form = decide(problem).F
    assert form == pytest.approx(np.array([[1, expected], [expected, 1]]), abs=1e-9)
