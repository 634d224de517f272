"""Where the excess of a code lies: what each neuron earns for its cost, and what each change of the code would save.

With the optimum's multiplier Y, which no neuron earns more than its cost from,

    loss - bound = sum_i (cost_i - w_i'Y w_i) + (tr(Y G) + g(G) - D(Y)),

a sum of terms none of which is negative: what each neuron wastes, and what the code as a whole has too much of one
direction and too little of another (docs/mathematics.md, "Audit of a given code").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.auditing.affine import AffineCode, varying
from solver.certificate import Certificate, lower_bound
from solver.generation.energies import optimal_energies
from theory.arrays import Array, Indices
from theory.immutable import Frozen
from theory.inputs.problem import within_digits
from theory.neurons import Activity
from theory.problem import Problem
from theory.readouts import symmetric_root


@dataclass(frozen=True)
class AuditStrengthTolerances:
    """How many neurons are tried together, and what counts as earning more and as silent."""

    at_once: int = 20  # neurons that join in one round: of thousands only a few are worth having
    earns: float = 1e-9  # by how much more than its cost a neuron must earn to join
    silent: float = 1e-9  # share of the loss: the digits of the restricted problem
    rounds: int = 100  # two or three are usual


AUDIT_STRENGTHS = AuditStrengthTolerances()


def ratios_of(code: AffineCode, certificate: Certificate) -> Array:
    """(n,) what each neuron earns for its cost at the optimum's multiplier: at most one, and one in an optimal code.

    NaN for a neuron that is silent throughout, and earns and costs nothing.

    Args:
        code: with its own biases and encoder.
        certificate: of the optimum.
    """
    root = symmetric_root(certificate.multiplier)
    multiple = code.problem.readout.dual_multiple(root, certificate.rho)
    earned = multiple * ((code.source_weights @ root.T) ** 2).sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(code.neuron_costs > 0, earned / code.neuron_costs, np.nan))


def best_strengths(problem: Problem, weights: Array) -> Array:
    """(n,) factors by which to multiply the neurons' weights so that the loss is least; zero where one is best silent.

    A convex problem in their energies, solved to rounding:

    1. Scale all neurons alike to the best size. Where an exact decoder leaves sources out, this is all.
    2. Begin with the neurons of most energy, and some that span all directions.
    3. Solve the problem restricted to the active neurons, in units of cost one.
    4. Of the others let those join that earn most beyond their cost; drop those without energy. Repeat from step 3.
    5. Silence neurons that hardly cost anything, if the loss allows.

    Args:
        problem: what is coded.
        weights: (n, d).

    Example:
        >>> from solver import Problem
        >>> square = Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]])
        >>> best_strengths(square, np.array([[3.0, 0.0], [0.0, 0.1], [1.0, 1.0]])).round(6).tolist()
        [0.253279, 7.598357, 0.0]
    """
    if problem.hull is not None:
        return best_strengths(problem.on_hull, problem.hull.functions(weights))
    problem = problem.canonical
    result, varied = np.zeros(len(weights)), varying(problem, weights)
    kept = weights[varied]
    if not len(kept):
        return result
    cost = problem.neuron_cost(kept)
    # Step 1.
    alike = problem.readout.rescaling(kept.T @ kept, float(cost.sum()))
    factors = np.full(len(kept), alike)
    if problem.readout.rank is None:
        # Steps 2 to 4.
        units = problem.whitening.neurons(kept) / np.sqrt(cost)[:, None]
        with within_digits(problem):
            separate = np.sqrt(_best_energies(problem, units, cost * alike**2) / cost)
        factors = min(factors, separate, key=lambda tried: problem.loss(tried[:, None] * kept))
    result[varied] = _without_silent(problem, kept, factors)
    return result


def _without_silent(problem: Problem, weights: Array, factors: Array) -> Array:
    # Step 5.
    loss, energies = problem.loss(factors[:, None] * weights), problem.neuron_cost(weights) * factors**2
    kept = np.where(energies > AUDIT_STRENGTHS.silent * loss, factors, 0.0)
    return kept if problem.loss(kept[:, None] * weights) <= loss * (1 + AUDIT_STRENGTHS.silent) else factors


def _best_energies(problem: Problem, units: Array, start: Array) -> Array:
    """(n,) the best energies of neurons (n, d) in whitened coordinates, of unit cost; some start that spans enough."""
    readout = problem.whitened.readout
    # Step 2.
    active = np.argsort(-start, kind="stable")[: max(AUDIT_STRENGTHS.at_once, 2 * units.shape[1])]
    active = np.union1d(active, _spanning(units))
    energies = start
    for _ in range(AUDIT_STRENGTHS.rounds):
        # Step 3.
        begun = np.maximum(energies[active], start[active] / len(start))
        energies = np.zeros(len(units))
        energies[active] = optimal_energies(units[active], readout, begun)
        # Step 4.
        worth = np.einsum("ni,ij,nj->n", units, readout.multiplier((units.T * energies) @ units), units)
        outside = np.setdiff1d(np.flatnonzero(worth > 1 + AUDIT_STRENGTHS.earns), active)
        if not len(outside):
            break
        staying = active[energies[active] > AUDIT_STRENGTHS.silent * energies.max()]
        active = np.union1d(staying, outside[np.argsort(-worth[outside])][: AUDIT_STRENGTHS.at_once])
        active = np.union1d(active, _spanning(units))
    return energies


def _spanning(units: Array) -> Indices:
    """A few neurons that span all directions that all of them do."""
    from scipy.linalg import qr

    return np.asarray(qr(units.T, mode="r", pivoting=True)[1][: units.shape[1]], dtype=np.intp)


def strengthened_loss(problem: Problem, weights: Array) -> float:
    """Loss of neurons (n, d) in their best strengths, with least biases and best readout."""
    return problem.loss(best_strengths(problem, weights)[:, None] * weights)


@dataclass(frozen=True, eq=False)
class Missing(Frozen):
    """The neuron that a code lacks most."""

    neuron: Array  # (d,) scaled to f(w) = 1
    ratio: float  # what it earns for its cost at the code's own multiplier
    saving: float  # what adding it would save if all neurons then took their best strengths


def missing_neuron(problem: Problem, weights: Array, others: Array) -> Missing:
    """The neuron that would earn most beside some neurons in their best strengths.

    Args:
        problem: what is coded.
        weights: (n, d) the neurons, in their best strengths.
        others: (k, d) neurons that may be missing, for problems whose hull is too large to try all.
    """
    multiplier = problem.multiplier(weights.T @ weights)
    bound = lower_bound(problem, multiplier)
    tried = np.vstack([bound.worst_neuron, *others[:, None]])
    tried = tried / np.sqrt(problem.neuron_cost(tried))[:, None]
    worth = np.einsum("ni,ij,nj->n", tried, multiplier, tried)
    # Of an exact search the others are no better but for rounding.
    best = 0 if bound.exact else int(np.argmax(worth))
    before, after = problem.loss(weights), strengthened_loss(problem, np.vstack([weights, tried[best]]))
    return Missing(tried[best], float(worth[best]), max(0.0, before - after))


def savings_of(code: AffineCode, strengthened: float) -> dict[str, float]:
    """What each change would save, one after the other; together they are loss - lower_bound.

    Args:
        code: with its lower bound.
        strengthened: its loss in the best strengths, with the rest as good as it can be.
    """
    problem, weights = code.problem, code.source_weights
    least_biases = Activity.of(problem.sources, weights, problem.sources.support(weights))
    terms = problem.terms(least_biases, code.encoder)
    lowered = float(np.sum(list(terms.values())))
    energy = float(problem.neuron_cost(weights).sum())
    readout = problem.readout_cost(weights.T @ weights)
    resized = problem.loss(problem.readout.rescaling(weights.T @ weights, energy) * weights)
    steps = {
        "bias": float(code.neuron_costs.sum()) - lowered,
        "encoder": lowered - energy,
        "decoder": code.energies["decoder"] + code.energies.get("error", 0.0) - readout,
        "size": energy + readout - resized,
        "strengths": resized - strengthened,
        "neurons": strengthened - code.lower_bound,
    }
    # Differences of nearly equal numbers may come out a hair below zero.
    return {name: max(0.0, saved) for name, saved in steps.items()}
