"""From the prices of resamples to an interval for the price of modularity (docs/bootstrap.md).

The price depends on the moments of the sources, which samples tell to within 1 / sqrt(T), and on the ends of their
range, which samples never reach: a hull is too small, by some power of T between 1/d and 1. So prices are off in one
direction, most often too high, and those of resamples, whose hulls are smaller still, are off once more.

1. Centre the prices of resamples; by so much is the price of the data about to vary.
2. By as much as their mean is above the price of the data, that is taken to be above the price that is looked for.
3. Scale both to the number of samples. Of half the samples, without replacement, neither needs it: the variance of a
   price of half of them about the price of all is that of the price of all about the truth.
4. Reflect: prices that are high say that the truth is low. No price is negative.
5. What was subtracted in step 2 is itself known to within chance. How much less it follows from the price than it
   would if all samples counted alike is told by parts of the resamples: if the price of a part rises by s where that of
   its resample rises by one, the corrected price varies 2 - s times as much as the price (of halves; s is one where
   nothing depends on extremes).
6. Near the boundary of modularity a price is the square of how far beyond one is, or zero: of data that are near it
   by chance the price is too low, and so is how much it seems to vary. The upper end is the largest of that of step 5,
   of the same for the roots of the prices, and of what the resamples themselves say. The lower end stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from theory.arrays import Array, Indices
from theory.immutable import Frozen


def percentiles(prices: Array, level: float) -> tuple[float, float]:
    """The two prices between which the middle share of prices lies; NaN where there are none.

    Args:
        prices: (b,) some of which may be NaN, for none.
        level: the share.

    Example:
        >>> percentiles(np.array([0.0, 1.0, 2.0, 3.0, 4.0, np.nan]), 0.5)
        (1.0, 3.0)
    """
    known = prices[np.isfinite(prices)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def price_interval(
    price: float, prices: Array, level: float, *, share: float, replaced: bool, parts: Array | None = None
) -> tuple[float, float]:
    """The interval for the price of modularity: steps 1 to 6.

    Args:
        price: of the data.
        prices: (b,) of resamples; NaN where one has none.
        level: as for `reflected`.
        share: as for `reflected`.
        replaced: as for `reflected`.
        parts: as for `reflected`.

    Example:
        >>> price_interval(2.0, np.array([1.0, 2.0, 3.0, 4.0, 5.0]), 0.5, share=0.5, replaced=False)
        (0.0, 4.0)
    """
    low, high = reflected(price, prices, level, share=share, replaced=replaced, parts=parts)
    roots = None if parts is None else np.sqrt(parts)
    of_root = reflected(price**0.5, np.sqrt(prices), level, share=share, replaced=replaced, parts=roots)[1]
    return low, max(high, of_root**2, percentiles(prices, level)[1])


def reflected(
    price: float, prices: Array, level: float, *, share: float, replaced: bool, parts: Array | None = None
) -> tuple[float, float]:
    """Prices of resamples, corrected by their excess, reflected and widened: steps 1 to 5.

    Args:
        price: of the data.
        prices: (b,) of resamples; NaN where one has none.
        level: 0.95 for an interval that is to cover the price in 95 of 100 cases.
        share: samples in a resample, as a share of those of the data; below one without replacement.
        replaced: whether they were drawn with replacement.
        parts: (k,) prices of parts of the first k resamples, each the same share of its resample; none if not given.

    Source: Efron's reflected ("basic") interval, Davison and Hinkley, Bootstrap Methods and their Application
        (Cambridge 1997), section 5.2; without replacement Politis and Romano, Annals of Statistics 22 (1994) 2031-2050,
        scaled for shares that are not small as for the delete-d jackknife: Shao and Wu, Annals of Statistics 17 (1989)
        1176-1197.

    Example:
        >>> reflected(2.0, np.array([1.0, 2.0, 3.0, 4.0, 5.0]), 0.5, share=0.5, replaced=False)
        (0.0, 2.0)
    """
    known = prices[np.isfinite(prices)]
    if not len(known):
        return float("nan"), float("nan")
    (low, high), mean = percentiles(known, level), float(known.mean())
    more = share if replaced else 1 / (1 / share - 1)
    centre, spread = price - more * (mean - price), more**0.5 * _widened(prices, parts, more)
    return max(0.0, centre - spread * (high - mean)), max(0.0, centre - spread * (low - mean))


def _widened(prices: Array, parts: Array | None, more: float) -> float:
    """How many times as much as a price one varies that is corrected by `more` times its excess."""
    if parts is None:
        return 1.0
    known = np.isfinite(prices[: len(parts)]) & np.isfinite(parts)
    first, second = prices[: len(parts)][known], parts[known]
    variance = float(first.var()) if len(first) > 1 else 0.0
    if not variance > 0:
        return 1.0
    slope = float(((first - first.mean()) * (second - second.mean())).mean()) / variance
    return 1 + more * (1 - min(1.0, max(0.0, slope)))


@dataclass(frozen=True, eq=False)
class PriceBySamples(Frozen):
    """The price of modularity against the number of samples: of some of them, drawn without replacement.

    Attributes:
        sizes: (k,) numbers of samples, increasing; the last is that of the data.
        prices: k arrays of the prices of as many draws; of the last the price of the data. NaN where one has none.
        level: share of the prices between `low` and `high`.
    """

    sizes: Indices
    prices: tuple[Array, ...]
    level: float

    @property
    def means(self) -> Array:
        """(k,) of the prices that are known; NaN where none is."""
        known = [drawn[np.isfinite(drawn)] for drawn in self.prices]
        return np.array([drawn.mean() if len(drawn) else np.nan for drawn in known])

    @property
    def low(self) -> Array:
        """(k,) below which half of the rest lies."""
        return np.array([percentiles(drawn, self.level)[0] for drawn in self.prices])

    @property
    def high(self) -> Array:
        """(k,) above which half of the rest lies."""
        return np.array([percentiles(drawn, self.level)[1] for drawn in self.prices])
