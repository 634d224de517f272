"""Symmetric matrices of three rows, as many as one likes, and their six entries 11, 12, 13, 22, 23, 33."""

from __future__ import annotations

from typing import Self

import numpy as np

from theory.arrays import Array, Indices, Mask

_ROW, _COLUMN = np.triu_indices(3)
_PLACE = np.array([[0, 1, 2], [1, 3, 4], [2, 4, 5]])
_TINY = np.finfo(float).tiny


class OnFirstAxis:
    """Arrays of many problems, one in each place of the first axis: the base of a dataclass of them."""

    def chosen(self, which: Indices | Mask) -> Self:
        """Those of some of the problems."""
        return type(self)(*(array[which] for array in vars(self).values()))


def entries(matrices: Array) -> Array:
    """(..., 6) of matrices (..., 3, 3)."""
    return np.asarray(matrices[..., _ROW, _COLUMN])


def whole(entries: Array) -> Array:
    """(..., 3, 3) from entries (..., 6).

    Example:
        >>> whole(np.arange(6.0)).tolist()
        [[0.0, 1.0, 2.0], [1.0, 3.0, 4.0], [2.0, 4.0, 5.0]]
    """
    return np.asarray(entries[..., _PLACE])


def pairs(one: Array, other: Array) -> Array:
    """(..., 6) what the entries of Y are multiplied with in one'Y other, of vectors (..., 3).

    Example:
        >>> pairs(np.array([1.0, 2.0, 0.0]), np.array([3.0, 4.0, 0.0])).tolist()
        [3.0, 10.0, 0.0, 8.0, 0.0, 0.0]
    """
    both = one[..., _ROW] * other[..., _COLUMN]
    return np.where(_ROW == _COLUMN, both, both + one[..., _COLUMN] * other[..., _ROW])


def squared_sines(some: Array, others: Array) -> Array:
    """(n, k, m) of the angles between lines (n, k, 3) and (n, m, 3); one where a line is zero.

    Example:
        >>> squared_sines(np.array([[[2.0, 0, 0]]]), np.array([[[-3.0, 0, 0], [1, 1, 0], [0, 0, 0]]])).tolist()
        [[[0.0, 0.5000000000000001, 1.0]]]
    """
    one, other = (part / (np.sqrt((part * part).sum(axis=-1, keepdims=True)) + _TINY) for part in (some, others))
    products = one @ other.transpose(0, 2, 1)
    # Of unit vectors; where they nearly agree their difference keeps the digits.
    apart = ((one[:, :, None] - np.sign(products)[..., None] * other[:, None]) ** 2).sum(axis=-1)
    near = apart * (1 - apart / 4)
    return np.where(products == 0, 1.0, near)


def inverses(matrices: Array) -> Array:
    """(..., 3, 3) of matrices (..., 3, 3), by cofactors; not finite where there is none.

    Example:
        >>> inverses(np.diag([1.0, 2.0, 4.0])).tolist()
        [[1.0, 0.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 0.25]]
    """
    a, b, c, d, e, f = np.moveaxis(entries(matrices), -1, 0)
    with np.errstate(all="ignore"):
        cofactors = np.stack(_cofactors(a, b, c, d, e, f), axis=-1)
        determinant = a * cofactors[..., 0] + b * cofactors[..., 1] + c * cofactors[..., 2]
        return whole(cofactors / determinant[..., None])


def multipliers(inverse: Array, demand: Array) -> Array:
    """(n, 3, 3) Y = H^-1 K H^-1 from H^-1 (n, 3, 3) and the diagonal (n, 3) of K.

    Example:
        >>> multipliers(np.diag([1.0, 2.0, 0.5])[None], np.array([[1.0, 2.0, 4.0]])).diagonal(0, 1, 2).tolist()
        [[1.0, 8.0, 1.0]]
    """
    return np.asarray(inverse @ (demand[..., None] * inverse))


def largest(matrices: Array) -> tuple[Array, Array, Array]:
    """The largest eigenvalue (...), by how much it exceeds the next (...), and its unit vector (..., 3).

    In closed form, for entries (..., 6): where the two largest eigenvalues nearly agree digits are lost.

    Example:
        >>> value, above, vector = largest(np.array([1.0, 0.0, 0.0, 5.0, 0.0, 2.0]))
        >>> float(value.round(9)), float(above.round(9)), abs(vector).round(9).tolist()
        (5.0, 3.0, [0.0, 1.0, 0.0])
    """
    a, b, c, d, e, f = np.moveaxis(matrices, -1, 0)
    mean = (a + d + f) / 3
    x, y, z = a - mean, d - mean, f - mean
    size = np.sqrt((x * x + y * y + z * z + 2 * (b * b + c * c + e * e)) / 6) + _TINY
    turn = (x * (y * z - e * e) - b * (b * z - c * e) + c * (b * e - c * y)) / (2 * size**3)
    angle = np.arccos(np.clip(turn, -1.0, 1.0)) / 3
    value = mean + 2 * size * np.cos(angle)
    # The next is 2 size cos(angle - 2 pi / 3) above the mean.
    above = 2 * 3**0.5 * size * np.sin(np.pi / 3 - angle)
    columns = _cofactors(a - value, b, c, d - value, e, f - value)
    squares = [part * part for part in columns]
    lengths = np.stack([sum(squares[place] for place in row) for row in _PLACE])
    best = lengths.argmax(axis=0)
    vector = np.stack([np.choose(best, [columns[place] for place in row]) for row in _PLACE], axis=-1)
    return value, above, vector / (np.sqrt(lengths.max(axis=0)) + _TINY)[..., None]


def solved(matrices: Array, right: Array) -> Array:
    """(n, k) solutions of systems (n, k, k) with right sides (n, k); NaN where there is none.

    Example:
        >>> solved(np.array([[[2.0]], [[0.0]]]), np.ones((2, 1))).ravel().tolist()
        [0.5, nan]
    """
    usable: Mask = np.asarray(np.isfinite(matrices).all(axis=(1, 2)) & np.isfinite(right).all(axis=1))
    try:
        return _solved(matrices, right, usable)
    except np.linalg.LinAlgError:  # of one that is singular
        signs, _ = np.linalg.slogdet(np.where(usable[:, None, None], matrices, 0.0))
        return _solved(matrices, right, usable & (signs != 0))


def _solved(matrices: Array, right: Array, usable: Mask) -> Array:
    solutions = np.linalg.solve(np.where(usable[:, None, None], matrices, np.eye(right.shape[1])), right[..., None])
    return np.where(usable[:, None], solutions[..., 0], np.nan)


def _cofactors(*entries: Array) -> tuple[Array, ...]:
    a, b, c, d, e, f = entries
    return d * f - e * e, c * e - b * f, b * e - c * d, a * f - c * c, b * c - a * e, a * d - b * b
