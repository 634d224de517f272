"""What neurons can be that read one group of sources: a space for each group, and a problem of its neurons.

A neuron reads a group if its weights v on the coordinates of the hull are in the span of the rows of U for its sources.
Of dependent sources spans may overlap, and one may lie in another (docs/mathematics.md, "Dependent sources"). Of others
U is the identity, and spans are coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.arrays import Array
from theory.dependent.columns import families
from theory.immutable import Frozen
from theory.reductions.group_by_group import GROUP_BY_GROUP


@dataclass(frozen=True, eq=False)
class Span(Frozen):
    """The neurons of one group."""

    kept: tuple[int, ...]  # (k,) sources of the group that tell its others
    basis: Array  # (k, r) their rows of U: neurons of weights y on them are y @ basis
    block: Any  # the problem of these neurons, which cost what they cost among all

    @property
    def listed(self) -> bool:
        """Whether the faces of the group's hull are listed."""
        faces = self.block.sources.faces_if_few
        return faces is not None and faces.complete


def spans_of(problem: Any) -> tuple[Span, ...]:
    """The span of each group, or of each source where there are no groups.

    Example:
        >>> from theory.problem import Problem
        >>> categories = Problem(np.eye(4), groups={"all": [0, 1, 2, 3]})
        >>> [(span.kept, span.block.dimension) for span in spans_of(categories)]
        [((0, 1, 2), 3)]
        >>> neurons = np.array([[1.0, 2.0, 0.0]])
        >>> cost = spans_of(categories)[0].block.neuron_cost(neurons)
        >>> bool(np.allclose(cost, categories.neuron_cost([[1.0, 2.0, 0.0, 0.0]])))
        True
    """
    kept, hull = kept_of_groups(problem), problem.hull
    basis = np.eye(problem.dimension) if hull is None else hull.basis
    known = problem.blocks if hull is None else ()
    blocks = known or [GROUP_BY_GROUP.alone(problem, own) for own in kept]
    return tuple(Span(own, basis[list(own)], block.canonical) for own, block in zip(kept, blocks, strict=True))


def kept_of_groups(problem: Any) -> list[tuple[int, ...]]:
    """The sources of each group, or source, that tell its others.

    Example:
        >>> from theory.problem import Problem
        >>> kept_of_groups(Problem(np.eye(4), groups={"all": [0, 1, 2, 3], "two": [0, 3]}))
        [(0, 1, 2), (0, 3)]
    """
    kept = []
    for members in families(problem):
        hull = problem.sources.of_columns(members).hull
        kept.append(tuple(members if hull is None else np.asarray(members)[hull.kept].tolist()))
    return kept
