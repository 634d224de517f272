"""Cones of directions, and what a free neuron in them is worth at most: |(Y u)_+|^2 over unit u.

1. Start with the 2^k orthants. Where there is no time to look at them all, the others count with |Y|^2.
2. On a cone of corners v_j, rows y with v_j.y >= 0 for all j count u.y whole, rows with v_j.y <= 0 not at all; for the
   others (u.y)_+ is convex, so at most its chord w.u, the linear function that equals (v_j.y)_+ at the corners.
3. So the square is at most u'M u, with M the sum of yy' and ww'. Its top over the cone lies inside some face, where it
   is an eigenvector of M on the face's span: all 2^k - 1 faces are tried.
4. A cone whose bound is at most (1 + tolerance) times the best direction found is done; others are cut in two: at the
   middle of the longest edge, or where a row changes sign on an edge, if few rows do. Cones in which no row does are
   exact, so that directions that tie with the best on both sides of a row's plane are told from better ones.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass

import numpy as np

from theory.arrays import Array


@dataclass(frozen=True)
class FreeConeTolerances:
    """What is rounding on a cone, and how cones are cut."""

    at_once: int = 1 << 17  # numbers (corners times rows): a few megabytes
    within: float = 1e-9  # how far outside of a face its eigenvector may lie by rounding and still count
    # Share of a row's length below which its product with a corner is rounding: such a row counts whole, or is left
    # out, and then adds less than the pricing's own margin for rounding.
    on_plane: float = 1e-15
    # Rows that change sign in a cone, up to which it is cut at their planes: with more the middle helps all of them.
    few: int = 2
    inner: float = 0.1  # least share of an edge on either side of such a cut: slivers have no exact corners


FREE_CONES = FreeConeTolerances()


def cover(Y: Array, *, tolerance: float, seconds: float) -> tuple[float, Array]:
    """An upper bound of |(Y u)_+| over the sphere of R^k, and directions that come near it.

    Args:
        Y: (L, k) rows.
        tolerance: share by which the bound may exceed the best direction.
        seconds: when to end with a weaker bound.

    Example:
        >>> round(cover(np.eye(3) * [1.0, 2.0, 3.0], tolerance=1e-6, seconds=1.0)[0], 4)
        3.0
    """
    ends = time.monotonic() + seconds
    k = Y.shape[1]
    corners = np.stack([np.diag(signs) for signs in itertools.product([1.0, -1.0], repeat=k)])  # step 1
    step = max(FREE_CONES.at_once // (k * len(Y)), 16)
    above, tops, values = _look_in_time(Y, corners, step, ends)
    best, kept = float(values.max()), tops[np.argsort(-values)[:64]]
    done = 0.0
    while True:
        needed = best * (1 + tolerance) ** 2
        left = above > needed  # step 4
        done = max(done, float(above[~left].max(initial=0.0)))
        corners, above = corners[left], above[left]
        if not len(corners) or time.monotonic() > ends:
            break
        order = np.argsort(-above, kind="stable")
        now, later = order[:step], order[step:]
        halves = _cut(Y, corners[now])
        new, tops, values = _look(Y, halves)
        new = np.minimum(new, np.tile(above[now], 2))
        if values.max() > best * (1 - 1e-4):
            near = values >= 0.999 * max(best, float(values.max()))
            kept = np.concatenate([tops[near], kept])[:512]
            best = max(best, float(values.max()))
        corners, above = np.concatenate([corners[later], halves]), np.concatenate([above[later], new])
    return float(np.sqrt(max(done, float(above.max(initial=0.0)), best))), kept


def bounds(Y: Array, corners: Array) -> tuple[Array, Array]:
    """Steps 2 and 3: (m,) upper bounds of |(Y u)_+|^2 over unit u in cones, and (m, k) where the bound is attained.

    Args:
        Y: (L, k) rows.
        corners: (m, k, k) of unit length, a cone's corners as rows.

    Example:
        >>> bounds(np.array([[1.0, 1.0]]), np.eye(2)[None])[0].round(9).tolist()
        [2.0]
    """
    k = Y.shape[1]
    at = _products(Y, corners)
    counted = (at >= 0).all(axis=1)
    undecided = np.logical_and(~counted, (at > 0).any(axis=1))
    outer = (Y[:, :, None] * Y[:, None, :]).reshape(len(Y), -1)
    forms = (counted.astype(float) @ outer).reshape(-1, k, k)
    ends = np.asarray(np.where(undecided[:, None, :], np.maximum(at, 0), 0.0), dtype=float)
    chords = np.linalg.solve(corners, ends)
    forms = forms + chords @ chords.transpose(0, 2, 1)
    best, where = np.full(len(corners), -np.inf), np.zeros((len(corners), k))
    for size in range(1, k + 1):
        for face in itertools.combinations(range(k), size):
            frame, triangle = np.linalg.qr(corners[:, face, :].transpose(0, 2, 1))
            values, vectors = np.linalg.eigh(frame.transpose(0, 2, 1) @ forms @ frame)
            shares = np.linalg.solve(triangle, vectors)
            sign = np.where(shares.sum(axis=1) < 0, -1.0, 1.0)[:, None, :]
            shares, vectors = shares * sign, vectors * sign
            inside = (shares >= -FREE_CONES.within * np.abs(shares).max(axis=1, keepdims=True)).all(axis=1)
            values = np.where(inside, values, -np.inf)
            top = values.argmax(axis=1)
            rows = np.arange(len(corners))
            better = values[rows, top] > best
            best = np.where(better, values[rows, top], best)
            points = np.einsum("mki,mi->mk", frame, vectors[rows, :, top])
            where = np.where(better[:, None], points, where)
    return best, where


def _look(Y: Array, corners: Array) -> tuple[Array, Array, Array]:
    """Bounds of cones, the directions that attain them, and what those are worth (squared)."""
    above, where = bounds(Y, corners)
    return above, where, _worths(Y, where)


def _look_in_time(Y: Array, corners: Array, step: int, ends: float) -> tuple[Array, Array, Array]:
    """What `_look` says, of so many cones at a time; of those left when the time is up the bound of |Y u| itself."""
    looks = list[tuple[Array, Array, Array]]()
    for start in range(0, len(corners), step):
        if time.monotonic() > ends:
            _, lengths, axes = np.linalg.svd(Y, full_matrices=False)
            where = np.vstack([axes, -axes])
            looks.append((np.full(len(corners) - start, lengths[0] ** 2), where, _worths(Y, where)))
            break
        looks.append(_look(Y, corners[start : start + step]))
    above, where, worths = (np.concatenate(parts) for parts in zip(*looks, strict=True))
    return above, where, worths


def _worths(Y: Array, where: Array) -> Array:
    """(m,) |(Y u)_+|^2 of directions u (m, k)."""
    return np.asarray((np.maximum(where @ Y.T, 0) ** 2).sum(axis=1))


def _products(Y: Array, corners: Array) -> Array:
    """(m, k, L) rows times corners, zero where a corner lies on a row's plane."""
    at = corners @ Y.T
    return np.where(np.abs(at) > FREE_CONES.on_plane * np.linalg.norm(Y, axis=1), at, 0.0)


