"""The problem as one conic program, solved by any conic solver: an answer that owes nothing to column generation.

1. Solve the program (`solver.oracles.conic_program`), which is exact for up to four sources.
2. Its multiplier is the certificate, with Clarabel good to about 1e-10 of the loss.
3. Factorise its blocks (`solver.oracles.factorisation`): the vectors are neurons.
4. Choose few of them with the same G and the same cost. This is the first code to be yielded.
5. Merge neurons that the accuracy of the conic solver left apart, and move all together to a stationary point within
   their cones (`solver.oracles.cone_newton`), to the last digits. This is the second.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

import solver.solving.plan as planning
from solver.certificate import best_bound
from solver.conic_solvers import ACCURATE, DEFAULT_SOLVER, ConicError, solver_name
from solver.generation.basic_solution import basic_solution
from solver.generation.loss import ScaledLoss
from solver.generation.pool import leaders, merged
from solver.methods.iterate import Iterate
from solver.methods.options import Option
from solver.oracles.cone_newton import ConeCode, polish
from solver.oracles.conic_program import ConicSolution, compiled
from solver.oracles.factorisation import completely_positive
from theory.arrays import Array, Indices
from theory.conditions import modular_multiplier
from theory.errors import InputError
from theory.geometry.cone_forms import ConeForms
from theory.geometry.polytope import NormalFan
from theory.problem import Problem

OPTIONS = (Option("solver", takes="its name", otherwise="needs no conic solver", read=solver_name),)


@dataclass(frozen=True)
class ConicTolerances:
    """What an interior point leaves of a zero, and what counts as the same."""

    empty: float = 1e-11  # share of all blocks' cost below which a block or a neuron is none
    leverage: float = 1e-7  # below which a neuron is left out before polishing: the others make up for it
    same: float = 5e-7  # cosine distance: at a flat optimum directions are good to half of the digits of the loss
    rounds: int = 3  # of merging and polishing, which may bring further neurons together
    tie: float = 1e-12  # relative difference up to which the best modular code is as good, and preferred


CONIC = ConicTolerances()


def steps(
    problem: Problem,
    *,
    tolerance: float,
    rng: np.random.Generator,  # noqa: ARG001
    solver: str = DEFAULT_SOLVER,
) -> Iterator[Iterate]:
    """Yield the conic program's code with its multiplier, then that code polished with its own.

    Args:
        problem: up to four sources, with a normal fan of at most `Sizes.conic_cones` cones.
        tolerance: relative gap aimed at; the conic solver is asked for a hundredth of it.
        rng: not used.
        solver: name of a conic solver that is installed.

    Raises:
        InputError: too many sources or cones.

    If the solver fails, the best modular code is yielded, with a note that says so. Until the solver is done there is
    nothing between iterations, so a time limit cannot end it; Ctrl-C can.

    Example:
        >>> from theory.problem import Problem
        >>> problem = Problem([[-1, -1], [-1, 1], [1, -1]])
        >>> *_, last = steps(problem, tolerance=1e-8, rng=np.random.default_rng(0))
        >>> bool(last.lower_bound > last.loss * (1 - 1e-8))
        True
    """
    _require_small(problem)
    cones = _ProgramCones(problem)
    try:
        program = compiled(len(cones.corners), problem.dimension, solver, problem.readout.exact)
        solution = program.solve(cones.corners, cones.metric, cones.scaled.readout, tolerance)  # step 1
    except ConicError as error:
        yield _modular(problem, f"{solver} failed: {error}; this is the best modular code")
        return
    multiplier = cones.scaled.multiplier_of_problem(solution.multiplier)  # step 2
    bound = best_bound(problem, multiplier).value
    owner, coordinates = cones.neurons(solution)  # steps 3 and 4
    code = cones.code(owner, coordinates)
    if not np.isfinite(code.loss()):
        note = f"{_verdict(solver, solution)}, of which no code can be made; this is the best modular code"
        yield replace(_modular(problem, note), multiplier=multiplier, lower_bound=bound)
        return
    step = cones.step(code, multiplier, bound)
    yield replace(step, note=_note(solver, solution, cones, min(step.loss, problem.modular_loss)))
    polished = cones.polished(owner, coordinates) if len(owner) else code  # step 5
    if np.isfinite(polished.loss()):
        weights = cones.scaled.weights(polished.weights)
        multiplier = problem.multiplier(weights.T @ weights)
        step = cones.step(polished, multiplier, best_bound(problem, multiplier).value)
        yield replace(step, note=_note(solver, solution, cones, min(step.loss, problem.modular_loss)))
    if problem.modular_loss <= step.loss * (1 + CONIC.tie):
        yield _modular(problem, _note(solver, solution, cones, problem.modular_loss))


def _require_small(problem: Problem) -> None:
    most_sources, most_cones = planning.SIZES.conic_sources, planning.SIZES.conic_cones
    if problem.dimension > most_sources:
        raise InputError(
            f"method: 'conic' solves up to {most_sources} sources, and here are {problem.dimension}; its doubly "
            f"nonnegative matrices are certain to be completely positive, and so to be codes, up to order "
            f"{most_sources} only; method='columns' takes more"
        )
    if len(problem.sources.fan) > most_cones:
        raise InputError(
            f"method: 'conic' takes up to {most_cones:,} cones of the normal fan, one block of its program each, and "
            f"here are {len(problem.sources.fan):,}; method='columns' takes more"
        )


def _modular(problem: Problem, note: str) -> Iterate:
    multiplier = modular_multiplier(problem)
    return Iterate(
        problem.modular_weights, multiplier, problem.modular_loss, best_bound(problem, multiplier).value, note=note
    )


def _verdict(solver: str, solution: ConicSolution) -> str:
    if solution.status == ACCURATE:
        return f"solved by {solver}"
    said = {"user_limit": "stopped at its limit", "optimal_inaccurate": "fell short of the accuracy asked for"}
    return f"{solver} {said.get(solution.status, solution.status)}"


def _note(solver: str, solution: ConicSolution, cones: _ProgramCones, loss: float) -> str:
    """How well the program's own optimum, which owes nothing to the code, agrees with the loss of the answer."""
    difference = abs(solution.optimum * cones.scaled.unit / loss - 1)
    return f"{_verdict(solver, solution)}; the program's own optimum differs from this loss by {difference:.0e} of it"


