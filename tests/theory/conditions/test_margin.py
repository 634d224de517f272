"""The margin of the condition: however the cones are cut, and not at any cost."""

from dataclasses import replace

import numpy as np
import pytest

from theory import modularity
from theory.conditions import few_sources, modular_multiplier
from theory.problem import Problem


def expensive(seed):
    """Three or four sources whose activity is a small part of what neurons cost, so that most cones are flat."""
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(14, 3 + seed % 2)) * 10.0 ** rng.uniform(-3, -1, 3 + seed % 2)
    return Problem(points, encoder_cost=float(10.0 ** rng.uniform(0, 3)))


@pytest.mark.parametrize("seed", range(6))
def test_flat_cones_cut_at_once_or_where_they_matter_have_one_margin(seed, monkeypatch):
    problem = expensive(seed)
    condition = modular_multiplier(problem) - problem.energy_matrix
    at_once = few_sources.off_axis_margin(problem, condition)
    monkeypatch.setattr(few_sources, "MARGIN_SEARCH", replace(few_sources.MARGIN_SEARCH, cut_at_once=0))
    assert few_sources.off_axis_margin(problem, condition) == pytest.approx(at_once, rel=1e-6, abs=1e-9)


def test_a_verdict_does_not_wait_for_its_margin(monkeypatch):
    problem = expensive(1)
    told = modularity(problem.sources.points, encoder_cost=problem.encoder_cost)
    monkeypatch.setattr(few_sources, "MARGIN_SEARCH", replace(few_sources.MARGIN_SEARCH, most_pieces=10))
    untold = modularity(problem.sources.points, encoder_cost=problem.encoder_cost)
    assert np.isnan(untold.margin) and not np.isnan(told.margin) and untold.modular is told.modular
