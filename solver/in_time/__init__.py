"""Tasks in time: a linear recurrent network of nonnegative neurons for given trials, and what none can do better."""

from solver.in_time.answer import Checked, InTime, certify_in_time
from solver.in_time.network import LinearNetwork
from solver.in_time.solve import solve_in_time

__all__ = ["Checked", "InTime", "LinearNetwork", "certify_in_time", "solve_in_time"]
