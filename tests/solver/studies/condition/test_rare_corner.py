"""A square with a rare corner: what the study solves, and where the verdict changes."""

import numpy as np
import pytest

from solver import solve
from solver.studies.condition.rare_corner import EVEN, RARE, _boundary, _problem, _range, _solved
from theory.conditions import decide
from theory.readouts import Soft


def test_the_corner_is_rare_or_not_there():
    assert _problem(RARE).sources.sample_probabilities.tolist() == pytest.approx([0.01, 0.33, 0.33, 0.33])
    assert _problem(0.0).sources.count == 3


def test_the_verdict_changes_at_the_boundaries():
    costs = np.geomspace(1.2, 6, 12)
    low, high = _range(RARE, costs, np.array(_solved(RARE, costs).price_of_modularity))
    for inside, outside in ((low + 1e-4, low - 1e-4), (high - 1e-4, high + 1e-4)):
        assert not decide(_problem(RARE, Soft(error_cost=inside))).modular
        assert decide(_problem(RARE, Soft(error_cost=outside))).modular
    # The prices beside them, by another way.
    prices = [solve(_problem(RARE, Soft(error_cost=cost))).price_of_modularity for cost in (low + 0.05, high - 0.05)]
    assert min(prices) > 1e-6


def test_below_the_lower_boundary_no_neuron_is_worth_having():
    boundary = _boundary(RARE, 1.2, 1.6)
    assert len(solve(_problem(RARE, Soft(error_cost=boundary - 1e-3)))) == 0
    assert len(solve(_problem(RARE, Soft(error_cost=boundary + 1e-2)))) > 0


def test_an_even_square_is_never_mixed():
    costs = np.geomspace(1.2, 50, 10)
    assert np.isnan(_range(EVEN, costs, np.array(_solved(EVEN, costs).price_of_modularity))).all()
