"""Principal coordinates of data whose sources are not known (docs/mathematics.md, "Data without known sources").

Neurons see the data ``x``, and in any coordinates ``x = A s`` that span them the best code has the same neurons.
Principal coordinates are uncorrelated, and the first few keep the most variance. That a neuron reads one of them alone
has no meaning.

1. Subtract the mean, and compute a triangular factor of the data block by block: a covariance would lose half the
   digits.
2. The singular vectors of the factor are the axes. If there are fewer samples than channels, factorise the transpose
   first, so that the matrix is as small as the number of samples.
3. Discard axes along which the data vary by rounding only, and all but the first few, as many as are wanted.
4. Make the largest entry of each axis positive, and project the data.

Rows and channels are taken in orders of their own, and equal rows once, so that nothing depends on theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.arrays import Array, ArrayLike, Indices
from theory.errors import InputError
from theory.geometry.rows import sorted_rows
from theory.immutable import locked
from theory.inputs import LARGEST, as_matrix, checked_probabilities, column_names, whole_number
from theory.inputs.names import distinct_names
from theory.sources import CHUNK_ROWS, Sources


@dataclass(frozen=True)
class AxesTolerances:
    """What rounding may do to axes and the variance along them."""

    rounding: float = 64 * float(np.finfo(float).eps)  # of the data, relative to their largest value
    # Share of the largest deviation below which a direction may be rounding. `Sources` refuses at a tenth of it.
    deviation: float = 1e-9
    share: float = 4 * float(np.finfo(float).eps)  # of the variance
    equal: float = 1e-9  # relative difference of two standard deviations below which they are equal
    # By how much axes may miss being orthonormal, and coordinates being uncorrelated, about zero and in order.
    agreement: float = 1e-8
    largest_table: int = 1 << 18  # numbers in a table, beyond which channels are left in the order given


PRINCIPAL_AXES = AxesTolerances()


class PrincipalCoordinates(Sources):
    """Coordinates of data along some of their principal axes, about the mean and in the order of their variance.

    Args:
        points: (T, d) the coordinates.
        axes: (dx, d) orthonormal columns, the directions in the space of the data.
        centre: (dx,) mean of the data.
        kept: share of the variance of the data along the axes.
        tied: whether the data vary as much along the first axis left out as along the last one kept: either could be.
        channels: dx names of what the data consist of; ``x1 ... xdx`` by default.
        probabilities: (T,) nonnegative weights of the samples; equal by default.

    Attributes: those of `Sources`, in which the columns are called ``pc1 ... pcd``, and the arguments.

    Raises:
        InputError: arrays that do not fit each other, or that are no principal coordinates.

    Example:
        >>> data = PrincipalCoordinates.of([[2, 0, 1], [-2, 0, 1], [0, 1, 1], [0, -1, 1]])
        >>> data.points.tolist(), data.centre.tolist()
        ([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]], [0.0, 0.0, 1.0])
        >>> PrincipalCoordinates.of(data.data(data.points), dimension=1).kept
        0.8
    """

    def __init__(
        self,
        points: ArrayLike,
        axes: ArrayLike,
        centre: ArrayLike,
        kept: float,
        *,
        channels: Sequence[str] | None = None,
        probabilities: ArrayLike | None = None,
        tied: bool = False,
    ) -> None:
        coordinates = as_matrix(points, "sources")
        self.axes, self.centre = locked(as_matrix(axes, "axes")), locked(as_matrix(centre, "centre").ravel())
        self.kept, self.tied = float(kept), bool(tied)
        numbered = [f"x{number}" for number in range(1, len(self.axes) + 1)]
        self.channels = distinct_names(numbered if channels is None else channels, "data")
        names = [f"pc{i + 1}" for i in range(coordinates.shape[1])]
        super().__init__(coordinates, probabilities, names=names, identified=False)
        self._require_principal()

    @classmethod
    def of(
        cls,
        data: ArrayLike,
        dimension: int | None = None,
        variance: float | None = None,
        probabilities: ArrayLike | None = None,
        *,
        channels: Sequence[str] | None = None,
    ) -> PrincipalCoordinates:
        """The principal coordinates of data.

        Args:
            data: (T, dx) anything array-like, one row per sample: arrays, DataFrames, the tables of pynapple. There may
                be more channels than samples.
            dimension: number of axes to keep.
            variance: share of the variance to keep by as few axes as possible. If both are None, all axes along which
                the data vary by more than rounding are kept.
            probabilities: (T,) nonnegative weights of the samples; equal by default. A direction in which only samples
                of weight zero vary is not kept.
            channels: dx names; by default those of the columns, or ``x1 ... xdx``.

        Raises:
            InputError: data that are no finite numbers, or do not vary; a dimension or share that they do not have.
        """
        channels = column_names(data, "data") if channels is None else channels
        matrix = as_matrix(data, "data", columns=channels)
        weights = checked_probabilities(probabilities, len(matrix))
        if len(matrix) < 2:
            raise InputError("data: only one row; a code needs at least two different samples")
        largest = float(max(matrix.max(), -matrix.min()))
        if largest > LARGEST:
            raise InputError(
                f"data: values reach {largest:.3g}, and their squares are no numbers; choose a larger unit"
            )
        table = _DataTable.of(matrix, weights, channels)
        centre = table.mean()
        deviations, axes = table.principal_axes(centre)
        rank = _rank(deviations, largest, matrix.shape)
        if not rank:
            raise InputError("data: all rows are the same but for rounding, so that there is nothing to represent")
        count = _chosen(deviations, rank, dimension, variance)
        axes = axes[:, :count]
        # Step 4.
        strongest = axes[np.abs(axes).argmax(axis=0), np.arange(count)]
        axes = axes * np.where(strongest < 0, -1.0, 1.0)
        shares = deviations**2 / (deviations**2).sum()
        points = table.along(centre, axes)
        back = np.argsort(table.channels)
        return cls(
            points,
            axes[back],
            centre[back],
            min(1.0, shares[:count].sum()),
            channels=channels,
            probabilities=weights,
            tied=count < rank and bool(deviations[count] >= (1 - PRINCIPAL_AXES.equal) * deviations[count - 1]),
        )

    def coordinates(self, data: ArrayLike) -> Array:
        """(T, d) coordinates of data (T, dx), these or others, as `Representation.activity` takes them.

        Raises:
            InputError: data with another number of channels.
        """
        matrix = as_matrix(data, "data")
        if matrix.shape[1] != len(self.axes):
            raise InputError(f"data: {matrix.shape[1]} channel(s), but the axes were found in {len(self.axes)}")
        return _along(matrix, self.centre, self.axes)

    def data(self, coordinates: ArrayLike) -> Array:
        """(T, dx) data of coordinates (T, d), projected on the axes."""
        return np.asarray(as_matrix(coordinates, "coordinates") @ self.axes.T + self.centre)

    def standardized(self) -> Sources:
        """Refused: axes in units of their deviation would no longer be those of the data.

        Raises:
            InputError: always.
        """
        raise InputError("sources: principal coordinates; divide the data by their deviations before, in from_data")

    def summary(self) -> dict[str, Any]:
        """Channels and share of the variance, as numbers and lists."""
        return {"channels": list(self.channels), "variance_kept": self.kept}

    def _made_of(self) -> tuple[Any, ...]:
        return *super()._made_of(), self.axes, self.centre, self.kept, self.channels

    def _require_principal(self) -> None:
        if self.axes.shape != (len(self.centre), self.dimension) or len(self.channels) != len(self.axes):
            raise InputError(
                f"axes: shape {self.axes.shape} does not fit {self.dimension} coordinate(s), {len(self.centre)} "
                f"mean(s) and {len(self.channels)} channel(s)"
            )
        if not 0 < self.kept <= 1:
            raise InputError(f"kept: {self.kept:g} is not a share of the variance, which is above zero and at most one")
        if np.abs(self.axes.T @ self.axes - np.eye(self.dimension)).max() > PRINCIPAL_AXES.agreement:
            raise InputError("axes: not orthonormal; give those that `PrincipalCoordinates.of` found")
        largest = float(np.sqrt(self.covariance[0, 0]))
        deviation = np.sqrt(np.diag(self.covariance))
        correlated = np.abs(self.covariance - np.diag(deviation**2)).max() > PRINCIPAL_AXES.agreement * largest**2
        unsorted = (np.diff(deviation) > PRINCIPAL_AXES.agreement * largest).any()
        if correlated or unsorted or np.abs(self.mean).max() > PRINCIPAL_AXES.agreement * largest:
            raise InputError(
                "sources: not principal coordinates, which are uncorrelated, about their mean and in the order of "
                "their variance; `PrincipalCoordinates.of` finds them"
            )


def _chosen(deviations: Array, rank: int, dimension: int | None, variance: float | None) -> int:
    """The number of axes to keep (step 3)."""
    if dimension is not None and variance is not None:
        raise InputError("dimension, variance: each says how many axes to keep; give one of them")
    if dimension is not None:
        if whole_number(dimension, "dimension", 1) > rank:
            raise InputError(f"dimension: the data vary along {rank} direction(s) only; give {rank} at most")
        return int(dimension)
    if variance is None:
        return rank
    share = _number(variance)
    if not 0 < share <= 1:
        raise InputError(f"variance: {variance!r} is not a share of the variance; give one above zero, at most one")
    if share == 1:
        return rank
    left = 1 - np.cumsum(deviations**2) / (deviations**2).sum()
    return min(rank, 1 + int(np.argmax(left <= 1 - share + PRINCIPAL_AXES.share)))


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def _rank(deviations: Array, largest: float, shape: tuple[int, ...]) -> int:
    """The number of axes along which the data vary by more than rounding."""
    samples, channels = shape
    # Rounding to the digits of the largest value is independent noise of every value, and of every direction.
    noise = PRINCIPAL_AXES.rounding * largest * (1 + (channels / samples) ** 0.5)
    return int((deviations > max(PRINCIPAL_AXES.deviation * float(deviations[0]), noise)).sum())


def _along(matrix: Array, centre: Array, axes: Array) -> Array:
    result = np.empty((len(matrix), axes.shape[1]))
    step = max(CHUNK_ROWS, matrix.shape[1])
    for start in range(0, len(matrix), step):
        rows = slice(start, start + step)
        np.matmul(matrix[rows] - centre, axes, out=result[rows])
    return result


@dataclass(frozen=True, eq=False)
class _DataTable:
    """Data (T, dx) as different rows in an order of their own."""

    matrix: Array  # (T, dx) the data, with their channels in order
    channels: Indices  # (dx,) which these are
    order: Indices  # (T,) the rows in order
    starts: Indices  # (n,) where in it a different row begins
    shares: Array  # (n,) how much each of the different rows counts

    @classmethod
    def of(cls, matrix: Array, weights: Array | None, names: Sequence[str] | None) -> _DataTable:
        channels = np.arange(matrix.shape[1])
        if matrix.size <= PRINCIPAL_AXES.largest_table:
            values = np.sort(matrix, axis=0).T.tolist()
            named = [""] * len(values) if names is None else list(names)
            channels = np.array(sorted(range(len(values)), key=lambda channel: (values[channel], named[channel])))
            matrix = matrix[:, channels]
        order, starts = sorted_rows(matrix, weights)
        counts = np.diff(np.append(starts, len(order)))
        shares = counts / len(order) if weights is None else np.add.reduceat(weights[order], starts)
        return cls(matrix, channels, order, starts, shares)

    def blocks(self) -> Iterator[tuple[slice, Array, Array]]:
        """Yield different rows, as a slice of them, in blocks, and their shares."""
        step = max(CHUNK_ROWS, self.matrix.shape[1])
        for start in range(0, len(self.starts), step):
            rows = slice(start, start + step)
            yield rows, self.matrix[self.order[self.starts[rows]]], self.shares[rows]

    def mean(self) -> Array:
        """(dx,) mean, about the first sample, so that data far from zero keep their digits."""
        origin, shift = self.matrix[self.order[0]], np.zeros(self.matrix.shape[1])
        for _, rows, shares in self.blocks():
            shift += shares @ (rows - origin)
        return np.asarray(origin + shift)

    def principal_axes(self, centre: Array) -> tuple[Array, Array]:
        """Standard deviations (k,) along all axes (dx, k), largest first (steps 1 and 2)."""
        factor: Array = np.empty((0, self.matrix.shape[1]))
        for _, rows, shares in self.blocks():
            factor = np.vstack([factor, (rows - centre) * np.sqrt(shares)[:, None]])
            if len(factor) > factor.shape[1]:
                factor = np.asarray(np.linalg.qr(factor, mode="r"))
        if len(factor) < factor.shape[1]:
            directions, small = np.linalg.qr(factor.T)
            turned, deviations, _ = np.linalg.svd(small)
            return deviations, np.asarray(directions @ turned)
        _, deviations, transposed = np.linalg.svd(factor)
        return deviations, np.asarray(transposed.T)

    def along(self, centre: Array, axes: Array) -> Array:
        """(T, d) coordinates along axes (dx, d), about their mean; those of equal rows are equal."""
        different, shift = np.empty((len(self.starts), axes.shape[1])), np.zeros(axes.shape[1])
        for rows, block, shares in self.blocks():
            np.matmul(block - centre, axes, out=different[rows])
            shift += shares @ different[rows]
        points = np.empty((len(self.order), axes.shape[1]))
        points[self.order] = np.repeat(different - shift, np.diff(np.append(self.starts, len(self.order))), axis=0)
        return points
