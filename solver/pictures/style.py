"""What all pictures share: type sizes, widths, and files that are written whole.

Figures are made without pyplot: no display is needed, no global state is touched, and nothing waits for a window. The
settings of the user's matplotlib are left alone, and change no picture: one with `text.usetex` needs no LaTeX.
"""

from __future__ import annotations

import re
import warnings
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from io import BytesIO
from pathlib import Path
from typing import ParamSpec, TypeVar

import matplotlib as mpl
from matplotlib import style
from matplotlib.figure import Figure

from theory.writing import written_whole

__all__ = ["PICTURES", "WIDTH", "as_png", "in_style", "styled", "written"]

PICTURES = (".png", ".pdf", ".svg")

STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["Helvetica", "Arial", "DejaVu Sans"],
    "font.size": 7.0,
    "axes.titlesize": 7.0,
    "axes.titlelocation": "left",
    "axes.labelsize": 7.0,
    "xtick.labelsize": 6.0,
    "ytick.labelsize": 6.0,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "axes.formatter.limits": (-3, 4),
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
}

WIDTH = 7.1
"""Inches: two columns of a journal page."""

DOTS_PER_INCH = 250

NOT_IN_XML = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
"""Bytes that no .svg may hold, wherever they come from."""

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


@contextmanager
def in_style() -> Iterator[None]:
    """Within, matplotlib has its own settings and the house's, none of the user's."""
    with style.context(["default", STYLE]), warnings.catch_warnings():
        # A name in a script that the font lacks is drawn as boxes, which says it already.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        yield


def styled(draw: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Draw in the house's style, leaving that of the user's session alone."""

    @wraps(draw)
    def inside(*arguments: Arguments.args, **options: Arguments.kwargs) -> Result:
        by_latex = mpl.rcParams["text.usetex"]
        with in_style():
            result = draw(*arguments, **options)
            if by_latex and isinstance(result, Figure):
                # Numbers of an axis are made when it is first drawn, and ask then how.
                result.draw_without_rendering()
            return result

    return inside


def written(figure: Figure, target: Path | None, metadata: dict[str, str] | None = None) -> Figure:
    """The figure, saved first if there is a file to write, with what that says about itself besides."""
    if target is not None:
        # Drawn before it is written: matplotlib's files do not survive a full disk.
        drawn = BytesIO()
        with in_style():
            figure.savefig(drawn, dpi=DOTS_PER_INCH, format=target.suffix[1:].lower(), metadata=metadata)
        content = drawn.getvalue()
        if target.suffix.lower() == ".svg":
            content = NOT_IN_XML.sub(lambda found: repr(found[0])[2:-1].encode(), content)
        with written_whole(target) as partial:
            partial.write_bytes(content)
    return figure


def as_png(figure: Figure, resolution: float) -> str:
    """The figure as a picture within a page: .png in base64."""
    stream = BytesIO()
    with in_style():
        figure.savefig(stream, dpi=resolution, format="png")
    return b64encode(stream.getvalue()).decode()
