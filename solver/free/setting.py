"""From a loss to the numbers that the search works with, and back.

1. Samples whose error does not count drop out; on those left a level of probability 0 is refused.
2. Rotate the targets to their principal axes, without those that are exactly empty.
3. If neurons see each sample by itself, samples of equal targets and equal q / p are one.
4. Otherwise only the totals of M over levels matter: M = sqrt(q) Q y with Q an orthonormal basis of what they span,
   and y takes the place of M. What of the targets lies outside cannot be told by any neuron: its error is a constant,
   and infinite if the decoder must be exact.
5. Units: targets of mean square one, mu = alpha = 1, so kappa becomes kappa size / sqrt(mu alpha).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from solver.free.loss import FreeLoss
from solver.free.response import Levels, ScaledSamples
from solver.free.views import View
from theory.arrays import Array
from theory.errors import InputError
from theory.immutable import Frozen
from theory.neurons.nonlinear import require_costly_activity


@dataclass(frozen=True, eq=False)
class Setting(Frozen):
    """The numbers of the search, and the way back."""

    samples: ScaledSamples  # the problem in its units
    back: Array | csr_array  # (T, r) from rows of M to the samples: M_t = back @ M
    fixed: Array  # (T, k) what is added to M on the samples
    axes: Array  # (r, k) rows: the rotated targets' axes
    loss_unit: float  # the loss of one unit of loss
    target_unit: float  # the target of one unit of target
    error_weights: Array  # (T,) q

    def spread(self, rows: Array) -> Array:
        """(T, k) M on the samples.

        Args:
            rows: (r, k) M on the rows.
        """
        return np.asarray(self.back @ rows + self.fixed)

    def multiplier(self, rows: Array) -> Array:
        """(T, k) N, of columns that sum to zero.

        Args:
            rows: (r, k) M on the rows.
        """
        N = 2 * self.loss_unit / self.target_unit * self.spread(rows) @ self.axes
        return np.asarray(N - self.error_weights[:, None] * N.sum(axis=0))


def setting(loss: FreeLoss, views: Sequence[View]) -> Setting | None:
    """The numbers of the search; None if no target varies.

    Args:
        loss: costs and samples.
        views: what a neuron may depend on.

    Raises:
        InputError: activity costs nothing where errors count, or no neuron could tell what a decoder must know.
    """
    readout = loss.readout
    for view in views:  # step 1
        require_costly_activity(view.probabilities, view.totals(readout.error_weights[:, None])[:, 0], "level")
    q = readout.error_weights
    counts = q > 0
    X = np.where(counts[:, None], readout.targets - q @ readout.targets, 0.0)
    size = float(np.sqrt(q @ (X**2).sum(axis=1)))
    if not size > 1e-14 * float(np.abs(readout.targets).max(initial=0.0)):
        return None
    _, lengths, axes = np.linalg.svd(np.sqrt(q)[:, None] * X / size, full_matrices=False)  # step 2
    axes = axes[lengths > 1e-15 * lengths[0]]
    X = X / size @ axes.T
    unit = float(np.sqrt(readout.decoder_cost * loss.activity_cost))
    error_cost = readout.error_cost * size / unit  # step 5
    if len(views) == 1 and views[0].apart:
        samples, back = _merged(X, q, loss.probabilities, error_cost)
        return Setting(samples, back, np.zeros_like(X), axes, unit * size, size, q)
    samples, back, fixed = _spanned(X, q, views, error_cost)
    return Setting(samples, back, fixed, axes, unit * size, size, q)


def _merged(X: Array, q: Array, p: Array, error_cost: float) -> tuple[ScaledSamples, csr_array]:
    """Step 3."""
    kept = np.flatnonzero(q > 0)
    key = np.concatenate([X[kept], (q[kept] / p[kept])[:, None]], axis=1)
    _, first, same = np.unique(key, axis=0, return_index=True, return_inverse=True)
    same = same.reshape(-1)
    weights = np.bincount(same, q[kept])
    probabilities = np.asarray(np.bincount(same, p[kept]), dtype=float)
    back = csr_array((p[kept] / probabilities[same], (kept, same)), shape=(len(q), len(first)))
    ones = np.ones(len(first))
    return ScaledSamples(X[kept][first], 1 / (error_cost * weights), ones, (Levels(probabilities),)), back


def _spanned(X: Array, q: Array, views: Sequence[View], error_cost: float) -> tuple[ScaledSamples, Array, Array]:
    """Step 4."""
    root = np.sqrt(q)
    sums = [view.totals(np.diag(root)) for view in views]
    basis, lengths, _ = np.linalg.svd(np.concatenate(sums).T, full_matrices=False)
    basis = basis[:, lengths > 1e-12 * lengths[0]]
    seen = basis.T @ (root[:, None] * X)
    missed = root[:, None] * X - basis @ seen
    if not np.isfinite(error_cost):
        if np.abs(missed).max() > 1e-9:
            raise InputError(
                "readout: no sum of functions of the groups makes up its targets, so none is exact; allow errors"
            )
        fixed = np.zeros_like(X)
    else:
        fixed = error_cost * root[:, None] * missed
    levels = []
    for view, total in zip(views, sums, strict=True):
        counted = view.totals(q[:, None])[:, 0] > 0
        levels.append(Levels(view.probabilities[counted], total[counted] @ basis))
    slack = np.full(basis.shape[1], 1 / error_cost)
    return ScaledSamples(seen, slack, basis.T @ root, tuple(levels)), root[:, None] * basis, fixed
