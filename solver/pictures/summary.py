"""An answer in words and tables: for a terminal, for a notebook, and as JSON.

The sentences are meant to be read aloud; every number in them is also in `Representation.to_dict`.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from fractions import Fraction
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from solver.ambiguity import sentence
from solver.codes.reads import scale_ratio
from solver.pictures.words import (
    aligned,
    conjugated,
    counted,
    kind_words,
    listed,
    percent,
    price_sentence,
    proof_words,
    reading_shares,
    reading_words,
    scales_words,
    threshold,
)
from solver.plain import plain
from theory.conditions import CONDITION_TOLERANCE
from theory.exact.rational import fraction_text, integer_text
from theory.geometry.levels import levels
from theory.inputs.names import NOT_PRINTED
from theory.neurons import Linear
from theory.principal import PrincipalCoordinates

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod
    from rich.table import Table
    from rich.text import Text

    from solver.codes.linear import Code
    from theory.arrays import Array
    from theory.conditions import Verdict
    from theory.exact.proof import Proof
    from theory.problem import Problem


@dataclass(frozen=True)
class ListedSizes:
    """How much of a code a table lists."""

    rows_in_text: int = 12  # neurons that a `repr` lists; all are in the saved file and in the JSON
    rows: int = 40  # neurons that a terminal, a notebook or an audit lists
    columns: int = 6  # more sources do not fit a line, and only the strongest are named
    strong: float = 1 / 3  # relative weight from which on a source is named as one that the neuron codes mainly


LISTED = ListedSizes()

NEVER_EXACTLY = (
    "Samples of a continuous distribution are never exactly modular; a grid of values, or their box with its moments "
    "(Sources.from_moments), may be."
)
"""What is said of samples that are modular for practical purposes alone."""

NO_PRICE_ASKED = "No other codes were asked for: each neuron was to read one group."


def relative_weights(representation: Code) -> Array:
    """(n, d) source weights in units in which a unit neuron of each source costs the same, largest magnitude 1.

    In these units weights on sources of different scales compare: 0.1 is a tenth of the neuron.
    """
    return _relative(representation.problem, representation.source_weights)


def _relative(problem: Problem, weights: Array) -> Array:
    scaled = weights * np.sqrt(problem.modular_costs)
    return np.asarray(scaled / np.abs(scaled).max(axis=1, keepdims=True))


def mixture(problem: Problem, neuron: Array, least: float | None = None) -> str:
    """What a neuron reads of each source, in units in which neurons of one source each cost the same.

    Args:
        problem: with the sources.
        neuron: (d,) its weights.
        least: relative weight of the sources that are named, the strongest first; if None all that do not show as
            nothing, in their order, and two at least where it reads two.
    """
    (shares,) = _relative(problem, neuron[None])
    size = np.abs(shares)
    enough = min(0.005 * size.max(), np.sort(size)[-2:][0])  # two digits show less as zero
    seen = np.flatnonzero((size >= enough) & (size > 0))
    named = [int(i) for i in seen] if least is None else strongest(shares, least)
    return " ".join(f"{shares[i]:+.2g} {problem.sources.names[i]}" for i in named)


def strongest(relative: Array, least: float) -> list[int]:
    """The sources whose relative weights (d,) are at least so large, the strongest first, ties in their order.

    Example:
        >>> strongest(np.array([0.3, -0.7, 0.7 + 1e-14, 0.1]), least=0.2)
        [1, 2, 0]
    """
    size = np.abs(relative)
    order = np.argsort(-levels(size[:, None], 1e-9)[:, 0], kind="stable")
    return [int(i) for i in order if size[i] >= least]


# ---- a code in sentences ------------------------------------------------------------------------------------------


def sentences(representation: Code) -> list[str]:
    """The answer in a few sentences: the price of modularity, how many neurons, which code which source, the proof.

    Example:
        >>> from solver import Problem, solve
        >>> print(sentences(solve(Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]])))[1])
        2 neurons code 2 sources (4 samples), one source each.
    """
    lines, separate = [_who(representation)], representation.problem.separate
    if representation.problem.sources.identified:
        hint = [NEVER_EXACTLY] if _is_nearly_modular(representation) else []
        price = NO_PRICE_ASKED if separate else price_sentence(representation)
        lines = [price, *hint, *lines, *reading_words(representation)]
    proof = proof_words(representation, "no such code" if separate else "no code")
    lines += [*_recurrent(representation), sentence(representation.ambiguity(quick=True)), proof]
    lines += [*dependence_words(representation.problem), *scales_words(representation.problem)]
    if representation.status == "bounded" and not representation.message.endswith("as asked"):
        # Another method or solver may do better, if one knows how this one ended.
        lines.append(f"Why not optimal: {representation.message}.")
    return lines


def dependence_words(problem: Problem) -> list[str]:
    """A sentence that some sources are told by others, if they are.

    Example:
        >>> from theory.problem import Problem
        >>> dependence_words(Problem(np.eye(3)))
        ['Sources tell others: +1*s1 +1*s2 +1*s3 is constant.']
    """
    said = problem.sources.summary().get("constant")
    return [] if said is None else [f"Sources tell others: {said} is constant."]


def _is_nearly_modular(representation: Code) -> bool:
    """Whether samples of single sources miss modularity by a price that is small for practical purposes."""
    problem = representation.problem
    samples = problem.sources.from_samples or problem.sources.stream is not None
    plain = (
        problem.groups is None
        and not problem.dependent
        and problem.readout.rank is None
        and type(problem.neurons) is Linear
    )
    return samples and plain and representation.modular is False and representation.practically_modular is True


def _who(representation: Code) -> str:
    sources, groups, neurons = representation.problem.sources, representation.problem.groups, len(representation)
    samples = counted(sources.count, "sample" if sources.from_samples or sources.stream is not None else "corner")
    if isinstance(sources, PrincipalCoordinates):
        return f"{_who_of_principal(neurons, sources)} ({samples}), which {share_kept(sources)}."
    if not neurons:
        return f"No neuron is worth what it costs: errors are cheaper ({samples})."
    parts = "" if groups is None else f"{counted(len(groups), 'group')} of "
    start = f"{counted(neurons, 'neuron')} {conjugated('code', neurons)} {parts}"
    flat = "" if sources.hull is None else f" in {counted(sources.hull.rank, 'dimension')}"
    start += f"{counted(sources.dimension, 'source')}{flat} ({samples})"
    return f"{start}{reading_shares(representation)}."


def _who_of_principal(neurons: int, sources: PrincipalCoordinates) -> str:
    coordinates = (
        counted(sources.dimension, "principal coordinate") + f" of {counted(len(sources.channels), 'channel')}"
    )
    if not neurons:
        return f"No neuron is worth what it costs, errors are cheaper: {coordinates}"
    return f"{counted(neurons, 'neuron')} {conjugated('code', neurons)} {coordinates}"


def share_kept(sources: PrincipalCoordinates) -> str:
    """What share of the variance the coordinates keep, in words."""
    verb, lost = conjugated("keep", sources.dimension), 1 - sources.kept
    if lost <= 1e-12:
        return f"{verb} all of the variance"
    share = percent(sources.kept) if sources.kept < 0.999 else f"all but {percent(lost)}"
    tied = ", though the first axis left out varies as much as the last one kept" if sources.tied else ""
    return f"{verb} {share} of the variance{tied}"


def _recurrent(representation: Code) -> list[str]:
    count = len(representation.recurrent)
    if not count:
        return []
    cost, least = representation.energies["recurrent"], representation.problem.least_recurrent
    return [
        f"A recurrent layer carries the code along {counted(count, 'transition')}: {cost:.6g} of the loss, "
        f"where no code pays less than {least:.6g}."
    ]


# ---- a verdict in sentences ---------------------------------------------------------------------------------------


def verdict_sentences(problem: Problem | None, verdict: Verdict) -> list[str]:
    """What the condition says, in words; `problem` is None where only rational arithmetic can pose it."""
    groups = None if problem is None else problem.groups
    kind = kind_words(groups)[1]
    subject = counted(len(verdict.F), "source")
    if problem is not None:
        subject += f" ({', '.join(problem.sources.names)})"
    dependent = problem is not None and problem.dependent
    samples = problem is not None and problem.sources.from_samples and groups is None and not dependent
    nearly = samples and problem is not None and type(problem.neurons) is Linear and verdict.practically_modular
    margin = f" (margin {verdict.margin:.3g})" if np.isfinite(verdict.margin) else ""
    if verdict.modular is None:
        text = f"Undecided: neither a proof nor a counterexample was found for {subject}: {verdict.reason}."
    elif not verdict.modular:
        exactly = " in the exact sense, as samples of a continuous distribution always are" if nearly else ""
        text = f"Mixed{exactly}: the best {kind} code of {subject} is not optimal{margin}."
    elif groups is not None:
        text = f"Separate: the optimal code of {subject} has neurons of its own for each of {listed(groups)}."
    elif dependent:
        text = f"Modular: the best code of {subject} has neurons of one source each."
    else:
        text = f"Modular: the optimal code of {subject} gives each a neuron of its own{_tie(verdict)}{margin}."
    lines = [_price_of_verdict(groups, verdict), text]
    if problem is None:
        lines.append("The samples are too close together or too large for floating point: no margin is known.")
    elif verdict.witness is not None:
        neuron = "neuron" if groups is None else "neuron of several groups"
        mixed = mixture(problem, verdict.witness)
        lines.append(f"A {neuron} that earns more than it costs: {mixed} (in units of equal cost).")
    lines += [] if verdict.proof is None else proof_sentences(verdict.proof)
    return lines if problem is None else [*lines, *dependence_words(problem), *scales_words(problem)]


def _price_of_verdict(groups: object, verdict: Verdict) -> str:
    """What the condition alone proves of the price."""
    name, kind, unit = kind_words(groups)
    if verdict.modular:
        return f"Price of {name}: none."
    most = f"Price of {name}: one {unit} per neuron would cost at most {percent(verdict.price_bound)} more"
    if verdict.practically_modular:
        return f"{most}: {kind} {threshold(verdict.practically)}."
    return f"{most}; solving tells how much."


def _tie(verdict: Verdict) -> str:
    """What a margin of zero leaves open."""
    if verdict.margin != 0:
        return ""
    if verdict.proof is not None:
        return ", though a mixed code may tie with it"
    # Floating point does not tell a tie from a mixed code that saves this little.
    return f", or a mixed code saves a share of {CONDITION_TOLERANCE / 2:.0e} at most: --exact tells"


def proof_sentences(proof: Proof) -> list[str]:
    """What a proof shows, in words and fractions."""
    if proof.modular:
        slacks = proof.slacks or []
        least = min((slack for slack in slacks if slack > 0), default=None)
        rest = "" if least is None else f"; the least slack elsewhere is {_fraction(least)}"
        return [
            f"Shown in rational arithmetic on {counted(len(proof.cones or []), 'cone')} that cover every direction: "
            f"{proof.ties} of {len(slacks)} facets or rays tie{rest}."
        ]
    neuron = ", ".join(integer_text(weight) for weight in proof.witness or [])
    return [
        f"Shown in rational arithmetic by the neuron w = ({neuron}):",
        f"  h(w)^2 = {_fraction(Fraction(proof.bias or 0) ** 2)}",
        f"  w'F w  = {_fraction(Fraction(proof.worth or 0))}, which is more.",
    ]


def _fraction(value: Fraction) -> str:
    """A fraction with its decimal value, or that alone where the fraction is too long to be read."""
    text = fraction_text(value)
    try:
        decimal = f"{float(value):.6g}"
    except OverflowError:
        decimal = "more than 1e308"
    return f"{text} = {decimal}" if len(text) <= 40 else f"{decimal} (an exact fraction)"


# ---- the table of neurons -----------------------------------------------------------------------------------------


def table_of_neurons(representation: Code, *, weights: bool = True) -> tuple[list[str], list[list[str]]]:
    """Header and columns, as text: number, weight on each source, bias, share of all cost, groups, sources coded.

    Args:
        representation: with the neurons.
        weights: whether to show the weights, where there is room for them.
    """
    names, relative = representation.problem.sources.names, relative_weights(representation)
    shares = representation.neuron_costs / representation.neuron_costs.sum()
    header, columns = ["neuron"], [[str(i + 1) for i in range(len(representation))]]
    if weights and _weight_columns(representation):
        # What rounding left of a weight reads as zero.
        shown = np.where(np.abs(relative) > 1e-9, representation.source_weights, 0.0)
        header += list(names)
        columns += [_aligned(column) for column in shown.T]
    header += ["bias", "cost"]
    columns += [_aligned(representation.encoder_bias), [f"{100 * share:.1f} %" for share in shares]]
    if representation.problem.groups is not None:
        header.append("groups")
        columns.append([", ".join(groups) for groups in representation.coded_groups()])
    header.append("codes")
    read, mostly = representation.coded_sources(), representation.mostly_reads()
    columns.append(
        [
            _codes(row, names, len(coded), others if name in names else None)
            for row, coded, (name, others) in zip(relative, read, mostly, strict=True)
        ]
    )
    return header, columns


def _weight_columns(representation: Code) -> int:
    """How many columns show weights: one per source, or none where there are too many."""
    count = representation.problem.dimension
    return count if count <= LISTED.columns else 0


def _aligned(values: Array) -> list[str]:
    """Numbers with the decimals that give the largest four digits."""
    largest = float(np.abs(values).max(initial=0.0))
    if not 1e-3 <= largest < 1e6:
        return [f"{value:.3e}" if value else "0" for value in values]
    decimals = max(0, 3 - math.floor(math.log10(largest)))
    # Adding zero turns a rounded -0.0 into 0.0.
    return [f"{round(float(value), decimals) + 0.0:.{decimals}f}" for value in values]


def _codes(relative: Array, names: tuple[str, ...], count: int, others: float | None) -> str:
    """The strongest sources of a neuron, and of one that mostly reads one source the share of all others."""
    strong = strongest(relative, LISTED.strong)
    text = " ".join(f"{'+' if relative[i] > 0 else '-'}{names[i]}" for i in strong)
    weaker = count - len(strong)
    if not weaker:
        return text
    return text + (f" and {weaker} weaker" if others is None else f", others {percent(others)}")


# ---- for a terminal, a notebook, a program ------------------------------------------------------------------------


def as_text(representation: Code) -> str:
    """Sentences and a table of the first neurons in plain characters: the `repr` of a representation."""
    header, columns = table_of_neurons(representation)
    rows = [header, *zip(*columns, strict=True)][: LISTED.rows_in_text + 1]
    table = aligned(rows, left=[-1])  # words, which may be long
    return "\n".join([*sentences(representation), "", *table, *_hidden(representation, LISTED.rows_in_text)])


def as_html(representation: Code) -> str:
    """Sentences and a table for a notebook, with the weights on a blue-to-red scale."""
    header, columns = table_of_neurons(representation)
    rows = list(zip(*columns, strict=True))[: LISTED.rows]
    weights = relative_weights(representation)[:, : _weight_columns(representation)]
    body = ""
    for row, relative in zip(rows, weights, strict=False):
        styles = ["", *(f' style="background:{_tint(weight)}"' for weight in relative)]
        styles += [""] * (len(row) - len(styles))
        body += (
            f"<tr>{''.join(f'<td{style}>{escape(cell)}</td>' for cell, style in zip(row, styles, strict=True))}</tr>"
        )
    text = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences(representation))
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    more = "".join(f"<p>{line}</p>" for line in _hidden(representation, LISTED.rows))
    return f"<div>{text}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}</div>"


def _tint(weight: float) -> str:
    red, green, blue = (178, 24, 43) if weight > 0 else (33, 102, 172)
    return f"rgba({red},{green},{blue},{0.5 * abs(weight):.2f})"


def _hidden(representation: Code, rows: int) -> list[str]:
    hidden = len(representation) - rows
    return [f"... and {counted(hidden, 'more neuron')}"] if hidden > 0 else []


def print_representation(representation: Code, console: Console, drawing: Text | None = None) -> None:
    """Sentences, a drawing if there is one, and the table of neurons on a terminal (or in a pipe, without colours)."""
    from rich.text import Text

    for line in sentences(representation):
        console.print(Text(line))
    header, columns = table_of_neurons(representation)
    weights = _weight_columns(representation)
    if drawing is not None:
        console.print("", drawing, "", sep="\n")
        if weights:
            # Only number, weights, bias and groups: what the drawing shows would fold the table.
            kept = [i for i, name in enumerate(header) if i <= weights + 1 or name == "groups"]
            header, columns = [header[i] for i in kept], [columns[i] for i in kept]
    table = _rich_table(header, "left" if header[-1] in ("codes", "groups") else "right")
    rows = list(zip(*columns, strict=True))[: LISTED.rows]
    for row, relative in zip(rows, relative_weights(representation), strict=False):
        styles = ["dim", *("bold" if abs(weight) >= LISTED.strong else "" for weight in relative)] if weights else []
        styles += [""] * (len(row) - len(styles))
        table.add_row(*(Text(cell, style=style) for cell, style in zip(row, styles, strict=True)))
    console.print(table)
    for line in _hidden(representation, LISTED.rows):
        console.print(Text(f"{line}; --json has all"))


def print_verdict(problem: Problem | None, verdict: Verdict, console: Console) -> None:
    """The verdict in words, and the matrix F of the condition; `problem` as for `verdict_sentences`."""
    from rich.text import Text

    for line in verdict_sentences(problem, verdict):
        console.print(Text(line))
    if problem is None or problem.dimension > LISTED.columns:
        return
    names = problem.sources.names
    table = _rich_table(["F", *names], "right")
    columns = [_aligned(column) for column in verdict.F.T]
    for name, *row in zip(names, *columns, strict=True):
        table.add_row(Text(name), *row)
    console.print(table)


def _rich_table(header: list[str], last: JustifyMethod) -> Table:
    """An empty table; its last column is aligned as told, the others to the right."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for i, name in enumerate(header):
        table.add_column(Text(name), justify=last if i == len(header) - 1 else "right", overflow="fold")
    return table


