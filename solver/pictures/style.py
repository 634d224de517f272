"""What all pictures share: type sizes, widths, and files that are written whole.

Figures are made without pyplot: no display is needed, no global state is touched, and nothing waits for a window.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from functools import wraps
from io import BytesIO
from pathlib import Path
from typing import ParamSpec, TypeVar

import matplotlib as mpl
from matplotlib.figure import Figure

from theory.writing import written_whole

__all__ = ["PICTURES", "WIDTH", "styled", "written"]

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


def styled(draw: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Draw in the house's style, leaving that of the user's session alone."""

    @wraps(draw)
    def inside(*arguments: Arguments.args, **options: Arguments.kwargs) -> Result:
        with mpl.rc_context(STYLE), warnings.catch_warnings():  # type: ignore[arg-type]  # the stub wants literal names
            # A name in a script that the font lacks is drawn as boxes, which says it already.
            warnings.filterwarnings("ignore", "Glyph .* missing from font")
            return draw(*arguments, **options)

    return inside


def written(figure: Figure, target: Path | None, metadata: dict[str, str] | None = None) -> Figure:
    """The figure, saved first if there is a file to write, with what that says about itself besides."""
    if target is not None:
        # Drawn before it is written: matplotlib's files do not survive a full disk.
        drawn = BytesIO()
        figure.savefig(drawn, dpi=DOTS_PER_INCH, format=target.suffix[1:].lower(), metadata=metadata)
        content = drawn.getvalue()
        if target.suffix.lower() == ".svg":
            content = NOT_IN_XML.sub(lambda found: repr(found[0])[2:-1].encode(), content)
        with written_whole(target) as partial:
            partial.write_bytes(content)
    return figure
