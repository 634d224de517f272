"""The price of modularity along a family of sources: solved, point by point, beside what theory predicts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from solver.batches.pose import fits
from solver.batches.solve_many import solve_many
from solver.representation import Representation
from solver.solving.solve import solve_one_of_many
from theory.errors import InputError
from theory.families import Family
from theory.immutable import Frozen
from theory.inputs import whole_number


@dataclass(frozen=True, eq=False)
class PhasePoint(Frozen):
    """One value of a family's parameter, solved.

    Attributes:
        parameter: the value.
        loss: of the optimal code.
        lower_bound: on the loss of every code.
        gap: relative gap between the two.
        status: of the answer, as from `solve`.
        separate_loss: of the best modular code, or of the best code in which the family's blocks share no neuron.
        price: separate_loss / loss - 1.
        predicted: whether theory says that separate codes are optimal.
    """

    parameter: float
    loss: float
    lower_bound: float
    gap: float
    status: str
    separate_loss: float
    price: float
    predicted: bool


def along(
    family: Family,
    *,
    points: int = 41,
    encoder_cost: float = 1.0,
    decoder_cost: float = 1.0,
) -> list[PhasePoint]:
    """Solve a family at evenly spread values of its parameter.

    Args:
        family: from `theory.families`.
        points: how many values, about.
        encoder_cost: as in `Problem`.
        decoder_cost: as in `Problem`.

    Raises:
        InputError: a number of points out of range; costs other than one for a family whose boundary is theirs.

    Example:
        >>> from theory.families import family
        >>> [point.price > 1e-6 for point in along(family("joint-table"), points=3)]
        [True, False, False]
    """
    points = whole_number(points, "points", 2, 10_000)
    if family.unit_costs and not encoder_cost == decoder_cost == 1:
        raise InputError(
            f"encoder_cost, decoder_cost: the boundary of {family.name} is known for costs of one; leave them at that"
        )
    solved = list[PhasePoint]()
    parameters = family.grid(points)
    problems = [family.problem(one, encoder_cost=encoder_cost, decoder_cost=decoder_cost) for one in parameters]
    # Problems that are solved many at a time are solved at once, others as each is asked for.
    answers: Iterable[Representation] = solve_many(problems) if all(map(fits, problems)) else map(_solved, problems)
    for parameter, problem, answer in zip(parameters, problems, answers, strict=True):
        separate = problem.modular_loss
        if family.blocks is not None:
            separate = sum(_solved(problem.part(block)).loss for block in family.blocks)
        solved.append(
            PhasePoint(
                parameter=parameter,
                loss=answer.loss,
                lower_bound=answer.lower_bound,
                gap=answer.gap,
                status=answer.status,
                separate_loss=separate,
                price=separate / answer.loss - 1,
                predicted=family.verdict(parameter),
            )
        )
    return solved


_solved = partial(solve_one_of_many, any_code=True)  # only losses are shown
