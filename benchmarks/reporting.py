"""What reports of benchmarks have in common: the machine, tables on a terminal and as Markdown, fitted growth."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from theory.writing import require_writable, written_whole

__all__ = ["Growth", "Table", "as_markdown", "growth", "machine", "publish", "require_outputs", "show", "told"]

Table = tuple[str, list[str], list[list[str]]]  # title, head and rows


@dataclass(frozen=True)
class Growth:
    """Slope of a straight line, and the standard error of that: infinite with two points only."""

    slope: float
    error: float

    def __str__(self) -> str:
        return f"{self.slope:.2f} ± {self.error:.2f}"


def growth(sizes: Sequence[float], values: Sequence[float]) -> Growth | None:
    """The power by which values grow with sizes, fitted by least squares in logarithms; None of fewer than three.

    Example:
        >>> growth([1, 10, 100], [2, 20, 200])
        Growth(slope=1.0, error=0.0)
    """
    return linear(np.log(np.asarray(sizes, dtype=float)), values)


def linear(places: Sequence[float] | np.ndarray, values: Sequence[float]) -> Growth | None:
    """Slope of the logarithm of values over places."""
    if len(values) < 3:  # a line through two tells nothing of its error
        return None
    place = np.asarray(places, dtype=float)
    height = np.log(np.asarray(values, dtype=float))
    place, height = place - place.mean(), height - height.mean()
    slope = float(place @ height / (place @ place))
    left = float(((height - slope * place) ** 2).sum())
    return Growth(round(slope, 12), round((left / (len(values) - 2) / float(place @ place)) ** 0.5, 12))


def require_outputs(out: str | None, picture: str | None, page: str | None) -> None:
    """That files of --json, --plot and --markdown can be written, before anything is measured.

    Raises:
        InputError: one of them cannot.
    """
    for argument, path, suffixes in (
        ("--json", out, (".json",)),
        ("--plot", picture, (".png", ".pdf", ".svg")),
        ("--markdown", page, (".md",)),
    ):
        if path is not None:
            require_writable(path, suffixes, argument)


def machine(packages: Iterable[str]) -> dict[str, str]:
    """The processor and the versions of what computes."""
    versions = {"processor": _processor(), "system": platform.system(), "python": platform.python_version()}
    for package in packages:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "absent"
    return versions


def _processor() -> str:
    # The standard library knows only the kind.
    described = Path("/proc/cpuinfo")
    if described.exists():
        names = [line.split(":", 1)[1].strip() for line in described.read_text().splitlines() if "model name" in line]
        if names:
            return f"{names[0]}, {len(names)} cores"
    return platform.processor() or platform.machine()


def show(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table on the terminal."""
    from rich import box
    from rich.console import Console
    from rich.table import Table as RichTable

    table = RichTable(*head, title=title or None, title_justify="left", box=box.SIMPLE)
    for row in rows:
        table.add_row(*row)
    Console(width=170).print(table)


def told(met: bool) -> str:
    """Whether what was asked for is met, in a table."""
    return "yes" if met else "NO"


def publish(tables: Sequence[Table], page: str | None, picture: str | None, draw: Callable[[Path], None]) -> None:
    """Show tables (title, head, rows), and write them as Markdown and draw a picture where these are asked for."""
    for table in tables:
        show(*table)
    if page is not None:
        with written_whole(page) as file:
            file.write_text("\n\n".join(as_markdown(*table) for table in tables) + "\n")
    if picture is not None:
        with written_whole(picture) as file:
            draw(file)


def as_markdown(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table for a page."""
    lines = [f"### {title}", "", "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])
