"""Every public name says what it is and shows it; the doctests run what it shows."""

import inspect
from functools import cached_property

import pytest

import solver
import theory

NAMES = [(package, name) for package in (solver, theory) for name in package.__all__]


def members(thing):
    """What a class adds to those it inherits from: its methods, and its properties, by name."""
    for name, member in vars(thing).items():
        if not name.startswith("_"):
            if isinstance(member, property):
                yield name, member.fget, False
            elif isinstance(member, cached_property):
                yield name, member.func, False
            elif isinstance(member, (classmethod, staticmethod)):
                yield name, member.__func__, True
            elif inspect.isfunction(member):
                yield name, member, True


@pytest.mark.parametrize(("package", "name"), NAMES, ids=lambda value: getattr(value, "__name__", value))
def test_every_public_name_has_an_example(package, name):
    thing = getattr(package, name)
    assert ">>>" in (thing.__doc__ or "")
    if inspect.isclass(thing):
        ours = [
            (of, *member)
            for of in thing.__mro__
            if of.__module__.split(".")[0] in ("solver", "theory")
            for member in members(of)
        ]
        wanting = [
            f"{of.__name__}.{name}"
            for of, name, member, called in ours
            if not member.__doc__ or (called and ">>>" not in member.__doc__)
        ]
        assert not wanting
