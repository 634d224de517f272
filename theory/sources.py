"""Sources: what the network represents (docs/mathematics.md, "The problem").

A `Sources` object holds the samples (or, for a continuous distribution, its moments and the vertices of its support; or
a summary of more samples than fit into memory). From it come all that the theory needs: mean, covariance, range of each
source, support function, and the geometry of the hull.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.arrays import Array, ArrayLike
from theory.errors import InputError
from theory.geometry.affine_hull import AffineHull
from theory.geometry.extremes import EXACT_DIMENSION, extreme_points
from theory.geometry.face_lattice import FaceLattice
from theory.geometry.polytope import NormalFan, column_range, normal_fan
from theory.geometry.rows import ordered_rows
from theory.immutable import Immutable, derived
from theory.inputs import LARGEST, SMALLEST, as_matrix, as_rows, checked_names, has_blocks, require_plain
from theory.inputs.sources import checked_moments, checked_samples
from theory.summary import Summary

__all__ = ["EXACT_DIMENSION", "Sources"]

CHUNK_ROWS = 1 << 14  # rows handled at once where a pass over the samples needs a temporary


@dataclass(frozen=True)
class SourceTolerances:
    """When sources are dependent, and which hulls are computed."""

    # Most distinct samples of six and seven sources whose hull is computed to count its faces.
    most_samples: tuple[tuple[int, int], ...] = ((6, 3_000), (7, 600))
    most_faces: int = 10_000_000  # that are priced one by one: a gigabyte of indices, and minutes
    hull: float = 1e-9  # distance of a mean from the hull of the vertices, in units of the ranges, that is rounding
    # Least eigenvalue of the correlations below which a root of the covariance is computed from the samples. Above it
    # at most four digits are lost.
    root: float = 1e-4
    # Standard deviation of a standardised combination of sources that is zero up to rounding, which leaves 1e-16 times
    # the number of samples. No code would represent a smaller one to eight digits.
    dependent: float = 1e-10
    dependent_by_moments: float = 1e-6  # the same of a covariance, which has half the digits
    told: float = 1e-9  # by how much a sample may lie off the affine hull of the others, in units of the ranges
    most_columns: int = 2  # sources per sample: more are samples in columns
    nearly_constant: float = 1e-4  # standard deviation below which a combination is reported as nearly constant
    term: float = 1e-6  # share of the largest term of a combination below which a term is left out
    terms_shown: int = 5  # in a message


SOURCES = SourceTolerances()


class Sources(Immutable):
    """T samples of d sources with probabilities, or a continuous distribution through its moments and vertices.

    They are immutable: a matrix is copied, unless nobody can write to it (``points.setflags(write=False)`` saves the
    memory of the copy).

    Args:
        points: (T, d) array-like, one row per sample, in any units. A DataFrame keeps its column names. An array or
            DataFrame of dask is summarised block by block, where its blocks are.
        probabilities: (T,) nonnegative weights, any scale; equal by default. A sample of weight zero costs no energy
            but must still be encoded with nonnegative activity.
        names: d names for the sources; by default the column names, or ``s1 ... sd``.
        identified: False where the columns are mere coordinates: which of them a neuron reads means nothing, and
            modularity neither.

    Attributes:
        points: (T, d) the samples (for moments: the vertices; for a summary: the samples that may be extreme).
        probabilities: (T,) summing to one, or None when all are equal.
        mean: (d,) weighted mean of the samples.
        covariance: (d, d) about the mean.
        lower: (d,) least value of each source about its mean.
        upper: (d,) largest value of each source about its mean.
        identified: as passed.
        hull: where some sources are linear combinations of others, up to a constant, the `AffineHull` that all lie in;
            else None.
        stream: the summary of samples that are not kept, or None.

    Raises:
        InputError: NaN, text, fewer than two rows, a constant source, sources that are linearly dependent but for
            samples of probability zero, bad probabilities.

    Source: docs/mathematics.md, "The problem".

    Example:
        >>> square = Sources([[-1, -1], [-1, 1], [1, -1], [1, 1]])
        >>> square.covariance.tolist()
        [[1.0, 0.0], [0.0, 1.0]]
        >>> float(square.support([[1.0, 1.0]])[0])
        2.0
    """

    hull: AffineHull | None = None
    stream: Summary | None = None
    _remedy = "make other `Sources` of the changed data"

    def __init__(
        self,
        points: ArrayLike,
        probabilities: ArrayLike | None = None,
        *,
        names: Sequence[str] | None = None,
        identified: bool = True,
    ) -> None:
        self.identified = bool(identified)
        if has_blocks(points):
            from theory.blocks import summary_of_blocks

            self._set_summary(summary_of_blocks(points, probabilities, names=names), names)
            self._finish()
            return
        self.points, self.probabilities, self.names = checked_samples(points, probabilities, names)
        self.from_samples = True
        lowest, highest = self._checked_range(*column_range(self.points))
        self._require_samples_in_rows()
        self._measure_samples(lowest, highest)
        self._find_hull()
        self._finish()

    @classmethod
    def from_moments(
        cls,
        covariance: ArrayLike,
        vertices: ArrayLike,
        mean: ArrayLike | None = None,
        *,
        names: Sequence[str] | None = None,
    ) -> Sources:
        """A distribution known by its covariance and the vertices of (the hull of) its support.

        Args:
            covariance: (d, d) symmetric positive definite.
            vertices: (V, d) points whose convex hull is that of the support, in the coordinates of the mean.
            mean: (d,) inside the hull; zero by default.
            names: d names for the sources; by default ``s1 ... sd``.

        Raises:
            InputError: shapes that do not fit, a covariance that no distribution on that support has, a mean
                outside the support.

        Example:
            >>> import numpy as np
            >>> corners = [[-1, -1], [-1, 1], [1, -1], [1, 1]]
            >>> uniform_square = Sources.from_moments(np.eye(2) / 3, corners)
            >>> uniform_square.upper.tolist()
            [1.0, 1.0]
        """
        return cls._on_vertices(covariance, vertices, mean, names)

    @classmethod
    def _on_vertices(
        cls,
        covariance: Any,
        vertices: Any,
        mean: Any,
        names: Sequence[str] | None,
        root: Array | None = None,
        *,
        identified: bool = True,
    ) -> Sources:
        """Sources of `from_moments`; the covariance is not checked if a root (d, d) of it, of more digits, is known."""
        self = cls.__new__(cls)
        self.identified = identified
        self.points, moments, center, self.names = checked_moments(covariance, vertices, mean, names)
        self.probabilities = None
        self.from_samples = False
        self.mean = self._origin = center
        self._shift = np.zeros(len(center))
        lowest, highest = self._checked_range(*column_range(self.points))
        outside = np.flatnonzero((center <= lowest) | (center >= highest))
        if len(outside):
            name = self.names[outside[0]]
            raise InputError(f"mean: lies outside the vertices' range of source {name!r}; move it inside the hull")
        self.lower, self.upper = lowest - center, highest - center
        if self.mean_outside is not None:
            raise InputError("mean: lies outside the hull of the vertices; move it inside")
        self.covariance = moments
        if root is None:
            self._require_within_range()
            self._find_hull()
        else:
            self._know(covariance_root=root)
        self._finish()
        return self

    def _require_within_range(self) -> None:
        bound = -self.lower * self.upper
        wide = np.flatnonzero(np.diag(self.covariance) > bound * (1 + 1e-9))
        if len(wide):
            i = int(wide[0])
            raise InputError(
                f"covariance: variance {self.covariance[i, i]:g} of source {self.names[i]!r} exceeds {bound[i]:g}, the "
                "largest that its range allows; check the units of covariance and vertices"
            )

    @classmethod
    def from_chunks(
        cls,
        chunks: Iterable[ArrayLike],
        *,
        probabilities: Iterable[ArrayLike] | None = None,
        names: Sequence[str] | None = None,
    ) -> Sources:
        """Samples that come chunk by chunk, and need not fit into memory together.

        The problem is that of all samples, but the samples are not kept. The answer computes activity of any rows.

        Args:
            chunks: any iterable of matrices (n, d), such as a generator; those without rows are passed over. The
                columns of DataFrames keep their names.
            probabilities: for every chunk the weights (n,) of its rows, any scale; equal by default.
            names: d names for the sources.

        Raises:
            InputError: as for `Sources`; the message names chunk and row, counted from 0. A chunk with other columns
                than the first; no rows.

        Source: docs/mathematics.md, "Streams".

        Example:
            >>> chunks = ([[x, y] for y in range(4)] for x in range(3))
            >>> grid = Sources.from_chunks(chunks)
            >>> grid.count, grid.mean.tolist(), len(grid.points)
            (12, [1.0, 1.5], 4)
        """
        if getattr(chunks, "ndim", 3) != 3:
            raise InputError(
                "chunks: one matrix is one piece; give it to Sources itself, or give an iterable of matrices"
            )
        return cls.from_summary(Summary.of_chunks(chunks, probabilities, names=names))

    @classmethod
    def from_summary(cls, summary: Summary, *, names: Sequence[str] | None = None) -> Sources:
        """Samples known by a summary (`theory.summary`), such as the sum of several.

        Args:
            summary: of at least two different samples.
            names: d names for the sources; by default those of the summary, or ``s1 ... sd``.

        Raises:
            InputError: as for `Sources`; a summary whose numbers do not fit each other.

        Example:
            >>> from theory.summary import Summary
            >>> halves = Summary.of([[-1, -1], [-1, 1]]), Summary.of([[1, -1], [1, 1]])
            >>> Sources.from_summary(halves[0] + halves[1])
            Sources(4 samples of s1, s2)
        """
        return cls._of_summary(summary, names)

    @classmethod
    def _of_summary(cls, summary: Summary, names: Sequence[str] | None, *, identified: bool = True) -> Sources:
        self = cls.__new__(cls)
        self.identified = identified
        self._set_summary(summary, names)
        self._finish()
        return self

    def _set_summary(self, summary: Summary, names: Sequence[str] | None) -> None:
        summary.require_consistent()
        self.stream = summary
        self.points = as_matrix(summary.extremes, "extremes")
        self.names = checked_names(names if names is not None else summary.names, self.points.shape[1])
        self.probabilities = None
        self.from_samples = False
        if summary.count < 2:
            raise InputError("sources: only one row; a code needs at least two different samples")
        if not summary.weight > 0:
            raise InputError("probabilities: all are zero; give at least one sample a positive weight")
        lowest, highest = self._checked_range(summary.lower, summary.upper)
        self._require_samples_in_rows()
        self._origin, self._shift = summary.moments.origin, summary.moments.shift
        self.mean = self._origin + self._shift
        self.lower, self.upper = self.about_mean(lowest), self.about_mean(highest)
        self.covariance = summary.covariance
        self._know(covariance_root=summary.moments.root)  # has more digits than the covariance
        self._find_hull()

    def afresh(self) -> Sources:
        """The sources as they were made, of which nothing has been derived yet.

        Of samples that are not kept the summary is all there is. Who has them still can summarise them again, and
        certify a code on that.

        Example:
            >>> square = Sources([[-1, -1], [-1, 1], [1, -1], [1, 1]])
            >>> square.afresh() == square, square.afresh() is square
            (True, False)
        """
        if self.stream is not None:
            return Sources.from_summary(self.stream, names=self.names)
        if self.from_samples:
            return Sources(self.points, self.probabilities, names=self.names)
        return Sources.from_moments(self.covariance, self.points, self.mean, names=self.names)

    def summarised(self) -> Summary:
        """The summary of these samples, to be added to others.

        Raises:
            InputError: a distribution known by its moments, which has no samples.

        Example:
            >>> box, more = Sources([[0, 0], [0, 1], [1, 0], [1, 1]]), Sources([[0, 0], [2, 0], [0, 2]])
            >>> Sources.from_summary(box.summarised() + more.summarised()).count
            7
        """
        if self.stream is not None:
            return self.stream
        if not self.from_samples:
            raise InputError("sources: known by their moments alone; a summary counts samples")
        # The average weight of a sample is one, as in other summaries.
        weights = None if self.probabilities is None else self.probabilities * self.count
        return Summary.of(self.points, weights, names=self.names)

    @classmethod
    def transformed(cls, sources: Sources, root: Array, vertices: Array) -> Sources:
        """Sources in other coordinates, by their moments; nothing is checked again.

        There their covariance is R'R with the root R (d, d), and they have these vertices (V, d) about the mean, in the
        same order.

        Example:
            >>> square = Sources([[-1, -1], [-1, 1], [1, -1], [1, 1]])
            >>> Sources.transformed(square, 2 * square.covariance_root, 2 * square.vertices).support([[1, 1]]).tolist()
            [4.0]
        """
        return SourcesOnVertices(sources, vertices, root, faces_of=sources)

    def standardized(self) -> Sources:
        """Each source about its mean, in units of its standard deviation.

        The cost of weights is the same for all sources, so that what a code is depends on their units. These do not.
        A mixing, targets and transitions have to be those of the standardized sources.

        Example:
            >>> measured = Sources([[0, 0], [0, 3], [500, 0], [500, 3]])
            >>> np.diag(measured.standardized().covariance).tolist(), measured.standardized().points[3].tolist()
            ([1.0, 1.0], [1.0, 1.0])
        """
        deviation = np.sqrt(np.diag(self.covariance))
        if self.stream is not None:
            return Sources.from_summary(self.stream.standardized(), names=self.names)
        if not self.from_samples:
            correlation = self.covariance / np.outer(deviation, deviation)
            vertices = self.about_mean(self.points) / deviation
            return Sources.from_moments(correlation, vertices, names=self.names)
        return Sources(self.about_mean(self.points) / deviation, self.probabilities, names=self.names)

    def sized(self, factor: float) -> Sources:
        """Sources with these moments on points, and so with a support function, that are a factor larger.

        Example:
            >>> twice = Sources([[-1], [1]]).sized(2.0)
            >>> twice.covariance.tolist(), twice.support([[1.0]]).tolist()
            ([[1.0]], [2.0])
        """
        return SourcesOnVertices(self, factor * self.vertices, faces_of=self)

    def on_points(self, points: ArrayLike) -> Sources:
        """Sources with these moments and the support function of points (P, d) about the mean, with zero inside.

        Example:
            >>> Sources([[-1], [1]]).on_points([[-2], [3]]).support([[1.0], [-1.0]]).tolist()
            [2.0, 3.0]
        """
        return Sources._on_vertices(self.covariance, points, None, self.names, self.covariance_root)

    def among(self, rows: ArrayLike, *, listed: bool = True) -> Sources:
        """Sources with these moments whose codes are nonnegative on some of the samples.

        Their vertices are those samples, in the order of the rows. If their hull holds the mean, no neuron costs more
        than with all samples, so that a lower bound holds for all (docs/mathematics.md, "Many samples").

        Args:
            rows: (k,) indices of the points.
            listed: whether the faces of their hull may be listed, which takes seconds.

        Raises:
            InputError: rows that are none.

        Example:
            >>> square = Sources([[-1, -1], [-1, 1], [1, -1], [1, 1]])
            >>> square.among([0, 1, 2]).support([[-1.0, -1.0]]).tolist(), square.support([[-1.0, -1.0]]).tolist()
            ([0.0], [2.0])
        """
        if type(rows) is not np.ndarray:
            require_plain(rows, "rows")
        chosen = np.asarray(rows)
        if chosen.ndim != 1 or chosen.dtype.kind not in "iu" or not len(chosen):
            raise InputError("rows: expected a list of row numbers; give at least one")
        if chosen.min() < 0 or chosen.max() >= len(self.points):
            raise InputError(f"rows: {chosen.max()} is none of {len(self.points)} samples, counted from 0")
        return SourcesOnVertices(self, self.about_mean(self.points[chosen]), listed=listed)

    def of_columns(self, columns: Sequence[int], *, identified: bool = True) -> Sources:
        """Some of these sources, identified if these are, unless they shall be mere coordinates.

        Those known by their moments are not checked again: the covariance of some has fewer digits than its root.

        Example:
            >>> Sources([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]).of_columns([2, 0]).names
            ('s3', 's1')
        """
        chosen = list(columns)
        names = [self.names[index] for index in chosen]
        identified &= self.identified
        if self.stream is not None:
            return Sources._of_summary(self.stream.of_columns(chosen), names, identified=identified)
        if self.from_samples:
            if self.hull is None and sorted(chosen) == list(range(self.dimension)):
                return self._in_order(chosen, identified=identified)
            return Sources(self.points[:, chosen], self.probabilities, names=names, identified=identified)
        if chosen == list(range(self.dimension)) and identified == self.identified:
            return self
        covariance = self.covariance[np.ix_(chosen, chosen)]
        root = np.asarray(np.linalg.qr(self.covariance_root[:, chosen], mode="r"))
        vertices, mean = self.points[:, chosen], self.mean[chosen]
        return Sources._on_vertices(covariance, vertices, mean, names, root, identified=identified)

    def _in_order(self, columns: list[int], *, identified: bool) -> Sources:
        """Independent samples with all their columns in another order, which changes nothing that is checked."""
        other = Sources.__new__(Sources)
        other.identified, other.from_samples = identified, True
        other.points, other.probabilities = np.ascontiguousarray(self.points[:, columns]), self.probabilities
        other.names = tuple(self.names[index] for index in columns)
        other._measure_samples(*column_range(other.points))
        other._finish()
        return other

    # ---- shape ------------------------------------------------------------------------------------------------

    @property
    def count(self) -> int:
        """Number of samples T, or of vertices for a distribution known by its moments."""
        return int(self.points.shape[0]) if self.stream is None else self.stream.count

    @property
    def sample_probabilities(self) -> Array:
        """(T,) the probabilities of the samples, of sum one: equal ones where none were given.

        Example:
            >>> Sources([[0], [1]]).sample_probabilities.tolist()
            [0.5, 0.5]
        """
        return np.full(self.count, 1 / self.count) if self.probabilities is None else self.probabilities

    @property
    def known_by(self) -> str:
        """What is known of the sources, for a message."""
        return "their samples" if self.from_samples else "their moments" if self.stream is None else "a summary"

    @property
    def dimension(self) -> int:
        """Number of sources d."""
        return int(self.points.shape[1])

    def summary(self) -> dict[str, Any]:
        """Where the columns come from, and in how many dimensions they lie, as numbers, lists and words.

        Example:
            >>> Sources([[0, 0], [0, 1], [1, 0]]).summary(), Sources(np.eye(3)).summary()
            ({}, {'dimensions': 2, 'constant': '+1*s1 +1*s2 +1*s3'})
        """
        if self.hull is None:
            return {}
        return {"dimensions": self.hull.rank, "constant": self.combination_text(self.hull.combination())}

    def __repr__(self) -> str:
        kind = "samples" if self.from_samples or self.stream is not None else "vertices"
        return f"Sources({self.count} {kind} of {', '.join(self.names)})"

    # ---- what the theory asks ---------------------------------------------------------------------------------

    @derived
    def vertices(self) -> Array:
        """(V, d) extreme points about the mean, or for d > EXACT_DIMENSION all distinct points."""
        if self.hull is not None:
            return np.asarray(self.on_hull.vertices @ self.hull.basis.T)
        if self.dimension > EXACT_DIMENSION:
            return self.about_mean(np.unique(self.points, axis=0))
        return self.about_mean(extreme_points(self.points, self._order if self.from_samples else None))

    @derived
    def fan(self) -> NormalFan:
        """The simplicial normal fan of conv(-S), on whose cones the support function is linear.

        Raises:
            InputError: six or more sources.
        """
        if self.hull is not None:
            raise InputError("sources: linearly dependent, so that their hull is flat; ask `on_hull`")
        if self.dimension > EXACT_DIMENSION:
            raise InputError(
                f"sources: the normal fan of {self.dimension} sources is too large; at most five are taken"
            )
        return normal_fan(self.vertices)

    @derived
    def faces(self) -> FaceLattice:
        """The faces of conv(-S).

        Raises:
            InputError: too many faces, which only happens for six or more sources.
        """
        if self.faces_if_few is None:
            raise InputError(
                f"sources: the hull of {self.count} samples of {self.dimension} sources has too many faces"
            )
        return self.faces_if_few

    @property
    def has_few_vertices(self) -> bool:
        """Whether vertices are so few that faces are counted, as they always are for EXACT_DIMENSION sources."""
        most = dict(SOURCES.most_samples).get(self.dimension, 0)
        return self.dimension <= EXACT_DIMENSION or (most > 0 and len(self.vertices) <= most)

    @derived
    def faces_if_few(self) -> FaceLattice | None:
        """The faces of conv(-S), or None where they are too many to price (always for eight or more sources)."""
        if self.hull is not None:
            return None  # those of its coordinates are listed
        if self.dimension <= EXACT_DIMENSION:
            return FaceLattice.of(-self.vertices)
        if not self.has_few_vertices:
            return None
        try:
            lattice = FaceLattice.of(-self.vertices)
        except InputError:  # Qhull gives up where rounding ties many facets; a relaxation needs no hull
            return None
        return lattice if lattice.most_faces <= SOURCES.most_faces else None

    @derived
    def covariance_root(self) -> Array:
        """(d, d) R with C = R'R, to the last digit of the samples.

        Squares of correlated sources lose half their digits; there R is the triangular factor of the samples.
        """
        deviation = np.sqrt(np.diag(self.covariance))
        correlation = self.covariance / np.outer(deviation, deviation)
        values, vectors = np.linalg.eigh(correlation)
        if values[0] > SOURCES.root or not self.from_samples:
            return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))).T * deviation)
        root: Array = np.empty((0, self.dimension))
        for block, share in self._ordered_blocks():
            rows = (block - self._shift) / deviation * np.sqrt(share)[:, None]
            root = np.asarray(np.linalg.qr(np.vstack([root, rows]), mode="r"))
        return root * deviation

    def variances(self, weights: ArrayLike) -> Array:
        """(n,) w'Cw for each row of weights (n, d): the variance of w.s.

        Example:
            >>> Sources([[-1, -1], [-1, 1], [1, -1], [1, 1]]).variances([[1, 0], [1, 1]]).round(12).tolist()
            [1.0, 2.0]
        """
        rows = as_rows(weights, "weights", self.dimension)
        return np.asarray(((rows @ self.covariance_root.T) ** 2).sum(axis=1))

    @derived
    def bias_sides(self) -> Array:
        """(d,) +1 where a source's cheapest modular neuron increases with it, -1 where it decreases.

        The neuron ``+s_i`` needs the bias ``-min s_i``, the neuron ``-s_i`` needs ``max s_i``; ties go to +1.
        """
        # Rounding of the mean must not decide between two sides that tie.
        tie = 1e-12 * (self.upper - self.lower)
        return np.where(-self.lower <= self.upper + tie, 1.0, -1.0)

    @derived
    def least_bias(self) -> Array:
        """(d,) m_i = min(-min s_i, max s_i), the bias of the cheapest modular neuron of unit weight."""
        return np.minimum(-self.lower, self.upper)

    def support(self, weights: ArrayLike) -> Array:
        """h(w) = max_t(-w.s_t) for each row of weights (n, d): the least bias that keeps the neuron nonnegative.

        Example:
            >>> Sources([[0, 0], [0, 3], [3, 0]]).support([[1, 0], [-1, 0], [1, 1]]).tolist()
            [1.0, 2.0, 2.0]
        """
        rows = as_rows(weights, "weights", self.dimension)
        result: Array | None = None
        for block in self._support_blocks(max(1, (CHUNK_ROWS * 32) // max(1, len(rows)))):
            # The larger side along memory: numpy's reduction over narrow rows is ten times slower.
            wide = len(rows) > len(block)
            height = (block @ -rows.T).max(axis=0) if wide else (-rows @ block.T).max(axis=1)
            result = height if result is None else np.maximum(result, height, out=result)
        assert result is not None
        return result

    def _support_blocks(self, rows: int) -> Iterable[Array]:
        """The points about the mean that may attain a bias, in blocks of rows."""
        if not self.from_samples or self.dimension <= EXACT_DIMENSION or self.count <= CHUNK_ROWS:
            return _blocks(self.vertices, rows)
        # To find the distinct ones takes longer than to use all.
        return map(self.about_mean, _blocks(self.points, rows))

    def about_mean(self, points: ArrayLike) -> Array:
        """Points (..., d) minus the mean, to the last digit of their spread however far from zero they lie.

        The mean is rounded to the digits of its size: if that is a million times the spread, subtracting it
        would lose six digits.

        Example:
            >>> Sources([[0, 0], [0, 3], [3, 0]]).about_mean([1, 2]).tolist()
            [0.0, 1.0]
        """
        if type(points) is not np.ndarray:
            require_plain(points, "points")
        return np.asarray((np.asarray(points) - self._origin) - self._shift)

    def centered_blocks(self) -> Iterator[tuple[Array, Array | None]]:
        """Yield samples about the mean, and their probabilities or None, in blocks of rows.

        Example:
            >>> [(rows.tolist(), weights) for rows, weights in Sources([[1], [2], [3]]).centered_blocks()]
            [([[-1.0], [0.0], [1.0]], None)]
        """
        for start in range(0, len(self.points), CHUNK_ROWS):
            rows = slice(start, start + CHUNK_ROWS)
            yield self.about_mean(self.points[rows]), None if self.probabilities is None else self.probabilities[rows]

    def _made_of(self) -> tuple[Any, ...]:
        moments = None if self.from_samples else (self.mean, self.covariance)
        return self.points, self.names, self.probabilities, self.stream, self.identified, moments

    # ---- construction -----------------------------------------------------------------------------------------

    def _measure_samples(self, lowest: Array, highest: Array) -> None:
        """Order, moments and ranges of the samples, whose least and largest values (d,) are known.

        They do not depend on the order in which the samples came, to the last digit.
        """
        self._order, self._counts = ordered_rows(self.points, self.probabilities)
        self._origin = self.points[self._order[0]]
        self._shift, self.covariance = self._moments()
        self.mean = self._origin + self._shift
        self.lower, self.upper = self.about_mean(lowest), self.about_mean(highest)

    def _ordered_blocks(self) -> Iterator[tuple[Array, Array]]:
        """Yield different samples about the origin, in an order of their own, and their shares, in blocks of rows."""
        total = self._counts.sum() if self.probabilities is None else 1.0
        for start in range(0, len(self._order), CHUNK_ROWS):
            rows = slice(start, start + CHUNK_ROWS)
            # Many times quicker than by indexing.
            yield self.points.take(self._order[rows], axis=0) - self._origin, self._counts[rows] / total

    def _moments(self) -> tuple[Array, Array]:
        """(d,) the mean about the origin, and (d, d) the covariance: the blocks', and that of their means."""
        means, weights = [], []
        covariance = np.zeros((self.dimension, self.dimension))
        for block, shares in self._ordered_blocks():
            weight = float(shares.sum()) if len(self._order) > CHUNK_ROWS else 1.0
            mean = shares @ block / weight if weight else block[0]
            about = block - mean
            covariance += (about.T * shares) @ about
            if len(self._order) <= CHUNK_ROWS:
                return mean, (covariance + covariance.T) / 2
            means.append(mean)
            weights.append(weight)
        apart, shares = np.array(means), np.array(weights)
        shift = shares @ apart
        apart -= shift
        covariance += (apart.T * shares) @ apart
        return shift, (covariance + covariance.T) / 2

    def _checked_range(self, lowest: Array, highest: Array) -> tuple[Array, Array]:
        """Least and largest values (d,), unless a source is constant or its squares cannot be computed."""
        size = np.maximum(np.abs(lowest), np.abs(highest))
        if size.max() > LARGEST:
            i = int(np.argmax(size))
            raise InputError(
                f"sources: {self.names[i]!r} (column {i}) reaches {size[i]:.3g}, and squares beyond "
                f"{LARGEST:g} cannot be computed; choose a larger unit"
            )
        reach = highest - lowest
        constant = np.flatnonzero(reach <= 8 * np.finfo(float).eps * size)
        if len(constant):
            i = int(constant[0])
            raise InputError(
                f"sources: {self.names[i]!r} (column {i}) is constant at {lowest[i]:g}; "
                "remove it, since the bias alone represents it"
            )
        if reach.min() < SMALLEST:
            i = int(np.argmin(reach))
            raise InputError(
                f"sources: {self.names[i]!r} (column {i}) varies by {reach[i]:.3g} only, and squares below "
                f"{SMALLEST:g} cannot be computed; choose a smaller unit"
            )
        return lowest, highest

    @derived
    def mean_outside(self) -> Array | None:
        """(d,) weights of a neuron with a negative bias, or None where the hull holds the mean.

        The residual of nonnegative least squares for the weights with which vertices average to the mean.
        """
        from scipy.optimize import nnls

        reach = self.upper - self.lower
        reach = np.where(reach > 0, reach, 1.0)  # if all vertices share a value, the hull is flat
        corners = np.column_stack([self.about_mean(self.points) / reach, np.ones(len(self.points))])
        target = np.append(np.zeros(self.dimension), 1.0)
        share, distance = nnls(corners.T, target)
        return None if distance <= SOURCES.hull else np.asarray((share @ corners - target)[:-1] / reach)

    def _require_samples_in_rows(self) -> None:
        # Before the covariance, which may be far larger than the samples.
        if self.dimension > SOURCES.most_columns * self.count:
            raise InputError(
                f"sources: {self.dimension} sources are too many for {self.count} samples; give more samples, or the "
                "transpose if each row holds a source"
            )

    def _find_hull(self) -> None:
        deviation = np.sqrt(np.diag(self.covariance))
        constant = ~(deviation > SMALLEST)
        if self.from_samples and self.probabilities is not None:
            # Rounding of the mean makes a constant vary.
            for column in np.flatnonzero(deviation <= SOURCES.dependent * (self.upper - self.lower)):
                counted = self.points[self.probabilities > 0, column]
                constant[column] |= bool((counted == counted[0]).all())
        if constant.any():
            i = int(np.flatnonzero(constant)[0])
            raise InputError(
                f"sources: {self.names[i]!r} (column {i}) does not vary over the samples of positive probability, or "
                "hardly; remove it or give those samples weight"
            )
        values = np.linalg.eigvalsh(self.covariance / np.outer(deviation, deviation))
        exactly = self.from_samples or self.stream is not None
        if values[0] > (1e-9 if exactly else SOURCES.dependent_by_moments**2):
            return
        # An eigenvalue is a square and has half the digits: the root comes from the samples.
        rounding = SOURCES.dependent if exactly else SOURCES.dependent_by_moments
        hull = AffineHull.of(self.covariance_root, deviation, rounding)
        if hull.rank == self.dimension:
            return
        apart = 0.0
        for start in range(0, len(self.points), CHUNK_ROWS):
            rows = self.about_mean(self.points[start : start + CHUNK_ROWS])
            off = np.abs(rows - rows[:, hull.kept] @ hull.basis.T) / (self.upper - self.lower)
            apart = max(apart, float(off.max()))
        if apart > SOURCES.told:
            text = self.combination_text(hull.combination())
            raise InputError(
                f"sources: linearly dependent, {text} is constant but for samples of probability zero, or corners that "
                "the covariance knows nothing of; give those some weight, or remove one of these columns"
            )
        self.hull = hull

    @property
    def on_hull(self) -> Sources:
        """The sources that are the coordinates of the affine hull, by themselves; all where none is told by others.

        Which of them a neuron reads means nothing.

        Example:
            >>> one_of_three = Sources(np.eye(3))
            >>> one_of_three.on_hull.names, one_of_three.on_hull.identified
            (('s1', 's2'), False)
        """
        return self if self.hull is None else self._coordinates

    @derived
    def _coordinates(self) -> Sources:
        assert self.hull is not None
        return self.of_columns(self.hull.kept.tolist(), identified=False)

    @derived
    def nearly_constant(self) -> str | None:
        """The combination of sources that varies least, in words, if it is nearly constant; else None.

        Such sources are accepted, and cost digits and time. Often one of them is a rounded sum of others.

        Example:
            >>> Sources([[0, 0, 0], [1, 0, 1], [0, 1, 1], [2, 1, 3.00001]]).nearly_constant
            '+1*s1 +1*s2 -1*s3'
            >>> Sources([[0, 0], [0, 1], [1, 0]]).nearly_constant is None
            True
        """
        if self.hull is not None:
            return self.on_hull.nearly_constant
        deviation = np.sqrt(np.diag(self.covariance))
        _, sizes, directions = np.linalg.svd(self.covariance_root / deviation, full_matrices=False)
        return None if sizes[-1] > SOURCES.nearly_constant else self.combination_text(directions[-1] / deviation)

    def combination_text(self, combination: ArrayLike) -> str:
        """A combination (d,) of sources, for a message: its largest terms, and the number of the others.

        Example:
            >>> Sources([[0, 0], [0, 1], [1, 0]]).combination_text([1, -2])
            '+1*s1 -2*s2'
        """
        factors = as_rows(combination, "combination", self.dimension)[0]
        size = np.abs(factors) * np.sqrt(np.diag(self.covariance))
        kept = [int(i) for i in np.argsort(-size, kind="stable") if size[i] > SOURCES.term * size.max()]
        # By name, which is the same whatever the order of the columns.
        shown = sorted(kept[: SOURCES.terms_shown], key=lambda i: self.names[i])
        text = " ".join(f"{factors[i] / factors[shown[0]]:+.6g}*{self.names[i]}" for i in shown)
        return text if len(kept) <= len(shown) else f"{text} and {len(kept) - len(shown)} more term(s)"


