"""A problem of rectified or free neurons in rational numbers, and what the program says of it.

What a network costs, and what a neuron earns of what it costs, are rational functions of floats and computed as such.
The best bound that a multiplier N (T, k) can prove, whatever neurons there are, is for any neuron a

    max over t <= 1 / rho of  t |N'X|_* - t^2 sum_t |N_t|^2 / (4 error_cost q_t),    rho^2 = |N'a|^2 / (4 mu c(a))

with X the targets, q the weights of errors, mu the cost of the decoder; |.|_* is the sum of singular values, to which
a turn of N brings <N, X>.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.soundness.draws import Drawn
from benchmarks.soundness.judgement import NetworkClaim
from benchmarks.soundness.rational import exact, inverse
from theory.arrays import Array

Exact = NDArray[np.object_]

__all__ = ["Exact", "NonlinearClaim", "Setting", "floats_of"]


@dataclass(frozen=True)
class NonlinearClaim(NetworkClaim):
    """What the program says of a problem of rectified or free neurons: everything that is judged."""

    sample_activity: Array  # (T, n)
    multiplier: Array  # (T, r)
    # Of codes it is compared with; NaN where there are none.
    modular_loss: float
    modular_lower_bound: float
    linear_loss: float


class Setting:
    """A problem of rectified or free neurons as the rationals that its floats are.

    Attributes:
        points: (T, d);  shares: (T,) p;  counted: (T,) q;  targets: (T, k) X, about its mean under q.
        decoder_cost: mu, with the noise that decoder weights let through;  error_cost: None where none may be.
    """

    def __init__(self, problem: Drawn) -> None:
        self.problem = problem
        self.points = exact(problem.points)
        self.shares = _normed(exact(problem.weights))
        elsewhere = problem.reading.probabilities
        self.counted = self.shares if elsewhere is None else _normed(exact(elsewhere))
        self.mixing = exact(np.eye(problem.dimension) if problem.mixing is None else problem.mixing)
        self.decoded = self.points @ exact(problem.targets).T
        self.targets = self.decoded - self.counted @ self.decoded
        self.activity_cost, self.encoder_cost = Fraction(problem.activity_cost), Fraction(problem.encoder_cost)
        self.decoder_cost = Fraction(problem.decoder_cost)
        self.error_cost: Fraction | None = None
        if not problem.reading.exact:
            self.error_cost = Fraction(problem.reading.error_cost)
            self.decoder_cost += self.error_cost * Fraction(problem.reading.noise_variance)

    @property
    def rectified(self) -> bool:
        """Whether neurons have an encoder."""
        return self.problem.activation == "rectified"

    @cached_property
    def weight_costs(self) -> Exact:
        """(d, d) encoder_cost (A'A)^-1."""
        return inverse(self.mixing.T @ self.mixing) * self.encoder_cost

    def activity(self, weights: Array, bias: Array) -> Exact:
        """(T, n) of rectified neurons that read sources with these weights (n, d) and biases (n,)."""
        return np.maximum(self.points @ exact(weights).T + exact(bias), Fraction(0))

    def network_loss(self, activity: Exact, encoder: Exact, decoder: Exact, bias: Exact) -> tuple[Fraction, Exact]:
        """The loss, and the errors (T, r) where they count."""
        loss = self.activity_cost * (self.shares @ activity**2).sum() + self.decoder_cost * (decoder**2).sum()
        if encoder.size:
            loss += self.encoder_cost * (encoder**2).sum()
        missed = activity @ decoder.T + bias - self.decoded if activity.shape[1] else bias - self.decoded
        if self.error_cost is not None:
            loss += self.error_cost * (self.counted @ missed**2).sum()
        return Fraction(loss), missed[self.counted > 0]

    def code_loss(self, activity: Array, weights: Array | None, decoder: Array) -> Fraction:
        """Loss of a code with these activities (T, n), or of these (w, b) (n, d + 1), and its decoder (r, n)."""
        if weights is None:
            acts, paid = exact(activity), Fraction(0)
        else:
            acts, rows = self.activity(weights[:, :-1], weights[:, -1]), exact(weights[:, :-1])
            paid = ((rows @ self.weight_costs) * rows).sum()
        out = exact(decoder)
        constant = self.counted @ (self.decoded - acts @ out.T)
        return paid + self.network_loss(acts, exact(np.empty((0, 0))), out, constant)[0]

    def squared_ratio(self, multiplier: Exact, activity: Exact, weights: Exact | None) -> Fraction:
        """rho^2 of one neuron (T,), with what it reads (d,) if it has an encoder; zero where it costs nothing."""
        cost = self.activity_cost * (self.shares @ activity**2)
        if weights is not None:
            cost += weights @ self.weight_costs @ weights
        earned = ((activity @ multiplier) ** 2).sum()
        return Fraction(earned / (4 * self.decoder_cost * cost)) if cost else Fraction(0)

    def centered(self, multiplier: Array) -> Exact:
        """(T, k) N without what is at samples that do not count, of columns that sum to zero."""
        counts = self.counted > 0
        counted = exact(multiplier) * counts[:, None]
        return np.where(counts[:, None], counted - counted.sum(axis=0) / Fraction(int(counts.sum())), Fraction(0))

    def most_proven(self, multiplier: Exact, squared_ratio: Fraction) -> float:
        """The best bound that N can prove, if a neuron has this ratio squared."""
        gain = float(np.linalg.svd(floats_of(multiplier.T @ self.targets), compute_uv=False).sum())
        ratio = float(squared_ratio) ** 0.5
        longest = 1 / ratio if ratio > 0 else float("inf")
        if self.error_cost is None:
            return longest * gain
        counts = self.counted > 0
        spent = float(((multiplier[counts] ** 2).sum(axis=1) / self.counted[counts]).sum() / (4 * self.error_cost))
        length = min(longest, gain / (2 * spent)) if spent > 0 else longest
        return length * gain - length**2 * spent


def floats_of(values: Any) -> Array:
    """Rationals as the floats next to them."""
    return np.asarray(values).astype(np.float64)


def _normed(weights: Exact) -> Exact:
    return weights / weights.sum()
