"""The most that neurons on great circles are worth, exactly, for many circles at once.

On the circle u cos(f) + d sin(f) each sample is active on a half circle. Between two of these ends |N'a|^2 and c are
quadratic forms in (cos f, sin f):

1. Sort the ends. Sums over the active samples change by one term at each, so that cumulative sums give all forms.
2. On an arc the ratio n / c has one maximum at most, where n'c - nc' falls through zero: R cos(2 f - w) + g = 0.
3. The best of all arcs is such a point if it lies within its arc, or else the end of one.
"""

from __future__ import annotations

import numpy as np

from solver.rectified.loss import Frame
from theory.arrays import Array


def best_on_circles(frame: Frame, multiplier: Array, neurons: Array, directions: Array) -> Array:
    """(n, d + 1) the neurons of most worth on the great circles through neurons and directions.

    Args:
        frame: the loss in its own units.
        multiplier: (T, k) N of the frame.
        neurons: (n, d + 1), not zero.
        directions: (n, d + 1), not parallel to these.
    """
    along, across = frame.lifted @ neurons.T, frame.lifted @ directions.T  # (T, n)
    count, many = along.shape
    angle = np.arctan2(-along, across)  # active from here for half a circle
    leaves = np.where(angle > 0, angle - np.pi, angle + np.pi)
    events = np.concatenate([angle, leaves])
    order = np.argsort(events, axis=0)  # step 1
    rows = np.arange(many)
    sign = np.concatenate([np.ones(count), -np.ones(count)])
    forms = np.empty((3, 2 * count + 1, many))
    terms = frame.probabilities[:, None] * np.stack([along**2, along * across, across**2])
    started = leaves < angle  # active at -pi
    pairs = ((neurons, neurons), (neurons, directions), (directions, directions))
    quadratic = np.stack([(one @ frame.weights * other).sum(axis=1) for one, other in pairs])
    forms[:, 0] = quadratic + (terms * started).sum(axis=1)
    sample = order % count
    signs = sign[order]
    forms[:, 1:] = signs * terms[:, sample, rows]
    np.cumsum(forms, axis=1, out=forms)
    earned = np.zeros((3, 2 * count + 1, many))
    for column in multiplier.T:
        sums = np.empty((2, 2 * count + 1, many))
        weighted = np.stack([column[:, None] * along, column[:, None] * across])
        sums[:, 0] = (weighted * started).sum(axis=1)
        sums[:, 1:] = signs * weighted[:, sample, rows]
        np.cumsum(sums, axis=1, out=sums)
        earned[0] += sums[0] ** 2
        earned[1] += sums[0] * sums[1]
        earned[2] += sums[1] ** 2
    halfway = np.full((1, many), np.pi)
    ends = np.concatenate([-halfway, np.take_along_axis(events, order, axis=0), halfway])
    best, where = _best_on_arcs(earned, forms, ends[:-1], ends[1:])
    arc = np.argmax(best, axis=0)
    chosen = where[arc, rows]
    return np.asarray(neurons * np.cos(chosen)[:, None] + directions * np.sin(chosen)[:, None])


def _best_on_arcs(earned: Array, costs: Array, low: Array, high: Array) -> tuple[Array, Array]:
    """Steps 2 and 3: (arcs, n) the largest ratio on each arc, and its angle."""
    a0, a1, a2 = (earned[0] + earned[2]) / 2, (earned[0] - earned[2]) / 2, earned[1]
    b0, b1, b2 = (costs[0] + costs[2]) / 2, (costs[0] - costs[2]) / 2, costs[1]
    first, second, third = a2 * b0 - a0 * b2, a0 * b1 - a1 * b0, a2 * b1 - a1 * b2
    size = np.hypot(first, second)
    turn = np.arctan2(second, first) + np.arccos(np.clip(-third / np.where(size > 0, size, 1.0), -1.0, 1.0))
    inside = turn / 2
    inside = low + np.mod(inside - low, np.pi)
    where = np.where(inside <= high, inside, low)
    cosine, sine = np.cos(2 * where), np.sin(2 * where)
    cost = b0 + b1 * cosine + b2 * sine
    enough = cost > 1e-9 * np.maximum(b0.max(axis=0), 1e-300)  # rounding of a cumulative sum
    ratio = (a0 + a1 * cosine + a2 * sine) / np.where(enough, cost, 1.0)
    return np.where(enough, ratio, -1.0), where
