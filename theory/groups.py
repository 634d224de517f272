"""Groups of sources that neurons may read together (docs/mathematics.md, "Groups").

A position is coded by several sources, cosines and sines, and so is an object: whether neurons code one or the other is
a question about groups of sources.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.arrays import Array, ArrayLike
from theory.errors import InputError, unknown_name
from theory.geometry.affine_hull import AffineHull
from theory.geometry.levels import levels
from theory.inputs.names import printable

Groups = dict[str, tuple[int, ...]]  # the members of each group, as indices of sources, by its name


def checked_groups(members_of: Any, names: Sequence[str]) -> Groups:
    """Groups as indices, from a mapping of names to members by index or by name of a source.

    A source in no group becomes a group with the name of the source.

    Raises:
        InputError: no mapping, an empty group, a member that is no source, or one that is twice in a group.

    Example:
        >>> checked_groups({"position": ["cos", "sin"]}, ["cos", "sin", "speed"])
        {'position': (0, 1), 'speed': (2,)}
    """
    if not isinstance(members_of, Mapping):
        raise InputError(
            f"groups: expected a mapping from names to sources, got {type(members_of).__name__}; write "
            'groups={"position": [0, 1], "object": [2, 3]}'
        )
    groups: Groups = {}
    for key, value in members_of.items():
        name = printable(str(key))
        if name in groups:
            raise InputError(f"groups: two are called {name!r}; give each its own name")
        members = [_index(member, name, names) for member in _members(value, name)]
        if not members:
            raise InputError(f"groups: {name!r} is empty; give it sources, or leave it out")
        for member in members:
            if members.count(member) > 1:
                raise InputError(f"groups: source {names[member]!r} is twice in {name!r}; give it once")
        groups[name] = tuple(sorted(members))
    grouped = {member for members in groups.values() for member in members}
    for index, name in enumerate(names):
        if index not in grouped:
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


def groups_of(problem: Any) -> Groups:
    """The groups of a problem, each source by itself where there are none."""
    return problem.groups or {name: (index,) for index, name in enumerate(problem.sources.names)}


def is_shared(groups: Groups) -> bool:
    """Whether a source is in several groups.

    Example:
        >>> is_shared({"a": (0, 1), "b": (1, 2)}), is_shared({"a": (0, 1), "b": (2,)})
        (True, False)
    """
    members = [member for group in groups.values() for member in group]
    return len(set(members)) < len(members)


def membership(groups: Groups) -> NDArray[np.intp]:
    """(d,) the number of each source's group, of groups that share none.

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
    """(n, d) neurons on all d sources of neurons (n, k) on some of them.

    Example:
        >>> placed(np.array([[1.0, 2.0]]), (2, 0), 3).tolist()
        [[2.0, 0.0, 1.0]]
    """
    result = np.zeros((len(neurons), dimension))
    result[:, list(members)] = neurons
    return result


def on_hull(groups: Groups, hull: AffineHull) -> dict[str, list[int]] | None:
    """The groups of the coordinates of dependent sources, where these say the same; None where groups tell each other.

    They say the same if each source is in one group, and told by those of it that are kept. Then no group is in the
    span of the others.

    Example:
        >>> from theory.geometry.affine_hull import AffineHull
        >>> hull = AffineHull(np.array([0, 2]), np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]]))
        >>> on_hull({"a": (0, 1), "b": (2,)}, hull), on_hull({"a": (0,), "b": (1, 2)}, hull)
        ({'a': [0], 'b': [1]}, None)
    """
    if is_shared(groups):
        return None
    inside = {name: np.isin(hull.kept, members) for name, members in groups.items()}
    for name, members in groups.items():
        if not inside[name].any() or hull.basis[list(members)][:, ~inside[name]].any():
            return None
    return {name: np.flatnonzero(own).tolist() for name, own in inside.items()}


def is_separate(matrix: ArrayLike, groups: Groups) -> bool:
    """Whether a positive semidefinite matrix (d, d) has no entries between groups.

    Example:
        >>> is_separate([[2, 1, 0], [1, 2, 0], [0, 0, 1]], {"a": (0, 1), "b": (2,)})
        True
    """
    form, number = np.asarray(matrix), membership(groups)
    size = np.sqrt(np.outer(np.diag(form), np.diag(form)))
    return bool((np.abs(form) <= 1e-12 * size)[number[:, None] != number].all())


def is_product(points: Array, corners: Sequence[Array], groups: Groups) -> bool:
    """Whether the hull of the points (T, d) is the product of the hulls of their projections on the groups.

    This is so if and only if every combination of one vertex per group is among the points:

    1. Number the distinct values of each source, equal ones up to rounding alike.
    2. For each group, number its distinct vertices, and find the vertex of each point; discard points without one.
    3. Count the distinct combinations among the points.

    Args:
        points: samples about the mean.
        corners: for each group the vertices (V, k) of the hull of its projection, and perhaps other points, which then
            must occur in every combination too.
        groups: their members.

    Example:
        >>> square = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
        >>> groups = {"a": (0,), "b": (1,)}
        >>> is_product(square, [square[:2, 1:], square[:2, 1:]], groups)
        True
        >>> is_product(square[:3], [square[:2, 1:], square[:2, 1:]], groups)
        False
    """
    unit = 1e-12 * np.abs(points).max(axis=0)  # rounding of a value
    places, number = np.ones(len(points), dtype=bool), np.zeros(len(points), dtype=np.int64)
    combinations = 1
    for members, part in zip(groups.values(), corners, strict=True):
        chosen = list(members)
        values = levels(np.vstack([part, points[:, chosen]]), unit[chosen])  # step 1
        _, kind = np.unique(values, axis=0, return_inverse=True)
        kind = kind.reshape(-1)
        known, place = np.unique(kind[: len(part)]), kind[len(part) :]  # step 2
        vertex = np.minimum(np.searchsorted(known, place), len(known) - 1)
        places &= known[vertex] == place
        number = number * len(known) + vertex
        combinations *= len(known)
        if combinations > len(points):
            return False
    return len(np.unique(number[places])) == combinations  # step 3
