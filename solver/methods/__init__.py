"""Methods: one file each, one signature: a generator of ever better codes. `solver.solving` decides when to stop.

Most choose a pricer of `solver.generation` and a rule to stop by; those in `solver.oracles` find codes in other ways.
A method is a module with ``steps(problem, *, tolerance, rng, **options)`` that yields an `Iterate` at a time. It may
declare OPTIONS of its own (`solver.methods.options`). One from elsewhere is made known by `register`.
"""

from __future__ import annotations

from types import ModuleType

__all__ = ["METHODS", "module_of", "names", "register"]

METHODS = ("auto", "modular", "columns", "conic", "relaxation", "alternating", "groups", "symmetric")
"""Names that `solve` accepts as its method; all but "auto", which chooses among them, are files of a room."""

_ORACLES = ("conic", "alternating")

_REGISTERED: dict[str, ModuleType] = {}


def register(name: str, module: ModuleType) -> None:
    """Make a method from elsewhere known to `solve`.

    Args:
        name: what it is to be called.
        module: it, with `steps` as in every file of `solver.methods`.

    Raises:
        ValueError: the name is taken, or the module has no `steps`.

    Example:
        >>> from solver.methods import modular
        >>> register("one-by-one", modular)
        >>> "one-by-one" in names()
        True
        >>> del _REGISTERED["one-by-one"]
    """
    if name in METHODS:
        raise ValueError(f"name: {name!r} is one of the program's own methods; choose another")
    if not callable(getattr(module, "steps", None)):
        raise ValueError(f"module: {module.__name__} has no function `steps`; see solver.methods")
    _REGISTERED[name] = module


def names() -> tuple[str, ...]:
    """All names that `solve` accepts, registered ones last.

    Example:
        >>> names()[:3]
        ('auto', 'modular', 'columns')
    """
    return (*METHODS, *_REGISTERED)


def module_of(name: str) -> ModuleType:
    """The module of a method other than "auto".

    Example:
        >>> module_of("columns").__name__
        'solver.methods.columns'
    """
    from importlib import import_module

    room = "oracles" if name in _ORACLES else "methods"
    return _REGISTERED.get(name) or import_module(f"solver.{room}.{name}")
