"""Proofs of a bound in any number of sources: direction space cut into cells, each with one small matrix.

A neuron with its cheapest bias is a point ``u = (b, w)`` with ``b + w.s_t >= 0`` for every sample, and costs
``b^2 + w'M w = u'B u``. So products of these inequalities are nonnegative, and nonnegative N_tu with

    rho B - (0, Y) - sum_tu N_tu (a_t a_u' + a_u a_t') / 2  positive semidefinite,      a_t = (1, s_t),

prove ``w'Y w <= rho f(w)`` (DESIGN section 1, "Dual and certificate"): the dual of the lifted relaxation. One such
matrix for all directions leaves a gap. A `Cover` has one for each of many cells: first the cells of directions in
which one of several functionals is the largest, then halves of cells, and halves of halves. That they cover every
direction is so by construction; what is left to check are eigenvalues.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from theory.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from theory.problem import Problem

    Array = NDArray[np.float64]
    Indices = NDArray[np.intp]
    Mask = NDArray[np.bool_]

__all__ = ["Cover", "Whitening"]

BLOCK = 1 << 15
"""Products handled at once."""


class Whitening:
    """Coordinates u = (b, H w) in which the cost of a neuron is ``|u|^2``: M = H'H.

    Args:
        problem: any number of sources.

    Attributes:
        inverse: (d, d) H^-1.

    Example:
        >>> from theory.problem import Problem
        >>> problem = Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]])
        >>> Whitening(problem).rows(problem.sources.vertices).shape
        (4, 3)
    """

    def __init__(self, problem: Problem) -> None:
        # Scaled first, so that sources of tiny scale keep their digits.
        scale = np.sqrt(problem.modular_costs)
        factor = np.linalg.cholesky(problem.energy_matrix / np.outer(scale, scale))
        self.inverse = np.linalg.inv(factor).T / scale[:, None]
        self.matrix = factor.T * scale

    def rows(self, samples: Array) -> Array:
        """(T, d + 1) the inequalities b + w.s_t >= 0 of samples (T, d) about the mean."""
        return np.column_stack([np.ones(len(samples)), samples @ self.inverse])

    def planes(self, rows: Array) -> Array:
        """(k, d + 1) inequalities on (b, w) as inequalities on (b, H w)."""
        return np.column_stack([rows[:, 0], rows[:, 1:] @ self.inverse])

    def given(self, rows: Array) -> Array:
        """(k, d + 1) inequalities on (b, H w) as inequalities on (b, w): the inverse of `planes`."""
        return np.column_stack([rows[:, 0], rows[:, 1:] @ self.matrix])

    def worth(self, multiplier: Array) -> Array:
        """(d + 1, d + 1) the form w'Y w in u."""
        lifted = np.zeros((len(multiplier) + 1, len(multiplier) + 1))
        lifted[1:, 1:] = self.inverse.T @ multiplier @ self.inverse
        return lifted