class _ProgramCones:
    """The cones in coordinates in which the best modular code is the identity, its loss one, and every ray costs one.

    Attributes:
        scaled: those coordinates.
        corners: (N, d, d) generators of each cone, one per row.
        metric: (N, d, d) cost of a neuron in the coordinates of its cone.
        quadratic: (N, d, d) M + v v' of each cone.
    """

    def __init__(self, problem: Problem) -> None:
        self.scaled = ScaledLoss(problem)
        energy_matrix = self.scaled.energy_matrix
        fan = problem.sources.fan
        generators = self.scaled.neurons(fan.generators)
        generators /= np.linalg.norm(generators, axis=1, keepdims=True)
        vertices = fan.vertices * self.scaled.size / self.scaled.unit**0.5
        forms = ConeForms(NormalFan(generators, fan.cones, vertices, fan.vertex_of_cone), energy_matrix)
        self.corners = forms.rays[forms.fan.cones]
        self.metric = forms.metric
        vertex = forms.fan.vertices[forms.fan.vertex_of_cone]
        self.quadratic = energy_matrix + vertex[:, :, None] * vertex[:, None, :]

    def neurons(self, solution: ConicSolution) -> tuple[Indices, Array]:
        """Cones (n,) and coordinates (n, d) of few neurons with the G and the cost of the conic solution."""
        energy = np.einsum("nij,nij->n", self.metric, solution.blocks)
        full = np.flatnonzero((energy > CONIC.empty * energy.sum()) & (np.einsum("nii->n", solution.blocks) > 0))
        if not len(full):
            return full, np.empty((0, solution.blocks.shape[1]))
        coordinates, place = completely_positive(solution.blocks[full])
        owner = full[place]
        energy = np.einsum("ni,nij,nj->n", coordinates, self.metric[owner], coordinates)
        kept = energy > CONIC.empty * energy.sum()
        owner, coordinates, energy = owner[kept], coordinates[kept], energy[kept]
        # Within a cone the cost is linear in the block, so all of these together cost what the program says.
        shares = _sparse(np.einsum("nk,nkd->nd", coordinates, self.corners[owner]), energy)
        used = shares > 0
        return owner[used], coordinates[used] * np.sqrt(shares[used])[:, None]

    def code(self, owner: Indices, coordinates: Array) -> ConeCode:
        """The code whose neurons lie in these cones at these coordinates."""
        return ConeCode(coordinates, self.corners[owner], self.quadratic[owner], self.scaled.readout)

    def polished(self, owner: Indices, coordinates: Array) -> ConeCode:
        """The code moved to a stationary point, neurons that are nearly one merged first."""
        for _ in range(CONIC.rounds):
            owner, coordinates = self._merged(owner, coordinates)
            if not len(owner):
                return self.code(owner, coordinates)
            code = polish(self.code(owner, coordinates))
            coordinates = code.coordinates
        return code

    def step(self, code: ConeCode, multiplier: Array, bound: float) -> Iterate:
        """A code in the units of the problem."""
        return Iterate(self.scaled.weights(code.weights), multiplier, code.loss() * self.scaled.unit, bound)

    def _merged(self, owner: Indices, coordinates: Array) -> tuple[Indices, Array]:
        """The code without neurons of little leverage, and of those that point the same way the strongest."""
        weights = self.code(owner, coordinates).weights
        leverage = self.scaled.readout.leverage(weights)
        strong = np.flatnonzero(leverage > CONIC.leverage)
        strong = strong[np.argsort(-leverage[strong])]
        kept, factor = merged(weights[strong], leaders(weights[strong], leverage[strong], CONIC.same))
        return owner[strong[kept]], coordinates[strong[kept]] * factor[:, None]


def _sparse(weights: Array, energy: Array) -> Array:
    """Shares (n,) of the neurons (n, d) that leave G and the total energy as they are, nearly all of them zero.

    No more than d (d + 1) / 2 + 1 are left (`solver.generation.basic_solution`); all of them where it finds none.
    """
    rows, columns = np.triu_indices(weights.shape[1])
    shares = basic_solution(np.vstack([(weights[:, rows] * weights[:, columns]).T, energy]))
    return np.ones(len(energy)) if shares is None else shares
