"""Certificates: what a code costs and how far from the optimum it can be, from the samples alone.

Nothing here trusts the method that found a code. `measure` looks at the network on the samples, `worth` proves a bound
from one multiplier, `layer` one from the matrix of a code with a recurrent layer, `bound` takes the problem down the
chain of reductions and keeps the best bound, `check` puts loss and bound together.
"""

from solver.certificate.bound import best_bound, falls_short, lower_bound, most_provable
from solver.certificate.check import certify
from solver.certificate.layer import bound_at_code
from solver.certificate.measure import network_agrees
from solver.certificate.result import Certificate
from solver.certificate.worth import Bound, optimality_gap, within_loss

__all__ = [
    "Bound",
    "Certificate",
    "best_bound",
    "bound_at_code",
    "certify",
    "falls_short",
    "lower_bound",
    "most_provable",
    "network_agrees",
    "optimality_gap",
    "within_loss",
]
