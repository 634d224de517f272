"""Pictures: a code, or the verdict of the condition, over the sources it is about.

Figures are made without pyplot: no display is needed, no global state is touched, and nothing waits for a window.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Patch

from solver.code import described
from solver.pictures import source_plane
from solver.pictures.style import PICTURES, WIDTH, styled, written
from solver.pictures.summary import most_price, percent, relative_weights, share_kept
from theory.principal import PrincipalCoordinates
from theory.writing import require_writable

if TYPE_CHECKING:
    import os

    from matplotlib.axes import Axes

    from solver.code import Code
    from theory.arrays import Array
    from theory.conditions import Verdict
    from theory.problem import Problem

__all__ = ["PICTURES", "plot", "plot_verdict"]

PANELS = 12
"""Neurons that get a panel of their own: the strongest ones."""

SOURCES_IN_PAIRS = 5
"""Sources drawn against each other: more panels would be too small to read."""

ENERGY = LinearSegmentedColormap.from_list("energy", ["#86cfaa", "#238b5b", "#05402a"])
ACTIVITY = LinearSegmentedColormap.from_list("activity", ["#e4e9ee", "#7fb3d5", "#1f6fa8", "#0a2c55"])
SIGNED = LinearSegmentedColormap.from_list("signed", ["#0b4f8a", "#6da7d2", "#ffffff", "#ee9c6a", "#b03a0c"])
"""Blue to white to orange, which all common kinds of colour vision tell apart."""

GROUPS = ("#0b6fa8", "#c2570c", "#23855a", "#9a3b8f", "#8a6d00", "#5a5a5a")
SEVERAL = "#111111"
"""Colours of groups of sources, used again where there are more, and of neurons that read several."""


@styled
def plot(representation: Code, path: str | os.PathLike[str] | None = None) -> Figure:
    """Draw a code.

    Two sources: the samples with their hull, the neurons as arrows along which their activity grows (colour and
    length: share of the neurons' cost), and for each neuron its activity over the samples, zero on the dashed line. The
    ellipse is ``{y : y'F^-1 y <= 1}`` of the modularity condition. It belongs inside conv(-S), the mirror image of
    the samples about their mean; drawn here is its own mirror image, which is the same ellipse about the mean, so
    that it can be compared with the samples' hull. Where it leaves the hull it is drawn in orange, and there modular
    codes fail. If F is not positive semidefinite there is no ellipse, and the caption says so.

    More sources: the weights of each neuron on each source (in units of equal cost, relative to the largest), the
    energies beside those of the best modular code, and every pair of sources with the shadows of hull and ellipsoid.
    Where the sources come in groups, each group has a colour, and so has each neuron that reads that group alone; the
    energies are compared with those of the best code of such neurons.

    Args:
        representation: what to draw.
        path: .png, .pdf or .svg file to write, whole or not at all.

    Raises:
        InputError: a path that cannot be written.

    Example:
        >>> from solver import Problem, solve
        >>> len(plot(solve(Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]]))).axes) > 2
        True
    """
    target = None if path is None else require_writable(path, PICTURES, "path")
    draw = {1: _draw_line, 2: _draw_plane}.get(representation.problem.dimension, _draw_many)
    figure = draw(representation) if len(representation) else _draw_silent(representation)
    _title(figure, _headline(representation))
    return written(figure, target)


@styled
def plot_verdict(problem: Problem, verdict: Verdict, path: str | os.PathLike[str] | None = None) -> Figure:
    """Draw the modularity condition: hull, ellipse of F and, if the code must mix, the neuron that shows it.

    More than two sources: F relative to the squared biases, and every pair of sources with the shadows.

    Raises:
        InputError: a path that cannot be written.
    """
    target = None if path is None else require_writable(path, PICTURES, "path")
    condition = source_plane.Condition(problem, verdict.F)
    if problem.dimension <= 2:
        figure = Figure(figsize=(0.6 * WIDTH, 0.6 * WIDTH), layout="constrained")
        body = _parts(figure, 1, 1, [1])[0]
        axes = body.subplots()
        if problem.dimension == 1:
            source_plane.histogram(axes, problem.sources)
        else:
            source_plane.cloud(axes, condition, (0, 1))
            _legend(body, axes)
            if verdict.witness is not None:
                source_plane.arrows(
                    axes,
                    problem.sources,
                    verdict.witness[None],
                    np.ones(1),
                    colours=[source_plane.OUTSIDE],
                    names=["witness"],
                )
    else:
        figure = Figure(figsize=(WIDTH, 0.58 * WIDTH), layout="constrained")
        left, right = _parts(figure, 1, 2, [1, 1.35])
        _draw_condition(left, problem, verdict.F)
        _draw_pairs(right, condition)
    modular, name = ("Modular", "modularity") if problem.groups is None else ("Separate", "separation")
    word = {True: modular, False: "Mixed", None: "Undecided"}[verdict.modular]
    parts = [word]
    if np.isfinite(verdict.margin):
        parts.append(f"margin {verdict.margin:.2g}")
    if verdict.modular is not True:
        parts.append(f"price of {name} at most {percent(verdict.price_bound)}")
    _title(figure, parts)
    _caption(figure, condition)
    return written(figure, target)


def _parts(figure: Figure | SubFigure, rows: int, columns: int, ratios: Sequence[float]) -> list[SubFigure]:
    """Parts in one row or one column, with these relative sizes: legends and bars of one do not move the others."""
    sizes: dict[str, Any] = {"width_ratios" if rows == 1 else "height_ratios": ratios}
    return list(figure.subfigures(rows, columns, squeeze=False, **sizes).flat)


# ---- the three layouts --------------------------------------------------------------------------------------------


def _draw_plane(representation: Code) -> Figure:
    sources = representation.problem.sources
    count = min(len(representation), PANELS)
    columns = min(count, 3)
    rows = -(-count // columns)
    figure = Figure(figsize=(WIDTH, WIDTH * (0.48 if rows == 1 else 0.56)), layout="constrained")
    left, right = _parts(figure, 1, 2, [1, 1.2])
    top, bottom = _parts(right, 2, 1, [rows, 0.8])
    condition = source_plane.Condition.of(representation)
    axes = left.subplots()
    source_plane.cloud(axes, condition, (0, 1))
    _legend(left, axes)
    share = representation.neuron_costs / representation.neuron_costs.sum()
    scale = mpl.colors.Normalize(0, float(share.max()) * 100)
    colours = [ENERGY(scale(100 * value)) for value in share]
    names = [str(i + 1) for i in range(len(share))]
    source_plane.arrows(axes, sources, representation.source_weights, share, colours=colours, names=names)
    left.colorbar(
        mpl.cm.ScalarMappable(scale, ENERGY),
        ax=axes,
        label="share of all cost (%)",
        shrink=0.5,
        aspect=18,
        pad=0.02,
    ).outline.set_visible(False)
    panels = np.atleast_1d(top.subplots(rows, columns, sharex=True, sharey=True)).ravel()
    coded = representation.coded_groups()
    for neuron, panel in enumerate(panels):
        if neuron >= count:
            panel.set_visible(False)
            continue
        drawn = source_plane.activity(panel, sources, representation.source_weights[neuron], ACTIVITY)
        alone = coded[neuron][0] if len(coded[neuron]) == 1 else "mixed"
        panel.set_title(f"{neuron + 1}: {source_plane.label_of(alone)}" if sources.identified else f"{neuron + 1}")
        panel.tick_params(labelbottom=neuron + columns >= count)
    bar = top.colorbar(drawn, ax=panels.tolist(), shrink=0.6, aspect=14, pad=0.02, ticks=[0, 1])
    bar.set_label("activity / its maximum", labelpad=1, fontsize=6)
    bar.outline.set_visible(False)
    _draw_energies(bottom.subplots(), representation)
    hidden = len(representation) - count
    _caption(figure, condition, f"{hidden} weaker neurons are not shown." if hidden else "")
    return figure


def _draw_silent(representation: Code) -> Figure:
    """A code without neurons: only what it costs can be shown."""
    figure = Figure(figsize=(0.6 * WIDTH, 0.3 * WIDTH), layout="constrained")
    _draw_energies(figure.subplots(), representation)
    return figure


def _draw_many(representation: Code) -> Figure:
    problem = representation.problem
    condition = source_plane.Condition.of(representation)
    figure = Figure(figsize=(WIDTH, 0.6 * WIDTH), layout="constrained")
    left, right = _parts(figure, 1, 2, [1, 1.35])
    top, bottom = _parts(left, 2, 1, [1.7, 1])
    _draw_weights(top, representation)
    _draw_energies(bottom.subplots(), representation)
    _draw_pairs(right, condition)
    hidden = problem.dimension - SOURCES_IN_PAIRS
    _caption(figure, condition, f"Pairs of the first {SOURCES_IN_PAIRS} sources only." if hidden > 0 else "")
    return figure


def _draw_line(representation: Code) -> Figure:
    sources = representation.problem.sources
    figure = Figure(figsize=(WIDTH, 0.36 * WIDTH), layout="constrained")
    first, second, third = figure.subplots(1, 3)
    source_plane.histogram(first, sources)
    ends = (sources.mean + np.array([sources.lower, sources.upper]).ravel()).reshape(-1, 1)
    for neuron, activity in enumerate(representation.activity(ends).T):
        second.plot(ends[:, 0], activity, color=source_plane.INSIDE, lw=1.4, label=f"neuron {neuron + 1}")
    second.set(xlabel=source_plane.label_of(sources.names[0]), ylabel="activity", ylim=(0, None))
    _draw_energies(third, representation)
    return figure


# ---- parts --------------------------------------------------------------------------------------------------------


def _draw_weights(figure: SubFigure, representation: Code) -> None:
    weights = relative_weights(representation)
    names = _labels(representation.problem)
    axes = figure.subplots()
    image = axes.imshow(weights, cmap=SIGNED, vmin=-1, vmax=1, aspect="auto", interpolation="nearest")
    _name_columns(axes, names)
    step = -(-len(weights) // 15)
    axes.set_yticks(range(0, len(weights), step), [str(i + 1) for i in range(0, len(weights), step)])
    axes.set(ylabel="neuron", title="Weights on the sources, relative to the largest")
    _grid_lines(axes, weights.shape)
    _signed_bar(figure, axes, image)
    if representation.problem.groups is not None:
        _colour_groups(figure, axes, representation, step)


def _colour_groups(figure: SubFigure, axes: Axes, representation: Code, step: int) -> None:
    """Sources in the colour of their group, and neurons in that of the only group that they read."""
    groups = representation.problem.groups or {}
    colours = {name: GROUPS[number % len(GROUPS)] for number, name in enumerate(groups)}
    owner = {index: name for name, members in groups.items() for index in members}
    for index, label in enumerate(axes.get_xticklabels()):
        label.set(color=colours[owner[index]], weight="bold")
    for read, label in zip(representation.coded_groups()[::step], axes.get_yticklabels(), strict=True):
        label.set(color=colours[read[0]] if len(read) == 1 else SEVERAL, weight="bold")
    handles = [Patch(color=colour, label=source_plane.label_of(name)) for name, colour in colours.items()]
    if not representation.modular:
        handles.append(Patch(color=SEVERAL, label="several groups"))
    columns = min(len(handles), 4)
    figure.legend(handles=handles, loc="outside lower left", ncols=columns, frameon=False, fontsize=6, handlelength=0.8)


def _draw_condition(figure: SubFigure, problem: Problem, condition: Array) -> None:
    names = _labels(problem)
    bias = problem.height_sources.least_bias
    values = condition / np.outer(bias, bias)
    axes = figure.subplots()
    image = axes.imshow(values, cmap=SIGNED, vmin=-1, vmax=1, interpolation="nearest")
    _name_columns(axes, names)
    axes.set_yticks(range(len(names)), names)
    axes.set_title("F relative to the biases, $F_{ij} / m_i m_j$")
    _grid_lines(axes, values.shape)
    _signed_bar(figure, axes, image)


def _grid_lines(axes: Axes, shape: tuple[int, ...]) -> None:
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    if max(shape) <= 40:
        axes.set_xticks(np.arange(shape[1] + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(shape[0] + 1) - 0.5, minor=True)
        axes.grid(which="minor", color="white", lw=1.0)
        axes.tick_params(which="minor", length=0)


def _signed_bar(figure: SubFigure, axes: Axes, image: mpl.image.AxesImage) -> None:
    bar = figure.colorbar(image, ax=axes, shrink=0.6, aspect=16, pad=0.02, ticks=[-1, 0, 1])
    bar.outline.set_visible(False)


def _labels(problem: Problem) -> tuple[str, ...]:
    return tuple(source_plane.label_of(name) for name in problem.sources.names)


def _name_columns(axes: Axes, names: tuple[str, ...]) -> None:
    axes.set_xticks(range(len(names)), names)
    if sum(map(len, names)) > 28:
        for label in axes.get_xticklabels():
            label.set(rotation=30, ha="right", rotation_mode="anchor")


def _draw_energies(axes: Axes, representation: Code) -> None:
    found, separate = representation.energies, representation.separate
    problem = representation.problem
    # Beside the best modular code, where there is something that its neurons could be modular in.
    identified = problem.sources.identified
    modular = {} if not identified else modular_energies(problem) if separate is None else separate.energies
    compared = "best modular code" if problem.groups is None else "best separate code"
    if problem.separate:
        compared = "one source a neuron"
    places = np.arange(len(found))
    optimal = "optimal code" if representation.status == "optimal" else "best code found"
    place = places - 0.19 if identified else places
    axes.barh(place, [found[name] for name in found], 0.36, color=source_plane.INSIDE, label=optimal)
    if identified:
        axes.barh(places + 0.19, [modular[name] for name in found], 0.36, color="#c3c9cf", label=compared)
    axes.set_yticks(places, list(found))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.05 * max(*found.values(), *modular.values()))
    axes.set(xlabel="energy")
    axes.legend(
        frameon=False, fontsize=6, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, handlelength=1, borderpad=0
    )


def _draw_pairs(figure: SubFigure, condition: source_plane.Condition) -> None:
    names = condition.problem.sources.names
    count = min(len(names), SOURCES_IN_PAIRS)
    grid = figure.subplots(count - 1, count - 1, sharex="col", sharey="row", squeeze=False)
    for (row, column), axes in np.ndenumerate(grid):
        if column > row:
            axes.set_visible(False)
            continue
        source_plane.cloud(axes, condition, (column, row + 1), labels=(row == count - 2, column == 0), square=False)
    shown = {label: handle for axes in grid.flat for handle, label in zip(*source_plane.legend_of(axes), strict=True)}
    figure.legend(shown.values(), shown.keys(), loc="upper right", frameon=False, fontsize=6.5, handlelength=1.6)


def _legend(figure: SubFigure, axes: Axes) -> None:
    handles, labels = source_plane.legend_of(axes)
    options = {"frameon": False, "fontsize": 6, "handlelength": 1.6, "columnspacing": 1.2}
    figure.legend(handles, labels, loc="outside upper left", ncols=4, **options)


def modular_energies(problem: Problem) -> dict[str, float]:
    """The terms of the loss at the best modular code."""
    energies: dict[str, float] = described(problem, problem.modular_weights)["energies"]
    return energies


# ---- around the picture -------------------------------------------------------------------------------------------


def _headline(representation: Code) -> list[str]:
    start = {"optimal": "Optimal code", "bounded": "Best code found", "interrupted": "Best code so far"}
    size = f"{len(representation)} neuron" + ("s" if len(representation) != 1 else "")
    sources = representation.problem.sources
    if isinstance(sources, PrincipalCoordinates):
        return [
            f"{start[representation.status]}: {size}",
            f"{sources.dimension} principal coordinate{'s' if sources.dimension > 1 else ''} {share_kept(sources)}",
            _gap(representation),
        ]
    groups = representation.problem.groups
    kind = "mixed" if not representation.modular else "modular" if groups is None else "separate"
    return [
        f"{start[representation.status]}: {kind}, {size}",
        f"price of {'modularity' if groups is None else 'separation'} {_price(representation)}",
        _gap(representation),
    ]


def _gap(representation: Code) -> str:
    return f"relative gap {f'{representation.gap:.0e}' if representation.gap else '0'}"


def _price(representation: Code) -> str:
    proven = representation.status == "optimal"
    if representation.modular:
        return "none" if proven else most_price(representation)
    return ("" if proven else "at least ") + percent(representation.price_of_modularity)


def _title(figure: Figure, parts: list[str]) -> None:
    figure.suptitle("   |   ".join(parts), fontsize=8, x=0.01, ha="left")


def _caption(figure: Figure, condition: source_plane.Condition, more: str = "") -> None:
    missing = (
        ""
        if condition.matrix is None or condition.has_ellipse
        else "F is not positive semidefinite, so there is no ellipse to draw."
    )
    text = " ".join(part for part in (missing, more) if part)
    if text:
        figure.supxlabel(text, fontsize=6, x=0.01, ha="left", color="#555555")
