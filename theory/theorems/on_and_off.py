"""Theorems about ON and OFF neurons, and about independent sources (docs/mathematics.md, "Nonlinear neurons")."""

from __future__ import annotations

from itertools import permutations
from typing import NamedTuple

import numpy as np

from theory.arrays import Array
from theory.problem import Problem
from theory.theorems.hypotheses import (
    HYPOTHESES,
    decodes_the_data,
    errors_count_as_samples,
    every_combination,
    independent_sources,
    occurring,
    separate_channels,
    weights_cost_nothing,
)
from theory.theorems.theorem import CITED_2026, NONLINEAR_KINDS, SECTION, Prediction, Theorem

BESIDE_VALUES = 1e-7  # distance of a threshold from a value, as a share of the range, up to which it may be there


class Channels(NamedTuple):
    """The best ON and OFF neuron of one variable: where they meet, and the root mean square of what each says."""

    threshold: float
    on: float
    off: float


def channels(values: Array, probabilities: Array) -> Channels:
    """The channels of a variable that takes some values (T,), with positive probabilities (T,) of sum one.

    Example:
        >>> best = channels(np.array([0.0, 1.0, 3.0]), np.array([0.5, 0.25, 0.25]))
        >>> best.threshold, best.off, round(best.on, 6)
        (0.0, 0.0, 1.581139)
    """
    from scipy.optimize import brentq

    least, most = float(values.min()), float(values.max())

    def parts(threshold: float) -> tuple[Array, Array]:
        return np.maximum(values - threshold, 0.0), np.maximum(threshold - values, 0.0)

    def slope(threshold: float) -> float:
        """The slope of the sum of the two lengths, which is convex; at the ends the limit from within."""
        above, below = parts(threshold)
        on = probabilities[values == most].sum() ** 0.5
        off = probabilities[values == least].sum() ** 0.5
        if threshold < most:
            on = probabilities @ above / np.sqrt(probabilities @ above**2)
        if threshold > least:
            off = probabilities @ below / np.sqrt(probabilities @ below**2)
        return float(off - on)

    first, last = slope(least), slope(most)
    if abs(first) <= 1e-12 and abs(last) <= 1e-12:
        threshold = (least + most) / 2  # two values, equally likely: all are as good
    elif first >= 0 or last <= 0:
        threshold = least if first >= 0 else most
    else:
        threshold = float(brentq(slope, least, most, xtol=1e-15 * (most - least)))
    return Channels(threshold, *(float(np.sqrt(probabilities @ part**2)) for part in parts(threshold)))


# ---- one variable --------------------------------------------------------------------------------------------------


def _on_and_off(problem: Problem) -> Prediction:
    points, probabilities = occurring(problem)
    values = points[:, 0] - points[:, 0].min()
    best = channels(values / values.max(), probabilities)
    scale = 2 * np.sqrt(problem.activity_cost * problem.decoder_cost) * np.linalg.norm(problem.mixing) * values.max()
    never, share = probabilities[values == 0].sum(), (probabilities @ values) ** 2 / (probabilities @ values**2)
    return Prediction(
        loss=float(scale * (best.on + best.off)), falling=bool(never < share), margin=float(abs(never - share))
    )


ON_AND_OFF = Theorem(
    name="on-and-off",
    statement="""Let free neurons, or rectified ones with weights that cost nothing, code one variable `I` whose
        least value is zero, and let the decoder be exact. An ON neuron has the activity `(I - b)_+` and an OFF
        neuron `(b - I)_+`, in some units, at the best `b`. The code needs no OFF neuron if and only if `P(I = 0) >=
        E[I]^2 / E[I^2]`.""",
    latex=r"L^* = 2\sqrt{\alpha \mu}\, |A| \min_b \Big( \sqrt{\langle (I - b)_+^2 \rangle} + "
    r"\sqrt{\langle (b - I)_+^2 \rangle} \Big), \qquad "
    r"\text{no OFF} \iff P(I = 0) \ge \frac{\langle I \rangle^2}{\langle I^2 \rangle}",
    source=f"{CITED_2026}, section 5; the loss: this project",
    proof="""Let `f` be what the neurons with a positive decoder say together, and `-g` what the others say: `f - g
        = I - b` with `f, g >= 0`, so `f >= (I - b)_+` and `g >= (b - I)_+`. A neuron costs at least `2 sqrt(alpha
        mu)` times the root mean square of what it says, and such roots add up to no less than that of the sum. The
        two terms are convex in `b`. Below `b = 0` their sum falls, and above it at first it rises at `sqrt(P(I =
        0)) - E[I] / sqrt(E[I^2])`: so `b = 0` is best if and only if this is not negative.""",
    hypothesis=lambda problem: problem.dimension == 1 and weights_cost_nothing(problem),
    prediction=_on_and_off,
    exact=True,
    activations=NONLINEAR_KINDS,
)


