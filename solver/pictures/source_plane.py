"""What is drawn in the plane of two sources: samples, hull, ellipse, arrows, activity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import Colormap, LinearSegmentedColormap, LogNorm
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from solver.codes.linear import Code
from solver.pictures.lettering.crowding import label
from solver.pictures.style import BLUE, DARK, DASHED, GREY, ORANGE, label_of
from theory.arrays import Array
from theory.conditions import modular_multiplier
from theory.neurons import Linear, Wiring
from theory.problem import Problem
from theory.sources import Sources


@dataclass(frozen=True)
class PlaneStyle:
    """What is drawn of how many samples, on which axes."""

    points: int = 3_000  # more are drawn as a density, or thinned out
    few_ticks: int = 18  # characters along an axis that is too short for five numbers
    unequal: float = 4.0  # ratio of two sources' ranges from which on the axes have different scales
    beyond_tip: tuple[float, ...] = (0.09, 0.2, 0.31, -0.12)  # of an arrow, where its name may be
    rounding: float = 1e-9  # the ellipse touches the hull at the axes; so little outside is none


PLANE_STYLE = PlaneStyle()


DENSITY = LinearSegmentedColormap.from_list("density", ["#f1f3f5", "#aab2b9"])


class Condition:
    """The problem with the matrix F of its condition h(w)^2 >= w'F w, if it has one, ready to be drawn."""

    def __init__(self, problem: Problem, matrix: Array | None) -> None:
        self.problem = problem
        # Of other kinds the height is not that of the samples that are drawn.
        drawn = matrix is not None and type(problem.neurons) in (Linear, Wiring)
        self.matrix = matrix / problem.height_cost if matrix is not None and drawn else None

    @classmethod
    def of(cls, code: Code) -> Self:
        """F at the best modular or separate code; none where the sources are not identified."""
        problem = code.problem
        if not problem.sources.identified:
            return cls(problem, None)
        separate, multiplier = code if problem.separate else code.separate, modular_multiplier(problem)
        if separate is not None and problem.readout.rank is None:
            multiplier = problem.multiplier(separate.source_weights.T @ separate.source_weights)
        return cls(problem, multiplier - problem.energy_matrix)

    @cached_property
    def has_ellipse(self) -> bool:
        """Whether there is an F and it is positive semidefinite."""
        if self.matrix is None:
            return False
        scale = self.problem.sources.least_bias
        return bool(np.linalg.eigvalsh(self.matrix / np.outer(scale, scale))[0] >= -PLANE_STYLE.rounding)

    def hull(self, pair: tuple[int, int]) -> Array:
        """(V, 2) corners, about the mean and in order, of the samples' projection on two sources.

        The two ends where one of the sources tells the other.
        """
        from scipy.spatial import ConvexHull

        corners = self.problem.sources.vertices[:, pair]
        told = self.problem.sources.hull
        if told is not None and np.linalg.matrix_rank(told.basis[list(pair)]) < 2:
            return corners[[corners[:, 0].argmin(), corners[:, 0].argmax()]]
        ring = ConvexHull(corners / np.ptp(corners, axis=0)).vertices
        return np.asarray(corners[ring])

    def ellipse(self, pair: tuple[int, int]) -> tuple[Array, NDArray[np.bool_]]:
        """(P, 2) points about the mean on the outline of the projected ellipsoid, (P,) which lie outside the hull."""
        assert self.matrix is not None
        block = self.matrix[np.ix_(pair, pair)]
        # F_ii = m_i^2; a bias far below its weights' energy is lost to rounding in F itself.
        scale = self.problem.sources.least_bias[list(pair)]
        values, vectors = np.linalg.eigh(block / np.outer(scale, scale))
        angle = np.linspace(0, 2 * np.pi, 721)
        circle = np.array([np.cos(angle), np.sin(angle)])
        ring = ((vectors * np.sqrt(np.maximum(values, 0))) @ circle).T * scale
        return ring, _outside(ring, self.hull(pair))


def _outside(points: Array, ring: Array) -> NDArray[np.bool_]:
    """Whether each point lies beyond some edge of a polygon (counterclockwise, around the origin)."""
    size = np.ptp(ring, axis=0)
    ring, points = ring / size, points / size
    edge = np.roll(ring, -1, axis=0) - ring
    normal = np.column_stack([edge[:, 1], -edge[:, 0]])
    height = np.einsum("vi,vi->v", normal, ring)
    return np.asarray((points @ normal.T > height * (1 + PLANE_STYLE.rounding) + PLANE_STYLE.rounding).any(axis=1))


def cloud(
    axes: Axes,
    condition: Condition,
    pair: tuple[int, int],
    *,
    labels: tuple[bool, bool] = (True, True),
    square: bool = True,
    width: int | None = None,
) -> bool:
    """Samples, hull and ellipse in the plane of two sources; whether the ellipse leaves the hull.

    Args:
        axes: where.
        condition: with the problem.
        pair: of sources, across and up.
        labels: whether each axis is named.
        square: whether both axes have one scale.
        width: characters of a line of a name, in two lines, where there is little room.
    """
    leaves = False
    sources = condition.problem.sources
    mean = sources.mean[list(pair)]
    _samples(axes, sources, pair)
    hull = condition.hull(pair)
    closed = np.concatenate([hull, hull[:1]]) + mean
    axes.plot(*closed.T, color=DARK, lw=0.8, solid_joinstyle="round", label="hull of the samples")
    if condition.has_ellipse:
        ring, outside = condition.ellipse(pair)
        inside = np.where(outside[:, None], np.nan, ring) + mean
        beyond = np.where(outside[:, None], ring, np.nan) + mean
        axes.plot(*inside.T, color=BLUE, lw=1.2, label="ellipse of F")
        leaves = bool(outside.any())
        if leaves:
            axes.plot(*beyond.T, color=ORANGE, lw=1.6, label="its part outside")
    room = () if width is None else (width, 2)
    first, second = (label_of(sources.names[source], *room) for source in pair)
    if labels[0]:
        axes.set_xlabel(first)
    if labels[1]:
        axes.set_ylabel(second)
    axes.margins(0.06)
    axes.locator_params(nbins=5 if width is None or width > PLANE_STYLE.few_ticks else 2)
    if square:
        _aspect(axes, hull)
    return leaves


