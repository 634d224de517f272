"""From a centred multiplier to the optimal code: at most three neurons, and the multiplier, to the last digit.

A constraint that is tight at the optimum is a neuron of the code: a ray, or the neuron w = r b + a / r of a cone, with
r = (P_a / P_b)^1/4, since the gradient of S is -w w' / 2. On the path its energy is psi / t over P, or half over S.

1. Of each ray and each cone take the energy. A ray that earns less than some neuron of a cone beside it (B < 0) leaves
   its energy to that.
2. Keep the three that have most, but none that has nearly nothing.
3. Newton's method for the conditions of optimality: these constraints are tight, and the gradient of log psi is the sum
   of the energies times w w'. A Schur complement leaves a system of three by three for the energies.
4. Where an energy comes out negative the constraint is not tight after all, and is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from solver.batches.barrier import Cones, Objective, Slacks
from solver.batches.forms import OnLastAxis, determinant, paired, solved, squared, summed_squares, times
from solver.batches.rays import Fan
from theory.arrays import Array, Indices, Mask


@dataclass(frozen=True)
class PolishTolerances:
    """What counts as a neuron, and how far Newton's method goes."""

    neurons: int = 3  # d (d + 1) / 2
    steps: int = 4  # three are usual
    singular: float = 1e-10  # what is added to the diagonal of second derivatives, relative to it
    faint: float = 1e-4  # share of the largest cost of a neuron that may have none at the optimum
    kept: float = 0.1  # share of each slack of a cone's rays that a step leaves


POLISH = PolishTolerances()


@dataclass(frozen=True, eq=False)
class Contacts(OnLastAxis):
    """Tight constraints, three a problem.

    Attributes:
        one: (2, 3, n) the ray b.
        other: (2, 3, n) the next ray a.
        q: (3, n) of their cone.
        alone: (3, n) whether the ray alone is meant.
        kept: (3, n) whether the place is taken.
        energies: (3, n) multipliers of the constraints, relative to psi.
    """

    one: Array
    other: Array
    q: Array
    alone: Mask
    kept: Mask
    energies: Array


@dataclass(frozen=True, eq=False)
class Candidates:
    """What may be a neuron: rays first, then the neurons of the cones.

    Attributes:
        neurons: (2, 2R, n).
        energies: (2R, n) squared sizes on the path, relative to psi.
        costs: (2R, n) of the neurons.
        gathered: (2R, n) energies in which each ray beside a neuron of a cone that earns more has left its own to that.
    """

    neurons: Array
    energies: Array
    costs: Array
    gathered: Array


def candidate_neurons(cones: Cones, fan: Fan, form: Array, weight: Array) -> Candidates:
    """Step 1.

    Args:
        cones: the constraints.
        fan: their rays.
        form: (3, n) centred Y.
        weight: (n,) its t.
    """
    slacks = Slacks.of(cones, form)
    inner = slacks.mixed < 0
    of_ray, of_cone = cones.real / (weight * slacks.here), cones.real / (2 * weight * slacks.both)
    share = (slacks.following / slacks.here) ** 0.25
    neurons = np.concatenate([fan.rays, share * fan.rays + fan.following / share], axis=1)
    cost = share**2 + 2 * cones.q + share**-2
    last = cones.real.sum(axis=0).astype(np.intp) - 1, np.arange(len(weight))
    inner_before = np.concatenate([inner[last][None], inner[:-1]])
    to_before = np.where(~inner & inner_before, of_ray, 0.0)
    from_next = np.concatenate([to_before[1:], to_before[:1]])
    from_next[last] = to_before[0]
    lone = np.where(inner | inner_before, 0.0, of_ray)
    gathered = of_cone + np.where(inner, (of_ray + from_next) / cost, 0.0)
    return Candidates(
        neurons,
        np.concatenate([of_ray, of_cone]),
        np.concatenate([np.ones_like(cost), cost]),
        np.concatenate([lone, gathered]),
    )


