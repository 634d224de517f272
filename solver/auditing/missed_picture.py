"""Which neurons seem mixed for want of a source: in words, and as two maps of shares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from solver.pictures import style
from solver.pictures.words import percent

NEURONS_NAMED = 8  # neurons that a sentence names, and that have one of their own


def missed_sentences(findings: Any) -> list[str]:
    """The finding in words, with the evidence for each neuron that seems mixed: see `MissedSource.sentences`."""
    missing = findings.complete.groups[-1]
    count = {kind: [n for n, one in enumerate(findings.kinds) if one == kind] for kind in set(findings.kinds)}
    seem = count.get("seems mixed", [])
    one = len(seem) == 1
    lines = [
        f"Of {len(findings.neurons)} neurons {len(seem)} seem{'s' if one else ''} to mix the named sources and "
        f"follow{'s' if one else ''} {missing} alone where it is known{_which(findings, seem)}."
    ]
    lines += [_evidence(findings, number) for number in seem[:NEURONS_NAMED]]
    for kind, words, plural in (
        ("mixed", "mixes several groups even then", "mix several groups even then"),
        ("mixes it", f"mixes {missing} with a named source, which could not be seen without it",
         f"mix {missing} with a named source, which could not be seen without it"),
        ("one", "follows one group of sources, or none", "follow one group of sources, or none"),
        ("open", "seems mixed without it, and nothing is certain with it",
         "seem mixed without it, and nothing is certain with it"),
    ):  # fmt: skip
        numbers = count.get(kind, [])
        if numbers:
            named = "" if kind == "one" else _which(findings, numbers)
            lines.append(f"{len(numbers)} {words if len(numbers) == 1 else plural}{named}.")
    rows = "single rows" if findings.block == 1 else f"blocks of {findings.block} rows"
    lines.append(
        f"Shares are beyond all other groups, and linear; tested by {findings.permutations:,} permutations of {rows}, "
        f"at most {percent(findings.level)} for any false one. One that was not found may still be there, as small as "
        "chance."
    )
    if findings.is_persistent:
        lines.append(
            f"Activity goes on for longer than a block (autocorrelation {findings.persistence:.2g} after "
            f"{findings.block} row(s)): chance is made too small, and what is found is not to be relied on; give "
            "longer blocks."
        )
    return lines


def _which(findings: Any, numbers: Sequence[int]) -> str:
    if not numbers or len(numbers) > NEURONS_NAMED:
        return ""
    return f" ({', '.join(findings.neurons[number] for number in numbers)})"


def _evidence(findings: Any, number: int) -> str:
    """The shares of one neuron, before and after."""
    without, shares = findings.without, findings.complete
    parts = []
    for group in np.flatnonzero(without.p[number] < findings.level).tolist():
        parts.append(
            f"{without.groups[group]} explains {_with_chance(without, number, group)} of its variance, "
            f"{_with_chance(shares, number, group)} once {shares.groups[-1]} is known"
        )
    return f"{findings.neurons[number]}: {'; '.join(parts)}."


def _with_chance(shares: Any, number: int, group: int) -> str:
    mean, deviation = shares.chance[number, group], shares.deviation[number, group]
    return f"{100 * shares.shares[number, group]:.3g} % (by chance {100 * mean:.2f} ± {100 * deviation:.2f} %)"


@style.picture
def plot_missed(findings: Any) -> Figure:
    """Draw the shares of each group in each neuron, without the missing source and with it.

    A cell with a dot is more than chance. Shares are drawn by their roots, as correlations are.
    """
    order = np.sort(np.argsort(-findings.complete.shares.max(axis=1), kind="stable")[:60])
    figure = style.page_figure(1, 0.5)
    widths = [len(shares.groups) + 1.0 for shares in (findings.without, findings.complete)]
    panels = figure.subplots(1, 2, width_ratios=widths)
    _draw(panels[0], findings.without, order, findings.level, "the named sources")
    title = f"and {style.label_of(findings.complete.groups[-1])}"
    image = _draw(panels[1], findings.complete, order, findings.level, title)
    names = [findings.neurons[number][:12] for number in order]
    style.label_some(panels[0].set_yticks, names, 30)
    panels[1].set_yticks([])
    panels[0].set_ylabel("neuron")
    bar = style.colour_bar(figure, image, panels[1], label="share of variance beyond the others (%)")
    bar.set_ticks([0, 0.1**0.5, 0.5, 1], labels=["0", "10", "25", "100"])
    style.note(figure, f"Dots: more than by chance (at most {percent(findings.level)} for any false one).")
    return figure


def _draw(axes: Axes, shares: Any, order: NDArray[np.intp], level: float, title: str) -> AxesImage:
    """One map, neurons down and groups to the right."""
    size = np.sqrt(np.maximum(shares.shares[order], 0))
    image = axes.imshow(size, cmap=style.ACTIVITY, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    rows, columns = np.nonzero(shares.p[order] < level)
    axes.scatter(columns, rows, s=9, color=style.ORANGE, lw=0)
    style.name_columns(axes, shares.groups, 16)
    axes.set_title(title)
    style.bare(axes)
    return image
