"""What codes cost and what multipliers prove, measured on the samples: nothing here asks how they were found.

In coordinates in which a neuron costs f(w) = |w|^2 + h(w)^2 and K is diagonal:

1. The cost of a neuron: h(w) is the largest -w.s over all samples.
2. The loss of a code: that of its neurons, and tr K (G + G0)^-1.
3. rho, the largest ratio of worth w'Y w to cost: some rays go round once, each less than half a turn from the next, and
   a sample s is named for each cone between two of them. There h(w) >= -w.s, whichever sample that is, if -w.s is not
   negative on both rays; so that the ratio on the cone is at most that to |w|^2 + (w.s)^2. This is largest at the
   eigenvector of a 2 by 2 matrix where that lies in the cone, and else on one of the rays.
4. The bound sqrt(t) a - t b for the best t <= 1 / rho, with a = 2 tr (K^1/2 Y K^1/2)^1/2 and b = tr(Y G0).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.batches.forms import determinant, squared, times
from theory.arrays import Array


@dataclass(frozen=True)
class ProofTolerances:
    """What rounding leaves open is counted against the proof."""

    in_cone: float = 1e-9  # sine of the angle by which an eigenvector may miss a cone and count as inside


PROOF = ProofTolerances()


def costs(points: Array, neurons: Array) -> Array:
    """(k, n) what neurons cost (step 1).

    Args:
        points: (2, T, n) samples about their mean.
        neurons: (2, k, n).

    Example:
        >>> square = np.array([[1.0, 1], [-1, 1], [-1, -1], [1, -1]]).T[:, :, None]
        >>> costs(square, np.array([[1.0, 1.0], [0.0, 1.0]])[:, :, None]).ravel().tolist()
        [2.0, 6.0]
    """
    height = np.stack([-(points[0] * w[0] + points[1] * w[1]).min(axis=0) for w in neurons.transpose(1, 0, 2)])
    return np.asarray((neurons * neurons).sum(axis=0) + height * height)


def losses(cost: Array, energies: Array, neurons: Array, demand: Array, ridge: Array) -> Array:
    """(n,) the loss of codes (step 2); NaN or infinite of those that decode nothing.

    Args:
        cost: (k, n) of unit neurons.
        energies: (k, n) squared sizes of the neurons.
        neurons: (2, k, n) unit neurons.
        demand: (2, n) the diagonal of K.
        ridge: (3, n) G0.
    """
    code = (energies * squared(neurons)).sum(axis=1)
    code[1] /= 2
    code = code + ridge
    read = (demand[0] * code[2] + demand[1] * code[0]) / determinant(code)
    return np.asarray((cost * energies).sum(axis=0) + read)


def largest_ratios(rays: Array, following: Array, corners: Array, multiplier: Array) -> Array:
    """(n,) the largest ratio of worth to cost (step 3); infinite where the cones do not show it.

    Args:
        rays: (2, R, n) in turn, those at the end may repeat the first.
        following: (2, R, n) the next ray of each.
        corners: (2, R, n) -s for the sample s of each cone.
        multiplier: (3, n) Y, positive semidefinite.

    Example:
        >>> axes = np.array([[1.0, 0], [0, 1], [-1, 0], [0, -1]]).T[:, :, None]
        >>> corners = np.array([[1.0, 1], [-1, 1], [-1, -1], [1, -1]]).T[:, :, None]
        >>> largest_ratios(axes, np.roll(axes, -1, axis=1), corners, np.array([[2.0], [0], [4]])).tolist()
        [2.0]
    """
    turn = rays[0] * following[1] - rays[1] * following[0]
    repeated = (rays == following).all(axis=0)
    at_ray, at_next = (corners * rays).sum(axis=0), (corners * following).sum(axis=0)
    # Once round: the direction of the first axis is passed once.
    passed = ((rays[1] < 0) & (following[1] >= 0)).sum(axis=0)
    whole = ((turn > 0) | repeated).all(axis=0) & (passed == 1) & ((at_ray >= 0) & (at_next >= 0)).all(axis=0)

    def ratio(ray: Array, height: Array) -> Array:
        return np.asarray(times(squared(ray), multiplier) / ((ray * ray).sum(axis=0) + height * height))

    on_rays = np.maximum(ratio(rays, at_ray), ratio(following, at_next)).max(axis=0)
    # With |w|^2 + (v.w)^2 = |z|^2 for w = z - shrunk (v.z) v.
    size = (corners * corners).sum(axis=0)
    shrunk = 1 / (np.sqrt(1 + size) * (1 + np.sqrt(1 + size)))
    moved = (
        multiplier[0] * corners[0] + multiplier[1] * corners[1],
        multiplier[1] * corners[0] + (multiplier[2] * corners[1]),
    )
    worth = corners[0] * moved[0] + corners[1] * moved[1]
    m11 = multiplier[0] - 2 * shrunk * corners[0] * moved[0] + shrunk**2 * worth * corners[0] ** 2
    m22 = multiplier[2] - 2 * shrunk * corners[1] * moved[1] + shrunk**2 * worth * corners[1] ** 2
    m12 = multiplier[1] - shrunk * (corners[0] * moved[1] + corners[1] * moved[0])
    m12 = m12 + shrunk**2 * worth * corners[0] * corners[1]
    half = (m11 - m22) / 2
    root = np.hypot(half, m12)
    top = (m11 + m22) / 2 + root
    z = np.where(half > 0, np.stack([half + root, m12]), np.stack([m12, root - half]))
    w = z - shrunk * (corners * z).sum(axis=0) * corners
    slack = PROOF.in_cone * np.hypot(*w)
    after, until = rays[0] * w[1] - rays[1] * w[0], w[0] * following[1] - w[1] * following[0]
    first, last = slack * np.hypot(*rays), slack * np.hypot(*following)
    within = ((after >= -first) & (until >= -last)) | ((after <= first) & (until <= last))
    inside = np.where(within & ~repeated, top, 0.0).max(axis=0)
    rho = np.maximum(on_rays, inside)
    return np.where(whole & np.isfinite(rho), rho, np.inf)


def proven(multiplier: Array, rho: Array, demand: Array, ridge: Array) -> Array:
    """(n,) the lower bound on the loss of every code (step 4); zero where rho is infinite.

    Args:
        multiplier: (3, n) Y, positive semidefinite.
        rho: (n,) its largest ratio.
        demand: (2, n) the diagonal of K.
        ridge: (3, n) G0.

    Example:
        >>> proven(np.array([[1.0], [0], [4]]), np.array([4.0]), np.ones((2, 1)), np.zeros((3, 1))).tolist()
        [3.0]
    """
    spread = np.sqrt(np.maximum(demand[0] * demand[1] * determinant(multiplier), 0.0))
    gain = 2 * np.sqrt(demand[0] * multiplier[0] + demand[1] * multiplier[2] + 2 * spread)
    lost = ridge[0] * multiplier[0] + 2 * ridge[1] * multiplier[1] + ridge[2] * multiplier[2]
    return np.where(np.isfinite(rho), best_value(gain, lost, rho), 0.0)


def best_value(gain: Array, lost: Array, rho: Array) -> Array:
    """(n,) the largest value of sqrt(t) gain - t lost for t up to 1 / rho (step 4).

    Example:
        >>> best_value(np.array([4.0, 4.0]), np.array([0.0, 4.0]), np.array([1.0, 1.0])).tolist()
        [4.0, 1.0]
    """
    most = 1 / rho
    best = np.where(lost > 0, np.minimum(most, (gain / np.where(lost > 0, 2 * lost, 1.0)) ** 2), most)
    return np.asarray(np.sqrt(best) * gain - best * lost)