def heaviest(candidates: Candidates, fan: Fan, cones: Cones, least: float) -> Contacts:
    """Step 2.

    Args:
        candidates: of step 1.
        fan: the rays.
        cones: their constraints.
        least: share of the energy that a neuron has.
    """
    rows = squared(candidates.neurons)
    rows[1] /= 2**0.5
    rows = rows / np.sqrt((rows * rows).sum(axis=0))
    mass = candidates.gathered * candidates.costs
    total = mass.sum(axis=0)
    chosen = []
    for _ in range(POLISH.neurons):
        place = mass.argmax(axis=0)
        chosen.append((place, np.take_along_axis(mass, place[None], axis=0)[0] > least * total))
        # Those along the same line as some that are taken would be the same neurons again.
        taken = np.stack([np.take_along_axis(row, place[None], axis=0)[0] for row in rows])
        taken = taken / np.sqrt((taken * taken).sum(axis=0) + 1e-300)
        rows = rows - taken[:, None] * times(rows, taken)
        mass = candidates.gathered * candidates.costs * np.sqrt((rows * rows).sum(axis=0))
    places, kept = (np.stack(part) for part in zip(*chosen, strict=True))
    return _contacts(candidates, fan, cones, places, kept)


def _contacts(candidates: Candidates, fan: Fan, cones: Cones, places: Indices, kept: Mask) -> Contacts:
    """The constraints of some candidates (3, n)."""
    ray, alone = places % len(cones.q), places < len(cones.q)
    # The gradient of the constraint of a cone is half of w w', so that its multiplier is twice the energy.
    energies = np.take_along_axis(candidates.gathered, places, axis=0) * np.where(alone, 1.0, 2.0)
    one, other = (np.take_along_axis(rays, ray[None], axis=1) for rays in (fan.rays, fan.following))
    q = np.take_along_axis(cones.q, ray, axis=0)
    return Contacts(one, other, q, alone, kept, np.where(kept, energies, 0.0))


def polished(contacts: Contacts, objective: Objective, form: Array) -> tuple[Array, Array, Array]:
    """Steps 3 and 4.

    Args:
        contacts: the tight constraints.
        objective: psi.
        form: (3, n) Y to begin with.

    Returns:
        Y (3, n), the neurons (2, 3, n), and their energies (3, n), the squares of the sizes in which they are taken;
        one may be negative.
    """
    triples = squared(contacts.one), squared(contacts.other), paired(contacts.one, contacts.other)
    kept, energies = contacts.kept, contacts.energies
    numbers, signed = range(POLISH.neurons), energies
    for _ in range(POLISH.steps):
        value, slope, bent = _constraints(triples, contacts, form)
        gradient, curvature = objective.logarithm(form)
        matrix = curvature + summed_squares(bent * np.sqrt(energies))
        first, *answers = solved(matrix, gradient, *(slope[:, i] for i in numbers))
        schur = np.stack([(slope[:, i] * answers[j]).sum(axis=0) for i in numbers for j in numbers if i <= j])
        schur[_DIAGONAL] = np.where(kept, schur[_DIAGONAL], 1.0)
        right = -value - np.stack([(slope[:, i] * first).sum(axis=0) for i in numbers])
        (signed,) = solved(schur, np.where(kept, right, 0.0))
        step = first + sum(answers[i] * signed[i] for i in numbers)
        form = form + _allowed(triples, contacts, form, step) * step
        energies = np.maximum(signed, 0.0)
    one, other = _shares(triples, contacts, form)
    neurons = one * contacts.one + other * contacts.other
    sizes = objective.value(form) * signed * np.where(contacts.alone, 1.0, 0.5)
    return form, neurons, np.where(kept, sizes, 0.0)


def without(contacts: Contacts, which: Mask) -> Contacts:
    """The constraints but for some (3, n)."""
    kept = contacts.kept & ~which
    return replace(contacts, kept=kept, energies=np.where(kept, contacts.energies, 0.0))


_DIAGONAL = np.array([0, 3, 5])


def _constraints(triples: tuple[Array, Array, Array], contacts: Contacts, form: Array) -> tuple[Array, Array, Array]:
    """(3, n) the constraints' values, (3, 3, n) gradients, and (3, 3, n) roots d of minus their second derivatives dd'.

    Zero in places that are not taken.
    """
    one, other, pair = triples
    here, following, mixed = 1 - times(one, form), 1 - times(other, form), contacts.q - times(pair, form)
    product = np.where(contacts.alone, 1.0, here * following)
    root = np.sqrt(product)
    both = np.where(mixed < 0, (product - mixed * mixed) / (root - mixed), mixed + root)
    one_over, other_over = one / here, other / following
    value = np.where(contacts.alone, here, both)
    slope = -np.where(contacts.alone, one, pair + root / 2 * (one_over + other_over))
    bent = np.where(contacts.alone, 0.0, (one_over - other_over) * np.sqrt(root) / 2)
    kept = contacts.kept
    return np.where(kept, value, 0.0), np.where(kept, slope, 0.0), np.where(kept, bent, 0.0)


