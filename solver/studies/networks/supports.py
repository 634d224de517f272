"""Two sources on a grid, made dependent in three ways: with all corners, without two of them, without the middle."""

from __future__ import annotations

import numpy as np

from theory.arrays import Array


def grid(levels: int) -> Array:
    """(levels^2, 2) points; each source has unit variance if all are equally likely.

    Example:
        >>> grid(3).var(axis=0).round(12).tolist()
        [1.0, 1.0]
    """
    line = np.arange(levels) - (levels - 1) / 2
    return np.array([[x, y] for x in line for y in line]) / line.std()


def tilted(points: Array, slope: float) -> Array:
    """(T,) probabilities that fall with the distance from the diagonal; every corner still occurs.

    Example:
        >>> tilted(grid(2), 0.0).tolist()
        [0.25, 0.25, 0.25, 0.25]
    """
    return _whole(np.exp(-slope * (points[:, 0] - points[:, 1]) ** 2))


def cornerless(points: Array, diagonals: int) -> Array:
    """(T,) equal probabilities, but none of the outermost diagonals at two opposite corners.

    Example:
        >>> int((cornerless(grid(3), 1) == 0).sum()), int((cornerless(grid(3), 2) == 0).sum())
        (2, 6)
    """
    apart = np.abs(points[:, 0] - points[:, 1])
    farthest = np.unique(apart.round(9))[::-1][:diagonals]
    return _whole(~np.isclose(apart[:, None], farthest).any(axis=1))


def hollow(points: Array, share: float) -> Array:
    """(T,) probabilities lowered by a share inside the outline, the more the nearer the middle.

    Example:
        >>> hollow(grid(3), 1.0).round(3).tolist()
        [0.125, 0.125, 0.125, 0.125, 0.0, 0.125, 0.125, 0.125, 0.125]
    """
    out = np.abs(points).max(axis=1) / np.abs(points).max()
    return _whole(1 - share * (out < 1 - 1e-9) * (1 - out**2))


def bits(points: Array, chance: Array) -> float:
    """Mutual information of the two sources.

    Example:
        >>> round(bits(grid(2), np.array([0.5, 0.0, 0.0, 0.5])), 12)
        1.0
    """
    joint = chance / chance.sum()
    alone = np.ones_like(joint)
    for source in points.T:
        _, place = np.unique(source.round(9), return_inverse=True)
        alone *= np.bincount(place, joint)[place]
    occurs = joint > 0
    return max(0.0, float((joint[occurs] * np.log2(joint[occurs] / alone[occurs])).sum()))


def drawn(rng: np.random.Generator, points: Array) -> Array:
    """(T,) probabilities of a data set: uneven, tilted, without some of the inner points.

    Half of the data sets lack two opposite corners.

    Example:
        >>> chance = drawn(np.random.default_rng(0), grid(5))
        >>> bool((chance == 0).any()), round(float(chance.sum()), 12)
        (True, 1.0)
    """
    outline = np.abs(points).max(axis=1) > np.abs(points).max() - 1e-9
    uneven = rng.uniform(0.5, 1.5, len(points)) * (outline | (rng.random(len(points)) > 0.3))
    turned = points * [1, rng.choice([-1, 1])]
    cut = cornerless(turned, int(rng.integers(1, 4))) > 0 if rng.random() < 0.5 else True
    return _whole(uneven * tilted(turned, rng.uniform(0, 0.5)) * cut)


def _whole(weights: Array) -> Array:
    return np.asarray(weights / weights.sum(), dtype=np.float64)