def _samples(axes: Axes, sources: Sources, pair: tuple[int, int]) -> None:
    points = sources.points[:, pair]
    kind = "corners of the support" if sources.stream is None else "extreme samples"
    label = "samples" if sources.from_samples else kind
    if len(points) < PLANE_STYLE.points:
        size = float(np.clip(900 / len(points), 1.5, 9))
        axes.scatter(points[:, 0], points[:, 1], s=size, color=GREY, lw=0, alpha=0.8, zorder=1, label=label)
        return
    points = points[:: -(-len(points) // 200_000)]  # enough for a density
    count, *edges = np.histogram2d(points[:, 0], points[:, 1], bins=60)
    image = np.where(count > 0, count, np.nan).T
    axes.pcolormesh(*edges, image, cmap=DENSITY, norm=LogNorm(0.5, count.max()), rasterized=True, zorder=0)


def _aspect(axes: Axes, corners: Array) -> None:
    extent = np.ptp(corners, axis=0)
    if extent.max() < PLANE_STYLE.unequal * extent.min():
        axes.set_aspect("equal", adjustable="box")
    else:
        axes.set_box_aspect(1)


def _units(sources: Sources) -> Array:
    """Half ranges in the units of the picture: one number for both where the axes are equally scaled."""
    half = (sources.upper - sources.lower) / 2
    return half if half.max() >= PLANE_STYLE.unequal * half.min() else np.full(2, half.min())


def arrows(
    axes: Axes, sources: Sources, weights: Array, share: Array, *, colours: Sequence[str], names: Sequence[str]
) -> None:
    """Arrows from the mean along which each neuron's activity grows fastest in the picture; longer for more cost.

    A name that would cover that of a neuron of more cost goes further out, or is left out.
    """
    units = _units(sources)
    direction = weights * units
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    length = 0.4 + 0.5 * np.sqrt(share / share.max())
    style = {"arrowstyle": "-|>,head_width=0.22,head_length=0.42", "lw": 1.4, "shrinkA": 0, "shrinkB": 0}
    halo = [withStroke(linewidth=2, foreground="white")]
    words = {"ha": "center", "va": "center", "color": DARK, "weight": "bold", "path_effects": halo, "zorder": 5}
    for number in np.argsort(-share, kind="stable"):
        way, reach = direction[number] * units, length[number]
        tip, *places = (_point(sources.mean + way * (reach + beyond)) for beyond in (0, *PLANE_STYLE.beyond_tip))
        axes.annotate("", tip, _point(sources.mean), arrowprops={**style, "color": colours[number]}, zorder=4)
        label(axes, places, names[number], **words)


def _point(place: Array) -> tuple[float, float]:
    return float(place[0]), float(place[1])


def activity(axes: Axes, sources: Sources, weight: Array, colours: Colormap) -> PathCollection:
    """One neuron's activity over the samples, relative to its maximum, with the line on which it is zero."""
    points = sources.points[:: -(-len(sources.points) // PLANE_STYLE.points)]
    bias = float(sources.support(weight)[0])
    level = sources.about_mean(points) @ weight + bias
    order = np.argsort(level)  # the most active last, on top
    level = np.maximum(level[order], 0) / level.max()
    size = float(np.clip(900 / len(points), 2, 10))
    x, y = points[order].T
    drawn = axes.scatter(x, y, s=size, c=level, lw=0, cmap=colours, vmin=0, vmax=1, rasterized=len(points) > 1000)
    foot = sources.mean - weight * bias / (weight @ weight)
    # Limits are set: the line has no ends, and the point that defines it may lie far outside.
    low, high = sources.mean + sources.lower, sources.mean + sources.upper
    margin = 0.06 * (high - low)
    (left, bottom), (right, top) = _point(low - margin), _point(high + margin)
    axes.set(xlim=(left, right), ylim=(bottom, top))
    # The line is given by its slope, because two of its points may agree to seven digits.
    slope = weight[0] / -weight[1] if weight[1] else np.inf
    axes.axline(_point(foot), slope=float(slope), color=DARK, lw=0.7, ls=DASHED, zorder=0)
    _aspect(axes, sources.vertices)
    axes.locator_params(nbins=3)
    return drawn


def histogram(axes: Axes, sources: Sources) -> None:
    """How often each value of a single source occurs."""
    values = sources.points[:, 0]
    bins = int(np.clip(np.sqrt(len(values)), 5, 60))
    axes.hist(values, bins=bins, weights=sources.probabilities, color=GREY)
    axes.set(xlabel=label_of(sources.names[0]), ylabel="samples" if sources.probabilities is None else "probability")
