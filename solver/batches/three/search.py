"""The optimal codes of many problems of three sources, each with a bound of its own: column generation for all.

1. The faces of all hulls (`faces`), the problems sorted by their number, as many at a time as the caches hold.
2. Columns to begin with: a neuron along each axis, and those that earn most for their cost where all directions are
   worth the same.
3. A few steps of Newton's method for the energies of all columns (`master`), which end well before these are the best:
   as far from the borders as the gap is wide.
4. The neurons that earn most at the multiplier (`pricing`) take the places of columns with hardly any energy. Back to
   3, four times or so.
5. Whenever the gap has come down far enough the neurons that earn what they cost are taken to the last digit
   (`polish`). What they cost and what their multiplier proves (`proof`) tells whether that is the end.
6. The code is the only one if at most six neurons touch, their matrices u u' are independent, and on no face all
   neurons of a plane may touch. Those that are not proven are left to the caller.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import solver.solving.plan as planning
from solver.batches.certificate import best_value
from solver.batches.codes import CODES, Codes, WhitenedProblems
from solver.batches.three.faces import Faces, listed
from solver.batches.three.master import Columns
from solver.batches.three.matrices import OnFirstAxis, entries, inverses, multipliers, pairs, squared_sines, whole
from solver.batches.three.polish import NEURONS, lines_that_touch, polished
from solver.batches.three.pricing import FacePrices, priced
from solver.batches.three.proof import THREE_PROOF, costs, exactly, largest_ratios, proven, readouts
from theory.arrays import Array, Mask


@dataclass(frozen=True)
class ThreeLimits:
    """How problems are taken together, how they are searched, and what touches."""

    numbers: int = 1 << 18  # heights of neurons at corners that are looked at together
    columns: int = 16
    first: int = 5  # steps before neurons are looked for,
    steps: int = 3  # and between two looks
    rounds: int = 12  # four are usual
    joining: int = 4  # neurons a round
    aims: tuple[float, ...] = (1e-4, 1e-6, 1e-9)  # gaps at which Newton's method is tried for the last digits
    distance: float = 0.02  # mu in units of the gap
    least: float = 1e-13  # mu in units of the loss
    same: float = 1e-13  # squared sine of the angle between two columns that are one
    idle: float = 1e-2  # share of the loss of a column that joins, at most
    faint: float = 1e-8  # share of the cost of a neuron that is left out
    touches: float = 1e-6  # by how much a neuron may earn less than it costs
    multiple: float = 1e-5  # relative difference of two eigenvalues that may be none
    independent: float = 1e-4  # least singular value of the matrices of neurons, of unit size


THREE = ThreeLimits()


@dataclass(frozen=True, eq=False)
class _Clouds(OnFirstAxis):
    """Problems, the first axis of every array: samples (n, T, 3), the diagonal of K (n, 3) and G0 (n, 3, 3)."""

    points: Array
    demand: Array
    ridge: Array

    def measured(self, faces: Faces, neurons: Array, multiplier: Array) -> Codes:
        """What codes (n, k, 3) cost and multipliers (n, 3, 3) prove; without errors in the size that suits a code."""
        cost, exact = costs(self.points, neurons).sum(axis=1), (self.ridge == 0).all(axis=(1, 2))
        read = readouts(neurons.transpose(0, 2, 1) @ neurons + self.ridge, self.demand)
        size = np.where(exact, (read / cost) ** 0.25, 1.0)
        loss = np.where(exact, 2 * np.sqrt(cost * read), cost + read)
        form = np.where(np.isfinite(multiplier), multiplier, 0.0)
        bound = proven(form, largest_ratios(faces, form), self.demand, self.ridge)
        return Codes.of((neurons * size[:, None, None]).T, entries(form).T, loss, bound)


def optimal_codes_of_three(
    whitened: WhitenedProblems, known: tuple[Array, Array, Array] | None = None, met: float = 0.0
) -> tuple[Codes, Mask]:
    """The best code of each problem with its proof, and whether it is a known one.

    Its loss is infinite where none was found.

    Args:
        whitened: the problems.
        known: neurons (3, 3, n), energies (3, n) and multipliers (6, n) of codes that may be optimal.
        met: gap of such a code at which no other is looked for.

    Example:
        >>> from solver.batches.codes import WhitenedProblems
        >>> cube = np.array(np.meshgrid(*[[-1.0, 1.0]] * 3)).reshape(3, 8, 1)
        >>> modular = np.eye(3)[..., None], np.full((3, 1), 0.5), np.array([2.0, 0, 0, 2, 0, 2])[:, None]
        >>> posed = WhitenedProblems(cube, np.full((3, 1), 1 / 3), np.zeros((6, 1)))
        >>> codes, is_known = optimal_codes_of_three(posed, modular, 1e-9)
        >>> codes.loss.round(9).tolist(), is_known.tolist()
        ([4.898979486], [True])
    """
    points, demand = np.ascontiguousarray(whitened.points.transpose(2, 1, 0)), np.ascontiguousarray(whitened.demand.T)
    posed = _Clouds(points, demand, whole(whitened.ridge.T))
    problems = len(posed.points)
    codes, is_known = Codes.none(problems, 3), np.zeros(problems, dtype=bool)
    hulls = listed(posed.points)  # step 1
    count = hulls.corner_count
    usable = np.flatnonzero((count > 0) & (count <= planning.SIZES.corners_of_three))
    order = usable[np.argsort(count[usable], kind="stable")]
    with np.errstate(all="ignore"):
        while len(order):
            rows = max(1, THREE.numbers // int(count[order[min(len(order), THREE.numbers // 64) - 1]]) ** 2)
            part, order = order[:rows], order[rows:]
            faces = Faces.of(posed.points[part], hulls.chosen(part))
            some = posed.chosen(part)
            left = np.arange(len(part))
            if known is not None:
                neurons, energies, form = (array[..., part].T for array in known)
                sized = np.zeros((len(part), NEURONS, 3))
                sized[:, :3] = neurons * np.sqrt(energies)[..., None]
                known_codes = some.measured(faces, sized, whole(form))
                is_known[part] = known_codes.gap <= met
                codes.put(part, known_codes)
                left = np.flatnonzero(~is_known[part])
            if len(left):
                codes.put(part[left], _searched(some.chosen(left), faces.chosen(left)))
            codes.unique[part] = _has_one_code(faces, whole(codes.multiplier[:, part].T))
    return codes, is_known


def _searched(posed: _Clouds, faces: Faces) -> Codes:
    """Steps 2 to 5."""
    problems = len(posed.points)
    result, place, columns = Codes.none(problems, 3), np.arange(problems), _begun(posed, faces)
    tries, steps = np.zeros(problems, dtype=np.intp), THREE.first
    aims = np.array([*THREE.aims, 0.0])
    for _ in range(THREE.rounds):
        maxima = priced(faces, columns.multiplier)
        gap, loss = _gap(columns, maxima.ratios.max(axis=1))
        tried = np.flatnonzero(gap <= aims[tries])
        if len(tried):
            codes = _finished(posed.chosen(tried), faces.chosen(tried), columns.chosen(tried), maxima.chosen(tried))
            codes.steps[:] = steps
            result.put(place[tried], result.chosen(place[tried]).better(codes))
            tries[tried] = (gap[tried, None] <= aims).sum(axis=1)
        live = np.flatnonzero((tries < len(THREE.aims)) & (result.gap[place] > CODES.met) & np.isfinite(gap))
        if not len(live):
            break
        if len(live) < len(place):
            place, posed, faces, columns = place[live], posed.chosen(live), faces.chosen(live), columns.chosen(live)
            maxima, gap, loss, tries = maxima.chosen(live), gap[live], loss[live], tries[live]
        least = np.maximum(THREE.distance * gap, THREE.least) * loss / THREE.columns
        columns = _joined(columns, maxima, least).moved(least, THREE.steps)
        steps += THREE.steps
    return result


def _begun(posed: _Clouds, faces: Faces) -> Columns:
    """Step 2."""
    problems = len(posed.points)
    maxima = priced(faces, np.broadcast_to(np.eye(3), (problems, 3, 3)))
    best = np.argpartition(-maxima.ratios, THREE.columns - 4, axis=1)[:, : THREE.columns - 3]
    axes = np.broadcast_to(np.eye(3), (problems, 3, 3))
    neurons = np.concatenate([np.take_along_axis(maxima.neurons, best[..., None], axis=1), axes], axis=1)
    # Of a face without a maximum the neuron lies on another face, where it costs more.
    cost = costs(posed.points, neurons)[..., None]
    neurons = np.where(cost > 0, neurons / np.sqrt(cost), 0.0)
    ones = np.ones((problems, THREE.columns))
    columns = Columns(neurons, ones / THREE.columns, ones / 2, posed.demand, posed.ridge)
    return columns.moved(np.full(problems, THREE.idle / THREE.columns), THREE.first)


def _gap(columns: Columns, rho: Array) -> tuple[Array, Array]:
    """(n,) the gap between the columns' code and what their multiplier proves if rho is right, and the loss."""
    inverse, multiplier = columns.inverse, columns.multiplier
    paid, read = columns.energies.sum(axis=1), (np.diagonal(inverse, axis1=1, axis2=2) * columns.demand).sum(axis=1)
    exact, lost = (columns.ridge == 0).all(axis=(1, 2)), (multiplier * columns.ridge).sum(axis=(1, 2))
    loss = np.where(exact, 2 * np.sqrt(paid * read), paid + read)
    return (loss - best_value(2 * read, lost, rho)) / loss, loss


