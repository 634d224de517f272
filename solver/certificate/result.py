"""What a certificate says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from solver.plain import attributes
from theory.arrays import Array
from theory.immutable import Frozen


@dataclass(frozen=True, eq=False)
class Certificate(Frozen):
    """An independent check of a representation.

    Attributes:
        loss: measured: mean squared activity plus the weight costs of encoder, decoder and recurrent layer.
        lower_bound: proven: no code of any size has a smaller loss.
        gap: (loss - lower_bound) / loss; infinite if the code is not feasible.
        worst_neuron: (d,) the neuron that comes closest to improving the code (or improves it), scaled to f(w) = 1;
            of rectified neurons (d + 1,) weights and bias about the mean, of free ones (r,) the decoder's direction.
        rho: its ratio of worth to cost at the multiplier; at most 1 + 2 gap at an optimum.
        exact: whether rho is exact (where the normal fan is small enough) or an upper bound.
        feasible: whether the activity is nonnegative, and the reconstruction and every step of the recurrent layer
            exact, up to rounding, and, where that is asked for, each neuron reads one group.
        least_activity: smallest activity over all samples and neurons; zero where there are none.
        reconstruction_error: largest absolute error of the decoded data.
        multiplier: (d, d) the Y of the lower bound.
        step_error: largest absolute error of the activity after a step of the recurrent layer; zero without one.

    Example:
        >>> from solver import Problem, certify, solve
        >>> answer = solve(Problem([[0, 0], [0, 1], [1, 0]]))
        >>> certificate = certify(answer.problem, answer)
        >>> certificate.feasible, certificate.exact, certificate.gap < 1e-8, certificate.lower_bound <= certificate.loss
        (True, True, True, True)
    """

    loss: float
    lower_bound: float
    gap: float
    worst_neuron: Array
    rho: float
    exact: bool
    feasible: bool
    least_activity: float
    reconstruction_error: float
    multiplier: Array
    step_error: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists, for JSON.

        Example:
            >>> from solver import Problem, certify, solve
            >>> answer = solve(Problem([[0], [1]]))
            >>> certify(answer.problem, answer).to_dict()["feasible"]
            True
        """
        return attributes(self, *vars(self))
