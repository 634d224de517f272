"""Codes from which the targets can be decoded without error, next to codes from which they nearly can.

Only where an exact decoder leaves sources out is there anything to do: then a code need not span the sources, but the
targets must lie in what it spans, up to the last digit (docs/mathematics.md, "Targets that leave sources out").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from theory.groups import parts_of, placed

if TYPE_CHECKING:
    from theory.arrays import Array
    from theory.problem import Problem

__all__ = ["readable"]

FAINT = (1e-4, 1e-6, 0.0)
"""Lengths of neurons, relative to the longest, below which they are left out of a code if that costs nothing."""

ROUNDING = 1e-12
"""Size, relative to the whole, of what is rounding in a code that must not leave it in its targets;"""

SIMPLER = 1e-10
"""relative rise of the loss that fewer neurons and directions are worth."""

TIED = 1e-7
"""Share of its bias by which a sample may miss holding a neuron and still hold it."""

TURNS = 4
"""Newton steps along the faces: each squares what is missing."""


def readable(problem: Problem, weights: Array) -> Array:
    """A code next to this one (n, d) from which the targets can be decoded without error, where that is asked for.

    Which of its neurons and directions are rounding, the loss says.

    Args:
        problem: the problem.
        weights: (n, d) source weights.

    Example:
        >>> from theory.problem import Problem
        >>> from theory.readouts import Exact
        >>> triangle = Problem([[0, 0], [0, 1], [1, 0]], readout=Exact([[1, 1]]))
        >>> weights = readable(triangle, np.array([[1.0, 1.000001]]))
        >>> bool(weights[0, 0] == weights[0, 1])
        True
    """
    readout, unit = problem.readout, np.sqrt(problem.modular_costs)
    if readout.rank is None or not len(weights):
        return weights
    if problem.separate:
        return _readable_by_group(problem, weights)
    inside, scaled = readout.in_coordinates(unit), weights * unit
    length = np.linalg.norm(scaled, axis=1)
    unneeded = np.flatnonzero(readout.demand == 0)
    best, lowest = weights, float("inf")
    for faint in FAINT:
        kept = scaled[length > faint * length.max()]
        sizes = np.linalg.svd(kept, compute_uv=False)
        for rank in range(readout.rank, int((sizes > ROUNDING * sizes[0]).sum()) + 1):
            tried = inside.spanning(_turned(problem, inside.targets, kept, rank), rank)
            tried[:, unneeded] *= np.abs(tried[:, unneeded]).max(axis=0) > ROUNDING * length.max()
            decoder = readout.decoder(tried / unit)
            missed = np.abs(inside.targets - decoder @ tried).max()
            if missed > ROUNDING * np.abs(inside.targets).max():
                continue
            # As it would be in its best size.
            loss = float(problem.neuron_cost(tried / unit).sum() * (decoder**2).sum())
            if loss < lowest * (1 - SIMPLER):
                best, lowest = tried / unit, loss
    return best


def _readable_by_group(problem: Problem, weights: Array) -> Array:
    """The same, where no neuron may come to read another group: neurons of one decode nothing of the others."""
    groups, codes = problem.groups or {}, [np.empty((0, problem.dimension))]
    owner = parts_of(weights * np.sqrt(problem.modular_costs), groups).argmax(axis=1)
    for number, (members, part) in enumerate(zip(groups.values(), problem.parts, strict=True)):
        if part is not None and (owner == number).any():
            own = readable(part, weights[owner == number][:, list(members)])
            codes.append(placed(own, members, problem.dimension))
    return np.concatenate(codes)


def _turned(problem: Problem, targets: Array, neurons: Array, rank: int) -> Array:
    """Neurons (n, d), with decoder, turned as little as possible on their faces until they let the targets be decoded.

    On its face the loss of a code that is nearly the best is level up to the square of a move; off it, it is not.
    """
    left, sizes, right = np.linalg.svd(neurons, full_matrices=False)
    decoder = targets @ (right[:rank].T / sizes[:rank]) @ left[:, :rank].T
    normals = -problem.sources.vertices / np.sqrt(problem.modular_costs)
    bases = [_face(normals, neuron) * np.linalg.norm(neuron) for neuron in neurons]
    owner = np.repeat(np.arange(len(neurons)), [len(basis) for basis in bases])
    directions = np.concatenate(bases)
    count = len(targets) * len(neurons)
    for _ in range(TURNS):
        missed = targets - decoder @ neurons
        # (D + dD)(X + dX) = B to first order, in units of what each neuron and its decoder are.
        turns = decoder[:, None, owner] * directions.T
        size = np.linalg.norm(decoder, axis=0)
        moves = np.einsum("qr,nj,n->qjrn", np.eye(len(targets)), neurons, size)
        system = np.concatenate([turns.reshape(missed.size, -1), moves.reshape(missed.size, -1)], axis=1)
        step = np.linalg.lstsq(system, missed.ravel(), rcond=ROUNDING)[0]
        neurons = neurons.copy()
        np.add.at(neurons, owner, directions * step[:-count, None])
        decoder = decoder + step[-count:].reshape(decoder.shape) * size
    return neurons


def _face(normals: Array, neuron: Array) -> Array:
    """(k, d) orthonormal directions in which a neuron is held by the same samples, out of -s_t (T, d)."""
    height = normals @ neuron
    held = normals[height >= height.max() * (1 - TIED)]
    _, sizes, right = np.linalg.svd(held[1:] - held[0], full_matrices=True)
    return np.asarray(right[int((sizes > TIED * np.abs(normals).max()).sum()) :])
