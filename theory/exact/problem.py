"""The problem in rational arithmetic: covariance, extremes, M and F without rounding.

Everything that the modularity condition needs is rational in the data, except the square roots of
F under a mixing that is not orthonormal; these are kept as they are (`theory.exact.surds`). What a readout other than
the exact decoder of the data makes of it is in `theory.exact.readout`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import chain
from math import gcd, lcm
from typing import TYPE_CHECKING, Any

import numpy as np

from theory.errors import InputError
from theory.exact.rational import exact_matrix, exact_number, fraction_text, shown
from theory.exact.readout import ExactErrors, ExactReadout
from theory.exact.surds import Roots, joined, parts
from theory.readouts import Exact, Noisy, Soft
from theory.sources import Sources

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from theory.readouts import Reads

    Integers = NDArray[np.object_]

__all__ = ["ExactProblem", "integer_direction", "inverse", "positive_number"]

Matrix = list[list[Fraction]]


def integer_direction(vector: list[Any]) -> list[int]:
    """The smallest integer vector that points the same way.

    Example:
        >>> integer_direction([Fraction(1, 2), Fraction(-1, 3)])
        [3, -2]
    """
    fractions = [Fraction(value) for value in vector]
    common = lcm(*(value.denominator for value in fractions))
    whole = [int(value * common) for value in fractions]
    return [value // max(gcd(*whole), 1) for value in whole]


@dataclass(frozen=True)
class ExactProblem:
    """Sources, mixing, encoder cost and readout as rationals (of an exact decoder the cost does not matter).

    Attributes:
        points: T rows of d rationals;  mean: d;  covariance, gram: d rows of d (A'A).
        encoder_cost: rational.
        readout: what is decoded, if not the data without error.

    Source: docs/mathematics.md, "The modularity condition".

    Example:
        >>> problem = ExactProblem.posed([["0.1", 0], [0, 1], [0, 0]])
        >>> problem.mean
        [Fraction(1, 30), Fraction(1, 3)]
    """

    points: Matrix
    mean: list[Fraction]
    covariance: Matrix
    gram: Matrix
    encoder_cost: Fraction
    readout: ExactReadout | None = None

    @classmethod
    def posed(
        cls,
        sources: ArrayLike | Sources,
        *,
        mixing: ArrayLike | None = None,
        probabilities: ArrayLike | None = None,
        encoder_cost: Any = 1,
        decoder_cost: Any = 1,
        readout: Reads | None = None,
    ) -> ExactProblem:
        """From what `Problem` takes, and strings such as "0.1" or "1/3" besides.

        Raises:
            InputError: values that cannot be read as rationals, shapes that do not fit, a single row, sources that
                are constant or linearly dependent, a mean outside their range, a cost that is not positive, a readout
                of which no verdict is known without rounding.
        """
        weights: ArrayLike | None = probabilities
        if isinstance(sources, Sources):
            if probabilities is not None:
                raise InputError("probabilities: already part of the Sources given; set them there instead")
            weights = sources.probabilities
            points = exact_matrix(sources.points, "sources")
        else:
            points = exact_matrix(sources, "sources")
        dimension = len(points[0])
        if isinstance(sources, Sources) and not sources.from_samples:
            mean = [exact_number(value, "mean") for value in sources.mean.tolist()]
            covariance = exact_matrix(sources.covariance, "covariance")
        else:
            mean, covariance = _moments(points, _weights(weights, len(points)))
        _require_variation(points, mean)
        _require_independence(covariance)
        columns = _identity(dimension) if mixing is None else exact_matrix(mixing, "mixing")
        if len(columns[0]) != dimension:
            raise InputError(f"mixing: {len(columns[0])} columns do not fit {dimension} source(s); give one a source")
        cost = exact_number(encoder_cost, "encoder_cost")
        if cost < 0 or (cost == 0 and _is_singular(covariance)):
            raise InputError(
                f"encoder_cost: {shown(encoder_cost)} is too small; it is not negative, and zero only where the "
                "covariance of the sources is regular"
            )
        posed = cls(points, mean, covariance, _gram(columns), cost)
        posed.energy_matrix  # noqa: B018  # says at once if the mixing is not of full rank
        if readout is not None:
            posed = replace(posed, readout=posed._read_out(readout, decoder_cost, sources))
            posed.condition  # noqa: B018  # and if its readout is beyond rational arithmetic
        return posed

    def _read_out(self, readout: Reads, decoder_cost: Any, sources: ArrayLike | Sources) -> ExactReadout | None:
        if not isinstance(readout, (Exact, Soft, Noisy)):
            raise InputError(f"readout: a {type(readout).__name__} is none of those known in rational arithmetic")
        gram = self.gram
        if readout.targets is not None:
            targets = exact_matrix(readout.targets, "targets")
            if len(targets[0]) != self.dimension:
                raise InputError(f"targets: {len(targets[0])} columns do not fit {self.dimension} source(s)")
            gram = _gram(targets)
        if isinstance(readout, Exact):
            return None if readout.targets is None else ExactReadout(gram)
        covariance = self.covariance
        if readout.probabilities is not None:
            if isinstance(sources, Sources) and not sources.from_samples:
                raise InputError(
                    f"probabilities: of sources known by {sources.known_by} alone errors count where they do"
                )
            covariance = _moments(self.points, _weights(readout.probabilities, len(self.points)))[1]
            _require_independence(covariance)
        variance = readout.noise_variance if isinstance(readout, Noisy) else 0
        return ExactReadout(gram, ExactErrors.priced(readout.error_cost, variance, decoder_cost, covariance))

    @property
    def dimension(self) -> int:
        """Number of sources d."""
        return len(self.mean)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the data, so that a proof cannot be taken for one of other data."""
        rows = chain(self.points, [self.mean], self.covariance, self.gram, [[self.encoder_cost]])
        if self.readout is not None:
            rows = chain(rows, self.readout.rows())
        text = "\n".join(" ".join(fraction_text(value) for value in row) for row in rows)
        return hashlib.sha256(text.encode()).hexdigest()

    @cached_property
    def unit(self) -> int:
        """Common denominator of all points and the mean: `corners` are in units of its inverse."""
        return lcm(*(value.denominator for value in chain(self.mean, *self.points)))

    @cached_property
    def corners(self) -> Integers:
        """(T, d) integers, unit * (mean - s_t): the points of -S about the mean."""
        rows = [[int((m - value) * self.unit) for m, value in zip(self.mean, row, strict=True)] for row in self.points]
        return np.array(rows, dtype=object).reshape(len(rows), self.dimension)

    @cached_property
    def least_bias(self) -> list[Fraction]:
        """m_i = min(-min s_i, max s_i), about the mean."""
        columns = zip(self.mean, zip(*self.points, strict=True), strict=True)
        return [min(m - min(column), max(column) - m) for m, column in columns]

    @cached_property
    def energy_matrix(self) -> Matrix:
        """M = C + encoder_cost K^-1."""
        metric = inverse(self.gram)
        return [
            [c + self.encoder_cost * k for c, k in zip(row, other, strict=True)]
            for row, other in zip(self.covariance, metric, strict=True)
        ]

    @cached_property
    def condition(self) -> tuple[Roots, dict[int, Integers], int]:
        """F times a common denominator, in parts: an integer matrix for each product of roots; and the denominator.

        Where F is rational there is one part, F itself.
        """
        energy, roots = self.energy_matrix, Roots()
        cost = [energy[i][i] + self.least_bias[i] ** 2 for i in range(self.dimension)]
        readout = ExactReadout(self.gram) if self.readout is None else self.readout
        entries = readout.multiplier(cost, roots) - np.array(energy, dtype=object)
        common = lcm(*(value.denominator for value in entries.flat))
        return roots, parts(entries * common), common

    @property
    def condition_matrix(self) -> Integers:
        """(d, d) F itself, of rationals and surds."""
        roots, pieces, common = self.condition
        return np.asarray(joined(roots, pieces) * Fraction(1, common), dtype=object)

    def support(self, direction: list[int]) -> Fraction:
        """h(w) = max_t -w.s_t for an integer direction."""
        return Fraction(max(self.corners @ np.array(direction, dtype=object)), self.unit)

    def worth(self, direction: list[int]) -> Any:
        """The worth w'F w of an integer direction: a rational, or a surd."""
        roots, pieces, common = self.condition
        w = np.array(direction, dtype=object)
        value = joined(roots, {members: np.array([w @ part @ w], dtype=object) for members, part in pieces.items()})[0]
        return value * Fraction(1, common)

    def slack_form(self, generators: Integers, sample: int) -> Integers:
        """A positive multiple of W (v v' - F) W', without fractions, v the corner of a sample and W (k, d)."""
        roots, pieces, common = self.condition
        height = generators @ self.corners[sample]
        slack = {members: -(self.unit**2) * (generators @ part @ generators.T) for members, part in pieces.items()}
        slack[0] = slack[0] + common * np.outer(height, height)
        return joined(roots, slack)


def _weights(probabilities: ArrayLike | None, count: int) -> list[Fraction]:
    if probabilities is None:
        return [Fraction(1, count)] * count
    given = [row[0] for row in exact_matrix(probabilities, "probabilities")]
    total = sum(given)
    if len(given) != count or total <= 0 or min(given) < 0:
        raise InputError(f"probabilities: give {count} nonnegative numbers, not all zero")
    return [value / total for value in given]


def _moments(points: Matrix, weights: list[Fraction]) -> tuple[list[Fraction], Matrix]:
    """Mean and covariance, summed over integers: a common denominator first is many times faster than fractions."""
    unit = lcm(*(value.denominator for value in chain(*points)))
    share = lcm(*(value.denominator for value in weights))
    rows = np.array([[int(value * unit) for value in row] for row in points], dtype=object).reshape(len(points), -1)
    counts = np.array([int(value * share) for value in weights], dtype=object)
    first = counts @ rows
    second = (rows.T * counts) @ rows
    mean = [Fraction(value, unit * share) for value in first]
    covariance = [
        [Fraction(second[i, j], unit**2 * share) - mean[i] * mean[j] for j in range(len(mean))]
        for i in range(len(mean))
    ]
    return mean, covariance


def _require_variation(points: Matrix, mean: list[Fraction]) -> None:
    if len(points) < 2:
        raise InputError("sources: only one row; a code needs at least two different samples")
    for i, (middle, column) in enumerate(zip(mean, zip(*points, strict=True), strict=True)):
        if min(column) == max(column):
            raise InputError(f"sources: column {i} is constant; remove it, since the bias alone represents it")
        if not min(column) < middle < max(column):
            raise InputError(
                f"sources: the mean of column {i} is at an end of its range, so it does not vary over the samples of "
                "positive probability; give other samples weight, or move a given mean inside the hull"
            )


def _require_independence(covariance: Matrix) -> None:
    """Elimination without rounding: the first source without a variance of its own depends on those before it."""
    rest = [list(row) for row in covariance]
    for i in range(len(rest)):
        if rest[i][i] < 0:
            raise InputError(f"covariance: not positive definite, by its first {i + 1} rows and columns")
        if rest[i][i] == 0:
            raise InputError(
                f"sources: linearly dependent, column {i} is constant but for a combination of those before it; "
                "remove one of these columns or give more samples of positive probability"
            )
        for j in range(i + 1, len(rest)):
            factor = rest[j][i] / rest[i][i]
            rest[j] = [a - factor * b for a, b in zip(rest[j], rest[i], strict=True)]


def positive_number(value: Any, name: str) -> Fraction:
    """The rational a price stands for.

    Raises:
        InputError: not a number that can be read exactly, or not positive.

    Example:
        >>> positive_number("0.5", "encoder_cost")
        Fraction(1, 2)
    """
    number = exact_number(value, name)
    if number <= 0:
        raise InputError(f"{name}: {shown(value)} is not positive; every cost must be, or the optimum is empty")
    return number


def _identity(size: int) -> Matrix:
    return [[Fraction(int(i == j)) for j in range(size)] for i in range(size)]


def _gram(columns: Matrix) -> Matrix:
    size = len(columns[0])
    return [[sum((row[i] * row[j] for row in columns), Fraction(0)) for j in range(size)] for i in range(size)]


def _is_singular(matrix: Matrix) -> bool:
    rows = [list(row) for row in matrix]
    for pivot in range(len(rows)):
        # Positive semidefinite: a zero on the diagonal has zeros beside it.
        if rows[pivot][pivot] == 0:
            return True
        for other in range(pivot + 1, len(rows)):
            factor = rows[other][pivot] / rows[pivot][pivot]
            rows[other] = [a - factor * b for a, b in zip(rows[other], rows[pivot], strict=True)]
    return False


def inverse(matrix: Matrix) -> Matrix:
    """The inverse of a Gram matrix, by elimination.

    Raises:
        InputError: it is singular, as the mixing is not of full column rank.
    """
    size = len(matrix)
    rows = [[*row, *unit] for row, unit in zip(matrix, _identity(size), strict=True)]
    for pivot in range(size):
        if rows[pivot][pivot] == 0:
            raise InputError("mixing: not of full column rank, so some sources cannot be told apart")
        rows[pivot] = [value / rows[pivot][pivot] for value in rows[pivot]]
        for other in range(size):
            if other != pivot and rows[other][pivot]:
                factor = rows[other][pivot]
                rows[other] = [a - factor * b for a, b in zip(rows[other], rows[pivot], strict=True)]
    return [row[size:] for row in rows]
