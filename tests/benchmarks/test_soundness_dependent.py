"""Columns that others tell, in the benchmark of soundness: answers stand, and what is planted is found."""

from dataclasses import replace
from itertools import count, islice

import numpy as np
import pytest

from benchmarks.soundness.dependent import judge_told, told
from benchmarks.soundness.draws import drawn
from benchmarks.soundness.judgement import judge
from solver import Problem, solve
from tests.examples import plainly


def is_small(index):
    problem = drawn(1, index)
    return problem.dimension <= 3 and told(problem) is not None


INDICES = [*islice(filter(is_small, count()), 5)]


@pytest.mark.parametrize("index", plainly(INDICES, INDICES[:2]))
def test_answers_with_columns_that_others_tell_stand(index):
    found = judge_told(drawn(1, index), 5.0, with_codes=False)
    assert found is not None and not found.wrong


def test_what_is_planted_is_found():
    more = next(told(drawn(1, index)) for index in INDICES if drawn(1, index).reading.exact)
    answer = solve(Problem(more.points, **more.options()))
    claim = more.claim(answer)
    assert not judge(more.alone, claim, with_codes=False).wrong
    raised = replace(claim, lower_bound=claim.lower_bound * (1 + 1e-6), loss=claim.loss * (1 + 1e-6))
    assert judge(more.alone, raised, with_codes=False).wrong
    other = replace(claim, encoder_bias=claim.encoder_bias - 0.1 * np.abs(claim.encoder_bias).max())
    assert judge(more.alone, other, with_codes=False).wrong


def test_the_sources_alone_are_the_same_data():
    for index in INDICES:
        problem = drawn(1, index)
        more = told(problem)
        seen = more.points if more.mixing is None else more.points @ more.mixing.T
        alone = problem.points @ more.alone.mixing.T + more.offset
        assert np.allclose(seen, alone, rtol=1e-9, atol=1e-9 * np.abs(seen).max())
        assert Problem(more.points, **more.options()).sources.hull.rank == problem.dimension