# ---- several sources -----------------------------------------------------------------------------------------------


def _shared_neurons(problem: Problem) -> Prediction:
    """The best modular loss, and what some neurons that two sources share save of it."""
    points, probabilities = occurring(problem)
    lengths = np.linalg.norm(problem.readout.targets, axis=0) * np.ptp(points, axis=0)
    points = points / np.ptp(points, axis=0)
    points = points - probabilities @ points
    best = [channels(column, probabilities) for column in points.T]
    scale = 2 * np.sqrt(problem.activity_cost * problem.readout.decoder_cost)
    apiece = np.array([one.on + one.off for one in best]) * lengths
    saved = max(
        _saved(points[:, [one, other]], lengths[[one, other]], probabilities, best[one], best[other])
        for one, other in permutations(np.flatnonzero(lengths > 0).tolist(), 2)
    )
    modular_loss = float(scale * apiece.sum())
    if not saved > 0:
        return Prediction(modular_loss=modular_loss)
    price = float(saved / (apiece.sum() - saved))
    return Prediction(modular_loss=modular_loss, least_price=price, modular=False, margin=price**0.5)


def _saved(points: Array, lengths: Array, probabilities: Array, best: Channels, others: Channels) -> float:
    """What a code costs less, as far as the first source's neurons say the second without a change of sign."""
    away, other = points[:, 0] - best.threshold, points[:, 1]
    if np.abs(away).min() <= BESIDE_VALUES or min(best.on, best.off) == 0:
        return 0.0
    rate, reach = others.on + others.off, 1.0
    for side, said in ((away > 0, best.on), (away < 0, best.off)):
        length = float(np.sqrt(probabilities[side] @ other[side] ** 2))
        rate -= length
        steepest = float(np.abs(away[side]).min() / np.abs(other[side]).max())
        reach = min(reach, steepest**2 * length / said * float(lengths[0] / lengths[1]))
    return rate * reach * float(lengths[1])


SHARED_NEURONS = Theorem(
    name="shared-neurons",
    statement="""Independence is not enough. Let neurons be free, or rectified with weights that cost nothing, the
        decoder exact, and let every combination of values occur. The best modular code has an ON and an OFF neuron
        for each source, and the loss given. Let both neurons of source `i` exist, with no sample at `b_i`. If the
        first inequality holds for another source `j` (about its mean) the optimal code is mixed: the neurons of `i`
        say `s_j` too. For independent sources the right side is `sqrt(C_jj) (sqrt(P(s_i > b_i)) + sqrt(P(s_i <
        b_i)))`.""",
    latex=r"\sqrt{\langle (s_j - b_j)_+^2 \rangle} + \sqrt{\langle (b_j - s_j)_+^2 \rangle} > "
    r"\sqrt{\langle s_j^2 \, [s_i > b_i] \rangle} + \sqrt{\langle s_j^2 \, [s_i < b_i] \rangle} \;\Rightarrow\; "
    r"L^* < L_{\text{modular}} = 2 \sqrt{\alpha \mu} \sum_i |B_i| \min_b \Big( "
    r"\sqrt{\langle (s_i - b)_+^2 \rangle} + \sqrt{\langle (b - s_i)_+^2 \rangle} \Big)",
    source=SECTION,
    proof="""Where every combination occurs the neurons of source `i` decode `B_i s_i` alone. Replace its ON neuron
        `a` by two, `(a + e s_j [s_i > b_i]) / sqrt(2)` and the same with `-e`, with decoders `(v + r B_j) /
        sqrt(2)` and `(v - r B_j) / sqrt(2)`, and its OFF neuron likewise with the same product `e r = u`. As long
        as `e` is so small that no sign changes these are rectified. Together they say what they said and `u B_j
        s_j` besides, and cost `alpha e^2 E[s_j^2; s_i > b_i] + mu r^2 |B_j|^2` and the like more, at best `2 u
        sqrt(alpha mu) |B_j|` times the right side. The neurons of `j` need to say `1 - u` of what they said, and
        cost `2 u sqrt(alpha mu) |B_j|` times the left side less.""",
    hypothesis=lambda problem: (
        problem.readout.exact
        and problem.dimension > 1
        and problem.groups is None
        and int((np.linalg.norm(problem.readout.targets, axis=0) > 0).sum()) > 1
        and weights_cost_nothing(problem)
        and every_combination(problem)
    ),
    prediction=_shared_neurons,
    activations=NONLINEAR_KINDS,
)


