"""Permutations of points that linear maps make: the symmetry of a set of points, and of forms on it.

A permutation of points x_t is made by a rotation R that leaves forms A as they are, R'A R = A, if and only if it
keeps all products x_t'x_s and x_t'A x_s (docs/mathematics.md, "Symmetry"). If pairs with the same products have one
colour, it is one that keeps the colours of all pairs:

1. Points that coincide up to rounding count as the first of them. Where all are at different distances from zero there
   is no symmetry.
2. Choose a base: points such that every point is told from the others by its colours with them.
3. Go through the base from its end. For each point that its colours would let it move to, with the points before it
   staying where they are, look for a permutation that does so, unless products of those known already do: place the
   next points of the base one by one, and compare the colours that all points have with them.
4. These permutations make all others. If the group is too large, some are left out, which leaves a smaller one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count as counting

import numpy as np

from theory.arrays import Array, ArrayLike, Indices
from theory.errors import InputError
from theory.geometry.levels import levels
from theory.immutable import Frozen, derived


@dataclass(frozen=True)
class SymmetryLimits:
    """When numbers are equal, and how long to look."""

    equal: float = 1e-10  # difference of two products, in units of the largest, that is rounding
    held: float = 1e-9  # by which a map may miss a point, in units of the furthest
    most_points: int = 1_500  # of which every pair is looked at
    most_elements: int = 2_000  # of a group
    most_looks: int = 1_000_000  # at points, all of them each time that a point of the base is placed


SYMMETRY = SymmetryLimits()


@dataclass(frozen=True, eq=False)
class Symmetry(Frozen):
    """A group of permutations of points, each of which a linear map makes.

    Attributes:
        points: (V, d) that span all directions.
        generators: (k, V) the point that each point is taken to, for permutations that make all others.
        images: (g, V) the same for each element, the identity first. Of points that coincide the first stands for all.

    Raises:
        InputError: generators that are none of these points, that no linear map makes (the message names a point), or
            that make more elements than are looked at.

    Example:
        >>> square = np.array([[1.0, 1], [-1, 1], [-1, -1], [1, -1]])
        >>> turns = Symmetry(square, [[1, 2, 3, 0]])
        >>> len(turns), turns.matrices[1].round(9).tolist()
        (4, [[0.0, -1.0], [1.0, 0.0]])
    """

    points: Array = field(repr=False)
    generators: Indices = field(repr=False)
    images: Indices = field(init=False, repr=False)

    def __post_init__(self) -> None:
        count = len(self.points)
        generators = np.asarray(self.generators, dtype=np.intp).reshape(-1, count)
        if generators.size and not (generators.min() >= 0 and generators.max() < count):
            raise InputError(f"symmetry: its permutations do not fit {count} points; use it with those that it is of")
        object.__setattr__(self, "generators", generators)
        self._require_linear()
        first = _first_of_same(np.asarray(self.points))
        images = _closed(first, [first[generator] for generator in generators], SYMMETRY.most_elements)
        if images is None:
            raise InputError(
                f"symmetry: its permutations make more than {SYMMETRY.most_elements:,} others; leave some out"
            )
        object.__setattr__(self, "images", images)
        super().__post_init__()

    def _require_linear(self) -> None:
        scale = float(np.linalg.norm(self.points, axis=1).max(initial=0.0))
        missed = _missed(self.points, self.generators, _made_by(self.points, self.generators))
        if missed.max(initial=0.0) > SYMMETRY.held * scale:
            number, point = np.unravel_index(int(missed.argmax()), missed.shape)
            image, distance = self.generators[number, point], missed[number, point] / scale
            raise InputError(
                f"symmetry: no linear map makes permutation {number} (counted from 0); the best takes point {point} "
                f"to point {image} but for {distance:.3g} of the largest distance from zero; give permutations under "
                "which all distances stay"
            )

    def __len__(self) -> int:
        """Number of elements g."""
        return len(self.images)

    @derived
    def matrices(self) -> Array:
        """(g, d, d) R of each element, by least squares: it takes x_t to the point images[t]."""
        return _made_by(self.points, self.images)

    @derived
    def error(self) -> float:
        """By how much a map misses a point, or is no rotation, at most.

        Up to this times |w|, or |w|^2, the largest of all -w.x_t and |w|^2 are the same for w and R w.
        """
        turned = np.swapaxes(self.matrices, 1, 2) @ self.matrices - np.eye(self.points.shape[1])
        reach = float(np.linalg.norm(self.points, axis=1).max())
        missed = _missed(self.points, self.images, self.matrices)
        return float(missed.max()) + float(np.linalg.norm(turned, axis=(1, 2)).max()) * (1 + reach)

    def averaged(self, form: Array) -> Array:
        """(d, d) the mean of R'A R over all elements, for a form A (d, d): what is left of it that the group keeps."""
        return np.asarray((np.swapaxes(self.matrices, 1, 2) @ form @ self.matrices).mean(axis=0))

    def missed_by(self, form: Array) -> float:
        """How much the group changes a form A (d, d): the largest norm of R'A R - A."""
        moved = np.swapaxes(self.matrices, 1, 2) @ form @ self.matrices - form
        return float(np.linalg.norm(moved, axis=(1, 2)).max())

    def moved(self, directions: Array) -> Array:
        """(g, n, d) images R w of directions w (n, d)."""
        return np.asarray(directions @ np.swapaxes(self.matrices, 1, 2))

    def orbit(self, direction: Array, same: float) -> Indices:
        """(k,) elements that take a direction w (d,) to different places, the identity first.

        Places nearer to each other than `same`, in units of the length of w, are one.
        """
        places = self.moved(direction[None])[:, 0]
        cosine = places @ places.T / (direction @ direction)
        leader = (cosine > 1 - same**2 / 2).argmax(axis=1)
        return np.flatnonzero(leader == np.arange(len(self)))

    @derived
    def free_numbers(self) -> int:
        """Number of free entries of a symmetric form that the group keeps: d (d + 1) / 2 without any symmetry.

        It is the mean of (tr(R)^2 + tr(R^2)) / 2, the trace of the map that `averaged` is on symmetric forms.
        """
        trace = np.trace(self.matrices, axis1=1, axis2=2)
        squares = np.einsum("gij,gji->g", self.matrices, self.matrices)
        return round(float((trace**2 + squares).mean() / 2))


