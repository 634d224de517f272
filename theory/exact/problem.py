"""The problem in rational arithmetic: covariance, extremes, M and F without rounding.

All that the modularity condition needs is rational in the data, except the square roots of F under a mixing that is not
orthonormal (`theory.exact.surds`). `theory.exact.readout` has the readouts other than the exact decoder of the data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import chain
from math import gcd, lcm
from typing import Any

import numpy as np

from theory.arrays import ArrayLike, Integers, Rationals, Surds
from theory.errors import InputError
from theory.exact.rational import exact_matrix, exact_number, fraction_text, shown
from theory.exact.readout import ExactErrors, ExactReadout
from theory.exact.surds import Roots, joined, parts
from theory.readouts import Exact, Noisy, Reads, Soft
from theory.sources import Sources

_whole = np.frompyfunc(int, 1, 1)


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


@dataclass(frozen=True, eq=False)
class ExactProblem:
    """Sources, mixing, encoder cost and readout as rationals (with an exact decoder its cost does not matter).

    Source: docs/mathematics.md, "The modularity condition".

    Example:
        >>> problem = ExactProblem.posed([["0.1", 0], [0, 1], [0, 0]])
        >>> problem.mean.tolist()
        [Fraction(1, 30), Fraction(1, 3)]
    """

    points: Rationals  # (T, d)
    mean: Rationals  # (d,)
    covariance: Rationals  # (d, d)
    gram: Rationals  # (d, d) A'A
    encoder_cost: Fraction
    readout: ExactReadout | None = None  # None for the exact decoder of the data

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
        """From the arguments of `Problem`, which may be strings such as "0.1" or "1/3".

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
        points = exact_matrix(sources.points if isinstance(sources, Sources) else sources, "sources")
        dimension = points.shape[1]
        if isinstance(sources, Sources) and not sources.from_samples:
            mean = exact_matrix(sources.mean, "mean").ravel()
            covariance = exact_matrix(sources.covariance, "covariance")
        else:
            mean, covariance = _moments(points, _weights(weights, len(points)))
        _require_variation(points, mean)
        _require_independence(covariance)
        columns = _identity(dimension) if mixing is None else exact_matrix(mixing, "mixing")
        if columns.shape[1] != dimension:
            raise InputError(
                f"mixing: {columns.shape[1]} columns do not fit {dimension} source(s); give one column per source"
            )
        cost = exact_number(encoder_cost, "encoder_cost")
        if cost < 0:
            raise InputError(
                f"encoder_cost: {shown(encoder_cost)} is too small; it is not negative, and zero only where the "
                "covariance of the sources is regular"
            )
        posed = cls(points, mean, covariance, columns.T @ columns, cost)
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
            if targets.shape[1] != self.dimension:
                raise InputError(f"targets: {targets.shape[1]} columns do not fit {self.dimension} source(s)")
            gram = targets.T @ targets
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
        return lcm(_denominator(self.mean), _denominator(self.points))

    @cached_property
    def corners(self) -> Integers:
        """(T, d) integers, unit * (mean - s_t): the points of -S about the mean."""
        return np.asarray(_whole((self.mean - self.points) * self.unit))

    @cached_property
    def least_bias(self) -> Rationals:
        """(d,) m_i = min(-min s_i, max s_i), about the mean."""
        return np.asarray(np.minimum(self.corners.max(axis=0), -self.corners.min(axis=0)) * Fraction(1, self.unit))

    @cached_property
    def energy_matrix(self) -> Rationals:
        """(d, d) M = C + encoder_cost K^-1."""
        return np.asarray(self.covariance + self.encoder_cost * inverse(self.gram))

    @cached_property
    def condition(self) -> tuple[Roots, dict[int, Integers], int]:
        """F times a common denominator, in parts: an integer matrix for each product of roots; and the denominator.

        Where F is rational there is one part, F itself.
        """
        energy, roots = self.energy_matrix, Roots()
        readout = ExactReadout(self.gram) if self.readout is None else self.readout
        entries = readout.multiplier(np.diag(energy) + self.least_bias**2, roots) - energy
        common = _denominator(entries)
        return roots, parts(entries * common), common

    @property
    def condition_matrix(self) -> Surds:
        """(d, d) F itself, of rationals and surds."""
        roots, pieces, common = self.condition
        return np.asarray(joined(roots, pieces) * Fraction(1, common), dtype=object)

    def support(self, direction: list[int]) -> Fraction:
        """h(w) = max_t -w.s_t for an integer direction."""
        return Fraction(max(self.corners @ np.array(direction, dtype=object)), self.unit)

    def worth(self, direction: list[int]) -> Any:
        """W'F w of an integer direction: a rational, or a surd."""
        roots, pieces, common = self.condition
        w = np.array(direction, dtype=object)
        value = joined(roots, {members: np.array([w @ part @ w], dtype=object) for members, part in pieces.items()})[0]
        return value * Fraction(1, common)

    def slack_form(self, generators: Integers, sample: int) -> Surds:
        """(k, k) a positive multiple of W (v v' - F) W', without fractions, v the corner of a sample and W (k, d)."""
        roots, pieces, common = self.condition
        height = generators @ self.corners[sample]
        slack = {members: -(self.unit**2) * (generators @ part @ generators.T) for members, part in pieces.items()}
        slack[0] = slack[0] + common * np.outer(height, height)
        return joined(roots, slack)


