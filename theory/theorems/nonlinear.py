"""Theorems about neurons that are not linear, of any kind (docs/mathematics.md, "Nonlinear neurons")."""

from __future__ import annotations

import numpy as np

from theory.errors import InputError
from theory.neurons import Linear
from theory.problem import Problem
from theory.theorems.theorem import NONLINEAR_KINDS, SECTION, Prediction, Theorem


def _some_multiplier(problem: Problem) -> Prediction:
    """Targets weighted at random: what is proven must hold for any N."""
    readout = problem.sample_readout
    counts = readout.error_weights > 0
    drawn = np.random.default_rng(0).uniform(0.5, 1.5, len(counts)) * readout.error_weights
    weighted = np.where(counts[:, None], drawn[:, None] * readout.targets, 0.0)
    return Prediction(multiplier=weighted - counts[:, None] * weighted.sum(axis=0) / counts.sum())


ANY_MULTIPLIER = Theorem(
    name="any-multiplier",
    statement="""Let neurons be of a kind whose cost `c(a)` grows as the square of their activity `a`. Let `N` have
        a row for each sample, zero where errors do not count, and columns of sum zero, and let no neuron of the
        kind have `|N'a|` above `2 rho sqrt(mu c(a))`. Then no code of such neurons costs less than what `t N`
        proves, for any `t` from zero to `1/rho`. At a code with its best decoder let `N` be `2 kappa q_t` times its
        errors: the code is optimal if and only if `rho` is at most one and each of its neurons has `c = mu |v|^2`.""",
    latex=r"L^* \ge t \langle N, X \rangle - t^2 \sum_t \frac{|N_t|^2}{4 \kappa q_t} \quad \text{for } t \le 1/\rho, "
    r"\qquad \rho = \max_a \frac{|N^\top a|}{2 \sqrt{\mu\, c(a)}}",
    source=SECTION,
    proof="""For any decoder, with errors `e_t`, `sum_t N_t.x_t = sum_t N_t.e_t + sum_i v_i.N'a_i`. The first sum is
        at most `kappa sum_t q_t |e_t|^2 + sum_t |N_t|^2 / (4 kappa q_t)`, and each term of the other at most `2 rho
        sqrt(mu c(a_i)) |v_i| <= rho (c(a_i) + mu |v_i|^2)`. At the code named `N'a_i = 2 mu v_i`, and all of these
        are equalities. If `rho` is larger some neuron earns more than it costs, and where `c` and `mu |v|^2` differ
        another size of the neuron costs less.""",
    hypothesis=lambda _: True,
    prediction=_some_multiplier,
    activations=NONLINEAR_KINDS,
)


def _kinds_below(problem: Problem) -> Prediction:
    floors = [] if problem.neurons.name == "rectified" else [_of_kind(problem, "rectified")]
    return Prediction(floors=tuple(one for one in (*floors, _of_kind(problem, "free")) if one is not None))


def _of_kind(problem: Problem, activation: str) -> Problem | None:
    """The problem for other neurons, which have no cost of the bias; None where there is none."""
    changes = {"encoder_cost": 1.0} if activation == "free" else {}
    try:
        return problem.replaced(activation=activation, bias_cost=0.0, groups=None, separate=False, **changes)
    except InputError:
        return None


def _has_kinds_below(problem: Problem) -> bool:
    usual = not problem.neurons.linear or (type(problem.neurons) is Linear and problem.activity_cost > 0)
    known = problem.sources.from_samples and problem.sources.stream is None
    return usual and known and bool(_kinds_below(problem).floors)


ORDER_OF_KINDS = Theorem(
    name="order-of-kinds",
    statement="""Free neurons cost no more than rectified ones, at any cost of the encoder's weights, and these no
        more than linear ones at the same cost.""",
    latex=r"L^*_{\text{free}} \;\le\; L^*_{\text{rectified}}(\lambda) \;\le\; L^*_{\text{linear}}(\lambda)",
    source=SECTION,
    proof="""A linear neuron is nonnegative on all samples, so that a rectifier leaves it as it is: it is a
        rectified one of the same cost, or less if squared biases have a cost. The activity of a rectified neuron is
        one that a free neuron may have, at the same cost but for the weights.""",
    hypothesis=_has_kinds_below,
    prediction=_kinds_below,
    activations=("linear", "rectified"),
)
