"""Whether tuning curves are the only nonnegative ones with their similarities (docs/mathematics.md, "Uniqueness").

Activity Z (T, n) of rank r is Y V' with orthonormal columns of V (n, r): the tuning curve of neuron i is Y v_i, with
v_i a row of V. Others with the same similarities Z Z' are Y o for vectors o of the cone {o : Y o >= 0} with
``sum o o' = I``.

1. The extreme rays of the cone are the normals of the facets of the cone of the rows of Y, which Qhull finds.
2. Yes, where a symmetric W has ``v_i'W v_i = 0`` for the neurons, which are extreme rays, and ``o'W p > 0`` for all
   other pairs of extreme rays, equal ones included: a linear program. Its answer is checked pair by pair.
3. No, where two tuning curves can be turned into each other: one is active, and not too little, wherever the other is;
   or where tuning curves along other rays, or between two, make up for some of those given (a linear program).
4. Else it is left open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linprog

import solver.solving.plan as planning
from solver.ambiguity.optimal_codes import OptimalCodes
from solver.plain import attributes
from theory.arrays import Array, Indices, Mask
from theory.errors import InputError
from theory.geometry.polytope import distinct_normals, hull_of, in_scale
from theory.immutable import Frozen
from theory.inputs import as_matrix


@dataclass(frozen=True)
class TuningTolerances:
    """What is told from rounding."""

    rank: float = 1e-9  # singular value, in units of the largest, below which tuning curves are dependent
    alike: float = 1e-9  # distance of two unit vectors that are one
    nothing: float = 1e-9  # activity, in units of the neuron's largest, that is none
    positive: float = 1e-6  # product of two unit vectors that is certainly positive
    turn: float = 1e-3  # least angle by which two tuning curves are turned


TUNING = TuningTolerances()


@dataclass(frozen=True, eq=False)
class UniqueTuning(Frozen):
    """Whether tuning curves are unique, and what shows it.

    Attributes:
        unique: whether all nonnegative tuning curves with the same similarities are these, in whatever order (and
            whether a neuron may have copies that share its activity); None where that is left open.
        reason: why, in words.
        scattered: whether the activity is sufficiently scattered, in the sense of nonnegative matrix factorisation;
            None where the tuning curves are dependent, or rounding does not tell.
        others: (T, m) other tuning curves with the same similarities, where there are any; else None.
        certificate: (n, n) W, which proves that there are none; else None.

    Example:
        >>> unique_tuning([[1, 0], [0, 1], [1, 1]]).unique
        True
    """

    unique: bool | None
    reason: str
    scattered: bool | None
    others: Array | None = None
    certificate: Array | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings and lists, for JSON.

        Example:
            >>> unique_tuning([[1, 0], [0, 1], [1, 1]]).to_dict()["scattered"]
            True
        """
        return attributes(self, "unique", "reason", "scattered", "others", "certificate")


def unique_tuning(activity: ArrayLike) -> UniqueTuning:
    """Whether these tuning curves are the only nonnegative ones with these similarities.

    Args:
        activity: (T, n) of n neurons on T samples, nonnegative.

    Raises:
        InputError: activity below zero, or none at all.

    Source: docs/mathematics.md, "Uniqueness"; Dorrell et al. (ICLR 2026) on tuning curves; Huang, Sidiropoulos and
        Swami (2014) and Gillis (2020) on sufficiently scattered factors.

    Example:
        >>> unique_tuning([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]]).unique
        True
        >>> unique_tuning([[1, 2], [2, 1], [1, 1]]).unique  # both are always active
        False
    """
    values = _checked(activity)
    size = float(np.linalg.norm(values, axis=0).max())
    curves, neurons = _factors(values / size)
    rays = _rays(curves, neurons)
    scattered = proof = None
    if rays is not None:
        own = (np.linalg.norm(rays[:, None] - _unit(neurons)[None], axis=2) < TUNING.alike).any(axis=1)
        scattered = _scattered(rays, own) if len(neurons) == neurons.shape[1] else None
        proof = _proof(rays, own, neurons)
    if proof is not None:
        return UniqueTuning(True, "a quadratic form vanishes at these tuning curves alone", scattered, None, proof)
    others = _turned(values)
    if others is not None:
        return UniqueTuning(False, "two tuning curves can be turned into each other", scattered, others)
    made = None if rays is None else _made_of_others(rays, neurons)
    if made is not None:
        return UniqueTuning(False, "other tuning curves make up for some of these", scattered, size * curves @ made.T)
    # Step 4.
    unknown = "the extreme rays are too many, or not told from rounding"
    reason = unknown if rays is None else "neither a proof nor other tuning curves were found"
    return UniqueTuning(None, reason, scattered)


