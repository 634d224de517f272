"""The readout in rational arithmetic: its multiplier Y at the best modular code, where that is known.

1. Exact decoder: Y_ij = K_ij sqrt(c_i c_j / (K_ii K_jj)), with c_i the cost of the modular neuron of source i.
2. With errors of covariance C_e at the cost kappa: Y = (kappa^2 / mu) C_e K C_e at the code without neurons. If no
   Y_ii exceeds c_i, that code is the best modular one, and Y is rational.
3. Otherwise, for uncorrelated sources: Y_ij is made of rationals and the roots of c_i and c_j, source by source.
4. For correlated sources the strengths solve coupled polynomial equations: no verdict without rounding.

See docs/mathematics.md, "The modularity condition".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.arrays import Rationals, Surds
from theory.errors import InputError
from theory.exact.rational import exact_number, positive_number, shown
from theory.exact.surds import Roots


@dataclass(frozen=True, eq=False)
class ExactErrors:
    """The cost of errors."""

    cost: Fraction  # kappa, of the mean squared error
    decoder_cost: Fraction  # mu, including the noise that the decoder passes on
    covariance: Rationals  # (d, d) C_e, under the weights with which errors count

    @classmethod
    def priced(cls, cost: Any, noise_variance: Any, decoder_cost: Any, covariance: Rationals) -> ExactErrors:
        """From the arguments of readouts.

        Raises:
            InputError: costs that are not positive, or a negative variance.
        """
        error, decoder = positive_number(cost, "error_cost"), positive_number(decoder_cost, "decoder_cost")
        variance = exact_number(noise_variance, "noise_variance")
        if variance < 0:
            raise InputError(f"noise_variance: {shown(noise_variance)} is negative; give a variance from zero on")
        return cls(error, decoder + error * variance, covariance)


@dataclass(frozen=True, eq=False)
class ExactReadout:
    """An exact decoder, or one with errors.

    Example:
        >>> gram = np.array([[1, 1], [1, 2]], dtype=object) * Fraction(1)
        >>> ExactReadout(gram).multiplier([Fraction(4), Fraction(2)], Roots()).tolist()[0]
        [Fraction(4, 1), Fraction(2, 1)]
    """

    gram: Rationals  # (d, d) K = B'B
    errors: ExactErrors | None = None  # their cost, or None for an exact decoder

    def multiplier(self, costs: Rationals, roots: Roots) -> Surds:
        """(d, d) Y at the best modular code, of rationals and surds.

        Args:
            costs: (d,) c, the costs of modular neurons with unit weight.
            roots: the square roots that occur.

        Raises:
            InputError: targets or errors for which Y is not known without rounding.
        """
        gram, size = self.gram, len(costs)
        if self.errors is None:  # step 1
            if not all(gram[i, i] for i in range(size)):
                raise InputError(
                    "targets: they leave a source out, and what neurons that read it besides are worth is only found "
                    "in floating point; decide it there, without exact and without proof"
                )
            root = [[roots.of(costs[i] * costs[j] / (gram[i, i] * gram[j, j])) for j in range(i)] for i in range(size)]
            return self._filled(costs, lambda i, j: gram[i, j] * root[i][j] if gram[i, j] else Fraction(0))
        errors, covariance = self.errors, self.errors.covariance
        silent = errors.cost**2 / errors.decoder_cost * (covariance @ gram @ covariance)  # step 2
        coded = [bool(silent[i, i] > cost) for i, cost in enumerate(costs)]
        if not any(coded):
            return np.asarray(silent)
        if any(covariance[i, j] for i in range(size) for j in range(i)):  # step 4
            raise InputError(
                "readout: where errors of correlated sources count, the modular code solves polynomial equations and "
                "has no verdict in rational arithmetic; decide it in floating point, without exact and without proof"
            )

        def entry(i: int, j: int) -> Any:
            # Step 3: K_ij times sqrt(mu) / (x_i + G0_ii) of both sources, which is sqrt(c_i / K_ii) with a neuron.
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
    def _filled(diagonal: Rationals | list[Fraction], entry: Callable[[int, int], Any]) -> Surds:
        result = np.diag(np.array(diagonal, dtype=object))
        for i in range(len(result)):
            for j in range(i):
                result[i, j] = result[j, i] = entry(i, j)
        return result

    def rows(self) -> Iterator[Iterable[Fraction]]:
        """The rationals of the readout, for a digest."""
        yield from self.gram
        if self.errors is not None:
            yield [self.errors.cost, self.errors.decoder_cost]
            yield from self.errors.covariance
