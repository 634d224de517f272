"""Theorems about optimal codes, one file each, that `modularity theorems` prints and a solver can be held against."""

from theory.theorems.registry import THEOREMS, theorem
from theory.theorems.theorem import Prediction, Theorem

__all__ = ["THEOREMS", "Prediction", "Theorem", "theorem"]