def _checked(activity: ArrayLike) -> Array:
    matrix = as_matrix(activity, "activity")
    if matrix.min() < 0:
        row, column = (int(place[0]) for place in np.nonzero(matrix < 0))
        raise InputError(
            f"activity: {matrix[row, column]:g} at row {row} and column {column} (counted from 0) is below zero; "
            "tuning curves are compared as they are, so give activity with its zero"
        )
    silent = np.flatnonzero(matrix.max(axis=0) == 0)
    if len(silent):
        raise InputError(f"activity: neuron {int(silent[0])} (counted from 0) is silent throughout; leave it out")
    return matrix


def _factors(activity: Array) -> tuple[Array, Array]:
    """Y (T, r) and V (n, r); where tuning curves are independent the activity itself and the identity."""
    left, sizes, right = np.linalg.svd(activity, full_matrices=False)
    kept = sizes > TUNING.rank * sizes[0]
    if kept.sum() == activity.shape[1]:
        return activity, np.eye(activity.shape[1])
    return left[:, kept] * sizes[kept], right[kept].T


def _unit(rows: Array) -> Array:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def _rays(curves: Array, neurons: Array) -> Array | None:
    """(k, r) step 1: unit vectors; those that are neurons to the last digit. None where they are too many."""
    rank = curves.shape[1]
    if rank > planning.SIZES.tuning_rank:
        return None
    centre = neurons.sum(axis=0)
    height = curves @ centre
    active = height > TUNING.nothing * height.max()
    points = curves[active] / height[active][:, None]
    if rank == 1:
        return np.asarray(np.sign(centre)[None])
    across = np.linalg.svd(centre[None])[2][1:].T
    local = points @ across
    if rank == 2:
        normals, offsets = np.array([[-1.0], [1.0]]), np.array([-local.min(), local.max()])
    else:
        middle, transform = in_scale(local)
        try:
            hull = hull_of((local - middle) @ transform)
        except InputError:
            return None
        directions = distinct_normals(hull.equations[:, :-1]) @ transform.T
        normals, offsets = directions, (local @ directions.T).max(axis=0)
    rays = _unit(offsets[:, None] * centre - normals @ across.T)
    distance = np.linalg.norm(rays[:, None] - _unit(neurons)[None], axis=2)
    nearest = distance.argmin(axis=1)
    close = distance.min(axis=1) < TUNING.alike**0.5
    rays = np.where(close[:, None], _unit(neurons)[nearest], rays)
    return rays if len(rays) <= planning.SIZES.tuning_rays else None


def _scattered(rays: Array, own: Mask) -> bool | None:
    """Whether the ball ``sum(o) >= |o|`` holds the cone and touches it at the neurons alone."""
    excess = rays[~own].sum(axis=1) - 1
    if (excess < -TUNING.positive).any():
        return False
    return True if (excess > TUNING.positive).all() else None


