"""How long blocks of time must be for a resample to keep how samples follow each other.

The rule of Politis and White for the stationary bootstrap: the length that estimates the variance of a mean best,

    b = (G^2 / g^2)^(1/3) T^(1/3),      G = sum_k L(k/M) |k| R(k),      g = sum_k L(k/M) R(k),

with autocovariances R(k), the window L(t) = 1 up to 1/2 and then 2 (1 - t), and M twice the lag from which on all
correlations are negligible.

1. The series whose means make the moments of the sources: every source, and every product of two, about its mean.
2. Their autocovariances, by Fourier transforms.
3. M: twice the first lag that is followed by some lags with correlations below 2 sqrt(log10 T / T).
4. The rule for each series; the longest length, within one and the least of 3 sqrt(T) and T / 3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from theory.arrays import Array


@dataclass(frozen=True)
class BlockLimits:
    """Constants of the rule, as Politis and White (2004) give them."""

    negligible: float = 2.0  # correlations below so many sqrt(log10 T / T) are
    lags: int = 5  # in a row that must be negligible, at least
    roots: float = 3.0  # no length beyond so many sqrt(T)
    share: float = 1 / 3  # nor beyond this share of the samples


BLOCKS = BlockLimits()


def block_length(series: Array) -> float:
    """Mean length of blocks for the stationary bootstrap of samples that follow each other in time.

    It is one where they do not depend on each other, and at most the least of 3 sqrt(T) and T / 3: a length at that
    limit says that the series is too short to tell.

    Args:
        series: (T, d) one row per sample, in the order of time.

    Source: Politis and White, Econometric Reviews 23 (2004) 53-70, with the correction of Patton, Politis and White,
        Econometric Reviews 28 (2009) 372-375.

    Example:
        >>> drawn = np.random.default_rng(0).standard_normal((1000, 1))
        >>> walk = np.convolve(drawn[:, 0], np.ones(20), mode="valid")[:, None]
        >>> block_length(drawn) < 5, block_length(walk) > 15
        (True, True)
    """
    rows = np.asarray(series, dtype=float)
    most = max(1.0, min(BLOCKS.roots * math.sqrt(len(rows)), BLOCKS.share * len(rows)))
    scale = rows.std(axis=0)
    # Step 1.
    centred = (rows - rows.mean(axis=0)) / np.where(scale > 0, scale, 1.0)
    first, second = np.triu_indices(rows.shape[1])
    longest = 1.0
    for values in (*centred.T, *(centred[:, i] * centred[:, j] for i, j in zip(first, second, strict=True))):
        # Step 4.
        longest = max(longest, _length(values - values.mean()))
    return float(min(longest, most))


def _length(values: Array) -> float:
    """Step 4: the rule for one series (T,) of mean zero."""
    count = len(values)
    reach = min(count - 1, math.ceil(math.sqrt(count)) + BLOCKS.lags)
    covariance = _autocovariance(values, 2 * reach)
    if not covariance[0] > 0:
        return 1.0
    window = _reach_of(covariance / covariance[0], count, reach)
    lags = np.arange(1, min(2 * window, len(covariance) - 1) + 1)
    weights = np.minimum(1.0, 2 * (1 - lags / max(1, 2 * window)))
    slope = 2 * float((weights * lags * covariance[lags]).sum())
    level = float(covariance[0]) + 2 * float((weights * covariance[lags]).sum())
    if not level > 0:
        return math.inf if slope else 1.0
    return float(np.cbrt(slope**2 / level**2 * count))


def _autocovariance(values: Array, lags: int) -> Array:
    """Step 2: (lags + 1,) at most: sums of products with the series itself, so much later, over T."""
    size = 1 << (2 * len(values) - 1).bit_length()
    spectrum = np.abs(np.fft.rfft(values, size)) ** 2
    return np.asarray(np.fft.irfft(spectrum, size)[: min(lags + 1, len(values))] / len(values))


def _reach_of(correlation: Array, count: int, most: int) -> int:
    """Step 3, M / 2: the last lag before a row of negligible correlations; `most` where there is no such row."""
    row = max(BLOCKS.lags, math.ceil(math.sqrt(math.log10(count))))
    negligible = np.abs(correlation[1:]) < BLOCKS.negligible * math.sqrt(math.log10(count) / count)
    runs = np.convolve(negligible, np.ones(row), mode="valid") == row
    return min(int(np.argmax(runs)), most) if runs.any() else most
