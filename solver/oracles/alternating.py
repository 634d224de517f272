"""Local descent from random starts: the field's own way, done well, as the baseline the other methods are held to.

All weights are moved at once by a quasi-Newton method on the loss with the decoder eliminated, so that no alternation
between encoder and decoder is left to slow it down. The bias h(w) = max_t v_t.w has kinks; it is replaced by the smooth

    |w| log (sum_t exp(sharpness v_t.w / |w|)) / sharpness,

which is made sharper in stages, each started where the last one ended. Nothing convex is used: like training, it can
end in a code that is only locally best, with any number of neurons from d on.

1. Draw a code.
2. Minimise the smooth loss by L-BFGS; take the result if the true loss is no higher.
3. Sharpen, and go back to 2 until the last stage.
4. End where the certificate meets the loss, or else go back to 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from solver.certificate import best_bound
from solver.generation.loss import ScaledLoss
from solver.methods.iterate import Iterate
from solver.methods.options import Option
from theory.arrays import Array
from theory.errors import InputError
from theory.inputs import whole_number
from theory.problem import Problem

OPTIONS = (
    Option(
        "neurons", takes="a number", otherwise="uses as many as help", read=lambda one: whole_number(one, "neurons", 1)
    ),
)


@dataclass(frozen=True)
class DescentLimits:
    """How long to descend, and with how many neurons."""

    restarts: int = 12  # unless a certificate or a limit ends the search before
    first_stages: tuple[int, ...] = (
        2,
        0,
        4,
    )  # of successive starts: smooth ones find good regions
    most_per_source: int = 6  # neurons, if not told otherwise, and no more than d (d + 1), twice what is enough
    steps: int = 500  # of the quasi-Newton method in one stage
    stored_steps: int = 25  # copies of the weights that it keeps: two for each of its ten steps, and a few besides
    memory: int = 1 << 30  # bytes that the neurons may need at once
    shown: int = 10**12  # a larger number of neurons is told as this one


DESCENT = DescentLimits()

SHARPNESS = tuple(10.0 ** (power / 2) for power in range(3, 17))
"""Stages, in units in which the modular code's biases are of order one: the last is exact to about eight digits."""


def steps(
    problem: Problem, *, tolerance: float, rng: np.random.Generator, neurons: int | None = None
) -> Iterator[Iterate]:
    """Yield the code after each stage of each start that is the best so far of its start.

    Args:
        problem: any number of sources.
        tolerance: the search ends early once a code is certified up to this gap.
        rng: draws the starts.
        neurons: number of neurons, at least d where the readout is exact, of targets of a lower rank too.

    Raises:
        InputError: too few neurons to recover all sources, or more than fit into memory.
    """
    dimension = problem.dimension
    if neurons is not None and neurons < dimension and problem.readout.exact:
        raise InputError(f"neurons: {neurons} cannot carry {dimension} sources exactly; give at least {dimension}")
    count = neurons or min(dimension * (dimension + 1), DESCENT.most_per_source * dimension)
    if neurons is not None:
        _require_memory(problem, neurons)
    for restart in range(DESCENT.restarts):
        # step 1
        weights = ScaledLoss(problem).size * rng.standard_normal((count, dimension)) / count**0.5
        best = np.inf
        for moved in descend(problem, weights, DESCENT.first_stages[restart % len(DESCENT.first_stages)]):
            loss = problem.loss(moved)
            if loss < best:
                best = loss
                multiplier = problem.multiplier(moved.T @ moved)
                yield Iterate(moved, multiplier, loss, -np.inf)
        bound = best_bound(problem, multiplier).value
        yield Iterate(moved, multiplier, best, bound, priced=True)
        if bound >= best * (1 - tolerance):  # step 4
            return


def _require_memory(problem: Problem, neurons: int) -> None:
    """Refuse neurons by their tables: three of pairs of them, four of their values at the vertices, and the steps'."""
    dimension, vertices = problem.dimension, len(problem.sources.vertices)
    bytes_per_number = 8
    per_neuron = bytes_per_number * (4 * vertices + DESCENT.stored_steps * dimension)
    per_pair = bytes_per_number * 3
    most = int((-per_neuron + (per_neuron**2 + 4 * per_pair * DESCENT.memory) ** 0.5) / (2 * per_pair))
    enough = dimension * (dimension + 1) // 2
    if neurons > max(most, enough):
        shown = min(neurons, DESCENT.shown)
        needed = (per_neuron + per_pair * shown) * shown / 1e9
        raise InputError(
            f"neurons: {shown} need about {needed:.2g} GB of memory; give at most {max(most, enough)}, "
            f"of which {enough} are enough for an optimal code of {dimension} source(s)"
        )


def descend(
    problem: Problem,
    weights: Array,
    first: int = 0,
    *,
    stages: Sequence[float] = SHARPNESS,
    most_steps: int | None = None,
) -> Iterator[Array]:
    """Yield the code (n, d) after each stage of one descent; the true loss never rises from one to the next.

    Args:
        problem: any number of sources.
        weights: (n, d) where to start, spanning the sources.
        first: stage to enter at.
        stages: how sharp the maximum is in each.
        most_steps: quasi-Newton steps at most in one stage.
    """
    from scipy.optimize import minimize

    smooth = _SmoothLoss(problem)
    current, loss = smooth.scaled.neurons(weights), problem.loss(weights)
    for sharpness in stages[first:]:  # steps 2 and 3
        minimum = minimize(
            smooth,
            current.ravel(),
            args=(sharpness,),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": most_steps or DESCENT.steps, "ftol": 1e-15, "gtol": 1e-10},
        )
        moved = minimum.x.reshape(current.shape)
        value = problem.loss(smooth.scaled.weights(moved))
        # The smooth loss is not the loss: a stage that made it worse is not taken, and the next starts from before.
        if value <= loss:
            current, loss = moved, value
        yield smooth.scaled.weights(current)


class _SmoothLoss:
    """The loss and its gradient with a smooth maximum, where the best modular code is the identity and costs one."""

    def __init__(self, problem: Problem) -> None:
        self.scaled = ScaledLoss(problem)

    def __call__(self, flat: Array, sharpness: float) -> tuple[float, Array]:
        weights = flat.reshape(-1, len(self.scaled.size))
        try:
            # A neuron of length zero has no direction; it is left out of the way of a division.
            weights = np.where(np.abs(weights).max(axis=1, keepdims=True) > 0, weights, np.finfo(float).tiny)
            code = weights.T @ weights
            multiplier = self.scaled.readout.multiplier(code)
        except np.linalg.LinAlgError:
            return np.inf, np.zeros_like(flat)
        # Relative to the length of a neuron: otherwise the smoothing costs small neurons more than they are worth.
        length = np.linalg.norm(weights, axis=1, keepdims=True)
        units = weights / length
        values = units @ self.scaled.normals.T
        highest = values.max(axis=1, keepdims=True)
        share = np.exp(sharpness * (values - highest))
        total = share.sum(axis=1, keepdims=True)
        height = highest + np.log(total) / sharpness
        middle = (share / total) @ self.scaled.normals
        rise = middle + (height - (middle * units).sum(axis=1, keepdims=True)) * units
        energy = weights @ self.scaled.energy_matrix
        bias = length * height
        loss = float((energy * weights).sum() + (bias**2).sum() + self.scaled.readout.value(code))
        slope = energy + bias * rise - weights @ multiplier
        return loss, 2 * slope.ravel()
