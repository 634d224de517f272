"""Theorems about optimal codes: `modularity theorems` prints them, and any solver can be checked against them."""

from theory.theorems.registry import THEOREMS, theorem
from theory.theorems.theorem import Prediction, Theorem

__all__ = ["THEOREMS", "Prediction", "Theorem", "theorem"]
