"""An audit in words and two tables: what the code costs beside the optimum, and what each neuron earns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from solver.auditing.findings import CommonFindings, Findings
from solver.pictures.summary import LISTED, mixture
from solver.pictures.words import aligned, percent, price_sentence, scales_words
from theory.arrays import Array, Indices


@dataclass(frozen=True)
class MentionedFindings:
    """What a sentence mentions, and how."""

    least: float = 1e-6  # share of the optimum, or of a deviation in single precision, that no sentence mentions
    multiple: float = 1.0  # excess from which on it is given as a multiple, not in per cent


MENTIONED = MentionedFindings()


CHANGES_IN_WORDS = {
    "bias": "lower biases",
    "encoder": "a cheaper encoder of the same neurons",
    "decoder": "a better readout of the same neurons",
    "size": "another size of all weights",
    "strengths": "other strengths of the same neurons",
    "neurons": "other neurons",
}
"""What the savings of an audit are due to."""


def headline(findings: CommonFindings) -> str:
    """How far the code is from the optimum, in one sentence without its full stop."""
    optimum, excess = findings.optimum, findings.excess
    if findings.code.status == "optimal":
        return "This code is optimal"
    if not np.isfinite(excess):
        return "No lower bound is known: how far this code is from the optimum cannot be said"
    if optimum.status == "optimal":
        return f"This code {_above(excess)}, and no code can save more"
    least = findings.loss / optimum.loss - 1
    if least <= 0:
        return f"This code {_above(excess, 'at most ')}"
    return f"This code {_above(excess, f'{1 + least if excess >= MENTIONED.multiple else 100 * least:.3g} to ')}"


def _above(excess: float, before: str = "") -> str:
    if excess >= MENTIONED.multiple:
        return f"costs {before}{1 + excess:.3g} times as much as the optimum"
    return f"is {before}{percent(excess)} above the optimum"


def audit_sentences(findings: Findings) -> list[str]:
    """The audit in words, the share that is not audited first.

    Example:
        >>> from solver import Problem, audit
        >>> square = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
        >>> print(*audit_sentences(audit(Problem(square), 1 + square))[:2], sep=chr(10))
        All of the activity is affine in the sources.
        This code is 15.5 % above the optimum, and no code can save more.
    """
    return [
        *_undetermined(findings),
        _affine(findings),
        *_lifted(findings),
        *weights_words(findings),
        *_fitted(findings),
        f"{headline(findings)}.",
        *saved_words(findings),
        *_silenced(findings),
        *missing_words(findings, lambda: mixture(findings.problem, findings.missing_neuron, least=0.1)),
        *modularity_words(findings, priced=findings.verdict is not None),
        *scales_words(findings.problem),
    ]


def audit_text(findings: Findings) -> str:
    """Sentences, and tables of the terms of the loss and of the neurons."""
    return text_of(findings, audit_sentences(findings), _neurons(findings))


def text_of(findings: CommonFindings, sentences: list[str], neurons: list[list[str]]) -> str:
    """Sentences, a table of the terms of the loss, and one of the neurons, the first of all that there are."""
    lines = [*sentences, "", *aligned(_terms(findings), left=[0]), "", *aligned(neurons, left=[0])]
    hidden = len(findings.neurons) - LISTED.rows
    return "\n".join([*lines, f"... and {hidden} more neurons"] if hidden > 0 else lines)


# ---- sentences ----------------------------------------------------------------------------------------------------


def _affine(findings: Findings) -> str:
    if not findings.unexplained:
        return "All of the activity is affine in the sources."
    return (
        f"{percent(findings.unexplained)} of the variance of the activity is not affine in the sources; "
        "the rest is what is audited."
    )


def _lifted(findings: Findings) -> list[str]:
    lifted = np.flatnonzero(findings.lifts)
    if not len(lifted):
        return []
    which = "a neuron" if len(lifted) == 1 else f"{len(lifted)} neurons"
    return [
        f"That part of {which} falls below zero somewhere, where no nonnegative code goes: biases were raised by up "
        f"to {findings.lifts.max():.3g}."
    ]


def weights_words(findings: CommonFindings) -> list[str]:
    """Whether encoder and decoder were as given."""
    lines = []
    if findings.encoder_error > MENTIONED.least:
        lines.append(
            f"The encoder given makes other activity: off by {percent(findings.encoder_error)} of its deviation; the "
            "nearest that fits was taken."
        )
    if findings.decoder_error > MENTIONED.least:
        taken = "; the nearest without errors was taken" if findings.problem.readout.exact else ""
        error = percent(findings.decoder_error)
        lines.append(f"The decoder given errs by {error} of the deviation of its data{taken}.")
    return lines


def _undetermined(findings: Findings) -> list[str]:
    """First of all: that no cost fits best, where the fit ran to the end of the costs tried."""
    fit = findings.fit
    if fit is None or fit.kind not in ("lowest", "highest"):
        return []
    way, weights = ("lower", "nothing") if fit.kind == "lowest" else ("higher", "everything")
    return [
        f"No cost of the encoder fits best: the {way} it is, the better this code looks, as far as was tried (encoder "
        f"cost {fit.encoder_cost:.3g}), where its weights are nearly {weights} that counts. What follows holds at that "
        'cost alone; better give one yourself (rescale="unit", or --encoder-cost beside --rescale).'
    ]


def _fitted(findings: Findings) -> list[str]:
    fit = findings.fit
    if fit is None:
        return []
    cost = f"encoder cost {fit.encoder_cost:.3g} to an activity cost of {findings.problem.activity_cost:.3g}"
    where = {
        "inside": f"Least suboptimal at an {cost}.",
        "lowest": f"The lowest cost that was tried is an {cost}.",
        "highest": f"The highest cost that was tried is an {cost}.",
        "given": f"The cost is kept: {cost}.",
        "any": f"Any cost of the encoder makes it as suboptimal; taken is an {cost}.",
    }[fit.kind]
    unit = f"The unit that fits best is the given activity times {fit.scale:.4g}"
    other = f"a decoder cost of {fit.decoder_cost:.3g} for the activity as given"
    return [f"Baselines are the least that are nonnegative. {where}", f"{unit}, or {other}."]


def saved_words(findings: CommonFindings) -> list[str]:
    """What would save the excess, one change after the other."""
    least = findings.lower_bound
    if findings.code.status == "optimal" or not least > 0:
        return []
    parts = [
        f"{_percent(value / least)} by {CHANGES_IN_WORDS[name]}"
        for name, value in findings.savings.items()
        if value > MENTIONED.least * least
    ]
    if not parts:
        return []
    about = "" if findings.optimum.status == "optimal" else "at most "
    return [f"What would save it, one after the other, in percent of the optimum: {about}{', '.join(parts)}."]


def _silenced(findings: Findings) -> list[str]:
    if findings.code.status == "optimal":
        return []
    gone = np.array([number for number in findings.active if findings.strengths[number] == 0], dtype=np.intp)
    earning = findings.ratios[gone] >= 0.999  # the table shows it as all
    lines = []
    if not earning.all():
        one = (~earning).sum() == 1
        earns = "earns less than it costs" if one else "earn less than they cost"
        lines.append(f"{_named(findings, gone[~earning])} {earns}, and would best be silent.")
    if earning.any():
        one = earning.sum() == 1
        earns = "earns what it costs" if one else "earn what they cost"
        lines.append(
            f"{_named(findings, gone[earning])} {earns} in a best code, but {'adds' if one else 'add'} nothing beside "
            f"the other neurons of this one: {'it' if one else 'they'} would best be silent."
        )
    return lines


def _named(findings: Findings, numbers: Indices) -> str:
    """Neurons as the subject of a sentence."""
    if len(numbers) > 12:
        return f"{len(numbers)} of {len(findings.active)} neurons"
    names = ", ".join(findings.neurons[number] for number in numbers)
    return f"Neuron{'s' if len(numbers) > 1 else ''} {names}"


def missing_words(findings: CommonFindings, neuron: Callable[[], str] | None = None) -> list[str]:
    """What a neuron that is missing would save, and which one it is, where that is told."""
    saving = findings.missing_saving / findings.lower_bound if findings.lower_bound > 0 else 0.0
    if not (findings.missing_ratio > 1 + MENTIONED.least and saving > MENTIONED.least):
        return []
    which = "" if neuron is None else f": {neuron()}"
    return [
        f"A neuron that is missing would then earn {findings.missing_ratio:.4g} times what it costs, and save "
        f"{_percent(saving)}{which}."
    ]


def modularity_words(findings: CommonFindings, *, priced: bool) -> list[str]:
    """The scores that are known and, if there is one, the price of modularity of the optimum."""
    known = {name: value for name, value in findings.scores.items() if not np.isnan(value)}
    scores = ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in known.items())
    lines = [f"Modularity scores of the activity: {scores}."] if scores else []
    return [*lines, price_sentence(findings.optimum)] if priced else lines


def _percent(share: float) -> str:
    """A share that may be a large multiple, in per cent."""
    return percent(share) if share < 10 * MENTIONED.multiple else f"{100 * share:,.0f} %"


# ---- tables -------------------------------------------------------------------------------------------------------


def _terms(findings: CommonFindings) -> list[list[str]]:
    """The terms of the loss, with the differences in percent of the best loss, so that they add up."""
    energies, optimal = findings.code.energies, findings.optimum.energies
    terms = [(name, energies[name], optimal[name]) for name in energies]
    terms.append(("loss", findings.loss, findings.optimum.loss))
    return [
        ["term", "this code", "optimum" if findings.optimum.status == "optimal" else "best found", "more"],
        *(
            [name, f"{cost:.6g}", f"{least:.6g}", f"{100 * (cost - least) / findings.optimum.loss:+,.2f} %"]
            for name, cost, least in terms
        ),
    ]


def _neurons(findings: Findings) -> list[list[str]]:
    code, names = findings.code, findings.problem.sources.names
    shown = names if len(names) <= LISTED.columns else ()
    nonlinear = findings.unexplained > 0
    rows = [["neuron", *shown, "cost", "earns", "strength", *(["not affine"] if nonlinear else [])]]
    for number in range(min(len(findings.neurons), LISTED.rows)):
        ratio = findings.ratios[number]
        weights = code.source_weights[number][: len(shown)]
        row = [findings.neurons[number], *(f"{weight:z.4f}" for weight in weights)]
        row += [percent(code.neuron_costs[number] / findings.loss), "" if np.isnan(ratio) else f"{100 * ratio:.1f} %"]
        row += [f"x {findings.strengths[number]:.3g}" if np.isfinite(ratio) else ""]
        if nonlinear:
            share = findings.unexplained_shares[number]
            row.append("" if np.isnan(share) else f"{100 * share:.1f} %")
        rows.append(row)
    return rows


def columns_of_neurons(findings: Findings) -> dict[str, list[Any]]:
    """The table of all neurons as numbers, by column: weights, cost, what a neuron earns for it, best strength.

    A source that is called like one of the other columns gets `` (source)`` after its name; what is not known of a
    neuron without an affine part is None.
    """
    code = findings.code
    columns: dict[str, Array] = {
        "cost": code.neuron_costs,
        "earns": findings.ratios,
        "strength": findings.strengths,
        "not affine": findings.unexplained_shares,
    }
    taken = {"neuron", *columns}
    for name, weights in zip(findings.problem.sources.names, code.source_weights.T, strict=True):
        columns[f"{name} (source)" if name in taken else name] = weights
    return {"neuron": list(findings.neurons), **known_numbers(columns)}


def known_numbers(columns: Mapping[str, Array]) -> dict[str, list[float | None]]:
    """Columns of numbers, None in the place of what is not known."""
    return {name: [None if np.isnan(value) else float(value) for value in column] for name, column in columns.items()}
