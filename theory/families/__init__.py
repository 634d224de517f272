"""Families of sources with one parameter, and where in it the optimal code turns from modular to mixed."""

from theory.families.family import Family
from theory.families.registry import FAMILIES, family

__all__ = ["FAMILIES", "Family", "family"]
