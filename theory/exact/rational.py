"""Rationals from numbers and text, and back to text. A float is a dyadic rational; nothing is rounded."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from numbers import Integral, Rational
from typing import Any

import numpy as np

from theory.arrays import ArrayLike, Rationals
from theory.errors import InputError
from theory.inputs import as_matrix, require_plain


@dataclass(frozen=True)
class NumberLimits:
    """Longest numbers that are read, shown and written."""

    exponent: int = 5_000  # decimal; a number with a larger one would fill the memory
    digits: int = 4_000  # of a number in text: Python itself refuses a few hundred more
    shown: int = 40  # characters of a bad value in a message
    decimal_bits: int = 10_000  # longer integers are written in hexadecimal: Python does not print long decimals


RATIONALS = NumberLimits()


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


def positive_number(value: Any, name: str) -> Fraction:
    """The rational that a cost stands for.

    Raises:
        InputError: not a number that can be read exactly, or not positive.

    Example:
        >>> positive_number("0.5", "encoder_cost")
        Fraction(1, 2)
    """
    number = exact_number(value, name)
    if number <= 0:
        raise InputError(f"{name}: {shown(value)} is not positive; every cost must be, or the optimum is empty")
    return number


class _TooLongError(ValueError):
    """A number too long to be used; the message says how to change it."""


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
    read = 0 < len(exponent) <= RATIONALS.shown
    _require_short(len(text), int(exponent) if read else RATIONALS.exponent * len(exponent))
    return Fraction(text)


def _require_short(digits: int, exponent: int) -> None:
    if digits > RATIONALS.digits:
        raise _TooLongError(f"has {digits:,} digits, more than {RATIONALS.digits:,}; round it")
    if abs(exponent) > RATIONALS.exponent:
        raise _TooLongError(f"has an exponent beyond {RATIONALS.exponent:,}; choose other units")


def shown(value: Any) -> str:
    """A bad value as a message shows it, cut short if it is long.

    Example:
        >>> shown("1" * 50)
        "'111111111111111111111111111111111111111..."
    """
    try:
        text = repr(value)
    except ValueError:
        return "a number of thousands of digits"
    return text if len(text) <= RATIONALS.shown else text[: RATIONALS.shown] + "..."


def exact_matrix(values: ArrayLike, name: str) -> Rationals:
    """Matrix of rationals from anything array-like; a vector is read as one column.

    Args:
        values: numbers of any kind `exact_number` reads. Lists keep every digit of long integers and strings.
        name: what to call it in a message.

    Raises:
        InputError: values that are not numbers, not finite, or not a matrix; the message names the place.

    Example:
        >>> exact_matrix([["0.1", 0.5]], "sources").tolist()
        [[Fraction(1, 10), Fraction(1, 2)]]
    """
    array = _as_array(values, name)
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
    return np.array(rows, dtype=object)


def _as_array(values: ArrayLike, name: str) -> ArrayLike:
    require_plain(values, name)
    converted: ArrayLike = values.to_numpy() if hasattr(values, "to_numpy") else values
    return converted


def as_floats(values: ArrayLike, name: str) -> ArrayLike:
    """The numbers rounded to floats; an array of machine numbers is returned unchanged.

    Raises:
        InputError: as for `exact_matrix`, and for numbers beyond the range of floats.

    Example:
        >>> as_floats([["1/3", "0.5"]], "sources").round(3).tolist()
        [[0.333, 0.5]]
    """
    array = _as_array(values, name)
    if isinstance(array, np.ndarray) and array.dtype.kind in "biuf":
        return values
    try:
        return exact_matrix(values, name).astype(float)
    except OverflowError:
        raise InputError(f"{name}: a value is too large for floating point; choose larger units") from None


def integer_text(number: int) -> str:
    """An integer as text: decimal, or hexadecimal where it is very long.

    Example:
        >>> integer_text(-12), integer_text(2**20_000)[:8]
        ('-12', '0x100000')
    """
    return str(number) if number.bit_length() <= RATIONALS.decimal_bits else hex(number)


def fraction_text(number: Fraction) -> str:
    """A rational as "p/q", or "p" for an integer."""
    if number.denominator == 1:
        return integer_text(number.numerator)
    return f"{integer_text(number.numerator)}/{integer_text(number.denominator)}"


def read_fraction(text: Any, name: str) -> Fraction:
    """The rational that `fraction_text` wrote.

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
