"""Types of arrays. Their shapes are words of docstrings, in one notation.

T samples of d sources, dx channels, n neurons, r targets: sources (T, d), mixing (dx, d), weights (n, d), activity
(T, n), targets (r, d). They are not checked types (jaxtyping): a shape here follows from data, which a checker of types
does not see, and at run time every public function checks what it is given.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Array", "ArrayLike", "Indices", "Integers", "Mask", "Rationals", "Surds"]

Array = NDArray[np.float64]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]

# Of Python objects, for arithmetic without rounding.
Integers = NDArray[np.object_]
Rationals = NDArray[np.object_]
Surds = NDArray[np.object_]
