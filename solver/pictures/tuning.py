"""Tuning maps: what each neuron of a code does over two variables of a task, such as position and object."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from solver.codes.linear import Code
from solver.pictures.style import ACTIVITY, BLUE, DARK, ORANGE
from theory.arrays import Array
from theory.errors import InputError


def tuning(code: Code, situations: ArrayLike) -> Array:
    """Mean activity (n, a, b) of each neuron for each pair of values of two variables; NaN for pairs that do not occur.

    Args:
        code: of a problem that was given samples.
        situations: (T, 2) the two variables of each sample, as whole numbers from 0.

    Raises:
        InputError: sources known by their moments alone, or another number of situations than of samples.

    Example:
        >>> from solver import Problem, solve
        >>> code = solve(Problem([[0, 0], [0, 1], [1, 0]]))
        >>> maps = tuning(code, [[0, 0], [0, 1], [1, 0]])
        >>> maps.shape == (len(code), 2, 2), bool(np.isnan(maps[:, 1, 1]).all()), float(np.nanmin(maps))
        (True, True, 0.0)
    """
    sources, pairs = code.problem.sources, np.asarray(situations)
    if not sources.from_samples:
        raise InputError(f"code: the sources are known by {sources.known_by} alone; tuning needs samples")
    if pairs.shape != (sources.count, 2):
        raise InputError(f"situations: shape {pairs.shape} does not fit {sources.count} samples; give two numbers each")
    shape = pairs.max(axis=0) + 1
    where = np.ravel_multi_index(tuple(pairs.T), tuple(shape.tolist()))
    share = sources.sample_probabilities
    chance = np.bincount(where, share, np.prod(shape))
    sums = np.array([np.bincount(where, share * activity, np.prod(shape)) for activity in code.activity().T])
    with np.errstate(invalid="ignore"):
        return np.asarray((sums.reshape(len(code), -1) / chance).reshape(len(code), *shape))


def kind_of(groups: Sequence[str]) -> tuple[str, str]:
    """What a neuron that reads these groups is called, and its colour.

    Example:
        >>> kind_of(("object",)) == ("object", BLUE), kind_of(("position", "object")) == ("mixed", ORANGE)
        (True, True)
    """
    return (groups[0], BLUE) if len(groups) == 1 else ("mixed", ORANGE)


def draw_map(axes: Axes, values: Array, title: str = "", colour: str = "black") -> None:
    """One neuron's map (a, b), relative to its maximum: the first variable to the right, the second upwards."""
    axes.set_facecolor(DARK)  # seen where a pair does not occur
    axes.imshow(values.T / np.nanmax(values), cmap=ACTIVITY, vmin=0, vmax=1, origin="lower", aspect="auto")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.set_title(title, color=colour, fontsize=6, pad=2)


def draw_torus(axes: Axes, values: Array, title: str = "", colour: str = "black", *, tiles: int = 2) -> None:
    """One neuron's map (a, a) over a torus, drawn several times side by side.

    Its three waves stand at equal angles, so that the second axis is at 60 degrees from the first.
    """
    side = len(values) * tiles
    first, second = np.meshgrid(np.arange(side + 1), np.arange(side + 1), indexing="ij")
    across, up = first + second / 2, second * 3**0.5 / 2
    axes.pcolormesh(across, up, np.tile(values, (tiles, tiles)) / values.max(), cmap=ACTIVITY, vmin=0, vmax=1)
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_title(title, color=colour, fontsize=6, pad=2)
