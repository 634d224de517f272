"""Groups of sources: what may be said, when the hull is a product, and what neurons of one group cost."""

from itertools import product

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from solver.strategies import problems, seeds
from theory.conditions.separation import decide_separation
from theory.errors import InputError
from theory.groups import checked_groups, is_product, is_separate, membership
from theory.problem import Problem
from theory.readouts import Noisy, Readout
from theory.reductions import GROUP_BY_GROUP

NAMES = ("x", "y", "z")
TRIANGLE = [[0, 0], [0, 1], [1, 0]]


@pytest.mark.parametrize(
    ("given_groups", "said"),
    [
        ([[0], [1]], "expected a mapping from names to sources, got list"),
        ({"a": []}, "'a' is empty"),
        ({"a": [0, 1, "y"]}, "source 'y' is twice in 'a'; give it once"),
        ({"a": [0, "x"]}, "source 'x' is twice in 'a'"),
        ({"a": [3]}, "'a' has 3, but the 3 source(s) count from 0 to 2"),
        ({"a": [-1]}, "count from 0 to 2"),
        ({"a": ["w"]}, "'w' is unknown"),
        ({"a": [0.0]}, "0.0 in 'a' is no source; give an index, from 0, or a name"),
        ({"a": [True]}, "True in 'a' is no source"),
        ({"a": 1.5}, "'a' holds float; give a list of sources"),
        ({"z": [0]}, "'z' is also the name of a source that is in no group"),
        ({1: [0], "1": [1]}, "two are called '1'"),
    ],
)
def test_groups_that_do_not_fit_are_refused(given_groups, said):
    with pytest.raises(InputError) as refused:
        checked_groups(given_groups, NAMES)
    assert str(refused.value).startswith("groups: ") and said in str(refused.value)


def test_sources_in_no_group_are_groups_of_their_own():
    assert checked_groups({"ends": ["z", np.int64(0)]}, NAMES) == {"ends": (0, 2), "y": (1,)}
    assert checked_groups({"all": range(3)}, NAMES) == {"all": (0, 1, 2)}
    assert checked_groups({"one": "x"}, NAMES) == {"one": (0,), "y": (1,), "z": (2,)}
    assert membership({"ends": (0, 2), "y": (1,)}).tolist() == [0, 1, 0]
    with pytest.raises(InputError, match="separate: nothing says what is to be kept apart; give groups"):
        Problem(TRIANGLE, separate=True)


def test_apart():
    matrix = np.array([[2.0, 0, 1], [0, 1, 0], [1, 0, 1]])
    assert is_separate(matrix, {"a": (0, 2), "b": (1,)}) and not is_separate(matrix, {"a": (0, 1), "b": (2,)})
    assert is_separate(1e-20 * matrix, {"a": (0, 2), "b": (1,)}) and not is_separate(
        1e-20 * matrix, {"a": (0, 1), "b": (2,)}
    )


@given(seeds, st.lists(st.integers(1, 3), min_size=1, max_size=3))
@example(4066, [3, 1, 3])  # a border of any grid of values runs between two that differ in the last digit
def test_a_hull_is_a_product_if_every_combination_of_corners_is_there(seed, sizes):
    rng = np.random.default_rng(seed)
    shadows = [rng.standard_normal((size + 2, size)) * 10.0 ** rng.integers(-6, 6) for size in sizes]
    points = np.array([np.concatenate(rows) for rows in product(*shadows)])
    order, ends = rng.permutation(points.shape[1]), np.cumsum([0, *sizes])
    groups = {str(i): tuple(np.flatnonzero((order >= ends[i]) & (order < ends[i + 1]))) for i in range(len(sizes))}
    problem = Problem(points[:, order] + rng.normal(size=len(order)), groups=groups, encoder_cost=rng.choice([0, 1e-3]))
    assert problem.separable
    corners = [block.sources.vertices for block in problem.blocks]
    # Without one combination of corners the hull is smaller; a point within it may go.
    about = problem.sources.about_mean(problem.sources.points)
    row = int(np.argmax(about @ rng.standard_normal(len(order))))
    assert not is_product(np.delete(about, row, axis=0), corners, groups)
    assert is_product(np.vstack([about, about.mean(axis=0) + about[row] / 2]), corners, groups)


def test_separability_needs_more_than_a_product_hull():
    rows = [[*corner, x] for corner in TRIANGLE for x in (0, 1)]
    groups = {"pair": [0, 1], "single": [2]}
    seen = np.array([[1, 0.5, 0], [0, 1, 0], [0, 0, 1]])
    weights = [1, 2, 3, 4, 5, 6]
    assert Problem(rows, mixing=seen, probabilities=weights, groups=groups).separable
    assert not Problem(rows, mixing=seen, probabilities=weights).separable
    assert not Problem(rows, mixing=seen + 0.1, groups=groups).separable
    # Errors of one group tell of the other where the two are correlated.
    assert Problem(rows, groups=groups, readout=Noisy(3, 0.1)).separable
    assert not Problem(rows, probabilities=weights, groups=groups, readout=Noisy(3, 0.1)).separable


@given(problems(dimension=st.integers(2, 4)), seeds)
def test_neurons_of_a_group_cost_what_they_cost(problem, seed):
    rng = np.random.default_rng(seed)
    members = sorted(rng.permutation(problem.dimension)[: rng.integers(1, problem.dimension)].tolist())
    weights = np.zeros((5, problem.dimension))
    weights[:, members] = rng.standard_normal((5, len(members)))
    alone = GROUP_BY_GROUP.alone(problem, members)
    assert alone.neuron_cost(weights[:, members]) == pytest.approx(problem.neuron_cost(weights), rel=1e-8)
    assert alone.sources.names == tuple(problem.sources.names[index] for index in members)


@given(seeds, st.integers(2, 5), st.booleans())
def test_a_readout_of_some_sources_is_that_of_all_up_to_a_constant(seed, dimension, exact):
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((dimension + 1, dimension))
    members = list(range(int(rng.integers(1, dimension))))
    rest = list(range(len(members), dimension))
    ridge = root.T @ root
    ridge[np.ix_(members, rest)] = ridge[np.ix_(rest, members)] = 0.0  # errors of one tell nothing of another
    readout = Readout(rng.standard_normal((3, dimension)), 2.0, None if exact else ridge)
    code = np.zeros((dimension, dimension))
    values = []
    for _ in range(3):
        for group in (members, rest):
            half = rng.standard_normal((len(group), len(group) + 1))
            if group is members or not values:
                code[np.ix_(group, group)] = half @ half.T
        alone = readout.alone(members)
        own = code[np.ix_(members, members)]
        values.append(readout.value(code) - alone.value(own))
        multiplier = readout.multiplier(code)[np.ix_(members, members)]
        assert np.allclose(alone.multiplier(own), multiplier, rtol=1e-6, atol=1e-9 * np.abs(multiplier).max())
    assert values == pytest.approx([values[0]] * 3, rel=1e-6, abs=1e-6 * abs(readout.value(code)))


def test_the_verdict_on_groups_of_one_is_the_modularity_condition():
    from theory.conditions import decide, modular_multiplier

    for rows in (TRIANGLE, [*TRIANGLE, [1, 1]], np.random.default_rng(0).uniform(size=(9, 3))):
        problem = Problem(rows, groups={})
        verdict, known = decide_separation(problem, modular_multiplier(problem)), decide(problem)
        assert verdict.modular is known.modular
        assert verdict.rho == pytest.approx(known.rho, rel=1e-9)
