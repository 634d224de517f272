"""Numbers: from a problem to its certified optimal code. Imports nothing heavy until it is used."""

from typing import Any as _Any

import lazy_loader as _lazy

_public, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)


def __getattr__(name: str) -> _Any:
    if name != "__version__":
        return _public(name)
    # That of what is installed: pyproject.toml is the one place where it is written.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("modularity-solver")
    except PackageNotFoundError:
        return "not installed"
