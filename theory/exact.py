"""Finding proofs: the verdict decided in rational arithmetic.

Floating point only proposes: a neuron that may be a witness, and which samples share a facet. Both are then computed
anew in integers, and `theory.proof` checks what comes out. Ties are decided, since the facet normals are exact.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from theory.conditions import CONDITION_TOLERANCE
from theory.errors import InputError
from theory.exact_copositivity import determinant, negative_direction
from theory.exact_problem import ExactProblem, integer_direction
from theory.many_sources import has_all_corners
from theory.proof import Proof, facet_slacks, verify
from theory.sources import EXACT_DIMENSION

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from theory.conditions import Verdict
    from theory.problem import Problem

    Array = NDArray[np.float64]
    Integers = NDArray[np.object_]

__all__ = ["decide_exactly"]

ROUNDINGS = (1, 2, 3, 4, 6, 10, 12, 100, 1_000, 10**6, 10**9, 10**15)
"""Denominators tried for the witness, in this order: the first that works is the most readable."""

TIED = 1e-9
"""Distance from a facet, relative to the hull, of samples proposed to lie on it."""

MOST_BOX_SOURCES = 8
"""Boxes are proven orthant by orthant up to this dimension."""


def decide_exactly(problem: Problem, exact: ExactProblem, verdict: Verdict) -> Verdict:
    """The verdict with a proof, or with `modular` None where none is found.

    Args:
        problem: the problem in floating point.
        exact: the same in rationals.
        verdict: that of floating point.
    """
    proof = _mixed_near(exact, verdict.witness) or _from_cones(problem, exact)
    if proof is None:
        reason = f"undecided: no proof found in rational arithmetic for {problem.dimension} sources"
        return replace(verdict, modular=None, reason=reason)
    verify(proof, exact)
    if proof.modular:
        cones, least = len(proof.cones or []), min(proof.slacks or [Fraction(0)])
        reason = f"proven exactly on {cones} cones; least slack {float(least):.3g}, {proof.ties} tie(s)"
        margin = max(verdict.margin, 0.0)
        return replace(
            verdict, modular=True, margin=margin, witness=None, price_bound=0.0, rho=1.0, reason=reason, proof=proof
        )
    witness = np.array([float(value) for value in proof.witness or []])
    witness = witness / float(problem.neuron_cost(witness)[0]) ** 0.5
    reason = "a mixed neuron earns more than it costs, proven exactly"
    # A difference that floating point takes for a tie has a price below what it takes for one.
    bound = max(verdict.price_bound, float(np.sqrt(1 + CONDITION_TOLERANCE) - 1))
    margin = min(verdict.margin, 0.0)
    return replace(
        verdict, modular=False, margin=margin, witness=witness, price_bound=bound, reason=reason, proof=proof
    )


def _mixed_near(exact: ExactProblem, witness: Array | None) -> Proof | None:
    """A proof from a witness in floating point, rounded to as few digits as will do."""
    if witness is None:
        return None
    relative = [float(value) for value in witness / np.abs(witness).max()]
    for most in ROUNDINGS:
        proof = _mixed(exact, [Fraction(value).limit_denominator(most) for value in relative])
        if proof is not None:
            return proof
    return None


def _mixed(exact: ExactProblem, neuron: list[Any]) -> Proof | None:
    """The proof that this neuron is a witness, if it is."""
    if not any(neuron):
        return None
    witness = integer_direction(neuron)
    bias, worth = exact.support(witness), exact.worth(witness)[0]
    if not bias**2 < worth:
        return None
    return Proof(False, exact.digest, witness=witness, bias=bias, worth=worth)


def _from_cones(problem: Problem, exact: ExactProblem) -> Proof | None:
    """Copositivity on every cone of a fan: a proof of modular, or a witness on the cone where it fails."""
    proposed = _proposed_cones(problem, exact)
    if proposed is None:
        return None
    generators, cones, samples = proposed
    rays = np.array(generators, dtype=object)
    for cone, sample in zip(cones, samples, strict=True):
        corners = rays[cone]
        if (corners @ exact.corners[sample] < 0).any():
            return None
        direction = negative_direction(exact.slack_form(corners, sample))
        if direction is not None:
            return _mixed(exact, list(np.array(direction, dtype=object) @ corners))
    slacks = facet_slacks(exact, generators, cones, samples)
    proof = Proof(True, exact.digest, generators=generators, cones=cones, samples=samples, slacks=slacks)
    try:
        verify(proof, exact)
    except InputError:  # rounding led the proposal astray
        return None
    return proof


Cones = tuple[list[list[int]], list[list[int]], list[int]]


def _proposed_cones(problem: Problem, exact: ExactProblem) -> Cones | None:
    """Integer generators, cones and a sample for each cone."""
    if problem.dimension <= MOST_BOX_SOURCES and has_all_corners(problem.sources.points):
        return _orthants(exact)
    if problem.dimension > EXACT_DIMENSION:
        return None
    fan = problem.sources.fan
    row_of = {point.tobytes(): row for row, point in enumerate(problem.sources.points)}
    # The vertices of the fan are the corners of the extreme samples, in their order.
    extreme = _extreme_rows(problem, row_of)
    if extreme is None:
        return None
    generators = _exact_normals(fan.generators, fan.vertices, exact.corners[extreme])
    merged: dict[tuple[int, ...], int] = {}
    place = [merged.setdefault(tuple(generator), len(merged)) for generator in generators]
    cones = [[place[index] for index in cone] for cone in fan.cones.tolist()]
    listed = [list(generator) for generator in merged]
    samples = [int(extreme[vertex]) for vertex in fan.vertex_of_cone]
    solid = [row for row, cone in enumerate(cones) if determinant([listed[index] for index in cone]) != 0]
    return listed, [cones[row] for row in solid], [samples[row] for row in solid]


def _extreme_rows(problem: Problem, row_of: dict[bytes, int]) -> list[int] | None:
    from theory.polytope import extreme_points

    points = problem.sources.points
    if problem.dimension == 1:
        # The fan of one source lists the corner on the upper side first, which is the lowest sample.
        return [int(points.argmin()), int(points.argmax())]
    rows = [row_of.get(point.tobytes()) for point in extreme_points(points)]
    return None if None in rows else [row for row in rows if row is not None]


def _exact_normals(generators: Array, vertices: Array, corners: Integers) -> list[list[int]]:
    """For each generator the integer direction orthogonal to the facet its vertices lie on."""
    dimension = vertices.shape[1]
    if dimension == 1:
        return [[int(np.sign(generator[0]))] for generator in generators]
    size = np.abs(vertices).max(axis=0)
    scaled = vertices / size
    normals = generators * size
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    heights = normals @ scaled.T
    result = []
    for normal, generator, height in zip(normals, generators, heights, strict=True):
        tied = np.flatnonzero(height >= height.max() - TIED * np.abs(scaled).max())
        chosen = _independent(scaled[tied], dimension)
        exact = _orthogonal(corners[tied[chosen]]) if len(chosen) == dimension else None
        if exact is None:
            # No facet: any direction will do, as proofs do not ask for facets.
            exact = integer_direction([Fraction(float(value)).limit_denominator(10**12) for value in generator])
        aligned = sum(float(value) * sign for value, sign in zip(exact, normal / size, strict=True))
        result.append(exact if aligned > 0 else [-value for value in exact])
    return result


def _independent(points: Array, dimension: int) -> list[int]:
    """Rows of points (k, d) that span their affine hull best, by pivoting."""
    from scipy.linalg import qr

    if len(points) < dimension:
        return []
    _, _, order = qr((points[1:] - points[0]).T, mode="economic", pivoting=True)
    return [0, *(int(row) + 1 for row in order[: dimension - 1])]


def _orthogonal(points: Integers) -> list[int] | None:
    """The direction orthogonal to d points' differences, by cofactors; None if they are dependent."""
    differences = points[1:] - points[0]
    columns = range(points.shape[1])
    cofactors = [
        (-1) ** column * determinant(np.delete(differences, column, axis=1))
        if len(differences) > 1
        else (-1) ** column * differences[0, 1 - column]
        for column in columns
    ]
    return integer_direction(cofactors) if any(cofactors) else None


def _orthants(exact: ExactProblem) -> Cones:
    """The orthants, each with the sample in the corner of the box that it looks at."""
    dimension = exact.dimension
    generators = [[sign * int(i == j) for j in range(dimension)] for i in range(dimension) for sign in (1, -1)]
    furthest = {sign: [max(sign * corner[i] for corner in exact.corners) for i in range(dimension)] for sign in (1, -1)}
    row_of = {tuple(corner): row for row, corner in enumerate(exact.corners.tolist())}
    cones, samples = [], []
    for signs in product((1, -1), repeat=dimension):
        cones.append([2 * i + (sign < 0) for i, sign in enumerate(signs)])
        samples.append(row_of[tuple(sign * furthest[sign][i] for i, sign in enumerate(signs))])
    return generators, cones, samples
