"""The largest ratio of what a rectified neuron earns to what it costs, proven from the samples and a multiplier alone.

1. One source: the largest ratio on each arc of directions, exactly (`solver.rectified.one_source`).
2. More: climb from the axes and from random starts to the best neuron that is found.
3. Two and three sources: cones of neurons (`cones`) prove that none is worth more, up to the tolerance. A cone that
   holds one that is hands it out: climb from it, and prove again.
4. Four and more: the smaller of a relaxation (`lifted`) and the bound of free neurons, any activity a >= 0,

       max over |v| = 1 of |(N v)_+ / sqrt(p)|^2  <=  the largest eigenvalue of sum_t N_t N_t' / p_t.

   It is the largest ratio where step 2 attains it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

import solver.solving.plan as planning
from solver.deadline import limited_to
from solver.rectified.climb import climbed, distinct_in_activity
from solver.rectified.cones import ConeProof
from solver.rectified.lifted import lifted_bound
from solver.rectified.loss import Frame, RectifiedLoss
from solver.rectified.one_source import best_of_one_source
from theory.arrays import Array
from theory.immutable import Frozen


@dataclass(frozen=True)
class RectifiedPricingLimits:
    """How much is tried."""

    starts: int = 60  # random climbs before a proof
    at_once: int = 40  # violators of a proof that are climbed from


RECTIFIED_PRICING = RectifiedPricingLimits()


@dataclass(frozen=True, eq=False)
class RectifiedRatio(Frozen):
    """How much any neuron is worth at a multiplier."""

    rho: float  # no neuron is worth more
    exact: bool  # whether a neuron is worth that much, up to the tolerance that was asked for
    neurons: Array  # (n, d + 1) rows (w, b), of unit cost: the best that were found, best first


def largest_ratio(
    loss: RectifiedLoss, multiplier: Array, *, tolerance: float = 1e-9, seconds: float = np.inf
) -> RectifiedRatio:
    """The largest |N'a| / (2 sqrt(mu c(a))) of rectified neurons, bounded from above.

    Args:
        loss: sources, costs and readout.
        multiplier: (T, k) N.
        tolerance: relative difference between the bound and the best neuron at which the search may end.
        seconds: after so many the best bound so far is returned; only the data and N are trusted in any case.

    Example:
        >>> from solver.rectified.loss import RectifiedLoss
        >>> from theory.neurons.sample_readout import SampleReadout
        >>> half, sources = np.array([0.5, 0.5]), np.array([[-1.0], [1.0]])
        >>> readout = SampleReadout(sources, half, 1.0, np.inf)
        >>> ratio = largest_ratio(RectifiedLoss(sources, half, 1.0, np.zeros((1, 1)), readout), 2 * sources)
        >>> round(ratio.rho, 9), ratio.exact
        (1.414213562, True)
    """
    frame = loss.frame
    prices = multiplier / frame.multiplier_unit
    if not prices.any():
        return RectifiedRatio(0.0, True, np.zeros((0, frame.lifted.shape[1])))
    sources = loss.sources.shape[1]
    if sources == 1:  # step 1
        rho, neurons = best_of_one_source(frame, prices)
        exact, neurons = True, neurons[: RECTIFIED_PRICING.at_once]
    elif sources <= planning.SIZES.cone_sources:
        rho, exact, neurons = _by_cones(frame, prices, tolerance, time.perf_counter() + seconds)
    else:
        with limited_to(time.perf_counter() + seconds):  # step 4
            rho = min(free_bound(frame, prices), lifted_bound(frame, prices))
            neurons = _candidates(frame, prices, np.random.default_rng(0))
        exact = rho <= float(frame.worths(prices, neurons).max(initial=0.0)) * (1 + tolerance)
    return RectifiedRatio(float(rho), exact, neurons @ frame.back.T)


def _candidates(frame: Frame, prices: Array, rng: np.random.Generator) -> Array:
    """Step 2."""
    size = frame.lifted.shape[1]
    starts = np.vstack([np.eye(size), -np.eye(size), rng.standard_normal((RECTIFIED_PRICING.starts, size))])
    neurons = climbed(frame, prices, starts, rng)
    worths = frame.worths(prices, neurons)
    return distinct_in_activity(frame, neurons, worths)[: RECTIFIED_PRICING.at_once]


def _by_cones(frame: Frame, prices: Array, tolerance: float, end: float) -> tuple[float, bool, Array]:
    """Step 3: the bound, whether it is attained, and the neurons."""
    rng = np.random.default_rng(0)
    neurons = _candidates(frame, prices, rng)
    while True:
        best = float(frame.worths(prices, neurons).max(initial=0.0))
        proof = ConeProof(frame, prices, max(best, np.finfo(float).tiny) * (1 + tolerance / 2))
        rise = proof.level * (1 + tolerance / 4)
        while not proof.done and time.perf_counter() < end:
            proof.advance()
            if proof.violators:
                more = climbed(frame, prices, np.array(proof.violators[: RECTIFIED_PRICING.at_once]), rng)
                worths = frame.worths(prices, more)
                if worths.max(initial=0.0) > rise:
                    break
                proof.violators.clear()  # beyond the level by rounding or less than the tolerance
        else:
            return proof.bound, proof.bound <= best * (1 + tolerance), neurons
        joint = np.vstack([more, neurons])
        neurons = distinct_in_activity(frame, joint, frame.worths(prices, joint))[: RECTIFIED_PRICING.at_once]


def free_bound(frame: Frame, prices: Array) -> float:
    """A bound of the worth of any activity a >= 0, infinite where activity is free of charge."""
    earning = np.linalg.norm(prices, axis=1) > 0
    if (frame.probabilities[earning] == 0).any():
        return np.inf
    scaled = prices[earning] / np.sqrt(frame.probabilities[earning, None])
    return float(np.linalg.norm(scaled, 2) / 2 * (1 + 1e-12))
