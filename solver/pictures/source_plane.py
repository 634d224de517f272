"""Parts of a picture that live in the plane of two sources: samples, hull, ellipse, arrows, activity."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from matplotlib.colors import Colormap, LinearSegmentedColormap, LogNorm
from matplotlib.patheffects import withStroke

from theory.conditions import modular_multiplier
from theory.neurons import Linear

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from solver.code import Code
    from theory.arrays import Array
    from theory.problem import Problem
    from theory.sources import Sources

__all__ = ["INSIDE", "OUTSIDE", "Condition", "activity", "arrows", "cloud", "histogram", "label_of", "legend_of"]

SAMPLE, HULL, INSIDE, OUTSIDE = "#9aa3ab", "#3c4248", "#1f6fa8", "#d55e00"
"""Grey samples, dark hull, blue where the ellipse is inside it, orange where it is not."""

DENSITY = LinearSegmentedColormap.from_list("density", ["#f1f3f5", "#aab2b9"])

DENSE = 3_000
"""Samples from which on their density is drawn instead of each of them."""

DRAWN = 200_000
"""Samples that a density is estimated from; more would not change the picture."""

BINS = 60

LONGEST = 24
"""Characters of a name that fit an axis."""

UNEQUAL = 4.0
"""Ratio of two sources' ranges from which on the axes have scales of their own."""

TOUCH = 1e-9
"""The ellipse touches the hull at the axes; this little outside is rounding."""


class Condition:
    """The problem with the matrix F of its condition h(w)^2 >= w'F w, if it has one, ready to be drawn."""

    def __init__(self, problem: Problem, matrix: Array | None) -> None:
        self.problem = problem
        # Of other kinds the height is not that of the samples that are drawn.
        drawn = matrix is not None and isinstance(problem.neurons, Linear)
        self.matrix = matrix / problem.height_cost if matrix is not None and drawn else None

    @classmethod
    def of(cls, code: Code) -> Self:
        """F at the best modular code, or separate code; none where modularity cannot be asked about."""
        problem = code.problem
        if not problem.sources.identified:
            return cls(problem, None)
        separate, multiplier = code if problem.separate else code.separate, modular_multiplier(problem)
        if separate is not None and problem.readout.rank is None:
            multiplier = problem.multiplier(separate.source_weights.T @ separate.source_weights)
        return cls(problem, multiplier - problem.energy_matrix)

    @cached_property
    def has_ellipse(self) -> bool:
        """Whether there is an F that is positive semidefinite."""
        if self.matrix is None:
            return False
        scale = self.problem.sources.least_bias
        return bool(np.linalg.eigvalsh(self.matrix / np.outer(scale, scale))[0] >= -TOUCH)

    def hull(self, pair: tuple[int, int]) -> Array:
        """(V, 2) corners, about the mean and in order, of the samples' shadow on two sources."""
        from scipy.spatial import ConvexHull

        corners = self.problem.sources.vertices[:, pair]
        ring = ConvexHull(corners / np.ptp(corners, axis=0)).vertices
        return np.asarray(corners[ring])

    def ellipse(self, pair: tuple[int, int]) -> tuple[Array, NDArray[np.bool_]]:
        """(P, 2) points about the mean around the ellipsoid's shadow, and which lie outside the hull's shadow."""
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
    return np.asarray((points @ normal.T > height * (1 + TOUCH) + TOUCH).any(axis=1))


def cloud(
    axes: Axes,
    condition: Condition,
    pair: tuple[int, int],
    *,
    labels: tuple[bool, bool] = (True, True),
    square: bool = True,
) -> None:
    """Samples, hull and ellipse in the plane of two sources."""
    sources = condition.problem.sources
    mean = sources.mean[list(pair)]
    _samples(axes, sources, pair)
    hull = condition.hull(pair)
    closed = np.concatenate([hull, hull[:1]]) + mean
    axes.plot(*closed.T, color=HULL, lw=0.8, solid_joinstyle="round", label="hull of the samples")
    if condition.has_ellipse:
        ring, outside = condition.ellipse(pair)
        inside = np.where(outside[:, None], np.nan, ring) + mean
        beyond = np.where(outside[:, None], ring, np.nan) + mean
        axes.plot(*inside.T, color=INSIDE, lw=1.2, label="ellipse of F")
        if outside.any():
            axes.plot(*beyond.T, color=OUTSIDE, lw=1.6, label="its part outside")
    names = sources.names
    if labels[0]:
        axes.set_xlabel(label_of(names[pair[0]]))
    if labels[1]:
        axes.set_ylabel(label_of(names[pair[1]]))
    axes.margins(0.06)
    axes.locator_params(nbins=5)
    if square:
        _aspect(axes, hull)