def _joined(columns: Columns, maxima: FacePrices, least: Array) -> Columns:
    """Step 4: each new column has the energy at which its slack, at that mu, is as large as itself, or little."""
    best = np.argpartition(-maxima.ratios, THREE.joining, axis=1)[:, : THREE.joining]
    use = columns.energies / columns.slacks
    place = np.argsort(use, axis=1)[:, : THREE.joining]
    paid = columns.energies.sum(axis=1)
    fresh = np.take_along_axis(maxima.neurons, best[..., None], axis=1)
    joins = np.take_along_axis(maxima.ratios, best, axis=1) > 1 - THREE.touches
    joins &= ~(squared_sines(fresh, columns.neurons) < THREE.same).any(axis=2)
    row, which = np.nonzero(joins & (np.take_along_axis(use, place, axis=1) < paid[:, None]))
    neurons, energies, slacks = columns.neurons.copy(), columns.energies.copy(), columns.slacks.copy()
    mu = np.maximum(columns.mu, least)
    size = np.minimum(THREE.idle * paid, np.sqrt(mu * paid))
    place = place[row, which]
    neurons[row, place], energies[row, place], slacks[row, place] = fresh[row, which], size[row], (mu / size)[row]
    return replace(columns, neurons=neurons, energies=energies, slacks=slacks)


