"""What a picture shows of the points of a sweep, without writing their answers out: many are solved at once.

1. Pose the problems of up to a thousand points; one that cannot be posed is refused.
2. Solve them together (`solver.batches`), each with a certificate of its own.
3. Tell how many points are known, and go on.
"""

from __future__ import annotations

from collections.abc import Callable

from solver.batches.pose import fits
from solver.batches.solve_many import solve_many
from solver.sweeps.plan import SEED, Sweep
from solver.sweeps.table import Row
from theory.errors import InputError
from theory.problem import Problem

AT_ONCE = 1_000  # points that are solved together


def solves_many(plan: Sweep) -> bool:
    """Whether the points of a sweep are solved many at a time: if its first does, and the plan asks for no more.

    Example:
        >>> solves_many(Sweep.of_family("one-corner", parameter=[0.2, 0.4], certified=False))
        True
    """
    if plan.method != "auto" or plan.certified:
        return False
    try:
        return fits(_problem(plan, 0))
    except InputError:
        return False


def numbers(plan: Sweep, callback: Callable[[int, int], object] | None = None) -> list[Row]:
    """Gap, price of modularity, number of neurons and what they read, of each point; None of those refused.

    Args:
        plan: what is solved.
        callback: called with the number of points known and that of all.

    Example:
        >>> rows = numbers(Sweep.of_family("opposite-corners", parameter=[0.5, 0.6], certified=False))
        >>> [(row["neurons"], row["coded"]) for row in rows]
        [(2, 's1, s2'), (3, 's1, s1+s2, s2')]
    """
    rows: list[Row] = []
    for first in range(0, len(plan), AT_ONCE):
        if callback is not None:  # step 3
            callback(first, len(plan))
        places = range(first, min(first + AT_ONCE, len(plan)))
        some: list[Row] = [{**plan.point(place), "index": place} for place in places]
        # Step 1.
        problems = dict[int, Problem]()
        for place, row in zip(places, some, strict=True):
            try:
                problems[place] = _problem(plan, place)
            except InputError as error:
                row["message"] = str(error)
        if problems:  # step 2
            answers = solve_many(problems.values(), tolerance=plan.tolerance, time_limit=plan.time_limit, rng=plan.seed)
            for number, place in enumerate(problems):
                some[place - first] |= {
                    "gap": float(answers.gap[number]),
                    "price_of_modularity": float(answers.price_of_modularity[number]),
                    "neurons": int(answers.neurons[number]),
                    "coded": ", ".join(sorted("+".join(names) for names in answers.coded[number])),
                }
        rows += some
    if all("message" in row for row in rows):
        raise InputError(f"sweep: none of its problems can be posed; the first: {rows[0]['message']}")
    return rows


def _problem(plan: Sweep, place: int) -> Problem:
    where = plan.point(place)
    return plan.poses.problem(seed=where.pop(SEED, plan.seed), **where)
