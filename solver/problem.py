"""The problem is stated by the theory; the solver takes it from there."""

from theory.dynamics import Transitions
from theory.errors import InputError
from theory.in_time.trials import Trials
from theory.problem import Problem
from theory.readouts import Exact, Noisy, Soft
from theory.sources import Sources

__all__ = ["Exact", "InputError", "Noisy", "Problem", "Soft", "Sources", "Transitions", "Trials"]
