"""Theorems about optimal codes: `modularity theorems` prints them, and any solver can be checked against them."""

from theory.theorems.registry import PUBLISHED, THEOREMS, is_registered, theorem
from theory.theorems.theorem import Prediction, Theorem

__all__ = ["PUBLISHED", "THEOREMS", "Prediction", "Theorem", "is_registered", "theorem"]
