"""Groups of sources: which neurons may read together, and when nothing is lost by keeping them apart.

A position is coded by several sources, cosines and sines, and so is an object. Whether neurons code the one or the
other is a question about groups of sources and not about single ones (docs/mathematics.md, "Groups").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from theory.errors import InputError, unknown_name
from theory.geometry.levels import levels
from theory.inputs.names import printable

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from theory.arrays import Array

__all__ = ["Groups", "checked_groups", "is_product", "is_separate", "membership", "parts_of", "placed"]

Groups = dict[str, tuple[int, ...]]
"""The members of each group, as indices of sources, by its name."""

SAME_VALUE = 1e-12
"""Distance of two values of a source, relative to its largest, that counts as none: rounding of cosines and sums."""

NO_ENTRY = 1e-12
"""Entry of a matrix between two groups, relative to its diagonal, that counts as none."""


def checked_groups(given: Any, names: Sequence[str]) -> Groups:
    """Groups as indices; a source that is in none becomes a group of its own, under its own name.

    Args:
        given: a mapping from the name of each group to its members, by index or by name.
        names: of the sources.

    Raises:
        InputError: no mapping, an empty group, a member that is no source, or one that is in two groups.

    Example:
        >>> checked_groups({"position": ["cos", "sin"]}, ["cos", "sin", "speed"])
        {'position': (0, 1), 'speed': (2,)}
    """
    if not isinstance(given, Mapping):
        raise InputError(
            f"groups: expected a mapping from names to sources, got {type(given).__name__}; write "
            'groups={"position": [0, 1], "object": [2, 3]}'
        )
    groups: Groups = {}
    owner: dict[int, str] = {}
    for key, value in given.items():
        name = printable(str(key))
        if name in groups:
            raise InputError(f"groups: two are called {name!r}; give each its own name")
        members = [_index(member, name, names) for member in _members(value, name)]
        if not members:
            raise InputError(f"groups: {name!r} is empty; give it sources, or leave it out")
        for member in members:
            if member in owner:
                where = f"both in {owner[member]!r} and in {name!r}" if owner[member] != name else f"twice in {name!r}"
                raise InputError(f"groups: source {names[member]!r} is {where}; give each source one group")
            owner[member] = name
        groups[name] = tuple(sorted(members))
    for index, name in enumerate(names):
        if index not in owner:
            if name in groups:
                raise InputError(
                    f"groups: {name!r} is also the name of a source that is in no group, and so a group of its own; "
                    "choose another name"
                )
            groups[name] = (index,)
    return groups


def _members(value: Any, name: str) -> list[Any]:
    if isinstance(value, str | int | np.integer):
        return [value]
    if not isinstance(value, Iterable):
        raise InputError(f"groups: {name!r} holds {type(value).__name__}; give a list of sources, by index or by name")
    return list(value)


def _index(member: Any, group: str, names: Sequence[str]) -> int:
    if isinstance(member, str):
        wanted = printable(member)
        if wanted not in names:
            raise InputError(f"groups: {group!r}: {unknown_name('source', wanted, names)}")
        return list(names).index(wanted)
    if isinstance(member, bool | np.bool_) or not isinstance(member, int | np.integer):
        raise InputError(f"groups: {member!r} in {group!r} is no source; give an index, from 0, or a name")
    if not 0 <= member < len(names):
        raise InputError(
            f"groups: {group!r} has {member}, but the {len(names)} source(s) count from 0 to {len(names) - 1}"
        )
    return int(member)


def membership(groups: Groups) -> NDArray[np.intp]:
    """(d,) the number of each source's group.

    Example:
        >>> membership({"a": (0, 2), "b": (1,)}).tolist()
        [0, 1, 0]
    """
    result = np.empty(sum(map(len, groups.values())), dtype=np.intp)
    for number, members in enumerate(groups.values()):
        result[list(members)] = number
    return result


def parts_of(neurons: ArrayLike, groups: Groups) -> Array:
    """(n, k) the largest absolute entry of each neuron (n, d) in each group.

    Example:
        >>> parts_of([[1, -3, 2]], {"a": (0, 2), "b": (1,)}).tolist()
        [[2.0, 3.0]]
    """
    size = np.abs(np.asarray(neurons, dtype=np.float64))
    return np.column_stack([size[:, list(members)].max(axis=1) for members in groups.values()])


def placed(neurons: Array, members: Sequence[int], dimension: int) -> Array:
    """(n, d) neurons (n, k) of some of d sources, which read none of the others.

    Example:
        >>> placed(np.array([[1.0, 2.0]]), (2, 0), 3).tolist()
        [[2.0, 0.0, 1.0]]
    """
    result = np.zeros((len(neurons), dimension))
    result[:, list(members)] = neurons
    return result


def is_separate(matrix: ArrayLike, groups: Groups) -> bool:
    """Whether a positive semidefinite matrix (d, d) has no entries between groups.

    Example:
        >>> is_separate([[2, 1, 0], [1, 2, 0], [0, 0, 1]], {"a": (0, 1), "b": (2,)})
        True
    """
    given, number = np.asarray(matrix), membership(groups)
    size = np.sqrt(np.outer(np.diag(given), np.diag(given)))
    return bool((np.abs(given) <= NO_ENTRY * size)[number[:, None] != number].all())


def is_product(points: Array, corners: Sequence[Array], groups: Groups) -> bool:
    """Whether the hull of the points (T, d) is the product of the hulls of their shadows on the groups.

    It is, if and only if every choice of one corner a group is among the points.

    Args:
        points: samples about the mean.
        corners: for each group the vertices (V, k) of the shadow's hull; points beside them do no harm, but must
            occur in every combination too.
        groups: their members.

    Example:
        >>> square = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
        >>> groups = {"a": (0,), "b": (1,)}
        >>> is_product(square, [square[:2, 1:], square[:2, 1:]], groups)
        True
        >>> is_product(square[:3], [square[:2, 1:], square[:2, 1:]], groups)
        False
    """
    unit = np.abs(points).max(axis=0) * SAME_VALUE
    places, number = np.ones(len(points), dtype=bool), np.zeros(len(points), dtype=np.int64)
    combinations = 1
    for members, part in zip(groups.values(), corners, strict=True):
        scale, chosen = unit[list(members)], list(members)
        together = levels(np.vstack([part, points[:, chosen]]), scale)
        _, kind = np.unique(together, axis=0, return_inverse=True)
        kind = kind.reshape(-1)
        known, place = np.unique(kind[: len(part)]), kind[len(part) :]
        found = np.minimum(np.searchsorted(known, place), len(known) - 1)
        places &= known[found] == place
        number = number * len(known) + found
        # Counted without corners that differ by rounding only.
        combinations *= len(known)
        if combinations > len(points):
            return False
    return len(np.unique(number[places])) == combinations
