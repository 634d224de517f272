"""Sources drop out: a theorem of `theory.theorems`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from theory.theorems.hypotheses import is_range_independent, separate_channels, uncorrelated_errors
from theory.theorems.theorem import Prediction, Theorem

if TYPE_CHECKING:
    from theory.problem import Problem

__all__ = ["THEOREM"]


def _left(problem: Problem) -> Prediction:
    """Who has a neuron, and how far the nearest source is from gaining or losing its own."""
    readout, costs = problem.readout, problem.modular_costs
    assert readout.ridge is not None
    # What a first neuron of each source earns, over what it costs.
    worth = readout.decoder_cost * readout.demand / np.diag(readout.ridge) ** 2 / costs
    silent = tuple(np.flatnonzero(worth <= 1).tolist())
    return Prediction(modular=True, silent=silent, margin=float(np.abs(1 - worth).min()))


THEOREM = Theorem(
    name="sources-drop-out",
    statement=(
        "Let errors have the price `kappa`, the hull be a box, and neither mixing nor targets nor errors join any two "
        "sources. Then the optimal code is modular, and source `i` has a neuron if and only if `kappa` exceeds "
        "`kappa_i`: as errors get cheaper the sources drop out one by one, those with the largest `kappa_i` first. "
        "`C_e` is the covariance under which errors count; with noise of variance `v`, `mu + kappa v` takes the place "
        "of `mu`."
    ),
    latex=r"x_i = \max\Big(0, \sqrt{\frac{\mu K_{ii}}{c_i}} - \frac{\mu}{\kappa (C_e)_{ii}}\Big), \qquad "
    r"\kappa_i = \frac{1}{(C_e)_{ii}} \sqrt{\frac{\mu c_i}{K_{ii}}}, \qquad c_i = M_{ii} + m_i^2",
    source="this project",
    proof=(
        "With `G` and `G_0` diagonal the loss is `sum_i x_i c_i + mu K_ii / (x_i + mu / (kappa (C_e)_ii))`, and each "
        "term is least at the `x_i` given. `Y` is diagonal there, with `Y_ii = c_i` for a source that has a neuron and "
        "`Y_ii <= c_i` for one that has none, so that `w'Yw <= sum_i c_i w_i^2`; and that this is at most `f(w)` in a "
        "box is range independence."
    ),
    hypothesis=lambda problem: (
        uncorrelated_errors(problem) and separate_channels(problem) and is_range_independent(problem)
    ),
    prediction=_left,
)
