"""A page of sentences, one picture and tables, in one file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from matplotlib.figure import Figure

from solver.pictures.style import DOTS_PER_INCH, as_png
from solver.pictures.words import cell
from theory.writing import require_writable, written_whole


def write_page(
    path: str | os.PathLike[str],
    title: str,
    sentences: Iterable[str],
    figure: Figure,
    tables: Iterable[Mapping[str, Sequence[Any]]],
) -> None:
    """Write an .html page, whole or not at all.

    Args:
        path: of the file.
        title: of the page.
        sentences: to print first.
        figure: the picture.
        tables: columns by name; one without any is left out.

    Raises:
        InputError: a path that cannot be written.
    """
    target = require_writable(path, (".html",), "path")
    said = "".join(f"<p>{escape(line)}</p>" for line in sentences)
    title = escape(title)
    text = (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>'
        "body{font-family:sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}img{width:100%}td,th{padding:"
        ".2rem .6rem;text-align:right}table{border-collapse:collapse;margin-top:1.5rem;display:block;overflow-x:auto}"
        f'</style></head><body><h1>{title}</h1>{said}<img src="data:image/png;base64,{as_png(figure, DOTS_PER_INCH)}" '
        f'alt="{title}">{"".join(_table(columns) for columns in tables if columns)}</body></html>'
    )
    with written_whole(target) as partial:
        partial.write_text(text, encoding="utf-8")


def _table(columns: Mapping[str, Sequence[Any]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    rows = ("".join(f"<td>{escape(cell(value))}</td>" for value in row) for row in zip(*columns.values(), strict=True))
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"
