"""From the optimal code of one problem to that of another like it: its neurons, moved along with their faces.

Along a grid of problems the optimal neurons change little from point to point, and their active samples hardly ever.

1. Take the active samples of the code's neurons, and the nearest neurons for which they are active here.
2. Newton's method on those faces alone ends at the next optimum, or beyond another sample's wall: then give up.
3. Drop neurons that have vanished, and write the code with as few as it needs.
4. Price once. Give up if the bound does not meet the loss, or if other neurons would do as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.generation.active_set import walls_of
from solver.generation.loss import WhitenedLoss
from solver.generation.master import Master
from solver.methods.iterate import Iterate
from theory.arrays import Array, Indices
from theory.problem import Problem
from theory.reductions import IN_ORDER


@dataclass(frozen=True)
class ContinuationTolerances:
    """When samples are active, and neurons others."""

    steps: int = 12  # of Newton's method: five or six are usual, and where twelve are not enough the faces are others
    active: float = 1e-8  # share of a bias by which a sample may miss it: what an answer's rounding leaves
    rival: float = 1e-7  # a neuron that earns all but this share of its cost might be part of another optimal code


CONTINUATION = ContinuationTolerances()


@dataclass(frozen=True)
class Start:
    """The optimal code of a problem, from which another is to be found."""

    problem: Problem  # what it codes
    weights: Array  # (n, d) its source weights

    def in_order_of(self, problem: Problem) -> Start:
        """With its sources in the order in which another problem is solved.

        Args:
            problem: the other, with sources of the same names.
        """
        if not IN_ORDER.accepts(problem):
            return self
        return Start(IN_ORDER.moved(self.problem, problem.column_order), IN_ORDER.weights(problem, self.weights))


def continued(problem: Problem, start: Start, tolerance: float) -> Iterate | None:
    """The optimal code of a problem, proven, if its neurons lie on the faces of another's; None where they do not.

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
        >>> code = continued(Problem(here), start, 1e-8)
        >>> bool(np.isclose(code.loss, solve(Problem(here)).loss, rtol=1e-12))
        True
    """
    corners = start.problem.canonical.sources.vertices
    # One neuron per source is proven optimal or not without any search.
    modular = (np.count_nonzero(start.weights, axis=1) == 1).all()
    if modular or corners.shape != problem.sources.vertices.shape:
        return None
    loss = WhitenedLoss(problem)
    master = Master(loss)
    # step 1
    active = _active_samples(start.weights, corners)
    neurons = _on_faces(loss.coordinates(start.weights), active, loss.normals)
    if not np.isfinite(loss.of(neurons)):
        return None
    # step 2
    moved = master.on_faces(neurons, active, CONTINUATION.steps)
    if moved is None:
        return None
    # step 3
    present = loss.present(moved)
    if not len(present):
        return None
    neurons = master.rewritten(moved[present])
    code = master.code(neurons[neurons.any(axis=1)])
    # step 4
    multiplier = loss.multiplier(code.neurons)
    priced = problem.pricing.inside().maximise(loss.multiplier_of_problem(multiplier), bar=1 - CONTINUATION.rival)
    bound = loss.proven(multiplier, max(priced.rho, 1.0))
    if bound < code.loss * (1 - tolerance) or _has_others(loss.neurons(priced.directions), code.neurons):
        return None
    return loss.invert(Iterate(code.neurons, multiplier, code.loss, bound, priced=True))


def _active_samples(weights: Array, corners: Array) -> Indices:
    """(n, d) the vertices that attain the bias of each neuron, -1 in unused places."""
    values = -weights @ corners.T
    order = np.argsort(-values, axis=1, kind="stable")[:, : weights.shape[1]]
    least = values.max(axis=1, keepdims=True) * (1 - CONTINUATION.active)
    return np.where(np.take_along_axis(values, order, axis=1) >= least, order, -1)


def _on_faces(neurons: Array, active: Indices, normals: Array) -> Array:
    """The nearest neurons (n, d) for which these samples are active."""
    walls = walls_of(active, normals)
    off = np.einsum("nkd,nd->nk", walls, neurons)
    return np.asarray(neurons - np.einsum("ndk,nk->nd", np.linalg.pinv(walls), off))


def _has_others(candidates: Array, neurons: Array) -> bool:
    """Whether one of the candidates (k, d) lies on another line than all neurons (n, d) of a code."""
    units = (rows / np.linalg.norm(rows, axis=1)[:, None] for rows in (candidates, neurons))
    cosine = np.abs(next(units) @ next(units).T)
    return bool(cosine.max(axis=1, initial=0.0).min(initial=1.0) < 1 - CONTINUATION.rival)
