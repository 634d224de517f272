"""The readout in rational arithmetic: what a unit of w w' is worth at the best modular code, as far as that is known.

With an exact decoder, or errors under which the sources are uncorrelated, each source's strength follows by itself and
Y is made of rationals and square roots. So it is if errors are too cheap for any neuron to be worth having alone, where
Y is rational. Errors of correlated sources make the strengths solve polynomial equations together, and there is no
verdict without rounding (docs/mathematics.md, "The modularity condition").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from theory.errors import InputError
from theory.exact.rational import exact_number, shown
from theory.exact.surds import Roots

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Surds = NDArray[np.object_]

__all__ = ["ExactErrors", "ExactReadout"]

Matrix = list[list[Fraction]]


@dataclass(frozen=True)
class ExactErrors:
    """What errors cost.

    Attributes:
        cost: of the mean squared error;  decoder_cost: with the noise that the decoder lets through.
        covariance: d rows of d, under the weights with which errors count.
    """

    cost: Fraction
    decoder_cost: Fraction
    covariance: Matrix

    @classmethod
    def priced(cls, cost: Any, noise_variance: Any, decoder_cost: Any, covariance: Matrix) -> ExactErrors:
        """From what readouts are given.

        Raises:
            InputError: prices that are not positive, or a negative variance.
        """
        error, decoder = exact_number(cost, "error_cost"), exact_number(decoder_cost, "decoder_cost")
        for name, given, value in (("error_cost", cost, error), ("decoder_cost", decoder_cost, decoder)):
            if value <= 0:
                raise InputError(f"{name}: {shown(given)} is not positive; every cost must be, or the optimum is empty")
        variance = exact_number(noise_variance, "noise_variance")
        if variance < 0:
            raise InputError(f"noise_variance: {shown(noise_variance)} is negative; give a variance from zero on")
        return cls(error, decoder + error * variance, covariance)


@dataclass(frozen=True)
class ExactReadout:
    """The price of reading a code out.

    Attributes:
        gram: K = B'B, d rows of d rationals;  errors: what they cost, or None where there are none.

    Example:
        >>> one = Fraction(1)
        >>> ExactReadout([[one, one], [one, 2 * one]]).multiplier([4 * one, 2 * one], Roots()).tolist()[0]
        [Fraction(4, 1), Fraction(2, 1)]
    """

    gram: Matrix
    errors: ExactErrors | None = None

    def multiplier(self, costs: list[Fraction], roots: Roots) -> Surds:
        """(d, d) Y at the best modular code, of rationals and surds.

        Args:
            costs: what a neuron of each source costs at unit weight.
            roots: the square roots that occur.

        Raises:
            InputError: targets or errors for which Y is not known without rounding.
        """
        gram, size = np.array(self.gram, dtype=object), len(costs)
        if self.errors is None:
            if not all(gram[i, i] for i in range(size)):
                raise InputError(
                    "targets: they leave a source out, and what neurons that read it besides are worth is only found "
                    "in floating point; decide it there, without exact and without proof"
                )
            root = [[roots.of(costs[i] * costs[j] / (gram[i, i] * gram[j, j])) for j in range(i)] for i in range(size)]
            return self._filled(costs, lambda i, j: gram[i, j] * root[i][j] if gram[i, j] else Fraction(0))
        errors = self.errors
        covariance = np.array(errors.covariance, dtype=object)
        silent = errors.cost**2 / errors.decoder_cost * (covariance @ gram @ covariance)
        coded = [bool(silent[i, i] > cost) for i, cost in enumerate(costs)]
        if not any(coded):
            return np.asarray(silent)
        if any(covariance[i, j] for i in range(size) for j in range(i)):
            raise InputError(
                "readout: where errors of correlated sources count, the modular code solves polynomial equations and "
                "has no verdict in rational arithmetic; decide it in floating point, without exact and without proof"
            )

        def entry(i: int, j: int) -> Any:
            # For a source with a neuron sqrt(mu) / (x_i + G0_ii), and for one without, of which the first is a root.
            square, factor = Fraction(1), gram[i, j]
            for source in (i, j):
                if coded[source]:
                    square *= costs[source] / gram[source, source]
                else:
                    square /= errors.decoder_cost
                    factor *= errors.cost * covariance[source, source]
            return factor * roots.of(square) if factor else Fraction(0)

        return self._filled([costs[i] if coded[i] else silent[i, i] for i in range(size)], entry)

    @staticmethod
    def _filled(diagonal: list[Fraction], entry: Any) -> Surds:
        result = np.empty((len(diagonal), len(diagonal)), dtype=object)
        for i, value in enumerate(diagonal):
            result[i, i] = value
            for j in range(i):
                result[i, j] = result[j, i] = entry(i, j)
        return result

    def rows(self) -> Iterator[list[Fraction]]:
        """All that it consists of, for a digest."""
        yield from self.gram
        if self.errors is not None:
            yield [self.errors.cost, self.errors.decoder_cost]
            yield from self.errors.covariance
