"""Groups of sources that have nothing to do with each other: one problem per group, and the codes side by side.

1. The neurons of a group by themselves cost what they cost among all: the block of (A'A)^-1 in M is that of another
   mixing, not of the columns of A.
2. Read out as they are while the other groups are silent, they are a problem of their own.
3. Where no errors are allowed, or those of one group tell nothing of another, the losses add up, and so do the bounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from theory.arrays import Array
from theory.geometry.whitening import scaled_inverse
from theory.groups import is_product, is_separate, placed
from theory.readouts import Exact, Noisy, Priced, Reads, Soft
from theory.reductions.reduction import Reduction, Solved


class _GroupByGroup(Reduction):
    """See docs/mathematics.md, "Groups"."""

    def accepts(self, problem: Any) -> bool:
        """See `Reduction`: where the best codes of the groups, side by side, are the best of those that count."""
        return bool(problem.separable or (problem.separate and not self.coupled(problem)))

    def apply(self, problem: Any) -> tuple[Any | None, ...]:
        """Step 2: one problem per group; None for a group of which nothing is asked.

        Example:
            >>> from theory.problem import Problem
            >>> problem = Problem([[0, 0], [1, 0], [0, 1]], mixing=[[1, 1], [0, 1]], groups={})
            >>> losses = [part.modular_loss for part in problem.parts]
            >>> bool(np.isclose(sum(losses), problem.modular_loss))
            True
        """
        parts = list[Any | None]()
        for members, block in zip((problem.groups or {}).values(), problem.blocks, strict=True):
            readout = problem.readout.alone(members)
            if not readout.targets.any():
                parts.append(None)
                continue
            if readout.exact:
                readout = Exact(readout.targets).price(block.sources, block.mixing, readout.decoder_cost)
            parts.append(block.replaced(readout=Priced(readout)))
        return tuple(parts)

    def of(self, problem: Any) -> Any:
        """See `Reduction`."""
        return problem.parts

    def join(self, problem: Any, solved: Sequence[Solved | None]) -> Solved:
        """Step 3: the codes of the groups side by side; None stands for a group of which nothing is asked."""
        weights: list[Array] = [np.empty((0, problem.dimension))]
        multiplier, loss, bound = np.zeros((problem.dimension,) * 2), 0.0, 0.0
        for members, part in zip((problem.groups or {}).values(), solved, strict=True):
            if part is None:
                continue
            weights.append(placed(part.weights, members, problem.dimension))
            multiplier[np.ix_(list(members), list(members))] = part.multiplier
            loss, bound = loss + part.loss, bound + part.lower_bound
        return Solved(np.concatenate(weights), multiplier, loss, bound)

    def blocks(self, problem: Any) -> tuple[Any, ...]:
        """The problem of the neurons of each group: see `alone`."""
        inside = problem.on_hull
        return tuple(self.alone(inside, members) for members in (inside.groups or {}).values())

    def coupled(self, problem: Any) -> bool:
        """Whether errors of one group tell of another, so that what one asks of its neurons depends on the others'."""
        inside = problem.on_hull
        ridge = inside.readout.ridge
        return inside.groups is not None and ridge is not None and not is_separate(ridge, inside.groups)

    def alone(self, problem: Any, members: Sequence[int]) -> Any:
        """Step 1: the problem of the neurons that read only some of the sources; they cost what they cost there.

        It differs from `Problem.part` where A'A has entries between these sources and others: M holds a block of
        (A'A)^-1, which is not the inverse of a block. How they are read out is another matter (`Readout.alone`).

        Example:
            >>> from theory.problem import Problem
            >>> problem = Problem([[0, 0], [1, 0], [0, 1]], mixing=[[1, 1], [0, 1]])
            >>> alone, part = GROUP_BY_GROUP.alone(problem, [1]), problem.part([1])
            >>> float(np.round(problem.neuron_cost([[0.0, 2.0]])[0], 6))
            5.333333
            >>> [float(np.round(one.neuron_cost([[2.0]])[0], 6)) for one in (alone, part)]
            [5.333333, 3.333333]
        """
        mixing = scaled_inverse(problem.pseudoinverse.T[:, list(members)]).T
        return self._of_columns(problem, members, mixing, None)

    def part(self, problem: Any, members: Sequence[int]) -> Any:
        """See `Problem.part`."""
        chosen, readout = list(members), problem.given_readout
        if isinstance(readout, (Exact, Soft, Noisy)) and readout.targets is not None:
            readout = replace(readout, targets=problem.readout.targets[:, chosen])
        return self._of_columns(problem, members, problem.mixing[:, chosen], readout)

    def _of_columns(self, problem: Any, members: Sequence[int], mixing: Array, readout: Reads | None) -> Any:
        """The problem of some of the sources, seen and read out in this way, without layer or groups."""
        return problem.feedforward.replaced(
            sources=problem.sources.of_columns(members),
            mixing=mixing,
            neurons=problem.neurons.of_columns(list(members)),
            readout=readout,
            groups=None,
            separate=False,
        )

    def separable(self, problem: Any) -> bool:
        """Whether it is plain that nothing is gained by neurons that read several groups.

        The hull is a product over the groups, and neither the readout nor what neurons pay has entries between them;
        correlations do not matter (docs/mathematics.md, "Groups").

        Example:
            >>> from theory.problem import Problem
            >>> box = [[0, 0], [0, 1], [1, 0], [1, 1]]
            >>> Problem(box, probabilities=[4, 1, 1, 4], groups={}).separable, Problem(box[:3], groups={}).separable
            (True, False)
        """
        problem = problem.on_hull
        if problem.groups is None or self.coupled(problem):
            return False
        coupling = problem.neurons.coupling(problem)
        forms = [problem.readout.targets.T @ problem.readout.targets, *([] if coupling is None else [coupling])]
        if not all(is_separate(form, problem.groups) for form in forms):
            return False
        heights = problem.height_sources
        corners = [block.height_sources.vertices for block in problem.blocks]
        return bool(is_product(heights.about_mean(heights.points), corners, problem.groups))


GROUP_BY_GROUP = _GroupByGroup()
