"""The best free neuron for a multiplier: directions of R^k, exact in one and two targets, by cones beyond.

With Z the multiplier's rows over sqrt(p), a neuron whose decoder points along the unit vector u is worth at most

    |(Z u)_+| / (2 sqrt(mu alpha)),      by the activity (N u)_+ / p.

1. Rotate to the principal axes of Z; axes that are rounding are left out, and their length is added to the bound.
2. One axis: two directions.
3. Two axes: the lines across the rows cut the circle into arcs; on each |(Z u)_+|^2 is one quadratic form, whose top
   is its eigenvector or an end of the arc.
4. More: cones of u, halved along the longest edge, whose bound is `cones.bounds`; a cone is done when its bound is
   hardly above the best direction found. Out of time, the bound is that of the worst cone left.
5. The bound is widened by what rounding could hide.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from solver.free.cones import cover
from solver.free.loss import FreeLoss
from solver.free.views import View, whole_view
from theory.arrays import Array, Indices
from theory.immutable import Frozen


@dataclass(frozen=True, eq=False)
class FreeRatio(Frozen):
    """The bound of all neurons' worth."""

    rho: float  # no neuron is worth more
    exact: bool  # whether a neuron is worth rho, up to the tolerance asked for
    neurons: Array  # (m, k) decoder directions of unit length that come near it, the best first
    views: Indices  # (m,) the view each of them belongs to


def largest_ratio(
    loss: FreeLoss, multiplier: Array, *, tolerance: float, seconds: float, views: Sequence[View] | None = None
) -> FreeRatio:
    """Bound |N'a| / (2 sqrt(mu c(a))) over all activities a >= 0.

    Args:
        loss: costs and samples.
        multiplier: (T, k) N.
        tolerance: share by which the bound may exceed the best neuron.
        seconds: when to end with a weaker bound.
        views: levels on which activity is equal; each sample by itself if None.

    Example:
        >>> from solver.free.loss import FreeLoss
        >>> from theory.neurons.sample_readout import SampleReadout
        >>> half = np.array([0.5, 0.5])
        >>> loss = FreeLoss(half, 1.0, SampleReadout(np.array([[-1.0], [1.0]]), half, 1.0, np.inf))
        >>> round(largest_ratio(loss, np.array([[-1.0], [1.0]]), tolerance=1e-9, seconds=1.0).rho, 6)
        0.707107
    """
    seen = [whole_view(loss.probabilities)] if views is None else views
    unit = 2 * np.sqrt(loss.readout.decoder_cost * loss.activity_cost)
    ends = time.monotonic() + seconds
    bound, best, all_directions, owners = 0.0, 0.0, [], []
    for place, view in enumerate(seen):
        Z = view.standard(multiplier)
        if not np.isfinite(Z).all():
            return FreeRatio(float("inf"), False, np.zeros((0, multiplier.shape[1])), np.zeros(0, dtype=int))
        limit = max((ends - time.monotonic()) / (len(seen) - place), 0.0)
        above, directions = tops(Z, tolerance=tolerance, seconds=limit)
        bound = max(bound, above)
        all_directions.append(directions)
        owners.append(np.full(len(directions), place))
    neurons, places = np.concatenate(all_directions), np.concatenate(owners)
    worths = np.concatenate(
        [worth(seen[place].standard(multiplier), directions) for place, directions in enumerate(all_directions)]
    )
    order = np.argsort(-worths, kind="stable")
    best = float(worths.max(initial=0.0))
    return FreeRatio(float(bound / unit), bound <= best * (1 + tolerance) * (1 + 1e-9), neurons[order], places[order])


def worth(Z: Array, directions: Array) -> Array:
    """(m,) |(Z u)_+| of unit directions.

    Args:
        Z: (L, k) rows.
        directions: (m, k).

    Example:
        >>> worth(np.array([[3.0], [4.0], [-1.0]]), np.array([[1.0], [-1.0]])).tolist()
        [5.0, 1.0]
    """
    return np.asarray(np.sqrt((np.maximum(Z @ directions.T, 0) ** 2).sum(axis=0)))


