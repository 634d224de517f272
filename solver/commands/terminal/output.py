"""How commands say things: on a terminal, into a pipe, into files."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from solver.optimise import Progress

__all__ = ["counted", "note", "progress_shown", "show", "wrapped", "write"]


PIPE_WIDTH = 1000
"""Columns of a pipe or file: wide enough that no line is folded."""


def show(printed: Callable[..., None], *arguments: object) -> None:
    """Print with rich, by way of click: rich has its own way of leaving when the reader has left."""
    from rich.console import Console

    console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)
    with console.capture() as shown:
        printed(*arguments, console)
    click.echo(shown.get(), nl=False)


def write(written: Callable[[str], object], path: str, as_object: bool, said: str) -> None:
    """Write a file, and say so."""
    written(path)
    note(as_object, said)


def note(as_object: bool, text: str) -> None:
    """Say something beside the answer."""
    # JSON stays alone on stdout.
    click.echo(text, err=as_object)


@contextmanager
def progress_shown() -> Iterator[Callable[[Progress], None] | None]:
    """A line on stderr that follows the search, on a terminal only."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console

    with Console(stderr=True).status("searching") as status:

        def follow(progress: Progress) -> None:
            status.update(f"iteration {progress.iteration}   loss {progress.loss:.9g}   gap {progress.gap:.1e}")

        yield follow


@contextmanager
def counted(what: str) -> Iterator[Callable[[int, int], None] | None]:
    """A bar on stderr that follows how many are done, with the time left, on a terminal only."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn(what), TimeElapsedColumn(), TextColumn("left"))
    with Bar(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        # Shown once something is counted: what fits into memory is read before a bar could be seen.
        task = bar.add_task(what, total=None, visible=False)
        yield lambda done, count: bar.update(task, completed=done, total=count, visible=True)


def wrapped(text: str, indent: str = "    ") -> str:
    """Sentences with formulas in them, in lines of a page's width."""
    from textwrap import fill

    from theory.symbolic.markup import plain

    return fill(plain(text), width=100, initial_indent=indent, subsequent_indent=indent)
