"""Libraries do not write between what a command prints."""

import os

import pytest

from solver import Problem, solve
from solver.ambiguity.quiet import quiet
from tests.properties.test_orders import ring


def test_the_search_for_few_neurons_writes_nothing(capfd):
    assert not solve(Problem(ring(7, 2))).modular  # of which HiGHS tells a line of its own
    assert capfd.readouterr().out == ""


def test_what_is_written_before_and_after_is_seen(capfd):
    os.write(1, b"before ")
    with pytest.raises(ValueError, match="inside"), quiet():
        os.write(1, b"lost ")
        raise ValueError("inside")
    os.write(1, b"after")
    assert capfd.readouterr().out == "before after"
