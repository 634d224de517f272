"""An answer in words and tables: for a terminal, for a notebook, and as JSON.

The sentences are meant to be read aloud; every number in them is also in `Representation.to_dict`.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from fractions import Fraction
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from theory.exact.rational import fraction_text, integer_text
from theory.geometry.levels import levels
from theory.inputs.names import NOT_PRINTED
from theory.principal import PrincipalCoordinates

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from solver.code import Code
    from theory.arrays import Array
    from theory.conditions import Verdict
    from theory.exact.proof import Proof
    from theory.problem import Problem

__all__ = [
    "as_html",
    "as_json",
    "as_text",
    "mixture",
    "most_price",
    "percent",
    "print_representation",
    "print_verdict",
    "proof_sentences",
    "relative_weights",
    "sentences",
    "share_kept",
    "strongest",
    "table_of_neurons",
    "verdict_sentences",
    "verdict_to_dict",
]

ROWS_IN_TEXT = 12
ROWS_ON_TERMINAL = 40
"""Neurons listed before a table is cut short; all of them are in the saved file and in the JSON."""

WEIGHT_COLUMNS = 6
"""More sources than these do not fit a line, and only the strongest are named."""

FRACTION_WIDTH = 40
"""Characters up to which a fraction is shown whole."""

TIED = 1e-9
"""Difference of relative weights that is rounding."""

STRONG = 1 / 3
"""A source's relative weight in a neuron from which it is named as one that the neuron codes mainly."""

NONE_LOST = 1e-12
"""Share of the variance that rounding may have taken;"""

MOST_IN_PERCENT = 0.999
"""of a larger share kept than this what is lost is told."""

DIGITS = 4
"""Significant digits of the largest number of a column."""


def relative_weights(representation: Code) -> Array:
    """(n, d) source weights in units in which a unit neuron of each source costs the same, largest magnitude 1.

    In these units weights on sources of different scales compare: 0.1 is a tenth of the neuron.
    """
    scaled = representation.source_weights * np.sqrt(representation.problem.modular_costs)
    return np.asarray(scaled / np.abs(scaled).max(axis=1, keepdims=True))


# ---- words --------------------------------------------------------------------------------------------------------


def sentences(representation: Code) -> list[str]:
    """The answer in a few sentences: how many neurons, which code which source, the price, the proof.

    Example:
        >>> from solver import Problem, solve
        >>> print(sentences(solve(Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]])))[0])
        2 neurons code 2 sources (4 samples), one source each: the code is modular.
    """
    carried = _carried(representation)
    if representation.problem.sources.identified:
        said = [_who(representation), *_which(representation), *carried]
        said += [_price(representation), _proof(representation)]
    else:
        said = [_who(representation), *carried, _proof(representation)]
    if representation.status == "bounded" and not representation.message.endswith("as asked"):
        # Another method or solver may do better, if one knows how this one ended.
        said.append(f"Why not optimal: {representation.message}.")
    return said


def _who(representation: Code) -> str:
    sources, groups = representation.problem.sources, representation.problem.groups
    alone = sum(len(names) == 1 for names in representation.coded_groups())
    mixed = len(representation) - alone
    kind = "sample" if sources.from_samples or sources.stream is not None else "corner"
    if isinstance(sources, PrincipalCoordinates):
        return f"{_coded(len(representation), sources)} ({_count(sources.count, kind)}), which {share_kept(sources)}."
    parts = "" if groups is None else f"{_count(len(groups), 'group')} of "
    start = (
        f"{_count(len(representation), 'neuron')} {'codes' if len(representation) == 1 else 'code'} {parts}"
        f"{_count(sources.dimension, 'source')} ({_count(sources.count, kind)})"
    )
    unit = "source" if groups is None else "group"
    if not len(representation):
        return f"No neuron is worth what it costs: errors are cheaper ({_count(sources.count, kind)})."
    if representation.modular:
        return f"{start}, one {unit} each: the code is {'modular' if groups is None else 'separate'}."
    if not alone:
        return f"{start}; every neuron mixes {unit}s: the code is mixed."
    return f"{start}; {alone} of them one {unit} each, {mixed} several: the code is mixed."


