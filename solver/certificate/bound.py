"""Lower bounds on the loss of every code, from a multiplier and the data alone: weak duality.

    rho(Y) = max_w w'Y w / f(w)
    loss* >= 2 sqrt(decoder_cost t) tr (K^1/2 Y K^1/2)^1/2 - t tr(Y G0)      for every t <= 1 / rho

for any positive semidefinite Y (docs/mathematics.md, "The certificate").

1. Groups that have nothing to do with each other are bounded one by one. Any other problem goes down the chain of
   reductions that solving goes down too (`theory.reductions.chain`); of very many samples only those are looked at that
   a proof names, which can but lower the bound.
2. There each multiplier proves what it proves (`solver.certificate.worth`).
3. The best of several is kept: the multiplier of the search, that of the code, and both shrunk on sources that are a
   tiny part of the loss, whose error would count in full.
4. On the way back the least cost of a recurrent layer is added; what the matrix G of the code proves with its layer is
   tried as well (`solver.certificate.layer`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from solver.certificate.layer import bounds_at_codes
from solver.certificate.measure import require_problem
from solver.certificate.spans import bound_of_spans, has_spans
from solver.certificate.worth import (
    WORTH,
    Bound,
    bound_of_worth,
    code_worths,
    optimality_gap,
    ratios,
    value_of_multiplier,
    with_multiplier,
    within_loss,
)
from theory.arrays import Array
from theory.bounds.cover import Cover
from theory.dependent.columns import in_own_columns
from theory.errors import InputError
from theory.groups import parts_of
from theory.inputs import as_matrix
from theory.problem import Problem
from theory.readouts import symmetric_root
from theory.reductions import GROUP_BY_GROUP, IN_ORDER, WITHOUT_LAYER, Chain


@dataclass(frozen=True)
class _Proof:
    """What is to prove a bound."""

    multiplier: Array  # (d, d) Y
    weights: Array | None = None  # (n, d) a code whose own multiplier is tried too; None for none
    quick: bool = False  # whether the faces of the hull are left alone
    cover: Cover | None = None  # products of inequalities, checked and used where they prove more; None for none


def lower_bound(problem: Problem, multiplier: ArrayLike, *, quick: bool = False, cover: Cover | None = None) -> Bound:
    """The lower bound on the loss that a multiplier proves: weak duality, for any symmetric Y.

    Args:
        problem: the problem.
        multiplier: (d, d) symmetric Y. Its negative part proves nothing and is removed first.
        quick: do not list the faces of the hull, which for six and seven sources takes a while.
        cover: a proof to be checked and used where it says more than can be seen without.

    Raises:
        InputError: a multiplier of another shape, or with entries that are not finite; a cover of another problem.

    Example:
        >>> from theory.problem import Problem
        >>> problem = Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]])
        >>> lower_bound(problem, np.diag([1.0, 2.0])).value < problem.modular_loss
        True
    """
    return _in_order(problem, _Proof(_square(problem, multiplier), None, quick, cover), _bound_of_multiplier)


def best_bound(
    problem: Problem,
    multiplier: Array,
    *,
    weights: Array | None = None,
    quick: bool = False,
    cover: Cover | None = None,
) -> Bound:
    """The best of the bounds that some multipliers prove: the one passed, that of a code, and variants of both.

    Args:
        problem: the problem.
        multiplier: (d, d) symmetric Y.
        weights: (n, d) a code, whose own multiplier is tried too. Of strongly correlated sources it keeps digits that
            Y, a product, has lost.
        quick: do not look at the faces of the hull.
        cover: a proof to be checked and used where it says more than can be seen without.
    """
    return _in_order(problem, _Proof(_square(problem, multiplier), weights, quick, cover), _best_of_several)


def most_provable(problem: Problem, multiplier: Array, neurons: Array, cover: Cover | None = None) -> float:
    """What a multiplier (d, d) proves at most, seen from some neurons (n, d) alone: quick, and no proof of anything."""
    if IN_ORDER.accepts(problem):
        proof = _ordered(problem, _Proof(multiplier, neurons, cover=cover))
        return most_provable(problem.in_order, proof.multiplier, _rows(proof), proof.cover)
    if problem.dependent:
        proof = _of_hull(problem, _Proof(multiplier, neurons))
        if has_spans(problem):
            return _most_of_code(problem.canonical, proof.multiplier, _rows(proof))
        return most_provable(problem.on_hull, proof.multiplier, _rows(proof), cover)
    if GROUP_BY_GROUP.accepts(problem.canonical):
        parts = _of_groups(problem.canonical, _Proof(multiplier, neurons, cover=cover))
        return sum(
            most_provable(part, own.multiplier, _rows(own), own.cover) for _, part, own in parts if part is not None
        )
    chain = Chain.of(problem, None if cover is None else cover.samples, listed=False)
    inside, bounds = chain.reduced, list[float]()
    tried = np.vstack([neurons, inside.modular_weights])
    at_code = code_worths(inside, neurons)
    if at_code and not neurons.any():
        bounds.append(inside.loss(neurons))  # as step 3 has it where no neuron is worth having
    for number, worth in enumerate([inside.proving.worth(multiplier), *at_code]):
        value, ratio = _seen_from(inside, worth, tried)
        bounds.append(value if number else value_of_multiplier(inside, multiplier, ratio, value))
    without = chain.lower_bound(max(bounds))
    if problem.recurrence is None:
        return without
    code = neurons.T @ neurons
    return max(2 * inside.readout_cost(code) + problem.recurrence.value(code), without)


def falls_short(problem: Problem, multiplier: Array, neurons: Array, loss: float) -> bool:
    """Whether some neurons (n, d) alone show that a multiplier, however it is shrunk, proves far less than a loss.

    Quick, and no proof that it proves any more where the answer is no.

    Args:
        problem: at the end of the chain of reductions.
        multiplier: (d, d).
        neurons: (n, d) that may earn more than they cost.
        loss: of a code.

    Example:
        >>> from theory.problem import Problem
        >>> problem = Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]])
        >>> [falls_short(problem, factor * np.eye(2), np.eye(2), problem.modular_loss) for factor in (1.0, 4.0)]
        [False, False]
        >>> falls_short(problem, np.diag([1.0, 9.0]), np.eye(2), problem.modular_loss)
        True
    """
    most, _ = _seen_from(problem, problem.proving.worth(multiplier), neurons)
    return most < loss * (1 - 1e-4) and next(_shrunk(problem), None) is None  # far beyond rounding


def _most_of_code(inside: Problem, multiplier: Array, neurons: Array) -> float:
    """What a multiplier, or that of a code (n, r), proves at most, seen from the neurons of the code alone."""
    if not len(neurons):
        return inside.loss(neurons)
    worths = [inside.proving.worth(multiplier), *code_worths(inside, neurons)]
    return max(_seen_from(inside, worth, neurons)[0] for worth in worths)


def _seen_from(problem: Problem, worth: Array, neurons: Array) -> tuple[float, float]:
    """What a multiplier proves if no neuron but some (n, d) earned more for its cost, and their largest ratio."""
    root = symmetric_root(worth)
    ratio = float(ratios(problem, root.T @ root, neurons).max(initial=0.0))
    return problem.proving.readout.dual_value(root, ratio), ratio


# ---- columns: their order, and sources that depend on each other ---------------------------------------------------


def _in_order(problem: Problem, proof: _Proof, bound_of: Callable[[Chain, _Proof], Bound]) -> Bound:
    """The bound with the sources in the order in which `solve` has them, so that not a digit differs from its own."""
    if not IN_ORDER.accepts(problem):
        if has_spans(problem):
            return bound_of_spans(problem, proof.multiplier, proof.weights)
        return _in_columns(problem, _bounded(problem.on_hull, _of_hull(problem, proof), bound_of))
    bound = _in_order(problem.in_order, _ordered(problem, proof), bound_of)
    back = np.argsort(problem.column_order)
    return replace(bound, worst_neuron=bound.worst_neuron[back], multiplier=bound.multiplier[np.ix_(back, back)])


def _ordered(problem: Problem, proof: _Proof) -> _Proof:
    """What is to prove a bound, with the sources in their own order."""
    columns = problem.column_order
    return replace(
        proof,
        multiplier=proof.multiplier[np.ix_(columns, columns)],
        weights=None if proof.weights is None else IN_ORDER.weights(problem, proof.weights),
        cover=IN_ORDER.cover(problem, proof.cover),
    )


def _of_hull(problem: Problem, proof: _Proof) -> _Proof:
    """What is to prove a bound, on the coordinates of dependent sources: Y = U Y_r U', and neurons W U."""
    hull = problem.hull
    if hull is None:
        return proof
    weights = None if proof.weights is None else hull.functions(proof.weights)
    return replace(proof, multiplier=proof.multiplier[np.ix_(hull.kept, hull.kept)], weights=weights)


