"""The sketch of a code: without colour, side, filling and sign of every bar tell what the weights are."""

import io
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from solver import Problem, solve
from solver.examples import load
from solver.pictures.sketch import MARGIN, SKETCH, sketch, sketched
from solver.pictures.summary import relative_weights
from solver.strategies import problems
from tests.examples import share
from theory import Sources


@pytest.fixture(scope="module")
def iris():
    return solve(Problem(load("iris")))


def read(line, half, dimension):
    """The weights that a line of bars shows: minus one, nothing or one, and how long each bar is."""
    found = []
    for start in range(MARGIN, MARGIN + dimension * (2 * half + 2), 2 * half + 2):
        cell = line[start : start + 2 * half + 1].ljust(2 * half + 1)
        before, axis, after = cell[:half], cell[half], cell[half + 1 :]
        assert axis == "|" and re.fullmatch(r" *(-=*)?", before) and re.fullmatch(r"(#*\+)? *", after)
        found.append((("+" in after) - ("-" in before), cell.count("#") + cell.count("=")))
    return found


@share(1 / 2)
@given(problems(st.integers(1, 3)), st.integers(40, 120))
def test_bars_are_the_weights(problem, width):
    answer = solve(problem, max_iterations=1)
    lines = str(sketch(answer, width, ascii_only=True)).splitlines()
    assert max(map(len, lines)) <= width
    half = lines[1][MARGIN:].index("|")
    for line, weights in zip(lines[1:], relative_weights(answer)[: SKETCH.neurons], strict=True):
        for (sign, length), weight in zip(read(line, half, len(weights)), weights, strict=True):
            assert sign == (np.sign(weight) if abs(weight) > 1e-9 else 0)
            assert length == (round(abs(weight) * (half - 1)) if sign else 0)


def test_all_that_is_coloured_is_also_written(iris):
    drawn = sketch(iris, 80)
    assert max(map(len, str(drawn).splitlines())) <= 80
    assert "39.8 %" in str(drawn) and "-▒│" in str(drawn) and "│██████+" in str(drawn)
    assert {str(span.style) for span in drawn.spans} >= {"#e69f00", "#56b4e9"}


def test_many_sources_have_a_character_each(iris):
    lines = str(sketch(iris, 24)).splitlines()
    assert lines[0] == "neuron    cost  a b c d" and lines[2].endswith("+ ' - '")
    assert lines[-1] == "a sepal_length, b sepal_width, c petal_length, d petal_width"
    assert sketch(iris, 19) is None


def test_names_are_cut_to_their_bars():
    points = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
    answer = solve(Problem(Sources(points, names=["a source with a long name", "形形形形形形形形形形形形"])))
    first = str(sketch(answer, 40)).splitlines()[0]
    assert first == "neuron    cost  a source w… 形形形形形…"


def test_only_where_a_terminal_can(iris):
    def on(**options):
        return sketched(iris, Console(file=io.StringIO(), width=80, **options))

    assert on() is None
    assert on(force_terminal=True, _environ={"TERM": "dumb"}) is None
    assert on(force_terminal=True, _environ={"TERM": "xterm"}) is not None