def _coded(neurons: int, sources: PrincipalCoordinates) -> str:
    coordinates = f"{_count(sources.dimension, 'principal coordinate')} of {_count(len(sources.channels), 'channel')}"
    if not neurons:
        return f"No neuron is worth what it costs, errors are cheaper: {coordinates}"
    return f"{_count(neurons, 'neuron')} {_verb(list(range(neurons)), 'code')} {coordinates}"


def share_kept(sources: PrincipalCoordinates) -> str:
    """What share of the variance the coordinates keep, in words."""
    verb = "keeps" if sources.dimension == 1 else "keep"
    if 1 - sources.kept <= NONE_LOST:
        return f"{verb} all of the variance"
    some = percent(sources.kept)
    return (
        f"{verb} {some if sources.kept < MOST_IN_PERCENT else f'all but {percent(1 - sources.kept)}'} of the variance"
        f"{', though the first axis left out varies as much as the last one kept' if sources.tied else ''}"
    )


def _which(representation: Code) -> list[str]:
    coded, groups = representation.coded_groups(), representation.problem.groups
    who: dict[tuple[str, ...], list[int]] = {}
    for neuron, names in enumerate(coded, 1):
        who.setdefault(names, []).append(neuron)
    alone = {names: numbers for names, numbers in who.items() if len(names) == 1}
    mixed = {names: numbers for names, numbers in who.items() if len(names) > 1}
    parts = [f"{_neurons(numbers)} {_verb(numbers, 'code')} {names[0]}" for names, numbers in alone.items()]
    if len(mixed) > 3:
        numbers = sorted(number for group in mixed.values() for number in group)
        parts.append(f"{_neurons(numbers)} {_verb(numbers, 'mix')} {'sources' if groups is None else 'groups'}")
    else:
        parts += [f"{_neurons(numbers)} {_verb(numbers, 'mix')} {_listed(names)}" for names, numbers in mixed.items()]
    known = representation.problem.sources.names if groups is None else groups
    left_out = [name for name in known if not any(name in names for names in coded)]
    if left_out and coded:
        parts.append(f"none codes {_listed(left_out)}")
    text = "; ".join(parts)
    return [text[0].upper() + text[1:] + "."] if text else []


def _carried(representation: Code) -> list[str]:
    count = len(representation.recurrent)
    if not count:
        return []
    cost, least = representation.energies["recurrent"], representation.problem.least_recurrent
    return [
        f"A recurrent layer carries the code along {_count(count, 'transition')}: {cost:.6g} of the loss, "
        f"where no code pays less than {least:.6g}."
    ]


def _price(representation: Code) -> str:
    price, groups = representation.price_of_modularity, representation.problem.groups
    if representation.problem.separate:
        return "No other codes were asked for: each neuron was to read one group."
    name, kind, unit = ("modularity", "modular", "source") if groups is None else ("separation", "separate", "group")
    # A neuron that reads the share of a tiny unit counts as modular, and may still save something.
    if price > (representation.tolerance if representation.modular else 0):
        more = "" if representation.status == "optimal" else "at least "
        least = representation.separate
        if least is not None and least.status != "optimal":
            more = "about "
        return f"Price of {name}: one {unit} a neuron would cost {more}{percent(price)} more."
    if representation.status == "optimal":
        return f"Price of {name}: none, the best {kind} code is optimal."
    return f"Price of {name}: {most_price(representation)}, none found."


def most_price(representation: Code) -> str:
    """The largest price that the lower bound leaves possible, in words."""
    if not representation.lower_bound > 0:
        return "not bounded yet"
    return f"at most {percent(representation.modular_loss / representation.lower_bound - 1)}"


def _proof(representation: Code) -> str:
    loss, gap = f"{representation.loss:.9g}", f"{representation.gap:.1e}"
    effort = f"{_duration(representation.seconds)}, {_count(representation.iterations, 'iteration')}"
    if representation.status == "optimal":
        return f"Loss {loss}, proven optimal to a relative gap of {gap} (method {representation.method}, {effort})."
    which = "no such code" if representation.problem.separate else "no code"
    least = f"{which} costs less than {representation.lower_bound:.9g}"
    start = "Interrupted: best loss so far" if representation.status == "interrupted" else "Best loss found"
    return f"{start} {loss}; {least} (relative gap {gap}; method {representation.method}, {effort})."


