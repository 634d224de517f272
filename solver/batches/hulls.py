"""The outlines of many clouds in the plane at once: the samples that are corners of their hulls, in turn.

Zero, the mean, lies inside every hull.

1. Sort the samples of each cloud by their angle.
2. Of neighbours in the same direction keep the farthest.
3. Drop at once every sample that does not lie strictly outside the segment of its two neighbours. It lies in the
   triangle of these and zero, so that no corner is ever dropped.
4. Close the gaps, and go on with 2 until nothing is dropped.

Whatever is dropped too much makes the hull smaller, and with it the cost of neurons: a bound that is proven on the
smaller hull holds on the whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from theory.arrays import Array, Indices, Mask


@dataclass(frozen=True)
class OutlineLimits:
    """When samples count as one, and when to give up."""

    same: float = 4e-15  # sine of the angle between samples in the same direction, up to rounding
    outside: float = 4e-16  # share of the sizes by which a corner lies outside the segment of its neighbours
    rounds: int = 60  # a dozen are usual


OUTLINES = OutlineLimits()


def outlines(points: Array) -> tuple[Indices, Indices]:
    """The corners of each hull, counterclockwise.

    Args:
        points: (2, n, T) the samples of n clouds about their means; one that is short may repeat a sample.

    Returns:
        the places (n, V) of the corners among the samples, the first one again where a hull has fewer than V, and
        their numbers (n,): 0 of a cloud whose hull was not found, since zero does not lie clearly inside.

    Example:
        >>> square = np.array([[1.0, 1], [-1, 1], [0, 1], [-1, -1], [1, -1], [0.5, 0.1]])
        >>> places, count = outlines(square.T[:, None])
        >>> places.tolist(), count.tolist()
        ([[3, 4, 0, 1]], [4])
    """
    order = np.argsort(np.arctan2(points[1], points[0]), axis=1, kind="stable")  # step 1
    clouds = np.arange(len(order))
    count = np.full(len(order), order.shape[1])
    going: Mask = np.ones(len(order), dtype=bool)
    for _ in range(OUTLINES.rounds):
        here = points[:, clouds[:, None], order]
        dropped = _dropped(here, count)
        going = np.asarray(dropped.any(axis=1))
        if not going.any():
            break
        order, count = _closed(order, ~dropped, count)
    here = points[:, clouds[:, None], order]
    turns = _cross(here, _after(here))
    inside = (turns > 0) | (np.arange(order.shape[1]) >= count[:, None])
    enclosing = inside.all(axis=1) & (count >= 3) & ~going
    return order, np.where(enclosing, count, 0)


def _dropped(here: Array, count: Indices) -> Mask:
    """(n, V) which of the sorted samples (2, n, V) are no corners for certain (steps 2 and 3)."""
    place = np.arange(here.shape[2])
    last = np.maximum(count - 1, 0)
    after = _after(here)
    before = np.concatenate([here[:, np.arange(len(count)), last][:, :, None], here[:, :, :-1]], axis=2)
    size = np.hypot(*here)
    next_size, size_before = np.hypot(*after), np.hypot(*before)
    same = (np.abs(_cross(here, after)) <= OUTLINES.same * size * next_size) & ((here * after).sum(axis=0) >= 0)
    as_before = np.concatenate([same[np.arange(len(count)), last][:, None], same[:, :-1]], axis=1)
    nearer = (same & (size <= next_size)) | (as_before & (size < size_before))
    side = after - before
    slack = OUTLINES.outside * (size_before + next_size + size) * np.hypot(*side)
    flat = ~same & ~as_before & (_cross(side, here - before) >= -slack)
    return (nearer | flat) & (place < count[:, None])


def _closed(order: Indices, kept: Mask, before: Indices) -> tuple[Indices, Indices]:
    """Step 4: the places that are kept, without gaps, the first again at the end; and how many there are."""
    kept = kept & (np.arange(order.shape[1]) < before[:, None])
    count = kept.sum(axis=1)
    front = np.argsort(~kept, axis=1, kind="stable")[:, : max(1, int(count.max(initial=0)))]
    closed = np.take_along_axis(order, front, axis=1)
    return np.where(np.arange(closed.shape[1]) < count[:, None], closed, closed[:, :1]), count


def _after(here: Array) -> Array:
    return np.concatenate([here[:, :, 1:], here[:, :, :1]], axis=2)


def _cross(one: Array, other: Array) -> Array:
    return np.asarray(one[0] * other[1] - one[1] * other[0])
