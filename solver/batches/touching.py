"""Whether the neurons of an optimal code of two sources are the only ones, for many problems at once.

At an optimal multiplier the neurons of optimal codes earn what they cost, and no neuron earns more. G has three
entries: a code of up to three lines is the only one if no other line touches (docs/mathematics.md, "Uniqueness").

1. On each cone of directions, worth over cost is largest at the eigenvector of a 2 by 2 matrix if that lies inside, and
   else on one of its rays; a ray is the best one near if it is as good as both cones beside it.
2. Where both eigenvalues are one a whole cone touches.
3. Directions that touch, or nearly do, are counted as lines: a neuron and its mirror image add the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.batches.forms import cost_root, larger_eigenvector, squared, times, worths_inside
from solver.batches.rays import Fan
from theory.arrays import Array, Mask


@dataclass(frozen=True)
class ManyTouchingTolerances:
    """What might touch, so that nothing is called unique that is not."""

    touches: float = 1e-6  # by how much a neuron may earn less than it costs
    multiple: float = 1e-5  # relative difference of two eigenvalues that may be none
    line: float = 1e-4  # sine of the angle between two directions of one line


MANY_TOUCHING = ManyTouchingTolerances()

LINES = 3
"""Entries of G: so many lines are independent."""


def has_one_code(fan: Fan, corners: Array, multiplier: Array) -> Mask:
    """(n,) whether at most three lines touch, and no continuum does: then an optimal code is the only one.

    Args:
        fan: the rays of the problems.
        corners: (2, R, n) the corner of each cone.
        multiplier: (3, n) Y, optimal.

    Example:
        >>> from solver.batches.rays import fan_of
        >>> square = np.array([[1.0, 1], [-1, 1], [-1, -1], [1, -1]]).T[:, :, None]
        >>> fan = fan_of(square, np.array([4]))
        >>> corners = np.take_along_axis(square, fan.corner[None], axis=1)
        >>> has_one_code(fan, corners, np.array([[2.0], [0.0], [2.0]])).tolist()
        [True]
    """
    rays, following = fan.rays, fan.following
    # Step 1: what rays earn, and what the eigenvectors do that lie in their cones.
    on_ray = np.where(fan.real, times(squared(rays), multiplier), 0.0)  # of cost one
    t11, t12, t22 = root = cost_root(corners)
    half, across, middle = (times(worths, multiplier) for worths in worths_inside(root))
    spread, *z = larger_eigenvector(half, across)
    inner = np.stack([t11 * z[0] + t12 * z[1], t12 * z[0] + t22 * z[1]])
    after, until = rays[0] * inner[1] - rays[1] * inner[0], inner[0] * following[1] - inner[1] * following[0]
    inside = np.where(fan.real & (after * until > 0), middle + spread, 0.0)
    bar = 1 - MANY_TOUCHING.touches
    # Step 2.
    whole = fan.real & (spread <= MANY_TOUCHING.multiple * middle) & (middle + spread > bar)
    # Step 1: which rays are the best near.
    last = np.take_along_axis(inside, fan.real.sum(axis=0)[None] - 1, axis=0)
    beside = np.maximum(inside, np.concatenate([last, inside[:-1]]))
    peaks = np.where(on_ray >= beside * bar, on_ray, 0.0)
    touching = np.concatenate([peaks, inside]) > bar
    return ~whole.any(axis=0) & (_lines(np.concatenate([rays, inner], axis=1), touching) <= LINES)


def _lines(directions: Array, chosen: Mask) -> Array:
    """(n,) how many lines the chosen of directions (2, R, n) are along, or more than that of up to three (step 3)."""
    count = chosen.sum(axis=0)
    width = int(count.max(initial=0))
    if width <= LINES:
        return np.asarray(count)  # however many of them are along one line
    # The chosen ones first, and of those that are not the first again, which is along its line.
    front = np.argsort(~chosen, axis=0, kind="stable")[:width]
    front = np.where(np.arange(width)[:, None] < count, front, front[:1])
    picked = np.take_along_axis(directions, front[None], axis=1)
    picked = picked / (np.hypot(*picked) + np.finfo(float).tiny)
    sine = np.abs(picked[0][:, None] * picked[1][None] - picked[1][:, None] * picked[0][None])
    alike = sine <= MANY_TOUCHING.line
    # A direction begins a line if none before it is along the same.
    before = np.tril(np.ones((width, width), dtype=np.bool_), -1)[:, :, None]
    return np.asarray((~(alike & before).any(axis=1) & (np.arange(width)[:, None] < np.maximum(count, 1))).sum(axis=0))
