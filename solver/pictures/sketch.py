"""A code in the characters of a terminal: a bar per neuron and source, to the right for plus, to the left for minus.

Colours only repeat what side, filling and sign of a bar show. Where there are too many sources for bars, each has one
character below its letter: a sign, or a stroke where the weight is weak.
"""

from __future__ import annotations

from dataclasses import dataclass
from string import ascii_letters
from typing import TYPE_CHECKING

from solver.codes.linear import Code
from solver.pictures.summary import LISTED, relative_weights

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


@dataclass(frozen=True)
class SketchSizes:
    """What a sketch shows."""

    neurons: int = 24  # with the table of numbers below, two screens
    no_weight: float = 1e-9  # relative weight that is rounding


SKETCH = SketchSizes()

NARROWEST_BAR, WIDEST_BAR = 7, 21  # characters, with the axis
MARGIN = len("neuron    cost  ")
SIGN_COLOURS = {1: "#e69f00", -1: "#56b4e9"}  # orange and sky blue of Okabe and Ito, which all eyes tell apart


def sketched(representation: Code, console: Console) -> Text | None:
    """The sketch for a console, or None where that is no terminal, or one too poor for it."""
    if not console.is_terminal or console.is_dumb_terminal:
        return None
    return sketch(representation, console.width, ascii_only=not console.encoding.startswith("utf"))


def sketch(representation: Code, width: int, *, ascii_only: bool = False) -> Text | None:
    """The first neurons of a code as lines of text, or None where a terminal is too narrow for its sources.

    Weights are in units in which neurons of one source each cost the same; the largest of a neuron fills its bar.

    Args:
        representation: the code.
        width: of the terminal, in characters.
        ascii_only: for terminals that know no other characters.

    Example:
        >>> from solver import Problem, solve
        >>> square = [[-1, -1], [-1, 0], [-1, 1], [0, -1], [0, 0], [0, 1], [1, -1], [1, 0]]
        >>> print(sketch(solve(Problem(square)), width=40, ascii_only=True))
        neuron    cost      s1          s2
             1  48.8 %       |####+      |
             2  48.8 %       |           |####+
             3   2.5 %  -====|      -====|
    """
    from rich.text import Text

    names = representation.problem.sources.names
    if not len(representation):
        return None
    room = (width - MARGIN) // len(names) - 1
    lines = Text(no_wrap=True, end="")
    relative = relative_weights(representation)[: SKETCH.neurons]
    shares = (representation.neuron_costs / representation.neuron_costs.sum())[: SKETCH.neurons]
    if room >= NARROWEST_BAR:
        cell = (min(room, WIDEST_BAR) - 1) // 2 * 2 + 1  # odd: an axis between two sides
        lines.append(_header([_centred(name, cell, ascii_only) for name in names]))
        rows = [[_bar(weight, cell, ascii_only) for weight in row] for row in relative]
    elif room >= 0 and len(names) <= len(ascii_letters):
        lines.append(_header([ascii_letters[i] for i in range(len(names))]))
        rows = [[_mark(weight) for weight in row] for row in relative]
    else:
        return None
    for number, (share, row) in enumerate(zip(shares, rows, strict=True), 1):
        lines.append(f"\n{number:>6} {100 * share:5.1f} %  ")
        lines.append(Text(" ").join(row))
        lines.rstrip()
    if room < NARROWEST_BAR:
        legend = ", ".join(f"{letter} {name}" for letter, name in zip(ascii_letters, names, strict=False))
        lines.append(f"\n{legend}")
        lines.no_wrap = False
    return lines


def _header(cells: list[str]) -> str:
    return f"neuron    cost  {' '.join(cells)}".rstrip()


def _centred(name: str, width: int, ascii_only: bool) -> str:
    from rich.cells import cell_len, set_cell_size

    if cell_len(name) > width:
        name = set_cell_size(name, width - 1) + ("." if ascii_only else "\u2026")
    before = (width - cell_len(name)) // 2
    return set_cell_size(" " * before + name, width)


def _bar(weight: float, width: int, ascii_only: bool) -> Text:
    from rich.text import Text

    axis, plus, minus = "|#=" if ascii_only else "\u2502\u2588\u2592"
    half = width // 2
    if abs(weight) <= SKETCH.no_weight:
        return Text(" " * half).append(axis, "dim").append(" " * half)
    # The sign stands at the end of the bar, and alone where there is no more of it.
    length = round(abs(weight) * (half - 1))
    sign = 1 if weight > 0 else -1
    bar = Text(length * plus + "+" if sign > 0 else "-" + length * minus, SIGN_COLOURS[sign])
    side, rest = " " * half, " " * (half - length - 1)
    if sign > 0:
        return Text(side).append(axis, "dim").append_text(bar).append(rest)
    return Text(rest).append_text(bar).append(axis, "dim").append(side)


def _mark(weight: float) -> Text:
    from rich.text import Text

    if abs(weight) <= SKETCH.no_weight:
        return Text(" ")
    sign = 1 if weight > 0 else -1
    if abs(weight) < LISTED.strong:
        return Text("'" if sign > 0 else ",", SIGN_COLOURS[sign])
    return Text("+" if sign > 0 else "-", f"bold {SIGN_COLOURS[sign]}")
