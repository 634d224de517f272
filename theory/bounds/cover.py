"""Proofs of a bound in any number of sources: a cover of direction space by cells, with one matrix for each cell.

A neuron with its cheapest bias is a point ``u = (b, w)`` with ``b + w.s_t >= 0`` for every sample, and costs
``b^2 + w'M w = u'B u``. Products of these inequalities are nonnegative, so nonnegative N_tu with

    rho B - (0, Y) - sum_tu N_tu (a_t a_u' + a_u a_t') / 2  positive semidefinite,      a_t = (1, s_t),

prove ``w'Y w <= rho f(w)`` (docs/mathematics.md, "Relaxations"): the dual of the lifted relaxation. To check a proof:

1. Write samples and Y in whitened coordinates, in which B is the identity.
2. Cell i holds the directions in which functional i is the largest. So the cells cover all directions, and
   (functional i - functional j).w >= 0 are inequalities of cell i besides those of the samples.
3. For each cell, add up (0, Y) and the products with their weights N.
4. The largest eigenvalue of the sum bounds the ratio on the cell; the largest of these bounds rho.

A cover may name some samples in place of all: a bound for codes that may be negative on the others holds for all codes.

It may also name permutations of the samples that linear maps make. Each cell then stands for its images under all their
products, which need no proof of their own (docs/mathematics.md, "Symmetry"):

5. Find the maps. By how much they miss a sample, or change Y, is added to the bound (`turned`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.arrays import Array, Indices
from theory.errors import InputError
from theory.geometry.symmetry import Symmetry
from theory.geometry.whitening import lifted
from theory.immutable import Frozen
from theory.problem import Problem
from theory.reductions import GROUP_BY_GROUP

PRODUCTS_AT_ONCE = 1 << 15


@dataclass(frozen=True, eq=False)
class Cover(Frozen):
    """Cells that cover every direction, with the products of inequalities that bound rho on each.

    Attributes:
        functionals: (n, d) cell i holds the w with ``functionals[i].w`` largest; with none, there is one cell.
        cell: (p,) cell of each product.
        first: (p,) one inequality of the product, by index: the vertices of the sources, b + w.s_t >= 0, are followed
            by the functionals, (functionals[cell] - functionals[j]).w >= 0.
        second: (p,) the other inequality.
        weight: (p,) N of each product, nonnegative.
        samples: (k,) rows of the sources' points that stand for all vertices, or None.
        symmetry: (k, V) permutations of the vertices, by the vertex that each is taken to, or None. The functionals are
            then followed by their images under the second element of the group that these make, and so on.
        parts: where groups of sources are bounded one by one, a cover for each of `Problem.parts`, None where the data
            alone show the bound; then nothing else is named. Empty for a cover of all sources.

    Source: docs/mathematics.md, "Relaxations"; the lifted relaxation with products of inequalities (Sherali and Adams)
    on each cell.

    Example:
        >>> from theory.problem import Problem
        >>> problem = Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]])
        >>> cover = Cover(np.empty((0, 2)), cell=[0, 0], first=[0, 1], second=[2, 3], weight=[0.5, 0.5])
        >>> round(cover.ratio(problem, problem.energy_matrix + np.eye(2)), 12)  # proves the square modular
        1.0
    """

    functionals: Array
    cell: Indices = field(repr=False)
    first: Indices = field(repr=False)
    second: Indices = field(repr=False)
    weight: Array = field(repr=False)
    samples: Indices | None = field(default=None, repr=False)
    symmetry: Indices | None = field(default=None, repr=False)
    parts: tuple[Cover | None, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        for name in ("functionals", "cell", "first", "second", "weight"):
            kind = np.float64 if name in ("functionals", "weight") else np.intp
            try:
                with np.errstate(invalid="ignore"):
                    value: NDArray[Any] = np.asarray(getattr(self, name), dtype=kind)
            except (TypeError, ValueError):
                raise InputError(f"cover: its {name} are not an array of numbers") from None
            object.__setattr__(self, name, value)
        for name in ("samples", "symmetry"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, np.asarray(getattr(self, name)))
        object.__setattr__(self, "parts", tuple(self.parts))
        super().__post_init__()

    @classmethod
    def of(cls, samples: Indices, cover: Cover | None = None) -> Cover:
        """Make a cover of the problem among some samples (k,) one of the problem itself.

        Without one the faces of those samples are the proof.
        """
        if cover is not None:
            return replace(cover, samples=samples)
        none = np.empty(0, dtype=np.intp)
        return cls(np.empty((0, 0)), none, none, none, np.empty(0), samples)

    @classmethod
    def of_groups(cls, parts: Sequence[Cover | None]) -> Cover | None:
        """The covers of groups that are bounded one by one, as one; None where no group needs any.

        Args:
            parts: of `Problem.parts`, in their order.
        """
        if all(part is None for part in parts):
            return None
        none = np.empty(0, dtype=np.intp)
        return cls(np.empty((0, 0)), none, none, none, np.empty(0), parts=tuple(parts))

    @property
    def within(self) -> Cover | None:
        """The cover of the problem among its samples: cells and products, if there are any."""
        return replace(self, samples=None) if len(self.weight) else None

    def __len__(self) -> int:
        """Number of cells."""
        return max(1, len(self.functionals))

    def ratio(self, problem: Problem, multiplier: Array) -> float:
        """A proven upper bound on max_w w'Y w / f(w) of any symmetric Y (d, d), from the data and the products alone.

        Raises:
            InputError: not a cover of this problem's directions.
        """
        return float(self.ratios(problem, multiplier).max())

    def ratios(self, problem: Problem, multiplier: Array) -> Array:
        """(n,) the bound on each cell; see `ratio`."""
        return self.bounds(problem, problem.whitening.worth(multiplier))

    def bounds(self, problem: Problem, worth: Array) -> Array:
        """(n,) `ratios` for the form of Y in whitened coordinates (`theory.geometry.whitening`)."""
        self.require_fitting(problem)
        if self.parts:
            raise InputError("cover: one for each group; bound each group by itself")
        if self.samples is not None:
            return replace(self, samples=None).bounds(problem.among(self.samples, listed=False), worth)
        # Step 1.
        whitening = problem.whitening
        samples = whitening.rows(problem.sources.vertices)
        symmetry = self._symmetry(problem)
        directions = whitening.samples(self.functionals)
        if symmetry is not None:
            directions = symmetry.moved(directions).reshape(-1, problem.dimension)
        functionals = np.column_stack([np.zeros(len(directions)), directions])
        forms = np.repeat(lifted(worth)[None], len(self), axis=0)

        def inequalities(cell: Indices, index: Indices) -> Array:
            rows = np.empty((len(cell), problem.dimension + 1))
            sample = index < len(samples)
            rows[sample] = samples[index[sample]]
            rows[~sample] = functionals[cell[~sample]] - functionals[index[~sample] - len(samples)]  # step 2
            return rows

        # Step 3.
        by_cell = np.argsort(self.cell, kind="stable")
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, len(self.cell), PRODUCTS_AT_ONCE):
                some = by_cell[start : start + PRODUCTS_AT_ONCE]
                cell = self.cell[some]
                first = self.weight[some, None] / 2 * inequalities(cell, self.first[some])
                second = inequalities(cell, self.second[some])
                others = np.flatnonzero(np.diff(cell)) + 1  # where the products of the next cell begin
                for number, one, other in zip(
                    cell[np.append(0, others)], np.split(first, others), np.split(second, others), strict=True
                ):
                    half = one.T @ other
                    forms[number] += half + half.T
        # Step 4; where numbers overflow nothing is proven.
        known = np.isfinite(forms).all(axis=(1, 2))
        bounds = np.full(len(forms), np.inf)
        bounds[known] = np.linalg.eigvalsh(forms[known])[:, -1]
        return bounds if symmetry is None else turned(bounds, symmetry, worth)  # step 5

    def _symmetry(self, problem: Problem) -> Symmetry | None:
        if self.symmetry is None:
            return None
        return Symmetry(problem.whitening.samples(problem.sources.vertices), self.symmetry)

    def require_fitting(self, problem: Problem) -> None:
        """Raise InputError unless every product names inequalities that the problem has."""
        if self.parts:
            self._check_parts(problem)
            return
        if self.samples is not None:
            self._check_samples(problem)
        if self.samples is not None and not len(self.weight):
            return
        self._check_arrays(problem.dimension)
        samples = problem.sources.vertices if self.samples is None else self.samples
        images = 1 if self.symmetry is None else self._images(problem)
        self._check_products(len(samples) + images * len(self.functionals))

    def _check_parts(self, problem: Problem) -> None:
        apart = problem.groups is not None and GROUP_BY_GROUP.accepts(problem)
        if not apart or len(self.parts) != len(problem.parts):
            raise InputError("cover: its groups are none that are bounded one by one; use it with the problem it is of")
        for part, cover in zip(problem.parts, self.parts, strict=True):
            if cover is not None and part is None:
                raise InputError("cover: it has a proof for a group of which nothing is asked")
            if cover is not None and part is not None:
                cover.require_fitting(part)

    def _images(self, problem: Problem) -> int:
        """Number of elements of the group."""
        assert self.symmetry is not None
        shape = self.symmetry.shape
        if self.samples is not None or shape[1:] != (len(problem.sources.vertices),):
            raise InputError("cover: its symmetry does not fit the vertices; use it with the problem it is of")
        try:
            symmetry = self._symmetry(problem)
        except InputError as error:
            raise InputError(f"cover: its symmetry is none of the problem's ({error})") from None
        assert symmetry is not None
        return len(symmetry)

    def _check_samples(self, problem: Problem) -> None:
        try:
            some = problem.among(self.samples if self.samples is not None else [], listed=False)
        except InputError as error:
            raise InputError(f"cover: its samples are none of the problem's ({error})") from None
        # Else a bias could be below zero there, and its square more than that of all samples.
        if some.sources.mean_outside is not None:
            raise InputError("cover: the mean lies outside the hull of its samples, which so prove nothing")

    def _check_arrays(self, dimension: int) -> None:
        lists = (self.cell, self.first, self.second, self.weight)
        fits = (
            self.functionals.ndim == 2
            and self.functionals.shape[1] == dimension
            and all(items.ndim == 1 and items.shape == self.weight.shape for items in lists)
        )
        if not fits:
            raise InputError(f"cover: its arrays do not fit {dimension} sources; use it with the problem it is of")
        if not np.isfinite(self.functionals).all():
            raise InputError("cover: its functionals are not finite numbers")

    def _check_products(self, most: int) -> None:
        if len(self.cell) == 0:
            return
        index = np.concatenate([self.first, self.second])
        valid = self.cell.min() >= 0 and self.cell.max() < len(self) and index.min() >= 0 and index.max() < most
        if not (valid and np.isfinite(self.weight).all() and (self.weight >= 0).all()):
            raise InputError("cover: a product names no inequality of the problem, or counts less than zero times")


def turned(bounds: Array, symmetry: Symmetry, worth: Array) -> Array:
    """(n,) bounds on cells and on all their images, from bounds (n,) on the cells.

    Let R take the cell to its image, x = R x', |x_t - R x_s| at most e for a sample and its image, and |R'Y R - Y| at
    most r. Then x'Y x <= x''Y x' + r |x'|^2, which is at most (bound + r) f(x'), since f is at least the squared
    length. And h(x') is at most h(x) + e |x'|, so that f(x') <= f(x) / (1 - 2 e) if e also bounds what R does to |x|^2.

    Args:
        bounds: on the ratio w'Y w / f(w).
        symmetry: of the whitened samples.
        worth: (d, d) Y in whitened coordinates.

    Example:
        >>> square = np.array([[1.0, 1], [-1, 1], [-1, -1], [1, -1]])
        >>> turns = Symmetry(square, [[1, 2, 3, 0]])
        >>> turned(np.ones(1), turns, np.eye(2)).round(9).tolist()
        [1.0]
        >>> bool(turned(np.ones(1), turns, np.diag([1.0, 2.0]))[0] > 2)  # it is not the same in all directions
        True
    """
    kept = 1 - 2 * symmetry.error
    return (np.maximum(bounds, 0.0) + symmetry.missed_by(worth)) / kept if kept > 0 else np.full_like(bounds, np.inf)
