"""Codes that cost less than they could if a bound were true: descents of the checker's own, and other methods' codes.

Any code is an argument against a lower bound above its loss, and against an answer called optimal that costs more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.soundness.neurons import Whitened, smooth_biases

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchmarks.soundness.draws import Drawn

    Array = NDArray[np.float64]

__all__ = ["codes_of_other_methods", "descents", "modular_code"]

POWERS = (6, 24, 96, 384, 1536)
"""The bias as a norm of these powers, ever closer to the maximum: stages of a descent."""

STEPS = 60
"""Quasi-Newton steps of a stage."""

DESCENTS = 2
"""From random starts; one more starts at the answer."""

MOST_ENTRIES = 200_000
"""Neurons times samples of a descent: where there are many samples it starts with fewer neurons."""

SECONDS = 0.5
"""What the method `alternating` may take."""

MOST_SAMPLES_OF_CONIC = {1: 100, 2: 60, 3: 20}
"""Samples, by number of sources, up to which the method `conic` is asked."""

ASKED_OF_CONIC = 4
"""Of so many problems one is given to the method `conic`."""


def modular_code(problem: Drawn, white: Whitened) -> Array:
    """(d, d) the best code with one neuron a source: the fourth power of its weight is worth over cost."""
    axes = np.vstack([np.eye(problem.dimension), -np.eye(problem.dimension)])
    costs = white.costs(white.rows(axes)).reshape(2, -1)
    side = np.where(costs[0] <= costs[1], 1.0, -1.0)
    worth = problem.decoder_cost * (white.mixing**2).sum(axis=0)
    return np.diag(side * (worth / costs.min(axis=0)) ** 0.25)


def descents(white: Whitened, weights: Array, rng: np.random.Generator) -> Iterator[Array]:
    """Yield codes (n, d) that descents end in: from the answer with a few neurons more, and from random starts.

    Args:
        white: the problem.
        weights: (n, d) the answer's code.
        rng: draws the starts.
    """
    balanced = _Balanced(white)
    dimension = len(white.inverse)
    extra = 0.1 * rng.standard_normal((dimension, dimension))
    yield balanced.descent(np.vstack([balanced.rows(weights), extra]))
    most = max(dimension, MOST_ENTRIES // len(white.corners))
    count = min(dimension * (dimension + 1) // 2 + dimension, most)
    for _ in range(DESCENTS):
        yield balanced.descent(rng.standard_normal((count, dimension)) / count**0.5)


class _Balanced:
    """Coordinates in which the code that would be best without biases has the identity for its G."""

    def __init__(self, white: Whitened) -> None:
        _, size, directions = np.linalg.svd(white.mixing @ white.matrix.T, full_matrices=False)
        balance = size * white.decoder_cost**0.5
        self.white = white
        self.half = directions.T * np.sqrt(balance)
        self.unit = float(balance.sum())
        self.energy = balance / self.unit
        self.corners = white.corners @ self.half / self.unit**0.5

    def rows(self, weights: Array) -> Array:
        """Coordinates of a code with these weights on the sources."""
        return np.linalg.solve(self.half, self.white.rows(weights).T).T

    def descent(self, rows: Array) -> Array:
        """Weights on the sources of the cheapest code that was come by, by its true biases."""
        from scipy.optimize import minimize

        best, least = rows, self._loss(rows)
        for power in POWERS:
            found = minimize(
                self._smooth_loss,
                rows.ravel(),
                args=(power,),
                jac=True,
                method="L-BFGS-B",
                options={"maxiter": STEPS, "ftol": 1e-14, "gtol": 1e-9},
            )
            rows = found.x.reshape(rows.shape)
            loss = self._loss(rows)
            if loss < least:
                best, least = rows, loss
        return self.white.weights(best @ self.half.T)

    def _loss(self, rows: Array) -> float:
        bias = (rows @ self.corners.T).max(axis=1)
        try:
            readout = float(self.energy @ np.diag(np.linalg.inv(rows.T @ rows)))
        except np.linalg.LinAlgError:
            return np.inf
        return float((rows**2 @ self.energy).sum() + bias @ bias + readout) if readout > 0 else np.inf

    def _smooth_loss(self, flat: Array, power: int) -> tuple[float, Array]:
        rows = flat.reshape(-1, len(self.energy))
        try:
            inverse = np.linalg.inv(rows.T @ rows)
        except np.linalg.LinAlgError:
            return np.inf, np.zeros_like(flat)
        bias, slope = smooth_biases(self.corners, rows, power)
        readout = float(self.energy @ np.diag(inverse))
        if not readout > 0:
            return np.inf, np.zeros_like(flat)
        loss = float((rows**2 @ self.energy).sum() + bias @ bias + readout)
        fall = rows * self.energy + bias[:, None] * slope - rows @ (inverse * self.energy @ inverse)
        return loss, 2 * fall.ravel()


def codes_of_other_methods(problem: Drawn) -> Iterator[tuple[str, Array]]:
    """Yield (method, weights (n, d)) from the program's own methods that know nothing of the answer."""
    from solver import Problem, solve
    from theory.errors import InputError

    posed = Problem(problem.points, **problem.options())
    yield "alternating", solve(posed, method="alternating", time_limit=SECONDS, rng=1).source_weights
    few = len(problem.points) <= MOST_SAMPLES_OF_CONIC.get(problem.dimension, 0)
    if few and problem.index % ASKED_OF_CONIC == 0:
        try:
            yield "conic", solve(posed, method="conic", rng=1).source_weights
        except InputError:
            # It takes no more than so many cones.
            return
