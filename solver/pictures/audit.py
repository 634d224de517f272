"""The picture of an audit: the audited code and the best one side by side, and where they differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from solver.auditing.findings import CommonFindings, Findings
from solver.codes.linear import Code
from solver.pictures import style
from solver.pictures.audit_words import headline
from solver.pictures.plot import draw_energies
from solver.pictures.source_plane import Condition, arrows, cloud
from solver.pictures.style import picture
from solver.pictures.words import percent
from theory.arrays import Array
from theory.errors import InputError


@dataclass(frozen=True)
class AuditedNeurons:
    """How many neurons a picture of an audit shows."""

    drawn: int = 40  # those with the largest costs
    labelled: int = 15  # along an axis


AUDITED = AuditedNeurons()


CHANGED = {
    "bias": "biases",
    "encoder": "encoder",
    "decoder": "readout",
    "size": "size",
    "strengths": "strengths",
    "neurons": "neurons",
}
"""What an audit changes, in the order of the savings."""


@picture
def plot_audit(findings: Findings) -> Figure:
    """Draw both codes with the terms of their losses, what each neuron earns, and what each change would save.

    Two sources: neurons as arrows over the samples, orange where they earn less than they cost. Otherwise: weights in
    units of equal cost. Below: what each neuron earns for its cost at the optimum's prices, the savings one after the
    other, and the excess over the cost of the encoder where that was fitted.

    Example:
        >>> from solver import Problem, audit
        >>> square = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
        >>> len(plot_audit(audit(Problem(square), 1 + square)).axes)
        5
    """
    figure = style.page_figure(1, 0.66)
    top, bottom = style.stacked(figure, 1.25, 1)
    for place, draw in zip(style.side_by_side(top, 1, 1, 0.8), (draw_audited, draw_best, draw_terms), strict=True):
        draw(place.subplots(), findings)
    below: list[Callable[[Axes, Findings], None]] = [draw_earnings, draw_savings]
    if findings.fit is not None and findings.fit.kind != "given":
        below.append(_draw_fit)
    for axes, drawing in zip(bottom.subplots(1, len(below)), below, strict=True):
        drawing(axes, findings)
    style.head(figure, headline(findings), size=8)
    notes = ["Neurons in orange earn less than they cost."] if style.ORANGE in Bars.of(findings).colours else []
    if findings.unexplained:
        notes.append(f"{percent(findings.unexplained)} of the variance of the activity is not affine, and not audited.")
    style.note(figure, " ".join(notes))
    return figure


@dataclass(frozen=True)
class Bars:
    """The neurons of an audited code, the most expensive first: their numbers, colours and names."""

    order: NDArray[np.intp]
    colours: list[str]
    names: list[str]

    @classmethod
    def of(cls, findings: CommonFindings) -> Bars:
        """The neurons that vary, orange where they earn less than they cost, to a percent."""
        costs = findings.code.neuron_costs
        active = findings.active if isinstance(findings, Findings) else np.flatnonzero(costs > 0)
        order = active[np.argsort(-costs[active], kind="stable")]
        colours = [style.BLUE if ratio >= 0.995 else style.ORANGE for ratio in findings.ratios[order]]
        return cls(order, colours, style.told_apart([findings.neurons[number] for number in order], 8))


def draw_audited(axes: Axes, findings: Findings) -> None:
    """Draw the neurons of the audited code, orange where they earn less than they cost."""
    bars = Bars.of(findings)
    _draw_code(axes, findings.code, bars.order, bars.colours, bars.names)
    axes.set_title(f"this code: {_counted(len(bars.order))}")


def draw_best(axes: Axes, findings: Findings) -> None:
    """Draw the neurons of the best code."""
    best = np.arange(len(findings.optimum))
    numbers = [str(number + 1) for number in best]
    _draw_code(axes, findings.optimum, best, [style.BLUE] * len(best), numbers)
    axes.set_title(f"{_word(findings)}: {_counted(len(best))}")


def _word(findings: CommonFindings) -> str:
    return "the optimum" if findings.optimum.status == "optimal" else "best code found"


def _draw_code(axes: Axes, code: Code, order: NDArray[np.intp], colours: list[str], names: list[str]) -> None:
    problem = code.problem
    weights = code.source_weights[order]
    if problem.dimension == 2 and len(order):
        cloud(axes, Condition(problem, None), (0, 1))
        costs = code.neuron_costs[order][:12]
        arrows(axes, problem.sources, weights[:12], costs, colours=colours[:12], names=names[:12])
    elif len(order):
        weights, names = (weights * np.sqrt(problem.modular_costs))[: AUDITED.drawn], names[: AUDITED.drawn]
        _draw_weights(axes, weights, names, problem.sources.names)
    else:
        axes.set_axis_off()


def _counted(neurons: int) -> str:
    return f"{neurons} neuron{'' if neurons == 1 else 's'}"


def _draw_weights(axes: Axes, weights: Array, names: list[str], sources: tuple[str, ...]) -> None:
    relative = weights / np.abs(weights).max(axis=1, keepdims=True)
    axes.imshow(relative, cmap=style.SIGNED, vmin=-1, vmax=1, aspect="auto", interpolation="nearest")
    style.name_columns(axes, sources, together=20)
    style.label_some(axes.set_yticks, names, AUDITED.labelled)
    style.bare(axes)


def draw_terms(axes: Axes, findings: CommonFindings) -> None:
    """Draw the terms of the losses of the audited code and of the best one."""
    energies, optimal = findings.code.energies, findings.optimum.energies
    draw_energies(axes, [(energies, style.ORANGE, "this code"), (optimal, style.BLUE, _word(findings))])
    style.legend(axes, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, handlelength=1)


def draw_earnings(axes: Axes, findings: CommonFindings) -> None:
    """Draw what neurons earn for their cost, the most expensive first."""
    bars = Bars.of(findings)
    ratios, names = findings.ratios[bars.order[: AUDITED.drawn]], bars.names[: AUDITED.drawn]
    axes.bar(range(len(ratios)), 100 * ratios, color=bars.colours[: AUDITED.drawn], width=0.8)
    axes.axhline(100, color=style.GREY, lw=1, ls=style.DASHED, zorder=0)
    style.label_some(axes.set_xticks, names, AUDITED.labelled)
    style.slant(axes, together=40, degrees=60)
    axes.set(xlabel="neuron, the most expensive first", ylabel="earns (% of its cost)", ylim=(0, 109))


def draw_savings(axes: Axes, findings: CommonFindings) -> None:
    """Draw what each change would save, one after the other."""
    least = findings.lower_bound if findings.lower_bound > 0 else 1.0
    savings = np.array(list(findings.savings.values())) / least * 100
    above = np.cumsum(savings[::-1])[::-1]
    places = np.arange(len(savings))
    axes.bar(places, savings, bottom=above - savings, color=style.ORANGE, width=0.7)
    axes.step(
        np.append(places - 0.35, places[-1] + 0.35), np.append(above, 0.0), where="post", color=style.DARK, lw=0.6
    )
    axes.set_xticks(places, [CHANGED[name] for name in findings.savings])
    style.slant(axes, together=0)
    axes.tick_params(axis="x", length=0)
    axes.set(xlabel="made as good as can be, one after the other", ylabel="above the optimum (%)")
    axes.set_ylim(0, 1.06 * above[0] if above[0] > 1e-6 else 1)


def _draw_fit(axes: Axes, findings: Findings) -> None:
    fit = findings.fit
    if fit is None or fit.kind == "given":
        raise InputError("panels: 'fit' is of a cost that was fitted; ask for it with rescale=True, or leave it out")
    curves = ((fit.excess, style.ORANGE, "one unit for all"), (fit.own_units, style.DARK, "a unit for each neuron"))
    for values, colour, label in curves:
        axes.plot(fit.encoder_costs, 100 * values, color=colour, lw=1, marker="o", ms=2, label=label)
    axes.axvline(fit.encoder_cost, color=style.GREY, lw=1, ls=style.DASHED, zorder=0)
    axes.set(xscale="log", xlabel="cost of the encoder", ylabel="above the optimum (%)", ylim=(0, None))
    style.legend(axes)


AUDIT_PANELS: dict[str, Callable[[Axes, Any], None]] = {
    "earnings": draw_earnings,
    "code": draw_audited,
    "optimum": draw_best,
    "energies": draw_terms,
    "savings": draw_savings,
    "fit": _draw_fit,
}
"""What can be drawn alone."""
