"""From the optimal code of one problem to that of another like it: its neurons, moved along with their faces.

Along a grid of problems the optimal neurons change little from point to point, and the samples that hold their faces
hardly ever. So Newton's method on those faces alone (`solver.search.active_set`) ends at the next optimum; one pricing
tells whether it has, which is where a search would have ended, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solver.search.active_set import Faces
from solver.search.restricted_master import fewest
from theory.readouts import symmetric_root

if TYPE_CHECKING:
    from theory.arrays import Array, Indices
    from theory.problem import Problem

__all__ = ["Continued", "Start", "continued"]

STEPS = 12
"""Newton steps at most: five or six are usual, and where twelve are not enough the faces are others."""

TIED = 1e-8
"""Share of a neuron's bias by which a sample may miss it and count as tied: what an answer's rounding leaves."""

ASTRAY = 1e-9
"""Relative excess of the code's loss over what it would be without other samples: then its faces are others."""

FAINT = 1e-10
"""Leverage w'(G + G0)^-1 w of a neuron that has vanished on the way."""

RIVAL = 1e-7
"""A neuron that earns all but this share of its cost might be part of another optimal code."""


@dataclass(frozen=True)
class Start:
    """The optimal code of a problem, from which another is to be found.

    Attributes:
        problem: what it codes;  weights: (n, d) its source weights.
    """

    problem: Problem
    weights: Array


@dataclass(frozen=True)
class Continued:
    """The optimal code that was come to.

    Attributes:
        weights: (n, d) source weights;  multiplier: (d, d) Y that proves it;  loss, lower_bound: theirs.
    """

    weights: Array
    multiplier: Array
    loss: float
    lower_bound: float


def continued(problem: Problem, start: Start, tolerance: float) -> Continued | None:
    """The optimal code of a problem whose neurons rest on the faces of another's; None where they rest on others.

    None, too, where other neurons would do as well: which of several optimal codes is the answer should not depend on
    where one comes from.

    Args:
        problem: a canonical one, without groups or recurrent layer, whose hull has few enough faces.
        start: an optimal code that is not modular, of a problem with as many vertices; those of equal number are taken
            for the same.
        tolerance: relative gap up to which a code counts as optimal.

    Example:
        >>> from solver import Problem, solve
        >>> near, here = ([[0, 0], [1, 0], [0, size]] for size in (1.0, 1.1))
        >>> start = Start(Problem(near), solve(Problem(near)).source_weights)
        >>> found = continued(Problem(here), start, 1e-8)
        >>> bool(np.isclose(found.loss, solve(Problem(here)).loss, rtol=1e-12))
        True
    """
    corners = start.problem.canonical.sources.vertices
    # One neuron a source is proven optimal or not without any search.
    modular = (np.count_nonzero(start.weights, axis=1) == 1).all()
    if modular or corners.shape != problem.sources.vertices.shape:
        return None
    whitening, faces = problem.whitening, Faces(problem.whitened)
    tied = _ties(start.weights, corners)
    neurons = faces.units.neurons(whitening.neurons(start.weights))
    neurons = _on_faces(neurons, tied, faces.normals)
    if not np.isfinite(faces.loss(neurons)):
        return None
    resting, alone = faces.settled(neurons, tied, STEPS)
    kept = faces.readout.leverage(resting) > FAINT
    if not kept.any() or not faces.loss(resting) <= alone * (1 + ASTRAY):
        return None
    resting, loss = faces.balanced(_few(resting[kept], faces))
    multiplier = faces.multiplier(resting)
    priced = problem.whitened.pricing.maximise(faces.units.multiplier(multiplier), bar=1 - RIVAL)
    bound = faces.readout.dual_value(symmetric_root(multiplier), max(priced.rho, 1.0))
    if bound < loss * (1 - tolerance) or _has_others(faces.units.neurons(priced.directions), resting):
        return None
    return Continued(
        whitening.weights(faces.units.weights(resting)),
        whitening.multiplier(faces.units.multiplier(multiplier)),
        loss * faces.units.loss,
        bound * faces.units.loss,
    )


def _ties(weights: Array, corners: Array) -> Indices:
    """(n, d) the vertices that attain the bias of each neuron, -1 in unused places."""
    values = -weights @ corners.T
    order = np.argsort(-values, axis=1, kind="stable")[:, : weights.shape[1]]
    near = np.take_along_axis(values, order, axis=1) >= values.max(axis=1, keepdims=True) * (1 - TIED)
    return np.where(near, order, -1)


def _on_faces(neurons: Array, tied: Indices, normals: Array) -> Array:
    """The nearest neurons (n, d) for which these samples do tie."""
    held = tied[:, 1:] >= 0
    walls = np.where(held[:, :, None], normals[tied[:, 1:]] - normals[tied[:, :1]], 0.0)
    off = np.einsum("nkd,nd->nk", walls, neurons)
    return np.asarray(neurons - np.einsum("ndk,nk->nd", np.linalg.pinv(walls), off))


def _has_others(found: Array, neurons: Array) -> bool:
    """Whether one of the neurons found lies on another line than all of a code."""
    unit, own = (rows / np.linalg.norm(rows, axis=1)[:, None] for rows in (found, neurons))
    return bool(np.abs(unit @ own.T).max(axis=1, initial=0.0).min(initial=1.0) < 1 - RIVAL)


def _few(neurons: Array, faces: Faces) -> Array:
    """The same G with as few neurons as `fewest` finds."""
    cost = faces.costs(neurons)
    energies = fewest(neurons / np.sqrt(cost)[:, None], cost)
    return np.asarray((neurons * np.sqrt(energies / cost)[:, None])[energies > 0])
