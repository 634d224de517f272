"""An audit of rectified or free neurons in words, as a table and as a picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from solver.auditing.findings import NonlinearFindings
from solver.pictures import style
from solver.pictures.audit import Bars, draw_earnings, draw_savings, draw_terms
from solver.pictures.audit_words import (
    MENTIONED,
    headline,
    known_numbers,
    missing_words,
    modularity_words,
    saved_words,
    text_of,
    weights_words,
)
from solver.pictures.style import picture
from solver.pictures.summary import LISTED
from solver.pictures.words import percent, scales_words


def sentences(findings: NonlinearFindings) -> list[str]:
    """The audit in words, the share that is not audited first.

    Example:
        >>> from solver import Problem, audit
        >>> from theory.readouts import Soft
        >>> problem = Problem([[-1], [0], [1]], activation="free", readout=Soft(100))
        >>> print(sentences(audit(problem, [[1.0], [0.0], [0.0]]))[0])
        Free neurons: all of the activity is audited.
    """
    lines = [_part(findings), *weights_words(findings), f"{headline(findings)}.", *saved_words(findings)]
    fires = findings.code.neuron_costs > 0
    silent, gone = int((~fires).sum()), int((fires & (findings.strengths == 0)).sum())
    if silent:
        lines.append(f"Of {len(fires)} neurons {silent} {'is' if silent == 1 else 'are'} silent.")
    if gone and findings.code.status != "optimal":
        whom = f"the {fires.sum()} others would be silent too" if silent else f"{len(fires)} neurons would be silent"
        lines.append(f"In their best strengths {gone} of {whom}.")
    optimum = findings.optimum
    priced = optimum.modular is not None and np.isfinite(optimum.modular_loss)
    lines += [*missing_words(findings), *modularity_words(findings, priced=priced)]
    return [*lines, *scales_words(findings.problem)]


def _part(findings: NonlinearFindings) -> str:
    if findings.problem.neurons.name == "free":
        return "Free neurons: all of the activity is audited."
    if findings.unexplained <= MENTIONED.least**2:
        return "All of the activity is a rectified function of the sources."
    return (
        f"{percent(findings.unexplained)} of the variance of the activity is no rectified function of the sources; the "
        "rest is what is audited."
    )


def columns(findings: NonlinearFindings) -> dict[str, list[Any]]:
    """The table of all neurons, by column: cost, what a neuron earns for it, best strength, share not audited."""
    numbers = {
        "cost": findings.code.neuron_costs,
        "earns": findings.ratios,
        "strength": findings.strengths,
        "not rectified": findings.unexplained_shares,
    }
    if findings.problem.neurons.name == "free":
        del numbers["not rectified"]
    reads = [" ".join(names) for names in findings.code.coded_groups()]
    return {"neuron": list(findings.neurons), "reads": reads, **known_numbers(numbers)}


def text(findings: NonlinearFindings) -> str:
    """Sentences, and tables of the terms of the loss and of the neurons."""
    table = columns(findings)
    rows = [list(table)]
    for number in range(min(len(findings.neurons), LISTED.rows)):
        ratio, share = table["earns"][number], table.get("not rectified", [0.0] * (number + 1))[number]
        row = [table["neuron"][number], table["reads"][number], percent(table["cost"][number] / findings.loss)]
        row += ["" if ratio is None else f"{100 * ratio:.1f} %", f"x {table['strength'][number]:.3g}"]
        rows.append(row + (["" if share is None else f"{100 * share:.1f} %"] if "not rectified" in table else []))
    return text_of(findings, sentences(findings), rows)


@picture
def plot(findings: NonlinearFindings) -> Figure:
    """Draw the terms of both losses, what each neuron earns for its cost, and what each change would save.

    Example:
        >>> from solver import Problem, audit
        >>> from theory.readouts import Soft
        >>> problem = Problem([[-1], [0], [1]], activation="free", readout=Soft(100))
        >>> len(plot(audit(problem, [[1.0], [0.0], [0.0]])).axes)
        3
    """
    figure = style.page_figure(1, 0.36)
    left, middle, right = figure.subplots(1, 3)
    draw_terms(left, findings)
    draw_earnings(middle, findings)
    draw_savings(right, findings)
    right.set_xlabel("made as good as can be, in turn")
    style.head(figure, headline(findings), size=8)
    notes = ["Neurons in orange earn less than they cost."] if style.ORANGE in Bars.of(findings).colours else []
    if findings.unexplained > MENTIONED.least:
        notes.append(f"{percent(findings.unexplained)} of the variance of the activity is not audited.")
    style.note(figure, " ".join(notes))
    return figure


# What can be drawn alone.
NONLINEAR_AUDIT_PANELS = {"earnings": draw_earnings, "energies": draw_terms, "savings": draw_savings}
