"""How modular is a trained network, judged by its activity or its readout, and with what confidence.

A network need not be linear, so that no weights tell what a neuron reads. Where sources take few values each (a grid),
it can be told without any model: what a neuron owes to one source is its variance among samples that agree in all
others. (In sensitivity analysis this is the total effect of a factor.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from theory.arrays import Array

__all__ = ["Confidence", "confidence", "is_mixed", "owed", "rate", "score", "served", "telling"]

MIXES = 0.1
"""Share of what a neuron owes to sources beside its first from which it counts as mixed;"""

COUNTS = 0.05
"""share of all that is owed from which mixed neurons make a network mixed: descent leaves traces below."""

TELLS = 0.01
"""Variance, in units of the largest, below which a neuron is no part of the code: descent silences neurons slowly."""

LEVEL = 0.95
"""Of confidence."""


def telling(activity: Array) -> Array:
    """(T, m) of the neurons (T, n) that vary; all where none does.

    Example:
        >>> telling(np.array([[0.0, 0.0], [1.0, 0.01]])).shape
        (2, 1)
    """
    variance = activity.var(axis=0)
    return activity[:, variance > TELLS * variance.max()] if variance.any() else activity


def owed(activity: Array, sources: Array, chance: Array) -> Array:
    """(n, d) mean variance of each neuron among samples that agree in all sources but one.

    Args:
        activity: (T, n) of the neurons.
        sources: (T, d) on the same samples, with values that recur.
        chance: (T,) probabilities.

    Source: Homma, Saltelli, "Importance measures in global sensitivity analysis of nonlinear models" (1996).

    Example:
        >>> box = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
        >>> owed(np.column_stack([box[:, 0], box.sum(axis=1)]), box, np.full(4, 1 / 4)).tolist()
        [[0.25, 0.0], [0.25, 0.25]]
    """
    chance = chance / chance.sum()
    found = []
    for own in range(sources.shape[1]):
        _, place = np.unique(np.delete(sources, own, axis=1), axis=0, return_inverse=True)
        member = np.equal.outer(np.arange(place.max() + 1), place.ravel()) * chance
        total = member.sum(axis=1, keepdims=True)
        mean = (member @ activity) / np.where(total > 0, total, 1.0)
        found.append(chance @ (activity - mean[place.ravel()]) ** 2)
    return np.array(found).T


def served(activity: Array, decoder: Array, groups: Sequence[Sequence[int]]) -> Array:
    """(n, g) variance that each neuron brings to the readout of each group of targets.

    Where one source is a function of another, as a wave is of its half, nothing varies alone; what a neuron is read out
    for can be told all the same.

    Args:
        activity: (T, n) of the neurons.
        decoder: (r, n) weights of the readout.
        groups: rows of it that belong together.

    Example:
        >>> served(np.array([[0.0, 1], [2, 1]]), np.array([[3.0, 0], [0, 1]]), [[0], [1]]).tolist()
        [[9.0, 0.0], [0.0, 0.0]]
    """
    brought = decoder**2 * activity.var(axis=0)
    return np.array([brought[list(group)].sum(axis=0) for group in groups]).T


def score(due: Array) -> float:
    """Share of the first source in all that neurons owe, rescaled: 1 for modular codes, 0 for wholly mixed ones.

    Neurons that owe nothing, as those of a dead network, are no modular code: 0.

    Args:
        due: (n, g) from `owed` or `served`.

    Example:
        >>> score(np.array([[1.0, 0.0], [0.0, 2.0]])), score(np.array([[1.0, 1.0]]))
        (1.0, 0.0)
    """
    count = due.shape[1]
    if not due.any():
        return 0.0
    return float((due.max(axis=1).sum() / due.sum() - 1 / count) / (1 - 1 / count))


def is_mixed(due: Array) -> bool:
    """Whether neurons that mix have a share that counts.

    Example:
        >>> is_mixed(np.array([[1.0, 0.0], [0.01, 0.01]])), is_mixed(np.array([[1.0, 0.0], [0.5, 0.5]]))
        (False, True)
    """
    total = due.sum(axis=1)
    mixed = total - due.max(axis=1) > MIXES * total
    return bool(total[mixed].sum() > COUNTS * total.sum())


@dataclass(frozen=True)
class Confidence:
    """A mean and the interval in which it lies with 95 % confidence."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.2f} ({self.low:.2f} to {self.high:.2f})"


def confidence(values: Sequence[float] | Array) -> Confidence:
    """Of a mean over seeds, by Student's t.

    Example:
        >>> confidence([1.0, 1.0, 1.0]).low
        1.0
    """
    from scipy.stats import t

    given = np.asarray(values, dtype=np.float64)
    half = t.ppf((1 + LEVEL) / 2, len(given) - 1) * given.std(ddof=1) / len(given) ** 0.5
    mean = float(given.mean())
    return Confidence(mean, mean - float(half), mean + float(half))


def rate(agreements: Sequence[float] | Array) -> Confidence:
    """Of how often something happens, by Wilson's interval: one number from 0 to 1 a data set, its share of seeds.

    Seeds on the same data are taken to be no independent trials, so that only data sets count as such.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference" (1927).

    Example:
        >>> str(rate([1.0] * 10))
        '1.00 (0.72 to 1.00)'
    """
    from scipy.stats import norm

    given = np.asarray(agreements, dtype=np.float64)
    count, mean, z = len(given), float(given.mean()), float(norm.ppf((1 + LEVEL) / 2))
    middle = (mean + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * (mean * (1 - mean) / count + z**2 / (4 * count**2)) ** 0.5
    return Confidence(mean, max(0.0, middle - half), min(1.0, middle + half))