def symmetry_of(points: Array, forms: Sequence[ArrayLike] = ()) -> Symmetry:
    """The group of permutations of points that rotations make which leave forms as they are; or a part of it.

    It is the identity alone where nothing was found: also of more than 1,500 points, and where a search takes too long.

    Args:
        points: (V, d) that span all directions, about zero.
        forms: each (d, d) and symmetric.

    Source: base and strong generators (Sims 1970); docs/mathematics.md, "Symmetry".

    Example:
        >>> angle = 2 * np.pi * np.arange(5) / 5
        >>> ring = np.column_stack([np.cos(angle), np.sin(angle)])
        >>> len(symmetry_of(ring)), len(symmetry_of(ring, [np.diag([1.0, 2.0])]))
        (10, 2)
    """
    points = np.asarray(points)
    none = np.empty((0, len(points)), dtype=np.intp)
    lengths = (points**2).sum(axis=1)
    alone = levels(lengths[:, None], SYMMETRY.equal * lengths.max())[:, 0].max() + 1 == len(points)
    if alone or len(points) > SYMMETRY.most_points:
        return Symmetry(points, none)
    first = _first_of_same(points)
    kept, place = np.unique(first, return_inverse=True)
    permutations: list[Indices] = [kept[moved][place] for moved in _generators(_colours(points[kept], forms))]
    # Step 4.
    chosen = list[np.ndarray]()
    for generator in permutations:
        if _closed(first, [*chosen, generator], SYMMETRY.most_elements) is not None:
            chosen.append(generator)
    try:
        return Symmetry(points, np.array(chosen, dtype=np.intp).reshape(-1, len(points)))
    except InputError:  # colours that rounding made one
        return Symmetry(points, none)


def _made_by(points: Array, images: Indices) -> Array:
    """(g, d, d) the linear map that comes nearest to each permutation (g, V) of points (V, d)."""
    return np.asarray(np.swapaxes(np.linalg.pinv(points) @ points[images], 1, 2))


def _missed(points: Array, images: Indices, matrices: Array) -> Array:
    """(g, V) how far maps take each point from its image."""
    return np.asarray(np.linalg.norm(points[images] - points @ np.swapaxes(matrices, 1, 2), axis=2))


def _first_of_same(points: Array) -> Indices:
    """(V,) for each point the first one that it coincides with, up to rounding."""
    if not len(points):
        return np.empty(0, dtype=np.intp)
    apart = SYMMETRY.equal * float(np.abs(points).max())
    _, first, place = np.unique(levels(points, apart), axis=0, return_index=True, return_inverse=True)
    return np.asarray(first[place.ravel()])


