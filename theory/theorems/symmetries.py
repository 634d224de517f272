"""Theorems about what leaves a problem as it is: oscillations, changes of units, transitions."""

from __future__ import annotations

import numpy as np

from theory.conditions import decide
from theory.families.frequencies import frequencies_of
from theory.problem import Problem
from theory.readouts import Exact
from theory.sources import Sources
from theory.theorems.hypotheses import invariant_under_transitions
from theory.theorems.theorem import CITED_2025, Prediction, Theorem, decidable, in_parts


def _frequencies(problem: Problem) -> Prediction:
    pair = frequencies_of(problem)
    assert pair is not None
    return in_parts(problem, ((0, 1), (2, 3)), separable=pair.separate)


FREQUENCY_PAIRS = Theorem(
    name="frequency-pairs",
    statement="""Let two oscillations (a cosine and a sine each, of one size and gain) make `p` and `q` turns in `N`
        samples, taken evenly, and let no number divide all three. They have their own neurons if and only if `p`
        and `N` have a common divisor and `q` and `N` have one, so that each repeats itself before both do together;
        with time continuous, if and only if neither frequency is a multiple of the other. Else they share neurons.""",
    latex=r"\gcd(p, q, N) = 1: \quad L^* = L^*_1 + L^*_2 \iff \gcd(p, N) > 1 \text{ and } \gcd(q, N) > 1",
    source=f"{CITED_2025}, appendix D (continuous time, in part a conjecture); samples, and the proof: this project",
    proof="""A step of time turns both oscillations, so each one's best code has `G` proportional to the identity,
        and the condition for both together becomes `h(w)^2 >= r_1^2 |w_1|^2 + r_2^2 |w_2|^2`, with `r_1` and `r_2`
        the radii of the circles within the polygons of samples (amplitudes and costs cancel). If `p` and `N` have
        no common divisor, each value of the first wave comes with one of the second. Let `w_1` look between two
        neighbours: of the second wave's two values with these a small `w_2` can look away from both, so that `h(w)`
        falls to first order, and the right side rises to second order only. Otherwise let `a` be the largest number
        that divides `p` and `N`, and `b` that of `q` and `N`. A peak of the first wave meets `a` values of the
        second, spread evenly, and one of the second `b` values of the first: `h(w)` is at least `r_1 |w_1| + cos(pi
        / a) |w_2|` and `cos(pi / b) |w_1| + r_2 |w_2|`, and if `a` and `b` are above two one of these is enough. If
        one is two the other is odd, and samples a few steps away from a peak do the rest: docs/mathematics.md,
        section 13. Continuous time is the limit of many samples.""",
    hypothesis=lambda problem: frequencies_of(problem) is not None,
    prediction=_frequencies,
    exact=True,
)


def _other_units(problem: Problem) -> Prediction:
    """Sources in other units and another order, undone by the mixing; costs and data scaled together."""
    dimension = problem.dimension
    order = np.arange(dimension)[::-1]
    units = 2.0 ** (1 + np.arange(dimension) % 3) * np.where(np.arange(dimension) % 2, -1, 1)
    sources = problem.sources
    if sources.from_samples:
        moved = Sources(sources.points[:, order] * units + 1.0, sources.probabilities)
    else:
        covariance = sources.covariance[np.ix_(order, order)] * np.outer(units, units)
        moved = Sources.from_moments(covariance, sources.points[:, order] * units, sources.mean[order] * units)
    mixing = problem.mixing[:, order] / units
    # Targets that were given as those of the data would stay behind.
    other = problem.replaced(sources=moved, mixing=mixing, decoder_cost=4 * problem.decoder_cost, readout=Exact())
    return Prediction(equal=(other, 2.0))


INVARIANCES = Theorem(
    name="invariances",
    statement="""Let the decoder be exact, without a recurrent layer. The optimal loss does not change with the
        offsets of the sources, nor with their units, signs and order if the mixing undoes these, nor with rotations
        of the data; it grows like the root of the decoder cost, and so the verdict does not depend on it.""",
    latex=r"L^*(SD, AD^{-1}, \lambda, \mu) = L^*(S, A, \lambda, \mu), \qquad "
    r"L^*(\dots, c\mu) = \sqrt{c}\, L^*(\dots, \mu)",
    source="this project",
    proof="""The data `x = As` are the same up to a constant, which biases take away; a neuron is a function of the
        data, and only `A'A` enters. Scaling all weights by `r` turns the energy `E` and the readout `g` of an exact
        decoder into `r^2 E + g / r^2`, whose minimum over `r` is `2 sqrt(E g)`.""",
    hypothesis=decidable,
    prediction=_other_units,
    exact=True,
)


def _with_recurrent_cost(problem: Problem) -> Prediction:
    """As without transitions; the loss is larger by what a rotation costs, once per transition."""
    assert problem.transitions is not None
    verdict = decide(problem.feedforward)
    more = problem.recurrent_cost * len(problem.transitions) * problem.dimension
    return Prediction(modular=verdict.modular, margin=abs(verdict.margin), larger=(problem.feedforward, more))


INVARIANT_DYNAMICS = Theorem(
    name="invariant-dynamics",
    statement="""Let the decoder be exact and need every source. If every transition leaves the distribution of the
        sources as it is, and the mixing and the targets up to a rotation, the best code without a recurrent layer
        is the best with one: the same verdict, at a loss that is larger by the recurrent cost times the number of
        sources, for each transition.""",
    latex=r"R_a S \sim S,\; R_a^\top A^\top A R_a = A^\top A,\; R_a^\top K R_a = K \;\Longrightarrow\; "
    r"L^*_{\text{recurrent}} = L^* + \kappa \sum_a d",
    source="this project",
    proof="""The recurrent weights of a transition cost at least `tr(G R G^-1 R') >= sum_i |lambda_i(R)|^2` (Schur),
        and a map that keeps a full-dimensional hull has all `|lambda_i| = 1`: no code costs less than `L* + kappa
        d` for each. With `w` also `R'w` is a neuron of the same cost, and the readout is the same for `R'GR` as for
        `G`. The optimal `G` is unique, so `R'GR = G`, and then `tr(G R G^-1 R') = d`.""",
    hypothesis=lambda problem: decidable(problem) and invariant_under_transitions(problem),
    prediction=_with_recurrent_cost,
    recurrent=True,
)
