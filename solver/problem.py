"""The problem is stated by the theory; the solver takes it from there."""

from theory.problem import Problem
from theory.sources import Sources

__all__ = ["Problem", "Sources"]
