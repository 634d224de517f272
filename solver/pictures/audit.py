"""The picture of an audit: the code that was given and the best one side by side, and where they differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from solver.pictures.audit_words import headline
from solver.pictures.plot import SIGNED
from solver.pictures.source_plane import HULL, INSIDE, OUTSIDE, SAMPLE, Condition, arrows, cloud, label_of
from solver.pictures.style import PICTURES, WIDTH, styled, written
from solver.pictures.summary import percent
from theory.writing import require_writable

if TYPE_CHECKING:
    import os

    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure
    from numpy.typing import NDArray

    from solver.auditing.findings import Findings
    from solver.code import Code
    from theory.arrays import Array

__all__ = ["plot_audit"]

ARROWS = 12
"""Neurons of the plane that are drawn: the dearest."""

ROWS = 40
"""Neurons whose weights and earnings are drawn: the dearest."""

EARNS = 0.995
"""Share of its cost from which on a neuron is drawn as one that earns it."""

LEVEL = 1e-6
"""Percent above the optimum that are none."""

TICKS = 15
"""Neurons that are numbered on an axis."""

LONGEST = 8
"""Characters of a neuron's name that fit an axis."""

CHANGED = {
    "bias": "biases",
    "encoder": "encoder",
    "decoder": "readout",
    "size": "size",
    "strengths": "strengths",
    "neurons": "neurons",
}
"""The savings of an audit, in the order in which they are made."""


@styled
def plot_audit(findings: Findings, path: str | os.PathLike[str] | None = None) -> Figure:
    """Draw both codes with the terms of their losses, what each neuron earns, and what each change would save.

    Two sources: neurons as arrows over the samples, orange where they earn less than they cost. Otherwise: weights in
    units of equal cost. Below: what each neuron earns for its cost at the optimum's prices, the savings one after the
    other, and the excess over the price of the encoder where that was fitted.

    Args:
        findings: of an audit.
        path: .png, .pdf or .svg file to write, whole or not at all.

    Raises:
        InputError: a path that cannot be written.

    Example:
        >>> from solver import Problem, audit
        >>> square = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
        >>> len(plot_audit(audit(Problem(square), 1 + square)).axes)
        5
    """
    target = None if path is None else require_writable(path, PICTURES, "path")
    figure = Figure(figsize=(WIDTH, 0.66 * WIDTH), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=(1.25, 1), squeeze=False)[:, 0]
    left, middle, right = top.subfigures(1, 3, width_ratios=(1, 1, 0.8), squeeze=False)[0]
    order = findings.active[np.argsort(-findings.code.neuron_costs[findings.active], kind="stable")]
    colours = [INSIDE if ratio >= EARNS else OUTSIDE for ratio in findings.ratios[order]]
    names = [name[:LONGEST] for name in np.array(findings.neurons)[order].tolist()]
    _draw_code(left, findings.code, order, colours, names).set_title(f"this code: {_counted(len(order))}")
    best = np.arange(len(findings.optimum))
    numbers = [str(number + 1) for number in best]
    word = "the optimum" if findings.optimum.status == "optimal" else "best code found"
    drawn = _draw_code(middle, findings.optimum, best, [INSIDE] * len(best), numbers)
    drawn.set_title(f"{word}: {_counted(len(best))}")
    _draw_terms(right.subplots(), findings, word)
    panels = bottom.subplots(1, 2 if findings.fit is None else 3)
    _draw_earnings(panels[0], findings, order, colours, names)
    _draw_savings(panels[1], findings)
    if findings.fit is not None:
        _draw_fit(panels[2], findings)
    figure.suptitle(headline(findings), fontsize=8, x=0.01, ha="left")
    said = ["Neurons in orange earn less than they cost."] if OUTSIDE in colours else []
    if findings.unexplained:
        said.append(f"{percent(findings.unexplained)} of the variance of the activity is not affine, and not audited.")
    figure.supxlabel(" ".join(said), fontsize=6, x=0.01, ha="left", color="#555555")
    return written(figure, target)


