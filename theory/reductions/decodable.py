"""The decodable code next to a code: its targets are decoded without error.

Only where an exact decoder leaves sources out is there anything to do: then a code need not span the sources, but the
targets must lie in its span, up to the last digit (docs/mathematics.md, "Targets that leave sources out").

1. Leave out short neurons, and keep the leading singular directions, of any number from the rank of the targets on.
2. Turn the neurons along their faces until the targets are decoded: Newton steps on D W = B in least squares.
3. Add the least matrix that removes the error that is left.
4. Of all these codes the cheapest at its best size is taken; fewer neurons win a tie.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.arrays import Array
from theory.groups import parts_of, placed


@dataclass(frozen=True)
class DecodableTolerances:
    """When a neuron, a direction or an error is rounding."""

    shortest: tuple[float, ...] = (1e-4, 1e-6, 0.0)  # length, in units of the longest, of neurons that are tried
    rounding: float = 1e-12  # size relative to the whole
    simpler: float = 1e-10  # relative rise of the loss that fewer neurons and directions are worth
    tied: float = 1e-7  # share of a bias by which a sample may miss the bias and still count as active
    newton_steps: int = 4  # along the faces: each squares the error that is left


DECODABLE = DecodableTolerances()


def decodable(problem: Any, weights: Array) -> Array:
    """The code next to this one (n, d) from which partial targets are decoded without error.

    A code of a problem with any other readout stays as it is.

    Example:
        >>> from theory.problem import Problem
        >>> from theory.readouts import Exact
        >>> triangle = Problem([[0, 0], [0, 1], [1, 0]], readout=Exact([[1, 1]]))
        >>> weights = decodable(triangle, np.array([[1.0, 1.000001]]))
        >>> bool(weights[0, 0] == weights[0, 1])
        True
    """
    readout, unit = problem.readout, np.sqrt(problem.modular_costs)
    if readout.rank is None or not len(weights):
        return weights
    if problem.separate or _is_separate(problem, weights):
        return _decodable_by_group(problem if problem.groups is not None else problem.replaced(groups={}), weights)
    inside, scaled = readout.in_coordinates(unit), weights * unit
    length = np.linalg.norm(scaled, axis=1)
    unneeded = np.flatnonzero(readout.demand == 0)
    best, lowest = weights, float("inf")
    for shortest in DECODABLE.shortest:  # step 1
        kept = scaled[length > shortest * length.max()]
        sizes = np.linalg.svd(kept, compute_uv=False)
        for rank in range(readout.rank, int((sizes > DECODABLE.rounding * sizes[0]).sum()) + 1):
            # Steps 2 and 3.
            tried = inside.spanning(_turned(problem, inside.targets, kept, rank), rank)
            tried[:, unneeded] *= np.abs(tried[:, unneeded]).max(axis=0) > DECODABLE.rounding * length.max()
            decoder = readout.decoder(tried / unit)
            missed = np.abs(inside.targets - decoder @ tried).max()
            if missed > DECODABLE.rounding * np.abs(inside.targets).max():
                continue
            # Step 4.
            loss = float(problem.neuron_cost(tried / unit).sum() * (decoder**2).sum())
            if loss < lowest * (1 - DECODABLE.simpler):
                best, lowest = tried / unit, loss
    return best[best.any(axis=1)]


def _is_separate(problem: Any, weights: Array) -> bool:
    """Whether each neuron (n, d) reads one group, or one source, alone: then none has to be turned out of its own."""
    parts = weights if problem.groups is None else parts_of(weights, problem.groups)
    return bool(((parts != 0).sum(axis=1) == 1).all())


def _decodable_by_group(problem: Any, weights: Array) -> Array:
    """The decodable code where neurons keep to their groups: each group is turned by itself."""
    groups, codes = problem.groups or {}, [np.empty((0, problem.dimension))]
    owner = parts_of(weights * np.sqrt(problem.modular_costs), groups).argmax(axis=1)
    for number, (members, part) in enumerate(zip(groups.values(), problem.parts, strict=True)):
        if part is not None and (owner == number).any():
            own = decodable(part, weights[owner == number][:, list(members)])
            codes.append(placed(own, members, problem.dimension))
    return np.concatenate(codes)


def _turned(problem: Any, targets: Array, neurons: Array, rank: int) -> Array:
    """Step 2: neurons (n, d) turned as little as possible along their faces until the targets are decoded.

    Along its face the loss of a nearly optimal code is stationary: it changes by the square of a move.
    """
    left, sizes, right = np.linalg.svd(neurons, full_matrices=False)
    decoder = targets @ (right[:rank].T / sizes[:rank]) @ left[:, :rank].T
    normals = -problem.sources.vertices / np.sqrt(problem.modular_costs)
    bases = [_face(normals, neuron) * np.linalg.norm(neuron) for neuron in neurons]
    owner = np.repeat(np.arange(len(neurons)), [len(basis) for basis in bases])
    directions = np.concatenate(bases)
    count = len(targets) * len(neurons)
    for _ in range(DECODABLE.newton_steps):
        missed = targets - decoder @ neurons
        # (D + dD)(X + dX) = B to first order, in units of what each neuron and its decoder are.
        turns = decoder[:, None, owner] * directions.T
        size = np.linalg.norm(decoder, axis=0)
        moves = np.einsum("qr,nj,n->qjrn", np.eye(len(targets)), neurons, size)
        system = np.concatenate([turns.reshape(missed.size, -1), moves.reshape(missed.size, -1)], axis=1)
        step = np.linalg.lstsq(system, missed.ravel(), rcond=DECODABLE.rounding)[0]
        neurons = neurons.copy()
        np.add.at(neurons, owner, directions * step[:-count, None])
        decoder = decoder + step[-count:].reshape(decoder.shape) * size
    return neurons


def _face(normals: Array, neuron: Array) -> Array:
    """(k, d) orthonormal directions along which the active samples of a neuron stay active, out of -s_t (T, d)."""
    height = normals @ neuron
    active = normals[height >= height.max() * (1 - DECODABLE.tied)]
    _, sizes, right = np.linalg.svd(active[1:] - active[0], full_matrices=True)
    return np.asarray(right[int((sizes > DECODABLE.tied * np.abs(normals).max()).sum()) :])
