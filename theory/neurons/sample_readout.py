"""The readout of neurons that are known by their activity on the samples (docs/mathematics.md, "Nonlinear neurons").

A code is A (T, n): its activity on the samples. A decoder V (n, k) and an offset predict targets X (T, k). With
a~_t = sqrt(q_t) (a_t - q'a), likewise X~, and delta = mu / kappa, the best decoder leaves

    g(A) = min over V of mu |V|^2 + kappa |X~ - A~ V|^2 = mu tr X~'P,      P = (delta I + A~ A~')^-1 X~

A multiplier N (T, k) with 1'N = 0 prices neurons, |N'a|, and bounds every loss from below:

    sum_i c(a_i) + g(A) >= t <N, X> - t^2 sum_t |N_t|^2 / (4 kappa q_t)

for every t <= 1 / rho, where |N'a| <= 2 rho sqrt(mu c(a)) for every neuron of the kind. At a code N = 2 mu sqrt(q) P.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.arrays import Array
from theory.immutable import Frozen
from theory.readouts import Readout


@dataclass(frozen=True, eq=False)
class SampleReadout(Frozen):
    """Targets on the samples, and what a decoder and its errors cost.

    Source: docs/mathematics.md, "Nonlinear neurons".

    Example:
        >>> readout = SampleReadout(np.array([[-1.0], [1.0]]), np.array([0.5, 0.5]), 1.0, np.inf)
        >>> readout.value(np.array([[0.0], [2.0]])), readout.decoder(np.array([[0.0], [2.0]])).tolist()
        (1.0, [[1.0]])
    """

    targets: Array  # (T, k) X, centred under the weights of the errors
    error_weights: Array  # (T,) q, nonnegative, of sum one: how much the error at each sample counts
    decoder_cost: float  # mu, positive
    error_cost: float  # kappa, positive; infinite for a decoder that may not err

    @classmethod
    def of_problem(cls, problem: Any) -> SampleReadout:
        """The readout of a problem, seen from the samples.

        Example:
            >>> from theory.problem import Problem
            >>> from theory.readouts import Soft
            >>> SampleReadout.of_problem(Problem([[-1, -1], [-1, 1], [1, -1]], readout=Soft(10))).targets.shape
            (3, 2)
        """
        readout, sources = problem.readout, problem.sources
        errors = readout.errors
        counted = None if errors is None else errors.probabilities
        if counted is None:
            counted = sources.probabilities
        weights = np.full(sources.count, 1 / sources.count) if counted is None else np.asarray(counted)
        targets = sources.about_mean(sources.points) @ readout.targets.T
        cost = np.inf if errors is None else errors.cost
        return cls(targets - weights @ targets, weights, readout.decoder_cost, cost)

    @property
    def exact(self) -> bool:
        """Whether errors are forbidden."""
        return bool(np.isinf(self.error_cost))

    def features(self, activity: Array) -> Array:
        """(T, n) A~, what a decoder with an offset sees of a code's activity (T, n)."""
        return np.asarray(np.sqrt(self.error_weights)[:, None] * (activity - self.error_weights @ activity))

    def value(self, activity: Array) -> float:
        """g(A) of activity (T, n), infinite where an exact decoder is wanted and none exists."""
        basis, sizes, _ = self._factors(activity)
        targets = self.features(self.targets)
        seen = basis.T @ targets
        rest = targets - basis @ seen
        if self.exact:
            # On every sample that counts, however little.
            counts = self.error_weights > 0
            wrong = np.abs(rest[counts]) / np.sqrt(self.error_weights[counts, None])
            if wrong.max(initial=0.0) > 1e-9 * np.abs(self.targets).max(initial=0.0):  # more than rounding
                return float("inf")
            return float(self.decoder_cost * ((seen / sizes[:, None]) ** 2).sum())
        missed = float((rest**2).sum())
        delta = self.decoder_cost / self.error_cost
        return float(self.decoder_cost * (seen**2 / (delta + sizes[:, None] ** 2)).sum() + self.error_cost * missed)

    def multiplier(self, activity: Array) -> Array:
        """(T, k) N at a code's activity (T, n): what a neuron's activity is worth there. Columns sum to zero."""
        basis, sizes, _ = self._factors(activity)
        targets = self.features(self.targets)
        seen = basis.T @ targets
        if self.exact:
            solved = basis @ (seen / sizes[:, None] ** 2)
        else:
            delta = self.decoder_cost / self.error_cost
            solved = basis @ (seen / (delta + sizes[:, None] ** 2)) + (targets - basis @ seen) / delta
        return np.asarray(2 * self.decoder_cost * np.sqrt(self.error_weights)[:, None] * solved)

    def decoder(self, activity: Array) -> Array:
        """(n, k) the best decoder V of a code's activity (T, n)."""
        basis, sizes, turned = self._factors(activity)
        delta = 0.0 if self.exact else self.decoder_cost / self.error_cost
        shrunk = sizes / (delta + sizes**2)
        return np.asarray(turned.T @ (shrunk[:, None] * (basis.T @ self.features(self.targets))))

    def bound(self, multiplier: Array, rho: float) -> float:
        """A lower bound of every loss of the kind, by N (T, k) of columns that sum to zero, zero where no error counts.

        The largest |N'a| / (2 sqrt(mu c(a))) of any neuron of the kind is at most rho.

        Example:
            >>> readout = SampleReadout(np.array([[-1.0], [1.0]]), np.array([0.5, 0.5]), 1.0, np.inf)
            >>> readout.bound(np.array([[-1.0], [1.0]]), 2.0)
            1.0
        """
        gain, spent = self._gain(multiplier)
        if not gain > 0:
            return 0.0
        length = self.multiple(multiplier, rho)
        return length * gain - length**2 * spent

    def multiple(self, multiplier: Array, rho: float) -> float:
        """The t <= 1 / rho at which the bound is largest: see `bound`.

        Example:
            >>> readout = SampleReadout(np.array([[-1.0], [1.0]]), np.array([0.5, 0.5]), 1.0, np.inf)
            >>> readout.multiple(np.array([[-1.0], [1.0]]), 2.0)
            0.5
        """
        gain, spent = self._gain(multiplier)
        longest = 1 / rho if rho > 0 else float("inf")
        return min(longest, gain / (2 * spent)) if spent > 0 else longest

    def rescaling(self, activity: Array, cost: float) -> float:
        """The factor of all activity with which cost and readout together are least; zero if silence is.

        Args:
            activity: (T, n).
            cost: of all neurons together, which grows with the square of the factor.

        Example:
            >>> readout = SampleReadout(np.array([[-1.0], [1.0]]), np.array([0.5, 0.5]), 1.0, np.inf)
            >>> round(readout.rescaling(np.array([[0.0], [2.0]]), 16.0), 12)
            0.5
        """
        basis, sizes, _ = self._factors(activity)
        seen = basis.T @ self.features(self.targets)
        if self.exact:
            return float((self.decoder_cost * float(((seen / sizes[:, None]) ** 2).sum()) / cost) ** 0.25)
        delta = self.decoder_cost / self.error_cost
        if self.decoder_cost * float(((sizes[:, None] * seen) ** 2).sum()) <= cost * delta**2:
            return 0.0
        # The readout of a code whose G is A~'A~, in the coordinates of its factors.
        factors = Readout(seen.T, self.decoder_cost, delta * np.eye(len(sizes)))
        return factors.rescaling(np.diag(sizes**2), cost)

    def _gain(self, multiplier: Array) -> tuple[float, float]:
        """The terms of the bound that are linear and quadratic in t."""
        gain = float((multiplier * self.targets).sum())
        if self.exact:
            return gain, 0.0
        counts = self.error_weights > 0
        spent = float((multiplier[counts] ** 2 / self.error_weights[counts, None]).sum()) / (4 * self.error_cost)
        return gain, spent

    def _factors(self, activity: Array) -> tuple[Array, Array, Array]:
        """U, s and V' of A~ = U diag(s) V', without what is rounding."""
        basis, sizes, turned = np.linalg.svd(self.features(activity), full_matrices=False)
        kept = sizes > 1e-12 * (sizes[0] if len(sizes) else 0.0)
        return basis[:, kept], sizes[kept], turned[kept]
