"""The cones of directions on which a neuron's cost is one quadratic form, for many problems at once.

Neurons w in coordinates in which they cost f(w) = |w|^2 + h(w)^2, with h(w) = max over corners v of w.v.

1. The edge from a corner v to the next u has the normal a with a.v = a.u = 1: h is v.w between the normals of the two
   edges at v.
2. The ray of an edge is its normal in the size that costs one, e = a / sqrt(|a|^2 + 1).
3. A cone wider than a right angle gets one more ray in its middle.
4. On the cone between b and a, w = r b + s a costs r^2 + 2 q r s + s^2 with q = b.a + (v.b)(v.a).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.batches.forms import OnLastAxis
from theory.arrays import Array, Indices, Mask


@dataclass(frozen=True, eq=False)
class Fan(OnLastAxis):
    """The rays of n problems, in turn; the cone of each lies between it and the next.

    Attributes:
        rays: (2, R, n) e, of cost one; after the last the first again.
        following: (2, R, n) the next ray.
        corner: (R, n) the place of the cone's corner in the outline.
        q: (R, n) half the cost of the sum of both rays, less one.
        real: (R, n) which are no repetition.
    """

    rays: Array
    following: Array
    corner: Indices
    q: Array
    real: Mask


def fan_of(corners: Array, count: Indices) -> Fan:
    """The rays of outlines.

    Args:
        corners: (2, V, n) corners v in turn, counterclockwise; the first again from their number on.
        count: (n,) their numbers, at least three.

    Example:
        >>> diamond = np.array([[1.0, 0], [0, 1], [-1, 0], [0, -1]]).T[:, :, None]
        >>> fan = fan_of(diamond, np.array([4]))
        >>> fan.rays[:, 1, 0].round(6).tolist(), int(fan.real.sum())
        ([0.57735, 0.57735], 4)
    """
    _, width, problems = corners.shape
    real = np.arange(width)[:, None] < count
    # Step 1: the normal of the edge from each corner, and of the edge before it.
    side = np.concatenate([corners[:, 1:], corners[:, :1]], axis=1) - corners
    after = corners + side
    area = corners[0] * after[1] - corners[1] * after[0]
    normal = np.stack([side[1], -side[0]]) / np.where(real, area, 1.0)
    normal = np.where(real, normal, normal[:, :1])
    last = count - 1, np.arange(problems)
    before = np.concatenate([normal[:, *last][:, None], normal[:, :-1]], axis=1)
    before = np.where(real, before, before[:, :1])
    edge = before / np.sqrt((before * before).sum(axis=0) + 1)  # step 2
    # Step 3: the middle of a wide cone is at a right angle to the difference of its sides.
    one, other = (ray / np.hypot(*ray) for ray in (before, normal))
    wide = real & ((one * other).sum(axis=0) < 0)
    middle = np.stack([other[1] - one[1], one[0] - other[0]])
    middle = middle / np.sqrt((middle * middle).sum(axis=0) + (corners * middle).sum(axis=0) ** 2 + ~wide)
    rays = np.stack([edge, middle], axis=2).reshape(2, 2 * width, problems)
    used = np.stack([real, wide], axis=1).reshape(2 * width, problems)
    corner = np.repeat(np.arange(width), 2)
    count = used.sum(axis=0)
    front = np.argsort(~used, axis=0, kind="stable")[: int(count.max())]
    front = np.where(np.arange(len(front))[:, None] < count, front, 0)
    rays = np.take_along_axis(rays, front[None], axis=1)
    following = np.concatenate([rays[:, 1:], rays[:, :1]], axis=1)
    corner = corner[front]
    at = np.take_along_axis(corners, corner[None], axis=1)
    # Step 4.
    q = (rays * following).sum(axis=0) + (at * rays).sum(axis=0) * (at * following).sum(axis=0)
    return Fan(rays, following, corner, q, np.arange(len(front))[:, None] < count)