def _closed(identity: Indices, generators: list[Indices], most: int) -> Indices | None:
    """(g, V) all products of maps of points, in the order in which they are found; None for more than so many."""
    elements, seen = [identity], {identity.tobytes()}
    for element in _growing(elements):
        for generator in generators:
            product = generator[element]
            if product.tobytes() not in seen:
                if len(elements) == most:
                    return None
                seen.add(product.tobytes())
                elements.append(product)
    return np.array(elements)


def _growing(elements: list[Indices]) -> Iterator[Indices]:
    """Go through a list that grows on the way."""
    for place in counting():
        if place == len(elements):
            return
        yield elements[place]


def _colours(points: Array, forms: Sequence[ArrayLike]) -> Indices:
    """(V, V) a number for each pair of points: the same for pairs with the same products."""
    random = np.random.default_rng(0)
    form = np.eye(points.shape[1])
    # Where a random combination of products is the same they all are.
    for other in map(np.asarray, forms):
        size = float(np.linalg.norm(other))
        if size > 0:
            form = form + random.uniform(0.5, 1.0) * other / size
    products = points @ form @ points.T
    apart = SYMMETRY.equal * float(np.abs(products).max())
    return levels(products.reshape(-1, 1), apart).reshape(products.shape)


def _generators(colours: Indices) -> Iterator[Indices]:
    """Yield permutations (V,) that keep the colours of pairs (V, V), and make all others (steps 1 to 3)."""
    own = np.column_stack([np.diag(colours), np.sort(colours, axis=1)])
    own = np.unique(own, axis=0, return_inverse=True)[1].reshape(-1, 1)
    base = _base(colours, own)
    search, known = _PermutationSearch(colours, own, base), list[np.ndarray]()
    for place in range(len(base) - 1, -1, -1):
        reached = {base[place]}
        for point in search.like(base[:place], place):
            if search.is_over:
                return
            if point in reached:
                continue
            permutation = search.extended([*base[:place], int(point)])
            if permutation is not None:
                yield permutation
                known.append(permutation)
                # All of them leave the points of the base before this one where they are.
                reached = _orbit(base[place], known)


def _base(colours: Indices, own: Indices) -> list[int]:
    """Step 2: each time a point of the largest class of points that are not told apart."""
    base, classes = list[int](), own[:, 0]
    while True:
        sizes = np.bincount(classes)[classes]
        if sizes.max(initial=1) == 1:
            return base
        base.append(int(np.argmax(sizes)))
        chosen = np.arange(len(colours)) == base[-1]
        told = np.column_stack([classes, colours[base[-1]], chosen])
        classes = np.unique(told, axis=0, return_inverse=True)[1].ravel()


def _orbit(point: int, generators: list[Indices]) -> set[int]:
    reached, waiting = {point}, [point]
    while waiting:
        here = waiting.pop()
        for generator in generators:
            there = int(generator[here])
            if there not in reached:
                reached.add(there)
                waiting.append(there)
    return reached


class _PermutationSearch:
    """A search for permutations by the images of the base."""

    def __init__(self, colours: Indices, own: Indices, base: list[int]) -> None:
        self.colours, self.own, self.base = colours, own, base
        # What all points look like from the first points of the base, sorted, and in which order.
        self.seen = [self._sorted(base[:place]) for place in range(len(base) + 1)]
        self.looks = 0

    @property
    def is_over(self) -> bool:
        """Whether it has taken as long as it may."""
        return self.looks > SYMMETRY.most_looks

    def like(self, images: list[int], place: int) -> Indices:
        """Points that look from the images of the first points of the base as the next one does from these."""
        looks = self._looks(self.base[:place])[self.base[place]]
        like = (self._looks(images) == looks).all(axis=1)
        like[images] = False
        return np.flatnonzero(like)

    def extended(self, images: list[int]) -> Indices | None:
        """(V,) a permutation with these images of the first points of the base; None if there is none, or no time."""
        if self.is_over:
            return None
        self.looks += len(self.colours)
        looks, order = self._sorted(images)
        before, first = self.seen[len(images)]
        if not np.array_equal(looks, before):
            return None
        if len(images) == len(self.base):
            permutation = np.empty_like(order)
            permutation[first] = order
            kept = np.array_equal(self.colours[np.ix_(permutation, permutation)], self.colours)
            return permutation if kept else None
        for point in self.like(images, len(images)):
            completed = self.extended([*images, int(point)])
            if completed is not None:
                return completed
        return None

    def _looks(self, points: list[int]) -> Indices:
        """(V, k + 1) the colours of all points with some."""
        return np.column_stack([self.own, self.colours[:, points]])

    def _sorted(self, points: list[int]) -> tuple[Indices, Indices]:
        looks = self._looks(points)
        order = np.lexsort(looks.T[::-1])
        return looks[order], order