class SourcesOnVertices(Sources):
    """Sources about their mean that are known by their moments, on vertices in an order that is kept; none is checked.

    Args:
        like: sources of the same names, and of the same moments unless a root is passed.
        vertices: (V, d) about the mean.
        root: (d, d) R, if the covariance is R'R.
        faces_of: the sources of which these vertices are images, in their order, such that faces stay faces; or None.
        listed: whether faces may be listed, if they are few; that takes seconds.

    Example:
        >>> square = Sources([[-1, -1], [-1, 1], [1, -1], [1, 1]])
        >>> SourcesOnVertices(square, 3 * square.vertices).upper.tolist()
        [3.0, 3.0]
    """

    def __init__(
        self,
        like: Sources,
        vertices: Array,
        root: Array | None = None,
        *,
        faces_of: Sources | None = None,
        listed: bool = True,
    ) -> None:
        self.identified = like.identified if root is None else True
        self.points, self.names, self.probabilities, self.from_samples = vertices, like.names, None, False
        self.mean = self._origin = self._shift = np.zeros(like.dimension)
        self.lower, self.upper = column_range(vertices)
        self.covariance = like.covariance if root is None else root.T @ root
        self._know(vertices=vertices, covariance_root=like.covariance_root if root is None else root)
        self._faces_of, self._listed = faces_of, listed
        self._finish()

    @derived
    def faces_if_few(self) -> FaceLattice | None:
        """See `Sources`: where they are images of others, those of the others."""
        if not self._listed:
            return None
        if self._faces_of is None:
            return super().faces_if_few
        faces = self._faces_of.faces_if_few
        return None if faces is None else faces.moved(-self.vertices)


def _blocks(matrix: Array, rows: int) -> Iterable[Array]:
    if len(matrix) <= rows:
        return (matrix,)
    return (matrix[start : start + rows] for start in range(0, len(matrix), rows))