def _in_two_channels(problem: Problem) -> bool:
    """Whether the best code of each source has an ON and an OFF neuron."""
    points, probabilities = occurring(problem)
    best = [channels(column, probabilities) for column in points.T]
    return all(min(one.on, one.off) > BESIDE_VALUES * max(one.on, one.off) for one in best)


def _by_free_neurons(problem: Problem) -> Prediction:
    """The largest worth of a free neuron under the only multiplier that modular neurons can have."""
    (points, probabilities), targets = occurring(problem), problem.readout.targets
    lengths = np.linalg.norm(targets, axis=0)
    sides, losses = [], []
    for column, length in zip(points.T, lengths, strict=True):
        best = channels(column, probabilities)
        away = column - best.threshold
        sides.append(np.maximum(away, 0) / best.on - np.maximum(-away, 0) / best.off)
        losses.append(length * (best.on + best.off))
    # In an orthonormal basis of the plane of the targets' columns; a neuron of worth one has a squared length of one.
    triangular = np.linalg.qr(targets / lengths)[1]
    rows = np.sqrt(probabilities)[:, None] * np.linalg.solve(triangular.T, np.array(sides)).T
    rho = _longest_half(rows)
    scale = 2 * np.sqrt(problem.activity_cost * problem.readout.decoder_cost)
    return Prediction(
        modular=bool(rho <= 1 + HYPOTHESES.worth),
        most_price=max(rho - 1, 0.0),
        modular_loss=float(scale * sum(losses)),
        margin=abs(rho - 1),
    )


def _longest_half(rows: Array) -> float:
    """The largest |(Z v)_+| of unit vectors v of the plane: at a line across a row, or an eigenvector between."""
    angles = np.arctan2(rows[:, 1], rows[:, 0])
    across = np.unique(np.concatenate([angles + np.pi / 2, angles - np.pi / 2]) % (2 * np.pi))
    middle = (across + np.roll(across, -1)) / 2 + np.pi * (np.roll(across, -1) < across)
    active = rows @ np.stack([np.cos(middle), np.sin(middle)]) > 0
    forms = np.einsum("ta,ti,tj->aij", active, rows, rows)
    tops = np.linalg.eigh(forms)[1][:, :, 1]
    directions = np.vstack([tops, -tops, np.column_stack([np.cos(across), np.sin(across)])])
    return float(np.linalg.norm(np.maximum(rows @ directions.T, 0.0), axis=0).max())


FREE_CONDITION = Theorem(
    name="free-condition",
    statement="""Let free neurons decode two sources exactly, let every combination of values occur and no column of
        the targets be a multiple of the other, and let the best code of each source have an ON and an OFF neuron.
        Then the code is modular if and only if no unit vector `v` breaks the inequality, with `D` the columns dual
        to the unit columns of the targets; the price is at most the root of the largest left side, less one. For
        independent sources and columns at a right angle both sides of `v` have to be alike, `E[(v.n) |v.n|] = 0`
        for all `v`: symmetric sources are modular, and sources with unequal halves, `P(s_i > b_i) != P(s_i < b_i)`,
        are not.""",
    latex=r"\text{modular} \iff \mathbb{E}\big[(v^\top D n)_+^2\big] \le 1 \ \text{ for all } |v| = 1, \qquad "
    r"n_i = \frac{(s_i - b_i)_+}{\sqrt{\langle (s_i - b_i)_+^2 \rangle}} - "
    r"\frac{(b_i - s_i)_+}{\sqrt{\langle (b_i - s_i)_+^2 \rangle}}",
    source=SECTION,
    proof="""The best activity of a free neuron with the decoder `v` is a multiple of `(N_t.v)_+ / p_t`. If the
        modular code is optimal its ON and OFF neurons are such activities, for `v` along the column of their source
        and against it: that fixes `N_t = 2 sqrt(alpha mu) p_t D n`. Its columns sum to zero since `b_i` is best,
        and it proves the best modular loss over `rho`, the root of the largest left side. With independent sources
        and `D` orthonormal `E[(v.n)^2] = 2` for all `v`, so that neither half may exceed the other. Near an axis
        the halves differ by `P(n_i > 0) - P(n_i < 0)` times the square of the other component, times two.""",
    hypothesis=lambda problem: (
        problem.readout.exact
        and problem.dimension == 2
        and problem.groups is None
        and np.linalg.matrix_rank(problem.readout.targets) == 2
        and every_combination(problem)
        and _in_two_channels(problem)
    ),
    prediction=_by_free_neurons,
    activations=("free",),
)


