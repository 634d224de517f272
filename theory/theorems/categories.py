"""The theorem on categories: sources that depend on each other, of which one is 1 and the others are 0."""

from __future__ import annotations

import numpy as np

from theory.arrays import Array
from theory.problem import Problem
from theory.theorems.theorem import Prediction, Theorem


def _are_marked(problem: Problem) -> bool:
    """Whether the columns are three or more categories, seen and decoded as they are, and each has a mark."""
    sources = problem.sources
    if problem.dimension < 3 or problem.activity_cost != 1 or problem.bias_cost or not sources.from_samples:
        return False
    one_of = np.isin(sources.points, (0.0, 1.0)).all() and bool((sources.points.sum(axis=1) == 1).all())
    if not one_of or not np.array_equal(problem.mixing, np.eye(problem.dimension)):
        return False
    weights = problem.modular_weights
    return len(weights) == problem.dimension and bool((weights.max(axis=1) > 0).all())


def pairs_slack(problem: Problem) -> Array:
    """(n, n) by how much no neuron of each two categories gains, in units of what it costs; infinite on the diagonal.

    Example:
        >>> from theory.problem import Problem
        >>> bool((pairs_slack(Problem(np.eye(3))) > 0).all())
        True
    """
    count = problem.dimension
    q = 1 / np.diag(problem.modular_weights) ** 2
    earned = problem.decoder_cost * np.outer(q, q) / q.sum() * (q[:, None] + q - q @ q / q.sum())
    slack = (earned - problem.encoder_cost / count) / np.sqrt(np.outer(problem.modular_costs, problem.modular_costs))
    return np.asarray(np.where(np.eye(count, dtype=bool), np.inf, slack))


def _prediction(problem: Problem) -> Prediction:
    least = float(pairs_slack(problem).min())
    return Prediction(modular=least >= 0, margin=abs(least))


CATEGORIES = Theorem(
    name="categories",
    statement="""Let one of `n >= 3` columns be 1 and all others 0, seen and decoded as they are, and let the best
        modular code have a neuron for each, active there and silent elsewhere, of strength `x_i = 1 / q_i`. It is
        optimal if and only if no neuron of two categories earns more than it costs; so it always is if all are
        equally likely.""",
    latex=r"\frac{\mu\, q_i q_j}{\tau} \Big(q_i + q_j - \frac{1}{\tau} \sum_k q_k^2\Big) \ge \frac{\lambda}{n}"
    r"\;\; \forall\, i \ne j, \qquad \tau = \sum_k q_k",
    source='this project (docs/mathematics.md, "Dependent sources")',
    proof="""About their mean the marks have the matrix `P X P`, with `X` the strengths on a diagonal and `P` the
        projection along `(1, ..., 1)`; its pseudoinverse is `Q - qq'/tau`, with `Q` the `q_i` on a diagonal, and
        the square of that times `mu` is `Y`. A neuron with the activities `a >= 0` earns `a'Ya` and costs `sum_i
        p_i a_i^2 + lambda |P a|^2`. As `Y_ii` is what a mark costs, it costs `sum_{i != j} a_i a_j (-lambda / n -
        Y_ij)` more than it earns. Its least activity is zero, and any two of the others may be positive alone: that
        is never negative if and only if no term is. Equally likely marks have `mu q^2 = lambda + 1 / (n - 1)`, more
        than the `lambda` that is needed.""",
    hypothesis=_are_marked,
    prediction=_prediction,
    exact=True,
    dependent=True,
)
