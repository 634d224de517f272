"""Matrices as sums of squares of nonnegative vectors: the edges."""

import numpy as np

from solver.oracles.factorisation import _refined


def test_no_vectors_are_refined_to_none():
    assert _refined(np.zeros((2, 2)), np.empty((0, 2))).shape == (0, 2)
