"""Kinds of neurons, a file each: what is paid for them, and the form in which that is priced."""

from theory.neurons.canonical import Canonical
from theory.neurons.energies import ENERGIES, PeakActivity, WeightedActivity, Wiring
from theory.neurons.kind import Activity, Neurons
from theory.neurons.linear import Linear
from theory.neurons.nonlinear import Free, Nonlinear, Rectified

__all__ = [
    "ACTIVATIONS",
    "ENERGIES",
    "Activity",
    "Canonical",
    "Free",
    "Linear",
    "Neurons",
    "Nonlinear",
    "PeakActivity",
    "Rectified",
    "WeightedActivity",
    "Wiring",
]

ACTIVATIONS: dict[str, type[Neurons]] = {kind.name: kind for kind in (Linear, Rectified, Free)}
"""The program's own kinds by name."""
