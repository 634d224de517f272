"""A problem in rational arithmetic: what is counted against an answer here is so, not a matter of rounding.

Floats are rationals. The cost of a neuron, the loss of a code, the activity of a network and its errors of
reconstruction are rational functions of them, so all of these are computed here as they are, from the raw samples. The
lower bound is not rational, but every proof that it is too high is. For any neuron w and any positive definite G,

    the best bound that Y can prove  <=  max over t <= f(w) / w'Y w of  t tr(Y (H - G0)) + decoder_cost tr(K H^-1),

for any positive definite H that may depend on t, since Y must be scaled by t <= 1/rho, rho >= w'Y w / f(w), and what it
then proves is the minimum of the right over all H = G + G0. G0 is zero for an exact decoder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm

import numpy as np
from numpy.typing import NDArray

from benchmarks.soundness.draws import Drawn
from theory.arrays import Array

Exact = NDArray[np.object_]

__all__ = ["Measured", "RationalProblem", "exact", "inverse"]


@dataclass(frozen=True)
class Measured:
    """What a network does on the raw samples, exactly."""

    loss: Fraction  # activity, biases, errors and weights at their prices
    least: Exact  # (n,) least activity of each neuron
    reach: Exact  # (n,) its largest
    error: Exact  # (r,) largest absolute error of each of the targets


class RationalProblem:
    """Samples, probabilities, mixing and prices as the rationals that the floats are.

    Attributes:
        covariance: (d, d);  mean: (d,);  mixing: (dx, d);  targets: (r, d);  demand: (d, d) K = B'B of the targets.
        encoder_cost, activity_cost, height_cost: of weights, variance and squared biases.
        decoder_cost: of weights and of the noise that they let through.
    """

    def __init__(self, problem: Drawn) -> None:
        points, unit = _whole(exact(problem.points))
        share, _ = _whole(exact(problem.weights))
        total = sum(share)
        # About the mean, in a unit in which everything is whole.
        self._centered = points * total - share @ points
        self._unit = unit / total
        self.mean = (share @ points) * self._unit
        second = self._centered.T @ (self._centered * share[:, None])
        self.covariance = second * (self._unit**2 / total)
        self.mixing = exact(np.eye(problem.dimension) if problem.mixing is None else problem.mixing)
        self.targets = exact(problem.targets)
        self.demand = self.targets.T @ self.targets
        self.energy = problem.energy.kind
        self.wiring = None if problem.energy.costs is None else exact(problem.energy.costs)
        # The mean of the context about the mean, and the covariance there.
        self._context_offset, self._context_covariance = self.mean * 0, self.covariance
        if problem.energy.weights is not None:
            self._context_offset, self._context_covariance = self._moments_under(problem.energy.weights)
        self.encoder_cost, self.activity_cost = Fraction(problem.encoder_cost), Fraction(problem.activity_cost)
        self.bias_cost = Fraction(problem.bias_cost)
        self.height_cost = self.activity_cost + self.bias_cost
        self.decoder_cost = Fraction(problem.decoder_cost)
        self.error_cost: Fraction | None = None
        if not problem.reading.exact:
            self.error_cost = Fraction(problem.reading.error_cost)
            self.decoder_cost += self.error_cost * Fraction(problem.reading.noise_variance)
        if problem.reading.probabilities is not None:
            self._error_offset, self._error_covariance = self._moments_under(problem.reading.probabilities)
        else:
            self._error_offset, self._error_covariance = self.mean * 0, self.covariance

    def _moments_under(self, weights: Array) -> tuple[Exact, Exact]:
        """(d,) the mean under weights (T,) about the usual one, and (d, d) the covariance under them."""
        counted, _ = _whole(exact(weights))
        total = sum(counted)
        offset = (counted @ self._centered) * Fraction(1, total)
        second = self._centered.T @ (self._centered * counted[:, None]) * Fraction(1, total)
        return offset * self._unit, (second - offset[:, None] * offset) * self._unit**2

    @cached_property
    def energy_matrix(self) -> Exact:
        """M, (d, d): activity_cost C + encoder_cost (A'A)^-1; C of the context, none of peaks, D of a wiring."""
        energy = self._context_covariance * (0 if self.energy == "peak" else self.activity_cost)
        if not self.encoder_cost:
            return energy
        weights = inverse(self.mixing.T @ self.mixing) if self.wiring is None else self.wiring
        return energy + weights * self.encoder_cost

    def _heights(self, rows: Exact) -> Exact:
        """(n,) h of weights (n, d): the least mean activity in the context, or of peaks the whole range."""
        least, most = self.projections(rows)
        return most - least if self.energy == "peak" else rows @ self._context_offset - least

    @cached_property
    def ridge(self) -> Exact | None:
        """G0 = (decoder_cost / error_cost) C^-1 with the C under which errors count, (d, d); None where none may be."""
        if self.error_cost is None:
            return None
        return inverse(self._error_covariance) * (self.decoder_cost / self.error_cost)

    def projections(self, weights: Exact) -> tuple[Exact, Exact]:
        """(n,) least and largest of w.(s - mean) over the samples, for each row of weights (n, d)."""
        if not len(weights):
            return np.empty(0, dtype=object), np.empty(0, dtype=object)
        rows, unit = _whole(weights)
        values = self._centered @ rows.T
        return values.min(axis=0) * (unit * self._unit), values.max(axis=0) * (unit * self._unit)

    def neuron_costs(self, weights: Array) -> Exact:
        """(n,) f(w) = w'M w + height_cost h(w)^2 of each row of weights (n, d)."""
        rows = exact(weights)
        if not len(rows):
            return np.empty(0, dtype=object)
        return ((rows @ self.energy_matrix) * rows).sum(axis=1) + self._heights(rows) ** 2 * self.height_cost

    @cached_property
    def _own_costs(self) -> Exact:
        """(d, d) the geometric mean of what neurons of two sources cost, each of unit weight."""
        cost = self.neuron_costs(np.eye(len(self.mean))).astype(float) ** 0.5
        return exact(np.outer(cost, cost))

    def code_loss(self, weights: Array) -> Fraction:
        """Loss of the code with these source weights (n, d), the cheapest biases and the cheapest decoder.

        Raises:
            ZeroDivisionError: the neurons do not span the sources, and must.
        """
        rows = exact(weights)
        code = rows.T @ rows if len(rows) else self.covariance * 0
        if self.ridge is not None:
            code = code + self.ridge
        return Fraction(sum(self.neuron_costs(weights))) + self.decoder_cost * _trace(self.demand, inverse(code))

    def worth(self, weights: Array) -> Exact:
        """(d, d) the multiplier Y = decoder_cost (G + G0)^-1 K (G + G0)^-1 of the code with these weights (n, d).

        Raises:
            ZeroDivisionError: as for `code_loss`.
        """
        rows = exact(weights)
        code = rows.T @ rows if len(rows) else self.covariance * 0
        inverted = inverse(code if self.ridge is None else code + self.ridge)
        return inverted @ self.demand @ inverted * self.decoder_cost

    def ratio(self, multiplier: Exact, neuron: Array) -> Fraction:
        """w'Y w / f(w) of a neuron (d,)."""
        w = exact(neuron)
        return Fraction((w @ multiplier @ w) / self.neuron_costs(neuron[None])[0])

    def saving(self, weights: Array, neuron: Array) -> float:
        """Share of the loss of a code (n, d) that a neuron (d,) saves beside it, in the size in which it saves most.

        With H = G + G0 and of size t it saves t w'Y w / (1 + t w'H^-1 w) - t f(w).

        Raises:
            ZeroDivisionError: as for `code_loss`.
        """
        rows, w = exact(weights), exact(neuron)
        inverted = inverse(rows.T @ rows if self.ridge is None else rows.T @ rows + self.ridge)
        read, cost = inverted @ w, self.neuron_costs(neuron[None])[0]
        earned, held = self.decoder_cost * (read @ self.demand @ read), w @ read
        size = max(Fraction(float(earned / cost) ** 0.5) - 1, Fraction(0)) / held
        return float((earned * size / (1 + size * held) - cost * size) / self.code_loss(weights))

    def most_proven(
        self, multiplier: Array, neuron: Array, ridged: Array, members: Sequence[int]
    ) -> tuple[Fraction, Fraction]:
        """(bound, ratio): no proof by this multiplier reaches beyond the bound; ratio is w'Y w / f(w) of the neuron.

        Args:
            multiplier: (d, d) symmetric Y.
            neuron: (d,) any w.
            ridged: (k, k) any positive definite H = G + G0; its best multiple is taken.
            members: (k,) the sources whose part of the loss is bounded.

        Raises:
            ZeroDivisionError: a neuron that earns nothing and so says nothing of the bound, or an H that is not
                positive definite.
        """
        block = np.ix_(members, members)
        Y, H = exact(multiplier), exact(ridged)
        if not _is_positive(H):
            raise ZeroDivisionError("not positive definite")
        ratio = self.ratio(Y, neuron)
        # An entry of Y is known to the last digits of what its neurons cost. Where H is large these count: they are
        # given away.
        blur = self._own_costs[block] * (ratio * Fraction(1, 10**14))
        earned = _trace(Y[block], H) + _trace(blur, abs(H))
        readout = self.decoder_cost * _trace(self.demand[block], inverse(H))
        # What is demanded is known to the last digits of floating point, which H^-1 can make negative.
        if not (ratio > 0 and earned > 0 and readout > 0):
            raise ZeroDivisionError("nothing is earned")
        saved = Fraction(0)
        if self.ridge is not None:
            ridge = self.ridge[block]
            saved = _trace(Y[block], ridge) - _trace(blur, abs(ridge))
        # With H / sqrt(t), of its best size, the right is sqrt(t) gain - t saved.
        size = Fraction(float(readout / earned) ** 0.5)
        gain = earned * size + readout / size
        most = 1 / ratio
        if saved > 0 and gain**2 <= 4 * saved**2 * most:
            return gain**2 / (4 * saved), ratio
        # The tangent of a root lies above it.
        root = Fraction(float(most) ** 0.5)
        return gain * (most / root + root) / 2 - most * saved, ratio

    def measure(self, encoder: Array, encoder_bias: Array, decoder: Array, decoder_bias: Array) -> Measured:
        """What the network z = encoder x + encoder_bias (n,), y = decoder z + decoder_bias (r,) does on x = A s."""
        none = not len(encoder)
        into, out = exact(encoder), exact(decoder)
        weights = exact(np.empty((0, len(self.mean)))) if none else into @ self.mixing
        resting = exact(encoder_bias) if none else weights @ self.mean + exact(encoder_bias)
        low, high = self.projections(weights)
        loss = Fraction(0) if none else self._paid(into, weights, resting, high + resting)
        loss += self.decoder_cost * (out**2).sum()
        off = -self.targets if none else out @ weights - self.targets
        constant = exact(decoder_bias) - self.targets @ self.mean
        if not none:
            constant = constant + out @ resting
        if self.error_cost is not None:
            missed = constant + off @ self._error_offset
            loss += self.error_cost * (((off @ self._error_covariance) * off).sum() + (missed**2).sum())
        least_off, most_off = self.projections(off)
        error = np.maximum(abs(least_off + constant), abs(most_off + constant))
        return Measured(Fraction(loss), low + resting, high + resting, error)

    def _paid(self, encoder: Exact, weights: Exact, resting: Exact, peaks: Exact) -> Fraction:
        """What neurons (n, d) cost that do not rest (n,) as low as they could, with peaks (n,)."""
        variance = ((weights @ self._context_covariance) * weights).sum()
        loss = (
            self.height_cost * ((resting + weights @ self._context_offset) ** 2).sum() + self.activity_cost * variance
        )
        if self.energy == "peak":
            loss = self.activity_cost * (peaks**2).sum()
        read = (encoder**2).sum() if self.wiring is None else ((weights @ self.wiring) * weights).sum()
        return Fraction(loss + self.encoder_cost * read)


def exact(values: Array) -> Exact:
    """The floats as fractions, in an array of the same shape.

    Raises:
        ValueError, OverflowError: a value that is not finite.
    """
    fractions = np.empty(np.shape(values), dtype=object)
    fractions.ravel()[:] = [Fraction(value) for value in np.ravel(values).tolist()]
    return fractions


def _whole(values: Exact) -> tuple[Exact, Fraction]:
    """Integers and a unit: the values are integers times the unit."""
    flat = values.ravel().tolist()
    common = lcm(*(value.denominator for value in flat))
    integers = np.empty(values.shape, dtype=object)
    integers.ravel()[:] = [value.numerator * (common // value.denominator) for value in flat]
    return integers, Fraction(1, common)


def _trace(left: Exact, right: Exact) -> Fraction:
    """The trace of the product of two symmetric matrices."""
    return (left * right).sum()


def _is_positive(matrix: Exact) -> bool:
    """Whether a symmetric matrix is positive definite: all pivots are above zero."""
    rest, _ = _whole(matrix)
    while len(rest):
        if not rest[0, 0] > 0:
            return False
        # Times the pivot, which is positive, so that all stays whole.
        rest = rest[1:, 1:] * rest[0, 0] - np.outer(rest[1:, 0], rest[0, 1:])
    return True


def inverse(matrix: Exact) -> Exact:
    """Gauss and Jordan without division of what is not divisible (Bareiss), on whole numbers.

    Raises:
        ZeroDivisionError: a singular matrix.
    """
    whole, unit = _whole(matrix)
    size = len(whole)
    table = np.concatenate([whole, np.eye(size, dtype=int).astype(object)], axis=1)
    before = 1
    for column in range(size):
        pivot = next((row for row in range(column, size) if table[row, column] != 0), None)
        if pivot is None:
            raise ZeroDivisionError("a singular matrix has no inverse")
        table[[column, pivot]] = table[[pivot, column]]
        lead = table[column, column]
        others = [row for row in range(size) if row != column]
        table[others] = (table[others] * lead - np.outer(table[others, column], table[column])) // before
        before = lead
    # What is left is the determinant times the identity, and the adjugate.
    fractions = np.empty((size, size), dtype=object)
    fractions.ravel()[:] = [Fraction(entry, before) / unit for entry in table[:, size:].ravel().tolist()]
    return fractions
