"""Words that the summaries of all kinds of neurons share: numbers, what modularity costs, and who reads what.

The price comes first and the verdict second. It is a verdict about the sources, and says no more than the bounds of the
price prove: of a code that is not proven optimal the price is a range, or "at most" and "at least".
"""

from __future__ import annotations

import math
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from solver.codes.reads import scale_ratio, source_scales
from theory.conditions.practically import NO_PRICE, practically_modular
from theory.groups import groups_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from solver.codes.linear import Code
    from solver.nonlinear.code import NonlinearCode
    from theory.problem import Problem

# ---- numbers and names --------------------------------------------------------------------------------------------


def kind_words(groups: object) -> tuple[str, str, str]:
    """What a code is judged for: the noun, the adjective and the unit, with groups of sources or without (None)."""
    return ("modularity", "modular", "source") if groups is None else ("separation", "separate", "group")


def counted(number: int, noun: str) -> str:
    """A number with its noun, in the plural unless it is one."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def aligned(rows: Sequence[Sequence[str]], left: Sequence[int] = ()) -> list[str]:
    """The lines of a table whose columns are flush right, but for some.

    Args:
        rows: cells of each row.
        left: numbers of the columns that are flush left; -1 is the last.

    Example:
        >>> aligned([["source", "price"], ["s1", "1 %"]], left=[0])
        ['source  price', 's1        1 %']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    sides = [str.rjust] * len(widths)
    for number in left:
        sides[number] = str.ljust
    return [
        "  ".join(side(cell, width) for side, cell, width in zip(sides, row, widths, strict=True)).rstrip()
        for row in rows
    ]


def cell(value: object) -> str:
    """What a cell of a table says: of a number four digits."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def percent(share: float) -> str:
    """A share in words: three digits of per cent."""
    return f"{100 * share:.3g} %"


def conjugated(verb: str, subjects: int) -> str:
    """The verb of one subject, or of several."""
    if subjects != 1:
        return verb
    return verb + ("es" if verb.endswith("x") else "s")


def numbered(numbers: Sequence[int]) -> str:
    """Neurons by their numbers, which ascend.

    Example:
        >>> numbered([2]), numbered([1, 2, 4, 5, 6])
        ('neuron 2', 'neurons 1, 2 and 4 to 6')
    """
    if len(numbers) == 1:
        return f"neuron {numbers[0]}"
    names: list[str] = []
    for _, run in groupby(enumerate(numbers), lambda place: place[1] - place[0]):
        inside = [number for _, number in run]
        names += [f"{inside[0]} to {inside[-1]}"] if len(inside) > 2 else [str(number) for number in inside]
    return f"neurons {listed(names)}"


def listed(names: Collection[str]) -> str:
    """Names with commas and an "and"."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def duration(seconds: float) -> str:
    """A time in words: three digits."""
    return f"{1000 * seconds:.3g} ms" if seconds < 0.9995 else f"{seconds:.3g} s"


# ---- the price, and the verdict -----------------------------------------------------------------------------------


def amount(least: float, most: float, price: float) -> str:
    """The price of modularity as far as it is known.

    Args:
        least: proven lower bound.
        most: proven upper bound.
        price: of the codes that were found.

    Example:
        >>> [amount(*bounds, price=0.2) for bounds in [(0, 0), (0.2, 0.2), (0, 0.2), (0.1, 0.2), (0.2, math.inf)]]
        ['none', '20 %', 'at most 20 %', '10 % to 20 %', 'at least 20 %']
    """
    if most <= NO_PRICE:
        return "none"
    if not math.isfinite(most):
        return f"at least {percent(least)}" if least > NO_PRICE else "not bounded yet"
    if most - least <= 1e-3 * most:  # one number in three digits
        return percent(price)
    return f"{percent(least)} to {percent(most)}" if least > NO_PRICE else f"at most {percent(most)}"


def threshold(practically: float) -> str:
    """Up to what price a code counts as modular for practical purposes."""
    return f"for practical purposes (up to {percent(practically)})"


def judged(answer: Code | NonlinearCode) -> str:
    """The verdict on the sources in a word or two: what the bounds of the price prove."""
    kind = kind_words(answer.problem.groups)[1]
    least, most = answer.price_bounds
    if most <= NO_PRICE:
        return kind
    verdict = practically_modular(least, most, answer.practically)
    if verdict:
        return f"{kind} {threshold(answer.practically)}"
    return "undecided" if least <= NO_PRICE else "mixed"