def _expensive_enough(problem: Problem) -> bool:
    """Whether weights cost so much that no neuron gains by silence at a corner."""
    points, probabilities = occurring(problem)
    at_ends = [probabilities @ (points == end(points, axis=0)) for end in (np.min, np.max)]
    rarest = float(np.minimum(*at_ends).prod())
    variance = float((np.diag(problem.sources.covariance) * np.diag(problem.gram)).max())
    return bool(problem.encoder_cost * rarest >= 2 * problem.activity_cost * variance)


def _as_weights_become_expensive(problem: Problem) -> Prediction:
    linear = problem.replaced(activation="linear")
    if _expensive_enough(problem):
        return Prediction(modular=True, loss=float(linear.modular_loss), margin=1.0)
    above = linear.modular_costs * np.diag(problem.gram) / problem.encoder_cost
    return Prediction(most_price=float(np.sqrt(above).mean() - 1))


EXPENSIVE_WEIGHTS = Theorem(
    name="expensive-weights",
    statement="""Let sources be independent, neither mixing nor targets join any two, and errors, if any, count as
        the samples do. As the weights of rectified neurons become expensive they end as linear ones: the price of
        modularity falls at least as `1/lambda` (first inequality, for the exact decoder of the data), and from a
        finite `lambda` on the best linear code, which is modular, is optimal. `c_i` is the variance of source `i`,
        `m_i` the distance of its mean from the nearer end, and `P` the product over the sources of the probability
        of the rarer end.""",
    latex=r"\frac{L_{\text{modular}}}{L^*} - 1 \le \frac{1}{d} \sum_i \sqrt{1 + \frac{\alpha K_{ii} (c_i + m_i^2)}"
    r"{\lambda}} - 1, \qquad \lambda \ge \frac{2 \alpha}{P} \max_i K_{ii} c_i \;\Rightarrow\; L^* = L_{\text{linear}}",
    source=SECTION,
    proof="""Take units in which `K = 1`. *Price:* for each source let `N` hold plus and minus `2 sqrt(lambda mu)`
        over their distance at two samples that differ in this source alone, in the direction of its column. A
        rectifier never rises faster than what it rectifies, so `|N'a| <= 2 sqrt(lambda mu) |w|`: no code costs less
        than `2 sqrt(lambda mu) d`, and each linear modular neuron costs `sqrt(1 + alpha (c_i + m_i^2) / lambda)`
        times `2 sqrt(lambda mu)`. *Linear:* the multiplier of the best linear code is a multiple of `p_t s_ti`
        along the column of source `i`, so that a neuron with the activity `a` and `d_i = E[s_i a] / c_i` does not
        earn more than it costs if `alpha sum_i d_i^2 m_i^2 <= alpha E[a]^2 + lambda sum_i (w_i^2 - d_i^2)`, as
        `E[a^2] >= E[a]^2 + sum_i d_i^2 c_i`. Let `y = -w.s`, its largest value `h`, and the neuron silent for `y >
        b`, so that `r = (y - b)_+` is what the rectifier adds. Then `|d_i| <= |w_i|`, and `sum_i (w_i^2 - d_i^2) >=
        E[y r] / max c_i`. The left side is at most `alpha h^2`. If `b >= 0`, `E[a] >= b`, and what is missing is at
        most `2 alpha h (h - b)` while `E[y r] >= P h (h - b)`; if `b < 0` it is at most `alpha h^2` while `E[y r]
        >= P h^2`.""",
    hypothesis=lambda problem: (
        problem.encoder_cost > 0
        and problem.groups is None
        and independent_sources(problem)
        and separate_channels(problem)
        and errors_count_as_samples(problem)
        and (decodes_the_data(problem) or _expensive_enough(problem))
    ),
    prediction=_as_weights_become_expensive,
    activations=("rectified",),
)