def _shares(triples: tuple[Array, Array, Array], contacts: Contacts, form: Array) -> tuple[Array, Array]:
    """(3, n) how much of either ray a neuron has."""
    ratio = (1 - times(triples[1], form)) / (1 - times(triples[0], form))
    share = np.where(contacts.kept & ~contacts.alone, np.maximum(ratio, 0.0), 1.0) ** 0.25
    return share, np.where(contacts.kept & ~contacts.alone, 1 / share, 0.0)


def _allowed(triples: tuple[Array, Array, Array], contacts: Contacts, form: Array, step: Array) -> Array:
    """(n,) the share of a step that leaves enough of the slacks of the rays beside a neuron."""
    inner = contacts.kept & ~contacts.alone
    falls = [np.where(inner, times(ray, step) / (1 - times(ray, form)), 0.0) for ray in triples[:2]]
    return np.asarray(1 / np.maximum(1.0, np.max(falls, axis=(0, 1)) / (1 - POLISH.kept)))


def few(candidates: Candidates) -> tuple[Array, Array]:
    """Neurons (2, 3, n) and energies (3, n) of the same matrix G as all candidates, at no higher cost (Caratheodory).

    One candidate after the other joins three that are kept. Of four there is a combination of matrices w w' that is
    zero: move the energies along it, to where it costs less, until one of them is zero.
    """
    rows, problems = squared(candidates.neurons), np.arange(candidates.costs.shape[1])
    kept = np.tile(np.arange(3)[:, None], len(problems))
    energies = candidates.energies.copy()
    for new in range(3, len(energies)):
        four = np.concatenate([kept, np.full((1, len(problems)), new)])
        a, b, c, d = (rows[:, four[i], problems] for i in range(4))
        null = np.stack([_volume(b, c, d), -_volume(a, c, d), _volume(a, b, d), -_volume(a, b, c)])
        costs = candidates.costs[four, problems]
        null = np.where((null * costs).sum(axis=0) > 0, -null, null)
        own = energies[four, problems]
        reach = np.where(null < 0, own / np.where(null < 0, -null, 1.0), np.inf)
        step = reach.min(axis=0)
        # Where all four lie in a plane the combination is not found: the one that costs least is given up.
        ends = np.where(np.isfinite(step), reach.argmin(axis=0), (own * costs).argmin(axis=0))
        own = np.maximum(own + np.where(np.isfinite(step), step, 0.0) * null, 0.0)
        own[ends, problems] = 0.0
        energies[four, problems] = own
        # The one without energy leaves; the new one takes its place.
        kept = np.where((np.arange(3)[:, None] == ends) & (ends < 3), new, kept)
    neurons = np.stack([np.take_along_axis(part, kept, axis=0) for part in candidates.neurons])
    return neurons, np.take_along_axis(energies, kept, axis=0)


def _volume(a: Array, b: Array, c: Array) -> Array:
    """(n,) the determinant of three columns (3, n)."""
    return np.asarray(
        a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0])
    )


def newton_energies(neurons: Array, energies: Array, costs: Array, objective: Objective) -> Array:
    """(3, n) energies of the same neurons after a step of Newton's method for the loss, none below zero.

    The energies of a path have lost as many digits as it has gone far; what that adds to the loss is its square.

    Args:
        neurons: (2, 3, n).
        energies: (3, n).
        costs: (3, n) of the neurons.
        objective: what reads them out.
    """
    code = (energies * squared(neurons)).sum(axis=1)
    code[1] /= 2
    code = code + objective.ridge
    over = code[[2, 1, 0]] * np.array([1.0, -1.0, 1.0])[:, None] / determinant(code)
    seen = np.stack([over[0] * neurons[0] + over[1] * neurons[1], over[1] * neurons[0] + over[2] * neurons[1]])
    read = objective.demand[:, None] ** 0.5 * seen
    slope = costs - (read * read).sum(axis=0)
    paid = energies * costs
    free = ~((slope > 0) & (paid <= POLISH.faint * paid.max(axis=0)))  # others have none at the optimum
    size = np.where(free, energies, 0.0)
    bent = np.stack(
        [
            2 * (neurons[:, i] * seen[:, j]).sum(axis=0) * (read[:, i] * read[:, j]).sum(axis=0) * size[i] * size[j]
            for i in range(POLISH.neurons)
            for j in range(i, POLISH.neurons)
        ]
    )
    bent[_DIAGONAL] = np.where(free, bent[_DIAGONAL], 1.0)
    bent[_DIAGONAL] *= 1 + POLISH.singular
    (step,) = solved(bent, slope * size)
    return np.maximum(size - size * step, 0.0)