def _tie(verdict: Verdict) -> str:
    """What a margin of zero leaves open."""
    from theory.conditions import CONDITION_TOLERANCE

    if verdict.margin != 0:
        return ""
    if verdict.proof is not None:
        return ", though a mixed code may tie with it"
    # Floating point does not tell a tie from a mixed code that saves this little.
    return f", or a mixed code saves a share of {CONDITION_TOLERANCE / 2:.0e} at most: --exact tells"


def verdict_sentences(problem: Problem | None, verdict: Verdict) -> list[str]:
    """What the condition says, in words; `problem` is None where only rational arithmetic can pose it."""
    subject, groups = _count(len(verdict.F), "source"), None if problem is None else problem.groups
    name, kind, unit = (
        ("modularity", "modular", "") if groups is None else ("separation", "separate", " of several groups")
    )
    if problem is not None:
        subject += f" ({', '.join(problem.sources.names)})"
    margin = "" if not np.isfinite(verdict.margin) else f" (margin {verdict.margin:.3g})"
    if verdict.modular is None:
        text = f"Undecided: neither a proof nor a counterexample was found for {subject}: {verdict.reason}."
    elif verdict.modular and groups is not None:
        text = f"Separate: the optimal code of {subject} has neurons of its own for each of {_listed(tuple(groups))}."
    elif verdict.modular:
        text = f"Modular: the optimal code of {subject} gives each a neuron of its own{_tie(verdict)}{margin}."
    else:
        text = f"Mixed: the best {kind} code of {subject} is not optimal{margin}."
    lines = [text]
    if verdict.modular is not True:
        lines.append(f"Price of {name}: proven to be at most {percent(verdict.price_bound)}.")
    if problem is None:
        lines.append("The samples are too close together or too large for floating point: no margin is known.")
    elif verdict.witness is not None:
        mixed = mixture(problem, verdict.witness)
        lines.append(f"A neuron{unit} that earns more than it costs: {mixed} (in units of equal cost).")
    return lines if verdict.proof is None else lines + proof_sentences(verdict.proof)


def mixture(problem: Problem, neuron: Array) -> str:
    """What a neuron reads of each source, in units in which neurons of one source each cost the same."""
    scaled = neuron * np.sqrt(problem.modular_costs)
    shares = scaled / np.abs(scaled).max()
    return " ".join(f"{share:+.2g} {name}" for share, name in zip(shares, problem.sources.names, strict=True))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _verb(subjects: list[int], verb: str) -> str:
    third = verb + ("es" if verb.endswith("x") else "s")
    return third if len(subjects) == 1 else verb


def _neurons(numbers: list[int]) -> str:
    if len(numbers) == 1:
        return f"neuron {numbers[0]}"
    if len(numbers) > 2 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"neurons {numbers[0]} to {numbers[-1]}"
    return f"neurons {_listed([str(number) for number in numbers])}"


