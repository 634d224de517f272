"""Doctests compare printed numbers as numbers: what rounding decides differs between processors.

Tests and doctests draw drafts.
"""

import doctest
import re
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from _pytest.doctest import DoctestModule

NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?(?![\w.])")
RELATIVE, ABSOLUTE = 1e-6, 1e-12

_to_the_letter = doctest.OutputChecker.check_output


def _close(want: str, got: str) -> bool:
    """Whether two printed numbers agree: whole ones exactly, others but for rounding and one unit of the last digit."""
    if want.lstrip("+-").isdigit() and got.lstrip("+-").isdigit():
        return int(want) == int(got)
    mantissa, _, exponent = want.lower().partition("e")
    unit = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    last_digit = min(unit, 0.01 * abs(float(want)))
    return abs(float(want) - float(got)) <= 1.001 * max(last_digit, RELATIVE * abs(float(want)), ABSOLUTE)


def same_but_for_rounding(want: str, got: str) -> bool:
    """Whether two outputs have the same words, and numbers that agree; -0.0 is 0.0."""
    words = [" ".join(NUMBER.sub("#", text).split()) for text in (want, got)]
    numbers = [NUMBER.findall(text) for text in (want, got)]
    return words[0].replace(" ", "") == words[1].replace(" ", "") and all(map(_close, *numbers))


def _check(self: doctest.OutputChecker, want: str, got: str, optionflags: int) -> bool:
    return _to_the_letter(self, want, got, optionflags) or same_but_for_rounding(want, got)


doctest.OutputChecker.check_output = _check


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path) -> Generator[None, list[Any], list[Any]]:
    """Modules without an example are not searched for one: those of the tests, mostly, which are collected anyway."""
    found = yield
    return found if b">>>" in file_path.read_bytes() else [one for one in found if not isinstance(one, DoctestModule)]


@pytest.fixture(scope="session", autouse=True)
def _drafts() -> Iterator[None]:
    """Pictures in the resolution of a screen, laid out only where they are written: a third of the time.

    Tests of where labels are lay them out (`tests/solver/pictures/test_labels.py`).
    """
    from solver.pictures import style
    from solver.pictures.lettering import crowding

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(style, "DOTS_PER_INCH", 80)
        patch.setattr(crowding, "lay_out", lambda _figure: None)
        yield
