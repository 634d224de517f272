"""Optimisers of scipy: L-BFGS on the loss in the neurons, SLSQP and trust-constr on weights and biases."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import product

import numpy as np
from scipy.optimize import LinearConstraint, minimize
from scipy.sparse import csr_array, eye_array, hstack, kron

from benchmarks.peers.instances import Instance
from benchmarks.peers.trace import Run

SCIPY_SEEDS = range(5)
SOFTNESS = (0.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
"""Temperatures at which the largest of a neuron's demands is rounded off, one after the other; the first is the kinked
loss itself."""

PRICES = ((100.0, 1.5), (1_000.0, 2.0))
"""First prices of constraints that are broken, in an augmented Lagrangian, and by what they grow per round."""

ROUNDS, LARGEST_PRICE = 60, 1e5


class _TimeIsUpError(Exception):
    pass


class _Watched:
    """A loss whose evaluations are timed and kept, improvements only; judging them does not count."""

    def __init__(self, instance: Instance, limit: float, weights_of: Callable[[np.ndarray], np.ndarray]) -> None:
        self.instance, self.limit, self.weights_of = instance, limit, weights_of
        self.trace: list[tuple[float, float]] = []
        self.begun, self.paused = time.process_time(), 0.0

    def look(self, parameters: np.ndarray) -> None:
        now = time.process_time()
        spent = now - self.begun - self.paused
        excess = self.instance.excess(self.weights_of(parameters))
        if not self.trace or excess < self.trace[-1][1]:
            self.trace.append((spent, excess))
        self.paused += time.process_time() - now
        if spent > self.limit:
            raise _TimeIsUpError


def _smooth(weights: np.ndarray, energy: np.ndarray, corners: np.ndarray, softness: float) -> tuple[float, np.ndarray]:
    """Loss of the neurons and its gradient, with a maximum that is rounded off."""
    demands = -weights @ corners.T
    largest = demands.max(axis=1)
    if softness > 0:
        shares = np.exp((demands - largest[:, None]) / softness)
        total = shares.sum(axis=1)
        bias = largest + softness * np.log(total)
        slope = -(shares / total[:, None]) @ corners
    else:
        bias, slope = largest, -corners[demands.argmax(axis=1)]
    inverse = np.linalg.pinv(weights.T @ weights)
    value = ((weights @ energy) * weights).sum() + (bias**2).sum() + np.trace(inverse)
    gradient = 2 * (weights @ energy + bias[:, None] * slope - weights @ inverse @ inverse)
    return float(value), gradient


def _widths(instance: Instance) -> list[int]:
    """Numbers of neurons to try: as many as sources, half of what is always enough, and all of it."""
    return sorted({instance.points.shape[1], (instance.neurons + 1) // 2, instance.neurons})


def _begin(instance: Instance, neurons: int, seed: int) -> np.ndarray:
    shape = (neurons, instance.points.shape[1])
    return np.random.default_rng(seed).standard_normal(shape) / neurons**0.5


def lbfgs(instance: Instance, limit: float) -> Iterator[Run]:
    """L-BFGS on the loss in the neurons: as it is, and rounded off less and less."""
    sources = instance.problem.sources
    energy, corners = sources.covariance + np.eye(sources.dimension), sources.vertices

    def loss(flat: np.ndarray, softness: float) -> tuple[float, np.ndarray]:
        value, gradient = _smooth(flat.reshape(-1, sources.dimension), energy, corners, softness)
        return value, gradient.ravel()

    kinds = {"kinked": SOFTNESS[:1], "rounded off less and less": SOFTNESS[1:]}
    for seed, setting, neurons in product(SCIPY_SEEDS, kinds, _widths(instance)):
        flat = _begin(instance, neurons, seed).ravel()
        watched = _Watched(instance, limit, lambda flat: flat.reshape(-1, sources.dimension))
        with suppress(_TimeIsUpError):
            for softness in kinds[setting]:
                options = {"maxiter": 5_000, "ftol": 1e-16, "gtol": 1e-12}
                flat = minimize(loss, flat, (softness,), "L-BFGS-B", jac=True, callback=watched.look, options=options).x
        yield Run(f"{setting}, {neurons} neurons", 0.0, watched.trace)


class _Joint:
    """The problem in weights and biases together, as one flat array: a smooth loss and linear constraints."""

    def __init__(self, instance: Instance, neurons: int, seed: int) -> None:
        sources = instance.problem.sources
        self.neurons, self.dimension = neurons, sources.dimension
        self.energy = sources.covariance + np.eye(sources.dimension)
        corners = sources.vertices
        # The activity of every neuron on every extreme sample is nonnegative.
        self.activity = csr_array(
            hstack([kron(eye_array(neurons), csr_array(corners)), kron(eye_array(neurons), np.ones((len(corners), 1)))])
        )
        weights = _begin(instance, neurons, seed)
        self.begin = np.concatenate([weights.ravel(), sources.support(weights)])

    def weights(self, flat: np.ndarray) -> np.ndarray:
        return flat[: self.neurons * self.dimension].reshape(self.neurons, self.dimension)

    def loss(self, flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights, bias = self.weights(flat), flat[self.neurons * self.dimension :]
        inverse = np.linalg.pinv(weights.T @ weights)
        value = ((weights @ self.energy) * weights).sum() + (bias**2).sum() + np.trace(inverse)
        gradient = 2 * (weights @ self.energy - weights @ inverse @ inverse)
        return float(value), np.concatenate([gradient.ravel(), 2 * bias])


def augmented_lagrangian(instance: Instance, limit: float) -> Iterator[Run]:
    """L-BFGS on weights and biases, with the constraints in an augmented Lagrangian (Nocedal and Wright 2006, 17.4)."""
    for seed, (first, growth), neurons in product(SCIPY_SEEDS, PRICES, _widths(instance)):
        joint = _Joint(instance, neurons, seed)
        watched = _Watched(instance, limit, joint.weights)
        flat, forces, price = joint.begin, np.zeros(joint.activity.shape[0]), first

        def augmented(
            flat: np.ndarray, forces: np.ndarray, price: float, joint: _Joint = joint
        ) -> tuple[float, np.ndarray]:
            value, gradient = joint.loss(flat)
            pushed = np.maximum(forces - price * (joint.activity @ flat), 0)
            return value + float(pushed @ pushed) / (2 * price), gradient - joint.activity.T @ pushed

        options = {"maxiter": 200, "maxcor": 30, "ftol": 1e-15, "gtol": 1e-10}
        with suppress(_TimeIsUpError):
            for _ in range(ROUNDS):
                arguments = (forces, price)
                minimum = minimize(
                    augmented, flat, arguments, "L-BFGS-B", jac=True, callback=watched.look, options=options
                )
                flat = minimum.x
                forces = np.maximum(forces - price * (joint.activity @ flat), 0)
                price = min(growth * price, LARGEST_PRICE)
        yield Run(f"price {first:g} times {growth:g} a round, {neurons} neurons", 0.0, watched.trace)


def _joint(instance: Instance, limit: float, method: str, neurons: int, seed: int, *, options: dict[str, float]) -> Run:
    joint = _Joint(instance, neurons, seed)
    if method == "SLSQP":
        dense = joint.activity.toarray()
        constraints = {"type": "ineq", "fun": lambda flat: dense @ flat, "jac": lambda _: dense}
    else:
        constraints = LinearConstraint(joint.activity, 0.0, np.inf)
    watched = _Watched(instance, limit, joint.weights)

    def follow(flat: np.ndarray, *_: object) -> None:
        watched.look(np.asarray(flat))

    with suppress(_TimeIsUpError), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of updates that are skipped
        minimize(
            joint.loss, joint.begin, jac=True, method=method, constraints=constraints, callback=follow, options=options
        )
    return Run(f"{method}, {neurons} neurons", 0.0, watched.trace)


def slsqp(instance: Instance, limit: float) -> Iterator[Run]:
    """SLSQP on weights and biases, the decoder eliminated, one constraint a neuron and extreme sample."""
    corners = len(instance.problem.sources.vertices)
    # SLSQP holds the constraints in one dense matrix.
    widths = [neurons for neurons in _widths(instance) if neurons * corners <= 3_000]
    if not widths:
        yield Run("SLSQP", note="not begun: too many constraints for a dense matrix")
    for seed, neurons in product(SCIPY_SEEDS, widths):
        yield _joint(instance, limit, "SLSQP", neurons, seed, options={"maxiter": 5_000, "ftol": 1e-15})


def trust_constr(instance: Instance, limit: float) -> Iterator[Run]:
    """The interior-point method trust-constr on the same."""
    for seed in SCIPY_SEEDS:
        options = {"maxiter": 5_000, "gtol": 1e-12, "xtol": 1e-14}
        run = _joint(instance, limit, "trust-constr", instance.neurons, seed, options=options)
        yield run
        if run.trace and run.trace[-1][0] > limit:
            return