def verdict_to_dict(problem: Problem | None, verdict: Verdict) -> dict[str, Any]:
    """All fields of a verdict as numbers, strings and lists, with the loss and source names of the problem."""
    fields = asdict(verdict) | {"proof": None if verdict.proof is None else verdict.proof.to_dict()}
    fields |= {"practically_modular": verdict.practically_modular}
    fields |= {"scale_ratio": None if problem is None else scale_ratio(problem)}
    content: dict[str, Any] = plain(fields)
    if problem is None:
        return content | {"modular_loss": None, "sources": None}
    names, groups = list(problem.sources.names), problem.groups
    if groups is not None:
        content["groups"] = {name: [names[index] for index in members] for name, members in groups.items()}
    # The verdict does not know the loss of the best separate code.
    return (
        content
        | {"modular_loss": problem.modular_loss if groups is None else None, "sources": names}
        | problem.sources.summary()
    )


def as_json(content: dict[str, Any]) -> str:
    """One JSON object on one line; infinite and undefined numbers, which JSON has not, become null.

    Example:
        >>> as_json({"margin": float("inf"), "loss": 1.5})
        '{"margin": null, "loss": 1.5}'
    """
    text = json.dumps(plain(content, finite=True), allow_nan=False, ensure_ascii=False)
    # JSON itself allows some characters that command a terminal.
    return NOT_PRINTED.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