@dataclass(frozen=True)
class Cover:
    """Cells that cover every direction, with the products of inequalities that bound rho on each.

    Attributes:
        functionals: (n, d) root cell i holds the w with ``functionals[i].w`` largest; with none, there is one root.
        splits: (m,) the binary trees of cells below the roots, one after the other, each in preorder: whether the
            cell is cut in two (then its first half follows, then its second) or is a leaf.
        planes: (k, d + 1) where they are cut, one row c for every true entry of `splits`: c.(b, w) >= 0 is the first
            half, c.(b, w) <= 0 the second.
        leaf, first, second: (p,) for each product its leaf, counted in preorder, and its two inequalities: first the
            vertices of the sources, b + w.s_t >= 0, then the functionals, (functionals[root] - functionals[j]).w >= 0,
            then the planes on the way from the root to the leaf.
        weight: (p,) N of each product, nonnegative.

    Source: DESIGN section 1; the lifted relaxation with products of inequalities (Sherali and Adams) on each cell.

    Example:
        >>> from theory.problem import Problem
        >>> problem = Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]])
        >>> opposite = {"leaf": [0, 0], "first": [0, 1], "second": [2, 3], "weight": [0.5, 0.5]}
        >>> cover = Cover(np.empty((0, 2)), np.array([False]), np.empty((0, 3)), **opposite)
        >>> round(cover.ratio(problem, problem.energy_matrix + np.eye(2)), 12)  # proves the square modular
        1.0
    """

    functionals: Array
    splits: Mask
    planes: Array
    leaf: Indices = field(repr=False)
    first: Indices = field(repr=False)
    second: Indices = field(repr=False)
    weight: Array = field(repr=False)

    def __post_init__(self) -> None:
        kinds: dict[str, type] = {"splits": np.bool_, "leaf": np.intp, "first": np.intp, "second": np.intp}
        for name in ("functionals", "splits", "planes", "leaf", "first", "second", "weight"):
            try:
                value: NDArray[Any] = np.asarray(getattr(self, name), dtype=kinds.get(name, np.float64))
            except (TypeError, ValueError):
                raise InputError(f"cover: its {name} are not an array of numbers") from None
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        """Number of leaves."""
        return int(np.count_nonzero(~self.splits))

    def ratio(self, problem: Problem, multiplier: Array) -> float:
        """A proven upper bound on max_w w'Y w / f(w), from the data and the products alone.

        Args:
            problem: the problem; its sources' vertices are the inequalities that the products name.
            multiplier: (d, d) symmetric Y, any.

        Raises:
            InputError: not a cover of this problem's directions.
        """
        return float(self.ratios(problem, multiplier).max())

    def ratios(self, problem: Problem, multiplier: Array) -> Array:
        """(L,) the bound on each leaf; see `ratio`."""
        self._check_arrays(problem.dimension)
        root, path, side = self._leaves()
        self._check_products(len(problem.sources.vertices) + len(self.functionals) + path.shape[1])
        whitening = Whitening(problem)
        samples = whitening.rows(problem.sources.vertices)
        functionals = np.zeros((len(self.functionals), problem.dimension + 1))
        functionals[:, 1:] = self.functionals @ whitening.inverse
        planes = whitening.planes(self.planes)
        forms = np.repeat(whitening.worth(multiplier)[None], len(root), axis=0)

        def rows(leaf: Indices, index: Indices) -> Array:
            found = np.empty((len(leaf), problem.dimension + 1))
            sample, below = index < len(samples), index < len(samples) + len(functionals)
            functional = below & ~sample
            found[sample] = samples[index[sample]]
            found[functional] = functionals[root[leaf[functional]]] - functionals[index[functional] - len(samples)]
            depth = index[~below] - len(samples) - len(functionals)
            on_way = leaf[~below], depth
            if (path[on_way] < 0).any():
                raise InputError("cover: a product names a plane that is not on the way to its leaf")
            found[~below] = planes[path[on_way]] * side[on_way][:, None]
            return found

        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, len(self.leaf), BLOCK):
                some = slice(start, start + BLOCK)
                product = np.einsum(
                    "p,pi,pj->pij",
                    self.weight[some] / 2,
                    rows(self.leaf[some], self.first[some]),
                    rows(self.leaf[some], self.second[some]),
                )
                np.add.at(forms, self.leaf[some], product + np.swapaxes(product, 1, 2))
        # Where the numbers end nothing is proven.
        known = np.isfinite(forms).all(axis=(1, 2))
        bounds = np.full(len(forms), np.inf)
        bounds[known] = np.linalg.eigvalsh(forms[known])[:, -1]
        return bounds

    def _leaves(self) -> tuple[Indices, Indices, Array]:
        """For every leaf its root (L,), the planes on its way (L, depth), -1 where there are no more, and their sides.

        The preorder is read with a stack of halves still to come; that it closes exactly with the last root is what
        makes the leaves cover everything.
        """
        roots = max(1, len(self.functionals))
        found: list[tuple[int, list[int], list[float]]] = []
        waiting: list[tuple[int, list[int], list[float]]] = [(root, [], []) for root in reversed(range(roots))]
        cut = 0
        for split in self.splits:
            if not waiting:
                raise InputError("cover: more cells than its roots have")
            root, path, side = waiting.pop()
            if not split:
                found.append((root, path, side))
                continue
            waiting.append((root, [*path, cut], [*side, -1.0]))
            waiting.append((root, [*path, cut], [*side, 1.0]))
            cut += 1
        if waiting or cut != len(self.planes):
            raise InputError("cover: its cells do not cover every direction")
        depth = max(len(path) for _, path, _ in found)
        paths = np.array([[*path, *[-1] * (depth - len(path))] for _, path, _ in found], dtype=np.intp)
        sides = np.array([[*side, *[0.0] * (depth - len(side))] for _, _, side in found])
        shape = len(found), depth
        return np.array([root for root, _, _ in found]), paths.reshape(shape), sides.reshape(shape)

    def _check_arrays(self, dimension: int) -> None:
        lists = (self.splits, self.leaf, self.first, self.second, self.weight)
        fits = (
            self.functionals.ndim == self.planes.ndim == 2
            and (self.functionals.shape[1], self.planes.shape[1]) == (dimension, dimension + 1)
            and all(items.ndim == 1 for items in lists)
            and len(self.leaf) == len(self.first) == len(self.second) == len(self.weight)
        )
        if not fits:
            raise InputError(f"cover: its arrays do not fit {dimension} sources; use it with the problem it is of")
        if not (np.isfinite(self.functionals).all() and np.isfinite(self.planes).all()):
            raise InputError("cover: its functionals or planes are not finite numbers")

    def _check_products(self, most: int) -> None:
        if len(self.leaf) == 0:
            return
        index = np.concatenate([self.first, self.second])
        valid = self.leaf.min() >= 0 and self.leaf.max() < len(self) and index.min() >= 0 and index.max() < most
        if not (valid and np.isfinite(self.weight).all() and (self.weight >= 0).all()):
            raise InputError("cover: a product names no inequality of the problem, or counts less than zero times")
