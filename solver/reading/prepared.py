"""Tables with angles and categories in them, as sources (docs/how-to/own_table.md).

1. An angle becomes cosine and sine of its multiples (harmonics): one group.
2. A category becomes one source per value but the first, one where it has that value: one group. The first is told by
   the others; the network sees and decodes all of them through a mixing, so that it matters to nothing which is first.
3. Every other column is a source, and a group of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from solver.reading.arrays import text_of
from solver.reading.layout import number_in
from theory.arrays import Array
from theory.errors import InputError, unknown_name
from theory.immutable import FixedDict, Frozen
from theory.inputs import as_matrix, whole_number
from theory.inputs.names import distinct_names, printable
from theory.problem import Problem
from theory.sources import Sources

WHOLE_TURNS = {"radians": 2 * math.pi, "degrees": 360.0}  # units of angles that have a name, and a whole turn in each


@dataclass(frozen=True)
class PreparationLimits:
    """Which angles and categories are refused."""

    turns: float = 1 + 1e-6  # that angles of an unnamed unit may span
    zero: float = 1e-9  # size of a harmonic that is zero at every sample up to rounding
    most_values: int = 100  # of a category, each of which is a source; no search is asked to code more
    # Beyond which a column with a value of its own in each names the rows; no search would end soon.
    rows_named: int = 12
    values_shown: int = 6  # of a category, that a sentence names


PREPARED = PreparationLimits()


@dataclass(frozen=True, eq=False)
class PreparedTable(Frozen):
    """Sources made of a table, the groups that they form, and what the network sees of them.

    Attributes:
        sources: one per number, two per harmonic of an angle, one per value of a category but the first.
        groups: the names of the sources of each column, by the name of the column.
        mixing: (dx, d) what the network sees of the sources: all of them, and every value of a category (the first
            less one, a constant that costs nothing). None where these are the same.
        channels: dx names of what it sees.
        notes: what was done, a sentence each.

    Example:
        >>> table = {"heading": [0, 90, 180, 270] * 2, "context": ["a", "b", "b", "c"] + ["a"] * 4}
        >>> made = prepare_table(table, angles={"heading": 360}, categories=["context"])
        >>> made.sources.names
        ('cos heading', 'sin heading', 'context=b', 'context=c')
        >>> made.channels[2:], made.mixing[2:, 2:].tolist()
        (('context=a', 'context=b', 'context=c'), [[-1.0, -1.0], [1.0, 0.0], [0.0, 1.0]])
    """

    sources: Sources
    groups: Mapping[str, tuple[str, ...]]
    mixing: Array | None
    channels: tuple[str, ...]
    notes: tuple[str, ...]

    def problem(self, **arguments: Any) -> Problem:
        """The problem of these sources in these groups, seen through this mixing.

        Args:
            arguments: costs, readout and what else `Problem` takes.

        Example:
            >>> made = prepare_table({"phase": [0, 1, 2, 3, 4, 5], "x": [0, 1, 0, 1, 0, 1]}, angles={"phase": 6})
            >>> made.problem(encoder_cost=0.1).groups
            {'phase': (0, 1), 'x': (2,)}
        """
        return Problem(self.sources, **{"mixing": self.mixing, "groups": self.groups} | arguments)

    def standardized(self) -> PreparedTable:
        """With each column of numbers in units of its standard deviation.

        Angles and categories stay as they are, since they have a unit of their own.

        Example:
            >>> made = prepare_table({"phase": [0, 1, 2, 3], "x": [0, 10, 20, 30]}, angles={"phase": 4}).standardized()
            >>> made.sources.points[:, 2].round(3).tolist(), made.sources.points[1, :2].round(3).tolist()
            ([0.0, 0.894, 1.789, 2.683], [0.0, 1.0])
        """
        names, deviations = self.sources.names, np.sqrt(np.diag(self.sources.covariance))
        plain = np.array([self.groups.get(name) == (name,) for name in names])
        points = self.sources.points / np.where(plain & (deviations > 0), deviations, 1.0)
        numbers = [name for name, is_plain in zip(names, plain, strict=True) if is_plain]
        are = "is in units of its" if len(numbers) == 1 else "are in units of their"
        note = [f"{_listed(numbers)} {are} standard deviation."] if numbers else []
        sources = Sources(points, self.sources.probabilities, names=names)
        return PreparedTable(sources, self.groups, self.mixing, self.channels, (*self.notes, *note))

    def seen(self, mixing: ArrayLike | None) -> Array | None:
        """(dx, d) the mixing of the sources, from one of the channels (dx, channels).

        Raises:
            InputError: a matrix with another number of columns than there are channels.

        Example:
            >>> made = prepare_table({"context": ["in", "out", "in"]}, categories=["context"])
            >>> made.seen([[1, 0], [0, 3]]).tolist()
            [[-1.0], [3.0]]
        """
        if mixing is None:
            return self.mixing
        matrix = as_matrix(mixing, "mixing")
        if matrix.shape[1] != len(self.channels):
            raise InputError(
                f"mixing: {matrix.shape[1]} column(s) do not fit the {len(self.channels)} that the table makes: "
                f"{', '.join(self.channels)}"
            )
        return matrix if self.mixing is None else matrix @ self.mixing


@dataclass(frozen=True)
class _Part:
    """What becomes of one column: its sources, and what is seen of them."""

    names: list[str]
    values: list[Any]
    channels: list[str]
    mixing: Array
    notes: list[str]


def prepare_table(
    table: Any,
    *,
    angles: Mapping[str, float | str | None] | Iterable[str] = (),
    harmonics: int | Mapping[str, int] = 1,
    categories: Iterable[str] = (),
    probabilities: str | ArrayLike | None = None,
) -> PreparedTable:
    """Sources and groups of a table in which some columns are angles or categories.

    An angle becomes the cosine and sine of its harmonics, in one group. A category of k values becomes k - 1 sources in
    one group; the network sees and decodes all k of them.

    Args:
        table: a DataFrame (of pandas or polars), a structured array, or a mapping from names to columns.
        angles: the columns that are angles, with what a whole turn is: a number, "degrees" or "radians"; radians, if
            they are only named.
        harmonics: how many multiples of the angles become sources, for all of them or by name.
        categories: the columns that are categories, of words or numbers.
        probabilities: (T,) weights of the rows, or the name of the column that holds them; equal if not given.

    Raises:
        InputError: no such column; angles that span more than a turn of 2 pi where nothing says what a turn is;
            a category with one value, or with none in some rows; columns that hold no numbers.

    Example:
        >>> table = {"heading": [0, 120, 240] * 2, "context": ["in"] * 3 + ["out"] * 3}
        >>> made = prepare_table(table, angles={"heading": "degrees"}, categories=["context"])
        >>> dict(made.groups)
        {'heading': ('cos heading', 'sin heading'), 'context': ('context=out',)}
        >>> from solver import solve
        >>> solve(made.problem()).modular
        True
    """
    columns = _columns_of(table)
    weights: Any = probabilities
    if isinstance(probabilities, str):
        if probabilities not in columns:
            raise InputError(unknown_name("probabilities", probabilities, columns))
        weights = columns.pop(probabilities)
    turns = dict(angles) if isinstance(angles, Mapping) else dict.fromkeys(angles)
    counts = dict(harmonics) if isinstance(harmonics, Mapping) else dict.fromkeys(turns, harmonics)
    return prepared(columns, {name: (turns[name], counts.get(name, 1)) for name in turns}, tuple(categories), weights)


def prepared(
    columns: Mapping[str, Any],
    angles: Mapping[str, tuple[float | str | None, int]],
    categories: Iterable[str],
    probabilities: ArrayLike | None,
) -> PreparedTable:
    """See `prepare_table`; angles with their turn and the number of their harmonics."""
    names = distinct_names(columns, "table")
    wanted = list(categories)
    for argument, chosen in (("angles", angles), ("categories", wanted)):
        for name in chosen:
            if name not in names:
                raise InputError(unknown_name(argument, str(name), names))
    both = next((name for name in wanted if name in angles), None)
    if both is not None:
        raise InputError(f"categories: {both!r} is an angle too; choose one")
    parts = {}
    for name, column in columns.items():
        if name in angles:
            parts[name] = _angle(name, column, *angles[name])
        elif name in wanted:
            parts[name] = _category(name, column)
        else:
            # Step 3.
            values = as_matrix(column, f"column {name!r}")[:, 0]
            parts[name] = _Part([name], [values], [name], np.eye(1), [])
    rows = {name: len(part.values[0]) for name, part in parts.items()}
    if len(set(rows.values())) > 1:
        said = ", ".join(f"{name} {count}" for name, count in rows.items())
        raise InputError(f"table: columns of different lengths ({said}); give all the same")
    from scipy.linalg import block_diag

    source_names = [name for part in parts.values() for name in part.names]
    points = np.column_stack([column for part in parts.values() for column in part.values])
    is_plain = all(part.mixing.shape[0] == part.mixing.shape[1] for part in parts.values())
    return PreparedTable(
        Sources(points, probabilities, names=source_names),
        FixedDict({name: tuple(part.names) for name, part in parts.items()}),
        None if is_plain else np.asarray(block_diag(*(part.mixing for part in parts.values())), dtype=np.float64),
        tuple(name for part in parts.values() for name in part.channels),
        tuple(note for part in parts.values() for note in part.notes),
    )


def _angle(name: str, column: Any, turn: float | str | None, count: int) -> _Part:
    """Step 1."""
    angle = as_matrix(column, f"column {name!r}")[:, 0]
    whole = _turn(name, turn)
    if turn is None and np.ptp(angle) > whole * PREPARED.turns:
        raise InputError(
            f"angles: {name!r} goes from {angle.min():g} to {angle.max():g}, more than a turn of 2 pi; say what a turn "
            f"is, such as {name}=360 (or {name}=radians, if it goes round several times)"
        )
    whole_number(count, f"harmonics: {name!r}", 1)
    phase = 2 * np.pi * ((angle / whole) % 1)
    different = len(np.unique(np.round(np.exp(1j * phase), 9)))
    if 2 * count > different:
        raise InputError(
            f"harmonics: {name!r} has {different} different angle(s), which tell {different // 2} harmonic(s) apart, "
            f"not {count}; give fewer"
        )
    names, values, zero = [], [], []
    for multiple in range(1, count + 1):
        about = name if multiple == 1 else f"{multiple} {name}"
        for called, function in (("cos", np.cos), ("sin", np.sin)):
            source = function(multiple * phase)
            if np.abs(source).max() < PREPARED.zero:
                zero.append(f"{called} {about}")
                continue
            names.append(f"{called} {about}")
            values.append(source)
    also = f"; {' and '.join(zero)} is zero at every sample and left out" if zero else ""
    notes = [f"{name} is an angle of {whole:.6g} a turn, coded as {_listed(names)}{also}."]
    return _Part(names, values, names, np.eye(len(names)), notes)


def _turn(name: str, turn: float | str | None) -> float:
    if turn is None:
        return WHOLE_TURNS["radians"]
    if isinstance(turn, str) and turn in WHOLE_TURNS:
        return WHOLE_TURNS[turn]
    try:
        whole = float(turn)
    except (TypeError, ValueError):
        whole = math.nan
    if not 0 < whole < math.inf:
        raise InputError(f"angles: {turn!r} is no turn for {name!r}; give a positive number, degrees or radians")
    return whole


def _category(name: str, column: Any) -> _Part:
    """Step 2."""
    cells = [_level(cell) for cell in np.asarray(column).ravel().tolist()]
    empty = [row for row, cell in enumerate(cells) if cell is None]
    if empty:
        raise InputError(
            f"categories: {name!r} has no value in {len(empty)} row(s), the first {empty[0]} (counted from 0); fill it "
            "in or remove the row"
        )
    levels = sorted(set(cells), key=_order)
    if len(levels) < 2:
        raise InputError(f"categories: {name!r} has one value only ({levels[0]}) and is no source; leave it out")
    if len(levels) > PREPARED.most_values or PREPARED.rows_named < len(levels) == len(cells):
        raise InputError(
            f"categories: {name!r} has {len(levels)} values in {len(cells)} rows; if it names the rows or is a number, "
            f"leave it out of the categories, or else join values to at most {PREPARED.most_values}"
        )
    channels = [f"{name}={level}" for level in levels]
    number = {level: place for place, level in enumerate(levels)}
    places = np.array([number[cell] for cell in cells])
    values = [(places == place).astype(float) for place in range(1, len(levels))]
    mixing = np.vstack([-np.ones(len(levels) - 1), np.eye(len(levels) - 1)])
    if len(levels) == 2:
        said = f"{name} is one source, {channels[1]}, against {channels[0]}; the network sees and decodes both."
        return _Part(channels[1:], values, channels, mixing, [said])
    notes = [
        f"{name} has {len(levels)} values: a source for each of {_listed(channels[1:])}, none for {channels[0]}, which "
        "the others tell; the network sees and decodes all."
    ]
    return _Part(channels[1:], values, channels, mixing, notes)


def _level(cell: Any) -> str | None:
    """A value of a category as text; numbers alike however they are written."""
    # What pandas calls the kinds of its missing values.
    if cell is None or type(cell).__name__ in ("NAType", "NaTType") or (isinstance(cell, float) and math.isnan(cell)):
        return None
    text = text_of(cell).strip()
    number = None if isinstance(cell, bool) else number_in(text)
    if number is not None:
        return None if math.isnan(number) else f"{number:.12g}"
    return printable(text) or None


def _order(level: str | None) -> tuple[bool, float, str]:
    number = number_in(level or "")
    return number is None, number or 0.0, level or ""


def _listed(names: list[str]) -> str:
    most = PREPARED.values_shown
    shown = names if len(names) <= most else [*names[: most - 1], f"{len(names) - most + 1} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _columns_of(table: Any) -> dict[str, Any]:
    """The columns of a table by name."""
    names = getattr(getattr(table, "dtype", None), "names", None) or getattr(table, "columns", None)
    if isinstance(table, Mapping):
        return {printable(str(name)): column for name, column in table.items()}
    if names is None:
        raise InputError(
            f"table: a {type(table).__name__} has no named columns; give a DataFrame, or a mapping from names to "
            "columns"
        )
    distinct_names(names, "table")
    return {printable(str(name)): np.asarray(table[name]) for name in names}
