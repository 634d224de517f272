"""Which optimal code is given where there are several: one of as few neurons as are enough, and no matter of chance.

1. Where the neurons are unique there is nothing to choose; a modular code has as few neurons as there can be. Where
   the multiplier is not known to enough digits to tell, Newton's method goes on until the slopes of the loss vanish.
2. Where optimal codes are made of finitely many neurons, a mixed-integer program finds as few as are enough. Of the
   sets of so many that one is taken for which a fixed function of the neurons adds up to least.
3. Where continua of neurons touch, and G determines what each of them adds, ``R' X R`` with its extreme neurons R, a
   triangular root without negative entries, ``X = L L'``, gives its neurons, the rows of L' R. With two extreme neurons
   there is one always.
4. Or d extreme neurons R of one continuum span a cone in which all of ``G = R' X R`` has such a root.
5. Where none has, descents from codes of one neuron less are tried, as long as they lead to the optimum.
6. A code is taken only if it costs no more, up to rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from math import perm

import numpy as np

import solver.solving.plan as planning
from solver.ambiguity.optimal_codes import OPTIMAL_CODES
from solver.ambiguity.touching_neurons import TouchingNeurons, missed, touching_neurons, undecidable
from solver.generation.few_neurons import FewNeurons
from theory.arrays import Array
from theory.problem import Problem


@dataclass(frozen=True)
class ChoiceTolerances:
    """What a choice may take and cost."""

    costlier: float = 4e-15  # relative rise of the loss that is rounding
    known: float = 1e-12  # by how much neurons may miss earning what they cost
    rounds: int = 4  # of Newton's method, to get there
    flat: float = 1e-9  # determinant of unit neurons below which they span no cone
    vanished: float = 1e-9  # share of what an extreme neuron adds that rounding leaves of none
    negative: float = 1e-11  # entry of a root, in units of its largest, that rounding left below zero


CHOICE = ChoiceTolerances()


def chosen_code(problem: Problem, weights: Array) -> Array:
    """The code (n, d) to give in the place of an optimal one (m, d); that itself where nothing better is known.

    Args:
        problem: in canonical form.
        weights: (m, d).

    Example:
        >>> from theory.problem import Problem
        >>> octagon = np.array([[np.cos(a), np.sin(a)] for a in np.pi / 4 * np.arange(8)])
        >>> problem = Problem(octagon, encoder_cost=1e-3)
        >>> from solver import solve
        >>> len(chosen_code(problem, solve(problem).source_weights))
        2
    """
    least = problem.readout.least_neurons
    if not len(weights) or undecidable(problem, quick=True) or (len(weights) == least and _is_modular(weights)):
        return weights
    exact = _to_all_digits(problem, weights)
    touching = touching_neurons(problem, exact)
    if isinstance(touching, str):
        return exact
    fewer = _of_as_few(problem, exact, touching)
    # Step 6.
    if fewer is None or problem.loss(fewer) > problem.loss(exact) * (1 + CHOICE.costlier):
        return exact
    return _to_all_digits(problem, fewer)


def _of_as_few(problem: Problem, weights: Array, touching: TouchingNeurons) -> Array | None:
    """Steps 2 to 5; None where the code is to stay."""
    codes = touching.codes
    if codes.most_between() > OPTIMAL_CODES.nothing:
        fewer = continuum_by_continuum(touching)
        if fewer is not None and problem.loss(fewer) <= problem.loss(weights) * (1 + CHOICE.costlier):
            return fewer
        fewer = _in_one_continuum(problem, weights, touching)
        return _descended(problem, weights) if fewer is None else fewer
    if codes.independent or len(touching.weights) > planning.SIZES.lines:
        return None
    return _of_few(problem, touching)


def _to_all_digits(problem: Problem, weights: Array) -> Array:
    """Step 1: the loss has twice the digits of the multiplier, and tells nothing of the last half of these."""
    if missed(problem, weights) <= CHOICE.known:
        return weights
    search, best = FewNeurons(problem), weights
    most = problem.loss(weights) * (1 + CHOICE.costlier)
    for _ in range(CHOICE.rounds):
        neurons = search.polished(search.scaled.coordinates(best))
        moved = search.scaled.source_weights(neurons[search.scaled.present(neurons)])
        if not len(moved) or problem.loss(moved) > most:
            break
        best = moved
        if missed(problem, best) <= CHOICE.known:
            break
    return best


def _is_modular(weights: Array) -> bool:
    return bool((np.count_nonzero(weights, axis=1) == 1).all())


def _of_few(problem: Problem, touching: TouchingNeurons) -> Array | None:
    """Step 2."""
    alone = touching.codes.without_between()
    fewest = alone.fewest(preferred=_preferred(touching.weights * np.sqrt(problem.modular_costs)))
    if fewest is None:
        return None
    shares = alone.exact(fewest.chosen)
    if shares is None:
        return None
    energies = (shares * touching.unit)[fewest.chosen]
    return np.asarray(touching.weights[fewest.chosen] * np.sqrt(energies)[:, None])


def _preferred(weights: Array) -> Array:
    """(n,) from zero to one: a smooth function that tells neurons apart, and is the same for mirror images.

    Args:
        weights: (n, d) in units in which the sources cost the same, so that it does not depend on those of the data.
    """
    unit = weights / np.linalg.norm(weights, axis=1, keepdims=True)
    products = unit[:, :, None] * unit[:, None, :]
    factors = np.sqrt(np.arange(2, 2 + unit.shape[1] ** 2)).reshape(unit.shape[1], -1)
    angle = (products * (factors + factors.T)).sum(axis=(1, 2))
    return np.asarray((1 + np.sin(angle)) / 2)


def continuum_by_continuum(touching: TouchingNeurons) -> Array | None:
    """(n, d) step 3; None where continua share neurons, or G does not determine what each adds.

    Args:
        touching: the neurons that touch.

    Example:
        >>> from solver import Problem, solve
        >>> from solver.ambiguity.touching_neurons import touching_neurons
        >>> from theory import Sources
        >>> problem = Problem(Sources.from_moments(np.eye(2) / 3, [[-1, -1], [-1, 1], [1, -1], [1, 0.2]])).in_order
        >>> touching = touching_neurons(problem.canonical, solve(problem).source_weights)
        >>> len(touching.continua), continuum_by_continuum(touching) is None  # they share a neuron
        (2, True)
    """
    codes, lines = touching.codes, np.concatenate([members[:, 0] for members in touching.continua])
    if not codes.independent or len(set(lines.tolist())) < len(lines):
        return None
    shares = codes.exact(np.arange(codes.columns.shape[1]))
    if shares is None:
        return None
    amount = shares * codes.unit
    form = np.diag(amount[: codes.neurons])
    one, other, sign = touching.pairs.T
    form[one, other] = form[other, one] = sign * amount[codes.neurons :]
    alone = np.setdiff1d(np.flatnonzero(shares[: codes.neurons] > OPTIMAL_CODES.nothing), lines)
    parts = [touching.weights[alone] * np.sqrt(amount[alone])[:, None]]
    for members, extremes in zip(touching.continua, touching.extremes, strict=True):
        root = _nonnegative_root(form[np.ix_(members[:, 0], members[:, 0])] * np.outer(members[:, 1], members[:, 1]))
        if root is None:
            return None
        parts.append(root.T @ extremes)
    return np.vstack(parts)


def _nonnegative_root(form: Array) -> Array | None:
    """(m, k) L without negative entries, triangular in the first order in which there is one; None where there is none.

    Args:
        form: (m, m) L L', without negative entries.
    """
    for order in permutations(range(len(form))):
        left, columns = form[np.ix_(order, order)].copy(), []
        for place in range(len(form)):
            if left[place, place] > CHOICE.vanished * form[order[place], order[place]]:
                column = left[:, place] / left[place, place] ** 0.5
                left -= np.outer(column, column)
                columns.append(column)
        root = np.array(columns).reshape(-1, len(form)).T[np.argsort(order)]
        if root.min(initial=0.0) >= -CHOICE.negative * root.max(initial=0.0):
            return root.clip(min=0.0)
        if perm(len(form), len(form)) > planning.SIZES.orders:
            return None
    return None


def _in_one_continuum(problem: Problem, weights: Array, touching: TouchingNeurons) -> Array | None:
    """Step 4: of all choices of extreme neurons in all orders the first."""
    scale, size = np.sqrt(problem.modular_costs), problem.dimension
    scaled = weights * scale
    gram = scaled.T @ scaled
    for continuum in touching.extremes:
        extremes = continuum * scale
        extremes /= np.linalg.norm(extremes, axis=1, keepdims=True)
        if not 0 < perm(len(extremes), size) <= planning.SIZES.orders:
            continue
        chosen = extremes[np.array(list(permutations(range(len(extremes)), size)))]
        chosen = chosen[np.abs(np.linalg.det(chosen)) > CHOICE.flat]
        inverse = np.linalg.inv(chosen)
        try:
            roots = np.linalg.cholesky(np.swapaxes(inverse, 1, 2) @ gram @ inverse)
        except np.linalg.LinAlgError:
            continue
        fits = roots.min(axis=(1, 2), initial=0.0) >= -CHOICE.negative * roots.max(axis=(1, 2), initial=0.0)
        if fits.any():
            first = int(fits.argmax())
            return np.asarray(roots[first].clip(min=0.0).T @ chosen[first] / scale)
    return None


def _descended(problem: Problem, weights: Array) -> Array | None:
    """Step 5."""
    search, best = FewNeurons(problem), None
    neurons = search.scaled.coordinates(weights)
    most = search.loss(neurons) * (1 + CHOICE.costlier)
    while len(neurons) > problem.readout.least_neurons:
        fewer = search.reaching(search.reduced(neurons), most)
        if fewer is None:
            break
        best = neurons = fewer
    return None if best is None else search.scaled.source_weights(best)