def _draw_code(figure: SubFigure, code: Code, order: NDArray[np.intp], colours: list[str], names: list[str]) -> Axes:
    axes, problem = figure.subplots(), code.problem
    weights = code.source_weights[order]
    if problem.dimension == 2 and len(order):
        cloud(axes, Condition(problem, None), (0, 1))
        shown = slice(0, ARROWS)
        share = code.neuron_costs[order][shown]
        arrows(axes, problem.sources, weights[shown], share, colours=colours[shown], names=names[shown])
    elif len(order):
        _draw_weights(axes, weights[:ROWS] * np.sqrt(problem.modular_costs), names[:ROWS], problem.sources.names)
    else:
        axes.set_axis_off()
    return axes


def _counted(neurons: int) -> str:
    return f"{neurons} neuron{'' if neurons == 1 else 's'}"


def _draw_weights(axes: Axes, weights: Array, names: list[str], sources: tuple[str, ...]) -> None:
    relative = weights / np.abs(weights).max(axis=1, keepdims=True)
    axes.imshow(relative, cmap=SIGNED, vmin=-1, vmax=1, aspect="auto", interpolation="nearest")
    labels = [label_of(name) for name in sources]
    axes.set_xticks(range(len(labels)), labels, rotation=0 if len("".join(labels)) < 20 else 30)
    _number(axes.set_yticks, names)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)


def _draw_terms(axes: Axes, findings: Findings, word: str) -> None:
    found, best = findings.code.energies, findings.optimum.energies
    places = np.arange(len(found))
    axes.barh(places - 0.19, [found[name] for name in found], 0.36, color=OUTSIDE, label="this code")
    axes.barh(places + 0.19, [best[name] for name in found], 0.36, color=INSIDE, label=word)
    axes.set_yticks(places, list(found))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.invert_yaxis()
    axes.set(xlabel="energy")
    axes.legend(frameon=False, fontsize=6, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, handlelength=1)


def _draw_earnings(
    axes: Axes, findings: Findings, order: NDArray[np.intp], colours: list[str], names: list[str]
) -> None:
    shown = order[:ROWS]
    axes.bar(range(len(shown)), 100 * findings.ratios[shown], color=colours[:ROWS], width=0.8)
    axes.axhline(100, color=SAMPLE, lw=1, ls=(0, (3, 2)), zorder=0)
    _number(axes.set_xticks, names[:ROWS])
    axes.set(xlabel="neuron, the dearest first", ylabel="earns (% of its cost)", ylim=(0, 109))


def _draw_savings(axes: Axes, findings: Findings) -> None:
    least = findings.lower_bound if findings.lower_bound > 0 else 1.0
    savings = np.array([findings.savings[name] for name in CHANGED]) / least * 100
    above = np.cumsum(savings[::-1])[::-1]
    places = np.arange(len(savings))
    axes.bar(places, savings, bottom=above - savings, color=OUTSIDE, width=0.7)
    axes.step(np.append(places - 0.35, places[-1] + 0.35), np.append(above, 0.0), where="post", color=HULL, lw=0.6)
    axes.set_xticks(places, list(CHANGED.values()), rotation=30)
    axes.tick_params(axis="x", length=0)
    axes.set(xlabel="made as good as can be, one after the other", ylabel="above the optimum (%)")
    axes.set_ylim(0, 1.06 * above[0] if above[0] > LEVEL else 1)


def _draw_fit(axes: Axes, findings: Findings) -> None:
    fit = findings.fit
    assert fit is not None
    kinds = [(fit.excess, OUTSIDE, "one unit for all"), (fit.own_units, HULL, "a unit for each neuron")]
    for values, colour, said in kinds:
        axes.plot(fit.encoder_costs, 100 * values, color=colour, lw=1, marker="o", ms=2, label=said)
    axes.axvline(fit.encoder_cost, color=SAMPLE, lw=1, ls=(0, (3, 2)), zorder=0)
    axes.set(xscale="log", xlabel="price of the encoder", ylabel="above the optimum (%)", ylim=(0, None))
    axes.legend(frameon=False, fontsize=6)


def _number(set_ticks: Any, names: list[str]) -> None:
    step = max(1, -(-len(names) // TICKS))
    set_ticks(range(0, len(names), step), names[::step])