def _in_columns(problem: Problem, bound: Bound) -> Bound:
    """A bound found on the coordinates of dependent sources, in the columns of these."""
    hull = problem.hull
    if hull is None:
        return bound
    worst = in_own_columns(problem, bound.worst_neuron[None])[0]
    return replace(bound, worst_neuron=worst, multiplier=hull.form(bound.multiplier))


# ---- steps 1 and 4: the chain of reductions, down and back ---------------------------------------------------------


def _bounded(problem: Problem, proof: _Proof, bound_of: Callable[[Chain, _Proof], Bound]) -> Bound:
    """The bound at the end of the chain of reductions, as one on every code of the problem itself."""
    if GROUP_BY_GROUP.accepts(problem.canonical):
        return _sum_of_groups(problem.canonical, proof, bound_of)
    cover = proof.cover
    if cover is None or cover.samples is None:
        return bound_of(Chain.of(problem), proof)
    cover.require_fitting(problem.canonical)
    proof = replace(proof, cover=cover.within, quick=proof.quick or cover.within is not None)
    bound = bound_of(Chain.of(problem, cover.samples, listed=not proof.quick), proof)
    # The cost of the worst neuron with all samples; among some it is one.
    cost = float(problem.canonical.neuron_cost(bound.worst_neuron)[0])
    exact = bound.exact and cost <= 1 + WORTH.attained
    return replace(bound, exact=exact, worst_neuron=bound.worst_neuron / cost**0.5)


