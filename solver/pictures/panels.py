"""Parts of the picture of a code or an audit: in axes of one's own, or some of them as a figure."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from solver.codes.linear import Code
from solver.pictures import style
from solver.pictures.lettering.crowding import keep_apart
from solver.pictures.plot import draw_loss, draw_neurons, draw_weights
from solver.pictures.source_plane import Condition, cloud
from theory.errors import InputError, unknown_name


def _condition(code: Code, panel: str) -> Condition:
    count = code.problem.dimension
    if count != 2:
        raise InputError(f"panels: {panel!r} is a picture of two sources, and there are {count}; choose 'weights'")
    return Condition.of(code)


Draw = Callable[[Axes, Any], object]

PANELS: dict[str, Draw] = {
    "sources": lambda axes, code: cloud(axes, _condition(code, "sources"), (0, 1)),
    "neurons": lambda axes, code: draw_neurons(axes, code, _condition(code, "neurons")),
    "weights": draw_weights,
    "energies": draw_loss,
}
"""What can be drawn alone."""


def plot_panels(
    code: Any,
    panels: str | Sequence[str] | None,
    axes: Any = None,
    path: str | os.PathLike[str] | None = None,
    *,
    known: Mapping[str, Draw] | None = None,
) -> Figure:
    """Draw some panels of the picture of a code, or of what else `known` can draw.

    Args:
        code: what to draw; neurons of a code, or findings of an audit.
        panels: names of `PANELS`; if None "neurons" of two sources and "weights" of others.
        axes: matplotlib's axes to draw in, or one for each panel, in the style that they have; a figure of this
            program if None.
        path: .png, .pdf or .svg file to write, whole or not at all; not with axes.
        known: what can be drawn, the usual one first; `PANELS` if None.

    Raises:
        InputError: an unknown panel, axes that are not as many, a path with axes or one that cannot be written.

    Example:
        >>> from solver import Problem, solve
        >>> answer = solve(Problem([[-1, -1], [-1, 1], [1, -1], [1, 1]]))
        >>> [axes.get_xlabel() for axes in plot_panels(answer, ["neurons", "energies"]).axes]
        ['s1', 'energy']
    """
    usual = next(iter(known)) if known else "neurons" if code.problem.dimension == 2 else "weights"
    drawing = PANELS if known is None else known
    names = [usual] if panels is None else [panels] if isinstance(panels, str) else list(panels)
    for name in names:
        if name not in drawing:
            raise InputError(unknown_name("panels", name, tuple(drawing)))
    if not names or (known is None and not len(code)):
        raise InputError("panels: there is nothing to draw; name a panel of a code that has neurons")
    if axes is None:
        return _figure(code, [drawing[name] for name in names], path=path)
    if path is not None:
        raise InputError("path: the axes belong to a figure of yours, which has savefig; leave the path out")
    places = [axes] if isinstance(axes, Axes) else list(np.ravel(axes))
    if len(places) != len(names) or not all(isinstance(place, Axes) for place in places):
        raise InputError(f"ax: {len(names)} panel(s) need as many axes of matplotlib; name the panels, or give one")
    for place, name in zip(places, names, strict=True):
        drawing[name](place, code)
    figure = places[0].get_figure(root=True)
    assert isinstance(figure, Figure)
    keep_apart(figure)
    return figure


@style.picture
def _figure(code: Any, drawing: list[Draw]) -> Figure:
    figure = style.page_figure(min(1.0, 0.45 * len(drawing)), 0.4)
    for place, draw in zip(figure.subplots(1, len(drawing), squeeze=False).flat, drawing, strict=True):
        draw(place, code)
    return figure
