"""A linear problem is solved with its sources in an order of their own (`IN_ORDER`), and its answer told as posed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from theory.reductions import IN_ORDER

if TYPE_CHECKING:
    from solver.representation import Representation
    from theory.problem import Problem


def as_posed(problem: Problem, answer: Representation) -> Representation:
    """The answer to a problem, from that to the same problem with its sources in order: not a digit is computed anew.

    Args:
        problem: as posed.
        answer: to `problem.in_order`.

    Example:
        >>> from solver import Problem, solve
        >>> problem = Problem([[0, 0], [0, 5], [1, 0]])
        >>> ordered = solve(problem.in_order)
        >>> round(problem.loss(as_posed(problem, ordered).source_weights) / ordered.loss, 9)
        1.0
    """
    if not IN_ORDER.accepts(problem):
        return answer
    fields = {
        name: getattr(answer, name) for name in ("source_weights", "encoder", "decoder", "decoder_bias", "multiplier")
    }
    separate = None if answer.separate is None else as_posed(problem.separated, answer.separate)
    return replace(
        answer,
        problem=problem,
        **IN_ORDER.arrays_back(problem, fields),
        cover=IN_ORDER.cover(problem, answer.cover, back=True),
        separate=separate,
    )
