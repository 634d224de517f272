"""Summaries of arrays and tables of dask, computed where the blocks are (docs/scale.md, "Streams").

Dask is imported only for such objects, and decides where the work runs: in threads, in processes, on a cluster.

1. Cut the samples, and weights that are no object of dask, into blocks of whole rows.
2. Summarise each block where it is.
3. Add two summaries at a time until one is left: only summaries are sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np

from theory.arrays import ArrayLike
from theory.errors import InputError
from theory.inputs import column_names, has_blocks
from theory.summary import Summary, SummaryBuilder


def summary_of_blocks(
    points: Any, probabilities: ArrayLike | Any | None = None, *, names: Sequence[str] | None = None
) -> Summary:
    """The summary of a dask array (T, d) or DataFrame.

    Args:
        points: the array or DataFrame.
        probabilities: (T,) weights of any scale: of dask, in the same blocks of rows, or an array where the numbers of
            rows in the blocks are known; all one by default.
        names: of the columns; by default those of a DataFrame.

    Raises:
        InputError: as for `Summary.of_chunks`, with blocks in the place of chunks; weights in other blocks.
    """
    dask: Any = import_module("dask")
    columns = tuple(names) if names is not None else column_names(points)
    blocks = _rows_of(points)  # step 1
    weights = [None] * len(blocks) if probabilities is None else _weights_of(probabilities, points, len(blocks))
    parts = [  # step 2
        dask.delayed(_summary_of_block)(block, weight, number, columns)
        for number, (block, weight) in enumerate(zip(blocks, weights, strict=True))
    ]
    merge = dask.delayed(_merged)
    while len(parts) > 1:  # step 3
        parts = [merge(*parts[start : start + 2]) for start in range(0, len(parts), 2)]
    summary: Summary | None = dask.compute(*parts)[0]
    if summary is None:
        raise InputError("sources: no rows in any block; give at least two samples")
    return summary


def _rows_of(points: Any) -> list[Any]:
    """Step 1: blocks of whole rows, not computed yet."""
    ndim = getattr(points, "ndim", 0)
    if not hasattr(points, "to_delayed") or ndim not in (1, 2):
        raise InputError(
            f"sources: a {type(points).__name__} of dask in {ndim} dimensions; give a matrix or a DataFrame"
        )
    if ndim == 2 and hasattr(points, "rechunk"):
        points = points.rechunk({1: -1})
    return list(np.ravel(points.to_delayed()))


def _weights_of(probabilities: Any, points: Any, count: int) -> list[Any]:
    if has_blocks(probabilities):
        blocks = _rows_of(probabilities)
        if len(blocks) != count:
            raise InputError(
                f"probabilities: in {len(blocks)} block(s), but the sources are in {count}; give both the same blocks"
            )
        return blocks
    sizes = np.array(getattr(points, "chunks", [[np.nan]])[0], dtype=float)
    if np.isnan(sizes).any():
        raise InputError(
            "probabilities: the blocks of the sources have unknown numbers of rows; give an array or Series of dask in "
            "the same blocks"
        )
    # Masks are kept, for the message.
    weights, ends = np.asanyarray(probabilities), np.cumsum(sizes).astype(int)
    if weights.shape[:1] != (ends[-1],):
        raise InputError(f"probabilities: shape {weights.shape} for {ends[-1]} samples; give one per row")
    return [weights[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]


def _summary_of_block(block: Any, weights: Any, number: int, names: tuple[str, ...] | None) -> Summary | None:
    """Step 2: the summary of one block, or None if it has no rows."""
    builder = SummaryBuilder(names)
    if not len(block):
        return None
    builder.add(block, weights, name=f"block {number}")
    return builder.summary()


def _merged(first: Summary | None, second: Summary | None = None) -> Summary | None:
    if first is None or second is None:
        return first if second is None else second
    return first + second