def price_sentence(answer: Code | NonlinearCode) -> str:
    """What one source per neuron costs more, and what follows.

    Example:
        >>> from solver import Problem, solve
        >>> print(price_sentence(solve(Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]]))))
        Price of modularity: none, one source per neuron is optimal: modular.
        >>> print(price_sentence(solve(Problem([[0, 0], [0, 1], [1, 0]]))))
        Price of modularity: one source per neuron would cost 0.198 % more: mixed.
    """
    problem, (least, most) = answer.problem, answer.price_bounds
    name, kind, unit = kind_words(problem.groups)
    known = amount(least, most, answer.price_of_modularity)
    if known == "none":
        return f"Price of {name}: none" + (f", one {unit} per neuron is optimal: {kind}." if len(answer) else ".")
    if known == "not bounded yet":
        return f"Price of {name}: {known}: undecided."
    if not len(answer):
        return f"Price of {name}: {known}."
    verdict = practically_modular(least, most, answer.practically)
    only = "only " if verdict and known[0].isdigit() else ""
    perhaps = ""
    if verdict is None and least > NO_PRICE:
        perhaps = f", perhaps {kind} {threshold(answer.practically)}"
    return f"Price of {name}: one {unit} per neuron would cost {only}{known} more: {judged(answer)}{perhaps}."


def scales_words(problem: Problem) -> list[str]:
    """A warning where the scales of sources lie so far apart that their units decide: a sentence or none.

    Example:
        >>> from solver import Problem
        >>> scales_words(Problem([[0, 0], [0, 3], [500, 0], [500, 3]]))[0][:60]
        'Units decide: the deviations of s1 and s2 differ by a factor'
    """
    ratio = scale_ratio(problem)
    if not ratio > 10.0:
        return []
    scales, names = source_scales(problem), np.array(problem.sources.names)
    # Ties are told apart by name, whatever the order of the columns.
    largest, smallest = (
        min(names[np.isclose(scales, scale, rtol=1e-9, atol=0)]) for scale in (scales.max(), scales[scales > 0].min())
    )
    return [
        f"Units decide: the deviations of {largest} and {smallest} differ by a factor of {ratio:.3g}, and weights cost "
        "the same on both; --standardize (Sources.standardized) codes all in units of their deviation."
    ]


def proof_words(answer: Code | NonlinearCode, codes: str) -> str:
    """The loss, what is proven of it, and what that took: a sentence.

    Args:
        answer: with its certificate.
        codes: which codes the lower bound is of: "no code", or "no code of free neurons".
    """
    loss, gap = f"{answer.loss:.9g}", f"{answer.gap:.1e}"
    effort = f"method {answer.method}, {duration(answer.seconds)}, {counted(answer.iterations, 'iteration')}"
    if answer.status == "optimal":
        return f"Loss {loss}, proven optimal to a relative gap of {gap} ({effort})."
    start = "Interrupted: best loss so far" if answer.status == "interrupted" else "Best loss found"
    return f"{start} {loss}; {codes} costs less than {answer.lower_bound:.9g} (relative gap {gap}; {effort})."


# ---- who reads what -----------------------------------------------------------------------------------------------


def reading_shares(answer: Code | NonlinearCode) -> str:
    """How many neurons read one source, or mostly one: the end of a sentence about all of them."""
    unit = kind_words(answer.problem.groups)[2]
    mostly = [name for name, _ in answer.mostly_reads()]
    alone = sum(len(read) == 1 for read in answer.coded_groups())
    nearly = sum(len(read) > 1 and name is not None for read, name in zip(answer.coded_groups(), mostly, strict=True))
    several = len(answer) - alone - nearly
    if not several:
        return f", {'mostly ' if nearly else ''}one {unit} each"
    if several == len(answer):
        return f"; every neuron mixes {unit}s"
    parts = [f"{alone} of them one {unit} each"] if alone else []
    parts += [f"{nearly} {'' if alone else 'of them '}mostly one"] if nearly else []
    return f"; {', '.join([*parts, f'{several} several'])}"


def reading_words(answer: Code | NonlinearCode) -> list[str]:
    """Which neurons code which source, or group, alone, mostly or mixed, and which is not coded: a sentence or none."""
    problem, coded = answer.problem, answer.coded_groups()
    alone: dict[str, list[int]] = {}
    nearly: dict[str, dict[int, float]] = {}
    mixed: dict[tuple[str, ...], list[int]] = {}
    for number, (read, (name, others)) in enumerate(zip(coded, answer.mostly_reads(), strict=True), 1):
        if len(read) == 1:
            alone.setdefault(read[0], []).append(number)
        elif name is not None:
            nearly.setdefault(name, {})[number] = others
        else:
            mixed.setdefault(read, []).append(number)
    if len(mixed) > 3:
        several = "sources" if problem.groups is None else "groups"
        mixed = {(several,): sorted(number for numbers in mixed.values() for number in numbers)}
    parts = [f"{numbered(of)} {conjugated('code', len(of))} {name}" for name, of in alone.items()]
    parts += [
        f"{numbered(list(of))} mostly {conjugated('code', len(of))} {name} "
        f"(others {'up to ' if len(of) > 1 else ''}{percent(max(of.values()))})"
        for name, of in nearly.items()
    ]
    parts += [f"{numbered(of)} {conjugated('mix', len(of))} {listed(names)}" for names, of in mixed.items()]
    left_out = [name for name in groups_of(problem) if not any(name in names for names in coded)]
    if left_out and coded:
        parts.append(f"none codes {listed(left_out)}")
    text = "; ".join(parts)
    return [text[0].upper() + text[1:] + "."] if text else []
