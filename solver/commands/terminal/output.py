"""How commands say things: on a terminal, into a pipe, into files."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from solver.commands.terminal.formats import Table

FORMATS = ("text", "json", "csv", "markdown", "latex")
"""How an answer can be printed: in words, for programs, and as a table."""

QUIET = "quiet"  # the format of an answer that is not printed


def say(
    form: str,
    *,
    text: Callable[[], object],
    content: Callable[[], dict[str, Any]],
    table: Callable[[], Table] | None = None,
) -> None:
    """Print an answer in the format that was asked for.

    Args:
        form: one of `FORMATS`, or `QUIET`.
        text: prints it in words.
        content: makes the JSON object.
        table: makes the table, where there is one.
    """
    if form == "text":
        text()
    elif form == "json":
        from solver.pictures.summary import as_json

        click.echo(as_json(content()))
    elif form != QUIET and table is not None:
        from solver.commands.terminal.formats import tabulated

        click.echo(tabulated(table(), form))


def show(printed: Callable[..., None], *arguments: object) -> None:
    """Print with rich, by way of click: rich has its own way of leaving when the reader has left."""
    from rich.console import Console

    console = Console(highlight=False, width=None if sys.stdout.isatty() else 1000)  # no line is folded
    with console.capture() as shown:
        printed(*arguments, console)
    click.echo(shown.get(), nl=False)


def write(written: Callable[[str], object], path: str | None, form: str, said: str) -> None:
    """Write a file, if one was asked for, and say so in words that end with its name."""
    if path is not None:
        written(path)
        note(form, f"{said} {path}.")


def note(form: str, text: str) -> None:
    """Say something beside the answer."""
    if form != QUIET:
        # What a program is to read stays alone on stdout.
        tell(text, error=form != "text")


def tell(text: str, *, error: bool = False) -> None:
    """Print lines in which no name of a file, or of what is in it, commands the terminal."""
    from theory.inputs.names import printable

    click.echo("\n".join(map(printable, text.split("\n"))), err=error)


def wrapped(text: str, indent: str = "    ") -> str:
    """Sentences with formulas in them, in lines of a page's width."""
    from textwrap import fill

    from theory.symbolic.markup import unmarked

    return fill(unmarked(text), width=100, initial_indent=indent, subsequent_indent=indent)