def _bound_of_multiplier(chain: Chain, proof: _Proof) -> Bound:
    """Step 2 and the way back: what the multiplier proves as it is."""
    inside = chain.reduced
    bound = bound_of_worth(inside, inside.proving.worth(proof.multiplier), quick=proof.quick, cover=proof.cover)
    bound = with_multiplier(inside, proof.multiplier, bound)
    return replace(bound, value=chain.lower_bound(bound.value))


def _best_of_several(chain: Chain, proof: _Proof) -> Bound:
    """Steps 3 and 4."""
    bound = _best_at_end(chain.reduced, proof)
    if WITHOUT_LAYER not in chain.reductions:
        return bound
    with_layer, weights = chain.problems[-2], proof.weights
    at_codes = bounds_at_codes(with_layer, proof.multiplier, weights, quick=proof.quick, cover=proof.cover)
    return _best([replace(bound, value=chain.lower_bound(bound.value)), *at_codes], _loss(with_layer, weights))


def _of_groups(problem: Problem, proof: _Proof) -> Iterator[tuple[list[int], Problem | None, _Proof]]:
    """For each group its sources, it by itself, and what it has of a proof: multiplier, neurons, cover."""
    groups = problem.groups or {}
    code = np.empty((0, problem.dimension)) if proof.weights is None else proof.weights
    owner = parts_of(code * np.sqrt(problem.modular_costs), groups).argmax(axis=1)
    covers: tuple[Cover | None, ...] = (None,) * len(groups)
    if proof.cover is not None and proof.cover.parts:
        proof.cover.require_fitting(problem)
        covers = proof.cover.parts
    for number, (members, part, cover) in enumerate(zip(groups.values(), problem.parts, covers, strict=True)):
        chosen = list(members)
        own, rows = proof.multiplier[np.ix_(chosen, chosen)], code[owner == number][:, chosen]
        yield chosen, part, replace(proof, multiplier=own, weights=rows, cover=cover)


def _rows(proof: _Proof) -> Array:
    assert proof.weights is not None
    return proof.weights


def _sum_of_groups(problem: Problem, proof: _Proof, bound_of: Callable[[Chain, _Proof], Bound]) -> Bound:
    """The sum of what the blocks of a multiplier prove of the groups, each scaled by itself."""
    value, most, exact = 0.0, -np.inf, True
    worst, used = np.zeros(problem.dimension), np.zeros_like(proof.multiplier)
    for members, part, own in _of_groups(problem, proof):
        if part is None:
            continue
        weights = own.weights if len(_rows(own)) or not part.readout.exact else None
        bound = _bounded(part, replace(own, weights=weights), bound_of)
        value, exact = value + bound.value, exact and bound.exact
        # In the size that proves most, so that the groups' multipliers are of one measure.
        multiple = part.readout.dual_multiple(symmetric_root(bound.multiplier), bound.rho)
        used[np.ix_(members, members)] = multiple * bound.multiplier
        if multiple * bound.rho > most:
            most, worst = multiple * bound.rho, np.zeros(problem.dimension)
            worst[members] = bound.worst_neuron
    return Bound(value, most, exact, worst, used)