def tops(Z: Array, *, tolerance: float, seconds: float) -> tuple[float, Array]:
    """An upper bound of |(Z u)_+| over the sphere, and directions that are locally best.

    Args:
        Z: (L, k) rows.
        tolerance: share by which the bound may exceed the best direction.
        seconds: when to end with a weaker bound (three axes and more).

    Example:
        >>> bound, directions = tops(np.array([[1.0, 0.0], [0.0, 2.0]]), tolerance=1e-9, seconds=1.0)
        >>> round(bound, 9), np.abs(directions[0].round(9)).tolist()
        (2.0, [0.0, 1.0])
    """
    rows = Z[(Z != 0).any(axis=1)]
    size = float(np.abs(rows).max(initial=0.0))
    if size == 0:
        return 0.0, np.zeros((0, Z.shape[1]))
    _, lengths, axes = np.linalg.svd(rows / size, full_matrices=False)  # step 1
    kept = lengths > 1e-14 * lengths[0]  # a shorter one is rounding
    Y = rows / size @ axes[kept].T
    k = int(kept.sum())
    if k == 1:  # step 2
        directions = np.array([[1.0], [-1.0]])
        bound = float(worth(Y, directions).max())
    elif k == 2:
        bound, directions = _arcs(Y)
    else:  # step 4
        bound, directions = cover(Y, tolerance=tolerance, seconds=seconds)
    directions = directions[np.argsort(-worth(Y, directions), kind="stable")]
    margin = 1e-13 + 4 * np.finfo(float).eps * len(rows)  # step 5: what sums of products in doubles may lose
    missed = float(np.linalg.norm(lengths[~kept])) + len(rows) * np.finfo(float).eps * float(lengths[0])
    return float(size * (bound * (1 + margin) + missed)), directions @ axes[kept]


def _arcs(Y: Array) -> tuple[float, Array]:
    """Step 3: the top of every arc. Sums run over the sorted ends of the samples' half circles."""
    angles = np.arctan2(Y[:, 1], Y[:, 0])
    ends = np.concatenate([angles - np.pi / 2, angles + np.pi / 2])
    ends = np.mod(ends, 2 * np.pi)
    squares = np.stack([Y[:, 0] ** 2, Y[:, 1] ** 2, Y[:, 0] * Y[:, 1]], axis=1)
    changes = np.concatenate([squares, -squares])
    order = np.argsort(ends, kind="stable")
    ends = ends[order]
    place = np.empty(len(order), dtype=int)
    place[order] = np.arange(len(order))
    before = (
        place[: len(Y)] > place[len(Y) :]
    )  # left before entered: active at angle 0. By order, so that ties do no harm
    sums = squares[before].sum(axis=0) + np.cumsum(changes[order], axis=0)
    half, tilt, cross = (sums[:, 0] + sums[:, 1]) / 2, (sums[:, 0] - sums[:, 1]) / 2, sums[:, 2]
    top = np.arctan2(cross, tilt) / 2
    finish = np.append(ends[1:], ends[0] + 2 * np.pi)
    turned = ends + np.mod(top - ends, np.pi)
    inside = turned <= finish + 1e-9
    inside |= turned - np.pi >= ends - 1e-9
    at_start = half + tilt * np.cos(2 * ends) + cross * np.sin(2 * ends)
    at_finish = half + tilt * np.cos(2 * finish) + cross * np.sin(2 * finish)
    bounds = np.where(inside, half + np.hypot(tilt, cross), np.maximum(at_start, at_finish))
    slack = 8 * len(Y) * np.finfo(float).eps * float(squares[:, :2].sum())
    chosen = turned[inside] if inside.any() else np.array([ends[np.argmax(at_start)]])
    directions = np.stack([np.cos(chosen), np.sin(chosen)], axis=1)
    return float(np.sqrt(max(float(bounds.max()), 0.0) + slack)), directions
