"""How much one variable tells about another, estimated from samples by their nearest neighbours.

One estimate serves numbers, classes and mixtures of both (a rectified neuron is silent on many samples and graded on
the others). The information that x tells about y, given z:

1. Replace numbers by their ranks, so that units and monotone functions do not matter; put classes far apart.
2. The reach of a sample is the distance of its fourth neighbour in x, y and z together (the largest difference).
3. Count the other samples within reach: k in all variables, n in some of them alone.
4. Average over samples psi(k) - psi(n in x and z) - psi(n in y and z) + psi(n in z), psi being the digamma function.

Sources: Kraskov, Stoegbauer, Grassberger, "Estimating mutual information" (Physical Review E, 2004); Frenzel, Pompe,
"Partial mutual information" (Physical Review Letters, 2007); Mesner, Shalizi, "Conditional mutual information
estimation for mixed, discrete and continuous data" (IEEE Transactions on Information Theory, 2021).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.special import digamma

from theory.arrays import Array
from theory.geometry.levels import levels


@dataclass(frozen=True)
class InformationSettings:
    """How near and how far apart samples are."""

    neighbours: int = 4  # which nearest neighbour of a sample says what is near
    same: float = 1e-9  # distance of two values, relative to their range, up to which they are one
    apart: int = 4  # distance of two classes that follow each other, in numbers of samples: farther than any two ranks


INFORMATION = InformationSettings()


def ranks(values: Array) -> Array:
    """Step 1: (T,) ranks of values (T,), from zero; equal for values that are equal up to rounding.

    Example:
        >>> ranks(np.array([0.3, 7.0, 0.3, -1.0])).tolist()
        [1.5, 3.0, 1.5, 0.0]
    """
    level = levels(values[:, None], INFORMATION.same * np.ptp(values))[:, 0]
    counts = np.bincount(level)
    return np.asarray((np.cumsum(counts) - (counts + 1) / 2)[level])


def information(
    one: Array, other: Array, known: Array | None = None, neighbours: int = INFORMATION.neighbours
) -> float:
    """Nats that one variable tells about another beyond what is known.

    Of independent variables it is about zero, and may be below.

    Args:
        one: (T,) ranks of one variable, or numbers of classes that are farther apart than ranks are.
        other: (T,) of the other. Told about itself is its entropy, at the resolution of this estimate.
        known: (T, k) of others that are known already.
        neighbours: number of the nearest neighbour that is the reach of a sample.

    Example:
        >>> coin = ranks(np.array([0.0, 1.0] * 500))
        >>> bool(abs(information(coin, coin) - np.log(2)) < 0.01), information(coin, np.repeat(coin[:2], 500)) < 0.01
        (True, True)
    """
    known = np.empty((len(one), 0)) if known is None else known
    first, second = np.column_stack([one, known]), np.column_stack([other, known])
    # Step 2.
    both = np.column_stack([one, other, known])
    reach = cKDTree(both).query(both, k=[neighbours + 1], p=np.inf)[0][:, 0]
    # Steps 3 and 4.
    shared = digamma(_near(both, reach)) - digamma(_near(first, reach)) - digamma(_near(second, reach))
    return float(np.mean(shared + digamma(_near(known, reach))))


def _near(values: Array, reach: Array) -> NDArray[np.intp]:
    """(T,) how many other samples lie within reach (T,) of each."""
    count, width = values.shape
    if not width:
        return np.full(count, count - 1)
    if width == 1:
        rising = np.sort(values[:, 0])
        above = np.searchsorted(rising, values[:, 0] + reach, side="right")
        return np.asarray(above - np.searchsorted(rising, values[:, 0] - reach, side="left") - 1)
    return np.asarray(cKDTree(values).query_ball_point(values, reach, p=np.inf, return_length=True)) - 1
