"""What neurons of one source are worth, exactly, at any number of samples.

With one source a neuron is a kink and a side: its activity is (s - k)_+ or (k - s)_+. Beyond sorting all is sums:

1. Sort the samples. To the right of each, sum N, p, and their moments about it: cumulative sums of terms of one sign
   where they price activity, so that small costs do not drown in rounding.
2. With the kink at a distance x below sample j, |N'a|^2 and c are quadratic in x; their ratio is stationary at the
   roots of a quadratic equation.
3. The best on the arc between two samples is there or at an end; the best of all arcs is rho. The same for the other
   side, and for the neuron that is active always.
4. Rounding of the sums is bounded by Cauchy's inequality and added.
"""

from __future__ import annotations

import numpy as np

from solver.rectified.loss import Frame
from theory.arrays import Array


def best_of_one_source(frame: Frame, multiplier: Array) -> tuple[float, Array]:
    """The largest worth, rounded up, and the best neuron (2,) of each arc that is better than its neighbours.

    Args:
        frame: of one source.
        multiplier: (T, k) N of the frame.

    Returns:
        rho and neurons (m, 2), best first, of unit cost.
    """
    worths, neurons = [np.zeros(0)], [np.zeros((0, 2))]
    for side in (1.0, -1.0):
        worth, kinks = _one_side(side * frame.lifted[:, 0], frame.probabilities, frame.weights[0, 0], multiplier)
        worths.append(worth)
        neurons.append(np.stack([side * np.ones(len(kinks)), -kinks], axis=1))
    always = float(np.linalg.norm(multiplier.sum(axis=0)) / (2 * np.sqrt(frame.probabilities.sum())))
    best, worth = np.concatenate(neurons), np.concatenate(worths)
    best = best[np.argsort(-worth, kind="stable")]
    return max(always, worth.max(initial=0.0)) + _rounding(frame, multiplier), frame.of_unit_cost(best)


def _rounding(frame: Frame, multiplier: Array) -> float:
    """Step 4: how much cumulative sums may have lost, of any worth."""
    lengths, reach = np.linalg.norm(multiplier, axis=1), np.abs(frame.lifted[:, 0])
    counted = frame.probabilities > 0
    largest = np.sqrt((lengths[counted] ** 2 / frame.probabilities[counted]).sum()) / 2
    unpaid = ~counted & (lengths > 0)
    free = lengths[unpaid] @ reach[unpaid] / np.sqrt(frame.weights[0, 0]) if unpaid.any() else 0.0
    return float(np.finfo(float).eps * (8 + 2 * np.sqrt(len(reach))) * (largest + free))


def _one_side(sources: Array, p: Array, weight: float, multiplier: Array) -> tuple[Array, Array]:
    """Worths and kinks of the locally best neurons that are active above their kink."""
    order = np.argsort(sources, kind="stable")
    s, p, prices = sources[order], p[order], multiplier[order]
    gaps = np.diff(s)
    # Step 1; index j: over the samples from j on, about s_j.
    n0 = np.cumsum(prices[::-1], axis=0)[::-1]
    n1 = _sums(gaps[:, None] * n0[1:])
    p0 = np.cumsum(p[::-1])[::-1]
    p1 = _sums(gaps * p0[1:])
    p2 = _sums(2 * gaps * p1[1:] + gaps**2 * p0[1:])
    # Step 2.
    earned = (n1**2).sum(axis=1), (n0 * n1).sum(axis=1), (n0**2).sum(axis=1)
    costs = p2 + weight, p1, p0
    a = earned[2] * costs[1] - earned[1] * costs[2]
    b = earned[2] * costs[0] - earned[0] * costs[2]
    c = earned[1] * costs[0] - earned[0] * costs[1]
    width = np.concatenate([[1e9 * (1 + s[-1] - s[0])], gaps])
    tried = np.stack([np.zeros_like(s), width, *_roots(a, b, c)])
    tried = np.where(np.isfinite(tried), np.clip(tried, 0.0, width), 0.0)
    paid = costs[0] + tried * (2 * costs[1] + tried * costs[2])
    ratio = (earned[0] + tried * (2 * earned[1] + tried * earned[2])) / np.where(paid > 0, paid, np.inf)
    best = np.argmax(ratio, axis=0)
    columns = np.arange(len(s))
    worth, kink = np.sqrt(np.maximum(ratio[best, columns], 0.0)) / 2, s - tried[best, columns]
    # Step 3: of neighbouring arcs the better.
    padded = np.concatenate([[-1.0], worth, [-1.0]])
    tops = (worth > 0) & (worth >= padded[:-2]) & (worth >= padded[2:])
    return worth[tops], kink[tops]


def _sums(terms: Array) -> Array:
    """Cumulative sums from the end, with a zero after the last."""
    return np.concatenate([np.cumsum(terms[::-1], axis=0)[::-1], np.zeros((1, *terms.shape[1:]))])


def _roots(a: Array, b: Array, c: Array) -> tuple[Array, Array]:
    """Both roots of a x^2 + b x + c, not finite where there is none."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        q = -(b + np.where(b >= 0, 1.0, -1.0) * np.sqrt(b**2 - 4 * a * c)) / 2
        return q / a, c / q
