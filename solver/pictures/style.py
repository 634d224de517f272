"""What all pictures share: sizes, colours, labels, legends, and files that are written whole or not at all.

Figures are made without pyplot: no display is needed, no global state is touched, and nothing waits for a window. The
settings of the user's matplotlib are left alone, and change no picture: one with `text.usetex` needs no LaTeX.
"""

from __future__ import annotations

import itertools
import os
import re
import warnings
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import wraps
from io import BytesIO
from pathlib import Path
from textwrap import wrap
from typing import Any, ParamSpec, TypeVar

import matplotlib as mpl
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure, SubFigure

from solver.extras import PICTURES
from solver.pictures.lettering.crowding import keep_apart, lay_out
from solver.pictures.lettering.fonts import drawable, families
from theory.writing import require_writable, written_whole

STYLE = {
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

PAGE_WIDTH = 7.1  # inches: two columns of a journal page
DOTS_PER_INCH = 250

GREY = "#9aa3ab"  # samples
DARK = "#3c4248"  # hulls
BLUE = "#1f6fa8"  # modular, inside, reached
ORANGE = "#d55e00"  # mixed, outside, missed

ACTIVITY = LinearSegmentedColormap.from_list("activity", ["#e4e9ee", "#7fb3d5", "#1f6fa8", "#0a2c55"])
SIGNED = LinearSegmentedColormap.from_list("signed", ["#0b4f8a", "#6da7d2", "#ffffff", "#ee9c6a", "#b03a0c"])
"""Blue to white to orange, which all common kinds of colour vision tell apart."""

DASHED = (0, (3, 2))

NO_PRICE_DRAWN = 1e-9  # a price of modularity up to this is rounding, and shown as none

NOT_IN_XML = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
"""Bytes that no .svg may hold, wherever they come from."""

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


@contextmanager
def in_style() -> Iterator[None]:
    """Within, matplotlib has its default settings and those of this file, none of the user's."""
    with style.context(["default", {**STYLE, "font.family": list(families())}]), warnings.catch_warnings():
        # Names have no letter that all fonts lack; a warning about control characters would add nothing.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        yield


def styled(draw: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Draw in this style, and leave that of the user's session alone."""

    @wraps(draw)
    def inside(*arguments: Arguments.args, **options: Arguments.kwargs) -> Result:
        by_latex = mpl.rcParams["text.usetex"]
        with in_style():
            result = draw(*arguments, **options)
            if by_latex and isinstance(result, Figure):
                # The labels of ticks are made when the figure is first drawn, in the settings of that moment.
                result.draw_without_rendering()
            return result

    return inside


def picture(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """Draw a whole picture in this style; the option `path` names a file (.png, .pdf, .svg) to write it to.

    A path that cannot be written is refused (`InputError`) before anything is drawn.
    """

    @styled
    @wraps(draw)
    def inside(*arguments: Any, path: str | os.PathLike[str] | None = None, **options: Any) -> Figure:
        target = None if path is None else require_writable(path, PICTURES, "path")
        return written(draw(*arguments, **options), target)

    return inside


# ---- files --------------------------------------------------------------------------------------------------------


def written(figure: Figure, target: Path | None, metadata: dict[str, str] | None = None) -> Figure:
    """The figure with its labels apart, first saved with the metadata if there is a file to write."""
    keep_apart(figure)
    if target is not None:
        # Drawn before it is written: matplotlib's files do not survive a full disk.
        content = _content(figure, DOTS_PER_INCH, target.suffix[1:].lower(), metadata)
        if target.suffix.lower() == ".svg":
            content = NOT_IN_XML.sub(lambda match: repr(match[0])[2:-1].encode(), content)
        with written_whole(target) as partial:
            partial.write_bytes(content)
    return figure


def as_png(figure: Figure, resolution: float) -> str:
    """The figure as a picture within a page: .png in base64."""
    return b64encode(_content(figure, resolution, "png")).decode()


def _content(figure: Figure, resolution: float, kind: str, metadata: dict[str, str] | None = None) -> bytes:
    """What a file of this kind, .png, .pdf or .svg, holds of the figure."""
    stream = BytesIO()
    with in_style(), _laid_out(figure, resolution) if kind == "png" else nullcontext():
        figure.savefig(stream, dpi=resolution, format=kind, metadata=metadata)
    return stream.getvalue()


@contextmanager
def _laid_out(figure: Figure, resolution: float) -> Iterator[None]:
    """Lay the figure out for this resolution; within, it is drawn as it is: matplotlib would draw all of it twice."""
    engine, usual = figure.get_layout_engine(), figure.dpi
    figure.set_dpi(resolution)
    try:
        for axes in figure.axes:
            axes.apply_aspect()
        lay_out(figure)
        figure.set_layout_engine(None)
        yield
    finally:
        figure.set_layout_engine(engine)
        figure.set_dpi(usual)


# ---- parts of figures ---------------------------------------------------------------------------------------------


def page_figure(width: float, height: float) -> Figure:
    """An empty figure, its sizes in widths of a page."""
    return Figure(figsize=(width * PAGE_WIDTH, height * PAGE_WIDTH), layout="constrained")


def stacked(figure: Figure | SubFigure, *heights: float) -> list[SubFigure]:
    """Parts of a figure below each other, with these relative heights: legends of one do not move the others."""
    return list(figure.subfigures(len(heights), 1, squeeze=False, height_ratios=heights).flat)


def side_by_side(figure: Figure | SubFigure, *widths: float) -> list[SubFigure]:
    """Parts of a figure beside each other, with these relative widths."""
    return list(figure.subfigures(1, len(widths), squeeze=False, width_ratios=widths).flat)


def head(figure: Figure | SubFigure, text: str, size: float = 7) -> None:
    """Write a heading, flush left."""
    figure.suptitle(text, fontsize=size, x=0.01, ha="left")


def note(figure: Figure, text: str) -> None:
    """Write a note below the figure, flush left."""
    figure.supxlabel(text, fontsize=6, x=0.01, ha="left", color="#555555")


def legend(where: Axes | Figure | SubFigure, **options: Any) -> None:
    """Add a legend in small print without a frame."""
    where.legend(**{"frameon": False, "fontsize": 6, **options})


def colour_bar(
    figure: Figure | SubFigure, image: ScalarMappable, axes: Axes | Sequence[Axes], **options: Any
) -> Colorbar:
    """Add a bar of the colours of an image, without an outline."""
    bar = figure.colorbar(image, ax=axes, **options)
    bar.outline.set_visible(False)
    return bar


def bare(axes: Axes) -> None:
    """Draw no frame and no ticks, only their labels."""
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)


def label_of(name: str, width: int = 24, lines: int = 1) -> str:
    """A source's name as a label: no longer than fits, in letters that fonts have, with dollar signs that mean dollars.

    Args:
        name: as given.
        width: most characters of a line.
        lines: most lines, broken between words.

    Example:
        >>> label_of("running speed (cm/s)", 14, 2).splitlines(), label_of("running speed (cm/s)", 14)
        (['running speed', '(cm/s)'], 'running speed…')
    """
    text = drawable(name)
    rows = wrap(text, width, max_lines=lines, placeholder="…", break_on_hyphens=False) if lines > 1 else [text]
    return "\n".join(row if len(row) <= width else f"{row[: width - 1]}…" for row in rows).replace("$", r"\$")


def told_apart(names: Sequence[str], width: int) -> list[str]:
    """Names as short labels that differ where the names do: without what all begin with, where they are too long.

    Example:
        >>> told_apart(["mouse_unit_01", "mouse_unit_02"], 8), told_apart(["a", "b"], 8)
        (['…01', '…02'], ['a', 'b'])
    """
    if len(names) < 2 or max(map(len, names)) <= width:
        return [label_of(name, width) for name in names]
    first, last = min(names), max(names)
    common = next((at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    # Digits of one number stay together.
    while common and names[0][common - 1].isdigit():
        common -= 1
    short = [f"…{name[common:]}" if common > 1 else name for name in names]
    return [
        label_of(name if len(name) <= width else f"{name[: width // 2]}…{name[-(width // 2 - 1) :]}") for name in short
    ]


def label_some(set_ticks: Callable[..., object], names: Sequence[str], most: int) -> None:
    """Label as many ticks as fit an axis, at most so many, evenly spaced."""
    step = max(1, -(-len(names) // most))
    set_ticks(range(0, len(names), step), names[::step])


def name_columns(axes: Axes, names: Sequence[str], together: int = 28) -> None:
    """Name the columns of an image, slanted where the names are too long side by side."""
    axes.set_xticks(range(len(names)), [label_of(name) for name in names])
    slant(axes, together)


def slant(axes: Axes, together: int, degrees: float = 30) -> None:
    """Slant the names along an axis where two neighbours would touch: it has room for so many characters together."""
    labels = axes.get_xticklabels()
    lengths = [len(label.get_text()) for label in labels]
    wanted = max(((one + other) / 2 for one, other in itertools.pairwise(lengths)), default=0)
    if wanted * len(labels) > together:
        for label in labels:
            label.set(rotation=degrees, ha="right", rotation_mode="anchor")
