"""Kinds of neurons, a file each: what is paid for them, and the form in which that is priced."""

from theory.neurons.canonical import Canonical
from theory.neurons.kind import Activity, Neurons
from theory.neurons.linear import Linear

__all__ = ["Activity", "Canonical", "Linear", "Neurons"]
