"""The multiplier Y that proves most, for many problems of two sources at once: an interior-point method.

    maximise  psi(Y) = 2 tr (K^1/2 Y K^1/2)^1/2 - tr(Y G0)     subject to     w'Y w <= f(w) for every w

On the cone between the rays b and a, f is one quadratic form (`rays`), and f(w) - w'Y w >= 0 for all w in it if and
only if P_b = 1 - b'Y b and P_a are not negative and S = B + sqrt(P_b P_a) is not, with B = q - b'Y a (copositivity of
order two). S is concave in Y. So, in the three numbers of Y:

1. Start at a multiple of the identity at which psi is positive, with t four times the number of constraints.
2. Newton's method for  t log psi + log det Y + sum log P + sum log S.  Every second derivative is minus a sum of
   squares; where B < 0, S = (P_b P_a - B^2) / (sqrt(P_b P_a) - B) keeps its digits.
3. No P, S or det Y may fall below half its value in a step: shorten it, halving where it must be.
4. Where a full step had a decrement below one half, t grows tenfold. The gap of a centred Y is the number of
   constraints over t, relative to psi.
5. End where that gap is as asked for and Y is centred: put the problem aside; give it up after too many steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.batches.forms import OnLastAxis, determinant, paired, solved, squared, summed_squares, times
from solver.batches.rays import Fan
from theory.arrays import Array, Indices, Mask


@dataclass(frozen=True)
class BatchBarrierTolerances:
    """How the path is followed."""

    first: float = 4.0  # t at the start, in units of the number of constraints
    growth: float = 10.0  # of t
    quick: float = 0.5  # decrement below which t grows
    kept: float = 0.5  # share of each slack that a step leaves
    halvings: int = 30  # of a step
    steps: int = 120  # of Newton's method: thirty are usual
    gathered: float = 0.75  # share of the problems under way below which the others are put aside


BATCH_BARRIER = BatchBarrierTolerances()


@dataclass(frozen=True, eq=False)
class Cones(OnLastAxis):
    """What the constraints of n problems are made of.

    Attributes:
        ray: (3, R, n) triples of the rays b, so that P = 1 - ray.Y.
        pair: (3, R, n) triples of each ray and the next: B = q - pair.Y.
        q: (R, n).
        real: (R, n) one, or zero for a repetition.
    """

    ray: Array
    pair: Array
    q: Array
    real: Array

    @classmethod
    def of(cls, fan: Fan) -> Cones:
        """The constraints of the cones of a fan."""
        return cls(squared(fan.rays), paired(fan.rays, fan.following), fan.q, fan.real.astype(np.float64))

    @property
    def degree(self) -> Array:
        """(n,) the number of constraints."""
        return np.asarray(2 * self.real.sum(axis=0) + 2)


@dataclass(frozen=True, eq=False)
class Objective(OnLastAxis):
    """psi of n problems.

    Attributes:
        demand: (2, n) the diagonal of K.
        ridge: (3, n) G0.
    """

    demand: Array
    ridge: Array

    def value(self, form: Array) -> Array:
        """(n,) psi(Y)."""
        k1, k2 = self.demand
        spread = np.sqrt(k1 * k2 * determinant(form))
        lost = self.ridge[0] * form[0] + 2 * self.ridge[1] * form[1] + self.ridge[2] * form[2]
        return np.asarray(2 * np.sqrt(k1 * form[0] + k2 * form[2] + 2 * spread) - lost)

    def slope(self, form: Array) -> tuple[Array, Array]:
        """(n,) psi and (3, n) its gradient."""
        value, gradient, _ = self._derivatives(form)
        return value, gradient

    def logarithm(self, form: Array) -> tuple[Array, Array]:
        """(3, n) gradient and (6, n) minus the second derivative of log psi."""
        value, gradient, curvature = self._derivatives(form)
        gradient = gradient / value
        return gradient, curvature / value + summed_squares(gradient[:, None])

    def _derivatives(self, form: Array) -> tuple[Array, Array, Array]:
        """psi, its gradient, and minus its second derivative."""
        k1, k2 = self.demand
        det = determinant(form)
        spread = np.sqrt(k1 * k2 * det)
        root = np.sqrt(k1 * form[0] + k2 * form[2] + 2 * spread)
        inward = np.stack([form[2], -2 * form[1], form[0]]) / det  # gradient of log det
        slope = np.stack([k1 + spread * inward[0], spread * inward[1], k2 + spread * inward[2]])
        lost = self.ridge[0] * form[0] + 2 * self.ridge[1] * form[1] + self.ridge[2] * form[2]
        gradient = slope / root - np.stack([self.ridge[0], 2 * self.ridge[1], self.ridge[2]])
        bent = summed_squares(inward[:, None]) / 2
        bent[2] -= 1 / det
        bent[3] += 2 / det
        curvature = bent * spread / root + summed_squares(slope[:, None]) / (2 * root**3)
        return 2 * root - lost, gradient, curvature


@dataclass(frozen=True, eq=False)
class Slacks:
    """What is left of the constraints at Y: (R, n) P of each ray and of the next, B, sqrt(P_b P_a), S."""

    here: Array
    following: Array
    mixed: Array
    root: Array
    both: Array

    @classmethod
    def of(cls, cones: Cones, form: Array) -> Slacks:
        """What is left at Y (3, n)."""
        here = 1 - times(cones.ray, form)
        following = np.concatenate([here[1:], here[:1]])
        mixed = cones.q - times(cones.pair, form)
        product = here * following
        root = np.sqrt(product)
        both = np.where(mixed < 0, (product - mixed * mixed) / (root - mixed), mixed + root)
        return cls(here, following, mixed, root, both)


def centred(
    cones: Cones, objective: Objective, gap: float, decrement: float, factor: float = 1.0
) -> tuple[Array, Array, Indices]:
    """Follow the path of centred multipliers.

    Args:
        cones: the constraints.
        objective: psi.
        gap: number of constraints over t at which to end.
        decrement: of Newton's method, at which Y counts as centred.
        factor: of the first t.

    Returns:
        Y (3, n) and t (n,), NaN where the method gave up, and the number of steps (n,).
    """
    problems = cones.q.shape[1]
    result, weights = np.full((3, problems), np.nan), np.full(problems, np.nan)
    place, steps = np.arange(problems), np.full(problems, BATCH_BARRIER.steps)
    degree = cones.degree
    form, weight = _start(objective), BATCH_BARRIER.first * factor * degree
    slacks = Slacks.of(cones, form)
    live = np.asarray(np.isfinite(form).all(axis=0))
    for number in range(BATCH_BARRIER.steps):
        step, size = _newton_step(cones, objective, slacks, form, weight)
        full, form, slacks = _moved(cones, objective, (form, slacks), step, live)
        # Step 5.
        ended = live & full & (size < decrement) & (degree / weight <= gap)
        result[:, place[ended]], weights[place[ended]] = form[:, ended], weight[ended]
        steps[place[ended]] = number + 1
        live &= ~ended & np.isfinite(size)
        if not live.any():
            break
        # Step 4.
        weight = np.where(
            full & (size < BATCH_BARRIER.quick), np.minimum(weight * BATCH_BARRIER.growth, degree / gap), weight
        )
        if live.mean() < BATCH_BARRIER.gathered:
            cones, objective, form, weight = cones.chosen(live), objective.chosen(live), form[:, live], weight[live]
            place, degree, live = place[live], degree[live], np.ones(int(live.sum()), dtype=bool)
            slacks = Slacks.of(cones, form)
    return result, weights, steps


def _start(objective: Objective) -> Array:
    """Step 1: half the identity is allowed, since rays are shorter than one; less where psi would not be positive."""
    identity = np.zeros_like(objective.ridge)
    identity[[0, 2]] = 1.0
    trace = objective.ridge[0] + objective.ridge[2]
    root = objective.demand.sum(axis=0) + 2 * np.sqrt(objective.demand.prod(axis=0))
    # psi(c I) = 2 sqrt(c root) - c trace is largest at c = root / trace^2.
    size = np.where(trace > 0, np.minimum(0.5, root / np.where(trace > 0, trace, 1.0) ** 2), 0.5)
    return identity * size


def _newton_step(cones: Cones, objective: Objective, slacks: Slacks, form: Array, weight: Array) -> tuple[Array, Array]:
    """Step 2: (3, n) Newton's step and (n,) its decrement."""
    real, here, following, root, both = cones.real, slacks.here, slacks.following, slacks.root, slacks.both
    det = determinant(form)
    inward = np.stack([form[2], -2 * form[1], form[0]]) / det
    slope, curvature = objective.logarithm(form)
    at_ray = cones.ray * (real / here)  # minus the gradient of log P
    # Twice the gradient of S is -(2 pair + sqrt(P_a / P_b) ray_b + sqrt(P_b / P_a) ray_a).
    here_over, next_over = cones.ray / here, np.concatenate([cones.ray[:, 1:], cones.ray[:, :1]], axis=1) / following
    half = root / 2
    inside = (cones.pair + half * (here_over + next_over)) * (real / both)
    bent = (here_over - next_over) * (np.sqrt(root / both) / 2 * real)
    gradient = weight * slope + inward - at_ray.sum(axis=1) - inside.sum(axis=1)
    matrix = weight * curvature + summed_squares(np.concatenate([at_ray, inside, bent, inward[:, None]], axis=1))
    matrix[2] -= 1 / det
    matrix[3] += 2 / det
    (step,) = solved(matrix, gradient)
    return step, np.sqrt((step * gradient).sum(axis=0))


def _moved(
    cones: Cones, objective: Objective, start: tuple[Array, Slacks], step: Array, live: Mask
) -> tuple[Mask, Array, Slacks]:
    """Step 3: whether the step was a full one, Y after it, and the slacks there."""
    left, (form, slacks) = BATCH_BARRIER.kept, start
    # P is linear in Y.
    fall = times(cones.ray, step)
    length = 1 / np.maximum(1.0, (fall / slacks.here).max(axis=0) / (1 - left))
    length = np.where(live, length, 0.0)
    for _ in range(BATCH_BARRIER.halvings):
        moved = form + length * step
        after = Slacks.of(cones, moved)
        allowed = (after.both >= left * slacks.both).all(axis=0) & (determinant(moved) >= left * determinant(form))
        allowed &= (objective.value(moved) > 0) | ~live
        short = live & ~allowed & np.isfinite(step[0])
        if not short.any():
            break
        length = np.where(short, length / 2, length)
    return np.asarray(length == 1), moved, after
