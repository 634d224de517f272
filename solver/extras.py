"""Files that are written, by their endings, and packages that come with an extra: whether they are installed.

Who needs them asks before the work begins: an answer of an hour must not end with what is not installed.
"""

from __future__ import annotations

from importlib.util import find_spec

from theory.errors import InputError

PROJECT = "modularity-solver"  # as it is installed

PICTURES = (".png", ".pdf", ".svg")
PAGES = (".html", ".htm")
TABLES = (".csv", ".nc")
SAVED_AS = (".npz", *TABLES)

WRITERS = {
    ".csv": ("tables", "pandas"),
    ".nc": ("tables", "xarray"),
    ".html": ("page", "plotly"),
    ".htm": ("page", "plotly"),
}
"""Extra and package that write files with these endings."""

PACKAGES = {"sklearn": "scikit-learn"}  # names under which modules are installed, where those are others


def is_there(module: str) -> bool:
    """Whether a module can be imported; it is not.

    Example:
        >>> is_there("numpy"), is_there("no_such_module")
        (True, False)
    """
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):  # what it lies in is not there, or half there
        return False


def version_of(package: str) -> str | None:
    """The version of a package, by the name under which it is installed; None where it is not."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None


def missing(about: str, extra: str, *modules: str) -> InputError:
    """The error for modules that are not there.

    Args:
        about: argument, option or command that needs them.
        extra: which they come with.
        modules: their names.

    Example:
        >>> print(missing("metrics", "metrics", "sklearn"))
        metrics: needs scikit-learn; pip install 'modularity-solver[metrics]'
    """
    needed = " and ".join(PACKAGES.get(module, module) for module in modules)
    return InputError(f"{about}: needs {needed}; pip install '{PROJECT}[{extra}]'")


def require(about: str, extra: str, *modules: str) -> None:
    """Refuse where one of the modules is not there.

    Args:
        about: as for `missing`.
        extra: as for `missing`.
        modules: all that are needed.

    Raises:
        InputError: which of them are missing, and how to install them.

    Example:
        >>> require("--page", "page", "no_such_module")
        Traceback (most recent call last):
        ...
        theory.errors.InputError: --page: needs no_such_module; pip install 'modularity-solver[page]'
    """
    lacking = [module for module in modules if not is_there(module)]
    if lacking:
        raise missing(about, extra, *lacking)


def require_writer(about: str, suffix: str) -> None:
    """Refuse where the package that writes files with an ending such as ".csv" is missing.

    Raises:
        InputError: what is missing, and how to install it.
    """
    if suffix.lower() in WRITERS:
        require(about, *WRITERS[suffix.lower()])
