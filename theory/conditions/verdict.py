"""What the modularity condition says of a problem, and the matrices that it is about.

The modularity theorem is the certificate of global optimality evaluated at the modular code (docs/mathematics.md,
"The modularity condition"):

    modular  <=>  h(w)^2 >= w'F w  for every w,      F = Y - M

with Y the multiplier of the best modular code.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from theory.arrays import Array
from theory.conditions.practically import PRACTICALLY, practically_modular
from theory.exact.proof import Proof
from theory.immutable import Frozen
from theory.modular.formulas import multiplier_entry
from theory.problem import Problem
from theory.writing import block

CONDITION_TOLERANCE = 1e-10
"""rho up to 1 + this counts as one: the condition is always tight at the axes, where rounding leaves about 1e-13."""


@dataclass(frozen=True, eq=False)
class Verdict(Frozen):
    """Whether the optimal code is modular.

    Attributes:
        modular: True, False, or None where more than five sources, or rounding, leave the question open.
        margin: signed distance from the boundary, without unit: the largest mu for which ``h(w)^2 - w'F w >=
            mu sum_{i != j} |u_i u_j|`` for all w, with ``u_i = w_i sqrt(M_ii + m_i^2)``. Positive: every optimal code
            is modular; zero: one of them is, or without a proof one is within rounding of it; negative: mixed. Infinite
            for one source. Of six or more sources that of the witness (an upper bound), and NaN without one, as of
            linearly dependent sources. NaN too where floating point cannot pose the problem.
        witness: (d,) a mixed neuron worth more than it costs, w'F w > h(w)^2, if there is one.
        F: (d, d) the matrix of the condition, Y - M. Where activity or squared biases have a cost of their own,
            h(w)^2 is to be read as (activity_cost + bias_cost) h(w)^2.
        price_bound: proven upper bound on the price of modularity, sqrt(rho) - 1.
        rho: largest ratio w'Y w / f(w) at the modular multiplier (an upper bound on it where modular is None).
        reason: one line that says how the question was decided.
        proof: an exact verdict's `Proof`; None where there is none.
        practically: price up to which the sources count as modular for practical purposes (`practically_modular`);
            ``dataclasses.replace(verdict, practically=0.01)`` asks with another.

    Source: docs/mathematics.md, "The modularity condition"; Dorrell et al. (ICLR 2025), theorem on range independence
    and its general form.

    Example:
        >>> from theory import modularity
        >>> verdict = modularity([[0, 0], [0, 1], [1, 0]])
        >>> verdict.modular, verdict.margin < 0, bool(verdict.witness @ verdict.F @ verdict.witness > 0)
        (False, True, True)
    """

    modular: bool | None
    margin: float
    witness: Array | None
    F: Array
    price_bound: float
    rho: float
    reason: str
    proof: Proof | None = None
    practically: float = PRACTICALLY

    @property
    def practically_modular(self) -> bool | None:
        """True where the price of modularity is proven to be at most `practically`.

        Else None: the condition bounds the price from above alone. `solver.solve` tells it.

        Example:
            >>> from theory import modularity
            >>> many = modularity(np.random.default_rng(0).uniform(size=(10_000, 2)))
            >>> many.modular, many.practically_modular
            (False, True)
        """
        return practically_modular(0.0, 0.0 if self.modular else self.price_bound, self.practically)

    def _repr_html_(self) -> str:
        word = {True: "Modular", False: "Mixed", None: "Undecided"}[self.modular]
        margin = f" (margin {self.margin:.3g})" if np.isfinite(self.margin) else ""
        most = "none" if self.modular else f"at most {100 * self.price_bound:.3g} %"
        numbers = range(1, len(self.F) + 1)
        columns = {"": [f"F, source {number}" for number in numbers]}
        columns |= {f"{number}": row for number, row in zip(numbers, self.F, strict=True)}
        if self.witness is not None:
            columns[""].append("mixed neuron that earns more")
            columns |= {f"{number}": [*self.F[number - 1], self.witness[number - 1]] for number in numbers}
        return block([f"{word}{margin}: {self.reason}.", f"Price of modularity: {most}."], columns)


def modular_multiplier(problem: Problem) -> Array:
    """(d, d) multiplier Y of the best modular code, Y_ij = K_ij sqrt(cost_i cost_j / (K_ii K_jj)).

    Here cost_i = M_ii + m_i^2; the decoder cost cancels. For sources that no target needs the code has no neurons and
    leaves Y open: Y is zero there, and `theory.conditions.completion` finds the best choice.
    """
    if not problem.readout.exact or problem.dependent:
        return problem.multiplier(problem.modular_weights.T @ problem.modular_weights)
    gram = problem.readout.targets.T @ problem.readout.targets
    needed = problem.readout.demand > 0
    costs, demand, block = problem.modular_costs[needed], problem.readout.demand[needed], np.ix_(needed, needed)
    multiplier = np.zeros_like(gram)
    multiplier[block] = multiplier_entry(costs[:, None], costs, demand[:, None], gram[block], demand)
    return multiplier
