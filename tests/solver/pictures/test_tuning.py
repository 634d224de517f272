"""Tuning maps say what the activity is, where it is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from solver import Problem, solve
from solver.pictures.style import styled
from solver.pictures.tuning import draw_map, draw_torus, kind_of, tuning
from solver.studies.tasks import object_on_ring
from theory import Sources
from theory.errors import InputError


@pytest.fixture(scope="module")
def anywhere():
    task = object_on_ring(6, range(6))
    return task, solve(task.problem())


def test_who_codes_what_is_seen_in_the_maps(anywhere):
    task, code = anywhere
    own, place = np.meshgrid(np.arange(6), np.arange(6), indexing="ij")
    for values, groups in zip(tuning(code, task.situations), code.coded_groups(), strict=True):
        # A position cell does not see the object, an object-vector cell sees nothing but how far it is.
        same = own if groups == ("position",) else (own - place) % 6
        assert all(np.ptp(values[same == number]) < 1e-9 for number in range(6)) and np.ptp(values) > 0.1


@given(st.integers(0, 1000))
def test_maps_are_means_over_the_samples_of_a_pair(seed):
    rng = np.random.default_rng(seed)
    points, weights = rng.standard_t(2, size=(30, 2)), rng.uniform(size=30)
    pairs = rng.integers(0, 4, size=(30, 2))
    pairs[0] = 3, 3
    code = solve(Problem(points, probabilities=weights))
    maps, activity = tuning(code, pairs), code.activity()
    for one, other in np.ndindex(4, 4):
        chosen = (pairs == [one, other]).all(axis=1)
        if chosen.any():
            assert np.allclose(maps[:, one, other], np.average(activity[chosen], axis=0, weights=weights[chosen]))
        else:
            assert np.isnan(maps[:, one, other]).all()


def test_what_does_not_fit_is_refused(anywhere):
    task, code = anywhere
    with pytest.raises(InputError, match=r"situations: shape \(35, 2\) does not fit 36 samples"):
        tuning(code, task.situations[1:])
    moments = Sources.from_moments(np.eye(2) / 3, [[-1, -1], [-1, 1], [1, -1], [1, 1]])
    with pytest.raises(InputError, match="code: the sources are known by their moments alone"):
        tuning(solve(Problem(moments)), [[0, 0]] * 4)


@styled
def test_maps_are_drawn_as_they_are(anywhere):
    task, code = anywhere
    values = tuning(code, task.situations)[0]
    left, right = Figure().subplots(1, 2)
    draw_map(left, values, *kind_of(code.coded_groups()[0]))
    drawn = left.images[0].get_array()
    assert np.allclose(drawn, values.T / values.max()) and left.get_title(loc="left") in ("position", "object")
    draw_torus(right, values)
    assert right.collections[0].get_array().shape == (12, 12)
