"""Reductions: other problems that are easier to solve, and the way back, a file each."""

from theory.reductions.affine_hull import AFFINE_HULL
from theory.reductions.canonical import CANONICAL
from theory.reductions.chain import Chain
from theory.reductions.group_by_group import GROUP_BY_GROUP
from theory.reductions.in_order import IN_ORDER
from theory.reductions.partial_targets import PartialTargets
from theory.reductions.reduction import Reduction, Solved
from theory.reductions.some_samples import SomeSamples
from theory.reductions.whitened import WHITENED
from theory.reductions.without_layer import WITHOUT_LAYER

__all__ = [
    "AFFINE_HULL",
    "CANONICAL",
    "GROUP_BY_GROUP",
    "IN_ORDER",
    "WHITENED",
    "WITHOUT_LAYER",
    "Chain",
    "PartialTargets",
    "Reduction",
    "Solved",
    "SomeSamples",
]