def _denominator(numbers: Surds) -> int:
    """The least common denominator."""
    return lcm(*(value.denominator for value in numbers.ravel().tolist()))


def _weights(probabilities: ArrayLike | None, count: int) -> Rationals:
    """(count,) nonnegative rationals that sum to one."""
    weights = exact_matrix([1] * count if probabilities is None else probabilities, "probabilities")[:, 0]
    total = sum(weights)
    if len(weights) != count or total <= 0 or min(weights) < 0:
        raise InputError(f"probabilities: give {count} nonnegative numbers, not all zero")
    return np.asarray(weights / total)


def _moments(points: Rationals, weights: Rationals) -> tuple[Rationals, Rationals]:
    """Mean (d,) and covariance (d, d), summed over integers: many times faster than over fractions."""
    unit, share = _denominator(points), _denominator(weights)
    rows, counts = _whole(points * unit), _whole(weights * share)
    mean = counts @ rows * Fraction(1, unit * share)
    return mean, (rows.T * counts) @ rows * Fraction(1, unit**2 * share) - np.outer(mean, mean)


def _require_variation(points: Rationals, mean: Rationals) -> None:
    if len(points) < 2:
        raise InputError("sources: only one row; a code needs at least two different samples")
    for i, (low, middle, high) in enumerate(zip(points.min(axis=0), mean, points.max(axis=0), strict=True)):
        if low == high:
            raise InputError(f"sources: column {i} is constant; remove it, since the bias alone represents it")
        if not low < middle < high:
            raise InputError(
                f"sources: the mean of column {i} is at an end of its range, so it does not vary over the samples of "
                "positive probability; give other samples weight, or move a given mean inside the hull"
            )


def _require_independence(covariance: Rationals) -> None:
    for i, pivot in enumerate(_pivots(covariance)):
        if pivot < 0:
            raise InputError(f"covariance: not positive definite, by its first {i + 1} rows and columns")
        if pivot == 0:
            raise InputError(
                f"sources: linearly dependent, column {i} is constant but for a combination of those before it; "
                "remove one of these columns, or leave the question to floating point, which takes such sources"
            )


def _identity(size: int) -> Rationals:
    return np.asarray(np.eye(size, dtype=object) * Fraction(1))


def _pivots(matrix: Rationals) -> Iterator[Fraction]:
    """Pivots of elimination without exchanges: the variance of each column given those before it. Stop at zero."""
    rest = matrix.copy()
    for i in range(len(rest)):
        yield rest[i, i]
        rest[i + 1 :] -= np.outer(rest[i + 1 :, i] / rest[i, i], rest[i])


def inverse(matrix: Rationals) -> Rationals:
    """The inverse of a Gram matrix, by elimination (Gauss and Jordan).

    Raises:
        InputError: it is singular, as the mixing is not of full column rank.
    """
    size = len(matrix)
    rows = np.concatenate([matrix, _identity(size)], axis=1)
    for pivot in range(size):
        if rows[pivot, pivot] == 0:
            raise InputError("mixing: not of full column rank, so some sources cannot be told apart")
        rows[pivot] = rows[pivot] / rows[pivot, pivot]
        others = np.arange(size) != pivot
        rows[others] -= np.outer(rows[others, pivot], rows[pivot])
    return rows[:, size:]
