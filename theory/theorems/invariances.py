"""Invariances: a theorem of `theory.theorems`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from theory.problem import Problem
from theory.readouts import Exact
from theory.sources import Sources
from theory.theorems.theorem import Prediction, Theorem, decidable

if TYPE_CHECKING:
    pass

__all__ = ["THEOREM"]


def _other_units(problem: Problem) -> Prediction:
    """Sources in other units and another order, undone by the mixing; costs and data scaled together."""
    dimension = problem.dimension
    order = np.arange(dimension)[::-1]
    units = 2.0 ** (1 + np.arange(dimension) % 3) * np.where(np.arange(dimension) % 2, -1, 1)
    sources = problem.sources
    if sources.from_samples:
        moved = Sources(sources.points[:, order] * units + 1.0, sources.probabilities)
    else:
        covariance = sources.covariance[np.ix_(order, order)] * np.outer(units, units)
        moved = Sources.from_moments(covariance, sources.points[:, order] * units, sources.mean[order] * units)
    mixing = problem.mixing[:, order] / units
    # Targets that were given as those of the data would stay behind.
    changes = {"sources": moved, "mixing": mixing, "decoder_cost": 4 * problem.decoder_cost, "readout": Exact()}
    other = problem.replaced(**changes)
    return Prediction(equal=(other, 2.0))


THEOREM = Theorem(
    name="invariances",
    statement=(
        "Let the decoder be exact, without a recurrent layer. The optimal loss does not change with the offsets of "
        "the sources, nor with their units, signs and order if the mixing undoes these, nor with rotations of the "
        "data; it grows like the root of the decoder cost, and so the verdict does not depend on it."
    ),
    latex=r"L^*(SD, AD^{-1}, \lambda, \mu) = L^*(S, A, \lambda, \mu), \qquad "
    r"L^*(\dots, c\mu) = \sqrt{c}\, L^*(\dots, \mu)",
    source="this project",
    proof=(
        "The data `x = As` are the same up to a constant, which biases take away; a neuron is a function of the data, "
        "and only `A'A` enters. Scaling all weights by `r` turns the energy `E` and the readout `g` of an exact "
        "decoder into `r^2 E + g / r^2`, whose minimum over `r` is `2 sqrt(E g)`."
    ),
    hypothesis=decidable,
    prediction=_other_units,
    exact=True,
)
