"""The samples that are scored: neurons that vary, sources, weights, and which samples are trials of one condition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from solver.extras import require
from solver.metrics.information import INFORMATION
from theory.arrays import Array, Indices, Mask
from theory.errors import InputError
from theory.geometry.levels import levels
from theory.inputs import as_matrix


@dataclass(frozen=True, eq=False)
class ScoredSamples:
    """Activity and sources that fit each other, without samples of weight zero."""

    neurons: Array  # (T, n) activity of those that vary; n may be zero
    sources: Array  # (T, d)
    classes: tuple[bool, ...]  # (d,) for each source whether its values are numbers of classes
    weights: Array  # (T,) of the samples, which sum to one
    # (T,) number of each sample's condition. Samples with the same sources are trials of one, which say no more about
    # the sources than one of them. Where most combinations of values occur, they are no draw from more, and each sample
    # is a condition by itself
    condition: Indices
    conditions: int  # how many there are, C
    kinds: Indices  # (C, d) which of its values each source has in each condition, counted from zero

    @property
    def columns(self) -> list[Array]:
        """For each source its `linear_columns`."""
        return linear_columns(self.sources, self.classes)

    def held_out(self, seed: int) -> list[Mask]:
        """Masks (T,) of the samples held out together: trials of one condition are never on both sides."""
        count = min(5, self.conditions)
        fold = np.random.default_rng(seed).permutation(self.conditions) % count
        return [fold[self.condition] == number for number in range(count)]


def scored_samples(
    activity: ArrayLike,
    sources: ArrayLike,
    probabilities: ArrayLike | None = None,
    classes: Sequence[bool] | None = None,
) -> ScoredSamples:
    """Check activity and sources, and leave out what is not scored.

    Args:
        activity: (T, n).
        sources: (T, d), two at least, each of which varies.
        probabilities: (T,) weights of the samples; equal if not given.
        classes: for each source whether its values are numbers of classes; none are if not given.

    Raises:
        InputError: shapes that do not fit, one source, a source that is constant, or weights that are none.
    """
    neurons, factors = as_matrix(activity, "activity"), as_matrix(sources, "sources")
    if len(neurons) != len(factors):
        raise InputError(
            f"activity: {len(neurons)} rows do not fit {len(factors)} rows of sources; give one per sample"
        )
    if factors.shape[1] < 2:
        raise InputError("sources: one source cannot be mixed with others; give at least two")
    weights, flags = _weights(probabilities, len(neurons)), _in_classes(classes, factors)
    seen = weights > 0
    neurons, factors, weights = neurons[seen], factors[seen], weights[seen]
    if not (np.ptp(factors, axis=0) > 0).all():
        raise InputError("sources: a source is constant, so nothing can tell about it; remove it")
    spread = variance(neurons, weights)
    # Equal values have some variance too, from the rounding of their mean.
    varied = (spread > 1e-12 * spread.max()) & (np.ptp(neurons, axis=0) > 0)
    apart = INFORMATION.same * np.ptp(factors, axis=0) * ~np.array(flags)
    values = levels(factors, apart)
    kinds, condition = np.unique(values, axis=0, return_inverse=True)
    combinations = np.prod(values.max(axis=0) + 1.0)
    if len(kinds) >= 0.5 * combinations:
        kinds, condition = values, np.arange(len(values))
    return ScoredSamples(neurons[:, varied], factors, tuple(flags), weights, condition.ravel(), len(kinds), kinds)


def linear_columns(factors: Array, classes: Sequence[bool] | None) -> list[Array]:
    """For each source the columns (T, k) that are linear in it: itself, or its membership in each of its classes.

    Args:
        factors: (T, d) the sources.
        classes: for each whether its values are numbers of classes; none are if not given.

    Example:
        >>> linear_columns(np.array([[0.5, 0], [0.7, 1]]), [False, True])[1].tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    return [
        (factor[:, None] == np.unique(factor)).astype(np.float64) if in_classes else factor[:, None]
        for factor, in_classes in zip(factors.T, _in_classes(classes, factors), strict=True)
    ]


def variance(values: Array, weights: Array) -> Array:
    """(k,) of columns (T, k) under weights (T,) that sum to one."""
    return np.asarray(weights @ (values - weights @ values) ** 2)


def unexplained(targets: Array, design: Array, weights: Array) -> Array:
    """(n,) variance of each target (T, n) that the best affine function of the columns of a design (T, k) leaves."""
    centred, terms = targets - weights @ targets, design - weights @ design
    size, root = np.sqrt(weights @ terms**2), np.sqrt(weights)[:, None]
    terms = terms[:, size > 0] / size[size > 0]
    best, *_ = np.linalg.lstsq(root * terms, root * centred, rcond=None)
    return np.asarray(weights @ (centred - terms @ best) ** 2)


def require_sklearn() -> None:
    """Refuse where it is not installed."""
    require("metrics", "metrics", "sklearn")


def _in_classes(classes: Sequence[bool] | None, factors: Array) -> list[bool]:
    flags = [False] * factors.shape[1] if classes is None else [bool(one) for one in classes]
    if len(flags) != factors.shape[1]:
        raise InputError(f"classes: {len(flags)} given for {factors.shape[1]} source(s); give one per source")
    return flags


def _weights(probabilities: ArrayLike | None, count: int) -> Array:
    if probabilities is None:
        return np.full(count, 1 / count)
    weights = as_matrix(probabilities, "probabilities").ravel()
    if len(weights) != count:
        raise InputError(f"probabilities: {len(weights)} do not fit {count} samples; give one per sample")
    if not ((weights >= 0).all() and weights.sum() > 0):
        raise InputError("probabilities: some are negative, or all are zero; give nonnegative weights")
    return np.asarray(weights / weights.sum())