# ---- step 3: several multipliers -----------------------------------------------------------------------------------


def _best_at_end(problem: Problem, proof: _Proof) -> Bound:
    """The best of the multiplier, that of the code, and both shrunk, for a problem at the end of the chain."""
    weights, quick, cover, loss = proof.weights, proof.quick, proof.cover, _loss(problem, proof.weights)
    at_code = [] if weights is None else code_worths(problem, weights)
    worths = [problem.proving.worth(proof.multiplier), *at_code]
    bounds = _bounds(problem, worths, loss, quick=quick, cover=cover)
    if len(bounds) == len(worths):
        bounds[0] = with_multiplier(problem, proof.multiplier, bounds[0])
    worths = worths[-len(bounds) :]
    if at_code and weights is not None and not weights.any() and bounds[-1].rho <= 1:
        # Where no neuron is worth having without any, none is best; the two traces of its dual value may lose digits.
        bounds[-1] = replace(bounds[-1], value=loss)
    best = int(np.argmax([within_loss(bound.value, loss) for bound in bounds]))
    if not bounds[best].exact:
        bounds.append(bound_of_worth(problem, np.eye(problem.dimension), quick=True))
    if optimality_gap(loss, within_loss(bounds[best].value, loss)) <= WORTH.attained:
        return _best(bounds, loss)  # nothing can prove more
    for kept in _shrunk(problem):
        bounds.append(bound_of_worth(problem, worths[best] * np.outer(kept, kept), quick=quick, cover=cover))
    return _best(bounds, loss)


def _bounds(problem: Problem, worths: list[Array], loss: float, *, quick: bool, cover: Cover | None) -> list[Bound]:
    """Step 2: what each of the multipliers proves, of the last ones until one meets the loss: no other can prove more.

    The last one is that of the code; the loss is infinite where there is no code.
    """
    bounds = list[Bound]()
    for worth in worths[::-1]:
        bounds.insert(0, bound_of_worth(problem, worth, quick=quick, cover=cover))
        if optimality_gap(loss, within_loss(bounds[0].value, loss)) <= WORTH.attained:
            break
    return bounds


def _shrunk(problem: Problem) -> Iterator[Array]:
    """Factors (d,) by which multipliers are shrunk, in the coordinates of proofs, on a tiny part of the loss.

    Such a coordinate is solved to fewer digits, since rounding of the whole hides it; yet its error would enter rho,
    and with it the whole bound, at full weight. A multiplier that is shrunk a little there loses a share of a share.
    """
    axes = problem.proving.weights(np.eye(problem.dimension))
    costs = problem.neuron_cost(np.concatenate([axes, -axes])).reshape(2, -1).min(axis=0)
    share = np.sqrt(problem.proving.readout.demand * costs)
    share = share / share.sum()
    enough = 1e-3
    # A combination that no target asks for has no share in the loss, and nothing to lose.
    small = (share > np.finfo(float).eps) & (share < enough)
    if not small.any():
        return
    digits_lost = np.where(small, np.sqrt(np.finfo(float).eps / np.where(small, share, 1.0)), 0.0)
    # In units of the digits that rounding hides; the last drops the source.
    for shrinkage in (1e-2, 1.0, 1e2, 1e4, np.inf):
        yield np.where(digits_lost > 0, np.maximum(0.0, 1 - shrinkage * np.maximum(digits_lost, 1e-300)), 1.0)


def _best(bounds: list[Bound], loss: float) -> Bound:
    """The best bound. By as much as one is above the loss of the code rounding was off: others are preferred to it."""
    best = max(bounds, key=lambda bound: within_loss(bound.value, loss))
    return replace(best, value=within_loss(best.value, loss))


def _loss(problem: Problem, weights: Array | None) -> float:
    return float("inf") if weights is None else problem.loss(weights)


def _square(problem: Problem, multiplier: ArrayLike) -> Array:
    require_problem(problem)
    matrix = as_matrix(multiplier, "multiplier")
    if matrix.shape != (problem.dimension, problem.dimension):
        raise InputError(
            f"multiplier: shape {matrix.shape} does not fit {problem.dimension} source(s); give a square one"
        )
    return matrix
