"""A folder of pages: the shipped examples, each to turn and hover, and one page that leads to them."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path

from solver.extras import require
from solver.pictures.pages.explorer import page
from solver.pictures.plot import plot
from solver.pictures.style import as_png
from solver.pictures.summary import sentences
from solver.representation import Representation
from solver.stopping import raise_if_stopped
from theory.writing import require_own, require_writable, written_whole

TITLE = "Optimal codes, each with its certificate"

PAGE_TITLE = "The optimal code, with its certificate"  # of the page of each example

INDEX_HEAD = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{TITLE}</title>
<link rel="icon" href="data:,">
<style>
  :root {{ --ground: #ffffff; --card: #f6f7f8; --text: #1d2125; --muted: #5c656d; --line: #c9cfd4; --link: #0b6fa8; }}
  @media (prefers-color-scheme: dark) {{
    :root {{ --ground: #14171a; --card: #1d2125; --text: #e8ebee; --muted: #a4adb5; --line: #3f474e; --link: #6db6e8; }}
  }}
  body {{ margin: 0; background: var(--ground); color: var(--text); font: 16px/1.45 system-ui, sans-serif; }}
  main {{ max-width: 1000px; margin: 0 auto; padding: 1rem; }}
  h1 {{ font-size: 1.3rem; }}
  h2 {{ font-size: 1.05rem; margin: 0 0 .3rem; }}
  section {{ background: var(--card); border: 1px solid var(--line); border-radius: 8px; }}
  section {{ margin: 1rem 0; padding: 1rem; }}
  p {{ margin: .2rem 0; }}
  .about {{ color: var(--muted); }}
  a {{ color: var(--link); }}
  img {{ width: 100%; height: auto; background: #ffffff; border-radius: 4px; margin-top: .6rem; }}
</style>
</head>
<body>
<main>
<h1>{TITLE}</h1>
<p class="about">Follow a name to turn the sources, point at neurons, and move the cost of weights.</p>
"""


def hang(folder: Path, report: Callable[[Path], object] | None = None, *, stops: int | None = None) -> Path:
    """Write the pages of all shipped examples into an existing folder, replacing those of an earlier gallery.

    Args:
        folder: to write into.
        report: called with the path of each page that is written.
        stops: costs of weights that a page shows; if None as many as for `Representation.to_html`.

    Returns:
        the path of index.html, which leads to all pages.

    Raises:
        InputError: plotly is not installed, or the folder has another page of one of these names.
        OSError: a file cannot be written.
    """
    from solver import Problem, solve
    from solver.examples import EXAMPLES, load

    require("gallery", "page", "plotly")
    index = require_writable(folder / "index.html", (".html",), "FOLDER")
    require_own(index, f"<title>{TITLE}</title>".encode(), "FOLDER")
    for name in EXAMPLES:
        require_own(folder / f"{name}.html", f"<title>{PAGE_TITLE}</title>".encode(), "FOLDER")
    sections = []
    for name, about in EXAMPLES.items():
        raise_if_stopped()
        answer = solve(Problem(load(name)))
        assert isinstance(answer, Representation)
        target = folder / f"{name}.html"
        page(answer, target, **({} if stops is None else {"stops": stops}))
        if report is not None:
            report(target)
        sections.append(_section(name, about, answer))
    raise_if_stopped()
    with written_whole(index) as temporary:
        temporary.write_text(f"{INDEX_HEAD}{''.join(sections)}</main>\n</body>\n</html>\n", encoding="utf-8")
    return index


def _section(name: str, about: str, answer: Representation) -> str:
    title = name.replace("_", " ").capitalize()
    words = "".join(f"<p>{escape(sentence)}</p>\n" for sentence in sentences(answer))
    picture = as_png(plot(answer), 110)
    return (
        f'<section>\n<h2><a href="{name}.html">{escape(title)}</a></h2>\n<p class="about">{escape(about)}</p>\n{words}'
        f'<a href="{name}.html"><img alt="The optimal code of {escape(title)}" src="data:image/png;base64,{picture}">'
        "</a>\n</section>\n"
    )
