"""Numbers: from a problem to its certified optimal code. Imports nothing heavy until it is used."""

from importlib import import_module as _import_module
from typing import Any as _Any

import lazy_loader as _lazy

try:
    _import_module("theory.errors")
except ImportError as _error:
    from sys import modules as _modules

    _hiding = getattr(_modules.get("theory"), "__file__", None)
    if _hiding is None:
        raise
    raise ImportError(
        f"theory: {_hiding} hides the package `theory` that comes with modularity-solver; rename that file, or start "
        "Python in another folder"
    ) from _error

_public, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)


def __getattr__(name: str) -> _Any:
    if name != "__version__":
        return _public(name)
    # That of what is installed: pyproject.toml is the one place where it is written.
    from solver.extras import PROJECT, version_of

    return version_of(PROJECT) or "not installed"
