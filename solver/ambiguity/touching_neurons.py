"""The neurons that optimal codes are made of, and the equations for their energies (docs/mathematics.md, "Uniqueness").

1. Leave it open where the multiplier is not unique, the faces of the hull are not listed, or the code is not proven.
2. The multiplier is that of the code, in whitened coordinates. Its own neurons must earn just what they cost.
3. The neurons that touch are found on the faces; a neuron and its mirror image of equal cost are one line.
4. In coordinates in which G + G0 is the identity the equations for the energies are well conditioned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.ambiguity.optimal_codes import OPTIMAL_CODES, OptimalCodes
from solver.deadline import time_left
from solver.generation.pool import leaders
from solver.solving.plan import faces_in_time, prices_slowly
from theory.arrays import Array, Indices, Mask
from theory.geometry.levels import levels
from theory.geometry.touching import TOUCHING, Touching, touching
from theory.immutable import Frozen
from theory.problem import Problem


@dataclass(frozen=True)
class TouchingNeuronTolerances:
    """What is rounding between neurons that touch."""

    spanned: float = 1e-12  # eigenvalue of G + G0, its diagonal scaled to one, below which no neuron reads a direction
    tied: float = 1e-12  # relative difference of the costs of a neuron and its mirror image
    different: float = 1e-4  # cosine distance from which on two neurons are two beyond doubt
    equal: float = 1e-6  # difference of two weights, in units of the largest
    level: float = 1e-9  # sum of relative weights that is zero


TOUCHING_NEURONS = TouchingNeuronTolerances()


@dataclass(frozen=True, eq=False)
class TouchingNeurons(Frozen):
    """The lines along which neurons touch.

    Attributes:
        weights: (k, d) source weights at a cost of one.
        mirrored: (k,) whether the mirror image touches, too.
        continua: (c) for each continuum its extreme neurons, as (line, side) pairs (m, 2), side +1 or -1.
        codes: the equations for their shares.
        pairs: (p, 3) two lines of a continuum and a sign, in the order of the last columns of these equations.
    """

    weights: Array
    mirrored: Mask
    continua: tuple[Array, ...]
    codes: OptimalCodes
    pairs: Indices

    @property
    def unit(self) -> Array:
        """(k,) energy of a share of one."""
        return self.codes.unit[: len(self.weights)]

    @property
    def extremes(self) -> tuple[Array, ...]:
        """(c) for each continuum the source weights (m, d) of its extreme neurons, at a cost of one."""
        return tuple(self.weights[members[:, 0]] * members[:, 1:] for members in self.continua)


def undecidable(problem: Problem, *, quick: bool = False) -> str:
    """Why it is not known which neurons touch, in words; empty where it is (step 1).

    Args:
        problem: in canonical form.
        quick: whether faces that take seconds to price, or longer to list than there is time for, count as unknown.
    """
    if problem.recurrence is not None:
        return "the weights of a recurrent layer depend on the code in a way that is not convex"
    if problem.separate:
        return "neurons that read one group each are not looked at"
    if problem.readout.rank is not None:
        return "a decoder that leaves sources out does not determine the multiplier"
    faces = faces_in_time(problem, time_left()) if quick else problem.sources.faces_if_few
    if faces is None or not faces.complete:
        return "the faces of the hull are too many to be listed"
    if quick and prices_slowly(faces.most_faces):
        return "the faces of the hull are very many; `ambiguity()` looks at them all"
    return ""


def touching_neurons(problem: Problem, weights: Array) -> TouchingNeurons | str:
    """Steps 2 to 4, for a code (n, d) of a problem in canonical form; or in words why nothing can be told.

    Example:
        >>> from theory.problem import Problem
        >>> problem = Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]])
        >>> touching = touching_neurons(problem, problem.modular_weights)
        >>> len(touching.weights), touching.mirrored.tolist()
        (2, [True, True])
    """
    neurons, worth = _whitened(problem, weights)
    if not missed(problem, weights) <= TOUCHING.touches:
        return "the code is not known to enough digits"
    touched = touching(problem.pricing, worth)
    if touched.doubtful:
        return touched.doubtful
    lines, side, line_of = _lines(problem, touched.neurons)
    mirrored = np.bincount(line_of, minlength=len(lines)) > 1
    pairs, continua = _continua(touched, line_of, side)
    seen = _seen(problem, lines, neurons)
    if seen is None:
        return "the code is not known to enough digits"
    lines_seen, gram, read = seen
    codes = OptimalCodes.of(lines_seen, gram, read, pairs)
    if codes.rank is None:
        return "rounding does not tell whether what neurons add to the code is linearly dependent"
    return TouchingNeurons(problem.whitening.weights(lines), mirrored, continua, codes, pairs)


def missed(problem: Problem, weights: Array) -> float:
    """By how much the neurons of a code (n, d) miss earning what they cost, at most, as a share of that."""
    neurons, worth = _whitened(problem, weights)
    earned = np.einsum("ni,ij,nj->n", neurons, worth, neurons) / problem.neuron_cost(weights)
    return float(np.abs(earned - 1).max(initial=0.0))


def others_do(problem: Problem, weights: Array, others: Array) -> bool:
    """Whether some of other touching neurons (k, d), of none of its own, are in an optimal code with neurons of one.

    Args:
        problem: in canonical form.
        weights: (n, d) of an optimal code.
        others: (k, d).
    """
    neurons, candidates = problem.whitening.neurons(weights), problem.whitening.neurons(others)
    own, other = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (neurons, candidates))
    candidates = candidates[(np.abs(other @ own.T) < 1 - TOUCHING_NEURONS.different).all(axis=1)]
    seen = _seen(problem, np.vstack([neurons, candidates]), neurons)
    if seen is None or not len(candidates):
        return False
    codes = OptimalCodes.of(*seen)
    return codes.most_of(np.arange(codes.neurons) >= len(weights)) > OPTIMAL_CODES.something


def facing(problem: Problem, weights: Array) -> Array:
    """The neurons (n, d), of which each may be turned to its mirror image, on sides that do not depend on chance.

    The side on which relative weights add up to more; where they add up to nothing, that on which the first one is
    positive.
    """
    relative = weights * np.sqrt(problem.modular_costs)
    relative = relative / np.abs(relative).max(axis=1, keepdims=True, initial=np.finfo(float).tiny)
    sums = relative.sum(axis=1)
    place = (np.abs(relative) > TOUCHING_NEURONS.level).argmax(axis=1)
    first = relative[np.arange(len(relative)), place]
    leading = np.where(np.abs(sums) > TOUCHING_NEURONS.level, sums, first)
    return np.asarray(np.where(leading < 0, -1.0, 1.0)[:, None] * weights)


def _whitened(problem: Problem, weights: Array) -> tuple[Array, Array]:
    """The neurons (n, d) of a code in whitened coordinates, and its multiplier (d, d) there."""
    neurons = problem.whitening.neurons(weights)
    return neurons, problem.whitened.multiplier(neurons.T @ neurons)


def _lines(problem: Problem, neurons: Array) -> tuple[Array, Array, Indices]:
    """Touching neurons x (k, d) with mirror images made one: the lines, the side of each neuron, its line.

    Lines are in an order that rounding does not change.
    """
    leader = leaders(neurons, np.zeros(len(neurons)), TOUCHING.alike, either_way=True)
    leading = np.unique(leader)
    lines = neurons[leading]
    both = np.bincount(leader, minlength=len(neurons))[leading] > 1
    weights = problem.whitening.weights(lines)
    turned = np.where(both[:, None], facing(problem, weights), weights)
    relative = turned * np.sqrt(problem.modular_costs)
    size = np.abs(relative).max(initial=0.0)
    order = np.lexsort(-levels(relative, TOUCHING_NEURONS.equal * size).T[::-1])
    lines = np.where((turned != weights).any(axis=1)[:, None], -lines, lines)[order]
    place = np.empty(len(neurons), dtype=np.intp)
    place[leading[order]] = np.arange(len(order))
    line_of = place[leader]
    side = np.sign(np.einsum("ni,ni->n", neurons, lines[line_of]))
    return lines, side, line_of


def _continua(touched: Touching, line_of: Indices, side: Array) -> tuple[Indices, tuple[Array, ...]]:
    """Pairs (p, 3) of neurons between which all touch, as two lines and a sign, and the continua; of mirror images one.

    Those of a continuum have a sample in common that attains their biases.
    """
    known = set[frozenset[tuple[int, int]]]()
    joined, active = touched.joined, touched.active
    for vertex in np.flatnonzero(active[joined.sum(axis=1) > 0].sum(axis=0) > 0):
        here = joined & np.outer(active[:, vertex], active[:, vertex])
        neighbours = {int(node): set(np.flatnonzero(row).tolist()) for node, row in enumerate(here) if row.any()}
        for clique in _cliques(neighbours) if neighbours else []:
            known.add(frozenset((int(line_of[node]), int(side[node])) for node in clique))
    both = {one: frozenset((line, -turned) for line, turned in one) for one in known}
    larger = [other for one in known for other in (one, both[one])]
    # Of a continuum and its mirror image the one that comes last in its order, so that the first side is positive.
    largest = sorted(
        sorted(one)
        for one in known
        if not any(one < other for other in larger) and (both[one] not in known or sorted(one) >= sorted(both[one]))
    )
    continua = tuple(np.array(members) for members in largest)
    return _signed_pairs(continua), continua


def _signed_pairs(continua: tuple[Array, ...]) -> Indices:
    pairs = {
        (int(one[0]), int(other[0]), int(one[1] * other[1]))
        for members in continua
        for number, one in enumerate(members)
        for other in members[number + 1 :]
    }
    return np.array(sorted(pairs), dtype=np.intp).reshape(-1, 3)


def _cliques(neighbours: dict[int, set[int]]) -> list[set[int]]:
    """The largest sets of nodes of which each has all others as neighbours (Bron and Kerbosch 1973)."""
    cliques = list[set[int]]()

    def extend(chosen: set[int], able: set[int], tried: set[int]) -> None:
        if not able and not tried:
            cliques.append(chosen)
            return
        pivot = max(sorted(able | tried), key=lambda node: len(neighbours[node] & able))
        for node in sorted(able - neighbours[pivot]):
            extend(chosen | {node}, able & neighbours[node], tried & neighbours[node])
            able, tried = able - {node}, tried | {node}

    extend(set(), set(neighbours), set())
    return cliques


def _seen(problem: Problem, lines: Array, code: Array) -> tuple[Array, Array, Array] | None:
    """Step 4: lines x (k, d) there, the code's matrix there, and orthonormal rows of what the readout sees of it."""
    readout = problem.whitened.readout
    gram = code.T @ code
    ridged = gram if readout.ridge is None else gram + readout.ridge
    size = np.sqrt(np.diag(ridged))
    values, vectors = np.linalg.eigh(ridged / np.outer(size, size))
    if values[0] < TOUCHING_NEURONS.spanned:
        return None
    turn = vectors / np.sqrt(values) / size[:, None]
    _, sizes, rows = np.linalg.svd(readout.targets @ turn, full_matrices=False)
    return lines @ turn, turn.T @ gram @ turn, rows[sizes > TOUCHING_NEURONS.spanned**0.5 * sizes[0]]
