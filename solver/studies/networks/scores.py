"""How modular is a trained network, judged by its activity or its readout, and with what confidence.

A network need not be linear, so that no weights tell what a neuron reads. Where sources take few values each (a grid),
no model is needed: what a neuron owes to one source is its variance among samples that agree in all others. (In
sensitivity analysis this is the total effect of a factor.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from theory.arrays import Array

CONFIDENCE_LEVEL = 0.95


def telling(activity: Array) -> Array:
    """(T, m) activity of those of the neurons (T, n) that are part of the code; all of them where none varies.

    Descent silences neurons slowly: a variance below a hundredth of the largest is not part of the code.

    Example:
        >>> telling(np.array([[0.0, 0.0], [1.0, 0.01]])).shape
        (2, 1)
    """
    variance = activity.var(axis=0)
    return activity[:, variance > 0.01 * variance.max()] if variance.any() else activity


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
    variances = []
    for source in range(sources.shape[1]):
        _, place = np.unique(np.delete(sources, source, axis=1), axis=0, return_inverse=True)
        member = np.equal.outer(np.arange(place.max() + 1), place.ravel()) * chance
        total = member.sum(axis=1, keepdims=True)
        mean = (member @ activity) / np.where(total > 0, total, 1.0)
        variances.append(chance @ (activity - mean[place.ravel()]) ** 2)
    return np.array(variances).T


def served(activity: Array, decoder: Array, groups: Sequence[Sequence[int]]) -> Array:
    """(n, g) variance that each neuron contributes to the readout of each group of targets.

    It can be computed where no source varies alone, because one is a function of another, as a wave is of its half.

    Args:
        activity: (T, n) of the neurons.
        decoder: (r, n) weights of the readout.
        groups: rows of it that belong together.

    Example:
        >>> served(np.array([[0.0, 1], [2, 1]]), np.array([[3.0, 0], [0, 1]]), [[0], [1]]).tolist()
        [[9.0, 0.0], [0.0, 0.0]]
    """
    contributed = decoder**2 * activity.var(axis=0)
    return np.array([contributed[list(group)].sum(axis=0) for group in groups]).T


def score(due: Array) -> float:
    """Share of the first source in all that neurons owe, rescaled: 1 for modular codes, 0 for wholly mixed ones.

    A network that is silent throughout is no modular code: 0.

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


def is_mixed(due: Array) -> bool | None:
    """Whether the neurons that mix owe more than a twentieth of all; descent leaves traces below.

    A neuron mixes that owes more than a tenth to sources beside its first. A network that is silent throughout is
    neither modular nor mixed: None.

    Example:
        >>> is_mixed(np.array([[1.0, 0.0], [0.01, 0.01]])), is_mixed(np.array([[1.0, 0.0], [0.5, 0.5]]))
        (False, True)
        >>> is_mixed(np.zeros((2, 2))) is None
        True
    """
    total = due.sum(axis=1)
    if not total.any():
        return None
    mixed = total - due.max(axis=1) > 0.1 * total
    return bool(total[mixed].sum() > 0.05 * total.sum())


@dataclass(frozen=True)
class Confidence:
    """A mean and the interval in which it lies with 95 % confidence."""

    mean: float
    low: float
    high: float

    def columns(self, name: str, mean: str | None = None) -> dict[str, float]:
        """The three columns of a table; `mean` is the name of the first, if not that of the whole."""
        return {mean or name: self.mean, f"{name}_low": self.low, f"{name}_high": self.high}

    def __str__(self) -> str:
        return f"{self.mean:.2f} ({self.low:.2f} to {self.high:.2f})"


def confidence(values: Sequence[float] | Array) -> Confidence:
    """The interval of a mean over seeds, by Student's t.

    Example:
        >>> confidence([1.0, 1.0, 1.0]).low
        1.0
    """
    from scipy.stats import t

    sample = np.asarray(values, dtype=np.float64)
    half = t.ppf((1 + CONFIDENCE_LEVEL) / 2, len(sample) - 1) * sample.std(ddof=1) / len(sample) ** 0.5
    mean = float(sample.mean())
    return Confidence(mean, mean - float(half), mean + float(half))


def rate(agreements: Sequence[float] | Array) -> Confidence:
    """The interval of a rate, by Wilson's formula, from one number from 0 to 1 per data set, its share of seeds.

    Seeds on the same data are not independent, so that only data sets count as trials.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference" (1927).

    Example:
        >>> str(rate([1.0] * 10))
        '1.00 (0.72 to 1.00)'
    """
    from scipy.stats import norm

    count, mean, z = len(agreements), float(np.mean(agreements)), float(norm.ppf((1 + CONFIDENCE_LEVEL) / 2))
    middle = (mean + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * (mean * (1 - mean) / count + z**2 / (4 * count**2)) ** 0.5
    return Confidence(mean, max(0.0, middle - half), min(1.0, middle + half))


def error_bars(intervals: Sequence[Confidence]) -> tuple[Array, Array]:
    """(k,) the means, and (2, k) how far the intervals reach below and above, as matplotlib draws them."""
    means = np.array([one.mean for one in intervals])
    reach = [means - [one.low for one in intervals], np.array([one.high for one in intervals]) - means]
    return means, np.array(reach)
