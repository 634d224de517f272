"""Theorems about decoders that may err."""

from __future__ import annotations

import numpy as np

from theory.problem import Problem
from theory.readouts import Exact, Noisy, Soft
from theory.theorems.hypotheses import (
    condition_matrix,
    is_range_independent,
    separate_channels,
    uncorrelated_errors,
)
from theory.theorems.theorem import Prediction, Theorem, decidable


def _without_some_sources(problem: Problem) -> Prediction:
    """The sources without a neuron; the margin is that of the source nearest to gaining or losing one."""
    readout, costs = problem.readout, problem.modular_costs
    assert readout.ridge is not None
    # For each source, the worth of a first neuron over its cost.
    worth = readout.decoder_cost * readout.demand / np.diag(readout.ridge) ** 2 / costs
    silent = tuple(np.flatnonzero(worth <= 1).tolist())
    return Prediction(modular=True, silent=silent, margin=float(np.abs(1 - worth).min()))


SOURCES_DROP_OUT = Theorem(
    name="sources-drop-out",
    statement="""Let errors have the cost `kappa`, the hull be a box, and neither mixing nor targets nor errors join
        any two sources. Then the optimal code is modular, and source `i` has a neuron if and only if `kappa`
        exceeds `kappa_i`: as errors get cheaper the sources drop out one by one, those with the largest `kappa_i`
        first. `C_e` is the covariance under which errors count; with noise of variance `v`, `mu + kappa v` takes
        the place of `mu`.""",
    latex=r"x_i = \max\Big(0, \sqrt{\frac{\mu K_{ii}}{c_i}} - \frac{\mu}{\kappa (C_e)_{ii}}\Big), \qquad "
    r"\kappa_i = \frac{1}{(C_e)_{ii}} \sqrt{\frac{\mu c_i}{K_{ii}}}, \qquad c_i = M_{ii} + m_i^2",
    source="this project",
    proof="""With `G` and `G_0` diagonal the loss is `sum_i x_i c_i + mu K_ii / (x_i + mu / (kappa (C_e)_ii))`, and
        each term is least at the `x_i` given. `Y` is diagonal there, with `Y_ii = c_i` for a source that has a
        neuron and `Y_ii <= c_i` for one that has none, so that `w'Yw <= sum_i c_i w_i^2`; and that this is at most
        `f(w)` in a box is range independence.""",
    hypothesis=lambda problem: (
        uncorrelated_errors(problem) and separate_channels(problem) and is_range_independent(problem)
    ),
    prediction=_without_some_sources,
)


def _corner_by_corner(problem: Problem) -> Prediction:
    """The condition in each quadrant of w, where one corner of the box sets the bias."""
    condition, sources = condition_matrix(problem), problem.sources
    unit = float(np.sqrt(problem.modular_costs.prod())) / problem.height_cost
    slack = np.inf
    for first, side in ((1, -sources.lower), (-1, sources.upper)):
        for second, other in ((1, -sources.lower), (-1, sources.upper)):
            reach = side[0], other[1]
            spare = [max(reach[i] ** 2 - condition[i, i], 0.0) for i in range(2)]
            mixed = reach[0] * reach[1] - first * second * condition[0, 1]
            slack = min(slack, float(mixed + np.sqrt(spare[0] * spare[1])) / unit)
    return Prediction(modular=slack >= -1e-10, margin=abs(slack))  # a smaller shortfall is rounding


