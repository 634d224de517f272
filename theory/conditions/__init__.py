"""The modularity condition: in floating point for few and for many sources, and in rational arithmetic with a proof."""

from theory.conditions.decision import decide, decide_if_possible, modularity
from theory.conditions.verdict import CONDITION_TOLERANCE, Verdict, modular_multiplier

__all__ = ["CONDITION_TOLERANCE", "Verdict", "decide", "decide_if_possible", "modular_multiplier", "modularity"]