def _proof(rays: Array, own: Mask, neurons: Array) -> Array | None:
    """(n, n) step 2: W in coordinates of the neurons; None where there is none."""
    rank = rays.shape[1]
    first, second = np.triu_indices(rank)
    one, other = np.triu_indices(len(rays))
    wanted = ~((one == other) & own[one])
    # The entries of W that are free: those at which it vanishes for all neurons.
    entries = _entries(neurons, neurons, first, second)
    _, sizes, right = np.linalg.svd(entries)
    free = right[(sizes > TUNING.rank * sizes.max()).sum() :]
    if not wanted.any():
        return np.zeros((len(neurons), len(neurons)))
    mine = rays[own]
    independent = np.linalg.matrix_rank(_entries(mine, mine, first, second), tol=TUNING.positive) == len(mine)
    if not (len(free) and independent and _all_among(mine, neurons)):
        return None
    products = _entries(rays[one], rays[other], first, second)[wanted] @ free.T
    price = np.append(np.zeros(len(free)), -1.0)
    above = np.column_stack([-products, np.ones(len(products))])
    solution = linprog(price, A_ub=above, b_ub=np.zeros(len(above)), bounds=[(-1, 1)] * len(free) + [(0, 1)])
    if not solution.success:
        return None
    form = np.zeros((rank, rank))
    form[first, second] = free.T @ solution.x[:-1]
    form = (form + form.T) / 2
    values = np.einsum("ni,ij,nj->n", rays[one], form, rays[other])[wanted]
    if len(values) and values.min() <= TUNING.positive * np.abs(form).max():
        return None
    return np.asarray(neurons @ form @ neurons.T)


def _entries(one: Array, other: Array, first: Indices, second: Indices) -> Array:
    """(n, r (r + 1) / 2) what each free entry of a symmetric form adds to its product of two vectors."""
    return np.asarray((one[:, first] * other[:, second] + one[:, second] * other[:, first]) / 2)


def _all_among(rays: Array, neurons: Array) -> bool:
    """Whether every neuron is one of some extreme rays, up to its size."""
    distance = np.linalg.norm(_unit(neurons)[:, None] - rays[None], axis=2)
    return bool((distance.min(axis=1, initial=np.inf) < TUNING.alike).all())


def _turned(activity: Array) -> Array | None:
    """(T, n) step 3: two tuning curves turned into each other; None where no two can be."""
    scaled = activity / activity.max(axis=0)
    for one in range(activity.shape[1]):
        active = scaled[:, one] > 0
        ratio = (activity[active] / activity[active, one][:, None]).min(axis=0)
        ratio[one] = 0.0
        other = int(ratio.argmax())
        angle = np.arctan(ratio[other]) / 2
        if angle > TUNING.turn:
            turned = np.array(activity)
            turned[:, one] = np.cos(angle) * activity[:, one] + np.sin(angle) * activity[:, other]
            turned[:, other] = np.cos(angle) * activity[:, other] - np.sin(angle) * activity[:, one]
            return turned
    return None


def _made_of_others(rays: Array, neurons: Array) -> Array | None:
    """(m, r) step 3: vectors of the cone that add up to the identity, some of them no neurons; None for none."""
    candidates = rays
    if len(rays) <= planning.SIZES.rays_in_pairs:
        one, other = np.triu_indices(len(rays), k=1)
        candidates = np.vstack([rays, _unit(rays[one] + rays[other])])
    distance = np.linalg.norm(candidates[:, None] - _unit(neurons)[None], axis=2).min(axis=1)
    candidates = candidates[distance > TUNING.turn]
    every = np.vstack([_unit(neurons), candidates])
    codes = OptimalCodes.of(every, np.eye(rays.shape[1]), np.eye(rays.shape[1]))
    other_ones = np.arange(len(every)) >= len(neurons)
    shares = codes.favouring(other_ones) if other_ones.any() else None
    if shares is None or shares[other_ones].sum() < TUNING.turn:
        return None
    exact = codes.exact(np.flatnonzero(shares > 0))
    if exact is None or exact[other_ones].sum() < TUNING.turn:
        return None
    return np.asarray(every[exact > 0] * np.sqrt(exact[exact > 0])[:, None])
