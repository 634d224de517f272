"""Tables that go straight into a paper, or into another program: comma-separated, Markdown and LaTeX.

Comma-separated values are whole numbers and all digits of the others, and nothing stands beside them. Tables that are
read have six digits, and the sentences that belong to them: as a paragraph below, or as comments above.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NUMBER = re.compile(r"([+-]?)(\d[\d,]*(?:\.\d+)?)(?:e([+-]?\d+))?( %)?")

OF_LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': "''", "[": "{[}", "*": "{*}",
} | {sign: f"\\{sign}" for sign in "&%$#_"}  # fmt: skip
"""How LaTeX writes signs that it takes for commands. The last two would belong to the end of the line before."""

OF_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|#~&])")


class Marked(str):
    """A sentence with formulas between backticks: see `theory.symbolic.markup`."""


@dataclass(frozen=True)
class Table:
    """The answer of a command, in rows.

    Attributes:
        header: one name per column.
        rows: numbers, words, or None where there is nothing to say; of text that reads as a number no digit is changed.
        words: sentences that belong to the table.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[Any]]
    words: Sequence[str] = ()

    @classmethod
    def of(cls, columns: Mapping[str, Sequence[Any]], words: Sequence[str] = ()) -> Table:
        """The table of columns that are as long as each other, by name."""
        return cls(list(columns), list(zip(*columns.values(), strict=True)), words)


def tabulated(table: Table, form: str) -> str:
    r"""The table as text that ends with its last row or sentence.

    Args:
        table: what to write.
        form: "csv", "markdown" or "latex"; the last needs the package booktabs.

    Example:
        >>> table = Table(["who", "loss"], [["one_each", 2.5], ["mixed", -1e-7]])
        >>> print(tabulated(table, "csv"))
        who,loss
        one_each,2.5
        mixed,-1e-07
        >>> print(tabulated(table, "markdown"))
        | who | loss |
        | :-- | --: |
        | one\_each | 2.5 |
        | mixed | -1e-07 |
        >>> print(tabulated(table, "latex").splitlines()[-3])
        mixed & $-1 \times 10^{-7}$ \\
    """
    return {"csv": _csv, "markdown": _markdown, "latex": _latex}[form](table)


def _csv(table: Table) -> str:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerows([table.header, *([_exact(cell) for cell in row] for row in table.rows)])
    return written.getvalue().removesuffix("\n")


def _markdown(table: Table) -> str:
    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cells)} |"

    rows = [[_in_markdown(cell) for cell in row] for row in table.rows]
    rules = ["--:" if right else ":--" for right in _right(table)]
    lines = [line([_in_markdown(name) for name in table.header]), line(rules), *map(line, rows)]
    return "\n".join(lines + (["", *map(_in_markdown, table.words)] if table.words else []))


def _latex(table: Table) -> str:
    def line(cells: Sequence[str]) -> str:
        return f"{' & '.join(cells)} \\\\"

    numbers = _right(table)
    widths = [max((len(_read(row[i])) for row in table.rows), default=0) for i in range(len(table.header))]
    most = 60
    long = sum(width > most for width in widths)
    # What is longer than a line shares most of the width with others like it.
    broken = rf"p{{{0.7 / max(1, long):.2f}\linewidth}}"
    columns = ["r" if right else broken if width > most else "l" for right, width in zip(numbers, widths, strict=True)]
    return "\n".join(
        [
            *(f"% {' '.join(sentence.split())}" for sentence in ["\\usepackage{booktabs}", *table.words]),
            f"\\begin{{tabular}}{{{''.join(columns)}}}",
            "\\toprule",
            line([_escaped(name) for name in table.header]),
            "\\midrule",
            *(line([_in_latex(cell) for cell in row]) for row in table.rows),
            "\\bottomrule",
            "\\end{tabular}",
        ]
    )


# ---- cells --------------------------------------------------------------------------------------------------------


def _exact(cell: Any) -> Any:
    if isinstance(cell, Marked):
        return cell.replace("`", "")
    if isinstance(cell, float):
        # numpy's floats have names of their own.
        return repr(float(cell))
    return "" if cell is None else cell


def _read(cell: Any) -> str:
    """A cell as it is read."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:.6g}"
    return " ".join(str(cell).split())


def _right(table: Table) -> list[bool]:
    """Which columns hold numbers, one below the other."""
    columns = [[_read(row[i]) for row in table.rows] for i in range(len(table.header))]
    no_words = ("", "inf", "-inf", "nan")
    return [any(cells) and all(cell in no_words or NUMBER.fullmatch(cell) for cell in cells) for cells in columns]


def _in_markdown(cell: Any) -> str:
    read = _read(cell)
    if isinstance(cell, Marked):
        # Between backticks nothing but the column's end is special.
        return read.replace("|", "\\|")
    return read if NUMBER.fullmatch(read) else OF_MARKDOWN.sub(r"\\\1", read)


def _in_latex(cell: Any) -> str:
    if isinstance(cell, Marked):
        from theory.symbolic.markup import typeset

        return typeset(_read(cell))
    if isinstance(cell, float) and math.isinf(cell):
        return r"$\infty$" if cell > 0 else r"$-\infty$"
    read = _read(cell)
    number = NUMBER.fullmatch(read)
    if number is None:
        # A sign before a name, such as of a source that a neuron reads, is no hyphen.
        return " ".join(
            f"${word[0]}$" + _escaped(word[1:]) if word[0] in "+-" and word[1:] else _escaped(word)
            for word in read.split()
        )
    sign, digits, exponent, percent = number.groups()
    power = "" if exponent is None else rf" \times 10^{{{int(exponent)}}}"
    grouped = digits.replace(",", "{,}")
    return (f"${sign}{grouped}{power}$" if sign or power else grouped) + (r"\,\%" if percent else "")


def _escaped(text: str) -> str:
    return "".join(OF_LATEX.get(sign, sign) for sign in " ".join(text.split()))
