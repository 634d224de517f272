"""`modularity gallery [FOLDER]`: pages of the shipped examples to turn and hover, and one that leads to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from solver.commands.terminal.output import tell
from solver.extras import require
from solver.stopping import noted

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("folder", metavar="[FOLDER]", type=click.Path(), default="gallery")
@click.option("--quiet", is_flag=True, help="Print errors only.")
def gallery(folder: str, quiet: bool) -> int:
    """Solve the shipped examples at many costs of weights and write a page for each into FOLDER.

    FOLDER is made if it is not there, and "gallery" if none is given; index.html in it leads to all of them.
    """
    from solver.pictures.pages.gallery import hang

    require("gallery", "page", "plotly")  # said now, not after the work
    with noted():
        index = hang(_room(folder), None if quiet else lambda page: tell(f"Page in {page}."))
        if not quiet:
            tell(f"All of them are reached from {index}.")
    return 0


def _room(folder: str) -> Path:
    """The folder, made if need be.

    Raises:
        InputError: it is a file, or lies in a folder that is not there.
    """
    from pathlib import Path

    from theory.errors import InputError

    room = Path(folder)
    if room.exists() and not room.is_dir():
        raise InputError(f"FOLDER: {folder!r} is a file; give the name of a folder")
    if not room.resolve().parent.is_dir():
        raise InputError(f"FOLDER: there is no folder {str(room.resolve().parent)!r}; create it first")
    room.mkdir(exist_ok=True)
    return room
