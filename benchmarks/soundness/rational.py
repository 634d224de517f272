"""A problem in rational arithmetic: what is counted against an answer here is so, not a matter of rounding.

Floats are rationals. The cost of a neuron, the loss of a code, the activity of a network and its errors of
reconstruction are rational functions of them, so all of these are computed here as they are, from the raw samples. The
lower bound is not rational, but every proof that it is too high is. For any neuron w and any positive definite G,

    the best bound that Y can prove  <=  tr(Y G) f(w) / w'Y w  +  decoder_cost tr(K G^-1),

since Y must be scaled by 1/rho, rho >= w'Y w / f(w), and what it then proves is the minimum of the right over all G.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchmarks.soundness.draws import Drawn

    Array = NDArray[np.float64]
    Exact = NDArray[np.object_]

__all__ = ["Measured", "RationalProblem", "exact"]


@dataclass(frozen=True)
class Measured:
    """What a network does on the raw samples, exactly.

    Attributes:
        loss: mean squared activity plus the weight costs.
        least: (n,) least activity of each neuron;  reach: (n,) its largest.
        error: (dx,) largest absolute error of reconstruction of each channel.
    """

    loss: Fraction
    least: Exact
    reach: Exact
    error: Exact


class RationalProblem:
    """Samples, probabilities, mixing and costs as the rationals that the floats are.

    Args:
        problem: raw numbers.

    Attributes:
        covariance, gram, gram_inverse: (d, d);  mean: (d,);  mixing: (dx, d).
        encoder_cost, decoder_cost.
    """

    def __init__(self, problem: Drawn) -> None:
        points, unit = _whole(exact(problem.points))
        weights = np.ones(len(points)) if problem.probabilities is None else problem.probabilities
        share, _ = _whole(exact(weights))
        total = sum(share)
        # About the mean, in a unit in which everything is whole.
        self._centered = points * total - share @ points
        self._unit = unit / total
        self.mean = (share @ points) * self._unit
        second = self._centered.T @ (self._centered * share[:, None])
        self.covariance = second * (self._unit**2 / total)
        self.mixing = exact(np.eye(problem.dimension) if problem.mixing is None else problem.mixing)
        self.gram = self.mixing.T @ self.mixing
        self.encoder_cost, self.decoder_cost = Fraction(problem.encoder_cost), Fraction(problem.decoder_cost)

    @cached_property
    def gram_inverse(self) -> Exact:
        """(A'A)^-1, (d, d)."""
        return _inverse(self.gram)

    @cached_property
    def energy_matrix(self) -> Exact:
        """M = C + encoder_cost (A'A)^-1, (d, d)."""
        return self.covariance + self.gram_inverse * self.encoder_cost

    def projections(self, weights: Exact) -> tuple[Exact, Exact]:
        """(n,) least and largest of w.(s - mean) over the samples, for each row of weights (n, d)."""
        rows, unit = _whole(weights)
        values = self._centered @ rows.T
        return values.min(axis=0) * (unit * self._unit), values.max(axis=0) * (unit * self._unit)

    def neuron_costs(self, weights: Array) -> Exact:
        """(n,) f(w) = w'M w + h(w)^2 of each row of weights (n, d)."""
        rows = exact(weights)
        least, _ = self.projections(rows)
        return ((rows @ self.energy_matrix) * rows).sum(axis=1) + least**2

    def code_loss(self, weights: Array) -> Fraction:
        """Loss of the code with these source weights (n, d), the cheapest biases and the cheapest decoder.

        Raises:
            ZeroDivisionError: the neurons do not span the sources.
        """
        rows = exact(weights)
        return sum(self.neuron_costs(weights)) + self.decoder_cost * _trace(self.gram, _inverse(rows.T @ rows))

    def most_proven(self, multiplier: Array, neuron: Array, gram_of_code: Array) -> tuple[Fraction, Fraction]:
        """(bound, ratio): no proof by this multiplier reaches beyond the bound; ratio is w'Y w / f(w) of the neuron.

        Args:
            multiplier: (d, d) symmetric Y.
            neuron: (d,) any w.
            gram_of_code: (d, d) any positive definite G; its best multiple is taken.

        Raises:
            ZeroDivisionError: a neuron that earns nothing and so says nothing of the bound, or a singular G.
        """
        Y, G, w = exact(multiplier), exact(gram_of_code), exact(neuron)
        ratio = (w @ Y @ w) / self.neuron_costs(neuron[None])[0]
        earned = _trace(Y, G)
        if not (ratio > 0 and earned > 0):
            raise ZeroDivisionError("nothing is earned")
        earned, readout = earned / ratio, self.decoder_cost * _trace(self.gram, _inverse(G))
        size = Fraction(float(readout / earned) ** 0.5)
        return earned * size + readout / size, ratio

    def measure(self, encoder: Array, encoder_bias: Array, decoder: Array, decoder_bias: Array) -> Measured:
        """What the network z = encoder x + encoder_bias, x = decoder z + decoder_bias does on x = A s.

        Args:
            encoder: (n, dx);  encoder_bias: (n,);  decoder: (dx, n);  decoder_bias: (dx,).
        """
        into, out = exact(encoder), exact(decoder)
        weights = into @ self.mixing
        resting = weights @ self.mean + exact(encoder_bias)
        low, high = self.projections(weights)
        activity = ((weights @ self.covariance) * weights).sum() + (resting**2).sum()
        loss = activity + self.encoder_cost * (into**2).sum() + self.decoder_cost * (out**2).sum()
        off = out @ weights - self.mixing
        constant = out @ resting + exact(decoder_bias) - self.mixing @ self.mean
        least_off, most_off = self.projections(off)
        error = np.maximum(abs(least_off + constant), abs(most_off + constant))
        return Measured(loss, low + resting, high + resting, error)


def exact(values: Array) -> Exact:
    """The floats as fractions, in an array of the same shape.

    Raises:
        ValueError, OverflowError: a value that is not finite.
    """
    found = np.empty(np.shape(values), dtype=object)
    found.ravel()[:] = [Fraction(value) for value in np.ravel(values).tolist()]
    return found


def _whole(values: Exact) -> tuple[Exact, Fraction]:
    """Integers and a unit: the values are integers times the unit."""
    flat = values.ravel().tolist()
    common = lcm(*(value.denominator for value in flat))
    found = np.empty(values.shape, dtype=object)
    found.ravel()[:] = [value.numerator * (common // value.denominator) for value in flat]
    return found, Fraction(1, common)


def _trace(left: Exact, right: Exact) -> Fraction:
    """The trace of the product of two symmetric matrices."""
    return (left * right).sum()


def _inverse(matrix: Exact) -> Exact:
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
    found = np.empty((size, size), dtype=object)
    found.ravel()[:] = [Fraction(entry, before) / unit for entry in table[:, size:].ravel().tolist()]
    return found
