"""Six uniform factors whose targets a matrix mixes: the bound on cosines, and what is counted of a code."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.studies.condition.mixed_targets import (
    FREE_ENCODER,
    WEIGHT_COST,
    _autoencoder,
    _from,
    _greatest_cosine,
    _purity,
    _supervised,
    threshold,
)
from theory.conditions import decide
from theory.readouts import Exact


@given(angle=st.floats(0.05, 1.5), cost=st.sampled_from([FREE_ENCODER, WEIGHT_COST, 1.0]), seed=st.integers(0, 99))
def test_a_cosine_decides(angle, cost, seed):
    scales = np.random.default_rng(seed).uniform(0.5, 2, size=6)
    matrix = np.eye(6)
    matrix[:2, 1] = np.cos(angle), np.sin(angle)
    matrix = matrix * scales
    distance = abs(np.cos(angle)) - threshold(cost)
    assert _greatest_cosine(matrix) == pytest.approx(abs(np.cos(angle)))
    if abs(distance) > 1e-6:
        assert decide(_supervised(Exact(targets=matrix), cost)).modular == (distance < 0)


def test_the_bound_by_hand():
    # Variance 1/12, squared reach 1/4.
    assert threshold(0.0) == 3 / 4 and threshold(WEIGHT_COST) == pytest.approx(15 / 26)


def test_an_autoencoder_reads_what_it_says():
    # Orthogonal columns of length two: the encoder's weights cost a quarter.
    problem = _autoencoder(2 * np.eye(50)[:, :6])
    assert decide(problem).modular and problem.encoder_metric[0, 0] == pytest.approx(1 / 4)


def test_shares_and_heights():
    assert _purity(SimpleNamespace(source_weights=np.array([[3.0, 4.0], [0.0, -2.0]]))).tolist() == [0.64, 1.0]
    assert _from((6, 8, 10), [2, 1, 2], 2) == 10 and _from((6, 8), [2, 1], 2) == "more than 8"