def label_of(name: str) -> str:
    """A source's name as a label: not too long, and with dollar signs that mean dollars."""
    return (name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…").replace("$", r"\$")


def legend_of(axes: Axes) -> tuple[list[Any], list[str]]:
    """Handles and labels, in the order in which they were drawn."""
    handles, labels = axes.get_legend_handles_labels()
    return list(handles), list(labels)


def _samples(axes: Axes, sources: Sources, pair: tuple[int, int]) -> None:
    points = sources.points[:, pair]
    label = (
        "samples" if sources.from_samples else "corners of the support" if sources.stream is None else "extreme samples"
    )
    if len(points) < DENSE:
        size = float(np.clip(900 / len(points), 1.5, 9))
        axes.scatter(points[:, 0], points[:, 1], s=size, color=SAMPLE, lw=0, alpha=0.8, zorder=1, label=label)
        return
    points = points[:: -(-len(points) // DRAWN)]
    count, *edges = np.histogram2d(points[:, 0], points[:, 1], bins=BINS)
    image = np.where(count > 0, count, np.nan).T
    axes.pcolormesh(*edges, image, cmap=DENSITY, norm=LogNorm(0.5, count.max()), rasterized=True, zorder=0)


def _aspect(axes: Axes, corners: Array) -> None:
    extent = np.ptp(corners, axis=0)
    if extent.max() < UNEQUAL * extent.min():
        axes.set_aspect("equal", adjustable="box")
    else:
        axes.set_box_aspect(1)


def _units(sources: Sources) -> Array:
    """Half ranges in the units of the picture: one number for both where the axes are equally scaled."""
    half = (sources.upper - sources.lower) / 2
    return half if half.max() >= UNEQUAL * half.min() else np.full(2, half.min())


def arrows(
    axes: Axes, sources: Sources, weights: Array, share: Array, *, colours: Sequence[Any], names: Sequence[str]
) -> None:
    """Arrows from the mean along which each neuron's activity grows fastest in the picture; longer for more cost."""
    units = _units(sources)
    direction = weights * units
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    length = 0.4 + 0.5 * np.sqrt(share / share.max())
    for way, reach, colour, name in zip(direction, length, colours, names, strict=True):
        style = {"arrowstyle": "-|>,head_width=0.22,head_length=0.42", "color": colour, "lw": 1.4}
        style |= {"shrinkA": 0, "shrinkB": 0}
        tip, place = (_point(sources.mean + way * units * distance) for distance in (reach, reach + 0.09))
        axes.annotate("", tip, _point(sources.mean), arrowprops=style, zorder=4)
        halo = [withStroke(linewidth=2, foreground="white")]
        axes.text(*place, name, ha="center", va="center", color=HULL, weight="bold", path_effects=halo, zorder=5)


def _point(place: Array) -> tuple[float, float]:
    return float(place[0]), float(place[1])


def activity(axes: Axes, sources: Sources, weight: Array, colours: Colormap) -> Any:
    """One neuron's activity over the samples, relative to its maximum, with the line on which it is zero."""
    points = sources.points[:: -(-len(sources.points) // DENSE)]
    bias = float(sources.support(weight)[0])
    level = sources.about_mean(points) @ weight + bias
    order = np.argsort(level)  # the most active last, on top
    level = np.maximum(level[order], 0) / level.max()
    size = float(np.clip(900 / len(points), 2, 10))
    x, y = points[order].T
    drawn = axes.scatter(x, y, s=size, c=level, lw=0, cmap=colours, vmin=0, vmax=1, rasterized=len(points) > 1000)
    foot = sources.mean - weight * bias / (weight @ weight)
    # Set, not found: the line has no ends, and the point that defines it may lie far outside.
    low, high = sources.mean + sources.lower, sources.mean + sources.upper
    margin = 0.06 * (high - low)
    (left, bottom), (right, top) = _point(low - margin), _point(high + margin)
    axes.set(xlim=(left, right), ylim=(bottom, top))
    # By its slope: two points of it may be one to seven digits.
    slope = weight[0] / -weight[1] if weight[1] else np.inf
    axes.axline(_point(foot), slope=float(slope), color=HULL, lw=0.7, ls=(0, (3, 2)), zorder=0)
    _aspect(axes, sources.vertices)
    axes.locator_params(nbins=3)
    return drawn


def histogram(axes: Axes, sources: Sources) -> None:
    """How often each value of a single source occurs."""
    values = sources.points[:, 0]
    bins = int(np.clip(np.sqrt(len(values)), 5, 60))
    axes.hist(values, bins=bins, weights=sources.probabilities, color=SAMPLE)
    axes.set(xlabel=label_of(sources.names[0]), ylabel="samples" if sources.probabilities is None else "probability")
