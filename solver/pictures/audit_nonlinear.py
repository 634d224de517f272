"""An audit of rectified or free neurons in words, as a table and as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from solver.pictures import style
from solver.pictures.audit import Bars, draw_earnings, draw_savings, draw_terms
from solver.pictures.audit_words import excess_words, headline, saved_words, terms_of, weights_words
from solver.pictures.style import picture
from solver.pictures.summary import ROWS_ON_TERMINAL
from solver.pictures.words import aligned, percent, price_sentence, scales_words

if TYPE_CHECKING:
    from solver.auditing.findings import NonlinearFindings

NEGLIGIBLE = 1e-6  # share of the optimum that no sentence mentions


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
    saving = findings.missing_saving / findings.lower_bound if findings.lower_bound > 0 else 0.0
    if findings.missing_ratio > 1 + NEGLIGIBLE and saving > NEGLIGIBLE:
        lines.append(
            f"A neuron that is missing would then earn {findings.missing_ratio:.4g} times what it costs, and save "
            f"{excess_words(saving)}."
        )
    return [*lines, *_modularity(findings), *scales_words(findings.problem)]


def _part(findings: NonlinearFindings) -> str:
    if findings.problem.neurons.name == "free":
        return "Free neurons: all of the activity is audited."
    if findings.unexplained <= NEGLIGIBLE**2:
        return "All of the activity is a rectified function of the sources."
    return (
        f"{percent(findings.unexplained)} of the variance of the activity is no rectified function of the sources; the "
        "rest is what is audited."
    )


def _modularity(findings: NonlinearFindings) -> list[str]:
    known = {name: value for name, value in findings.scores.items() if not np.isnan(value)}
    scores = ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in known.items())
    lines = [f"Modularity scores of the activity: {scores}."] if scores else []
    optimum = findings.optimum
    if optimum.modular is None or not np.isfinite(optimum.modular_loss):
        return lines
    return [*lines, price_sentence(optimum)]


def columns(findings: NonlinearFindings) -> dict[str, list[Any]]:
    """The table of all neurons, by column: cost, what a neuron earns for it, best strength, share not audited.

    Args:
        findings: of an audit.
    """
    numbers = {
        "cost": findings.code.neuron_costs,
        "earns": findings.ratios,
        "strength": findings.strengths,
        "not rectified": findings.unexplained_shares,
    }
    if findings.problem.neurons.name == "free":
        del numbers["not rectified"]
    plain = {name: [None if np.isnan(one) else float(one) for one in column] for name, column in numbers.items()}
    return {
        "neuron": list(findings.neurons),
        "reads": [" ".join(names) for names in findings.code.coded_groups()],
        **plain,
    }


def text(findings: NonlinearFindings) -> str:
    """Sentences, and tables of the terms of the loss and of the neurons."""
    table = columns(findings)
    rows = [list(table)]
    for number in range(min(len(findings.neurons), ROWS_ON_TERMINAL)):
        ratio, share = table["earns"][number], table.get("not rectified", [0.0] * (number + 1))[number]
        row = [table["neuron"][number], table["reads"][number], percent(table["cost"][number] / findings.loss)]
        row += ["" if ratio is None else f"{100 * ratio:.1f} %", f"x {table['strength'][number]:.3g}"]
        rows.append(row + (["" if share is None else f"{100 * share:.1f} %"] if "not rectified" in table else []))
    lines = [*sentences(findings), "", *aligned(terms_of(findings), left=[0]), "", *aligned(rows, left=[0])]
    hidden = len(findings.neurons) - ROWS_ON_TERMINAL
    return "\n".join([*lines, f"... and {hidden} more neurons"] if hidden > 0 else lines)


@picture
def plot(findings: NonlinearFindings) -> Figure:
    """Draw the terms of both losses, what each neuron earns for its cost, and what each change would save.

    Args:
        findings: of an audit.

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
    if findings.unexplained > NEGLIGIBLE:
        notes.append(f"{percent(findings.unexplained)} of the variance of the activity is not audited.")
    style.note(figure, " ".join(notes))
    return figure


PANELS = {"earnings": draw_earnings, "energies": draw_terms, "savings": draw_savings}  # what can be drawn alone