def _listed(names: list[str] | tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def percent(share: float) -> str:
    """A share in words: three digits of per cent."""
    return f"{100 * share:.3g} %"


def _duration(seconds: float) -> str:
    return f"{1000 * seconds:.3g} ms" if seconds < 0.9995 else f"{seconds:.3g} s"


# ---- the table of neurons -----------------------------------------------------------------------------------------


def table_of_neurons(representation: Code) -> tuple[list[str], list[list[str]]]:
    """Header and columns, as text: number, weight on each source, bias, share of all cost, groups, sources coded."""
    names = representation.problem.sources.names
    relative = relative_weights(representation)
    share = representation.neuron_costs / representation.neuron_costs.sum()
    header = ["neuron"]
    columns = [[str(i + 1) for i in range(len(representation))]]
    if _weight_columns(representation):
        # What rounding left of a weight reads as zero.
        weights = np.where(np.abs(relative) > 1e-9, representation.source_weights, 0.0)
        header += list(names)
        columns += [_aligned(weights[:, i]) for i in range(len(names))]
    header += ["bias", "cost"]
    columns += [_aligned(representation.encoder_bias), [f"{100 * value:.1f} %" for value in share]]
    if representation.problem.groups is not None:
        header.append("groups")
        columns.append([", ".join(read) for read in representation.coded_groups()])
    header.append("codes")
    coded = representation.coded_sources()
    columns.append([_codes(row, names, len(read)) for row, read in zip(relative, coded, strict=True)])
    return header, columns


def _weight_columns(representation: Code) -> int:
    """How many columns show weights: one a source, or none where there are too many."""
    count = representation.problem.dimension
    return count if count <= WEIGHT_COLUMNS else 0


def _aligned(values: Array) -> list[str]:
    largest = float(np.abs(values).max(initial=0.0))
    if not 1e-3 <= largest < 1e6:
        return [f"{value:.{DIGITS - 1}e}" if value else "0" for value in values]
    decimals = max(0, DIGITS - 1 - math.floor(math.log10(largest)))
    # Adding zero turns a rounded -0.0 into 0.0.
    return [f"{round(float(value), decimals) + 0.0:.{decimals}f}" for value in values]


def strongest(relative: Array, least: float) -> list[int]:
    """The sources whose relative weights (d,) are at least so large, the strongest first; those that tie as they stand.

    Example:
        >>> strongest(np.array([0.3, -0.7, 0.7 + 1e-14, 0.1]), least=0.2)
        [1, 2, 0]
    """
    size = np.abs(relative)
    return [int(i) for i in np.argsort(-levels(size[:, None], TIED)[:, 0], kind="stable") if size[i] >= least]


def _codes(relative: Array, names: tuple[str, ...], count: int) -> str:
    strong = strongest(relative, STRONG)
    text = " ".join(f"{'+' if relative[i] > 0 else '-'}{names[i]}" for i in strong)
    weaker = count - len(strong)
    return text + (f" and {weaker} weaker" if weaker > 0 else "")


# ---- for a terminal, a notebook, a program ------------------------------------------------------------------------


def as_text(representation: Code) -> str:
    """Sentences and a table of the first neurons in plain characters: the `repr` of a representation."""
    header, columns = table_of_neurons(representation)
    shown = [header, *(list(row) for row in zip(*columns, strict=True))][: ROWS_IN_TEXT + 1]
    width = [max(len(row[i]) for row in shown) for i in range(len(header))]
    # The last column is words: left-aligned, and last so that it may be long.
    table = ["  ".join([*map(str.rjust, row[:-1], width), row[-1]]) for row in shown]
    hidden = len(representation) - ROWS_IN_TEXT
    more = [f"... and {_count(hidden, 'more neuron')}"] if hidden > 0 else []
    return "\n".join([*sentences(representation), "", *table, *more])


def as_html(representation: Code) -> str:
    """The same for a notebook, with the weights on a blue-to-red scale."""
    header, columns = table_of_neurons(representation)
    relative = relative_weights(representation)
    weighted = range(1, 1 + _weight_columns(representation))
    cells = []
    for neuron, row in enumerate(zip(*columns, strict=True)):
        if neuron == ROWS_ON_TERMINAL:
            break
        styled = [
            f'<td style="background:{_tint(relative[neuron, i - 1])}">{escape(cell)}</td>'
            if i in weighted
            else f"<td>{escape(cell)}</td>"
            for i, cell in enumerate(row)
        ]
        cells.append(f"<tr>{''.join(styled)}</tr>")
    hidden = len(representation) - ROWS_ON_TERMINAL
    more = f"<p>... and {_count(hidden, 'more neuron')}</p>" if hidden > 0 else ""
    text = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences(representation))
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    return f"<div>{text}<table><thead><tr>{head}</tr></thead><tbody>{''.join(cells)}</tbody></table>{more}</div>"


def _tint(value: float) -> str:
    red, green, blue = (178, 24, 43) if value > 0 else (33, 102, 172)
    return f"rgba({red},{green},{blue},{0.5 * abs(value):.2f})"