def _cut(Y: Array, corners: Array) -> Array:
    """Step 4: both parts of each cone."""
    m, k = corners.shape[:2]
    pairs = np.array(list(itertools.combinations(range(k), 2)))
    cosines = np.einsum("mpi,mpi->mp", corners[:, pairs[:, 0]], corners[:, pairs[:, 1]])
    edge, share = pairs[cosines.argmin(axis=1)], np.full(m, 0.5)
    at = _products(Y, corners)
    crossing = ((at > 0).any(axis=1) & (at < 0).any(axis=1)).sum(axis=1)
    few = np.flatnonzero((crossing > 0) & (crossing <= FREE_CONES.few))
    if len(few):
        # Of all rows and edges the one on which the chord is farthest above (u.y)_+.
        one, other = (np.abs(at[few][:, pairs[:, side]]) for side in (0, 1))
        opposite = at[few][:, pairs[:, 0]] * at[few][:, pairs[:, 1]] < 0
        excess = np.where(opposite, one * other / np.where(opposite, one + other, 1.0), 0.0).reshape(len(few), -1)
        place = excess.argmax(axis=1)
        pair, row = np.divmod(place, len(Y))
        here = np.arange(len(few))
        a, b = one[here, pair, row], other[here, pair, row]
        crosses = excess[here, place] > 0
        edge[few[crosses]] = pairs[pair[crosses]]
        crossed = (b / np.where(crosses, a + b, 1.0))[crosses]
        share[few[crosses]] = np.where(np.minimum(crossed, 1 - crossed) >= FREE_CONES.inner, crossed, 0.5)
    rows = np.arange(m)
    middle = share[:, None] * corners[rows, edge[:, 0]] + (1 - share)[:, None] * corners[rows, edge[:, 1]]
    middle /= np.linalg.norm(middle, axis=1, keepdims=True)
    left, right = corners.copy(), corners.copy()
    left[rows, edge[:, 0]] = middle
    right[rows, edge[:, 1]] = middle
    return np.concatenate([left, right])
