"""What draws itself: all of its picture, or some panels of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Drawing = tuple[Callable[..., Any], Mapping[str, Callable[..., object]] | None]
"""What draws the whole picture, and the panels that can be drawn alone, the usual one first."""


class Drawn:
    """Base of what has a picture of several panels: its class says which there are."""

    def _drawing(self) -> Drawing:
        raise NotImplementedError

    def plot(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        ax: Any = None,
        panels: str | Sequence[str] | None = None,
    ) -> Figure:
        """Draw it; write the picture to `path` (.png, .pdf, .svg) if given.

        Args:
            path: file to write, whole or not at all.
            ax: axes of matplotlib to draw in, one for each panel, for a figure of your own.
            panels: names of the panels to draw; all there is if None, or with `ax` the usual one.

        Raises:
            InputError: an unknown panel, axes that are not as many, or a path that cannot be written.

        Example:
            >>> from solver import Problem, solve
            >>> figure = solve(Problem([[0, 0], [0, 1], [1, 0]])).plot(panels=["neurons", "energies"])
        """
        whole, known = self._drawing()
        if ax is None and panels is None:
            drawn: Figure = whole(self, path=path)
            return drawn
        from solver.pictures.panels import plot_panels

        return plot_panels(self, panels, ax, path, known=known)