def print_representation(representation: Code, console: Console, drawing: Text | None = None) -> None:
    """Sentences, a drawing if there is one, and the table of neurons on a terminal (or in a pipe, without colours)."""
    from rich.text import Text

    for line in sentences(representation):
        console.print(Text(line))
    header, columns = table_of_neurons(representation)
    if drawing is not None:
        console.print("", drawing, "", sep="\n")
        if weights := _weight_columns(representation):
            # Beside number, weights and bias what the drawing has not: it would be folded.
            kept = [i for i, name in enumerate(header) if i <= weights + 1 or name == "groups"]
            header, columns = [header[i] for i in kept], [columns[i] for i in kept]
    relative = relative_weights(representation)
    last = "left" if header[-1] in ("codes", "groups") else "right"
    table = _table(header, last)
    for neuron, row in enumerate(zip(*columns, strict=True)):
        if neuron == ROWS_ON_TERMINAL:
            break
        styles = ["dim", *("bold" if abs(value) >= STRONG else "" for value in relative[neuron])]
        styles += [""] * (len(row) - len(styles))
        if not _weight_columns(representation):
            styles = [""] * len(row)
        table.add_row(*(Text(cell, style=style) for cell, style in zip(row, styles, strict=True)))
    console.print(table)
    if len(representation) > ROWS_ON_TERMINAL:
        console.print(Text(f"... and {_count(len(representation) - ROWS_ON_TERMINAL, 'more neuron')}; --json has all"))


def print_verdict(problem: Problem | None, verdict: Verdict, console: Console) -> None:
    """The verdict in words, and the matrix F of the condition; `problem` as for `verdict_sentences`."""
    from rich.text import Text

    for line in verdict_sentences(problem, verdict):
        console.print(Text(line))
    if problem is None or problem.dimension > WEIGHT_COLUMNS:
        return
    names = problem.sources.names
    table = _table(["F", *names], last="right")
    columns = [_aligned(verdict.F[:, i]) for i in range(len(names))]
    for name, *row in zip(names, *columns, strict=True):
        table.add_row(Text(name), *row)
    console.print(table)


def _table(header: list[str], last: Any = "left") -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for i, name in enumerate(header):
        table.add_column(Text(name), justify=last if i == len(header) - 1 else "right", overflow="fold")
    return table


def proof_sentences(proof: Proof) -> list[str]:
    """What a proof shows, in words and fractions."""
    if proof.modular:
        slacks = proof.slacks or []
        least = min((slack for slack in slacks if slack > 0), default=None)
        cones = _count(len(proof.cones or []), "cone")
        rest = "" if least is None else f"; the least slack elsewhere is {_fraction(least)}"
        return [
            f"Shown in rational arithmetic on {cones} that cover every direction: {proof.ties} of "
            f"{len(slacks)} facets or rays tie{rest}."
        ]
    bias, worth = Fraction(proof.bias or 0), Fraction(proof.worth or 0)
    neuron = ", ".join(integer_text(weight) for weight in proof.witness or [])
    return [
        f"Shown in rational arithmetic by the neuron w = ({neuron}):",
        f"  h(w)^2 = {_fraction(bias**2)}",
        f"  w'F w  = {_fraction(worth)}, which is more.",
    ]


def _fraction(value: Fraction) -> str:
    """A fraction with its decimal value, or that alone where the fraction is too long to be read."""
    text = fraction_text(value)
    try:
        decimal = f"{float(value):.6g}"
    except OverflowError:
        decimal = "more than 1e308"
    return f"{text} = {decimal}" if len(text) <= FRACTION_WIDTH else f"{decimal} (an exact fraction)"


def verdict_to_dict(problem: Problem | None, verdict: Verdict) -> dict[str, Any]:
    """All fields of a verdict as plain numbers, strings and lists, with the loss and source names of the problem."""
    fields = asdict(verdict)
    fields["proof"] = None if verdict.proof is None else verdict.proof.to_dict()
    plain = {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in fields.items()}
    if problem is None:
        return plain | {"modular_loss": None, "sources": None}
    names = list(problem.sources.names)
    if problem.groups is not None:
        plain["groups"] = {name: [names[index] for index in members] for name, members in problem.groups.items()}
    # Of groups the best separate code is not the verdict's to know.
    return plain | {"modular_loss": problem.modular_loss if problem.groups is None else None, "sources": names}


def as_json(content: dict[str, Any]) -> str:
    """One JSON object on one line; infinite and undefined numbers, which JSON has not, become null.

    Example:
        >>> as_json({"margin": float("inf"), "loss": 1.5})
        '{"margin": null, "loss": 1.5}'
    """
    text = json.dumps(_finite(content), allow_nan=False, ensure_ascii=False)
    # JSON itself lets some signs pass that command a terminal.
    return NOT_PRINTED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