def _finished(posed: _Clouds, faces: Faces, columns: Columns, maxima: FacePrices) -> Codes:
    """Step 5."""
    neurons = polished(columns, faces, maxima)
    codes = _proven(posed, faces, neurons)
    cost = costs(posed.points, neurons)
    faint = cost < THREE.faint * cost.sum(axis=1, keepdims=True)
    again = np.flatnonzero((faint & (cost > 0)).any(axis=1))
    if len(again):
        fewer = np.where(faint[again, :, None], 0.0, neurons[again])
        some = _proven(posed.chosen(again), faces.chosen(again), fewer)
        codes.put(again, codes.chosen(again).unless(some, CODES.met))
    return codes


def _proven(posed: _Clouds, faces: Faces, neurons: Array) -> Codes:
    """Codes (n, k, 3) with what their own multipliers prove."""
    inverse = inverses(neurons.transpose(0, 2, 1) @ neurons + posed.ridge)
    return posed.measured(faces, neurons, multipliers(inverse, posed.demand))


def _has_one_code(faces: Faces, multiplier: Array) -> Mask:
    """(n,) step 6."""
    maxima = priced(faces, multiplier)
    _, lines = lines_that_touch(maxima, THREE.touches)
    rows = pairs(lines, lines) / np.sqrt([1.0, 2.0, 2.0, 1.0, 2.0, 1.0])
    rows = rows / np.maximum((lines * lines).sum(axis=-1, keepdims=True), np.finfo(float).tiny)
    usable = np.isfinite(rows).all(axis=(1, 2))
    sizes = np.linalg.svd(np.where(usable[:, None, None], rows, 0.0), compute_uv=False)
    count = lines.any(axis=2).sum(axis=1)
    least = np.take_along_axis(sizes, np.clip(count - 1, 0, NEURONS - 1)[:, None], axis=1)[:, 0]
    few = (maxima.ratios > 1 - THREE.touches).sum(axis=1) <= 2 * NEURONS
    single = ~_whole_planes(faces, multiplier, maxima).any(axis=1)
    return np.asarray(usable & few & single & (count <= NEURONS) & ((least > THREE.independent) | (count == 0)))


def _whole_planes(faces: Faces, multiplier: Array, maxima: FacePrices) -> Mask:
    """(n, V + E + F) the faces on which all neurons of a plane may touch."""
    planes = (maxima.values > 1 - THREE.touches) & (maxima.alone <= THREE.multiple * maxima.values)
    at: Any = np.nonzero(planes[:, : faces.counts[0]])
    if len(at[0]):
        planes[at] = exactly(faces, multiplier, at)[1] >= -THREE_PROOF.outside
    return planes
