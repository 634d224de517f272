"""Families of sources with one parameter or two, and where in them the optimal code turns from modular to mixed."""

from theory.families.family import Family, SecondParameter
from theory.families.registry import FAMILIES, family

__all__ = ["FAMILIES", "Family", "SecondParameter", "family"]
