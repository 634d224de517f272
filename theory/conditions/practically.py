"""When a code counts as modular for practical purposes: by what one source per neuron costs more.

Samples of a continuous distribution are never exactly modular (docs/mathematics.md, "The modularity condition"). What
can be told apart in practice is how much the best modular code costs more, its price.
"""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

from theory.errors import InputError

PRACTICALLY = 1e-3
"""Price of modularity up to which a code is modular for practical purposes, unless another is asked for."""

NO_PRICE = 1e-10  # a price up to this is none: rounding tells no smaller one


def practically_modular(least: float, most: float, practically: float = PRACTICALLY) -> bool | None:
    """Whether the price of modularity is proven to be at most a threshold; None where its bounds leave that open.

    Example:
        >>> practically_modular(3e-5, 4e-5), practically_modular(0.15, 0.16), practically_modular(0.0, 0.16)
        (True, False, None)
    """
    if most <= max(practically, NO_PRICE):
        return True
    return False if least > practically else None


def excess(loss: float, other: float) -> float:
    """By what share a loss is above another one, or above a lower bound; infinite where that is no bound at all.

    Example:
        >>> round(excess(8.0, 7.9), 4), excess(8.0, 8.1), excess(8.0, 0.0)
        (0.0127, 0.0, inf)
    """
    return max(0.0, loss / other - 1) if other > 0 else math.inf


def checked_threshold(practically: Any) -> float:
    """The threshold as a number.

    Raises:
        InputError: anything but a finite number from zero on.
    """
    if isinstance(practically, bool) or not isinstance(practically, Real) or not 0 <= float(practically) < math.inf:
        raise InputError(
            f"practically: {practically!r} is no price; give a number from zero on, such as 0.001 for 0.1 %"
        )
    return float(practically)
