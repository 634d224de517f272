"""Codes of rectified and free neurons found by plain local descent, with the best decoder of each in closed form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np
from scipy.optimize import minimize

from benchmarks.soundness.nonlinear_setting import NonlinearClaim, Setting
from theory.arrays import Array

Generator = np.random.Generator

__all__ = ["descents"]


class _Floats:
    """The loss of rectified or free neurons and its slope, in floats, of sources about their mean in units of range."""

    def __init__(self, setting: Setting) -> None:
        problem = setting.problem
        self.mean, self.size = problem.points.mean(axis=0), np.ptp(problem.points, axis=0)
        self.rows = np.column_stack([(problem.points - self.mean) / self.size, np.ones(len(problem.points))])
        self.shares = setting.shares.astype(float)
        self.counted = setting.counted.astype(float)
        self.targets = np.sqrt(self.counted)[:, None] * setting.targets.astype(float)
        self.activity_cost, self.decoder_cost = float(setting.activity_cost), float(setting.decoder_cost)
        assert setting.error_cost is not None
        self.delta = float(setting.decoder_cost / setting.error_cost)
        self.weight_costs = np.zeros((self.rows.shape[1], self.rows.shape[1]))
        if setting.rectified:
            self.weight_costs[:-1, :-1] = setting.weight_costs.astype(float) / np.outer(self.size, self.size)

    def of_activity(self, activity: Array) -> tuple[float, Array]:
        """The loss without what weights cost, and its slope (T, n)."""
        root = np.sqrt(self.counted)[:, None]
        seen = root * (activity - self.counted @ activity)
        solved = np.linalg.solve(self.delta * np.eye(len(seen)) + seen @ seen.T, self.targets)
        loss = self.decoder_cost * float((self.targets * solved).sum())
        slope = root * (-2 * self.decoder_cost * solved @ (solved.T @ seen))
        slope = slope - self.counted[:, None] * slope.sum(axis=0)
        loss += self.activity_cost * float((self.shares @ activity**2).sum())
        return loss, slope + 2 * self.activity_cost * self.shares[:, None] * activity

    def of_neurons(self, neurons: Array) -> tuple[float, Array]:
        """The loss of rectified neurons (n, d + 1), and its slope."""
        drive = self.rows @ neurons.T
        loss, slope = self.of_activity(np.maximum(0.0, drive))
        priced = neurons @ self.weight_costs
        return loss + float((priced * neurons).sum()), ((drive > 0) * slope).T @ self.rows + 2 * priced

    def decoder(self, activity: Array) -> Array:
        """(r, n) the best."""
        root = np.sqrt(self.counted)[:, None]
        seen = root * (activity - self.counted @ activity)
        gram = seen.T @ seen + self.delta * np.eye(seen.shape[1])
        return np.asarray(np.linalg.solve(gram, seen.T @ self.targets).T)


def descents(setting: Setting, claim: NonlinearClaim, rng: Generator) -> Iterator[tuple[str, Fraction, bool]]:
    """Name, exact loss, and whether each neuron reads one source, of codes with errors found by descent."""
    floats = _Floats(setting)
    for name, start, modular in _starts(setting, floats, claim, rng):
        shape = start.shape
        kept = start != 0 if modular else np.ones(shape, dtype=bool)
        loss = floats.of_neurons if setting.rectified else floats.of_activity
        code = minimize(
            _flat(loss, kept),
            start.ravel(),
            jac=True,
            method="L-BFGS-B",
            bounds=None if setting.rectified else [(0.0, None)] * start.size,
            options={"maxiter": 400, "maxcor": 20},
        ).x.reshape(shape)
        if not np.isfinite(code).all():
            continue
        yield name, _exact_loss(setting, floats, code), modular


def _flat(loss: Callable[[Array], tuple[float, Array]], kept: Array) -> Callable[[Array], tuple[float, Array]]:
    def of_vector(vector: Array) -> tuple[float, Array]:
        value, slope = loss(vector.reshape(kept.shape))
        return value, (slope * kept).ravel()

    return of_vector


def _exact_loss(setting: Setting, floats: _Floats, code: Array) -> Fraction:
    if not setting.rectified:
        return setting.code_loss(code, None, floats.decoder(code))
    weights = code[:, :-1] / floats.size
    placed = np.column_stack([weights, code[:, -1] - weights @ floats.mean])
    activity = np.maximum(0.0, floats.rows @ code.T)
    return setting.code_loss(activity, placed, floats.decoder(activity))


def _starts(
    setting: Setting, floats: _Floats, claim: NonlinearClaim, rng: Generator
) -> Iterator[tuple[str, Array, bool]]:
    """Neurons (n, d + 1), or activity (T, n), to start from."""
    count = min(8, 2 * floats.targets.shape[1] + 2)
    strength = _strength(floats, claim)
    if not setting.rectified:
        samples = len(floats.rows)
        own = claim.sample_activity
        yield "its own and more", np.column_stack([own, 1e-3 * strength * rng.random((samples, 2))]), False
        for _ in range(3):
            yield "random", strength * np.maximum(0.0, rng.standard_normal((samples, count))), False
        return
    size = floats.rows.shape[1]
    weights = claim.encoder @ setting.mixing.astype(float)
    own = np.column_stack([weights * floats.size, claim.encoder_bias + weights @ floats.mean])
    yield "its own and more", np.vstack([own, 1e-3 * strength * rng.standard_normal((2, size))]), False
    for _ in range(3):
        yield "random", strength * rng.standard_normal((count, size)), False
    if setting.problem.groups is None:
        sides = np.vstack([np.eye(size)[:-1], -np.eye(size)[:-1]] * 2)
        sides[:, -1] = rng.uniform(-0.4, 0.4, len(sides))
        yield "one source each", strength * sides, True


def _strength(floats: _Floats, claim: NonlinearClaim) -> float:
    """About the size of an answer's activity; where there is none, of one whose cost is that of the loss."""
    most = float(claim.sample_activity.max(initial=0.0))
    return most or float((claim.loss / floats.activity_cost) ** 0.5)
