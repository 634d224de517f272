"""The public strategies: what they promise about what they draw."""

import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from solver import Problem, solve
from solver.strategies import (
    antipodal,
    boxes,
    clouds,
    corner_cut,
    grids,
    lattices,
    mixing_from,
    mixings,
    near_boundary,
    points,
    problems,
    products,
    seeds,
)
from tests.examples import thorough
from theory import InputError, modularity
from theory.theorems.hypotheses import is_range_independent, product_blocks

LAWS = {
    "points": (points, 1, 4, lambda rows: Problem(rows).dimension == rows.shape[1]),
    "boxes": (boxes, 1, 4, lambda rows: is_range_independent(Problem(rows))),
    "products": (products, 2, 4, lambda rows: len(product_blocks(Problem(rows))) > 1),
    "antipodal, centred": (antipodal, 1, 3, lambda rows: np.abs(rows.mean(axis=0)).max() < 1e-12),
    "antipodal, mirrored": (antipodal, 1, 3, lambda rows: {*map(tuple, rows)} == {*map(tuple, -rows)}),
    "corners are missing": (
        corner_cut,
        2,
        3,
        lambda rows: (np.abs(rows) == 1).all() and len(rows) <= 2 ** rows.shape[1],
    ),
    "near the boundary": (near_boundary, 2, 2, lambda rows: abs(modularity(rows).margin) < 0.2),
    "lattices": (lattices, 1, 4, lambda rows: np.array_equal(rows, np.round(rows)) and np.abs(rows).max() <= 6),
}


@pytest.mark.parametrize("law", LAWS)
@given(st.data())
def test_kinds_of_points_are_what_they_promise(law, data):
    kind, fewest, most, holds = LAWS[law]
    assert holds(data.draw(kind(data.draw(st.integers(fewest, most)))))


@pytest.mark.parametrize("modular", [True, False])
def test_the_boundary_is_approached_from_both_sides(modular):
    def close(rows):
        margin = modularity(rows).margin
        return 0 < (margin if modular else -margin) < 1e-4

    # What is found is enough; it need not be small.
    search = settings(max_examples=500, database=None, phases=(Phase.generate, Phase.target))
    assert len(find(near_boundary(), close, settings=search)) >= 5


def test_what_fails_shrinks_to_small_numbers():
    rows = find(clouds(2), lambda rows: not modularity(rows).modular, settings=settings(database=None))
    assert len(rows) <= 4 and np.array_equal(8 * rows, np.round(8 * rows)) and np.abs(rows).max() < 2


@given(st.integers(1, 3), seeds, st.sampled_from([1.5, 4.0, 100.0]))
def test_mixings_keep_to_their_condition_number(dimension, seed, most):
    assert np.linalg.cond(mixing_from(np.random.default_rng(seed), dimension, 1, most)) <= most * (1 + 1e-9)


@given(st.integers(1, 4).flatmap(lambda d: st.tuples(st.just(d), mixings(d))))
def test_mixings_fit(drawn):
    dimension, mixing = drawn
    assert mixing is None or np.linalg.matrix_rank(mixing) == dimension


@given(problems(2, mixed=False))
def test_problems_are_solved(problem):
    assert np.array_equal(problem.mixing, np.eye(2))
    assert solve(problem).status == "optimal"


@pytest.mark.parametrize("kind", [points, grids, clouds, boxes, lattices, corner_cut, antipodal, products])
@given(st.data())
def test_every_kind_is_drawn_in_up_to_eight_dimensions(kind, data):
    dimension = data.draw(st.integers(1, 8))
    rows = data.draw(kind(dimension))
    assert rows.shape[1] == dimension and Problem(rows).dimension == dimension


@pytest.mark.parametrize("dimension", [0, -1, 9, 2.5, True, "two", None])
@pytest.mark.parametrize("kind", [points, grids, clouds, boxes, lattices, corner_cut, antipodal, products, problems])
def test_other_numbers_of_dimensions_are_refused(kind, dimension):
    with pytest.raises(InputError, match=r"dimension: .* is not a whole number from 1 to 8"):
        find(kind(dimension), lambda _: True, settings=settings(database=None))


@pytest.mark.parametrize(
    "wrong", [lambda p: p.dimension > 1, thorough(lambda p: not np.array_equal(p.mixing, np.eye(p.dimension)))]
)
def test_a_failing_test_is_reported_as_a_call_that_makes_its_problem(wrong):
    failed = []

    @settings(database=None, max_examples=200, phases=(Phase.generate, Phase.shrink))
    @given(problems())
    def law(problem):
        if wrong(problem):
            failed.append(problem)
            raise AssertionError

    with pytest.raises(AssertionError) as caught:
        law()
    report = "\n".join(caught.value.__notes__)
    call = re.search(r"Problem\(.*\)", report, re.DOTALL).group(0).rsplit(",\n)", 1)[0]
    told, meant = eval(call, {"Problem": Problem}), failed[-1]
    np.testing.assert_array_equal(told.sources.points, meant.sources.points)
    np.testing.assert_array_equal(told.mixing, meant.mixing)
    assert (told.encoder_cost, told.decoder_cost) == (meant.encoder_cost, meant.decoder_cost)


@pytest.mark.thorough
def test_the_first_example_waits_for_nothing_to_load():
    """In a process of its own; what a law does with its first problem needs no module that the draw did not load."""
    program = """
import sys
from hypothesis import given, settings
from solver import certify, solve
from solver.strategies import problems
from theory.conditions import decide
new = []
@settings(max_examples=3, database=None, deadline=None)
@given(problems(2))
def law(problem):
    before = set(sys.modules)
    certify(problem, solve(problem)), decide(problem)
    new.append(set(sys.modules) - before)
law()
print(new[0])
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
