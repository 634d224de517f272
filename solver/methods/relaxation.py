"""Lower bounds for any number of sources: semidefinite relaxations, first of everything at once, then cell by cell.

1. Try to prove the modular code on one cell, if no climb finds a neuron that earns more than it costs.
2. Bound the problem by the lifted relaxation over all directions and multipliers (`solver.relaxations.lifted_program`),
   which is quick and leaves 5 to 25 % on generic data, but nothing on data with opposite samples.
3. Find a good code by local ascents; in many sources before 2.
4. Take the multiplier of that code and cut directions into cells (`solver.relaxations.branch_and_bound`): one for every
   neuron, then more where the bound is worst. The bound owes nothing to the faces of the hull.
5. In more than seven sources also seek another multiplier that suits all cells (`solver.relaxations.joint_multiplier`).
6. Climb from the middles of the most promising cells. A neuron that earns more than it costs improves the code: then
   back to 4, with its multiplier.
7. End where the bound meets the loss, the worst cell is exhausted, or there are too many cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from solver.certificate import best_bound
from solver.conic_solvers import DEFAULT_SOLVER, ConicError, solver_name
from solver.deadline import time_left
from solver.methods import ascents
from solver.methods.iterate import Iterate
from solver.methods.options import Option
from solver.relaxations.branch_and_bound import Cells
from solver.relaxations.joint_multiplier import strengthened
from solver.relaxations.lifted_program import lifted_bound
from solver.solving.plan import has_few_sources, is_bounded_first, is_lifted, most_cells
from theory.arrays import Array
from theory.bounds.ascent import Ascent
from theory.bounds.cover import Cover
from theory.conditions import modular_multiplier
from theory.problem import Problem

OPTIONS = (Option("solver", takes="its name", otherwise="needs no conic solver", read=solver_name),)


@dataclass(frozen=True)
class RelaxationTolerances:
    """How finely to bound, and when to give up."""

    probes: int = 12  # climbs that look for a neuron better than the modular ones before a proof is tried
    nearer: float = 0.1  # each stage aims at this share of the distance between the worst ratio and one
    visits: float = 0.1  # of cells between two steps, as a share of the cells; ten at least
    more: float = 2.0  # another multiplier is sought each time that the cells are so many times more
    climbs: int = 20  # from the middles of the most promising cells, after each stage
    excess: float = 1e-8  # of the ratio of a neuron in a cell over one that improves the code


RELAXATION = RelaxationTolerances()


def steps(
    problem: Problem, *, tolerance: float, rng: np.random.Generator, solver: str = DEFAULT_SOLVER
) -> Iterator[Iterate]:
    """Yield codes found by ascents, with ever better bounds from relaxations.

    Args:
        problem: any number of sources.
        tolerance: relative gap at which to stop.
        rng: draws the starts of the ascents.
        solver: conic solver of the first relaxation; those of the cells need none.
    """
    note, step = "", None
    for step in quick_steps(problem, tolerance=tolerance, rng=rng, solver=solver):
        note = step.note or note
        yield step
    assert step is not None
    if not _near_enough(step, tolerance):
        yield from cell_by_cell(problem, step.weights, tolerance, note)


def quick_steps(
    problem: Problem, *, tolerance: float, rng: np.random.Generator, solver: str = DEFAULT_SOLVER
) -> Iterator[Iterate]:
    """Yield a proof that the modular code is optimal if one cell gives it; else the first bound, then better codes.

    This is what the method columns does where it cannot price exactly. The arguments are those of `steps`.
    """
    if is_lifted(problem):
        proven = modular_proven(problem, tolerance)
        if proven is not None:
            yield proven
            return
    codes, best = ascents.steps(problem, tolerance=tolerance, rng=rng), None  # step 3
    if is_lifted(problem) and not is_bounded_first(problem):
        for best in in_half_the_time(codes):
            yield best
    if is_lifted(problem):
        step = at_once(problem, solver, tolerance)
        if best is not None and best.loss < step.loss:
            step = replace(step, weights=best.weights, loss=best.loss)
        yield step
        if _near_enough(step, tolerance):
            return
    yield from codes


def in_half_the_time(steps: Iterator[Iterate]) -> Iterator[Iterate]:
    """Take these steps for half of the time that is left, and leave the others to be taken later."""
    left = time_left()
    for step in steps:
        yield step
        if time_left() < left / 2:
            return


def modular_proven(problem: Problem, tolerance: float) -> Iterate | None:
    """Step 1: the best modular code with a proof of its optimality from one cell, if there is one."""
    multiplier, weights = modular_multiplier(problem), problem.modular_weights
    random = np.random.default_rng(0).standard_normal((RELAXATION.probes, problem.dimension))
    # Most codes are not modular, and a climb shows it sooner than a failing proof.
    if Ascent(problem).climb(multiplier, random * problem.modular.unit_weights)[0].max() > 1 + tolerance:
        return None
    cells = Cells(problem, multiplier, weights if len(weights) else problem.modular.unit_neurons, whole=True)
    cells.refine(1 + tolerance, 1, most=1)
    step = _step(problem, weights, multiplier, cells.cover())
    return step if _near_enough(step, tolerance) else None


def at_once(problem: Problem, solver: str, tolerance: float) -> Iterate:
    """Step 2: the best modular code with the bound of the lifted relaxation; without it, and a note, if that fails."""
    weights, loss = problem.modular_weights, problem.modular_loss
    try:
        lifted = lifted_bound(problem, solver, tolerance)
    except ConicError as error:
        multiplier = problem.energy_matrix
        bound = best_bound(problem, multiplier, quick=True).value
        return Iterate(weights, multiplier, loss, bound, note=f"conic solver {solver} failed: {error}")
    bound = best_bound(problem, lifted.multiplier, quick=True, cover=lifted.cover).value
    return Iterate(weights, lifted.multiplier, loss, bound, lifted.cover, lifted.note)


def cell_by_cell(problem: Problem, weights: Array, tolerance: float, note: str = "") -> Iterator[Iterate]:
    """Yield bounds on ever more cells, and better codes where a cell holds a neuron that earns more than it costs.

    Args:
        problem: any number of sources.
        weights: (n, d) a good code.
        tolerance: relative gap at which to stop.
        note: what is to be said beyond the number of cells.
    """
    proven = 0.0
    for step, cells in _refined(problem, weights, tolerance):
        yield replace(step, note=(f"{note}; " if note else "") + f"bounded on {cells:,} cells")
        # The bound of an earlier multiplier holds as well.
        proven = max(proven, step.lower_bound)
        if _near_enough(replace(step, lower_bound=proven), tolerance):
            return


def _refined(problem: Problem, weights: Array, tolerance: float) -> Iterator[tuple[Iterate, int]]:
    """Steps 4 to 7: yield codes and bounds on ever more cells, and their number."""
    multiplier = problem.multiplier(weights.T @ weights)
    cells = Cells(problem, multiplier, weights)
    goal, next_search = 1 + tolerance, len(cells) + 1
    most = most_cells(problem)
    while cells.bound > goal and not cells.is_exhausted and len(cells) < most:
        target = max(goal, 1 + RELAXATION.nearer * (cells.bound - 1))
        while cells.bound > target and not cells.is_exhausted and len(cells) < most:
            cells.refine(target, max(10, int(RELAXATION.visits * len(cells))), most=most)
            step = _step(problem, weights, multiplier, cells.cover())
            yield step, len(cells)
            if not has_few_sources(problem) and len(cells) >= next_search:
                for proof in strengthened(cells, weights):  # step 5
                    step = step if proof is None else _step(problem, weights, *proof)
                    yield step, len(cells)
                next_search = int(RELAXATION.more * len(cells))
        starts = cells.candidates()  # step 6
        ratios = np.einsum("ni,ij,nj->n", starts, multiplier, starts) / problem.neuron_cost(starts)
        better = ascents.improved(problem, weights, starts[np.argsort(-ratios)[: RELAXATION.climbs]], RELAXATION.excess)
        if better is not None:
            weights = better
            multiplier = problem.multiplier(weights.T @ weights)
            cells.reprice(multiplier, weights)


def _near_enough(step: Iterate, tolerance: float) -> bool:
    return step.lower_bound >= step.loss * (1 - tolerance)


def _step(problem: Problem, weights: Array, multiplier: Array, cover: Cover) -> Iterate:
    bound = best_bound(problem, multiplier, quick=True, cover=cover).value
    return Iterate(weights, multiplier, problem.loss(weights), bound, cover)
