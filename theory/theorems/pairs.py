"""Theorems about pairs of opposite neurons (docs/mathematics.md, "Nonlinear neurons")."""

from __future__ import annotations

import numpy as np

from theory.arrays import Array
from theory.problem import Problem
from theory.theorems.hypotheses import (
    HYPOTHESES,
    centrally_symmetric,
    errors_count_as_samples,
    every_combination,
    weights_cost_nothing,
)
from theory.theorems.theorem import NONLINEAR_KINDS, SECTION, Prediction, Theorem


def _of_pairs(problem: Problem) -> Prediction:
    """The closed loss of pairs and, where every combination occurs, whether they may look along the sources."""
    readout, errors = problem.readout, problem.readout.errors
    covariance = problem.sources.covariance
    _, deviation, turned = np.linalg.svd(problem.sources.covariance_root @ readout.targets.T, full_matrices=False)
    seen = deviation > HYPOTHESES.negligible * deviation[0]
    deviation, turned = deviation[seen], turned[seen]
    cost = np.sqrt(2 * problem.activity_cost * readout.decoder_cost)
    # The share of each direction that is left as error.
    left = np.zeros(len(deviation)) if errors is None else np.minimum(1.0, cost / (errors.cost * deviation))
    loss = 2 * cost * float(((1 - left) * deviation).sum())
    loss += 0.0 if errors is None else errors.cost * float((left**2 * deviation**2).sum())
    if problem.dimension == 1 or problem.groups is not None or not every_combination(problem):
        return Prediction(loss=loss)
    columns = turned.T @ ((1 - left)[:, None] * (turned @ readout.targets))
    margin = _apart(columns, covariance)
    apiece = np.linalg.norm(columns, axis=0) @ np.sqrt(np.diag(covariance))
    modular_loss = 2 * cost * float(apiece) if errors is None else None
    return Prediction(loss=loss, modular_loss=modular_loss, modular=margin <= HYPOTHESES.cosine, margin=margin)


def _apart(columns: Array, covariance: Array) -> float:
    """The largest difference between the cosine of two columns and the correlation of their sources."""
    length = np.linalg.norm(columns, axis=0)
    kept = length > HYPOTHESES.cosine * length.max(initial=0.0)
    units = columns[:, kept] / length[kept]
    deviation = np.sqrt(np.diag(covariance))[kept]
    apart = units.T @ units - covariance[np.ix_(kept, kept)] / np.outer(deviation, deviation)
    return float(np.abs(apart).max(initial=0.0))


BALANCED_PAIRS = Theorem(
    name="balanced-pairs",
    statement="""Let `s` and `-s` be equally likely (about the mean), and let neurons be free, or rectified with
        weights that cost nothing. Then pairs of opposite neurons are optimal, and of the distribution only the
        covariance `C` matters: with `H = B C B'` of the targets `B s` and an exact decoder the loss is `2 sqrt(2
        alpha mu) tr(H^1/2)`. If errors have the cost `kappa` (and count as the samples do) it is less by `2 alpha
        mu / kappa` for each eigenvalue of `H` above `2 alpha mu / kappa^2`; one that is not is left out, at `kappa`
        times its value. Let every combination of values occur: then the code is modular if and only if any two
        columns of `R B` that are not zero have the correlation of their sources as their cosine, with `R` the share
        that is decoded; for an exact decoder and `B'B = 1`, if and only if the sources are uncorrelated. How far
        sources range plays no part. With noise of variance `v`, `mu + kappa v` takes the place of `mu`.""",
    latex=r"L^* = 2\sqrt{2 \alpha \mu}\, \operatorname{tr} H^{1/2}, \qquad "
    r"\text{modular} \iff \frac{b_i \cdot b_j}{|b_i| |b_j|} = \frac{C_{ij}}{\sqrt{C_{ii} C_{jj}}}, \quad b_i = R B_i, "
    r"\qquad R = \Big(1 - \tfrac{\sqrt{2 \alpha \mu}}{\kappa} H^{-1/2}\Big)_+ ",
    source=SECTION,
    proof="""Let `N_t = p_t Z x_t` with `Z = min(2 sqrt(2 alpha mu) H^-1/2, 2 kappa)`. The most that a free neuron
        of mean square one earns along a unit vector `v` is the root of `sum_t (N_t.v)_+^2 / p_t`. By symmetry the
        sum is half of `v'Z H Z v <= 8 alpha mu`: so `rho <= 1`, and `N` proves the loss. Pairs along the
        eigenvectors of `H` attain it. What is decoded, `R B s`, is the same for all optimal codes. Where every
        combination occurs a modular code decodes `R B_i s_i` from the neurons of source `i` alone, at `2 sqrt(2
        alpha mu) |b_i| sqrt(C_ii)` at least. The sum of these is the nuclear norm of `R B C^1/2 = sum_i b_i r_i'`,
        `r_i` the rows of `C^1/2`, if and only if one partial isometry takes the direction of each `r_i` to that of
        `b_i`, that is, if their cosines agree.""",
    hypothesis=lambda problem: (
        weights_cost_nothing(problem) and centrally_symmetric(problem) and errors_count_as_samples(problem)
    ),
    prediction=_of_pairs,
    activations=NONLINEAR_KINDS,
)


def _pairs_at_most(problem: Problem) -> Prediction:
    targets = problem.readout.targets
    activity = np.sqrt(problem.activity_cost) * problem.sources.covariance_root @ targets.T
    weights = np.sqrt(2 * problem.encoder_cost) * problem.pseudoinverse.T @ targets.T
    lengths = np.linalg.svd(np.vstack([activity, weights]), compute_uv=False)
    return Prediction(most_loss=float(2 * np.sqrt(2 * problem.readout.decoder_cost) * lengths.sum()))


RECTIFIED_PAIRS = Theorem(
    name="rectified-pairs",
    statement="""Whatever the distribution, pairs of rectified neurons `max(0, w.s)` and `max(0, -w.s)` decode the
        targets `B s` at the cost given, in which ranges play no part. For a source of variance `c` that comes
        within `m` of its mean, seen through a unit column, a pair is cheaper than a linear neuron if and only if
        `alpha (m^2 - c) > 3 lambda`. With noise of variance `v` in every neuron `mu + kappa v` takes the place of
        `mu`.""",
    latex=r"L^* \le 2\sqrt{2\mu}\, \operatorname{tr}\Big(\big(B (\alpha C + 2 \lambda K^{-1}) B^\top\big)^{1/2}\Big), "
    r"\qquad \sqrt{2 (\alpha c + 2 \lambda)} < \sqrt{\alpha (c + m^2) + \lambda} \iff \alpha (m^2 - c) > 3 \lambda",
    source=SECTION,
    proof="""The two are silent in turn, and the squares of their activities add up to `(w.s)^2`; with opposite
        decoders they say `w.s`. With `G = sum_i w_i w_i'` over the pairs the code costs `tr((alpha C + 2 lambda
        K^-1) G) + 2 mu tr(B G^-1 B')`, whose minimum is the one given.""",
    hypothesis=lambda _: True,
    prediction=_pairs_at_most,
    activations=("rectified",),
)
