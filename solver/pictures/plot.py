"""Pictures: a code, or the verdict of the condition, over the sources it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Patch

from solver.codes.linear import Code, described
from solver.codes.reads import ONE_SOURCE
from solver.pictures import source_plane, style
from solver.pictures.style import picture
from solver.pictures.summary import relative_weights, share_kept
from solver.pictures.words import amount, counted, judged, kind_words, percent, threshold
from theory.arrays import Array
from theory.conditions import Verdict
from theory.principal import PrincipalCoordinates
from theory.problem import Problem

SOURCES_IN_PAIRS = 5  # sources drawn against each other: more panels would be too small to read

COST_SHARES = LinearSegmentedColormap.from_list("energy", ["#86cfaa", "#238b5b", "#05402a"])

GROUP_COLOURS = ("#0b6fa8", "#c2570c", "#23855a", "#9a3b8f", "#8a6d00", "#5a5a5a")  # used again where there are more
SEVERAL_GROUPS = "#111111"


@picture
def plot(representation: Code) -> Figure:
    """Draw a code.

    Two sources: the samples with their hull, the neurons as arrows along which their activity grows (colour and
    length: share of the neurons' cost), and for each neuron its activity over the samples, zero on the dashed line. The
    ellipse is ``{y : y'F^-1 y <= 1}`` of the modularity condition. It belongs inside conv(-S), the mirror image of
    the samples about their mean; drawn here is its own mirror image, which is the same ellipse about the mean, so
    that it can be compared with the samples' hull. Where it leaves the hull it is drawn in orange, and there modular
    codes fail. If F is not positive semidefinite there is no ellipse, and the caption says so.

    More sources: the weights of each neuron on each source (in units of equal cost, relative to the largest), the
    energies beside those of the best modular code, and hull and ellipsoid projected on every pair of sources.
    Where the sources come in groups, each group has a colour, and so has each neuron that reads that group alone; the
    energies are compared with those of the best code of such neurons.

    Example:
        >>> from solver import Problem, solve
        >>> len(plot(solve(Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]]))).axes) > 2
        True
    """
    draw = {1: _draw_line, 2: _draw_plane}.get(representation.problem.dimension, _draw_many)
    figure = draw(representation) if len(representation) else _draw_silent(representation)
    style.head(figure, "\n".join("   |   ".join(line) for line in _headline(representation)), size=8)
    return figure


@picture
def plot_verdict(problem: Problem, verdict: Verdict) -> Figure:
    """Draw the modularity condition: hull, ellipse of F and, if the code must mix, the neuron that shows it.

    More than two sources: F relative to the squared biases, and hull and ellipsoid projected on every pair of sources.
    """
    condition = source_plane.Condition(problem, verdict.F)
    if problem.dimension <= 2:
        figure = style.page_figure(0.6, 0.6)
        (body,) = style.stacked(figure, 1)
        axes = body.subplots()
        if problem.dimension == 1:
            source_plane.histogram(axes, problem.sources)
        else:
            source_plane.cloud(axes, condition, (0, 1))
            _legend(body, axes)
            if verdict.witness is not None:
                witness, colours = verdict.witness[None], [style.ORANGE]
                source_plane.arrows(axes, problem.sources, witness, np.ones(1), colours=colours, names=["witness"])
    else:
        figure = style.page_figure(1, 0.58)
        left, right = style.side_by_side(figure, 1, 1.35)
        _draw_condition(left, problem, verdict.F)
        _draw_pairs(right, condition, verdict.modular)
    name, kind, _ = kind_words(problem.groups)
    lines = [f"Price of {name} {'none' if verdict.modular else f'at most {percent(verdict.price_bound)}'}"]
    exactly = ""
    if verdict.practically_modular and not verdict.modular:
        lines.append(f"{kind} {threshold(verdict.practically)}")
        exactly = " in the exact sense"
    margin = f"   |   margin {verdict.margin:.2g}" if np.isfinite(verdict.margin) else ""
    lines.append({True: kind, False: f"mixed{exactly}", None: "undecided"}[verdict.modular] + margin)
    style.head(figure, "\n".join(lines), size=8)
    _caption(figure, condition)
    return figure


# ---- the three layouts --------------------------------------------------------------------------------------------


def _draw_plane(representation: Code) -> Figure:
    sources = representation.problem.sources
    count = min(len(representation), 12)  # the strongest
    columns = min(count, 3)
    rows = -(-count // columns)
    figure = style.page_figure(1, 0.48 if rows == 1 else 0.56)
    left, right = style.side_by_side(figure, 1, 1.2)
    top, bottom = style.stacked(right, rows, 0.8)
    condition = source_plane.Condition.of(representation)
    axes = left.subplots()
    shares = draw_neurons(axes, representation, condition)
    _legend(left, axes)
    style.colour_bar(left, shares, axes, label="share of all cost (%)", shrink=0.5, aspect=18, pad=0.02)
    panels = np.atleast_1d(top.subplots(rows, columns, sharex=True, sharey=True)).ravel()
    for panel in panels[count:]:
        panel.set_visible(False)
    mostly = representation.mostly_reads()
    for neuron, panel in enumerate(panels[:count]):
        drawn = source_plane.activity(panel, sources, representation.source_weights[neuron], style.ACTIVITY)
        name, others = mostly[neuron]
        read = "mixed" if name is None else "mostly " * (others > ONE_SOURCE) + style.label_of(name)
        panel.set_title(f"{neuron + 1}: {read}" if sources.identified else f"{neuron + 1}")
        panel.tick_params(labelbottom=neuron + columns >= count)
    bar = style.colour_bar(top, drawn, panels.tolist(), shrink=0.6, aspect=14, pad=0.02, ticks=[0, 1])
    bar.set_label("activity / its maximum", labelpad=1, fontsize=6)
    draw_loss(bottom.subplots(), representation)
    hidden = len(representation) - count
    _caption(figure, condition, f"{hidden} weaker neurons are not shown." if hidden else "")
    return figure


def _draw_silent(representation: Code) -> Figure:
    """A code without neurons: only what it costs can be shown."""
    figure = style.page_figure(0.6, 0.3)
    draw_loss(figure.subplots(), representation)
    return figure


def _draw_many(representation: Code) -> Figure:
    condition = source_plane.Condition.of(representation)
    figure = style.page_figure(1, 0.6)
    left, right = style.side_by_side(figure, 1, 1.35)
    top, bottom = style.stacked(left, 1.7, 1)
    _draw_weights(top, representation)
    draw_loss(bottom.subplots(), representation)
    _draw_pairs(right, condition, representation.modular)
    hidden = representation.problem.dimension - SOURCES_IN_PAIRS
    _caption(figure, condition, f"Pairs of the first {SOURCES_IN_PAIRS} sources only." if hidden > 0 else "")
    return figure


def _draw_line(representation: Code) -> Figure:
    sources = representation.problem.sources
    figure = style.page_figure(1, 0.36)
    first, second, third = figure.subplots(1, 3)
    source_plane.histogram(first, sources)
    ends = (sources.mean + np.array([sources.lower, sources.upper]).ravel()).reshape(-1, 1)
    for neuron, activity in enumerate(representation.activity(ends).T):
        second.plot(ends[:, 0], activity, color=style.BLUE, lw=1.4, label=f"neuron {neuron + 1}")
    second.set(xlabel=style.label_of(sources.names[0]), ylabel="activity", ylim=(0, None))
    draw_loss(third, representation)
    return figure


# ---- parts --------------------------------------------------------------------------------------------------------


def draw_neurons(axes: Axes, representation: Code, condition: source_plane.Condition) -> mpl.cm.ScalarMappable:
    """Draw the neurons of two sources as arrows over the samples; the colours are shares of all cost."""
    source_plane.cloud(axes, condition, (0, 1))
    share = representation.neuron_costs / representation.neuron_costs.sum()
    scale = mpl.colors.Normalize(0, float(share.max()) * 100)
    colours = [COST_SHARES(scale(100 * value)) for value in share]
    names = [str(i + 1) for i in range(len(share))]
    weights, sources = representation.source_weights, representation.problem.sources
    source_plane.arrows(axes, sources, weights, share, colours=colours, names=names)
    return mpl.cm.ScalarMappable(scale, COST_SHARES)


def _draw_weights(figure: SubFigure, representation: Code) -> None:
    axes = figure.subplots()
    _signed_bar(figure, axes, draw_weights(axes, representation))
    if representation.problem.groups is not None:
        _colour_groups(figure, axes, representation)


def draw_weights(axes: Axes, representation: Code) -> mpl.image.AxesImage:
    """Draw the weights of each neuron on each source, relative to its largest, in units of equal cost."""
    weights = relative_weights(representation)
    image = axes.imshow(weights, cmap=style.SIGNED, vmin=-1, vmax=1, aspect="auto", interpolation="nearest")
    style.name_columns(axes, representation.problem.sources.names)
    style.label_some(axes.set_yticks, [str(i + 1) for i in range(len(weights))], 15)
    axes.set(ylabel="neuron", title="Weights on the sources, relative to the largest")
    _grid_lines(axes, weights.shape)
    return image


def _colour_groups(figure: SubFigure, axes: Axes, representation: Code) -> None:
    """Colour the labels of sources by their group, and those of neurons by the only group that they read."""
    groups = representation.problem.groups or {}
    colours = {name: GROUP_COLOURS[number % len(GROUP_COLOURS)] for number, name in enumerate(groups)}
    owner = {index: name for name, members in groups.items() for index in members}
    for index, label in enumerate(axes.get_xticklabels()):
        label.set(color=colours[owner[index]], weight="bold")
    coded = representation.coded_groups()
    for neuron, label in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True):
        read = coded[int(neuron)]
        label.set(color=colours[read[0]] if len(read) == 1 else SEVERAL_GROUPS, weight="bold")
    handles = [Patch(color=colour, label=style.label_of(name)) for name, colour in colours.items()]
    if not representation.modular:
        handles.append(Patch(color=SEVERAL_GROUPS, label="several groups"))
    style.legend(figure, handles=handles, loc="outside lower left", ncols=min(len(handles), 4), handlelength=0.8)


def _draw_condition(figure: SubFigure, problem: Problem, condition: Array) -> None:
    bias = problem.height_sources.least_bias
    values = condition / np.outer(bias, bias)
    axes = figure.subplots()
    image = axes.imshow(values, cmap=style.SIGNED, vmin=-1, vmax=1, interpolation="nearest")
    style.name_columns(axes, problem.sources.names)
    axes.set_yticks(range(problem.dimension), [style.label_of(name) for name in problem.sources.names])
    axes.set_title("F relative to the biases, $F_{ij} / m_i m_j$")
    _grid_lines(axes, values.shape)
    _signed_bar(figure, axes, image)


def _grid_lines(axes: Axes, shape: tuple[int, ...]) -> None:
    style.bare(axes)
    if max(shape) <= 40:
        axes.set_xticks(np.arange(shape[1] + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(shape[0] + 1) - 0.5, minor=True)
        axes.grid(which="minor", color="white", lw=1.0)
        axes.tick_params(which="minor", length=0)


def _signed_bar(figure: SubFigure, axes: Axes, image: mpl.image.AxesImage) -> None:
    style.colour_bar(figure, image, axes, shrink=0.6, aspect=16, pad=0.02, ticks=[-1, 0, 1])


def draw_loss(axes: Axes, representation: Code) -> None:
    """Draw the terms of the loss beside those of the best modular code, where the sources are identified."""
    problem, separate = representation.problem, representation.separate
    optimal = "optimal code" if representation.status == "optimal" else "best code found"
    bars = [(representation.energies, style.BLUE, optimal)]
    if problem.sources.identified:
        kind = kind_words(problem.groups)[1]
        compared = "one source a neuron" if problem.separate else f"best {kind} code"
        modular = modular_energies(problem) if separate is None else separate.energies
        bars.append((modular, "#c3c9cf", compared))
    draw_energies(axes, bars)
    axes.set_xlim(0, 1.05 * max(max(energies.values()) for energies, _, _ in bars))
    style.legend(axes, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, handlelength=1, borderpad=0)


def draw_energies(axes: Axes, bars: Sequence[tuple[Mapping[str, float], str, str]]) -> None:
    """Draw the terms of the losses of one or two codes side by side.

    Args:
        axes: where.
        bars: for each code the terms by name, a colour and a label; the first one's terms are drawn.
    """
    names = list(bars[0][0])
    places = np.arange(len(names))
    for (energies, colour, label), offset in zip(bars, (-0.19, 0.19) if len(bars) > 1 else (0.0,), strict=True):
        axes.barh(places + offset, [energies[name] for name in names], 0.36, color=colour, label=label)
    axes.set_yticks(places, names)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.invert_yaxis()
    axes.set(xlabel="energy")


def _draw_pairs(figure: SubFigure, condition: source_plane.Condition, modular: bool | None) -> None:
    """Draw all pairs of the first sources; where the code is mixed and no pair shows it, say so."""
    count = min(condition.problem.dimension, SOURCES_IN_PAIRS)
    grid = figure.subplots(count - 1, count - 1, sharex="col", sharey="row", squeeze=False)
    shown: dict[str, Any] = {}
    leaves, width = False, 56 // (count - 1)  # characters along all panels together
    for (row, column), axes in np.ndenumerate(grid):
        if column > row:
            axes.set_visible(False)
            continue
        pair, named = (column, row + 1), (row == count - 2, column == 0)
        leaves |= source_plane.cloud(axes, condition, pair, labels=named, square=False, width=width)
        handles, labels = axes.get_legend_handles_labels()
        shown |= dict(zip(labels, handles, strict=True))
    title = None if leaves or modular is not False or not condition.has_ellipse else _no_pair(condition)
    options: dict[str, Any] = {"loc": "upper right", "frameon": False, "fontsize": 6.5, "handlelength": 1.6}
    box = figure.legend(shown.values(), shown.keys(), title=title, title_fontsize=6.5, alignment="left", **options)
    box.get_title().set(color=style.ORANGE, weight="bold")


def _no_pair(condition: source_plane.Condition) -> str | None:
    """What is to be said where the ellipse of no pair that is drawn leaves its hull, though the best code is mixed."""
    sources = condition.problem.sources
    others = [pair for pair in combinations(range(sources.dimension), 2) if pair[1] >= SOURCES_IN_PAIRS]
    if sources.dimension > 12:  # of more, not all pairs are asked
        return "Mixed, though no pair\nthat is drawn shows it."
    shown = next((pair for pair in others if condition.ellipse(pair)[1].any()), None)
    if shown is None:
        return "Mixed, though no pair\nof sources shows it:\npairs are not enough."
    first, second = (style.label_of(sources.names[source], 20) for source in shown)
    return f"Mixed: shown by a pair\nthat is not drawn,\n{first}\nand {second}."


def _legend(figure: SubFigure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    options = {"loc": "outside upper left", "ncols": 4, "handlelength": 1.6, "columnspacing": 1.2}
    style.legend(figure, handles=handles, labels=labels, **options)


def modular_energies(problem: Problem) -> dict[str, float]:
    """The terms of the loss at the best modular code."""
    energies: dict[str, float] = described(problem, problem.modular_weights)["energies"]
    return energies


# ---- around the picture -------------------------------------------------------------------------------------------


def _headline(representation: Code) -> list[list[str]]:
    """The parts of two lines: the price and the verdict, the status and the gap."""
    start = {"optimal": "Optimal code", "bounded": "Best code found", "interrupted": "Best code so far"}
    status, sources = start[representation.status], representation.problem.sources
    size, gap = counted(len(representation), "neuron"), representation.gap
    last = f"relative gap {f'{gap:.0e}' if gap else '0'}"
    if isinstance(sources, PrincipalCoordinates):
        kept = f"{counted(sources.dimension, 'principal coordinate')} {share_kept(sources)}"
        return [[f"{status}: {size}", kept, last]]
    price = amount(*representation.price_bounds, representation.price_of_modularity)
    name = kind_words(representation.problem.groups)[0]
    return [[f"Price of {name} {price}", judged(representation)], [f"{status}: {size}", last]]


def _caption(figure: Figure, condition: source_plane.Condition, more: str = "") -> None:
    parts = [more] if more else []
    if condition.matrix is not None and not condition.has_ellipse:
        parts.insert(0, "F is not positive semidefinite, so there is no ellipse to draw.")
    if parts:
        style.note(figure, " ".join(parts))
