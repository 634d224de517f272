"""Sources in an order of their own: what is found does not depend on the order of the columns of a table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from theory.arrays import Array, Indices
from theory.readouts import Exact, Noisy, Soft
from theory.reductions.column_order import column_order
from theory.reductions.reduction import OneSolved, Reduction


class _InOrder(Reduction):
    """See docs/mathematics.md, "Uniqueness"."""

    def movable(self, problem: Any) -> bool:
        """Whether the problem can be written in another order.

        A readout or a kind of neuron from elsewhere may know sources by their places; of moments of dependent sources
        digits would be lost.
        """
        return (
            problem.neurons.linear
            and problem.transitions is None
            and type(problem.neurons).__module__.startswith("theory.neurons.")
            and type(problem.given_readout) in (Exact, Soft, Noisy)
            and problem.sources.points.size <= 1 << 18  # to write more anew takes as long as to solve it
            and (problem.sources.hull is None or problem.sources.from_samples)
        )

    def accepts(self, problem: Any) -> bool:
        """See `Reduction`."""
        return problem.in_order is not problem

    def order(self, problem: Any) -> Indices:
        """(d,) the sources in an order of their own; as given where the problem cannot be written in another.

        The axes of data come in the order of their variance.
        """
        free = problem.dimension > 1 and problem.sources.identified and self.movable(problem)
        return column_order(problem) if free else np.arange(problem.dimension)

    def _changes(self, problem: Any) -> bool:
        """Whether sources, channels or targets of a problem have other places there."""
        if not self.movable(problem):
            return False
        orders = (problem.column_order, problem.channel_order, problem.target_order)
        return any(bool((order[1:] < order[:-1]).any()) for order in orders)

    def apply(self, problem: Any) -> Any:
        """The problem with its sources in an order of their own; see `Reduction`.

        Example:
            >>> from theory.problem import Problem
            >>> wide, tall = Problem([[0, 0], [0, 5], [1, 0]]), Problem([[0, 0], [5, 0], [0, 1]])
            >>> wide.in_order.sources.upper.round(6).tolist() == tall.in_order.sources.upper.round(6).tolist()
            True
            >>> IN_ORDER.accepts(wide) != IN_ORDER.accepts(tall)
            True
        """
        return self.moved(problem, problem.column_order) if self._changes(problem) else problem

    def moved(self, problem: Any, order: Indices) -> Any:
        """A movable problem with its sources in some order (d,), by index, taken to be their own."""
        columns, sources = order.tolist(), problem.sources
        readout, groups = problem.given_readout, problem.groups
        if readout.targets is not None:
            readout = replace(readout, targets=_sorted(problem.readout.targets[:, columns]))
        if groups is not None:
            place = np.argsort(columns)
            members_of = {name: sorted(place[list(members)].tolist()) for name, members in groups.items()}
            groups = dict(sorted(members_of.items(), key=lambda group: group[1]))
        arguments = problem.arguments | {
            "sources": sources if columns == sorted(columns) else sources.of_columns(columns),
            "mixing": _sorted(problem.mixing[:, columns]),
            "readout": readout,
            "groups": groups,
            "neurons": problem.neurons.of_columns(columns),
        }
        return type(problem).knowing({"column_order": np.arange(problem.dimension)}, **arguments)

    def of(self, problem: Any) -> Any:
        """See `Reduction`."""
        return problem.in_order

    def invert(self, problem: Any, solved: OneSolved) -> OneSolved:
        """See `Reduction`."""
        back = np.argsort(problem.column_order)
        return replace(solved, weights=solved.weights[:, back], multiplier=solved.multiplier[np.ix_(back, back)])

    def weights(self, problem: Any, weights: Array) -> Array:
        """(n, d) source weights of the problem in order, from those of the problem as posed."""
        return np.ascontiguousarray(weights[:, problem.column_order])

    def network(
        self, problem: Any, encoder: Array, encoder_bias: Array, decoder: Array, decoder_bias: Array
    ) -> tuple[Array, Array, Array, Array]:
        """A network of the problem as posed, encoder (n, dx), decoder (r, n) and biases, as one of it in order."""
        channels, targets = problem.channel_order, problem.target_order
        ordered = np.ascontiguousarray(encoder[:, channels])
        return ordered, encoder_bias, np.ascontiguousarray(decoder[targets]), decoder_bias[targets]

    def read(self, problem: Any, encoder: Array) -> Array:
        """(n, d) what an encoder (n, dx) reads of the sources, to the last digit whatever the order of the columns."""
        if not self.accepts(problem):
            return np.asarray(encoder @ problem.mixing)
        weights = np.ascontiguousarray(encoder[:, problem.channel_order]) @ problem.in_order.mixing
        return np.ascontiguousarray(weights[:, np.argsort(problem.column_order)])

    def arrays_back(self, problem: Any, fields: dict[str, Any]) -> dict[str, Any]:
        """Fields of the answer to the problem in order as those of the answer to the problem as posed.

        Those that know no columns, channels or targets stay as they are.
        """
        back, channels, targets = map(np.argsort, (problem.column_order, problem.channel_order, problem.target_order))
        places: dict[str, Any] = {
            "source_weights": (slice(None), back),
            "encoder": (slice(None), channels),
            "decoder": targets,
            "decoder_bias": targets,
            "multiplier": np.ix_(back, back),
        }
        # In one order in memory, on which the last digits of sums depend.
        moved = {name: np.ascontiguousarray(fields[name][place]) for name, place in places.items() if name in fields}
        return fields | moved

    def channels(self, problem: Any) -> Indices:
        """(dx,) the channels in the order that they have there, which is that of what they carry."""
        return _order_of_rows(problem.mixing[:, problem.column_order])

    def targets(self, problem: Any) -> Indices:
        """(r,) the targets in the order that they have there, likewise."""
        if problem.given_readout.targets is None:
            return np.asarray(problem.channel_order)
        return _order_of_rows(problem.readout.targets[:, problem.column_order])

    def cover(self, problem: Any, cover: Any, *, back: bool = False) -> Any:
        """A `theory.bounds.cover.Cover` for the problem as posed as one for the problem in order, or back; or None.

        Products name vertices by their number, and each of the two problems numbers its own.
        """
        if cover is None or not self.accepts(problem):
            return cover
        there, inside, ordered = self._functions(problem), problem.canonical, problem.in_order.canonical
        if not cover.parts:
            return self._cover(cover, there, inside, ordered, back=back)
        cover.require_fitting(ordered if back else inside)
        names, own = list(ordered.groups), list(inside.groups)
        moved = dict.fromkeys(own if back else names)
        for name, part in zip(names if back else own, cover.parts, strict=True):
            if part is None:
                continue
            block = there[np.ix_(inside.groups[name], ordered.groups[name])]
            parts = inside.parts[own.index(name)], ordered.parts[names.index(name)]
            moved[name] = self._cover(part, block, *parts, back=back)
        return replace(cover, parts=tuple(moved.values()))

    def _cover(self, cover: Any, there: Array, inside: Any, ordered: Any, *, back: bool) -> Any:
        """A cover of one of two problems as one of the other.

        Args:
            cover: of the one that is in order if back, else of the other.
            there: (r, r) what unit weights on the coordinates of the first are on those of the second.
            inside: the problem as posed, in canonical form.
            ordered: the problem in order, in canonical form.
            back: see above.
        """
        if not len(cover.weight):
            return cover
        functionals = cover.functionals @ (there.T if back else np.linalg.inv(there).T)
        if cover.samples is not None:  # rows of the table, which are the same ones
            return replace(cover, functionals=functionals)
        theirs, ours = inside.sources.vertices, ordered.sources.vertices @ there.T
        place = _nearest(ours, theirs) if back else _nearest(theirs, ours)
        first, second = (
            np.where(index < len(place), place[np.minimum(index, len(place) - 1)], index)
            for index in (cover.first, cover.second)
        )
        symmetry = cover.symmetry
        if symmetry is not None:
            before = _nearest(theirs, ours) if back else _nearest(ours, theirs)
            symmetry = place[symmetry[:, before]]
        return replace(cover, functionals=functionals, first=first, second=second, symmetry=symmetry)

    def _functions(self, problem: Any) -> Array:
        """(r, r) what unit weights on the coordinates in which the problem is solved are on those of the one in order.

        They are the sources themselves, or as many of them as tell the others.
        """
        hull, ordered = problem.hull, problem.in_order.hull
        unit = np.eye(problem.dimension) if hull is None else hull.placed(np.eye(hull.rank))
        moved = self.weights(problem, unit)
        return moved if ordered is None else np.asarray(ordered.functions(moved))


def _order_of_rows(matrix: Array) -> Indices:
    """(n,) rows by their first entry, the largest first, those that tie by the second, and so on."""
    return np.lexsort(-matrix.T[::-1])


def _sorted(matrix: Array) -> Array:
    return matrix[_order_of_rows(matrix)]


def _nearest(points: Array, others: Array) -> Indices:
    """(k,) for each point (k, d) the number of the nearest of others (m, d)."""
    from scipy.spatial import cKDTree

    return np.asarray(cKDTree(others).query(points)[1])


IN_ORDER = _InOrder()
