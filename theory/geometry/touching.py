"""The neurons that earn just what they cost at an optimal multiplier (docs/mathematics.md, "Uniqueness").

At an optimal multiplier Y no neuron earns more than it costs. On the neurons of one face ``f(w) - w'Y w`` is one
quadratic form, which is nonnegative where the face's neurons are:

1. Go through the faces by size, as in pricing, and look at the two largest eigenvalues of Y on each face's subspace.
2. If the largest is below one the face, and all larger ones, hold no touching neuron.
3. If it is one, and simple, its eigenvector is the one touching neuron of the face if it is feasible; then the larger
   faces hold no other. If it is infeasible, touching neurons lie on the border, among those of larger faces.
4. If it is above one, or multiple, go on to the larger faces: the extreme rays of what touches are found there.
5. Two touching neurons whose biases one sample attains span touching neurons only if ``u'(M + v v' - Y) u' = 0``
   between them. Those that pairwise do are the extreme neurons of a continuum.
6. Where many samples lie on one facet, its triangulation may have flat simplices, whose neurons are weighted sums of
   others: they are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from theory.arrays import Array, Mask
from theory.geometry.pricing import Pricing
from theory.immutable import Frozen


@dataclass(frozen=True)
class TouchingTolerances:
    """What is told from rounding: what lies between two of these is left open."""

    touches: float = 1e-8  # by how much a neuron may earn less than it costs
    nearly: float = 1e-6  # from which on it certainly does
    alike: float = 1e-10  # cosine distance up to which two neurons are one that was met on two faces
    active: float = 1e-8  # distance of a sample from attaining a bias, in units of the largest product
    joined: float = 1e-8  # form between two neurons of unit cost below which all between them touch as well
    apart: float = 1e-6  # from which on they do not
    sum: float = 1e-8  # what is left of a neuron that is a weighted sum of others, relative to its length
    used: float = 1e-6  # weight in such a sum that counts
    most: int = 4_000  # neurons met


TOUCHING = TouchingTolerances()


@dataclass(frozen=True, eq=False)
class Touching(Frozen):
    """The neurons that touch, each once; of continua the extreme ones."""

    neurons: Array  # (k, d) in whitened coordinates, scaled to f = 1
    active: Mask  # (k, V) whether a vertex attains the bias
    joined: Mask  # (k, k) whether all neurons between two touch as well
    doubtful: str = ""  # what rounding leaves open, in words; empty where nothing


def touching(pricing: Pricing, worth: Array) -> Touching:
    """The neurons with w'Y w = f(w), of a form of Y (d, d) in whitened coordinates at which the largest ratio is one.

    Example:
        >>> from theory.problem import Problem
        >>> problem = Problem([[-1, -1], [-1, 1], [1, -1]])
        >>> at_best = problem.whitening.worth(problem.multiplier(np.diag([1.0, 1.0])))
        >>> level = problem.pricing.maximise_worth(at_best).rho
        >>> len(touching(problem.pricing, at_best / level).neurons)
        1
    """
    neurons, doubtful = _met(pricing, worth)
    if len(neurons) > TOUCHING.most:
        return _doubt(worth, "too many neurons touch")
    neurons = neurons[_first_of_alike(neurons)]
    height = pricing.corners @ neurons.T
    bias = height.max(axis=0)
    neurons = neurons / np.sqrt((neurons**2).sum(axis=1) + bias**2)[:, None]
    active, joined, unclear = _joined(pricing, worth, neurons)
    if doubtful or unclear:
        return _doubt(worth, doubtful or "rounding does not tell whether all neurons between two that touch do so")
    extreme = ~_sums_of_others(neurons, joined)
    return Touching(neurons[extreme], active[extreme], joined[np.ix_(extreme, extreme)])


def _doubt(worth: Array, doubtful: str) -> Touching:
    nothing = np.empty((0, 0), dtype=np.bool_)
    return Touching(np.empty((0, len(worth))), nothing, nothing, doubtful)


def _met(pricing: Pricing, worth: Array) -> tuple[Array, str]:
    """(n, d) steps 1 to 4: the touching neurons met, and what is doubtful."""
    faces, touching, nearly, above = pricing.faces, [np.empty((0, len(worth)))], False, False
    bar, doubt = 1 - TOUCHING.touches, 1 - TOUCHING.nearly
    still_open: Mask = np.empty(0, dtype=np.bool_)
    for size, level in enumerate(faces.levels, start=1):
        chosen = np.arange(len(level))
        if size > 1:
            chosen = np.flatnonzero(still_open[faces.walls[size - 2]].all(axis=1))
        still_open = np.zeros(len(level), dtype=np.bool_)
        for rows, first, second, neurons, feasible in pricing.best_two(worth, size, chosen, doubt):
            multiple = second > bar
            still_open[rows] = (first > doubt) & (multiple | ~feasible)
            simple = feasible & ~multiple
            nearly |= bool((simple & ((first <= bar) | (second > doubt))).any())
            above |= bool((feasible & (first > 1 + TOUCHING.touches)).any())
            touching.append(neurons[simple & (first > bar)])
    if above:
        return np.concatenate(touching), "the code is not known to enough digits"
    return np.concatenate(touching), "neurons nearly touch, by less than rounding tells" if nearly else ""


def _first_of_alike(neurons: Array) -> Mask:
    """(n,) whether a neuron is the first of those that point the same way."""
    unit = neurons / np.linalg.norm(neurons, axis=1).clip(min=np.finfo(float).tiny)[:, None]
    alike = unit @ unit.T > 1 - TOUCHING.alike
    np.fill_diagonal(alike, True)
    return np.asarray(alike.argmax(axis=1) == np.arange(len(neurons)))


def _sums_of_others(neurons: Array, joined: Mask) -> Mask:
    """Step 6: (n,) which neurons are weighted sums of others, between which all touch."""
    from scipy.optimize import nnls

    sums = np.zeros(len(neurons), dtype=np.bool_)
    for one in np.flatnonzero(joined.sum(axis=1) > 1):
        others = np.flatnonzero(joined[one] & ~sums)
        if len(others) < 2:
            continue
        shares, left = nnls(neurons[others].T, neurons[one])
        used = others[shares > TOUCHING.used]
        apart = ~joined[np.ix_(used, used)]
        np.fill_diagonal(apart, False)
        sums[one] = left <= TOUCHING.sum * np.linalg.norm(neurons[one]) and len(used) > 1 and not apart.any()
    return sums


def _joined(pricing: Pricing, worth: Array, neurons: Array) -> tuple[Mask, Mask, bool]:
    """Step 5: which samples are active, which neurons are joined, and whether some pair is unclear."""
    height = neurons @ pricing.corners.T
    size = np.abs(height).max(initial=0.0)
    bias = height.max(axis=1, initial=-np.inf)
    active = height >= bias[:, None] - TOUCHING.active * size
    common = active.astype(np.float64) @ active.T > 0
    form = np.abs(neurons @ (np.eye(len(worth)) - worth) @ neurons.T + np.outer(bias, bias))
    np.fill_diagonal(common, False)
    joined = common & (form <= TOUCHING.joined)
    return active, joined, bool((common & ~joined & (form <= TOUCHING.apart)).any())
