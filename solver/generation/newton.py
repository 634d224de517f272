"""The step of Newton's method where the Hessian is not positive definite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from theory.arrays import Array


@dataclass(frozen=True)
class CurvatureTolerances:
    """Curvatures, relative to the largest, that are too small to divide by."""

    least: float = 1e-9  # parallel neurons leave flat directions
    least_of_coordinate: float = 1e-14  # below it a coordinate has no unit of its own


CURVATURE = CurvatureTolerances()


def newton_step(gradient: Array, hessian: Array) -> Array:
    """(N,) the step to the stationary point of a quadratic model, its curvature made positive where it is not."""
    # Each coordinate in its own units: the neurons of a source with a tiny share in the loss have tiny curvatures.
    diagonal = np.abs(np.diag(hessian))
    scale = np.sqrt(np.maximum(diagonal, CURVATURE.least_of_coordinate * diagonal.max(initial=0.0)))
    scale = np.where(scale > 0, scale, 1.0)
    values, vectors = np.linalg.eigh(hessian / np.outer(scale, scale))
    curvature = np.maximum(np.abs(values), CURVATURE.least * np.abs(values).max(initial=0.0))
    return np.asarray(-vectors @ ((vectors.T @ (gradient / scale)) / curvature) / scale)
