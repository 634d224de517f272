"""Certificates: what a code costs and how far from the optimum it can be, from the samples alone.

Nothing here trusts the method that found a code. `measure` looks at the network on the samples, `bound` proves what no
code can cost less than, `check` puts both together.
"""

from solver.certificate.bound import (
    Bound,
    best_bound,
    bound_at_code,
    lower_bound,
    most_provable,
    optimality_gap,
    within_loss,
)
from solver.certificate.check import Certificate, certify
from solver.certificate.measure import network_agrees

__all__ = [
    "Bound",
    "Certificate",
    "best_bound",
    "bound_at_code",
    "certify",
    "lower_bound",
    "most_provable",
    "network_agrees",
    "optimality_gap",
    "within_loss",
]