ERRORS_AND_CORRELATION = Theorem(
    name="errors-and-correlation",
    statement="""Where errors have a cost, correlation matters even if the hull is a box. With two sources, of reach
        `r_1` and `r_2` towards a corner of the box, the code is modular if and only if the inequality holds at all
        four corners, with the sign `s` of each one's quadrant. If every corner has a positive probability, the
        targets need both sources, and neither `A'A` nor `K` joins them, it does as soon as errors are expensive
        enough. `C_e` is the covariance under which errors count; with noise of variance `v`, `mu + kappa v` takes
        the place of `mu`.""",
    latex=r"s F_{12} \le r_1 r_2 + \sqrt{(r_1^2 - F_{11})(r_2^2 - F_{22})}, \qquad F = Y - M, \qquad "
    r"Y = \mu\, (G + G_0)^{-1} K (G + G_0)^{-1}, \qquad G_0 = \frac{\mu}{\kappa} C_e^{-1}",
    source="this project",
    proof="""In the quadrant of one corner `h(w) = r_1 |w_1| + r_2 |w_2|`, so that `h(w)^2 - w'Fw` is a quadratic
        form in `|w_1|` and `|w_2|` with the diagonal `r_i^2 - F_ii >= 0`. Such a form is copositive if and only if
        its mixed entry is no further below zero than the root of the product of the others. As `kappa` grows `F_12`
        tends to that of the exact decoder, `-C_12` if `A'A` and `K` are diagonal and `K` is regular, for which
        range independence shows the inequality, strictly where both sources may be off their ends.""",
    hypothesis=lambda problem: (
        problem.dimension == 2 and problem.readout.errors is not None and is_range_independent(problem)
    ),
    prediction=_corner_by_corner,
)


def _without_errors(problem: Problem) -> Prediction:
    readout = problem.given_readout
    assert isinstance(readout, (Soft, Noisy))
    # Noise makes the decoder more expensive, whether errors are allowed or not.
    return Prediction(limit=problem.replaced(decoder_cost=problem.readout.decoder_cost, readout=Exact(readout.targets)))


EXPENSIVE_ERRORS = Theorem(
    name="expensive-errors",
    statement="""As the cost `kappa` of errors grows the optimal loss approaches that of the exact decoder from
        below, at the rate `1 / kappa`: the difference lies between two multiples of it, given by optimal
        multipliers `Y` of the two problems. `C_e` is the covariance under which errors count. With noise of
        variance `v` both decoders have the cost `mu + kappa v`.""",
    latex=r"\frac{\mu}{\kappa} \operatorname{tr}(Y_\kappa C_e^{-1}) \;\le\; L^*_\infty - L^*_\kappa \;\le\; "
    r"\frac{\mu}{\kappa} \operatorname{tr}(Y_\infty C_e^{-1})",
    source="this project",
    proof="""By weak duality an optimal multiplier of each bounds the other problem. With `G_0 = (mu / kappa)
        C_e^-1`, what `Y_kappa` proves without `G_0` is `L_kappa + tr(Y_kappa G_0)`, at most `L_exact`; and what
        `Y_exact` proves with it is `L_exact - tr(Y_exact G_0)`, at most `L_kappa`.""",
    hypothesis=lambda problem: decidable(problem) and isinstance(problem.given_readout, (Soft, Noisy)),
    prediction=_without_errors,
)


def _without_noise(problem: Problem) -> Prediction:
    noisy = problem.given_readout
    assert isinstance(noisy, Noisy)
    soft = Soft(noisy.error_cost, noisy.targets, noisy.probabilities)
    cost = problem.decoder_cost + noisy.error_cost * noisy.noise_variance
    return Prediction(equal=(problem.replaced(decoder_cost=cost, readout=soft), 1.0))


NOISE = Theorem(
    name="noise",
    statement="""Noise of variance `v` in every neuron does what a more expensive decoder does: the optimal codes
        are those without noise at the decoder's cost `mu + kappa v`.""",
    latex=r"L^*_{\text{noise}}(\mu, \kappa, v) = L^*_{\text{soft}}(\mu + \kappa v, \kappa)",
    source="this project",
    proof="""Independent noise passes the decoder with the mean square `v ||W_out||^2`, whatever the code; as part
        of the error it costs `kappa v ||W_out||^2`.""",
    hypothesis=lambda problem: decidable(problem) and isinstance(problem.given_readout, Noisy),
    prediction=_without_noise,
)
