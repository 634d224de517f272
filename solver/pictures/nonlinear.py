"""Answers of rectified and free neurons in words and as a picture."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from solver.ambiguity import sentence
from solver.nonlinear.code import NonlinearCode
from solver.pictures import style
from solver.pictures.pages.report import write_page
from solver.pictures.style import picture
from solver.pictures.words import (
    cell,
    counted,
    kind_words,
    percent,
    price_sentence,
    proof_words,
    reading_shares,
    reading_words,
    scales_words,
)
from theory.groups import groups_of


def sentences(answer: NonlinearCode) -> list[str]:
    """The answer in a few sentences: the price of modularity, how many neurons, that of linearity, the proof.

    Example:
        >>> from solver import Problem, solve
        >>> from theory.readouts import Soft
        >>> print(sentences(solve(Problem([[-1], [0], [1]], activation="rectified", readout=Soft(100))))[1])
        1 rectified neuron codes 1 source (3 samples), one source each.
    """
    price, who, linearity = _price(answer), _who(answer), _linearity(answer)
    lines = [
        price,
        who,
        *(reading_words(answer) if price else []),
        linearity,
        sentence(answer.ambiguity()),
        proof_words(answer, f"no code of {answer.problem.neurons.name} neurons"),
    ]
    if answer.status == "bounded":
        lines.append(f"Why not optimal: {answer.message}.")
    lines += scales_words(answer.problem)
    return [line for line in lines if line]


def _price(answer: NonlinearCode) -> str:
    """What one source per neuron costs more; nothing where that is no question."""
    has_price = answer.modular is not None and np.isfinite(answer.modular_loss) and _telling(answer) is None
    return price_sentence(answer) if has_price else ""


def _who(answer: NonlinearCode) -> str:
    problem, neurons = answer.problem, len(answer)
    samples = counted(problem.sources.count, "sample")
    if not neurons:
        return f"No neuron is worth what it costs: errors are cheaper ({samples})."
    verb = "codes" if neurons == 1 else "code"
    parts = "" if problem.groups is None else f"{counted(len(problem.groups), 'group')} of "
    start = f"{counted(neurons, f'{problem.neurons.name} neuron')} {verb} {parts}"
    start += f"{counted(problem.dimension, 'source')} ({samples})"
    if answer.modular is None:
        return f"{start}."
    telling = _telling(answer)
    if telling is not None:
        start += f". {telling!r} alone tells all samples apart, so that any activity is a function of it"
        return f"{start}: modularity says nothing here."
    return f"{start}{reading_shares(answer)}."


def _telling(answer: NonlinearCode) -> str | None:
    """The first of several sources, or groups, of which any activity of free neurons is a function, or None."""
    problem = answer.problem
    parts = groups_of(problem)
    if problem.neurons.name != "free" or len(parts) == 1:
        return None
    samples = len(np.unique(problem.sources.points, axis=0))
    apart = (name for name, own in parts.items() if len(np.unique(problem.sources.points[:, own], axis=0)) == samples)
    return next(apart, None)


def _linearity(answer: NonlinearCode) -> str:
    price = answer.price_of_linearity
    if not np.isfinite(price):
        return ""
    if price <= 10 * answer.tolerance:
        return "Linear neurons do as well." if answer.status == "optimal" else ""
    return f"Linear neurons would cost {'' if answer.status == 'optimal' else 'at least '}{percent(price)} more."


def as_text(answer: NonlinearCode) -> str:
    """Sentences and a table of neurons."""
    lines = sentences(answer)
    columns = answer.columns()
    shown = (
        "reads",
        "mostly_reads",
        "cost",
        "mean_activity",
        *(("encoder_bias",) if "encoder_bias" in columns else ()),
    )
    if len(answer):
        lines += ["", "  ".join(f"{name:>14}" for name in shown)]
        for row in range(min(len(answer), 12)):
            lines.append("  ".join(f"{cell(columns[name][row]):>14}" for name in shown))
        if len(answer) > 12:
            lines.append(f"... and {len(answer) - 12} more")
    return "\n".join(lines)


def page(answer: NonlinearCode, path: str | os.PathLike[str]) -> None:
    """Write an .html page: sentences, picture and table.

    Args:
        answer: what to show.
        path: of the file, which is written whole or not at all.

    Raises:
        InputError: a path that cannot be written.
    """
    title = f"Best code of {answer.problem.neurons.name} neurons"
    write_page(path, title, sentences(answer), plot(answer), [answer.columns()])


@picture
def plot(answer: NonlinearCode) -> Figure:
    """Draw a code: its loss beside those it is compared with, and what the strongest neurons do on the samples.

    Example:
        >>> from solver import Problem, solve
        >>> from theory.readouts import Soft
        >>> len(plot(solve(Problem([[-1], [0], [1]], activation="rectified", readout=Soft(100)))).axes) >= 2
        True
    """
    panels = min(len(answer), 12)  # the strongest
    columns = max(2, min(panels, 4))
    rows = max(1, -(-panels // columns))
    figure = style.page_figure(1.0, 0.16 + 0.19 * rows)
    left, right = style.side_by_side(figure, 1.2, 3)
    _draw_losses(left.subplots(), answer)
    if panels:
        grid = np.ravel(right.subplots(rows, columns, squeeze=False))
        image = None
        for neuron, axes in enumerate(grid):
            if neuron >= panels:
                axes.set_axis_off()
                continue
            image = _draw_neuron(axes, answer, neuron) or image
            if answer.problem.dimension > 2:
                continue  # each has sources of its own
            if neuron % columns:
                axes.set_ylabel("")
            if neuron + columns < panels:
                axes.set_xlabel("")
        if image is not None:
            style.colour_bar(right, image, list(grid), label="activity, share of the largest", shrink=0.7)
    style.head(figure, "\n".join(line for line in (_price(answer), _who(answer), _linearity(answer)) if line))
    return figure


def _draw_losses(axes: Axes, answer: NonlinearCode) -> None:
    """Bars: the parts of the loss of this code, and the losses of the best modular and the best linear code."""
    bottom = 0.0
    shades = {"activity": style.BLUE, "encoder": "#7fb3d5", "decoder": style.GREY, "error": style.ORANGE}
    for name, part in answer.energies.items():
        axes.bar("this code", part, bottom=bottom, color=shades.get(name, style.DARK), label=name, width=0.7)
        bottom += part
    for name, loss in (("modular", answer.modular_loss), ("linear", answer.linear_loss)):
        if np.isfinite(loss):
            axes.bar(name, loss, color="none", edgecolor=style.DARK, lw=0.8, width=0.7)
    axes.axhline(answer.lower_bound, color=style.DARK, lw=0.8, ls=style.DASHED, label="proven bound")
    axes.set_ylabel("loss")
    axes.margins(y=0.02)
    style.legend(axes, loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=1)


def _draw_neuron(axes: Axes, answer: NonlinearCode, neuron: int) -> PathCollection | None:
    """The activity of one neuron over its first one or two sources; its number and what it reads above."""
    points, names = answer.problem.sources.points, answer.problem.sources.names
    activity = answer.sample_activity[:, neuron]
    axes.set_title(f"{neuron + 1}: {_reads(answer, neuron)}")
    if answer.problem.dimension == 1:
        order = np.argsort(points[:, 0], kind="stable")
        axes.plot(points[order, 0], activity[order], color=style.BLUE, lw=1, marker=".", ms=2)
        axes.set_xlabel(style.label_of(names[0]))
        axes.xaxis.set_major_locator(MaxNLocator(3))
        return None
    first, second = _strongest_pair(answer, neuron)
    image = axes.scatter(
        points[:, first],
        points[:, second],
        c=activity / max(float(activity.max()), 1e-300),
        cmap=style.ACTIVITY,
        vmin=0,
        vmax=1,
        s=10,
        lw=0,
    )
    across, up = (style.label_of(names[source], 14, 2) for source in (first, second))
    axes.set(xlabel=across, ylabel=up)
    axes.locator_params(nbins=3)
    return image


def _reads(answer: NonlinearCode, neuron: int) -> str:
    """What a neuron reads, in as many letters as there is room for above its panel."""
    names, (mostly, _) = answer.coded_groups()[neuron], answer.mostly_reads()[neuron]
    told = " ".join(names) if len(names) == 1 or mostly is None else f"mostly {mostly}"
    # Letters that fit above the panel.
    return told if len(told) <= 12 else counted(len(names), kind_words(answer.problem.groups)[2])


def _strongest_pair(answer: NonlinearCode, neuron: int) -> tuple[int, int]:
    """The two sources with which the activity of a neuron is correlated most, in their order."""
    points, activity = answer.problem.sources.points, answer.sample_activity[:, neuron]
    centred = points - points.mean(axis=0)
    scale = np.linalg.norm(centred, axis=0)
    size = np.abs(centred.T @ (activity - activity.mean())) / np.where(scale > 0, scale, 1.0)
    first, second = np.sort(np.argsort(-size, kind="stable")[:2])
    return int(first), int(second)


NONLINEAR_PANELS = {"energies": _draw_losses}  # what can be drawn alone: see `solver.pictures.panels`
