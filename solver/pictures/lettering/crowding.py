"""Labels that do not collide: each is put in the first of its places where it covers no other, or left out.

1. Lay the figure out, so that sizes are known.
2. Take the labels in the order in which they were added, the most important first.
3. Move each along its places; where all are taken, hide it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import BboxBase

CROWDED = "may not collide"  # mark of such a label: its group in an .svg file


class _Placed(Text):
    """A label with several places."""

    places: Sequence[tuple[float, float]] = ()


def label(axes: Axes, places: Sequence[tuple[float, float]], text: str, **options: Any) -> None:
    """Add a label that goes to the first of these places where it covers no label that was added before.

    Args:
        axes: where.
        places: in units of the data, the best first.
        text: of the label.
        options: of `matplotlib.text.Text`.
    """
    placed = _Placed(*places[0], text, transform=axes.transData, clip_on=False, **options)
    placed.places = tuple(places)
    placed.set_gid(CROWDED)
    placed.set_in_layout(False)
    axes.add_artist(placed)


def lay_out(figure: Figure) -> None:
    """Find out where all axes are, as drawing would, without drawing what is in them."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
    for axes in figure.axes:
        axes.apply_aspect()


def keep_apart(figure: Figure) -> int:
    """Move labels that collide, hide those for which no place is left, and say how many these are."""
    labels = [text for text in figure.findobj(_Placed) if isinstance(text, _Placed)]
    if not labels:
        return 0
    lay_out(figure)  # step 1
    taken: list[BboxBase] = []
    hidden = 0
    for text in labels:  # step 2
        for place in text.places:  # step 3
            text.set_position(place)
            box = text.get_window_extent().expanded(1.02, 0.92)
            if not any(box.overlaps(other) for other in taken):
                taken.append(box)
                break
        else:
            text.set_visible(False)
            hidden += 1
    return hidden
