"""Numbers without rounding: rationals from whatever was given, as text and back.

A float is a dyadic rational, a decimal string is a rational; neither is ever rounded here.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from numbers import Integral, Rational
from typing import TYPE_CHECKING, Any

import numpy as np

from theory.errors import InputError
from theory.inputs import as_matrix, require_plain

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = [
    "as_floats",
    "exact_matrix",
    "exact_number",
    "fraction_text",
    "integer_text",
    "read_fraction",
    "shown",
]

MOST_EXPONENT = 5_000
"""Decimal exponents beyond this are refused: such a number would fill the memory before it meant anything."""

MOST_DIGITS = 4_000
"""Longer numbers in text are refused, as Python itself does a few hundred digits later."""

SHOWN = 40
"""Characters of a bad value that a message repeats."""

DECIMAL_BITS = 10_000
"""Longer integers are written in hexadecimal: Python refuses to print very long decimals, and takes long to."""


# ---- rationals from whatever was given ----------------------------------------------------------------------------


def exact_number(value: Any, name: str) -> Fraction:
    """The rational that a number or decimal string stands for, without rounding.

    Args:
        value: int, float, Fraction, Decimal, numpy scalar, or a string such as "0.1", "1e-3" or "1/3".
        name: what to call it in a message.

    Raises:
        InputError: not a finite number, or one with an exponent beyond reason.

    Example:
        >>> exact_number("0.1", "cost"), exact_number(0.1, "cost") == exact_number("0.1", "cost")
        (Fraction(1, 10), False)
    """
    try:
        return _fraction(value)
    except _TooLongError as error:
        raise InputError(f"{name}: {shown(value)} {error}") from None
    except (TypeError, ValueError, ArithmeticError):
        raise InputError(f"{name}: {shown(value)} is not a finite number that can be read exactly") from None


class _TooLongError(ValueError):
    """A number that cannot be used because of its size: says why and what to do."""


def _fraction(value: Any) -> Fraction:
    if isinstance(value, Integral):
        return Fraction(int(value))
    if isinstance(value, Decimal) and value.is_finite():
        _require_short(len(value.as_tuple().digits), value.adjusted())
    if isinstance(value, Rational | Decimal):
        return Fraction(value)
    if isinstance(value, str):
        return _fraction_of_text(value)
    return Fraction(*value.as_integer_ratio()) if hasattr(value, "as_integer_ratio") else Fraction(float(value))


def _fraction_of_text(text: str) -> Fraction:
    _, _, exponent = text.lower().partition("e")
    # An exponent of so many digits that it is not read is too large as well.
    _require_short(len(text), int(exponent) if 0 < len(exponent) <= SHOWN else MOST_EXPONENT * len(exponent))
    return Fraction(text)


def _require_short(digits: int, exponent: int) -> None:
    if digits > MOST_DIGITS:
        raise _TooLongError(f"has {digits:,} digits, more than {MOST_DIGITS:,}; round it")
    if abs(exponent) > MOST_EXPONENT:
        raise _TooLongError(f"has an exponent beyond {MOST_EXPONENT:,}; choose other units")


def shown(value: Any) -> str:
    """As much of a bad value as a message repeats.

    Example:
        >>> shown("1" * 50)
        "'111111111111111111111111111111111111111..."
    """
    try:
        text = repr(value)
    except ValueError:
        return "a number of thousands of digits"
    return text if len(text) <= SHOWN else text[:SHOWN] + "..."


def exact_matrix(values: ArrayLike, name: str) -> list[list[Fraction]]:
    """Rows of rationals from anything array-like; a vector is read as one column.

    Args:
        values: numbers of any kind `exact_number` reads. Lists keep every digit of long integers and strings.
        name: what to call it in a message.

    Raises:
        InputError: values that are not numbers, not finite, or not a matrix; the message names the place.

    Example:
        >>> exact_matrix([["0.1", 0.5]], "sources")
        [[Fraction(1, 10), Fraction(1, 2)]]
    """
    require_plain(values, name)
    array = values.to_numpy() if hasattr(values, "to_numpy") else values
    if not isinstance(array, np.ndarray):
        array = np.array(values, dtype=object)
    ragged = array.dtype.kind == "O" and array.ndim == 1 and any(isinstance(row, list | tuple) for row in array)
    if array.dtype.kind in "biuf" or array.ndim not in (1, 2) or not array.size or ragged:
        as_matrix(values, name)  # says what is wrong with shape and values, if anything is
    rows: list[list[Fraction]] = []
    for values_of_row in array.reshape(len(array), -1).tolist():
        row: list[Fraction] = []
        for value in values_of_row:
            try:
                row.append(_fraction(value))
            except (TypeError, ValueError, ArithmeticError) as error:
                place = f"row {len(rows)}, column {len(row)} of {name} (counted from 0)"
                if isinstance(error, _TooLongError):
                    raise InputError(f"{name}: {shown(value)}, at {place}, {error}") from None
                raise InputError(
                    f"{name}: {shown(value)} is not a finite number, at {place}; correct it or remove the row"
                ) from None
        rows.append(row)
    return rows


def as_floats(values: ArrayLike, name: str) -> ArrayLike:
    """The same numbers rounded to floats; what holds floats already is returned as it is.

    Raises:
        InputError: as for `exact_matrix`, and for numbers beyond the range of floats.

    Example:
        >>> as_floats([["1/3", "0.5"]], "sources").round(3).tolist()
        [[0.333, 0.5]]
    """
    require_plain(values, name)
    array = values.to_numpy() if hasattr(values, "to_numpy") else values
    if isinstance(array, np.ndarray) and array.dtype.kind in "biuf":
        return values
    rows = exact_matrix(values, name)
    try:
        return np.array([[float(value) for value in row] for row in rows])
    except OverflowError:
        raise InputError(f"{name}: a value is too large for floating point; choose larger units") from None


def integer_text(number: int) -> str:
    """An integer as text: decimal, or hexadecimal where it is very long.

    Example:
        >>> integer_text(-12), integer_text(2**20_000)[:8]
        ('-12', '0x100000')
    """
    return str(number) if number.bit_length() <= DECIMAL_BITS else hex(number)


def fraction_text(number: Fraction) -> str:
    """A rational as "p/q", or "p" for an integer."""
    if number.denominator == 1:
        return integer_text(number.numerator)
    return f"{integer_text(number.numerator)}/{integer_text(number.denominator)}"


def read_fraction(text: Any, name: str) -> Fraction:
    """What `fraction_text` wrote.

    Raises:
        InputError: anything else.

    Example:
        >>> read_fraction("-3/6", "w")
        Fraction(-1, 2)
    """
    try:
        numerator, _, denominator = text.partition("/")
        return Fraction(int(numerator, 0), int(denominator, 0) if denominator else 1)
    except (AttributeError, ValueError, ZeroDivisionError):
        raise InputError(f"{name}: {shown(text)} is not a fraction written as 'p/q'") from None
