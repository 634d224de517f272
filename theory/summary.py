"""Summaries of samples, in memory that does not grow with their number (docs/mathematics.md, "Streams").

A summary holds the number of rows, their weight, mean and covariance (as a triangular root, so that correlated sources
keep their digits), the range of each column, and the extreme rows. Two summaries add up to that of all rows. A
`SummaryBuilder` makes one in a single pass:

1. The first rows make a frame: coordinates in which rows are about zero and of size one, and bodies (ball, box,
   polytope) inside the hull of the rows so far.
2. Take the next rows, so few that they stay in the processor's cache, and transform them into the frame.
3. Rows outside the bodies may be extreme: keep them, and update the ranges by them.
4. Add up the rows and their squares. If a mean or covariance loses too many digits that way, compute them from a
   triangular factor of the rows in place of the sums.
5. Merge mean and covariance with those of the rows before (Chan, Golub and LeVeque 1983, with triangular roots).
6. When many rows are kept, discard those that are not extreme, and make a new frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.arrays import Array, ArrayLike
from theory.errors import InputError
from theory.geometry.extremes import EXACT_DIMENSION, Inside, distinct_rows, extreme_rows, inside_of
from theory.immutable import Frozen
from theory.inputs import LARGEST, SMALLEST, as_matrix, checked_names, column_names


@dataclass(frozen=True)
class SummaryLimits:
    """How many rows are handled at once, and which digits may be lost."""

    sum_rows: int = 1 << 18  # whose squares are added up before they are merged; so many are copied meanwhile
    # Least eigenvalue of the correlations, and least share of a second moment that is not the squared mean's, for sums
    # of squares: at most four digits are lost. A triangular factor loses none.
    digits: float = 1e-4
    few_columns: int = 8  # up to which products of single columns are quicker than products of matrices
    pending: int = 1 << 13  # kept rows from which on those that are not extreme are discarded
    pending_in_many: int = 1 << 19  # in more than five sources, where that is slow; until then copies are discarded
    known: int = 1 << 16  # rows remembered as not extreme, such as those on the faces of a grid
    few: int = 256  # kept rows of a step below which these are not compared with those
    rounding: float = 1e-9  # share of a range by which a mean or an extreme row may lie outside it
    correlation: float = 0.1  # below which a frame leaves columns correlated, to save operations
    thin: float = 1e-10  # share of its size that a column must vary by itself, or the frame is that of the ranges
    # Transformed at once: they stay in the processor's cache, and numpy does not split so few among threads.
    step_rows: int = 1 << 13


SUMMARY = SummaryLimits()


@dataclass(frozen=True, eq=False)
class Moments(Frozen):
    """Weight, mean and covariance of rows, to the last digit of their spread however far from zero they lie."""

    weight: float  # sum over all rows
    origin: Array  # (d,) a point among the rows
    shift: Array  # (d,) mean of the rows about the origin
    root: Array  # (d, d) upper triangular R with R'R the covariance

    @classmethod
    def of(cls, points: Array, weights: Array | None, origin: Array) -> Moments:
        """Moments of rows (n, d), n > 0, near an origin (d,), from their triangular factor; of weight one if None."""
        about = points - origin
        total = float(len(points) if weights is None else weights.sum())
        if not total > 0:
            return cls.none(origin)
        share = np.full(len(points), 1 / total) if weights is None else weights / total
        shift = share @ about
        return cls(total, origin, shift, _triangular((about - shift) * np.sqrt(share)[:, None]))

    @classmethod
    def none(cls, origin: Array) -> Moments:
        """Moments of no rows, or of rows of weight zero."""
        return cls(0.0, origin, np.zeros(len(origin)), np.zeros((len(origin), len(origin))))

    def __add__(self, other: Moments) -> Moments:
        """The moments of the rows of both."""
        if not other.weight > 0:
            return self
        if not self.weight > 0:
            return other
        total = self.weight + other.weight
        share, rest = other.weight / total, self.weight / total
        apart = (other.origin - self.origin) + (other.shift - self.shift)
        rows = np.vstack([rest**0.5 * self.root, share**0.5 * other.root, (rest * share) ** 0.5 * apart])
        return Moments(total, self.origin, self.shift + share * apart, _triangular(rows))


def _triangular(rows: Array) -> Array:
    """(d, d) R, upper triangular, with R'R = rows'rows."""
    factor = np.linalg.qr(rows, mode="r")
    dimension = rows.shape[1]
    return np.asarray(np.vstack([factor, np.zeros((dimension - len(factor), dimension))]))


@dataclass(frozen=True, eq=False)
class Summary(Frozen):
    """What is kept of samples: enough to pose their problem, and to add others.

    Attributes:
        count: number of rows.
        moments: weight, mean and covariance.
        lower: (d,) least value of each column.
        upper: (d,) largest value of each column.
        extremes: (V, d) rows whose hull is that of all: its vertices in up to five sources; in more the distinct rows,
            and of very many only the extreme ones.
        names: of the columns, or None.

    Example:
        >>> first, second = Summary.of([[0, 0], [2, 0], [1, 1]]), Summary.of([[0, 4], [2, 4], [1, 2]])
        >>> both = first + second
        >>> both.count, both.mean.round(6).tolist(), len(both.extremes)
        (6, [1.0, 1.833333], 4)
    """

    count: int
    moments: Moments
    lower: Array
    upper: Array
    extremes: Array
    names: tuple[str, ...] | None = None

    @classmethod
    def of(
        cls, points: ArrayLike, probabilities: ArrayLike | None = None, *, names: Sequence[str] | None = None
    ) -> Summary:
        """Summary of samples in memory, or mapped into it.

        Args:
            points: (T, d) array-like, one row per sample. A DataFrame keeps its column names.
            probabilities: (T,) nonnegative weights, of any scale that other summaries share; all one by default.
            names: of the columns.

        Raises:
            InputError: NaN, text, bad weights.
        """
        return cls.of_chunks([points], None if probabilities is None else [probabilities], names=names)

    @classmethod
    def of_chunks(
        cls,
        chunks: Iterable[ArrayLike],
        probabilities: Iterable[ArrayLike] | None = None,
        *,
        names: Sequence[str] | None = None,
    ) -> Summary:
        """Summary of samples that come chunk by chunk.

        Args:
            chunks: matrices of as many columns each; those without rows are passed over.
            probabilities: for every chunk the weights of its rows, of one scale throughout.
            names: of the columns; by default those of the first chunk, if it has any.

        Raises:
            InputError: no rows; a chunk with other columns than the first, with NaN, text, bad weights: the message
                names chunk and row, counted from 0.

        Example:
            >>> rng = np.random.default_rng(0)
            >>> Summary.of_chunks(rng.uniform(size=(1000, 2)) for _ in range(100)).count
            100000
        """
        builder = SummaryBuilder(names)
        nothing = object()
        pairs: Iterable[Any] = ((chunk, None) for chunk in chunks)
        if probabilities is not None:
            pairs = zip_longest(chunks, probabilities, fillvalue=nothing)
        for number, (chunk, weights) in enumerate(pairs):
            if chunk is nothing or weights is nothing:
                few, many = ("chunks", "weights") if chunk is nothing else ("weights", "chunks")
                raise InputError(f"probabilities: there are {number} {few}, but more {many}; give one array per chunk")
            builder.add(chunk, weights, name=f"chunk {number}")
        return builder.summary()

    def standardized(self) -> Summary:
        """The summary of these rows about their mean, each column in units of its standard deviation.

        Example:
            >>> Summary.of([[0, 0], [0, 3], [500, 0], [500, 3]]).standardized().upper.tolist()
            [1.0, 1.0]
        """
        deviation = np.sqrt(np.diag(self.covariance))
        moments, mean = self.moments, self.mean
        about = Moments(
            moments.weight, (moments.origin - mean) / deviation, moments.shift / deviation, moments.root / deviation
        )
        lower, upper, extremes = ((rows - mean) / deviation for rows in (self.lower, self.upper, self.extremes))
        return Summary(self.count, about, lower, upper, extremes, self.names)

    @property
    def weight(self) -> float:
        """Sum over all rows: their number, if they have no weights."""
        return self.moments.weight

    @property
    def mean(self) -> Array:
        """(d,) weighted."""
        return self.moments.origin + self.moments.shift

    @property
    def covariance(self) -> Array:
        """(d, d) about the mean."""
        return self.moments.root.T @ self.moments.root

    @property
    def dimension(self) -> int:
        """Number of columns d."""
        return len(self.lower)

    def require_consistent(self) -> None:
        """Refuse a summary that no samples have: an altered one, or one made by hand.

        Raises:
            InputError: shapes, ranges or moments that do not fit each other.
        """
        moments, dimension = self.moments, self.extremes.shape[-1]
        shapes = {
            "lower": (self.lower, (dimension,)),
            "upper": (self.upper, (dimension,)),
            "origin": (moments.origin, (dimension,)),
            "shift": (moments.shift, (dimension,)),
            "root": (moments.root, (dimension, dimension)),
            "extremes": (self.extremes, (len(self.extremes), dimension)),
        }
        for name, (array, shape) in shapes.items():
            if array.shape != shape or not np.isfinite(array).all():
                raise InputError(
                    f"summary: {name} is not finite, or not of shape {shape}; give one that `Summary` made"
                )
        if not (self.count >= len(self.extremes) > 0 and moments.weight >= 0):
            raise InputError("summary: count or weight does not fit its rows; give one that `Summary` made")
        slack = SUMMARY.rounding * (self.upper - self.lower)
        reach = np.abs(self.extremes.min(axis=0) - self.lower), np.abs(self.extremes.max(axis=0) - self.upper)
        low, high = (moments.shift - (end - moments.origin) for end in (self.lower, self.upper))
        variance = np.diag(self.covariance)
        inside = (low >= -slack) & (high <= slack) & (variance <= -low * high + slack * (low - high))
        if not ((reach[0] <= slack) & (reach[1] <= slack) & (inside | (moments.weight == 0))).all():
            raise InputError("summary: rows, ranges and moments are not those of the same samples")

    def __add__(self, other: Summary) -> Summary:
        """The summary of the rows of both.

        Raises:
            InputError: other columns.
        """
        if not isinstance(other, Summary):
            return NotImplemented
        if other.dimension != self.dimension:
            raise InputError(
                f"summaries: of {self.dimension} and of {other.dimension} column(s); merge those of the same columns"
            )
        if None not in (self.names, other.names) and self.names != other.names:
            raise InputError(
                f"summaries: of columns {_listed(self.names)} and of {_listed(other.names)}; merge those of the same"
            )
        rows = np.concatenate([self.extremes, other.extremes])
        return Summary(
            self.count + other.count,
            self.moments + other.moments,
            np.minimum(self.lower, other.lower),
            np.maximum(self.upper, other.upper),
            rows[_kept(rows)],
            self.names or other.names,
        )

    def of_columns(self, members: Sequence[int]) -> Summary:
        """The summary of some of the columns.

        Example:
            >>> Summary.of([[0, 0], [2, 0], [1, 1]]).of_columns([0]).extremes.tolist()
            [[0.0], [2.0]]
        """
        chosen, moments = list(members), self.moments
        rows = np.ascontiguousarray(self.extremes[:, chosen])
        return Summary(
            self.count,
            Moments(
                moments.weight, moments.origin[chosen], moments.shift[chosen], _triangular(moments.root[:, chosen])
            ),
            self.lower[chosen],
            self.upper[chosen],
            rows[_kept(rows)],
            None if self.names is None else tuple(self.names[i] for i in chosen),
        )

    def __repr__(self) -> str:
        return f"Summary({self.count} rows of {self.dimension} columns, {len(self.extremes)} of them extreme)"


def _listed(names: Sequence[str] | None) -> str:
    return ", ".join(repr(name) for name in names or ())


def _kept(rows: NDArray[np.float64]) -> NDArray[np.intp]:
    """Indices of the rows (n, d) to keep of those that may be extreme."""
    if rows.shape[1] > EXACT_DIMENSION and len(rows) < SUMMARY.pending_in_many:
        return distinct_rows(rows)
    return extreme_rows(rows)


class SummaryBuilder:
    """A summary to which rows are added, part by part.

    Args:
        names: of the columns; by default those of the first table that has any.
        beside: the builder, perhaps in another thread, to whose summary this one's is added. Rows inside the hull of
            its rows are not kept, so that this summary is of no use by itself.

    Example:
        >>> builder = SummaryBuilder()
        >>> builder.add([[0, 0], [1, 0]])
        >>> builder.add([[0, 1], [1, 1]])
        >>> builder.summary()
        Summary(4 rows of 2 columns, 4 of them extreme)
    """

    def __init__(self, names: Sequence[str] | None = None, *, beside: SummaryBuilder | None = None) -> None:
        self.names = None if names is None else tuple(names)
        self._names_are_fixed = names is not None
        if beside is not None:
            self.names, self._names_are_fixed = beside.names, beside._names_are_fixed
        self._first = beside
        self._count = 0
        self._rows: _Rows | None = None

    def add(
        self,
        points: ArrayLike,
        probabilities: ArrayLike | None = None,
        *,
        name: str = "sources",
        first_row: int = 0,
    ) -> None:
        """Add rows.

        Args:
            points: (n, d) array-like, or without rows.
            probabilities: (n,) weights; all one by default.
            name: what to call the rows in a message.
            first_row: number of the first row in a message.

        Raises:
            InputError: as for `Summary.of_chunks`.
        """
        if getattr(points, "shape", (1,))[:1] == (0,):
            return
        names = column_names(points, name)
        if not self._names_are_fixed and names is not None:
            if self.names is not None and names != self.names:
                raise InputError(
                    f"{name}: columns {_listed(names)}, but those before have {_listed(self.names)}; give all the same"
                )
            self.names = names
        matrix: Any = points
        if not (isinstance(matrix, np.ndarray) and matrix.ndim == 2):
            matrix = as_matrix(matrix, name, columns=self.names, first_row=first_row)
        weights = None if probabilities is None else _checked_weights(probabilities, len(matrix), name, first_row)
        for start in range(0, len(matrix), SUMMARY.sum_rows):
            # Part by part, so that what is mapped from a disk is read once.
            rows = slice(start, start + SUMMARY.sum_rows)
            part = as_matrix(matrix[rows], name, columns=self.names, first_row=first_row + start)
            self._add(part, None if weights is None else weights[rows], name)

    def _add(self, matrix: Array, weights: Array | None, name: str) -> None:
        if self._rows is None:
            checked_names(self.names, matrix.shape[1])
            self._rows = _Rows(matrix[0].copy(), None if self._first is None else self._first._rows)
        if matrix.shape[1] != len(self._rows.origin):
            raise InputError(
                f"{name}: {matrix.shape[1]} column(s), but those before have {len(self._rows.origin)}; give all "
                "the same"
            )
        self._rows.add(matrix, weights, name)
        self._count += len(matrix)

    def summary(self) -> Summary:
        """Summary of all rows so far.

        Raises:
            InputError: there are none.
        """
        if self._rows is None:
            raise InputError("chunks: there are none, or none that has rows; give at least two samples")
        return self._rows.summary(self._count, self.names)


def _checked_weights(probabilities: ArrayLike, count: int, name: str, first_row: int) -> Array:
    matrix = as_matrix(probabilities, f"probabilities of {name}", first_row=first_row)
    if matrix.shape != (count, 1):
        raise InputError(f"probabilities of {name}: shape {matrix.shape} for {count} row(s); give one number per row")
    weights = matrix[:, 0]
    bad = np.flatnonzero((weights < 0) | (weights > LARGEST) | ((weights > 0) & (weights < SMALLEST)))
    if len(bad):
        row = int(bad[0])
        raise InputError(
            f"probabilities of {name}: {weights[row]:.3g} at row {first_row + row} (counted from 0); give weights that "
            f"are zero or between {SMALLEST:g} and {LARGEST:g}"
        )
    return weights


class _Rows:
    """Moments, ranges and extreme rows so far, about an origin (d,) near them.

    What lies inside the hull of other rows, with which these will be merged, is not kept.
    """

    def __init__(self, origin: Array, other: _Rows | None = None) -> None:
        dimension = len(origin)
        self.origin = origin
        self.moments = Moments.none(origin)
        self.lower, self.upper = np.full(dimension, np.inf), np.full(dimension, -np.inf)
        self.extremes: Array = np.empty((0, dimension))
        self.pending: list[Array] = []
        self.known: _Known = _Known(self.extremes) if other is None else other.known
        self.frame: _RowFrame | None = None if other is None else other.frame
        self.scratch = np.empty((dimension + 2, SUMMARY.step_rows))

    def add(self, points: Array, weights: Array | None, name: str) -> None:
        """Add finite rows (n, d), at most `SUMMARY.sum_rows` of them."""
        if self.frame is None:  # step 1
            first = slice(0, SUMMARY.step_rows)
            self._keep(points[first], name)
            self.moments += Moments.of(points[first], None if weights is None else weights[first], self.origin)
            self._discard()
            points, weights = points[SUMMARY.step_rows :], None if weights is None else weights[SUMMARY.step_rows :]
        if not len(points):
            return
        assert self.frame is not None
        sums = _Sums(points.shape[1])
        for start in range(0, len(points), SUMMARY.step_rows):
            rows = slice(start, start + SUMMARY.step_rows)
            block = points[rows]
            columns = self.frame.columns(block, self.scratch)  # step 2
            outside = self.frame.inside.outside(columns, self.scratch[-2:, : len(block)])
            if len(outside):
                self._keep(block[outside], name)  # step 3
            sums.add(columns, None if weights is None else weights[rows], self.scratch[-1, : len(block)])
        moments = sums.moments(self.frame)  # step 4
        # Step 5.
        self.moments += Moments.of(points, weights, self.origin) if moments is None else moments
        few = SUMMARY.pending if len(self.origin) <= EXACT_DIMENSION else SUMMARY.pending_in_many
        if sum(map(len, self.pending)) > max(few, len(self.extremes)):
            self._discard()

    def summary(self, total: int, names: tuple[str, ...] | None) -> Summary:
        self._discard()
        return Summary(total, self.moments, self.lower, self.upper, self.extremes, names)

    def _keep(self, rows: Array, name: str) -> None:
        """Keep rows that may be extreme."""
        lowest, highest = rows.min(axis=0), rows.max(axis=0)
        size = max(float(highest.max()), -float(lowest.min()))
        if size > LARGEST:
            raise InputError(
                f"{name}: values reach {size:.3g}, and squares beyond {LARGEST:g} cannot be computed; choose a larger "
                "unit"
            )
        np.minimum(self.lower, lowest, out=self.lower)
        np.maximum(self.upper, highest, out=self.upper)
        self.pending.append(rows if len(rows) < SUMMARY.few else self.known.others(rows))

    def _discard(self) -> None:
        """Step 6."""
        if not self.pending:
            return
        rows = np.concatenate([self.extremes, *self.pending])
        rows = rows[distinct_rows(rows)]
        self.extremes, self.pending = rows[_kept(rows)], []
        self.known = _Known(rows if len(rows) < SUMMARY.known else self.extremes)
        self.frame = _RowFrame.of(self)


class _Known:
    """Distinct rows (n, d) of which it is known whether they are extreme, sorted by a random combination."""

    def __init__(self, rows: Array) -> None:
        self.way = np.random.default_rng(1).uniform(1, 2, size=rows.shape[1])
        key = rows @ self.way
        order = np.argsort(key)
        self.rows, self.key = rows[order], key[order]

    def others(self, rows: Array) -> Array:
        """The rows (m, d) that are not known; of some that are, rounding may hide it."""
        if not len(self.key):
            return rows
        place = np.minimum(np.searchsorted(self.key, rows @ self.way), len(self.key) - 1)
        return np.asarray(rows[(rows != self.rows[place]).any(axis=1)])


@dataclass(frozen=True)
class _RowFrame:
    """Coordinates ``y = (x - center) matrix`` in which rows are about zero and of size one."""

    center: Array  # (d,)
    matrix: Array  # (d, d) upper triangular
    inverse: Array  # (d, d) that of the matrix
    inside: Inside  # bodies inside the hull of the rows so far, in these coordinates

    @cached_property
    def read_by(self) -> list[list[int]]:
        """For each coordinate the columns before its own that it depends on."""
        return [np.flatnonzero(self.matrix[:j, j]).tolist() for j in range(len(self.matrix))]

    @classmethod
    def of(cls, rows: _Rows) -> _RowFrame:
        """The frame of the rows so far."""
        center, root = rows.moments.origin + rows.moments.shift, rows.moments.root
        size = np.linalg.norm(root, axis=0)
        diagonal = np.diag(np.diag(root))
        root = diagonal + np.where(np.abs(root) > SUMMARY.correlation * size, root - diagonal, 0.0)
        if not (np.abs(np.diag(root)) > SUMMARY.thin * size).all():
            reach = rows.upper - rows.lower
            root = np.diag(np.where(reach > 0, reach, 1.0))
        matrix = np.asarray(np.linalg.inv(root), dtype=np.float64)
        return cls(center, matrix, root, inside_of((rows.extremes - center) @ matrix))

    def columns(self, block: Array, scratch: Array) -> Array:
        """(d, n) rows (n, d) in these coordinates, in the first rows of the scratch.

        Products with narrow matrices are slow; columns are contiguous.
        """
        dimension, length = block.shape[1], len(block)
        columns, one = scratch[:dimension, :length], scratch[-1, :length]
        np.subtract(block.T, self.center[:, None], out=columns)
        if dimension > SUMMARY.few_columns:
            columns[:] = self.matrix.T @ columns
            return columns
        for j in reversed(range(dimension)):
            np.multiply(columns[j], self.matrix[j, j], out=columns[j])
            for i in self.read_by[j]:
                np.multiply(columns[i], self.matrix[i, j], out=one)
                np.add(columns[j], one, out=columns[j])
        return columns


class _Sums:
    """Sums of columns and of their products."""

    def __init__(self, dimension: int) -> None:
        self.weight, self.total, self.square = 0.0, np.zeros(dimension), np.zeros((dimension, dimension))

    def add(self, columns: Array, weights: Array | None, one: Array) -> None:
        """Add columns (d, n)."""
        dimension, length = columns.shape
        self.weight += length if weights is None else float(weights.sum())
        if weights is None:
            self.total += columns.sum(axis=1)
        elif dimension > SUMMARY.few_columns:
            self.total += columns @ weights
        if dimension > SUMMARY.few_columns:
            self.square += columns @ columns.T if weights is None else (columns * weights) @ columns.T
            return
        for i, column in enumerate(columns):
            weighted = column if weights is None else np.multiply(column, weights, out=one)
            if weights is not None:
                self.total[i] += weighted.sum()
            for j in range(i + 1):
                self.square[i, j] += np.dot(weighted, columns[j])

    def moments(self, frame: _RowFrame) -> Moments | None:
        """Moments of all columns so far, or None where squares have lost too many digits."""
        if not self.weight > 0:
            return Moments.none(frame.center)
        lower = np.tril(self.square) / self.weight
        second = lower + np.tril(lower, -1).T
        mean = self.total / self.weight
        about = second - np.outer(mean, mean)
        size = np.diag(about)
        if not (size > SUMMARY.digits * np.diag(second)).all() or not size.all():
            return None
        deviation = np.sqrt(size)
        correlation = about / np.outer(deviation, deviation)
        if not np.linalg.eigvalsh(correlation)[0] > SUMMARY.digits:
            return None
        root = np.linalg.cholesky(correlation).T * deviation @ frame.inverse
        return Moments(self.weight, frame.center, mean @ frame.inverse, root)
